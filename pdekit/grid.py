"""Tensor-product grids on boxes in one to three dimensions, and calculus on them.

Everything that takes a field takes arrays ``(batch…, channel, *space)``, real or complex,
from NumPy or torch (then on the tensor's device and differentiable), and works on the
trailing space axes.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pdekit import series
from pdekit.arrays import (
    as_like,
    broadcast,
    floating,
    is_complex,
    is_tensor,
    namespace,
    on_parts,
)
from pdekit.axis import Axis, FloatArray, GridError
from pdekit.errors import ShapeError, UnknownName
from pdekit.typing import Array, Field

__all__ = ["Axis", "Grid", "GridError"]

_NAMES = ("x", "y", "z")


@dataclass(frozen=True)
class Grid:
    """A box with one `Axis` per dimension.

    Examples
    --------
    >>> grid = Grid.periodic(32, (0, 2 * np.pi))
    >>> (x,) = grid.points()
    >>> bool(np.allclose(grid.derivative(np.sin(x)), np.cos(x)))
    True
    """

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        """Refuse what is not one to three differently named axes."""
        axes = tuple(self.axes)
        if not all(isinstance(axis, Axis) for axis in axes):
            raise GridError(f"the axes of a grid must be Axis objects, got {axes!r}")
        if not 1 <= len(axes) <= 3:
            raise GridError(f"a grid has one to three axes, got {len(axes)}")
        names = [axis.name for axis in axes]
        if len(set(names)) < len(names):
            raise GridError(
                f"the axes of a grid need different names, got {', '.join(names)}"
            )
        object.__setattr__(self, "axes", axes)

    @classmethod
    def periodic(cls, n: int | Sequence[int], interval: Sequence[Any]) -> Grid:
        """Periodic box; ``n`` and ``interval`` for all dimensions or one for each.

        Examples
        --------
        >>> Grid.periodic((64, 32), ((0, 1), (-1, 1))).spacing
        (0.015625, 0.0625)
        """
        pairs = np.atleast_2d(np.asarray(interval, dtype=object))
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise GridError(
                f"interval must be (lower, upper) or such pairs, got {interval!r}"
            )
        counts = np.atleast_1d(np.asarray(n, dtype=object))
        dimensions = max(counts.size, len(pairs))
        if counts.ndim != 1 or {counts.size, len(pairs)} - {1, dimensions}:
            raise GridError(f"n = {n!r} and interval = {interval!r} differ in dimension")
        if not 1 <= dimensions <= 3:
            raise GridError(f"a grid has one to three axes, got {dimensions}")
        counts = np.broadcast_to(counts, dimensions)
        pairs = np.broadcast_to(pairs, (dimensions, 2))
        return cls(
            tuple(
                Axis(name, m, lower, upper)
                for name, m, (lower, upper) in zip(_NAMES, counts, pairs, strict=False)
            )
        )

    def resize(self, n: int | Sequence[int]) -> Grid:
        """Return the same box with other numbers of points."""
        counts = np.atleast_1d(np.asarray(n, dtype=object))
        if counts.shape not in ((1,), (self.ndim,)):
            raise GridError(f"{self.ndim} numbers of points are needed, got {n!r}")
        counts = np.broadcast_to(counts, self.ndim)
        return Grid(tuple(replace(a, n=m) for a, m in zip(self.axes, counts, strict=True)))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points along each axis."""
        return tuple(axis.n for axis in self.axes)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.axes)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes."""
        return tuple(axis.name for axis in self.axes)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Spacing along each axis; for Chebyshev the smallest one."""
        return tuple(axis.spacing for axis in self.axes)

    @property
    def lengths(self) -> tuple[float, ...]:
        """Length of each side of the box."""
        return tuple(axis.length for axis in self.axes)

    @property
    def volume(self) -> float:
        """Length, area or volume of the box."""
        return math.prod(self.lengths)

    @property
    def is_periodic(self) -> bool:
        """Whether every axis is periodic."""
        return all(axis.boundary == "periodic" for axis in self.axes)

    def spectral_shape(self, real: bool = False) -> tuple[int, ...]:
        """Shape of the coefficients; see `wavenumbers` for ``real``."""
        return tuple(len(m) for m in self.modes(real))

    def points(self, like: Array | None = None) -> tuple[Array, ...]:
        """Coordinates, one array per axis, shaped to broadcast."""
        return self._open_mesh([axis.points() for axis in self.axes], like)

    def coordinates(self) -> dict[str, FloatArray]:
        """Coordinates by name of the axis, each of shape ``(n,)``."""
        return {axis.name: axis.points() for axis in self.axes}

    def modes(self, real: bool = False) -> tuple[FloatArray, ...]:
        """Whole numbers of the modes, one array of shape ``(modes,)`` per axis."""
        half = self._half_axis(real)
        return tuple(axis.modes(i == half) for i, axis in enumerate(self.axes))

    def wavenumbers(
        self, real: bool = False, like: Array | None = None, odd: bool = False
    ) -> tuple[Array, ...]:
        """Angular wavenumbers, one array per axis, shaped to broadcast.

        Parameters
        ----------
        real : bool
            For the transform of a real field, which keeps the non-negative half of the
            modes of the last periodic axis.
        like : array, optional
            Namespace, precision and device to take.
        odd : bool
            Zero at the Nyquist mode, as the odd derivatives need.
        """
        half = self._half_axis(real)
        ks = [axis.wavenumbers(i == half, odd) for i, axis in enumerate(self.axes)]
        return self._open_mesh(ks, like)

    def k_squared(self, real: bool = False, like: Array | None = None) -> Array:
        """|k|², the symbol of minus the Laplacian."""
        squares = [k * k for k in self.wavenumbers(real)]
        return as_like(sum(squares[1:], squares[0]), like)

    def _half_axis(self, real: bool) -> int | None:
        periodic = [i for i, axis in enumerate(self.axes) if axis.boundary == "periodic"]
        return periodic[-1] if real and periodic else None

    def _open_mesh(
        self, arrays: Sequence[FloatArray], like: Array | None
    ) -> tuple[Array, ...]:
        return tuple(
            as_like(a.reshape((-1,) + (1,) * (self.ndim - 1 - i)), like)
            for i, a in enumerate(arrays)
        )

    def integrate(self, u: Field) -> Array:
        """∫ u over the box, for every batch entry and channel; see `Axis.weights`."""
        u = self._field(u)
        scale = 1.0
        for i, axis in enumerate(self.axes):
            if axis.transform in ("dct1", "dct3", "dst3", "chebyshev"):
                w = axis.weights().reshape((-1,) + (1,) * (self.ndim - 1 - i))
                u = u * as_like(w, u)
            else:
                scale *= axis.spacing
        return namespace(u).sum(u, self._dims) * scale

    def mean(self, u: Field) -> Array:
        """Spatial mean ⟨u⟩ = ∫ u / volume."""
        return self.integrate(u) / self.volume

    def inner(self, u: Field, v: Field) -> Array:
        """⟨ū v⟩, the mean whose square root at ``v = u`` is ``norm(u)``."""
        u, v = self._field(u), self._field(v)
        return self.mean(u.conj() * v)

    def norm(self, u: Field, p: float = 2) -> Array:
        """⟨|u|ᵖ⟩^(1/p), a mean as all house norms are; ``p = inf`` is the largest |u|."""
        u = self._field(u)
        xp = namespace(u)
        if p == math.inf:
            return xp.amax(xp.abs(u), self._dims)
        if not p >= 1:
            raise GridError(f"the norm needs p >= 1, got {p!r}")
        if p == 2:
            return self.mean(u.real**2 + u.imag**2 if is_complex(u) else u * u) ** 0.5
        return self.mean(xp.abs(u) ** p) ** (1.0 / p)

    def derivative(self, u: Field, axis: int | str = 0, order: int = 1) -> Field:
        """Spectral derivative ∂ᵐu / ∂xᵐ at the grid points, m = ``order``.

        Exact for the series of the axis (see `Axis`). An odd derivative of a sine series is
        a cosine series and the other way round; its values at the same points are returned.
        """
        u = self._field(u)
        if isinstance(order, bool) or not isinstance(order, int) or order < 0:
            raise GridError(f"order must be a whole number >= 0, got {order!r}")
        i = self._index(axis)
        d = partial(series.differentiate, axis=self.axes[i], order=order)
        return series.along(d, u, i - self.ndim)

    def interpolate(self, u: Field, other: Grid) -> Field:
        """Values on ``other``, another grid on the same box, of the series of ``u``.

        Between axes with the same boundary this pads or truncates the spectrum: refining
        loses nothing, and coarsening keeps the modes that the coarse grid can carry.
        """
        u = self._field(u)
        self._check_same_box(other)
        for i, (source, target) in enumerate(zip(self.axes, other.axes, strict=True)):
            move = partial(series.transfer, source=source, target=target)
            u = series.along(move, u, i - self.ndim)
        return u

    def evaluate(self, u: Field, points: Array | Sequence[Array]) -> Array:
        """Values of the series of ``u`` anywhere in the box.

        ``points`` holds one coordinate array per axis, broadcast together (in one dimension
        the bare array will do); the answer has the shape of the batch and channels followed
        by theirs. Periodic axes wrap. With torch it is differentiable in both arguments.
        """
        u = self._field(u)
        if self.ndim == 1 and not (isinstance(points, tuple) and len(points) == 1):
            points = (points,)
        if len(points) != self.ndim:
            raise ShapeError(f"{self.ndim} coordinate arrays", len(points), "points")
        like = u if is_tensor(u) else next((p for p in points if is_tensor(p)), u)
        xs = broadcast([as_like(p, like) for p in points])
        for x, axis in zip(xs, self.axes, strict=True):
            axis.check_inside(x)

        def values(part: Field) -> Array:
            flat = [x.reshape(-1) for x in xs]
            out = series.sum_at(as_like(part, like), self.axes, flat)
            return out.reshape((*out.shape[:-1], *xs[0].shape))

        return on_parts(values, u)

    @property
    def _dims(self) -> tuple[int, ...]:
        return tuple(range(-self.ndim, 0))

    def _field(self, u: Any) -> Field:
        """Return ``u`` as floating or complex numbers; refuse what is not of this shape."""
        u = floating(u)
        if tuple(u.shape[-self.ndim :]) != self.shape:
            expected = f"(…, {', '.join(map(str, self.shape))})"
            raise ShapeError(expected, tuple(u.shape), "a field on this grid")
        return u

    def _index(self, axis: int | str) -> int:
        if isinstance(axis, str):
            if axis not in self.names:
                raise UnknownName("axis", axis, self.names)
            return self.names.index(axis)
        if (
            isinstance(axis, bool)
            or not isinstance(axis, int)
            or not -self.ndim <= axis < self.ndim
        ):
            raise GridError(f"axis must be a name or 0 … {self.ndim - 1}, got {axis!r}")
        return axis % self.ndim

    def _check_same_box(self, other: Grid) -> None:
        if other.ndim != self.ndim:
            raise ShapeError(f"a grid with {self.ndim} axes", f"{other.ndim} axes", "other")
        for mine, theirs in zip(self.axes, other.axes, strict=True):
            off = max(abs(mine.lower - theirs.lower), abs(mine.upper - theirs.upper))
            if off > 1e-12 * mine.length:
                raise GridError(
                    f"axis {mine.name!r}: interpolation needs the same interval, "
                    f"[{mine.lower}, {mine.upper}] is not [{theirs.lower}, {theirs.upper}]"
                )

    def _repr_html_(self) -> str:
        """Return a table with one row per axis, for notebooks."""
        head = "".join(
            f"<th>{h}</th>" for h in ("axis", "points", "interval", "spacing", "boundary")
        )
        rows = "".join(
            f"<tr><td>{html.escape(a.name)}</td><td>{a.n}</td>"
            f"<td>[{a.lower:g}, {a.upper:g}]</td><td>{a.spacing:.4g}</td>"
            f"<td>{a.boundary}, {a.centring}</td></tr>"
            for a in self.axes
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
