"""Plane flow in vorticity form: exact flows, structure, symmetries, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from pdekit import Grid, evolve, solve, spectral
from pdekit.engine._rhs import RightHandSide
from pdekit.errors import PdekitError
from pdekit.solvers.exact.flow_states import deterministic
from pdekit.solvers.spectral.navier_stokes_2d import NavierStokes2D
from pdekit.turbulence import Flow
from pdekit.typing import Array
from tests.spectral.flows import BOX, band_limited, plane_velocity, rate

SHAPES = [(32, 32), (31, 27), (24, 37)]
BOXES = [(BOX, BOX), ((0.0, 1.0), (-2.0, 3.5))]


def right_hand_side(equation: NavierStokes2D, grid: Grid, omega: Array) -> Array:
    """Evaluate the advective form and the damping on the grid itself."""
    (u, v), p, d = plane_velocity(grid, omega), equation.params, grid.derivative
    advection = (u + p.mean_u) * d(omega, 0) + (v + p.mean_v) * d(omega, 1)
    laplacian = d(omega, 0, 2) + d(omega, 1, 2)
    out = -advection + p.viscosity * laplacian - p.drag * omega
    if p.hyperviscosity:  # p = 2
        bilaplacian = d(laplacian, 0, 2) + d(laplacian, 1, 2)
        out = out - p.hyperviscosity * bilaplacian
    return np.asarray(out)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(
    "params",
    [
        {"viscosity": 0.0},
        {"viscosity": 0.03, "drag": 0.2, "mean_u": 0.7, "mean_v": -0.4},
        {"viscosity": 0.0, "hyperviscosity": 1e-3},
    ],
)
def test_stress_form_is_the_advective_form(
    shape: tuple[int, int], box: Any, params: dict[str, float]
) -> None:
    """On a grid that holds the products the two are the same to rounding."""
    grid, equation = Grid.periodic(shape, box), NavierStokes2D(**params)
    omega = band_limited(grid, 1, 3)
    expected = right_hand_side(equation, grid, omega[0])
    k_max = max(np.pi / dx for dx in grid.spacing)  # differentiation amplifies rounding
    rounding = 1e-13 * abs(expected).max() + 1e-16 * equation.medium.damping(k_max**2)
    assert abs(rate(equation, grid, omega)[0] - expected).max() < rounding


def test_an_evaluation_takes_four_transforms() -> None:
    rhs = RightHandSide(NavierStokes2D(), Grid.periodic((8, 8), BOX))
    assert (rhs.inputs, rhs.outputs) == (2, 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("box", BOXES)
def test_advection_conserves_energy_and_enstrophy(shape: tuple[int, int], box: Any) -> None:
    """⟨ψN⟩ = ⟨ωN⟩ = 0 with all modes present, relative to the sizes of both."""
    grid, equation = Grid.periodic(shape, box), NavierStokes2D(viscosity=0.0)
    omega = _truncated(band_limited(grid, 2, 99), grid)
    n = rate(equation, grid, omega)[0]
    k2 = grid.k_squared()
    psi = np.fft.ifft2(np.fft.fft2(omega[0]) / np.where(k2 > 0, k2, np.inf)).real
    for weight in (psi, omega[0]):
        size = np.sqrt(np.mean(weight**2) * np.mean(n**2))
        assert abs(np.mean(weight * n)) < 1e-14 * size
    assert abs(n.mean()) < 1e-14 * abs(n).max()


def _truncated(u: Array, grid: Grid) -> Array:
    keep = spectral.two_thirds(grid, real=True)
    return np.fft.irfft2(np.fft.rfft2(u) * keep, grid.shape)


@pytest.mark.parametrize(
    ("name", "given", "params"),
    [
        ("taylor_green", {"viscosity": 0.02, "mean_u": 0.5}, {"kx": 2.0, "ky": 3.0}),
        (
            "taylor_green",
            {"viscosity": 0.0, "hyperviscosity": 1e-3, "hyperviscosity_order": 3},
            {},
        ),
        (
            "kolmogorov",
            {"viscosity": 0.1, "drag": 0.05, "forcing_amplitude": 1.2},
            {"start": 0.3},
        ),
        (
            "forced_wave",
            {"viscosity": 0.02, "source": "0.1*(sin(2*x + y) + cos(2*x + y))"},
            {"kx": 2.0, "ky": 1.0},
        ),
    ],
)
@pytest.mark.parametrize("shape", [(24, 24), (25, 22)])
def test_exact_flows_come_out_to_rounding(
    name: str, given: dict[str, Any], params: dict[str, float], shape: tuple[int, int]
) -> None:
    """The linear part is exact, and so is a steady source: what is left is rounding."""
    grid, equation = Grid.periodic(shape, BOX), NavierStokes2D(**given)
    f = equation.solution(name, **params)
    points, steps = grid.points(), 40
    u = evolve(equation, grid, f(*points, 0.0), 2.0, steps=steps)
    assert abs(u - f(*points, 2.0)).max() < 2e-15 * steps * max(1.0, abs(u).max())


def test_kolmogorov_force_is_the_same_as_its_source() -> None:
    grid = Grid.periodic((16, 20), (BOX, (1.0, 4.0)))
    n = 2 * np.pi / 3 * 2
    short = NavierStokes2D(forcing_amplitude=0.7, forcing_wavenumber=n, source="sin(x)")
    long = NavierStokes2D(source=f"sin(x) - {0.7 * n!r}*cos({n!r}*y)")
    omega = band_limited(grid, 4, 3)
    assert abs(rate(short, grid, omega) - rate(long, grid, omega)).max() < 1e-12
    assert short.diagnostics(grid, omega[None])["power"] == pytest.approx(
        long.diagnostics(grid, omega[None])["power"], rel=1e-12
    )


@pytest.mark.parametrize(("shape", "bound"), [((32, 27), 0.0), ((64, 60), 1e-9)])
def test_a_made_up_solution_is_reached(shape: tuple[int, int], bound: float) -> None:
    """ω* = exp(sin x + 0.3 cos 2y)(1 + 0.2 sin t) less its mean, with its source."""
    x, y, t = sp.symbols("x y t")
    nu, alpha = 0.05, 0.1
    psi = sp.exp(sp.sin(x) + sp.Rational(3, 10) * sp.cos(2 * y)) * (1 + sp.sin(t) / 5)
    omega = -sp.diff(psi, x, 2) - sp.diff(psi, y, 2)
    u, v = sp.diff(psi, y), -sp.diff(psi, x)
    needed = (
        sp.diff(omega, t)
        + u * sp.diff(omega, x)
        + v * sp.diff(omega, y)
        - nu * (sp.diff(omega, x, 2) + sp.diff(omega, y, 2))
        + alpha * omega
    )
    force = sp.lambdify((x, y, t), needed, "numpy", cse=True)
    grid = Grid.periodic(shape, BOX)

    class Driven(NavierStokes2D):
        """With the source as a function: as a formula it has too many terms."""

        steady_source = False

        def source(self, grid: Grid, t: float) -> Array:
            return force(*grid.points(), t)[None]

    exact = sp.lambdify((x, y, t), omega, "numpy")
    end = exact(*grid.points(), 0.5)
    equation = Driven(viscosity=nu, drag=alpha)
    found = evolve(equation, grid, exact(*grid.points(), 0.0), 0.5, steps=200)
    cut_off = abs(end - _truncated(end, grid)).max()  # what the grid cannot carry
    assert abs(found - end).max() < bound + 5 * cut_off
    assert cut_off < (1e-2 if bound == 0 else 1e-10)


def test_the_time_error_of_a_made_up_solution_falls_with_the_fourth_power() -> None:
    grid = Grid.periodic((16, 16), BOX)
    equation = NavierStokes2D(
        viscosity=0.05, source="cos(x + 2*y)*sin(3*t) + sin(2*x - y)*cos(2*t)"
    )
    start = deterministic(*grid.points())
    fine = evolve(equation, grid, start, 1.0, steps=640)
    errors = [
        abs(evolve(equation, grid, start, 1.0, steps=n) - fine).max() for n in (40, 80)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.2)


def test_energy_changes_by_the_budget() -> None:
    """dE/dt = ⟨u·f⟩ − dissipation by differences of second order, falling as dt²."""
    grid = Grid.periodic((32, 32), BOX)
    equation = NavierStokes2D(
        viscosity=0.02, drag=0.1, hyperviscosity=1e-5, forcing_amplitude=1.0,
        forcing_wavenumber=3.0, source="0.4*sin(x - y)",
    )  # fmt: skip
    start = deterministic(*grid.points())
    wrong = []
    for h in (0.0016, 0.0008):
        times = [0.5 - h, 0.5, 0.5 + h]
        frames = evolve(equation, grid, start, times[-1], times=times, step=0.0008)
        series = equation.diagnostics(grid, frames[:, None])
        e, slope = series["energy"], series["power"][1] - series["dissipation"][1]
        wrong.append(abs((e[2] - e[0]) / (2 * h) - slope) / series["dissipation"][1])
    assert wrong[1] < 1e-6
    assert wrong[0] / wrong[1] == pytest.approx(4.0, abs=0.2)


def test_dissipation_without_hyperviscosity_is_twice_viscosity_times_enstrophy() -> None:
    grid, equation = Grid.periodic((24, 20), BOX), NavierStokes2D(viscosity=0.3, drag=0.2)
    omega = band_limited(grid, 3, 6)[None]
    series = equation.diagnostics(grid, omega)
    flow = Flow.of_vorticity(omega[:, 0], grid)
    expected = 2 * 0.3 * flow.enstrophy + 2 * 0.2 * flow.energy
    assert series["dissipation"] == pytest.approx(expected, rel=1e-13)


# -- stability ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "longest", "critical"),
    [(2, 1.0, 4.048606), (4, 1.0, 9.966923), (1, 0.5, 1.431398)],
)
def test_kolmogorov_flow_turns_unstable_where_theory_says(
    n: int, longest: float, critical: float
) -> None:
    """The eigenvalues of the longest wave on both sides of the critical number."""
    for ratio, sign in ((0.98, -1), (1.02, 1)):
        re = ratio * critical
        grid = Grid.periodic((24, 48), ((0, 2 * np.pi / longest), (0, 2 * np.pi)))
        equation = NavierStokes2D(
            viscosity=1 / re, forcing_amplitude=1.0, forcing_wavenumber=float(n)
        )
        x, y = grid.points()
        noise = 1e-8 * np.cos(longest * x + 0.3)
        start = equation.solution("kolmogorov")(x, y, 0.0) + noise
        frames = evolve(equation, grid, start, 80.0, times=[60.0, 80.0], step=0.1)
        series = equation.diagnostics(grid, frames[:, None])["cross_flow"]
        growth = np.log(series[1] / series[0]) / 2 / 20
        assert growth == pytest.approx(_growth(re, n, longest), abs=1e-5)
        assert np.sign(growth) == sign


def _growth(re: float, n: int, longest: float, harmonics: int = 30) -> float:
    """Return the largest growth rate of  e^{iqx} Σ a_m e^{inmy}  on  U = (Re/n²) sin ny.

    ω̂ₜ = −iqU(ω̂ − n²ψ̂) − k²ω̂/Re,  with U'' = −n²U and ω̂ = k²ψ̂
    (Meshalkin & Sinai 1961).
    """
    m = np.arange(-harmonics, harmonics + 1)
    k2 = longest**2 + (n * m) ** 2
    matrix = np.diag(-k2 / re).astype(complex)
    for shift in (1, -1):
        coupling = -1j * longest * re / n**2 * shift / 2j * (1 - n**2 / k2)
        cut = coupling[:-1] if shift == 1 else coupling[1:]
        matrix += np.diag(cut, -shift)
    return float(np.linalg.eigvals(matrix).real.max())


# -- steps and bad input ---------------------------------------------------------------


def test_advection_is_the_largest_courant_number() -> None:
    grid = Grid.periodic((32, 16), (BOX, (0.0, 3.0)))
    equation = NavierStokes2D(mean_u=0.5)
    omega = band_limited(grid, 3, 4)
    u, v = plane_velocity(grid, omega[0])
    expected = (abs(u + 0.5) / grid.spacing[0] + abs(v) / grid.spacing[1]).max()
    assert equation.advection(grid, omega[None]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "1 + sin(x)"}, "mean"),
        ({"forcing_amplitude": 1.0, "forcing_wavenumber": 2.5}, "multiple"),
        ({"forcing_amplitude": 1.0, "forcing_wavenumber": 9.0}, "points along y"),
    ],
)
def test_forces_that_do_not_fit_are_refused(given: dict[str, Any], message: str) -> None:
    case = {
        "equation": {"name": "navier_stokes_2d", **given},
        "domain": {a: {"interval": [0, "2*pi"], "points": 16} for a in "xy"},
        "initial": "sin(x)*sin(y)",
        "time": {"end": 1, "save": 2},
        "solver": {"steps": 10},
    }
    with pytest.raises(PdekitError, match=message):
        solve(case)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("taylor_green", {"forcing_amplitude": 1.0}),
        ("taylor_green", {"source": "sin(x)"}),
        ("kolmogorov", {}),
        ("kolmogorov", {"forcing_amplitude": 1.0, "source": "sin(x)"}),
        ("forced_wave", {}),
    ],
)
def test_solutions_of_other_forces_are_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(PdekitError, match=name):
        NavierStokes2D(**given).solution(name)


def test_a_mean_vorticity_is_warned_of() -> None:
    grid = Grid.periodic((8, 8), BOX)
    x, y = grid.points()
    equation = NavierStokes2D()
    omega = (np.sin(x) * np.sin(y))[None]
    assert equation.warnings(grid, omega, None, None) == []
    assert "mean" in equation.warnings(grid, omega + 0.1, None, None)[0]
