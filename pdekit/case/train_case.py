"""The sections of a case that trains a model of a solution operator on a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Strict
from pydantic import Field as Key

from pdekit.case.dataset_case import Some
from pdekit.case.schema import CheckSpec
from pdekit.case.types import (
    AxisPoints,
    Count,
    NamedSection,
    NotNegative,
    Number,
    Positive,
    Section,
)
from pdekit.case.written import Written, digest_of

METRICS = {
    "test_relative_l2": "mean over the test split of ‖û − u‖₂/‖u‖₂, over all fields, "
    "points and predicted frames of a sample, from its first true frames to its last",
    "test_relative_l2_median": "its median",
    "test_relative_l2_max": "its largest value",
    "test_relative_l2_final": "mean of the same at the last frame alone",
    "test_one_step_relative_l2": "mean of the same for one step from true frames",
    "validation_relative_l2": "that of the validation split, one step",
    "train_relative_l2": "that of the samples that were learned from, one step",
    "data_error": "estimated error of the data themselves",
    "precision_error": "what half precision adds to the error, relative to single",
    "parameters": "number of trained numbers",
    "train_s": "seconds of training, all seeds together",
}
"""What the checks of a training may name, besides test_relative_l2_POINTS."""
_NOT_THE_WEIGHTS = ("name", "title", "checks", "outputs")


def metric_names(points: tuple[int, ...]) -> tuple[str, ...]:
    """Return the metrics of a training that is tested on further grids."""
    return (*METRICS, *(f"test_relative_l2_{n}" for n in points))


def _named(value: Any) -> Any:
    """Let a section with a name be the bare name."""
    return {"name": value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, int | float | str) else value


Symmetries = Annotated[
    tuple[Literal["flip", "transpose", "odd"], ...],
    Strict(False),
    BeforeValidator(_listed),
]


PointCounts = Annotated[tuple[AxisPoints, ...], Strict(False), BeforeValidator(_listed)]


class ModelSpec(NamedSection):
    """Which model, and its arguments (`pdekit list models` names them)."""

    name: str = Key(description="name of the model")


class LossSpec(Section):
    """What is made small, on physical fields."""

    name: Literal["relative_l2", "sobolev", "h1"] = Key(
        default="relative_l2",
        description="relative_l2; sobolev: by Fourier series, in periodic boxes; h1: with "
        "differences, for any boundary",
    )
    order: Number | None = Key(
        default=None, description="order of the sobolev norm, of any sign; 1"
    )


class TrainSamples(Section):
    """How many samples of each split are used; all there are when left out."""

    train: Count | None = Key(default=None, description="samples to learn from")
    validation: Some | None = Key(default=None, description="samples to choose by")
    test: Some | None = Key(default=None, description="samples to judge by")


class OptimizerSpec(Section):
    """How the loss is made small."""

    name: Literal["adamw"] = Key(default="adamw", description="the method")
    lr: Positive = Key(default=2e-3, description="largest learning rate")
    weight_decay: NotNegative = Key(default=1e-5, description="decay of the weights")
    epochs: Count = Key(default=100, description="passes through the samples")
    batch: Count = Key(default=20, description="samples for each step")
    schedule: Literal["one_cycle", "cosine", "step", "constant"] = Key(
        default="one_cycle", description="learning rate over the steps"
    )
    warm_up: Annotated[NotNegative, Key(lt=1)] = Key(
        default=0.1, description="share of the steps in which the rate rises"
    )
    every: Count | None = Key(
        default=None, description="epochs between steps of the rate; a fifth of all"
    )
    factor: Annotated[Positive, Key(lt=1)] = Key(
        default=0.5, description="by which it steps"
    )
    clip: NotNegative = Key(
        default=1.0, description="largest norm of the gradient; 0 for any"
    )


class RolloutSpec(Section):
    """Training on the model's own frames."""

    steps: Count = Key(default=1, description="steps that a loss is over")
    push_forward: bool = Key(
        default=False, description="gradient through the last step alone"
    )


