"""A time-dependent case made ready to run: grid, equation, engine, integrator, start."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import random_field, registry, spectral
from pdekit.case.schema import (
    ExactInitial,
    ExponentialDealias,
    FileInitial,
    RandomField,
    RandomInitial,
    SolverSpec,
    StateInitial,
)
from pdekit.earlier import Earlier
from pdekit.engine import Engine, make_engine
from pdekit.equation import AbstractEquation
from pdekit.errors import CaseError, NotApplicable, PdekitError
from pdekit.expressions import compile_expression, evaluate_on
from pdekit.grid import Axis, Grid
from pdekit.series import multiplicity
from pdekit.stepping import State, Stepper
from pdekit.stepping._cfl import FEWEST, stability_limit
from pdekit.stepping._system import System
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.case import Case

BLOCK_BYTES = 1 << 17
"""Members advanced together should stay within the second-level cache."""


@dataclass(frozen=True)
class Numerics:
    """How a case is solved: everything a companion run may vary.

    ``tolerances`` holds what the integrator's ``start`` takes beside the system.
    """

    points: tuple[int, ...]
    integrator: str
    tolerances: Mapping[str, Any]
    mask: Any = "none"

    def refined(self, factor: int) -> Numerics:
        """Return the same with ``factor`` times the points and as much finer steps.

        A tolerance is tightened by the gain that such steps have at order 4.
        """
        finer = self.with_points(tuple(factor * n for n in self.points))
        if not self.is_adaptive:
            return finer.with_steps_times(factor)
        rtol = max(self.tolerances["rtol"] / factor**4, 1e-13)
        return replace(finer, tolerances={**self.tolerances, "rtol": rtol})

    def coarser_in_time(self) -> Numerics:
        """Return the same with half as many steps, or a hundredfold tolerance."""
        if not self.is_adaptive:
            return self.with_steps_times(0.5)
        rtol = self.tolerances["rtol"] * TOLERANCE_RATIO
        return replace(self, tolerances={**self.tolerances, "rtol": rtol})

    @property
    def is_adaptive(self) -> bool:
        """Whether a tolerance chooses the steps."""
        return not {"steps", "cfl"} & self.tolerances.keys()

    def with_steps_times(self, factor: float) -> Numerics:
        """Return the same with ``factor`` times the steps, or steps so much shorter."""
        given = dict(self.tolerances)
        if "steps" in given:
            given["steps"] = max(1, int(factor * given["steps"]))
        else:
            given |= {key: given[key] / factor for key in ("cfl", "max_step")}
        return replace(self, tolerances=given)

    def steps_for_one_of(self, other: Numerics) -> float:
        """Return the steps taken while ``other``, on the same grid, takes one."""
        if "steps" in self.tolerances:
            return float(self.tolerances["steps"] / other.tolerances["steps"])
        return float(other.tolerances["cfl"] / self.tolerances["cfl"])

    def with_points(self, points: tuple[int, ...]) -> Numerics:
        """Return the same on another grid: with the same steps, not the same ``cfl``."""
        given = dict(self.tolerances)
        if "cfl" in given:
            given["cfl"] *= min(n / m for n, m in zip(points, self.points, strict=True))
        return replace(self, points=points, tolerances=given)


TOLERANCE_RATIO = 100.0
LEAST_REMOVED = 1e-6
"""What dealiasing may take from a start or a source without notice, relative in L2."""
MOST_REMOVED = 0.9
"""Beyond this hardly anything is left of what the case asks for."""
ROUNDING = 1e-13
"""A component this small beside the others is zero."""
PARTS = {"two_thirds": 3, "half": 4}
"""A sharp mask keeps |m| < N / this."""


def numerics_of(case: Case, solver: SolverSpec | None = None) -> Numerics:
    """Read the resolution and the integrator of a case, with every default filled in."""
    solver = solver or case.solver
    points = tuple(axis.points for axis in case.domain.values())
    integrator = registry.integrator(solver.integrator)
    span = case.time.end - case.time.start
    tolerances: dict[str, Any]
    if integrator.adaptive:
        keys = ("rtol", "atol", "max_step", "first_step", "max_steps")
        tolerances = {k: getattr(solver, k) for k in keys if getattr(solver, k) is not None}
    elif solver.cfl is not None:
        tolerances = {"cfl": solver.cfl, "max_step": solver.max_step or span / FEWEST}
    elif solver.step is not None:
        tolerances = {"steps": math.ceil(span / solver.step - 1e-9)}
    else:
        tolerances = {"steps": solver.steps}
    return Numerics(points, integrator.name, tolerances, solver.dealias)


def equation_of(case: Case) -> AbstractEquation:
    """Build the equation of a case."""
    equation = registry.equation(case.equation.name)(**case.equation.params)
    equation.numbers = case.parameters
    return equation


def grid_of(case: Case, points: tuple[int, ...]) -> Grid:
    """Build the grid of a case with a given number of points."""
    axes = (
        Axis(name, n, *spec.interval, boundary=spec.boundary, centring=spec.centring)
        for (name, spec), n in zip(case.domain.items(), points, strict=True)
    )
    return Grid(tuple(axes))


class Evolution:
    """Blocks of ensemble members, advanced one after the other to the same times.

    ``where`` is the key of the case that the numerics come from.
    """

    def __init__(
        self, case: Case, numerics: Numerics | None = None, *, where: str = "solver"
    ) -> None:
        self.case, self.where = case, where
        self.numerics = numerics or numerics_of(case)
        self.equation = equation_of(case)
        self.grid = grid_of(case, self.numerics.points)
        self.integrator = registry.integrator(self.numerics.integrator)
        self.members = case.run.members
        self.block = self._block_size()
        self.engine = self._engine()
        self.system = System(
            self.equation,
            self.grid,
            self.engine,
            start=case.time.start,
            end=case.time.end,
            mask=self._mask(),
        )
        self.kept = kept_modes(self.numerics.mask, self.grid, not self.equation.complex)
        self.stepper = self._stepper()
        self.states: list[State] = []
        self._arrivals: list[Field] = []
        self._until = math.nan

    # -- set-up ------------------------------------------------------------------------

    def _block_size(self) -> int:
        """Return members advanced together: one if each has its own step size."""
        if self._engine_name() == "torch" or self._threads() > 1:
            return self.members
        if self.integrator.adaptive or "cfl" in self.numerics.tolerances:
            return 1
        if hasattr(self.integrator, "stages"):
            return self.members  # compiled loops take one after the other
        bytes_each = 16 * len(self.equation.fields) * self.grid.size
        return max(1, min(self.members, BLOCK_BYTES // bytes_each))

    def _engine_name(self) -> str:
        run = self.case.run
        if run.backend != "auto":
            return str(run.backend)
        return "torch" if run.device.startswith("cuda") else "fused"

    def _threads(self) -> int:
        threads = self.case.run.threads
        return 1 if threads == "auto" else int(threads)

    def _engine(self) -> Engine:
        run = self.case.run
        return make_engine(
            self._engine_name(),
            self.grid,
            channels=len(self.equation.fields),
            members=self.block,
            precision=run.precision,
            device="cpu" if run.device == "auto" else run.device,
            fft=run.fft,
            workers=self._threads(),
            reproducible=run.reproducible,
        )

    def _stepper(self) -> Stepper:
        try:
            stepper: Stepper = self.integrator.start(
                self.system, **self.numerics.tolerances
            )
        except NotApplicable as error:
            raise self.case.problem(f"{self.where}.{error.key}", str(error)) from error
        return stepper

    def _mask(self) -> Array | None:
        return mask_of(self.numerics.mask, self.grid, not self.equation.complex)

    def initial(self) -> Field:
        """Return the initial values ``(member, channel, *space)``."""
        try:
            return initial_values(self.case, self.equation, self.grid)
        except CaseError:
            raise
        except PdekitError as error:
            raise self.case.problem("initial", str(error)) from error

    # -- running -----------------------------------------------------------------------

    def begin(self, u: Field) -> None:
        """Set every member to its initial values."""
        self._until = math.nan
        self.states = [self.stepper.start(part) for part in self._blocks(u)]

    def restore(self, states: list[State]) -> None:
        """Go on from the states of a checkpoint."""
        self._until = math.nan
        put = self.engine.restored
        self.states = [
            replace(
                s,
                u=put(s.u),
                extra={k: put(v) if np.ndim(v) else v for k, v in s.extra.items()},
            )
            for s in states
        ]

    def _blocks(self, u: Field) -> Iterator[Field]:
        """Cut into blocks of one size, the last filled up with copies of its end."""
        for first in range(0, self.members, self.block):
            part = u[first : first + self.block]
            missing = self.block - part.shape[0]
            yield np.concatenate([part, *[part[-1:]] * missing]) if missing else part

    def advance(self, until: float, max_steps: int) -> bool:
        """Take up to ``max_steps`` steps with one block; True when all have arrived.

        A block is sampled where it arrives: to ask an adaptive one again, after another
        has used its stepper, costs the step anew.
        """
        if until != self._until:
            self._until, self._arrivals = until, []
        while (i := len(self._arrivals)) < len(self.states):
            state = self.states[i]
            if not self.stepper.arrived(state, until):
                self.states[i] = self.stepper.advance(state, until, max_steps)
                return False
            self._arrivals.append(_numpy(self.stepper.sample(state, until)))
        return True

    def frame(self) -> Field:
        """Return all members where they have arrived, ``(member, channel, *space)``."""
        return np.concatenate(self._arrivals)[: self.members]

    def tail(self, u: Field) -> Array:
        """Return the spectral tail of every component of ``(..., *space)``."""
        ndim, real = self.grid.ndim, not self.equation.complex
        axes = tuple(range(-ndim, 0))
        return spectral.tail(
            np.fft.rfftn(u, axes=axes) if real else np.fft.fftn(u, axes=axes),
            ndim,
            points=self.grid.shape[-1] if real else None,
            kept=self.kept,
        )

    def truncations(self, values: Array) -> list[Truncation]:
        """Return what the sharp mask of real fields takes from each component.

        ``values`` is ``(member, channel, *space)``. Empty if there is no such mask, or if
        it takes nothing that matters.
        """
        cut, name = self.system.rhs.cut, self.numerics.mask
        if cut is None or not isinstance(name, str) or not np.isfinite(values).all():
            return []
        whole = float(np.max(np.abs(values), initial=0.0))
        found = (
            truncation(field, values[:, c], self.grid, name, cut)
            for c, field in enumerate(self.equation.fields)
            if np.max(np.abs(values[:, c]), initial=0.0) > ROUNDING * whole
        )
        return [each for each in found if each.part > LEAST_REMOVED]

    def unstable(self, u: Field, step: float) -> list[str]:
        """Warn of a step that is too long for the velocities of ``u``.

        An explicitly treated mode k turns at the rate  Σ |velocity| k,  which the step must
        resolve as the integrator's region of stability says.
        """
        rate = self.equation.advection(self.grid, u)
        if rate is None or not hasattr(self.integrator, "stability"):
            return []
        cut = self.system.rhs.cut
        shares = (
            [2 * c / n for c, n in zip(cut, self.grid.shape, strict=True)] if cut else [1]
        )
        courant, limit = float(np.max(rate)), stability_limit(self.integrator, max(shares))
        if step * courant <= limit:
            return []
        return [
            f"step {step:.3g} is longer than {limit / courant:.3g}, the stability limit of "
            f"{self.integrator.name} for the velocities at the start: high wavenumbers "
            "will grow unless they are damped; use a smaller step"
        ]

    @property
    def time(self) -> float:
        """Return the mean time reached over the blocks, for the progress display."""
        return float(np.mean([state.time for state in self.states]))

    @property
    def steps(self) -> int:
        """Return the largest number of steps taken by a block."""
        return max(state.step for state in self.states)


def mask_of(dealias: Any, grid: Grid, real: bool) -> Array | None:
    """Return the factors that the entry ``solver.dealias`` of a case asks for."""
    if isinstance(dealias, ExponentialDealias):
        return spectral.exponential(grid, **dict(dealias.exp), real=real)
    return spectral.mask(dealias, grid, real)


def kept_modes(dealias: Any, grid: Grid, real: bool) -> tuple[int, ...] | None:
    """Return the largest |m| along each axis that dealiasing leaves more than half of.

    None without dealiasing, and for a sharp mask of complex fields: it filters N only, so
    that the state fills the whole grid.
    """
    mask = mask_of(dealias, grid, real)
    if mask is None or (not real and isinstance(dealias, str)):
        return None
    numbers = grid.modes(real)
    kept = []
    for i, m in enumerate(numbers):
        others_zero = tuple(slice(None) if j == i else 0 for j in range(len(numbers)))
        kept.append(int(np.abs(m[mask[others_zero] > 0.5]).max(initial=0)))
    return tuple(kept)


@dataclass(frozen=True)
class Truncation:
    """What a sharp mask takes from a field: ``part`` of its norm in L2.

    ``needed`` is, by the name of each axis that has too few points, how many keep all modes
    that matter.
    """

    field: str
    part: float
    band: str
    needed: Mapping[str, int]

    def sentence(self, what: str) -> str:
        """Say so, ``what`` being the initial values or the source."""
        enough = ", ".join(f"{n} along {name}" for name, n in self.needed.items())
        points = f"more points ({enough})" if enough else "more points"
        return (
            f"{self.band} and removes {percent(self.part)} of the {what} {self.field}; "
            f"use {points} or dealias: none"
        )


def percent(part: float) -> str:
    """Write a part of one with two digits, never as all of it when it is less."""
    digits = 100.0 * part
    return f"{math.floor(digits)} %" if digits > 99 else f"{digits:.2g} %"


def truncation(
    field: str, values: Array, grid: Grid, name: str, cut: tuple[int, ...]
) -> Truncation:
    """Compare real ``(member, *space)`` with what has |m| <= ``cut`` along every axis."""
    numbers = [np.abs(m) for m in grid.modes(True)]
    outside = spectral.mask(name, grid, real=True) == 0
    weights = multiplicity(grid.shape[-1])  # the other half of the modes
    whole = removed = 0.0
    highest = [0] * grid.ndim
    for member in values:
        size = np.abs(np.fft.rfftn(np.asarray(member, dtype=np.float64)))
        power = size**2 * weights
        whole, removed = whole + power.sum(), removed + power[outside].sum()
        telling = size > LEAST_REMOVED * size.max()
        for i, m in enumerate(numbers):
            seen = telling.any(axis=tuple(j for j in range(grid.ndim) if j != i))
            highest[i] = max(highest[i], int(m[seen].max(initial=0)))
    short = [i for i in range(grid.ndim) if highest[i] > cut[i]]
    band = ", ".join(
        f"|m| <= {cut[i]} along {grid.names[i]} of {grid.shape[i]} points"
        for i in short or range(grid.ndim)
    )
    return Truncation(
        field,
        math.sqrt(removed / whole) if whole > 0 else 0.0,
        f"dealias {name} keeps {band}",
        {grid.names[i]: PARTS[name] * highest[i] + 1 for i in short},
    )


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


def _random(
    law: RandomField, run_seed: int, equation: AbstractEquation, grid: Grid, member: int
) -> dict[str, Array]:
    """Draw every component of a member from a seed of its own."""
    seed = run_seed if law.seed is None else law.seed
    numbers = law.model_dump(exclude={"kind", "seed"})
    return {
        name: random_field.draw(
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


def _numpy(u: Any) -> Array:
    return u.detach().cpu().numpy() if hasattr(u, "detach") else u


def exact_solution(
    equation: AbstractEquation, name: str, params: Mapping[str, Any], grid: Grid
) -> Callable[[float], Array]:
    """Return an exact solution as ``f(t)`` on the grid, ``(channel, *space)``."""
    solution = exact_function(equation, name, params, grid)
    points = grid.points()
    return lambda t: stacked(solution(*points, t), equation, grid)
