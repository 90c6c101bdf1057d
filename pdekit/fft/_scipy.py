"""Transforms of scipy.fft: the fallback that has everything."""

from __future__ import annotations

from pdekit.fft.backend import Backend
from pdekit.typing import Array

LIBRARY = "scipy"


class Library(Backend):
    """scipy.fft, with ``workers`` threads."""

    name = "scipy"
    deterministic = True

    def __init__(self) -> None:
        import scipy.fft

        self._fft = scipy.fft

    def c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool, workers: int
    ) -> Array:
        """Complex transform."""
        if not inverse:
            return self._fft.fftn(a, axes=axes, workers=workers)
        norm = "backward" if scaled else "forward"
        return self._fft.ifftn(a, axes=axes, norm=norm, workers=workers)

    def r2c(self, a: Array, axes: tuple[int, ...], *, workers: int) -> Array:
        """Real to half-complex transform."""
        return self._fft.rfftn(a, axes=axes, workers=workers)

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
        return self._fft.irfftn(a, shape, axes=axes, norm=norm, workers=workers)

    def r2r(self, a: Array, kind: str, axis: int, *, workers: int) -> Array:
        """Sine or cosine transform."""
        transform = self._fft.dct if kind.startswith("dct") else self._fft.dst
        return transform(a, int(kind[3]), axis=axis, workers=workers)
