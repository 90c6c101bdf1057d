"""What an evaluation found, as plain data: the truth of which the report is a view."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import metrics, provenance
from pdekit.comparison import classical
from pdekit.comparison.front import verdict
from pdekit.datasets.dataset import RESOLVABLE
from pdekit.errors import PdekitError

if TYPE_CHECKING:
    from pdekit.comparison.evaluation import Evaluation
    from pdekit.comparison.found import Judged

SHARE = 0.1
"""What the error of the data should be of the best error of a model, at most."""
WAYS = {True: "batched", False: "alone"}


def summary(evaluation: Evaluation, failure: PdekitError | None) -> dict[str, Any]:
    """Return what ``summary.json`` holds."""
    case, trial, found = evaluation.case, evaluation.trial, evaluation.found
    facts: dict[str, Any] = {
        "case": case.name,
        "title": case.title,
        "task": "evaluate",
        "status": "interrupted" if failure else "ok",
        "message": str(failure or ""),
        "data": {
            "name": evaluation.data.name,
            "samples": len(trial),
            "points": list(trial.grid.shape),
            "given": trial.history,
            "frames": trial.frames,
            "data_error": evaluation.data_error,
            "seconds": evaluation.data_s,
            "equation": evaluation.problem and evaluation.problem.equation.name,
            "steady": trial.steady,
        },
        "metric": case.metric,
        "models": [model_facts(evaluation, judged) for judged in found.models],
        "classical": classical_facts(evaluation),
        "controls": found.controls,
        "shifted": found.shifted,
        "invariants": {},
        "warnings": evaluation.warnings,
        "cost": {"total_s": evaluation.total_s},
        "environment": provenance.collect(threads=1),
    }
    facts["errors"] = numbers(evaluation, facts)
    facts["checks"] = [] if failure else _checks(evaluation, facts["errors"])
    if not failure and not all(check["holds"] for check in facts["checks"]):
        facts["status"] = "check_failed"
    return facts


def model_facts(evaluation: Evaluation, judged: Judged) -> dict[str, Any]:
    """Return what is known of a model."""
    metric, entrant = evaluation.case.metric, judged.entrant
    cost, fronts = evaluation.costs(judged), classical.fronts(evaluation.found.runs)
    error = judged.scores[metric].mean
    verdicts = {
        WAYS[batched]: verdict(
            front, judged.mark(metric, batched), cost["data_s"], cost["train_s"]
        )
        for batched, front in fronts.items()
        if front.marks
    }
    data_error = evaluation.data_error
    return {
        "label": entrant.label,
        "model": entrant.model.operator.name,
        "parameters": entrant.model.operator.count(),
        "precision": entrant.model.precision,
        "samples": (entrant.facts.get("data") or {}).get("counts"),
        "errors": {name: score.facts() for name, score in judged.scores.items()},
        "diverged": judged.scores[metric].diverged,
        "seeds": {name: _spread(values) for name, values in judged.seeds.items()},
        "seconds": vars(judged.timing),
        "gpu_seconds": judged.gpu and vars(judged.gpu),
        "cost": cost,
        "verdict": verdicts,
        "resolvable": data_error is None or error >= RESOLVABLE * data_error,
        "rollout": evaluation.rollout(judged.answers),
    }


def _spread(values: list[float]) -> dict[str, Any]:
    """Return mean and deviation over seeds; a single one has no deviation."""
    several = len(values) > 1 and bool(np.isfinite(values).all())
    return {
        "each": values,
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)) if several else None,
    }


def classical_facts(evaluation: Evaluation) -> dict[str, Any]:
    """Return all settings that were run, and which none other beats."""
    runs = evaluation.found.runs
    fronts = classical.fronts(runs)
    on = {WAYS[way]: [m.label for m in front.marks] for way, front in fronts.items()}
    return {"runs": [run.facts() for run in runs], "front": on}


def numbers(evaluation: Evaluation, facts: dict[str, Any]) -> dict[str, Any]:
    """Return all that checks may name, None for what is not known."""
    models, found = facts["models"], evaluation.found
    out: dict[str, Any] = dict.fromkeys(evaluation.case.known_metrics())
    for name in evaluation.case.metrics:
        out[f"best_model_{name}"] = least(m["errors"][name]["mean"] for m in models)
        for control, said in found.controls.items():
            if "errors" in said:
                out[f"control_{control}_{name}"] = said["errors"][name]["mean"]
        for kind, said in found.shifted.items():
            each = (row["errors"][name]["mean"] for row in said["models"])
            out[f"shifted_{kind}_{name}"] = least(each)
    metric = evaluation.case.metric
    out[f"classical_{metric}"] = least(run.score.mean for run in found.runs)
    for way, key in (("batched", "speed_up"), ("alone", "speed_up_alone")):
        ratios = [m["verdict"][way]["speed_up"] for m in models if way in m["verdict"]]
        out[key] = max(ratios, default=None)
    counts = [v["break_even_samples"] for m in models for v in m["verdict"].values()]
    out["break_even_samples"] = least(counts)
    error, best = evaluation.data_error, out[f"best_model_{metric}"]
    out["data_error"] = error
    out["data_error_share"] = error / best if error is not None and best else None
    out["diverged"] = sum(m["diverged"] for m in models)
    out["total_s"] = evaluation.total_s
    return out


def least(values: Any) -> float | None:
    """Return the smallest number, None if there is none."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    return min(known, default=None)


def _checks(evaluation: Evaluation, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        metrics.held(label, spec, found.get(spec.metric or label), "not known")
        for label, spec in evaluation.case.checks.items()
    ]
