"""Manufactured solutions, observed orders and growth rates for reaction equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import error, solve

x, y, t = sp.symbols("x y t", real=True)
BOX = (0.0, 2 * np.pi)
COORDINATES = (x, y)

WAVY = sp.exp(sp.sin(x)) * (1 + sp.sin(t) / 5)
WAVY_2D = sp.exp(sp.sin(x) + sp.Rational(3, 10) * sp.cos(2 * y)) * (1 + sp.sin(t) / 5)


def lap(f: Any) -> Any:
    """Return the Laplacian of a formula of x and y."""
    return sp.diff(f, x, 2) + sp.diff(f, y, 2)


def text(formula: Any) -> str:
    """Return the shortest way to write a formula."""
    forms = (formula, sp.simplify(formula), sp.factor(sp.expand(formula)))
    return min(map(str, forms), key=len).replace("I", "1j")


def march(equation: Any, grid: Grid, u: Any, end: float, steps: int, **how: Any) -> Array:
    """Advance on plain arrays, ``(channel, *space)`` or ``(*space)``."""
    how = {"integrator": equation.integrator, **how}
    return solve(equation, grid, u=u, end=end, steps=steps, engine="numpy", **how)


class Manufactured:
    """An equation with the source that makes chosen formulas its solution.

    Parameters
    ----------
    equation
        Class of the equation.
    rhs
        Right-hand side as a function of the formulas, one for each field.
    solution
        The formulas.
    """

    def __init__(
        self,
        equation: type[Any],
        rhs: Callable[..., Sequence[Any]],
        solution: Sequence[Any],
        **params: Any,
    ) -> None:
        left_over = [
            sp.diff(u, t) - f for u, f in zip(solution, rhs(*solution), strict=True)
        ]
        source = {k: text(s) for k, s in zip(equation.fields, left_over, strict=True)}
        self.equation = equation(**params, source=source)
        self.solution = solution
        self.ndim = 2 if any(y in u.free_symbols for u in solution) else 1

    def exact(self, grid: Grid, time: float) -> Array:
        """Return the chosen solution on a grid."""
        names = (*COORDINATES[: self.ndim], t)
        found = [
            sp.lambdify(names, u, "numpy")(*grid.points(), time) for u in self.solution
        ]
        return np.stack([np.broadcast_to(part, grid.shape) for part in found])

    def error(self, points: int, steps: int, end: float = 0.1) -> float:
        """Relative error at the end of a run."""
        grid = Grid.periodic((points,) * self.ndim, BOX)
        u = march(self.equation, grid, self.exact(grid, 0.0), end, steps)
        return error(u, self.exact(grid, end))

    def order(self, steps: Sequence[int], end: float = 1.0, points: int = 32) -> float:
        """Observed order between the runs of the most steps."""
        errors = [self.error(points, n, end) for n in steps]
        found = [
            np.log(e / f) / np.log(m / n)
            for e, f, m, n in zip(errors, errors[1:], steps[1:], steps, strict=False)
        ]
        assert max(found[-2:]) - min(found[-2:]) < 0.15, (errors, found)  # asymptotic
        assert errors[-1] > 1e-13
        return float(found[-1])


def mode(u: Array, *numbers: int) -> complex:
    """Return a Fourier coefficient of ``(*space)``."""
    return complex(np.fft.fftn(u)[numbers]) / u.size


def bisect(grows: Callable[[float], bool], stable: float, unstable: float) -> float:
    """Return the threshold between two values to 1e-3 of their distance."""
    assert grows(unstable)
    assert not grows(stable)
    for _ in range(9):
        middle = (stable + unstable) / 2
        if grows(middle):
            unstable = middle
        else:
            stable = middle
    return (stable + unstable) / 2
