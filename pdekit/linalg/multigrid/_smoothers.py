"""Relaxation: what takes the rough part of the error away on every level.

Red-black Gauss-Seidel relaxes every second point, then the others; it needs the two kinds
to be neighbours of each other only, which an odd number of points around a periodic axis
prevents.  Damped Jacobi and its Chebyshev acceleration take all points at once: they are
symmetric by themselves.

References
----------
Adams, Brezina, Hu & Tuminaro, Parallel multigrid smoothing (2003): Chebyshev.
Saad, Iterative Methods for Sparse Linear Systems (2003), algorithm 12.1.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from pdekit.errors import NotApplicable, UnknownName
from pdekit.linalg._kernels_line import line_kernels
from pdekit.linalg._kernels_plan import Lines
from pdekit.linalg._kernels_tables import fields_of
from pdekit.linalg.multigrid._coefficients import assembled
from pdekit.linalg.multigrid._level import Level
from pdekit.typing import Array

NAMES = ("auto", "red-black", "line", "jacobi", "chebyshev")
DAMPING = {1: 2 / 3, 2: 4 / 5, 3: 6 / 7}
"""Of Jacobi's relaxation: the best on the rough half of the spectrum of the Laplacian."""
DEGREE = 2


class Smoother(Protocol):
    """One sweep, ``before`` the coarse correction or ``after`` it."""

    name: str

    def before(self, level: Level, u: Array, f: Array, how: int) -> float:
        """Relax; see `Plan.sweep` for ``how`` and for what is returned."""
        ...

    def after(self, level: Level, u: Array, f: Array) -> None:
        """Relax; as the transpose of ``before`` if the cycle is to be symmetric."""
        ...


class RedBlack:
    """Gauss-Seidel relaxation of the red points, then of the black ones."""

    name = "red-black"

    def __init__(self, symmetric: bool) -> None:
        self._last = int(symmetric)

    def before(self, level: Level, u: Array, f: Array, how: int) -> float:
        """Relax red, then black."""
        return level.plan.sweep(u, f, 0, how)

    def after(self, level: Level, u: Array, f: Array) -> None:
        """Relax in the same order, or in the opposite one if symmetric."""
        level.plan.sweep(u, f, self._last)


class Chebyshev:
    """Chebyshev's polynomial of  diag⁻¹ A  on the upper part of its spectrum.

    Of degree one, and with the damping of the dimension, it is Jacobi's relaxation.
    """

    name = "chebyshev"

    def __init__(self, degree: int = DEGREE) -> None:
        self._degree = degree

    def before(self, level: Level, u: Array, f: Array, how: int) -> float:
        """Relax."""
        if how == 1:
            u.fill(0)
        self.after(level, u, f)
        return 0.0

    def after(self, level: Level, u: Array, f: Array) -> None:
        """Relax."""
        upper, lower = 1.1 * level.bound, level.bound / 4
        middle, half = (upper + lower) / 2, (upper - lower) / 2
        z, rho = level.step, half / middle
        level.plan.correct(z, u, f, 0.0, 1 / middle)
        u += z
        for _ in range(self._degree - 1):
            following = 1 / (2 * middle / half - rho)
            level.plan.correct(z, u, f, following * rho, 2 * following / half)
            u += z
            rho = following


class Jacobi:
    """Damped Jacobi relaxation."""

    name = "jacobi"

    def before(self, level: Level, u: Array, f: Array, how: int) -> float:
        """Relax."""
        if how == 1:
            u.fill(0)
        self.after(level, u, f)
        return 0.0

    def after(self, level: Level, u: Array, f: Array) -> None:
        """Relax."""
        level.plan.correct(level.step, u, f, 0.0, DAMPING[len(level.shape)])
        u += level.step


class Zebra:
    """Relaxation of every second line along the strongest couplings, then of the others.

    It needs no semicoarsening where couplings differ by orders of magnitude between axes.
    """

    name = "line"

    def __init__(self, symmetric: bool) -> None:
        self._backwards = symmetric
        self._ready: dict[int, tuple[Any, ...]] = {}

    def before(self, level: Level, u: Array, f: Array, how: int) -> float:
        """Relax even lines, then odd ones."""
        if how == 1:
            u.fill(0)
        self._relax(level, u, f, (0, 1))
        return 0.0

    def after(self, level: Level, u: Array, f: Array) -> None:
        """Relax in the same order, or in the opposite one if symmetric."""
        self._relax(level, u, f, (1, 0) if self._backwards else (0, 1))

    def _relax(self, level: Level, u: Array, f: Array, colours: tuple[int, int]) -> None:
        if id(level) not in self._ready:
            self._ready[id(level)] = self._prepared(level)
        args = self._ready[id(level)]
        *coefficients, g, axis, c, x = args
        for colour in colours:
            line_kernels().zebra(
                u.reshape(-1), f.reshape(-1), *coefficients, g, axis, colour, c, x
            )

    @staticmethod
    def _prepared(level: Level) -> tuple[Any, ...]:
        given = level.given
        if isinstance(given, Lines):
            given = fields_of(assembled(given))
        strength = [
            -1.0 if axis.boundary == "periodic" else float(np.mean(a))
            for axis, a in zip(given.axes, given.couplings, strict=True)
        ]
        d = int(np.argmax(strength))
        if strength[d] < 0:
            raise NotApplicable("smoother", "there is no line that ends at walls")
        place = 2 if d == len(strength) - 1 else d
        room = np.zeros((2, given.axes[d].n))
        return (*given.coefficients(level.plan.real), level.plan.g, place, *room)


def smoother_of(name: str, levels: list[Level], symmetric: bool) -> Smoother:
    """Return the smoother of a name; ``auto`` takes red-black wherever it is possible."""
    if name not in NAMES:
        raise UnknownName("smoother", name, NAMES)
    odd = any(
        axis.boundary == "periodic" and axis.n % 2
        for level in levels[:-1]
        for axis in level.given.axes
    )
    if name == "line":
        if not isinstance(levels[-1], Level):
            raise NotApplicable("smoother", "lines are for geometric coarse grids only")
        return Zebra(symmetric)
    if name == "jacobi":
        return Jacobi()
    if name == "chebyshev" or odd:
        return Chebyshev()
    return RedBlack(symmetric)
