"""Zakharov–Shabat eigenvalues of fields with known solitons."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.diagnostics.scattering import eigenvalues, soliton_content
from pdekit.solvers.exact import nlse
from pdekit.solvers.exact.scaling import rescaled

GRID = Grid.periodic(192, (-20.0, 20.0))
AXIS, (X,) = GRID.axes[0], GRID.points()


def test_one_soliton_owns_one_eigenvalue() -> None:
    psi = nlse.bright_soliton(X, 0.7, amplitude=1.5, velocity=1.0, position=-2.0, phase=0.4)
    z = eigenvalues(psi, AXIS)
    assert z[0] == pytest.approx(-0.5 + 0.75j, abs=1e-8)
    assert z[1:].imag.max() < 0.06  # the continuous spectrum of the box


def test_content_is_the_same_before_and_in_a_collision() -> None:
    params = {"amplitudes": [1.5, 1.0], "velocities": [1.0, -1.0], "positions": [-8.0, 8.0]}
    for t in (0.0, 8.0):
        found = soliton_content(nlse.n_soliton(X, t, **params), AXIS)
        np.testing.assert_allclose(found, [(1.5, 1.0), (1.0, -1.0)], atol=2e-4)


def test_satsuma_yajima_holds_solitons_three_and_one() -> None:
    grid = Grid.periodic(384, (-20.0, 20.0))
    (x,) = grid.points()
    found = soliton_content(nlse.satsuma_yajima(x, 0.2), grid.axes[0], modes=192)
    np.testing.assert_allclose(found, [(3.0, 0.0), (1.0, 0.0)], atol=1e-4)


def test_fewer_modes_than_points_give_the_same() -> None:
    psi = nlse.bright_soliton(X, 0.0, amplitude=1.2, velocity=0.5)
    few, many = (eigenvalues(psi, AXIS, modes=n)[0] for n in (129, 192))
    assert few == pytest.approx(many, abs=1e-8)


@pytest.mark.parametrize(("dispersion", "focusing"), [(0.6, 1.7), (-0.6, -1.7)])
def test_content_for_other_coefficients(dispersion: float, focusing: float) -> None:
    names = {"dispersion": dispersion, "focusing": focusing}
    psi = rescaled(nlse.bright_soliton, **names, amplitude=0.8, velocity=0.5)(X, 1.0)
    found = soliton_content(psi, AXIS, **names, modes=128)
    np.testing.assert_allclose(found, [(0.8, 0.5)], atol=1e-6)


def test_radiation_holds_no_soliton() -> None:
    psi = 0.1 * np.exp(-((X / 2) ** 2) + 1j * X**2)  # ∫|ψ| < π/2: no bound state
    assert soliton_content(psi, AXIS, modes=128) == []


def test_defocusing_equation_is_refused() -> None:
    with pytest.raises(PdekitError, match="focusing > 0"):
        eigenvalues(X, AXIS, focusing=-1.0)
