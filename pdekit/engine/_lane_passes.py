"""Compiled transforms of whole arrays, NumPy's or torch's, and their adjoints."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from pdekit import arrays, lanes
from pdekit.fft.linear import LinearMap
from pdekit.threads import of_torch, share
from pdekit.typing import Array, Shape

PARALLEL = 1 << 17
"""Numbers from which a second thread pays."""
SIGNATURE = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)


@dataclass(frozen=True)
class Pass:
    """A compiled transform of the trailing axes of an array, whatever comes before them.

    Attributes
    ----------
    source
        Shape of the trailing axes, or of as much of them as the function takes.
    groups
        So many groups of the function there are in it; each may go to another thread.
    shape
        From the shape of the source to that of the target.
    pads
        Numbers at the end of a row of the target that mean nothing; they are set to 0.
    """

    made: lanes.Transform
    source: Shape
    groups: int
    shape: Callable[[Shape], Shape]
    dtype: Any
    pads: int = 0

    @cached_property
    def _call(self) -> Callable[[int, int, int], None]:
        return SIGNATURE(self.made.address)

    def __call__(self, a: Array, *, out: Array | None = None) -> Array:
        """Return the transform, in ``out`` if that has its shape."""
        shape = self.shape(a.shape)
        if out is None or out.shape != shape:
            out = np.empty(shape, self.dtype)
        self._run(a, out)
        if self.pads:
            out[..., -self.pads :] = 0
        return out

    def _run(self, a: Array, out: Array) -> None:
        """Transform at once what lies in a row; a slab of an array does not."""
        if a.ndim == len(self.source):
            a = np.ascontiguousarray(a)
        if a.flags.c_contiguous and out.flags.c_contiguous:
            groups = a.size // math.prod(self.source) * self.groups
            parts = min(groups, of_torch() if a.size >= PARALLEL else 1)
            bounds = [groups * k // parts for k in range(parts + 1)]
            share(partial(self._part, a, out), bounds)
        else:
            for x, y in zip(a, out, strict=True):
                self._run(x, y)

    def _part(self, a: Array, out: Array, _: int, begin: int, end: int) -> None:
        """Transform some of the groups, in the thread that calls it."""
        block, first = divmod(begin, self.groups)
        blocks = a.size // math.prod(self.source)
        self._call(
            first << 32 | end - begin,
            a.ctypes.data + block * (a.nbytes // blocks),
            out.ctypes.data + block * (out.nbytes // blocks),
        )


@dataclass(frozen=True)
class Pair:
    """A pass back and the one forth, such that the adjoint of back is  weights · forth."""

    to_points: Pass
    to_modes: Pass
    weights: Array | None = None

    def back(self, a: Array) -> Array:
        """Transform from modes to points."""
        if not arrays.is_tensor(a):
            return self.to_points(a)

        def adjoint(g: Array) -> Array:
            found = self.forth(g)
            return found if self.weights is None else found * self._like(found)

        return LinearMap(self.to_points, self.back, adjoint)(a)

    def forth(self, a: Array, out: Array | None = None) -> Array:
        """Transform from points to modes, in ``out`` if that has their shape."""
        fast = partial(self.to_modes, out=out)
        if not arrays.is_tensor(a):
            return fast(a)

        def adjoint(g: Array) -> Array:
            return self.back(g if self.weights is None else g / self._like(g))

        return LinearMap(fast, self.forth, adjoint)(a)

    def _like(self, g: Array) -> Array:
        return arrays.as_like(self.weights, g)
