"""The published functions: what each means, how it is computed, and its derivative.

A derivative is a formula in the arguments ``a``, ``b``, ``c`` and in their own derivatives
``da``, ``db``, ``dc`` with respect to a real variable; that form also serves functions that
are not holomorphic, such as ``abs``. An implementation takes the array namespace ``xp``,
which is the module ``numpy`` or the module ``torch``, and then its arguments; at least one
of them is an array of ``xp``, the others may be Python numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pdekit.arrays import is_complex
from pdekit.typing import Array

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e}
ARGUMENTS = ("a", "b", "c")


@dataclass(frozen=True)
class Function:
    """One published function of ``arity`` arguments.

    ``derivative`` is None where a jump leaves none; ``compute`` is None for ``where``, of
    which the program evaluates each branch only on the points that choose it.
    """

    doc: str
    derivative: str | None
    compute: Callable[..., Array] | None
    arity: int = 1
    real: bool = False  # complex arguments are refused


def is_torch(xp: Any) -> bool:
    """Say whether a namespace is torch's (without importing torch)."""
    return bool(xp.__name__ == "torch")


def _same(name: str) -> Callable[..., Array]:
    """Return a function of one argument that NumPy and torch both have under this name."""
    return lambda xp, a: getattr(xp, name)(a)


def _special(scipy_name: str, torch_name: str) -> Callable[..., Array]:
    def compute(xp: Any, a: Array) -> Array:
        if is_torch(xp):
            return getattr(xp.special, torch_name)(a)
        import scipy.special

        return getattr(scipy.special, scipy_name)(a)

    return compute


def _bessel(kind: str, order: int) -> Callable[..., Array]:
    def compute(xp: Any, a: Array) -> Array:
        if is_torch(xp):
            return _torch_bessel()(a, kind, order)
        import scipy.special

        return getattr(scipy.special, f"{kind}{order}")(a)

    return compute


@lru_cache(maxsize=1)
def _torch_bessel() -> Callable[[Array, str, int], Array]:
    """Bessel functions of tensors; torch's own carry no gradient, and do not say so."""
    import torch

    class Bessel(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(a: Array, kind: str, order: int) -> Array:
            return getattr(torch.special, f"bessel_{kind}{order}")(a)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Array) -> None:
            a, ctx.kind, ctx.order = inputs
            ctx.save_for_backward(a)

        @staticmethod
        def backward(ctx: Any, *gradients: Array) -> tuple[Array, None, None]:
            (a,) = ctx.saved_tensors
            bessel = _torch_bessel()
            if ctx.order == 0:
                slope = -bessel(a, ctx.kind, 1)
            else:
                limit = 0.5 if ctx.kind == "j" else -math.inf  # of f₁(a)/a at the origin
                ratio = bessel(a, ctx.kind, 1) / torch.where(a == 0, 1.0, a)
                slope = bessel(a, ctx.kind, 0) - torch.where(a == 0, limit, ratio)
            return gradients[0] * slope, None, None

    apply: Callable[[Array, str, int], Array] = Bessel.apply
    return apply


def _mirrored(xp: Any, a: Array) -> tuple[Array, Array]:
    """Return ``s = ±1`` and ``exp(-s a)``, of modulus at most 1: nothing overflows.

    To autograd ``s`` is a constant, and the formulas that use it hold for either sign, so
    every derivative is right, also at the origin, where ``exp(-abs(a))`` has a kink.
    """
    sign = 1.0 - 2.0 * (a.real < 0)
    sign = sign.to(a.real.dtype) if is_torch(xp) else sign.astype(a.real.dtype)
    return sign, xp.exp(-sign * a)


def _sech(xp: Any, a: Array) -> Array:
    _, decay = _mirrored(xp, a)
    return 2.0 * decay / (1.0 + decay * decay)


def _csch(xp: Any, a: Array) -> Array:
    sign, decay = _mirrored(xp, a)
    return -2.0 * sign * decay / xp.expm1(-2.0 * sign * a)


def _coth(xp: Any, a: Array) -> Array:
    sign, decay = _mirrored(xp, a)
    return -sign * (1.0 + decay * decay) / xp.expm1(-2.0 * sign * a)


def _sign(xp: Any, a: Array) -> Array:
    return xp.sgn(a) if is_torch(xp) else xp.sign(a)


def _heaviside(xp: Any, a: Array) -> Array:
    return 0.5 * (1.0 + xp.sign(a))


def _conj(xp: Any, a: Array) -> Array:
    return xp.conj_physical(a) if is_torch(xp) else xp.conj(a)


def _imag(xp: Any, a: Array) -> Array:
    return a.imag if is_complex(a) else xp.zeros_like(a)


def _of_two(name: str) -> Callable[..., Array]:
    """Return a function of two arrays; torch wants both of them to be tensors."""

    def compute(xp: Any, a: Array, b: Array) -> Array:
        if is_torch(xp):
            like = a if xp.is_tensor(a) else b
            a, b = (xp.as_tensor(v, dtype=like.dtype, device=like.device) for v in (a, b))
        return getattr(xp, name)(a, b)

    return compute


def _gaussian(xp: Any, a: Array, b: Array) -> Array:
    ratio = a / b
    return xp.exp(-0.5 * (ratio * ratio))


