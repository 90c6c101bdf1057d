"""Text of the compiled steps: the equation's formulas inside the integrator's.

An evaluation of N in three dimensions alternates between two passes over the memory:

* slab by slab: transforms back along axes 1 and 2, products, transforms forward, in a
  buffer that stays in the second-level cache, so that no physical field is ever stored,
* column by column, for a bundle of columns along axis 0: transforms forward, the loop that
  forms N and applies a stage of the integrator, transforms back of what comes next.

Either pass may be shared among threads.  Fewer dimensions are the same with axes of one
point.
"""

from __future__ import annotations

from collections.abc import Sequence

from pdekit.engine._codegen import source_of
from pdekit.engine._column_text import ColumnText
from pdekit.engine._rhs import RightHandSide
from pdekit.engine._slab_text import SlabText
from pdekit.engine._text_names import SIZES, Lanes, Names
from pdekit.stepping._scheme import Stage

HEADER = """
import numpy as np
from math import sin, cos, exp, sqrt, tanh, cosh
from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def transform(context, function, what, source, target):
    def call(context, builder, signature, arguments):
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [word] * 3)
        place = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(place, arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.uint64] * 4), call


# Without NaN a product with the zero imaginary part of a real factor can be left out; what
# is not a number goes its way through the other terms all the same.
step = njit(
    error_model="numpy",
    fastmath={"contract", "nnan", "nsz"},
    nogil=True,
    no_cpython_wrapper=True,  # called from the entries only
    no_cfunc_wrapper=True,
)
entry = njit(cache=True, error_model="numpy", nogil=True)


@inline
def i_times(z):
    return complex(-z.imag, z.real)


@inline
def maximum(x, y):
    return max(x, y)


"""


class ProgramText:
    """Writes the module of one equation and one integrator."""

    def __init__(
        self, rhs: RightHandSide, stages: Sequence[Stage], names: Names, lanes: Lanes
    ) -> None:
        self.rhs, self.stages, self.names = rhs, stages, names
        self.slabs = SlabText(rhs, names, lanes)
        self.columns = ColumnText(rhs, names, lanes)

    @property
    def arguments(self) -> list[str]:
        """Arguments of both entries, after the counters."""
        n = self.names
        own = [*n.spectral, *(name for name in n.physical if name not in n.spectral)]
        return ["dims", "plans", "scale", "hat", "rows", "phys", *n.state, *own]

    # -- the module --------------------------------------------------------------------

    def __str__(self) -> str:
        parts = [HEADER]
        formulas = {
            "split": self.columns.split,
            "product": self.rhs.terms.product,
            "assemble": self.rhs.terms.assemble,
        }
        parts += [source_of(f, name) for name, f in formulas.items() if f is not None]
        parts += [
            source_of(stage.formula, f"stage_formula_{i}")
            for i, stage in enumerate(self.stages)
        ]
        if self.rhs.has_products:
            parts += [str(self.slabs), self.columns.prepare()]
        for i, stage in enumerate(self.stages):
            is_last = i == len(self.stages) - 1
            parts.append(self.columns.stage(i, stage, is_last=is_last))
        return "\n".join([*parts, self._kernel(), self._share()])

    # -- what Python calls -------------------------------------------------------------

    def _state_of(self, member: str, thread: str) -> list[str]:
        return [
            f"a_{name}[{member if name in self.names.kept else thread}]"
            for name in self.names.arrays
        ]

    def _column_call(self, function: str, pad: int) -> list[str]:
        call = [
            "q",
            "dims",
            "plans",
            "hat[k]",
            *self._state_of("b", "k"),
            *self.names.spectral,
        ]
        return [
            f"{' ' * pad}for q in range(left, right):",
            f"{' ' * pad}    {function}({', '.join(call)})",
        ]

    def _kernel(self) -> str:
        """Take ``count`` steps of some stages for the members of one thread in turn."""
        lines = [
            "@entry",
            "def kernel(first, last, count, begin, end, fed, k, "
            f"{', '.join(self.arguments)}):",
            f"    {', '.join(SIZES)} = dims",
            "    left, right = 0, hat.shape[1]",
            "    for b in range(first, last):",
        ]
        if self.rhs.has_products:
            lines += [
                "        if begin == 0 and not fed:",
                *self._column_call("prepare", 12),
            ]
        lines += [
            "        for _ in range(count):",
            "            for s in range(begin, end):",
        ]
        if self.rhs.has_products:
            call = ["0", "N0 // S", *self._slab_arguments("k"), *self.names.physical]
            lines.append(f"                slabs({', '.join(call)})")
        lines += self._chosen_stage(16)
        return "\n".join(lines) + "\n\n"

    def _slab_arguments(self, buffer: str) -> list[str]:
        return ["dims", "plans", "scale", "hat[k]", f"rows[{buffer}]", f"phys[{buffer}]"]

    def _chosen_stage(self, pad: int) -> list[str]:
        lines = []
        for i in range(len(self.stages)):
            lines.append(f"{' ' * pad}{'el' if i else ''}if s == {i}:")
            lines += self._column_call(f"stage_{i}", pad + 4)
        return lines

    def _share(self) -> str:
        """One thread's share of one pass: slabs (s = −2), the first argument, a stage."""
        if not self.rhs.has_products:
            return ""
        call = ["left", "right", *self._slab_arguments("thread"), *self.names.physical]
        lines = [
            "@entry",
            f"def share(s, left, right, thread, {', '.join(self.arguments)}):",
            "    b, k = 0, 0",
            "    if s == -2:",
            f"        slabs({', '.join(call)})",
            "    elif s == -1:",
            *self._column_call("prepare", 8),
            *self._chosen_stage(4),
        ]
        return "\n".join(lines) + "\n"
