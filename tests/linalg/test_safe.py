"""The safeguarded solver among preconditioners that do what they want."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pdekit.errors import NotApplicable, PdekitError
from pdekit.linalg import discretize
from pdekit.linalg.krylov import conjugate_gradients, safe_fcg
from pdekit.linalg.multigrid import Multigrid
from pdekit.linalg.preconditioners import SSOR, IncompleteCholesky, Jacobi
from pdekit.typing import Array
from tests.linalg.problems import Map, modes, noise, poisson, true_residual

N = 63
PRODUCT = 2.5
"""Cost of a product with A and of what goes with it, in that of SSOR."""


class Clock:
    """Time that passes only where it is said to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Priced:
    """A preconditioner that takes a known time."""

    linear = symmetric = fixed = True
    setup_s = 0.0
    name = "priced"

    def __init__(self, P: Any, cost: float, clock: Clock) -> None:
        self.P, self.cost, self.clock, self.calls = P, cost, clock, 0

    def apply(self, r: Array, out: Array | None = None) -> Any:
        self.calls += 1
        self.clock.now += self.cost
        return self.P.apply(r)


class PricedOperator:
    """An operator whose products take a known time."""

    symmetric = positive_definite = True
    nullspace = ()

    def __init__(self, op: Any, clock: Clock, cost: float = PRODUCT) -> None:
        self.op, self.clock, self.cost, self.shape = op, clock, cost, op.shape

    def apply(self, x: Array, out: Array | None = None) -> Array:
        self.clock.now += self.cost
        return self.op.apply(x, out=out)

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        self.clock.now += self.cost
        return self.op.residual(b, x, out=out)


def good() -> Callable[[Array], Array]:
    return IncompleteCholesky(poisson(N), True).apply


def after(
    calls: int, first: Callable[[Array], Array], then: Callable[[Array], Array]
) -> Any:
    done = 0

    def apply(r: Array) -> Array:
        nonlocal done
        done += 1
        return first(r) if done <= calls else then(r)

    return apply


def at_random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def vector(r: Array) -> Array:
    return np.random.default_rng(7).standard_normal(r.shape)


def orthogonal(r: Array) -> Array:
    v = vector(r)
    return v - np.vdot(v, r) / np.vdot(r, r) * r


def barely_descending(r: Array) -> Array:
    w = orthogonal(r)
    return w / np.linalg.norm(w) + 2e-4 * r / np.linalg.norm(r)


def raises(r: Array) -> Array:
    raise RuntimeError("out of memory")


def in_place(r: Array) -> Array:
    r[:] = 7.0
    return r


def in_place_but_good() -> Callable[[Array], Array]:
    inner = good()

    def apply(r: Array) -> Array:
        z = inner(r)
        r *= np.nan
        return z

    return apply


def half_precision(r: Array) -> Array:
    with np.errstate(all="ignore"):
        return (1e6 * r).astype(np.float16)


def trained_elsewhere() -> Callable[[Array], Array]:
    k = lambda x, y: np.exp(6 * np.sin(9 * x) * np.cos(7 * y))  # noqa: E731
    return IncompleteCholesky(discretize(poisson(N).grid, k), True).apply


def stochastic(size: float) -> Callable[[Array], Array]:
    inner, rng = good(), at_random()

    def apply(r: Array) -> Array:
        z = inner(r)
        return z + size * np.linalg.norm(z) / N * rng.standard_normal(r.shape)

    return apply


def scaled(size: float) -> Callable[[Array], Array]:
    inner = good()
    return lambda r: size * inner(r)


def sometimes() -> Callable[[Array], Array]:
    inner, rng = good(), at_random()
    return lambda r: inner(r) if rng.random() < 0.5 else vector(r)


def untrained() -> Callable[[Array], Array]:
    rng = at_random()
    w = rng.standard_normal((3, 3))

    def apply(r: Array) -> Array:
        padded = np.pad(r, 1)
        z = sum(w[i, j] * padded[i : i + N, j : j + N] for i in range(3) for j in range(3))
        return np.maximum(z, 0.1 * z)

    return apply


