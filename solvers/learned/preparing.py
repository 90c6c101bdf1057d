"""From the case of a training to its parts: data, signature, model, device, threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from pdekit import threads
from pdekit.case import DatasetCase, TrainCase, shipped_cases
from pdekit.datasets import finding
from pdekit.datasets.dataset import DataSet
from pdekit.datasets.finding import Contents
from pdekit.datasets.leakage import shared_inputs
from pdekit.datasets.loading import load as load_data
from pdekit.errors import BackendUnavailable, PdekitError
from pdekit.observer import Observer
from pdekit.solvers.learned.operator import LearnedOperator, Signature
from pdekit.solvers.learned.world import World, device_of

SMALL = 1 << 16
"""Points of a batch below which one thread is taken; on a machine that others use too a
second costs more than it gives at any size."""


def named(case: TrainCase) -> Path | DatasetCase:
    """Return the folder, or the case, of the data."""
    return finding.named(case.written_in(), case.data)


def data_of(case: TrainCase, observer: Observer, world: World) -> Path:
    """Return the folder of the data, which the first process makes if it is missing."""
    found = named(case)
    if isinstance(found, DatasetCase):
        made = str(finding.made(found, observer)) if world.first else ""
        found = Path(world.told(made))
    return found


def as_written(case: TrainCase, data: Path) -> TrainCase:
    """Return the case as it stands in an output folder: a case beside it is not there."""
    if case.data in shipped_cases("dataset"):
        return case
    return case.model_copy(update={"data": data.as_posix()})


def refuse_leaks(case: TrainCase, data: DataSet) -> None:
    """Refuse data of which an input appears twice.

    Raises
    ------
    CaseError
        With the first of them.
    """
    if pairs := shared_inputs(data):
        (first, second), many = pairs[0], len(pairs)
        raise case.refusal(
            "data",
            f"{many} inputs appear twice (first: {first} and {second}): a test on what "
            "was learned tests nothing",
        )


def signature_of(case: TrainCase, data: Contents, *, increment: bool) -> Signature:
    """Return what the operator takes and gives."""
    if data.steady:
        return Signature(data.varying, data.constant, history=0)
    times = data.times[:: case.stride]
    step = float(times[-1] - times[0]) / (len(times) - 1)
    return Signature(
        data.varying, data.constant, case.history, case.frames, step, increment
    )


def operator_of(
    case: TrainCase, data: Contents, signature: Signature, device: Any
) -> LearnedOperator:
    """Build the model.

    Raises
    ------
    CaseError
        If it cannot be built with these arguments for these data.
    """
    spec = case.model
    try:
        with torch.device(device):
            return LearnedOperator(spec.name, spec.params, signature, data.grid)
    except (PdekitError, ValueError, TypeError, RuntimeError) as error:
        raise case.refusal("model", str(error)) from error


def device(case: TrainCase) -> torch.device:
    """Return where to compute.

    Raises
    ------
    CaseError
        If there is no such device.
    """
    try:
        return device_of(case.run.device)
    except BackendUnavailable as error:
        raise case.refusal("run.device", str(error)) from error


def threads_of(case: TrainCase, data: Path) -> int:
    """Return the threads to compute with: one where a batch is small."""
    if case.run.threads != "auto":
        return case.run.threads
    grid = load_data(data, finite=False)["train"].grid
    small = grid.size * case.optimizer.batch < SMALL
    return 1 if small else threads.available()
