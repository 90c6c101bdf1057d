"""Compiled butterflies of `pdekit.linalg._halves`, for arrays ``[before][n][after]``."""

from __future__ import annotations

from numba import njit

from pdekit.typing import Array

_loop = njit(cache=True, error_model="numpy", nogil=True)


@_loop
def forward(v: Array, levels: int) -> None:
    """Replace values by sums and differences about the middle, then the differences so."""
    for p in range(v.shape[0]):
        start, cells = 0, v.shape[1] + 1
        for _ in range(levels):
            half = cells // 2
            last = start + cells - 2
            for j in range(half - 1):
                for c in range(v.shape[2]):
                    a, b = v[p, start + j, c], v[p, last - j, c]
                    v[p, start + j, c] = a + b
                    v[p, last - j, c] = a - b
            for c in range(v.shape[2]):
                v[p, start + half - 1, c] *= 2
            start, cells = start + half, half


@_loop
def inverse(v: Array, levels: int) -> None:
    """Undo `forward` up to the factor that an unnormalised inverse has."""
    for p in range(v.shape[0]):
        for level in range(levels - 1, -1, -1):
            cells = (v.shape[1] + 1) >> level
            start = v.shape[1] + 1 - cells
            half = cells // 2
            last = start + cells - 2
            for j in range(half - 1):
                for c in range(v.shape[2]):
                    a, b = v[p, start + j, c], v[p, last - j, c]
                    v[p, start + j, c] = a + b
                    v[p, last - j, c] = a - b


@_loop
def forward_lines(v: Array, levels: int) -> None:
    """Do as `forward` does where the lines are contiguous."""
    for p in range(v.shape[0]):
        start, cells = 0, v.shape[1] + 1
        for _ in range(levels):
            half = cells // 2
            last = start + cells - 2
            for j in range(half - 1):
                a, b = v[p, start + j], v[p, last - j]
                v[p, start + j] = a + b
                v[p, last - j] = a - b
            v[p, start + half - 1] *= 2
            start, cells = start + half, half


@_loop
def inverse_lines(v: Array, levels: int) -> None:
    """Do as `inverse` does where the lines are contiguous."""
    for p in range(v.shape[0]):
        for level in range(levels - 1, -1, -1):
            cells = (v.shape[1] + 1) >> level
            start = v.shape[1] + 1 - cells
            half = cells // 2
            last = start + cells - 2
            for j in range(half - 1):
                a, b = v[p, start + j], v[p, last - j]
                v[p, start + j] = a + b
                v[p, last - j] = a - b
