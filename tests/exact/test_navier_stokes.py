"""Exact flows, put into the equations of motion by spectral and finite differences."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from pdekit.case.params import Parameters
from pdekit.grid import Grid
from pdekit.solvers.exact import navier_stokes as exact
from pdekit.solvers.exact.navier_stokes import Medium
from pdekit.solvers.exact.parameters import ParameterError
from pdekit.typing import Array

GRID = Grid.periodic((48, 40), ((0, 2 * np.pi), (1, 1 + 2 * np.pi)))
MEDIA = [
    Medium(),
    Medium(viscosity=0.03, drag=0.2, mean_u=0.4, mean_v=-0.7),
    Medium(viscosity=0.01, hyperviscosity=2e-3, hyperviscosity_order=3, mean_v=0.3),
]


def time_derivative(f: Callable[[float], Array], t: float, h: float = 0.01) -> Array:
    """Return f'(t) by the central difference of eighth order."""
    weights = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
    return sum(
        w * (f(t + j * h) - f(t - j * h)) / h for j, w in enumerate(weights, start=1)
    )


def stream_velocity(grid: Grid, omega: Array) -> tuple[Array, Array]:
    k2 = grid.k_squared()
    psi = np.fft.ifft2(np.fft.fft2(omega) / np.where(k2 > 0, k2, np.inf)).real
    return grid.derivative(psi, 1), -grid.derivative(psi, 0)


def carried(grid: Grid, omega: Array, s: Array, medium: Medium) -> Array:
    """Return  −(U + u)·∇s."""
    u, v = stream_velocity(grid, omega)
    slope_x, slope_y = grid.derivative(s, 0), grid.derivative(s, 1)
    return -(u + medium.mean_u) * slope_x - (v + medium.mean_v) * slope_y


def laplacian(grid: Grid, s: Array) -> Array:
    return sum(grid.derivative(s, i, 2) for i in range(grid.ndim))


def damped(grid: Grid, s: Array, medium: Medium) -> Array:
    out = medium.viscosity * laplacian(grid, s) - medium.drag * s
    if not medium.hyperviscosity:
        return out
    power = s
    for _ in range(medium.hyperviscosity_order):
        power = -laplacian(grid, power)
    return out - medium.hyperviscosity * power


def residual(
    f: Callable[[float], Array], right: Callable[[Array], Array], t: float = 0.3
) -> float:
    """Return the largest |∂ₜf − right| relative to the largest |∂ₜf| or |f|."""
    slope, now = time_derivative(f, t), f(t)
    return float(abs(slope - right(now)).max() / max(abs(slope).max(), abs(now).max()))


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("params", [{}, {"amplitude": 1.7, "kx": 2.0, "ky": 3.0}])
def test_taylor_green_solves_the_vorticity_equation(
    medium: Medium, params: dict[str, float]
) -> None:
    f = partial(exact.taylor_green, *GRID.points(), medium=medium, **params)

    def right(w: Array) -> Array:
        return carried(GRID, w, w, medium) + damped(GRID, w, medium)

    assert residual(f, right) < 1e-9


def test_taylor_green_has_the_velocity_of_its_docstring() -> None:
    x, y = GRID.points()
    u, v = stream_velocity(GRID, exact.taylor_green(x, y, 0.0, amplitude=1.7, kx=2, ky=3))
    assert abs(u - 1.7 * np.sin(2 * x) * np.cos(3 * y)).max() < 1e-13
    assert abs(v + 1.7 * 2 / 3 * np.cos(2 * x) * np.sin(3 * y)).max() < 1e-13


def test_taylor_green_decays_with_its_own_wavenumber() -> None:
    x, y = GRID.points()
    f = partial(exact.taylor_green, x, y, kx=2, ky=3, medium=Medium(viscosity=0.1))
    assert np.allclose(f(1.5), np.exp(-0.1 * 13 * 1.5) * f(0.0), rtol=1e-14)


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("start", [0.0, 1.0, 2.5])
def test_kolmogorov_flow_solves_its_equation(medium: Medium, start: float) -> None:
    x, y = GRID.points()
    f = partial(
        exact.kolmogorov, x, y, start=start, forcing_amplitude=1.3, forcing_wavenumber=3,
        medium=medium,
    )  # fmt: skip

    def right(w: Array) -> Array:
        force = -1.3 * 3 * np.cos(3 * y)
        return carried(GRID, w, w, medium) + damped(GRID, w, medium) + force

    assert residual(f, right) < 1e-9


def test_laminar_energy_and_dissipation() -> None:
    """E = Re²/(4n⁴) and ε = Re/(2n²)."""
    re, n = 7.0, 4
    omega = exact.kolmogorov(
        *GRID.points(), 0.0, forcing_wavenumber=n, medium=Medium(viscosity=1 / re)
    )
    u, v = stream_velocity(GRID, omega)
    assert np.mean(u**2 + v**2) / 2 == pytest.approx(re**2 / (4 * n**4), rel=1e-13)
    assert np.mean(omega**2) / re == pytest.approx(re / (2 * n**2), rel=1e-13)


@pytest.mark.parametrize("medium", MEDIA)
def test_forced_wave_solves_its_equation(medium: Medium) -> None:
    x, y = GRID.points()
    f = partial(exact.forced_wave, x, y, amplitude=0.4, kx=2.0, ky=-1.0, medium=medium)

    def right(w: Array) -> Array:
        force = 0.4 * (np.sin(2 * x - y) + np.cos(2 * x - y))
        return carried(GRID, w, w, medium) + damped(GRID, w, medium) + force

    assert residual(f, right) < 1e-9
    assert abs(f(0.0)).max() == 0


