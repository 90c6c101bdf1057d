"""Generic engine: every formula on whole arrays, nothing in place.

With torch it runs on CPU and CUDA and carries gradients; with NumPy it is the readable
counterpart that the compiled loops are tested against.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import fft as transforms
from pdekit.engine._array_program import ArrayProgram
from pdekit.engine._kept_modes import SLAB_BYTES
from pdekit.errors import BackendUnavailable, ShapeError
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid
    from pdekit.stepping._scheme import Stage
    from pdekit.stepping._system import System


LARGEST_FREED = (1 << 25) - (1 << 13)
"""Bytes of the largest block that glibc's allocator learns from when it is freed: it then
keeps the memory of smaller temporaries. Otherwise the system gets each of them back and
clears its pages before it hands them out anew, for up to half of the time of a step."""
Rest = tuple[Any, ...]


class GenericEngine:
    """Fields are ``(member, channel, *space)`` arrays of NumPy or torch."""

    def __init__(
        self,
        grid: Grid,
        channels: int,
        *,
        library: str,
        precision: str,
        device: str,
        fft: str,
        workers: int,
    ) -> None:
        self.name = library
        self.members = 1  # of any number: arrays carry their own
        self.size = math.prod(grid.shape)
        self.channels = channels
        self._space = grid.shape
        self._axes = tuple(range(-grid.ndim, 0))
        self._workers = workers
        self._real = "float64" if precision == "double" else "float32"
        self._complex = "complex128" if precision == "double" else "complex64"
        self._device = device
        self.single = precision != "double"
        self.in_lanes = fft == "auto" and device.startswith("cpu")
        self._count = 0
        self.slab_bytes = SLAB_BYTES if device.startswith("cpu") else sys.maxsize
        if library == "torch":
            self._torch = _torch_on(device)
            self._fft = transforms.get("torch")
        else:
            self._torch = None
            self._fft = transforms.get("numpy" if fft == "auto" else fft)
        self.used: tuple[str, ...] = (self._fft.name,)

    @property
    def transforms(self) -> int:
        """Transforms of one component of one member executed so far."""
        return self._count

    def field(self, u: Array) -> Array:
        """Return values in this engine's library, dtype and device; gradients survive."""
        expected = (self.channels, *self._space)
        if tuple(u.shape[1:]) != expected:
            raise ShapeError(("members", *expected), tuple(u.shape), "the fields")
        return self._as(u, self._complex)

    def symbol(self, values: Array) -> Array:
        """Return multipliers ``(channel, *modes)``."""
        return self._as(values, self._complex)

    def modes(self, values: Array) -> Array:
        """Return multipliers of this engine, real ones as real numbers."""
        return self._as(values, self._complex if np.iscomplexobj(values) else self._real)

    def real_or_complex(self, u: Array, real: bool) -> Array:
        """Return values of this engine as real numbers or as complex ones."""
        return self._as(u, self._real if real else self._complex)

    def forth(self, u: Array, axes: tuple[int, ...], halved: bool) -> Array:
        """Transform without scaling, to half of the modes along the last axis if asked."""
        if halved:
            return self._fft.r2c(u, axes, workers=self._workers)
        return self._fft.c2c(u, axes, inverse=False, scaled=False, workers=self._workers)

    def back(
        self, w: Array, shape: tuple[int, ...], axes: tuple[int, ...], halved: bool
    ) -> Array:
        """Transform back without scaling, to ``shape`` points along the axes."""
        if halved:
            return self._fft.c2r(w, shape, axes, scaled=False, workers=self._workers)
        return self._fft.c2c(w, axes, inverse=True, scaled=False, workers=self._workers)

    def count(self, transforms: int) -> None:
        """Note how many transforms of one component of one member were executed."""
        self._count += transforms

    @property
    def transforms_in_use(self) -> dict[str, Any]:
        """What is known about the transforms."""
        return {"backend": " and ".join(self.used), "workers": self._workers}

    def program(self, system: System, stages: Sequence[Stage]) -> ArrayProgram:
        """Return the stages of an integrator, ready to run."""
        return ArrayProgram(self, system, stages)

    def restored(self, saved: Array) -> Array:
        """Return a field from its saved copy."""
        return self._as(saved, self._complex)

    def values(self, w: Array) -> Array:
        """Return ``w``: arrays of this engine are never changed in place."""
        return w

    load = copy = values

    def forward(self, w: Array) -> Array:
        """Transform without scaling."""
        return self._transform(w, inverse=False)

    def inverse(self, w: Array) -> Array:
        """Transform back without scaling."""
        return self._transform(w, inverse=True)

    def is_finite(self, w: Array) -> bool:
        """Test one value per component of each member."""
        sample = w[(..., *(0 for _ in self._axes))]
        if self._torch is not None:
            return bool(self._torch.isfinite(self._torch.view_as_real(sample)).all())
        return bool(np.isfinite(sample).all())

    def shape(self, v: Array) -> tuple[int, ...]:
        """Return the shape of a state in the loops: its own."""
        return tuple(v.shape)

    def norm(self, w: Array) -> float:
        """Return the Euclidean norm of all values of a field."""
        w = w.detach() if self._torch is not None else w
        return math.sqrt(float((w.real**2 + w.imag**2).sum()))

    def stage(self, formula: Callable[..., Any], into: Sequence[str]) -> Callable[..., Any]:
        """Return the formula itself."""
        return formula

    def phase_flow(
        self, rate: Callable[..., Any], rest: Rest
    ) -> Callable[[Array, float, Rest], Array]:
        """Apply  u ↦ u exp(i h rate(u))."""

        def run(w: Array, h: float, rest: Rest) -> Array:
            components = self._split(w)
            rates = rate(*components, *rest)
            rates = rates if isinstance(rates, tuple) else (rates,)
            return self.join(
                tuple(
                    u * self._exp(1j * h * r)
                    for u, r in zip(components, rates, strict=True)
                )
            )

        return run

    def sequence(
        self, operations: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]
    ) -> Callable[[Array], Array]:
        """Apply one operation after the other."""

        def run(w: Array) -> Array:
            for operation, arguments in operations:
                w = operation(w, *arguments)
            return w

        return run

    def slopes(self, count: int) -> Any:
        """Return room for the slopes of a Runge–Kutta step."""
        return [None] * count

    def combination(self, slots: Sequence[int], store: int) -> Callable[..., Array]:
        """Return  w = e (v + Σ aⱼ slopes[slotsⱼ])  after  slopes[store] = turn·n."""

        def run(n: Array, slopes: Any, turn: Array, v: Array, e: Array, a: Array) -> Array:
            slopes[store] = turn * n
            return e * (
                v + sum(float(x) * slopes[s] for x, s in zip(a, slots, strict=True))
            )

        return run

    def norms(self, first: Sequence[int], second: Sequence[int]) -> Callable[..., Any]:
        """Return the squared norms of two combinations of slopes and of a field."""

        def run(slopes: Any, v: Array, x: Array, y: Array) -> tuple[float, float, float]:
            p = sum(float(c) * slopes[s] for c, s in zip(x, first, strict=True))
            q = sum(float(c) * slopes[s] for c, s in zip(y, second, strict=True))
            return self.norm(p) ** 2, self.norm(q) ** 2, self.norm(v) ** 2

        return run

    def _transform(self, w: Array, *, inverse: bool) -> Array:
        self._count += math.prod(w.shape[: -len(self._axes)])
        return self._fft.c2c(
            w, self._axes, inverse=inverse, scaled=False, workers=self._workers
        )

    def _split(self, w: Array) -> tuple[Array, ...]:
        return tuple(w[:, c] for c in range(self.channels))

    def join(self, components: Any) -> Array:
        """Return components as one array ``(member, component, ...)``."""
        if not isinstance(components, tuple):
            components = (components,)
        if len(components) == 1:
            return components[0][:, None]
        if self._torch is not None:
            return self._torch.stack(components, dim=1)
        return np.stack(components, axis=1)

    def _exp(self, w: Array) -> Array:
        return self._torch.exp(w) if self._torch is not None else np.exp(w)

    def coefficient(self, c: Array) -> Array:
        """Return a coefficient field in this engine's library, or the number it is."""
        return self._as(c, self._real) if np.ndim(c) else float(c)

    def _as(self, values: Array, dtype: str) -> Array:
        if self._torch is None:
            return np.asarray(values, dtype=dtype)
        if isinstance(values, np.ndarray) and not values.flags.writeable:
            values = values.copy()  # no tensor shares it without a warning
        return self._torch.as_tensor(
            values, dtype=getattr(self._torch, dtype), device=self._device
        )


def _torch_on(device: str) -> Any:
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise BackendUnavailable(device, "torch finds no CUDA device", ("cpu",))
    torch.empty(LARGEST_FREED, dtype=torch.uint8)  # freed at once
    return torch
