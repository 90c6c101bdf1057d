"""Schemes written as stages: what they promise, and what the engines make of them."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pytest
import sympy  # type: ignore[import-untyped]

from pdekit import registry, spectral
from pdekit.equation import AbstractEquation
from pdekit.errors import BlowUp, NotConverged
from pdekit.grid import Grid
from pdekit.typing import Array
from tests.stepping.marching import ENDLESS, error, set_up
from tests.stepping.oracle import EMBEDDED, MULTISTEP, SCHEMES, march, take

EXPONENTIAL = ["etd1", "etdrk2", "etdrk4", "ifrk4", "lsrk54", "ifab3"]


def scheme(name: str) -> Any:
    return registry.integrator(name)


# -- form ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMES)
def test_formulas_are_operators_on_what_they_name(name: str) -> None:
    """Their text is inlined: no calls, nothing from the module, and all names are known."""
    found = scheme(name)
    stages = [*found.stages, *([found.remember] if name in MULTISTEP else [])]
    arrays = {a for stage in stages for a in stage.into}
    known = {"v", "n", *found.weights(np.zeros((1, 4)), 0.1), *arrays}
    for stage in stages:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(stage.formula))).body
        assert isinstance(tree, ast.FunctionDef)
        body = [node for line in tree.body for node in ast.walk(line)]
        assert not [node for node in body if isinstance(node, ast.Call | ast.Attribute)]
        taken = {a.arg for a in tree.args.args}
        assert taken <= known
        local = {n.id for n in body if isinstance(n, ast.Name) and type(n.ctx) is ast.Store}
        assert {n.id for n in body if isinstance(n, ast.Name)} <= taken | local
        assert "w" not in taken


@pytest.mark.parametrize("name", SCHEMES)
def test_a_real_symbol_has_real_weights(name: str) -> None:
    k = np.arange(6.0)
    for factor, kind in ((-1.0, np.float64), (-1j, np.complex128)):
        weights = scheme(name).weights(factor * np.stack([k**2, k**4]), 0.3)
        arrays = {w: a for w, a in weights.items() if np.ndim(a)}
        assert {a.dtype for a in arrays.values()} <= {np.dtype(kind)}
        assert {a.shape for a in arrays.values()} <= {(2, 6)}
        assert all(isinstance(a, float) for w, a in weights.items() if w not in arrays)


@pytest.mark.parametrize("name", SCHEMES)
def test_the_last_stage_completes_the_state(name: str) -> None:
    stages = scheme(name).stages
    assert "v" in stages[-1].into
    assert "w" not in stages[-1].into
    assert all("w" in stage.into for stage in stages[:-1])
    assert stages[0].at == 0.0
    assert ("error" in stages[-1].into) == scheme(name).adaptive


# -- the linear part -------------------------------------------------------------------

K = np.arange(-6.0, 7.0)
SYMBOLS = {
    "advection": -1j * K,
    "diffusion": -(K**2),
    "dispersion": 1j * K**3,
    "hyperdiffusion": -(K**4),
    "free Schroedinger": -0.5j * K**2,
}


def nothing(w: Array, t: float) -> Array:
    return np.zeros_like(w)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("name", EXPONENTIAL)
def test_exponential_schemes_solve_the_linear_part_exactly(name: str, symbol: str) -> None:
    """One step of ten; of a multistep scheme the first step that is its own.

    A phase φ cannot be known better than to ε φ, which is all the margin there is.
    """
    linear = SYMBOLS[symbol][None]
    steps = getattr(scheme(name), "history", 0) + 1
    v = np.exp(1j * np.arange(13.0))[None]
    found = march(scheme(name), linear, nothing, v, 10.0 * steps, steps)["v"]
    exact = np.exp(10.0 * steps * linear) * v
    rounding = np.finfo(float).eps * 10.0 * steps * np.abs(linear.imag)
    assert (np.abs(found - exact) <= 1e-13 * np.abs(exact) + rounding).all()


@pytest.mark.parametrize("name", [n for n in SCHEMES if n not in EXPONENTIAL])
def test_other_schemes_do_not(name: str) -> None:
    steps = getattr(scheme(name), "history", 0) + 1
    v, linear = np.ones((1, 1)), np.full((1, 1), -1.0)
    found = march(scheme(name), linear, nothing, v, 1.0 * steps, steps)["v"]
    assert abs(found - math.exp(-steps)) > 1e-6


@pytest.mark.parametrize("name", ["sbdf2", "sbdf3", "sbdf4", "ark3", "ark4"])
def test_implicit_schemes_damp_what_is_stiff(name: str) -> None:
    steps = getattr(scheme(name), "history", 0) + 20
    v, linear = np.ones((1, 1)), np.full((1, 1), -1e8)
    found = march(scheme(name), linear, nothing, v, 1.0 * steps, steps)["v"]
    assert abs(found) < 1e-6


# -- Burgers' equation, the table of validation --------------------------------------

N = 64
MODES = np.fft.rfftfreq(N, 1 / N)
KEPT = np.abs(MODES) < N / 3
X = 2 * np.pi * np.arange(N) / N
TABLE = {
    "etd1": "6.76e-3 3.33e-3 1.65e-3 8.22e-4 4.10e-4",
    "etdrk2": "2.83e-4 7.20e-5 1.82e-5 4.56e-6 1.14e-6",
    "cnab2": "6.51e-4 1.67e-4 4.22e-5 1.06e-5 2.66e-6",
    "sbdf2": "1.11e-3 2.78e-4 6.98e-5 1.75e-5 4.38e-6",
    "ifrk4": "4.24e-7 2.94e-8 1.93e-9 1.24e-10 7.8e-12",
    "etdrk4": "2.26e-7 1.50e-8 9.63e-10 6.09e-11 3.8e-12",
}


def burgers_term(w: Array, t: float) -> Array:
    """−½ ∂ₓu² by the 2/3 rule, on normalised half spectra."""
    u = np.fft.irfft(w * KEPT * N, N)
    return np.asarray(-0.5j * MODES * KEPT * np.fft.rfft(u * u) / N)


def cole_hopf(t: float) -> Array:
    """2 sin x / (A eᵗ + cos x)  for ν = 1, A = 3/2."""
    return np.asarray(2 * np.sin(X) / (1.5 * np.exp(t) + np.cos(X)))


def burgers_error(name: str, steps: int) -> float:
    v = KEPT * np.fft.rfft(cole_hopf(0.0)) / N
    found = march(scheme(name), -(MODES**2), burgers_term, v, 0.5, steps)["v"]
    return float(np.abs(np.fft.irfft(found * N, N) - cole_hopf(0.5)).max())


@pytest.mark.parametrize("name", TABLE)
def test_errors_on_burgers_equation_are_those_of_the_table(name: str) -> None:
    """Every digit of it, up to the rounding of the solution itself."""
    for steps, text in zip((16, 32, 64, 128, 256), TABLE[name].split(), strict=True):
        unit = 10.0 ** Decimal(text).as_tuple().exponent  # type: ignore[operator]
        assert abs(burgers_error(name, steps) - float(text)) < 0.5 * unit + 2e-14


# -- orders with a source that depends on time -----------------------------------------

POINTS = 32
STEPS = {
    "etd1": (40, 80, 160, 320),
    "etdrk2": (40, 80, 160, 320),
    "cnab2": (80, 160, 320, 640),
    "sbdf2": (80, 160, 320, 640),
    "sbdf3": (80, 160, 320, 640),
    "sbdf4": (80, 160, 320, 640),
    "ifab3": (160, 320, 640, 1280),
    "ifrk4": (80, 160, 320, 640),
    "lsrk54": (80, 160, 320, 640),
    "etdrk4": (40, 80, 160, 320),
    "rk4": (160, 320, 640),
    "ark3": (40, 80, 160, 320),
    "ark4": (40, 80, 160, 320),
}
BAND = {1: 0.1, 2: 0.1, 3: 0.2, 4: 0.2}


@cache
def manufactured() -> tuple[Callable[[float], Array], Callable[[float], Array]]:
    """Return spectra of u = exp(sin x)(1 + sin(3t)/5) and of its source in Burgers' eq."""
    x, t = sympy.symbols("x t")
    u = sympy.exp(sympy.sin(x)) * (1 + sympy.sin(3 * t) / 5)
    source = sympy.diff(u, t) + u * sympy.diff(u, x) - sympy.diff(u, x, 2)
    points = 2 * np.pi * np.arange(POINTS) / POINTS

    def spectrum(expression: Any) -> Callable[[float], Array]:
        values = sympy.lambdify((x, t), expression, "numpy")
        return lambda time: np.asarray(np.fft.rfft(values(points, time)) / POINTS)

    return spectrum(u), spectrum(source)


