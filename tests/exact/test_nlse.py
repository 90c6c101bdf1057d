"""Exact solutions: substituted into the equation, and against what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit.errors import PdekitError
from pdekit.grid import Grid
from pdekit.solvers.exact import nlse
from pdekit.solvers.exact.nlse_theory import soliton_invariants

Residual = Callable[..., float]

FOCUSING: dict[str, dict[str, Any]] = {
    "bright_soliton": {"amplitude": 1.7, "velocity": 0.8, "position": 1.0, "phase": 0.3},
    "plane_wave": {"amplitude": 0.7, "wavenumber": 1.2, "phase": 0.4},
    "n_soliton": {
        "amplitudes": [1.0, 1.5, 0.8],
        "velocities": [1.0, 0.3, -0.5],
        "positions": [-5.0, 0.0, 4.0],
        "phases": [1.0, 2.0, 3.0],
    },
    "satsuma_yajima": {"amplitude": 0.8, "velocity": 0.6, "position": 1.0},
    "akhmediev": {"a": 0.4, "background": 1.2, "velocity": 0.5, "position": 0.7},
    "kuznetsov_ma": {"a": 0.8, "background": 0.9, "velocity": 0.4, "position": -1.0},
    "peregrine": {"background": 0.8, "velocity": 0.3, "position": 2.0},
}
DEFOCUSING: dict[str, dict[str, Any]] = {
    "dark_soliton": {"background": 1.3, "velocity": -0.6, "position": 1.0},
    "dark_pair": {"background": 1.3, "velocity": 0.4, "distance": 3.0, "position": 0.5},
    "defocusing_plane_wave": {"amplitude": 0.6, "wavenumber": 1.3, "phase": 0.2},
}
SIGNED = [(name, 1.0) for name in FOCUSING] + [(name, -1.0) for name in DEFOCUSING]


@pytest.mark.parametrize(("name", "focusing"), SIGNED)
@pytest.mark.parametrize("default", [True, False])
def test_solves_the_equation(
    name: str, focusing: float, default: bool, residual: Residual
) -> None:
    params = {} if default else {**FOCUSING, **DEFOCUSING}[name]
    f = getattr(nlse, name)
    x = np.linspace(-12.0, 12.0, 481)
    for t in (-1.1, 0.0, 0.7, 5.0):
        assert residual(lambda x, t: f(x, t, **params), x, t, focusing=focusing) < 1e-9


@pytest.mark.parametrize(("name", "focusing"), SIGNED)
def test_residual_sees_the_wrong_sign(
    name: str, focusing: float, residual: Residual
) -> None:
    x = np.linspace(-12.0, 12.0, 481)
    assert residual(getattr(nlse, name), x, 5.0, focusing=-focusing) > 1e-2


@pytest.mark.parametrize("name", [*FOCUSING, *DEFOCUSING])
def test_finite_far_away_and_for_frames_at_once(name: str) -> None:
    f, params = getattr(nlse, name), {**FOCUSING, **DEFOCUSING}[name]
    x, t = (
        np.array([-1e5, -800.0, -1.0, 2, 800.0, 1e5]),
        np.array([-300.0, 0.0, 2.0, 300.0]),
    )
    frames = f(x, t[:, None], **params)
    assert np.isfinite(frames).all()
    assert frames.dtype == np.complex128
    for i, time in enumerate(t):
        np.testing.assert_allclose(f(x, time, **params), frames[i], rtol=1e-13, atol=1e-300)
    whole = f(np.array([-1, 2]), 1, **params)
    np.testing.assert_array_equal(whole, f(np.array([-1.0, 2.0]), 1.0, **params))


def test_bright_soliton_at_the_start() -> None:
    x = np.linspace(-25, 25, 101)
    expected = 2 / np.cosh(2 * (x + 10)) * np.exp(1j * x)
    psi = nlse.bright_soliton(x, 0.0, amplitude=2.0, velocity=1.0, position=-10.0)
    np.testing.assert_allclose(psi, expected, rtol=1e-14, atol=1e-30)


def test_bright_soliton_and_plane_wave_of_tensors_are_differentiable() -> None:
    torch = pytest.importorskip("torch")
    x = np.linspace(-6, 6, 31)
    position, amplitude = torch.as_tensor(x), torch.tensor(1.3, dtype=torch.float64)
    position.requires_grad_()
    amplitude.requires_grad_()
    psi = nlse.bright_soliton(position, 0.7, amplitude=amplitude, velocity=0.4)
    expected = nlse.bright_soliton(x, 0.7, amplitude=1.3, velocity=0.4)
    np.testing.assert_allclose(psi.detach().numpy(), expected, rtol=1e-14)

    # ∂ₓ|ψ|² = −2A³ sech² tanh and, over the line, ∂_A ∫|ψ|² = ∂_A 2A = 2
    density = psi.real**2 + psi.imag**2
    slope, of_a = torch.autograd.grad(density.sum() * 0.4, (position, amplitude))
    y = 1.3 * (x - 0.28)
    np.testing.assert_allclose(
        slope.numpy(), -0.8 * 1.3**3 * np.tanh(y) / np.cosh(y) ** 2, rtol=1e-12, atol=1e-15
    )
    assert float(of_a) == pytest.approx(2.0, abs=1e-4)

    wave = nlse.plane_wave(position, 0.3, amplitude=amplitude, wavenumber=0.5)
    np.testing.assert_allclose(
        wave.detach().numpy(), nlse.plane_wave(x, 0.3, amplitude=1.3, wavenumber=0.5)
    )
    far = nlse.bright_soliton(torch.tensor([1e6, -50.0]), 0.0)  # single precision
    assert far.dtype == torch.complex64
    assert float(far.abs().max()) < 1e-18


def sum_of_solitons(x: Any, **params: Any) -> Any:
    names = ("amplitudes", "velocities", "positions", "phases")
    each = zip(*(params[name] for name in names), strict=True)
    return sum(
        nlse.bright_soliton(x, 0.0, amplitude=a, velocity=v, position=x0, phase=phi)
        for a, v, x0, phi in each
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_n_solitons_look_like_their_sum_when_far_apart(n: int) -> None:
    params = {
        "amplitudes": [2.0, 1.5, 1.0, 0.7, 1.2][:n],
        "velocities": [2.0, -2.0, 0.5, -1.0, 0.3][:n],
        "positions": [-20.0, 20.0, 100.0, -120.0, 220.0][:n],  # in no particular order
        "phases": [0.3, -0.4, 1.0, 2.0, 0.0][:n],
    }
    x = np.linspace(-240.0, 300.0, 6001)
    psi = nlse.n_soliton(x, 0.0, **params)
    assert np.abs(psi - sum_of_solitons(x, **params)).max() < 1e-13


def test_two_solitons_of_the_published_case() -> None:
    x = np.linspace(-25, 25, 513)
    default = {
        "amplitudes": (2.0, 1.5),
        "velocities": (2.0, -2.0),
        "positions": (-10.0, 10.0),
    }
    expected = sum_of_solitons(x, **default, phases=(0.0, 0.0))
    assert np.abs(nlse.n_soliton(x, 0.0) - expected).max() < 1e-12


def test_solitons_that_resemble_each_other_keep_their_digits() -> None:
    x = np.linspace(-90.0, 90.0, 3001)
    params = {"amplitudes": [1.0, 1.0, 1.001], "velocities": [0.0, 1e-3, 0.0]}
    params |= {"positions": [-50.0, 0.0, 50.0], "phases": [0.0, 0.5, 1.0]}
    psi = nlse.n_soliton(x, 0.0, **params)
    assert np.abs(psi - sum_of_solitons(x, **params)).max() < 1e-11


def test_first_soliton_leaves_the_collision_ahead() -> None:
    x = np.linspace(5.8, 6.8, 100_001)
    top = x[np.abs(nlse.n_soliton(x, 8.0)).argmax()]
    assert top - (-10 + 2 * 8) == pytest.approx(0.27650, abs=2e-5)


@pytest.mark.parametrize("t", [0.0, 4.3, 5.0, 9.0])
def test_five_invariants_are_those_of_separate_solitons(t: float) -> None:
    grid = Grid.periodic(2048, (-60.0, 60.0))
    (x,) = grid.points()
    psi = nlse.n_soliton(x, t)
    first, second, third = (grid.derivative(psi, 0, order) for order in (1, 2, 3))
    rho, conj = np.abs(psi) ** 2, psi.conj()
    found = {
        "mass": rho,
        "momentum": (conj * first).imag,
        "energy": np.abs(first) ** 2 / 2 - rho**2 / 2,
        "i4": (conj * third + 3 * rho * conj * first).imag,
        "i5": np.abs(second) ** 2
        - 6 * rho * np.abs(first) ** 2
        - (2 * (conj * first).real) ** 2
        + 2 * rho**3,
    }
    for name, expected in soliton_invariants([2.0, 1.5], [2.0, -2.0]).items():
        assert float(grid.integrate(found[name])) == pytest.approx(expected, rel=1e-10), (
            name
        )


def test_bound_state_of_two() -> None:
    x = np.linspace(-30, 30, 601)
    a, v = 1.3, 0.5
    start = nlse.satsuma_yajima(x, 0.0, amplitude=a, velocity=v, position=1.0)
    expected = 2 * a / np.cosh(a * (x - 1)) * np.exp(1j * v * x)
    np.testing.assert_allclose(start, expected, rtol=1e-12, atol=1e-25)
    half = np.pi / (4 * a**2)
    peak = nlse.satsuma_yajima(
        np.array([1 + v * half]), half, amplitude=a, velocity=v, position=1.0
    )
    assert abs(peak[0]) == pytest.approx(4 * a, rel=1e-14)
    at = np.abs(nlse.satsuma_yajima(x, 0.3))
    np.testing.assert_allclose(
        np.abs(nlse.satsuma_yajima(x, 0.3 + np.pi / 2)), at, atol=1e-13
    )


@pytest.mark.parametrize("a", [0.1, 0.25, 0.4])
def test_akhmediev_breather(a: float) -> None:
    omega = 2 * np.sqrt(1 - 2 * a)
    period = 2 * np.pi / (1.5 * omega)
    x = np.linspace(0, period, 41)
    psi = nlse.akhmediev(x, 0.8, a=a, background=1.5)
    np.testing.assert_allclose(
        nlse.akhmediev(x + period, 0.8, a=a, background=1.5), psi, atol=1e-13
    )
    peak = nlse.akhmediev(np.zeros(1), 0.0, a=a, background=1.5)
    assert abs(peak[0]) == pytest.approx(1.5 * (1 + 2 * np.sqrt(2 * a)), rel=1e-14)
    long_ago = np.abs(nlse.akhmediev(x, -100.0, a=a, background=1.5))
    np.testing.assert_allclose(long_ago, 1.5, rtol=1e-12)


def test_akhmediev_breather_grows_at_the_rate_of_the_instability() -> None:
    x = np.linspace(0, 2 * np.pi / np.sqrt(2), 64, endpoint=False)
    early, late = (np.ptp(np.abs(nlse.akhmediev(x, t, a=0.25))) for t in (-14.0, -13.0))
    assert np.log(late / early) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("a", [0.6, 1.0, 2.0])
def test_kuznetsov_ma_soliton(a: float) -> None:
    period = 2 * np.pi / np.sqrt(8 * a * (2 * a - 1))
    x = np.linspace(-20, 20, 201)
    now, later = (np.abs(nlse.kuznetsov_ma(x, t, a=a)) for t in (0.3, 0.3 + period))
    np.testing.assert_allclose(now, later, rtol=1e-12)
    peak = nlse.kuznetsov_ma(np.zeros(1), 0.0, a=a, background=0.5)
    assert abs(peak[0]) == pytest.approx(0.5 * (1 + 2 * np.sqrt(2 * a)), rel=1e-14)
    if a == 1.0:
        assert period == pytest.approx(2.2214, abs=5e-5)
    assert abs(nlse.kuznetsov_ma(np.array([100.0]), 0.2, a=a)[0]) == pytest.approx(1.0)


def test_peregrine_is_the_limit_of_both_breathers() -> None:
    x = np.linspace(-5, 5, 101)
    rogue = nlse.peregrine(x, 0.4)
    assert abs(nlse.peregrine(np.zeros(1), 0.0)[0]) == pytest.approx(3.0, rel=1e-15)
    np.testing.assert_allclose(nlse.akhmediev(x, 0.4, a=0.5 - 1e-6), rogue, atol=2e-4)
    np.testing.assert_allclose(nlse.kuznetsov_ma(x, 0.4, a=0.5 + 1e-6), rogue, atol=2e-4)


def test_dark_soliton_dips_to_its_velocity_and_turns_the_phase() -> None:
    psi = nlse.dark_soliton(
        np.array([-60.0, 2.0, 60.0]), 0.0, background=1.25, velocity=0.75, position=2.0
    )
    np.testing.assert_allclose(np.abs(psi), [1.25, 0.75, 1.25], rtol=1e-14)
    assert np.angle(psi[0] / psi[2]) == pytest.approx(
        np.pi - 2 * np.arctan(0.75), rel=1e-13
    )


@pytest.mark.parametrize(("v", "c"), [(0.5, 1.0), (0.3, 1.4), (0.9, 1.0)])
def test_dark_pair_before_and_after_its_collision(v: float, c: float) -> None:
    depth, d = np.sqrt(c**2 - v**2), 40.0
    x = np.linspace(-d - 5, -d + 5, 41)
    params = {"background": c, "velocity": v, "distance": d}
    rho = np.abs(nlse.dark_pair(x, 0.0, **params)) ** 2
    expected = c**2 - depth**2 / np.cosh(depth * (x + d)) ** 2
    np.testing.assert_allclose(rho, expected, atol=1e-12)
    t = 2 * d / v  # on its own it would now be at +d
    ahead = np.log(c / v) / depth
    rho = np.abs(nlse.dark_pair(-x + ahead, t, **params)) ** 2
    np.testing.assert_allclose(rho, expected, atol=1e-12)
    ends = nlse.dark_pair(np.array([-90.0, 90.0]), 1.3, **params)
    np.testing.assert_allclose(ends, -c * np.exp(-1j * c**2 * 1.3), rtol=1e-12)


def test_plane_waves_turn_as_their_dispersion_relation_says() -> None:
    t, params = 1.7, {"amplitude": 0.8, "wavenumber": 1.5}
    focusing = nlse.plane_wave(np.zeros(1), t, **params)
    defocusing = nlse.defocusing_plane_wave(np.zeros(1), t, **params)
    np.testing.assert_allclose(focusing, 0.8 * np.exp(-1j * (1.125 - 0.64) * t), rtol=1e-14)
    np.testing.assert_allclose(
        defocusing, 0.8 * np.exp(-1j * (1.125 + 0.64) * t), rtol=1e-14
    )


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("akhmediev", {"a": 0.5}, "0 < a < 1/2"),
        ("kuznetsov_ma", {"a": 0.3}, "a > 1/2"),
        ("dark_soliton", {"velocity": -1.0}, "velocity"),
        ("dark_pair", {"velocity": 1.2}, "velocity"),
        ("dark_pair", {"velocity": 0.0}, "velocity"),
        ("n_soliton", {"amplitudes": [1.0]}, "1 amplitudes, 2 velocities"),
        ("n_soliton", {"amplitudes": [1.0, -1.0]}, "positive"),
        ("n_soliton", {"phases": [1.0]}, "1 phases"),
        ("n_soliton", {"amplitudes": [1, 1], "velocities": [2, 2]}, "same amplitude"),
        (
            "n_soliton",
            {"amplitudes": [], "velocities": [], "positions": []},
            "0 amplitudes",
        ),
    ],
)
def test_refuses_parameters_of_no_solution(name: str, params: Any, says: str) -> None:
    with pytest.raises(PdekitError, match=says):
        getattr(nlse, name)(np.zeros(3), 0.0, **params)
