"""The nonlinear Schrödinger equation against what is known of it in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import DISPERSIVE, ENDLESS, error, march, set_up, solve

NLSE = registry.equation("nlse")
EVERY = DISPERSIVE
SPLITTINGS = [n for n in EVERY if getattr(registry.integrator(n), "outer", None)]
LINE = Grid.periodic(512, (-20.0, 20.0))
(X,) = LINE.points()
LENGTH = 40.0


def how(name: str, steps: int = 400) -> dict[str, Any]:
    return {"rtol": 1e-10} if name.startswith("dop") else {"steps": steps}


def two_humps() -> Array:
    """A smooth field without symmetries."""
    return np.asarray(
        1.3 * np.exp(-((X + 2) ** 2) + 1j * X) + 0.8 / np.cosh(X - 1.5) * np.exp(-0.5j * X)
    )


# -- exact solutions -------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("name", SPLITTINGS)
def test_a_plane_wave_is_exact_for_splittings(name: str, steps: int) -> None:
    wave = NLSE().solution("plane_wave", amplitude=1.3, wavenumber=2 * np.pi * 3 / LENGTH)
    found = solve(NLSE(), LINE, name, wave(X, 0.0), end=2.0, steps=steps)
    assert error(found, wave(X, 2.0)) < 1e-12


@pytest.mark.parametrize(
    ("dispersion", "focusing"), [(1.0, 1.0), (2.0, 0.5), (0.3, 3.0), (-1.0, -2.0)]
)
def test_bright_solitons_for_other_coefficients(dispersion: float, focusing: float) -> None:
    equation = NLSE(dispersion=dispersion, focusing=focusing)
    height = 2.0 * np.sqrt(dispersion / focusing)
    exact = equation.solution("bright_soliton", amplitude=height, velocity=0.5)
    found = solve(equation, LINE, "dop853_ip", exact(X, 0.0), end=2.0, rtol=1e-11)
    assert error(found, exact(X, 2.0)) < 1e-9


@pytest.mark.parametrize(("dispersion", "focusing"), [(1.0, -1.0), (-2.0, 0.5)])
def test_dark_solitons(dispersion: float, focusing: float) -> None:
    grid = Grid.periodic(512, (-40.0, 40.0))
    (x,) = grid.points()
    equation = NLSE(dispersion=dispersion, focusing=focusing)
    exact = equation.solution("dark_pair", background=1.2, velocity=0.6, distance=8.0)
    found = solve(equation, grid, "dop853_ip", exact(x, 0.0), end=3.0, rtol=1e-11)
    assert error(found, exact(x, 3.0)) < 1e-8


@pytest.mark.parametrize("name", EVERY)
def test_a_uniform_potential_turns_the_phase(name: str) -> None:
    soliton = NLSE().solution("bright_soliton")
    equation = NLSE(potential="cos(3*t)")
    found = solve(equation, LINE, name, soliton(X, 0.0), end=1.0, **how(name))
    tolerance = 1e-4 if name == "strang" else 1e-8
    assert error(found, soliton(X, 1.0) * np.exp(-1j * np.sin(3.0) / 3)) < tolerance


# -- harmonic trap ---------------------------------------------------------------------

TRAP = Grid.periodic(256, (-12.0, 12.0))
(Y,) = TRAP.points()


@pytest.mark.parametrize("name", [n for n in EVERY if n != "strang"])
def test_a_coherent_state_swings_in_its_trap(name: str) -> None:
    omega, t = 1.5, 2.0
    q, p = 2.0 * np.cos(omega * t), -2.0 * omega * np.sin(omega * t)

    def packet(q: float, p: float, t: float) -> Array:
        phase = p * Y - p * q / 2 - omega * t / 2
        return np.asarray(np.exp(-omega / 2 * (Y - q) ** 2 + 1j * phase))

    equation = NLSE(focusing=0.0, potential=f"{omega}**2*x**2/2")
    found = solve(equation, TRAP, name, packet(2.0, 0.0, 0.0), end=t, **how(name, 1000))
    assert error(found, packet(q, p, t)) < 1e-7


@pytest.mark.parametrize("name", ["strang", "rkn6_14", "etdrk4", "dop853_ip"])
@pytest.mark.parametrize("focusing", [1.0, -2.0])
def test_any_packet_swings_as_a_whole(name: str, focusing: float) -> None:
    """Kohn's theorem: pushed aside, a packet moves along and is otherwise the same."""
    equation = NLSE(focusing=focusing, potential="x**2/2")
    rest = np.exp(-(Y**2) / 2) * (1 + 0.3 * Y) * np.exp(0.2j * Y)
    t, k = 1.7, np.fft.fftfreq(256, 24.0 / 256) * 2 * np.pi

    def pushed(u: Array, q: float, p: float) -> Array:
        moved = np.fft.ifft(np.exp(-1j * k * q) * np.fft.fft(u))
        return np.asarray(moved * np.exp(1j * (p * Y - p * q / 2)))

    there = solve(equation, TRAP, name, pushed(rest, 2.0, 0.0), end=t, **how(name, 2000))
    here = solve(equation, TRAP, name, rest, end=t, **how(name, 2000))
    bound = 1e-4 if name == "strang" else 1e-7
    assert error(there, pushed(here, 2.0 * np.cos(t), -2.0 * np.sin(t))) < bound


