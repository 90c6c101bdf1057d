"""Shenfun: its ETDRK4; the nonlinear term is the user's, given with fewest transforms.

OMP_NUM_THREADS=1 python shenfun_peer.py ns2d --points 256 --step 2e-3 --steps 100
"""
# mypy: ignore-errors

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from harness import Run, main
from problems import VISCOSITY_2D, VISCOSITY_BURGERS, Problem
from shenfun import Array, Function, FunctionSpace, TensorProductSpace, comm
from shenfun.utilities.integrators import ETDRK4

DEALIASED = "2/3 rule before the inverse transforms only, |m| < N//3"


def prepared(problem: Problem, space, linear: np.ndarray, nonlinear) -> Run:
    """Hand the two parts of the equation to their integrator."""
    integrator = ETDRK4(space, L=lambda self, u, **_: linear, N=nonlinear)
    integrator.setup(problem.step)
    u, v = Array(space), Function(space)
    first = problem.initial()[0]

    def start():
        u[:] = first
        space.forward(u, v)
        return v

    def advance(state, count):
        return integrator.solve(u, state, problem.step, (0.0, count * problem.step))

    return Run(
        start=start,
        advance=advance,
        values=lambda state: np.array(space.backward(state))[None],
        scheme="ETDRK4",
        note=DEALIASED,
    )


def ns2d(problem: Problem) -> Run:
    """Vorticity, stress form: four transforms per evaluation."""
    side = {"domain": (0.0, problem.length), "dealias_direct": True}
    axes = [FunctionSpace(problem.points, "F", dtype=d, **side) for d in "Dd"]
    space = TensorProductSpace(comm, axes, planner_effort="FFTW_MEASURE")
    kx, ky = space.local_wavenumbers(broadcast=True, scaled=True)
    k2 = kx**2 + ky**2
    to_u = 1j * ky / np.where(k2 == 0, 1, k2)
    to_v = -1j * kx / np.where(k2 == 0, 1, k2)
    first, second = kx**2 - ky**2, kx * ky
    u, v, p, q = Array(space), Array(space), Function(space), Function(space)

    def nonlinear(self, _, omega, out, **params):
        space.backward(to_u * omega, u)
        space.backward(to_v * omega, v)
        space.forward(u * v, p)
        space.forward(u * u - v * v, q)
        out[:] = first * p - second * q
        return out

    return prepared(problem, space, -VISCOSITY_2D * k2, nonlinear)


def line(problem: Problem):
    """Return the space of a periodic line and its wavenumbers."""
    domain = (problem.left, problem.left + problem.length)
    space = FunctionSpace(
        problem.points, "F", dtype="d", domain=domain, dealias_direct=True
    )
    return space, space.wavenumbers(scaled=True)


def convective(problem: Problem, symbol, factor: float) -> Run:
    """u_t = L u − factor (u²)_x,  two transforms per evaluation."""
    space, k = line(problem)
    u, slope = Array(space), -1j * factor * k

    def nonlinear(self, _, v, out, **params):
        space.backward(v, u)
        space.forward(u * u, out)
        out *= slope
        return out

    return prepared(problem, space, symbol(k), nonlinear)


def ks(problem: Problem) -> Run:
    """Conservative form."""
    return convective(problem, lambda k: k**2 - k**4, 0.5)


def kdv(problem: Problem) -> Run:
    """Conservative form."""
    return convective(problem, lambda k: 1j * k**3, 3.0)


def burgers(problem: Problem) -> Run:
    """Conservative form."""
    return convective(problem, lambda k: -VISCOSITY_BURGERS * k**2, 0.5)


if __name__ == "__main__":
    cases = {"ns2d": ns2d, "ks": ks, "kdv": kdv, "burgers": burgers}
    main("shenfun", version("shenfun"), cases)
