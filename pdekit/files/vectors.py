"""Which fields of a result are the components of one vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pdekit.result import Result

COMPONENTS = ("u", "v", "w")


def equation_class(result: Result) -> Any:
    """Return the class of the equation that the case names, or None when it is unknown."""
    from pdekit import registry

    said = result.case.get("equation")
    name = said.get("name") if isinstance(said, dict) else said
    if not isinstance(name, str) or name not in registry.equations():
        return None
    return registry.equation(name)


def vectors(result: Result) -> dict[str, tuple[str, ...]]:
    """Return the vector fields, name to components in the order of the axes.

    An equation says so itself, by ``vectors = {"velocity": ("u", "v", "w")}``. Without its
    word ``u, v, w`` in three dimensions are taken for a velocity, ``a_x, a_y, a_z`` for a
    vector ``a``, but ``u, v`` in two for two scalars: they may as well be concentrations.
    """
    stated = getattr(equation_class(result), "vectors", None)
    if stated is None:
        stated = _by_name(result)
    return {
        name: tuple(components)
        for name, components in stated.items()
        if len(components) == result.grid.ndim > 1
        and name not in result.fields
        and all(_is_real(result, component) for component in components)
    }


def _by_name(result: Result) -> dict[str, tuple[str, ...]]:
    axes = result.grid.names
    stems = [
        f.removesuffix(f"_{axes[0]}") for f in result.fields if f.endswith(f"_{axes[0]}")
    ]
    found = {stem: tuple(f"{stem}_{axis}" for axis in axes) for stem in stems}
    return {"velocity": COMPONENTS, **found} if len(axes) == 3 else found


def _is_real(result: Result, name: str) -> bool:
    return name in result.fields and not np.iscomplexobj(result.fields[name])
