"""The classical family: solvers of a problem at several resolutions, tuned and timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pdekit import registry
from pdekit.case import AnyCase, BoundaryCase, Case, solved_case
from pdekit.case.boundary_case import LinearSolverSpec
from pdekit.comparison.front import Front, Mark
from pdekit.comparison.marching import Marched, Marching, Setting
from pdekit.comparison.scores import Score, score
from pdekit.comparison.solving import BANDED, Solved, Solving
from pdekit.comparison.timing import Timing, timed
from pdekit.comparison.trial import Trial, in_batches
from pdekit.datasets.coarsening import nested
from pdekit.errors import PdekitError
from pdekit.grid import Grid

Family: TypeAlias = Marching | Solving
TUNED = 32
"""Samples that steps and tolerances are chosen with."""
ADDED = 1.1
"""An error that steps or tolerances may raise this much above that of the points."""
SETTLED = 0.03
"""Relative change of the error between two rungs below which steps do not matter."""
FEWEST, MOST, COARSEST = 8, 8, 16
"""Fewest points along an axis, most resolutions, largest ratio to the stored points."""
LARGEST = 2**24
"""Entries of a band beyond which factors are not tried."""
Look = Callable[[float, str], None]


@dataclass(frozen=True)
class Ran:
    """A setting with what it costs and how far off it is."""

    method: Marched | Solved
    words: str
    precision: str
    timing: Timing
    score: Score

    def mark(self, batched: bool) -> Mark:
        """Return its place in the plane of error and time."""
        return Mark(self.timing.of(batched), self.score.mean, self.name)

    @property
    def name(self) -> str:
        """Solver, points and steps in words."""
        return f"{self.setting.label}, {self.words}"

    @property
    def setting(self) -> Setting:
        """Points and steps."""
        return self.method.setting

    def facts(self) -> dict[str, Any]:
        """Return what the report says of it."""
        return {
            "solver": self.setting.label,
            "setting": self.words,
            "points": list(self.setting.points),
            "effort": self.setting.effort,
            "precision": self.precision,
            "seconds": vars(self.timing),
            "error": self.score.facts(),
        }


def families(
    problem: AnyCase | Path, solvers: Sequence[Mapping[str, Any]], trial: Trial,
    precision: str = "double",
) -> list[Family]:  # fmt: skip
    """Make the solvers ready.

    Raises
    ------
    CaseError, PdekitError
        If one of them does not fit the problem.
    """
    found: list[Family] = []
    for given in solvers:
        banded = given.get("name") == BANDED
        case = solved_case(problem, {} if banded else _changes(given))
        label = _label(case, given)
        taken = sum(each.label.split(" no. ")[0] == label for each in found)
        label = f"{label} no. {taken + 1}" if taken else label
        if isinstance(case, BoundaryCase):
            if not trial.steady or not isinstance(case.solver, LinearSolverSpec):
                raise PdekitError("there is no classical solver for these data")
            spec = None if banded else case.solver
            found.append(Solving(case, spec, label, trial.constants))
        elif banded:
            raise PdekitError(f"{BANDED} is for steady problems")
        else:
            found.append(Marching(case, label, precision))
    return found


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return overrides of a problem; one that chooses its steps needs none given."""
    changes = {_path(key): value for key, value in given.items()}
    name = changes.get("solver.integrator")
    if name in registry.integrators() and registry.integrator(name).adaptive:
        changes = {"solver.steps": None, "solver.step": None, "solver.cfl": None} | changes
    return changes


def _path(key: str) -> str:
    return key if "." in key else f"solver.{key}"


def _label(case: AnyCase, given: Mapping[str, Any]) -> str:
    """Name a solver: what was said of it, or its integrator."""
    solver: Any = case.solver
    if given:
        return " ".join(
            str(v) for k, v in given.items() if _path(k) != "solver.name" or v != "krylov"
        )
    return str(solver.integrator if isinstance(case, Case) else solver.name)


def default_solvers(problem: AnyCase, grid: Grid) -> tuple[dict[str, Any], ...]:
    """Return the solvers that are taken when a case names none."""
    if isinstance(problem, Case):
        return ({},)
    krylov = {"name": "krylov", "method": "cg", "preconditioner": "mic"}
    walls = all(axis.boundary != "periodic" for axis in problem.domain.values())
    entries = grid.size * (grid.size // grid.shape[0])
    return ({"name": BANDED}, krylov) if walls and entries < LARGEST else (krylov,)


def resolutions(grid: Grid, wanted: Sequence[int] | None) -> list[tuple[int, ...]]:
    """Return the numbers of points that are tried, the fewest first.

    ``wanted`` counts along the first axis; the others keep the proportions.
    """
    axis = grid.axes[0]
    if wanted is None and axis.boundary == "periodic":
        first = max(min(FEWEST, axis.n), axis.n // COARSEST)
        between = np.geomspace(first, axis.n, MOST)[1:-1]
        wanted = sorted({first, *map(_even, between), axis.n})
    elif wanted is None:
        wanted = sorted(nested(axis))[-MOST:]
    return [tuple(max(2, round(m * n / axis.n)) for m in grid.shape) for n in wanted]


def _even(n: float) -> int:
    """Return the first even number from n on whose transforms are quick."""
    from scipy.fft import next_fast_len

    return 2 * int(next_fast_len(math.ceil(n / 2 - 1e-9)))


def tuned(
    family: Family, points: tuple[int, ...], trial: Trial, metric: str
) -> Marched | Solved:
    """Choose the largest step, or the weakest tolerance, that adds little to the error.

    The error is followed along the ladder until it settles; of all rungs the first is
    taken whose error is less than a tenth above that.
    """
    seen: list[tuple[float, Marched | Solved]] = []
    for effort in family.ladder:
        method = family.method(points, effort)
        seen.append((score(metric, method(trial), trial.truth).mean, method))
        if _settled([error for error, _ in seen]):
            break
    least = min(error for error, _ in seen)
    return next(method for error, method in seen if error <= ADDED * least)


def _settled(errors: Sequence[float]) -> bool:
    """Whether the last rung, or both of the last two, brought nothing any more."""
    if len(errors) < 2 or not math.isfinite(errors[-2]):
        return False
    *_, before, now = errors
    rising = len(errors) > 3 and min(errors[-2:]) > (1 - SETTLED) * min(errors[:-2])
    return abs(before - now) <= SETTLED * now or rising


def run_all(
    fleet: Sequence[Family], points: Sequence[tuple[int, ...]], trial: Trial, metric: str,
    look: Look,
) -> list[Ran]:  # fmt: skip
    """Tune, time and judge all solvers at all resolutions."""
    found = []
    few = trial.first(TUNED)
    jobs = [(family, n) for family in fleet for n in points]
    for done, (family, n) in enumerate(jobs):
        look(done / len(jobs), f"classical: {family.label}, {n[0]} points")
        method = tuned(family, n, few, metric)
        found.append(ran(family, method, trial, metric))
    return found


def ran(family: Family, method: Marched | Solved, trial: Trial, metric: str) -> Ran:
    """Time a method and judge it by all samples."""
    timing = timed(method, trial)
    answers = in_batches(method, trial, max(timing.batch, 32))
    found = score(metric, answers, trial.truth)
    return Ran(method, family.words(method.setting), family.precision, timing, found)


def fronts(runs: Sequence[Ran]) -> dict[bool, Front]:
    """Return the fronts of batched and of single samples."""
    return {
        batched: Front.of([each.mark(batched) for each in runs])
        for batched in (True, False)
    }
