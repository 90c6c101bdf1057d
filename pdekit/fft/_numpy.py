"""Transforms of numpy.fft: always there, nothing more to import."""

from __future__ import annotations

import numpy as np

from pdekit.fft import trigonometric
from pdekit.fft.backend import Backend
from pdekit.typing import Array

LIBRARY = "numpy"


class Library(Backend):
    """numpy.fft; sine and cosine transforms by Fourier transforms. One thread."""

    name = "numpy"
    deterministic = True

    def c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool, workers: int
    ) -> Array:
        """Complex transform."""
        if not inverse:
            return np.fft.fftn(a, axes=axes)
        return np.fft.ifftn(a, axes=axes, norm="backward" if scaled else "forward")

    def r2c(self, a: Array, axes: tuple[int, ...], *, workers: int) -> Array:
        """Real to half-complex transform."""
        return np.fft.rfftn(a, axes=axes)

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
        return np.fft.irfftn(a, shape, axes=axes, norm="backward" if scaled else "forward")

    def r2r(self, a: Array, kind: str, axis: int, *, workers: int) -> Array:
        """Sine or cosine transform."""
        return trigonometric.r2r(a, kind, axis)
