"""The inverse of the diagonal."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from pdekit.errors import PdekitError
from pdekit.linalg.interface import LinearOperator
from pdekit.typing import Array


class Jacobi:
    """The diagonal alone,  z = D⁻¹ r."""

    linear = symmetric = fixed = True
    name = "Jacobi"

    def __init__(self, op: LinearOperator) -> None:
        began = perf_counter()
        diagonal = np.ascontiguousarray(op.diagonal(), dtype=float)
        if not (np.isfinite(diagonal).all() and (diagonal != 0).all()):
            raise PdekitError("the diagonal has a zero, by which Jacobi divides")
        self._inverse = 1.0 / diagonal
        self.setup_s = perf_counter() - began

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return  D⁻¹ r."""
        return np.multiply(self._inverse, r, out=out)
