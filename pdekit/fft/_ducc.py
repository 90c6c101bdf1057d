"""Transforms of ducc0: no planning, quick in several dimensions and for awkward lengths."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdekit.fft.backend import Backend, inverse_kind
from pdekit.fft.layout import Execute, Layout
from pdekit.typing import Array

LIBRARY = "ducc0"


class Library(Backend):
    """ducc0.fft, with ``workers`` threads.

    The number of threads is always passed on: ducc0 takes 0 for all cores.
    """

    name = "ducc"
    deterministic = True

    def __init__(self) -> None:
        import ducc0

        self._fft = ducc0.fft

    def c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool, workers: int
    ) -> Array:
        """Complex transform."""
        return self._fft.c2c(
            a, axes, forward=not inverse, inorm=2 if scaled else 0, nthreads=workers
        )

    def r2c(self, a: Array, axes: tuple[int, ...], *, workers: int) -> Array:
        """Real to half-complex transform."""
        return self._fft.r2c(a, axes, nthreads=workers)

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
        a = a.astype(np.result_type(a, np.complex64), copy=False)
        return self._fft.c2r(
            a, axes, shape[-1], forward=False, inorm=2 if scaled else 0, nthreads=workers
        )

    def r2r(self, a: Array, kind: str, axis: int, *, workers: int) -> Array:
        """Sine or cosine transform."""
        return self._trigonometric(kind)(a, axes=(axis,), nthreads=workers)

    def executors(
        self,
        layout: Layout,
        physical: NDArray[Any],
        spectral: NDArray[Any],
        *,
        workers: int,
        reproducible: bool,
    ) -> tuple[Execute, Execute, dict[str, Any]]:
        """Transform from buffer to buffer, without a copy."""
        forward = {"axes": layout.axes, "nthreads": workers, "out": spectral}
        inverse = {"axes": layout.axes, "nthreads": workers, "out": physical}
        if layout.kind == "c2c":
            return (
                partial(self._fft.c2c, physical, forward=True, **forward),
                partial(self._fft.c2c, spectral, forward=False, **inverse),
                {},
            )
        if layout.kind == "r2c":
            inverse |= {"lastsize": layout.shape[layout.axes[-1]], "forward": False}
            return (
                partial(self._fft.r2c, physical, **forward),
                partial(self._fft.c2r, spectral, allow_overwriting_input=True, **inverse),
                {},
            )
        return (
            partial(self._trigonometric(layout.kind), physical, **forward),
            partial(self._trigonometric(inverse_kind(layout.kind)), spectral, **inverse),
            {},
        )

    def _trigonometric(self, kind: str) -> partial[Array]:
        transform = self._fft.dct if kind.startswith("dct") else self._fft.dst
        return partial(transform, type=int(kind[3]))