def forced_error(name: str, steps: int, end: float = 1.0) -> float:
    u, source = manufactured()
    k = np.fft.rfftfreq(POINTS, 1 / POINTS)
    odd = np.where(k < POINTS / 2, k, 0.0)

    def forced(w: Array, t: float) -> Array:
        values = np.fft.irfft(w * POINTS, POINTS)
        flux = np.fft.rfft(values * values) / POINTS
        return np.asarray(-0.5j * odd * flux + source(t))

    found = march(scheme(name), -(k**2), forced, u(0.0), end, steps)["v"]
    return error(found, u(end))


def test_every_scheme_is_measured() -> None:
    assert set(STEPS) == set(SCHEMES)


@pytest.mark.parametrize("name", STEPS)
def test_order_with_a_source_that_depends_on_time(name: str) -> None:
    errors = [forced_error(name, n) for n in STEPS[name]]
    assert all(e > 1e-13 for e in errors), "at the floor of rounding"
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert abs(orders[-1] - orders[-2]) < 0.15, orders
    fit = -np.polyfit(np.log(STEPS[name][-3:]), np.log(errors[-3:]), 1)[0]
    order = scheme(name).order
    assert fit == pytest.approx(order, abs=BAND[order]), orders


# -- stability -------------------------------------------------------------------------


