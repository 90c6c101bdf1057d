"""Text of the compiled steps: the equation's formulas inside the integrator's.

One evaluation of N in three dimensions, for ``inputs`` transforms back and ``outputs``
forward, runs

1. along axis 0 on the kept columns of the others,
2. slab by slab along axes 1 and 2: transforms back, products, transforms forward, all in a
   buffer that stays in the second-level cache, so that no physical field meets the memory,
3. along axis 0 back.

What comes out is read once, by the loop that forms N, applies a stage of the integrator and
writes what the next evaluation transforms.  Fewer dimensions are the same with axes of one
point in front.
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
from numba import get_thread_id, njit, prange, types

_address = types.uintp
dft = types.ExternalFunction("pdekit_{fftw}_dft", types.void(_address, _address, _address))
dft_c2r = types.ExternalFunction(
    "pdekit_{fftw}_dft_c2r", types.void(_address, _address, _address)
)
dft_r2c = types.ExternalFunction(
    "pdekit_{fftw}_dft_r2c", types.void(_address, _address, _address)
)
# Without NaN a product with the zero imaginary part of a real factor can be left out; what
# is not a number goes its way through the other terms all the same.
step = njit(
    error_model="numpy",
    fastmath={{"contract", "nnan", "nsz"}},
    nogil=True,
    parallel={parallel},
    no_cpython_wrapper=True,  # called from the kernel only
    no_cfunc_wrapper=True,
)


@inline
def i_times(z):
    return complex(-z.imag, z.real)


@inline
def maximum(x, y):
    return max(x, y)


"""


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
    def level(self) -> int:
        """The loop in which the value is looked up."""
        return max((i + 1 for i in range(3) if self.varies[i]), default=0)

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
    """State arrays; those of ``kept`` have one per member."""
    kept: tuple[str, ...]
    symbols: dict[str, Kind]
    weights: dict[str, Kind]
    constants: tuple[str, ...]
    coefficients: dict[str, bool]
    """Whether each is a field (else a number)."""
    mask: bool
    filtered: bool
    source: bool
    parallel: str
    """``none``, ``members`` or ``space``: what the threads share among them."""


