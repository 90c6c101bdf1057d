"""Compiled steps against the same formulas on whole arrays, and what they may cost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from pdekit import lanes, registry, spectral
from pdekit.engine import _buffers, make_engine
from pdekit.engine import _compiled_program as compiled_program
from pdekit.equation import AbstractEquation
from pdekit.formulas import i_times, sin
from pdekit.grid import Grid
from pdekit.stepping import System
from pdekit.typing import Array

STEPS, STEP = 13, 1e-2
TWO_PI = 2 * np.pi


class Pendulum(AbstractEquation):
    """N with a function, the variable itself, and a source that changes with time."""

    name: ClassVar[str] = "pendulum"
    fields: ClassVar[tuple[str, ...]] = ("u",)

    def symbol(self, grid: Grid) -> Array:
        return -0.1 * grid.k_squared(real=True)[None]

    @staticmethod
    def product(u: Any) -> Any:
        return sin(u)

    @staticmethod
    def assemble(p: Any, u: Any, kx: Any) -> Any:
        return -p + i_times(kx * u)


class Exchange(AbstractEquation):
    """Two coupled fields without a product."""

    name: ClassVar[str] = "exchange"
    fields: ClassVar[tuple[str, ...]] = ("u", "v")

    def symbol(self, grid: Grid) -> Array:
        return -0.1 * grid.k_squared(real=True)[None]

    @staticmethod
    def assemble(u: Any, v: Any) -> Any:
        return -v, u


class Weighted(AbstractEquation):
    """A product with a field that has a value of its own at every point."""

    name: ClassVar[str] = "weighted"
    fields: ClassVar[tuple[str, ...]] = ("u",)

    def symbol(self, grid: Grid) -> Array:
        return -0.1 * grid.k_squared(real=True)[None]

    def coefficients(self, grid: Grid, t: float) -> dict[str, Array]:
        return {"weight": np.random.default_rng(5).standard_normal(grid.shape)}

    @staticmethod
    def product(u: Any, weight: Any) -> Any:
        return weight * u * u


def box(*points: int) -> Grid:
    return Grid.periodic(points, [(0, TWO_PI), (0, 3.0), (0, 5.0)][: len(points)])


EQUATIONS: dict[str, tuple[Callable[[], AbstractEquation], str, list[Grid]]] = {
    "kuramoto_sivashinsky": (
        registry.equation("kuramoto_sivashinsky"),
        "etdrk4",
        [box(48), box(45), box(7)],
    ),
    "kdv": (registry.equation("kdv"), "etdrk4", [box(32), box(31)]),
    "navier_stokes_2d": (
        registry.equation("navier_stokes_2d"),
        "ifrk4",
        [box(24, 36), box(25, 17), box(7, 30)],
    ),
    "gray_scott": (registry.equation("gray_scott"), "ifrk4", [box(24, 30), box(9, 10)]),
    "navier_stokes_3d": (
        registry.equation("navier_stokes_3d"),
        "ifrk4",
        [box(12, 16, 18), box(9, 11, 13)],
    ),
    "pendulum": (lambda: Pendulum(source="0.3*sin(x)*cos(3*t)"), "ifrk4", [box(32)]),
    "exchange": (Exchange, "ifrk4", [box(16), box(15)]),
}


def smooth(grid: Grid, channels: int, members: int = 1) -> Array:
    """Random fields of which every mode of the grid has a part."""
    rng = np.random.default_rng(3)
    u = rng.standard_normal((members, channels, *grid.shape))
    axes = tuple(range(-grid.ndim, 0))
    numbers = np.meshgrid(*grid.modes(True), indexing="ij")
    decay = np.exp(-sum(m * m for m in numbers) / 8)
    return np.fft.irfftn(decay * np.fft.rfftn(u, axes=axes), s=grid.shape, axes=axes)


def advanced(
    equation: AbstractEquation,
    grid: Grid,
    engine: str,
    integrator: str,
    u: Array,
    *,
    mask: Array | str = "auto",
    **how: Any,
) -> Array:
    arrays = make_engine(engine, grid, channels=len(equation.fields), members=len(u), **how)
    if isinstance(mask, str):
        name = equation.dealias if mask == "auto" else mask
        chosen = spectral.mask(name, grid, real=not equation.complex)
    else:
        chosen = mask
    system = System(equation, grid, arrays, start=0.0, end=STEP * STEPS, mask=chosen)
    stepper = registry.integrator(integrator).start(system, STEPS)
    state = stepper.advance(stepper.start(u), system.end, STEPS)
    return np.asarray(stepper.sample(state, system.end))


def difference(a: Array, b: Array) -> float:
    return float(np.abs(a - b).max() / np.abs(b).max())


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut even these grids into slabs and bundles, and let threads share them."""
    monkeypatch.setattr(_buffers, "SLAB_BYTES", 1 << 13)
    monkeypatch.setattr(_buffers, "BUNDLE_BYTES", 1 << 13)
    monkeypatch.setattr(compiled_program, "SHARED", 1)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("mask", ["auto", "none", "two_thirds", "half"])
