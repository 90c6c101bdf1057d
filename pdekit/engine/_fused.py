"""Fused engine: numba loops around planned in-place transforms (CPU)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import fft as transforms
from pdekit.engine import _kernels as kernels
from pdekit.engine._codegen import compiled
from pdekit.engine._compiled_program import CompiledProgram
from pdekit.engine._flat_loops import FlatLoops, StageLoop
from pdekit.errors import ShapeError
from pdekit.fft import Backend, Plan
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid
    from pdekit.stepping._scheme import Stage
    from pdekit.stepping._system import System

LARGE = 1 << 17
"""Points from which the faster functional transforms of scipy are worth their import."""
Rest = tuple[Any, ...]
"""Coefficient fields and constants that a pointwise formula takes after the components."""


class FusedEngine:
    """Fields are ``(member, channel, points)`` views of one planned buffer."""

    name = "fused"

    def __init__(
        self,
        grid: Grid,
        channels: int,
        members: int,
        *,
        precision: str,
        fft: str,
        workers: int,
        reproducible: bool,
    ) -> None:
        self.dtype = np.dtype("complex128" if precision == "double" else "complex64")
        self.real = np.dtype("float64" if precision == "double" else "float32")
        self.size = math.prod(grid.shape)
        self.channels, self.members = channels, members
        self._space = grid.shape
        self._flat = (members, channels, self.size)
        self.fft = fft
        self.threads, self.reproducible = workers, reproducible
        self.used: tuple[str, ...] = ("pyfftw",)
        """Who executes the transforms of compiled steps."""
        self._count = 0

    @cached_property
    def plan(self) -> Plan:
        """The transform of all components of all members in place."""
        return transforms.plan(
            (*self._flat[:2], *self._space),
            axes=tuple(range(-len(self._space), 0)),
            kind="c2c",
            dtype=self.dtype,
            workers=self.threads,
            backend=self.fft,
            reproducible=self.reproducible,
        )

    @cached_property
    def work(self) -> Array:
        """The planned buffer."""
        return self.plan.physical.reshape(self._flat)

    @property
    def transforms(self) -> int:
        """Transforms of one component of one member executed so far."""
        planned = self.plan.transforms if "plan" in self.__dict__ else 0
        return int(planned) + self._count

    @property
    def transforms_in_use(self) -> dict[str, Any]:
        """What is known about the transforms; ``choose`` is what gets them again.

        A library that was measured to be the fastest might not be the next time.
        """
        if "plan" in self.__dict__:
            return {**self.plan.info, "choose": self.plan.info["backend"]}
        found = {"backend": " and ".join(self.used), "workers": self.threads}
        if "pyfftw" in self.used:
            found["flags"] = "FFTW_ESTIMATE" if self.reproducible else "FFTW_MEASURE"
        return found

    def program(self, system: System, stages: Sequence[Stage]) -> CompiledProgram:
        """Return the stages of an integrator, ready to run."""
        return CompiledProgram(self, system, stages)

    def count(self, transforms: int) -> None:
        """Add to the number of transforms executed."""
        self._count += transforms

    def spectrum(self, u: Array, real: bool) -> Array:
        """Return the normalised spectrum of fields, the half of it where they are real."""
        axes = tuple(range(-len(self._space), 0))
        u = np.asarray(u, self.real if real else self.dtype)
        self._count += math.prod(u.shape[: -len(axes)])
        library = self._functional
        u_hat = library.rfft(u, axes) if real else library.fft(u, axes)
        return u_hat * self.real.type(1.0 / self.size)

    def points(self, u_hat: Array, real: bool) -> Array:
        """Return the fields of a normalised spectrum."""
        axes = tuple(range(-len(self._space), 0))
        self._count += math.prod(u_hat.shape[: -len(axes)])
        if real:
            u = self._functional.irfft(u_hat, self._space, axes)
        else:
            u = self._functional.ifft(u_hat, axes)
        return u * self.real.type(self.size)

    @cached_property
    def _functional(self) -> Backend:
        """The library that opens and closes states, outside the steps."""
        if self.fft not in ("auto", "pyfftw"):
            return transforms.get(self.fft)
        # To import scipy.fft takes longer than it saves on a small field.
        return transforms.get("numpy" if self.size < LARGE else "scipy")

    @cached_property
    def loops(self) -> FlatLoops:
        """Loops over the field; their buffer ``work`` is the planned one."""
        return FlatLoops(self._flat, self.dtype, {"work": self.work})

    def copy(self, w: Array) -> Array:
        """Return an independent copy in this engine's layout."""
        return w.copy()

    def stage(self, formula: Callable[..., Any], into: Sequence[str]) -> Callable[..., Any]:
        """Compile a formula applied value by value, on its first call."""
        return self.loops.stage(formula, into)

    def field(self, u: Array) -> Array:
        """Return values ``(member, channel, *space)`` in this engine's layout and dtype."""
        expected = (*self._flat[:2], *self._space)
        if np.shape(u) != expected:
            raise ShapeError(expected, np.shape(u), "the fields")
        return np.array(u, dtype=self.dtype).reshape(self._flat)

    def symbol(self, values: Array) -> Array:
        """Return multipliers ``(channel, *modes)`` flattened per channel."""
        full = np.broadcast_to(values, (self.channels, *self._space))
        return np.array(full, dtype=self.dtype).reshape(self.channels, self.size)

    def values(self, w: Array) -> Array:
        """Return an independent copy in the layout ``(member, channel, *space)``."""
        return w.reshape((*w.shape[:2], *self._space)).copy()

    def restored(self, saved: Array) -> Array:
        """Return a field from its saved copy."""
        return np.array(saved, dtype=self.dtype)

    def load(self, w: Array) -> Array:
        """Copy ``w`` into the planned buffer."""
        if w is not self.work:
            np.copyto(self.work, w)
        return self.work

    def forward(self, w: Array) -> Array:
        """Transform the planned buffer in place, without scaling."""
        self.plan.forward()
        return w

    def inverse(self, w: Array) -> Array:
        """Transform the planned buffer back in place, without scaling."""
        self.plan.inverse()
        return w

    def is_finite(self, w: Array) -> bool:
        """Test a value per component: a transform spreads a bad one over all of them."""
        return bool(np.isfinite(w[..., 0]).all())

    def phase_flow(
        self, rate: Callable[..., Any], rest: Rest
    ) -> Callable[[Array, float, Rest], Array]:
        """Compile  u ↦ u exp(i h rate(u)),  one pass over memory."""
        return _PhaseFlow(
            compiled(
                "phase_flow",
                kernels.phase_text(rate, self.channels, [np.ndim(c) > 0 for c in rest]),
            )
        )

    def sequence(
        self, operations: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]
    ) -> Callable[[Array], Array]:
        """Bind every operation to the planned buffer: only a loop over calls is left."""
        transforms = {self.forward: self.plan.forward, self.inverse: self.plan.inverse}
        calls: list[Callable[[], Any]] = []
        for operation, arguments in operations:
            if isinstance(operation, StageLoop | _PhaseFlow):
                calls.append(operation.bound(self.work, *arguments))
            else:
                calls.append(transforms[operation])

        def run(w: Array) -> Array:
            for call in calls:
                call()
            return w

        return run

    def coefficient(self, c: Array) -> Array:
        """Return a coefficient field as real values per point, or the number it is."""
        if np.ndim(c) == 0:
            return float(c)
        return np.array(np.broadcast_to(c, self._space), self.real).ravel()


class _PhaseFlow:
    """The compiled phase flow, called on a field, a step and what the rate takes beside."""

    def __init__(self, kernel: Callable[..., Any]) -> None:
        self._kernel = kernel

    def __call__(self, w: Array, h: float, rest: Rest) -> Array:
        self._kernel(w, h, *rest)
        return w

    def bound(self, w: Array, h: float, rest: Rest) -> Callable[[], Any]:
        """Return the call with these very arguments."""
        return partial(self._kernel, w, h, *rest)
