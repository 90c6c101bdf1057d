"""Difficulties: what an equation is like for a grid and a step, as numbers without units.

Koehler, Niedermayr, Westermann & Thuerey, APEBench (NeurIPS 2024, arXiv 2411.00180): of

    uₜ = Σ_j a_j ∂ʲu + b ½∇·(u u)

on N points along each of the D axes of length L, with frames a time Δ apart,

    α_j = a_j Δ/Lʲ,    γ₀ = α₀,  γ_j = α_j Nʲ 2^(j−1) D,
    β = b Δ/L,         δ = β M N D,

where M is the largest |u|. Equal γ and δ are equally hard for what looks at neighbouring
points: −γ₁ is the number of cells that a wave moves from one frame to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Frames:
    """The frames of a data set: ``points`` along every axis, ``step`` apart.

    Examples
    --------
    >>> frames = Frames(points=160, length=1.0, step=1.0)
    >>> frames.coefficients((0.0, -4.0))  # u moves with 4 cells each frame
    (0.0, -0.025)
    >>> frames.gammas((0.0, -0.025))
    (0.0, -4.0)
    """

    points: int
    length: float = 1.0
    step: float = 1.0
    dimensions: int = 1

    def coefficients(self, gammas: Sequence[float]) -> tuple[float, ...]:
        """Return a_j of the linear terms from the difficulties γ₀, γ₁ and so on."""
        return tuple(g / self._hardness(j) for j, g in enumerate(gammas))

    def gammas(self, coefficients: Sequence[float]) -> tuple[float, ...]:
        """Return the difficulties γ_j of linear terms a₀, a₁ and so on."""
        return tuple(a * self._hardness(j) for j, a in enumerate(coefficients))

    def convection(self, delta: float, largest: float = 1.0) -> float:
        """Return b from the difficulty δ, for fields with max |u| = ``largest``."""
        return delta / self._convective(largest)

    def delta(self, convection: float, largest: float = 1.0) -> float:
        """Return the difficulty δ of the convection b, for max |u| = ``largest``."""
        return convection * self._convective(largest)

    def _hardness(self, order: int) -> float:
        """γ_j of a_j = 1."""
        alpha = self.step / self.length**order
        if order == 0:
            return alpha
        return float(alpha * self.points**order * 2 ** (order - 1) * self.dimensions)

    def _convective(self, largest: float) -> float:
        """δ of b = 1."""
        return self.step / self.length * largest * self.points * self.dimensions