def growth(name: str, step_rate: complex, steps: int = 3000) -> float:
    """|v| after many steps of unit size on  N = λ v,  L = 0."""
    linear = np.zeros((1, 1))
    with np.errstate(all="ignore"):
        found = march(
            scheme(name), linear, lambda w, t: step_rate * w, np.ones((1, 1)), steps, steps
        )
    size = float(np.abs(found["v"][0, 0]))
    return size if np.isfinite(size) else math.inf


@pytest.mark.parametrize(("axis", "direction"), [(0, -1.0), (1, 1j)])
@pytest.mark.parametrize("name", SCHEMES)
def test_stability_limits_of_the_explicit_part(
    name: str, axis: int, direction: complex
) -> None:
    limit = scheme(name).stability[axis]
    if limit == 0.0:  # however small, but growth is slow
        assert growth(name, 0.3 * direction) > 5.0
    else:
        assert growth(name, 0.99 * limit * direction) < 2.0
        assert growth(name, 1.01 * limit * direction) > 5.0


@pytest.mark.parametrize(
    ("name", "symbol", "limit"), [("rk4", -1j, 2.828), ("rk4", -1.0, 2.785)]
)
def test_of_rk4_the_linear_part_too(name: str, symbol: complex, limit: float) -> None:
    """Advection by c and diffusion ν on modes up to k: h c k < 2.828, h ν k² < 2.785."""
    k = 16.0
    rate = np.full((1, 1), symbol * (2.0 * k if symbol == -1j else 0.1 * k * k))
    for part, stable in ((0.99, True), (1.01, False)):
        h = part * limit / abs(rate[0, 0])
        found = march(scheme(name), rate, nothing, np.ones((1, 1)), 2000 * h, 2000)["v"]
        assert (abs(found) < 2.0) == stable


# -- dispersion ------------------------------------------------------------------------


class KdV(AbstractEquation):
    """uₜ + 6 u uₓ + uₓₓₓ = 0."""

    name: ClassVar[str] = "kdv_of_a_test"
    fields: ClassVar[tuple[str, ...]] = ("u",)

    def symbol(self, grid: Grid) -> Array:
        (k,) = grid.wavenumbers(real=True, odd=True)
        return 1j * k[None] ** 3

    def symbols(self, grid: Grid) -> dict[str, Array]:
        (k,) = grid.wavenumbers(real=True, odd=True)
        return {"slope": -3j * k}

    @staticmethod
    def product(u: Any) -> Any:
        return u * u

    @staticmethod
    def assemble(p: Any, slope: Any) -> Any:
        return slope * p


BOX = Grid.periodic(256, (-20.0, 20.0))


def kdv_soliton(t: float, c: float = 4.0) -> Array:
    (x,) = BOX.points()
    y = (x - c * t + 20) % 40 - 20
    return np.asarray(0.5 * c / np.cosh(0.5 * math.sqrt(c) * y) ** 2)


