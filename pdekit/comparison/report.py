"""The report of an evaluation: sentences, tables and figures, as Markdown and one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pdekit
from pdekit.comparison.summary import RESOLVABLE, SHARE, summary
from pdekit.files import atomic
from pdekit.report import check_in_words, embedded, rendered

if TYPE_CHECKING:
    from pdekit.comparison.evaluation import Evaluation

__all__ = ["summary", "write"]

FIGURES = "figures"
BETTER = "classical solver is better here"
WAYS = {"batched": "best batch", "alone": "one sample"}


def write(evaluation: Evaluation, facts: dict[str, Any], folder: Path) -> None:
    """Draw the figures, and write ``comparison.md`` and ``comparison.html``."""
    drawn: list[Path] = []
    if evaluation.case.outputs.figures == "all":
        from pdekit.comparison.figures import draw

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
            f"The data are {number(data_error)} off, {number(share)} of the best error of a "
            f"model: {met} a tenth."
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
            yield (
                f"{how}the classical solver is {at}{number(1 / ratio)} times as quick: {BETTER}."
            )
        else:
            yield f"{how}it is {bound + ' ' if bound else ''}{number(ratio)} times as quick as the classical solver."
    if not model["resolvable"]:
        yield (
            f"The error of {label} is less than {RESOLVABLE:g} times that of the data: not "
            "resolvable."
        )


def rules(facts: dict[str, Any]) -> Iterator[str]:
    """Say how everything was measured."""
    data = facts["data"]
    yield (
        f"All errors are those of the first {data['samples']} samples of the test split of "
        f"{data['name']}, against its stored solutions: {facts['metric']}, mean over samples "
        "unless stated, with the 95 % interval of the mean by the bootstrap."
    )
    yield (
        "All times are wall-clock seconds a sample on one thread of the same processor, the "
        "median of five runs at least after one that warms up, from stored input to stored "
        "output in memory: with all conversions, without files and without what is set up "
        "once (plans, factors of the step, weights)."
    )
    runs = facts["classical"]["runs"]
    if runs:
        yield (
            f"The classical family has {len(runs)} settings; for each resolution the largest "
            "step or weakest tolerance was taken whose error is less than a tenth above that "
            "of ever smaller ones, judged by the first 32 samples. Inputs are cut to the "
            "modes of the coarser points, or media averaged over its cells, and solutions "
            "brought back by their series."
        )
    yield (
        "A sample pays off training after (data + training)/(classical time at equal error − "
        "time of the model) samples; never, if the classical solver is as quick."
    )
    if "shuffled" in facts["controls"]:
        yield (
            "The control on shuffled outputs has the architecture of the first model and a "
            "brief training, no longer than a few hundred steps."
        )
    yield f"{facts['environment'].get('processor')}, pdekit {pdekit.__version__}."


def number(value: Any) -> str:
    """Write a number in three digits; a dash for none."""
    return "–" if value is None else f"{value:.3g}"


def milliseconds(seconds: float) -> str:
    """Write a time in milliseconds."""
    return f"{number(1e3 * seconds)} ms"


def error_words(said: dict[str, Any], *, spread: bool = False) -> str:
    """Write an error; what is not finite diverges."""
    if said["diverged"]:
        return f"diverges ({said['diverged']} of {said['samples']})"
    mean = number(said["mean"])
    if not spread:
        return mean
    return f"{mean} ({number(said['low'])} … {number(said['high'])})"


# -- tables ----------------------------------------------------------------------------


def table(
    title: str, head: Sequence[str], rows: Sequence[tuple[Sequence[str], bool]], note: str = ""
) -> dict[str, Any]:
    """Return a table for the templates; each row with whether it is bad news."""
    return {
        "title": title, "head": head, "note": note,
        "rows": [{"cells": cells, "bad": bad} for cells, bad in rows],
    }  # fmt: skip


def tables(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return all tables that have rows."""
    for make in (_verdicts, _costs, _everybody, _shifted, _controls, _metrics, _rollouts):
        made = make(facts)
        if made["rows"]:
            yield made