@pytest.mark.parametrize(("viscosity", "factor"), [(1e-3, 12.665148), (1e-4, 126.65148)])
def test_the_laminar_limit_of_the_data_set(viscosity: float, factor: float) -> None:
    medium = Medium(viscosity=viscosity)
    late = exact.forced_wave(0.0, 0.0, 1e6, medium=medium)
    assert late / 0.1 == pytest.approx(factor, rel=5e-8)


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("diffusivity", [0.02, 0.5])
def test_scalar_shear_wave_solves_both_equations(
    medium: Medium, diffusivity: float
) -> None:
    gradient_x, gradient_y = 0.7, -0.4
    f = partial(
        exact.scalar_shear_wave, *GRID.points(), amplitude=1.3, scalar=0.6, kx=2.0, ky=1.0,
        diffusivity=diffusivity, gradient_x=gradient_x, gradient_y=gradient_y,
        medium=medium,
    )  # fmt: skip

    def right(both: Array) -> Array:
        omega, theta = both
        u, v = stream_velocity(GRID, omega)
        return np.stack(
            [
                carried(GRID, omega, omega, medium) + damped(GRID, omega, medium),
                carried(GRID, omega, theta, medium)
                + diffusivity * laplacian(GRID, theta)
                - gradient_x * u
                - gradient_y * v,
            ]
        )

    assert residual(lambda t: np.stack(f(t)), right) < 1e-9


@pytest.mark.parametrize("medium", [Medium(viscosity=0.0), *MEDIA])
@pytest.mark.parametrize(
    ("diffusivity", "stratification"), [(0.0, 0.5), (0.02, 0.5), (0.3, 0.0), (0.02, -0.8)]
)
def test_internal_wave_solves_both_equations(
    medium: Medium, diffusivity: float, stratification: float
) -> None:
    f = partial(
        exact.internal_wave, *GRID.points(), amplitude=1.3, kx=2.0, ky=-1.0,
        diffusivity=diffusivity, buoyancy=1.7, stratification=stratification, medium=medium,
    )  # fmt: skip

    def right(both: Array) -> Array:
        omega, theta = both
        v = stream_velocity(GRID, omega)[1]
        lift = 1.7 * GRID.derivative(theta, 0)
        return np.stack(
            [
                carried(GRID, omega, omega, medium) + damped(GRID, omega, medium) + lift,
                carried(GRID, omega, theta, medium)
                + diffusivity * laplacian(GRID, theta)
                - stratification * v,
            ]
        )

    assert residual(lambda t: np.stack(f(t)), right) < 1e-9


def test_internal_wave_has_the_frequency_of_linear_theory() -> None:
    """ω = N kₓ/k: after one period it is back, after half of it upside down."""
    medium = Medium(viscosity=0.0)
    f = partial(
        exact.internal_wave, 0.3, 0.8, kx=3.0, ky=4.0, diffusivity=0.0, buoyancy=2.0,
        stratification=2.0, medium=medium,
    )  # fmt: skip
    period = 2 * np.pi / (2.0 * 3 / 5)
    assert np.allclose(f(period), f(0.0), rtol=1e-12)
    assert np.allclose(np.array(f(period / 2)), -np.array(f(0.0)), rtol=1e-12)


@pytest.mark.parametrize("wavenumber", [1.0, 2.0])
def test_abc_flow_is_its_own_vorticity_and_decays(wavenumber: float) -> None:
    grid = Grid.periodic((16, 18, 20), (0, 2 * np.pi))
    f = partial(
        exact.abc, *grid.points(), a=1.0, b=0.7, c=0.43, wavenumber=wavenumber,
        rate=lambda k2: 0.3 * k2,
    )  # fmt: skip
    u, v, w = f(0.4)
    d = grid.derivative
    curl = np.stack([d(w, 1) - d(v, 2), d(u, 2) - d(w, 0), d(v, 0) - d(u, 1)])
    assert abs(curl - wavenumber * np.stack([u, v, w])).max() < 1e-13
    slope = time_derivative(lambda t: np.stack(f(t)), 0.4)
    viscous = 0.3 * np.stack([laplacian(grid, s) for s in (u, v, w)])
    assert abs(slope - viscous).max() < 1e-10


def test_enstrophy_series_begins_as_the_equations_say() -> None:
    """Ω(0) = 3/8; the second derivative 2 · 5/128 is that of the flow itself."""
    assert exact.taylor_green_enstrophy(0.0) == 0.375
    slope = time_derivative(exact.taylor_green_enstrophy, 0.0)
    assert slope == pytest.approx(0.0, abs=1e-14)
    assert exact.taylor_green_enstrophy(0.1) - 0.375 == pytest.approx(5 / 12800, rel=1e-3)


def test_case_files_see_no_parameter_that_the_equation_supplies() -> None:
    names = Parameters.of_function(exact.internal_wave).names
    assert names == {"amplitude", "kx", "ky"}
    assert inspect.signature(exact.abc).parameters.keys() >= {"x", "t", "wavenumber"}


@pytest.mark.parametrize(
    ("function", "params"),
    [
        (exact.taylor_green, {"ky": 0.0}),
        (exact.scalar_shear_wave, {"kx": 0.0, "ky": 0.0}),
        (exact.internal_wave, {"kx": 0.0}),
        (exact.kolmogorov, {"medium": Medium(viscosity=0.0)}),
    ],
)
def test_parameters_without_solution_are_refused(
    function: Callable[..., Any], params: dict[str, Any]
) -> None:
    with pytest.raises(ParameterError):
        function(*GRID.points(), 0.0, **params)
