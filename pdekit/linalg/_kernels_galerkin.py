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
    # coarse points, then those between two of them, then four, then eight
    for level in range(4):
        for x in range(8):
            bi, bj, bk = x // 4, (x // 2) % 2, x % 2
            if bi + bj + bk != level or bi > halves[0] or bj > halves[1] or bk > halves[2]:
                continue
            for i in range((first[0] + bi) % (1 + halves[0]), g[0], 1 + halves[0]):
                for j in range((first[1] + bj) % (1 + halves[1]), g[1], 1 + halves[1]):
                    for k in range((first[2] + bk) % (1 + halves[2]), g[2], 1 + halves[2]):
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
def galerkin_row(c, O, a, w, x, o, y, o1, stored, at, to, by, d, x2, y2, start, step, n):
    # one coefficient of A, one slot of the points of a row and one of their neighbours;
    # only the first and the last point may have a neighbour or a coarse point elsewhere
    count = (n - start + step - 1) // step
    for m in range(0, count, max(count - 1, 1)):
        k = start + m * step
        k1, K = at[k, d + 1], to[k, x2]
        if k1 >= 0 and K >= 0:
            t = stored[by[k, d + 1, x2, y2]]
            c[t, O + K] += a[o + k] * w[x, o + k] * w[y, o1 + k1]
    if count < 3:
        return
    k, t = start + step, stored[by[start + step, d + 1, x2, y2]]
    p, r = o + k, o1 + k + d
    K = O + to[k, x2]
    for m in range(count - 2):
        c[t, K + m] += a[p + m * step] * w[x, p + m * step] * w[y, r + m * step]


@loop
def galerkin(
    c, a, off, w, g, gc, first, halves, at0, to0, by0, at1, to1, by1, at2, to2, by2, number
):
    # c ← Pᵀ A P; number: where an offset is stored; at, to, by of an axis: the neighbours
    # of a point, the coarse points of its slots, and the steps from them to a neighbour's
    q, n, Q, N = g[1], g[2], gc[1], gc[2]
    step = 1 + halves[2]
    for i in range(g[0]):
        for j in range(q):
            for s in range(off.shape[0]):
                d, e, h = off[s, 0] + 1, off[s, 1] + 1, off[s, 2]
                i1, j1 = at0[i, d], at1[j, e]
                if i1 < 0 or j1 < 0:
                    continue
                o, o1 = (i * q + j) * n, (i1 * q + j1) * n
                for x in range(8):
                    x0, x1 = x // 4, (x // 2) % 2
                    I, J = to0[i, x0], to1[j, x1]
                    for y in range(8):
                        y0, y1 = y // 4, (y // 2) % 2
                        if I < 0 or J < 0 or to0[i1, y0] < 0 or to1[j1, y1] < 0:
                            continue
                        A, B = by0[i, d, x0, y0], by1[j, e, x1, y1]
                        for start in range(step):
                            apart = step == 2 and (start + first[2]) % 2 == 1
                            if (x % 2 == 1 and not apart) or (
                                y % 2 == 1 and (step == 1 or apart == (h % 2 == 1))
                            ):
                                continue  # points on coarse ones have no second slot
                            galerkin_row(
                                c, (I * Q + J) * N, a[s], w, x, o, y, o1, number[A, B],
                                at2, to2, by2, h, x % 2, y % 2, start, step, n,
                            )


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
