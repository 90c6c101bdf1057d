"""Stationary states of the Gross–Pitaevskii equation: least energy at a given norm.

    E(φ) = ⟨φ| −½∇² + V − Ω L_z |φ⟩ + ½G ∫|φ|⁴,      ∫|φ|² = N,

of which a minimum has  H φ = μ φ  with  H = −½∇² + V − Ω L_z + G|φ|².  Two methods find it:

* preconditioned nonlinear conjugate gradients with an exact line search on the sphere of
  constant norm (Antoine, Levitt & Tang, J. Comput. Phys. 343 (2017) 92),
* the gradient flow, that is imaginary time, by backward Euler of the linear part with the
  norm restored after each step (Bao, Chern & Lim, J. Comput. Phys. 219 (2006) 836). Unlike
  a splitting in imaginary time its fixed points are exactly those of H.

>>> from pdekit import Grid
>>> grid = Grid.periodic(64, (-10.0, 10.0))
>>> (x,) = grid.points()
>>> round(ground_state(grid, x**2 / 2, interaction=3.1371).energy, 6)
1.044098
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pdekit.errors import PdekitError
from pdekit.fft import backend_of
from pdekit.grid import Grid
from pdekit.typing import Array

WIDTHS = 2.0 ** np.arange(-4, 16)
"""Scales s of the potential among which a first guess exp(−V/s) is chosen."""


class NoGroundState(PdekitError):
    """The iteration has not come down to the tolerance."""


@dataclass(frozen=True)
class StationaryState:
    """A state φ with  H φ = μ φ.

    Attributes
    ----------
    kinetic, potential, rotational, interaction
        Parts of the energy:  ½∫|∇φ|²,  ∫V|φ|²,  −Ω∫φ*L_zφ  and  ½G∫|φ|⁴.
    residual
        √∫|Hφ − μφ|² / √N.
    """

    phi: Array
    kinetic: float
    potential: float
    rotational: float
    interaction: float
    chemical_potential: float
    residual: float
    iterations: int

    @property
    def energy(self) -> float:
        """Sum of the four parts."""
        return self.kinetic + self.potential + self.rotational + self.interaction


class Hamiltonian:
    """The linear part of H on a periodic grid, and what goes with it."""

    def __init__(self, grid: Grid, v: Array, interaction: float, rotation: float) -> None:
        self.grid, self.g, self.omega = grid, interaction, rotation
        self.v = np.broadcast_to(np.asarray(v, dtype=float), grid.shape)
        self._axes = tuple(range(-grid.ndim, 0))
        self._half_k2 = 0.5 * grid.k_squared()
        if rotation:
            if grid.ndim == 1:
                raise PdekitError("rotation needs two or three dimensions")
            x, y = grid.points()[:2]
            kx, ky = grid.wavenumbers(odd=True)[:2]
            self._x, self._y, self._ikx, self._iky = x, y, 1j * kx, 1j * ky

    def inner(self, p: Array, q: Array) -> float:
        """Return  Re ∫ p* q."""
        return float(self.grid.integrate((np.conj(p) * q).real))

    def linear(self, phi: Array) -> tuple[Array, Array, Array]:
        """Return  −½∇²φ,  Vφ  and  −ΩL_zφ."""
        phi_hat = backend_of(phi).fft(phi, self._axes)
        kinetic = self._back(self._half_k2 * phi_hat)
        turning = np.zeros_like(phi)
        if self.omega:  # −Ω L_z = iΩ (x ∂y − y ∂x)
            slopes = self._back(self._ikx * phi_hat), self._back(self._iky * phi_hat)
            turning = 1j * self.omega * (self._x * slopes[1] - self._y * slopes[0])
        return kinetic, self.v * phi, turning

    def apply(self, phi: Array, density: Array) -> Array:
        """Return  H φ  with the given |φ|² inside H."""
        kinetic, trapped, turning = self.linear(phi)
        return kinetic + trapped + turning + self.g * density * phi

    def smooth(self, phi: Array, shift: Array | float) -> Array:
        """Return  (shift − ½∇²)⁻¹ φ."""
        phi_hat = backend_of(phi).fft(phi, self._axes)
        return self._back(phi_hat / (shift + self._half_k2))

    def energy(self, phi: Array) -> float:
        """Return the energy of a state."""
        linear = self.inner(phi, sum(self.linear(phi)))
        return linear + 0.5 * self.g * float(self.grid.integrate(np.abs(phi) ** 4))

    def _back(self, phi_hat: Array) -> Array:
        return backend_of(phi_hat).ifft(phi_hat, self._axes)

    def state(self, phi: Array, iterations: int) -> StationaryState:
        """Return a state with its energies."""
        density, parts = np.abs(phi) ** 2, self.linear(phi)
        norm = float(self.grid.integrate(density))
        kinetic, potential, rotational = (self.inner(phi, part) for part in parts)
        interaction = 0.5 * self.g * float(self.grid.integrate(density**2))
        mu = (kinetic + potential + rotational + 2 * interaction) / norm
        left_over = sum(parts) + (self.g * density - mu) * phi
        residual = math.sqrt(self.inner(left_over, left_over) / norm)
        return StationaryState(
            phi, kinetic, potential, rotational, interaction, mu, residual, iterations
        )


def ground_state(
    grid: Grid,
    potential: Array,
    *,
    interaction: float,
    rotation: float = 0.0,
    norm: float = 1.0,
    start: Array | None = None,
    method: Literal["conjugate_gradient", "gradient_flow"] = "conjugate_gradient",
    tolerance: float = 1e-11,
    max_iterations: int = 5000,
) -> StationaryState:
    """Minimise the energy from a first guess.

    Parameters
    ----------
    grid
        Periodic, large enough that the state vanishes at its ends.
    potential
        V ``(*space)``.
    interaction, rotation, norm
        G, Ω and N.
    start
        First guess; the best exp(−V/s) when left out. It decides which of several minima
        is found: a rotating condensate needs a guess with vortices.
    tolerance
        Of the residual, relative to  μ − min V  where that is above 1.

    Raises
    ------
    NoGroundState
        If the tolerance is not reached.
    """
    if not (grid.is_periodic and norm > 0):
        raise PdekitError("a ground state needs a periodic grid and a positive norm")
    h = Hamiltonian(grid, potential, interaction * norm, rotation)
    phi = _first_guess(h) if start is None else np.asarray(start, dtype=complex)
    iterate = _conjugate_gradient if method == "conjugate_gradient" else _gradient_flow
    phi, count = iterate(h, _normalised(h, phi), tolerance, max_iterations)
    found = Hamiltonian(grid, potential, interaction, rotation)
    return found.state(math.sqrt(norm) * phi, count)


def _normalised(h: Hamiltonian, phi: Array) -> Array:
    return phi / math.sqrt(h.inner(phi, phi))


def _first_guess(h: Hamiltonian) -> Array:
    """Return the state of least energy among the exp(−V/s)."""
    depth = h.v - h.v.min()
    guesses = [_normalised(h, np.exp(-depth / s).astype(complex)) for s in WIDTHS]
    return min(guesses, key=h.energy)


def _conjugate_gradient(
    h: Hamiltonian, phi: Array, tolerance: float, most: int
) -> tuple[Array, int]:
    """Descend along conjugate directions on the sphere, each to its minimum.

    The preconditioner is the symmetric product  P_V^½ P_Δ P_V^½  with  P_V = (α + V + Gρ)⁻¹
    and  P_Δ = (α − ½∇²)⁻¹;  α is a characteristic energy.
    """
    direction, before = np.zeros_like(phi), (np.zeros_like(phi), 1.0)
    for count in range(most):
        density = np.abs(phi) ** 2
        full = h.apply(phi, density)
        mu = h.inner(phi, full)
        r = full - mu * phi
        if _small(h, r, mu, tolerance):
            return phi, count
        trap = h.v - h.v.min() + max(h.g, 0.0) * density
        attraction = min(h.g, 0.0) * float(h.grid.integrate(density**2))
        alpha = max(mu - float(h.v.min()) - attraction, 1e-3)
        root = 1 / np.sqrt(1 + trap / alpha)
        z = root * h.smooth(root * r, alpha)
        z = z - h.inner(phi, z) * phi
        last, scale = before
        beta = max(h.inner(r - last, z) / scale, 0.0) if count else 0.0  # Polak–Ribière
        before = r, h.inner(r, z)
        direction = beta * direction - z
        direction = direction - h.inner(phi, direction) * phi
        if h.inner(direction, r) >= 0:
            direction = -z
        phi = _line_search(h, phi, _normalised(h, direction), r)
    raise NoGroundState(
        f"the residual is still above {tolerance:g} after {most} iterations"
    )


def _small(h: Hamiltonian, r: Array, mu: float, tolerance: float) -> bool:
    size = max(1.0, mu - float(h.v.min()))
    return math.sqrt(h.inner(r, r)) <= tolerance * size


def _line_search(h: Hamiltonian, phi: Array, p: Array, r: Array) -> Array:
    """Return the minimum of  E(φ cos θ + p sin θ),  with p normal to φ and of its norm.

    The energy on this circle is  c²A + 2csB + s²D + ½G Σⱼ Mⱼ c⁴⁻ʲ sʲ,  so that trying an
    angle costs nothing. Newton's angle  −E′/E″  is halved until it lowers the energy; one
    so small that rounding hides the gain is right as it is.
    """
    linear_phi, linear_p = sum(h.linear(phi)), sum(h.linear(p))
    a, b, d = (
        h.inner(u, v) for u, v in ((phi, linear_phi), (p, linear_phi), (p, linear_p))
    )
    one, two, three = np.abs(phi) ** 2, 2 * (np.conj(phi) * p).real, np.abs(p) ** 2
    cross = two**2 + 2 * one * three
    densities = one**2, 2 * one * two, cross, 2 * two * three, three**2
    moments = [float(h.grid.integrate(density)) for density in densities]

    def energy(theta: float) -> float:
        c, s = math.cos(theta), math.sin(theta)
        quartic = sum(m * c ** (4 - j) * s**j for j, m in enumerate(moments))
        return c * c * a + 2 * c * s * b + s * s * d + 0.5 * h.g * quartic

    slope = 2 * h.inner(r, p)
    curvature = 2 * (d - a) + h.g * (moments[2] - 2 * moments[0])
    theta = -slope / curvature if curvature > 0 else 0.1
    while theta > 1e-5 and energy(theta) > energy(0.0):
        theta /= 2
    return _normalised(h, math.cos(theta) * phi + math.sin(theta) * p)


def _gradient_flow(
    h: Hamiltonian, phi: Array, tolerance: float, most: int
) -> tuple[Array, int]:
    """Iterate  (α − ½∇²) φ⁺ = (α + μ − V + ΩL_z − G|φ|²) φ  and normalise.

    Backward Euler in imaginary time with the longest step: with μ on the right a stationary
    state stays, and  α = ½ max(V + G|φ|² − μ)  is the least for which no part grows where
    the state is to vanish.
    """
    for count in range(most):
        kinetic, trapped, turning = h.linear(phi)
        explicit = trapped + turning + h.g * np.abs(phi) ** 2 * phi
        full = kinetic + explicit
        mu = h.inner(phi, full)
        if _small(h, full - mu * phi, mu, tolerance):
            return phi, count
        well = h.v + h.g * np.abs(phi) ** 2
        alpha = 0.5 * (float(well.max()) - mu)
        phi = _normalised(h, h.smooth((alpha + mu) * phi - explicit, alpha))
    raise NoGroundState(
        f"the residual is still above {tolerance:g} after {most} iterations"
    )
