"""Fourier transforms that keep the modes |k_j| ≤ m_j, three ways.

Coefficients have the "forward" norm,

    û(k) = (1/∏n) Σ_x u(x) exp(-2πi Σ_j k_j x_j / n_j),

so that a coefficient means the same on every grid.  Those of a real field with k_d ≥ 0 are
kept, as a real tensor ``(part, mode, batch, channel)``: parts are real and imaginary, modes
run over -m_1 … m_1, …, 0 … m_d with the last axis fastest.  2 m_j < n_j, so that the
Nyquist mode is never among them.

``fft`` transforms each axis by FFT and drops modes at once, ``matmul`` multiplies by
matrices, ``hybrid`` does the last axis by FFT and the others by matrices.  Matrices win for
few modes and for lengths with large prime factors (Lingsch et al., ICML 2024, arXiv
2305.19663); all agree to round-off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from pdekit.errors import UnknownName
from pdekit.solvers.learned.layers.dft_matrices import matrix

PATHS = ("fft", "matmul", "hybrid")
Sizes = tuple[int, ...]


def mode_shape(modes: Sequence[int]) -> Sizes:
    """Return the number of modes kept along each axis."""
    return (*(2 * m + 1 for m in modes[:-1]), modes[-1] + 1)


def analyse(x: Tensor, modes: Sizes, path: str) -> Tensor:
    """Return the coefficients of a field ``(batch, channel, *space)``."""
    if path == "matmul":
        return _matmul_analysis(x, modes)
    if path not in PATHS:
        raise UnknownName("path", path, PATHS)
    if torch.compiler.is_compiling():  # which does without a derivative by hand
        return _ANALYSES[path](x, modes)
    out: Tensor = _Analysis.apply(x, modes, path)  # type: ignore[no-untyped-call]
    return out


def synthesise(y: Tensor, modes: Sizes, sizes: Sizes, path: str) -> Tensor:
    """Return the real field of these coefficients on a grid of any sizes.

    Σ_{k_d=0} Re [Y exp(ikx)] + 2 Σ_{k_d>0} Re [Y exp(ikx)]
    """
    if path == "matmul":
        return _matmul_synthesis(y, modes, sizes)
    if path not in PATHS:
        raise UnknownName("path", path, PATHS)
    if torch.compiler.is_compiling():
        return _SYNTHESES[path](y, modes, sizes)
    out: Tensor = _Synthesis.apply(y, modes, sizes, path)  # type: ignore[no-untyped-call]
    return out


def resample(x: Tensor, sizes: Sizes) -> Tensor:
    """Return a field on another grid of the same box: its modes padded or truncated."""
    before = tuple(x.shape[2:])
    if before == tuple(sizes):
        return x
    modes = tuple((min(n, m) - 1) // 2 for n, m in zip(before, sizes, strict=True))
    return synthesise(analyse(x, modes, "fft"), modes, tuple(sizes), "fft")


# ------------------------------------------------------------------------- matrices


def _matmul_analysis(x: Tensor, modes: Sizes) -> Tensor:
    batch, channels, *sizes = x.shape
    a = _axes_forward(x, batch * channels, sizes, modes)
    a = a.reshape(-1, sizes[-1]) @ _matrix("last_forward", sizes[-1], modes[-1], x)
    a = a.reshape(batch * channels, -1, 2, modes[-1] + 1).permute(1, 2, 3, 0)
    return _join(a, modes, batch, channels)


def _matmul_synthesis(y: Tensor, modes: Sizes, sizes: Sizes) -> Tensor:
    a = _part(y, modes).permute(3, 0, 1, 2).reshape(-1, 2 * modes[-1] + 2)
    a = a @ _matrix("last_inverse", sizes[-1], modes[-1], y)
    a = _axes_inverse(a, y.shape[2] * y.shape[3], sizes, modes)
    return a.reshape(*y.shape[2:], *sizes)


def _axes_forward(
    a: Tensor, fields: int, sizes: Sequence[int], modes: Sequence[int]
) -> Tensor:
    """Take all axes but the last of ``(field, *space)`` to cosines and sines."""
    for n, m in zip(sizes[:-1], modes[:-1], strict=True):
        a = torch.matmul(_matrix("axis_forward", n, m, a), a.reshape(fields, n, -1))
        fields *= 2 * m + 1
    return a


def _axes_inverse(a: Tensor, fields: int, sizes: Sizes, modes: Sizes) -> Tensor:
    """Sum the cosines and sines of all axes but the last, the latest axis first."""
    for axis in reversed(range(len(modes) - 1)):
        before = math.prod([2 * m + 1 for m in modes[:axis]])
        n, m = sizes[axis], modes[axis]
        a = a.reshape(fields * before, 2 * m + 1, -1)
        a = torch.matmul(_matrix("axis_inverse", n, m, a), a)
    return a


def _join(a: Tensor, modes: Sizes, batch: int, channels: int) -> Tensor:
    """From ``(*cosines and sines, part, last mode, field)`` to coefficients."""
    for axis in reversed(range(len(modes) - 1)):
        before = math.prod([2 * m + 1 for m in modes[:axis]])
        a = a.reshape(before, 2 * (2 * modes[axis] + 1), -1)
        a = torch.matmul(_matrix("join", 0, modes[axis], a), a)
    return a.reshape(2, -1, batch, channels)


def _part(y: Tensor, modes: Sizes) -> Tensor:
    """From coefficients to ``(*cosines and sines, part, last mode, field)``."""
    a, before = y, 1
    for m in modes[:-1]:
        a = torch.matmul(_matrix("part", 0, m, y), a.reshape(before, 4 * m + 2, -1))
        before *= 2 * m + 1
    return a.reshape(before, 2, modes[-1] + 1, -1)


def _matrix(name: str, n: int, m: int, like: Tensor) -> Tensor:
    made: Tensor = matrix(name, n, m, like.dtype, like.device)
    return made


# ----------------------------------------------------------- Fourier transforms of torch


def _hybrid_analysis(x: Tensor, modes: Sizes) -> Tensor:
    batch, channels, *sizes = x.shape
    a = torch.view_as_real(_real_forward(x, modes[-1]))
    a = _axes_forward(a, batch * channels, sizes, modes)
    a = a.reshape(batch * channels, -1, modes[-1] + 1, 2).permute(1, 3, 2, 0)
    return _join(a, modes, batch, channels)


def _hybrid_synthesis(y: Tensor, modes: Sizes, sizes: Sizes) -> Tensor:
    a = _part(y, modes).permute(3, 0, 2, 1)
    a = _axes_inverse(a, y.shape[2] * y.shape[3], sizes, modes)
    a = a.reshape(*y.shape[2:], *sizes[:-1], modes[-1] + 1, 2)
    spectrum = torch.view_as_complex(a.contiguous())
    return _real_inverse(spectrum, sizes[-1])


def _fft_analysis(x: Tensor, modes: Sizes) -> Tensor:
    a = _real_forward(x, modes[-1])
    for axis, m in enumerate(modes[:-1], start=2):
        a = torch.fft.fft(a, dim=axis, norm="forward")
        n = a.shape[axis]
        a = torch.cat([a.narrow(axis, n - m, m), a.narrow(axis, 0, m + 1)], axis)
    a = torch.view_as_real(a).reshape(x.shape[0] * x.shape[1], -1, 2).permute(2, 1, 0)
    return a.reshape(2, -1, *x.shape[:2])


def _fft_synthesis(y: Tensor, modes: Sizes, sizes: Sizes) -> Tensor:
    a = y.permute(2, 3, 1, 0).contiguous()
    a = torch.view_as_complex(a).reshape(*y.shape[2:], *mode_shape(modes))
    a = _symmetrised(a)
    for axis, (m, n) in enumerate(zip(modes[:-1], sizes[:-1], strict=True), start=2):
        gap = (*a.shape[:axis], n - 2 * m - 1, *a.shape[axis + 1 :])
        low, high = a.narrow(axis, 0, m), a.narrow(axis, m, m + 1)
        a = torch.cat([high, a.new_zeros(gap), low], axis)
        a = torch.fft.ifft(a, dim=axis, norm="forward")
    return _real_inverse(a, sizes[-1])


def _real_forward(x: Tensor, m: int) -> Tensor:
    spectrum: Tensor = torch.fft.rfft(x, norm="forward")
    return spectrum.narrow(-1, 0, m + 1).contiguous()


def _real_inverse(spectrum: Tensor, n: int) -> Tensor:
    field: Tensor = torch.fft.irfft(spectrum, n=n, norm="forward")
    return field


def _symmetrised(a: Tensor) -> Tensor:
    """Make the modes k_d = 0 those of a real field, (Y(k) + conj Y(-k)) / 2.

    What a complex-to-real transform makes of others is undefined on some devices.
    """
    plane = a[..., :1]
    mirrored = plane.flip(tuple(range(2, a.ndim - 1))) if a.ndim > 3 else plane
    return torch.cat([0.5 * (plane + mirrored.conj()), a[..., 1:]], -1)


_ANALYSES = {"fft": _fft_analysis, "hybrid": _hybrid_analysis}
_SYNTHESES = {"fft": _fft_synthesis, "hybrid": _hybrid_synthesis}


def _weighted(y: Tensor, modes: Sizes, factor: float) -> Tensor:
    """Multiply the modes k_d > 0, each of which stands for its conjugate as well."""
    weights = y.new_full((modes[-1] + 1, 1), factor)
    weights[0] = 1.0
    return (y.reshape(2, -1, modes[-1] + 1, y.shape[2] * y.shape[3]) * weights).view_as(y)


class _Analysis(Function):
    """The adjoint of the analysis, times ∏n, is a synthesis with modes k_d > 0 halved."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, modes: Sizes, path: str) -> Tensor:
        return _ANALYSES[path](x, modes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.modes, ctx.path = inputs
        ctx.sizes = tuple(x.shape[2:])

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> tuple[Any, ...]:
        y = _weighted(g[0], ctx.modes, 0.5) / math.prod(ctx.sizes)
        return synthesise(y, ctx.modes, ctx.sizes, ctx.path), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        return analyse(tangents[0], ctx.modes, ctx.path)


class _Synthesis(Function):
    """The adjoint of the synthesis is ∏n analyses with modes k_d > 0 doubled."""

    generate_vmap_rule = True

    @staticmethod
    def forward(y: Tensor, modes: Sizes, sizes: Sizes, path: str) -> Tensor:
        return _SYNTHESES[path](y, modes, sizes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, ctx.modes, ctx.sizes, ctx.path = inputs

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> tuple[Any, ...]:
        y = analyse(g[0], ctx.modes, ctx.path)
        return _weighted(y, ctx.modes, 2.0) * math.prod(ctx.sizes), None, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        return synthesise(tangents[0], ctx.modes, ctx.sizes, ctx.path)
