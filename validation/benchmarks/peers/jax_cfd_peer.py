"""jax-cfd: Crank–Nicolson and Carpenter–Kennedy RK4, five evaluations per step.

    python jax_cfd_peer.py ks --points 512 --step 0.05 --steps 200

One thread only with the flags of XLA that `processes.environment` sets.
"""
# mypy: ignore-errors

from __future__ import annotations

from importlib.metadata import version

import jax
import jax.numpy as jnp
from harness import Run, main
from jax_cfd.base import grids
from jax_cfd.spectral import equations, time_stepping
from problems import VISCOSITY_2D, VISCOSITY_BURGERS, Problem

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def grid_of(problem: Problem) -> grids.Grid:
    """Return the periodic box."""
    side = (problem.left, problem.left + problem.length)
    return grids.Grid((problem.points,) * problem.ndim, domain=(side,) * problem.ndim)


def prepared(problem: Problem, equation, *, timed: bool = False, note: str = "") -> Run:
    """Compile a loop of steps whose number is given at run time.

    ``timed`` says that the state is a pair of the spectrum and the time.
    """
    advance = time_stepping.crank_nicolson_rk4(equation, problem.step)
    axes = tuple(range(-problem.ndim, 0))

    def step(v):
        return advance((v, 0.0))[0] if timed else advance(v)

    if problem.members:
        step = jax.vmap(step)
    loop = jax.jit(lambda v, n: jax.lax.fori_loop(0, n, lambda _, w: step(w), v))
    channel = 1 if problem.members else 0
    u = jnp.asarray(problem.initial()).squeeze(channel)
    first = jax.block_until_ready(jnp.fft.rfftn(u, axes=axes))
    return Run(
        start=lambda: first,
        advance=lambda v, n: jax.block_until_ready(loop(v, n)),
        values=lambda v: jnp.expand_dims(jnp.fft.irfftn(v, axes=axes), channel),
        scheme="CN-RK4, 5 stages",
        note=note,
    )


def ns2d(problem: Problem) -> Run:
    """Vorticity, advective form, 2/3 rule."""
    return prepared(problem, equations.NavierStokes2D(VISCOSITY_2D, grid_of(problem)))


PADDED = "3/2 padding: modes up to N/2, products on 3N/2 points"


def ks(problem: Problem) -> Run:
    """Conservative form, 3/2 padding: half as many modes again as with the 2/3 rule."""
    equation = equations.KuramotoSivashinsky(grid_of(problem))
    return prepared(problem, equation, note=PADDED)


def burgers(problem: Problem) -> Run:
    """Advective form, 3/2 padding."""
    equation = equations.BurgersEquation(VISCOSITY_BURGERS, grid_of(problem))
    return prepared(problem, equation, timed=True, note=PADDED)


if __name__ == "__main__":
    cases = {"ns2d": ns2d, "ks": ks, "burgers": burgers}
    main("jax-cfd", f"{version('jax-cfd')} (jax {version('jax')})", cases, batched=True)
