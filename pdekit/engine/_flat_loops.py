"""Compiled loops over whole states, flattened ``(member, component, value)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from pdekit.engine import _kernels as kernels
from pdekit.engine._codegen import compiled
from pdekit.typing import Array


class FlatLoops:
    """Formulas of states of one shape; ``given`` are buffers that exist already."""

    def __init__(
        self, flat: tuple[int, int, int], dtype: Any, given: Mapping[str, Array]
    ) -> None:
        self._flat, self.dtype = flat, np.dtype(dtype)
        self.real = np.dtype("float64" if self.dtype == np.complex128 else "float32")
        self._buffers: dict[str, Array] = dict(given)

    def shape(self, v: Array) -> tuple[int, ...]:
        """Return the shape of a state in these loops."""
        return self._flat

    def copy(self, w: Array) -> Array:
        """Return an independent copy in this engine's layout."""
        return w.copy()

    def norm(self, w: Array) -> float:
        """Return the Euclidean norm of all values of a field."""
        return float(np.linalg.norm(w))

    def _buffer(self, name: str) -> Array:
        if name not in self._buffers:
            self._buffers[name] = np.zeros(self._flat, self.dtype)
        return self._buffers[name]

    def stage(self, formula: Callable[..., Any], into: Sequence[str]) -> Callable[..., Any]:
        """Compile a formula applied mode by mode, on its first call."""
        return StageLoop(formula, tuple(self._buffer(name) for name in into))

    def slopes(self, count: int) -> Array:
        """Return room for the slopes of a Runge–Kutta step."""
        return np.zeros((count, *self._flat), self.dtype)

    def combination(self, slots: Sequence[int], store: int) -> Callable[..., Array]:
        """Compile  slopes[store] = turn·n;  argument = e (v + Σ aⱼ slopes[slotsⱼ])."""
        kernel = compiled("combination", kernels.combination_text(str(self.real)))
        indices, argument = np.array(slots), self._buffer("argument")

        def run(
            n: Array, slopes: Array, turn: Array, v: Array, e: Array, a: Array
        ) -> Array:
            kernel(argument, n, slopes, store, indices, turn, v, e, a)
            return argument

        return run

    def norms(self, first: Sequence[int], second: Sequence[int]) -> Callable[..., Any]:
        """Compile the squared norms of two combinations of slopes and of a field."""
        return compiled("norms", kernels.norms_text(first, second, str(self.real)))


class StageLoop:
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
