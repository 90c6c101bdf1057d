"""A time-dependent case made ready to run: grid, equation, engine, integrator, start."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import registry, spectral
from pdekit.case.learned_case import RolloutSpec, classical_of
from pdekit.case.schema import SolverSpec
from pdekit.dealiasing import (
    Truncation,
    kept_modes,
    mask_of,
    truncations,
    unlimited_waves,
)
from pdekit.engine import Engine, make_engine
from pdekit.equation import AbstractEquation
from pdekit.errors import CaseError, NotApplicable, PdekitError
from pdekit.grid import Axis, Grid
from pdekit.initial import initial_values
from pdekit.stepping import State, Stepper
from pdekit.stepping._cfl import FEWEST, stability_limit
from pdekit.stepping._system import System
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.case import Case
    from pdekit.prediction.evolving import Guided

BLOCK_BYTES = 1 << 17
"""Members advanced together should stay within the second-level cache."""
SLICE_SECONDS = 0.1
"""Work done between two looks at the clock and at the interrupt flag."""


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


def numerics_of(case: Case, solver: SolverSpec | None = None) -> Numerics:
    """Read the resolution and the integrator of a case, with every default filled in."""
    solver = solver or classical_of(case.solver)
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
        self.guide: Guided | None = None
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
        put = getattr(self.stepper, "restored", self.engine.restored)
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

    def arrive(self, until: float, look: Callable[[], None]) -> None:
        """Advance to a time, in slices short enough to ``look`` at what goes on."""
        count = 16
        while True:
            before = time.perf_counter()
            if self.advance(until, count):
                return
            spent = time.perf_counter() - before
            count = max(1, min(4 * count, int(count * SLICE_SECONDS / max(spent, 1e-6))))
            look()

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
        if cut is None or not isinstance(name, str):
            return []
        return truncations(self.equation.fields, values, self.grid, name, cut)

    def unlimited(self) -> list[str]:
        """Warn of waves that grow while dealiasing keeps N from limiting them.

        A sharp mask of real fields removes those waves themselves.
        """
        if self.system.mask is None or self.system.rhs.cut is not None:
            return []
        if not self.system.rhs.has_products:
            return []
        real = not self.equation.complex
        return unlimited_waves(self.system.linear, self.system.mask, self.grid, real)

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


def evolution_of(case: Case) -> Evolution:
    """Make a case ready: solved classically, or guided by the model that it names."""
    if not isinstance(case.solver, RolloutSpec):
        return Evolution(case)
    from pdekit.prediction.evolving import guided

    evolution = Evolution(case, where=case.solver.fine_key)
    evolution.guide = guided(evolution, case.solver)
    evolution.stepper = evolution.guide
    return evolution


def _numpy(u: Any) -> Array:
    return u.detach().cpu().numpy() if hasattr(u, "detach") else u
