"""The spectral convolution: a matrix of channels for each of the lowest Fourier modes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pdekit.errors import ShapeError, UnknownName
from pdekit.solvers.learned.layers.planner import choose
from pdekit.solvers.learned.layers.truncated import (
    PATHS,
    Sizes,
    analyse,
    mode_shape,
    synthesise,
)
from pdekit.solvers.learned.layers.weights import DenseWeight, Weight


class SpectralConv(nn.Module):
    """Convolution with a kernel that has the modes |k_j| ≤ m_j, in 1, 2 or 3 dimensions.

    With v̂ the coefficients of the input ("forward" norm) and R(k) a complex matrix of
    channels,

        Y(k) = R(k) v̂(k),       y(x) = Re Σ_k Y(k) exp(ikx) + b,

    the sum over both signs of every k_j, where Y(-k) = conj Y(k).  On the plane k_d = 0,
    where both k and -k have weights, this is the sum of (Y(k) + conj Y(-k))/2.  A
    coefficient means the same on every grid, so that the layer is the same operator on all
    grids that carry its modes, and the result may be asked for on another grid.

    Parameters
    ----------
    in_channels, out_channels
        Channels.
    modes
        Largest wavenumber m_j kept along each axis, 2 m_j < n_j.  On a grid too small for
        it the modes above are left out, with their opposites.
    bias
        Whether to add a number to each channel.
    weight
        The weights, in place of dense ones; see `Weight`.
    init
        Initial values of dense weights; see `DenseWeight`.
    path
        ``fft``, ``matmul`` or ``hybrid``, which differ by round-off (`truncated`), or
        ``auto``: the fastest for each shape, measured once and kept in the user's cache.
    reproducible
        With ``auto``, choose by a rule instead, the same on all machines.
    one_sided
        Leave out k_j = m_j, j < d, but not k_j = -m_j, as other programs do: their layouts
        need it. Such a layer does not commute with reflections.

    References
    ----------
    Li et al., ICLR (2021), arXiv 2010.08895.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int],
        *,
        bias: bool = True,
        weight: Weight | None = None,
        init: str = "normal",
        path: str = "auto",
        reproducible: bool = False,
        one_sided: bool = False,
    ) -> None:
        super().__init__()
        self.modes = tuple(int(m) for m in modes)
        if not 1 <= len(self.modes) <= 3 or min(self.modes) < 0:
            raise ShapeError("one to three whole numbers >= 0", modes, "modes")
        if path not in ("auto", *PATHS):
            raise UnknownName("path", path, ("auto", *PATHS))
        self.in_channels, self.out_channels = in_channels, out_channels
        self.path, self.reproducible, self.one_sided = path, reproducible, one_sided
        shape = weight_shape(self.modes, one_sided=one_sided)
        self.weight = weight or DenseWeight(in_channels, out_channels, shape, init)
        self._held = shape
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    @property
    def ndim(self) -> int:
        """Number of space dimensions."""
        return len(self.modes)

    def forward(self, x: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Return the convolution of ``(batch, in, *space)`` on a grid of these sizes.

        Half precision is left: the result is in single precision at least.
        """
        if x.ndim != self.ndim + 2 or x.shape[1] != self.in_channels:
            space = ", ".join("n" * self.ndim)
            raise ShapeError(f"(batch, {self.in_channels}, {space})", tuple(x.shape), "x")
        before = tuple(int(n) for n in x.shape[2:])
        after = before if sizes is None else tuple(sizes)
        kept = self._kept(before, after)
        with torch.autocast(x.device.type, enabled=False):
            x = x.to(torch.promote_types(x.dtype, torch.float32))
            path = self.path
            if path == "auto":
                path = choose(x, self.out_channels, after, kept, not self.reproducible)
            y = self._mixed(analyse(x, kept, path), kept)
            return synthesise(y, kept, after, path)

    def _mixed(self, v: Tensor, kept: Sizes) -> Tensor:
        """Multiply by the weights; the bias is added to the mode k = 0."""
        shape, batch = mode_shape(kept), v.shape[2]
        held = tuple(map(min, shape, self._held))
        if held != shape:
            v = v.view(2, *shape, batch, -1)
            for axis, count in enumerate(held[:-1], start=1):
                v = v.narrow(axis, 0, count)
            v = v.reshape(2, -1, *v.shape[-2:])
        y = self.weight.mix(v, held).view(2, *held, batch, -1)
        if held != shape:
            y = F.pad(y, [0, 0] * 3 + [0, 1] * (self.ndim - 1))
        if self.bias is not None:
            mean = (0, *kept[:-1], 0)
            y[mean] += self.bias
        return y.reshape(2, -1, batch, self.out_channels)

    def _kept(self, before: Sizes, after: Sizes) -> Sizes:
        """Return the modes that both grids carry."""
        least = map(min, before, after)
        kept = tuple(min(m, (n - 1) // 2) for m, n in zip(self.modes, least, strict=True))
        if kept != self.modes and not torch.compiler.is_compiling():
            _warn(self.modes, kept)
        return kept

    def extra_repr(self) -> str:
        """Return what the layer's text says of it."""
        return f"{self.in_channels}, {self.out_channels}, modes={self.modes}"


def weight_shape(modes: Sizes, *, one_sided: bool = False) -> Sizes:
    """Return the number of modes that have weights, along each axis."""
    *before, last = mode_shape(modes)
    return (*(n - one_sided for n in before), last)


@cache
def _warn(modes: Sizes, kept: Sizes) -> None:
    warnings.warn(
        f"the grid is too small for the modes {modes} of a layer; {kept} are used",
        stacklevel=5,
    )