class ProgramText:
    """Writes the module of one equation and one integrator."""

    def __init__(
        self, rhs: RightHandSide, stages: Sequence[Stage], names: Names, single: bool
    ) -> None:
        self.rhs, self.stages, self.names, self.single = rhs, stages, names, single
        self.variables = rhs.variables
        self.count = len(rhs.variables)
        split, product, assemble = rhs.terms
        self.split = split or rhs.equation.decode
        self.product, self.assemble = product, assemble
        self.shape = ("N0", "N1", "N2", "low0", "gap0", "low1", "gap1", "M", "S", "W")
        self.needs_argument = self.argument_needed(rhs)

    @staticmethod
    def argument_needed(rhs: RightHandSide) -> bool:
        """Whether N names the variables themselves, so that arguments must be kept."""
        assemble = rhs.terms.assemble
        taken = parameters(assemble)[rhs.outputs :] if assemble else ()
        return any(name in rhs.variables for name in taken)

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
    def arguments(self) -> list[str]:
        """Arguments of the kernel, after the counters."""
        own = [*self.spectral]
        own += [name for name in self.physical if name not in own]
        return ["dims", "plans", "scale", "hat", "rows", "phys", *self.state, *own]

    @property
    def state(self) -> list[str]:
        return [f"a_{name}" for name in self.names.arrays]

    # -- the module --------------------------------------------------------------------

    def __str__(self) -> str:
        fftw = "fftwf" if self.single else "fftw"
        space = self.names.parallel == "space"
        parts = [HEADER.format(fftw=fftw, parallel=space)]
        for name, formula in (
            ("split", self.split),
            ("product", self.product),
            ("assemble", self.assemble),
        ):
            if formula is not None:
                parts.append(source_of(formula, name))
        parts += [
            source_of(stage.formula, f"stage_formula_{i}")
            for i, stage in enumerate(self.stages)
        ]
        if self.rhs.has_products:
            parts += [self._prepare(), self._physical()]
        parts += [self._stage(i, stage) for i, stage in enumerate(self.stages)]
        parts.append(self._kernel())
        return "\n".join(parts)

    def _loops(
        self,
        name: str,
        arguments: Sequence[str],
        body: list[str],
        *,
        feeds: bool,
        levels: dict[str, tuple[Kind, int]],
    ) -> str:
        """Loop over the kept modes; ``feeds`` says that rows left out must become zero."""
        outer = "prange" if self.names.parallel == "space" else "range"
        lines = ["@step", f"def {name}({', '.join(arguments)}):"]
        lines.append(f"    {', '.join(self.shape)} = dims")
        lines.append(f"    for q0 in {outer}(a_v.shape[1]):")
        lines.append("        r0 = np.int64(q0)  # prange counts without a sign")
        lines.append("        f0 = r0 + gap0 if r0 >= low0 else r0")
        lines += self._looked_up(levels, (0, 1), 8)
        lines.append("        for r1 in range(a_v.shape[2]):")
        lines += self._looked_up(levels, (2,), 12)
        lines.append("            for j in range(M):")
        lines += self._looked_up(levels, (3,), 16)
        lines += [" " * 16 + line for line in body]
        if feeds:
            lines += [
                f"    for q0 in {outer}(gap0):",
                "        f0 = low0 + np.int64(q0)",
                f"        for i in range({self.rhs.inputs}):",
                "            for r1 in range(a_v.shape[2]):",
                "                for j in range(M):",
                "                    hat[i, f0, r1, j] = 0.0",
            ]
        return "\n".join(lines) + "\n\n"

    def _looked_up(
        self, levels: dict[str, tuple[Kind, int]], which: tuple[int, ...], pad: int
    ) -> list[str]:
        return [
            f"{' ' * pad}x_{name} = {kind.index(f's_{name}', 0)}"
            for name, (kind, level) in levels.items()
            if level in which
        ]

    def _symbols(self, *formulas: tuple[Callable[..., Any] | None, int]) -> dict[str, Any]:
        """Return the symbols that some formulas take."""
        taken = {
            name
            for formula, skip in formulas
            if formula is not None
            for name in parameters(formula)[skip:]
            if name not in self.variables
        }
        return {n: (k, k.level) for n, k in self.names.symbols.items() if n in taken}

    def _spectral_call(self, formula: Callable[..., Any], skip: int, var: str) -> str:
        """Arguments that a formula in Fourier space takes by name."""
        call = []
        for name in self.rhs.spectral_names(formula, skip):
            if name in self.variables:
                call.append(f"{var}{self.variables.index(name)}")
            elif name in self.names.symbols:
                call.append(f"x_{name}")
            else:
                call.append(f"c_{name}")
        return ", ".join(call)

    def _feed(self, var: str) -> list[str]:
        """Write what is transformed back, for the argument in ``var0``, ``var1``, …"""
        lines = []
        if self.names.filtered:
            lines += [f"{var}{c} = mask[r0, r1, j] * {var}{c}" for c in range(self.count)]
        targets = [f"hat[{i}, f0, r1, j]" for i in range(self.rhs.inputs)]
        if self.split is None:
            return lines + [f"{t} = {var}{i}" for i, t in enumerate(targets)]
        call = self._spectral_call(self.split, 0, var)
        return [*lines, f"{', '.join(targets)} = split({call})"]

    def _prepare(self) -> str:
        body = [f"w{c} = a_v[{c}, r0, r1, j]" for c in range(self.count)] + self._feed("w")
        return self._loops(
            "prepare",
            ["dims", "hat", "a_v", *self.spectral],
            body,
            feeds=True,
            levels=self._symbols((self.split, 0)),
        )

    def _stage(self, number: int, stage: Stage) -> str:
        """One stage: N from what was transformed, the formula, what to transform next."""
        n, every = self.names, range(self.count)
        last = number == len(self.stages) - 1
        body: list[str] = []
        if "n" in stage.takes:
            body += self._nonlinear(number)
        for c in every:
            call = []
            for name in stage.takes:
                if name == "n":
                    call.append(f"n{c}")
                elif name in n.weights:
                    call.append(n.weights[name].index(f"m_{name}", c))
                else:
                    call.append(f"a_{name}[{c}, r0, r1, j]")
            outs = []
            for name in stage.into:
                if name == "w" or (name == "v" and last):
                    outs.append(f"w{c}")
                else:
                    outs.append(f"a_{name}[{c}, r0, r1, j]")
            body.append(f"{', '.join(outs)} = stage_formula_{number}({', '.join(call)})")
            if "v" in stage.into and last:
                body.append(f"a_v[{c}, r0, r1, j] = w{c}")
            if "w" in stage.into and self.needs_argument:
                body.append(f"a_argument[{c}, r0, r1, j] = w{c}")
        feeds = self.rhs.has_products and (
            "w" in stage.into or ("v" in stage.into and last)
        )
        if feeds:
            body += self._feed("w")
        assembled = (self.assemble, self.rhs.outputs)
        return self._loops(
            f"stage_{number}",
            ["dims", "hat", *self.state, *self.spectral],
            body,
            feeds=feeds,
            levels=self._symbols(assembled, (self.split if feeds else None, 0)),
        )

    def _nonlinear(self, number: int) -> list[str]:
        every = range(self.count)
        if self.rhs.is_linear:
            lines = [f"n{c} = 0j" for c in every]
        elif self.assemble is None:
            lines = [f"n{c} = hat[{c}, f0, r1, j]" for c in every]
        else:
            outputs = range(self.rhs.outputs)
            lines = [f"y{i} = hat[{i}, f0, r1, j]" for i in outputs]
            if self.needs_argument:
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

    def _physical(self) -> str:
        """Everything between the spectra before and after the products."""
        ins, outs = self.rhs.inputs, self.rhs.outputs
        rest = []
        for name in self.rhs.physical_names(self.product, ins):  # type: ignore[arg-type]
            if name in self.names.coefficients:
                is_field = self.names.coefficients[name]
                rest.append(f"f_{name}[base + p]" if is_field else f"f_{name}")
            else:
                rest.append(f"c_{name}")
        call = ", ".join([*(f"q{i}[p]" for i in range(ins)), *rest])
        targets = ", ".join(f"q{i}[p]" for i in range(outs))
        views = "\n        ".join(
            f"q{i} = phys[k, {i}, :S * N1 * N2]" for i in range(max(ins, outs))
        )
        outer = "prange" if self.names.parallel == "space" else "range"
        thread = "get_thread_id()" if self.names.parallel == "space" else "thread"
        if self.rhs.real:
            back = "dft_c2r(plans[4], rows[k].ctypes.data, phys[k].ctypes.data)"
            forth = "dft_r2c(plans[5], phys[k].ctypes.data, rows[k].ctypes.data)"
        else:
            back = "dft(plans[4], rows[k].ctypes.data, rows[k].ctypes.data)"
            forth = "dft(plans[5], rows[k].ctypes.data, rows[k].ctypes.data)"
        arguments = [
            "dims",
            "plans",
            "scale",
            "hat",
            "rows",
            "phys",
            "thread",
            *self.physical,
        ]
        return f"""
@step
def physical({", ".join(arguments)}):
    {", ".join(self.shape)} = dims
    R1 = hat.shape[2]
    columns = hat.reshape((hat.shape[0], N0, R1 * hat.shape[3]))
    if N0 > 1:
        for q in {outer}(columns.shape[2] // W):
            c = np.int64(q)
            for i in range({ins}):
                place = columns[i, 0, c * W :].ctypes.data
                dft(plans[0], place, place)
    for q in {outer}(N0 // S):
        slab = np.int64(q)
        k = {thread}
        base = slab * S * N1 * N2
        for i in range({ins}):
            for s in range(S):
                for r1 in range(R1):
                    f1 = r1 + gap1 if r1 >= low1 else r1
                    row, kept = rows[k, i, s, f1], hat[i, slab * S + s, r1]
                    for j in range(M):
                        row[j] = kept[j]
                    for j in range(M, row.shape[0]):
                        row[j] = 0.0
                for f1 in range(low1, low1 + gap1):
                    row = rows[k, i, s, f1]
                    for j in range(row.shape[0]):
                        row[j] = 0.0
                if N1 > 1:
                    dft(plans[2], rows[k, i, s].ctypes.data, rows[k, i, s].ctypes.data)
        {back}
        {views}
        for p in range(S * N1 * N2):
            {targets} = product({call})
        {forth}
        for i in range({outs}):
            for s in range(S):
                if N1 > 1:
                    dft(plans[3], rows[k, i, s].ctypes.data, rows[k, i, s].ctypes.data)
                for r1 in range(R1):
                    f1 = r1 + gap1 if r1 >= low1 else r1
                    row, kept = rows[k, i, s, f1], hat[i, slab * S + s, r1]
                    for j in range(M):
                        kept[j] = scale * row[j]
    if N0 > 1:
        for q in {outer}(columns.shape[2] // W):
            c = np.int64(q)
            for i in range({outs}):
                place = columns[i, 0, c * W :].ctypes.data
                dft(plans[1], place, place)


"""

    def _kernel(self) -> str:
        members = self.names.parallel == "members"
        kept = self.names.kept
        state = [f"a_{n}[b]" if n in kept else f"a_{n}[k]" for n in self.names.arrays]
        stages = []
        for i in range(len(self.stages)):
            call = ", ".join(["dims", "hat[k]", *state, *self.spectral])
            stages += [
                f"                {'el' if i else ''}if s == {i}:",
                f"                    stage_{i}({call})",
            ]
        lines = [
            f"@njit(cache=True, error_model='numpy', nogil=True, parallel={members})",
            f"def kernel(first, last, count, begin, end, {', '.join(self.arguments)}):",
            f"    for b in {'prange' if members else 'range'}(first, last):",
            f"        k = {'get_thread_id()' if members else '0'}",
        ]
        if self.rhs.has_products:
            lines += [
                "        if begin == 0:",
                f"            prepare({', '.join(['dims', 'hat[k]', 'a_v[b]', *self.spectral])})",
            ]
        lines += [
            "        for _ in range(count):",
            "            for s in range(begin, end):",
        ]
        if self.rhs.has_products:
            call = ["dims", "plans", "scale", "hat[k]", "rows", "phys", "k", *self.physical]
            lines.append(f"                physical({', '.join(call)})")
        return "\n".join(lines + stages) + "\n"