def test_mass_and_energy_in_a_trap() -> None:
    equation = NLSE(potential="x**2/2 + 0.3*sin(x)")
    u = np.exp(-((Y - 1) ** 2) + 0.5j * Y)
    end = solve(equation, TRAP, "dop853_ip", u, end=3.0, rtol=1e-11)
    before, after = (equation.invariants(TRAP, v[None]) for v in (u, end))
    assert set(before) == {"mass", "energy"}
    for name, value in before.items():
        assert after[name] == pytest.approx(value, rel=1e-10)
    assert set(NLSE(potential="x*t").invariants(TRAP, u[None])) == {"mass"}


# -- symmetries ------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPLITTINGS)
def test_splittings_run_backwards(name: str) -> None:
    u = two_humps()
    there = solve(NLSE(), LINE, name, u, end=2.0, steps=200)
    back = solve(NLSE(), LINE, name, there.conj(), end=2.0, steps=200).conj()
    assert error(back, u) < 1e-11
    assert error(there, u) > 0.1


@pytest.mark.parametrize("name", EVERY)
def test_galilean_boosts(name: str) -> None:
    """Only speeds 2πm/L keep exp(icx) periodic."""
    c, t = 2 * np.pi * 5 / LENGTH, 1.0
    k = LINE.wavenumbers()[0]
    at_rest = solve(NLSE(), LINE, name, two_humps(), end=t, **how(name))
    moved = np.fft.ifft(np.exp(-1j * k * c * t) * np.fft.fft(at_rest))
    boosted = solve(
        NLSE(), LINE, name, two_humps() * np.exp(1j * c * X), end=t, **how(name)
    )
    bound = 1e-6 if name in ("ifrk4", "etdrk4") else 1e-9
    assert error(boosted, moved * np.exp(1j * (c * X - c**2 * t / 2))) < bound


@pytest.mark.parametrize("name", EVERY)
def test_translation_reflection_and_phase(name: str) -> None:
    u = two_humps()
    plain = solve(NLSE(), LINE, name, u, end=0.5, **how(name, 50))
    changes: list[Any] = [
        lambda f: np.roll(f, 137),
        lambda f: np.roll(f[::-1], 1),
        lambda f: f * np.exp(0.7j),
    ]
    for change in changes:
        found = solve(NLSE(), LINE, name, change(u), end=0.5, **how(name, 50))
        assert error(found, change(plain)) < 1e-11


