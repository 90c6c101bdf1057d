"""Registers in numba: a vector of 64 bytes, one number of a row in each lane.

A loop in place over every second point has dependencies that a compiler cannot see
through, so it is left scalar.  Here a row is read, shifted and written by registers, in the
order that is safe: the right neighbours of a register are loaded before it is written, the
left ones are kept from before.  A processor with shorter registers takes two or four.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

_FLAGS = ("contract",)  # a product and a sum may become one instruction
_INT, _WORD, _BIT = ir.IntType(32), ir.IntType(64), ir.IntType(1)
Generated = tuple[Any, Callable[..., Any]]


class Vector(types.Type):
    """The type of 64 bytes of real numbers."""

    def __init__(self, real: Any) -> None:
        self.real, self.lanes = real, 512 // real.bitwidth
        element = ir.DoubleType() if real.bitwidth == 64 else ir.FloatType()
        self.llvm = ir.VectorType(element, self.lanes)
        self.tag = f"v{self.lanes}f{real.bitwidth}"
        super().__init__(name=f"Vector({real})")

    def mask(self, bits: Any) -> Any:
        """Return a constant mask."""
        return ir.Constant(ir.VectorType(_BIT, self.lanes), [int(b) for b in bits])


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, kind: Any) -> None:
        super().__init__(dmm, kind, kind.llvm)  # type: ignore[no-untyped-call]


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Return the address of an element, as that of a vector."""
    data = context.make_array(kind)(context, builder, array).data
    place = builder.gep(data, [index])
    return builder.bitcast(place, Vector(kind.dtype).llvm.as_pointer())


