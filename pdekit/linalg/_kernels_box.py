"""Loops for operators that couple a point with all 3ᵈ points around it.

``a`` holds the coefficients as ``[offset][point]``, ``off`` the offsets (di, dj, dk) of the
arrays; a point is (plane, row, place).  Coefficients across a wall are zero, so that what
is read there does not matter; unknowns have room before and behind (`padded`), so that it
can be read.  Prolongations are ``w[slot][point]``: the weights of the coarse points below
and above, along each axis, of which slot 4a + 2b + c takes the a-th, b-th and c-th.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from pdekit.linalg._kernels import HEADER, digest
from pdekit.linalg._kernels_galerkin import SET_UP


def _offsets(slow: int) -> list[tuple[int, int]]:
    steps = (-1, 0, 1)
    return [
        (i, j)
        for i in (steps if slow else (0,))
        for j in (steps if slow == 2 else (0,))
        if (i, j) != (0, 0)
    ]


def offsets(slow: int) -> list[tuple[int, int, int]]:
    """Return the offsets in the order of the arrays: the row's own three come first."""
    return [(i, j, k) for i, j in [(0, 0), *_offsets(slow)] for k in (-1, 0, 1)]


def _row_text(slow: int, head: str, full: str, end: str) -> str:
    rows = _offsets(slow)
    starts = "\n".join(
        f"    o{x} = start(i, {i}, j, {j}, g)" for x, (i, j) in enumerate(rows)
    )

    def body(m: str) -> str:
        def read(a: str, at: str) -> str:
            return f"load_part({a}, {at}, {m})" if m else f"load({a}, {at})"

        terms = [
            f"{read('a', f'{s} * size + o + k')} * {row}"
            for s, row in ((0, "before(prev, cur)"), (2, "after(cur, nxt)"))
        ]
        for x in range(len(rows)):
            for d in range(3):
                factor = read("a", f"{3 * x + 3 + d} * size + o + k")
                terms.append(f"{factor} * {read('u', f'o{x} + k + {d - 1}')}")
        # several short sums: one long one would wait for itself
        lanes = ["(" + " + ".join(terms[x::3]) + ")" for x in range(min(3, len(terms)))]
        text = full.replace("SUM", " + ".join(lanes))
        text = text.replace("DIAG", read("a", "size + o + k")).replace(
            "RIGHT", read("f", "o + k")
        )
        write = ("store_part", f", {m})") if m else ("store", ")")
        return " " * 8 + text.replace("WRITE", write[0]).replace("STOP", write[1])

    total = " + ".join(
        [
            f"a[{s} * size + o + k] * u[o + {side}]"
            for s, side in ((0, "left"), (2, "right"))
        ]
        + [
            f"a[{3 * x + 3 + d} * size + o + k] * u[o{x} + {side}]"
            for x in range(len(rows))
            for d, side in enumerate(("left", "k", "right"))
        ]
    )
    return f"""

@piece
def {head}:
    p, q, n = g[0], g[1], g[2]
    size = p * q * n
    o = (i * q + j) * n
{starts}
    prev = spread(u, 0.0)
    cur = load_part(u, o, n)
    k = 0
    while k + 2 * LANES <= n:
        nxt = load(u, o + k + LANES)
{body("")}
        prev = cur
        cur = nxt
        k += LANES
    while k < n:
        m = n - k
        nxt = load_part(u, o + k + LANES, m - LANES)
{body("m")}
        prev = cur
        cur = nxt
        k += LANES
    if g[5]:
        for k in (0, n - 1):
            left, right = (k - 1 if k else n - 1), (k + 1 if k < n - 1 else 0)
            s = {total}
            {end}
"""


START = """

@piece
def start(i, di, j, dj, g):
    # where a neighbouring row begins; beyond a wall any will do
    p, q, n = g[0], g[1], g[2]
    a, b = i + di, j + dj
    if a < 0 or a >= p:
        a = (a + p) % p if g[3] else i
    if b < 0 or b >= q:
        b = (b + q) % q if g[4] else j
    return (a * q + b) * n
"""

LOOPS = """

@loop
def residual(out, u, f, g, a, lo, hi):
    for i in range(lo, hi):
        for j in range(g[1]):
            residual_row(out, (i * g[1] + j) * g[2], u, f, g, a, i, j)


@loop
def sweep(u, f, g, a, back, colour, lo, hi):
    # rows of the class colour = 2(i mod 2) + (j mod 2): even places first, or odd ones
    for i in range(lo, hi):
        if i % 2 != colour // 2:
            continue
        for j in range(colour % 2, g[1], 2):
            relax_row(u, f, g, a, i, j, back)
            relax_row(u, f, g, a, i, j, 1 - back)
"""


@cache
def box_kernels(slow: int, single: bool) -> ModuleType:
    """Return the compiled functions for a number of slow axes and a precision."""
    from pdekit.engine._codegen import compiled_module

    text = HEADER % {"lanes": 16 if single else 8} + SET_UP + START
    text += _row_text(
        slow,
        "relax_row(u, f, g, a, i, j, par)",
        "WRITE(u, o + k, pick(par, (RIGHT - (SUM)) / DIAG, cur)STOP",
        "u[o + k] = (f[o + k] - s) / a[size + o + k] if (k + par) % 2 == 0 else u[o + k]",
    )
    text += _row_text(
        slow,
        "residual_row(t, to, u, f, g, a, i, j)",
        "WRITE(t, to + k, RIGHT - (SUM) - DIAG * curSTOP",
        "t[to + k] = f[o + k] - s - a[size + o + k] * u[o + k]",
    )
    name = f"box_{slow}_{'single' if single else 'double'}"
    return compiled_module(name, f"# {digest()}\n" + text + LOOPS)
