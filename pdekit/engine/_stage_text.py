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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pdekit.engine._codegen import source_of
from pdekit.engine._rhs import RightHandSide, parameters
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

SIZES = ("N0", "N1", "N2", "low0", "gap0", "low1", "gap1", "M", "S", "W", "B", "H")
"""Points along each axis; kept modes before, and modes left out, along axes 0 and 1; kept
modes along axis 2; axis-0 points per slab; columns per bundle and bundles per row; length
of a row of modes."""


@dataclass(frozen=True)
class Lanes:
    """Which passes transform a line per lane of a register; FFTW has the others.

    ``width`` is the number of lanes.  Points of slabs lie as ``[group][point][lane]`` then.
    With ``members``, the lines are those of as many members in one dimension, which the
    loops see as axis 0.  With ``line``, a slab is the one line of a member, which has a
    piece of its own in each of the lanes.
    """

    width: int = 0
    columns: bool = False
    slabs: bool = False
    members: bool = False
    line: bool = False

    @property
    def lines(self) -> int:
        """Number of lines in a group, which are transformed at once."""
        return 1 if self.line else self.width

    @property
    def together(self) -> int:
        """Number of members that are advanced at once."""
        return self.width if self.members else 1

    def used(self, ndim: int) -> tuple[str, ...]:
        """Name who executes transforms in so many dimensions."""
        passes = (self.columns, self.slabs) if ndim > 1 else (self.slabs,)
        lanes = ("lanes",) if any(passes) else ()
        return lanes if all(passes) else (*lanes, "pyfftw")


@dataclass(frozen=True)
class Kind:
    """How an argument of the loops is indexed: the axes along which it varies.

    ``channels`` is 0 for an array over the modes, 1 for one that all variables share and
    2 for one with a row per variable; a number varies along no axis.
    """

    varies: tuple[bool, bool, bool] = (False, False, False)
    channels: int = 0
    number: bool = False

    @property
    def loop(self) -> int:
        """Where the value is looked up: 0 once, 1 in the loop over r0, 2 in that over j."""
        return 2 if self.varies[2] else 1 if self.varies[0] else 0

    def index(self, name: str, channel: int) -> str:
        """Return the expression of the value at a mode."""
        if self.number:
            return name
        places = [
            p if v else "0" for p, v in zip(("r0", "r1", "j"), self.varies, strict=True)
        ]
        if self.channels:
            places.insert(0, str(channel) if self.channels == 2 else "0")
        return f"{name}[{', '.join(places)}]"


@dataclass(frozen=True)
class Names:
    """Everything the generated functions take, by the name they have there."""

    arrays: tuple[str, ...]
    """State arrays; those of ``kept`` have one per member, the others one per thread."""
    kept: tuple[str, ...]
    symbols: dict[str, Kind]
    weights: dict[str, Kind]
    constants: tuple[str, ...]
    coefficients: dict[str, bool]
    """Whether each is a field (else a number)."""
    mask: bool
    source: bool


