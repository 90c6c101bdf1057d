"""The sections of a case that makes a data set: a problem, solved for random inputs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic import Field as Key

from pdekit.case.schema import CheckSpec, Names, Save
from pdekit.case.types import AxisPoints, Count, Number, Section, whole
from pdekit.case.written import Written, digest_of

SPLITS = {"train": "train", "validation": "valid", "test": "test"}
"""Splits, and the folders that hold them."""
METRICS = ("data_error",)
"""What the checks of a data set may name."""
CHECK_KEYS = ("until",)
"""What may stand beside a bound: the last time that is looked at."""
FEW = 2
"""Samples that are solved again for an estimate of their error, unless a case says."""
_NOT_THE_SAMPLES = ("name", "title", "samples", "batch", "workers", "data_error", "checks")

Some = Annotated[int, Key(ge=0), BeforeValidator(whole)]


class SampleCounts(Section):
    """How many samples each split has; those of different splits share no random number."""

    train: Count = Key(description="samples to learn from")
    validation: Some = Key(default=0, description="samples to choose by")
    test: Some = Key(default=0, description="samples to judge by")


class StoredSpec(Section):
    """What is stored of every sample."""

    fields: Literal["all"] | Names = Key(
        default="all", union_mode="left_to_right", description="names of fields, or all"
    )
    times: Save | None = Key(
        default=None,
        description="number of frames, {every: dt}, or a list; the frames of the problem "
        "when left out",
    )
    start: Number | None = Key(
        default=None,
        description="time of the first frame, which takes the place of what was drawn; "
        "nothing is stored of what comes before",
    )
    points: AxisPoints | dict[str, AxisPoints] | None = Key(
        default=None,
        union_mode="left_to_right",
        description="points along all axes or by axis; half of those it is solved on when "
        "left out",
    )
    inputs: bool = Key(
        default=True,
        description="also what was drawn: the start as first frame, or the coefficient",
    )
    coarsening: Literal["auto", "spectral", "stride"] = Key(
        default="auto",
        description="cut modes that the stored grid cannot hold (equations in time), or "
        "take every n-th point (boundary-value problems)",
    )
    walls: Literal["none", "mirrored"] = Key(
        default="none",
        description="mirrored: the first half of every axis alone, between walls without "
        "flux about which everything is even",
    )
    dtype: Literal["float32", "float64"] = Key(
        default="float32", description="numbers as they are stored; double is solved in"
    )


class DatasetCase(Written):
    """What a data set is made of.

    Made by `load_case`, which checks everything and fills in every default.
    """

    task: Literal["dataset"] = Key(description="what to do")
    problem: str = Key(
        description="a case that draws something at random: a shipped one, or a file in "
        "the folder of this one"
    )
    set: dict[str, Any] = Key(
        default={}, description="keys of the problem by dotted path, as with --set"
    )
    samples: SampleCounts = Key(description="number of samples of each split")
    seed: Some = Key(default=0, description="seed that those of all samples grow from")
    save: StoredSpec = Key(default=StoredSpec(), description="what is stored")
    batch: Count = Key(
        default=32,
        description="samples solved at once; they are the same whatever this number",
    )
    workers: Literal["auto"] | Count = Key(
        default=1,
        union_mode="left_to_right",
        description="processes; auto is one for each processor",
    )
    data_error: bool | Some = Key(
        default=True,
        union_mode="left_to_right",
        description="samples that are solved again on twice the points with half the step, "
        f"for an estimate of their error; true is {FEW}",
    )
    checks: dict[str, CheckSpec] = Key(default={}, description="bounds on data_error")

    @property
    def counts(self) -> dict[str, int]:
        """Number of samples of the splits that have some."""
        given = self.samples.model_dump()
        return {split: n for split, n in given.items() if n}

    @property
    def solved_again(self) -> int:
        """Number of samples that the error is estimated from."""
        wanted = FEW if self.data_error is True else int(self.data_error)
        return min(wanted, self.samples.train)

    def digest(self) -> str:
        """Hash of what determines each sample; how many there are does not."""
        from pdekit.case.loader import problem_of

        said = self.to_dict()
        for key in (*_NOT_THE_SAMPLES, "problem", "set"):
            said.pop(key, None)
        return digest_of([said, problem_of(self).digest()])
