"""A preconditioner that nobody vouches for: its answers are judged before they are used."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.linalg.krylov._run import Run
from pdekit.typing import Array


class Guarded:
    """Applies P to a copy of r and judges the direction.

    Attributes
    ----------
    z
        The direction, if it was accepted.
    spent
        The time that P took.
    """

    def __init__(self, run: Run, P: Any, eta: float, clock: Callable[[], float]) -> None:
        from pdekit.linalg.krylov import _kernels

        self.run, self.P, self.eta, self.kernels = run, P, eta, _kernels
        self.clock, self.spent = clock, 0.0
        self.z, self._shown = np.empty(run.x.shape), np.empty(run.x.shape)

    def fault(self, r: Array, size: float) -> str:
        """Apply P to r, of this norm; return what is wrong with the answer, or nothing."""
        np.copyto(self._shown, r)  # P may write into what it is given
        try:
            found = self.run.ask(self, self._shown)
        except Exception as error:  # whatever P raises must not end the solve
            return f"it raised {type(error).__name__}: {error}"
        return self._take(found) or self._judge(r, size)

    def apply(self, r: Array, out: Array | None = None) -> Any:
        """Call P without lending it an array of ours for the answer."""
        began = self.clock()
        try:
            return self.P.apply(r)
        finally:
            self.spent += self.clock() - began

    def _take(self, found: Any) -> str:
        try:
            array = np.asarray(found)
        except Exception as error:
            return f"what it returned is no array ({type(error).__name__})"
        if array.shape != self.z.shape:
            return f"it returned the shape {array.shape}"
        if array.dtype.kind not in "fiu":
            return f"it returned values of type {array.dtype}"
        with np.errstate(all="ignore"):
            np.copyto(self.z, array, casting="unsafe")
        return ""

    def _judge(self, r: Array, size: float) -> str:
        z, flat = self.z.reshape(-1), r.reshape(-1)
        zr, zz, largest = self.kernels.angle(z, flat)
        if math.isfinite(largest) and largest > 0 and not 1e-200 < zz < 1e200:
            np.multiply(z, 2.0 ** -math.frexp(largest)[1], out=z)
            zr, zz, _ = self.kernels.angle(z, flat)
        if not (math.isfinite(zr) and math.isfinite(zz)):
            return "it returned values that are not finite"
        if zz == 0:
            return "it returned zero"
        cosine = zr / (math.sqrt(zz) * size)
        if cosine <= self.eta:
            return f"its direction does not descend (cosine with the residual {cosine:.2g})"
        self.run.project(self.z)
        return ""
