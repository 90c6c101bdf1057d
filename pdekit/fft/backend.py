"""What every transform library offers here: a functional face and plans."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pdekit import arrays
from pdekit.errors import ShapeError
from pdekit.fft.layout import (
    PRECISIONS,
    TRIGONOMETRIC,
    Execute,
    Layout,
    Plan,
    checked_axes,
    logical_length,
)
from pdekit.typing import Array

_INVERSE_TYPE = {1: 1, 2: 3, 3: 2, 4: 4}  # of sine and cosine transforms


class Backend(Protocol):
    """A transform library.

    A library supplies `c2c`, `r2c`, `c2r` and `r2r`, which may rely on checked arguments;
    the methods that users call follow from these. They return new arrays of the precision
    they were given, leave their input alone, and take any strides and batch axes. Forward
    transforms are unnormalised, inverse ones exact.
    """

    name: str
    deterministic: bool
    """Whether results never depend on timings taken while planning."""

    @abstractmethod
    def c2c(
        self, a: Array, axes: tuple[int, ...], *, inverse: bool, scaled: bool, workers: int
    ) -> Array:
        """Complex transform; ``scaled`` asks for the 1/N of an inverse."""

    @abstractmethod
    def r2c(self, a: Array, axes: tuple[int, ...], *, workers: int) -> Array:
        """Real to half-complex transform, halved along the last of ``axes``."""

    @abstractmethod
    def c2r(
        self,
        a: Array,
        shape: tuple[int, ...],
        axes: tuple[int, ...],
        *,
        scaled: bool,
        workers: int,
    ) -> Array:
        """Half-complex to real transform with ``shape`` points along ``axes``."""

    @abstractmethod
    def r2r(self, a: Array, kind: str, axis: int, *, workers: int) -> Array:
        """Unnormalised sine or cosine transform of a real array."""

    def array(self, a: Any) -> Array:
        """Return ``a`` as an array that the library takes, floating or complex."""
        a = np.asarray(a)
        if a.dtype.kind in "biu":
            a = a.astype(np.float64)
        return a.astype(a.dtype.newbyteorder("="), copy=False)

    def executors(
        self,
        layout: Layout,
        physical: NDArray[Any],
        spectral: NDArray[Any],
        *,
        workers: int,
        reproducible: bool,
    ) -> tuple[Execute, Execute, dict[str, Any]]:
        """Return forward, inverse and provenance of a plan between two buffers."""
        return *copying(self, layout, physical, spectral, workers), {}

    def fft(self, a: Array, axes: Sequence[int] = (-1,), *, workers: int = 1) -> Array:
        """Return  Σⱼ aⱼ exp(−2πi jk/N)  along ``axes``; ``a`` may be real."""
        a, axes = self._checked(a, axes)
        return self.c2c(a, axes, inverse=False, scaled=False, workers=workers)

    def ifft(self, a: Array, axes: Sequence[int] = (-1,), *, workers: int = 1) -> Array:
        """Return  1/N Σₖ aₖ exp(2πi jk/N)  along ``axes``."""
        a, axes = self._checked(a, axes)
        return self.c2c(a, axes, inverse=True, scaled=True, workers=workers)

    def rfft(self, a: Array, axes: Sequence[int] = (-1,), *, workers: int = 1) -> Array:
        """Return the half of `fft` that determines it, for real ``a``.

        The last of ``axes`` keeps its n//2 + 1 modes that are not negative.
        """
        a, axes = self._checked(a, axes)
        if arrays.is_complex(a):
            raise ShapeError("a real array", a.dtype, "rfft")
        return self.r2c(a, axes, workers=workers)

    def irfft(
        self,
        a: Array,
        shape: int | Sequence[int],
        axes: Sequence[int] = (-1,),
        *,
        workers: int = 1,
    ) -> Array:
        """Invert `rfft`; ``shape`` has the number of points along each of ``axes``."""
        a, axes = self._checked(a, axes)
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        modes = (*shape[:-1], shape[-1] // 2 + 1)
        if tuple(a.shape[i] for i in axes) != modes:
            raise ShapeError(modes, tuple(a.shape), f"the modes of {shape} points")
        return self.c2r(a, shape, axes, scaled=True, workers=workers)

    def dct(self, a: Array, type: int, axis: int = -1, *, workers: int = 1) -> Array:
        """Return the cosine transform of type 1 to 4, as `scipy.fft.dct` defines it.

        Type 2, for example, is  2 Σⱼ aⱼ cos(πk(2j+1)/2n).
        """
        return self._real(a, f"dct{type}", axis, workers)

    def idct(self, a: Array, type: int, axis: int = -1, *, workers: int = 1) -> Array:
        """Invert `dct` of the same type."""
        return self._real_inverse(a, "dct", type, axis, workers)

    def dst(self, a: Array, type: int, axis: int = -1, *, workers: int = 1) -> Array:
        """Return the sine transform of type 1 to 4, as `scipy.fft.dst` defines it.

        Type 1, for example, is  2 Σⱼ aⱼ sin(π(j+1)(k+1)/(n+1)).
        """
        return self._real(a, f"dst{type}", axis, workers)

    def idst(self, a: Array, type: int, axis: int = -1, *, workers: int = 1) -> Array:
        """Invert `dst` of the same type."""
        return self._real_inverse(a, "dst", type, axis, workers)

    def plan(
        self,
        shape: int | Sequence[int],
        *,
        axes: Sequence[int] | None = None,
        kind: str = "c2c",
        dtype: DTypeLike | None = None,
        workers: int = 1,
        reproducible: bool = False,
    ) -> Plan:
        """Return a plan of this library; see `pdekit.fft.plan`."""
        layout = Layout.of(shape, axes, kind, dtype)
        return self.build(layout, workers=workers, reproducible=reproducible)

    def build(self, layout: Layout, *, workers: int, reproducible: bool = False) -> Plan:
        """Return a plan for a checked layout."""
        started = time.perf_counter()
        physical, spectral = layout.buffers()
        forward, inverse, how = self.executors(
            layout, physical, spectral, workers=workers, reproducible=reproducible
        )
        physical.fill(0)  # planning may have left something in them
        spectral.fill(0)
        info = {
            "backend": self.name,
            "transform": str(layout),
            "workers": workers,
            "deterministic": self.deterministic,
            "planning_seconds": time.perf_counter() - started,
            "choice": "given",
        }
        return Plan(layout, physical, spectral, (forward, inverse), info | how)

    def _checked(self, a: Any, axes: Sequence[int]) -> tuple[Array, tuple[int, ...]]:
        a = self.array(a)
        if str(a.dtype).removeprefix("torch.") not in PRECISIONS:
            raise ShapeError(f"one of {', '.join(PRECISIONS)}", a.dtype, "a transform")
        return a, checked_axes(axes, tuple(a.shape))

    def _real(self, a: Array, kind: str, axis: int, workers: int) -> Array:
        if kind not in TRIGONOMETRIC:
            raise ShapeError("a type from 1 to 4", kind, "a sine or cosine transform")
        a, (axis,) = self._checked(a, (axis,))
        logical_length(kind, a.shape[axis])
        if arrays.is_complex(a):
            parts = (
                self.r2r(part, kind, axis, workers=workers) for part in (a.real, a.imag)
            )
            return arrays.join_parts(*parts)
        return self.r2r(a, kind, axis, workers=workers)

    def _real_inverse(
        self, a: Array, name: str, type: int, axis: int, workers: int
    ) -> Array:
        out = self._real(a, f"{name}{_INVERSE_TYPE.get(type, type)}", axis, workers)
        return out * (1.0 / logical_length(f"{name}{type}", out.shape[axis]))


def inverse_kind(kind: str) -> str:
    """Return the sine or cosine transform that undoes ``kind`` up to its logical length."""
    return f"{kind[:3]}{_INVERSE_TYPE[int(kind[3])]}"


def copying(
    backend: Backend, layout: Layout, physical: Array, spectral: Array, workers: int
) -> tuple[Execute, Execute]:
    """Plan for a library that cannot write into given memory: transform, then copy."""
    axes, kind = layout.axes, layout.kind
    lengths = tuple(layout.shape[i] for i in axes)

    def c2c(inverse: bool) -> None:
        physical[...] = backend.c2c(
            physical, axes, inverse=inverse, scaled=False, workers=workers
        )

    def r2c() -> None:
        spectral[...] = backend.r2c(physical, axes, workers=workers)

    def c2r() -> None:
        physical[...] = backend.c2r(spectral, lengths, axes, scaled=False, workers=workers)

    def r2r(kind: str) -> None:
        for axis in axes:
            physical[...] = backend.r2r(physical, kind, axis, workers=workers)

    if kind == "c2c":
        return lambda: c2c(inverse=False), lambda: c2c(inverse=True)
    if kind == "r2c":
        return r2c, c2r
    return lambda: r2r(kind), lambda: r2r(inverse_kind(kind))
