"""Models and classical solvers on shifted data: solved on the fly, judged alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pdekit.case import AnyCase, DatasetCase
from pdekit.comparison import classical, shifted
from pdekit.comparison.front import Front, Mark, verdict
from pdekit.comparison.scores import scores
from pdekit.comparison.timing import timed
from pdekit.comparison.trial import Trial, in_batches
from pdekit.errors import CaseError

if TYPE_CHECKING:
    from pdekit.comparison.evaluation import Evaluation


def shifts_of(
    evaluation: Evaluation,
) -> dict[str, tuple[Mapping[str, Any], DatasetCase]]:
    """Return the changes and the case of each shifted data set; refuse wrong ones."""
    if evaluation.problem is None or evaluation.case.shifted == "none":
        return {}
    given: Mapping[str, Mapping[str, Any]]
    if isinstance(evaluation.case.shifted, str):
        given = shifted.suggested(
            shifted.case_with(evaluation.folder, {}), evaluation.problem
        )
    else:
        given = evaluation.case.shifted
    found: dict[str, tuple[Mapping[str, Any], DatasetCase]] = {}
    for name, changes in given.items():
        try:
            found[name] = (changes, shifted.case_with(evaluation.folder, changes))
        except CaseError as error:
            raise evaluation.case.refusal(f"shifted.{name}", str(error)) from error
    return found


def judged_on(
    evaluation: Evaluation, trial: Trial, problem: AnyCase, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Judge models, and the classical settings of the front, on a shifted data set."""
    front = front_on(evaluation, trial, problem)
    rows = []
    for entrant in evaluation.entrants:
        answers = in_batches(entrant.model, trial, 32)
        each = scores(evaluation.case.metrics, answers, trial.truth)
        seconds = timed(entrant.model, trial, repeats=3).batched
        mark = Mark(seconds, each[evaluation.case.metric].mean, entrant.label)
        rows.append(
            {
                "model": entrant.label,
                "seconds": seconds,
                "errors": {metric: score.facts() for metric, score in each.items()},
                **verdict(front, mark, 0.0, 0.0),
            }
        )
    return {"changes": dict(changes), "samples": len(trial), "models": rows,
            "classical": [vars(mark) for mark in front.marks]}  # fmt: skip


def front_on(evaluation: Evaluation, trial: Trial, problem: AnyCase) -> Front:
    """Return the front of the settings that were chosen, on other samples."""
    spec, marks = evaluation.case.classical, []
    solvers = spec.solvers or classical.default_solvers(problem, evaluation.trial.grid)
    fleet = classical.families(problem, solvers, trial, spec.precision)
    named = {family.label: family for family in fleet}
    for run in evaluation.on_front():
        family = named[run.setting.label]
        method = family.method(run.setting.points, run.setting.effort)
        timing = timed(method, trial, batches=(len(trial),), repeats=3)
        answers = method(trial)
        score = scores([evaluation.case.metric], answers, trial.truth)[
            evaluation.case.metric
        ]
        marks.append(Mark(timing.batched, score.mean, run.name))
    return Front.of(marks)
