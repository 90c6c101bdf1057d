"""Mistakes in an equation of a user are named before anything is compiled."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from pdekit.engine import make_engine
from pdekit.engine._codegen import source_of
from pdekit.equation import AbstractEquation, Params
from pdekit.errors import PdekitError
from pdekit.formulas import i_times, sin
from pdekit.grid import Grid
from pdekit.marching import evolve
from pdekit.stepping import System
from pdekit.typing import Array

LINE = Grid.periodic(32, (0.0, 2 * np.pi))
(X,) = LINE.points()
OUTSIDE = 2.0


class SinkParams(Params):
    """Numbers that the formulas name."""

    kappa: float = 0.1
    sink: float = 0.5


class Sink(AbstractEquation):
    """Diffusion with a sink, right as it is."""

    name: ClassVar[str] = "sink_of_a_test"
    fields: ClassVar[tuple[str, ...]] = ("u",)
    Params: ClassVar[type[Params]] = SinkParams

    def symbol(self, grid: Grid) -> Array:
        return -self.params.kappa * grid.k_squared(real=True)[None]

    @staticmethod
    def split(u: Any) -> Any:
        return u

    @staticmethod
    def product(u: Any, sink: Any) -> Any:
        return -sink * u * u


def changed(**formulas: Any) -> AbstractEquation:
    """Return the sink with other formulas."""
    static = {k: f if f is None else staticmethod(f) for k, f in formulas.items()}
    kind: Any = type("Changed", (Sink,), static)
    equation: AbstractEquation = kind()
    return equation


def unknown_last(u: Any, sink: Any, snk: Any) -> Any:
    return -snk * u * u * sink


def unknown_first(u: Any, snk: Any) -> Any:
    return -snk * u * u


def nothing(u: Any) -> Any:
    u * u


def two(u: Any) -> Any:
    return u, u * u


def numpy_inside(u: Any) -> Any:
    return np.abs(u)


def outside(u: Any) -> Any:
    return OUTSIDE * u


def method(u: Any) -> Any:
    return u.sum()


def failing(u: Any) -> Any:
    return u + "1"


def of_no_product(p: Any, kxx: Any) -> Any:
    return kxx * p


def too_many(p: Any, q: Any, kx: Any) -> Any:
    return kx * p * q


def misspelt(u: Any, inv_k: Any) -> Any:
    return inv_k * u


@pytest.mark.parametrize("engine", ["fused", "numpy"])
@pytest.mark.parametrize(
    ("formulas", "expected"),
    [
        (
            {"product": unknown_last},
            "takes 'snk', which is neither an output of split nor one of kappa, sink",
        ),
        (
            {"product": unknown_first},
            "takes 'snk', which is neither an output of split nor one of kappa, sink",
        ),
        (
            {"split": None, "product": unknown_first},
            "product takes 'snk', which is neither a field nor one of kappa, sink",
        ),
        (
            {"split": misspelt},
            "split takes 'inv_k', which is none of inv_k2, k2, kappa, kx",
        ),
        ({"split": two}, "product takes 1 of the 2 values that split returns"),
        ({"product": nothing}, "product returns nothing: is a return statement missing?"),
        ({"product": two}, "product returns 2 values for 1 variables"),
        ({"product": failing}, "product raises "),
        ({"product": numpy_inside}, "product uses 'np'; beside operators"),
        ({"product": outside}, "product uses 'OUTSIDE'; beside operators"),
        ({"product": method}, "product uses '.sum'; beside operators"),
        (
            {"assemble": of_no_product},
            "assemble takes 'kxx', which is neither an output of product nor one of",
        ),
        (
            {"assemble": too_many},
            "assemble takes 'q', which is neither an output of product",
        ),
        ({"assemble": two}, "assemble takes 0 of the 1 values that product returns"),
        ({"encode": misspelt}, "encode takes 'inv_k', which is none of"),
        ({"decode": two}, "decode returns 2 values for 1 fields"),
    ],
)
def test_a_wrong_formula_is_named(
    engine: str, formulas: dict[str, Any], expected: str
) -> None:
    wrong = next(f for f in reversed(formulas.values()) if f is not None)
    place = f"test_user_mistakes.py:{wrong.__code__.co_firstlineno}: "
    if formulas == {"split": two}:  # then it is what takes them that is shown
        place = "test_user_mistakes.py:"
    made = make_engine(engine, LINE, channels=1, members=1)
    with pytest.raises(PdekitError) as error:
        System(changed(**formulas), LINE, made, start=0.0, end=1.0)
    assert str(error.value).startswith(place)
    assert expected in str(error.value)


def test_the_line_is_that_of_the_def() -> None:
    class Late(Sink):
        @staticmethod
        def product(u: Any, snk: Any) -> Any:
            return snk * u

    line = Late.product.__code__.co_firstlineno + 1  # Python counts from the decorator
    with pytest.raises(PdekitError, match=rf"^test_user_mistakes\.py:{line}: product"):
        evolve(Late(), LINE, np.sin(X), 0.1, integrator="rk4", steps=4)


def words(u: Any, sink: Any) -> Any:
    part = sin(u.real) + u.imag
    return sink * part * u.conj()


def turned(p: Any, kx: Any, u: Any) -> Any:
    return i_times(kx * p) + u


def test_right_formulas_pass() -> None:
    made = make_engine("numpy", LINE, channels=1, members=1)
    right = changed(split=None, product=words, assemble=turned)
    system = System(right, LINE, made, start=0.0, end=1.0)
    assert (system.rhs.inputs, system.rhs.outputs) == (1, 1)


class Full(Sink):
    """A symbol over all modes, of which real fields have half."""

    def symbol(self, grid: Grid) -> Array:
        return -grid.k_squared(real=False)[None]


def test_a_symbol_of_all_modes_is_refused_for_real_fields() -> None:
    expected = (
        r"symbol has the shape \(1, 32\); real fields have the modes \(1, 17\): "
        r"use grid\.wavenumbers\(real=True\)"
    )
    with pytest.raises(PdekitError, match=expected):
        evolve(Full(), LINE, np.sin(X), 0.1, integrator="etdrk4", steps=4)


def test_half_precision_is_refused() -> None:
    with pytest.raises(PdekitError, match="the field is of float16"):
        evolve(Sink(), LINE, np.sin(X).astype(np.float16), 0.1, steps=4)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_precision_tensors_are_refused(kind: str) -> None:
    torch = pytest.importorskip("torch")
    u = torch.as_tensor(np.sin(X)).to(getattr(torch, kind))
    with pytest.raises(PdekitError, match=f"the field is of torch.{kind}"):
        evolve(Sink(), LINE, u, 0.1, steps=4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_start_that_is_not_finite_is_refused(value: float) -> None:
    u = np.sin(X)
    u[3] = value
    with pytest.raises(PdekitError, match=r"the field is not finite at t = 0\.5"):
        evolve(Sink(), LINE, u, 1.0, start=0.5, steps=4)


def test_a_formula_without_a_source_is_refused() -> None:
    space: dict[str, Any] = {}
    exec("def product(u):\n    return u * u\n", space)  # noqa: S102 - as at a prompt
    with pytest.raises(PdekitError, match="the source of product is not to be found"):
        source_of(space["product"], "product")