UNSAFE: dict[str, Callable[[], Any]] = {
    "nan": lambda: lambda r: np.full(r.shape, np.nan),
    "infinite": lambda: lambda r: np.full(r.shape, np.inf),
    "zero": lambda: np.zeros_like,
    "orthogonal": lambda: orthogonal,
    "minus r": lambda: lambda r: -r,
    "wrong shape": lambda: lambda r: r[1:],
    "flattened": lambda: np.ravel,
    "complex": lambda: lambda r: r + 0j,
    "words": lambda: lambda r: "an inverse",
    "nothing": lambda: lambda r: None,
    "objects": lambda: lambda r: r.astype(object),
    "raises": lambda: raises,
    "float16 overflow": lambda: half_precision,
    "breaks after three": lambda: after(3, good(), lambda r: r * np.nan),
}
USELESS: dict[str, Callable[[], Any]] = {
    "random": lambda: (lambda g: lambda r: g.standard_normal(r.shape))(at_random()),
    "constant": lambda: np.ones_like,
    "fixed vector": lambda: vector,
    "gradient of noise": lambda: (
        lambda g: lambda r: np.gradient(g.standard_normal(r.shape), axis=0)
    )(at_random()),
    "writes into r": lambda: in_place,
    "barely descending": lambda: barely_descending,
    "residual": lambda: np.copy,
    "amplifies what is rough": lambda: poisson(N).apply,
    "random diagonal": lambda: (lambda g: lambda r: r * g.uniform(0.2, 2, r.shape))(
        at_random()
    ),
    "sign": lambda: np.sign,
    "cube": lambda: lambda r: r**3,
    "trained on another operator": trained_elsewhere,
    "untrained network": untrained,
    "noisy": lambda: stochastic(2.0),
    "half of the time": sometimes,
    "breaks after twelve": lambda: after(12, good(), vector),
}
GOOD: dict[str, Callable[[], Any]] = {
    "good": good,
    "good, writes into r": in_place_but_good,
    "huge": lambda: scaled(1e280),
    "tiny": lambda: scaled(1e-280),
    "a little noise": lambda: stochastic(0.05),
    "single precision": lambda: (lambda inner: lambda r: inner(r).astype(np.float32))(
        good()
    ),
}
RIGHT_SIDES = {
    "noise": lambda op: noise(op),
    "constant": lambda op: op.right_hand_side(1.0),
    "modes": lambda op: modes(op.grid, [(1, 1), (2, 3), (5, 1), (20, 9)]),
}
SAFE = {
    "Jacobi": (Jacobi, 0.3),
    "SSOR": (lambda op: SSOR(op, 1.5), 1.0),
    "MIC": (lambda op: IncompleteCholesky(op, True), 1.0),
    "multigrid": (lambda op: Multigrid(op, symmetric=True), 5.0),
}


def race(
    adversary: Any,
    right: str,
    safe: str,
    cost: float,
    *,
    counted: bool = False,
    **options: Any,
) -> tuple[Any, Priced, Priced, float, int, float]:
    """Solve with and without an adversary on a clock of their costs, all 1 if counted."""
    plain, clock = poisson(N), Clock()
    op = PricedOperator(plain, clock, 1.0 if counted else PRODUCT)
    make, price = SAFE[safe]
    b, price = RIGHT_SIDES[right](plain), 1.0 if counted else price
    alone = Priced(make(plain), price, clock)
    assert conjugate_gradients(op, b, alone).converged
    time_alone, clock.now = clock.now, 0.0
    P, S = Priced(Map(adversary), cost, clock), Priced(alone.P, price, clock)
    found = safe_fcg(op, b, P, safe=S, clock=clock, **options)
    assert found.converged
    assert found.reason == "tol"
    assert true_residual(plain, b, found.x) <= 1e-8
    assert found.relative_residual == pytest.approx(
        true_residual(plain, b, found.x), rel=1e-5
    )
    return found, P, S, clock.now, alone.calls, time_alone


def judge_unsafe(name: str, P: Priced, found: Any) -> None:
    """An unsafe P is found out after three tries, unless S was done before it failed."""
    said = [sentence for _, sentence in found.events]
    assert any("unsafe" in s for s in said) or "S alone has solved it" in said[-1]
    # small residuals do not overflow any more: then it is only useless
    assert P.calls <= (20 if name == "float16 overflow" else 6)


@pytest.mark.parametrize("safe", SAFE)
@pytest.mark.parametrize("right", RIGHT_SIDES)
@pytest.mark.parametrize("name", [*UNSAFE, *USELESS, *GOOD])
def test_always_converges_at_a_bounded_cost(name: str, right: str, safe: str) -> None:
    """1.3 times the safe solve and twenty applications of P: in time, and counted.

    Nothing but products with A and applications of P and S takes time here.
    """
    adversary = (UNSAFE | USELESS | GOOD)[name]
    for cost, counted in ((0.3, False), (6.0, False), (200.0, False), (1.0, True)):
        found, P, S, spent, alone, time_alone = race(
            adversary(), right, safe, cost, counted=counted
        )
        assert spent <= 1.3 * time_alone + 20 * cost
        assert S.calls <= 1.3 * alone + 6
        if counted:
            assert spent == found.matvecs + found.applications
        if name in UNSAFE:
            judge_unsafe(name, P, found)


