"""Fused engine: numba loops around planned in-place transforms (CPU)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import fft as transforms
from pdekit.engine import _kernels as kernels
from pdekit.engine._codegen import compiled
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid

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
        self.channels = channels
        self._space = grid.shape
        self._flat = (members, channels, self.size)
        self.plan = transforms.plan(
            (members, channels, *grid.shape),
            axes=tuple(range(-grid.ndim, 0)),
            kind="c2c",
            dtype=self.dtype,
            workers=workers,
            backend=fft,
            reproducible=reproducible,
        )
        self.work: Array = self.plan.physical.reshape(self._flat)
        self._buffers: dict[str, Array] = {"work": self.work}
        self._forward, self._inverse = self.plan.forward, self.plan.inverse

    @property
    def transforms(self) -> int:
        """Transforms of one component of one member executed so far."""
        return int(self.plan.transforms)

    def field(self, u: Array) -> Array:
        """Return values ``(member, channel, *space)`` in this engine's layout and dtype."""
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

    def copy(self, w: Array) -> Array:
        """Return an independent copy in this engine's layout."""
        return w.copy()

    def forward(self, w: Array) -> Array:
        """Transform the planned buffer in place, without scaling."""
        self._forward()
        return w

    def inverse(self, w: Array) -> Array:
        """Transform the planned buffer back in place, without scaling."""
        self._inverse()
        return w

    def is_finite(self, w: Array) -> bool:
        """Test a value per component: a transform spreads a bad one over all of them."""
        return bool(np.isfinite(w[..., 0]).all())

    def norm(self, w: Array) -> float:
        """Return the Euclidean norm of all values of a field."""
        return float(np.linalg.norm(w))

    def _buffer(self, name: str) -> Array:
        return self._buffers.setdefault(name, np.zeros(self._flat, self.dtype))

    def stage(self, formula: Callable[..., Any], into: Sequence[str]) -> Callable[..., Any]:
        """Compile a formula applied mode by mode, on its first call."""
        return _Stage(formula, tuple(self._buffer(name) for name in into))

    def pointwise(
        self, formula: Callable[..., Any], rest: Rest
    ) -> Callable[[Array, Rest], Array]:
        """Compile a formula that mixes the components of a field point by point."""
        text = kernels.pointwise_text(
            formula, self.channels, [np.ndim(c) > 0 for c in rest]
        )
        kernel = compiled("pointwise", text)

        def run(w: Array, rest: Rest) -> Array:
            kernel(w, *rest)
            return w

        return run

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
        transforms = {self.forward: self._forward, self.inverse: self._inverse}
        calls: list[Callable[[], Any]] = []
        for operation, arguments in operations:
            if isinstance(operation, _Stage | _PhaseFlow):
                calls.append(operation.bound(self.work, *arguments))
            else:
                calls.append(transforms[operation])

        def run(w: Array) -> Array:
            for call in calls:
                call()
            return w

        return run

    def slopes(self, count: int) -> Array:
        """Return room for the slopes of a Runge–Kutta step."""
        return np.zeros((count, *self._flat), self.dtype)

    def combination(self, slots: Sequence[int], store: int) -> Callable[..., Array]:
        """Compile  slopes[store] = turn·w;  w = e (v + Σ aⱼ slopes[slotsⱼ])."""
        kernel = compiled("combination", kernels.combination_text(str(self.real)))
        indices = np.array(slots)

        def run(
            w: Array, slopes: Array, turn: Array, v: Array, e: Array, a: Array
        ) -> Array:
            kernel(w, slopes, store, indices, turn, v, e, a)
            return w

        return run

    def norms(self, first: Sequence[int], second: Sequence[int]) -> Callable[..., Any]:
        """Compile the squared norms of two combinations of slopes and of a field."""
        return compiled("norms", kernels.norms_text(first, second, str(self.real)))

    def coefficient(self, c: Array) -> Array:
        """Return a coefficient field as real values per point, or the number it is."""
        if np.ndim(c) == 0:
            return float(c)
        return np.array(np.broadcast_to(c, self._space), self.real).ravel()


class _Stage:
    """A formula of fields, symbols and numbers, with the arrays that take its results."""

    def __init__(self, formula: Callable[..., Any], outputs: tuple[Array, ...]) -> None:
        self._formula, self._outputs = formula, outputs
        self._result = outputs[0] if len(outputs) == 1 else outputs
        self._kernel: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        kernel = self._kernel or self._compile(arguments)
        kernel(*self._outputs, *arguments)
        return self._result

    def bound(self, *arguments: Any) -> Callable[[], Any]:
        """Return the call with these very arguments."""
        return partial(self._kernel or self._compile(arguments), *self._outputs, *arguments)

    def _compile(self, arguments: Sequence[Any]) -> Callable[..., Any]:
        kinds = [getattr(a, "ndim", 0) for a in arguments]
        text = kernels.stage_text(self._formula, kinds, len(self._outputs))
        self._kernel = compiled(f"stage_{self._formula.__name__}", text)
        return self._kernel


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
