"""The multigrid V-cycle as a linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor, nn

from pdekit.errors import ShapeError, UnknownName
from pdekit.solvers.learned.layers.boundary import Ends
from pdekit.solvers.learned.layers.pointwise import Norm
from pdekit.solvers.learned.layers.stencils import (
    Prolongation,
    Restriction,
    Stencil,
    channels_last,
    coarse_sizes,
)


class VCycle(nn.Module):
    """Linear map f ↦ u of channels m → n by kernels of three points on all levels.

    Down, l = 1 … J, and up again::

        u_1 = S f_1,                      f_1 = f
        u_l = Π u_{l-1}  or  0            coarse_state
        f_l = R f_{l-1}  or  R (f_{l-1} - A u_{l-1})     coarse_rhs
        u_l ← u_l + S (f_l - A u_l)       ν_l times
        u_l ← u_l + P u_{l+1},  then  u_l ← u_l + S (f_l - A u_l)  μ_l times

    with a new S: m → n and A: n → m in every place, Π: n → n and R: m → m to every second
    point, P: n → n back.  Work is O(N n²), and every point depends on all others if the
    coarsest level has few.

    Parameters
    ----------
    in_channels, out_channels, ndim
        m, n and the number of space axes.
    nu, mu
        ν_l and μ_l, fine to coarse; their number is J.
    coarse_rhs, coarse_state
        ``data`` and ``restricted``, as published: of multigrid's shape; ``defect`` and
        ``zero``: a V-cycle.
    coarsening
        Coarse points are 2i (``stride``), or 2i+1 behind walls with zeros beyond
        (``nested``): then walls are where they are on all levels as long as one of
        2^l - 1 inner points is halved, and drift by less than one coarse spacing on others;
        with ``stride`` they drift outwards by 2^l - 1 spacings.
    kernels
        Points of the kernels of P, 3 or 4, fine to coarse; one number for all.
    norm
        `Norm` after u_l + P u_{l+1}; the map is not linear then.
    bias
        Whether S and A have one; the map is affine then.

    References
    ----------
    He, Liu & Xu, ICLR (2024), arXiv 2310.19809.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        ndim: int = 2,
        *,
        nu: Sequence[int] = (1, 1, 1, 1, 1, 2),
        mu: Sequence[int] = (0, 0, 0, 0, 0, 0),
        coarse_rhs: str = "data",
        coarse_state: str = "restricted",
        coarsening: str = "stride",
        kernels: int | Sequence[int] = 4,
        norm: str = "none",
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels, self.levels = in_channels, len(nu)
        between = self.levels - 1
        kernels = [kernels] * between if isinstance(kernels, int) else list(kernels)
        _check(nu, mu, kernels, coarse_rhs, coarse_state, coarsening)
        self.nested = coarsening == "nested"
        m, n = in_channels, out_channels

        def steps(count: int, *, from_zero: bool) -> nn.ModuleList:
            return nn.ModuleList(
                Smoothing(m, n, ndim, bias=bias, from_zero=from_zero and k == 0)
                for k in range(count)
            )

        zero = coarse_state == "zero"
        self.down = nn.ModuleList(
            steps(count, from_zero=level == 0 or zero) for level, count in enumerate(nu)
        )
        self.up = nn.ModuleList(steps(count, from_zero=False) for count in mu)
        self.data = nn.ModuleList(Restriction(m, m, ndim) for _ in range(between))
        self.state = nn.ModuleList(
            Restriction(n, n, ndim) for _ in range(0 if zero else between)
        )
        self.applied = nn.ModuleList(
            Stencil(n, m, ndim) for _ in range(between if coarse_rhs == "defect" else 0)
        )
        self.correction = nn.ModuleList(Prolongation(n, ndim, k) for k in kernels)
        self.norms = nn.ModuleList(Norm(norm, n) for _ in range(between))

    def forward(self, f: Tensor, ends: Ends) -> Tensor:
        """Map ``(batch, m, *space)`` to ``(batch, n, *space)``; see `boundary.ends`."""
        firsts = [int(self.nested and low == "zeros") for low, _ in ends]
        sizes = self._sizes(f, ends, firsts)
        u: Tensor | None = None
        f, left = channels_last(f), []
        for level, steps in enumerate(self.down):
            if u is not None:
                f, u = self._coarser(f, u, level - 1, (ends, firsts, sizes[level]))
            for step in cast(nn.ModuleList, steps):
                u = step(f, u, ends)
            left.append((f, u))
        for level in reversed(range(self.levels)):
            f, here = left[level]
            if level < self.levels - 1:
                rise = self.correction[level](u, ends, firsts, sizes[level])
                here = self.norms[level](here + rise)
            u = here
            for step in cast(nn.ModuleList, self.up[level]):
                u = step(f, u, ends)
        return u  # type: ignore[return-value]

    def _coarser(self, f: Tensor, u: Tensor, level: int, to: Any) -> tuple[Tensor, Any]:
        """Return right-hand side and first state of the next level."""
        if self.applied:
            f = f - self.applied[level](u, to[0])
        return self.data[level](f, *to), self.state[level](u, *to) if self.state else None

    def _sizes(self, f: Tensor, ends: Ends, firsts: list[int]) -> list[tuple[int, ...]]:
        """Return the sizes of all levels; refuse fields that have too few points."""
        found = tuple(int(n) for n in f.shape[2:])
        if f.shape[1] != self.in_channels or len(found) != len(ends):
            axes = ", ".join("n" * len(ends))
            raise ShapeError(f"(batch, {self.in_channels}, {axes})", tuple(f.shape), "x")
        fewest = 2 ** (self.levels - 1)
        if min(found) < fewest:
            expected = f"at least {fewest} points along each axis for {self.levels} levels"
            raise ShapeError(expected, found, "x")
        sizes = [found]
        for _ in range(self.levels - 1):
            sizes.append(coarse_sizes(sizes[-1], firsts))
        return sizes


class Smoothing(nn.Module):
    """u + S (f - A u), or S f where there is no u yet."""

    def __init__(
        self, in_channels: int, out_channels: int, ndim: int, *, bias: bool, from_zero: bool
    ) -> None:
        super().__init__()
        self.smooth = Stencil(in_channels, out_channels, ndim, bias=bias)
        self.operator = (
            None if from_zero else Stencil(out_channels, in_channels, ndim, bias=bias)
        )

    def forward(self, f: Tensor, u: Tensor | None, ends: Ends) -> Tensor:
        """Return the new u."""
        if self.operator is None or u is None:
            return self.smooth(f, ends)  # type: ignore[no-any-return]
        return u + self.smooth(f - self.operator(u, ends), ends)  # type: ignore[no-any-return]


def _check(
    nu: Sequence[int],
    mu: Sequence[int],
    kernels: Sequence[int],
    coarse_rhs: str,
    coarse_state: str,
    coarsening: str,
) -> None:
    for what, given, known in (
        ("coarse_rhs", coarse_rhs, ("data", "defect")),
        ("coarse_state", coarse_state, ("restricted", "zero")),
        ("coarsening", coarsening, ("stride", "nested")),
    ):
        if given not in known:
            raise UnknownName(what, given, known)
    if len(mu) != len(nu) or min(nu) < 1 or min(mu) < 0:
        raise ValueError(
            f"nu and mu need one number a level, at least 1 and 0, got {nu!r} and {mu!r}"
        )
    if len(kernels) != len(nu) - 1 or not set(kernels) <= {3, 4}:
        raise ValueError(
            f"kernels need {len(nu) - 1} numbers, all 3 or 4, got {list(kernels)!r}"
        )
