"""Values of a grid, its modes, and the transforms between them, in memory of their own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pdekit.errors import PdekitError
from pdekit.fft.auto import executors, quickest
from pdekit.fft.layout import Layout, logical_length
from pdekit.grid import Axis, Grid
from pdekit.linalg._halves import halved, levels, order
from pdekit.typing import Array

_GOOD_FACTORS = (2, 3, 5, 7)
_WORTH_HALVING = 2**17, 2**21
"""Numbers for which one more pass over them pays: more than the compiler's import costs,
less than what leaves the caches."""


class Modes:
    """Transforms between ``values`` and ``modes``, which `forward` and `inverse` overwrite.

    Sines and cosines are transformed in place, one axis after the other, each by the
    library that is fastest along it; then all periodic axes at once, from the reals to the
    half of the modes that determines the others.  Nothing is scaled: there and back
    multiplies by ``size``.

    Parameters
    ----------
    grid
        Any axes but Chebyshev ones.
    precision
        ``float64`` or ``float32``.
    threads
        Number of threads that may be used.
    reproducible
        Let no measurement decide who transforms.
    halves
        Try sine transforms of type 1 by halves, which leave the modes in another order.
    """

    def __init__(
        self,
        grid: Grid,
        precision: DTypeLike = "float64",
        threads: int = 1,
        reproducible: bool = False,
        halves: bool = True,
    ) -> None:
        refuse_chebyshev(grid)
        walls = [d for d, axis in enumerate(grid.axes) if axis.transform != "fft"]
        periodic = tuple(d for d in range(grid.ndim) if d not in walls)
        layout = Layout.of(
            grid.shape, periodic or None, "r2c" if periodic else "dst1", precision
        )
        self.values, self.modes = layout.buffers()
        self.size = math.prod(transform_length(axis) for axis in grid.axes)
        self.info: list[dict[str, Any]] = []
        self._orders: dict[int, Array] = {}
        self._try_halves = halves and not reproducible
        options: dict[str, Any] = {"workers": threads, "reproducible": reproducible}
        steps = [
            self._planned(self.values, (d,), grid.axes[d].transform, options) for d in walls
        ]
        if periodic:
            steps.append(self._planned(self.modes, periodic, "r2c", options))
        self.values.fill(0)
        self.modes.fill(0)
        self._forward = [step[0] for step in steps]
        self._inverse = [step[1] for step in reversed(steps)]

    def _planned(
        self, into: Array, axes: tuple[int, ...], kind: str, options: dict[str, Any]
    ) -> tuple[Callable[[], object], Callable[[], object]]:
        chosen = executors(self.values, into, axes=axes, kind=kind, **options)
        if self._may_be_halved(kind, axes[0]) and self._try_halves:
            parts = halved(self.values, axes[0], options)
            self.values.fill(0)
            key = f"{chosen[2]['transform']} halved workers {options['workers']}"
            if quickest(key, {"whole": chosen[:2], "halved": parts[:2]}) == "halved":
                chosen, self._orders[axes[0]] = parts, order(self.values.shape[axes[0]])
        self.info.append(chosen[2])
        return chosen[:2]

    def _may_be_halved(self, kind: str, d: int) -> bool:
        least, most = _WORTH_HALVING
        pays = least <= self.values.size <= most and levels(self.values.shape[d]) > 0
        return kind == "dst1" and pays

    def forward(self) -> None:
        """Transform the values to modes; overwrites the values."""
        for step in self._forward:
            step()

    def inverse(self) -> None:
        """Transform the modes to values; overwrites the modes."""
        for step in self._inverse:
            step()

    def factor(self, values: Array) -> Array:
        """Return real factors of the modes as `multiply` wants them."""
        full = np.broadcast_to(values, self.modes.shape)
        for d, places in self._orders.items():
            full = full.take(places, axis=d)
        if self.modes.dtype.kind == "c":
            full = np.repeat(full, 2, axis=-1)  # of the real and of the imaginary part
        return np.array(full, dtype=self.values.dtype, order="C")

    def multiply(self, factor: Array) -> None:
        """Multiply the modes by a `factor`, in one pass over contiguous numbers."""
        reals = self.modes.view(self.values.dtype)
        np.multiply(reals, factor, out=reals)


def refuse_chebyshev(grid: Grid) -> None:
    """Refuse a grid that no sines and cosines belong to."""
    for axis in grid.axes:
        if axis.boundary == "chebyshev":
            raise PdekitError(
                f"axis {axis.name!r}: sines and cosines do not solve on Chebyshev points; "
                "use `pdekit.linalg.chebyshev.ChebyshevOperator`"
            )


def transform_length(axis: Axis) -> int:
    """Return the length of the Fourier transform behind the one of an axis."""
    kind = axis.transform
    return axis.n if kind == "fft" else logical_length(kind, axis.n)


def good_size(axis: Axis) -> int:
    """Return the least number of points, not less than now, that transforms are quick for.

    Their length then has no prime factor above 7.
    """
    n = axis.n
    extra = {"dst1": 1, "dct1": -1}.get(axis.transform, 0)
    while not _smooth(n + extra):
        n += 1
    return n


def _smooth(n: int) -> bool:
    for factor in _GOOD_FACTORS:
        while n % factor == 0:
            n //= factor
    return n == 1
