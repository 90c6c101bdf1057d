"""An evaluation from its case: who is compared, on what, and what comes of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pdekit import threads
from pdekit.case import AnyCase, EvaluateCase, problem_of
from pdekit.comparison import classical, controls, report, shifted
from pdekit.comparison.classical import Family, Ran
from pdekit.comparison.entrants import (
    Entrant,
    common_cut,
    data_folder,
    files_of,
    leak,
    named,
    read,
    seconds_of,
    weights_of,
)
from pdekit.comparison.found import Found, Judged
from pdekit.comparison.front import Mark
from pdekit.comparison.scores import along_time, error_of_frames, scores
from pdekit.comparison.summary import summary
from pdekit.comparison.timing import Timing, timed
from pdekit.comparison.trial import Cut, Method, Trial, in_batches, trial_of
from pdekit.comparison.unfamiliar import judged_on, shifts_of
from pdekit.datasets.dataset import DataSet
from pdekit.datasets.loading import load
from pdekit.errors import Interrupted, NotApplicable, PdekitError
from pdekit.files import atomic
from pdekit.files.folders import claimed
from pdekit.observer import Observer, Silent
from pdekit.outcome import Done
from pdekit.store import CASE, LOG, SUMMARY
from pdekit.typing import Array

IDLE = 0.8
"""Share of the time that is the processor's own on an idle machine, at least."""
MOST_TRAINED = 400
"""Samples that the control on shuffled outputs learns from at most."""

logger = logging.getLogger(__name__)


