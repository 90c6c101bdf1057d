"""Burgers' equation for a velocity in the plane."""

from __future__ import annotations

from typing import Any, ClassVar

from pdekit.formulas import i_times
from pdekit.solvers.exact import burgers as exact
from pdekit.solvers.spectral._burgers_vector import AbstractBurgersVector


class Burgers2D(AbstractBurgersVector):
    """uₜ + u·∇u = ν∇²u  in the plane, with six real transforms per evaluation."""

    name: ClassVar[str] = "burgers_2d"
    fields: ClassVar[tuple[str, ...]] = ("u", "v")
    dimensions: ClassVar[tuple[int, ...]] = (2,)
    exact: ClassVar = {"cells_2d": exact.cells_2d}

    @staticmethod
    def split(u: Any, v: Any, kx: Any, ky: Any) -> Any:
        """Return  u, v  and  ω = vₓ − u_y."""
        return u, v, i_times(kx * v - ky * u)

    @staticmethod
    def product(a: Any, b: Any, omega: Any) -> Any:
        """Return  |u|²/2  and  u × ω."""
        return 0.5 * (a * a + b * b), b * omega, -a * omega

    @staticmethod
    def assemble(head: Any, p: Any, q: Any, kx: Any, ky: Any) -> Any:
        """Return  u × ω − ∇|u|²/2."""
        return p - i_times(kx * head), q - i_times(ky * head)
