"""The loops of the second-order operator, written for a dimension and compiled once.

Arrays are seen as planes × rows × points, flat: in two dimensions a plane is one row, in
one dimension there is one row.  A row is worked on by registers of neighbouring points
(`_kernels_vector`); what a row needs is the offsets of its neighbours and coefficients:

``lines``
    the coefficients are constant along a row except at its ends, which are repaired
    afterwards, one by one.  They come from tables (`Lines`); no field is read.
``faces``
    they are fields, one for the faces across each axis and one for the diagonal.

A sweep of red-black relaxation reads and writes the unknowns once: the black points of a
plane follow as soon as the red ones of the next plane are done.  Shares of planes can be
swept at the same time: phase 1 leaves out the black planes at their edges, phase 2 does
them, and the result is the same to the last bit.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from types import ModuleType

from pdekit.linalg._kernels_rows import rows_text
from pdekit.linalg._kernels_transfer import EXPAND, FOLD, GUARDS, restrict_text

HEADER = """
from numba import njit

from pdekit.linalg._kernels_vector import (
    after, before, evens, load, load_part, odds, part, pick, prefetch, spread, store,
    store_part, total, zip_high, zip_low,
)

# Nothing is allocated here: counting references to arrays took half the time of a row.
options = dict(error_model="numpy", fastmath={"contract"}, nogil=True, _nrt=False)
piece = njit(forceinline=True, **options)
loop = njit(cache=True, **options)
LANES = %(lanes)d
AHEAD = 512
"""

FIELDS = """

@loop
def product(out, u, g, C, lo, hi):
    q, n = g[1], g[2]
    for i in range(lo, hi):
        for j in range(q):
            product_row(out, (i * q + j) * n, u, g, C, i, j)


@loop
def residual(out, u, f, g, C, lo, hi):
    q, n = g[1], g[2]
    for i in range(lo, hi):
        for j in range(q):
            residual_row(out, (i * q + j) * n, u, f, g, C, i, j)


@loop
def residual_squares(u, f, g, C, lo, hi):
    s = 0.0
    for i in range(lo, hi):
        for j in range(g[1]):
            s += squares_row(u, f, g, C, i, j)
    return s


@loop
def correct(z, u, f, g, C, lo, hi, alpha, beta):
    for i in range(lo, hi):
        for j in range(g[1]):
            correct_row(z, u, f, g, C, i, j, alpha, beta)


@loop
def sweep(u, f, g, C, colour, how, lo, hi, phase):
    # how: 0 relax, 1 from zero, 2 relax and sum the squares of the residual it removes
    p, q = g[0], g[1]
    first = lo if lo == 0 and not g[3] else lo + 1
    last = hi if hi == p and not g[3] else hi - 1
    s = 0.0
    if phase == 1:
        for i in range(lo, hi + 1):
            for j in range(q):
                par = (i + j + g[6] + colour) % 2
                if i < hi:
                    if how == 1:
                        start_row(u, f, g, C, i, j, par)
                    elif how == 2:
                        s += change_row(u, f, g, C, i, j, par)
                    else:
                        relax_row_ahead(u, f, g, C, i, j, par)
                if first <= i - 1 < last:
                    relax_row(u, f, g, C, i - 1, j, par)
    else:
        for i in (lo, hi - 1):
            if i < first or i >= last:
                for j in range(q):
                    relax_row(u, f, g, C, i, j, (i + j + g[6] + colour + 1) % 2)
    return s
"""


@cache
def kernels(path: str, slow: int, single: bool) -> ModuleType:
    """Return the compiled functions for a kind of coefficients and of numbers."""
    from pdekit.engine._codegen import compiled_module

    lanes = 16 if single else 8
    name = f"{path}_{slow}_{'single' if single else 'double'}"
    text = HEADER % {"lanes": lanes} + rows_text(path, slow) + FIELDS
    text += GUARDS + FOLD + restrict_text(slow) + EXPAND
    return compiled_module(name, f"# {digest()}\n" + text)


def digest() -> str:
    """Return a hash of the file that the kernels are inlined from."""
    file = resources.files("pdekit.linalg").joinpath("_kernels_vector.py")
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
