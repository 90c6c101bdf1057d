"""Discrete transforms: Fourier, sine and cosine, in one to three dimensions, batched.

Two faces. The functional one (`get`, `backend_of`) maps an array to a new array; its
forward transforms are unnormalised and its inverses exact. The planned one (`plan`) owns
aligned buffers and transforms from one to the other without allocating and without scaling:

>>> from pdekit import fft
>>> p = fft.plan((8,), kind="r2c", backend="numpy")
>>> p.physical[:] = 1.0
>>> p.forward()
>>> print(p.spectral[0].real, p.size)
8.0 8

A backend is one file of this folder whose name starts with ``_``; its library is imported
when the backend is first used.
"""

from __future__ import annotations

from pdekit.fft.auto import plan
from pdekit.fft.backend import Backend
from pdekit.fft.backends import available, backend_of, get
from pdekit.fft.layout import Plan

__all__ = ["Backend", "Plan", "available", "backend_of", "get", "plan"]
