"""Loops between a grid and the next coarser one.

Along the planes and the rows a table says to which two coarse ones each belongs, and with
which weights; along a row the transfer is the same everywhere except at the ends, where
the neighbours beyond the wall (`guards`) are zero, mirror images or periodic.  Restriction
evaluates the residual row by row and adds it where it belongs: no field is stored for it.
"""

from __future__ import annotations

import textwrap

GUARDS = """

@piece
def guards(t, n, kinds):
    # kinds: 0 nothing beyond the wall, ±1 a mirror image of that sign, 2 periodic
    a, b = t[LANES], t[LANES + n - 1]
    t[LANES - 1] = b if kinds[0] == 2 else kinds[0] * a
    t[LANES + n] = a if kinds[1] == 2 else kinds[1] * b
    for k in range(1, LANES):  # what a register reads beyond that has to be finite
        t[LANES + n + k] = 0.0


@piece
def add_row(out, o, c, w, count):
    k, vw = 0, spread(out, w)
    while k + LANES <= count:
        store(out, o + k, load(out, o + k) + vw * load(c, k))
        k += LANES
    if k < count:
        x = load_part(out, o + k, count - k) + vw * load_part(c, k, count - k)
        store_part(out, o + k, x, count - k)
"""

COMPRESS = """

@piece
def compress(c, t, n, count, fast):
    # fast: weights of the points 2K − 1 … 2K + 2; the guards; whether it halves
    if fast[6] == 0:
        k = 0
        while k < n:
            store(c, k, load(t, LANES + k))
            k += LANES
        return
    guards(t, n, fast[4:6])
    v0, v1 = spread(t, fast[0]), spread(t, fast[1])
    v2, v3 = spread(t, fast[2]), spread(t, fast[3])
    k = 0
    while k < count:
        at = LANES + 2 * k - 1
        a, b = load(t, at), load(t, at + LANES)
        x, y = load(t, at + 2), load(t, at + 2 + LANES)
        store(c, k, v0 * evens(a, b) + v1 * odds(a, b) + v2 * evens(x, y) + v3 * odds(x, y))
        k += LANES
"""

MIX = """

@piece
def mix(t, ring, n, weights, J, size):
    # the sum of four rows of the ring; those without weight are read for nothing
    v0, v1 = spread(t, weights[J, 0]), spread(t, weights[J, 1])
    v2, v3 = spread(t, weights[J, 2]), spread(t, weights[J, 3])
    k = 0
    while k < n:
        x = v0 * load(ring, k) + v1 * load(ring, size + k)
        y = v2 * load(ring, 2 * size + k) + v3 * load(ring, 3 * size + k)
        store(t, LANES + k, x + y)
        k += LANES
"""


def restrict_text(slow: int) -> str:
    """Return  R (f − A u),  or  R f.

    Residuals of rows are kept in a ring of four, in which those that make a coarse row are
    summed before they are halved; planes are added where they belong.
    """
    row = """
            if zero:
                copy_row(ring, {slot}, f, {o}, n)
            else:
                residual_row(ring, {slot}, u, f, g, C, {i}, {j})"""
    head = """

@piece
def copy_row(t, to, f, o, n):
    k = 0
    while k + LANES <= n:
        store(t, to + k, load(f, o + k))
        k += LANES
    store_part(t, to + k, load_part(f, o + k, n - k), n - k)


@loop
def restrict(out, u, f, zero, t, c, ring, has, g, gc, C, to0, by0, rows, by, fast, lo, hi):
    p, q, n, Q, N = g[0], g[1], g[2], gc[1], gc[2]
    size = ring.size // 4
"""
    if slow == 0:
        return (
            head
            + f"""
    if lo < hi:
        for x in range(1):{row.format(slot="LANES", o="0", i="0", j="0")}
        copy_row(t, LANES, ring, LANES, n)
        compress(c, t, n, N, fast)
        copy_row(out, 0, c, 0, N)
"""
        )
    if slow == 1:
        return (
            head
            + f"""
    has[:] = -1
    for I in range(lo, hi):
        for x in range(4):
            i = rows[I, x]
            if has[x] == i or by[I, x] == 0:
                continue
            has[x] = i{row.format(slot="x * size", o="i * n", i="i", j="0")}
        mix(t, ring, n, by, I, size)
        compress(c, t, n, N, fast)
        copy_row(out, I * N, c, 0, N)
"""
        )
    return (
        head
        + f"""
    out[lo * Q * N:hi * Q * N] = 0.0
    for i in range(p):
        wanted = False
        for a in range(2):
            wanted |= lo <= to0[i, a] < hi and by0[i, a] != 0
        if not wanted:
            continue
        has[:] = -1
        for J in range(Q):
            for x in range(4):
                j = rows[J, x]
                if has[x] == j or by[J, x] == 0:
                    continue
                has[x] = j{
            textwrap.indent(
                row.format(slot="x * size", o="(i * q + j) * n", i="i", j="j"), "    "
            )
        }
            mix(t, ring, n, by, J, size)
            compress(c, t, n, N, fast)
            for a in range(2):
                I, w = to0[i, a], by0[i, a]
                if w != 0 and lo <= I < hi:
                    add_row(out, (I * Q + J) * N, c, w, N)
"""
    )


