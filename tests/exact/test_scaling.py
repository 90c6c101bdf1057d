"""Solutions for any dispersion and nonlinearity, in the parameters of ψ itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.solvers.exact import manakov, nlse
from pdekit.solvers.exact.scaling import rescaled

X = np.linspace(-8.0, 8.0, 321)
FOCUSING = [(0.7, 1.9), (2.5, 0.4), (-0.7, -1.9)]
DEFOCUSING = [(0.7, -1.9), (2.5, -0.4), (-0.7, 1.9)]
BRIGHT: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (nlse.bright_soliton, {"amplitude": 1.2, "velocity": 0.5, "position": 1, "phase": 0.7}),
    (nlse.n_soliton, {"positions": (-4.0, 4.0)}),
    (nlse.satsuma_yajima, {"amplitude": 0.9, "velocity": -0.3}),
    (nlse.akhmediev, {"a": 0.3}),
    (nlse.kuznetsov_ma, {"a": 0.7, "velocity": 0.4}),
    (nlse.peregrine, {"background": 0.8}),
    (nlse.plane_wave, {"amplitude": 0.8, "wavenumber": 1.1}),
    (manakov.n_soliton, {"positions": (-4.0, 4.0), "relative_phases": (0.3, 1.0)}),
]
DARK: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (nlse.dark_soliton, {"background": 1.5, "velocity": 0.3}),
    (nlse.dark_pair, {"background": 2.0, "velocity": 0.3, "distance": 2.0}),
    (nlse.plane_wave, {"amplitude": 0.8, "wavenumber": 1.1}),
    (nlse.defocusing_plane_wave, {"amplitude": 0.8, "wavenumber": 1.1}),
]


@pytest.mark.parametrize(
    ("coefficients", "solution"),
    [(c, s) for c in FOCUSING for s in BRIGHT] + [(c, s) for c in DEFOCUSING for s in DARK],
)
def test_solves_the_general_equation(
    coefficients: Any, solution: Any, residual: Callable[..., float]
) -> None:
    names = dict(zip(("dispersion", "focusing"), coefficients, strict=True))
    f, params = solution
    psi = rescaled(f, **names, **params)
    for t in (0.0, 1.3):
        assert residual(psi, X, t, **names) < 1e-9


@pytest.mark.parametrize(("dispersion", "focusing"), FOCUSING)
def test_parameters_are_those_of_the_field(dispersion: float, focusing: float) -> None:
    params = {"amplitude": 1.2, "velocity": 0.5, "position": 1.0, "phase": 0.7}
    psi = rescaled(nlse.bright_soliton, dispersion=dispersion, focusing=focusing, **params)
    start = psi(X, 0.0)
    width = np.sqrt(dispersion / focusing) / 1.2
    expected = 1.2 / np.cosh((X - 1) / width) * np.exp(1j * (0.5 * X / dispersion + 0.7))
    np.testing.assert_allclose(start, expected, rtol=1e-12)
    at = np.array([1.0 + 0.5 * 3.0])
    assert abs(psi(at, 3.0)[0]) == pytest.approx(1.2, rel=1e-13)


@pytest.mark.parametrize("dispersion", [1.7, -1.7])
def test_plane_wave_keeps_its_wavenumber(dispersion: float) -> None:
    psi = rescaled(
        nlse.plane_wave,
        dispersion=dispersion,
        focusing=0.6,
        amplitude=0.5,
        wavenumber=2.0,
        phase=0.3,
    )
    omega = dispersion * 2.0 - 0.6 * 0.25
    expected = 0.5 * np.exp(1j * (2 * X - omega * 0.9 + 0.3))
    np.testing.assert_allclose(psi(X, 0.9), expected, rtol=1e-13)


def test_canonical_coefficients_change_no_bit() -> None:
    psi = rescaled(nlse.akhmediev, a=0.3)(X, 0.7)
    np.testing.assert_array_equal(psi, nlse.akhmediev(X, 0.7, a=0.3))


@pytest.mark.parametrize(
    ("f", "dispersion", "focusing", "says"),
    [
        (nlse.bright_soliton, 1.0, -1.0, "bright_soliton needs .* > 0"),
        (nlse.dark_pair, 1.0, 1.0, "dark_pair needs .* < 0"),
        (nlse.defocusing_plane_wave, -1.0, -1.0, "defocusing_plane_wave needs .* < 0"),
        (nlse.plane_wave, 0.0, 1.0, "dispersion = 0.0"),
        (nlse.plane_wave, 1.0, 0.0, "focusing = 0.0"),
        (manakov.n_soliton, 1.0, -1.0, "n_soliton needs"),
    ],
)
def test_refuses_the_wrong_equation(
    f: Any, dispersion: float, focusing: float, says: str
) -> None:
    with pytest.raises(PdekitError, match=says):
        rescaled(f, dispersion=dispersion, focusing=focusing)
