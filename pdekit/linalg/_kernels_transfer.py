"""Loops between a grid and the next coarser one.

Along the planes and the rows a table says to which two coarse ones each belongs, and with
which weights; along a row the transfer is the same everywhere except at the ends, where
the neighbours beyond the wall (`guards`) are zero, mirror images or periodic.  Restriction
evaluates the residual row by row and adds it where it belongs: no field is stored for it.
The sweep before or after can go along, so that a plane is still at hand when it is needed.
"""

from __future__ import annotations

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


@piece
def scatter(out, c, gc, i, j, to0, by0, to1, by1, lo, hi):
    # add a row to the coarse ones it belongs to
    for a in range(2):
        for b in range(2):
            w, I = by0[i, a] * by1[j, b], to0[i, a]
            if w != 0 and lo <= I < hi:
                add_row(out, (I * gc[1] + to1[j, b]) * gc[2], c, w, gc[2])


@loop
def restrict(out, u, f, zero, t, c, g, gc, C, to0, by0, to1, by1, fast, lo, hi):
    # R (f − A u), or R f if zero; only the coarse planes lo … hi − 1
    p, q, n = g[0], g[1], g[2]
    out[lo * gc[1] * gc[2]:hi * gc[1] * gc[2]] = 0.0
    for i in range(p):
        wanted = False
        for a in range(2):
            wanted |= lo <= to0[i, a] < hi and by0[i, a] != 0
        if not wanted:
            continue
        for j in range(q):
            if zero:
                for k in range(n):
                    t[LANES + k] = f[(i * q + j) * n + k]
            else:
                residual_row(t, LANES, u, f, g, C, i, j)
            compress(c, t, n, gc[2], fast)
            scatter(out, c, gc, i, j, to0, by0, to1, by1, lo, hi)


@loop
def sweep_restrict(out, u, f, t, c, g, gc, C, to0, by0, to1, by1, fast, how):
    # red row, black row of the plane before, residual of the one before that
    p, q, n = g[0], g[1], g[2]
    out[:] = 0.0
    s = 0.0
    for i in range(p + 2):
        for j in range(q):
            par = (i + j + g[6]) % 2
            if i < p:
                if how == 1:
                    start_row(u, f, g, C, i, j, par)
                elif how == 2:
                    change_row(t, u, f, g, C, i, j, par)
                    s += squares(t, n)
                else:
                    relax_row_ahead(u, f, g, C, i, j, par)
            if 1 <= i <= p:
                relax_row(u, f, g, C, i - 1, j, par)
            if i >= 2:
                residual_row_near(t, LANES, u, f, g, C, i - 2, j)
                compress(c, t, n, gc[2], fast)
                scatter(out, c, gc, i - 2, j, to0, by0, to1, by1, 0, gc[0])
    return s
"""

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
    k = 0
    while k < N:
        store(c, LANES + k, spread(c, 0.0))
        k += LANES
    for a in range(2):
        for b in range(2):
            w = by0[i, a] * by1[j, b]
            if w != 0:
                o, k, vw = (to0[i, a] * Q + to1[j, b]) * N, 0, spread(c, w)
                while k < N:
                    x = load(c, LANES + k) + vw * load_part(e, o + k, N - k)
                    store(c, LANES + k, x)
                    k += LANES


@loop
def prolong(u, e, c, g, gc, to0, by0, to1, by1, fast, keep, lo, hi):
    # u ← keep·u + P e
    q, n, Q, N = g[1], g[2], gc[1], gc[2]
    for i in range(lo, hi):
        for j in range(q):
            gather(c, e, i, j, Q, N, to0, by0, to1, by1)
            expand(u, (i * q + j) * n, c, n, N, fast, keep)


@loop
def prolong_sweep(u, e, f, c, g, gc, C, to0, by0, to1, by1, fast, colour):
    # row of the next plane, then the first colour of this one, the other of the one before
    p, q, n, Q, N = g[0], g[1], g[2], gc[1], gc[2]
    for i in range(-1, p + 1):
        for j in range(q):
            if i + 1 < p:
                gather(c, e, i + 1, j, Q, N, to0, by0, to1, by1)
                expand(u, ((i + 1) * q + j) * n, c, n, N, fast, 1.0)
            par = (i + j + g[6] + colour) % 2
            if 0 <= i < p:
                relax_row_f(u, f, g, C, i, j, par)
            if i >= 1:
                relax_row(u, f, g, C, i - 1, j, par)
"""
