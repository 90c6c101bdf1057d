"""A trained operator called with arrays of NumPy, in the order of an equation's fields."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pdekit import threads
from pdekit.grid import Grid
from pdekit.solvers.learned.checkpoint import load
from pdekit.typing import Array


class Predictor:
    """The operator of a file of weights on the points of one grid.

    Parameters
    ----------
    path, device
        The file, and where to compute.
    fields
        Names of the predicted fields in the order of the arrays.
    grid
        The grid of the arrays.

    Raises
    ------
    WeightsError, BackendUnavailable
        See `load`.
    """

    def __init__(
        self, path: str | Path, fields: Sequence[str], grid: Grid, device: str = "cpu"
    ) -> None:
        torch.set_num_threads(threads.current())
        self.operator = load(path, "cuda" if device.startswith("cuda") else "cpu")
        varying = self.operator.signature.varying
        self._there = [fields.index(name) for name in varying]
        self._back = [varying.index(name) for name in fields]
        self.grid = grid
        self.seconds, self.calls = 0.0, 0

    def on(self, grid: Grid) -> Predictor:
        """Return the same operator on another grid on the same box."""
        other = object.__new__(Predictor)
        other.__dict__.update(self.__dict__)
        other.grid = grid
        return other

    def frames(self, history: Array) -> Array:
        """Return the next frames from the last ones, ``(frame, member, field, *space)``."""
        u = np.moveaxis(history[:, :, self._there], 0, 2)
        found = self._called(u, None)
        return np.moveaxis(found, 2, 0)[:, :, self._back]

    def solution(self, constant: Array) -> Array:
        """Return the solution of a steady problem from its inputs, ``(input, *space)``."""
        return self._called(None, constant[None])[0, 0, 0]

    def _called(self, varying: Array | None, constant: Array | None) -> Array:
        """Call the operator; what it gives is of double precision."""
        began = time.perf_counter()
        with torch.inference_mode():
            found = self.operator(self._tensor(varying), self._tensor(constant), self.grid)
            out = found.double().cpu().numpy()
        self.seconds += time.perf_counter() - began
        self.calls += 1
        return np.asarray(out)

    def _tensor(self, values: Array | None) -> torch.Tensor | None:
        if values is None:
            return None
        device = next(self.operator.model.parameters()).device
        return torch.as_tensor(np.ascontiguousarray(values, dtype=float), device=device)
