"""The sections of a case that compares trained models with classical solvers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Strict
from pydantic import Field as Key

from pdekit.case.schema import CheckSpec, Names
from pdekit.case.types import AxisPoints, Count, Section
from pdekit.case.written import Written, digest_of

RESOLUTIONS = 4
"""Fewest resolutions of the classical family."""
USUAL = (
    "half_viscosity", "half_diffusivity", "half_dispersion", "smoother", "rougher",
    "twice_the_points", "twice_as_long",
)  # fmt: skip
"""Names of the shifted data sets that ``auto`` may make."""
Control = Literal["persistence", "mean", "linear", "shuffled"]
CONTROLS: tuple[Control, ...] = ("persistence", "mean", "linear", "shuffled")
"""Predictions that have learned nothing."""
_NOT_THE_ANSWER = ("name", "title", "checks", "outputs")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


class ClassicalSpec(Section):
    """The classical family on the same axes."""

    solvers: Annotated[
        tuple[dict[str, Any], ...], Strict(False), BeforeValidator(_listed)
    ] = Key(
        default=(),
        description="keys of the solver section of the problem, or of the problem by "
        "dotted path; its own solver when left out; {name: banded} is Cholesky in a band "
        "(steady problems)",
    )
    points: (
        Annotated[tuple[AxisPoints, ...], Strict(False), Key(min_length=RESOLUTIONS)] | None
    ) = Key(
        default=None,
        description="points along the first axis, four numbers at least; chosen when left "
        "out; steps and tolerances are chosen for each",
    )
    precision: Literal["single", "double"] = Key(
        default="single",
        description="floating point of equations in time: that of the models, to be fair",
    )


class EvaluateOutputs(Section):
    """What an evaluation leaves besides the report and the summary."""

    figures: Literal["all", "none"] = Key(default="all", description="all, or none")


class EvaluateCase(Written):
    """What is compared, on which samples, by which errors.

    Made by `load_case`, which checks everything and fills in every default.
    """

    task: Literal["evaluate"] = Key(description="what to do")
    data: str | None = Key(
        default=None,
        description="folder of a data set, or the case of one, made when missing; that of "
        "the first model when left out",
    )
    models: Names = Key(
        default=(),
        description="files of weights, folders of trainings, or cases that train, which "
        "is done when it has not been",
    )
    samples: Count = Key(default=100, description="samples of the test split")
    frames: Count | None = Key(
        default=None, description="frames to predict; all there are when left out"
    )
    metrics: Annotated[Names, Key(min_length=1)] = Key(
        default=("relative_l2",),
        description="errors, less being better; the first is that of the comparison",
    )
    classical: ClassicalSpec = Key(
        default=ClassicalSpec(), description="the classical solvers beside the models"
    )
    shifted: Literal["auto", "none"] | dict[str, dict[str, Any]] = Key(
        default="auto",
        union_mode="left_to_right",
        description="data sets of other kinds than learned from, by name: keys of the "
        "problem by dotted path, or of the data set, such as save.points",
    )
    shifted_samples: Count = Key(
        default=16, description="samples of each shifted data set, solved on the fly"
    )
    controls: Annotated[tuple[Control, ...], Strict(False)] = Key(
        default=CONTROLS, description="predictions that have learned nothing"
    )
    shuffled_updates: Count = Key(
        default=100, description="steps of the training on shuffled outputs"
    )
    outputs: EvaluateOutputs = Key(
        default=EvaluateOutputs(), description="what to leave behind"
    )
    checks: dict[str, CheckSpec] = Key(default={}, description="bounds on metrics")

    @property
    def metric(self) -> str:
        """The error that the comparison is by."""
        return self.metrics[0]

    def digest(self) -> str:
        """Hash of what determines the errors: not of titles, checks, outputs."""
        said = self.to_dict()
        for key in _NOT_THE_ANSWER:
            said.pop(key, None)
        return digest_of(said)

    def known_metrics(self) -> dict[str, str]:
        """Return what checks may name, and what it is."""
        names = USUAL if self.shifted == "auto" else ()
        return metrics_of(
            self.metrics,
            self.controls,
            self.shifted if isinstance(self.shifted, Mapping) else names,
        )


def metrics_of(metrics: Any, controls: Any, shifted: Any) -> dict[str, str]:
    """Return the metrics of an evaluation with these errors, controls and data sets."""
    found = {
        "speed_up": "largest ratio of the classical time at equal error to a model's, in "
        "best batches",
        "speed_up_alone": "the same for one sample at a time",
        "break_even_samples": "fewest samples after which a model has paid off",
        "data_error": "estimated error of the data themselves",
        "data_error_share": "the same as a part of the best error of a model",
        "diverged": "predictions of models that are not finite",
        "total_s": "seconds of the evaluation",
    }
    for metric in metrics:
        found[f"best_model_{metric}"] = f"least mean {metric} of a model"
        found |= {f"control_{c}_{metric}": f"mean {metric} of a control" for c in controls}
        found |= {f"shifted_{s}_{metric}": f"least mean {metric} there" for s in shifted}
    first = next(iter(metrics), "relative_l2")
    found[f"classical_{first}"] = f"least mean {first} of the classical family"
    return found
