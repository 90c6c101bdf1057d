"""Korteweg–de Vries equation  uₜ + a uuₓ + b uₓₓₓ = 0  on a periodic line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid
from pdekit.solvers.exact import kdv as waves
from pdekit.solvers.spectral._flux import AbstractFlux, energy, gradient_square, largest
from pdekit.typing import Array, Field


class KdVParams(Params):
    """Coefficients of  uₜ + a uuₓ + b uₓₓₓ = 0."""

    nonlinearity: float = Key(6.0, description="a")
    dispersion: float = Key(1.0, description="b")


class KdV(AbstractFlux):
    """One field on a line, in conservative form: two real transforms per evaluation.

    Conserved: the mean, the momentum ½⟨u²⟩ and the energy ⟨au³/6 − buₓ²/2⟩.

    References
    ----------
    Korteweg & de Vries, Phil. Mag. 39 (1895) 422; Miura, Gardner & Kruskal, J. Math. Phys.
    9 (1968) 1204 (conservation laws).
    """

    name: ClassVar[str] = "kdv"
    Params: ClassVar[type[Params]] = KdVParams
    references: ClassVar[tuple[str, ...]] = (
        "Korteweg & de Vries, Phil. Mag. 39 (1895) 422",
    )
    exact: ClassVar = {
        "soliton": waves.soliton,
        "n_soliton": waves.n_soliton,
        "cnoidal_wave": waves.cnoidal_wave,
    }
    states: ClassVar = {"zabusky_kruskal": waves.zabusky_kruskal}

    @property
    def steepening(self) -> float:
        """Return a."""
        return float(self.params.nonlinearity)

    def symbol(self, grid: Grid) -> Array:
        """Return  i b k³."""
        (k,) = grid.wavenumbers(real=True, odd=True)
        return 1j * self.params.dispersion * k[None] ** 3

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution ``f(x, t)`` for these coefficients."""
        p = self.params
        return partial(
            self.exact[name],
            nonlinearity=p.nonlinearity,
            dispersion=p.dispersion,
            **params,
        )

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return mean, momentum and energy."""
        if not self.conserves_mean:
            return {}
        v = u[:, 0]
        return {
            "mean": grid.mean(v),
            "momentum": energy(grid, v),
            "energy": self.hamiltonian(grid, v),
        }

    def hamiltonian(self, grid: Grid, v: Array) -> Array:
        """⟨au³/6 − buₓ²/2⟩."""
        a, b = self.steepening, self.params.dispersion
        return a / 6 * grid.mean(v**3) - b / 2 * gradient_square(grid, v)

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return sizes for a mean and an energy that may vanish."""
        slopes = float(gradient_square(grid, u[..., 0, :]).max())
        scale = abs(self.params.dispersion) / 2 * slopes
        return super().invariant_scales(grid, u) | {"energy": scale}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Largest |u| on the grid."""
        return {"max_abs": largest(u[:, 0])}