@pytest.mark.parametrize("name", EQUATIONS)
def test_compiled_steps_are_those_of_the_formulas(
    name: str, mask: str, members: int, small_pieces: None
) -> None:
    make, integrator, grids = EQUATIONS[name]
    for grid in grids:
        equation = make()
        u = smooth(grid, len(equation.fields), members)
        found, expected = (
            advanced(equation, grid, engine, integrator, u, mask=mask)
            for engine in ("fused", "numpy")
        )
        assert difference(found, expected) < 1e-13


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", ["navier_stokes_2d", "navier_stokes_3d", "pendulum"])
def test_two_threads_change_no_digit(name: str, members: int, small_pieces: None) -> None:
    make, integrator, grids = EQUATIONS[name]
    for grid in grids:
        equation = make()
        u = smooth(grid, len(equation.fields), members)
        one, two = (
            advanced(equation, grid, "fused", integrator, u, workers=workers)
            for workers in (1, 2)
        )
        assert difference(two, one) < 1e-14


@pytest.mark.parametrize("name", ["kuramoto_sivashinsky", "navier_stokes_2d", "pendulum"])
def test_a_smooth_filter(name: str) -> None:
    make, integrator, grids = EQUATIONS[name]
    grid, equation = grids[0], make()
    u = smooth(grid, 1)
    mask = spectral.exponential(grid, order=4.0, real=True)
    found, expected, sharp = (
        advanced(equation, grid, engine, integrator, u, mask=m)
        for engine, m in (("fused", mask), ("numpy", mask), ("fused", "two_thirds"))
    )
    assert difference(found, expected) < 1e-13
    assert difference(sharp, expected) > 1e-12  # it matters


@pytest.mark.parametrize("name", EQUATIONS)
def test_torch_computes_the_same(name: str) -> None:
    pytest.importorskip("torch")
    make, integrator, grids = EQUATIONS[name]
    grid, equation = grids[0], make()
    u = smooth(grid, len(equation.fields), 2)
    found, expected = (
        advanced(equation, grid, engine, integrator, u) for engine in ("torch", "numpy")
    )
    assert difference(found, expected) < 1e-13


def test_single_precision_is_single() -> None:
    make, integrator, grids = EQUATIONS["navier_stokes_2d"]
    u = smooth(grids[0], 1)
    found, expected = (
        advanced(make(), grids[0], "fused", integrator, u, precision=precision)
        for precision in ("single", "double")
    )
    assert found.dtype == np.float32
    assert 1e-9 < difference(found, expected) < 1e-5


@pytest.mark.parametrize(
    ("name", "per_evaluation"),
    [("kuramoto_sivashinsky", 2), ("kdv", 2), ("gray_scott", 3),
     ("navier_stokes_2d", 4), ("navier_stokes_3d", 8)],
)  # fmt: skip
def test_the_least_number_of_transforms(name: str, per_evaluation: int) -> None:
    """The table of minimal counts: 16 real ones in a 2-D Runge–Kutta step, 32 in 3-D."""
    make, integrator, grids = EQUATIONS[name]
    grid, equation = grids[0], make()
    engine = make_engine("fused", grid, channels=len(equation.fields))
    mask = spectral.mask(equation.dealias, grid, real=True)
    system = System(equation, grid, engine, start=0.0, end=1.0, mask=mask)
    stepper = registry.integrator(integrator).start(system, 1000)
    state = stepper.start(smooth(grid, len(equation.fields)))
    before = engine.transforms
    stepper.advance(state, 1.0, 10)
    assert engine.transforms - before == 10 * 4 * per_evaluation


@pytest.mark.parametrize(
    ("name", "points", "workers"),
    [
        ("navier_stokes_2d", (512, 512), 1),
        ("navier_stokes_2d", (512, 512), 2),
        ("kdv", (8192,), 1),
    ],
)
def test_steps_allocate_nothing_and_states_are_small(
    name: str, points: tuple[int, ...], workers: int
) -> None:
    """Ten steps within 64 KiB and half a field, at most twelve arrays of its size."""
    grid = Grid.periodic(points, ((0, TWO_PI),) * len(points))
    equation = registry.equation(name)()
    x, *rest = grid.points()
    y = rest[0] if rest else 0.0
    engine = make_engine("fused", grid, channels=1, workers=workers)
    system = System(
        equation, grid, engine, start=0.0, end=1.0, mask=spectral.two_thirds(grid, True)
    )
    stepper = registry.integrator("ifrk4").start(system, 1000)
    state = stepper.start((np.sin(x) * np.sin(y) + np.cos(x + 2 * y))[None, None])
    state = stepper.advance(state, 1.0, 1)
    program, weights = stepper.program, stepper._weights
    tracemalloc.start()
    program.run(weights, [0.0] * 10, stepper.h)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < min(64 * 1024, 4 * grid.size)
    arrays = [*program.arrays.values(), *weights.values(), *program._given.values()]
    held = sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
    assert held < 12 * 8 * grid.size


