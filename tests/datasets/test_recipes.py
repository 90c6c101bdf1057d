"""Recipes of published data sets: laws of random starts, difficulties, walls, burn-in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.fft import dctn, idctn

from pdekit import random_starts
from pdekit.case import load_case
from pdekit.datasets.difficulty import Frames
from pdekit.datasets.generation import make
from pdekit.datasets.pdebench_import import import_pdebench
from pdekit.errors import CaseError, ResultFileError
from pdekit.grid import Axis, Grid, GridError
from pdekit.registry import equation
from pdekit.solvers.exact.flow_states import random_velocity
from tests.datasets.small import case_of

SAMPLES = 2000
NUMPY = {"backend": "numpy"}
"""Nothing is compiled for what is solved but once."""
LINE = Grid.periodic(160, (0, 1))


def near(share: float, expected: float) -> bool:
    """Whether a share of the samples is what it should be, within five deviations."""
    return abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / SAMPLES)


# -- random starts ---------------------------------------------------------------------


def test_a_series_has_its_modes_and_its_peak() -> None:
    draws = np.stack([random_starts.fourier(LINE, (s, 0)) for s in range(SAMPLES)])
    np.testing.assert_allclose(np.abs(draws).max(axis=1), 1.0, rtol=1e-14)
    c = np.fft.rfft(draws) / 160
    assert np.abs(c[:, [0, *range(6, 81)]]).max() < 1e-15
    power = np.abs(c[:, 1:6]) ** 2
    deviation = power.std(axis=0) / math.sqrt(SAMPLES)
    assert (np.abs(power.mean(axis=0) - power.mean()) < 5 * deviation).all()
    phases = c[:, 1:6] / np.abs(c[:, 1:6])
    assert np.abs(phases.mean(axis=0)).max() < 5 / math.sqrt(SAMPLES)
    # before it is scaled |c_1| is uniform on (0, 1), so is |c_2|: their ratio is below r/2
    for r in (0.5, 1.0):
        assert near(float(np.mean(power[:, 0] < r**2 * power[:, 1])), r / 2)


FEW: dict[str, dict[str, Any]] = {
    "fourier": {"modes": 3},
    "sines": {"absolute": 0, "window": 0, "highest": 3},
    "noise": {"bandwidth": 20, "walls": "mirrored"},
}


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("ndim", [1, 2])
def test_a_start_is_one_function_on_every_grid(name: str, ndim: int) -> None:
    law = FEW[name]
    draw = random_starts.LAWS[name]
    coarse, fine = (Grid.periodic((n,) * ndim, ((-1, 1),) * ndim) for n in (20, 37))
    if name == "sines" and ndim == 2:
        with pytest.raises(GridError, match="on a line"):
            draw(coarse, 3, **law)
        return
    u, v = draw(coarse, 3, **law), draw(fine, 3, **law)
    np.testing.assert_allclose(coarse.interpolate(u, fine), v, atol=1e-13)


def test_sines_have_the_moments_of_their_law() -> None:
    plain = [random_starts.sines(LINE, s, absolute=0, window=0) for s in range(SAMPLES)]
    c = np.fft.rfft(plain) / 160
    assert np.abs(c[:, [0, *range(9, 81)]]).max() < 1e-15
    squares = np.mean(np.square(plain), axis=1)  # two terms of ⟨A²⟩/2 = 1/6
    assert abs(squares.mean() - 1 / 3) < 5 * squares.std() / math.sqrt(SAMPLES)
    energies = np.mean(np.abs(c[:, 1:9]) ** 2, axis=0)
    spread = np.std(np.abs(c[:, 1:9]) ** 2, axis=0) / math.sqrt(SAMPLES)
    assert (np.abs(energies - energies.mean()) < 5 * spread).all()
    line = LINE.resize(64)
    draws = np.stack([random_starts.sines(line, (s, 1)) for s in range(SAMPLES)])
    up, down = (draws > -1e-12).all(axis=1), (draws < 1e-12).all(axis=1)
    assert near(float(np.mean(up | down)), 0.1)  # sums of sines have the mean zero
    assert near(float(np.mean(up)), 0.05)
    outside = np.abs(draws[:, [0, 1, -1]]).max(axis=1) < 1e-5
    assert near(float(np.mean(outside)), 0.1)
    share = random_starts.sines(Grid.periodic(256, (0, 1)), 5, positive=True)
    assert share.min() >= 0
    assert share.max() == 1.0


def test_mirrored_noise_is_even_and_has_its_variance() -> None:
    axes = (Axis("x", 24, 0, 4, "periodic", "cell"), Axis("y", 20, -1, 3, "periodic"))
    law: dict[str, Any] = {"bandwidth": 9.0, "walls": "mirrored", "amplitude": 2.0}
    draws = np.stack([random_starts.noise(Grid(axes), s, **law) for s in range(400)])
    assert np.abs(draws - np.flip(draws, 1)).max() < 1e-13
    assert np.abs(draws - np.roll(np.flip(draws, 2), 1, 2)).max() < 1e-13
    squares = np.mean(draws**2, axis=(1, 2))
    assert abs(squares.mean() - 4) < 5 * squares.std() / 20


# -- difficulties ----------------------------------------------------------------------


def test_advection_of_difficulty_minus_four_moves_four_cells() -> None:
    frames = Frames(points=160, length=3.0, step=0.7)
    _, a = frames.coefficients((0.0, -4.0))
    grid = Grid.periodic(160, (0, 3))
    u = random_starts.fourier(grid, 1)
    (growth,) = equation("linear")(coefficients=(0.0, a)).symbol(grid)
    moved = np.fft.irfft(np.exp(growth * frames.step) * np.fft.rfft(u), 160)
    np.testing.assert_allclose(moved, np.roll(u, 4), atol=1e-13)


def test_difficulties_are_numbers_of_the_simplest_schemes() -> None:
    frames = Frames(points=50, length=2.0, step=0.1, dimensions=2)
    h, gammas = 2.0 / 50, (0.3, -1.0, 4.0, 0.5, -6.0)
    a = frames.coefficients(gammas)
    assert frames.gammas(a) == pytest.approx(gammas)
    assert a[0] * 0.1 == pytest.approx(0.3)
    assert a[1] * 0.1 / h * 2 == pytest.approx(-1.0)  # D times the Courant number
    # forward Euler with second differences is stable for γ₂ = 2 D a Δ/h² <= 1
    assert 2 * 2 * a[2] * 0.1 / h**2 == pytest.approx(4.0)
    b = frames.convection(-1.5, largest=3.0)
    assert b * 3.0 * 0.1 / h * 2 == pytest.approx(-1.5)
    assert frames.delta(b, largest=3.0) == pytest.approx(-1.5)


@pytest.mark.parametrize(
    ("name", "gammas", "delta"),
    [
        ("advection", (0, -4), None),
        ("diffusion", (0, 0, 4), None),
        ("dispersion", (0, 0, 0, 4), None),
        ("burgers", (0, 0, 1.5), -1.5),
        ("ks", (0, 0, -2, 0, -18), -1.0),
    ],
)
def test_cases_have_the_difficulties_that_they_name(
    name: str, gammas: tuple[float, ...], delta: float | None
) -> None:
    case: Any = load_case(f"operator_learning/apebench_{name}")
    data: Any = load_case(f"operator_learning/apebench_{name}_data")
    (axis,) = case.domain.values()
    length = axis.interval[1] - axis.interval[0]
    frames = Frames(data.save.points, length, data.save.times.every)
    grid = Grid.periodic(axis.points, axis.interval)
    (symbol,) = equation(case.equation.name)(**case.equation.params).symbol(grid)
    k = grid.wavenumbers(real=True, odd=True)[0]
    expected = sum(a * (1j * k) ** j for j, a in enumerate(frames.coefficients(gammas)))
    inner = slice(0, -1)  # but for the Nyquist mode, whose sign nobody knows
    np.testing.assert_allclose(symbol[inner], expected[inner], rtol=1e-12, atol=1e-18)
    if delta is not None:  # both equations have b = -1
        peak = case.initial.random_field.peak
        assert frames.delta(-1.0, largest=peak) == pytest.approx(delta)


# -- burn-in and walls -----------------------------------------------------------------

KS: dict[str, Any] = {
    "equation": "kuramoto_sivashinsky",
    "domain": {"x": {"interval": [0, 22], "points": 64}},
    "initial": {"random_field": {"kind": "fourier", "modes": 3}},
    "time": {"end": 50},
    "solver": {"steps": 500},
    "run": NUMPY,
}


def test_what_comes_before_the_start_is_left_out() -> None:
    save = {"start": 40, "times": {"every": 5}, "points": 64, "dtype": "float64"}
    data = make(case_of(Path("a"), KS, save=save, data_error=1), "out")["train"]
    assert list(data.times) == [40, 45, 50]
    facts = data.header.facts
    assert facts["data_error"][0] < 1e-15
    whole = {"times": [40, 45, 50], "points": 64, "inputs": False, "dtype": "float64"}
    same = make(case_of(Path("b"), KS, save=whole, data_error=1), "whole")["train"]
    # the one counts from the first frame, the other from what was drawn
    assert facts["data_error"][1] < 0.5 * same.header.facts["data_error"][1]
    np.testing.assert_allclose(data["u"], same["u"], rtol=0, atol=1e-12)
    file = case_of(Path("c"), KS, save={"start": 60})
    with pytest.raises(CaseError, match=r"save.start\[0\]: must lie in \[0, 50\]"):
        load_case(file)


HEAT: dict[str, Any] = {
    "equation": {"name": "diffusion", "diffusivity": [0.03, 0.05]},
    "domain": {a: {"interval": [0, 2], "points": 32, "centring": "cell"} for a in "xy"},
    "initial": {"random_field": {"kind": "noise", "bandwidth": 30, "walls": "mirrored"}},
    "time": {"end": 1, "save": 3},
    "solver": {"steps": 1},
    "run": NUMPY,
}


def test_the_half_between_walls_solves_the_problem_with_walls() -> None:
    save = {"walls": "mirrored", "points": 16, "dtype": "float64"}
    data = make(case_of(Path("a"), HEAT, save=save), "out")["train"]
    assert [axis.boundary for axis in data.grid.axes] == ["neumann"] * 2
    assert [axis.upper for axis in data.grid.axes] == [1.0, 1.0]
    k2 = (np.pi * np.arange(16)) ** 2
    decay = np.exp(-(0.03 * k2[:, None] + 0.05 * k2) * 0.5)
    for now, then in ((0, 1), (1, 2)):
        modes = dctn(data["u"][:, now], axes=(1, 2))
        expected = idctn(decay * modes, axes=(1, 2))
        np.testing.assert_allclose(data["u"][:, then], expected, atol=1e-13)


def test_a_problem_that_is_not_even_has_no_walls() -> None:
    free = {**HEAT, "initial": {"random_field": {"kind": "noise", "bandwidth": 30}}}
    with pytest.raises(CaseError, match=r"save.walls: what is drawn is not even"):
        make(case_of(Path("a"), free, save={"walls": "mirrored"}), "out")
    file = case_of(Path("b"), KS, save={"walls": "mirrored"})
    with pytest.raises(CaseError, match=r"save.walls: needs axes of cells"):
        load_case(file)


def test_the_random_flow_has_its_speed() -> None:
    grid = Grid.periodic((48, 40), ((0, 2 * np.pi), (0, np.pi)))
    omega = random_velocity(*grid.points(), speed=5, peak=4, seed=2)
    kx, ky = grid.wavenumbers(real=True, odd=True)
    k2 = grid.k_squared(real=True)
    psi = np.fft.rfft2(omega) / np.where(k2 > 0, k2, 1)
    u, v = (np.fft.irfft2(w, omega.shape) for w in (1j * ky * psi, -1j * kx * psi))
    assert np.sqrt(u**2 + v**2).max() == pytest.approx(5, rel=1e-12)


# -- shipped recipes -------------------------------------------------------------------

SQUARE = ("domain.x.points", "domain.y.points")
SHORT = {"time.end": 0.05, "solver.steps": 50}
FLOW: dict[str, Any] = {**dict.fromkeys(SQUARE, 48), "equation.viscosity": 0.05}
SHRUNKEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "apebench_advection": ({}, {}),
    "apebench_diffusion": ({}, {}),
    "apebench_dispersion": ({}, {}),
    "apebench_burgers": ({"time.end": "10*1.5/160", "solver.steps": 100}, {}),
    "apebench_ks": ({"time.end": "20/2.25"}, {"start": "15/2.25"}),
    "pdebench_advection": ({}, {}),
    "pdebench_burgers": (SHORT, {}),
    "pdebench_reaction": (SHORT, {}),
    "pdebench_fitzhugh_nagumo": (
        {
            **dict.fromkeys(SQUARE, 80),
            "initial.random_field": {
                "kind": "noise", "bandwidth": 30, "amplitude": 0.3, "walls": "mirrored"
            },
            "time": {"end": 0.2, "save": 3},
            "solver.steps": 10,
        },
        {"points": 20},
    ),
    "pdebench_darcy": (dict.fromkeys(SQUARE, 72), {"points": 24}),
    "kolmogorov_re500": ({**FLOW, "time.end": 2}, {"start": 1, "points": 24}),
    "kolmogorov_drag": (
        {**FLOW, "time.end": 0.5, "solver.steps": 50},
        {"start": 0.25, "points": 24},
    ),
    "kolmogorov_velocity": ({**FLOW, "time.end": 0.5}, {"start": 0.25, "points": 24}),
}  # fmt: skip


@pytest.mark.parametrize("name", SHRUNKEN)
def test_a_small_copy_of_a_recipe_is_as_accurate_as_it_says(name: str) -> None:
    problem, save = SHRUNKEN[name]
    case: Any = load_case(f"operator_learning/{name}_data")
    changes = {
        "samples": {"train": 2},
        "batch": 2,
        "data_error": 1,
        "set": {**case.set, **problem, **({} if "darcy" in name else {"run": NUMPY})},
        **{f"save.{key}": value for key, value in save.items()},
    }
    data = make(f"operator_learning/{name}_data", "out", changes)["train"]
    errors = np.array(data.header.facts["data_error"])
    (check,) = case.checks.values()
    assert errors.max() < check.below
    assert errors.max() > 0


# -- layout D of PDEBench --------------------------------------------------------------


def test_the_layout_of_incompressible_flow_is_read() -> None:
    random = np.random.default_rng(0)
    velocity = random.random((10, 3, 8, 8, 2), np.float32)
    force = random.random((10, 8, 8, 2), np.float32)
    with h5py.File("flow.h5", "w") as file:
        file["velocity"], file["force"] = velocity, force
        file["particles"] = velocity[..., :1] * 2
        file["t"] = np.tile(np.array([0, 0.5, 1.0], np.float32), (10, 1))
    data = import_pdebench("flow.h5")
    train = data["train"]
    assert train.header.varying == ("vx", "vy", "particles")
    assert train.header.constant == ("fx", "fy")
    assert np.array_equal(train["vy"], velocity[1:, ..., 1])
    assert np.array_equal(data["test"]["fx"], force[:1, ..., 0])
    assert list(train.times) == [0, 0.5, 1]
    assert train.grid.lengths == pytest.approx((1, 1))
    with h5py.File("flow.h5", "a") as file:
        file["t"][3] = [0, 1, 2]
    with pytest.raises(ResultFileError, match="frames at different times"):
        import_pdebench("flow.h5")
