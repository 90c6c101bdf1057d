"""What the loops of the second-order operator do with one row, as text.

A row is worked on by registers of neighbouring points; what it needs is the offsets of the
neighbouring rows and its coefficients, see `pdekit.linalg._kernels`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LINES, FACES = "lines", "faces"
# The geometry g: planes, rows, points; whether each is periodic; parity of the red points.
X = 8
"""Numbers that lead the tables, see `pdekit.linalg._rows`."""

_SLOW = ("u", "d", "l", "s")


def _offsets(slow: int) -> str:
    """Where a row and its neighbours begin; a missing one has coefficient zero."""
    text = """
    p, q, n = g[0], g[1], g[2]
    o = (i * q + j) * n
"""
    if slow >= 1:
        text += """
    ou = o - q * n if i > 0 else (o + (p - 1) * q * n if g[3] else o)
    od = o + q * n if i < p - 1 else (o - (p - 1) * q * n if g[3] else o)
"""
    if slow == 2:
        text += """
    ol = o - n if j > 0 else (o + (q - 1) * n if g[4] else o)
    os = o + n if j < q - 1 else (o - (q - 1) * n if g[4] else o)
"""
    return text


def _coefficients(path: str, slow: int) -> str:
    if path == FACES:
        return """
    a0, a1, a2, dg = C
    b, b1 = (i * q + j) * (n + 1), (i * (q + 1) + j) * n
"""
    text = f"""
    s0, s1 = {X}, {X} + 3 * p + 1
    w0, w1 = C[s0 + 2 * p + 1 + i], C[s1 + 2 * q + 1 + j]
    w = w0 * w1
    cx, side = C[0] * w, C[s0 + p + 1 + i] * w1 + C[s1 + q + 1 + j] * w0 + C[1] * w
    vx, vd, vi = spread(u, cx), spread(u, side + 2 * cx), spread(u, 1 / (side + 2 * cx))
"""
    if slow >= 1:
        text += """
    cu, cd = C[s0 + i] * w1, C[s0 + i + 1] * w1
    vcu, vcd = spread(u, cu), spread(u, cd)
"""
    if slow == 2:
        text += """
    cl, cs = C[s1 + j] * w0, C[s1 + j + 1] * w0
    vcl, vcs = spread(u, cl), spread(u, cs)
"""
    return text


def _face(side: str, more: str = "") -> tuple[str, str]:
    """Return where the coefficients of the faces towards a neighbouring row lie."""
    array, place = {
        "u": ("a0", "o"),
        "d": ("a0", "o + q * n"),
        "l": ("a1", "b1"),
        "s": ("a1", "b1 + n"),
    }[side]
    return array, place + more


@dataclass(frozen=True)
class Register:
    """How the text of a row names what it works on; ``m`` is what is left of the row."""

    path: str
    slow: int
    m: str = ""

    def read(self, array: str, index: str) -> str:
        """Return the text that reads a register."""
        return (
            f"load_part({array}, {index}, {self.m})"
            if self.m
            else f"load({array}, {index})"
        )

    def write(self, array: str, index: str, value: str) -> str:
        """Return the text that writes a register."""
        if self.m:
            return f"store_part({array}, {index}, {value}, {self.m})"
        return f"store({array}, {index}, {value})"

    @property
    def f(self) -> str:
        """The right-hand side."""
        return self.read("f", "o + k")

    @property
    def diagonal(self) -> str:
        """The diagonal."""
        return "vd" if self.path == LINES else self.read("dg", "o + k")

    @property
    def over(self) -> str:
        """The division by the diagonal."""
        return "* vi" if self.path == LINES else f"/ {self.diagonal}"

    @property
    def residual(self) -> str:
        """The residual."""
        return f"{self.f} + {self.sum} - {self.diagonal} * cur"

    @property
    def sum(self) -> str:
        """Σ a u over the neighbours."""
        terms = []
        for side in _SLOW[: 2 * self.slow]:
            factor = f"vc{side}" if self.path == LINES else self.read(*_face(side, " + k"))
            terms.append(f"{factor} * {self.read('u', f'o{side} + k')}")
        if self.path == LINES:
            terms.append("vx * (before(prev, cur) + after(cur, nxt))")
        else:
            terms.append(f"{self.read('a2', 'b + k')} * before(prev, cur)")
            terms.append(f"{self.read('a2', 'b + k + 1')} * after(cur, nxt)")
        return "(" + " + ".join(terms) + ")"


def _ends(path: str, slow: int, statement: str) -> str:
    """Repair the two end points: half cells, walls and periodic neighbours."""
    sides = _SLOW[: 2 * slow]
    if path == LINES:
        total = " + ".join(f"c{side} * u[o{side} + k]" for side in sides)
        body = f"""
    if C[7] != 0:
        for k in range(0, n, max(n - 1, 1)):
            e = C[2] if k == 0 else C[4]
            diag = side * e + (C[3] if k == 0 else C[5]) * w
            s = e * ({total or "0.0"})
            s += cx * u[o + k - 1] if k > 0 else C[6] * w * u[o + n - 1]
            s += cx * u[o + k + 1] if k < n - 1 else C[6] * w * u[o]
"""
    else:
        total = " + ".join(
            "{}[{}] * u[o{} + k]".format(*_face(side, " + k"), side) for side in sides
        )
        body = f"""
    if g[5]:
        for k in range(0, n, max(n - 1, 1)):
            diag = dg[o + k]
            s = {total or "0.0"}
            s += a2[b + k] * u[o + (k - 1 if k > 0 else n - 1)]
            s += a2[b + k + 1] * u[o + (k + 1 if k < n - 1 else 0)]
