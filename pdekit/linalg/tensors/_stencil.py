"""The second-order operator on tensors, with a coefficient for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pdekit.errors import PdekitError, ShapeError
from pdekit.grid import Grid
from pdekit.linalg._faces import cell_parts, openings
from pdekit.linalg.tensors._transfer import restrict
from pdekit.typing import Array

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any


@dataclass(frozen=True, eq=False)
class TensorStencil:
    """The operator on tensors ``(batch…, *space)``.

    Attributes
    ----------
    grid
        Where the unknowns are.
    k
        Positive values at the points, ``(batch…, *space)`` or what broadcasts to it.  Two
        neighbours meet in their harmonic mean, as in `discretize`.
    c
        Reaction at the points, or a number.
    """

    grid: Grid
    k: Tensor
    c: Tensor | float = 0.0

    def __post_init__(self) -> None:
        """Refuse coefficients that do not fit the grid."""
        space = tuple(self.k.shape)[-self.grid.ndim :]
        if self.k.ndim < self.grid.ndim or space != self.grid.shape:
            raise ShapeError(f"(batch…, {self.grid.shape})", tuple(self.k.shape), "k")
        if not self.k.dtype.is_floating_point:
            raise PdekitError(f"k must be real, got {self.k.dtype}")

    @cached_property
    def faces(self) -> tuple[Tensor, ...]:
        """The coefficients of the faces, for every axis ``(batch…, … n_d + 1 …)``."""
        return tuple(self._face(d) for d in range(self.grid.ndim))

    def _face(self, d: int) -> Tensor:
        import torch

        axis, dim = self.grid.axes[d], d - self.grid.ndim
        first, last = self.k.narrow(dim, 0, 1), self.k.narrow(dim, -1, 1)
        if axis.boundary == "periodic":
            first, last = last, first
        padded = torch.cat((first, self.k, last), dim)
        left, right = padded.narrow(dim, 0, axis.n + 1), padded.narrow(dim, 1, axis.n + 1)
        a = 2 * left * right / (left + right) / axis.spacing**2
        a = a * self._along(d, openings(axis))
        for e, other in enumerate(self.grid.axes):
            if e != d:
                a = a * self._along(e, cell_parts(other))
        return a

    @cached_property
    def reaction(self) -> Tensor:
        """The reaction times the part of a cell, broadcastable to a field."""
        total = self.k.new_tensor(self.c) if isinstance(self.c, (int, float)) else self.c
        for d, axis in enumerate(self.grid.axes):
            total = total * self._along(d, cell_parts(axis))
        return total

    def _along(self, d: int, values: Array) -> Tensor:
        import torch

        shape = (-1,) + (1,) * (self.grid.ndim - 1 - d)
        return torch.as_tensor(values, dtype=self.k.dtype, device=self.k.device).reshape(
            shape
        )

    @cached_property
    def diagonal(self) -> Tensor:
        """The diagonal."""
        total = self.reaction
        for d, a in enumerate(self.faces):
            dim, n = d - self.grid.ndim, self.grid.axes[d].n
            total = total + a.narrow(dim, 0, n) + a.narrow(dim, 1, n)
        return total

    @cached_property
    def singular(self) -> bool:
        """Whether constants are mapped to zero in some sample."""
        walls = any("dirichlet" in axis.boundary for axis in self.grid.axes)
        return not walls and bool((self.reaction == 0).all())

    def apply(self, x: Tensor) -> Tensor:
        """Return  A x."""
        total = self.diagonal * x
        for d, a in enumerate(self.faces):
            dim, axis = d - self.grid.ndim, self.grid.axes[d]
            periodic = axis.boundary == "periodic"
            total = total - _neighbours(a, x, dim, axis.n, periodic)
        return total

    def coarsen(self) -> TensorStencil | None:
        """Return the operator on every second point, or None where that cannot be."""
        axes = self.grid.axes
        halves = all(
            axis.boundary == "dirichlet" and axis.centring == "vertex" and axis.n % 2 == 1
            for axis in axes
        )
        if not halves or min(self.grid.shape) < 3:
            return None
        n = tuple((axis.n - 1) // 2 for axis in axes)
        c = self.c
        if not isinstance(c, (int, float)) and c.ndim:
            c = restrict((c + 0 * self.k) if c.shape != self.k.shape else c, self.grid.ndim)
        # the logarithm is averaged: harmonic along a flux, arithmetic across it, between
        return TensorStencil(
            self.grid.resize(n), restrict(self.k.log(), self.grid.ndim).exp(), c
        )


def _neighbours(a: Tensor, x: Tensor, dim: int, n: int, periodic: bool) -> Tensor:
    """Return  aᵢ xᵢ₋₁ + aᵢ₊₁ xᵢ₊₁,  with zero beyond the walls."""
    import torch

    if periodic:
        lower, upper = x.roll(1, dim), x.roll(-1, dim)
    else:
        nothing = torch.zeros_like(x.narrow(dim, 0, 1))
        lower = torch.cat((nothing, x.narrow(dim, 0, n - 1)), dim)
        upper = torch.cat((x.narrow(dim, 1, n - 1), nothing), dim)
    return a.narrow(dim, 0, n) * lower + a.narrow(dim, 1, n) * upper