def _bytes(kind: Any) -> int:
    return int(kind.dtype.bitwidth // 8)


def _spread(builder: Any, value: Any, vector: Any) -> Any:
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, value, _INT(0))
    lanes = ir.Constant(ir.VectorType(_INT, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, nothing, lanes)


def _first(builder: Any, kind: Vector, count: Any) -> Any:
    """Return the mask of the first ``count`` lanes."""
    words = ir.VectorType(_WORD, kind.lanes)
    lanes = ir.Constant(words, list(range(kind.lanes)))
    return builder.icmp_signed("<", lanes, _spread(builder, count, words))


def _coloured(builder: Any, kind: Vector, parity: Any) -> Any:
    """Return the mask of the lanes of a parity."""
    even = kind.mask(1 - k % 2 for k in range(kind.lanes))
    odd = kind.mask(k % 2 for k in range(kind.lanes))
    return builder.select(builder.icmp_signed("==", parity, _WORD(0)), even, odd)


def _function(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    kind = ir.FunctionType(result, arguments)
    made: Any = cgutils
    return made.get_or_insert_function(builder.module, kind, name)


def _store_where(builder: Any, kind: Vector, align: int, *what: Any) -> None:
    """Store ``value`` at ``place`` in the lanes of ``mask``."""
    value, place, mask = what
    store = _function(
        builder,
        f"llvm.masked.store.{kind.tag}.p0",
        ir.VoidType(),
        [kind.llvm, place.type, _INT, mask.type],
    )
    builder.call(store, [value, place, _INT(align), mask])


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Generated:
    """Read a register that begins at an element."""
    kind = Vector(array.dtype)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(_place(context, builder, sig.args[0], args[0], args[1]))
        value.align = _bytes(sig.args[0])
        return value

    return kind(array, types.int64), generate


@intrinsic
def load_part(typing: Any, array: Any, index: Any, count: Any) -> Generated:
    """Read ``count`` numbers at most (none if it is not positive), zero in the others."""
    kind = Vector(array.dtype)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig.args[0], args[0], args[1])
        mask = _first(builder, kind, args[2])
        masked = _function(
            builder,
            f"llvm.masked.load.{kind.tag}.p0",
            kind.llvm,
            [place.type, _INT, mask.type, kind.llvm],
        )
        zero = ir.Constant(kind.llvm, [0.0] * kind.lanes)
        return builder.call(masked, [place, _INT(_bytes(sig.args[0])), mask, zero])

    return kind(array, types.int64, types.int64), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Generated:
    """Write a register."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig.args[0], args[0], args[1])
        builder.store(args[2], place).align = _bytes(sig.args[0])
        return context.get_dummy_value()

    return types.none(array, types.int64, value), generate


@intrinsic
def store_part(typing: Any, array: Any, index: Any, value: Any, count: Any) -> Generated:
    """Write the first ``count`` lanes."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig.args[0], args[0], args[1])
        mask = _first(builder, value, args[3])
        _store_where(builder, value, _bytes(sig.args[0]), args[2], place, mask)
        return context.get_dummy_value()

    return types.none(array, types.int64, value, types.int64), generate


@intrinsic
def pick(typing: Any, parity: Any, value: Any, other: Any) -> Generated:
    """Return ``value`` in the lanes of a parity, ``other`` in the rest."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(_coloured(builder, value, args[0]), args[1], args[2])

    return value(types.int64, value, value), generate


@intrinsic
def part(typing: Any, value: Any, count: Any) -> Generated:
    """Return the first ``count`` lanes and zeros."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = ir.Constant(value.llvm, [0.0] * value.lanes)
        return builder.select(_first(builder, value, args[1]), args[0], zero)

    return value(value, types.int64), generate


@intrinsic
def spread(typing: Any, array: Any, number: Any) -> Generated:
    """Return a number in every lane, of the kind of the array."""
    kind = Vector(array.dtype)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = context.cast(builder, args[1], sig.args[1], kind.real)
        return _spread(builder, value, kind.llvm)

    return kind(array, number), generate


@intrinsic
def total(typing: Any, value: Any) -> Generated:
    """Return the sum of the lanes."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        element = value.llvm.element
        add = _function(
            builder,
            f"llvm.vector.reduce.fadd.{value.tag}",
            element,
            [element, value.llvm],
        )
        zero = ir.Constant(element, 0.0)
        return builder.call(add, [zero, args[0]], fastmath=("reassoc",))

    return value.real(value), generate


@intrinsic
def prefetch(typing: Any, array: Any, index: Any) -> Generated:
    """Ask for an element that will be needed; beyond the end it does nothing."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig.args[0], args[0], args[1])
        ask = _function(
            builder, "llvm.prefetch.p0", ir.VoidType(), [place.type, _INT, _INT, _INT]
        )
        builder.call(ask, [place, _INT(0), _INT(3), _INT(1)])
        return context.get_dummy_value()

    return types.none(array, types.int64), generate


def _shuffled(picks: Callable[[int], list[int]]) -> Any:
    @intrinsic
    def shuffle(typing: Any, a: Any, b: Any) -> Generated:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            mask = ir.Constant(ir.VectorType(_INT, a.lanes), picks(a.lanes))
            return builder.shuffle_vector(args[0], args[1], mask)

        return a(a, b), generate

    return shuffle


before = _shuffled(lambda n: list(range(n - 1, 2 * n - 1)))  # left neighbours of b
after = _shuffled(lambda n: list(range(1, n + 1)))  # right neighbours of a
evens = _shuffled(lambda n: list(range(0, 2 * n, 2)))
odds = _shuffled(lambda n: list(range(1, 2 * n, 2)))
zip_low = _shuffled(lambda n: [k // 2 + (k % 2) * n for k in range(n)])
zip_high = _shuffled(lambda n: [n // 2 + k // 2 + (k % 2) * n for k in range(n)])


def _arithmetic(operation: Any, instruction: str) -> None:
    made: Any = (infer_global, lower_builtin, signature)  # numba has no types for these
    infer, lower, sign = made

    @infer(operation)
    class _Typing(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and all(isinstance(a, Vector) for a in args):
                return sign(args[0], *args)
            return None

    @lower(operation, Vector, Vector)  # type: ignore[untyped-decorator]
    def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(args[0], args[1], flags=_FLAGS)


for _operation, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_operation, _instruction)
