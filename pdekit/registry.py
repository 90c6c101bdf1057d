"""Names to things: found by looking at files, loaded on demand, plug-ins last.

An equation is a file in ``solvers/spectral``, an integrator one in ``pdekit/stepping``; the
file's name is its name.  Other packages add their own through the entry-point groups
``pdekit.equations`` and ``pdekit.integrators`` (not read when the environment variable
``PDEKIT_NO_PLUGINS`` is set).  Equations of a user's own file are added by
:mod:`pdekit.modules`, and ``declared`` stands for one that a case writes out.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from pdekit.boundary_value import AbstractProblem
from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError, UnknownName

DEFAULT_INTEGRATOR = "dop853_ip"
"""What ``integrator: auto`` means."""

_PROBLEMS = "pdekit.solvers.elliptic"
_SOLVERS: Mapping[str, str] = {"spectral": "pdekit.solvers.spectral"}
_INTEGRATORS = "pdekit.stepping"
_MODELS = "pdekit.solvers.learned.models"
_IMPORTERS = "pdekit.solvers.importers"
_DECLARED = "declared"

_own: dict[str, type[AbstractEquation]] = {}
"""Equations of modules that the user named on the command line."""


def solvers() -> tuple[str, ...]:
    """Names of the solvers."""
    return tuple(_SOLVERS)


def equations() -> tuple[str, ...]:
    """Names of all equations, plug-ins included."""
    names = {name for package in _SOLVERS.values() for name in _files(package)}
    return tuple(sorted({*names, *_own, *_plugins("pdekit.equations")}))


def equation(name: str) -> type[AbstractEquation]:
    """Return the class of an equation.

    Raises
    ------
    UnknownName
        With the names that look alike.
    """
    for package in _SOLVERS.values():
        if name in _files(package):
            evolving: type[AbstractEquation] = _defined_in(
                import_module(f"{package}.{name}")
            )
            return evolving
    if name in _own:
        return _own[name]
    if name == _DECLARED:
        declared: type[AbstractEquation] = import_module("pdekit.declared").Declared
        return declared
    plugin = _plugins("pdekit.equations").get(name)
    if plugin is None:
        raise UnknownName("equation", name, (*equations(), *problems()))
    found: type[AbstractEquation] = _load(plugin)
    return found


def problems() -> tuple[str, ...]:
    """Names of all boundary-value problems."""
    return _files(_PROBLEMS)


def problem(name: str) -> type[AbstractProblem]:
    """Return the class of a boundary-value problem.

    Raises
    ------
    UnknownName
        With the names that look alike.
    """
    if name not in problems():
        raise UnknownName("equation", name, (*equations(), *problems()))
    module = import_module(f"{_PROBLEMS}.{name}")
    found: type[AbstractProblem] = _defined_in(module, AbstractProblem)
    return found


def smoothers() -> tuple[str, ...]:
    """Names of the smoothers of multigrid cycles."""
    return tuple(import_module("pdekit.linalg.multigrid._smoothers").NAMES)


def models() -> tuple[str, ...]:
    """Names of the models of solution operators."""
    return _files(_MODELS)


def model(name: str) -> Any:
    """Return the class of a model: that of the file's name, whatever its capitals.

    Raises
    ------
    UnknownName
        With the names that look alike.
    """
    if name not in models():
        raise UnknownName("model", name, models())
    module = import_module(f"{_MODELS}.{name}")
    classes = inspect.getmembers(module, inspect.isclass)
    return next(found for called, found in classes if called.lower() == name)


def posed(name: str, params: Mapping[str, Any]) -> type[AbstractEquation]:
    """Return the class of an equation as a case poses it, its formulas included."""
    if name == _DECLARED:
        made: type[AbstractEquation] = import_module("pdekit.declared").posed(params)
        return made
    return equation(name)


def add(found: Mapping[str, type[AbstractEquation]]) -> None:
    """Make equations known by name for the rest of the process.

    Raises
    ------
    PdekitError
        If a name is taken already; nothing has been added then.
    """
    for name, kind in found.items():
        if name in (*equations(), _DECLARED) and _own.get(name) is not kind:
            where = f"in {_own[name].__module__}" if name in _own else "in pdekit"
            where = "installed" if name in _plugins("pdekit.equations") else where
            raise PdekitError(
                f"there is an equation {name!r} {where} already; give yours another name"
            )
    _own.update(found)


def integrators() -> tuple[str, ...]:
    """Names of all integrators, plug-ins included."""
    return tuple(sorted({*_files(_INTEGRATORS), *_plugins("pdekit.integrators")}))


def integrator(name: str) -> Any:
    """Return an integrator (:class:`pdekit.stepping.Integrator`) by its name, or "auto".

    Raises
    ------
    UnknownName
        With the names that look alike.
    """
    name = DEFAULT_INTEGRATOR if name == "auto" else name
    if name in _files(_INTEGRATORS):
        return import_module(f"{_INTEGRATORS}.{name}").integrator
    plugin = _plugins("pdekit.integrators").get(name)
    if plugin is None:
        raise UnknownName("integrator", name, integrators())
    return _load(plugin)


def importers() -> tuple[ModuleType, ...]:
    """Return the readers of other programs' configuration files."""
    return tuple(import_module(f"{_IMPORTERS}.{name}") for name in _files(_IMPORTERS))


def figures() -> tuple[str, ...]:
    """Names of the figures a run can draw."""
    return tuple(import_module("pdekit.plots").FIGURES)


def plugins() -> dict[str, str]:
    """Installed plug-ins, ``group:name`` to the object they load, for provenance."""
    groups = ("pdekit.equations", "pdekit.integrators")
    return {
        f"{g}:{name}": point.value for g in groups for name, point in _plugins(g).items()
    }


@cache
def _files(package: str) -> tuple[str, ...]:
    """Names of the public modules in a package, without importing them."""
    path = import_module(package).__path__
    found = (m.name for m in iter_modules(path) if not m.ispkg)
    return tuple(sorted(name for name in found if not name.startswith("_")))


def _plugins(group: str) -> dict[str, EntryPoint]:
    if os.environ.get("PDEKIT_NO_PLUGINS"):
        return {}
    return _installed(group)


@cache
def _installed(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _load(plugin: EntryPoint) -> Any:
    try:
        return plugin.load()
    except Exception as error:  # anything can go wrong in someone else's package
        message = f"plug-in {plugin.name!r} ({plugin.value}) cannot be loaded: {error}"
        raise PdekitError(message) from error


def _defined_in(module: ModuleType, kind: type = AbstractEquation) -> Any:
    """Return the one equation class that a module defines."""
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, kind) and found.__module__ == module.__name__:
            return found
    raise PdekitError(f"{module.__name__} defines no equation")
