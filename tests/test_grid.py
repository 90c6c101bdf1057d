"""Grids against exact integrals, derivatives and dense sums of their series."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import iv

from pdekit import fft, series
from pdekit.errors import PdekitError, ShapeError, UnknownName
from pdekit.grid import Axis, Grid, GridError

torch = pytest.importorskip("torch")

KINDS = [
    ("periodic", "vertex"),
    ("periodic", "cell"),
    ("dirichlet", "vertex"),
    ("dirichlet", "cell"),
    ("neumann", "vertex"),
    ("neumann", "cell"),
    ("dirichlet_neumann", "vertex"),
    ("dirichlet_neumann", "cell"),
    ("neumann_dirichlet", "vertex"),
    ("neumann_dirichlet", "cell"),
    ("chebyshev", "vertex"),
]
WALLS, CHEBYSHEV = KINDS[2:-1], KINDS[-1]
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 30, 31, 97]
EPS = np.finfo(float).eps


def make_axis(
    kind: tuple[str, str], n: int, lower: float = -1.0, upper: float = 2.0
) -> Axis:
    return Axis("x", n, lower, upper, *kind)  # type: ignore[arg-type]


def line(kind: tuple[str, str], n: int) -> Grid:
    return Grid((make_axis(kind, n),))


def wall_mode(kind: tuple[str, str]) -> Callable[[Any], Any]:
    return np.sin if kind[0].startswith("dirichlet") else np.cos


def band_limited(kind: tuple[str, str]) -> tuple[Callable[[Any], Any], ...]:
    """Return a band-limited function that suits the boundary and its derivatives 1 to 4."""
    if kind[0] == "chebyshev":
        p = np.polynomial.Polynomial([0.3, -1.0, 0.5, 0.25, -0.4, 0.2])
        return tuple(p.deriv(m) if m else p for m in range(5))
    # On [-1, 2] walls have sin or cos of (πm/3)(x + 1); periodic modes have even m.
    if kind[0] == "periodic":
        terms = [(0, 0.7, 0.0), (2, 1.0, 0.4), (6, -0.5, 1.1)]
    elif kind[0] == "neumann":
        terms = [(0, 0.7, 0.0), (1, 1.0, 0.0), (4, -0.5, 0.0)]
    elif kind[0] == "neumann_dirichlet":
        terms = [(0.5, 0.7, 0.0), (1.5, 1.0, 0.0), (4.5, -0.5, 0.0)]
    elif kind[0] == "dirichlet_neumann":
        terms = [(0.5, 1.0, -math.pi / 2), (2.5, 0.3, -math.pi / 2)]
    else:
        terms = [(1, 1.0, -math.pi / 2), (2, 0.3, -math.pi / 2), (5, -0.5, -math.pi / 2)]

    def derivative(m: int) -> Callable[[Any], Any]:
        return lambda x: sum(
            a
            * (np.pi * k / 3) ** m
            * np.cos(np.pi * k / 3 * (x + 1) + phase + m * np.pi / 2)
            for k, a, phase in terms
        )

    return tuple(derivative(m) for m in range(5))


# --- construction -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", 0, 0, 1), "n >= 1, got 0"),
        (("x", -4, 0, 1), "n >= 1, got -4"),
        (("x", 1, 0, 1, "neumann"), "n >= 2"),
        (("x", 1, 0, 1, "chebyshev"), "n >= 2"),
        (("x", 2.0, 0, 1), "whole number"),
        (("x", True, 0, 1), "whole number"),
        (("x", "8", 0, 1), "whole number"),
        (("x", 8, 1, 0), "lower must be below upper"),
        (("x", 8, 1, 1), "lower must be below upper"),
        (("x", 8, math.nan, 1), "lower must be a finite number"),
        (("x", 8, 0, math.inf), "upper must be a finite number"),
        (("x", 8, 0, 1j), "upper must be a finite number"),
        (("x", 8, "0", 1), "lower must be a finite number"),
        (("x", 8, False, 1), "lower must be a finite number"),
        (("x", 8, -1e308, 1e308), "cannot be told apart"),
        (("x", 8, 1e16, 1e16 + 8), "cannot be told apart"),
        (("x", 8, 0, 1, "chebyshev", "cell"), "chebyshev axis cannot be cell-centred"),
        (("x", 8, 0, 1, "periodc"), "did you mean 'periodic'"),
        (("x", 8, 0, 1, None), "unknown boundary 'None'"),
        (("x", 8, 0, 1, "neumann", "cel"), "did you mean 'cell'"),
        (("", 8, 0, 1), "name of an axis"),
        ((3, 8, 0, 1), "name of an axis"),
    ],
)
def test_axis_refuses(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(PdekitError, match=message):
        Axis(*arguments)


def test_errors_are_of_the_house_and_value_errors() -> None:
    with pytest.raises(ValueError, match="lower must be below"):
        Axis("x", 4, 1.0, 0.0)
    with pytest.raises(UnknownName) as caught:
        Axis("x", 4, 0.0, 1.0, "dirichelt")  # type: ignore[arg-type]
    assert caught.value.close[0] == "dirichlet"


@pytest.mark.parametrize(
    ("n", "interval", "message"),
    [
        ((8, 8), ((0, 1), (0, 1), (0, 1)), "differ in dimension"),
        ((8, 8, 8), ((0, 1), (0, 1)), "differ in dimension"),
        ((8, 8, 8, 8), (0, 1), "one to three axes"),
        ((), (0, 1), "differ in dimension"),
        (8, (0, 1, 2), r"\(lower, upper\)"),
        (8, 3.0, r"\(lower, upper\)"),
        (8, None, r"\(lower, upper\)"),
        (8, "ab", r"\(lower, upper\)"),
        (8, (1, 0), "lower must be below upper"),
        ("8", (0, 1), "whole number"),
        ((8, 0), (0, 1), "axis 'y'.*n >= 1"),
    ],
)
def test_periodic_refuses(n: Any, interval: Any, message: str) -> None:
    with pytest.raises(GridError, match=message):
        Grid.periodic(n, interval)


def test_grid_refuses_what_are_not_axes() -> None:
    x = Axis("x", 4, 0, 1)
    for axes, message in [
        ((), "one to three"),
        ((x, x), "different names"),
        ((1,), "Axis obj"),
    ]:
        with pytest.raises(GridError, match=message):
            Grid(axes)  # type: ignore[arg-type]


def test_periodic_spreads_sizes_and_intervals_over_dimensions() -> None:
    assert Grid.periodic((4, 6), (0, 1)) == Grid(
        (Axis("x", 4, 0.0, 1.0), Axis("y", 6, 0.0, 1.0))
    )
    assert Grid.periodic(4, ((0, 1), (-1, 1), (0, 2))).lengths == (1.0, 2.0, 2.0)
    assert Grid.periodic(np.int64(4), np.array([0.0, 1.0])) == Grid.periodic([4], [0, 1])


def test_grid_is_a_hashable_frozen_value() -> None:
    a, b = Grid.periodic((4, 6), (0, 1)), Grid.periodic((4, 6), (0.0, 1.0))
    assert a == b
    assert hash(a) == hash(b)
    assert a != a.resize((4, 8))
    with pytest.raises(dataclasses.FrozenInstanceError):
        a.axes = ()  # type: ignore[misc]
    assert isinstance(Axis("x", np.int32(4), 0, 1).n, int)


def test_sizes_and_lengths() -> None:
    grid = Grid((Axis("x", 4, 0, 2), Axis("y", 5, -1, 2, "dirichlet")))
    assert (grid.shape, grid.ndim, grid.size, grid.names) == ((4, 5), 2, 20, ("x", "y"))
    assert grid.spacing == (0.5, 0.5)
    assert grid.volume == 6.0
    assert not grid.is_periodic
    assert grid.resize(7).shape == (7, 7)
    assert grid.resize((8, 11)).axes[1] == Axis("y", 11, -1, 2, "dirichlet")
    with pytest.raises(GridError, match="2 numbers"):
        grid.resize((1, 2, 3))


def test_html_names_every_axis_and_escapes() -> None:
    text = Grid((Axis("x", 4, 0, 2), Axis("y", 5, -1, 2, "dirichlet")))._repr_html_()
    assert text.count("<tr>") == 3
    assert "dirichlet, vertex" in text
    assert "[-1, 2]" in text


# --- points and modes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (("periodic", "vertex"), [0.0, 0.75, 1.5, 2.25]),
        (("periodic", "cell"), [0.375, 1.125, 1.875, 2.625]),
        (("dirichlet", "vertex"), [0.6, 1.2, 1.8, 2.4]),
        (("dirichlet", "cell"), [0.375, 1.125, 1.875, 2.625]),
        (("neumann", "vertex"), [0.0, 1.0, 2.0, 3.0]),
        (("neumann", "cell"), [0.375, 1.125, 1.875, 2.625]),
        (("dirichlet_neumann", "vertex"), [0.75, 1.5, 2.25, 3.0]),
        (("dirichlet_neumann", "cell"), [0.375, 1.125, 1.875, 2.625]),
        (("neumann_dirichlet", "vertex"), [0.0, 0.75, 1.5, 2.25]),
        (("neumann_dirichlet", "cell"), [0.375, 1.125, 1.875, 2.625]),
        (("chebyshev", "vertex"), [0.0, 0.75, 2.25, 3.0]),
    ],
)
def test_points(kind: tuple[str, str], expected: list[float]) -> None:
    axis = make_axis(kind, 4, 0.0, 3.0)
    np.testing.assert_allclose(axis.points(), expected, rtol=4 * EPS, atol=0)
    assert axis.spacing == pytest.approx(np.diff(axis.points()).min(), rel=1e-14)


@pytest.mark.parametrize("n", [2, 3, 4, 33, 64])
def test_chebyshev_points_are_ascending_symmetric_and_end_at_the_walls(n: int) -> None:
    x = make_axis(("chebyshev", "vertex"), n, -1.0, 1.0).points()
    np.testing.assert_allclose(x, -np.cos(np.pi * np.arange(n) / (n - 1)), atol=2 * EPS)
    assert np.array_equal(x, -x[::-1])
    assert (x[0], x[-1]) == (-1.0, 1.0)


@pytest.mark.parametrize("n", SIZES)
def test_periodic_wavenumbers(n: int) -> None:
    axis = Axis("x", n, 0.0, 3.0)
    full, half = axis.wavenumbers(), axis.wavenumbers(real=True)
    np.testing.assert_allclose(full, 2 * np.pi * np.fft.fftfreq(n, 3.0 / n), rtol=4 * EPS)
    np.testing.assert_allclose(half, 2 * np.pi * np.fft.rfftfreq(n, 3.0 / n), rtol=4 * EPS)
    nyquist = np.isclose(abs(full), np.pi * n / 3.0)
    assert nyquist.sum() == (n % 2 == 0)
    assert np.array_equal(axis.wavenumbers(odd=True), np.where(nyquist, 0.0, full))
    assert np.count_nonzero(axis.wavenumbers(real=True, odd=True)) == (n - 1) // 2


def test_wall_wavenumbers() -> None:
    for centring in ("vertex", "cell"):
        sines = make_axis(("dirichlet", centring), 4).wavenumbers()
        np.testing.assert_allclose(sines, np.pi * np.array([1, 2, 3, 4]) / 3, rtol=4 * EPS)
        cosines = make_axis(("neumann", centring), 4).wavenumbers()
        np.testing.assert_allclose(
            cosines, np.pi * np.array([0, 1, 2, 3]) / 3, rtol=4 * EPS
        )
        for boundary in ("dirichlet_neumann", "neumann_dirichlet"):
            halves = make_axis((boundary, centring), 4).wavenumbers()
            np.testing.assert_allclose(halves, np.pi * np.array([0.5, 1.5, 2.5, 3.5]) / 3)
    with pytest.raises(GridError, match="no wavenumbers"):
        make_axis(("chebyshev", "vertex"), 4).wavenumbers()


def test_transform_names() -> None:
    names = [make_axis(kind, 4).transform for kind in KINDS]
    assert names[:6] == ["fft", "fft", "dst1", "dst2", "dct1", "dct2"]
    assert names[6:] == ["dst3", "dst4", "dct3", "dct4", "chebyshev"]


@pytest.mark.parametrize("shape", [(5,), (6,), (4, 5), (5, 6), (3, 4, 5), (4, 1, 6)])
@pytest.mark.parametrize("real", [False, True])
def test_wavenumbers_have_the_shape_of_the_transform(
    shape: tuple[int, ...], real: bool
) -> None:
    grid = Grid.periodic(shape, (0, 1))
    u = np.zeros(shape)
    assert grid.spectral_shape(real) == (np.fft.rfftn(u) if real else np.fft.fftn(u)).shape
    ks = grid.wavenumbers(real)
    assert np.broadcast_shapes(*(k.shape for k in ks)) == grid.spectral_shape(real)
    np.testing.assert_allclose(grid.k_squared(real), sum(k**2 for k in ks))


def test_half_spectrum_is_on_the_last_periodic_axis() -> None:
    walls = Axis("y", 5, 0, 1, "dirichlet")
    assert Grid((Axis("x", 8, 0, 1), walls)).spectral_shape(real=True) == (5, 5)
    assert Grid((walls,)).spectral_shape(real=True) == (5,)


def test_points_broadcast_and_coordinates_are_named() -> None:
    grid = Grid.periodic((2, 3, 4), ((0, 1), (0, 3), (0, 4)))
    assert [p.shape for p in grid.points()] == [(2, 1, 1), (3, 1), (4,)]
    coordinates = grid.coordinates()
    assert list(coordinates) == ["x", "y", "z"]
    assert coordinates["y"].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("like", "dtype"),
    [
        (torch.zeros(1, dtype=torch.complex64), torch.float32),
        (torch.zeros(1, dtype=torch.float32), torch.float32),
        (torch.zeros(1, dtype=torch.complex128), torch.float64),
        (torch.zeros(1, dtype=torch.int32), torch.float64),
        (np.zeros(1, np.complex64), np.float32),
        (np.zeros(1, np.int64), np.float64),
    ],
)
def test_like_gives_namespace_and_precision(like: Any, dtype: Any) -> None:
    grid = Grid.periodic((4, 6), (0, 1))
    for answer in (
        *grid.points(like),
        *grid.wavenumbers(like=like),
        grid.k_squared(like=like),
    ):
        assert type(answer) is type(like)
        assert answer.dtype == dtype


def test_grid_does_not_load_torch() -> None:
    code = (
        "import sys, numpy as np; from pdekit.grid import Grid; import pdekit.spectral;"
        "g = Grid.periodic(8, (0, 1)); g.derivative(g.points()[0]);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'numba', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- quadrature, means and norms --------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 17, 64])
def test_clenshaw_curtis_is_exact_for_polynomials(n: int) -> None:
    grid = Grid((make_axis(("chebyshev", "vertex"), n),))
    (x,) = grid.points()
    for degree in range(min(n, 12)):
        exact = (2.0 ** (degree + 1) - (-1.0) ** (degree + 1)) / (degree + 1)
        assert grid.integrate(x**degree) == pytest.approx(exact, rel=1e-13)
    beyond = n + n % 2  # the next even Chebyshev polynomial is not integrated exactly
    t = np.cos(beyond * np.arccos(np.clip((2 * x - 1) / 3, -1, 1)))
    assert abs(grid.integrate(t) - 1.5 * 2 / (1 - beyond**2)) > 1e-2 / n**2


def test_clenshaw_curtis_weights_are_positive_and_known() -> None:
    axis = make_axis(("chebyshev", "vertex"), 3, -1.0, 1.0)  # Simpson's rule
    np.testing.assert_allclose(axis.weights(), [1 / 3, 4 / 3, 1 / 3], rtol=1e-14)
    assert (make_axis(("chebyshev", "vertex"), 500).weights() > 0).all()


@pytest.mark.parametrize("n", [1, 2, 5, 8, 13])
def test_trapezoid_is_exact_for_trigonometric_polynomials(n: int) -> None:
    grid = Grid.periodic(n, (0.5, 2.5))
    (x,) = grid.points()
    for m in range(1, n):
        assert abs(grid.integrate(np.exp(1j * np.pi * m * x))) < 1e-14 * n
    assert abs(grid.integrate(np.exp(1j * np.pi * n * (x - 0.5)))) == pytest.approx(2.0)


@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize("n", [2, 5, 8])
def test_modes_are_orthogonal_under_the_weights(kind: tuple[str, str], n: int) -> None:
    axis = make_axis(kind, n)
    k, x = axis.wavenumbers(), axis.points()[:, None] - axis.lower
    modes = np.exp(1j * k * x) if kind[0] == "periodic" else wall_mode(kind)(k * x)
    gram = modes.conj().T @ (axis.weights()[:, None] * modes)
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-14)
    assert (abs(np.diag(gram)) > 1).all()


@pytest.mark.parametrize("kind", WALLS)
def test_the_named_transform_finds_the_modes(kind: tuple[str, str]) -> None:
    axis = make_axis(kind, 6)
    x = axis.points() - axis.lower
    name, number = axis.transform[:3], int(axis.transform[3])
    for m, k in enumerate(axis.wavenumbers()):
        found = getattr(fft.get("numpy"), name)(wall_mode(kind)(k * x), number)
        assert abs(found[m]) > 1
        np.testing.assert_allclose(np.delete(found, m), 0.0, atol=1e-13)


@pytest.mark.parametrize("kind", [kind for kind in WALLS if kind[0] != "neumann"])
def test_integral_of_the_first_mode_has_order_two(kind: tuple[str, str]) -> None:
    errors = []
    for n in (16, 32):
        grid = line(kind, n)
        k = grid.axes[0].wavenumbers()[0]
        u = wall_mode(kind)(k * (grid.points()[0] + 1))
        exact = (1 - math.cos(3 * k) if wall_mode(kind) is np.sin else math.sin(3 * k)) / k
        errors.append(abs(grid.integrate(u) - exact))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.15)


def test_integral_of_exp_sin_is_a_bessel_function() -> None:
    grid = Grid.periodic(32, (0, 2 * np.pi))
    (x,) = grid.points()
    u = np.exp(np.sin(x))
    assert grid.integrate(u) == pytest.approx(2 * np.pi * iv(0, 1), rel=1e-15)
    assert grid.mean(u) == pytest.approx(iv(0, 1), rel=1e-15)
    assert grid.norm(u) == pytest.approx(math.sqrt(iv(0, 2)), rel=1e-15)
    assert grid.norm(u, 3) == pytest.approx(iv(0, 3) ** (1 / 3), rel=1e-14)
    assert grid.norm(u, math.inf) == pytest.approx(math.e, rel=1e-15)


def test_integral_on_mixed_axes_keeps_the_batch() -> None:
    grid = Grid(
        (
            Axis("x", 8, 0, 2 * np.pi),
            Axis("y", 12, 0, 1, "chebyshev"),
            Axis("z", 7, 0, 2, "neumann"),
        )
    )
    x, y, z = grid.points()
    u = (1 + np.sin(x)) * y**3 * (3 + np.cos(np.pi * z / 2))
    exact = 2 * np.pi * 0.25 * 6
    batch = np.stack([u, -2j * u]).reshape(2, 1, *grid.shape)
    answer = grid.integrate(batch)
    assert answer.shape == (2, 1)
    np.testing.assert_allclose(answer[:, 0], [exact, -2j * exact], rtol=1e-14)
    np.testing.assert_allclose(
        grid.mean(batch)[:, 0], [exact / grid.volume] * np.array([1, -2j])
    )


def test_sine_norm_on_dirichlet_points() -> None:
    for centring in ("vertex", "cell"):
        grid = line(("dirichlet", centring), 9)
        u = np.sin(np.pi * 4 * (grid.points()[0] + 1) / 3)
        assert grid.norm(u) == pytest.approx(math.sqrt(0.5), rel=1e-14)


def test_inner_product_is_sesquilinear_and_gives_the_norm() -> None:
    grid = Grid.periodic((6, 5), ((0, 1), (0, 3)))
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 3, 6, 5)) + 1j * rng.normal(size=(2, 3, 6, 5))
    np.testing.assert_allclose(grid.inner(u, v), np.mean(u.conj() * v, axis=(-2, -1)))
    np.testing.assert_allclose(grid.inner(2j * u, v), -2j * grid.inner(u, v))
    np.testing.assert_allclose(grid.inner(u, u), grid.norm(u) ** 2)
    np.testing.assert_allclose(grid.norm(u, 1), np.abs(u).mean((-2, -1)))
    for p in (0.5, -1, math.nan):
        with pytest.raises(GridError, match="p >= 1"):
            grid.norm(u, p)


def test_wrong_shapes_are_refused() -> None:
    grid = Grid.periodic((6, 5), (0, 1))
    for wrong in (np.zeros((5, 6)), np.zeros(5), np.zeros((6, 5, 1)), np.float64(1)):
        with pytest.raises(ShapeError, match="6, 5"):
            grid.integrate(wrong)
    assert grid.integrate(np.ones((6, 5), dtype=int)) == pytest.approx(1.0)


# --- derivatives ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "first", "second"),
    [
        (8, 4.318e-3, 1.029e-2),
        (12, 3.825e-5, 8.718e-5),
        (16, 1.762e-7, 3.910e-7),
        (20, 4.988e-10, 1.087e-9),
        (24, 9.6e-13, 2.1e-12),
    ],
)
def test_derivatives_of_exp_sin_have_the_known_errors(
    n: int, first: float, second: float
) -> None:
    grid = Grid.periodic(n, (0, 2 * np.pi))
    (x,) = grid.points()
    f = np.exp(np.sin(x))
    rel = 1e-3 if n < 24 else 0.05
    assert abs(grid.derivative(f) - np.cos(x) * f).max() == pytest.approx(first, rel=rel)
    error = grid.derivative(f, order=2) - (np.cos(x) ** 2 - np.sin(x)) * f
    assert abs(error).max() == pytest.approx(second, rel=rel)


def test_derivatives_of_exp_sin_reach_rounding() -> None:
    grid = Grid.periodic(32, (0, 2 * np.pi))
    (x,) = grid.points()
    f = np.exp(np.sin(x))
    assert abs(grid.derivative(f) - np.cos(x) * f).max() < 2e-14
    assert abs(grid.derivative(f, order=2) - (np.cos(x) ** 2 - np.sin(x)) * f).max() < 2e-13


@pytest.mark.parametrize("kind", KINDS[:2])
def test_nyquist_mode_has_no_odd_derivative(kind: tuple[str, str]) -> None:
    grid = line(kind, 10)
    u = (-1.0) ** np.arange(10)
    k = np.pi * 10 / 3
    for field in (u, 1j * u):
        assert abs(grid.derivative(field)).max() < 1e-13
        assert abs(grid.derivative(field, order=3)).max() < 1e-11
        np.testing.assert_allclose(
            grid.derivative(field, order=2), -(k**2) * field, rtol=1e-14
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [13, 16, 17])
def test_derivatives_of_band_limited_fields(kind: tuple[str, str], n: int) -> None:
    grid, exact = line(kind, n), band_limited(kind)
    (x,) = grid.points()
    for order in range(5):
        got = grid.derivative(exact[0](x), order=order)
        scale = (n**2 if kind[0] == "chebyshev" else n) ** order
        np.testing.assert_allclose(got, exact[order](x), atol=20 * EPS * scale)
        both = grid.derivative((1 - 2j) * exact[0](x), order=order)
        np.testing.assert_allclose(both, (1 - 2j) * exact[order](x), atol=60 * EPS * scale)


@pytest.mark.parametrize("kind", WALLS)
@pytest.mark.parametrize("n", [2, 3, 6, 7])
def test_every_wall_mode_is_an_eigenvector_of_the_second_derivative(
    kind: tuple[str, str], n: int
) -> None:
    grid = line(kind, n)
    (x,) = grid.points()
    for k in grid.axes[0].wavenumbers():
        mode = wall_mode(kind)(k * (x + 1))
        got = grid.derivative(mode, order=2)
        np.testing.assert_allclose(got, -(k**2) * mode, atol=1e-13 * (1 + k**2))


def test_chebyshev_converges_geometrically() -> None:
    # Runge's function has poles at ±0.5i: the error falls like ρ⁻ⁿ, ρ = (1 + √5) / 2.
    errors = []
    for n in (20, 40, 60):
        grid = Grid((Axis("x", n, -1, 1, "chebyshev"),))
        (x,) = grid.points()
        exact = -8 * x / (1 + 4 * x * x) ** 2
        errors.append(abs(grid.derivative(1 / (1 + 4 * x * x)) - exact).max())
    rates = [math.log(a / b) / 20 for a, b in pairwise(errors)]
    assert rates == pytest.approx([math.log((1 + math.sqrt(5)) / 2)] * 2, rel=0.1)


def test_partial_derivatives_by_index_and_name() -> None:
    grid = Grid(
        (
            Axis("x", 12, 0, 2 * np.pi),
            Axis("y", 9, 0, 1, "chebyshev"),
            Axis("z", 11, 0, np.pi, "dirichlet"),
        )
    )
    x, y, z = grid.points()
    u = np.stack([np.sin(2 * x) * y**4 * np.sin(3 * z)] * 2)
    wanted = {
        "x": 2 * np.cos(2 * x) * y**4 * np.sin(3 * z),
        "y": np.sin(2 * x) * 4 * y**3 * np.sin(3 * z),
        "z": np.sin(2 * x) * y**4 * 3 * np.cos(3 * z),
    }
    for i, (name, exact) in enumerate(wanted.items()):
        for axis in (name, i, i - 3):
            got = grid.derivative(u, axis)
            np.testing.assert_allclose(got, np.stack([exact] * 2), atol=1e-12)
    mixed = grid.derivative(grid.derivative(u, "x"), "z")
    np.testing.assert_allclose(
        mixed, grid.derivative(grid.derivative(u, "z"), 0), atol=1e-11
    )


def test_derivative_refuses_wrong_axis_and_order() -> None:
    grid = Grid.periodic(8, (0, 1))
    u = np.zeros(8)
    with pytest.raises(UnknownName, match="unknown axis 'y'"):
        grid.derivative(u, "y")
    for axis in (1, -2, 0.0, False):
        with pytest.raises(GridError, match="axis must be"):
            grid.derivative(u, axis)  # type: ignore[arg-type]
    for order in (-1, 1.5, True):
        with pytest.raises(GridError, match="order must be"):
            grid.derivative(u, order=order)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", SIZES)
def test_derivative_against_a_dense_sum(n: int) -> None:
    grid = Grid.periodic(n, (0, 2 * np.pi))
    (x,) = grid.points()
    u = np.random.default_rng(n).normal(size=n)
    m = np.arange(-((n - 1) // 2), (n - 1) // 2 + 1)  # without the Nyquist mode
    modes = np.exp(1j * np.outer(x, m))
    expected = (modes @ (1j * m * (modes.conj().T @ u) / n)).real
    np.testing.assert_allclose(grid.derivative(u), expected, atol=1e-13 * n * n)


# --- interpolation ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [13, 16])
@pytest.mark.parametrize("other", [13, 14, 15, 16, 31, 40])
def test_interpolation_of_band_limited_fields_is_exact(
    kind: tuple[str, str], n: int, other: int
) -> None:
    grid, f = line(kind, n), band_limited(kind)[0]
    target = grid.resize(other)
    (x,), (z,) = grid.points(), target.points()
    for factor in (1.0, 1 - 2j):
        up = grid.interpolate(factor * f(x), target)
        np.testing.assert_allclose(up, factor * f(z), atol=1e-13)
        np.testing.assert_allclose(target.interpolate(up, grid), factor * f(x), atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@given(n=st.integers(2, 24), extra=st.integers(0, 24), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_refining_loses_nothing(
    kind: tuple[str, str], n: int, extra: int, seed: int
) -> None:
    grid = line(kind, n)
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(2, n)) + 1j * rng.normal(size=(2, n))
    fine = grid.resize(n + extra)
    back = fine.interpolate(grid.interpolate(u, fine), grid)
    np.testing.assert_allclose(back, u, atol=1e-12)


@pytest.mark.parametrize("n", [5, 6, 9, 16, 17])
@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("centring", ["vertex", "cell"])
def test_coarsening_is_the_truncated_series_at_the_points(
    n: int, m: int, centring: str
) -> None:
    grid, coarse = line(("periodic", centring), n), line(("periodic", centring), m)
    rng = np.random.default_rng(n * m)
    u = rng.normal(size=n) + 1j * rng.normal(size=n)
    x, z = grid.points()[0][:, None], coarse.points()[0][:, None]
    k = np.arange(-(n // 2), n // 2 + 1)
    share = np.where(
        2 * abs(k) == n, 0.5, 1.0
    )  # ±N/2 carry one half of the Nyquist mode each
    c = share / n * (np.exp(-2j * np.pi / 3 * k * x) * u[:, None]).sum(0)
    kept = 2 * abs(k) <= m
    expected = np.exp(2j * np.pi / 3 * k[kept] * z) @ c[kept]
    np.testing.assert_allclose(grid.interpolate(u, coarse), expected, atol=1e-13)


@pytest.mark.parametrize("kind", WALLS)
@pytest.mark.parametrize("m", [2, 4, 5, 12, 13])
def test_every_mode_of_a_coarse_grid_with_walls_survives(
    kind: tuple[str, str], m: int
) -> None:
    grid, coarse = line(kind, 14), line(kind, m)
    (x,), (z,) = grid.points(), coarse.points()
    mode = wall_mode(kind)
    for k in coarse.axes[0].wavenumbers():
        got = grid.interpolate(mode(k * (x + 1)), coarse)
        np.testing.assert_allclose(got, mode(k * (z + 1)), atol=1e-13)


def test_nyquist_mode_is_refined_to_a_cosine() -> None:
    grid, fine = Grid.periodic(8, (0, 1)), Grid.periodic(32, (0, 1))
    (x,) = fine.points()
    for n in (8, 9, 16, 32):
        up = grid.interpolate((1 + 1j) * (-1.0) ** np.arange(8), Grid.periodic(n, (0, 1)))
        (z,) = Grid.periodic(n, (0, 1)).points()
        np.testing.assert_allclose(up, (1 + 1j) * np.cos(8 * np.pi * z), atol=1e-14)
    down = fine.interpolate(
        np.sin(8 * np.pi * x), grid
    )  # a sine vanishes at the coarse points
    assert abs(down).max() < 1e-14


def test_interpolation_of_real_fields_stays_real_and_identity_is_exact() -> None:
    grid = Grid.periodic((5, 8), (0, 1))
    u = np.random.default_rng(3).normal(size=(2, 5, 8))
    assert np.array_equal(grid.interpolate(u, grid), u)
    assert grid.interpolate(u, grid.resize((10, 9))).dtype == np.float64


def test_interpolation_in_three_dimensions_and_across_centrings() -> None:
    grid = Grid(
        (
            Axis("x", 9, -1, 2),
            Axis("y", 10, -1, 2, "neumann"),
            Axis("z", 12, -1, 2, "dirichlet", "cell"),
        )
    )
    other = Grid(
        (
            Axis("x", 12, -1, 2, "periodic", "cell"),
            Axis("y", 8, -1, 2, "neumann", "cell"),
            Axis("z", 9, -1, 2, "dirichlet"),
        )
    )
    f, g, h = (band_limited(k)[0] for k in (KINDS[0], KINDS[4], KINDS[2]))

    def field(grid: Grid) -> Any:
        x, y, z = grid.points()
        return f(x) * g(y) * h(z)

    np.testing.assert_allclose(
        grid.interpolate(field(grid), other), field(other), atol=1e-13
    )


def test_interpolation_onto_another_boundary() -> None:
    grid, f = line(KINDS[0], 16), band_limited(KINDS[0])[0]
    target = line(CHEBYSHEV, 20)
    got = grid.interpolate(f(grid.points()[0]) * (2 + 1j), target)
    np.testing.assert_allclose(got, f(target.points()[0]) * (2 + 1j), atol=1e-13)


def test_interpolation_needs_the_same_box() -> None:
    grid = Grid.periodic(8, (0, 1))
    with pytest.raises(GridError, match="same interval"):
        grid.interpolate(np.zeros(8), Grid.periodic(8, (0, 1.001)))
    with pytest.raises(ShapeError, match="1 axes"):
        grid.interpolate(np.zeros(8), Grid.periodic((8, 8), (0, 1)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2, 3, 8, 9])
def test_evaluation_at_the_points_gives_the_values_back(
    kind: tuple[str, str], n: int
) -> None:
    grid = line(kind, n)
    rng = np.random.default_rng(n)
    u = rng.normal(size=(2, 3, n)) + 1j * rng.normal(size=(2, 3, n))
    np.testing.assert_allclose(grid.evaluate(u, grid.points()), u, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@given(z=st.lists(st.floats(-1, 2), max_size=5), n=st.integers(12, 21))
@settings(max_examples=25, deadline=None)
def test_evaluation_of_band_limited_fields(
    kind: tuple[str, str], z: list[float], n: int
) -> None:
    grid, f = line(kind, n), band_limited(kind)[0]
    got = grid.evaluate(f(grid.points()[0]), np.array(z))
    np.testing.assert_allclose(got, f(np.array(z)), atol=1e-13)


def test_evaluation_in_two_dimensions_at_scattered_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = Grid((Axis("x", 14, -1, 2), Axis("y", 9, -1, 2, "chebyshev")))
    f, g = band_limited(KINDS[0])[0], band_limited(CHEBYSHEV)[0]
    x, y = grid.points()
    u = np.stack([f(x) * g(y), -f(x) * g(y)])
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-1, 2, (4, 6)), rng.uniform(-1, 2, 6)
    expected = np.stack([f(a) * g(b), -f(a) * g(b)])
    whole = grid.evaluate(u, (a, b))
    np.testing.assert_allclose(whole, expected, atol=1e-13)
    np.testing.assert_allclose(grid.evaluate(u, (a + 3, b)), expected, atol=1e-12)  # wraps
    monkeypatch.setattr(series, "_CHUNK", 1)  # one point at a time
    np.testing.assert_allclose(grid.evaluate(u, (a, b)), whole, atol=1e-14)
    assert grid.evaluate(u, (0.0, 0.0)).shape == (2,)


def test_evaluation_refuses_points_outside() -> None:
    grid = line(KINDS[2], 8)
    for bad in ([-1.001], [2.5], [math.nan]):
        with pytest.raises(GridError, match="the points must"):
            grid.evaluate(np.zeros(8), bad)
    with pytest.raises(GridError, match="finite"):
        Grid.periodic(4, (0, 1)).evaluate(np.zeros(4), math.inf)
    with pytest.raises(ShapeError, match="2 coordinate arrays"):
        Grid.periodic((4, 4), (0, 1)).evaluate(np.zeros((4, 4)), (0.0,))


# --- torch ------------------------------------------------------------------------------


def box(kind: tuple[str, str]) -> Grid:
    return Grid((Axis("x", 6, -1, 2), Axis("y", 7, -1, 2, *kind)))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_torch_gives_the_same_numbers(kind: tuple[str, str]) -> None:
    grid = box(kind)
    rng = np.random.default_rng(5)
    u = rng.normal(size=(2, 6, 7)) + 1j * rng.normal(size=(2, 6, 7))
    points = (np.array([0.1, 1.2]), np.array([-0.3, 1.9]))
    calls: list[Callable[[Any], Any]] = [
        grid.integrate,
        grid.mean,
        grid.norm,
        lambda v: grid.norm(v, 3),
        lambda v: grid.norm(v, math.inf),
        lambda v: grid.inner(v, v),
        lambda v: grid.derivative(v, "y"),
        lambda v: grid.derivative(v, "x", 2),
        lambda v: grid.interpolate(v, grid.resize((9, 5))),
        lambda v: grid.evaluate(v, points),
    ]
    for call in calls:
        for field in (u, u.real):
            got = call(torch.from_numpy(field.copy()))
            assert isinstance(got, torch.Tensor)
            np.testing.assert_allclose(got.numpy(), call(field), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_right(kind: tuple[str, str]) -> None:
    grid = box(kind)
    torch.manual_seed(0)
    u = torch.randn(6, 7, dtype=torch.complex128, requires_grad=True)
    z = (
        torch.tensor([0.1, -1.0], dtype=torch.float64, requires_grad=True),
        torch.tensor([1.4, 2.0], dtype=torch.float64, requires_grad=True),
    )
    check = partial(torch.autograd.gradcheck, fast_mode=True)
    assert check(lambda v: grid.derivative(v, "y"), u)
    assert check(lambda v: grid.interpolate(v, grid.resize((5, 8))), u)
    assert check(lambda v: grid.norm(v), u)
    inside = tuple((0.9 * p.detach() + 0.01).requires_grad_() for p in z)
    assert check(lambda v, a, b: grid.evaluate(v, (a, b)), (u, *inside))
    gradients = torch.autograd.grad(grid.evaluate(u, z).real.sum(), z)  # at the walls too
    assert all(bool(g.isfinite().all()) for g in gradients)


def test_gradient_in_the_points_is_the_spectral_derivative() -> None:
    grid = line(CHEBYSHEV, 12)
    f = band_limited(CHEBYSHEV)
    z = torch.linspace(-1, 2, 7, dtype=torch.float64, requires_grad=True)
    u = f[0](grid.points()[0])  # a NumPy field at points that are a tensor
    (slope,) = torch.autograd.grad(grid.evaluate(u, z).sum(), z)
    np.testing.assert_allclose(slope.numpy(), f[1](z.detach().numpy()), atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_is_kept(kind: tuple[str, str]) -> None:
    grid = box(kind)
    for u in (np.ones((6, 7), np.float32), torch.ones(6, 7, dtype=torch.float32)):
        for got in (
            grid.integrate(u),
            grid.norm(u),
            grid.derivative(u, "y"),
            grid.derivative(u, "x"),
            grid.interpolate(u, grid.resize(8)),
            grid.evaluate(u, (np.array([0.2]), np.array([0.3]))),
        ):
            assert got.dtype == u.dtype
        assert grid.derivative(u + 0j, "y").dtype in (np.complex64, torch.complex64)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_tensors_stay_on_their_device() -> None:
    grid = box(CHEBYSHEV)
    u = np.random.default_rng(0).normal(size=(6, 7))
    v = torch.from_numpy(u).cuda()
    for call in (
        grid.norm,
        lambda w: grid.derivative(w, "y"),
        lambda w: grid.interpolate(w, grid.resize(9)),
    ):
        got = call(v)
        assert got.device == v.device
        np.testing.assert_allclose(got.cpu().numpy(), call(u), atol=1e-12)
