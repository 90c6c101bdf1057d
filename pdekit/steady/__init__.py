"""Boundary-value problems from a case to a result: posed, solved, compared, summed up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pdekit.case.learned_case import LearnedSpec

if TYPE_CHECKING:
    from pdekit.boundary_value import AbstractProblem
    from pdekit.case.boundary_case import BoundaryCase
    from pdekit.errors import PdekitError
    from pdekit.grid import Grid
    from pdekit.observer import Observer
    from pdekit.result import Result
    from pdekit.steady.posing import Posed
    from pdekit.typing import Array


class Store(Protocol):
    """Where frames and checkpoints go."""

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Keep a frame."""
        ...

    def checkpoint(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Keep what is needed to go on."""
        ...


class Memory:
    """A store that keeps nothing beyond the run's own arrays."""

    def frame(
        self, index: int, fields: Mapping[str, Array], series: Mapping[str, Any]
    ) -> None:
        """Do nothing: the run holds its frames itself."""

    def checkpoint(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Do nothing."""


class Solved(Protocol):
    """A run of a boundary-value problem, whatever solves it."""

    case: BoundaryCase
    observer: Observer
    store: Store
    grid: Grid
    posed: Posed
    times: Array
    fields: list[dict[str, Array]]
    series: list[dict[str, Any]]
    reference: Any
    warnings: list[str]
    failure: PdekitError | None
    setup_s: float
    solve_s: float
    has_order: bool

    @property
    def problem(self) -> AbstractProblem:
        """The equation with its parameters."""
        ...

    @property
    def begin(self) -> float:
        """The first time."""
        ...

    @property
    def singular(self) -> bool:
        """Whether the solution is known up to a constant."""
        ...

    def execute(self) -> Result:
        """Solve, or stop where the solver or the user does."""
        ...

    def resume(self, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
        """Begin where a checkpoint was made."""
        ...

    def say(self, sentence: str) -> None:
        """Tell the observer and the log."""
        ...

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Solve on another grid, with so many times the steps; return the end."""
        ...

    def estimate(self) -> dict[str, Any]:
        """Return an estimate of the error where there is no reference."""
        ...

    def bound(self) -> dict[str, Any]:
        """Return what is known of the error besides."""
        ...

    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        ...

    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of how it went."""
        ...

    def cost(self) -> dict[str, Any]:
        """Return what the summary says of the work."""
        ...


def boundary_run(case: BoundaryCase, observer: Observer, where: str = "solver") -> Solved:
    """Make a case ready for the solver that it names, or refuse it.

    Parameters
    ----------
    case, observer
        What to solve, and who hears of it.
    where
        The key that an unfit solver is blamed on.

    Raises
    ------
    CaseError
        If anything in the case is wrong that only the numbers show.
    """
    if case.observations is not None:
        from pdekit.steady.observed import ObservedRun

        return ObservedRun(case, observer, where)
    if case.solver.name == "gp":
        from pdekit.steady.gaussian import GaussianRun

        return GaussianRun(case, observer, where)
    if case.solver.name == "gp_hm":
        from pdekit.steady.joint import JointRun

        return JointRun(case, observer, where)
    if isinstance(case.solver, LearnedSpec):
        from pdekit.prediction.steady import predicted_run

        return predicted_run(case, observer)
    from pdekit.steady.run import BoundaryRun

    return BoundaryRun(case, observer, where)
