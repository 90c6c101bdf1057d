"""Data sets that differ from the one learned from: other parameters, longer, finer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pdekit.case import AnyCase, BoundaryCase, DatasetCase, load_case, problem_of
from pdekit.case.dataset_rules import random_keys
from pdekit.comparison.trial import Cut, Trial, trial_of
from pdekit.datasets.dataset import Header, Split
from pdekit.datasets.sampling import sampler_of
from pdekit.datasets.seeds import sample_seed
from pdekit.errors import PdekitError
from pdekit.store import CASE

Changes = Mapping[str, Any]
STORED = "save."
"""Keys of the case of the data set; all others are of its problem."""
OTHER_SEED = 7919
"""Added to the seed of a data set, so that no sample of another one is drawn."""
NUMBERS = ("viscosity", "diffusivity", "dispersion")
"""Parameters that are halved."""
ROUGHER = 0.5
"""Taken off the exponent of random fields, or added to it."""


def case_with(folder: Path, changes: Changes) -> DatasetCase:
    """Return the case of a data set with changes of its problem and of what is stored.

    Raises
    ------
    CaseError, PdekitError
        If they do not fit.
    """
    stored = {key: value for key, value in changes.items() if key.startswith(STORED)}
    posed = {key: value for key, value in changes.items() if key not in stored}
    case = load_case(folder / CASE, {**stored, "set": posed})
    if not isinstance(case, DatasetCase):
        raise PdekitError(f"{folder / CASE}: is not the case of a data set")
    return case


def drawn(case: DatasetCase, count: int, cut: Cut) -> tuple[Trial, AnyCase]:
    """Solve for new samples; return them with their problem."""
    problem = problem_of(case)
    sampler = sampler_of(case, problem)
    seeds = [sample_seed(case.seed + OTHER_SEED, "test", i) for i in range(count)]
    with np.errstate(over="ignore", invalid="ignore"):
        fields = sampler.draw(seeds, lambda share: None)
    header = Header(
        case.name, sampler.stored, sampler.times, sampler.varying, sampler.constant, count,
        case.save.dtype,
    )  # fmt: skip
    return trial_of(Split(header, fields), count, cut), problem


def suggested(case: DatasetCase, problem: AnyCase) -> dict[str, dict[str, Any]]:
    """Return the usual changes: half the viscosity, other smoothness, finer, longer."""
    found = {f"half_{name}": {key: value / 2} for name, key, value in _numbers(problem)}
    found |= _smoothness(problem)
    walls = {name: axis.boundary != "periodic" for name, axis in problem.domain.items()}
    points = {
        f"domain.{n}.points": 2 * problem.domain[n].points + w for n, w in walls.items()
    }
    stored = case.save.points
    if isinstance(stored, int) and len({*walls.values()}) == 1:
        wall = next(iter(walls.values()))
        found["twice_the_points"] = {**points, "save.points": 2 * stored + wall}
    if not isinstance(problem, BoundaryCase):
        found["twice_as_long"] = _longer(case, problem)
    return found


def _numbers(problem: AnyCase) -> list[tuple[str, str, float]]:
    given = problem.equation.params
    return [
        (name, f"equation.{name}", float(given[name]))
        for name in NUMBERS
        if isinstance(given.get(name), int | float) and given[name]
    ]


def _smoothness(problem: AnyCase) -> dict[str, dict[str, Any]]:
    """Return changes of the exponent of what is drawn at random, where it has one."""
    said: Any = problem.to_dict()
    for place in random_keys(problem):
        node: Any = said
        for part in place.split("."):
            node = node[part]
        at = f"{place}.random_field.alpha" if "random_field" in node else f"{place}.alpha"
        alpha = node.get("random_field", node).get("alpha")
        if isinstance(alpha, int | float):
            return {
                "smoother": {at: alpha + ROUGHER},
                "rougher": {at: alpha - ROUGHER},
            }
    return {}


def _longer(case: DatasetCase, problem: Any) -> dict[str, Any]:
    """Return what doubles the time, with as long steps and as dense frames."""
    time, solver = problem.time, problem.solver
    span = time.end - time.start
    changes: dict[str, Any] = {"time.end": time.end + span}
    if solver.steps is not None:
        changes["solver.steps"] = 2 * solver.steps
    times = case.save.times if case.save.times is not None else time.save
    where = "save.times" if case.save.times is not None else "time.save"
    if isinstance(times, tuple):
        changes[where] = [*times, *(t + span for t in times if t > time.start)]
    elif isinstance(times, int):
        changes[where] = 2 * times - 1
    return changes
