"""Trained operators as files: safetensors, with all that is needed to use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_model

from pdekit.axis import Axis
from pdekit.errors import BackendUnavailable, PdekitError
from pdekit.files import atomic
from pdekit.files.weights import WeightsError, header, written
from pdekit.grid import Grid, GridError
from pdekit.solvers.learned.operator import LearnedOperator, Signature

__all__ = ["WeightsError", "header", "load", "save"]


def save(
    path: str | Path, operator: LearnedOperator, facts: Mapping[str, Any] | None = None
) -> None:
    """Write an operator: the file appears whole or not at all.

    Parameters
    ----------
    facts
        What is known of it, plain data; that of the operator when left out.
    """
    said = written(
        model=operator.name,
        arguments=operator.arguments,
        signature=asdict(operator.signature),
        axes=[asdict(axis) for axis in operator.grid.axes],
        facts=operator.facts if facts is None else dict(facts),
    )
    needed = sum(t.nbytes for t in operator.state_dict().values())
    with atomic.replacing(path, needed) as temporary:
        save_model(operator, str(temporary), metadata=said)


def load(path: str | Path, device: str = "cpu") -> LearnedOperator:
    """Read an operator; what is known of it is in its ``facts``.

    Raises
    ------
    WeightsError
        If the file is missing, truncated, pickled, of another program, or its weights are
        not those of the model that it names, or not finite.
    BackendUnavailable
        If the device is not there.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise BackendUnavailable(device, "torch finds no CUDA device", ["cpu"])
    said = header(path)
    try:
        operator = LearnedOperator(
            said["model"],
            said["arguments"],
            Signature(**said["signature"]),
            Grid(tuple(Axis(**axis) for axis in said["axes"])),
        )
    except (KeyError, TypeError, ValueError, GridError, PdekitError) as error:
        raise WeightsError(f"{path}: describes no model of pdekit: {error}") from error
    try:
        dtypes = _precision(path)
        operator.model.to(dtypes)
        load_model(operator, str(path), device="cpu")
    except RuntimeError as error:
        lines = str(error).splitlines()
        why = lines[min(1, len(lines) - 1)].strip()
        raise WeightsError(
            f"{path}: are not the weights of {said['model']}: {why}"
        ) from error
    for name, values in operator.state_dict().items():
        if not torch.isfinite(values).all():
            raise WeightsError(f"{path}: the weights {name} are not finite")
    operator.facts = said["facts"]
    return operator.to(device).eval()


def _precision(path: str | Path) -> torch.dtype:
    """Return the precision of the weights of the model itself."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("model.")]  # noqa: SIM118
        found = {file.get_slice(name).get_dtype() for name in names}
    return torch.float64 if found == {"F64"} else torch.float32
