"""torch-cfd: the schemes of jax-cfd on PyTorch, batched.

OMP_NUM_THREADS=1 python torch_cfd_peer.py ns2d --points 256 --step 2e-3 --steps 100
"""
# mypy: ignore-errors

from __future__ import annotations

import os
from importlib.metadata import version

from harness import Run, main
from problems import VISCOSITY_2D, Problem


def ns2d(problem: Problem) -> Run:
    """Vorticity, advective form, 2/3 rule, Crank–Nicolson and RK4 of five stages."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.set_default_dtype(torch.float64)  # before they build anything
    from torch_cfd.grids import Grid
    from torch_cfd.spectral import NavierStokes2DSpectral, RK4CrankNicolsonStepper

    side = (0.0, problem.length)
    equation = NavierStokes2DSpectral(
        viscosity=VISCOSITY_2D,
        grid=Grid(shape=(problem.points,) * 2, domain=(side, side)),
        step_fn=RK4CrankNicolsonStepper(),
    )
    channel = 1 if problem.members else 0
    u = torch.from_numpy(problem.initial()).squeeze(channel)

    def advance(v, n):
        with torch.inference_mode():
            for _ in range(n):
                v = equation.step_fn(v, problem.step, equation)
        return v

    return Run(
        start=lambda: torch.fft.rfft2(u),
        advance=advance,
        values=lambda v: torch.fft.irfft2(v).unsqueeze(channel).numpy(),
        scheme="CN-RK4, 5 stages",
    )


if __name__ == "__main__":
    installed = f"{version('torch-cfd')} (torch {version('torch')})"
    main("torch-cfd", installed, {"ns2d": ns2d}, batched=True)
