"""Transforms of torch.fft: differentiable, on the device of the tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdekit import arrays
from pdekit.fft import trigonometric
from pdekit.fft.backend import Backend, copying
from pdekit.fft.layout import Execute, Layout
from pdekit.typing import Array

LIBRARY = "torch"


class Library(Backend):
    """torch.fft; takes tensors (or what becomes one) and returns tensors.

    The number of threads is the process's (`torch.set_num_threads`), not the call's.
    """

    name = "torch"
    deterministic = True

    def __init__(self) -> None:
        import torch

        self._torch = torch

    def array(self, a: Any) -> Array:
        """Return ``a`` as a tensor; arrays are copied to the CPU."""
        if arrays.is_tensor(a):
            return arrays.floating(a)
        return self._torch.from_numpy(np.array(super().array(a), order="C"))

    def c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool, workers: int
    ) -> Array:
        """Complex transform."""
        if not inverse:
            return self._torch.fft.fftn(a, dim=axes)
        return self._torch.fft.ifftn(a, dim=axes, norm="backward" if scaled else "forward")

    def r2c(self, a: Array, axes: tuple[int, ...], *, workers: int) -> Array:
        """Real to half-complex transform."""
        return self._torch.fft.rfftn(a, dim=axes)

    def c2r(
        self,
        a: Array,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        *,
        scaled: bool,
        workers: int,
    ) -> Array:
        """Half-complex to real transform."""
        norm = "backward" if scaled else "forward"
        return self._torch.fft.irfftn(a, shape, dim=axes, norm=norm)

    def r2r(self, a: Array, kind: str, axis: int, *, workers: int) -> Array:
        """Sine or cosine transform."""
        return trigonometric.r2r(a, kind, axis)

    def executors(
        self,
        layout: Layout,
        physical: NDArray[Any],
        spectral: NDArray[Any],
        *,
        workers: int,
        reproducible: bool,
    ) -> tuple[Execute, Execute, dict[str, Any]]:
        """Transform tensors that share the memory of the plan's arrays."""
        share = self._torch.from_numpy
        return *copying(self, layout, share(physical), share(spectral), workers), {}
