"""Weights of spectral convolutions as factorised tensors.

A weight W of axes (layer), in, out, mode_1, …, mode_d, the layers only if all of a model
share one tensor, is kept as

    Tucker   W = G ×_1 U_1 … ×_N U_N,                       core G and factors (I_n, r_n)
    CP       W = Σ_r λ_r U_1[:, r] ⊗ … ⊗ U_N[:, r],         factors (I_n, R)
    TT       W[i_1 … i_N] = G_1[i_1] … G_N[i_N],            cores (r_{n-1}, I_n, r_n)

For each mode this is A C(k) Bᵀ with small matrices in between, and is applied as such
where that takes fewer operations than to multiply it out first.

References
----------
Kossaifi, Kovachki, Azizzadenesheli, Anandkumar, TMLR (2024), arXiv 2310.00120.
Kolda & Bader, SIAM Rev. 51 (2009) 455 (Tucker, CP); Oseledets, SIAM J. Sci. Comput. 33
(2011) 2295 (TT).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from scipy.optimize import brentq
from torch import Tensor, nn

from pdekit.errors import UnknownName
from pdekit.solvers.learned.layers.weights import Sizes, kept_rows, scale_of


class ChannelForm(NamedTuple):
    """W(k) = left · core(k) · rightᵀ, all complex.

    Shapes ``(in, r)``, ``(mode, r, s)`` and ``(out, s)``; a core ``(mode, r)`` is diagonal,
    and there is no ``right`` where it is the identity.
    """

    left: Tensor
    core: Tensor
    right: Tensor | None

    def apply(self, v: Tensor) -> Tensor:
        """Multiply ``(mode, batch, in)`` by one factor after the other."""
        inner = v @ self.left
        diagonal = self.core.ndim == 2
        inner = inner * self.core[:, None] if diagonal else torch.bmm(inner, self.core)
        return inner if self.right is None else inner @ self.right.T

    def dense(self) -> Tensor:
        """Multiply out, ``(mode, in, out)``."""
        if self.right is None:
            return self.left @ self.core
        if self.core.ndim == 2:
            columns = self.left[:, None] * self.right  # (in, out, r)
            return (self.core @ columns.flatten(0, 1).T).view(-1, *columns.shape[:2])
        matrices: Tensor = self.left @ self.core @ self.right.T
        return matrices

    def pays(self, batch: int) -> bool:
        """Whether `apply` takes fewer multiplications than to multiply out first."""
        (c, r), modes = self.left.shape, len(self.core)
        if self.core.ndim == 2:
            out = len(self.right) if self.right is not None else r
            factors = modes * batch * r * (c + 1 + out)
            multiplied = c * out * r * (1 + modes)
        else:
            s = self.core.shape[2]
            out, last = (s, 0) if self.right is None else (len(self.right), s)
            factors = modes * batch * (c * r + r * s + last * out)
            multiplied = modes * (c * r * s + c * last * out)
        return factors < multiplied + modes * batch * c * out


class FactorisedWeight(nn.Module):
    """One factorised tensor, of one layer or of all of them.

    Parameters
    ----------
    modes
        Modes along each axis.
    kind
        ``tucker``, ``cp`` or ``tt``.
    rank
        Parameters as a fraction of those of the full tensor.
    layers
        Layers that share the tensor; None for the tensor of one layer, without this axis.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int],
        kind: str = "tucker",
        rank: float = 0.1,
        layers: int | None = None,
    ) -> None:
        super().__init__()
        if kind not in _SHAPES:
            raise UnknownName("factorisation", kind, tuple(_SHAPES))
        self.modes, self.kind, self.joint = tuple(modes), kind, layers is not None
        dims = (*(() if layers is None else (layers,)), in_channels, out_channels, *modes)
        shapes, deviation = _SHAPES[kind](dims, rank, scale_of(in_channels, out_channels))
        self.factors = nn.ParameterList(
            torch.randn(*shape, 2) * (deviation / math.sqrt(2)) for shape in shapes
        )
        if kind == "cp":
            ones = torch.ones(shapes[0][1], dtype=torch.complex64)
            self.factors.append(torch.view_as_real(ones))

    def mix(self, v: Tensor, kept: Sizes, layer: int = 0) -> Tensor:
        """Multiply; see `Weight`."""
        form, z = self.channel_form(kept, layer), torch.complex(v[0], v[1])
        y = form.apply(z) if form.pays(v.shape[2]) else torch.bmm(z, form.dense())
        return torch.stack([y.real, y.imag])

    def reconstruct(self, layer: int = 0) -> Tensor:
        """Return the complex matrices; see `Weight`."""
        return self.channel_form(self.modes, layer).dense()

    def channel_form(self, kept: Sizes, layer: int = 0) -> ChannelForm:
        """Return the matrices of a layer for the modes that are kept."""
        factors = [torch.view_as_complex(f) for f in self.factors]
        return getattr(self, f"_{self.kind}")(factors, kept, layer)  # type: ignore[no-any-return]

    def _tucker(self, factors: list[Tensor], kept: Sizes, layer: int) -> ChannelForm:
        *factors, core = factors
        if self.joint:
            core = torch.tensordot(factors.pop(0)[layer], core, 1)
        left, right, *modes = factors
        for factor in _kept(modes, kept, 0):
            core = torch.tensordot(core, factor, ([2], [1]))
        return ChannelForm(left, core.flatten(2).permute(2, 0, 1), right)

    def _cp(self, factors: list[Tensor], kept: Sizes, layer: int) -> ChannelForm:
        *factors, scales = factors
        if self.joint:
            scales = scales * factors.pop(0)[layer]
        left, right, *modes = factors
        core = scales[None]
        for factor in _kept(modes, kept, 0):
            core = (core[:, None] * factor).flatten(0, 1)
        return ChannelForm(left, core, right)

    def _tt(self, factors: list[Tensor], kept: Sizes, layer: int) -> ChannelForm:
        if self.joint:
            first = factors.pop(0)[:, layer]
            factors[0] = torch.tensordot(first, factors[0], 1)
        left, middle, *modes = factors
        merged = torch.eye(middle.shape[2], dtype=middle.dtype, device=middle.device)
        merged = merged[:, None]  # (rank in, mode, rank)
        for factor in _kept(modes, kept, 1):
            merged = torch.tensordot(merged, factor, 1).flatten(1, 2)
        core = torch.tensordot(merged[..., 0], middle, ([0], [2]))  # (mode, rank, out)
        return ChannelForm(left[0], core, None)


