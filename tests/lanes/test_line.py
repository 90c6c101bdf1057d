"""Transforms of single lines, cut into pieces, against NumPy's."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest

from pdekit import lanes
from pdekit.fft.layout import aligned_zeros
from pdekit.typing import Array

pytestmark = pytest.mark.skipif(
    not lanes.lanes(False), reason="registers shorter than 32 bytes: FFTW does it all"
)
PRECISIONS = {"double": ("c16", 2e-15), "single": ("c8", 1e-6)}


def caller(made: lanes.Transform) -> Callable[[Array, Array], None]:
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(made.address)
    return lambda source, target: function(1, source.ctypes.data, target.ctypes.data)


def buffers(n: int, kept: int, single: bool) -> tuple[Array, Array]:
    """Modes, with what lies behind them, and points; none of it is a number."""
    dtype = np.dtype("c8" if single else "c16")
    wide = lanes.lanes(single)
    modes = aligned_zeros(((-(-kept // wide) + 1) * wide,), dtype)
    points = aligned_zeros((n,), np.dtype(dtype.char.lower()))
    modes[:], points[:] = np.nan, np.nan
    return modes, points


def noise(size: int) -> Array:
    rng = np.random.default_rng(1)
    return rng.standard_normal(size) + 1j * rng.standard_normal(size)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("pieces", [1, 2, 3, 5, 7, 8, 12, 32])
def test_a_line(pieces: int, precision: str) -> None:
    """Lines of all factors, of which any number of modes is kept."""
    single, eps = precision == "single", PRECISIONS[precision][1]
    wide = lanes.lanes(single)
    n = 2 * wide**2 * pieces
    h = n // 2
    assert lanes.supports_line(n, single=single)
    for kept in sorted({1, 2, wide + 1, n // 3 + 1, h // 2, h // 2 + 1, h - 1, h, h + 1}):
        modes, points = buffers(n, kept, single)
        x = noise(h + 1)
        x[kept:] = 0
        modes[:kept] = x[:kept]  # the mean's imaginary part, and the last mode's, count not
        caller(lanes.line_back(n, kept, single=single))(modes, points)
        expected = lanes.line_order(np.fft.irfft(x, n) * n, single=single)
        assert np.abs(points - expected).max() < eps * n

        u = noise(n).real
        points[:] = lanes.line_order(u, single=single)
        modes[:] = np.nan
        caller(lanes.line_forth(n, kept, 0.5, single=single))(points, modes)
        assert np.abs(modes[:kept] - np.fft.rfft(u)[:kept] / 2).max() < eps * n
        assert np.isnan(modes[-(-kept // wide) * wide :]).all()


def test_the_order_of_the_points() -> None:
    """Number  L (2a + part) + b  is that of point  2 (L a + b) + part."""
    wide = lanes.lanes(False)
    order = lanes.line_order(np.arange(4 * wide**2), single=False)
    for a, b, part in ((0, 0, 0), (0, 1, 1), (1, wide - 1, 0), (wide - 1, 2, 1)):
        assert order[wide * (2 * a + part) + b] == 2 * (wide * a + b) + part


def test_lines_that_are_not_supported() -> None:
    wide = lanes.lanes(False)
    for n in (0, 2 * wide**2 + 2 * wide, 2 * wide**2 * 11, 2 * wide**2 - 1, 1 << 20):
        assert not lanes.supports_line(n, single=False)
