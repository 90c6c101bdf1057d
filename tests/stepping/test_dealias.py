"""Masks belong to the nonlinear term."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry, spectral
from pdekit.errors import NotApplicable
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import error, set_up, solve

NLSE = registry.equation("nlse")
N = 64
GRID = Grid.periodic(N, (0.0, 2 * np.pi))
K = np.fft.fftfreq(N, 1 / N)
MASKS = {"half": spectral.half(GRID), "exp": spectral.exponential(GRID)}
SPECTRAL = ["ifrk4", "etdrk4", "lsrk54", "ifab3", "dop853_ip", "dop853"]
SPLITTINGS = [
    n for n in registry.integrators() if getattr(registry.integrator(n), "outer", None)
]


def rough(seed: int = 0) -> Array:
    """Random values: every mode of the grid is there."""
    real, imaginary = np.random.default_rng(seed).standard_normal((2, N))
    return np.asarray(real + 1j * imaginary)


def how(name: str, steps: int = 50) -> dict[str, Any]:
    return {"rtol": 1e-10} if name.startswith("dop") else {"steps": steps}


def free(u: Array, t: float) -> Array:
    return np.fft.fft(u) * np.exp(-0.5j * K**2 * t)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", SPECTRAL)
def test_the_linear_part_never_sees_the_mask(name: str, mask: str) -> None:
    u = rough()
    found = solve(NLSE(focusing=0.0), GRID, name, u, end=0.1, mask=MASKS[mask], **how(name))
    assert error(np.fft.fft(found), free(u, 0.1)) < (1e-9 if name == "dop853" else 1e-12)


@pytest.mark.parametrize(
    ("name", "mask"),
    [*((n, m) for n in SPECTRAL for m in MASKS), *((n, "half") for n in SPLITTINGS)],
)
def test_the_mask_changes_a_rough_solution(name: str, mask: str) -> None:
    u = 0.5 * rough()
    bare = solve(NLSE(), GRID, name, u, end=0.1, **how(name))
    masked = solve(NLSE(), GRID, name, u, end=0.1, mask=MASKS[mask], **how(name))
    assert error(masked, bare) > 1e-3


@pytest.mark.parametrize("name", [*SPECTRAL, *SPLITTINGS])
def test_a_resolved_solution_feels_no_mask(name: str) -> None:
    grid = Grid.periodic(512, (-20.0, 20.0))
    u = np.exp(-(grid.points()[0] ** 2)) + 0j
    bare = solve(NLSE(), grid, name, u, end=0.5, **how(name))
    smooth = () if name in SPLITTINGS else (spectral.exponential(grid),)
    for mask in (spectral.half(grid), *smooth):
        assert (
            error(solve(NLSE(), grid, name, u, end=0.5, mask=mask, **how(name)), bare)
            < 1e-11
        )


@pytest.mark.parametrize("engine", ["fused", "numpy"])
def test_half_the_band_makes_the_cubic_term_exact(engine: str) -> None:
    """Equal to the product on a grid twice as fine, where nothing is aliased.

    Without a linear part a step of exponential Euler, of size one, adds N to the state.
    """
    how = {"end": 1.0, "steps": 1, "mask": MASKS["half"], "engine": engine}
    stepper = set_up(NLSE(dispersion=0.0), GRID, "etd1", **how)
    before = stepper.start(rough()[None, None])
    after = stepper.advance(before, 1.0, 1)
    u_hat = np.fft.fft(rough()) / N
    found = (after.u - before.u).reshape(N)

    kept, fine = np.abs(K) < N / 4, np.zeros(2 * N, complex)
    fine[np.r_[0 : N // 2, 3 * N // 2 : 2 * N]] = kept * u_hat
    u = np.fft.ifft(fine) * 2 * N
    product = np.fft.fft(1j * abs(u) ** 2 * u) / (2 * N)
    exact = kept * product[np.r_[0 : N // 2, 3 * N // 2 : 2 * N]]
    assert error(found, exact) < 1e-14


@pytest.mark.parametrize("name", SPLITTINGS)
def test_a_splitting_projects_the_field(name: str) -> None:
    """A projection commutes with the flow of L: how often it acts does not matter."""
    u = rough()
    for steps in (1, 4):
        found = solve(
            NLSE(focusing=0.0), GRID, name, u, end=0.1, steps=steps, mask=MASKS["half"]
        )
        assert error(np.fft.fft(found), MASKS["half"] * free(u, 0.1)) < 1e-12


@pytest.mark.parametrize("name", SPLITTINGS)
def test_a_splitting_refuses_a_smooth_filter(name: str) -> None:
    with pytest.raises(NotApplicable, match="once per sub-step") as refusal:
        set_up(NLSE(), GRID, name, end=0.1, steps=2, mask=MASKS["exp"])
    assert refusal.value.key == "dealias"


@pytest.mark.parametrize("name", ["bm4", "etdrk4", "dop853_ip"])
def test_masks_on_both_engines(name: str) -> None:
    u = 0.5 * rough()
    fused, numpy = (
        solve(NLSE(), GRID, name, u, end=0.02, engine=e, mask=MASKS["half"], **how(name, 2))
        for e in ("fused", "numpy")
    )
    assert error(fused, numpy) < 1e-12
