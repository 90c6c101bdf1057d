"""Arithmetic that writes instructions: one number in each lane of a register."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

# A product and a sum may become one instruction, and the sign of a zero is free.
FLAGS = ("contract", "nsz")
WORD, INT = ir.IntType(64), ir.IntType(32)
POINTER = ir.PointerType()


class Function:
    """A function under construction, ``(count, source, target)`` of 64-bit integers.

    Attributes
    ----------
    lanes
        Numbers in a register.
    real, vector
        Types of a number and of a register.
    """

    def __init__(self, name: str, lanes: int, single: bool) -> None:
        self.lanes = lanes
        self.real: Any = ir.FloatType() if single else ir.DoubleType()
        self.vector = ir.VectorType(self.real, lanes)
        self.module = ir.Module(name)
        signature = ir.FunctionType(ir.VoidType(), [WORD] * 3)
        self.function = ir.Function(self.module, signature, name)
        self.builder = ir.IRBuilder(self.function.append_basic_block())
        self.count, self.source, self.target = self.function.args

    def __str__(self) -> str:
        """Return the text of the module."""
        return str(self.module)

    # -- places ------------------------------------------------------------------------

    def pointer(self, address: Any) -> Any:
        """Return the pointer of an address."""
        return self.builder.inttoptr(address, POINTER)

    def at(self, base: Any, offset: Any, kind: Any = None) -> Any:
        """Return the place ``offset`` numbers (or what ``kind`` says) after ``base``."""
        if isinstance(offset, int):
            offset = WORD(offset)
        place = self.builder.gep(base, [offset], source_etype=kind or self.real)
        place.type = POINTER
        return place

    def room(self, numbers: int) -> Any:
        """Return room on the stack, aligned for every register."""
        place = self.builder.alloca(ir.ArrayType(self.real, numbers))
        place.align = 64
        return self.at(place, 0)

    def table(self, values: Sequence[float], kind: Any = None) -> Any:
        """Return constants in memory."""
        kind = ir.ArrayType(kind or self.real, len(values))
        name = f"table_{len(self.module.globals)}"
        table = ir.GlobalVariable(self.module, kind, name)
        table.global_constant, table.linkage, table.align = True, "internal", 64
        table.initializer = ir.Constant(kind, list(values))
        return self.at(table, 0)

    def word(self, table: Any, index: Any) -> Any:
        """Return an entry of a table of integers."""
        return self.builder.load(self.at(table, index, WORD), typ=WORD)

    def load(self, place: Any, align: int) -> Any:
        """Return the register that lies at a place."""
        value = self.builder.load(place, typ=self.vector)
        value.align = align
        return value

    def store(self, value: Any, place: Any, align: int) -> None:
        """Write a register."""
        self.builder.store(value, place).align = align

    # -- values ------------------------------------------------------------------------

    def zero(self) -> Complex:
        """Return 0 in every lane."""
        nought = Vector(self, ir.Constant(self.vector, [0.0] * self.lanes))
        return Complex(nought, nought)

    def spread(self, place: Any) -> Vector:
        """Return the number at a place in every lane."""
        number = self.builder.load(place, typ=self.real)
        nothing = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(nothing, number, INT(0))
        return Vector(self, self.shuffled(first, nothing, [0] * self.lanes))

    def turn(self, table: Any, index: Any) -> Complex:
        """Return a complex number of a table in every lane."""
        place = self.at(table, self.builder.mul(index, WORD(2)))
        return Complex(self.spread(place), self.spread(self.at(place, 1)))

    def shuffled(self, a: Any, b: Any, picks: Sequence[int]) -> Any:
        """Return the lanes ``picks`` of two registers in a row."""
        mask = ir.Constant(ir.VectorType(INT, len(picks)), list(picks))
        return self.builder.shuffle_vector(a, b, mask)

    def transposed(self, rows: Sequence[Any]) -> list[Any]:
        """Return the square of ``lanes`` registers with rows and columns exchanged."""
        rows, half, lanes = list(rows), 1, range(self.lanes)
        while half < self.lanes:
            low = [i if not i & half else self.lanes + i - half for i in lanes]
            high = [i + half if not i & half else self.lanes + i for i in lanes]
            for i in lanes:
                if not i & half:
                    a, b = rows[i], rows[i + half]
                    rows[i] = self.shuffled(a, b, low)
                    rows[i + half] = self.shuffled(a, b, high)
            half *= 2
        return rows

    @contextmanager
    def loop(self, count: Any) -> Iterator[Any]:
        """Write a loop over 0, 1, …, count − 1; it runs once at least."""
        builder = self.builder
        before, body = builder.block, self.function.append_basic_block()
        builder.branch(body)
        builder.position_at_end(body)
        index = builder.phi(WORD)
        index.add_incoming(WORD(0), before)
        yield index
        following = builder.add(index, WORD(1))
        index.add_incoming(following, builder.block)
        count = WORD(count) if isinstance(count, int) else count
        after = self.function.append_basic_block()
        builder.cbranch(builder.icmp_unsigned("<", following, count), body, after)
        builder.position_at_end(after)


class Vector:
    """A real number in every lane."""

    def __init__(self, function: Function, value: Any) -> None:
        self.function, self.value = function, value

    def _number(self, value: Any) -> Vector:
        return Vector(self.function, value)

    def __add__(self, other: Vector) -> Vector:
        """Write a sum."""
        builder = self.function.builder
        return self._number(builder.fadd(self.value, other.value, flags=FLAGS))

    def __sub__(self, other: Vector) -> Vector:
        """Write a difference."""
        builder = self.function.builder
        return self._number(builder.fsub(self.value, other.value, flags=FLAGS))

    def __mul__(self, other: Vector | float) -> Vector:
        """Write a product."""
        if not isinstance(other, Vector):
            number = [float(other)] * self.function.lanes
            other = self._number(ir.Constant(self.function.vector, number))
        builder = self.function.builder
        return self._number(builder.fmul(self.value, other.value, flags=FLAGS))

    def __neg__(self) -> Vector:
        """Write a change of sign."""
        return self._number(self.function.builder.fneg(self.value))


class Complex:
    """A complex number in every lane."""

    def __init__(self, re: Vector, im: Vector) -> None:
        self.re, self.im = re, im

    def __add__(self, other: Complex) -> Complex:
        """Write a sum."""
        return Complex(self.re + other.re, self.im + other.im)

    def __sub__(self, other: Complex) -> Complex:
        """Write a difference."""
        return Complex(self.re - other.re, self.im - other.im)

    def __neg__(self) -> Complex:
        """Write a change of sign."""
        return Complex(-self.re, -self.im)

    def __mul__(self, other: Complex | float) -> Complex:
        """Write a product."""
        if not isinstance(other, Complex):
            return Complex(self.re * other, self.im * other)
        return Complex(
            self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re
        )

    def conj(self) -> Complex:
        """Write the conjugate."""
        return Complex(self.re, -self.im)

    def times_i(self, sign: int) -> Complex:
        """Write the product with i or −i."""
        return Complex(-self.im, self.re) if sign > 0 else Complex(self.im, -self.re)


def root(k: int, n: int, sign: int) -> complex:
    """Return  exp(± 2πi k/n),  to rounding: of angles below an eighth of a turn."""
    quarter, rest = divmod(4 * (k % n), n)
    if 2 * rest <= n:
        angle = math.pi * rest / (2 * n)
        re, im = math.cos(angle), math.sin(angle)
    else:
        angle = math.pi * (n - rest) / (2 * n)
        re, im = math.sin(angle), math.cos(angle)
    for _ in range(quarter):
        re, im = -im, re
    return complex(re, sign * im)
