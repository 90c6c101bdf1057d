"""Data on the walls, as a function that has them and solves the equation without a source.

The data of a wall are expanded in the modes of the other axes.  Across the box each mode
then satisfies  kₙ p″ = (Σ kₑκₑ² + c) p,  whose solutions are exponentials: nothing is
differentiated, and no order is lost.  Where Dirichlet walls meet, the values of the corners
go first, by a multilinear function: no sine series has them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from pdekit import fft
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg._walls import checked_walls
from pdekit.linalg.stencil import Walls, sides
from pdekit.typing import Array

_POINTS = 6
_SIDES = ("lower", "upper")


def lifted(
    grid: Grid, k: Sequence[float], c: float, f: Array, walls: Walls | None
) -> tuple[Array, float | Array]:
    """Return the source for homogeneous walls, and what is to be added to its solution."""
    data = {key: g for key, g in checked_walls(grid, walls).items() if g.any()}
    if not data:
        return f, 0.0
    lift, data = _without_corners(grid, data)
    source = f - c * lift
    for (name, side), g in data.items():
        d = grid.names.index(name)
        across, constant = _from_wall(grid, k, c, d, side == "upper", g)
        lift, source = lift + across, source + constant
    return np.asarray(source), lift


def _from_wall(
    grid: Grid, k: Sequence[float], c: float, d: int, upper: bool, g: Array
) -> tuple[Array, float]:
    """Return the solution with the data g on one wall, and what is left as a source."""
    others = [e for e in range(grid.ndim) if e != d]
    modes = _to_modes(grid, others, g)
    kappa = grid.wavenumbers(real=True)
    rate = np.full((1,) * grid.ndim, c)
    for e in others:
        rate = rate + k[e] * kappa[e] ** 2
    axis = grid.axes[d]
    ends = sides(axis)[upper], sides(axis)[not upper]
    if ends[0] == "neumann":
        modes = modes / k[d]  # the data are fluxes
    profile = _profile(
        axis, _along(_distance(axis, upper), d, grid.ndim), rate / k[d], ends
    )
    source = 0.0
    if ends == ("neumann", "neumann") and rate.flat[0] == 0:
        mean = Grid(tuple(grid.axes[e] for e in others)).mean(g.squeeze(d)) if others else g
        source = float(mean.item()) / axis.length  # −k p″ of the parabola
    return _to_values(grid, others, modes * profile), source


def _distance(axis: Axis, upper: bool) -> Array:
    """Return the distances of the points from the wall opposite to this one."""
    x = axis.points()
    return np.asarray(x - axis.lower if upper else axis.upper - x)


def _profile(axis: Axis, s: Array, rate: Array, ends: tuple[str, str]) -> Array:
    """Return  p(s)  with  p″ = rate·p  and the value, or slope outwards, 1 on this wall.

    On the far wall, s = 0, the homogeneous condition holds.  With m² = rate the solution is
    a quotient of sinh or cosh ms and the same, or its derivative, at s = L: it is written
    with  e^{−m(L−s)},  which does not overflow.
    """
    length = axis.length
    flat = abs(rate) * length**2 < (1e-300 if ends == ("neumann", "neumann") else 1e-15)
    m = np.sqrt(np.where(flat, 1.0, rate).astype(complex))
    odd, slope = ends[1] == "dirichlet", ends[0] == "neumann"
    with np.errstate(under="ignore"):
        above = _ends(m * s, odd) * np.exp(-m * (length - s))
        below = _ends(m * length, odd != slope)
    if (abs(below) < 1e-13).any():
        raise PdekitError("data on the walls cannot be met: c is an eigenvalue of the box")
    curved = above / (below * m if slope else below)
    straight = {
        (False, False): 1.0 + 0.0 * s,
        (False, True): s / length,
        (True, False): s * s / (2 * length),
        (True, True): s,
    }[slope, odd]
    return np.asarray(np.where(flat, straight, curved.real))


def _ends(z: Array, odd: bool) -> Array:
    """Return  2 e^{−z} sinh z  or  2 e^{−z} cosh z."""
    return np.asarray(-np.expm1(-2 * z) if odd else 1.0 + np.exp(-2 * z))


def _without_corners(
    grid: Grid, data: dict[tuple[str, str], Array]
) -> tuple[float | Array, dict[tuple[str, str], Array]]:
    """Return the multilinear function with the values of the corners, and the data left."""
    both = [d for d, a in enumerate(grid.axes) if sides(a) == ("dirichlet", "dirichlet")]
    if len(both) < 2:
        return 0.0, data
    corners = {
        corner: _corner(grid, data, dict(zip(both, corner, strict=True)))
        for corner in itertools.product((0, 1), repeat=len(both))
    }
    places = {d: (_distance(grid.axes[d], True) / grid.axes[d].length) for d in both}
    lift = _multilinear(grid, corners, both, places)
    left = dict(data)
    for d, axis in enumerate(grid.axes):
        for upper, kind in enumerate(sides(axis)):
            if kind != "dirichlet":
                continue
            on_wall = _multilinear(
                grid, corners, both, places | {d: np.array([1.0 * upper])}
            )
            shape = (*grid.shape[:d], 1, *grid.shape[d + 1 :])
            rest = np.broadcast_to(
                data.get((axis.name, _SIDES[upper]), 0.0) - on_wall, shape
            )
            left[axis.name, _SIDES[upper]] = rest
    return lift, {key: g for key, g in left.items() if g.any()}


def _corner(
    grid: Grid, data: dict[tuple[str, str], Array], corner: dict[int, int]
) -> float:
    """Return the mean of what the walls that meet in a corner have there."""
    values = []
    for d, upper in corner.items():
        g = data.get((grid.axes[d].name, _SIDES[upper]), np.zeros((1,) * grid.ndim))
        for e in range(grid.ndim):
            if e in corner and e != d and g.shape[e] > 1:
                g = _at_end(g, e, grid.axes[e], bool(corner[e]))
        values.append(float(g.mean()))
    return float(np.mean(values))


def _at_end(g: Array, e: int, axis: Axis, upper: bool) -> Array:
    """Return the values on the rim of a wall, extrapolated from the points next to it."""
    m = min(g.shape[e], _POINTS)
    place = -1.0 if axis.centring == "vertex" else -0.5
    j = np.arange(m)
    weights = [np.prod([(place - i) / (k - i) for i in j if i != k]) for k in j]
    points = np.flip(g, e) if upper else g
    return np.asarray(np.tensordot(np.moveaxis(points, e, -1)[..., :m], weights, 1))[
        (slice(None),) * e + (None,)
    ]


def _multilinear(
    grid: Grid,
    corners: dict[tuple[int, ...], float],
    both: Sequence[int],
    places: dict[int, Array],
) -> Array:
    total: Array = np.zeros((1,) * grid.ndim)
    for corner, value in corners.items():
        term: Array = np.full((1,) * grid.ndim, value)
        for d, upper in zip(both, corner, strict=True):
            part = places[d] if upper else 1.0 - places[d]
            term = term * _along(part, d, grid.ndim)
        total = total + term
    return total


def _to_modes(grid: Grid, axes: Sequence[int], g: Array) -> Array:
    """Return the modes of data on a wall, in the order of `Grid.wavenumbers`."""
    backend = fft.get("scipy")
    periodic = [e for e in axes if grid.axes[e].transform == "fft"]
    if periodic:
        g = backend.rfft(g, periodic)
    for e in axes:
        if e not in periodic:
            kind = grid.axes[e].transform
            g = getattr(backend, kind[:3])(g, int(kind[3]), e)
    return g


def _to_values(grid: Grid, axes: Sequence[int], modes: Array) -> Array:
    backend = fft.get("scipy")
    periodic = [e for e in axes if grid.axes[e].transform == "fft"]
    for e in axes:
        if e not in periodic:
            kind = grid.axes[e].transform
            modes = getattr(backend, f"i{kind[:3]}")(modes, int(kind[3]), e)
    if periodic:
        modes = backend.irfft(modes, [grid.axes[e].n for e in periodic], periodic)
    return modes


def _along(values: Array, d: int, ndim: int) -> Array:
    return np.asarray(values).reshape((-1,) + (1,) * (ndim - 1 - d))
