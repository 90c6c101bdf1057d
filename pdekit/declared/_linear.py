"""The linear part: a formula of wavenumbers, or one of derivatives, as a symbol."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.declared._reader import refusal
from pdekit.declared._table import expression
from pdekit.declared._terms import Words, derivative, terms_of
from pdekit.errors import ExpressionError
from pdekit.expressions._simplify import ONE, ZERO, add
from pdekit.expressions._tree import Name, Node, excerpt, names_in, walk
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid

WAVENUMBERS = ("k", "kx", "ky", "kz", "k2", "inv_k2")
"""Names in a symbol; ``k`` is ``kx`` on a line."""


def symbol_of(name: str, tree: Node, words: Words) -> Node:
    """Return the symbol of the linear part of a field as a formula of wavenumbers."""
    named = names_in(tree) & set(words.fields)
    derivatives = [part for part in walk(tree) if derivative(part) is not None]
    if not named and not derivatives:
        return tree
    if others := sorted(named - {name}):
        raise refusal(
            f"the linear part of {name} can contain {name} alone; write the terms with "
            f"{' and '.join(others)} under `nonlinear`",
            tree,
        )
    if waves := sorted(names_in(tree) & set(WAVENUMBERS)):
        raise refusal(
            f"mixes wavenumbers ({', '.join(waves)}) with {name}; write a symbol such as "
            f"-k2, or derivatives such as lap({name})",
            tree,
        )
    total: Node = ZERO
    for term in terms_of(tree, words):
        if term.core is None:
            raise refusal(
                f"{excerpt(term.coefficient)} is not linear in {name}; write a constant "
                "under `source`",
                tree,
            )
        if term.core != Name(name):
            raise refusal(f"{excerpt(term.core)} is not linear in {name}", term.core)
        total = add(total, term.operator.applied(term.coefficient, ONE))
    return total


def axes_of(symbol: Node) -> int:
    """Return the number of axes whose wavenumbers a symbol names."""
    names = names_in(symbol)
    return max(
        (n for n, k in enumerate("xyz", start=1) if {f"k{k}", f"_k{k}2"} & names), default=0
    )


def on_grid(symbol: Node, grid: Grid, numbers: Mapping[str, float], *, real: bool) -> Array:
    """Evaluate a symbol at every mode.

    The Nyquist mode stands for both signs of its wavenumber and gets their mean: the even
    part, so that odd derivatives vanish there.
    """
    full = grid.wavenumbers(real)
    odd = grid.wavenumbers(real, odd=True)
    flips = [(k, 2.0 * o - k) for k, o in zip(full, odd, strict=True)]
    choices = [pair if (pair[0] != pair[1]).any() else pair[:1] for pair in flips]
    values = [at(symbol, ks, numbers) for ks in product(*choices)]
    mean = reduce(np.add, values) / len(values)
    return np.broadcast_to(mean, grid.spectral_shape(real))


def at(symbol: Node, ks: tuple[Array, ...], numbers: Mapping[str, float]) -> Array:
    """Evaluate a symbol at wavenumbers, one array per axis.

    Raises
    ------
    ExpressionError
        If it is not finite everywhere; it says where.
    """
    k2 = reduce(np.add, (k * k for k in ks))
    with np.errstate(divide="ignore"):
        inverse = np.where(k2 > 0, 1.0 / np.where(k2 > 0, k2, 1.0), 0.0)
    named: dict[str, Any] = {"k": ks[0], "k2": k2, "inv_k2": inverse, **numbers}
    for axis, k in zip("xyz", ks, strict=False):
        named |= {f"k{axis}": k, f"_k{axis}2": k * k}
    used = names_in(symbol)
    values = np.asarray(expression(symbol)(**{n: v for n, v in named.items() if n in used}))
    spread = np.broadcast_to(values, np.broadcast_shapes(k2.shape, values.shape))
    if not np.isfinite(spread).all():
        bad = np.argwhere(~np.isfinite(spread))[0]
        place = ", ".join(
            f"k{axis} = {np.broadcast_to(k, spread.shape)[tuple(bad)]:g}"
            for axis, k in zip("xyz", ks, strict=False)
        )
        raise ExpressionError(f"the symbol {excerpt(symbol)} is not finite at {place}")
    return spread


def check_of_real_field(
    name: str, symbol: Node, axes: int, numbers: Mapping[str, float]
) -> None:
    """Refuse a symbol that would make a real field complex: L(−k) must be conj L(k)."""
    rng = np.random.default_rng(0)
    ks = tuple(rng.uniform(0.5, 2.0, 16) * rng.choice([-1, 1], 16) for _ in range(axes))
    there, back = at(symbol, ks, numbers), at(symbol, tuple(-k for k in ks), numbers)
    if np.abs(back - there.conj()).max() > 1e-9 * max(1.0, float(np.abs(there).max())):
        raise refusal(
            f"{name} is real, so its symbol must be conj(L(k)) at -k: even powers of k "
            "with real factors, odd ones with imaginary factors (i*k**3); or declare "
            f"`fields: {{{name}: complex}}`",
            symbol,
        )


def growth(symbol: Array, k2: Array) -> tuple[float, float] | None:
    """Return rate and |k| of what grows fastest, if that is among the shortest waves.

    A symbol whose real part is positive at the highest wavenumber, and larger than at all
    those of half its size, grows with the resolution: the problem is ill-posed.
    """
    rate = np.broadcast_to(symbol.real, k2.shape)
    short, long = k2 > 0.64 * k2.max(), k2 <= 0.25 * k2.max()
    worst = int(np.argmax(np.where(short, rate, -np.inf)))
    found = float(rate.flat[worst])
    if found > 0.0 and found > 1.001 * max(0.0, float(rate[long].max())):
        return found, float(np.sqrt(k2.flat[worst]))
    return None