def run_into(
    case: EvaluateCase,
    folder: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> tuple[Done, Path, PdekitError | None]:
    """Evaluate, and leave report, figures and summary in a folder.

    Returns
    -------
    outcome, folder, failure
        The folder used, and the error that stopped it early, or None.
    """
    if resume:
        raise PdekitError(
            "an evaluation keeps no checkpoint: run it again without --resume"
        )
    evaluation = Evaluation(case, observer or Silent())
    with claimed(folder, LOG, resume=False, overwrite=overwrite) as folder:
        atomic.write_text(folder / CASE, case.to_yaml())
        failure: PdekitError | None = None
        try:
            evaluation.execute()
        except Interrupted as stop:
            failure = stop
        found = summary(evaluation, failure)
        atomic.write_json(folder / SUMMARY, found)
        if failure is None:
            report.write(evaluation, found, folder)
        logger.info("%s %s", found["status"], found["message"])
    return Done(found), folder, failure


def warnings_of(case: EvaluateCase) -> list[str]:
    """Refuse what can be refused without making data or training; say what is odd."""
    from pdekit.files.weights import header

    for each in named(case):
        for file in files_of(each) if isinstance(each, Path) else ():
            header(file)
    return list(case.warnings)


class Evaluation:
    """An evaluation under way.

    Raises
    ------
    CaseError, PdekitError
        If models and data do not belong together.
    """

    def __init__(self, case: EvaluateCase, observer: Observer) -> None:
        self.case, self.observer = case, observer
        self.entrants = read(weights_of(case, observer))
        self.began = time.perf_counter()
        self.folder = data_folder(case, self.entrants, observer)
        self.data: DataSet = load(self.folder)
        if "test" not in self.data.splits:
            raise case.refusal("data", "has no test split to judge by")
        test = self.data["test"]
        self.cut: Cut = common_cut(self.entrants, test, case.frames)
        leaks = [leak(each, self.folder, self.data) for each in self.entrants]
        self.warnings = [*case.warnings, *filter(None, leaks)]
        self.trial: Trial = trial_of(test, case.samples, self.cut)
        if len(self.trial) < case.samples:
            self.warnings.append(f"the test split has {len(self.trial)} samples only")
        self.problem = self._problem()
        self.families: list[Family] = self._families(self.problem, self.trial)
        self.shifts = shifts_of(self)
        self.found = Found()
        self.total_s = 0.0
        for sentence in self.warnings:
            observer.message(f"warning: {sentence}")

    # -- what is there -----------------------------------------------------------------

    def _problem(self) -> AnyCase | None:
        """Return the problem that the data are solutions of, if it is known."""
        if not (self.folder / CASE).is_file():
            self.warnings.append(
                "these data come without the case of their problem: there is no classical "
                "solver to compare with"
            )
            return None
        return problem_of(shifted.case_with(self.folder, {}))

    def _families(self, problem: AnyCase | None, trial: Trial) -> list[Family]:
        if problem is None:
            return []
        spec = self.case.classical
        solvers = spec.solvers or classical.default_solvers(problem, trial.grid)
        return classical.families(problem, solvers, trial, spec.precision)

    @property
    def data_error(self) -> float | None:
        """Estimated error of the stored solutions, the largest over the frames."""
        told = self.data["test"].header.facts.get("data_error")
        return max(told) if isinstance(told, list) else None

    # -- what is done ------------------------------------------------------------------

    def execute(self) -> None:
        """Run everybody on one thread."""
        with threads.limit(1), np.errstate(over="ignore", invalid="ignore"):
            self._run_classical()
            self._run_models()
            self._run_controls()
            self._run_shifted()
        self.total_s = time.perf_counter() - self.began
        self._warn_of_others()

    def _warn_of_others(self) -> None:
        """Say so if other programs took much of the processor meanwhile."""
        timings = [run.timing for run in self.found.runs]
        timings += [model.timing for model in self.found.models]
        share = min((timing.share for timing in timings), default=1.0)
        if share < IDLE:
            self.warnings.append(
                f"other programs were running: what is timed took up to {1 / share:.1f} "
                "times as long as the processor worked on it; times are worth something on "
                "an idle machine alone"
            )

    def look(self, share: float, what: str) -> None:
        """Tell how far it is; stop where that is asked for."""
        self.observer.progress(share, what.partition(":")[0])
        if self.observer.stop_requested():
            raise Interrupted("stopped")

    def _run_classical(self) -> None:
        points = classical.resolutions(self.trial.grid, self.case.classical.points)
        self.found.runs = classical.run_all(
            self.families, points, self.trial, self.case.metric, self.look
        )

    def _run_models(self) -> None:
        for number, entrant in enumerate(self.entrants):
            self.look(number / len(self.entrants), "models")
            self.found.models.append(self._judged(entrant))

    def _judged(self, entrant: Entrant) -> Judged:
        timing = timed(entrant.model, self.trial)
        answers = self._answers(entrant.model)
        first = scores(self.case.metrics, answers, self.trial.truth)
        seeds = {metric: [each.mean] for metric, each in first.items()}
        for other in entrant.seeds[1:]:
            each = scores(self.case.metrics, self._answers(other), self.trial.truth)
            for metric, score in each.items():
                seeds[metric].append(score.mean)
        return Judged(entrant, answers, timing, self._on_gpu(entrant), first, seeds)

    def _answers(self, method: Method) -> Array:
        return in_batches(method, self.trial, 32)

    def _on_gpu(self, entrant: Entrant) -> Timing | None:
        """Time a model on a GPU, if torch has one; with the way there and back."""
        import torch

        if not torch.cuda.is_available():
            return None
        return timed(entrant.model.on("cuda"), self.trial)

    # -- controls ----------------------------------------------------------------------

    def _run_controls(self) -> None:
        ready = controls.controls(self.problem, self.data["train"], self.cut, self.trial)
        for number, name in enumerate(self.case.controls):
            self.look(number / len(self.case.controls), "controls")
            try:
                method = self._shuffled() if name == "shuffled" else ready[name]()
                answers = self._answers(method)
            except NotApplicable as error:
                self.found.controls[name] = {"left_out": str(error)}
                continue
            each = scores(self.case.metrics, answers, self.trial.truth)
            self.found.control_answers[name] = answers
            self.found.controls[name] = {
                "what": controls.NAMES[name],
                "errors": {metric: score.facts() for metric, score in each.items()},
            }

    def _shuffled(self) -> Method:
        """Train the first model's architecture on outputs of other samples."""
        if not self.entrants:
            raise NotApplicable("controls", "shuffled needs a model")
        from pdekit.solvers.learned.comparison import shuffled as on_shuffled

        train = trial_of(self.data["train"], MOST_TRAINED, self.cut)
        model = self.entrants[0].model
        return on_shuffled(model, train, self.case.shuffled_updates)

    # -- out of distribution -----------------------------------------------------------

    def _run_shifted(self) -> None:
        for number, (name, (changes, case)) in enumerate(self.shifts.items()):
            self.look(number / len(self.shifts), "shifted data")
            cut = Cut(self.cut.history, self.cut.stride)
            trial, problem = shifted.drawn(case, self.case.shifted_samples, cut)
            self.found.shifted[name] = judged_on(self, trial, problem, changes)

    def on_front(self) -> Sequence[Ran]:
        """Return the settings of the fronts, the least accurate first."""
        fronts = classical.fronts(self.found.runs).values()
        labels = {mark.label for front in fronts for mark in front.marks}
        chosen = [run for run in self.found.runs if run.name in labels]
        return sorted(chosen, key=lambda run: run.score.mean, reverse=True)

    # -- what came of it ---------------------------------------------------------------

    @property
    def data_s(self) -> float:
        """Seconds that making the data took."""
        return seconds_of(self.folder)

    def costs(self, judged: Judged) -> dict[str, float]:
        """Return seconds of training and of making the data."""
        return judged.entrant.cost(self.data_s)

    def classical_frames(self) -> list[tuple[Mark, list[float | None]]]:
        """Return the errors of every frame of two settings of the front.

        Those that are nearest, from both sides, to the best model; the ends if there is no
        model.
        """
        chosen = self.on_front()
        best = min(
            (m.scores[self.case.metric].mean for m in self.found.models), default=0.0
        )
        worse = [run for run in chosen if run.score.mean >= best][-1:]
        better = [run for run in chosen if run.score.mean < best][:1]
        return [
            (run.mark(True), error_of_frames(self._answers(run.method), self.trial.truth))
            for run in (*worse, *better)
        ]

    def rollout(self, answers: Array) -> dict[str, Any] | None:
        """Return how errors grow, if there are several frames."""
        return along_time(answers, self.trial) if self.trial.frames > 1 else None
