"""Coupled Schrödinger pair,  i uₜ = −(D/2) uₓₓ − g(|u|² + β|v|²) u,  and u ↔ v for v."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit import spectral
from pdekit.equation import AbstractEquation, Params
from pdekit.grid import Grid
from pdekit.solvers.diagnostics import spacetime
from pdekit.solvers.exact import manakov as exact
from pdekit.solvers.exact.parameters import require
from pdekit.solvers.exact.scaling import rescaled
from pdekit.stepping import Integrator, resonance
from pdekit.typing import Array, Field


class ManakovParams(Params):
    """Coefficients of the pair; β = 1 is Manakov's integrable case."""

    dispersion: float = Key(1.0, description="D; 1 is the canonical form")
    focusing: float = Key(1.0, description="g; positive focuses, negative defocuses")
    coupling: float = Key(1.0, description="β, cross-phase over self-phase modulation")


class Manakov(AbstractEquation):
    """Two complex fields on a periodic interval.

    Split as for one field: the flow of  N  leaves |u| and |v| alone and turns both phases.

    Conserved: the mass of each component, the momentum  ∫Im(u*uₓ + v*vₓ)  and the energy
    ∫ D/2 (|uₓ|² + |vₓ|²) − g/2 (|u|⁴ + |v|⁴ + 2β|u|²|v|²).

    References
    ----------
    Manakov, Sov. Phys. JETP 38 (1974) 248.
    """

    name: ClassVar[str] = "manakov"
    fields: ClassVar[tuple[str, ...]] = ("u", "v")
    complex: ClassVar[bool] = True
    dimensions: ClassVar[tuple[int, ...]] = (1,)
    integrator: ClassVar[str] = "dop853_ip"
    Params = ManakovParams
    params: ManakovParams
    references = ("Manakov, Sov. Phys. JETP 38 (1974) 248",)
    exact: ClassVar = {
        "bright_soliton": exact.bright_soliton,
        "n_soliton": exact.n_soliton,
        "plane_wave": exact.plane_wave,
    }

    def symbol(self, grid: Grid) -> Array:
        """Return  L = −i D k²/2  for both components."""
        k_squared = grid.k_squared()
        return -0.5j * self.params.dispersion * np.stack([k_squared, k_squared])

    def constants(self) -> dict[str, float]:
        """Return g and gβ."""
        g = self.params.focusing
        return {"g": g, "cross": g * self.params.coupling}

    @staticmethod
    def rate(u: Any, v: Any, g: Any, cross: Any) -> Any:
        """Return  g (|u|² + β|v|²)  and  g (β|u|² + |v|²)."""
        p = u.real * u.real + u.imag * u.imag
        q = v.real * v.real + v.imag * v.imag
        return g * p + cross * q, cross * p + g * q

    @staticmethod
    def product(u: Any, v: Any, g: Any, cross: Any) -> Any:
        """Return N for both components."""
        p = u.real * u.real + u.imag * u.imag
        q = v.real * v.real + v.imag * v.imag
        return (1j * (g * p + cross * q)) * u, (1j * (cross * p + g * q)) * v

    def solution(self, name: str, **params: Any) -> Any:
        """Return an exact solution ``f(x, t)`` for these coefficients D and g."""
        require(
            self.params.coupling == 1.0,
            f"exact solutions of manakov need coupling 1, got {self.params.coupling:g}",
        )
        return rescaled(
            self.exact[name],
            dispersion=self.params.dispersion,
            focusing=self.params.focusing,
            **params,
        )

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Evaluate the conserved quantities with spectral derivatives and dx · Σ."""
        d, g, beta = self.params.dispersion, self.params.focusing, self.params.coupling
        density = np.abs(u) ** 2
        k = grid.axes[0].wavenumbers(odd=True)
        slope, second = spectral.apply(u, np.stack([1j * k, -grid.k_squared()]))
        p, q = density[..., 0, :], density[..., 1, :]
        # −u*uₓₓ, not |uₓ|²: it keeps the highest mode, as the energy of the scheme does
        kinetic = -(np.conj(u) * second).real.sum(axis=-2)
        interaction = p**2 + q**2 + 2 * beta * p * q
        return {
            "mass_u": grid.integrate(p),
            "mass_v": grid.integrate(q),
            "momentum": grid.integrate((np.conj(u) * slope).imag.sum(axis=-2)),
            "energy": grid.integrate(d / 2 * kinetic - g / 2 * interaction),
        }

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return natural sizes: no drift is divided by an invariant that vanishes."""
        mass = float(grid.integrate((np.abs(u) ** 2).sum(axis=0)))
        kinetic = float(grid.integrate((np.abs(grid.derivative(u)) ** 2).sum(axis=0)))
        energy = abs(self.params.dispersion) / 2 * kinetic
        return {"mass_u": mass, "mass_v": mass, "momentum": mass, "energy": energy}

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Warn of numerical resonance on a background that does not decay."""
        return resonance(self.symbol(grid), u, integrator, step)

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Peak and centre of mass of each component."""
        x = grid.axes[0].points()
        out: dict[str, Array] = {}
        for c, name in enumerate(self.fields):
            out[f"max_abs_{name}"] = np.abs(u[..., c, :]).max(axis=-1)
            out[f"centre_of_mass_{name}"] = spacetime.centre_of_mass(u[..., c, :], x)
        return out
