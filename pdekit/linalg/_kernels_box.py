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

SET_UP = """

@piece
def moved(i, d, n, wrap):
    k = i + d
    if wrap:
        return (k + n) % n
    return k if 0 <= k < n else -1


@piece
def neighbour(i, j, k, d, g):
    i1, j1 = moved(i, d[0], g[0], g[3]), moved(j, d[1], g[1], g[4])
    k1 = moved(k, d[2], g[2], g[5])
    if i1 < 0 or j1 < 0 or k1 < 0:
        return -1, i1, j1, k1
    return (i1 * g[1] + j1) * g[2] + k1, i1, j1, k1


@piece
def between(i, first, halves):
    return 1 if halves and (i - first) % 2 else 0


@piece
def interpolate_point(w, a, off, g, i, j, k, bi, bj, bk):
    # −Σ c P(neighbour)/Σ c: over the axes along which the point lies between coarse ones,
    # the stencil being collapsed along the others
    o = (i * g[1] + j) * g[2] + k
    middle = 0.0
    for x in range(8):
        w[x, o] = 0.0
    for s in range(off.shape[0]):
        d = (off[s, 0] * bi, off[s, 1] * bj, off[s, 2] * bk)
        c = a[s, o]
        if d[0] == 0 and d[1] == 0 and d[2] == 0:
            middle += c
        elif c != 0:
            o1, i1, j1, k1 = neighbour(i, j, k, d, g)
            if o1 >= 0:
                for x in range(8):
                    if w[x, o1] == 0:
                        continue
                    # a neighbour's slots are counted from its own coarse points
                    sa = x // 4 if d[0] == 0 else (1 if d[0] > 0 else 0)
                    sb = (x // 2) % 2 if d[1] == 0 else (1 if d[1] > 0 else 0)
                    sc = x % 2 if d[2] == 0 else (1 if d[2] > 0 else 0)
                    w[4 * sa + 2 * sb + sc, o] += c * w[x, o1]
    for x in range(8):
        w[x, o] = -w[x, o] / middle if middle != 0 else 0.0


@loop
def interpolation(w, a, off, g, first, halves):
    for level in range(4):
        for i in range(g[0]):
            bi = between(i, first[0], halves[0])
            for j in range(g[1]):
                bj = between(j, first[1], halves[1])
                for k in range(g[2]):
                    bk = between(k, first[2], halves[2])
                    if bi + bj + bk != level:
                        continue
                    if level == 0:
                        w[0, (i * g[1] + j) * g[2] + k] = 1.0
                    else:
                        interpolate_point(w, a, off, g, i, j, k, bi, bj, bk)


@piece
def below(i, a, first, halves, N, wrap):
    # the coarse point below (a = 0) or above, −1 if there is none
    if not halves:
        return i if a == 0 else -1
    K = (i - first + 2) // 2 - 1 + a
    if wrap:
        return (K + N) % N
    return K if 0 <= K < N else -1


@piece
def apart(K, I, N, wrap):
    d = K - I
    if wrap:
        if d > 1:
            d -= N
        elif d < -1:
            d += N
    return d


@loop
def galerkin(c, a, off, w, g, gc, first, halves, number):
    # c ← Pᵀ A P, point by point of the fine grid; number: where an offset is stored
    for i in range(g[0]):
        for j in range(g[1]):
            for k in range(g[2]):
                o = (i * g[1] + j) * g[2] + k
                for s in range(off.shape[0]):
                    v = a[s, o]
                    if v == 0:
                        continue
                    d = (off[s, 0], off[s, 1], off[s, 2])
                    o1, i1, j1, k1 = neighbour(i, j, k, d, g)
                    if o1 < 0:
                        continue
                    for x in range(8):
                        if w[x, o] == 0:
                            continue
                        I = below(i, x // 4, first[0], halves[0], gc[0], g[3])
                        J = below(j, (x // 2) % 2, first[1], halves[1], gc[1], g[4])
                        K = below(k, x % 2, first[2], halves[2], gc[2], g[5])
                        O = (I * gc[1] + J) * gc[2] + K
                        for y in range(8):
                            if w[y, o1] == 0:
                                continue
                            A = below(i1, y // 4, first[0], halves[0], gc[0], g[3])
                            B = below(j1, (y // 2) % 2, first[1], halves[1], gc[1], g[4])
                            C = below(k1, y % 2, first[2], halves[2], gc[2], g[5])
                            di = apart(A, I, gc[0], g[3])
                            dj = apart(B, J, gc[1], g[4])
                            dk = apart(C, K, gc[2], g[5])
                            t = number[di + 1, dj + 1, dk + 1]
                            c[t, O] += w[x, o] * v * w[y, o1]


@loop
def restrict_by(out, r, w, g, gc, first, halves, lo, hi):
    # Pᵀ r
    q, n = g[1], g[2]
    out[lo * gc[1] * gc[2]:hi * gc[1] * gc[2]] = 0.0
    for i in range(g[0]):
        for x in range(8):
            I = below(i, x // 4, first[0], halves[0], gc[0], g[3])
            if I < lo or I >= hi:
                continue
            for j in range(q):
                J = below(j, (x // 2) % 2, first[1], halves[1], gc[1], g[4])
                if J < 0:
                    continue
                o, O = (i * q + j) * n, (I * gc[1] + J) * gc[2]
                for k in range(n):
                    K = below(k, x % 2, first[2], halves[2], gc[2], g[5])
                    if K >= 0:
                        out[O + K] += w[x, o + k] * r[o + k]


@loop
def prolong_by(u, e, w, g, gc, first, halves, keep, lo, hi):
    # u ← keep·u + P e
    q, n = g[1], g[2]
    for i in range(lo, hi):
        for j in range(q):
            o = (i * q + j) * n
            for k in range(n):
                u[o + k] *= keep
            for x in range(8):
                I = below(i, x // 4, first[0], halves[0], gc[0], g[3])
                J = below(j, (x // 2) % 2, first[1], halves[1], gc[1], g[4])
                if I < 0 or J < 0:
                    continue
                O = (I * gc[1] + J) * gc[2]
                for k in range(n):
                    K = below(k, x % 2, first[2], halves[2], gc[2], g[5])
                    if K >= 0:
                        u[o + k] += w[x, o + k] * e[O + K]
"""


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
