"""Values for a formula: one namespace, one device, numbers as precise as the arrays."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from pdekit.arrays import floating, is_complex, is_tensor, namespace, real_dtype
from pdekit.errors import ExpressionError
from pdekit.expressions._functions import is_torch
from pdekit.typing import Array


@dataclass(frozen=True)
class Values:
    """Named arrays of the namespace ``xp`` (``numpy`` or ``torch``).

    ``real`` is the real type that plain numbers take, that of the arrays beside them. On
    NumPy the numbers, listed in ``scalars``, are arrays of one element while a formula
    runs: where a ``float64`` meets a ``complex``, Python's own arithmetic takes over.
    """

    xp: Any
    named: dict[str, Array]
    scalars: frozenset[str]
    real: Any
    device: Any

    def finish(self, answer: Any, names: Collection[str]) -> Array:
        """Give an answer that was computed from ``names`` its proper type and shape."""
        if type(answer) in (float, complex):
            wide = self.xp.promote_types(self.real, self.xp.complex64)
            dtype = wide if isinstance(answer, complex) else self.real
            return self.xp.asarray(answer, dtype=dtype, device=self.device)[()]
        return answer.reshape(())[()] if self.scalars.issuperset(names) else answer


def as_values(given: Mapping[str, Any]) -> Values:
    """Bring numbers, NumPy arrays and tensors together; one tensor makes all tensors."""
    tensors = [value for value in given.values() if is_tensor(value)]
    xp = namespace(tensors[0]) if tensors else np
    arrays = {name: _numeric(name, value) for name, value in given.items()}
    leading = [a for a in tensors or arrays.values() if a.ndim] or tensors
    types = [real_dtype(a) for a in leading] or [np.dtype(np.float64)]
    values = Values(
        xp,
        named={},
        scalars=frozenset(n for n, a in arrays.items() if a.ndim == 0 and xp is np),
        real=reduce(xp.promote_types, types),
        device=leading[0].device if tensors else "cpu",
    )
    values.named.update({name: _converted(a, values) for name, a in arrays.items()})
    return values


def _numeric(name: str, value: Any) -> Array:
    array = value if is_tensor(value) else np.asarray(value)
    if not is_tensor(array) and array.dtype.kind not in "biufc":
        raise ExpressionError(f"the value of {name!r} is not numeric")
    return floating(array)


def _converted(array: Array, to: Values) -> Array:
    if is_tensor(array):
        return array
    if to.xp is not np:
        array = to.xp.tensor(array, device=to.device)
    if array.ndim:
        return array
    dtype = to.xp.promote_types(to.real, to.xp.complex64) if is_complex(array) else to.real
    return array.to(dtype) if is_tensor(array) else array.astype(dtype).reshape(1)


def on_every_point(
    values: Values, answer: Array, shape: tuple[int, ...], names: Sequence[str]
) -> Array:
    """Spread an answer over a grid of this shape; infinities and NaNs are refused.

    ``names`` are those of the values that tell where.
    """
    xp = values.xp
    try:
        full = xp.broadcast_to(answer, shape)
    except (ValueError, RuntimeError):
        raise ExpressionError(f"gives shape {tuple(answer.shape)}, not {shape}") from None
    bad = ~xp.isfinite(full)
    if bad.any():
        raise ExpressionError(f"is not finite {_first_place(values, bad, names)}")
    return full.clone() if is_torch(xp) else full.copy()


def _first_place(values: Values, bad: Array, names: Sequence[str]) -> str:
    """Describe where a mask is set: ``at x = 0, y = 1 (on 3 of 64 points)``."""
    mask = np.asarray(bad.cpu() if is_torch(values.xp) else bad)
    first = tuple(np.argwhere(mask)[0])

    def number_at(array: Array) -> complex:
        alone = math.prod(array.shape) == 1
        spread = array if alone else values.xp.broadcast_to(array, mask.shape)[first]
        return complex(spread.item()) if is_complex(array) else float(spread.item())

    place = ", ".join(f"{name} = {number_at(values.named[name]):.6g}" for name in names)
    count = f"on {np.count_nonzero(mask)} of {mask.size} points"
    return f"at {place} ({count})" if place else count
