"""Texts of the compiled loops; the formulas inside come from integrators and equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pdekit.engine._codegen import CIS, source_of

ROW = 256
"""Points per block of a kernel that passes over its row twice: first-level cache."""


def stage_text(formula: Callable[..., Any], kinds: Sequence[int], outputs: int) -> str:
    """Loop over members, channels and modes; a symbol has no member axis."""
    index = {3: "[b, c, i]", 2: "[c, i]", 0: ""}
    names = [f"a{j}" for j in range(len(kinds))]
    outs = [f"o{j}" for j in range(outputs)]
    call = ", ".join(name + index[kind] for name, kind in zip(names, kinds, strict=True))
    return (
        source_of(formula, "formula")
        + f"""
@loop
def kernel({", ".join(outs + names)}):
    for b in range(o0.shape[0]):
        for c in range(o0.shape[1]):
            for i in range(o0.shape[2]):
                {", ".join(f"{o}[b, c, i]" for o in outs)} = formula({call})
"""
    )


def _mixing(channels: int, arrays: Sequence[bool]) -> tuple[str, str]:
    """Parameter list and call arguments shared by the kernels that mix components."""
    call = [f"u{c}" for c in range(channels)]
    call += [f"f{j}[i]" if is_array else f"f{j}" for j, is_array in enumerate(arrays)]
    return ", ".join(f"f{j}" for j in range(len(arrays))), ", ".join(call)


def phase_text(rate: Callable[..., Any], channels: int, arrays: Sequence[bool]) -> str:
    """Phase kernel in cache-sized rows, with the short polynomial where it is exact."""
    names, call = _mixing(channels, arrays)
    every, pad = range(channels), " " * 20
    rows = [f"w{c} = w[b, {c}, start:start + {ROW}]" for c in every]
    for j, is_array in enumerate(arrays):
        if is_array:
            rows.append(f"r{j} = f{j}[start:start + {ROW}]")
            call = call.replace(f"f{j}[i]", f"r{j}[i]")
    phases = [f"u{c} = w{c}[i]" for c in every]
    phases.append(", ".join(f"p{c}" for c in every) + f" = rate({call})")
    test = [f"large |= 1 if abs(h * p{c}) > 0.125 else 0" for c in every]

    def turn(cis: str) -> list[str]:
        return [
            line
            for c in every
            for line in (
                f"x, y = {cis}(h * p{c})",
                f"re, im = u{c}.real * x - u{c}.imag * y, u{c}.real * y + u{c}.imag * x",
                f"w{c}[i] = complex(re, im)",
            )
        ]

    def block(lines: list[str]) -> str:
        return "\n".join(pad + line for line in lines)

    return (
        CIS
        + source_of(rate, "rate")
        + f"""
@loop
def kernel(w, h, {names}):
    for b in range(w.shape[0]):
        for start in range(0, w.shape[2], {ROW}):
            {"; ".join(rows)}
            large = 0
            for i in range(w0.shape[0]):
{block(phases + test)}
            if large:
                for i in range(w0.shape[0]):
{block(phases + turn("cis"))}
            else:
                for i in range(w0.shape[0]):
{block(phases + turn("cis_small"))}
"""
    )


def combination_text(real: str) -> str:
    """Keep the slope  k = turn·n,  form  w = e (v + Σ aⱼ kⱼ):  one kernel for all stages.

    The sum runs over real numbers, half the work of complex factors with no imaginary part.
    """
    return f"""
import numpy as np


@loop
def kernel(w, n, slopes, store, slots, turn, v, e, a):
    w_parts, v_parts, k_parts = w.view(np.{real}), v.view(np.{real}), slopes.view(np.{real})
    for b in range(w.shape[0]):
        for c in range(w.shape[1]):
            for start in range(0, w.shape[2], {ROW}):
                stop = start + {ROW}
                row, back = w[b, c, start:stop], turn[c, start:stop]
                slope, new = slopes[store, b, c, start:stop], n[b, c, start:stop]
                for i in range(row.shape[0]):
                    slope[i] = back[i] * new[i]
                total = w_parts[b, c, 2 * start:2 * stop]
                state = v_parts[b, c, 2 * start:2 * stop]
                for i in range(total.shape[0]):
                    total[i] = state[i]
                for j in range(slots.shape[0]):
                    part, factor = k_parts[slots[j], b, c, 2 * start:2 * stop], a[j]
                    for i in range(total.shape[0]):
                        total[i] += factor * part[i]
                forth = e[c, start:stop]
                for i in range(row.shape[0]):
                    row[i] *= forth[i]
"""


def norms_text(first: Sequence[int], second: Sequence[int], real: str) -> str:
    """Squared norms of two combinations of the slopes and of the state."""
    p = " + ".join(f"x[{j}] * k[{s}, i]" for j, s in enumerate(first))
    q = " + ".join(f"y[{j}] * k[{s}, i]" for j, s in enumerate(second))
    return f"""
import numpy as np


@total
def kernel(slopes, v, x, y):
    k = slopes.view(np.{real}).reshape((slopes.shape[0], 2 * v.size))
    z = v.view(np.{real}).reshape(2 * v.size)
    n0 = n1 = n2 = 0.0
    for i in range(z.size):
        p = {p}
        q = {q}
        n0 += p * p
        n1 += q * q
        n2 += z[i] * z[i]
    return n0, n1, n2
"""
