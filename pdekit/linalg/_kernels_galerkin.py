"""Loops that make prolongations and Galerkin's operators from coefficients, and use them.

The names of the arrays are those of `pdekit.linalg._kernels_box`.
"""

from __future__ import annotations

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
