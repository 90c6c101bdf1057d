"""Data on the walls, as a function that has them and solves the equation without a source.

The data of a wall are expanded in the modes of the other axes.  Across the box each mode
then satisfies  kₙ p″ = (Σ kₑκₑ² + c) p,  whose solutions are exponentials: nothing is
differentiated, and no order is lost.  No sine series has the values, or the fluxes, on an
edge where a wall meets a Dirichlet wall.  They go first, corners before edges, in the same
way: with a product of exponentials, one for each wall, which share the right-hand side.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import reduce

import numpy as np

from pdekit import fft
from pdekit.errors import PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg._faces import along
from pdekit.linalg._walls import checked_walls
from pdekit.linalg.stencil import Walls, sides
from pdekit.typing import Array

_POINTS = 6
"""Points that a value on an edge is extrapolated from."""
_RESOLVED = 1e-8
"""Tail of a series, relative to its largest coefficient, that nobody would see."""
Side = tuple[int, bool]
"""Number of an axis, and whether the upper end of it is meant."""


def lifted(
    grid: Grid, k: Sequence[float], c: float, f: Array, walls: Walls | None
) -> tuple[Array, float | Array]:
    """Return the source for homogeneous walls, and what is to be added to its solution."""
    data: dict[Side, Array] = {
        (grid.names.index(name), side == "upper"): g
        for (name, side), g in checked_walls(grid, walls).items()
    }
    lift: float | Array = 0.0
    for edge in _edges(grid):
        g = _on_edge(grid, data, edge)
        if g.any():
            lift = lift + _spread(grid, k, c, edge, g)
            for wall in edge:
                there = _spread(grid, k, c, edge, g, wall[0])
                data[wall] = data.get(wall, np.zeros(1)) - there
    source = 0.0
    for wall, g in data.items():
        if g.any():
            lift = lift + _spread(grid, k, c, (wall,), g)
            source += _balance(grid, k, c, wall, g)
    return np.asarray(f + source), lift


def unresolved(grid: Grid, f: Array) -> list[tuple[int, str]]:
    """Return an event if the highest tenth of the modes of a source is not negligible."""
    kappa = grid.wavenumbers(real=True)
    high = reduce(np.logical_or, [abs(q) > 0.9 * abs(q).max() for q in kappa])
    modes = abs(_to_modes(grid, range(grid.ndim), f))
    tail = float(np.where(high, modes, 0.0).max()) / max(float(modes.max()), 1e-300)
    if tail <= _RESOLVED:
        return []
    return [
        (
            0,
            f"the series of the source ends with {tail:.1e} of its largest coefficient: "
            "the grid does not resolve it, or it does not suit the walls, and then the "
            "error has order two; order=4 does not mind",
        )
    ]


def _edges(grid: Grid) -> list[tuple[Side, ...]]:
    """Return where Dirichlet walls meet each other or a Neumann wall, corners first."""
    walls = [
        (d, upper)
        for d, axis in enumerate(grid.axes)
        for upper in (False, True)
        if axis.boundary != "periodic"
    ]
    return [
        edge
        for size in range(grid.ndim, 1, -1)
        for edge in itertools.combinations(walls, size)
        if len({d for d, _ in edge}) == size and len(_with_fluxes(grid, edge)) <= 1
    ]


def _with_fluxes(grid: Grid, walls: Sequence[Side]) -> list[Side]:
    return [(d, upper) for d, upper in walls if sides(grid.axes[d])[upper] == "neumann"]


def _shares(grid: Grid, k: Sequence[float], edge: Sequence[Side]) -> dict[int, float]:
    """Return what is added to the rate across each wall of an edge, nothing in all.

    Across a box between Neumann walls a slope needs a rate that is not zero: it gets one
    from the others, which turn by less than a quarter of a period for it.
    """
    fluxes = [d for d, _ in _with_fluxes(grid, edge) if grid.axes[d].boundary == "neumann"]
    rest = [d for d, _ in edge if d not in fluxes]
    if not fluxes or not rest:
        return dict.fromkeys((d for d, _ in edge), 0.0)
    lent = min(k[e] * (0.25 * np.pi / grid.axes[e].length) ** 2 for e in rest)
    return {e: -lent / k[e] for e in rest} | {fluxes[0]: lent * len(rest) / k[fluxes[0]]}


def _spread(
    grid: Grid,
    k: Sequence[float],
    c: float,
    edge: Sequence[Side],
    g: Array,
    at: int | None = None,
) -> Array:
    """Return the solution with the data g on a wall or an edge, zero on the other walls.

    ``at`` names an axis of the edge, on whose wall the values are wanted.
    """
    across = [d for d, _ in edge]
    others = [e for e in range(grid.ndim) if e not in across]
    kappa = grid.wavenumbers(real=True)
    rate = np.full((1,) * grid.ndim, float(c))
    for e in others:
        rate = rate + k[e] * kappa[e] ** 2
    modes, shares = _to_modes(grid, others, g), _shares(grid, k, edge)
    for d, upper in edge:
        if d == at:
            continue
        axis = grid.axes[d]
        ends = sides(axis)[upper], sides(axis)[not upper]
        s = along(d, grid.ndim, _distance(axis, upper))
        modes = modes * _profile(axis, s, rate / (len(edge) * k[d]) + shares[d], ends)
        if ends[0] == "neumann":
            modes = modes / k[d]  # the data are fluxes
    return _to_values(grid, others, modes)


def _balance(grid: Grid, k: Sequence[float], c: float, wall: Side, g: Array) -> float:
    """Return the source that a flux into a box without other losses comes to."""
    d = wall[0]
    dirichlet = any("dirichlet" in sides(axis) for axis in grid.axes)
    if c or dirichlet or grid.axes[d].boundary != "neumann":
        return 0.0
    others = tuple(axis for e, axis in enumerate(grid.axes) if e != d)
    mean = Grid(others).mean(g.squeeze(d)) if others else g
    return float(mean.item()) / grid.axes[d].length  # −k p″ of the parabola in `_profile`


def _on_edge(grid: Grid, data: dict[Side, Array], edge: Sequence[Side]) -> Array:
    """Return the flux on an edge, or the mean of what the walls that meet there have."""
    found = []
    for wall in _with_fluxes(grid, edge) or edge:
        if (g := data.get(wall)) is None:
            found.append(np.zeros((1,) * grid.ndim))
            continue
        for e, upper in edge:
            if e != wall[0]:
                g = _at_end(g, e, grid.axes[e], upper)
        found.append(g)
    return reduce(np.add, found) / len(found)


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
