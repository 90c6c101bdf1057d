"""SSOR and incomplete Cholesky: two sweeps over the grid, one forward and one back."""

from __future__ import annotations

from functools import cache
from time import perf_counter
from typing import Any

import numpy as np

from pdekit.errors import NotApplicable, PdekitError
from pdekit.linalg.interface import LinearOperator
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array


class _Sweeps:
    """The inverse of  (D̃ + L) D̃⁻¹ (D̃ + Lᵀ)/scale,  L the lower triangle of the operator."""

    linear = symmetric = fixed = True
    setup_s = 0.0

    def __init__(self, op: Any, name: str) -> None:
        if not isinstance(op, Stencil):
            raise NotApplicable(
                "preconditioner",
                f"{name} works on the stencil of a grid, not on {type(op).__name__}",
            )
        shape, ndim = op.shape, op.grid.ndim
        self._ndim = ndim
        self._whole = (1,) * (3 - ndim) + shape
        self._faces, wrap = [], []
        for d in range(3 - ndim):
            size = list(self._whole)
            size[d] += 1
            self._faces.append(_frozen(np.zeros(size)))
            wrap.append(False)
        for d, axis in enumerate(op.grid.axes):
            if axis.boundary == "periodic" and axis.n < 4:
                raise NotApplicable(
                    "preconditioner", f"{name} needs four points on a periodic axis"
                )
            size = list(self._whole)
            size[3 - ndim + d] += 1
            full = np.ascontiguousarray(op.couplings(d), dtype=float)
            self._faces.append(_frozen(full.reshape(size)))
            wrap.append(axis.boundary == "periodic")
        self._wrap = np.array(wrap)
        self._diagonal = np.ascontiguousarray(op.diagonal()).reshape(self._whole)
        if not (np.isfinite(self._diagonal).all() and (self._diagonal > 0).all()):
            raise NotApplicable("preconditioner", f"{name} needs a positive diagonal")

    def _set(self, inverse: Array, scale: float) -> None:
        self._inverse, self._scale = inverse, scale

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return  P r."""
        out = np.empty(r.shape) if out is None else out
        r = np.ascontiguousarray(r, dtype=float)
        z = out if out.flags.c_contiguous else np.empty(r.shape)
        given, found = _frozen(r.reshape(self._whole)), z.reshape(self._whole)
        _kernels().forward(*self._faces, self._wrap, self._inverse, given, found)
        _kernels().backward(*self._faces, self._wrap, self._inverse, self._scale, found)
        if z is not out:
            np.copyto(out, z)
        return out


class SSOR(_Sweeps):
    """Symmetric successive over-relaxation,  M = (D + ωL) D⁻¹ (D + ωLᵀ)/(ω (2 − ω)).

    Parameters
    ----------
    omega
        Between 0 and 2; one is the symmetric Gauss–Seidel method.

    References
    ----------
    Axelsson, BIT 12 (1972) 443.
    """

    def __init__(self, op: LinearOperator, omega: float = 1.0) -> None:
        if not 0 < omega < 2:
            raise PdekitError(f"omega must be between 0 and 2, got {omega}")
        _warm()
        began = perf_counter()
        super().__init__(op, "SSOR")
        self.name = f"SSOR({omega:g})"
        self._set(omega / self._diagonal, 2.0 - omega)
        self.setup_s = perf_counter() - began


class IncompleteCholesky(_Sweeps):
    """Incomplete Cholesky without fill, IC(0) and MIC(0),  M = (D̃ + L) D̃⁻¹ (D̃ + Lᵀ).

    On a stencil of three, five or seven points no two neighbours of a point are neighbours,
    so that the factor differs from the operator in its diagonal alone.  Where a pivot is
    not positive, the operator is shifted by a growing part of its diagonal.

    Parameters
    ----------
    modified
        Whether the fill that is dropped is subtracted from the diagonal: M and A then
        agree on constants, and the condition number grows like 1/h instead of 1/h².
    relax
        The part of the fill that is subtracted.

    Attributes
    ----------
    shift
        The part of the diagonal that had to be added.

    References
    ----------
    Meijerink & van der Vorst, Math. Comp. 31 (1977) 148; Gustafsson, BIT 18 (1978) 142.
    """

    def __init__(
        self, op: LinearOperator, modified: bool = False, relax: float = 0.97
    ) -> None:
        if not 0 <= relax <= 1:
            raise PdekitError(f"relax must be between 0 and 1, got {relax}")
        _warm()
        began = perf_counter()
        self.name = f"MIC(0), {relax:g}" if modified else "IC(0)"
        super().__init__(op, self.name)
        upper = np.empty(self._whole)
        _kernels().upper_sums(*self._faces, self._wrap, upper)
        self.shift, pivots = 0.0, np.empty(self._whole)
        while not _kernels().factor(
            tuple(self._faces),
            self._wrap,
            self._diagonal * (1 + self.shift) if self.shift else self._diagonal,
            upper,
            relax if modified else 0.0,
            pivots,
        ):
            self.shift = 2 * self.shift or 1e-3
        self._set(1.0 / pivots, 1.0)
        self.setup_s = perf_counter() - began

    @property
    def pivots(self) -> Array:
        """The diagonal D̃, of the shape of the grid."""
        shape = self._whole[3 - self._ndim :]
        return (1.0 / self._inverse).reshape(shape)


def _frozen(a: Array) -> Array:
    """Return a read-only view: kernels are compiled once, not for each kind of array."""
    view = a.view()
    view.flags.writeable = False
    return view


@cache
def _warm() -> None:
    """Compile the sweeps, or load them, before anything is timed."""
    one, wrap = np.ones((1, 1, 1)), np.zeros(3, dtype=bool)
    faces = tuple(_frozen(np.zeros(s)) for s in ((2, 1, 1), (1, 2, 1), (1, 1, 2)))
    _kernels().forward(*faces, wrap, one, _frozen(one), one.copy())
    _kernels().backward(*faces, wrap, one, 1.0, one)
    _kernels().upper_sums(*faces, wrap, one)
    _kernels().factor(faces, wrap, np.ones((1, 1, 1)), one, 0.0, one)


def _kernels() -> Any:
    from pdekit.linalg.preconditioners import _kernels

    return _kernels
