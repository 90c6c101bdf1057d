"""−∇·(k∇u) + c u  with the derivatives of the series of the axes.

The series of u is differentiated at the points halfway between its own, where the flux
k ∂u lives, and the series of the flux at the points of u.  Sines become cosines between
the walls and back, no mode is lost (the highest one of a periodic axis neither, which on
its own points has no derivative), and the operator is symmetric for every k:

    A = Σ Dᵈᵀ (w k) Dᵈ + w c,   −D of the way back = transpose of D under the weights w.

References
----------
Fornberg, A Practical Guide to Pseudospectral Methods (1996), on staggered points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pdekit import fft, series
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg._faces import along
from pdekit.linalg._walls import values_at
from pdekit.linalg.stencil import Coefficient, cell_parts, sides
from pdekit.typing import Array

_OTHER = {"dirichlet": "neumann", "neumann": "dirichlet"}


class SpectralOperator:
    """The operator on periodic, Dirichlet and Neumann axes.

    Parameters
    ----------
    grid
        Equidistant points.
    k
        Positive: a number, one for each axis (a tuple), a function of the coordinates; or
        values at the points of a periodic grid.
    c
        A number, values at the points, or a function of the coordinates.

    Notes
    -----
    Rows at vertices on Neumann walls are halved, as those of `Stencil` are.  The product
    of k and the derivative of u has aliases where k is not resolved by the grid.
    """

    symmetric = True

    def __init__(
        self, grid: Grid, k: Coefficient | tuple[float, ...] = 1.0, c: Coefficient = 0.0
    ) -> None:
        self.grid = grid
        self.volumes = _product([cell_parts(axis) for axis in grid.axes])
        self._between = [staggered(axis) for axis in grid.axes]
        self._k = [_fluxes(grid, d, self._between[d], k) for d in range(grid.ndim)]
        self.reaction = values_at(grid, c)
        if not np.isfinite(self.reaction).all():
            raise PdekitError("the reaction must be finite")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the unknowns."""
        return self.grid.shape

    @property
    def singular(self) -> bool:
        """Whether constants are mapped to zero."""
        walls = any("dirichlet" in sides(axis) for axis in self.grid.axes)
        return not walls and not self.reaction.any()

    @property
    def positive_definite(self) -> bool:
        """Whether it is definite: c ≥ 0, and it is not singular."""
        return bool((self.reaction >= 0).all()) and not self.singular

    @property
    def nullspace(self) -> tuple[Array, ...]:
        """The constant array if the operator is singular."""
        return (np.ones(self.shape),) if self.singular else ()

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x."""
        total = self.reaction * x
        for d, (axis, between) in enumerate(
            zip(self.grid.axes, self._between, strict=True)
        ):
            if between is not None:
                flux = self._k[d] * derivative(x, d, axis, between)
                total = total - derivative(flux, d, between, axis)
        total = total * self.volumes
        if out is None:
            return np.asarray(total)
        np.copyto(out, total)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x."""
        return np.subtract(b, self.apply(x), out=out)

    def right_hand_side(self, f: Coefficient) -> Array:
        """Return  w f;  data on the walls are lifted, see `DirectSolver.solve_field`."""
        values = np.broadcast_to(values_at(self.grid, f), self.shape)
        return np.asarray(values * self.volumes)

    def diagonal(self) -> Array:
        """Return the diagonal, from the squares of the matrices of one axis."""
        total = np.array(np.broadcast_to(self.reaction * self.volumes, self.shape))
        for d, (axis, between) in enumerate(
            zip(self.grid.axes, self._between, strict=True)
        ):
            if between is None:
                continue
            squares = derivative(np.eye(axis.n), 0, axis, between) ** 2
            parts = [cell_parts(a) for a in self.grid.axes]
            parts[d] = cell_parts(between)
            weighted = np.moveaxis(self._k[d] * _product(parts), d, -1) @ squares
            total += np.moveaxis(weighted, -1, d)
        return total

    def tocsr(self) -> Any:
        """Return the `scipy.sparse` matrix of flattened arrays, whose rows are full."""
        return _matrix(self)


def staggered(axis: Axis) -> Axis | None:
    """Return the axis of the points halfway between, where derivatives of the series live.

    A sine series has a cosine series as its derivative, and the other way round.  None if
    there is no such point: a single cell between Neumann walls.
    """
    if axis.boundary == "chebyshev":
        raise PdekitError("staggered points need equidistant ones")
    ends = sides(axis)
    more = ends.count("dirichlet") - 1 if ends[0] == ends[1] and ends[0] in _OTHER else 0
    more = {1: 1, -1: -1, 0: 0}[more]
    if axis.n + more < 1:
        return None
    boundary = "_".join(dict.fromkeys(_OTHER.get(end, end) for end in ends))
    centring = "cell" if axis.centring == "vertex" else "vertex"
    changed: dict[str, Any] = {
        "n": axis.n + more,
        "boundary": boundary,
        "centring": centring,
    }
    return replace(axis, **changed)


def derivative(u: Array, d: int, axis: Axis, between: Axis) -> Array:
    """Return the derivative along d of the series on one axis at the points of another.

    ``between`` is the `staggered` one of ``axis``.
    """
    backend = fft.get("ducc" if "ducc" in fft.available() else "scipy")
    kappa = axis.wavenumbers(real=True)
    if axis.transform == "fft":
        step = 0.5 * axis.spacing * (1 if axis.centring == "vertex" else -1)
        factor = along(d, u.ndim, 1j * kappa * np.exp(1j * kappa * step))
        return np.asarray(backend.irfft(backend.rfft(u, (d,)) * factor, axis.n, (d,)))
    name, number = axis.transform[:3], int(axis.transform[3])
    sine = name == "dst"
    modes = getattr(backend, name)(u, number, d)
    modes = modes * along(d, u.ndim, kappa if sine else -kappa)
    if number < 3:  # the cosine series alone has a constant
        modes = np.moveaxis(modes, d, 0)
        modes = np.concatenate((np.zeros_like(modes[:1]), modes)) if sine else modes[1:]
        modes = np.moveaxis(modes, 0, d)
    other, number = between.transform[:3], int(between.transform[3])
    return np.asarray(getattr(backend, f"i{other}")(modes, number, d))


def _fluxes(
    grid: Grid, d: int, between: Axis | None, k: Coefficient | tuple[float, ...]
) -> Array:
    """Return k where the derivative along an axis is taken."""
    if between is None:
        return np.zeros(())
    values: Any = k[d] if isinstance(k, tuple) else k
    if callable(values):
        values = values(*Grid((*grid.axes[:d], between, *grid.axes[d + 1 :])).points())
    elif np.ndim(values):
        if not grid.is_periodic:
            raise PdekitError(
                "on a box with walls a variable k is needed on the walls too: give it as a "
                "function of the coordinates"
            )
        full = np.array(np.broadcast_to(values, grid.shape), dtype=float)
        move = partial(series.resample, source=grid.axes[d], target=between)
        values = series.along(move, full, d)
    values = np.asarray(values, dtype=float)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise PdekitError("the coefficient must be positive and finite everywhere")
    return values


def _matrix(operator: SpectralOperator) -> Any:
    import scipy.sparse as sp

    size = math.prod(operator.shape)
    identity = np.eye(size).reshape(size, *operator.shape)
    return sp.csr_array(np.array([operator.apply(e).ravel() for e in identity]).T)


def _product(parts: Sequence[Array]) -> Array:
    total = np.ones((1,) * len(parts))
    for d, part in enumerate(parts):
        total = total * along(d, len(parts), part)
    return total
