"""Transforms of many lines at once against NumPy's, for every kind of length and layout."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit import lanes
from pdekit.files import atomic
from pdekit.lanes import _machine
from pdekit.lanes._passes import radices, supports
from pdekit.typing import Array

pytestmark = pytest.mark.skipif(
    not lanes.lanes(False), reason="registers shorter than 32 bytes: FFTW does it all"
)
PRECISIONS = {"double": (np.complex128, 2e-15), "single": (np.complex64, 1e-6)}
LENGTHS = (2, 3, 4, 5, 7, 12, 15, 16, 48, 64, 90, 105, 128, 343, 1024)


def caller(made: lanes.Transform) -> Callable[[int, Array, Array], None]:
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(made.address)

    def call(count: int, source: Array, target: Array) -> None:
        function(count, source.ctypes.data, target.ctypes.data)

    return call


def aligned(shape: tuple[int, ...], dtype: Any, fill: float) -> Array:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    a = raw[start : start + size].view(dtype).reshape(shape)
    a[:] = fill
    return a


def noise(*shape: int) -> Array:
    rng = np.random.default_rng(1)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


@pytest.mark.parametrize("pruned", [False, True])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("n", LENGTHS)
def test_columns(n: int, precision: str, pruned: bool) -> None:
    dtype, eps = PRECISIONS[precision]
    single = precision == "single"
    wide, groups = lanes.lanes(single), 2
    stride, used = (groups + 1) * wide, groups * wide
    low, gap = (n // 3 + 1, max(0, n - 2 * (n // 3) - 1)) if pruned else (n, 0)
    left_out = slice(low, low + gap)
    a = aligned((n, stride), dtype, 0)
    a[:] = given = noise(n, stride).astype(dtype)
    for sign, reference in ((1, np.fft.ifft), (-1, np.fft.fft)):
        a[:] = given
        made = lanes.columns(n, stride, sign, low=low, gap=gap, single=single)
        caller(made)(groups, a, a)
        x = given[:, :used].astype(complex)
        if sign > 0:
            x[left_out] = 0  # whatever lies there
        expected = reference(x, axis=0) * (n if sign > 0 else 1)
        if sign < 0:
            expected[left_out] = given[left_out, :used]  # and nothing is written there
        assert np.abs(a[:, :used] - expected).max() < eps * n
        assert np.array_equal(a[:, used:], given[:, used:])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("n", "low", "gap"), [(12, 5, 3), (48, 17, 15), (15, 15, 0)])
@pytest.mark.parametrize("over", [0, 1, 5])
def test_compact_columns(n: int, low: int, gap: int, over: int, precision: str) -> None:
    """Three matrices, whose last group of columns overlaps the one before it."""
    dtype, eps = PRECISIONS[precision]
    single = precision == "single"
    wide = lanes.lanes(single)
    width, full = 2 * wide + over, 2 * wide + 8
    kept = np.r_[:low, low + gap : n]
    how: dict[str, Any] = {"low": low, "gap": gap, "single": single}
    groups = 3 * -(-width // wide)
    few, many = (noise(3, m, k).astype(dtype) for m, k in ((n - gap, width), (n, full)))
    modes = np.zeros((3, n, width), dtype)
    modes[:, kept] = few

    back = np.full_like(many, np.nan)
    caller(lanes.compact_columns(n, width, full, 1, **how))(groups, few, back)
    expected = np.fft.ifft(modes, axis=1) * n
    assert np.abs(back[..., :width] - expected).max() < eps * n
    assert np.isnan(back[..., width:]).all()  # left alone

    forth = np.full_like(few, np.nan)
    caller(lanes.compact_columns(n, width, full, -1, **how))(groups, many, forth)
    expected = np.fft.fft(many[..., :width], axis=1)[:, kept]
    assert np.abs(forth - expected).max() < eps * n


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("n", [4, 6, 10, 14, 16, 30, 64, 96, 200, 256, 2048])
def test_rows(n: int, precision: str) -> None:
    """Modes in two parts that lie apart; what pads the last one is not a number."""
    dtype, eps = PRECISIONS[precision]
    single = precision == "single"
    wide, groups, h = lanes.lanes(single), 2, n // 2
    for kept in sorted({1, 2, n // 3 + 1, h, h + 1}):
        part = -(-kept // (2 * wide)) * wide
        modes = aligned((2, groups * wide, part), dtype, np.nan)
        points = aligned((groups, n, wide), modes.real.dtype, np.nan)
        how: dict[str, Any] = {"part": part, "apart": modes[0].size, "single": single}
        x = noise(groups * wide, h + 1)
        x[:, kept:] = 0
        for k in range(kept):
            modes[k // part, :, k % part] = x[:, k]
        caller(lanes.rows_back(n, kept, part, **how))(groups, modes, points)
        lines = points.swapaxes(1, 2).reshape(groups * wide, n)
        assert np.abs(lines - np.fft.irfft(x, n) * n).max() < eps * n

        u = noise(groups * wide, n).real
        points[:] = u.reshape(groups, wide, n).swapaxes(1, 2)
        caller(lanes.rows_forth(n, kept, part, 0.5, **how))(groups, points, modes)
        found = np.stack([modes[k // part, :, k % part] for k in range(kept)], axis=1)
        assert np.abs(found - np.fft.rfft(u)[:, :kept] / 2).max() < eps * n


def test_imaginary_parts_of_the_mean_and_of_the_last_mode_are_ignored() -> None:
    """A real line has none; NumPy and FFTW ignore them as well."""
    n, wide = 16, lanes.lanes(False)
    modes, points = aligned((wide, wide * 2), complex, 0), aligned((n, wide), float, 0)
    how: dict[str, Any] = {"part": 2 * wide, "apart": 0, "single": False}
    modes[:, : n // 2 + 1] = noise(wide, n // 2 + 1)
    expected = np.fft.irfft(modes[:, : n // 2 + 1], n) * n
    caller(lanes.rows_back(n, n // 2 + 1, 2 * wide, **how))(1, modes, points)
    assert np.abs(points.T - expected).max() < 1e-13


@pytest.mark.parametrize("n", range(1, 300))
def test_lengths_that_are_supported_are_smooth(n: int) -> None:
    rest = n
    for p in (2, 3, 5, 7):
        while rest % p == 0:
            rest //= p
    assert supports(n) == (rest == 1 and n > 1)
    if supports(n):
        assert int(np.prod(radices(n))) == n


def test_machine_code_is_kept_and_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process reads it; a damaged file is compiled again."""
    monkeypatch.setattr(_machine, "_DONE", {})
    written: list[Any] = []
    write = atomic.write_bytes

    def record(path: Any, data: bytes) -> None:
        written.append(path)
        write(path, data)

    monkeypatch.setattr(atomic, "write_bytes", record)

    def made() -> lanes.Transform:
        _machine._DONE.clear()
        return lanes.columns(6, 48, 1, low=6, gap=0, single=False)

    made()
    made()
    assert len(written) == 1
    damaged = bytearray(written[0].read_bytes())
    damaged[40] ^= 1
    written[0].write_bytes(damaged)
    a, x = aligned((6, 48), complex, 0), noise(6, 48)
    a[:] = x
    caller(made())(1, a, a)
    assert len(written) == 2
    wide = lanes.lanes(False)
    assert np.abs(a[:, :wide] - np.fft.ifft(x[:, :wide], axis=0) * 6).max() < 1e-13
