"""Burgers' equation for a velocity in space."""

from __future__ import annotations

from typing import Any, ClassVar

from pdekit.formulas import i_times
from pdekit.solvers.exact import burgers as exact
from pdekit.solvers.spectral._burgers_vector import AbstractBurgersVector


class Burgers3D(AbstractBurgersVector):
    """uₜ + u·∇u = ν∇²u  in space, with ten real transforms per evaluation."""

    name: ClassVar[str] = "burgers_3d"
    fields: ClassVar[tuple[str, ...]] = ("u", "v", "w")
    dimensions: ClassVar[tuple[int, ...]] = (3,)
    exact: ClassVar = {"cells_3d": exact.cells_3d}

    @staticmethod
    def split(u: Any, v: Any, w: Any, kx: Any, ky: Any, kz: Any) -> Any:
        """Return the velocity and the vorticity."""
        return (
            u,
            v,
            w,
            i_times(ky * w - kz * v),
            i_times(kz * u - kx * w),
            i_times(kx * v - ky * u),
        )

    @staticmethod
    def product(a: Any, b: Any, c: Any, f: Any, g: Any, h: Any) -> Any:
        """Return  |u|²/2  and  u × ω."""
        return 0.5 * (a * a + b * b + c * c), b * h - c * g, c * f - a * h, a * g - b * f

    @staticmethod
    def assemble(head: Any, p: Any, q: Any, r: Any, kx: Any, ky: Any, kz: Any) -> Any:
        """Return  u × ω − ∇|u|²/2."""
        return p - i_times(kx * head), q - i_times(ky * head), r - i_times(kz * head)
