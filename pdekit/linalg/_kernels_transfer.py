"""Loops between a grid and the next coarser one.

Along the planes and the rows tables say which belong together, and with which weights: to a
fine one two coarse ones, to a coarse one four fine ones.  Along a row the transfer is the
same everywhere except at the ends, where the neighbours beyond the wall (`guards`) are
zero, mirror images or periodic.  Restriction evaluates the residual row by row: no field is
stored for it.
"""

from __future__ import annotations

GUARDS = """

@piece
def guards(t, o, n, kinds):
    # kinds: 0 nothing beyond the wall, ±1 a mirror image of that sign, 2 periodic; zeros
    # are there already: to touch what a register holds next would make it wait
    if kinds[0] != 0:
        t[o - 1] = t[o + n - 1] if kinds[0] == 2 else kinds[0] * t[o]
    if kinds[1] != 0:
        t[o + n] = t[o] if kinds[1] == 2 else kinds[1] * t[o + n - 1]
"""

FOLD = """

@piece
def four(ring, size, k, v0, v1, v2, v3):
    x = v0 * load(ring, k) + v1 * load(ring, size + k)
    return x + v2 * load(ring, 2 * size + k) + v3 * load(ring, 3 * size + k)


@piece
def fold(c, o, ring, size, n, count, weights, J, fast):
    # the sum of four rows of the ring (those without weight are read for nothing), at the
    # coarse points; fast: weights of the points 2K − 1 … 2K + 2; guards; whether it halves
    v0, v1 = spread(c, weights[J, 0]), spread(c, weights[J, 1])
    v2, v3 = spread(c, weights[J, 2]), spread(c, weights[J, 3])
    k = 0
    if fast[6] == 0:
        while k < n:
            store(c, o + k, four(ring, size, LANES + k, v0, v1, v2, v3))
            k += LANES
        return
    a0, a1 = spread(c, fast[0]), spread(c, fast[1])
    a2, a3 = spread(c, fast[2]), spread(c, fast[3])
    left = four(ring, size, 0, v0, v1, v2, v3)
    x = four(ring, size, LANES, v0, v1, v2, v3)
    while k < count:
        y = four(ring, size, 2 * k + 2 * LANES, v0, v1, v2, v3)
        z = four(ring, size, 2 * k + 3 * LANES, v0, v1, v2, v3)
        even, odd = evens(x, y), odds(x, y)
        inner = a1 * even + a2 * odd
        store(c, o + k, a0 * before(left, odd) + inner + a3 * after(even, z))
        left, x = odd, z
        k += LANES


@piece
def copy_row(t, to, f, o, n):
    k = 0
    while k + LANES <= n:
        store(t, to + k, load(f, o + k))
        k += LANES
    store_part(t, to + k, load_part(f, o + k, n - k), n - k)
"""

RESTRICT = """

@piece
def restrict_rows(c, o, I, rows, by, u, f, zero, ring, has, g, N, C, fast, i, j):
    # coarse row I, of rows i or j (whichever is −1 is counted)
    q, n, size = g[1], g[2], ring.size // 4
    i0, j0 = i, j
    for y in range(4):
        x = (2 * I + 3 + y) % 4  # in order: 2I − 1 … 2I + 2
        m = rows[I, x]
        if has[x] == m or by[I, x] == 0:
            continue
        has[x], slot = m, x * size + LANES
        i, j = (m if i0 < 0 else i0), (m if j0 < 0 else j0)
        if zero:
            copy_row(ring, slot, f, (i * q + j) * n, n)
        else:
            residual_row(ring, slot, u, f, g, C, i, j)
        guards(ring, slot, n, fast[4:6])
    fold(c, o, ring, size, n, N, by, I, fast)
"""

PLANES = """

@piece
def add_planes(out, o, c, size, count, weights, I):
    v0, v1 = spread(c, weights[I, 0]), spread(c, weights[I, 1])
    v2, v3 = spread(c, weights[I, 2]), spread(c, weights[I, 3])
    k = 0
    while k + LANES <= count:
        store(out, o + k, four(c, size, k, v0, v1, v2, v3))
        k += LANES
    store_part(out, o + k, four(c, size, k, v0, v1, v2, v3), count - k)


@loop
def restrict(
    out, u, f, zero, c, ring, has, held, g, gc, C, planes, weights, rows, by, fast, lo, hi
):
    Q, N, size = gc[1], gc[2], c.size // 4
    ring[:], c[:] = 0.0, 0.0
    held[:] = -1
    for I in range(lo, hi):
        for y in range(4):
            x = (2 * I + 3 + y) % 4  # in order: what they share is in the cache
            i = planes[I, x]
            if held[x] == i or weights[I, x] == 0:
                continue
            held[x], has[:] = i, -1
            for J in range(Q):
                o = x * size + J * N
                restrict_rows(
                    c, o, J, rows, by, u, f, zero, ring, has, g, N, C, fast, i, -1
                )
        add_planes(out, I * Q * N, c, size, Q * N, weights, I)
"""

ROWS = """

@loop
def restrict(
    out, u, f, zero, c, ring, has, held, g, gc, C, planes, weights, rows, by, fast, lo, hi
):
    N = gc[2]
    ring[:] = 0.0
    has[:] = -1
    for I in range(lo, hi):
        restrict_rows(
            c, 0, I, planes, weights, u, f, zero, ring, has, g, N, C, fast, -1, 0
        )
        copy_row(out, I * N, c, 0, N)
"""


def restrict_text(slow: int) -> str:
    """Return  R (f − A u),  or  R f.

    Residuals of rows are kept in a ring of four, of which those that make a coarse row are
    summed and halved in one go; planes of such rows are kept and summed likewise.
    """
    return RESTRICT + (PLANES if slow == 2 else ROWS)


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
    guards(c, LANES, count, fast[6:8])
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
