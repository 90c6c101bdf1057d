"""Right-hand sides in the range of an operator that maps constants to zero."""

from __future__ import annotations

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.typing import Array


def solvable(
    b: Array, shape: tuple[int, ...], singular: bool, project: bool
) -> tuple[Array, list[tuple[int, str]]]:
    """Return a right-hand side that has a solution, and what was done to it.

    Raises
    ------
    PdekitError
        If it is not finite, or has a mean that the operator cannot reach and that is not to
        be taken off.
    """
    b = np.asarray(b, dtype=float)
    if b.shape != shape:
        raise ShapeError(shape, b.shape, "a right-hand side")
    largest = max(float(b.max()), -float(b.min()))
    if not np.isfinite(largest):
        raise PdekitError("the right-hand side must be finite")
    if not singular:
        return b, []
    mean = float(b.mean())
    if abs(mean) <= 1e-10 * largest:
        return b - mean, [(0, "the mean of b, within rounding, was taken off")]
    if not project:
        raise PdekitError(
            "there is no solution: without a Dirichlet wall and with c = 0 the source "
            f"and the fluxes must balance, but b has the mean {mean:.3g} (its largest "
            f"value is {largest:.3g}); correct them, or pass project=True to take the "
            "mean off"
        )
    return b - mean, [(0, f"the mean of b, {mean:.6g}, was taken off")]
