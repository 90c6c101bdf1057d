"""pdekit itself, in the same harness as its peers.

    OMP_NUM_THREADS=1 python ours.py ns2d --points 256 --step 2e-3 --steps 100

``PDEKIT_INTEGRATOR`` names another integrator than ``etdrk4``, ``PDEKIT_FFT`` a transform
backend, ``PDEKIT_THREADS`` a number of threads, ``PDEKIT_ENGINE`` an engine.
"""
# mypy: ignore-errors

from __future__ import annotations

import os

import numpy as np
from harness import Run, main
from problems import VISCOSITY_2D, VISCOSITY_3D, VISCOSITY_BURGERS, Problem

from pdekit import Grid, __version__, registry, spectral
from pdekit.engine import make_engine
from pdekit.stepping import System

EQUATIONS = {
    "ns2d": ("navier_stokes_2d", {"viscosity": VISCOSITY_2D}),
    "ns3d": ("navier_stokes_3d", {"viscosity": VISCOSITY_3D}),
    "ks": ("kuramoto_sivashinsky", {}),
    "kdv": ("kdv", {}),
    "burgers": ("burgers", {"viscosity": VISCOSITY_BURGERS}),
}
HORIZON = 1 << 20
"""Steps to the end of the interval: never reached, and the step is exact."""


def prepared(problem: Problem) -> Run:
    """Set up equation, grid, engine and integrator; members together, as in a case."""
    name, params = EQUATIONS[problem.case]
    equation = registry.equation(name)(**params)
    side = (problem.left, problem.left + problem.length)
    grid = Grid.periodic((problem.points,) * problem.ndim, (side,) * problem.ndim)
    first = problem.initial()
    first = first if problem.members else first[None]
    end = HORIZON * problem.step
    stepper = registry.integrator(os.environ.get("PDEKIT_INTEGRATOR", "etdrk4")).start(
        System(
            equation,
            grid,
            make_engine(
                os.environ.get("PDEKIT_ENGINE", "fused"),
                grid,
                channels=len(equation.fields),
                members=len(first),
                precision="double",
                device="cpu",
                fft=os.environ.get("PDEKIT_FFT", "auto"),
                workers=int(os.environ.get("PDEKIT_THREADS", "1")),
            ),
            start=0.0,
            end=end,
            mask=spectral.mask(equation.dealias, grid, real=True),
        ),
        steps=HORIZON,
    )

    def values(state):
        u = np.asarray(stepper.sample(state, state.time))
        return u if problem.members else u[0]

    return Run(
        start=lambda: stepper.start(first),
        advance=lambda state, n: stepper.advance(state, end, n),
        values=values,
        scheme=stepper.scheme.name.upper(),
    )


if __name__ == "__main__":
    main("pdekit", __version__, dict.fromkeys(EQUATIONS, prepared), batched=True)