@pytest.mark.parametrize(
    ("name", "points", "mask", "precision"),
    [
        ("navier_stokes_2d", (48, 80), "two_thirds", "double"),
        ("navier_stokes_2d", (48, 80), "none", "double"),
        ("navier_stokes_2d", (48, 80), "two_thirds", "single"),
        ("gray_scott", (112, 30), "none", "double"),
        ("navier_stokes_3d", (10, 32, 36), "two_thirds", "double"),
        ("navier_stokes_3d", (11, 16, 16), "none", "double"),
        ("kdv", (1024,), "two_thirds", "double"),
        ("kuramoto_sivashinsky", (640,), "none", "double"),
        ("kuramoto_sivashinsky", (512,), "two_thirds", "single"),
        ("gray_scott", (384,), "none", "double"),
    ],
)
def test_lines_in_lanes_and_one_after_the_other(
    name: str, points: tuple[int, ...], mask: str, precision: str, small_pieces: None
) -> None:
    """The same steps by FFTW; the vorticity's bundles and slabs end within a register.

    In one dimension two members do not fill a register: each has a line of its own.
    """
    grid, equation = box(*points), registry.equation(name)()
    u = smooth(grid, len(equation.fields), 2)
    how: dict[str, Any] = {"mask": mask, "precision": precision}
    in_lanes, by_fftw = (
        advanced(equation, grid, "fused", "etdrk4", u, fft=fft, **how)
        for fft in ("auto", "pyfftw")
    )
    assert difference(in_lanes, by_fftw) < (1e-13 if precision == "double" else 1e-4)


def test_transforms_in_use_are_named() -> None:
    """In lanes where lengths are smooth and fill them, by FFTW elsewhere."""
    if not lanes.lanes(False):
        pytest.skip("registers shorter than 32 bytes: FFTW does it all")
    for points, fft, used in (
        ((32, 48), "auto", "lanes"),
        ((32, 48), "pyfftw", "pyfftw"),
        ((32, 22), "auto", "lanes and pyfftw"),
        ((11, 13), "auto", "pyfftw"),
        ((256,), "auto", "lanes"),
        ((256,), "pyfftw", "pyfftw"),
        ((250,), "auto", "pyfftw"),
    ):
        equation = registry.equation("navier_stokes_2d" if len(points) > 1 else "kdv")()
        engine = make_engine("fused", box(*points), channels=1, fft=fft)
        system = System(equation, box(*points), engine, start=0.0, end=1.0)
        stepper = registry.integrator("etdrk4").start(system, 100)
        stepper.advance(stepper.start(smooth(box(*points), 1)), 1.0, 1)
        assert engine.transforms_in_use["backend"] == used


@pytest.mark.parametrize("points", [(32, 24), (384,)])
def test_a_coefficient_field_lies_where_the_products_look(
    points: tuple[int, ...], small_pieces: None
) -> None:
    """Slabs in lanes have an order of their own; every point has its own value here."""
    grid = box(*points)
    u = smooth(grid, 1)
    found, expected = (
        advanced(Weighted(), grid, engine, "ifrk4", u) for engine in ("fused", "numpy")
    )
    assert difference(found, expected) < 1e-13


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("mask", ["auto", "none", "exponential"])
@pytest.mark.parametrize("name", ["kuramoto_sivashinsky", "kdv", "steady_pendulum"])
@pytest.mark.parametrize(("points", "groups"), [(48, 4), (384, 2), (384, 0)])
def test_members_of_one_dimension(
    points: int, groups: int, name: str, mask: str, workers: int
) -> None:
    """As many lines as there are lanes at once, or a line in pieces, of 11 members.

    Each member is what it is alone.
    """
    grid = box(points)
    equation = (
        Pendulum(source="0.3*sin(x) + 0.1")
        if name == "steady_pendulum"
        else registry.equation(name)()
    )
    width = lanes.lanes(False) or 8
    chosen: Any = (
        spectral.exponential(grid, order=4.0, real=True) if mask == "exponential" else mask
    )
    u = smooth(grid, 1, groups * width or 11)
    found = advanced(equation, grid, "fused", "etdrk4", u, mask=chosen, workers=workers)
    expected = advanced(equation, grid, "numpy", "etdrk4", u, mask=chosen)
    assert difference(found, expected) < 1e-13
    alone = advanced(equation, grid, "fused", "etdrk4", u[5:6], mask=chosen)
    assert difference(found[5:6], alone) < 1e-13
