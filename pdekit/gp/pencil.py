"""One eigenproblem per dimension diagonalises a prior and an operator together.

For the covariance K = L Lᵀ of a dimension and a derivative A of it (K″, or a combination
of even derivatives) the pencil  A W = K W Λ,  Wᵀ K W = I,  and  V = K W  give

    K = V Vᵀ,    V⁻¹ = Wᵀ,    A = V Λ Vᵀ,    A K⁻¹ = V Λ Wᵀ.

An operator  A₁ ⊗ K₂ + K₁ ⊗ A₂  is then one number per mode, in any number of dimensions.

References
----------
Lynch, Rice & Thomas, Numer. Math. 6 (1964) 185, for the elementwise solution.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdekit.arrays import is_complex, is_tensor, namespace
from pdekit.errors import ShapeError
from pdekit.gp.kronecker import Factor, factorize, mode_products
from pdekit.typing import Array


@dataclass(frozen=True, eq=False)
class Pencil:
    """The eigenproblem of one dimension.

    Attributes
    ----------
    values
        Λ, real for even derivatives and imaginary for odd ones.
    basis
        V, of which the columns are the modes.
    dual
        W.
    factor
        The Cholesky factor of K, which knows the jitter.
    """

    values: Array
    basis: Array
    dual: Array
    factor: Factor

    @property
    def analysis(self) -> Array:
        """V⁻¹ = Wᴴ,  from values to modes."""
        return self.dual.conj().T


def pencil(
    derivative: Array, covariance: Array, jitter: float = 0.0, *, odd: bool = False
) -> Pencil:
    """Solve the eigenproblem of a derivative A and the covariance K it belongs to.

    Parameters
    ----------
    derivative
        Symmetric, or with ``odd`` antisymmetric, as K′ is: its eigenvalues are imaginary
        and the modes complex.
    jitter
        See `factorize`.
    """
    factor = factorize(covariance, jitter)
    half = factor.whiten(derivative)
    whitened = factor.whiten(half.T).T  # L⁻¹ A L⁻ᵀ
    if odd:
        values, vectors = namespace(whitened).linalg.eigh(0.5j * (whitened - whitened.T))
        values = -1j * values
    else:
        values, vectors = namespace(whitened).linalg.eigh(0.5 * (whitened + whitened.T))
    return Pencil(values, _times(factor.lower, vectors), _unwhiten(factor, vectors), factor)


def _times(lower: Array, vectors: Array) -> Array:
    lower = lower.to(vectors.dtype) if is_tensor(lower) else lower
    return lower @ vectors


def _unwhiten(factor: Factor, vectors: Array) -> Array:
    """Return  L⁻ᵀ Q  of the real or complex Q."""
    if not is_complex(vectors):
        return factor.unwhiten(vectors)
    return factor.unwhiten(vectors.real) + 1j * factor.unwhiten(vectors.imag)


@dataclass(frozen=True, eq=False)
class KroneckerSum:
    """The operator  Σ_d a_d A_d K_d⁻¹ + c  on values of a tensor grid.

    With a symbol  s = Σ a_d λ_d + c  for every mode it is  V s V⁻¹,  V = V₁ ⊗ … ⊗ V_d;
    in terms of coefficients α = C⁻¹u it is  Σ a_d A_d ⊗ K_others + c C.

    Parameters
    ----------
    pencils
        One for each dimension.
    coefficients
        a_d; ones by default.
    constant
        c.
    """

    pencils: tuple[Pencil, ...]
    coefficients: tuple[float, ...] = ()
    constant: float = 0.0

    def __post_init__(self) -> None:
        """Refuse coefficients of another number of dimensions."""
        if self.coefficients and len(self.coefficients) != len(self.pencils):
            raise ShapeError(len(self.pencils), len(self.coefficients), "coefficients")

    @property
    def symbol(self) -> Array:
        """s,  ``(N₁, …, N_d)``."""
        rank = len(self.pencils)
        total = self.constant
        for d, one in enumerate(self.pencils):
            factor = self.coefficients[d] if self.coefficients else 1.0
            total = total + factor * one.values.reshape((-1,) + (1,) * (rank - 1 - d))
        return total

    def modes(self, u: Array) -> Array:
        """Return  B = V⁻¹ u;  ‖B‖² is the quadratic form  uᵀ C⁻¹ u."""
        return mode_products([one.analysis for one in self.pencils], u)

    def values(self, modes: Array) -> Array:
        """Return  u = V B,  real where it has to be."""
        return self._real(mode_products([one.basis for one in self.pencils], modes))

    def apply(self, u: Array) -> Array:
        """Return what the derivatives of the interpolant of u make of it, on the grid."""
        return self.values(self.symbol * self.modes(u))

    def solve(self, f: Array) -> Array:
        """Return u with  Σ a_d A_d K_d⁻¹ u + c u = f."""
        return self.values(self.modes(f) / self.symbol)

    def apply_covariance(self, alpha: Array) -> Array:
        """Return  (Σ a_d A_d ⊗ K_others + c C) α."""
        return self.values(self.symbol * self._project(alpha))

    def solve_covariance(self, f: Array) -> Array:
        """Return α with  (Σ a_d A_d ⊗ K_others + c C) α = f."""
        duals = [one.dual for one in self.pencils]
        return self._real(mode_products(duals, self.modes(f) / self.symbol))

    def posterior_mean(self, f: Array, precision: float) -> Array:
        """Return the most probable u given f = (this operator) u + noise.

        The noise has the covariance C/t, which makes it elementwise: with F̂ = V⁻¹ f

            B = t s̄ F̂ / (1 + t |s|²).

        Parameters
        ----------
        precision
            t.
        """
        s = self.symbol
        conjugate = s.conj()
        ratio = precision * conjugate / (1.0 + precision * (s * conjugate).real)
        return self.values(ratio * self.modes(f))

    def _project(self, alpha: Array) -> Array:
        """Return  Vᴴ α."""
        return mode_products([one.basis.conj().T for one in self.pencils], alpha)

    def _real(self, found: Array) -> Array:
        """Drop the imaginary part that complex modes leave: rounding, for real data."""
        return found.real if is_complex(self.symbol) else found
