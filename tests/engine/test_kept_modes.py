"""Steps on the kept modes of whole arrays: in slabs, with either library, in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from pdekit import lanes, registry, spectral, threads
from pdekit.engine import _generic, _kept_modes, _lane_passes, make_engine
from pdekit.equation import AbstractEquation
from pdekit.fft import _torch
from pdekit.grid import Grid
from pdekit.stepping import System
from pdekit.typing import Array
from tests.engine.test_programs import EQUATIONS, box, difference, smooth

torch = pytest.importorskip("torch")

STEP = 1e-2


def trapped(**params: Any) -> AbstractEquation:
    """Complex, with a coefficient that varies along every axis, also with time."""
    potential = "x + 0.3*y**2 + sin(t)"
    return registry.equation("gross_pitaevskii")(potential=potential, **params)


class Forced(AbstractEquation):
    """A real field with a coefficient and a source."""

    name: ClassVar[str] = "forced"
    fields: ClassVar[tuple[str, ...]] = ("u",)

    def symbol(self, grid: Grid) -> Array:
        return -0.1 * grid.k_squared(real=True)[None]

    def coefficients(self, grid: Grid, t: float) -> dict[str, Array]:
        x, y = grid.points()
        return {"c": np.cos(x + 2 * np.pi / 3 * y)}

    @staticmethod
    def product(u: Any, c: Any) -> Any:
        return c * u * u


PROBLEMS: dict[str, tuple[Callable[[], AbstractEquation], list[Grid]]] = {
    **{name: (make, grids) for name, (make, _, grids) in EQUATIONS.items()},
    "trapped": (trapped, [box(12, 14), box(7, 9)]),
    "rotating": (lambda: trapped(rotation=0.3), [box(12, 10)]),
    "condensate_3d": (lambda: registry.equation("gross_pitaevskii")(), [box(5, 6, 8)]),
    "forced": (lambda: Forced(source="sin(x)*cos(3*t)"), [box(18, 20), box(11, 13)]),
    "forced_lanes": (lambda: Forced(source="sin(x)*cos(3*t)"), [box(48, 30), box(16, 24)]),
    "plane_lanes": (registry.equation("navier_stokes_2d"), [box(32, 28), box(16, 24)]),
    "space_lanes": (registry.equation("navier_stokes_3d"), [box(6, 16, 24)]),
}
IN_LANES = [name for name in PROBLEMS if name.endswith("_lanes")]
"""Lengths that the compiled passes know, in groups of 16 lines at most."""


@pytest.fixture(params=["whole", "slabs"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whole arrays by torch.fft, or slabs by ducc or in lanes, even on these grids."""
    if request.param == "slabs":
        pytest.importorskip("ducc0")
        cut_up(monkeypatch)
    return str(request.param)


def cut_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_generic, "SLAB_BYTES", 1)
    monkeypatch.setattr(_torch, "LONG", 0)
    monkeypatch.setattr(_kept_modes, "FEWEST", 0)


def start(equation: AbstractEquation, grid: Grid, members: int = 2) -> Array:
    u = smooth(grid, len(equation.fields), members)
    return u * (1 + 0.5j) + 0.1j if equation.complex else u


def steps(
    equation: AbstractEquation,
    grid: Grid,
    engine: str,
    u: Any,
    *,
    mask: Any = "two_thirds",
    integrator: str = "ifrk4",
    count: int = 1,
    precision: str = "double",
) -> Any:
    arrays = make_engine(
        engine, grid, channels=len(equation.fields), members=len(u), precision=precision
    )
    if isinstance(mask, str):
        mask = spectral.mask(mask, grid, real=not equation.complex)
    system = System(equation, grid, arrays, start=0.1, end=0.1 + count * STEP, mask=mask)
    stepper = registry.integrator(integrator).start(system, count)
    state = stepper.advance(stepper.start(u), system.end, count)
    return stepper.sample(state, system.end)


