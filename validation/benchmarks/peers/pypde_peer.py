"""py-pde: finite differences of second order, compiled by numba, explicit Runge–Kutta 4.

    OMP_NUM_THREADS=1 python pypde_peer.py burgers --points 512 --step 1e-3 --steps 200

A step is cut into as many equal parts as stability of its explicit scheme asks for, and is
accounted for as one step.
"""
# mypy: ignore-errors

from __future__ import annotations

import math
from importlib.metadata import version

import pde
from harness import Run, main
from problems import VISCOSITY_BURGERS, Problem

REAL_LIMIT = 2.785
"""Of Runge–Kutta 4, its scheme where the step is fixed, on the negative real axis."""


def prepared(problem: Problem, text: str, largest: float) -> Run:
    """Compile the steps; ``largest`` is the largest decay rate of the discrete operator."""
    parts = max(1, math.ceil(problem.step * largest / (0.9 * REAL_LIMIT)))
    step = problem.step / parts
    box = [(problem.left, problem.left + problem.length)]
    grid = pde.CartesianGrid(box, problem.points, periodic=True)
    equation = pde.PDE({"u": text})
    # their cells are centred: the values are moved by half a cell, and so is the solution
    first = pde.ScalarField(grid, problem.initial()[0])
    solver = pde.RungeKuttaSolver(equation, adaptive=False, backend="numba")
    stepper = solver.make_stepper(first, dt=step)

    def advance(state, count):
        stepper(state, 0.0, count * parts * step)
        return state

    return Run(
        start=first.copy,
        advance=advance,
        values=lambda state: state.data[None].copy(),
        scheme="RK4, finite differences" + (f", {parts} parts" if parts > 1 else ""),
    )


def burgers(problem: Problem) -> Run:
    """Advective form."""
    spacing = problem.length / problem.points
    text = f"-u * d_dx(u) + {VISCOSITY_BURGERS} * laplace(u)"
    return prepared(problem, text, 4 * VISCOSITY_BURGERS / spacing**2)


def ks(problem: Problem) -> Run:
    """Advective form."""
    spacing = problem.length / problem.points
    text = "-u * d_dx(u) - laplace(u) - laplace(laplace(u))"
    return prepared(problem, text, 16 / spacing**4)


if __name__ == "__main__":
    main("py-pde", version("py-pde"), {"burgers": burgers, "ks": ks})