def kdv_error(name: str, steps: int, engine: str = "numpy") -> float:
    mask = spectral.two_thirds(BOX, real=True)
    stepper = set_up(KdV(), BOX, name, end=1.0, steps=steps, mask=mask, engine=engine)
    state = stepper.advance(stepper.start(kdv_soliton(0.0)[None, None]), 1.0, ENDLESS)
    return error(stepper.sample(state, 1.0)[0, 0], kdv_soliton(1.0))


@pytest.mark.parametrize("engine", ["numpy", "fused"])
def test_etdrk4_on_a_kdv_soliton(engine: str) -> None:
    """Acceptance of the specification; the floor of this grid is 1.5e-8."""
    coarse, fine = kdv_error("etdrk4", 200, engine), kdv_error("etdrk4", 400, engine)
    assert coarse < 1e-5
    assert fine < 5e-7
    assert math.log2(coarse / fine) > 3.8
    assert kdv_error("etdrk4", 1600, engine) < 3e-8


def test_the_real_part_of_complex_weights_would_have_order_one() -> None:
    """What two well-known programs compute: 7.6e-3 is left after 3200 steps."""
    found = scheme("etdrk4")
    (k,) = BOX.wavenumbers(real=True, odd=True)
    kept = spectral.two_thirds(BOX, real=True)

    def term(w: Array, t: float) -> Array:
        u = np.fft.irfft(w * 256, 256)
        return np.asarray(-3j * k * kept * np.fft.rfft(u * u) / 256)

    def solution(weights: dict[str, Any], steps: int) -> float:
        arrays = {"v": kept * np.fft.rfft(kdv_soliton(0.0)) / 256}
        for _ in range(steps):
            take(found.stages, arrays, weights, term, 0.0, 1.0 / steps)
        return error(np.fft.irfft(arrays["v"] * 256, 256), kdv_soliton(1.0))

    def dropped(steps: int) -> float:
        weights = found.weights(1j * k**3, 1.0 / steps)
        return solution(
            {w: a if w == "e" else a.real.copy() for w, a in weights.items()}, steps
        )

    coarse, fine = dropped(400), dropped(800)
    assert fine > 1e-2
    assert math.log2(coarse / fine) == pytest.approx(1.0, abs=0.2)
    assert solution(found.weights(1j * k**3, 1 / 400), 400) < 5e-7


# -- engines against the oracle --------------------------------------------------------


class Burgers(AbstractEquation):
    """uₜ + u uₓ = uₓₓ."""

    name: ClassVar[str] = "burgers_of_a_test"
    fields: ClassVar[tuple[str, ...]] = ("u",)

    def symbol(self, grid: Grid) -> Array:
        return -grid.k_squared(real=True)[None]

    def symbols(self, grid: Grid) -> dict[str, Array]:
        (k,) = grid.wavenumbers(real=True, odd=True)
        return {"slope": -0.5j * k}

    @staticmethod
    def product(u: Any) -> Any:
        return u * u

    @staticmethod
    def assemble(p: Any, slope: Any) -> Any:
        return slope * p


CIRCLE = Grid.periodic(N, (0.0, 2 * np.pi))
SOURCE = "cos(x)*sin(5*t)"
TWO = np.stack([cole_hopf(0.0), 0.5 + np.cos(2 * X)])[:, None]


def stepper_of(name: str, engine: str, **how: Any) -> Any:
    given = {"end": 0.2, "members": 2, "mask": spectral.two_thirds(CIRCLE, real=True)}
    if scheme(name).adaptive:
        given |= {"rtol": 1e6, "first_step": 0.02, "max_step": 0.02}
    else:
        given |= {"steps": 40 if name == "rk4" else 10}  # it has to be stable
    return set_up(Burgers(source=SOURCE), CIRCLE, name, engine=engine, **{**given, **how})


COMPILED = ["lsrk54", "cnab2", "sbdf3", "ifab3", "ark4"]
"""One of each kind: the engines are compared with each other for every scheme elsewhere."""
BOTH = [*((n, "numpy") for n in SCHEMES), *((n, "fused") for n in COMPILED)]


