"""What a transform is (`Layout`) and the planned face of one (`Plan`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import DTypeLike, NDArray

from pdekit.errors import ShapeError, UnknownName

Execute: TypeAlias = Callable[[], object]
"""A transform from one fixed buffer to another."""

TRIGONOMETRIC = tuple(
    f"{name}{number}" for name in ("dct", "dst") for number in (1, 2, 3, 4)
)
KINDS = ("c2c", "r2c", *TRIGONOMETRIC)
PRECISIONS = {"float32": "float32", "complex64": "float32"} | {
    "float64": "float64",
    "complex128": "float64",
}
ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


@dataclass(frozen=True)
class Layout:
    """Shape, transformed axes, kind and precision: everything but who computes it.

    ``shape`` is that of the physical array, batch axes included; ``precision`` is that of
    its real and imaginary parts. The last of ``axes`` is the halved one of ``r2c``.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    kind: str
    precision: str

    @classmethod
    def of(
        cls,
        shape: int | Iterable[int],
        axes: int | Iterable[int] | None,
        kind: str,
        dtype: DTypeLike | None,
    ) -> Layout:
        """Check and normalise what a caller asked for; no axes means all of them."""
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        axes = checked_axes(range(len(shape)) if axes is None else axes, shape)
        if kind not in KINDS:
            raise UnknownName("kind of transform", kind, KINDS)
        name = "float64" if dtype is None else np.dtype(dtype).name
        if name not in PRECISIONS:
            raise ShapeError(
                f"one of {', '.join(PRECISIONS)}", name, "the transform's dtype"
            )
        layout = cls(shape, axes, kind, PRECISIONS[name])
        _ = layout.size  # refuses a length that the kind cannot have
        return layout

    @property
    def in_place(self) -> bool:
        """Whether values and coefficients fit the same memory."""
        return self.kind != "r2c"

    @property
    def physical_dtype(self) -> np.dtype[Any]:
        """Element type of the values."""
        return self.spectral_dtype if self.kind == "c2c" else np.dtype(self.precision)

    @property
    def spectral_dtype(self) -> np.dtype[Any]:
        """Element type of the coefficients."""
        real = self.kind in TRIGONOMETRIC
        return np.dtype(self.precision) if real else np.result_type(self.precision, "c8")

    @property
    def spectral_shape(self) -> tuple[int, ...]:
        """Shape of the coefficients; ``r2c`` keeps the non-negative half of one axis."""
        shape = list(self.shape)
        if self.kind == "r2c":
            shape[self.axes[-1]] = shape[self.axes[-1]] // 2 + 1
        return tuple(shape)

    @property
    def size(self) -> int:
        """What a forward and an unnormalised inverse transform multiply by."""
        return math.prod(logical_length(self.kind, self.shape[i]) for i in self.axes)

    @property
    def points(self) -> int:
        """Number of values of one transform."""
        return math.prod(self.shape[i] for i in self.axes)

    @property
    def members(self) -> int:
        """Number of transforms in the batch."""
        return math.prod(self.shape) // self.points

    def buffers(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return aligned zeros for values and coefficients, one array where that can be."""
        physical = aligned_zeros(self.shape, self.physical_dtype)
        if self.in_place:
            return physical, physical
        return physical, aligned_zeros(self.spectral_shape, self.spectral_dtype)

    def __str__(self) -> str:
        """Key of the transform in caches, such as ``r2c 4x64x64 axes 1,2 float64``."""
        shape, axes = "x".join(map(str, self.shape)), ",".join(map(str, self.axes))
        return f"{self.kind} {shape} axes {axes} {self.precision}"


class Plan:
    """A transform between two buffers that it owns.

    ``forward()`` takes ``physical`` to ``spectral`` and ``inverse()`` takes it back (and
    may destroy ``spectral``); neither allocates where the library permits, and neither
    scales: a round trip multiplies by ``size``. For complex, sine and cosine transforms the
    two buffers are the same memory. A plan belongs to one thread at a time and does not
    pickle: build it again in the worker.
    """

    __slots__ = ("_calls", "forward", "info", "inverse", "layout", "physical", "spectral")

    def __init__(
        self,
        layout: Layout,
        physical: NDArray[Any],
        spectral: NDArray[Any],
        executors: tuple[Execute, Execute],
        info: dict[str, Any],
    ) -> None:
        self.layout, self.physical, self.spectral = layout, physical, spectral
        self.info = info
        self.forward, self.inverse, self._calls = _counted(*executors)

    @property
    def size(self) -> int:
        """What ``forward()`` and ``inverse()`` together multiply by."""
        return self.layout.size

    @property
    def transforms(self) -> int:
        """Number of transforms so far; each member of the batch counts."""
        return self._calls() * self.layout.members

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: the memory is what a plan is about."""
        raise TypeError("a transform plan owns its memory: build it again where it is used")

    def __repr__(self) -> str:
        """Kind, shape and backend."""
        return f"<Plan {self.layout}: {self.info['backend']}>"


def _counted(
    forward: Execute, inverse: Execute
) -> tuple[Callable[[], None], Callable[[], None], Callable[[], int]]:
    """Count the calls of both in a closure cell, the cheapest counter there is (40 ns)."""
    calls = 0

    def count_forward() -> None:
        nonlocal calls
        calls += 1
        forward()

    def count_inverse() -> None:
        nonlocal calls
        calls += 1
        inverse()

    return count_forward, count_inverse, lambda: calls


def logical_length(kind: str, n: int) -> int:
    """Period of the extension that ``kind`` implies: a round trip multiplies by it."""
    if kind == "dct1" and n < 2:
        raise ShapeError("at least 2 points", n, "a type 1 cosine transform")
    return {"c2c": n, "r2c": n, "dct1": 2 * (n - 1), "dst1": 2 * (n + 1)}.get(kind, 2 * n)


def checked_axes(axes: int | Iterable[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return ``axes`` as different, non-negative numbers of axes that are not empty."""
    given = axes if isinstance(axes, int) else tuple(axes)
    try:
        numbers = normalize_axis_tuple(given, len(shape))
    except ValueError as error:
        raise ShapeError(f"different axes of {len(shape)}", given, "axes") from error
    if not numbers or any(shape[i] < 1 for i in numbers):
        raise ShapeError("at least one axis and one point on each", shape, f"axes {given}")
    return numbers


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return zeros that start on a cache line, as vector instructions want them."""
    n_bytes = math.prod(shape) * dtype.itemsize
    raw = np.zeros(n_bytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + n_bytes].view(dtype).reshape(shape)
