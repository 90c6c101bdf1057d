"""Counters by which threads wait for each other for microseconds, without the interpreter.

A lock puts a thread to sleep, and to wake it takes as long as a sweep of a coarse grid.  A
thread that waits here asks again and again, and gives up after a while.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from pdekit.typing import Array

_loop = njit(cache=True, nogil=True)
Generated = tuple[Any, Callable[..., Any]]


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [index])


@intrinsic
def _read(typing: Any, counters: Any, k: Any) -> Generated:
    """Read what another thread has counted, and see what it wrote before."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(
            _place(context, builder, sig.args[0], *args), "acquire", 8
        )

    return types.int64(counters, types.int64), generate


@intrinsic
def _write(typing: Any, counters: Any, k: Any, value: Any) -> Generated:
    """Count, after everything that was written before."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig.args[0], *args[:2])
        builder.store_atomic(args[2], place, "release", 8)
        return context.get_dummy_value()

    return types.none(counters, types.int64, types.int64), generate


@intrinsic
def _pause(typing: Any) -> Generated:
    """Let the other thread of this core go first, where processors know how."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if str(builder.module.triple).startswith("x86_64"):
            kind, name = ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause"
            pause = builder.module.globals.get(name) or ir.Function(
                builder.module, kind, name
            )
            builder.call(pause, [])
        return context.get_dummy_value()

    return types.none(), generate


made: Any = (_read, _write, _pause)  # mypy would have them called with a context
read, write, pause = made


@_loop
def post(counters: Array, k: int, value: int) -> None:
    """Set a counter."""
    write(counters, k, value)


@_loop
def reached(counters: Array, k: int, value: int, patience: int) -> bool:
    """Wait until a counter is at least ``value``; return whether it is."""
    for _ in range(patience):
        if read(counters, k) >= value:
            return True
        pause()
    return False
