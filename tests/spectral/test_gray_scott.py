"""Gray–Scott: steady pulse, balance, Turing threshold and growth."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from pdekit import registry
from pdekit.grid import Grid
from pdekit.solvers.exact import pattern_states
from pdekit.solvers.exact.reaction_diffusion import gray_scott_growth, gray_scott_uniform
from pdekit.typing import Array
from tests.spectral.patterns import (
    BOX,
    WAVY,
    WAVY_2D,
    Manufactured,
    bisect,
    lap,
    march,
    mode,
)
from tests.stepping.marching import error

GrayScott = registry.equation("gray_scott")


def manufactured(u: sp.Expr, v: sp.Expr) -> Manufactured:
    f, k, d, e = (sp.Rational(p, 100) for p in (4, 6, 10, 5))

    def rhs(u: sp.Expr, v: sp.Expr) -> list[sp.Expr]:
        return [
            d * lap(u) - u * v**2 + f * (1 - u),
            e * lap(v) + u * v**2 - (f + k) * v,
        ]

    return Manufactured(GrayScott, rhs, [u, v], diffusivity_u=0.1, diffusivity_v=0.05)


def test_spectral_accuracy_in_the_plane() -> None:
    x, y = sp.symbols("x y", real=True)
    problem = manufactured(WAVY_2D, 1 + sp.cos(x - y) / 2)
    errors = [problem.error(points, 30) for points in (8, 16, 32)]
    assert errors[0] > 1e-4
    assert errors[1] < errors[0] / 20
    assert errors[2] < 1e-11


def test_fourth_order_in_time() -> None:
    x, t = sp.symbols("x t", real=True)
    problem = manufactured(WAVY, 1 + sp.cos(x + t) / 2)
    assert problem.order((10, 20, 40)) == pytest.approx(4, abs=0.2)


def test_the_steady_pulse() -> None:
    equation = GrayScott(feed=0.06, kill=0.03, diffusivity_u=2e-5, diffusivity_v=3e-5)
    grid = Grid.periodic(256, (-0.7, 0.7))
    exact = np.stack(equation.solution("pulse")(*grid.points(), 0.0))
    assert np.ptp(exact[1]) > 0.1
    assert error(march(equation, grid, exact, 20.0, 100), exact) < 1e-9


def test_the_uniform_states_stay() -> None:
    grid = Grid.periodic(8, BOX)
    for u, v in ((1.0, 0.0), gray_scott_uniform(feed=0.05, kill=0.06)):
        start = np.stack([np.full(8, u), np.full(8, v)])
        found = march(GrayScott(feed=0.05, kill=0.06), grid, start, 5.0, 10)
        assert error(found, start) < 1e-14


def test_supply_and_loss_balance_the_change() -> None:
    """d⟨u + v⟩/dt = F(1 − ⟨u⟩) − (F + K)⟨v⟩  by central differences."""
    equation = GrayScott(diffusivity_u=0.02, diffusivity_v=0.01)
    grid = Grid.periodic((24, 24), BOX)
    noise = pattern_states.noise_2d(*grid.points(), mean=0.5, amplitude=0.1, bandwidth=4)
    u = np.stack([noise, 0.8 - noise])
    totals = [march(equation, grid, u, h, 4).sum(axis=0).mean() for h in (0.9, 1.1)]
    middle = march(equation, grid, u, 1.0, 4)
    expected = float(equation.diagnostics(grid, middle)["net_supply"])
    assert (totals[1] - totals[0]) / 0.2 == pytest.approx(expected, rel=1e-3)
    assert abs(expected) > 1e-3


RATES = {"feed": 0.05, "kill": 0.06, "diffusivity_u": 2.0}


def grown(k: float, diffusivity_v: float, end: float) -> float:
    """Late growth rate of a mode in the solver, from a small start."""
    grid = Grid.periodic(16, (0.0, 2 * np.pi / k))
    (x,) = grid.points()
    u, v = gray_scott_uniform(feed=0.05, kill=0.06)
    fields = np.stack([u + 1e-9 * np.cos(k * x), v + 0.0 * x])
    equation, sizes = GrayScott(**RATES, diffusivity_v=diffusivity_v), []
    for stretch in (end, end / 4):
        fields = march(equation, grid, fields, stretch, round(stretch))
        sizes.append(abs(mode(fields[0], 1)))
    return float(np.log(sizes[1] / sizes[0]) / (end / 4))


def jacobian(k: float, diffusivity_v: float) -> Array:
    """Derivative at the uniform state for a mode k, by complex differences."""
    u, v = gray_scott_uniform(feed=0.05, kill=0.06)

    def rhs(u: complex, v: complex) -> list[complex]:
        return [
            -u * v**2 + 0.05 * (1 - u) - 2.0 * k**2 * u,
            u * v**2 - 0.11 * v - diffusivity_v * k**2 * v,
        ]

    h = 1e-30
    columns = [rhs(u + 1j * h, v), rhs(u, v + 1j * h)]
    return np.array([[c.imag / h for c in column] for column in columns]).T


@pytest.mark.parametrize(("k", "diffusivity_v"), [(0.25, 0.5), (0.35, 0.4), (0.2, 0.3)])
def test_turing_modes_grow_with_their_rate(k: float, diffusivity_v: float) -> None:
    expected = float(gray_scott_growth(k, **RATES, diffusivity_v=diffusivity_v))
    roots = np.linalg.eigvals(jacobian(k, diffusivity_v))
    assert expected == pytest.approx(roots.real.max(), abs=1e-14)
    assert (
        abs(roots[0].real - roots[1].real) > 0.02
    )  # the other has gone when it is measured
    assert grown(k, diffusivity_v, 400.0) == pytest.approx(expected, abs=1e-5)


def test_the_threshold_of_the_turing_instability() -> None:
    """det J = 0:  Dᵥk² = (F + K) − 2(F + K)v²/(v² + F + Dᵤk²),  bisected in the solver."""
    k, loss = 0.25, 0.11
    _, v = gray_scott_uniform(feed=0.05, kill=0.06)
    threshold = (loss - 2 * loss * v**2 / (v**2 + 0.05 + 2.0 * k**2)) / k**2
    found = bisect(lambda d: grown(k, d, 800.0) > 0, 1.4 * threshold, 0.6 * threshold)
    assert found == pytest.approx(threshold, rel=0.01)