def _verdicts(facts: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for model in facts["models"]:
        for way, said in model["verdict"].items():
            seconds = model["seconds"]["batched" if way == "batched" else "single"]
            time_is, error_is = said["classical_s_is"], said["classical_error_is"]
            count = said["break_even_samples"]
            bad = said["classical_is_better"]
            cells = (
                model["label"], WAYS[way], error_words(model["errors"][facts["metric"]]),
                milliseconds(seconds),
                f"{time_is} {milliseconds(said['classical_s_at_equal_error'])}".strip(),
                number(said["speed_up"]),
                f"{error_is} {number(said['classical_error_at_equal_time'])}".strip(),
                "never" if count is None else f"{count:.3g}",
                BETTER if bad else "model is quicker",
            )  # fmt: skip
            rows.append((cells, bad))
    head = ("model", "timed", f"its {facts['metric']}", "its time", "classical time at that error",
            "speed-up", "classical error at that time", "break-even samples", "")  # fmt: skip
    return table("At equal error, at equal time", head, rows)


def _costs(facts: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for model in facts["models"]:
        seeds, gpu = model["seeds"][facts["metric"]], model["gpu_seconds"]
        spread = "–" if seeds["std"] is None else (
            f"{number(seeds['mean'])} ± {number(seeds['std'])} ({len(seeds['each'])})"
        )  # fmt: skip
        cells = (
            model["label"], f"{model['parameters']}", number(model["cost"]["data_s"]),
            number(model["cost"]["train_s"]), spread,
            "–" if gpu is None else f"{milliseconds(gpu['single'])}, {milliseconds(gpu['batched'])}",
            "yes" if model["resolvable"] else "not resolvable",
        )  # fmt: skip
        rows.append((cells, not model["resolvable"]))
    head = ("model", "parameters", "data, s", "training, s", "mean ± deviation over seeds",
            "GPU: one, best batch", f"error above {RESOLVABLE:g} × data error")  # fmt: skip
    return table("What the models cost", head, rows)


def _everybody(facts: dict[str, Any]) -> dict[str, Any]:
    rows = []
    front = facts["classical"]["front"]
    for run in facts["classical"]["runs"]:
        name = f"{run['solver']}, {run['setting']}"
        on = [WAYS[way] for way, names in front.items() if name in names]
        rows.append((_row(name, run, run["error"], ", ".join(on)), False))
    for model in facts["models"]:
        error = model["errors"][facts["metric"]]
        rows.append((_row(model["label"], model, error, "model"), bool(error["diverged"])))
    head = ("method", "precision", f"{facts['metric']} (95 %)", "median", "one sample",
            "best batch", "batch", "on the front of")  # fmt: skip
    return table("Error and time of everybody", head, rows)


def _row(name: str, said: dict[str, Any], error: dict[str, Any], on: str) -> tuple[str, ...]:
    seconds = said["seconds"]
    return (
        name, said["precision"], error_words(error, spread=True), number(error["median"]),
        milliseconds(seconds["single"]), milliseconds(seconds["batched"]),
        str(seconds["batch"]), on,
    )  # fmt: skip


def _shifted(facts: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for name, said in facts["shifted"].items():
        for row in said["models"]:
            is_ = row["classical_error_is"]
            error = row["errors"][facts["metric"]]
            cells = (
                name.replace("_", " "),
                ", ".join(f"{key} = {value}" for key, value in said["changes"].items()),
                row["model"], error_words(error),
                f"{is_} {number(row['classical_error_at_equal_time'])}".strip(),
                milliseconds(row["seconds"]), BETTER if row["classical_is_better"] else "",
            )  # fmt: skip
            rows.append((cells, bool(row["classical_is_better"] or error["diverged"])))
    head = ("data set", "changes", "model", f"its {facts['metric']}",
            "classical error at that time", "its time", "")  # fmt: skip
    few = next((said["samples"] for said in facts["shifted"].values()), 0)
    return table("Out of distribution", head, rows, f"{few} new samples each, best batch.")


def _controls(facts: dict[str, Any]) -> dict[str, Any]:
    rows, metric = [], facts["metric"]
    best = facts["errors"][f"best_model_{metric}"]
    for name, said in facts["controls"].items():
        if "errors" not in said:
            rows.append(((name, said["left_out"], "–"), False))
            continue
        error = said["errors"][metric]
        beats = best is not None and error["mean"] is not None and error["mean"] <= best
        words = error_words(error) + (" (no model is better)" if beats else "")
        rows.append(((name, said["what"], words), beats))
    return table("Controls: predictions that have learned nothing",
                 ("control", "what it predicts", metric), rows)  # fmt: skip


def _metrics(facts: dict[str, Any]) -> dict[str, Any]:
    rows = [
        ((model["label"], name, error_words(error, spread=True), number(error["median"])),
         bool(error["diverged"]))
        for model in facts["models"]
        for name, error in model["errors"].items()
        if name != facts["metric"]
    ]  # fmt: skip
    return table("Other errors", ("model", "error", "mean (95 %)", "median"), rows)


def _rollouts(facts: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for model in facts["models"]:
        said = model["rollout"]
        if said is None:
            continue
        if said["diverged"]:
            samples = model["errors"][facts["metric"]]["samples"]
            words = f"diverges ({said['diverged']} of {samples})"
            rows.append(((model["label"], words, *"–––––"), True))
            continue
        reach = ", ".join(f"{number(t)} (ρ < {at})" for at, t in said["correlation_time"].items())
        cells = (
            model["label"], number(said["relative_l2"][0]), number(said["relative_l2"][-1]),
            reach, number(said["log_spectrum_error"]), number(said["mean_drift"]),
            number(said["energy_drift"]),
        )  # fmt: skip
        rows.append((cells, False))
    head = ("model", "error, first frame", "last frame", "correlation time",
            "log spectrum error", "drift of the mean", "of ⟨u²⟩")  # fmt: skip
    return table("Roll-outs", head, rows, "Spectrum and drifts are those of the last frame.")
