"""Kuramoto–Sivashinsky equation  φₜ + ½|∇φ|² + ∇²φ + ν₄∇⁴φ = 0  on a periodic plane."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field as Key

from pdekit.equation import AbstractEquation, Params, Terms
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.exact import kuramoto_sivashinsky as states
from pdekit.typing import Array, Field


class KuramotoSivashinsky2DParams(Params):
    """Coefficients of  φₜ + ½|∇φ|² + ∇²φ + ν₄∇⁴φ = 0."""

    hyperviscosity: float = Key(1.0, gt=0, description="ν₄")
    fixed_mean: bool = Key(False, description="whether to hold ⟨φ⟩, which nothing feels")


class KuramotoSivashinsky2D(AbstractEquation):
    """Height of a front, in gradient form: three real transforms per evaluation.

    ∂ₓφ and ∂_yφ go back, |∇φ|² forward.  Of one coordinate only,  u = φₓ  obeys
    `kuramoto_sivashinsky`.

    The front moves as a whole:  d⟨φ⟩/dt = −½⟨|∇φ|²⟩,  and nothing else depends on ⟨φ⟩. In
    long runs it grows until it costs digits of the rest; ``fixed_mean`` takes this drift
    out. The diagnostic ``drift`` is its rate in both cases.

    Conserved: ⟨φ⟩ if it is fixed.

    References
    ----------
    Sivashinsky, Acta Astronaut. 4 (1977) 1177; Kalogirou, Keaveny & Papageorgiou, Proc. R.
    Soc. A 471 (2015) 20140932.
    """

    name: ClassVar[str] = "kuramoto_sivashinsky_2d"
    fields: ClassVar[tuple[str, ...]] = ("phi",)
    dimensions: ClassVar[tuple[int, ...]] = (2,)
    dealias: ClassVar[str] = "two_thirds"
    Params = KuramotoSivashinsky2DParams
    params: KuramotoSivashinsky2DParams
    references = (
        "Sivashinsky, Acta Astronaut. 4 (1977) 1177",
        "Kalogirou, Keaveny & Papageorgiou, Proc. R. Soc. A 471 (2015) 20140932",
    )
    states: ClassVar = {"noise_2d": states.noise_2d}

    def symbol(self, grid: Grid) -> Array:
        """Return  k² − ν₄k⁴."""
        return states.growth(grid.k_squared(real=True)[None], self.params.hyperviscosity)

    @staticmethod
    def split(phi: Any, kx: Any, ky: Any) -> Any:
        """Return the gradient."""
        return i_times(kx * phi), i_times(ky * phi)

    @staticmethod
    def product(slope_x: Any, slope_y: Any) -> Any:
        """Return  −½|∇φ|²."""
        return -0.5 * (slope_x * slope_x + slope_y * slope_y)

    @staticmethod
    def without_mean(p: Any, k2: Any, inv_k2: Any) -> Any:
        """Return it but for its mean."""
        return (k2 * inv_k2) * p

    def terms(self, grid: Grid) -> Terms:
        """Return the formulas of N, with or without its mean."""
        kind = type(self)
        last = kind.without_mean if self.params.fixed_mean else None
        return Terms(kind.split, kind.product, last)

    def advection(self, grid: Grid, u: Field) -> Array:
        """Return  max Σ |∂ᵢφ| / Δxᵢ:  the slopes are what steepens the slopes."""
        dx, dy = grid.spacing
        across, up = grid.derivative(u[:, 0], 0), grid.derivative(u[:, 0], 1)
        return (abs(across) / dx + abs(up) / dy).max(axis=(-2, -1))

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Return the mean, if it is fixed."""
        fixed = self.params.fixed_mean and not self._sources()
        return {"mean": grid.mean(u[:, 0])} if fixed else {}

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return the size of the field: its mean may be zero."""
        return {"mean": float(abs(u).max())}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Energy ½⟨|∇φ|²⟩, the drift −½⟨|∇φ|²⟩, variance and mean of φ."""
        phi = u[:, 0]
        laplacian = grid.derivative(phi, 0, 2) + grid.derivative(phi, 1, 2)
        energy, mean = -grid.mean(phi * laplacian) / 2, grid.mean(phi)
        out = {"energy": energy, "drift": -energy}
        out["variance"] = grid.mean((phi - mean[:, None, None]) ** 2)
        return out if self.invariants(grid, u) else out | {"mean": mean}
