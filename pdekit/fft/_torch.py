"""Transforms of tensors: differentiable, on the device of the tensor."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdekit import arrays
from pdekit.fft import trigonometric
from pdekit.fft.backend import Backend, copying
from pdekit.fft.backends import get, importable
from pdekit.fft.layout import Execute, Layout
from pdekit.fft.linear import LinearMap
from pdekit.typing import Array

LIBRARY = "torch"
LONG, PARALLEL = 1 << 13, 1 << 17
"""Elements from which ducc, whose calls cost more, pays, and a second thread of it."""


class Library(Backend):
    """torch.fft, or ducc for tensors on the CPU where it is installed: up to twice as fast.

    Takes tensors (or what becomes one) and returns tensors. The number of threads is the
    process's (`torch.set_num_threads`), not the call's.
    """

    name = "torch"
    deterministic = True

    def __init__(self) -> None:
        import torch

        self._torch = torch
        self._ducc: Any = get("ducc") if importable("ducc") else None

    def array(self, a: Any) -> Array:
        """Return ``a`` as a tensor; arrays are copied to the CPU."""
        if arrays.is_tensor(a):
            return arrays.floating(a)
        return self._torch.from_numpy(np.array(super().array(a), order="C"))

    def c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool, workers: int
    ) -> Array:
        """Complex transform."""
        axes = _from_the_end(axes, a)
        plain = partial(self._c2c, axes=axes, inverse=inverse, scaled=scaled)
        if not self._worth_ducc(a):
            return plain(a)
        norm = 1.0 / _points(a, axes) if scaled else 1.0

        def adjoint(g: Array) -> Array:
            return norm * self._c2c(g, axes, inverse=not inverse, scaled=False)

        how: dict[str, Any] = {"axes": axes, "workers": self._threads(a)}
        fast = partial(self._ducc.c2c, inverse=inverse, scaled=scaled, **how)
        return LinearMap(fast, plain, adjoint)(_complex(a))

    def r2c(self, a: Array, axes: tuple[int, ...], *, workers: int) -> Array:
        """Real to half-complex transform."""
        axes = _from_the_end(axes, a)
        plain = partial(self._torch.fft.rfftn, dim=axes)
        if not self._worth_ducc(a):
            return plain(a)
        shape = tuple(a.shape[i] for i in axes)

        def adjoint(g: Array) -> Array:
            g = g / _multiplicity(g, axes[-1], shape[-1])
            return self._torch.fft.irfftn(g, shape, dim=axes, norm="forward")

        fast = partial(self._ducc.r2c, axes=axes, workers=self._threads(a))
        return LinearMap(fast, plain, adjoint)(a)

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
        axes, norm = _from_the_end(axes, a), "backward" if scaled else "forward"
        plain = partial(self._torch.fft.irfftn, s=shape, dim=axes, norm=norm)
        if not self._worth_ducc(a):
            return plain(a)
        opposite = "forward" if scaled else "backward"

        def adjoint(g: Array) -> Array:
            g_hat = self._torch.fft.rfftn(g, dim=axes, norm=opposite)
            return g_hat * _multiplicity(g_hat, axes[-1], shape[-1])

        how: dict[str, Any] = {"axes": axes, "workers": self._threads(a)}
        fast = partial(self._ducc.c2r, shape=shape, scaled=scaled, **how)
        return LinearMap(fast, plain, adjoint)(_complex(a))

    def _c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool
    ) -> Array:
        if not inverse:
            return self._torch.fft.fftn(a, dim=axes)
        return self._torch.fft.ifftn(a, dim=axes, norm="backward" if scaled else "forward")

    def _worth_ducc(self, a: Array) -> bool:
        return self._ducc is not None and a.numel() >= LONG and a.device.type == "cpu"

    def _threads(self, a: Array) -> int:
        return self._torch.get_num_threads() if a.numel() >= PARALLEL else 1

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


def _complex(a: Array) -> Array:
    return a if a.dtype.is_complex else a.to(a.dtype.to_complex())


def _from_the_end(axes: tuple[int, ...], a: Array) -> tuple[int, ...]:
    """Count axes from the end, where a further axis of a batch does not shift them."""
    return tuple(i if i < 0 else i - a.ndim for i in axes)


def _points(a: Array, axes: tuple[int, ...]) -> int:
    return math.prod(a.shape[i] for i in axes)


def _multiplicity(u_hat: Array, axis: int, n: int) -> Array:
    """Return how many modes of ``n`` real values each of the halved ones stands for."""
    count = u_hat.real.new_full((n // 2 + 1,), 2.0)
    count[0] = 1.0
    if n % 2 == 0:
        count[-1] = 1.0
    return count.reshape((-1, *(1,) * (-axis - 1)))
