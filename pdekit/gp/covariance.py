"""Covariances of linear functionals of a process, linear in the jet of its kernel at lags.

For the data of one conditioning the map  jet ↦ C  is built once and for all: on a uniform
grid N lags serve all N² pairs, and the adjoint of the map (sums over Toeplitz diagonals)
turns ∂nll/∂C into forces on the jet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from pdekit.gp.functional import Functional, orders, place_pairs
from pdekit.gp.kernels import AbstractKernel
from pdekit.typing import Array


def cross(kernel: AbstractKernel, left: Functional, right: Functional) -> Array:
    """Return Cov(left, right): (len(left), len(right))."""
    coefficients = orders(left.along(0), right.along(1))
    total = np.zeros((len(left), len(right)))
    for sign, x, y in place_pairs(left, right):
        jet = kernel.jet(x[:, None] - y, max(coefficients, default=0))
        for n, c in coefficients.items():
            total += sign * c * jet[n]
    return total


def variances(kernel: AbstractKernel, functional: Functional) -> Array:
    """Return the prior variance of every datum, the diagonal of Cov(functional, itself)."""
    coefficients = orders(functional.operator, functional.operator)
    total = np.zeros(len(functional))
    for sign, x, y in place_pairs(functional, functional):
        jet = kernel.jet(x - y, max(coefficients, default=0))
        for n, c in coefficients.items():
            total += sign * c * jet[n]
    return total


@dataclass(frozen=True, eq=False)
class _Block:
    """One place of some rows against one place of some columns."""

    rows: slice
    columns: slice
    index: Array
    coefficients: Mapping[int, Array]

    def add_to(self, c: Array, tables: Sequence[Array]) -> None:
        """Add  Σ cₙ k⁽ⁿ⁾(lag)  to the block of C."""
        block = c[self.rows, self.columns]
        constant = [(n, a) for n, a in self.coefficients.items() if not a.ndim]
        if constant:
            block += np.take(sum(a * tables[n] for n, a in constant), self.index)
        for n, a in self.coefficients.items():
            if a.ndim:
                block += a * np.take(tables[n], self.index)

    def forces(self, g: Array, size: int) -> dict[int, Array]:
        """Return what the block of g exerts on the tables, order by order."""
        block = g[self.rows, self.columns]
        flat = self.index.ravel()
        found: dict[int, Array] = {}
        sums: Array | None = None
        for n, a in self.coefficients.items():
            if a.ndim:
                found[n] = np.bincount(flat, (a * block).ravel(), minlength=size)
            else:
                if sums is None:
                    sums = np.bincount(flat, block.ravel(), minlength=size)
                found[n] = a * sums
        return found


@dataclass(frozen=True, eq=False)
class CovarianceMap:
    """The covariance of all data as a function of the kernel; only i ≤ j is kept of C.

    Attributes
    ----------
    lags
        The distinct |x − x'|, ascending from 0.
    blocks
        Which lag, order and coefficient every entry of C consists of.
    size
        Number of data.
    """

    lags: Array
    blocks: tuple[_Block, ...]
    size: int

    @classmethod
    def of(cls, data: Sequence[Functional]) -> CovarianceMap:
        """Build the map for some data."""
        points = np.concatenate([x for f in data for _, x in f.places])
        lags, index = lag_table(points)
        starts = np.cumsum([0, *(len(f) for f in data)])
        rows = [slice(a, b) for a, b in pairwise(starts)]
        blocks, begin = [], _places_of(data)
        for i, left in enumerate(data):
            for j in range(i, len(data)):
                coefficients = orders(left.along(0), data[j].along(1))
                for s, a in begin[i]:
                    for t, b in begin[j]:
                        signed = {n: s * t * c for n, c in coefficients.items()}
                        part = np.ascontiguousarray(index[a, b])
                        blocks.append(_Block(rows[i], rows[j], part, signed))
        return cls(lags, tuple(blocks), int(starts[-1]))

    @cached_property
    def order(self) -> int:
        """The highest derivative of the kernel that is needed."""
        return max(max(b.coefficients, default=0) for b in self.blocks)

    def matrix(self, kernel: AbstractKernel) -> Array:
        """Return C, right for i ≤ j."""
        c = np.zeros((self.size, self.size))
        tables = [_mirrored(k, n) for n, k in enumerate(kernel.jet(self.lags, self.order))]
        for block in self.blocks:
            block.add_to(c, tables)
        return c

    def forces(self, g: Array) -> dict[int, Array]:
        """Return b:  Σ_ij g_ij dC_ij = Σ_n Σ_l b_n[l] dk⁽ⁿ⁾(lag l);  g is upper."""
        size = 2 * self.lags.size - 1
        total: dict[int, Array] = {}
        for block in self.blocks:
            for n, force in block.forces(g, size).items():
                total[n] = total.get(n, 0.0) + force
        return {n: _folded(force, n) for n, force in total.items()}


def _places_of(data: Sequence[Functional]) -> list[list[tuple[float, slice]]]:
    """Return, for every functional, sign and slice of its places among all points."""
    found, start = [], 0
    for f in data:
        places = []
        for sign, x in f.places:
            places.append((sign, slice(start, start + x.size)))
            start += x.size
        found.append(places)
    return found


def lag_table(points: Array) -> tuple[Array, Array]:
    """Return the distinct |xᵢ − xⱼ|, M + 1 of them, and M + their signed index."""
    grid = _lattice(points)
    if grid is not None:
        h, place = grid
        most = int(place.max())
        return h * np.arange(most + 1), place[:, None] - place + most
    distance = points[:, None] - points
    lags, index = np.unique(np.abs(distance), return_inverse=True)
    signed = np.where(distance < 0, -1, 1) * index.reshape(distance.shape)
    return lags, signed + lags.size - 1


def _lattice(points: Array) -> tuple[float, Array] | None:
    """Return spacing and integer places of points on a uniform grid, or None."""
    steps = np.diff(np.unique(points))
    rounding = 16 * np.finfo(float).eps * np.max(np.abs(points))
    steps = steps[steps > rounding]
    if not steps.size:
        return 1.0, np.zeros(points.size, int)
    start, extent = points.min(), np.ptp(points)
    cells = round(extent / float(np.median(steps)))
    if not 0 < cells <= 4 * points.size:
        return None
    h = extent / cells
    place = np.rint((points - start) / h).astype(int)
    fits = np.max(np.abs(start + h * place - points)) <= rounding
    return (h, place) if fits else None


def _mirrored(values: Array, order: int) -> Array:
    """Continue k⁽ⁿ⁾ from lags ≥ 0 to all lags by its parity."""
    return np.concatenate([(-1.0) ** order * values[:0:-1], values])


def _folded(sums: Array, order: int) -> Array:
    """Adjoint of `_mirrored`."""
    middle = sums.size // 2
    folded = sums[middle:].copy()
    folded[1:] += (-1.0) ** order * sums[middle - 1 :: -1] if middle else 0.0
    return folded
