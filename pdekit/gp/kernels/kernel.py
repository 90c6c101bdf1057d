"""What every stationary kernel offers; sums and products of kernels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from pdekit.errors import NotApplicable, PdekitError, ShapeError
from pdekit.gp.kernels import jets
from pdekit.typing import Array

_BLOCK = 4096
"""Lags that a mixture treats at a time: thirty complex components of them fit in cache."""


class AbstractKernel(ABC):
    """A stationary covariance k(r) of one axis, even in r = x − x'."""

    @property
    @abstractmethod
    def smoothness(self) -> float:
        """Number of derivatives of k that exist at r = 0 (twice those of its samples)."""

    @abstractmethod
    def _jet(self, r: Array, order: int) -> Array:
        """Return the derivatives of order 0 … ``order`` at r, all of them existing."""

    def jet(self, r: ArrayLike, order: int) -> Array:
        """Return the derivatives of order 0 … ``order`` at lags of any shape and sign."""
        self.require(order)
        return self._jet(np.asarray(r, float), order)

    def derivative(self, r: ArrayLike, order: int = 0) -> Array:
        """Return dᵒʳᵈᵉʳk/drᵒʳᵈᵉʳ at lags of any shape and sign."""
        return self.jet(r, order)[order]

    def __call__(self, r: ArrayLike) -> Array:
        """Return k(r)."""
        return self.derivative(r)

    def stretched(self, r: Array, order: int) -> tuple[Array, Array]:
        """Return the jet at lags and its derivative in log ℓ, all lengths by one factor.

        Of  k = κ(r/ℓ):  ∂k⁽ⁿ⁾/∂log ℓ = −n k⁽ⁿ⁾ − r k⁽ⁿ⁺¹⁾;  where k⁽ⁿ⁺¹⁾ jumps, r is 0.
        """
        self.require(order)
        jet = self._jet(r, order + 1)
        slopes = [-n * jet[n] - r * jet[n + 1] for n in range(order + 1)]
        return jet[:-1], np.stack(slopes)

    def require(self, order: int, purpose: str = "") -> None:
        """Refuse derivatives that do not exist at r = 0; ``purpose`` is what needs them."""
        if order > self.smoothness:
            raise NotApplicable(
                "kernel",
                f"{purpose or 'this'} needs derivative {order} of the kernel at r = 0, and "
                f"{self} has {self.smoothness:g}; take a smoother kernel, such as "
                "GaussianMixture or SquaredExponential",
            )

    def density(self, s: ArrayLike) -> Array:
        """Return S(s) with k(r) = ∫ S e^{2πi s r} ds, s in cycles per unit length."""
        raise NotApplicable("kernel", f"{self} has no spectral density in closed form")

    def __add__(self, other: AbstractKernel) -> Sum:
        """Return the kernel of the sum of two independent processes."""
        return Sum(self, other)

    def __mul__(self, other: AbstractKernel) -> Product:
        """Return the kernel of the product of two independent processes."""
        return Product(self, other)


@dataclass(frozen=True)
class AbstractPair(AbstractKernel):
    """A kernel made of two."""

    first: AbstractKernel
    second: AbstractKernel

    @property
    def smoothness(self) -> float:
        """That of the rougher one."""
        return min(self.first.smoothness, self.second.smoothness)


class Sum(AbstractPair):
    """k = k₁ + k₂."""

    def _jet(self, r: Array, order: int) -> Array:
        return self.first.jet(r, order) + self.second.jet(r, order)

    def density(self, s: ArrayLike) -> Array:
        """Return S₁ + S₂."""
        return self.first.density(s) + self.second.density(s)


class Product(AbstractPair):
    """k = k₁ k₂."""

    def _jet(self, r: Array, order: int) -> Array:
        return jets.product(self.first.jet(r, order), self.second.jet(r, order))


@dataclass(frozen=True, eq=False)
class AbstractMixture(AbstractKernel):
    """k = Σ w_q G(ρ_q r) cos 2πμ_q r: envelopes G of unit height at frequencies μ_q.

    Attributes
    ----------
    weights
        w_q > 0, the share of every component in the variance k(0).
    inverse_lengths
        ρ_q > 0.
    frequencies
        μ_q in cycles per unit length; their sign does not matter.
    """

    weights: Array
    inverse_lengths: Array
    frequencies: Array

    def __post_init__(self) -> None:
        """Refuse components that are no covariance."""
        for field in fields(self):
            values = np.atleast_1d(np.array(getattr(self, field.name), float))
            values.setflags(write=False)
            object.__setattr__(self, field.name, values)
            if values.shape != self.weights.shape or values.ndim != 1:
                raise ShapeError(self.weights.shape, values.shape, field.name)
            if not np.all(np.isfinite(values)):
                raise PdekitError(f"{field.name} of a mixture must be finite")
        if np.any(self.weights < 0) or np.any(self.inverse_lengths <= 0):
            raise PdekitError("weights must be ≥ 0 and inverse lengths > 0")

    def __str__(self) -> str:
        """``GaussianMixture of 30 components``."""
        return f"{type(self).__name__} of {self.weights.size} components"

    @property
    def parameters(self) -> Array:
        """The vector (log w, log ρ, μ), each part as long as there are components."""
        positive = np.maximum(self.weights, np.finfo(float).tiny)
        return np.concatenate(
            [np.log(positive), np.log(self.inverse_lengths), self.frequencies]
        )

    def at(self, parameters: Array) -> Self:
        """Return the kernel with the parameters (log w, log ρ, μ)."""
        log_w, log_rho, mu = np.split(np.asarray(parameters, float), 3)
        return type(self)(np.exp(log_w), np.exp(log_rho), mu)

    def only(self, keep: Array) -> Self:
        """Return the mixture of some components, given by index or mask."""
        return type(self)(
            self.weights[keep], self.inverse_lengths[keep], self.frequencies[keep]
        )

    @abstractmethod
    def components(self, r: Array, order: int) -> Array:
        """Return the jets of all components at lags (n,):  (order + 1, Q, n), weighted.

        They may be complex; the real part counts.
        """

    @abstractmethod
    def _pull_back(self, r: Array, forces: Array) -> Array:
        """Return what `pull_back` does for forces of order 0 … n on lags (n,)."""

    def _jet(self, r: Array, order: int) -> Array:
        flat = r.ravel()
        jet = np.empty((order + 1, flat.size))
        for start in range(0, flat.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            jet[:, part] = self.components(flat[part], order).real.sum(axis=1)
        return jet.reshape(order + 1, *r.shape)

    def pull_back(self, r: ArrayLike, forces: Mapping[int, Array]) -> Array:
        """Return the gradient of  Σ_n Σ_l b_n[l] k⁽ⁿ⁾(r_l)  in (log w, log ρ, μ).

        ``forces`` maps orders n to arrays b_n of the shape of the lags.
        """
        order = max(forces, default=0)
        self.require(order)
        flat = np.asarray(r, float).ravel()
        dense = np.zeros((order + 1, flat.size))
        for n, force in forces.items():
            dense[n] = np.ravel(force)
        gradient = np.zeros(3 * self.weights.size)
        for start in range(0, flat.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            gradient += self._pull_back(flat[part], dense[:, part])
        return gradient
