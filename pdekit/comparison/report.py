"""The report of an evaluation: sentences, tables and figures, as Markdown and one page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pdekit
from pdekit.comparison.classical import TUNED
from pdekit.comparison.summary import SHARE
from pdekit.comparison.tables import tables
from pdekit.comparison.words import BETTER, WAYS, number
from pdekit.datasets.dataset import RESOLVABLE
from pdekit.files import atomic
from pdekit.report import check_in_words, embedded, rendered

if TYPE_CHECKING:
    from pdekit.comparison.evaluation import Evaluation

FIGURES = "figures"


def write(evaluation: Evaluation, facts: dict[str, Any], folder: Path) -> None:
    """Draw the figures, and write ``comparison.md`` and ``comparison.html``."""
    drawn: list[Path] = []
    if evaluation.case.outputs.figures == "all":
        from pdekit.plots.evaluation import draw

        drawn = draw(evaluation, facts, folder / FIGURES)
    values = {
        "title": facts["title"] or facts["case"] or "Comparison",
        "pdekit_version": pdekit.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "sentences": list(sentences(facts)),
        "warnings": facts["warnings"],
        "checks": [check_in_words(check) for check in facts["checks"]],
        "tables": list(tables(facts)),
        "rules": list(rules(facts)),
        "figures": [embedded(path) for path in drawn],
        "figure_files": [path.relative_to(folder).as_posix() for path in drawn],
    }
    atomic.write_text(folder / "comparison.html", rendered("comparison.html", values))
    atomic.write_text(folder / "comparison.md", rendered("comparison.md", values))


# -- words -----------------------------------------------------------------------------


def sentences(facts: dict[str, Any]) -> Iterator[str]:
    """Say the result in a few sentences."""
    for model in facts["models"]:
        yield from _of_model(model, facts["metric"])
    errors, metric = facts["errors"], facts["metric"]
    data_error, best = errors["data_error"], errors[f"best_model_{metric}"]
    if facts["models"] and data_error is None:
        yield "The error of the data themselves is not known."
    elif best:
        share = data_error / best
        met = "at most" if share <= SHARE else "more than"
        yield (
            f"The data are {number(data_error)} off, {number(share)} of the best error of "
            f"a model: {met} a tenth."
        )


def _of_model(model: dict[str, Any], metric: str) -> Iterator[str]:
    label = model["label"]
    if model["diverged"]:
        count = model["errors"][metric]["samples"]
        yield f"{label} diverges on {model['diverged']} of {count} samples."
        return
    error = number(model["errors"][metric]["mean"])
    for way, said in model["verdict"].items():
        ratio, bound = said["speed_up"], said["classical_s_is"]
        how = f"{label}, {WAYS[way]}: at an error of {error} "
        if said["classical_is_better"]:
            at = "at least " if bound == "at most" else ""
            times = f"{at}{number(1 / ratio)} times as quick"
            yield f"{how}the classical solver is {times}: {BETTER}."
        else:
            times = f"{bound} {number(ratio)}".strip()
            yield f"{how}it is {times} times as quick as the classical solver."
    if not model["resolvable"]:
        yield (
            f"The error of {label} is less than {RESOLVABLE:g} times that of the data: not "
            "resolvable."
        )


def rules(facts: dict[str, Any]) -> Iterator[str]:
    """Say how everything was measured."""
    data, runs = facts["data"], facts["classical"]["runs"]
    yield (
        f"All errors are those of the first {data['samples']} samples of the test split of "
        f"{data['name']}, against its stored solutions: {facts['metric']}, the mean over "
        "samples unless stated, with the 95 % interval of the mean by the bootstrap."
    )
    yield (
        "All times are wall-clock seconds a sample on one thread of the same processor, "
        "the median of five runs at least after one that warms up, from stored input to "
        "stored output in memory: with all conversions, without files and without what is "
        "set up once (plans, factors of the step, weights)."
    )
    if runs:
        yield (
            f"The classical family has {len(runs)} settings; for each resolution the "
            "largest step or weakest tolerance was taken whose error is less than a tenth "
            f"above that of ever smaller ones, judged by the first {TUNED} samples. Inputs "
            "are cut to the modes of the coarser points, or media averaged over its cells, "
            "and solutions brought back by their series."
        )
    yield (
        "Training pays off after (data + training)/(classical time at equal error − time "
        "of the model) samples; never, if the classical solver is as quick. Models were "
        "trained before, and nothing of them was tuned here."
    )
    if "shuffled" in facts["controls"]:
        yield (
            "The control on shuffled outputs has the architecture of the first model and a "
            "brief training, of a few hundred steps at most."
        )
    yield f"{facts['environment'].get('processor')}, pdekit {pdekit.__version__}."
