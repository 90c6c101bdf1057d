"""FFTW plans that compiled loops execute themselves, without going through Python.

The planner is reached through the library that pyfftw brings; its wisdom is the one that
`pdekit.fft` keeps.  FFTW's new-array execution is thread-safe: one plan serves every thread
with buffers of its own.
"""

from __future__ import annotations

import ctypes
import weakref
from functools import cache
from typing import Any

from numpy.typing import NDArray

from pdekit import fft
from pdekit.fft._pyfftw import Library
from pdekit.fft._pyfftw import _planning as PLANNING

MEASURE, DESTROY_INPUT, UNALIGNED, ESTIMATE = 0, 1, 2, 64
FORWARD, INVERSE = -1, 1
_Pointer = ctypes.c_void_p


@cache
def execute(name: str, *, single: bool) -> int:
    """Return the address of what executes a plan: ``dft``, ``dft_c2r`` or ``dft_r2c``.

    It takes the plan, where the input is and where the output goes.
    """
    function = getattr(_library(), f"{'fftwf' if single else 'fftw'}_execute_{name}")
    return int(ctypes.cast(function, _Pointer).value or 0)


@cache
def _library() -> ctypes.CDLL:
    """Return the extension module of pyfftw, through which the FFTW it links is found."""
    return ctypes.CDLL(_fftw().extension_file)


def _fftw() -> Library:
    library = fft.get("pyfftw")
    assert isinstance(library, Library)  # noqa: S101 - for the type checker
    return library


class Planner:
    """Plans of many one-dimensional transforms; they live as long as the planner.

    Every method returns the address of a plan.  Planning overwrites the arrays.
    """

    def __init__(self, *, single: bool, reproducible: bool) -> None:
        self._prefix = "fftwf" if single else "fftw"
        self._effort = ESTIMATE if reproducible else MEASURE
        self._reproducible = reproducible
        self._plans: list[int] = []
        weakref.finalize(self, _destroy, self._prefix, self._plans)

    def complex(
        self,
        a: NDArray[Any],
        n: int,
        count: int,
        stride: int,
        distance: int,
        sign: int,
        *,
        aligned: bool = True,
    ) -> int:
        """Plan ``count`` transforms of length ``n`` in place.

        Where it is to be executed may be ``aligned`` like ``a`` or not.
        """
        plan = self._call(f"{self._prefix}_plan_many_dft")
        place = (_pointer(a), None, stride, distance)
        return self._made(
            plan, 1, _lengths(n), count, *place, *place, sign,
            self._flags(0 if aligned else UNALIGNED),
        )  # fmt: skip

    def forward(
        self, values: NDArray[Any], modes: NDArray[Any], n: int, count: int, row: int
    ) -> int:
        """Plan ``count`` real transforms of adjacent rows, of ``row`` modes each."""
        plan = self._call(f"{self._prefix}_plan_many_dft_r2c")
        into = (_pointer(modes), None, 1, row)
        return self._made(
            plan, 1, _lengths(n), count, _pointer(values), None, 1, n, *into, self._flags()
        )

    def inverse(
        self, modes: NDArray[Any], values: NDArray[Any], n: int, count: int, row: int
    ) -> int:
        """Plan the way back, which may destroy what is transformed."""
        plan = self._call(f"{self._prefix}_plan_many_dft_c2r")
        out = (_pointer(modes), None, 1, row)
        return self._made(
            plan, 1, _lengths(n), count, *out, _pointer(values), None, 1, n, self._flags()
        )

    def _flags(self, more: int = 0) -> ctypes.c_uint:
        return ctypes.c_uint(self._effort | DESTROY_INPUT | more)

    def _call(self, name: str) -> Any:
        function = getattr(_library(), name)
        function.restype = _Pointer
        return function

    def _made(self, function: Any, *arguments: Any) -> int:
        with _fftw().planning(reproducible=self._reproducible):
            plan = function(*arguments)
            if plan and not self._reproducible:  # what wisdom gives is what comes again
                _destroy(self._prefix, [plan])
                plan = function(*arguments)
        if not plan:
            raise RuntimeError("FFTW cannot plan this transform")
        self._plans.append(plan)
        return int(plan)


def _destroy(prefix: str, plans: list[int]) -> None:
    destroy = getattr(_library(), f"{prefix}_destroy_plan")
    with PLANNING:  # another thread may be planning
        for plan in plans:
            destroy(_Pointer(plan))


def _pointer(a: NDArray[Any]) -> ctypes.c_void_p:
    return _Pointer(a.ctypes.data)


def _lengths(n: int) -> Any:
    return (ctypes.c_int * 1)(n)
