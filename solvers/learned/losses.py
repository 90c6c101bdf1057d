"""Distances of a predicted field from the true one, relative to the true one.

All take tensors ``(batch, channel, *space)`` or ``(batch, channel, time, *space)``: a norm
is taken over everything but the batch, numerator and denominator alike, and the ratios are
averaged over the batch, so that û = (1+ε) u has the loss ε.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pdekit.errors import ShapeError
from pdekit.grid import Grid, GridError


def _ratio(error: Tensor, truth: Tensor) -> Tensor:
    """Mean over the batch of √(error/truth), both squares of norms of each sample."""
    return (error.flatten(1).sum(1) / truth.flatten(1).sum(1)).sqrt().mean()


def _check(prediction: Tensor, truth: Tensor) -> None:
    if prediction.shape != truth.shape:
        raise ShapeError(tuple(truth.shape), tuple(prediction.shape), "prediction")


def relative_l2(prediction: Tensor, truth: Tensor) -> Tensor:
    """‖û − u‖₂ / ‖u‖₂ (Li et al., ICLR (2021), arXiv 2010.08895)."""
    _check(prediction, truth)
    return _ratio((prediction - truth) ** 2, truth**2)


def h1_spectral_truncated(
    prediction: Tensor, truth: Tensor, kmax: int = 20, ndim: int | None = None
) -> Tensor:
    """‖w F(û − u)‖ / ‖w F u‖ with w² = 1 + Σ_j k_j², for comparison with published figures.

    F is the discrete Fourier transform over the last ``ndim`` axes (all but batch and
    channel if not given), walls or not; k_j are whole numbers, and those of kmax and above
    count as zero, each axis by itself.  Its value depends on kmax: `H1Loss` is the norm of
    the derivatives.

    References
    ----------
    He, Liu & Xu, ICLR (2024), arXiv 2310.19809: its loss, and what it calls the H1 error.
    """
    _check(prediction, truth)
    ndim = truth.ndim - 2 if ndim is None else ndim
    dims = tuple(range(-ndim, 0))
    weight = truth.new_ones(())
    for dim in dims:
        n = truth.shape[dim]
        k = torch.fft.fftfreq(n, 1 / n, dtype=truth.dtype, device=truth.device)
        k = torch.where(k.abs() < kmax, k, 0.0)
        weight = weight + (k * k).view(-1, *(1,) * (-1 - dim))

    def squares(u: Tensor) -> Tensor:
        u_hat = torch.fft.fftn(u, dim=dims, norm="ortho")
        terms: Tensor = weight * (u_hat.real**2 + u_hat.imag**2)
        return terms

    return _ratio(squares(prediction - truth), squares(truth))


class SobolevLoss:
    """‖û − u‖ / ‖u‖ in H^s of a periodic box.

    ‖e‖² = Σ_k (α + |k|²)^s |ê(k)|², with the "forward" norm and k = 2π j / L: for s = 0 it
    is the mean of e².

    Parameters
    ----------
    grid
        The box; fields may have any numbers of points.
    order
        s, of any sign.
    alpha
        With zero the mean is left out for s < 0.

    References
    ----------
    Cao, Brarda, Li, Xia, ICLR (2025), arXiv 2405.17211 (negative s).
    """

    def __init__(self, grid: Grid, order: float = 1.0, alpha: float = 1.0) -> None:
        if not grid.is_periodic:
            raise GridError("the spectral norm needs a periodic box; take H1Loss")
        if not alpha >= 0:
            raise ValueError(f"alpha must be at least 0, got {alpha!r}")
        self.grid, self.order, self.alpha = grid, order, alpha

    def __call__(self, prediction: Tensor, truth: Tensor) -> Tensor:
        """Return the mean over the batch."""
        _check(prediction, truth)
        return _ratio(self.squares(prediction - truth), self.squares(truth))

    def norm(self, u: Tensor) -> Tensor:
        """‖u‖ of each sample, over its channels (and times)."""
        return self.squares(u).flatten(1).sum(1).sqrt()

    def squares(self, u: Tensor) -> Tensor:
        """Return the terms of ‖u‖², modes k_d > 0 counted twice."""
        ndim = self.grid.ndim
        grid = self.grid.resize(tuple(u.shape[-ndim:]))
        u_hat = torch.fft.rfftn(u, dim=tuple(range(-ndim, 0)), norm="forward")
        k_squared = grid.k_squared(real=True, like=u)
        base = self.alpha + k_squared
        weight = torch.where(base > 0, base, 1.0) ** self.order
        if self.order != 0:
            weight = torch.where(base > 0, weight, 0.0)
        n = grid.shape[-1]
        both = u.new_full((n // 2 + 1,), 2.0)
        both[0] = 1.0
        both[n // 2 :] = 1.0 if n % 2 == 0 else 2.0
        terms: Tensor = both * weight * (u_hat.real**2 + u_hat.imag**2)
        return terms


class H1Loss:
    """‖û − u‖ / ‖u‖ with ‖e‖² = Σ (e² + |∇_h e|²), for any boundary.

    Differences are central, of second order: around on a periodic axis, one-sided of second
    order at the ends of any other.  Spacings are those of the grid.

    Parameters
    ----------
    grid
        The grid of the fields, uniform along every axis; its box, if they have other sizes.
    """

    def __init__(self, grid: Grid) -> None:
        if any(axis.boundary == "chebyshev" for axis in grid.axes):
            raise GridError("the H1 loss needs equal spacings")
        self.grid = grid

    def __call__(self, prediction: Tensor, truth: Tensor) -> Tensor:
        """Return the mean over the batch."""
        _check(prediction, truth)
        return _ratio(self.squares(prediction - truth), self.squares(truth))

    def squares(self, u: Tensor) -> Tensor:
        """e² + |∇_h e|² at every point."""
        grid = self.grid.resize(tuple(u.shape[-self.grid.ndim :]))
        total = u * u
        for dim, axis in enumerate(grid.axes, start=-grid.ndim):
            periodic = axis.boundary == "periodic"
            slope = difference(u, dim, axis.spacing, periodic=periodic)
            total = total + slope * slope
        return total


def difference(u: Tensor, dim: int, spacing: float, *, periodic: bool) -> Tensor:
    """∂u along an axis by differences of second order."""
    if periodic:
        return (u.roll(-1, dim) - u.roll(1, dim)) / (2 * spacing)
    slope: Tensor = torch.gradient(u, spacing=spacing, dim=dim, edge_order=2)[0]
    return slope
