"""FluidSim: RK4 with the exact viscous factor, transforms by FluidFFT.

    OMP_NUM_THREADS=1 python fluidsim_peer.py ns2d --points 256 --step 2e-3 --steps 100

``FLUIDFFT`` chooses the transforms: ``pyfftw`` (measured plans, the default here), or
``fftw`` for those of the plugin fluidfft-fftw, if installed.
"""
# mypy: ignore-errors

from __future__ import annotations

import os
import tempfile
from importlib.metadata import version

os.environ.setdefault("FLUIDSIM_PATH", tempfile.gettempdir())  # asked for, not used

import numpy as np
from harness import Run, main
from problems import VISCOSITY_2D, VISCOSITY_3D, Problem

LIBRARY = os.environ.get("FLUIDFFT", "pyfftw")


def parameters(solver, problem: Problem, viscosity: float):
    """Return the parameters of a bare simulation: fixed step, no output."""
    params = solver.create_default_params()
    axes = "xyz"[: problem.ndim]
    for axis in axes:
        setattr(params.oper, f"n{axis}", problem.points)
        setattr(params.oper, f"L{axis}", problem.length)
    suffix = f"{problem.ndim}d" if LIBRARY == "fftw" else ""
    params.oper.type_fft = f"fft{problem.ndim}d.with_{LIBRARY}{suffix}"
    params.oper.coef_dealiasing = 2.0 / 3
    params.nu_2 = viscosity
    params.time_stepping.USE_CFL = False
    params.time_stepping.USE_T_END = False
    params.time_stepping.type_time_scheme = "RK4"
    params.time_stepping.deltat0 = problem.step
    params.init_fields.type = "constant" if problem.ndim == 2 else "in_script"
    params.output.HAS_TO_SAVE = False
    return params


def advance(sim, count: int):
    """Take steps as ``time_stepping.start`` does, without its output."""
    for _ in range(count):
        sim.time_stepping.one_time_step_computation()
    return sim


def ns2d(problem: Problem) -> Run:
    """Vorticity, advective form; their arrays are (y, x)."""
    from fluidsim.solvers.ns2d.solver import Simul

    sim = Simul(parameters(Simul, problem, VISCOSITY_2D))
    rot = np.ascontiguousarray(problem.initial()[0].T)

    def start():
        sim.state.init_from_rotfft(sim.oper.fft(rot))
        return sim

    return Run(
        start=start,
        advance=advance,
        values=lambda s: s.state.state_phys.get_var("rot").T[None].copy(),
        scheme="RK4, integrating factor",
        note=f"transforms: {LIBRARY}",
    )


def ns3d(problem: Problem) -> Run:
    """Velocity, rotational form; their arrays are (z, y, x)."""
    from fluidsim.solvers.ns3d.solver import Simul

    sim = Simul(parameters(Simul, problem, VISCOSITY_3D))
    u, v, w = (np.ascontiguousarray(c.transpose(2, 1, 0)) for c in problem.initial())

    def start():
        sim.state.init_statephys_from(vx=u, vy=v, vz=w)
        sim.state.statespect_from_statephys()
        sim.state.statephys_from_statespect()
        return sim

    def values(s):
        names = ("vx", "vy", "vz")
        return np.stack([s.state.state_phys.get_var(n).transpose(2, 1, 0) for n in names])

    return Run(
        start=start,
        advance=advance,
        values=values,
        scheme="RK4, integrating factor",
        note=f"transforms: {LIBRARY}",
    )


if __name__ == "__main__":
    installed = f"{version('fluidsim')} (fluidfft {version('fluidfft')})"
    main("fluidsim", installed, {"ns2d": ns2d, "ns3d": ns3d})