class LayerWeight:
    """What one layer sees of a tensor that all layers share; the model owns the tensor."""

    def __init__(self, shared: FactorisedWeight, layer: int) -> None:
        self.shared, self.layer = shared, layer

    def mix(self, v: Tensor, kept: Sizes) -> Tensor:
        """Multiply; see `Weight`."""
        return self.shared.mix(v, kept, self.layer)

    def reconstruct(self) -> Tensor:
        """Return the complex matrices; see `Weight`."""
        return self.shared.reconstruct(self.layer)


def _kept(factors: list[Tensor], kept: Sizes, axis: int) -> list[Tensor]:
    """Return the rows of the modes that are kept of the factors of the axes of space."""
    last = len(factors) - 1
    return [
        kept_rows(factor, axis, count, last=i == last)
        for i, (factor, count) in enumerate(zip(factors, kept, strict=True))
    ]


# ------------------------------------------------------------------- shapes and variance

Shapes = list[tuple[int, ...]]


def tucker_ranks(dims: Sequence[int], rank: float) -> tuple[int, ...]:
    """Return ranks x I_n with x^N ∏I + x ΣI² = ρ ∏I: core and factors have ρ of all."""
    full, squares = math.prod(dims), sum(i * i for i in dims)

    def excess(x: float) -> float:
        return float(full * x ** len(dims) + squares * x - rank * full)

    x = brentq(excess, 0.0, max(1.0, rank) * 2.0)
    return tuple(max(1, round(i * x)) for i in dims)


def cp_rank(dims: Sequence[int], rank: float) -> int:
    """Return R = ρ ∏I / ΣI."""
    return max(1, round(rank * math.prod(dims) / sum(dims)))


def tt_ranks(dims: Sequence[int], rank: float) -> tuple[int, ...]:
    """Return ranks x (I_n + I_{n+1}) / 2 for which the cores have ρ ∏I numbers."""
    means = [(i + j) / 2 for i, j in itertools.pairwise(dims)]
    a = sum(r * i * s for r, i, s in zip(means, dims[1:], means[1:], strict=False))
    b = dims[0] * means[0] + dims[-1] * means[-1]
    x = (-b + math.sqrt(b * b + 4 * a * rank * math.prod(dims))) / (2 * a)
    return (1, *(max(1, round(x * r)) for r in means), 1)


def _tucker_shapes(dims: Sizes, rank: float, scale: float) -> tuple[Shapes, float]:
    """Core and factors have the deviation (σ/∏√r_n)^{1/(N+1)}."""
    ranks = tucker_ranks(dims, rank)
    deviation = (scale / math.sqrt(math.prod(ranks))) ** (1 / (len(dims) + 1))
    return [*zip(dims, ranks, strict=True), ranks], deviation


def _cp_shapes(dims: Sizes, rank: float, scale: float) -> tuple[Shapes, float]:
    """Factors have the deviation (σ/√R)^{1/N}, and λ = 1."""
    r = cp_rank(dims, rank)
    return [(i, r) for i in dims], (scale / math.sqrt(r)) ** (1 / len(dims))


def _tt_shapes(dims: Sizes, rank: float, scale: float) -> tuple[Shapes, float]:
    """Cores have the deviation (σ/√∏r_n)^{1/N}."""
    ranks = tt_ranks(dims, rank)
    deviation = (scale / math.sqrt(math.prod(ranks))) ** (1 / len(dims))
    return list(zip(ranks, dims, ranks[1:], strict=False)), deviation


_SHAPES = {"tucker": _tucker_shapes, "cp": _cp_shapes, "tt": _tt_shapes}
