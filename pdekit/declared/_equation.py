"""An equation made of the formulas of a case file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from pdekit.declared import _linear
from pdekit.declared._check import problems
from pdekit.declared._definition import (
    NAME,
    DeclaredParams,
    Definition,
    definition_of,
    parameters_in,
)
from pdekit.declared._operators import AXES
from pdekit.declared._plan import MEAN, Plan
from pdekit.equation import AbstractEquation, Params, Terms
from pdekit.errors import PdekitError
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.grid import Grid
    from pdekit.stepping import Integrator


class Declared(AbstractEquation):
    """An equation declared by formulas: a system  ∂ₜu = L u + N(u)  of its own class.

    L is diagonal, by its symbol; N consists of derivatives of products of the fields and
    their derivatives.  Each distinct derivative in a product costs one transform back, each
    distinct product one forward.
    """

    name: ClassVar[str] = NAME
    fields: ClassVar[tuple[str, ...]] = ("u",)
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    Params: ClassVar[type[Params]] = DeclaredParams
    definition: ClassVar[Definition | None] = None

    def __new__(cls, **params: Any) -> Self:
        """Return an instance of the class that the formulas make."""
        kind = cls if cls.definition else posed(DeclaredParams(**params).model_dump())
        made: Self = object.__new__(kind)  # type: ignore[assignment]
        return made

    @property
    def _own(self) -> Definition:
        assert self.definition is not None  # noqa: S101 - see __new__
        return self.definition

    def _numbers(self) -> dict[str, float]:
        """Return the values of all parameters."""
        return {**self.numbers, **self.params.parameters}

    def symbol(self, grid: Grid) -> Array:
        """Return the declared symbols at every mode."""
        numbers, real = self._numbers(), not self.complex
        rows = [
            _linear.on_grid(symbol, grid, numbers, real=real)
            for symbol in self._own.symbols.values()
        ]
        found = np.stack(rows)
        return found if np.iscomplexobj(found) and found.imag.any() else found.real

    def symbols(self, grid: Grid) -> dict[str, Array]:
        """Return squares that are whole at the Nyquist mode, and the indicator of k = 0."""
        ks = grid.wavenumbers(not self.complex)
        squares = {f"_k{axis}2": k * k for axis, k in zip(AXES, ks, strict=False)}
        mean = (grid.k_squared(not self.complex) == 0).astype(float)
        return {**squares, MEAN.name: mean}

    def constants(self) -> dict[str, float]:
        """Return the numbers of the formulas, each computed once."""
        return self._own.table.numbers(self._numbers())

    def coefficients(self, grid: Grid, t: float) -> dict[str, Array]:
        """Return the parts that depend on the coordinates and time alone."""
        points = dict(zip(grid.names, grid.points(), strict=True))
        return self._own.table.arrays({**points, "t": t, **self._numbers()}, grid.shape)

    @property
    def time_dependent(self) -> bool:
        """Whether a coefficient names the time."""
        return self._own.table.time_dependent

    def terms(self, grid: Grid) -> Terms:
        """Return the formulas of N in so many dimensions."""
        return self.plan(grid).terms

    def plan(self, grid: Grid) -> Plan:
        """Return how N is computed on a grid."""
        return self._own.plans[grid.ndim]

    # -- what a run records ------------------------------------------------------------

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return the means that the form of the equation conserves."""
        if self.complex or self.params.source is not None:
            return {}
        rest, numbers = (np.zeros(1),) * grid.ndim, self._numbers()
        return {
            f"mean_{name}": grid.mean(u[:, i])
            for i, (name, symbol) in enumerate(self._own.symbols.items())
            if name in self.plan(grid).means and not _linear.at(symbol, rest, numbers).any()
        }

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return root mean squares, for means that vanish."""
        return {
            f"mean_{name}": float(
                np.sqrt(grid.mean(np.abs(u[..., i, *_all(grid)]) ** 2).max())
            )
            for i, name in enumerate(self.fields)
        }

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Mean, mean square and extrema of every field."""
        out: dict[str, Array] = {}
        axes = tuple(range(-grid.ndim, 0))
        for i, name in enumerate(self.fields):
            part = u[:, i]
            size = abs(part)
            out[f"mean_square_{name}"] = grid.mean(size * size)
            out[f"max_abs_{name}"] = size.max(axis=axes)
            if not self.complex:
                out[f"mean_{name}"] = grid.mean(part)
                out[f"min_{name}"] = part.min(axis=axes)
                out[f"max_{name}"] = part.max(axis=axes)
        return out

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Say what is ill-posed, and which linear terms are among the nonlinear ones."""
        found, k2 = [], grid.k_squared(not self.complex)
        for name, row in zip(self.fields, self.symbol(grid), strict=True):
            if (fastest := _linear.growth(row, k2)) is not None:
                rate, k = fastest
                found.append(
                    f"equation.linear.{name}: ill-posed: the shortest waves grow fastest, "
                    f"like exp({rate:.3g} t) at |k| = {k:.3g}, and faster on a finer grid"
                )
        for shown in self.plan(grid).linear:
            name, _, term = shown.partition(": ")
            found.append(
                f"equation.nonlinear.{name}: {term} is linear; under `linear` the "
                "integrators treat it exactly or implicitly"
            )
        return found


def _all(grid: Grid) -> tuple[slice, ...]:
    return (slice(None),) * grid.ndim


def posed(params: Mapping[str, Any]) -> type[Declared]:
    """Return the class of the equation that parameters declare.

    Raises
    ------
    PdekitError
        If a formula is wrong; what the rules of case files accept is not.
    """
    said = {
        k: params.get(k) for k in ("fields", "linear", "nonlinear", "dealias", "integrator")
    }
    return _posed(json.dumps(said, default=list))


@lru_cache(maxsize=64)
def _posed(said: str) -> type[Declared]:
    params = json.loads(said)
    names = parameters_in(params)
    for path, error in problems({**params, "parameters": {}}, names, None):
        raise PdekitError(f"equation.{'.'.join(path)}: {error}")
    found = definition_of(params, names)
    attributes = {
        "__module__": __name__,
        "__doc__": Declared.__doc__,
        "fields": found.fields,
        "complex": found.complex,
        "dimensions": found.dimensions,
        "integrator": params.get("integrator") or "etdrk4",
        "dealias": _dealias(params.get("dealias"), found),
        "is_linear": not found.nonlinear,
        "definition": found,
    }
    return type("Declared", (Declared,), attributes)


def _dealias(given: str | None, found: Definition) -> str:
    if given not in (None, "auto"):
        return str(given)
    return "two_thirds" if found.nonlinear and found.is_quadratic else "none"