class ProgramText:
    """Writes the module of one equation and one integrator."""

    def __init__(
        self, rhs: RightHandSide, stages: Sequence[Stage], names: Names, lanes: Lanes
    ) -> None:
        self.rhs, self.stages, self.names, self.lanes = rhs, stages, names, lanes
        self.variables = rhs.variables
        self.count = len(rhs.variables)
        split, self.product, self.assemble = rhs.terms
        self.split = split or rhs.equation.decode

    # -- argument lists ----------------------------------------------------------------

    @property
    def spectral(self) -> list[str]:
        """Arguments of the loops over the modes, beside buffers and state."""
        n = self.names
        own = [f"s_{name}" for name in n.symbols] + [f"c_{name}" for name in n.constants]
        own += [f"m_{name}" for name in n.weights]
        return [*own, *(["mask"] if n.mask else []), *(["source"] if n.source else [])]

    @property
    def physical(self) -> list[str]:
        """Arguments of the products, beside the buffers."""
        n = self.names
        return [f"f_{name}" for name in n.coefficients] + [f"c_{k}" for k in n.constants]

    @property
    def state(self) -> list[str]:
        """Names of the state arrays."""
        return [f"a_{name}" for name in self.names.arrays]

    @property
    def arguments(self) -> list[str]:
        """Arguments of both entries, after the counters."""
        own = [*self.spectral]
        own += [name for name in self.physical if name not in own]
        return ["dims", "plans", "scale", "hat", "rows", "phys", *self.state, *own]

    # -- the module --------------------------------------------------------------------

    def __str__(self) -> str:
        parts = [HEADER]
        formulas = {"split": self.split, "product": self.product, "assemble": self.assemble}
        parts += [source_of(f, name) for name, f in formulas.items() if f is not None]
        parts += [
            source_of(stage.formula, f"stage_formula_{i}")
            for i, stage in enumerate(self.stages)
        ]
        if self.rhs.has_products:
            parts += [self._slabs(), self._prepare()]
        parts += [self._stage(i, stage) for i, stage in enumerate(self.stages)]
        return "\n".join([*parts, self._kernel(), self._share()])

    def _slabs(self) -> str:
        """Everything between the spectra before and after the products."""
        if not self.lanes.slabs:
            body = self._slabs_of_rows()
        elif self.rhs.grid.ndim < 3:
            body = self._slabs_of_lines()
        else:
            body = self._slabs_of_planes()
        arguments = ["first", "last", "dims", "plans", "scale", "hat", "rows", "phys"]
        return f"""
@step
def slabs({", ".join([*arguments, *self.physical])}):
    {", ".join(SIZES)} = dims
    R1 = hat.shape[0] // B
{body}

"""

    @property
    def _views(self) -> str:
        """Points of every field of a slab, or of a group of lines."""
        fields = range(max(self.rhs.inputs, self.rhs.outputs))
        return "; ".join(f"q{i} = phys[{i} * size : {i + 1} * size]" for i in fields)

    @property
    def _products(self) -> str:
        """Products of a point, ``p`` of those in the views."""
        rest = []
        for name in parameters(self.product)[self.rhs.inputs :]:
            if name in self.names.coefficients:
                is_field = self.names.coefficients[name]
                rest.append(f"f_{name}[base + p]" if is_field else f"f_{name}")
            else:
                rest.append(f"c_{name}")
        call = ", ".join([*(f"q{i}[p]" for i in range(self.rhs.inputs)), *rest])
        targets = ", ".join(f"q{i}[p]" for i in range(self.rhs.outputs))
        return f"{targets} = product({call})"

    def _slabs_of_rows(self) -> str:
        """Rows by FFTW, padded to their full length."""
        ins, outs = self.rhs.inputs, self.rhs.outputs
        back, forth = "rows.ctypes.data", "phys.ctypes.data" if self.rhs.real else ""
        forth = forth or back
        return f"""
    size = S * N1 * N2
    {self._views}
    spectra = rows[: {max(ins, outs)} * S * N1 * H].reshape(({max(ins, outs)}, S, N1, H))
    for slab in range(first, last):
        base = slab * size
        for i in range({ins}):
            for s in range(S):
                for r1 in range(R1):
                    f1 = r1 + gap1 if r1 >= low1 else r1
                    row = spectra[i, s, f1]
                    for b in range(B):
                        kept = hat[r1 * B + b, i, slab * S + s]
                        for j in range(min(W, M - b * W)):
                            row[b * W + j] = kept[j]
                    for j in range(M, row.shape[0]):
                        row[j] = 0.0
                for f1 in range(low1, low1 + gap1):
                    row = spectra[i, s, f1]
                    for j in range(row.shape[0]):
                        row[j] = 0.0
                if N1 > 1:
                    place = spectra[i, s].ctypes.data
                    transform(plans[2, 0], plans[2, 1], place, place)
        transform(plans[4, 0], plans[4, 1], {back}, {forth})
        for p in range(size):
            {self._products}
        transform(plans[5, 0], plans[5, 1], {forth}, {back})
        for i in range({outs}):
            for s in range(S):
                if N1 > 1:
                    place = spectra[i, s].ctypes.data
                    transform(plans[3, 0], plans[3, 1], place, place)
                for r1 in range(R1):
                    f1 = r1 + gap1 if r1 >= low1 else r1
                    row = spectra[i, s, f1]
                    for b in range(B):
                        kept = hat[r1 * B + b, i, slab * S + s]
                        for j in range(min(W, M - b * W)):
                            kept[j] = scale * row[b * W + j]
"""

    def _slabs_of_lines(self) -> str:
        """Take a group of lines at a time, from the columns' rows and back to them."""
        width = self.lanes.lines
        return f"""
    size = {width} * N2
    {self._views}
    for slab in range(first, last):
        base = slab * size
        for i in range({self.rhs.inputs}):
            place = hat[0, i, slab * {width}].ctypes.data
            transform(plans[4, 0], 1, place, phys[i * size :].ctypes.data)
        for p in range(size):
            {self._products}
        for i in range({self.rhs.outputs}):
            place = hat[0, i, slab * {width}].ctypes.data
            transform(plans[5, 0], 1, phys[i * size :].ctypes.data, place)
"""

    def _slabs_of_planes(self) -> str:
        """Take a plane at a time: along axis 1, then its groups of lines, and back."""
        width, ins, outs = self.lanes.width, self.rhs.inputs, self.rhs.outputs
        move = """for r1 in range(R1):
                f1 = r1 + gap1 if r1 >= low1 else r1
                for b in range(B):
                    kept = hat[r1 * B + b, i, plane]
                    row = plane_hat[f1, b * W : (b + 1) * W]
                    for j in range(W):
                        """
        return f"""
    size, groups = {width} * N2, N1 // {width}
    columns = (M + {width - 1}) // {width}
    {self._views}
    spectra = rows[: {max(ins, outs)} * N1 * H].reshape(({max(ins, outs)}, N1, H))
    for plane in range(first, last):
        for i in range({ins}):
            plane_hat = spectra[i]
            {move}row[j] = kept[j]
            place = plane_hat.ctypes.data
            transform(plans[2, 0], columns, place, place)
        for group in range(groups):
            base = (plane * groups + group) * size
            for i in range({ins}):
                place = spectra[i, group * {width}].ctypes.data
                transform(plans[4, 0], 1, place, phys[i * size :].ctypes.data)
            for p in range(size):
                {self._products}
            for i in range({outs}):
                place = spectra[i, group * {width}].ctypes.data
                transform(plans[5, 0], 1, phys[i * size :].ctypes.data, place)
        for i in range({outs}):
            plane_hat = spectra[i]
            place = plane_hat.ctypes.data
            transform(plans[3, 0], columns, place, place)
            {move}kept[j] = row[j]
"""

    def _columns(
        self, name: str, body: list[str], *, forward: bool, feeds: bool, symbols: set[str]
    ) -> str:
        """Loop over the kept modes of one bundle of columns, numbered ``q``.

        ``forward`` and ``feeds`` say whether products come in and whether arguments go out.
        """
        looked_up = {n: k for n, k in self.names.symbols.items() if n in symbols}

        def fetch(loop: int, pad: int) -> list[str]:
            return [
                f"{' ' * pad}x_{n} = {k.index(f's_{n}', 0)}"
                for n, k in looked_up.items()
                if k.loop == loop
            ]

        arguments = ["q", "dims", "plans", "hat", *self.state, *self.spectral]
        lines = ["@step", f"def {name}({', '.join(arguments)}):"]
        lines += [f"    {', '.join(SIZES)} = dims"]
        lines += ["    r1, left = q // B, q % B * W", "    right = min(left + W, M)"]
        lines += ["    columns = hat[q]"]
        if forward:
            lines += self._along_axis_0(1, self.rhs.outputs)
        lines += fetch(0, 4)
        lines += ["    for r0 in range(a_v.shape[1]):"]
        lines += ["        f0 = r0 + gap0 if r0 >= low0 else r0", *fetch(1, 8)]
        lines += ["        for j in range(left, right):", *fetch(2, 12)]
        lines += [" " * 12 + line for line in body]
        if feeds:
            lines += self._cleared() + self._along_axis_0(0, self.rhs.inputs)
        return "\n".join(lines) + "\n\n"

    def _cleared(self) -> list[str]:
        """Set the modes left out to zero, where a transform reads them."""
        if self.lanes.columns or self.lanes.members:
            return []
        return [
            f"    for i in range({self.rhs.inputs}):",
            "        for f0 in range(low0, low0 + gap0):",
            "            for j in range(W):",
            "                columns[i, f0, j] = 0.0",
        ]

    def _along_axis_0(self, plan: int, count: int) -> list[str]:
        if self.lanes.members:
            return []
        width = self.lanes.width
        groups = f"(right - left + {width - 1}) // {width}"
        what = groups if self.lanes.columns else f"plans[{plan}, 1]"
        return [
            "    if N0 > 1:",
            f"        for i in range({count}):",
            "            place = columns[i].ctypes.data",
            f"            transform(plans[{plan}, 0], {what}, place, place)",
        ]

    def _named(self, formula: Callable[..., Any] | None, skip: int = 0) -> set[str]:
        """Return what a formula takes by name."""
        return set() if formula is None else {*parameters(formula)[skip:]}

    def _spectral_call(self, formula: Callable[..., Any], skip: int, var: str) -> str:
        """Arguments that a formula in Fourier space takes by name."""
        call = []
        for name in parameters(formula)[skip:]:
            if name in self.variables:
                call.append(f"{var}{self.variables.index(name)}")
            elif name in self.names.symbols:
                call.append(f"x_{name}")
            else:
                call.append(f"c_{name}")
        return ", ".join(call)

    def _feed(self) -> list[str]:
        """Write what is transformed back, for the argument in ``w0``, ``w1``, and so on."""
        lines = []
        if self.names.mask:
            lines += [f"w{c} = mask[r0, r1, j] * w{c}" for c in range(self.count)]
        targets = [f"columns[{i}, f0, j - left]" for i in range(self.rhs.inputs)]
        if self.split is None:
            return lines + [f"{t} = w{i}" for i, t in enumerate(targets)]
        call = self._spectral_call(self.split, 0, "w")
        return [*lines, f"{', '.join(targets)} = split({call})"]

    def _prepare(self) -> str:
        body = [f"w{c} = a_v[{c}, r0, r1, j]" for c in range(self.count)] + self._feed()
        return self._columns(
            "prepare", body, forward=False, feeds=True, symbols=self._named(self.split)
        )

    def _stage(self, number: int, stage: Stage) -> str:
        """One stage: N from what was transformed, the formula, what to transform next."""
        last = number == len(self.stages) - 1
        new_state = last and "v" in stage.into
        body = self._nonlinear(number) if "n" in stage.takes else []
        for c in range(self.count):
            call = ", ".join(self._taken(name, c) for name in stage.takes)
            argument = ("w", "v") if last else ("w",)
            outs = ", ".join(
                f"w{c}" if name in argument else f"a_{name}[{c}, r0, r1, j]"
                for name in stage.into
            )
            body.append(f"{outs} = stage_formula_{number}({call})")
            if new_state:
                body.append(f"a_v[{c}, r0, r1, j] = w{c}")
            if "w" in stage.into and "argument" in self.names.arrays:
                body.append(f"a_argument[{c}, r0, r1, j] = w{c}")
        feeds = self.rhs.has_products and ("w" in stage.into or new_state)
        symbols = self._named(self.assemble, self.rhs.outputs)
        if feeds:
            body += self._feed()
            symbols |= self._named(self.split)
        return self._columns(
            f"stage_{number}", body, forward=self.rhs.has_products, feeds=feeds,
            symbols=symbols,
        )  # fmt: skip

    def _taken(self, name: str, c: int) -> str:
        """Return the expression of what a stage's formula calls ``name``."""
        if name == "n":
            return f"n{c}"
        if name in self.names.weights:
            return self.names.weights[name].index(f"m_{name}", c)
        return f"a_{name}[{c}, r0, r1, j]"

    def _nonlinear(self, number: int) -> list[str]:
        """Form N of every variable in ``n0``, ``n1``, and so on."""
        every = range(self.count)
        if self.rhs.is_linear:
            lines = [f"n{c} = 0j" for c in every]
        elif self.assemble is None:
            lines = [f"n{c} = columns[{c}, f0, j - left]" for c in every]
        else:
            outputs = range(self.rhs.outputs)
            lines = [f"y{i} = columns[{i}, f0, j - left]" for i in outputs]
            if "argument" in self.names.arrays:
                place = "a_v" if number == 0 else "a_argument"
                lines += [f"u{c} = {place}[{c}, r0, r1, j]" for c in every]
            call = [f"y{i}" for i in outputs]
            rest = self._spectral_call(self.assemble, self.rhs.outputs, "u")
            targets = ", ".join(f"n{c}" for c in every)
            lines.append(f"{targets} = assemble({', '.join(filter(None, [*call, rest]))})")
        if self.names.mask and not self.rhs.is_linear:
            lines += [f"n{c} = mask[r0, r1, j] * n{c}" for c in every]
        if self.names.source:
            lines += [f"n{c} = n{c} + source[{c}, r0, r1, j]" for c in every]
        return lines

    # -- what Python calls -------------------------------------------------------------

    def _state_of(self, member: str, thread: str) -> list[str]:
        return [
            f"a_{name}[{member if name in self.names.kept else thread}]"
            for name in self.names.arrays
        ]

    def _column_call(self, function: str, pad: int) -> list[str]:
        call = ["q", "dims", "plans", "hat[k]", *self._state_of("b", "k"), *self.spectral]
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
            call = ["0", "N0 // S", *self._slab_arguments("k"), *self.physical]
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
        call = ["left", "right", *self._slab_arguments("thread"), *self.physical]
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