class EarlyStop(Section):
    """An end before the last epoch."""

    patience: Count = Key(description="epochs without a better validation error")


class TestSpec(Section):
    """How the trained model is judged."""

    __test__ = False  # no test, whatever pytest thinks

    start: Number | None = Key(
        default=None,
        description="time of the last true frame that a roll-out sees; as early as can be",
    )
    points: PointCounts = Key(
        default=(),
        description="numbers of points, along all axes, that the test samples are solved "
        "on again and judged on; needs the case of the data set",
    )


class TrainOutputs(Section):
    """What training leaves besides the model and the summary."""

    figures: Literal["all", "none"] = Key(default="all", description="all, or none")
    checkpoint_every: Positive = Key(
        default=30.0, description="seconds between checkpoints"
    )


class TrainRun(Section):
    """Where and how the numbers are computed."""

    device: Literal["auto", "cpu", "cuda"] = Key(default="auto", description="processor")
    precision: Literal["single", "double", "bfloat16"] = Key(
        default="single",
        description="of the model; bfloat16: products in it, weights in single",
    )
    threads: Literal["auto"] | Count = Key(
        default="auto",
        union_mode="left_to_right",
        description="threads; auto: one for small batches, else all",
    )
    seed: int = Key(default=0, ge=0, description="seed of weights and order of samples")


class TrainCase(Written):
    """What a model is, what it learns from, and how.

    Made by `load_case`, which checks everything and fills in every default.
    """

    task: Literal["train"] = Key(description="what to do")
    data: str = Key(
        description="folder of a data set, or the case of one: looked for in runs/NAME, "
        "and made there when it is not"
    )
    samples: TrainSamples = Key(
        default=TrainSamples(), description="fewer samples than there are"
    )
    model: Annotated[ModelSpec, BeforeValidator(_named)] = Key(
        description="the model and its arguments"
    )
    history: Count = Key(default=1, description="frames that the model sees")
    frames: Count = Key(default=1, description="frames that it gives at once")
    stride: Count = Key(
        default=1, description="frames of the data from one of the model's to the next"
    )
    predict: Literal["auto", "state", "increment"] = Key(
        default="auto",
        description="the next state, or the change to it; auto: the change if that "
        "varies less than a third as much",
    )
    loss: Annotated[LossSpec, BeforeValidator(_named)] = Key(
        default=LossSpec(), description="what is made small"
    )
    optimizer: OptimizerSpec = Key(
        default=OptimizerSpec(), description="how it is made small"
    )
    augment: Symmetries = Key(
        default=(),
        description="symmetries of the equation, for fields that are scalars: flip (each "
        "axis reversed), transpose (x and y exchanged), odd (u(x) to -u(-x)); for each "
        "batch one is drawn",
    )
    rollout: RolloutSpec = Key(
        default=RolloutSpec(), description="training on the model's own frames"
    )
    early_stop: EarlyStop | None = Key(
        default=None, description="an end before the last epoch"
    )
    seeds: Count = Key(
        default=1,
        description="trainings from different seeds; the first is the model, the others "
        "tell the spread of its error",
    )
    test: TestSpec = Key(default=TestSpec(), description="how it is judged")
    outputs: TrainOutputs = Key(default=TrainOutputs(), description="what to leave behind")
    checks: dict[str, CheckSpec] = Key(default={}, description="bounds on metrics")
    run: TrainRun = Key(default=TrainRun(), description="where and how to compute")

    @property
    def counts(self) -> Mapping[str, int | None]:
        """Number of samples of each split that are used; None for all."""
        return self.samples.model_dump()

    def digest(self) -> str:
        """Hash of what determines the weights: not of titles, checks, threads."""
        said = self.to_dict()
        for key in _NOT_THE_WEIGHTS:
            said.pop(key, None)
        said["run"].pop("threads")
        return digest_of(said)