@pytest.mark.parametrize(("name", "engine"), BOTH)
def test_engines_follow_the_oracle(name: str, engine: str) -> None:
    """Two members under a source, from the first step of the starter on."""
    stepper = stepper_of(name, engine)
    state = stepper.advance(stepper.start(TWO), 0.2, ENDLESS)

    def forced(w: Array, t: float) -> Array:
        return burgers_term(w, t) + KEPT * np.fft.rfft(np.cos(X) * np.sin(5 * t)) / N

    for member, u in zip(stepper.sample(state, 0.2), TWO, strict=True):
        v = KEPT * np.fft.rfft(u[0]) / N
        if scheme(name).adaptive:
            v = by_sizes(name, v, forced)
        else:
            v = march(scheme(name), -(MODES**2), forced, v, 0.2, state.step)["v"]
        assert error(member[0], np.fft.irfft(v * N, N)) < 1e-12


def by_sizes(name: str, v: Array, term: Any) -> Array:
    """March with the steps that the adaptive scheme is bound to take here."""
    h = 0.2 * 2.0 ** (-math.ceil(8 * math.log2(10.0)) / 8)
    t, arrays = 0.0, {"v": v}
    while t < 0.2:
        h = min(h, 0.2 - t)
        take(scheme(name).stages, arrays, scheme(name).weights(-(MODES**2), h), term, t, h)
        t = t + h if t + h < 0.2 - 1e-12 else 0.2
    return arrays["v"]


@pytest.mark.parametrize(("name", "engine"), [b for b in BOTH if b[0] in MULTISTEP])
def test_a_multistep_run_goes_on_bit_for_bit_from_any_step(name: str, engine: str) -> None:
    """Also from within its first steps, by another stepper, from copies of the arrays."""
    stepper = stepper_of(name, engine)
    straight = stepper.advance(stepper.start(TWO), 0.2, ENDLESS)
    for stop in (1, 2, 3, 5):
        part = stepper.advance(stepper.start(TWO), 0.2, stop)
        assert part.step == stop
        other = stepper_of(name, engine)
        saved = {name: np.array(a) for name, a in part.extra.items()}
        again = type(part)(np.array(part.u), part.time, part.step, saved)
        end = other.advance(again, 0.2, ENDLESS)
        assert np.array_equal(end.u, straight.u)
        assert all(np.array_equal(end.extra[a], straight.extra[a]) for a in saved)


# -- the estimate of the error, and steps that follow it -------------------------------


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_estimate_is_the_difference_to_the_embedded_solution(name: str) -> None:
    """Of order p − 1, hence in one step proportional to  hᵖ."""
    u, source = manufactured()
    k = np.fft.rfftfreq(POINTS, 1 / POINTS)

    def forced(w: Array, t: float) -> Array:
        values = np.fft.irfft(w * POINTS, POINTS)
        return np.asarray(-0.5j * k * np.fft.rfft(values * values) / POINTS + source(t))

    def estimate(h: float) -> tuple[float, float]:
        arrays = march(scheme(name), -(k**2), forced, u(0.0), h, 1)
        true = np.linalg.norm(arrays["v"] - u(h))
        return float(np.linalg.norm(arrays["error"])), float(true)

    order = scheme(name).order
    (coarse, _), (fine, true) = estimate(2e-3), estimate(1e-3)
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.2)
    assert true < 0.1 * fine


def adaptive(name: str, rtol: float, source: str | None = None, **how: Any) -> Any:
    given = {"end": 0.5, "mask": spectral.two_thirds(CIRCLE, real=True), "rtol": rtol}
    return set_up(
        Burgers(source=source), CIRCLE, name, **{"engine": "numpy", **given, **how}
    )


def final(stepper: Any, u: Array) -> Array:
    end = stepper.system.end
    state = stepper.advance(stepper.start(u[None, None]), end, ENDLESS)
    return np.asarray(stepper.sample(state, end)[0, 0])


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_error_follows_the_tolerance(name: str) -> None:
    """Within a factor ten per decade, from 1e-4 to 1e-10, and of its own size."""
    start, end = cole_hopf(0.0), cole_hopf(0.5)
    found = [error(final(adaptive(name, 10.0**-e), start), end) for e in range(4, 11)]
    ratios = np.divide(found[:-1], found[1:])
    assert (ratios > 1.0).all()
    assert (ratios < 100.0).all()
    assert math.log10(found[0] / found[-1]) == pytest.approx(6.0, abs=1.0)
    assert all(e < 100 * 10.0**-p for p, e in enumerate(found, start=4))


