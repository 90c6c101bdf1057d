"""The trained models of an evaluation: found or trained, fit for the data, not leaking."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdekit.case import DatasetCase, EvaluateCase, TrainCase, dataset_case, same_case
from pdekit.case.evaluate_rules import data_of, model_of
from pdekit.comparison.trial import Cut
from pdekit.datasets.dataset import DataSet, Split
from pdekit.datasets.finding import RUNS, made
from pdekit.datasets.leakage import digests
from pdekit.datasets.loading import load
from pdekit.errors import CaseError, PdekitError
from pdekit.files.folders import numbered
from pdekit.files.weights import WeightsError
from pdekit.observer import Observer
from pdekit.store import CASE, SUMMARY

if TYPE_CHECKING:
    from pdekit.solvers.learned.comparison import Learned

MODEL = "model.safetensors"
LEARNED_FROM = ("train", "validation")


@dataclass(frozen=True)
class Entrant:
    """A trained model, from one seed or from several; the first is the model."""

    label: str
    path: Path
    seeds: tuple[Learned, ...]

    @property
    def model(self) -> Learned:
        """The operator that is judged."""
        return self.seeds[0]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What training told of itself."""
        return self.model.facts

    def cost(self, data_s: float) -> dict[str, float]:
        """Return seconds of training and of making the data."""
        told: Mapping[str, Any] = self.facts.get("cost") or {}
        own = told.get("data_s")
        return {
            "train_s": float(told.get("train_s") or 0.0),
            "data_s": data_s if own is None else float(own),
        }


def weights_of(case: EvaluateCase, observer: Observer) -> list[Path]:
    """Return the files or folders of the models; train those that have not been."""
    each = named(case)
    return [trained(m, observer) if isinstance(m, TrainCase) else m for m in each]


def named(case: EvaluateCase) -> list[Path | TrainCase]:
    """Return the files, folders and cases that the models are named by."""
    found = []
    for number, name in enumerate(case.models):
        try:
            found.append(model_of(case.written_in(), name))
        except ValueError as error:
            raise case.refusal(f"models.{number}", str(error)) from error
    return found


def trained(case: TrainCase, observer: Observer) -> Path:
    """Return the folder of a training: one in ``runs`` of the same case, or a new one."""
    from pdekit.tasks import run_into

    base = RUNS / (case.name or "model")
    for folder in numbered(base):
        if (
            (folder / MODEL).is_file()
            and (folder / SUMMARY).is_file()
            and same_case(folder / CASE, case)
        ):
            return folder
    observer.message(f"training {case.name or base.name}")
    _, folder, failure = run_into(case, base, observer=observer)
    if failure is not None:
        raise failure
    return folder


def data_folder(
    case: EvaluateCase, entrants: Sequence[Entrant], observer: Observer
) -> Path:
    """Return the folder of the data, made when it is missing."""
    if case.data is not None:
        try:
            given = data_of(case.written_in(), case.data)
        except ValueError as error:
            raise case.refusal("data", str(error)) from error
        return made(given, observer) if isinstance(given, DatasetCase) else given
    told: Mapping[str, Any] = entrants[0].facts.get("data") or {}
    folder = Path(str(told.get("folder", "")))
    if told.get("folder") and folder.is_dir():
        return folder
    raise case.refusal(
        "data",
        f"must be given: the data that {entrants[0].label} learned from are not there",
    )


def files_of(path: Path) -> list[Path]:
    """Return the weights in a folder of a training, the model first, or a file itself.

    Raises
    ------
    WeightsError
        If there are none.
    """
    if path.is_file():
        return [path]
    found = sorted(path.glob("*.safetensors"), key=lambda p: (p.stem != "model", p.name))
    if not found:
        raise WeightsError(f"{path}: holds no weights (*.safetensors)")
    return found


def read(paths: Sequence[Path]) -> list[Entrant]:
    """Read the weights.

    Raises
    ------
    WeightsError
        If one of them is missing, damaged, or of another program.
    """
    from pdekit.solvers.learned.comparison import Learned

    seeds = [tuple(map(Learned.read, files_of(path))) for path in paths]
    names = [each[0].operator.name for each in seeds]
    found: list[Entrant] = []
    for path, each, name in zip(paths, seeds, names, strict=True):
        where = path.parent.name if path.is_file() else path.name
        label = name if names.count(name) == 1 else f"{name} {where}"
        taken = sum(other.label.startswith(label) for other in found)
        found.append(Entrant(f"{label} {taken + 1}" if taken else label, path, each))
    return found


def common_cut(entrants: Sequence[Entrant], test: Split, frames: int | None) -> Cut:
    """Return how the frames are cut for all models.

    Raises
    ------
    PdekitError
        If one of them is for other data, or they step differently.
    """
    cuts = []
    for entrant in entrants:
        try:
            cuts.append(entrant.model.cut(test.header))
        except PdekitError as error:
            raise PdekitError(f"{entrant.path}: {error}") from error
    if len({cut.stride for cut in cuts}) > 1:
        raise PdekitError("the models step differently far: evaluate them apart")
    first = cuts[0] if cuts else Cut()
    return Cut(max((cut.history for cut in cuts), default=1), first.stride, frames)


def leak(entrant: Entrant, folder: Path, data: DataSet) -> str:
    """Refuse a model that has learned from samples of the test split.

    Returns
    -------
    A sentence where that cannot be told.

    Raises
    ------
    PdekitError
        If an input of the test split is among those it learned from.
    """
    told: Mapping[str, Any] = entrant.facts.get("data") or {}
    digest = digest_of(folder)
    if digest is not None and told.get("digest") == digest:
        return ""  # the splits of a data set never share inputs
    there = Path(str(told.get("folder", "")))
    if not told.get("folder") or not there.is_dir():
        return (
            f"{entrant.label}: what it learned from is not there, and not this data set: "
            "whether samples of this test split were among it cannot be told"
        )
    old, counts = load(there, finite=False), told.get("counts") or {}
    test = {*digests(data["test"])}
    for split in LEARNED_FROM:
        if split in old.splits:
            used = counts.get(split)
            taken = islice(digests(old[split]), None if used is None else int(used))
            if shared := sum(each in test for each in taken):
                raise PdekitError(
                    f"{entrant.path}: {shared} of the samples it learned from ({split}) "
                    "are in this test split; an error on them says nothing"
                )
    return ""


def digest_of(folder: Path) -> str | None:
    """Return the digest of the case of a data set, None for data of others."""
    try:
        return dataset_case(folder / CASE).digest()
    except CaseError:
        return None


def seconds_of(folder: Path) -> float:
    """Return how long making a data set took, 0 where nobody knows."""
    try:
        told = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        return float(told["cost"]["total_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