@pytest.mark.parametrize("safe", ["SSOR", "multigrid"])
@pytest.mark.parametrize("name", [*UNSAFE, *USELESS, *GOOD])
def test_best_steps_of_three_have_a_bounded_cost(name: str, safe: str) -> None:
    """1.3 times the safe solve and twenty iterations, each with S and two products."""
    adversary = (UNSAFE | USELESS | GOOD)[name]
    for cost in (0.3, 6.0, 200.0):
        found, P, S, spent, alone, time_alone = race(
            adversary(), "noise", safe, cost, locally_optimal=True
        )
        iteration = cost + SAFE[safe][1] + 2 * PRODUCT
        assert spent <= 1.3 * time_alone + 20 * iteration
        assert S.calls <= 1.3 * alone + 20
        if name in UNSAFE:
            judge_unsafe(name, P, found)


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_directions_say_why(name: str) -> None:
    op = poisson(N)
    found = safe_fcg(op, noise(op), Map(UNSAFE[name]()), safe=SSOR(op), overhead=math.inf)
    sentences = [s for _, s in found.events]
    assert sum(s.startswith("unsafe direction: ") for s in sentences) == 3
    assert sentences[-1].startswith("stagnation->fallback: 3 unsafe directions")
    needed = {
        "nan": "not finite", "infinite": "not finite", "zero": "zero",
        "orthogonal": "does not descend", "minus r": "does not descend",
        "wrong shape": "(62, 63)", "flattened": "(3969,)", "complex": "complex128",
        "words": "shape ()", "nothing": "shape ()", "objects": "object",
        "raises": "RuntimeError: out of memory", "float16 overflow": "not finite",
        "breaks after three": "not finite",
    }  # fmt: skip
    assert needed[name] in sentences[0]


@pytest.mark.parametrize("name", [*UNSAFE, *USELESS, *GOOD])
@pytest.mark.parametrize("optimal", [False, True], ids=["", "optimal"])
def test_error_never_grows_in_the_norm_of_a(name: str, optimal: bool) -> None:
    """‖e‖²_A = 2 J(x) + constant  with  J = ½ (x, A x) − (x, b)."""
    op = poisson(N)
    b, energies = noise(op), []

    def watch(_: int, x: Array) -> None:
        energies.append(0.5 * np.vdot(x, op.apply(x)) - np.vdot(x, b))

    P = Map((UNSAFE | USELESS | GOOD)[name]())
    found = safe_fcg(op, b, P, safe=SSOR(op), callback=watch, locally_optimal=optimal)
    assert found.converged
    assert (np.diff(energies) <= 1e-13 * abs(energies[-1])).all()


def test_unsafe_from_the_start_costs_nothing_but_the_tries() -> None:
    """All directions come from S then: it is the safe solve, iteration for iteration."""
    op = poisson(N)
    b, S = noise(op), SSOR(op, 1.5)
    alone = conjugate_gradients(op, b, S)
    found = safe_fcg(op, b, Map(lambda r: r * np.nan), safe=S)
    assert found.iterations == alone.iterations
    np.testing.assert_allclose(found.history, alone.history, rtol=1e-5)
    assert found.applications == alone.applications + 3


@pytest.mark.parametrize("optimal", [False, True], ids=["", "optimal"])
def test_good_preconditioner_is_left_alone(optimal: bool) -> None:
    """Where S is weak, what a good P does is not disturbed."""
    plain, clock = poisson(N), Clock()
    b, op = noise(plain), PricedOperator(plain, clock)
    P, S = Priced(Map(good()), 1.0, clock), Priced(Jacobi(plain), 0.3, clock)
    found = safe_fcg(op, b, P, safe=S, clock=clock, locally_optimal=optimal)
    needed = conjugate_gradients(plain, b, IncompleteCholesky(plain, True)).iterations
    assert P.calls <= (1.3 if optimal else 1.05) * needed  # a short recurrence for two
    assert not any("fallback" in s for _, s in found.events)


