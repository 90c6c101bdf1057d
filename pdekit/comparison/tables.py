"""The tables of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pdekit.comparison.words import BETTER, WAYS, error_words, milliseconds, number
from pdekit.datasets.dataset import RESOLVABLE


def table(
    title: str,
    head: Sequence[str],
    rows: Sequence[tuple[Sequence[str], bool]],
    note: str = "",
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
    head = ("model", "timed", f"its {facts['metric']}", "its time",
            "classical time at that error", "speed-up", "classical error at that time",
            "break-even samples", "")  # fmt: skip
    return table("At equal error, at equal time", head, rows)


def _costs(facts: dict[str, Any]) -> dict[str, Any]:
    rows = []
    for model in facts["models"]:
        seeds = model["seeds"][facts["metric"]]
        spread = "–" if seeds["std"] is None else (
            f"{number(seeds['mean'])} ± {number(seeds['std'])} ({len(seeds['each'])})"
        )  # fmt: skip
        cells = (
            model["label"], f"{model['parameters']}", number(model["cost"]["data_s"]),
            number(model["cost"]["train_s"]), spread,
            _both(model["gpu_seconds"]),
            "yes" if model["resolvable"] else "not resolvable",
        )  # fmt: skip
        rows.append((cells, not model["resolvable"]))
    head = ("model", "parameters", "data, s", "training, s", "mean ± deviation over seeds",
            "GPU: one, best batch", f"error above {RESOLVABLE:g} × data error")  # fmt: skip
    return table("What the models cost", head, rows)


def _both(seconds: dict[str, Any] | None) -> str:
    if seconds is None:
        return "–"
    return f"{milliseconds(seconds['single'])}, {milliseconds(seconds['batched'])}"


def _everybody(facts: dict[str, Any]) -> dict[str, Any]:
    rows = []
    front = facts["classical"]["front"]
    for run in facts["classical"]["runs"]:
        name = f"{run['solver']}, {run['setting']}"
        on = [WAYS[way] for way, names in front.items() if name in names]
        mean, data = run["error"]["mean"], facts["data"]["data_error"]
        on += ["not resolvable"] if data and mean and mean < RESOLVABLE * data else []
        rows.append((_row(name, run, run["error"], ", ".join(on)), False))
    for model in facts["models"]:
        error = model["errors"][facts["metric"]]
        rows.append((_row(model["label"], model, error, "model"), bool(error["diverged"])))
    head = ("method", "precision", f"{facts['metric']} (95 %)", "median", "one sample",
            "best batch", "batch", "on the front of")  # fmt: skip
    return table("Error and time of everybody", head, rows)


def _row(
    name: str, said: dict[str, Any], error: dict[str, Any], on: str
) -> tuple[str, ...]:
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
        reach = ", ".join(
            f"{number(t)} (ρ < {at})" for at, t in said["correlation_time"].items()
        )
        cells = (
            model["label"], number(said["relative_l2"][0]), number(said["relative_l2"][-1]),
            reach, number(said["log_spectrum_error"]), number(said["mean_drift"]),
            number(said["energy_drift"]),
        )  # fmt: skip
        rows.append((cells, False))
    head = ("model", "error, first frame", "last frame", "correlation time",
            "log spectrum error", "drift of the mean", "of ⟨u²⟩")  # fmt: skip
    return table(
        "Roll-outs", head, rows, "Spectrum and drifts are those of the last frame."
    )
