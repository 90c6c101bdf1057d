"""Which way a truncated transform is computed: measured once, kept in the user's cache."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Tensor

from pdekit.fft.auto import quickest
from pdekit.solvers.learned.layers.truncated import PATHS, Sizes, analyse, synthesise

# Numbers of a field below which no choice saves what measuring takes.
_WORTH_MEASURING = 2**14


class Problem(NamedTuple):
    """All that the time of the transforms of a layer depends on."""

    batch: int
    channels: tuple[int, int]
    sizes: Sizes
    out_sizes: Sizes
    modes: Sizes
    dtype: torch.dtype
    device: torch.device
    threads: int


def choose(x: Tensor, out_channels: int, sizes: Sizes, modes: Sizes, measure: bool) -> str:
    """Return the path for a field ``(batch, channel, *space)``.

    Measured if it may be and if the field is large, and always the same for one shape on
    one machine; a batch counts as the next power of two.  A compiler gets matrices,
    which it can fuse with what is around them.
    """
    before = tuple(x.shape[2:])
    if torch.compiler.is_compiling():
        return "matmul"
    if not measure or x.numel() < _WORTH_MEASURING:
        return rule(before, sizes, modes)
    batch = 1 << (x.shape[0] - 1).bit_length()
    channels = (x.shape[1], out_channels)
    threads = torch.get_num_threads()
    return _measured(
        Problem(batch, channels, before, sizes, modes, x.dtype, x.device, threads)
    )


def rule(sizes: Sizes, out_sizes: Sizes, modes: Sizes) -> str:
    """Return what is best by experience, which depends on no measurement.

    Forward and backward in single precision, one thread, matrices took 0.83 of the time
    of FFTs at 64² with m = 12, 0.33 at 85², and 1.21 at 128² with m = 32 and 64 channels.
    """
    pairs = [*zip(sizes, modes, strict=True), *zip(out_sizes, modes, strict=True)]
    if all(5 * m <= n for n, m in pairs) or any(_rough(n) for n, _ in pairs):
        return "matmul"
    return "fft"


def _rough(n: int) -> bool:
    """Whether a length has a prime factor above 7, which Fourier transforms do not like."""
    for prime in (2, 3, 5, 7):
        while n % prime == 0:
            n //= prime
    return n > 1


@cache
def _measured(problem: Problem) -> str:
    key = f"spectral convolution {problem} torch {torch.__version__}"
    with torch.inference_mode(False), torch.enable_grad():
        fields = [
            torch.zeros(problem.batch, c, *n, dtype=problem.dtype, device=problem.device)
            for c, n in zip(
                problem.channels, (problem.sizes, problem.out_sizes), strict=True
            )
        ]
        there = {path: partial(_analysis, fields[0], problem, path) for path in PATHS}
        back = {path: partial(_synthesis, fields[1], problem, path) for path in PATHS}
        return quickest(key, {path: (there[path], back[path]) for path in PATHS})


def _analysis(x: Tensor, problem: Problem, path: str) -> None:
    """Do what a layer does before its weights, and its gradient."""
    x = x.detach().requires_grad_()
    v = analyse(x, problem.modes, path)
    torch.autograd.grad(v, x, torch.ones_like(v))
    _wait(problem.device)


def _synthesis(out: Tensor, problem: Problem, path: str) -> None:
    """Do what a layer does after its weights, and its gradient."""
    count = math.prod(2 * m + 1 for m in problem.modes[:-1]) * (problem.modes[-1] + 1)
    y = out.new_zeros(2, count, *out.shape[:2], requires_grad=True)
    u = synthesise(y, problem.modes, problem.out_sizes, path)
    torch.autograd.grad(u, y, out)
    _wait(problem.device)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