@pytest.mark.parametrize("name", EVERY)
def test_scaling(name: str) -> None:
    """aψ(ax, a²t) solves the equation with ψ; a = 3 on a box a third as long."""
    small = Grid.periodic(512, (-20.0 / 3, 20.0 / 3))
    plain = solve(NLSE(), LINE, name, two_humps(), end=0.9, **how(name, 50))
    found = solve(NLSE(), small, name, 3 * two_humps(), end=0.1, **how(name, 50))
    assert error(found, 3 * plain) < 1e-11


def test_two_unrelated_schemes_agree() -> None:
    u = two_humps()
    one = solve(NLSE(), LINE, "rkn6_14", u, end=3.0, steps=2000)
    other = solve(NLSE(), LINE, "dop853_ip", u, end=3.0, rtol=1e-11)
    assert error(one, other) < 1e-9


# -- invariants ------------------------------------------------------------------------


def additive(a: Array, v: Array) -> dict[str, float]:
    """Values of the five invariants for solitons of heights a and velocities v."""
    return {
        "mass": float(np.sum(2 * a)),
        "momentum": float(np.sum(2 * a * v)),
        "energy": float(np.sum(a * v**2 - a**3 / 3)),
        "i4": float(np.sum(2 * a**3 * v - 2 * a * v**3)),
        "i5": float(np.sum(2 * a * v**4 - 4 * a**3 * v**2 + 2 * a**5 / 5)),
    }


def test_five_invariants_through_a_collision() -> None:
    grid = Grid.periodic(2048, (-40.0, 40.0))
    (x,) = grid.points()
    a, v = np.array([2.0, 1.5]), np.array([2.0, -2.0])
    expected = additive(a, v)
    published = {"mass": 7, "momentum": 2, "energy": 10.208333, "i4": 10.5, "i5": -54.1625}
    assert expected == pytest.approx(published, abs=1e-6)
    collision = NLSE().solution(
        "n_soliton", amplitudes=list(a), velocities=list(v), positions=[-10.0, 10.0]
    )
    stepper = set_up(NLSE(), grid, "dop853_ip", end=10.0, rtol=1e-11)
    state = stepper.start(collision(x, 0.0)[None, None])
    for t in (0.0, 5.0, 10.0):
        state = stepper.advance(state, t, ENDLESS)
        u = stepper.sample(state, t)
        found = NLSE().invariants(grid, u[0])
        assert {k: float(q) for k, q in found.items()} == pytest.approx(expected, abs=1e-8)
        assert error(u[0, 0], collision(x, t)) < 1e-9


@pytest.mark.parametrize(("dispersion", "focusing"), [(0.7, 1.8), (1.5, -0.6)])
def test_invariants_for_other_coefficients(dispersion: float, focusing: float) -> None:
    equation = NLSE(dispersion=dispersion, focusing=focusing)
    u = two_humps()
    end = solve(equation, LINE, "dop853_ip", u, end=1.0, rtol=1e-12)
    before, after = (equation.invariants(LINE, w[None]) for w in (u, end))
    assert set(before) == {"mass", "momentum", "energy", "i4", "i5"}
    scales = equation.invariant_scales(LINE, u[None])
    for name, value in before.items():
        assert abs(after[name] - value) < 1e-9 * max(abs(value), scales[name])


@pytest.mark.parametrize("name", SPLITTINGS)
def test_splittings_keep_the_mass(name: str) -> None:
    """Rounding errors of equal steps add up, 1e-16 each."""
    u, steps = two_humps(), 300
    end = march(set_up(NLSE(), LINE, name, end=3.0, steps=steps), u[None, None])[0, 0]
    flows = steps * (2 * len(registry.integrator(name).inner) + 1)
    drift = np.linalg.norm(end) ** 2 / np.linalg.norm(u) ** 2 - 1
    assert abs(drift) < 2 * np.finfo(float).eps * flows