@pytest.mark.parametrize("mask", ["two_thirds", "none", "smooth"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_step_of_arrays_is_the_compiled_one(name: str, mask: Any, pieces: str) -> None:
    make, grids = PROBLEMS[name]
    for grid in grids:
        equation = make()
        u = start(equation, grid)
        factors = mask
        if mask == "smooth":
            factors = spectral.exponential(grid, order=4.0, real=not equation.complex)
        *found, expected = (
            np.asarray(steps(equation, grid, engine, u, mask=factors))
            for engine in ("torch", "numpy", "fused")
        )
        for other in found:
            assert difference(other, expected) < 1e-13


@pytest.mark.parametrize("points", [(512, 250), (500, 250)])
@pytest.mark.parametrize("integrator", ["ifrk4", "etdrk4"])
def test_a_large_step_is_the_compiled_one(integrator: str, points: tuple[int, ...]) -> None:
    """Large enough for slabs, and for passes in lanes or the other library, as they are."""
    grid, equation = box(*points), registry.equation("navier_stokes_2d")()
    u = smooth(grid, 1)
    *found, expected = (
        np.asarray(steps(equation, grid, engine, u, integrator=integrator))
        for engine in ("torch", "numpy", "fused")
    )
    for other in found:
        assert difference(other, expected) < 1e-13


@pytest.mark.skipif(not lanes.lanes(False), reason="registers are too short")
def test_transforms_in_use_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """In lanes where lengths are smooth and fill them, but for the first and the last."""
    cut_up(monkeypatch)
    for engine, fft, points, used in (
        ("torch", "auto", (16, 24), "lanes and torch"),
        ("torch", "torch", (16, 24), "torch"),
        ("torch", "auto", (16, 22), "torch"),
        ("torch", "auto", (18, 24), "torch"),
        ("numpy", "auto", (16, 24), "lanes and numpy"),
        ("numpy", "scipy", (16, 24), "scipy"),
    ):
        equation, grid = registry.equation("navier_stokes_2d")(), box(*points)
        arrays = make_engine(engine, grid, channels=1, fft=fft)
        mask = spectral.mask("two_thirds", grid, real=True)
        system = System(equation, grid, arrays, start=0.0, end=1.0, mask=mask)
        program = system.program(())
        program.nonlinear(program.open(smooth(grid, 1)), 0.0)
        assert arrays.transforms_in_use["backend"] == used


@pytest.mark.parametrize("name", IN_LANES)
def test_single_precision_in_lanes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_up(monkeypatch)
    make, grids = PROBLEMS[name]
    equation, grid = make(), grids[0]
    u = start(equation, grid)
    expected = np.asarray(steps(equation, grid, "torch", u))
    found = np.asarray(steps(equation, grid, "torch", u, precision="single"))
    assert found.dtype == np.float32
    assert 1e-9 < difference(found, expected) < 2e-6


@pytest.mark.parametrize("points", [(24, 36), (25, 17), (7, 30), (9, 11, 13), (8, 6, 4)])
def test_products_are_those_of_full_arrays(points: tuple[int, ...], pieces: str) -> None:
    """Mask, square, mask on all modes with NumPy alone."""

    class Square(AbstractEquation):
        name: ClassVar[str] = "square"
        fields: ClassVar[tuple[str, ...]] = ("u",)

        def symbol(self, grid: Grid) -> Array:
            return 0.0 * grid.k_squared(real=True)[None]

        @staticmethod
        def product(u: Any) -> Any:
            return u * u

    grid = box(*points)
    mask = spectral.two_thirds(grid, True)
    axes = tuple(range(2, 2 + grid.ndim))
    u = np.random.default_rng(5).standard_normal((3, 1, *points))

    def masked(v: Array) -> Array:
        return np.fft.irfftn(mask * np.fft.rfftn(v, axes=axes), s=points, axes=axes)

    for engine in ("numpy", "torch"):
        arrays = make_engine(engine, grid, channels=1, members=3)
        system = System(Square(), grid, arrays, start=0.0, end=1.0, mask=mask)
        program = system.program(())
        found = program.close(program.nonlinear(program.open(u), 0.0))
        assert difference(np.asarray(found), masked(masked(u) ** 2)) < 1e-14
        assert arrays.transforms == 3 * 4


@pytest.mark.parametrize(
    "name", ["navier_stokes_2d", "gray_scott", "trapped", "kdv", *IN_LANES]
)
def test_members_of_a_batch_are_alone(name: str, pieces: str) -> None:
    make, grids = PROBLEMS[name]
    equation, grid = make(), grids[0]
    u = start(equation, grid, 3)
    together = np.asarray(steps(equation, grid, "torch", u, count=3))
    for member, given in zip(together, u, strict=True):
        alone = np.asarray(steps(equation, grid, "torch", given[None], count=3))[0]
        assert difference(member, alone) < 1e-14


@pytest.mark.parametrize("mask", ["two_thirds", "none"])
@pytest.mark.parametrize(
    "name", ["navier_stokes_2d", "navier_stokes_3d", "trapped", "kdv", *IN_LANES]
)
def test_slabs_change_no_derivative(
    name: str, mask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradient and a row of the Hessian of a loss, against torch.fft on whole arrays."""
    pytest.importorskip("ducc0")
    make, grids = PROBLEMS[name]
    equation, grid = make(), grids[-1]
    rng = np.random.default_rng(6)
    u = torch.tensor(start(equation, grid), requires_grad=True)
    weight, direction = (torch.tensor(rng.standard_normal(u.shape)) for _ in range(2))

    def derivatives() -> tuple[Any, Any]:
        end = steps(equation, grid, "torch", u, mask=mask)
        loss = (weight * (end.real + abs(end) ** 2)).sum()
        (slope,) = torch.autograd.grad(loss, u, create_graph=True)
        (bend,) = torch.autograd.grad((slope.real * direction).sum(), u)
        return slope.detach(), bend

    expected = derivatives()
    cut_up(monkeypatch)
    for a, b in zip(derivatives(), expected, strict=True):
        assert difference(a.numpy(), b.numpy()) < 1e-12


@pytest.mark.parametrize("name", IN_LANES)
def test_slopes_in_lanes_are_those_of_central_differences(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fourth-order differences along a random direction, for a random linear loss."""
    cut_up(monkeypatch)
    make, grids = PROBLEMS[name]
    equation, grid = make(), grids[-1]
    rng = np.random.default_rng(8)
    u = torch.tensor(start(equation, grid), requires_grad=True)
    weight, direction = (torch.tensor(rng.standard_normal(u.shape)) for _ in range(2))

    def loss(v: Any) -> Any:
        return (weight * steps(equation, grid, "torch", v, count=2)).sum()

    (gradient,) = torch.autograd.grad(loss(u), u)
    e = 1e-3
    with torch.no_grad():
        near, far = (loss(u + n * direction) - loss(u - n * direction) for n in (e, 2 * e))
    expected = float(8 * near - far) / (12 * e)
    assert float((gradient * direction).sum()) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", IN_LANES)
def test_threads_change_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_up(monkeypatch)
    monkeypatch.setattr(_lane_passes, "PARALLEL", 0)
    make, grids = PROBLEMS[name]
    equation, grid = make(), grids[0]
    u = start(equation, grid)
    found = []
    for count in (1, 2, 3):
        with threads.limit(count):
            found.append(np.asarray(steps(equation, grid, "torch", u)))
    assert all(np.array_equal(found[0], other) for other in found)


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # its own
@pytest.mark.parametrize("points", [(6, 5), (16, 24)])
def test_functional_derivatives(points: tuple[int, ...], pieces: str) -> None:
    """Forward, reverse and a whole Jacobian agree."""
    equation, grid = registry.equation("navier_stokes_2d")(), box(*points)
    u = torch.tensor(smooth(grid, 1, 2))
    direction = torch.tensor(smooth(grid, 1, 2)[::-1].copy())

    def march(v: Any) -> Any:
        return steps(equation, grid, "torch", v, count=2)

    jacobian = torch.func.jacrev(march)(u).reshape(u.numel(), u.numel())
    _, forward = torch.func.jvp(march, (u,), (direction,))
    expected = (jacobian @ direction.reshape(-1)).reshape(u.shape)
    assert difference(forward.numpy(), expected.numpy()) < 1e-12
    reverse = torch.func.grad(lambda v: (march(v) * direction).sum())(u)
    expected = (direction.reshape(-1) @ jacobian).reshape(u.shape)
    assert difference(reverse.numpy(), expected.numpy()) < 1e-12
