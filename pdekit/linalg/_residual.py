"""Residuals without new memory, and the refinement of a solution by them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from pdekit.linalg.interface import LinearOperator, norm
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array

_STEPS = 5
_COMPILED = 2**16
"""Unknowns from which a compiled residual pays for the compiler's import."""


class Residual:
    """b − A x  of a small `Stencil` without a compiler, in memory of its own.

    Coefficients that are the same along an axis are kept as one number of it.
    """

    def __init__(self, operator: Stencil) -> None:
        self._result, self._product = np.empty(operator.shape), np.empty(operator.shape)
        diagonal = np.zeros((1,) * operator.grid.ndim) + operator.reaction
        self._pairs = []
        for d, (axis, a) in enumerate(zip(operator.grid.axes, operator.faces, strict=True)):
            diagonal = diagonal + _cut(a, d, 0, -1) + _cut(a, d, 1, None)
            inner = _cut(a, d, 1, -1)
            self._pairs.append((inner, _part(d, 1, None), _part(d, 0, -1)))
            if axis.boundary == "periodic":
                self._pairs.append((_cut(a, d, 0, 1), _part(d, 0, 1), _part(d, -1, None)))
        self._diagonal = diagonal

    def __call__(self, b: Array, x: Array) -> Array:
        """Return  b − A x;  the next call overwrites it."""
        r, product = self._result, self._product
        np.multiply(self._diagonal, x, out=product)
        np.subtract(b, product, out=r)
        for a, here, there in self._pairs:
            for to, of in ((here, there), (there, here)):
                np.multiply(a, x[of], out=product[to])
                r[to] += product[to]
        return r


def residual_of(operator: LinearOperator) -> Callable[[Array, Array], Array]:
    """Return  b − A x  as a function of b and x; the next call overwrites the last."""
    small = math.prod(operator.shape) < _COMPILED
    if isinstance(operator, Stencil) and small:
        return Residual(operator)
    return partial(operator.residual, out=np.empty(operator.shape))


def refine(
    x: Array,
    b: Array,
    apply: Callable[[Array], Array],
    residual: Callable[[Array, Array], Array],
    rtol: float,
) -> list[float]:
    """Improve x in place while its residual is too large; return the relative residuals.

    Iterative refinement of a solver that is not exact, of one in single precision above
    all.  It ends at ``rtol``, or where a step no longer halves the residual.
    """
    scale, history = norm(b), [1.0]
    while True:
        r = residual(b, x)
        history.append(norm(r) / scale)
        stuck = len(history) > 2 and history[-1] > 0.5 * history[-2]
        if history[-1] <= rtol or stuck or len(history) > _STEPS:
            return history
        x += apply(r)


def _part(d: int, start: int, stop: int | None) -> tuple[slice, ...]:
    return (slice(None),) * d + (slice(start, stop),)


def _cut(a: Array, d: int, start: int, stop: int | None) -> Array:
    return a[_part(d, start, stop)]