def test_quick_convergence_needs_no_comparison() -> None:
    op = poisson(15)
    matrix = op.tocsr().toarray()
    P = Map(lambda r: np.linalg.solve(matrix, r.ravel()).reshape(r.shape))
    found = safe_fcg(op, noise(op), P, safe=Jacobi(op))
    assert (found.iterations, found.events) == (1, [])


def test_slow_preconditioner_is_given_up_after_one_window() -> None:
    _, P, _, spent, _, alone = race(good(), "noise", "Jacobi", 1e4)
    assert P.calls == 4
    assert spent <= 1.3 * alone + 4.01e4


def test_locally_optimal_step_is_at_least_steepest_descent() -> None:
    """Every step gains what one along S r alone would gain, whatever P is."""
    op = poisson(31)
    b, S = noise(op), SSOR(op)
    P, iterates = Map(barely_descending), []
    safe_fcg(
        op, b, P, safe=S, maxiter=6, window=100, locally_optimal=True,
        callback=lambda _, x: iterates.append(x),
    )  # fmt: skip
    energy = [0.5 * np.vdot(x, op.apply(x)) - np.vdot(x, b) for x in iterates]
    for x, before, now in zip(iterates, energy, energy[1:], strict=False):
        r = b - op.apply(x)
        z = S.apply(r)
        gain = np.vdot(z, r) ** 2 / np.vdot(z, op.apply(z)) / 2
        assert now <= before - gain * (1 - 1e-9)


def test_true_residual_is_computed_every_fifty_iterations() -> None:
    op = poisson(127)
    found = safe_fcg(
        op, noise(op), Map(np.copy), safe=Jacobi(op), window=10**6, maxiter=160,
        overhead=math.inf,
    )  # fmt: skip
    where = np.flatnonzero(found.history_is_true)
    assert set(np.diff(where[1:-1])) == {50}


def test_same_costs_same_run() -> None:
    one, other = (race(stochastic(0.5), "noise", "SSOR", 1.0)[0] for _ in range(2))
    assert one.events == other.events
    np.testing.assert_array_equal(one.x, other.x)


def test_singular_operator() -> None:
    from tests.linalg.problems import square

    op = discretize(square(32, "neumann", "cell"))
    b = noise(op)
    for function in (np.ones_like, lambda r: r + 100.0, lambda r: r * np.nan):
        found = safe_fcg(op, b, Map(function), safe=SSOR(op), project=True)
        assert found.converged
        assert abs(found.x.mean()) < 1e-13 * np.abs(found.x).max()


def test_without_anything_it_finds_its_own_safe_preconditioner() -> None:
    op = poisson(N)
    found = safe_fcg(op, noise(op))
    assert found.converged
    assert found.iterations < 45
    assert not any("fallback" in s for _, s in found.events)


def test_untrustworthy_safe_preconditioner() -> None:
    op = poisson(15)
    with pytest.raises(NotApplicable, match="must be declared linear"):
        safe_fcg(op, noise(op), safe=Map(np.copy))
    found = safe_fcg(op, noise(op), Map(np.zeros_like), safe=Map(lambda r: -r, good=True))
    assert found.converged
    assert any("S is not positive definite" in s for _, s in found.events)
    with pytest.raises(PdekitError, match="at least 1"):
        safe_fcg(op, noise(op), m=0)


def test_interruption_by_the_user_passes() -> None:
    op = poisson(15)

    def stop(r: Array) -> Array:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        safe_fcg(op, noise(op), Map(stop), safe=Jacobi(op))


@pytest.mark.parametrize("optimal", [False, True], ids=["", "optimal"])
def test_energies_of_both_iterations(
    optimal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """‖e₀‖² − ‖e‖² = (x, 2 b − A x)  from  x₀ = 0:  what the two are compared by."""
    from pdekit.linalg.krylov import _safe

    races = []

    class Kept(_safe.Race):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.x = self.run.x
            races.append(self)

    monkeypatch.setattr(_safe, "Race", Kept)
    op = poisson(N)
    P = Map(stochastic(0.3))
    safe_fcg(
        op, noise(op), P, safe=Jacobi(op), maxiter=7, locally_optimal=optimal,
        overhead=math.inf,
    )  # fmt: skip
    (kept,) = races
    assert kept.steps_trusted == 3
    for state in (kept, kept.trusted):
        expected = np.vdot(state.x, 2 * kept.run.b - op.apply(state.x))
        assert state.energy == pytest.approx(expected, rel=1e-9)
