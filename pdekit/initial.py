"""Initial values and exact solutions of a case, evaluated on a grid."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import random_starts
from pdekit.case.random_starts import RandomLaw
from pdekit.case.schema import (
    ExactInitial,
    ExactReference,
    FileInitial,
    FormulaReference,
    RandomInitial,
    StateInitial,
)
from pdekit.earlier import Earlier
from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError
from pdekit.expressions import compile_expression, evaluate_on
from pdekit.grid import Grid
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.case import Case


def initial_values(case: Case, equation: AbstractEquation, grid: Grid) -> Field:
    """Evaluate the ``initial:`` entry of a case, ``(member, channel, *space)``."""
    initial, members = case.initial, case.run.members
    if isinstance(initial, FileInitial):
        earlier = Earlier(case, "initial.file", initial.file, equation, grid)
        u = earlier.chosen(initial.time)
        return np.broadcast_to(u, (members, *u.shape[1:])).astype(_dtype(equation))
    return np.stack(
        [
            stacked(_initial_member(case, equation, grid, member), equation, grid)
            for member in range(members)
        ]
    )


def initial_function(
    case: Case, equation: AbstractEquation
) -> Callable[[Grid], Array] | None:
    """Return a start that has values on any grid; noise and files have none between."""
    initial = case.initial
    if isinstance(initial, FileInitial | RandomInitial):
        return None
    if isinstance(initial, StateInitial) and _is_random(equation.states[initial.state]):
        return None
    return lambda grid: stacked(_initial_member(case, equation, grid, 0), equation, grid)[
        None
    ]


def reference_function(
    case: Case, equation: AbstractEquation, t: float
) -> Callable[[Grid], Array] | None:
    """Return what the answer is compared with at ``t``, if it has values on any grid."""
    spec = case.reference
    if isinstance(spec, ExactReference):
        return lambda grid: exact_solution(equation, spec.exact, spec.params, grid)(t)[None]
    if isinstance(spec, str | FormulaReference):
        return lambda grid: stacked(
            evaluate_formulas(spec, case, equation, grid, t), equation, grid
        )[None]
    return None


def _initial_member(case: Case, equation: AbstractEquation, grid: Grid, member: int) -> Any:
    """Return one member's values as a field, a tuple of fields, or a mapping by name."""
    initial, points, t = case.initial, grid.points(), case.time.start
    if isinstance(initial, ExactInitial):
        return exact_function(equation, initial.exact, initial.params, grid)(*points, t)
    if isinstance(initial, StateInitial):
        return _state(initial, equation, grid, member)
    if isinstance(initial, RandomInitial):
        return _random(initial.random_field, case.run.seed, equation, grid, member)
    return evaluate_formulas(initial, case, equation, grid, t)


def _state(
    initial: StateInitial, equation: AbstractEquation, grid: Grid, member: int
) -> Any:
    """Evaluate a named state; each member of an ensemble has a seed of its own."""
    function, params = equation.states[initial.state], initial.params
    _check_dimension(function, initial.state, grid)
    if member:
        seed = inspect.signature(function).parameters.get("seed")
        if seed is None:
            raise PdekitError(
                f"{initial.state} is not random: all {member + 1} members would be the same"
            )
        params["seed"] = params.get("seed", seed.default) + member
    return function(*grid.points(), **params)


def _is_random(state: Callable[..., Any]) -> bool:
    return "seed" in inspect.signature(state).parameters


def _random(
    law: RandomLaw, run_seed: int, equation: AbstractEquation, grid: Grid, member: int
) -> dict[str, Array]:
    """Draw every component of a member from a seed of its own."""
    seed = run_seed if law.seed is None else law.seed
    numbers = law.model_dump(exclude={"seed"})
    return {
        name: random_starts.draw(
            grid, (seed, member, c), is_complex=equation.complex, **numbers
        )
        for c, name in enumerate(equation.fields)
    }


def exact_function(
    equation: AbstractEquation, name: str, params: Mapping[str, Any], grid: Grid
) -> Callable[..., Any]:
    """Return an exact solution as a function of the coordinates and time."""
    _check_dimension(equation.exact[name], name, grid, time=1)
    return equation.solution(name, **params)


def _check_dimension(
    function: Callable[..., Any], name: str, grid: Grid, time: int = 0
) -> None:
    """Refuse a function of other coordinates than the grid has."""
    parameters = inspect.signature(function).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    dimension = sum(p.kind is not keyword for p in parameters) - time
    if dimension != grid.ndim:
        raise PdekitError(
            f"{name} has {dimension} space dimension(s), the grid {grid.ndim}"
        )


def evaluate_formulas(
    given: Any, case: Case, equation: AbstractEquation, grid: Grid, t: float
) -> dict[str, Array]:
    """Evaluate one formula per field; a lone formula belongs to the only field."""
    formulas = {equation.fields[0]: given} if isinstance(given, str) else given.formulas
    return {name: evaluate_formula(text, case, grid, t) for name, text in formulas.items()}


def evaluate_formula(text: str, case: Case, grid: Grid, t: float) -> Array:
    """Evaluate a formula of the coordinates, ``t`` and the declared parameters."""
    names = (*grid.names, "t", *case.parameters)
    values: dict[str, Any] = dict(zip(grid.names, grid.points(), strict=True))
    values |= {"t": t, **case.parameters}
    formula = compile_expression(text, names)
    used = {name: value for name, value in values.items() if name in formula.names_used}
    return evaluate_on(formula, used, grid.shape)


def stacked(values: Any, equation: AbstractEquation, grid: Grid) -> Array:
    """Stack components given as a mapping, a tuple or one array, ``(channel, *space)``."""
    if isinstance(values, dict):
        values = tuple(values[name] for name in equation.fields)
    if not isinstance(values, tuple):
        values = (values,)
    spread = [np.broadcast_to(v, grid.shape) for v in values]
    for name, v in zip(equation.fields, spread, strict=True):
        if not equation.complex and np.iscomplexobj(v) and v.imag.any():
            raise PdekitError(
                f"{name} is a real field of {equation.name}, got complex values"
            )
    return np.stack(spread).astype(_dtype(equation))


def _dtype(equation: AbstractEquation) -> type:
    return complex if equation.complex else float


def exact_solution(
    equation: AbstractEquation, name: str, params: Mapping[str, Any], grid: Grid
) -> Callable[[float], Array]:
    """Return an exact solution as ``f(t)`` on the grid, ``(channel, *space)``."""
    solution = exact_function(equation, name, params, grid)
    points = grid.points()
    return lambda t: stacked(solution(*points, t), equation, grid)
