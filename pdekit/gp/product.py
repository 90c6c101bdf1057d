"""Covariances of several coordinates: products of kernels of one, and sums of those.

Everything is computed strip by strip of a matrix: a covariance of N data needs as many
tables of derivatives as there are axes and orders, and they do not leave the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from math import tau
from typing import Any

import numpy as np

from pdekit.errors import PdekitError
from pdekit.gp.kernels import AbstractKernel, Periodic
from pdekit.gp.readings import MultiIndex, Readings, Term, orders, strips
from pdekit.typing import Array


@dataclass(frozen=True)
class ProductKernel:
    """k(x, x') = σ² Π_d k_d(x_d − x'_d), the k_d of height 1; ``variance`` is σ²."""

    variance: float
    factors: tuple[AbstractKernel, ...]

    @property
    def parameters(self) -> Array:
        """The vector (log σ², log ℓ₁, …)."""
        lengths = [_length(k) for k in self.factors]
        return np.log([self.variance, *lengths])

    def at(self, parameters: Array) -> ProductKernel:
        """Return the kernel with the parameters (log σ², log ℓ₁, …)."""
        variance, *lengths = np.exp(parameters).tolist()
        changed: list[Any] = [
            replace(k, length=length)  # type: ignore[type-var]
            for k, length in zip(self.factors, lengths, strict=True)
        ]
        return ProductKernel(variance, tuple(changed))

    def block(self, terms: Mapping[MultiIndex, Array], r: Array) -> Array:
        """Return  σ² Σ_n c_n Π_d k_d⁽ⁿᵈ⁾(r_d)  at lags ``(D, …)``."""
        jets = [
            k.jet(r[d], _top(terms, d)) for d, k in enumerate(self.factors)
        ]  # fmt: skip
        total = np.zeros(r.shape[1:])
        for n, c in terms.items():
            total += _product([c, *(jet[i] for jet, i in zip(jets, n, strict=True))])
        return self.variance * total

    def pull_back(self, terms: Mapping[MultiIndex, Array], r: Array, g: Array) -> Array:
        """Return the gradient of  Σ g block  in (log σ², log ℓ₁, …)."""
        jets, slopes = zip(
            *(k.stretched(r[d], _top(terms, d)) for d, k in enumerate(self.factors)),
            strict=True,
        )
        gradient = np.zeros(1 + len(jets))
        for n, c in terms.items():
            each = [jet[i] for jet, i in zip(jets, n, strict=True)]
            force = c * g
            gradient[0] += np.vdot(force, _product(each))
            for d, slope in enumerate(slopes):
                others = _product([*each[:d], slope[n[d]], *each[d + 1 :]])
                gradient[1 + d] += np.vdot(force, others)
        return self.variance * gradient


def _top(terms: Mapping[MultiIndex, Array], d: int) -> int:
    return max(n[d] for n in terms)


def _product(arrays: Sequence[Array]) -> Array:
    return reduce(np.multiply, arrays)


def _length(kernel: AbstractKernel) -> float:
    length = getattr(kernel, "length", None)
    if length is None:
        raise PdekitError(f"a factor needs a length to be fitted; {kernel} has none")
    return float(length)


@dataclass(frozen=True)
class Process:
    """A Gaussian process of constant mean, its covariance a sum of products.

    Attributes
    ----------
    components
        The terms of the covariance; two with different lengths describe two scales.
    level
        The prior mean.
    """

    components: tuple[ProductKernel, ...]
    level: float = 0.0

    @property
    def parameters(self) -> Array:
        """Those of the components, one behind the other."""
        return np.concatenate([k.parameters for k in self.components])

    def at(self, parameters: Array) -> Process:
        """Return the process with other parameters."""
        parts = np.split(parameters, len(self.components))
        changed = [k.at(p) for k, p in zip(self.components, parts, strict=True)]
        return Process(tuple(changed), self.level)

    def require(self, readings: Sequence[Readings]) -> None:
        """Refuse operators of more derivatives than the samples have."""
        top = max(r.order for r in readings)
        for component in self.components:
            for factor in component.factors:
                factor.require(2 * top, f"an operator of order {top}")

    def cross(self, left: Readings, right: Readings) -> Array:
        """Return Cov(left, right)."""
        total = np.empty((len(left), len(right)))
        table = orders(left, right)
        for rows in strips(left, len(right)):
            total[rows] = self._block(table, left, right, rows, slice(None))
        return total

    def variances(self, readings: Readings) -> Array:
        """Return the prior variance of every reading."""
        table = {
            n: np.asarray(sum(c * d for c, d in pairs))
            for n, pairs in orders(readings, readings).items()
        }
        at_rest = np.zeros((readings.points.shape[1], len(readings)))
        return sum((k.block(table, at_rest) for k in self.components), np.zeros(()))

    def matrix(self, data: Sequence[Readings]) -> Array:
        """Return the covariance of all data, right for i ≤ j."""
        c = np.zeros((sum(map(len, data)),) * 2)
        for place, table, left, right, rows, columns in _upper(data):
            c[place] = self._block(table, left, right, rows, columns)
        return c

    def pull_back(self, data: Sequence[Readings], g: Array) -> Array:
        """Return the gradient of  Σ_{i≤j} g_ij C_ij;  g is zero below its diagonal."""
        gradient = np.zeros((len(self.components), 1 + data[0].points.shape[1]))
        for place, table, left, right, rows, columns in _upper(data):
            terms, r = _terms(table, rows, columns), _lags(left, right, rows, columns)
            force = g[place]
            gradient += [k.pull_back(terms, r, force) for k in self.components]
        return gradient.ravel()

    def _block(
        self,
        table: Mapping[MultiIndex, list[Term]],
        left: Readings,
        right: Readings,
        rows: slice,
        columns: slice,
    ) -> Array:
        terms, r = _terms(table, rows, columns), _lags(left, right, rows, columns)
        return sum((k.block(terms, r) for k in self.components), np.zeros(()))


_Place = tuple[
    tuple[slice, slice], Mapping[MultiIndex, list[Term]], Readings, Readings, slice, slice
]


def _upper(data: Sequence[Readings]) -> Iterator[_Place]:
    """Yield strips that cover i ≤ j: place in C, table, readings, rows and columns."""
    starts = np.cumsum([0, *map(len, data)]).tolist()
    for i, left in enumerate(data):
        for j in range(i, len(data)):
            table = orders(left, data[j])
            for rows in strips(left, len(data[j])):
                columns = slice(rows.start if i == j else 0, len(data[j]))
                place = (
                    slice(starts[i] + rows.start, starts[i] + rows.stop),
                    slice(starts[j] + columns.start, starts[j + 1]),
                )
                yield place, table, left, data[j], rows, columns


def _terms(
    table: Mapping[MultiIndex, list[Term]], rows: slice, columns: slice
) -> dict[MultiIndex, Array]:
    """Return the coefficients of a strip that are not 0, numbers where they do not vary."""
    found: dict[MultiIndex, Array] = {}
    for n, pairs in table.items():
        each = [
            (c[rows, None] if c.ndim else c) * (d[columns] if d.ndim else d)
            for c, d in pairs
        ]
        total = np.asarray(sum(each))
        if np.any(total):
            found[n] = total
    return found or {n: np.zeros(()) for n in table}


def _lags(left: Readings, right: Readings, rows: slice, columns: slice) -> Array:
    """Return  x_d − x'_d,  shape (D, rows, columns)."""
    x, y = left.points[rows].T, right.points[columns].T
    return np.asarray(x[:, :, None] - y[:, None, :])


def scales(process: Process, data: Sequence[Readings]) -> Array:
    """Return the extent of all points along each axis, in units of its lengths."""
    extent = np.ptp(np.concatenate([r.points for r in data]), axis=0)
    factors = process.components[0].factors
    round_ = [isinstance(factor, Periodic) for factor in factors]
    return np.where(round_, tau, extent)


def cut(data: Sequence[Readings]) -> list[slice]:
    """Return where each of the readings stands among all data."""
    return [slice(a, b) for a, b in pairwise(np.cumsum([0, *map(len, data)]).tolist())]
