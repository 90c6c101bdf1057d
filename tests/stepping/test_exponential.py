"""Schemes that solve the linear part exactly, on every equation and box."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from tests.stepping.marching import error, solve

NLSE = registry.equation("nlse")

IMPLICIT_OR_PLAIN = {
    *("cnab2", "sbdf2", "sbdf3", "sbdf4", "ark3", "ark4"),
    *("rk4", "dop853"),
}
EXACT = [n for n in registry.integrators() if n not in IMPLICIT_OR_PLAIN]


@pytest.mark.parametrize("name", EXACT)
def test_free_evolution_is_exact_in_one_step_of_ten(name: str) -> None:
    """On a box of 2π the phases k²t/2 = 5k² are whole numbers, without rounding."""
    grid = Grid.periodic(24, (0.0, 2 * np.pi))
    rng = np.random.default_rng(3)
    u = rng.standard_normal(24) + 1j * rng.standard_normal(24)
    k = np.fft.fftfreq(24, 1 / 24)
    exact = np.fft.ifft(np.exp(-5j * k**2) * np.fft.fft(u))
    how = {"first_step": 10.0} if registry.integrator(name).adaptive else {"steps": 1}
    assert error(solve(NLSE(focusing=0.0), grid, name, u, end=10.0, **how), exact) < 1e-13
