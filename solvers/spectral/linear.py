"""Any linear equation  uₜ = Σ aₙ ∂ⁿu  with constant coefficients in a periodic box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import Params
from pdekit.grid import Grid, GridError
from pdekit.solvers.spectral._linear import (
    AbstractLinear,
    Coefficient,
    along_axes,
    per_axis,
)
from pdekit.stepping import Integrator
from pdekit.typing import Field

MAX_ORDER = 12


class LinearParams(Params):
    """Coefficients of  uₜ = Σ aₙ ∂ⁿu."""

    coefficients: tuple[Coefficient, ...] = Key(
        (0.0, -1.0, 0.01),
        min_length=1,
        max_length=MAX_ORDER + 1,
        description="a₀, a₁, a₂, …; in a plane or a box an entry may be one for each axis",
    )


class Linear(AbstractLinear):
    """Growth, advection, diffusion, dispersion and so on, one number for each order.

    In one dimension  uₜ = Σ aₙ ∂ₓⁿu.  In more, an even entry 2m is isotropic,  a ∇^{2m} u,
    and a list of one number for each axis is  Σᵢ aᵢ ∂ᵢⁿu,  which an odd entry has to be.

    Without transforms and for any step. Conserved: the mean if a₀ = 0, and ⟨u²⟩/2 if all
    even orders are absent.
    """

    name: ClassVar[str] = "linear"
    Params = LinearParams
    params: LinearParams

    def growth(self, even: Sequence[Any], odd: Sequence[Any]) -> Any:
        """Return  Σ aₙ (ik)ⁿ."""
        entries = enumerate(self.params.coefficients)
        return sum((self._term(n, a, odd if n % 2 else even) for n, a in entries), 0.0)

    def _term(self, order: int, value: Coefficient, ks: Sequence[Any]) -> Any:
        if value == 0:
            return 0.0
        name = f"coefficients[{order}]"
        if isinstance(value, tuple) and order == 0:
            raise GridError(f"{name} has no direction; give one number")
        if isinstance(value, tuple) or len(ks) == 1:
            return along_axes(order, per_axis(value, len(ks), name), ks)
        if order % 2:
            raise GridError(f"{name} needs a direction in more than one dimension: a list")
        return value * (-sum(k * k for k in ks)) ** (order // 2)

    def warnings(
        self, grid: Grid, u: Field, integrator: Integrator, step: float | None
    ) -> list[str]:
        """Warn of an ill-posed equation: one whose shortest waves grow fastest."""
        rates = np.real(self.symbol(grid)[0])
        k2 = grid.k_squared(real=True)
        fastest = float(rates.max())
        if fastest > 0 and float(k2[rates == fastest].max()) >= 0.9 * float(k2.max()):
            return [
                "the shortest waves grow fastest: the problem is ill posed, and what grows "
                "is rounding error"
            ]
        return []
