"""What a case of a data set must satisfy beyond its structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdekit import registry
from pdekit.case import rules
from pdekit.case.boundary_case import BoundaryCase
from pdekit.case.dataset_case import CHECK_KEYS, METRICS, StoredSpec
from pdekit.case.draft import Draft
from pdekit.case.learned_case import LearnedSpec
from pdekit.case.schema import ExactInitial, RandomInitial, SaveEvery, StateInitial
from pdekit.case.written import SolvedCase
from pdekit.errors import CaseError, Problem, suggestion

DRAWN = ("random_field", "blocks")
"""Keys of the parameters that are drawn at random."""
GAUSSIAN = ("gp", "gp_hm")


def apply(draft: Draft) -> None:
    """Apply every rule; mistakes of the problem are told with the others."""
    rules.check_name(draft)
    rules.check_metrics(draft, METRICS, CHECK_KEYS)
    problem = _problem(draft)
    if problem is None:
        return
    complaint = _unfit(problem)
    if complaint:
        draft.say(("problem",), complaint)
        return
    save = draft.sections.get("save")
    if save is not None:
        _fields(draft, problem, save)
        _times(draft, problem, save)
        _points(draft, problem, save)
        _walls(draft, problem, save)


def random_keys(problem: SolvedCase) -> list[str]:
    """Return the keys of a case under which something is drawn at random."""
    start = getattr(problem, "initial", None)
    if isinstance(problem, BoundaryCase):
        given = problem.equation.params
        return [
            f"equation.{k}"
            for k, v in given.items()
            if isinstance(v, Mapping) and {*DRAWN} & v.keys()
        ]
    named = isinstance(start, StateInitial | ExactInitial) and "seed" in start.params
    return ["initial"] if named or isinstance(start, RandomInitial) else []


def _problem(draft: Draft) -> SolvedCase | None:
    """Load the problem; tell its mistakes, those of ``set`` at their place in this file."""
    from pdekit.case.loader import located, solved_case

    name = draft.sections.get("problem")
    if name is None:
        return None
    changes: Mapping[str, Any] = draft.sections.get("set") or {}
    try:
        return solved_case(located(draft.source, name), changes)
    except ValueError as error:
        draft.say(("problem",), f"cannot be used: {error}")
    except CaseError as error:
        draft.problems += [_placed(draft, each, changes) for each in error.problems]
    return None


def _placed(draft: Draft, problem: Problem, changes: Mapping[str, Any]) -> Problem:
    """Return a mistake where it was made: in the problem's file, or under ``set``."""
    if problem.line is not None:
        return problem
    key = next((key for key in changes if problem.file.startswith(f"override {key}=")), "")
    path = ("set", key) if key else ("problem",)
    about = f"{problem.path}: " if problem.path and problem.path != key else ""
    return draft.source.problem(path, about + problem.message)


def _unfit(problem: SolvedCase) -> str:
    """Say why there is no data set of a problem, or nothing."""
    if isinstance(getattr(problem, "solver", None), LearnedSpec):
        return "is solved by a trained model; choose a classical solver under set"
    if isinstance(problem, BoundaryCase):
        if problem.time is not None:
            return "is a boundary-value problem in time, of which no data sets are made yet"
        if problem.solver.name in GAUSSIAN:
            return "is solved by a Gaussian process; choose another solver under set"
        if problem.observations is not None:
            return "looks for a coefficient from observations; data sets solve forwards"
        if problem.mask is not None:
            return "has a mask; data sets need values at all points of the box"
    if not random_keys(problem):
        return (
            "draws nothing at random, so that all samples would be the same; it needs an "
            "initial random_field, a state or an exact solution with a seed, or a random "
            "coefficient"
        )
    return ""


def _fields(draft: Draft, problem: SolvedCase, save: StoredSpec) -> None:
    name, params = problem.equation.name, problem.equation.params
    bounded = isinstance(problem, BoundaryCase)
    law: Any = registry.problem(name) if bounded else registry.posed(name, params)
    known: tuple[str, ...] = law.fields
    if save.fields != "all":
        for number, name in enumerate(save.fields):
            draft.known(("save", "fields", number), "field", name, known)


def _times(draft: Draft, problem: Any, save: StoredSpec) -> None:
    """Check that the times lie within those of the problem, in order."""
    if isinstance(problem, BoundaryCase):
        for key in ("times", "start"):
            if getattr(save, key) is not None:
                draft.say(("save", key), "is not used: the problem is steady", at_key=True)
        return
    time = problem.time
    if save.start is not None:
        rules.check_moments(draft, ("save", "start"), time, [save.start])
        time = time.model_copy(update={"start": max(time.start, save.start)})
    if save.times is None:
        return
    if isinstance(save.times, SaveEvery):
        span = time.end - time.start
        if save.times.every > span:
            path = ("save", "times", "every")
            draft.say(path, f"must be at most {span:g}, the time that is solved")
    elif isinstance(save.times, tuple):
        rules.check_moments(draft, ("save", "times"), time, save.times)


def _points(draft: Draft, problem: Any, save: StoredSpec) -> None:
    """Check that not more points are stored than are solved on."""
    given = save.points
    for name in given if isinstance(given, dict) else ():
        if name not in problem.domain:
            message = f"unknown axis{suggestion(name, problem.domain)}"
            draft.say(("save", "points", name), message, at_key=True)
    for name, axis in problem.domain.items():
        points = given.get(name) if isinstance(given, dict) else given
        if points is not None and points > axis.points:
            path = (
                ("save", "points", name) if isinstance(given, dict) else ("save", "points")
            )
            message = f"must be at most {axis.points}, the points {name} is solved on"
            draft.say(path, f"{message} (got {points})")


def _walls(draft: Draft, problem: Any, save: StoredSpec) -> None:
    """Check that the halves of the axes begin and end between points, at walls."""
    if save.walls == "none":
        return
    path = ("save", "walls")
    if isinstance(problem, BoundaryCase):
        draft.say(path, "is for periodic boxes; this problem has walls of its own")
    elif any(
        axis.centring != "cell" or axis.points % 2 for axis in problem.domain.values()
    ):
        draft.say(path, "needs axes of cells (centring: cell), an even number of them")
