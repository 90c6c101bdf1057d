"""Functions of one axis that carry a Gaussian process, with their derivatives.

A process whose spectrum is a few narrow bands is, to rounding, a combination of a few
functions with random weights. Here are those functions, made orthonormal on the nodes:

* `polytrig`: polynomials times a wave at the middle of each band, to which a Gaussian
  mixture tends as its bands narrow. No ill-conditioned covariance is ever formed.
* `extension`: waves of a longer box, for spectra that are broad.
* `waves`: the waves of a periodic axis.
* `of_kernel`: the eigenvectors of any covariance on the nodes.

References
----------
Driscoll & Fornberg, Comput. Math. Appl. 43 (2002) 413 (flat limit of kernels).
Huybrechs, SIAM J. Numer. Anal. 47 (2010) 4326 (Fourier extension).
Williams & Seeger, Advances in Neural Information Processing Systems 13 (2001) 682
(extending eigenvectors of a covariance to other points).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.polynomial import chebyshev

from pdekit.gp.span import Span
from pdekit.typing import Array

Functions = Callable[[Array, int], Array]
"""``(points, order) -> (points, functions)``, the derivatives of so many order."""


class Kernel(Protocol):
    """A stationary covariance k(x − x′)."""

    def derivative(self, r: Array, order: int = 0) -> Array:
        """Return the derivative of k at the lags r."""
        ...


@dataclass(frozen=True, eq=False)
class Basis:
    """Functions of an axis, orthonormal on its nodes.

    Attributes
    ----------
    span : Span
        The axis.
    functions : callable
        Values and derivatives, before they are combined.
    combination : (functions, rank) array
        The orthonormal combinations.
    frequencies : array
        Middle of the bands, cycles per unit.
    label : str
        What it is, for people.
    prior : (rank,) array or None
        Variances of the weights; None where they are left free.
    """

    span: Span
    functions: Functions
    combination: Array
    frequencies: Array
    label: str
    prior: Array | None = None
    _known: dict[int, Array] = field(default_factory=dict, repr=False)

    @property
    def rank(self) -> int:
        """The number of functions."""
        return int(self.combination.shape[1])

    def at(self, points: Array, order: int = 0) -> Array:
        """Return derivatives of the functions at points, shape ``(points, rank)``."""
        return np.asarray(self.functions(np.asarray(points), order) @ self.combination)

    def on_nodes(self, order: int = 0) -> Array:
        """Return derivatives at the nodes."""
        if order not in self._known:
            self._known[order] = self.at(self.span.nodes, order)
        return self._known[order]


def _orthonormal(
    span: Span, functions: Functions, tolerance: float, frequencies: Array, label: str
) -> Basis:
    """Combine functions to orthonormal ones, without those that are small everywhere."""
    _, size, vt = np.linalg.svd(functions(span.nodes, 0), full_matrices=False)
    kept = size > tolerance * size[0]
    return Basis(span, functions, vt[kept].T / size[kept], frequencies, label)


def polytrig(
    span: Span,
    frequencies: Sequence[float] | Array,
    degree: int,
    band_degree: int,
    tolerance: float = 1e-13,
) -> Basis:
    """Polynomials up to ``degree``, and up to ``band_degree`` times the waves of each band.

    T_k(z),  T_k(z) cos(2πμ(x − a)),  T_k(z) sin(2πμ(x − a)),  z from −1 to 1 on the axis.
    """
    bands = np.asarray(frequencies, dtype=float)

    def functions(points: Array, order: int) -> Array:
        plain = _polynomials(span, points, degree, order)
        carried = _polynomials(span, points, band_degree, order)
        x = points - span.lower
        return np.concatenate(
            [plain[order], *(_on_wave(x, carried, 2 * math.pi * mu) for mu in bands)], 1
        )

    label = f"polynomials of degree {degree}"
    if len(bands):
        label += f", of degree {band_degree} on {len(bands)} bands"
    return _orthonormal(span, functions, tolerance, bands, label)


def _polynomials(span: Span, points: Array, degree: int, order: int) -> list[Array]:
    """Return Chebyshev polynomials of an axis with derivatives up to an order."""
    z = (2 * points - span.lower - span.upper) / span.length
    slope = np.zeros((degree + 1, degree + 1))
    for k in range(1, degree + 1):
        slope[:k, k] = chebyshev.chebder(np.eye(degree + 1)[k])[:k] * (2 / span.length)
    found = [chebyshev.chebvander(z, degree)]
    for _ in range(order):
        found.append(found[-1] @ slope)
    return found


def _on_wave(x: Array, slopes: Sequence[Array], k: float) -> Array:
    """Return the last derivative of f cos kx and f sin kx from those of f (Leibniz)."""
    order = len(slopes) - 1
    wave = np.exp(1j * k * x)[:, None]
    terms = (
        math.comb(order, d) * slopes[d] * (1j * k) ** (order - d) for d in range(order + 1)
    )
    total = wave * sum(terms)
    return np.concatenate([total.real, total.imag], 1)


def extension(span: Span, part: float = 0.5, stretch: float = 1.5) -> Basis:
    """Return waves of a longer box, up to a part of the Nyquist frequency."""
    longest = stretch * span.length
    bands = np.arange(1, int(part * span.nyquist * longest) + 1) / longest

    def functions(points: Array, order: int) -> Array:
        plain = _polynomials(span, points, min(3, span.n - 1), order)[order]
        return np.concatenate([plain, _waves(points - span.lower, bands, order)], 1)

    label = f"waves of a box {stretch:g} times as long, up to {part:g} of Nyquist"
    return _orthonormal(span, functions, 1e-10, bands, label)


def waves(span: Span, frequencies: Sequence[float] | Array) -> Basis:
    """Return a constant and the waves of a periodic axis."""
    bands = np.asarray(frequencies, dtype=float)

    def functions(points: Array, order: int) -> Array:
        constant = np.full((len(points), 1), float(order == 0))
        return np.concatenate([constant, _waves(points - span.lower, bands, order)], 1)

    return _orthonormal(span, functions, 1e-12, bands, f"{len(bands)} waves")


def _waves(x: Array, frequencies: Array, order: int) -> Array:
    """Return derivatives of cosines and sines."""
    k = 2 * np.pi * frequencies
    total = np.exp(1j * np.outer(x, k)) * (1j * k) ** order
    return np.concatenate([total.real, total.imag], 1)


def of_kernel(
    span: Span, kernel: Kernel, frequencies: Sequence[float] | Array = (),
    tolerance: float = 1e-12, label: str = "",
) -> Basis:  # fmt: skip
    """Return the eigenvectors of the covariance on the nodes,  φ(x) = k(x, X) q / λ.

    Those of eigenvalues below ``tolerance`` times the largest are left out; the prior
    variance of a weight is its eigenvalue.
    """
    from scipy.linalg import eigh

    nodes = span.nodes
    size, vectors = eigh(kernel.derivative(nodes[:, None] - nodes))
    kept = size > tolerance * size[-1]
    size, vectors = size[kept][::-1], vectors[:, kept][:, ::-1]

    def functions(points: Array, order: int) -> Array:
        return kernel.derivative(np.asarray(points)[:, None] - nodes, order)

    return Basis(
        span, functions, vectors / size, np.asarray(frequencies, dtype=float),
        label or f"eigenvectors of {type(kernel).__name__}", size,
    )  # fmt: skip
