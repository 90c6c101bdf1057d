"""Algebraic multigrid by PyAMG, where it is installed."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from pdekit.errors import BackendUnavailable, UnknownName
from pdekit.linalg.interface import LinearOperator
from pdekit.typing import Array

KINDS = ("smoothed_aggregation", "ruge_stuben")


class AlgebraicMultigrid:
    """A V-cycle of algebraic multigrid from the assembled matrix.

    Parameters
    ----------
    kind
        ``smoothed_aggregation`` or ``ruge_stuben`` (classical), with PyAMG's settings.

    References
    ----------
    Bell, Olson & Schroder, J. Open Source Software 7 (2022) 4142.
    """

    linear = fixed = True

    def __init__(self, op: LinearOperator, kind: str = "smoothed_aggregation") -> None:
        if kind not in KINDS:
            raise UnknownName("kind of algebraic multigrid", kind, KINDS)
        pyamg = _pyamg()
        began = perf_counter()
        solver = getattr(pyamg, f"{kind}_solver")
        self._levels: Any = solver(op.tocsr())
        self._cycle = self._levels.aspreconditioner(cycle="V")
        self._shape, self.symmetric = tuple(op.shape), bool(op.symmetric)
        self.name = f"AMG ({kind.replace('_', ' ')})"
        self.setup_s = perf_counter() - began

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return the result of one cycle from zero."""
        found = self._cycle.matvec(np.ascontiguousarray(r).reshape(-1)).reshape(self._shape)
        if out is None:
            return found
        np.copyto(out, found)
        return out


def _pyamg() -> Any:
    try:
        import pyamg
    except ImportError:
        raise BackendUnavailable(
            "amg",
            "PyAMG is not installed: pip install 'pdekit[amg]'",
            ("incomplete_cholesky",),
        ) from None
    return pyamg
