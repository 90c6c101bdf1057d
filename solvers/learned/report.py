"""What is told of a training: in the file of the model, and when it is done."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import metrics, provenance, threads
from pdekit.datasets.dataset import RESOLVABLE
from pdekit.errors import Interrupted
from pdekit.files import atomic
from pdekit.solvers.learned.samples import extent
from pdekit.store import FIGURES, SUMMARY

if TYPE_CHECKING:
    from pdekit.solvers.learned.fitting import Fit
    from pdekit.solvers.learned.training import Training

HISTORY = "history.csv"
HALF = 0.01
"""Share of the model's own error that half precision may add."""


def line(fit: Fit) -> str:
    """Say how a training is going, in a few words."""
    rows = fit.place.history
    if not rows:
        return ""
    last = rows[-1]
    told = f"epoch {last['epoch']}, loss {last['loss']:.2e}"
    if last["validation"] is not None:
        told += f", validation {last['validation']:.2e}"
    return told


def facts(training: Training, number: int) -> dict[str, Any]:
    """Return what the file of a model says beside its weights."""
    result, said = training.results[number], training.header.facts
    made = said.get("problem", {}).get("equation", {})
    return {
        "equation": {
            "name": made.get("name", said.get("equation", "")),
            "params": {k: v for k, v in made.items() if k != "name"},
        },
        "data": data(training),
        "inputs": extent(training.train),
        "points": list(training.header.grid.shape),
        "horizon": float(np.ptp(training.header.times)),
        "case": training.case.to_dict(),
        "errors": result["errors"],
        "cost": {"train_s": result["seconds"], "data_s": training.data_s},
        "seed": result["seed"],
        "epoch": result["best_epoch"],
        "provenance": provenance.collect(
            seed=result["seed"], device=str(training.world.device)
        ),
    }


def data(training: Training) -> dict[str, Any]:
    """Say what was learned from."""
    case = training.contents.case
    return {
        "name": training.data.name,
        "digest": None if case is None else case.digest(),
        "folder": training.data_folder.as_posix() if _relative(training) else "",
        "counts": training.counts,
        "data_error": data_error(training),
    }


def _relative(training: Training) -> bool:
    return not training.data_folder.is_absolute()


def data_error(training: Training) -> float | None:
    """Return the largest error of the frames that are learned, if it is known."""
    told = training.header.facts.get("data_error")
    if not isinstance(told, list):
        return None
    return float(np.max(told))


def summary(training: Training) -> dict[str, Any]:
    """Return what ``summary.json`` holds."""
    case, failure, results = training.case, training.failure, training.results
    found = measured(training)
    unknown = "not known for this training"
    checks = [
        metrics.held(label, spec, found.get(spec.metric or label), unknown)
        for label, spec in case.checks.items()
    ]
    status = "ok" if all(check["holds"] for check in checks) else "check_failed"
    if failure is not None:
        status = "interrupted" if isinstance(failure, Interrupted) else "diverged"
    errors = dict(results[0]["errors"]) if results else {}
    if "test_relative_l2" in errors:
        errors |= {
            "relative_l2": errors["test_relative_l2"],
            "reference": "the test samples",
        }
    return {
        "case": case.name,
        "title": case.title,
        "task": "train",
        "status": status,
        "message": str(failure or ""),
        "errors": errors,
        "seeds": _over_seeds(training),
        "invariants": {},
        "checks": checks,
        "cost": _cost(training),
        "model": {
            "name": case.model.name,
            "parameters": training.operator.count(),
            "arguments": training.operator.arguments,
            "varying": list(training.signature.varying),
            "constant": list(training.signature.constant),
            "history": training.signature.history,
            "frames": training.signature.frames,
            "step": training.signature.step,
            "increment": training.signature.increment,
            "points": list(training.header.grid.shape),
            "seed": case.run.seed,
            "epoch": training.results[0]["best_epoch"] if results else None,
        },
        "data": data(training),
        "environment": provenance.collect(
            seed=case.run.seed, device=str(training.world.device)
        ),
        "warnings": [*training.warnings, *_doubts(training, errors)],
    }


def measured(training: Training) -> dict[str, float | None]:
    """Return the metrics by name."""
    errors = training.results[0]["errors"] if training.results else {}
    numbers = {k: v for k, v in errors.items() if isinstance(v, float)}
    return {
        **numbers,
        "data_error": data_error(training),
        "parameters": float(training.operator.count()),
        "train_s": _seconds(training),
    }


def _seconds(training: Training) -> float:
    done: float = sum(each["seconds"] for each in training.results)
    unfinished = len(training.results) < training.case.seeds and hasattr(training, "fit")
    return done + (training.fit.place.seconds if unfinished else 0.0)


def _cost(training: Training) -> dict[str, Any]:
    fit, trained = training.fit, _seconds(training)
    rows = sum(len(each["history"]) for each in training.results)
    if len(training.results) < training.case.seeds:
        rows += len(fit.place.history)
    total = training.setup_s + training.data_s + trained + training.judge_s
    return {
        "setup_s": training.setup_s,
        "data_s": training.data_s,
        "train_s": trained,
        "judge_s": training.judge_s,
        "total_s": total,
        "epochs": rows,
        "steps": rows * fit.batches,
        "samples_per_s": rows * fit.pairs / trained if trained else None,
        "threads": threads.current(),
        "processes": training.world.size,
    }


def _over_seeds(training: Training) -> dict[str, Any]:
    """Return mean and deviation over the seeds of the test error."""
    values = [
        each["errors"]["test_relative_l2"]
        for each in training.results
        if "test_relative_l2" in each["errors"]
    ]
    found: dict[str, Any] = {"count": len(training.results), "test_relative_l2": values}
    if len(values) > 1:
        found |= {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1))}
    return found


def _doubts(training: Training, errors: dict[str, Any]) -> list[str]:
    """Say where an error is too close to that of the data, or of the arithmetic."""
    out, floor = [], data_error(training)
    value = errors.get("test_relative_l2")
    if floor is not None and value is not None and value < RESOLVABLE * floor:
        out.append(
            f"the test error {value:.2g} is below {RESOLVABLE:g} times the estimated error "
            f"of the data, {floor:.2g}: solve the data finer before it says anything"
        )
    extra = errors.get("precision_error")
    if extra is not None and extra > HALF:
        out.append(
            f"half precision changes the output by {100 * extra:.2g} % of the model's own "
            "error; more than 1 % is too much: use run.precision: single"
        )
    return out


def write(training: Training, told: dict[str, Any]) -> None:
    """Write the summary, the history and the figure."""
    folder = training.folder
    runs = [{"seed": each["seed"], "rows": each["history"]} for each in training.results]
    if len(runs) < training.case.seeds and training.fit.place.history:
        seed = training.fit.seed
        runs.append({"seed": seed, "rows": training.fit.place.history})
    atomic.write_text(folder / HISTORY, _table(runs))
    if runs and training.case.outputs.figures != "none":
        from pdekit.plots.learning import save_learning

        save_learning(runs, told, folder / FIGURES / "loss.png")
    atomic.write_json(folder / SUMMARY, told)


def _table(runs: list[dict[str, Any]]) -> str:
    """Write the history of all seeds as CSV."""
    text = io.StringIO()
    columns = ("seed", "epoch", "seconds", "learning_rate", "loss", "validation")
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    for run in runs:
        table.writerows({"seed": run["seed"], **row} for row in run["rows"])
    return text.getvalue()
