"""Dedalus: equations as text, RK443 (third order, four stages, implicit linear part).

    OMP_NUM_THREADS=1 python dedalus_peer.py ns2d --points 256 --step 2e-3 --steps 100

Dedalus pads where others truncate. It is given the modes that the 2/3 rule keeps of N
points, and products on N points, so that it transforms arrays of the same size.
"""
# mypy: ignore-errors

from __future__ import annotations

import logging
from importlib.metadata import version

import dedalus.public as d3
import numpy as np
from harness import Run, main
from problems import VISCOSITY_2D, VISCOSITY_BURGERS, Problem

logging.disable(logging.INFO)


def basis(problem: Problem, coordinate):
    """Return Fourier modes |m| <= (N − 1)//3  with products on N points."""
    size = 2 * ((problem.points - 1) // 3) + 2
    bounds = (problem.left, problem.left + problem.length)
    # slightly below the ratio: the number of points is rounded up
    dealias = problem.points / size * (1 - 1e-12)
    return d3.RealFourier(coordinate, size=size, bounds=bounds, dealias=dealias)


def prepared(problem: Problem, equations, names, field, namespace) -> Run:
    """Build the solver; the state is its field."""
    ivp = d3.IVP(names, namespace=namespace)
    for equation in equations:
        ivp.add_equation(equation)
    solver = ivp.build_solver(d3.RK443)
    first = problem.initial()[0]

    def start():
        field.change_scales(field.domain.dealias)
        field["g"] = first
        return field

    def advance(state, count):
        for _ in range(count):
            solver.step(problem.step)
        return state

    def values(state):
        state.change_scales(state.domain.dealias)
        return np.array(state["g"])[None]

    return Run(start, advance, values, "RK443 (order 3)", note="3/2 padding, equal modes")


def ns2d(problem: Problem) -> Run:
    """Vorticity and stream function, advective form."""
    coordinates = d3.CartesianCoordinates("x", "y")
    dist = d3.Distributor(coordinates, dtype=np.float64)
    bases = tuple(basis(problem, c) for c in coordinates.coords)
    omega, psi = (dist.Field(name=n, bases=bases) for n in ("omega", "psi"))
    tau = dist.Field(name="tau")
    dx = lambda f: d3.Differentiate(f, coordinates.coords[0])  # noqa: E731
    dy = lambda f: d3.Differentiate(f, coordinates.coords[1])  # noqa: E731
    nu, lap, integ = VISCOSITY_2D, d3.lap, d3.integ
    equations = (
        "dt(omega) - nu*lap(omega) = - dy(psi)*dx(omega) + dx(psi)*dy(omega)",
        "lap(psi) + omega + tau = 0",
        "integ(psi) = 0",
    )
    namespace = {
        "omega": omega, "psi": psi, "tau": tau, "nu": nu,
        "dx": dx, "dy": dy, "lap": lap, "integ": integ,
    }  # fmt: skip
    run = prepared(problem, equations, [omega, psi, tau], omega, namespace)
    run.start()
    poisson = d3.LBVP([psi, tau], namespace=namespace)
    poisson.add_equation("lap(psi) + tau = - omega")
    poisson.add_equation("integ(psi) = 0")
    poisson.build_solver().solve()
    first = np.array(psi["c"])

    def start():
        psi["c"] = first
        return run.start()

    return Run(start, run.advance, run.values, run.scheme, run.note)


def scalar(problem: Problem, equation: str) -> Run:
    """One field on a line."""
    x = d3.Coordinate("x")
    dist = d3.Distributor(x, dtype=np.float64)
    u = dist.Field(name="u", bases=basis(problem, x))
    namespace = {"u": u, "dx": lambda f: d3.Differentiate(f, x), "nu": VISCOSITY_BURGERS}
    return prepared(problem, [equation], [u], u, namespace)


def ks(problem: Problem) -> Run:
    """Advective form."""
    return scalar(problem, "dt(u) + dx(dx(u)) + dx(dx(dx(dx(u)))) = - u*dx(u)")


def kdv(problem: Problem) -> Run:
    """Advective form."""
    return scalar(problem, "dt(u) + dx(dx(dx(u))) = - 6*u*dx(u)")


def burgers(problem: Problem) -> Run:
    """Advective form."""
    return scalar(problem, "dt(u) - nu*dx(dx(u)) = - u*dx(u)")


if __name__ == "__main__":
    cases = {"ns2d": ns2d, "ks": ks, "kdv": kdv, "burgers": burgers}
    main("dedalus", version("dedalus"), cases)
