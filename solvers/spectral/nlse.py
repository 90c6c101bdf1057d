"""Nonlinear Schrödinger equation  i ψₜ = −(D/2) ∇²ψ + V ψ − g |ψ|² ψ  in a periodic box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit import spectral
from pdekit.equation import AbstractEquation, Formula, Params, compiled
from pdekit.errors import ExpressionError
from pdekit.expressions import evaluate_on
from pdekit.grid import Grid
from pdekit.solvers.diagnostics import entropy, nlse_metrics, spacetime
from pdekit.solvers.exact import nlse as exact
from pdekit.solvers.exact import nlse_states as states
from pdekit.solvers.exact.nlse_theory import modulational_gain
from pdekit.solvers.exact.scaling import rescaled
from pdekit.stepping import Integrator, resonance
from pdekit.typing import Array, Field


class NLSEParams(Params):
    """Coefficients of  i ψₜ = −(D/2) ∇²ψ + V ψ − g |ψ|² ψ."""

    dispersion: float = Key(1.0, description="D; 1 is the canonical form")
    focusing: float = Key(1.0, description="g; positive focuses, negative defocuses")
    potential: Formula | None = Key(None, description="V, a formula of x, y, z and t")


class NLSE(AbstractEquation):
    """One complex field on a periodic box in one to three dimensions.

    Split as  ψ̂ₜ = L ψ̂ + N̂  with  L = −i D k²/2  and  N = i (g|ψ|² − V) ψ.  The flow of N
    leaves |ψ| alone, so it is  ψ ↦ ψ exp(i h (g|ψ|² − V)),  exactly.

    Conserved (V = 0, one dimension, all five; otherwise mass, and energy if V does not
    depend on time):

    * mass  ∫|ψ|²,  momentum  ∫Im ψ*∇ψ,  energy  ∫ D/2 |∇ψ|² + V|ψ|² − g/2 |ψ|⁴,
    * i4  ∫ Im(D ψ*ψₓₓₓ + 3g|ψ|²ψ*ψₓ),
    * i5  ∫ D²|ψₓₓ|² − gD(6|ψ|²|ψₓ|² + (|ψ|²)ₓ²) + 2g²|ψ|⁶.

    References
    ----------
    Zakharov & Shabat, Sov. Phys. JETP 34 (1972) 62 (conservation laws, D = g = 1 here).
    """

    name: ClassVar[str] = "nlse"
    fields: ClassVar[tuple[str, ...]] = ("psi",)
    complex: ClassVar[bool] = True
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    integrator: ClassVar[str] = "dop853_ip"
    Params = NLSEParams
    params: NLSEParams
    references = ("Zakharov & Shabat, Sov. Phys. JETP 34 (1972) 62",)
    exact: ClassVar = {
        "bright_soliton": exact.bright_soliton,
        "n_soliton": exact.n_soliton,
        "satsuma_yajima": exact.satsuma_yajima,
        "akhmediev": exact.akhmediev,
        "kuznetsov_ma": exact.kuznetsov_ma,
        "peregrine": exact.peregrine,
        "plane_wave": exact.plane_wave,
        "dark_soliton": exact.dark_soliton,
        "dark_pair": exact.dark_pair,
    }
    states: ClassVar = {
        "si_breather": states.si_breather,
        "si_modulation_instability": states.si_modulation_instability,
        "mi_noise": states.mi_noise,
        "mi_cosine": states.mi_cosine,
        "gaussian": states.gaussian,
    }
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = nlse_metrics.METRICS

    def symbol(self, grid: Grid) -> Array:
        """Return  L = −i D k²/2."""
        return -0.5j * self.params.dispersion * grid.k_squared()[None]

    def constants(self) -> dict[str, float]:
        """Return the nonlinearity g."""
        return {"g": self.params.focusing}

    def coefficients(self, grid: Grid, t: float) -> dict[str, Array]:
        """Return the potential V on the grid, or 0."""
        if self.params.potential is None:
            return {"v": 0.0}
        formula = compiled(self.params.potential, (*grid.names, "t", *self.numbers))
        values = {**dict(zip(grid.names, grid.points(), strict=True)), "t": t}
        values |= {n: v for n, v in self.numbers.items() if n in formula.names_used}
        potential = evaluate_on(formula, values, grid.shape)
        if np.iscomplexobj(potential):
            text = self.params.potential
            raise ExpressionError(f"the formula {text!r} is complex; V is real", text)
        return {"v": potential}

    @property
    def time_dependent(self) -> bool:
        """Whether the potential depends on time."""
        text = self.params.potential
        names = ("x", "y", "z", "t", *self.numbers)
        return text is not None and "t" in compiled(text, names).names_used

    @staticmethod
    def rate(psi: Any, v: Any, g: Any) -> Any:
        """Return  g |ψ|² − V."""
        return g * (psi.real * psi.real + psi.imag * psi.imag) - v

    @staticmethod
    def product(psi: Any, v: Any, g: Any) -> Any:
        """Return  N = i (g|ψ|² − V) ψ."""
        return (1j * (g * (psi.real * psi.real + psi.imag * psi.imag) - v)) * psi

    def solution(self, name: str, **params: Any) -> Any:
        """Return an exact solution ``f(x, t)`` for these coefficients D and g."""
        return rescaled(
            self.exact[name],
            dispersion=self.params.dispersion,
            focusing=self.params.focusing,
            **params,
        )

    def growth_rates(self, k: Array, psi: Field) -> Array | None:
        """Return the modulational gain at ``k`` if ``psi`` is a flat background."""
        height = np.abs(psi)
        if self.params.potential is not None or height.min() < 0.9 * height.max():
            return None
        return modulational_gain(
            k,
            amplitude=float(height.mean()),
            dispersion=self.params.dispersion,
            focusing=self.params.focusing,
        )

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Evaluate the conserved quantities with spectral derivatives and dx · Σ."""
        psi, d, g = _scalar(grid, u), self.params.dispersion, self.params.focusing
        derivatives = spectral.apply(psi, _derivatives(grid), grid.ndim)
        slopes, laplacian = derivatives[: grid.ndim], derivatives[grid.ndim]
        rho, conj = np.abs(psi) ** 2, np.conj(psi)
        v = self.coefficients(grid, t)["v"]
        out = {"mass": rho}
        if self.params.potential is None:
            for name, slope in zip(grid.names, slopes, strict=True):
                label = "momentum" if grid.ndim == 1 else f"momentum_{name}"
                out[label] = (conj * slope).imag
        if not self.time_dependent:
            # −ψ*∇²ψ, not |∇ψ|²: it keeps the highest mode, as the energy of the scheme does
            kinetic = -(conj * laplacian).real
            out["energy"] = d / 2 * kinetic + v * rho - g / 2 * rho**2
        if self.params.potential is None and grid.ndim == 1:
            out |= self._higher(conj, rho, *derivatives)
        return {name: grid.integrate(density) for name, density in out.items()}

    def _higher(
        self, conj: Array, rho: Array, slope: Array, second: Array, third: Array
    ) -> dict[str, Array]:
        """Return the densities of the fourth and fifth invariants."""
        d, g = self.params.dispersion, self.params.focusing
        kinetic, rho_x = np.abs(slope) ** 2, 2 * (conj * slope).real
        return {
            "i4": (conj * (d * third + 3 * g * rho * slope)).imag,
            "i5": d**2 * np.abs(second) ** 2
            - g * d * (6 * rho * kinetic + rho_x**2)
            + 2 * g**2 * rho**3,
        }

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return natural sizes: no drift is divided by an invariant that vanishes."""
        psi, d = _scalar(grid, u), abs(self.params.dispersion)
        mass = float(grid.integrate(np.abs(psi) ** 2))
        kinetic = sum(
            float(grid.integrate(np.abs(grid.derivative(psi, axis)) ** 2))
            for axis in range(grid.ndim)
        )
        scales = {"mass": mass, "energy": d / 2 * kinetic}
        scales |= {"momentum": mass} | {f"momentum_{n}": mass for n in grid.names}
        if grid.ndim == 1:
            bending = float(grid.integrate(np.abs(grid.derivative(psi, 0, 2)) ** 2))
            scales |= {"i4": d * float(np.sqrt(kinetic * bending)), "i5": d**2 * bending}
        return scales

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Warn of numerical resonance on a background that does not decay."""
        return resonance(self.symbol(grid), u, integrator, step)

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Peak, entropies of the density and of the spectrum, centre of mass."""
        psi = _scalar(grid, u)
        out = {"max_abs": np.abs(psi).max(axis=tuple(range(-grid.ndim, 0)))}
        if grid.ndim == 1:
            out |= entropy.series(psi, grid.axes[0].spacing)
            out["centre_of_mass"] = spacetime.centre_of_mass(psi, grid.axes[0].points())
        return out


def _scalar(grid: Grid, u: Field) -> Array:
    """Take the only channel of ``(..., channel, *space)``."""
    return u[..., 0, *(slice(None),) * grid.ndim]


@lru_cache
def _derivatives(grid: Grid) -> Array:
    """Return the symbols of the gradient, of ∇² and, in one dimension, of ∂ₓ³."""
    odd = [1j * k for k in grid.wavenumbers(odd=True)]
    symbols = [*odd, -grid.k_squared(), *([odd[0] ** 3] if grid.ndim == 1 else [])]
    return np.stack([np.broadcast_to(s, grid.shape).astype(complex) for s in symbols])
