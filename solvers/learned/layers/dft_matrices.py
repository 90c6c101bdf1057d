"""Truncated Fourier transforms as real matrices, made in double precision.

A real field is first taken to its cosine and sine coefficients along an axis,

    c_k = (1/n) Σ_x cos(2πkx/n) u(x),   k = 0 … m,      s_k likewise,   k = 1 … m,

2m+1 real numbers of any field, real or complex.  Small matrices then join them to the
complex coefficients û(±k) = c_k ∓ i s_k.  The last axis needs no joining: its modes are
k ≥ 0, and its columns are the real parts cos and the imaginary parts −sin.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor


def _angles(n: int, m: int, device: torch.device) -> Tensor:
    """2πkx/n, k = 0 … m down, x = 0 … n-1 across, from whole numbers below n."""
    k, x = torch.arange(m + 1, device=device)[:, None], torch.arange(n, device=device)
    return (2.0 * math.pi / n) * ((k * x) % n).double()


def _cosines_and_sines(n: int, m: int, device: torch.device) -> Tensor:
    """Rows cos(2πkx/n), k = 0 … m, then sin(2πkx/n), k = 1 … m."""
    angles = _angles(n, m, device)
    return torch.cat([angles.cos(), angles[1:].sin()])


def axis_forward(n: int, m: int, device: torch.device) -> Tensor:
    """Return the matrix (2m+1, n) from values to cosine and sine coefficients."""
    return _cosines_and_sines(n, m, device) / n


def axis_inverse(n: int, m: int, device: torch.device) -> Tensor:
    """Return the matrix (n, 2m+1) that sums a series of cosines and sines."""
    return _cosines_and_sines(n, m, device).T


def last_forward(n: int, m: int, device: torch.device) -> Tensor:
    """Return the matrix (n, 2(m+1)) to the real, then the imaginary parts, k = 0 … m."""
    angles = _angles(n, m, device)
    return torch.cat([angles.cos(), -angles.sin()]).T / n


def last_inverse(n: int, m: int, device: torch.device) -> Tensor:
    """Return the matrix (2(m+1), n) of Re Y₀ + 2 Σ_{k>0} Re [Y_k exp(2πikx/n)]."""
    angles = _angles(n, m, device)
    k = torch.arange(m + 1, device=device)[:, None]
    weights = torch.where(k > 0, 2.0, 1.0)
    return torch.cat([weights * angles.cos(), -weights * angles.sin()])


def join(_: int, m: int, device: torch.device) -> Tensor:
    """Return the matrix from c, s to û(k), k = -m … m, all with two parts.

    û(k) = c_|k| ∓ i s_|k|.  Rows are all real, then all imaginary parts; columns are
    (c or s, part).
    """
    k = torch.arange(-m, m + 1, device=device)[:, None]
    column = torch.arange(2 * m + 1, device=device)
    c = (column == k.abs()).double()
    s = (column == m + k.abs()).double() * k.sign()
    re, im = torch.stack([c, s], -1), torch.stack([-s, c], -1)
    return torch.cat([re, im]).reshape(2 * (2 * m + 1), -1)


def part(_: int, m: int, device: torch.device) -> Tensor:
    """Return the matrix back from û(k) to the c, s whose series has the same sum.

    c_k = û(k) + û(-k) and s_k = i (û(k) - û(-k)): it is the transpose of `join`, as the
    sum over ±k of û exp(ikx) has no factor 2.
    """
    return join(_, m, device).T


_MATRICES = {
    f.__name__: f
    for f in (axis_forward, axis_inverse, last_forward, last_inverse, join, part)
}


def matrix(name: str, n: int, m: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return one of the matrices above in a precision and on a device.

    Made once; a program that is being compiled has their formulas in it.
    """
    if torch.compiler.is_compiling():
        return _MATRICES[name](n, m, device).to(dtype).contiguous()
    return _made(name, n, m, dtype, device)


@lru_cache(maxsize=512)
def _made(name: str, n: int, m: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False), torch.no_grad():
        return _MATRICES[name](n, m, torch.device("cpu")).to(device, dtype).contiguous()
