"""Operators that are known: exact propagators as weights, and what spoils them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pdekit import Axis, Grid
from pdekit.solvers.learned import checkpoint
from pdekit.solvers.learned.operator import LearnedOperator, Signature

LINEAR: dict[str, Any] = {
    "layers": 1, "lift": 0, "project": 0, "mlp": 0, "spectral_bias": False, "path": "fft",
}  # fmt: skip
"""An FNO without anything that is not linear: one multiplier for each mode."""
RING = Grid.periodic(32, (0, 2 * np.pi))
SQUARE = Grid(tuple(Axis(name, 15, 0, 1, "dirichlet") for name in "xy"))


def multipliers(
    signature: Signature, grid: Grid, modes: int, of: Callable[..., Tensor]
) -> LearnedOperator:
    """Return the operator  û(k) ↦ of(k, …) û(k),  a matrix of channels for each mode.

    ``of`` takes the wavenumbers of the modes that are kept and returns (out, in, *modes),
    real.
    """
    taken, given = signature.taken, len(signature.varying) * signature.frames
    width = max(taken, given)
    arguments = {**LINEAR, "modes": [modes] * grid.ndim, "width": width}
    operator = LearnedOperator("fno", arguments, signature, grid)
    operator.model.double()
    for parameter in operator.model.parameters():
        parameter.data.zero_()
    scale = [2 * np.pi / length for length in grid.lengths]
    whole = torch.arange(-modes, modes + 1, dtype=torch.float64)
    before = [torch.fft.ifftshift(whole) * s for s in scale[:-1]]
    last = torch.arange(modes + 1, dtype=torch.float64) * scale[-1]
    waves = torch.meshgrid(*before, last, indexing="ij")
    found = of(*waves)
    model: Any = operator.model
    values = model.blocks[0].spectral.weight.values.data
    values[:, :taken, :given, 0] = found.flatten(2).permute(2, 1, 0)
    for i in range(taken):
        model.lift.weight.data[i, i] = 1.0
    for i in range(given):
        model.project.weight.data[i, i] = 1.0
    return operator


def heat(
    step: float = 0.25, nu: float = 0.1, *, history: int = 1, frames: int = 1
) -> LearnedOperator:
    """Return  û ↦ exp(−ν k² j Δ) û  for the frames j = 1, 2, …, from the last frame."""

    def decay(k: Tensor) -> Tensor:
        out = torch.zeros(frames, history, len(k), dtype=torch.float64)
        for j in range(frames):
            out[j, -1] = torch.exp(-nu * k**2 * step * (j + 1))
        return out

    operator = multipliers(Signature(("u",), (), history, frames, step), RING, 10, decay)
    operator.facts = {
        "equation": {"name": "diffusion", "params": {"diffusivity": nu}},
        "inputs": {"u": {"rms_min": 0.1, "rms_max": 1.0, "min": -2.0, "max": 2.0}},
        "horizon": 2.0,
        "errors": {"test_relative_l2": 1e-12},
    }
    return operator


def random_heat() -> LearnedOperator:
    """Return a model of ordinary kind that has learned nothing."""
    torch.manual_seed(0)
    arguments = {"modes": [4], "width": 6, "layers": 2, "path": "fft"}
    return LearnedOperator("fno", arguments, Signature(("u",), (), 1, 1, 0.25), RING)


def scaled(operator: LearnedOperator, factor: float) -> LearnedOperator:
    """Multiply what a linear operator gives."""
    model: Any = operator.model
    model.project.weight.data *= factor
    return operator


def darcy(steps: int = 0) -> LearnedOperator:
    """Return a small model from a coefficient to a flow, trained so many steps."""
    torch.manual_seed(0)
    arguments = {"modes": [3, 3], "width": 4, "layers": 2, "padding": 0.25, "path": "fft"}
    signature = Signature(("u",), ("coefficient",), history=0)
    operator = LearnedOperator("fno", arguments, signature, SQUARE)
    k, u = flows(8)
    operator.gather(None, k, u)
    weights = list(operator.model.parameters())
    for _ in range(steps):
        loss = ((operator(None, k) - u) ** 2).mean() / (u**2).mean()
        for weight, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.data -= 0.05 * slope
    operator.facts = {
        "equation": {"name": "poisson", "params": {"coefficient": "1", "source": "1"}},
        "inputs": {"coefficient": {"rms_min": 1.0, "rms_max": 2.0, "min": 0.5, "max": 3}},
    }
    return operator


def flows(count: int) -> tuple[Tensor, Tensor]:
    """Return coefficients  1 + a x y  and the flows through them."""
    from pdekit.linalg.multigrid import Multigrid
    from pdekit.linalg.stencil import discretize

    x, y = SQUARE.points()
    k = [1 + a * x * y for a in np.linspace(0.5, 1.5, count)]
    u = []
    for each in k:
        op = discretize(SQUARE, each)
        b = op.right_hand_side(np.ones(SQUARE.shape), {})
        u.append(Multigrid(op).solve(b, 1e-10).x)
    return torch.as_tensor(np.array(k))[:, None], torch.as_tensor(np.array(u))[
        :, None, None
    ]


def written(operator: LearnedOperator, folder: Path) -> Path:
    """Write a model to a file."""
    path = folder / "model.safetensors"
    checkpoint.save(path, operator)
    return path


def rolled(weights: Path, **changes: Any) -> dict[str, Any]:
    """Return a case of diffusion that a model solves."""
    solver = {"name": "fno", "weights": str(weights)}
    return {
        "equation": {"name": "diffusion", "diffusivity": 0.1},
        "domain": {"x": {"interval": [0, "2*pi"], "points": 32}},
        "initial": "exp(sin(x)) - 1",
        "time": {"end": 2, "save": 5},
        "outputs": {"figures": "none"},
        **changes,
        "solver": {**solver, **changes.get("solver", {})},
        "run": {"backend": "numpy", **changes.get("run", {})},
    }


def steady(weights: Path, solver: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a case of Poisson's equation that a model predicts."""
    return {
        "equation": {"name": "poisson", "coefficient": "1 + x*y"},
        "source": "1",
        "domain": {name: {"interval": [0, 1], "points": 15} for name in "xy"},
        "outputs": {"figures": "none"},
        "solver": {"name": "fno", "weights": str(weights), **solver},
        **changes,
    }
