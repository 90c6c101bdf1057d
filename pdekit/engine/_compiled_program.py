"""Stages of an integrator as compiled loops around FFTW: no Python inside a step."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.engine._buffers import Buffers, lanes_of
from pdekit.engine._codegen import compiled_module
from pdekit.engine._flat_loops import FlatLoops
from pdekit.engine._layout import ModeLayout
from pdekit.engine._rhs import as_tuple, lookup, parameters
from pdekit.engine._stage_text import ProgramText
from pdekit.engine._text_names import Kind, Lanes, Names
from pdekit.errors import ShapeError
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.engine._fused import FusedEngine
    from pdekit.stepping._scheme import Stage
    from pdekit.stepping._system import System

SHARED = 1 << 16
"""Points of a field from which several threads may share it."""
NO_WEIGHTS: Mapping[str, Any] = {}
"""Of an evaluation; always the same object, so that its arguments are bound once."""


class CompiledProgram:
    """Steps on arrays ``(member, variable, modes₀, modes₁, modes₂)`` of the kept modes.

    Axes are padded in front to three.  Real fields keep half of the modes along the last
    axis and, under a sharp mask, those with |m| up to the cut along every axis.
    """

    def __init__(
        self, engine: FusedEngine, system: System, stages: Sequence[Stage]
    ) -> None:
        self.engine, self.system, self.rhs = engine, system, system.rhs
        self.stages = tuple(stages)
        self.layout = ModeLayout(system.rhs)
        self.single = engine.dtype == np.complex64
        self.arrays: dict[str, Array] = {}
        self._kernel: Any = None
        self._fed, self._together = False, 1
        self._weights: tuple[Any, list[Any]] = (None, [])
        self._mask = (
            None
            if self.rhs.mask is None or self.rhs.cut
            else self.layout.compact(
                np.broadcast_to(self.rhs.mask, self.rhs.modes).astype(engine.real)
            )
        )

    # -- fields and variables ----------------------------------------------------------

    @property
    def linear(self) -> Array:
        """L of the kept modes, ``(variable, ...)``; one row if the variables share it."""
        return self.layout.shared(self.layout.compact(self.system.linear))

    def open(self, u: Array) -> Array:
        """Return the variables of physical fields ``(member, channel, *space)``."""
        self.rhs.check(u, self.engine.members)
        return self._opened(u)

    def _opened(self, u: Array) -> Array:
        u_hat = self.layout.compact(self.engine.spectrum(u, self.rhs.real))
        return self._recoded(u_hat, self.rhs.fields, self.rhs.equation.encode)

    def close(self, v: Array) -> Array:
        """Return the physical fields of the variables."""
        v = v.reshape((*v.shape[:2], *self.layout.kept))
        u_hat = self._recoded(v, self.rhs.variables, self.rhs.equation.decode)
        return self.engine.points(self.layout.full(u_hat), self.rhs.real)

    def _recoded(self, w: Array, names: Sequence[str], formula: Any) -> Array:
        if formula is None:
            return np.array(w, self.engine.dtype, order="C")
        parts = {name: w[:, i] for i, name in enumerate(names)}
        symbols = {n: self.layout.compact(a) for n, a in self.rhs.symbols.items()}
        found = formula(*lookup(parameters(formula), parts, symbols, self.rhs.constants))
        shape = w[:, 0].shape
        rows = [np.broadcast_to(row, shape) for row in as_tuple(found)]
        return np.stack(rows, axis=1).astype(self.engine.dtype)

    # -- steps -------------------------------------------------------------------------

    def weights(self, rule: Callable[[Array, float], dict[str, Any]], h: float) -> Any:
        """Return the weights of a step of size ``h`` in this program's layout."""
        found = rule(self.linear, h)
        return {k: self._as_weight(a) for k, a in found.items()}

    def _as_weight(self, a: Any) -> Any:
        if np.ndim(a) == 0:
            return float(a)
        kind = self.engine.dtype if np.iscomplexobj(a) else self.engine.real
        return np.ascontiguousarray(a, dtype=kind)

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Copy in the arrays that the stages work on; ``v`` is the state."""
        self._fed = False
        shape = (self.engine.members, len(self.rhs.variables), *self.layout.kept)
        for name, a in arrays.items():
            if a.shape != shape:  # the loops do not look
                raise ShapeError(shape, a.shape, f"{name!r} of the state")
            if name in self.arrays:
                np.copyto(self.arrays[name], a)
            else:
                self.arrays[name] = np.array(a, self.engine.dtype, order="C")

    def ready(self, arrays: Mapping[str, Array], weights: Mapping[str, Any]) -> None:
        """Compile, plan and allocate, so that no step has to."""
        self.load(arrays)
        if self._kernel is None:
            self._build(weights)
        self._kernel(0, 0, 0, 0, 0, False, 0, *self._arguments(weights))
        if self._sharing == "space" and self._share_kernel is not None:
            self._share_kernel(-3, 0, 0, 0, *self._arguments(weights))

    def copy(self, name: str) -> Array:
        """Return an array that later steps leave alone."""
        return self.arrays[name].copy()

    def run(self, weights: Mapping[str, Any], times: Sequence[float], h: float) -> None:
        """Take one step of size ``h`` from each of the times."""
        if self._kernel is None:
            self._build(weights)
        last = len(self.stages)
        if self.system.steady:
            self._advance(len(times), 0, last, self._arguments(weights))
        else:
            for b in range(len(self.arrays["v"])):
                self._march(b, weights, times, h)
        evaluations = sum("n" in stage.takes for stage in self.stages)
        per_step = evaluations * (self.rhs.inputs + self.rhs.outputs)
        self.engine.count(len(self.arrays["v"]) * len(times) * per_step)

    def _advance(self, count: int, begin: int, end: int, arguments: list[Any]) -> None:
        """Take ``count`` steps of the stages from ``begin`` to ``end`` with all threads."""
        members = len(self.arrays["v"]) // self._together
        if self._sharing == "space":
            self._share_space(count, begin, end, arguments)
        elif self._sharing == "members":
            shares = _shares(members, self._threads)
            together(
                [
                    partial(self._kernel, *share, count, begin, end, False, k, *arguments)
                    for k, share in enumerate(shares)
                ]
            )
        else:
            self._kernel(0, members, count, begin, end, self._fed, 0, *arguments)
        self._fed = members == 1 and "v" in self.stages[-1].into and end == len(self.stages)

    def _march(
        self, b: int, weights: Mapping[str, Any], times: Sequence[float], h: float
    ) -> None:
        """Advance one member stage by stage, with the coefficients of every time."""
        for t in times:
            for s, stage in enumerate(self.stages):
                self._update(t + stage.at * h)
                arguments = self._arguments(weights)
                if self._sharing == "space":
                    self._share_space(1, s, s + 1, arguments)
                else:
                    self._kernel(b, b + 1, 1, s, s + 1, self._fed, 0, *arguments)
            self._fed = False

    def _share_space(self, count: int, begin: int, end: int, arguments: list[Any]) -> None:
        """Share the passes of one member: slabs, then columns, each complete for all."""
        share = self._share_kernel
        slabs = _shares(self._buffers.slabs, self._threads)
        columns = _shares(self._buffers.bundles, self._threads)
        gate = threading.Barrier(self._threads)
        first = begin == 0 and not self._fed

        def work(k: int) -> None:
            try:
                if first:
                    share(-1, *columns[k], k, *arguments)
                    gate.wait()
                for _ in range(count):
                    for s in range(begin, end):
                        share(-2, *slabs[k], k, *arguments)
                        gate.wait()
                        share(s, *columns[k], k, *arguments)
                        gate.wait()
            except BaseException:
                gate.abort()
                raise

        together([partial(work, k) for k in range(self._threads)])

    def loops(self, members: int) -> FlatLoops:
        """Return what combines states in other ways, ``(member, variable, mode)``.

        The argument of `evaluate` is its buffer ``argument``.
        """
        shape = (members, len(self.rhs.variables), *self.layout.kept)
        self.arrays["v"] = np.zeros(shape, self.engine.dtype)
        flat = (shape[0], shape[1], math.prod(shape[2:]))
        given = {"argument": self.arrays["v"].reshape(flat)}
        return FlatLoops(flat, self.engine.dtype, given)

    def evaluate(self, w: Array, t: float) -> Array:
        """Return N of a flat argument, with a source; later evaluations overwrite it."""
        self._fed = False
        argument = self.arrays["v"].reshape(w.shape)
        if w.ctypes.data != argument.ctypes.data:
            np.copyto(argument, w)
        self.run(NO_WEIGHTS, [t], 0.0)
        return self.arrays["slope"].reshape(w.shape)

    def propagator(self, h: float) -> Array:
        """Return  exp(h L)  as flat multipliers."""
        return self._flat_multipliers(np.exp(h * self.linear))

    @cached_property
    def multipliers(self) -> Array:
        """L itself, flat."""
        return self._flat_multipliers(self.linear)

    def _flat_multipliers(self, a: Array) -> Array:
        shape = (len(self.rhs.variables), *self.layout.kept)
        full = np.broadcast_to(a, shape).astype(self.engine.dtype)
        return full.reshape(shape[0], -1)

    def is_finite(self) -> bool:
        """Test a mode per variable: a transform, if any, spreads a bad value over all."""
        v = self.arrays["v"]
        return bool(np.isfinite(v[:, :, 0, 0, 0] if self.rhs.has_products else v).all())

    # -- binding -----------------------------------------------------------------------

    def _build(self, weights: Mapping[str, Any]) -> None:
        """Write and load the kernel, allocate what it works in, plan its transforms."""
        self._symbols = {n: self._as_symbol(a) for n, a in self._used_symbols().items()}
        self._source_time: float | None = None
        self._update(self.system.start)
        names = self._names(weights)
        by = self._lanes()
        self.engine.used = by.used(self.layout.ndim)
        text = ProgramText(self.rhs, self.stages, names, by)
        self._text_arguments = text.arguments
        self._together = by.together
        self._sharing = self._shared_by()
        self._threads = 1 if self._sharing == "none" else self.engine.threads
        self._allocate(names, by, self._threads)
        module = compiled_module(f"{self.rhs.equation.name}_steps", str(text))
        self._kernel = module.kernel
        self._share_kernel: Any = getattr(module, "share", None)

    def _used_symbols(self) -> dict[str, Array]:
        """Return the symbols that the formulas take: others cost memory only."""
        rhs = self.rhs
        formulas = [rhs.terms.split or rhs.equation.decode, rhs.terms.assemble]
        taken = {name for f in formulas if f is not None for name in parameters(f)}
        return {
            n: a for n, a in rhs.symbols.items() if n in taken and n not in rhs.variables
        }

    def _as_symbol(self, a: Array) -> Array:
        kind = self.engine.dtype if np.iscomplexobj(a) else self.engine.real
        return np.ascontiguousarray(self.layout.compact(a), dtype=kind)

    def _names(self, weights: Mapping[str, Any]) -> Names:
        """Say what the loops take and how each of it is indexed."""
        into = [n for stage in self.stages for n in stage.into if n != "w"]
        scratch = [n for n in dict.fromkeys(into) if self._is_scratch(n)]
        kept = [*self.arrays, *(n for n in into if n not in scratch)]
        kept = [n for n in dict.fromkeys(kept) if n not in scratch]
        coefficients = self.system.coefficients(self.system.start)
        if self._argument_needed():
            scratch.append("argument")
        return Names(
            arrays=(*kept, *scratch),
            kept=tuple(kept),
            symbols={n: Kind(_varies(a)) for n, a in self._symbols.items()},
            weights={n: _weight_kind(a) for n, a in weights.items()},
            constants=tuple(self._used_constants()),
            coefficients={n: np.ndim(c) > 0 for n, c in coefficients.items()},
            mask=self._mask is not None,
            source=self._source is not None,
        )

    def _is_scratch(self, name: str) -> bool:
        """Whether an array is written before it is read, and read in the same step.

        One will do for all members then.
        """
        written = False
        for stage in self.stages:
            if name in stage.takes:
                return written
            written |= name in stage.into
        return False

    def _used_constants(self) -> dict[str, float]:
        rhs = self.rhs
        formulas = [rhs.terms.split or rhs.equation.decode, rhs.terms.product]
        formulas += [rhs.terms.assemble]
        taken = {name for f in formulas if f is not None for name in parameters(f)}
        return {n: c for n, c in rhs.constants.items() if n in taken}

    def _argument_needed(self) -> bool:
        """Whether N names the variables themselves, so that arguments must be kept."""
        assemble = self.rhs.terms.assemble
        taken = parameters(assemble)[self.rhs.outputs :] if assemble else ()
        return any(name in self.rhs.variables for name in taken)

    def _shared_by(self) -> str:
        """Say what the threads share: members, or the space of a large one."""
        members = len(self.arrays["v"]) // self._together
        size = math.prod(self.layout.points)
        if self.engine.threads == 1 or not self.rhs.has_products:
            return "none"
        if members > 1 and self.system.steady:
            return "members" if members >= self.engine.threads else "none"
        return (
            "space" if size >= SHARED and self.layout.ndim > 1 and members == 1 else "none"
        )

    def _lanes(self) -> Lanes:
        """Say which passes transform in lanes; none where there is nothing to transform."""
        if not self.rhs.has_products or self.engine.fft == "pyfftw":
            return Lanes()
        alike = self.system.steady and len(self.rhs.variables) == 1
        members = len(self.arrays["v"]) if alike else 1
        return lanes_of(self.rhs, self.layout, members, self.single)

    def _allocate(self, names: Names, by: Lanes, threads: int) -> None:
        """Make the arrays between the members, the buffers and the plans."""
        count, dtype = len(self.rhs.variables), self.engine.dtype
        members = len(self.arrays["v"])
        inner = self.layout.side_by_side(self._together) if by.members else self.layout
        for name in names.arrays:
            if name not in self.arrays:
                lead = members if name in names.kept else threads * self._together
                shape = (lead, count, *self.layout.kept)
                self.arrays[name] = np.zeros(shape, dtype)
        copies = threads if self._sharing == "members" else 1
        self._buffers = buffers = Buffers(
            self.rhs, inner, dtype, by, threads=threads, copies=copies
        )
        plans = np.zeros((1, 2), np.uint64)
        if self.rhs.has_products:
            plans = buffers.plans(reproducible=self.engine.reproducible)
        scale = self.engine.real.type(1.0 / self.rhs.grid.size)
        self._given = {
            "dims": buffers.dims,
            "plans": plans,
            "scale": scale,
            "hat": buffers.hat,
            "rows": buffers.rows,
            "phys": buffers.phys,
            **{f"s_{n}": a for n, a in self._symbols.items()},
            **{f"c_{n}": c for n, c in self._used_constants().items()},
            "mask": self._for_all(self._mask),
        }

    def _arguments(self, weights: Mapping[str, Any]) -> list[Any]:
        """Return the arguments of the kernel, after the counters."""
        if self._weights[0] is not weights:
            given = {
                **self._given,
                **{f"a_{n}": self._by_blocks(a) for n, a in self.arrays.items()},
                **{f"m_{n}": a for n, a in weights.items()},
                **{
                    f"f_{n}": self._buffers.coefficient(c)
                    for n, c in self._coefficients.items()
                },
                "source": self._for_all(self._source),
            }
            self._weights = weights, [given[name] for name in self._text_arguments]
        return self._weights[1]

    def _by_blocks(self, a: Array) -> Array:
        """Return a view of a state array with members side by side along axis 0."""
        if self._together == 1:
            return a
        return a.reshape((-1, 1, self._together, *a.shape[-2:]))

    def _for_all(self, a: Array | None) -> Array | None:
        """Repeat an array over the modes for members side by side."""
        if a is None or self._together == 1:
            return a
        return np.repeat(a, self._together, axis=-3)

    def _update(self, t: float) -> None:
        """Bring the coefficients and the source to the time ``t``."""
        equation = self.system.equation
        if self._source_time is None or equation.time_dependent:
            self._coefficients = self.system.coefficients(t)
            self._weights = (None, [])
        if self._source_time is None or not equation.steady_source:
            values = self.system.source(t)
            if values is not None:
                self.rhs.check(values, members=1)
            self._source = None if values is None else self._opened(values)[0]
            self._weights = (None, [])
        self._source_time = t


def together(tasks: Sequence[Callable[[], Any]]) -> None:
    """Run tasks at the same time, the first in this thread; raise what any of them did."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        others = [pool.submit(task) for task in tasks[1:]]
        broken = None
        for outcome in (tasks[0], *(other.result for other in others)):
            try:
                outcome()
            except threading.BrokenBarrierError as error:  # by another one, which says why
                broken = error
        if broken is not None:
            raise broken


def _shares(count: int, threads: int) -> list[tuple[int, int]]:
    """Cut ``count`` things into as many runs as there are threads."""
    ends = [count * k // threads for k in range(threads + 1)]
    return list(pairwise(ends))


def _varies(a: Array) -> tuple[bool, bool, bool]:
    return tuple(n > 1 for n in a.shape[-3:])


def _weight_kind(a: Any) -> Kind:
    if np.ndim(a) == 0:
        return Kind(number=True)
    return Kind(_varies(a), channels=2 if len(a) > 1 else 1)