EXPAND = """

@piece
def expand(u, o, c, n, count, fast, keep):
    # fast: weights of K − 1, K, K + 1 for the points 2K and 2K + 1; guards; if it halves
    vk = spread(u, keep)
    if fast[8] == 0:
        k = 0
        while k < n:
            m = n - k
            store_part(u, o + k, vk * load_part(u, o + k, m) + load(c, LANES + k), m)
            k += LANES
        return
    guards(c, count, fast[6:8])
    a0, a1, a2 = spread(u, fast[0]), spread(u, fast[1]), spread(u, fast[2])
    b0, b1, b2 = spread(u, fast[3]), spread(u, fast[4]), spread(u, fast[5])
    k = 0
    while 2 * k < n:
        x, y, z = load(c, LANES + k - 1), load(c, LANES + k), load(c, LANES + k + 1)
        even, odd = a0 * x + a1 * y + a2 * z, b0 * x + b1 * y + b2 * z
        at, m = o + 2 * k, n - 2 * k
        if m >= 2 * LANES:
            prefetch(u, at + AHEAD)
            prefetch(u, at + AHEAD + LANES)
            store(u, at, vk * load(u, at) + zip_low(even, odd))
            at += LANES
            store(u, at, vk * load(u, at) + zip_high(even, odd))
        else:
            store_part(u, at, vk * load_part(u, at, m) + zip_low(even, odd), m)
            at, m = at + LANES, m - LANES
            store_part(u, at, vk * load_part(u, at, m) + zip_high(even, odd), m)
        k += LANES


@piece
def gather(c, e, i, j, Q, N, to0, by0, to1, by1):
    o0, o1 = (to0[i, 0] * Q + to1[j, 0]) * N, (to0[i, 0] * Q + to1[j, 1]) * N
    o2, o3 = (to0[i, 1] * Q + to1[j, 0]) * N, (to0[i, 1] * Q + to1[j, 1]) * N
    v0, v1 = spread(c, by0[i, 0] * by1[j, 0]), spread(c, by0[i, 0] * by1[j, 1])
    v2, v3 = spread(c, by0[i, 1] * by1[j, 0]), spread(c, by0[i, 1] * by1[j, 1])
    k = 0
    while k + LANES <= N:
        x = v0 * load(e, o0 + k) + v1 * load(e, o1 + k)
        store(c, LANES + k, x + v2 * load(e, o2 + k) + v3 * load(e, o3 + k))
        k += LANES
    m = N - k
    if m > 0:
        x = v0 * load_part(e, o0 + k, m) + v1 * load_part(e, o1 + k, m)
        x = x + v2 * load_part(e, o2 + k, m) + v3 * load_part(e, o3 + k, m)
        store(c, LANES + k, x)


@loop
def prolong(u, e, c, g, gc, to0, by0, to1, by1, fast, keep, lo, hi):
    # u ← keep·u + P e
    q, n, Q, N = g[1], g[2], gc[1], gc[2]
    for i in range(lo, hi):
        for j in range(q):
            gather(c, e, i, j, Q, N, to0, by0, to1, by1)
            expand(u, (i * q + j) * n, c, n, N, fast, keep)
"""
