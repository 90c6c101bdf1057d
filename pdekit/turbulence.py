"""Budgets, scales, spectra and fluxes of incompressible flow in a periodic box.

A `Flow` is made of real values, velocity or (in two dimensions) vorticity, with one
transform, and answers by Parseval's identity. With d the dimension and ⟨·⟩ the mean:

    E = ½⟨|u|²⟩    Ω = ½⟨|ω|²⟩    P = ½⟨|∇ω|²⟩    H = ⟨u·ω⟩    ε = 2νΩ

Every answer has the leading axes of the values, such as that of the members.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pdekit import fft, spectral
from pdekit.errors import ShapeError
from pdekit.grid import Grid, GridError
from pdekit.series import multiplicity
from pdekit.spectral import in_shells
from pdekit.typing import Array, Field, Spectrum


@dataclass(frozen=True, eq=False)
class Flow:
    """Coefficients, forward transform / N, of velocity and vorticity on the half spectrum.

    Make it with `of_velocity` or `of_vorticity`. Shapes are ``(…, component, *modes)``;
    the vorticity has one component in two dimensions. Products are taken with the 2/3 rule.

    Examples
    --------
    >>> grid = Grid.periodic((16, 16), (0, 2 * np.pi))
    >>> x, y = grid.points()
    >>> flow = Flow.of_vorticity(2 * np.sin(x) * np.sin(y), grid)
    >>> flow.energy.round(15), flow.enstrophy.round(15)
    (np.float64(0.25), np.float64(0.5))
    """

    grid: Grid
    u_hat: Spectrum
    omega_hat: Spectrum

    @classmethod
    def of_velocity(cls, u: Field, grid: Grid) -> Flow:
        """From  u  ``(…, component, *space)``  with as many components as dimensions."""
        _check(u, (grid.ndim, *grid.shape), grid)
        u_hat = _forward(u, grid)
        return cls(grid, u_hat, _curl(u_hat, grid))

    @classmethod
    def of_vorticity(cls, omega: Field, grid: Grid) -> Flow:
        """From  ω  ``(…, *space)``  in 2-D:  −∇²ψ = ω,  u = (ψ_y, −ψ_x), no mean flow."""
        if grid.ndim != 2:
            raise GridError("a scalar vorticity belongs to a flow in two dimensions")
        _check(omega, grid.shape, grid)
        omega_hat = _forward(omega, grid)[..., None, :, :]
        kx, ky = grid.wavenumbers(real=True, odd=True)
        psi_hat = omega_hat[..., 0, :, :] * _inverse_square(grid)
        u_hat = np.stack([1j * ky * psi_hat, -1j * kx * psi_hat], axis=-3)
        return cls(grid, u_hat, omega_hat)

    # -- means -------------------------------------------------------------------------

    @cached_property
    def energy(self) -> Array:
        """E = ½⟨|u|²⟩, mean flow included."""
        return 0.5 * self._sum(_square(self.u_hat))

    @cached_property
    def enstrophy(self) -> Array:
        """Ω = ½⟨|ω|²⟩."""
        return 0.5 * self._sum(_square(self.omega_hat))

    @cached_property
    def palinstrophy(self) -> Array:
        """P = ½⟨|∇ω|²⟩, which is ½⟨|∇×ω|²⟩ as well."""
        return 0.5 * self._sum(self.grid.k_squared(real=True) * _square(self.omega_hat))

    @cached_property
    def helicity(self) -> Array:
        """H = ⟨u·ω⟩; zero in two dimensions, where ω is normal to u."""
        if self.grid.ndim == 2:
            return np.zeros_like(self.energy)
        return self._sum(_inner(self.u_hat, self.omega_hat))

    def dissipation(self, viscosity: float) -> Array:
        """ε = 2νΩ."""
        return 2.0 * viscosity * self.enstrophy

    @cached_property
    def divergence(self) -> Array:
        """max|k·û| / max|û|, the largest over all modes and components; 0 for no flow."""
        ks = self.grid.wavenumbers(real=True, odd=True)
        k_u = sum(k * self.u_hat[..., i, *self._modes] for i, k in enumerate(ks))
        largest = np.abs(self.u_hat).max(axis=(-1 - self.grid.ndim, *self._dims))
        return np.abs(k_u).max(axis=self._dims) / np.where(largest > 0, largest, 1.0)

    # -- scales ------------------------------------------------------------------------

    @cached_property
    def fluctuation(self) -> Array:
        """u′ = √(2E/d), the root mean square of one component, without the mean flow."""
        return np.sqrt(2.0 * self._turbulent_energy / self.grid.ndim)

    @cached_property
    def integral_scale(self) -> Array:
        """Longitudinal integral scale of isotropic flow, c ∫ E/k dk / ∫ E dk, or 0.

        ∫f dr over the correlation f of u_x along x; c = 2 in two dimensions and 3π/4 in
        three (Pope, Turbulent Flows, 2000, eq. 6.225).
        """
        c = 2.0 if self.grid.ndim == 2 else 0.75 * math.pi
        over_k = 0.5 * self._sum(np.sqrt(_inverse_square(self.grid)) * _square(self.u_hat))
        return c * _ratio(over_k, self._turbulent_energy)

    @cached_property
    def taylor_scale(self) -> Array:
        """Taylor microscale of isotropic flow, λ = √((d + 2) E/Ω); 0 for no vorticity.

        λ² = u′²/⟨(∂u_x/∂x)²⟩, and ⟨|ω|²⟩ = d(d + 2)⟨(∂u_x/∂x)²⟩; in three dimensions it is
        √(15νu′²/ε) (Pope, 2000, eq. 6.58 and 6.59).
        """
        scale: Array = np.sqrt(
            (self.grid.ndim + 2) * _ratio(self._turbulent_energy, self.enstrophy)
        )
        return scale

    def reynolds(self, viscosity: float) -> Array:
        """Re_λ = u′λ/ν; ∞ without viscosity."""
        if viscosity == 0:
            return np.full_like(self.fluctuation, np.inf)
        return self.fluctuation * self.taylor_scale / viscosity

    def resolution(self, viscosity: float, cutoff: float = 2.0 / 3.0) -> Array:
        """k_max η, with η the scale at which viscosity stops the cascade; ∞ for no flow.

        η = (ν³/ε)^(1/4) in three dimensions (Kolmogorov), in two (ν³/ε_Ω)^(1/6) with the
        dissipation of enstrophy ε_Ω = 2νP (Kraichnan). k_max is the ``cutoff`` times the
        smallest Nyquist wavenumber of the axes, two thirds for dealiased products.
        """
        if viscosity == 0:
            return np.zeros_like(self.enstrophy)
        k_max = cutoff * min(math.pi / dx for dx in self.grid.spacing)
        two = self.grid.ndim == 2
        loss = 2.0 * viscosity * (self.palinstrophy if two else self.enstrophy)
        scale = viscosity**3 / np.where(loss > 0, loss, 1.0)
        eta = scale ** (1.0 / 6.0 if two else 1.0 / 4.0)
        return np.where(loss > 0, k_max * eta, np.inf)

    # -- shells ------------------------------------------------------------------------

    def energy_spectrum(self) -> tuple[Array, Array]:
        """Shells k and E(k), which add up to E; shells as in `spectral.energy_spectrum`."""
        return self._shells(0.5 * _square(self.u_hat))

    def energy_transfer(self) -> tuple[Array, Array]:
        """Shells k and T(k) = Σ Re û*·(u×ω)^, the energy that advection gives to each.

        Pressure does no work on modes with k·û = 0, so that u×ω stands for −u·∇u.
        """
        return self._shells(_inner(self._masked(self.u_hat), self._lamb_hat))

    def energy_flux(self) -> tuple[Array, Array]:
        """Shells k and Π(k) = −Σ_{κ≤k} T(κ), the energy that leaves for larger k."""
        return _flux(self.energy_transfer())

    def enstrophy_transfer(self) -> tuple[Array, Array]:
        """Shells k and Σ Re ω̂*(−u·∇ω)^; in two dimensions, where Ω is conserved."""
        if self.grid.ndim != 2:
            raise GridError("advection conserves enstrophy in two dimensions only")
        advection = _curl(self._lamb_hat, self.grid)
        return self._shells(_inner(self._masked(self.omega_hat), advection))

    def enstrophy_flux(self) -> tuple[Array, Array]:
        """Shells k and  −Σ_{κ≤k}  of `enstrophy_transfer`."""
        return _flux(self.enstrophy_transfer())

    # -- parts -------------------------------------------------------------------------

    @cached_property
    def _lamb_hat(self) -> Spectrum:
        """u×ω of the dealiased fields: of the truncated modes, exact."""
        u = _inverse(self._masked(self.u_hat), self.grid)
        omega = _inverse(self._masked(self.omega_hat), self.grid)
        axis = -1 - self.grid.ndim
        if self.grid.ndim == 2:
            w = omega[..., 0, *self._modes]
            a, b = u[..., 0, *self._modes], u[..., 1, *self._modes]
            return _forward(np.stack([b * w, -a * w], axis=axis), self.grid)
        return _forward(np.cross(u, omega, axis=axis), self.grid)

    @cached_property
    def _turbulent_energy(self) -> Array:
        """Energy without the mean flow."""
        moving = self.grid.k_squared(real=True) > 0
        return 0.5 * self._sum(moving * _square(self.u_hat))

    @property
    def _dims(self) -> tuple[int, ...]:
        return tuple(range(-self.grid.ndim, 0))

    @property
    def _modes(self) -> tuple[slice, ...]:
        return (slice(None),) * self.grid.ndim

    def _masked(self, u_hat: Spectrum) -> Spectrum:
        return u_hat * spectral.two_thirds(self.grid, real=True)

    def _sum(self, density: Array) -> Array:
        """Sum over the full spectrum of what is given on the half, and over components."""
        total: Array = (density.sum(-1 - self.grid.ndim) * self._weights).sum(self._dims)
        return total

    def _shells(self, density: Array) -> tuple[Array, Array]:
        """Add up the modes with  k − Δk/2 ≤ |κ| < k + Δk/2, Δk the largest 2π/L."""
        density = density.sum(-1 - self.grid.ndim) * self._weights
        return in_shells(density, self.grid, real=True)

    @property
    def _weights(self) -> Array:
        return multiplicity(self.grid.shape[-1])


def _check(values: Field, shape: tuple[int, ...], grid: Grid) -> None:
    """Refuse what is no real field of this shape on a periodic box."""
    if not grid.is_periodic or grid.ndim < 2:
        raise GridError("a flow needs a periodic grid in two or three dimensions")
    if tuple(np.shape(values)[-len(shape) :]) != shape:
        raise ShapeError(f"(…, {', '.join(map(str, shape))})", np.shape(values), "a flow")
    if np.iscomplexobj(values):
        raise ShapeError("real values", "complex ones", "a flow")


def _forward(u: Field, grid: Grid) -> Spectrum:
    """Coefficients in double precision, whatever the field comes in."""
    u = np.asarray(u, np.float64)
    return fft.backend_of(u).rfft(u, tuple(range(-grid.ndim, 0))) / grid.size


def _inverse(u_hat: Spectrum, grid: Grid) -> Field:
    axes = tuple(range(-grid.ndim, 0))
    return fft.backend_of(u_hat).irfft(u_hat, grid.shape, axes) * float(grid.size)


def _curl(u_hat: Spectrum, grid: Grid) -> Spectrum:
    """Return ik × û; in two dimensions its one component."""
    ks = grid.wavenumbers(real=True, odd=True)
    u = np.moveaxis(u_hat, -1 - grid.ndim, 0)
    pairs = ((0, 1),) if grid.ndim == 2 else ((1, 2), (2, 0), (0, 1))
    parts = [1j * (ks[i] * u[j] - ks[j] * u[i]) for i, j in pairs]
    return np.stack(parts, axis=-1 - grid.ndim)


def _inverse_square(grid: Grid) -> Array:
    """1/|k|², and 0 for the mean."""
    k2 = grid.k_squared(real=True)
    return np.where(k2 > 0, 1.0 / np.where(k2 > 0, k2, 1.0), 0.0)


def _square(a: Spectrum) -> Array:
    return a.real**2 + a.imag**2


def _inner(a: Spectrum, b: Spectrum) -> Array:
    """Re a*b, component by component."""
    return a.real * b.real + a.imag * b.imag


def _ratio(a: Array, b: Array) -> Array:
    return np.where(b > 0, a / np.where(b > 0, b, 1.0), 0.0)


def _flux(shells: tuple[Array, Array]) -> tuple[Array, Array]:
    k, transfer = shells
    return k, -np.cumsum(transfer, axis=-1)
