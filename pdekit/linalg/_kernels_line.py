"""Relaxation of whole lines of points, every second one at a time (zebra).

Along a line the equations are tridiagonal and are solved by elimination without pivoting,
which the positive diagonal allows.  Lines of one parity do not touch each other.

References
----------
Trottenberg, Oosterlee & Schüller, Multigrid (2001), section 5.1.3.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

_TEXT = """

@piece
def around(u, a0, a1, a2, g, i, j, k, d):
    # Σ a u over the neighbours that are not on the line along axis d
    p, q, n = g[0], g[1], g[2]
    o, s = (i * q + j) * n + k, 0.0
    if d != 0 and p > 1:
        s += a0[o] * u[o - q * n if i > 0 else o + (p - 1) * q * n]
        s += a0[o + q * n] * u[o + q * n if i < p - 1 else o - (p - 1) * q * n]
    if d != 1 and q > 1:
        b = (i * (q + 1) + j) * n + k
        s += a1[b] * u[o - n if j > 0 else o + (q - 1) * n]
        s += a1[b + n] * u[o + n if j < q - 1 else o - (q - 1) * n]
    if d != 2 and n > 1:
        b = (i * q + j) * (n + 1) + k
        s += a2[b] * u[o - 1 if k > 0 else o + n - 1]
        s += a2[b + 1] * u[o + 1 if k < n - 1 else o - n + 1]
    return s


@piece
def solve_line(u, f, a0, a1, a2, dg, g, i, j, k, d, c, x):
    p, q, n = g[0], g[1], g[2]
    a = a0 if d == 0 else (a1 if d == 1 else a2)
    m = g[d]
    for t in range(m):
        if d == 0:
            i = t
        elif d == 1:
            j = t
        else:
            k = t
        o = (i * q + j) * n + k
        if d == 0:
            lower, upper = a[o], a[o + q * n]
        elif d == 1:
            lower, upper = a[(i * (q + 1) + j) * n + k], a[(i * (q + 1) + j + 1) * n + k]
        else:
            lower, upper = a[(i * q + j) * (n + 1) + k], a[(i * q + j) * (n + 1) + k + 1]
        right = f[o] + around(u, a0, a1, a2, g, i, j, k, d)
        if t == 0:
            pivot = dg[o]
            x[t] = right / pivot
        else:
            pivot = dg[o] - lower * c[t - 1]
            x[t] = (right + lower * x[t - 1]) / pivot
        c[t] = upper / pivot
    step = q * n if d == 0 else (n if d == 1 else 1)
    last = (i * q + j) * n + k
    u[last] = x[m - 1]
    for t in range(m - 2, -1, -1):
        x[t] += c[t] * x[t + 1]
        u[last - (m - 1 - t) * step] = x[t]


@loop
def zebra(u, f, a0, a1, a2, dg, g, d, colour, c, x):
    p, q, n = g[0], g[1], g[2]
    for i in range(1 if d == 0 else p):
        for j in range(1 if d == 1 else q):
            for k in range(1 if d == 2 else n):
                if (i + j + k) % 2 == colour:
                    solve_line(u, f, a0, a1, a2, dg, g, i, j, k, d, c, x)
"""


@cache
def line_kernels() -> ModuleType:
    """Return the compiled relaxation of lines."""
    from pdekit.engine._codegen import compiled_module
    from pdekit.linalg._kernels import HEADER, digest

    return compiled_module("zebra", f"# {digest()}\n" + HEADER % {"lanes": 8} + _TEXT)
