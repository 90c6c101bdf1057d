"""What does not fit is refused and what goes wrong is said: loops do not look."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from pdekit import registry, spectral
from pdekit.engine._buffers import Buffers, lanes_of
from pdekit.engine._compiled_program import together
from pdekit.engine._layout import ModeLayout
from pdekit.engine._rhs import RightHandSide
from pdekit.equation import AbstractEquation
from pdekit.errors import BlowUp, NotApplicable, ShapeError
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.marching import evolve
from pdekit.stepping._cfl import CflStepper
from pdekit.typing import Array
from tests.stepping.marching import march, set_up

TWO_PI = 2 * np.pi
SQUARE = Grid.periodic((8, 10), ((0.0, TWO_PI), (0.0, TWO_PI)))
LINE = Grid.periodic(16, (0.0, TWO_PI))
ENGINES = ["fused", "numpy", "torch"]
GOOD = (3, 1, *SQUARE.shape)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "torch":
        pytest.importorskip("torch")
    return str(request.param)


def vortices() -> Array:
    x, y = SQUARE.points()
    return np.cos(x) * np.sin(2 * y) + np.sin(x + y)


def flow(integrator: str, engine: str, **how: Any) -> Any:
    given = {"end": 0.1, "members": 3, **how}
    if not registry.integrator(integrator).adaptive:
        given.setdefault("steps", 20)
    equation = registry.equation("navier_stokes_2d")()
    return set_up(equation, SQUARE, integrator, engine=engine, **given)


class Unstable(AbstractEquation):
    """Two fields that no transform connects, one with growing waves."""

    name: ClassVar[str] = "exchange"  # the loops are those of another test
    fields: ClassVar[tuple[str, ...]] = ("u", "v")

    def symbol(self, grid: Grid) -> Array:
        return np.stack([400.0 * grid.k_squared(real=True), -grid.k_squared(real=True)])

    @staticmethod
    def assemble(u: Any, v: Any) -> Any:
        return -v, u


class Waves(AbstractEquation):
    """Damping and advection by L, which turns up to  speed·k."""

    name: ClassVar[str] = "waves_of_a_test"
    fields: ClassVar[tuple[str, ...]] = ("u", "v")
    damping: ClassVar[float] = 0.0
    speed: ClassVar[float] = 1.0

    def symbol(self, grid: Grid) -> Array:
        (k,) = grid.wavenumbers(real=True, odd=True)
        return np.stack([-1j * self.speed * k, -self.damping * k * k])

    @staticmethod
    def product(u: Any, v: Any) -> Any:
        return 0.1 * u * v

    @staticmethod
    def assemble(p: Any, kx: Any) -> Any:
        return i_times(kx * p), 0.0

    def advection(self, grid: Grid, u: Array) -> Array:
        return np.full(len(u), 0.1)


# -- shapes ----------------------------------------------------------------------------


@pytest.mark.parametrize("integrator", ["ifrk4", "sbdf2", "ark3", "dop853_ip"])
@pytest.mark.parametrize(
    "shape", [(3, 2, 8, 10), (3, 1, 10, 8), (3, 1, 8, 1), (1, 8, 10), (3, 1, 8, 12)]
)
def test_other_shapes_are_refused(
    integrator: str, shape: tuple[int, ...], engine: str
) -> None:
    stepper = flow(integrator, engine)
    with pytest.raises(ShapeError, match=r"1, 8, 10\) for the fields, got \("):
        stepper.start(np.ones(shape))


@pytest.mark.parametrize("integrator", ["ifrk4", "sbdf2", "ark3", "dop853_ip", "strang"])
def test_compiled_loops_take_the_members_they_were_made_for(integrator: str) -> None:
    if integrator == "strang":
        given: dict[str, Any] = {"end": 0.1, "members": 3, "steps": 4}
        stepper = set_up(registry.equation("nlse")(), LINE, "strang", **given)
    else:
        stepper = flow(integrator, "fused")
    for members in (0, 1, 2, 4):
        u = np.ones(
            (members, *stepper.system.engine._flat[1:2], *stepper.system.grid.shape)
        )
        with pytest.raises(ShapeError, match=rf"expected \(3, .* got \({members}, "):
            stepper.start(u)


def test_a_state_of_other_members_is_refused() -> None:
    """As a checkpoint of another ensemble would be."""
    stepper, other = flow("ifrk4", "fused"), flow("ifrk4", "fused", members=2)
    state = other.start(np.ones((2, *GOOD[1:])))
    with pytest.raises(ShapeError, match="'v' of the state"):
        stepper.advance(state, 0.1, 1)


def test_complex_values_of_real_fields_are_refused(engine: str) -> None:
    with pytest.raises(ShapeError, match="real values"):
        flow("ifrk4", engine).start(np.ones(GOOD) + 0j)


@pytest.mark.parametrize("name", ["fused", "numpy"])
def test_a_complex_source_of_real_fields_is_refused(name: str) -> None:
    equation = registry.equation("kdv")(source="exp(1j*x)")
    stepper = set_up(equation, LINE, "ifrk4", engine=name, end=1.0, steps=10)
    with pytest.raises(ShapeError, match="real values for kdv, got complex ones"):
        march(stepper, np.ones((1, 1, 16)))


# -- masks -----------------------------------------------------------------------------


@pytest.mark.parametrize("keeps", ["all", "low kx", "low ky", "nothing"])
def test_masks_that_keep_whole_axes(keeps: str) -> None:
    """Of an even number of points, the Nyquist mode is there but once."""
    kx, ky = np.meshgrid(*SQUARE.modes(True), indexing="ij")
    mask = {
        "all": np.abs(kx) < 99,
        "low kx": np.abs(kx) < 3,
        "low ky": np.abs(ky) < 3,
        "nothing": np.abs(kx) > 99,
    }[keeps]
    u = np.broadcast_to(vortices(), GOOD)
    found, expected = (
        march(flow("ifrk4", engine, mask=mask), u) for engine in ("fused", "numpy")
    )
    assert np.abs(found - expected).max() < 1e-13
    free = march(flow("ifrk4", "numpy"), u)
    assert (np.abs(expected - free).max() < 1e-13) == (keeps == "all")


def test_a_mask_fits_the_modes() -> None:
    with pytest.raises(ShapeError, match=r"expected \(8, 6\) for the mask, got \(8, 10\)"):
        flow("ifrk4", "fused", mask=np.ones(SQUARE.shape))
    row = np.abs(SQUARE.modes(True)[1]).reshape(1, -1) < 3
    u = np.broadcast_to(vortices(), GOOD)
    one, full = (
        march(flow("ifrk4", "numpy", mask=m), u)
        for m in (row, np.broadcast_to(row, (8, 6)))
    )
    assert np.array_equal(one, full)


# -- settings --------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, -3, 2.5])
def test_steps_are_counted(steps: float) -> None:
    with pytest.raises(NotApplicable, match="steps must be a positive whole number") as e:
        flow("etdrk4", "numpy", steps=steps)
    assert e.value.key == "steps"


@pytest.mark.parametrize("integrator", ["ark3", "dop853_ip"])
@pytest.mark.parametrize(
    ("key", "value"),
    [("rtol", 0.0), ("rtol", -1e-6), ("atol", -1.0), ("max_step", 0.0),
     ("first_step", -1.0), ("first_step", np.nan)],
)  # fmt: skip
def test_tolerances_are_positive(integrator: str, key: str, value: float) -> None:
    with pytest.raises(NotApplicable, match=f"{key} must") as e:
        flow(integrator, "numpy", **{key: value})
    assert e.value.key == key


# -- an explicitly treated linear part -------------------------------------------------


@pytest.mark.parametrize(
    ("part", "longest"), [("speed", 2.828 / (4.0 * 7)), ("damping", 2.785 / (4.0 * 49))]
)
def test_rk4_refuses_a_step_beyond_the_limit_of_the_linear_part(
    part: str, longest: float
) -> None:
    """Waves up to 7 turn at  speed·k  and decay at  damping·k²."""
    equation = Waves()
    setattr(equation, part, 4.0)
    few = int(10.0 / longest)
    with pytest.raises(NotApplicable, match=f"not be longer than {longest:.3g} .got") as e:
        evolve(equation, LINE, np.zeros((2, 16)), 10.0, integrator="rk4", steps=few)
    assert e.value.key == "steps"
    assert f"at least {few + 1} steps" in str(e.value)
    set_up(equation, LINE, "rk4", engine="numpy", end=10.0, steps=few + 1)
    half = spectral.half(LINE, True)  # only the kept modes count
    set_up(equation, LINE, "rk4", engine="numpy", end=10.0, steps=few // 2 + 1, mask=half)
    set_up(equation, LINE, "ifrk4", engine="numpy", end=10.0, steps=1)


def test_rk4_follows_a_velocity_no_faster_than_the_linear_part_allows() -> None:
    how: dict[str, Any] = {"engine": "numpy", "end": 10.0, "cfl": 1.0, "max_step": 5.0}
    stepper = set_up(Waves(), LINE, "rk4", **how)
    assert isinstance(stepper, CflStepper)
    assert stepper.max_step == pytest.approx(2.828 / 7)
    assert set_up(Waves(), LINE, "ifrk4", **how).max_step == 5.0


# -- what is not finite ----------------------------------------------------------------


def test_one_bad_mode_of_one_member_is_noticed(engine: str) -> None:
    """Whichever it is, within ten steps, with the time and the step of the look."""
    stepper = flow("ifrk4", engine)
    start = stepper.start(np.tile(vortices(), (3, 1, 1, 1)))
    for bad in (np.nan, np.inf):
        for place in (0, 3, -1):
            v = np.copy(start.u.numpy() if engine == "torch" else start.u)
            v.reshape(3, -1)[1, place] = bad
            state = replace(start, u=stepper.system.engine.restored(v))
            with (
                np.errstate(all="ignore"),
                pytest.raises(BlowUp, match="omega became") as e,
            ):
                stepper.advance(state, 0.1, 20)
            assert e.value.time == pytest.approx(0.05)
            assert e.value.step == 10


def test_overflow_without_transforms_is_noticed(engine: str) -> None:
    """Waves grow as exp(400 k² t), and the mean knows nothing of them."""
    (x,) = LINE.points()
    u = np.stack([np.cos(3 * x), np.sin(x)])[None]
    given: dict[str, Any] = {"end": 2.0, "steps": 200, "engine": engine}
    stepper = set_up(Unstable(), LINE, "ifrk4", **given)
    with np.errstate(all="ignore"), pytest.raises(BlowUp, match="u, v became") as e:
        stepper.advance(stepper.start(u), 2.0, 200)
    assert e.value.step <= 30  # 1e308 is passed at  t = 709 / 3600


def test_numbers_among_the_terms() -> None:
    """v has no nonlinear term: it only decays."""
    equation = Waves()
    equation.damping = 0.3  # type: ignore[misc]
    (x,) = LINE.points()
    u = np.stack([np.cos(x), np.sin(2 * x)])[None]
    end = march(set_up(equation, LINE, "ifrk4", engine="numpy", end=1.0, steps=10), u)
    assert np.abs(end[0, 1] - np.exp(-1.2) * np.sin(2 * x)).max() < 1e-14


# -- threads ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("points", [(5,), (6,), (5, 7), (6, 4), (3, 5, 7)])
def test_every_thread_has_buffers_as_aligned_as_the_plans(
    points: tuple[int, ...], dtype: Any
) -> None:
    """FFTW may use aligned loads wherever those it planned with were."""
    grid = Grid.periodic(points, [(0.0, TWO_PI)] * len(points))
    rhs = RightHandSide(Waves(), grid)
    layout = ModeLayout(rhs)
    by = lanes_of(rhs, layout, 1, dtype == np.complex64)
    buffers = Buffers(rhs, layout, dtype, by, threads=3, copies=3)
    for shared in (buffers.rows, buffers.phys):
        assert all(own.ctypes.data % 64 == 0 for own in shared)
        assert not shared.any()


def test_the_error_that_broke_a_barrier_is_the_one_that_is_told() -> None:
    gate = threading.Barrier(3)

    def waits() -> None:
        gate.wait()

    def fails() -> None:
        gate.abort()
        raise ArithmeticError("of this thread")

    for tasks in ([waits, waits, fails], [fails, waits, waits], [waits, fails, waits]):
        gate.reset()
        with pytest.raises(ArithmeticError, match="of this thread"):
            together(tasks)