"""
    return body + textwrap.indent(statement, " " * 12) + "\n"


def row_text(
    path: str,
    slow: int,
    head: str,
    full: Callable[[Register], str],
    end: str,
    first: str = "",
    last: str = "",
) -> str:
    """Return a function of one row: ``full`` for a register, ``end`` for an end point."""

    def body(m: str) -> str:
        return textwrap.indent(full(Register(path, slow, m)), " " * 8) + "\n"

    return f"""

@piece
def {head}:
{_offsets(slow).strip(chr(10))}
{_coefficients(path, slow).strip(chr(10))}
    prev = spread(u, 0.0)
    cur = load_part(u, o, n)
    {first}
    k = 0
    while k + 2 * LANES <= n:
        nxt = load(u, o + k + LANES)
{body("")}        prev = cur
        cur = nxt
        k += LANES
    while k < n:
        m = n - k
        nxt = load_part(u, o + k + LANES, m - LANES)
{body("m")}        prev = cur
        cur = nxt
        k += LANES
{_ends(path, slow, end)}
    {last}"""


def _ahead(path: str, slow: int, *more: str) -> str:
    """Ask for what will be needed: planes apart, the processor does not foresee it."""
    places = ["u, od" if slow else "u, o", *more]
    if path == FACES:
        places += ["a2, b", "dg, o"]
        places += ["a0, o + q * n"] if slow else []
        places += ["a1, b1"] if slow == 2 else []
    return "".join(f"prefetch({place} + k + AHEAD)\n" for place in places)


def _square(r: Register, value: str) -> str:
    """Add squares; those of the end points, if they are apart, are added when repaired."""
    inner = f"({value}) * keep"
    x = f"part({inner}, {r.m} - apart)" if r.m else inner
    return f"x = {x}\nsums, keep = sums + x * x, one\n"


def rows_text(path: str, slow: int) -> str:
    """Return the functions of one row: relaxation, residual, product, correction."""

    def relax(r: Register) -> str:
        return r.write("u", "o + k", f"pick(par, ({r.f} + {r.sum}) {r.over}, cur)")

    def start(r: Register) -> str:
        return r.write("u", "o + k", f"pick(par, {r.f} {r.over}, zero)")

    def squares(r: Register) -> str:
        return _ahead(path, slow, "f, o") + _square(r, r.residual)

    def change(r: Register) -> str:
        return ahead + _square(r, f"pick(par, {r.residual}, zero)") + relax(r)

    def correct(r: Register) -> str:
        step = f"va * {r.read('z', 'o + k')} + vb * (({r.residual}) {r.over})"
        return _ahead(path, slow, "f, o", "z, o") + r.write("z", "o + k", step)

    ahead = _ahead(path, slow, "f, o")
    ahead_start = "prefetch(f, o + k + AHEAD)\nprefetch(u, o + k + AHEAD)\n"
    coloured = "if (k + par) % 2 == 0:\n    "
    relaxed = coloured + "u[o + k] = (f[o + k] + s) / diag"
    residual = "f[o + k] + s - diag * u[o + k]"
    sums = f"""
    sums, one, ends = spread(u, 0.0), spread(u, 1.0), 0.0
    apart = 1 if {"C[7] != 0" if path == LINES else "g[5]"} else 0
    keep = before(spread(u, 1.0 - apart), one)"""
    parts: list[tuple[Any, ...]] = [
        ("relax_row(u, f, g, C, i, j, par)", relax, relaxed),
        ("relax_row_ahead(u, f, g, C, i, j, par)", lambda r: ahead + relax(r), relaxed),
        (
            "start_row(u, f, g, C, i, j, par)",
            lambda r: ahead_start + start(r),
            coloured + "u[o + k] = f[o + k] / diag",
            "zero = spread(u, 0.0)",
        ),
        (
            "change_row(u, f, g, C, i, j, par)",
            change,
            f"{coloured}change = f[o + k] + s - diag * (z0 if k == 0 else z1)\n"
            "    ends += change * change\n    u[o + k] = (f[o + k] + s) / diag",
            f"zero, z0, z1 = spread(u, 0.0), u[o], u[o + n - 1]{sums}",
            "return ends + total(sums)",
        ),
        (
            "squares_row(u, f, g, C, i, j)",
            squares,
            f"ends += ({residual}) ** 2",
            sums,
            "return ends + total(sums)",
        ),
        (
            "residual_row(t, to, u, f, g, C, i, j)",
            lambda r: ahead + r.write("t", "to + k", r.residual),
            f"t[to + k] = {residual}",
        ),
        (
            "product_row(t, to, u, g, C, i, j)",
            lambda r: (
                _ahead(path, slow, "t, to")
                + r.write("t", "to + k", f"{r.diagonal} * cur - {r.sum}")
            ),
            "t[to + k] = diag * u[o + k] - s",
        ),
        (
            "correct_row(z, u, f, g, C, i, j, alpha, beta)",
            correct,
            f"z[o + k] = alpha * (z0 if k == 0 else z1) + beta * ({residual}) / diag",
            "va, vb, z0, z1 = spread(u, alpha), spread(u, beta), z[o], z[o + n - 1]",
        ),
    ]
    return "".join(row_text(path, slow, *each) for each in parts)
