"""Exponax: ETDRK4 on JAX, the state kept in Fourier space from step to step.

    python exponax_peer.py ns2d --points 256 --step 2e-3 --steps 100

One thread only with the flags of XLA that `processes.environment` sets.
"""
# mypy: ignore-errors

from __future__ import annotations

from importlib.metadata import version

import exponax as ex
import jax
import jax.numpy as jnp
from harness import Run, main
from problems import VISCOSITY_2D, VISCOSITY_3D, VISCOSITY_BURGERS, Problem

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def prepared(problem: Problem, stepper: ex.BaseStepper) -> Run:
    """Compile a loop of steps whose number is given at run time."""
    space = {"num_spatial_dims": problem.ndim}
    forward = lambda u: ex.fft(u, **space)  # noqa: E731
    back = lambda v: ex.ifft(v, **space, num_points=problem.points)  # noqa: E731
    step = stepper.step_fourier
    if problem.members:
        forward, back, step = jax.vmap(forward), jax.vmap(back), jax.vmap(step)
    loop = jax.jit(lambda v, n: jax.lax.fori_loop(0, n, lambda _, w: step(w), v))
    first = jax.block_until_ready(jax.jit(forward)(jnp.asarray(problem.initial())))
    return Run(
        start=lambda: first,
        advance=lambda v, n: jax.block_until_ready(loop(v, n)),
        values=jax.jit(back),
        scheme="ETDRK4",
    )


def ns2d(problem: Problem) -> Run:
    """Vorticity, advective form; their vorticity is −curl u, hence the sign."""
    stepper = ex.stepper.NavierStokesVorticity(
        2,
        problem.length,
        problem.points,
        problem.step,
        diffusivity=VISCOSITY_2D,
        vorticity_convection_scale=-1.0,
        order=4,
    )
    return prepared(problem, stepper)


def ns3d(problem: Problem) -> Run:
    """Velocity, rotational form."""
    stepper = ex.stepper.NavierStokesVelocity(
        3,
        problem.length,
        problem.points,
        problem.step,
        diffusivity=VISCOSITY_3D,
        order=4,
    )
    return prepared(problem, stepper)


def ks(problem: Problem) -> Run:
    """Conservative form."""
    stepper = ex.stepper.KuramotoSivashinskyConservative(
        1, problem.length, problem.points, problem.step, order=4
    )
    return prepared(problem, stepper)


def kdv(problem: Problem) -> Run:
    """Conservative form, without the hyperviscosity that is the default."""
    stepper = ex.stepper.KortewegDeVries(
        1,
        problem.length,
        problem.points,
        problem.step,
        convection_scale=6.0,
        dispersivity=1.0,
        hyper_diffusivity=0.0,
        conservative=True,
        order=4,
    )
    return prepared(problem, stepper)


def burgers(problem: Problem) -> Run:
    """Conservative form."""
    stepper = ex.stepper.Burgers(
        1,
        problem.length,
        problem.points,
        problem.step,
        diffusivity=VISCOSITY_BURGERS,
        conservative=True,
        order=4,
    )
    return prepared(problem, stepper)


if __name__ == "__main__":
    cases = {"ns2d": ns2d, "ns3d": ns3d, "ks": ks, "kdv": kdv, "burgers": burgers}
    main("exponax", f"{version('exponax')} (jax {version('jax')})", cases, batched=True)