TABLE: dict[str, Function] = {
    "sin": Function("sine", "cos(a)*da", _same("sin")),
    "cos": Function("cosine", "-sin(a)*da", _same("cos")),
    "tan": Function("tangent", "(1 + tan(a)**2)*da", _same("tan")),
    "asin": Function("inverse sine", "da/sqrt(1 - a**2)", _same("arcsin")),
    "acos": Function("inverse cosine", "-da/sqrt(1 - a**2)", _same("arccos")),
    "atan": Function("inverse tangent", "da/(1 + a**2)", _same("arctan")),
    "atan2": Function(
        "angle of the point (b, a), in (-pi, pi]",
        "(b*da - a*db)/(a**2 + b**2)",
        _of_two("arctan2"),
        arity=2,
        real=True,
    ),
    "sinh": Function("hyperbolic sine", "cosh(a)*da", _same("sinh")),
    "cosh": Function("hyperbolic cosine", "sinh(a)*da", _same("cosh")),
    "tanh": Function("hyperbolic tangent", "sech(a)**2*da", _same("tanh")),
    "sech": Function("1/cosh(a), 0 where cosh overflows", "-sech(a)*tanh(a)*da", _sech),
    "csch": Function("1/sinh(a), 0 where sinh overflows", "-csch(a)*coth(a)*da", _csch),
    "coth": Function("1/tanh(a)", "-csch(a)**2*da", _coth),
    "asinh": Function("inverse hyperbolic sine", "da/sqrt(1 + a**2)", _same("arcsinh")),
    "acosh": Function(
        "inverse hyperbolic cosine", "da/(sqrt(a - 1)*sqrt(a + 1))", _same("arccosh")
    ),
    "atanh": Function("inverse hyperbolic tangent", "da/(1 - a**2)", _same("arctanh")),
    "exp": Function("exponential", "exp(a)*da", _same("exp")),
    "expm1": Function("exp(a) - 1, accurate near 0", "exp(a)*da", _same("expm1")),
    "log": Function("natural logarithm", "da/a", _same("log")),
    "log1p": Function("log(1 + a), accurate near 0", "da/(1 + a)", _same("log1p")),
    "log2": Function("logarithm to base 2", "da/(a*log(2))", _same("log2")),
    "log10": Function("logarithm to base 10", "da/(a*log(10))", _same("log10")),
    "sqrt": Function("square root", "da/(2*sqrt(a))", _same("sqrt")),
    "abs": Function("modulus", "real(conj(sign(a))*da)", _same("abs")),
    "sign": Function(
        "a/abs(a), 0 at 0",
        "(da - sign(a)*real(conj(sign(a))*da))/abs(a)",  # the phase's; see JUMPS_IF_REAL
        _sign,
    ),
    "real": Function("real part", "real(da)", lambda xp, a: a.real),
    "imag": Function("imaginary part", "imag(da)", _imag),
    "conj": Function("complex conjugate", "conj(da)", _conj),
    "arg": Function("phase angle, in (-pi, pi]", "imag(da/a)", _same("angle")),
    "erf": Function(
        "error function", "2/sqrt(pi)*exp(-a**2)*da", _special("erf", "erf"), real=True
    ),
    "erfc": Function(
        "1 - erf(a), accurate for large a",
        "-2/sqrt(pi)*exp(-a**2)*da",
        _special("erfc", "erfc"),
        real=True,
    ),
    "j0": Function(
        "Bessel function of the first kind, order 0",
        "-j1(a)*da",
        _bessel("j", 0),
        real=True,
    ),
    "j1": Function(
        "Bessel function of the first kind, order 1",
        "where(a == 0, 0.5, j0(a) - j1(a)/a)*da",
        _bessel("j", 1),
        real=True,
    ),
    "y0": Function(
        "Bessel function of the second kind, order 0",
        "-y1(a)*da",
        _bessel("y", 0),
        real=True,
    ),
    "y1": Function(
        "Bessel function of the second kind, order 1",
        "(y0(a) - y1(a)/a)*da",
        _bessel("y", 1),
        real=True,
    ),
    "gaussian": Function(
        "exp(-a**2/(2*b**2)), of standard deviation b",
        "gaussian(a, b)*(a**2*db/b - a*da)/b**2",
        _gaussian,
        arity=2,
    ),
    "heaviside": Function(
        "0 for a < 0, 1/2 at 0, 1 for a > 0", None, _heaviside, real=True
    ),
    "floor": Function("greatest integer up to a", None, _same("floor"), real=True),
    "ceil": Function("least integer from a", None, _same("ceil"), real=True),
    "mod": Function(
        "remainder a - b*floor(a/b), of b's sign; derivative between its jumps",
        "da - (a - mod(a, b))/b*db",
        _of_two("remainder"),
        arity=2,
        real=True,
    ),
    "minimum": Function(
        "the smaller", "where(a <= b, da, db)", _of_two("minimum"), 2, True
    ),
    "maximum": Function("the larger", "where(a >= b, da, db)", _of_two("maximum"), 2, True),
    "where": Function(
        "b where condition a holds (is not 0), else c; each is computed only there",
        "where(a, db, dc)",
        None,
        arity=3,
    ),
}

JUMPS_IF_REAL = frozenset({"sign"})
"""Functions whose derivative exists for complex arguments only."""

FUNCTIONS: dict[str, str] = {
    name: f"{name}({', '.join(ARGUMENTS[: function.arity])}): {function.doc}"
    for name, function in TABLE.items()
}
"""The functions a formula may call, each with one line of explanation."""