@pytest.mark.parametrize(("name", "engine"), [b for b in BOTH if b[0] in EMBEDDED])
def test_rejected_steps_leave_the_state_alone(name: str, engine: str) -> None:
    """A first step that is far too long is retried until it is the one tried at once."""
    u = cole_hopf(0.0)[None, None]
    how = {"engine": engine, "source": SOURCE}
    greedy = adaptive(name, 1e-8, first_step=0.5, **how)
    state = greedy.start(u)
    kept = state.u.copy()
    after = greedy.advance(state, 0.5, 1)
    assert after.extra["rejected"] > 0
    assert np.array_equal(state.u, kept)
    modest = adaptive(name, 1e-8, first_step=after.time, **how)
    same = modest.advance(modest.start(u), 0.5, 1)
    assert same.extra["rejected"] == 0
    assert np.array_equal(same.u, after.u)


@pytest.mark.parametrize("engine", ["numpy", "fused"])
def test_the_worst_member_decides(engine: str) -> None:
    """Whichever it is: a quiet member beside it changes nothing."""
    quiet, loud = 0.01 * cole_hopf(0.0), 8 * cole_hopf(0.0)
    how = {"engine": engine, "first_step": 0.01, "source": SOURCE}
    alone = adaptive("ark4", 1e-6, **how)
    expected = alone.advance(alone.start(loud[None, None]), 0.5, ENDLESS)
    for pair in ([quiet, loud], [loud, quiet]):
        stepper = adaptive("ark4", 1e-6, members=2, **how)
        state = stepper.advance(stepper.start(np.stack(pair)[:, None]), 0.5, ENDLESS)
        assert state.step == expected.step


@pytest.mark.parametrize("name", EMBEDDED)
def test_steps_stay_below_the_largest_allowed(name: str) -> None:
    stepper = adaptive(name, 1e-3, max_step=0.01)
    state = stepper.advance(stepper.start(cole_hopf(0.0)[None, None]), 0.5, ENDLESS)
    assert state.step >= 50
    assert stepper.describe()["largest_step"] <= 0.01


def test_too_few_steps_allowed() -> None:
    stepper = adaptive("ark4", 1e-8, max_steps=5)
    with pytest.raises(NotConverged, match="5 steps were not enough to reach"):
        final(stepper, cole_hopf(0.0))


def test_what_is_at_rest_is_done_in_one_step() -> None:
    stepper = adaptive("ark3", 1e-6)
    state = stepper.advance(stepper.start(np.zeros((1, 1, N))), 0.5, ENDLESS)
    assert state.step == 1
    assert not state.u.any()


class Collapse(Burgers):
    """uₜ = uₓₓ + u²: a uniform field is infinite at t = 1/u."""

    name: ClassVar[str] = "collapse_of_a_test"

    @staticmethod
    def assemble(p: Any) -> Any:
        return p


@pytest.mark.parametrize("name", EMBEDDED)
def test_steps_that_shrink_to_nothing(name: str) -> None:
    stepper = set_up(Collapse(), CIRCLE, name, end=1.0, rtol=1e-4, engine="numpy")
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(BlowUp, match="step shrank") as caught,
    ):
        final(stepper, np.full(N, 4.0))
    assert caught.value.time == pytest.approx(0.25, abs=1e-3)


def test_tensors_carry_gradients_through_adaptive_steps() -> None:
    torch = pytest.importorskip("torch")
    shape = cole_hopf(0.0)

    def loss(a: Any, engine: str) -> Any:
        how = {"first_step": 0.02, "max_step": 0.02, "engine": engine, "end": 0.2}
        stepper = adaptive("ark4", 1e6, **how)
        u = a * (torch.as_tensor(shape) if engine == "torch" else shape)
        state = stepper.advance(stepper.start(u[None, None]), 0.2, ENDLESS)
        return (stepper.sample(state, 0.2) ** 4).sum()

    a = torch.tensor(1.1, dtype=torch.float64, requires_grad=True)
    loss(a, "torch").backward()
    difference = (loss(1.1 + 1e-5, "numpy") - loss(1.1 - 1e-5, "numpy")) / 2e-5
    assert a.grad.item() == pytest.approx(float(difference), rel=1e-6)
