"""What NumPy arrays and torch tensors do differently, in one place.

A tensor can only exist when torch has been imported, so nothing here imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from pdekit.typing import Array


def is_tensor(a: Any) -> bool:
    """Whether ``a`` is a torch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(a, torch.Tensor)


def namespace(a: Any) -> Any:
    """Return ``torch`` for a tensor and ``numpy`` for anything else."""
    torch: ModuleType | None = sys.modules.get("torch")
    return torch if torch is not None and isinstance(a, torch.Tensor) else np


def is_complex(a: Array) -> bool:
    """Whether the elements of ``a`` are complex numbers."""
    return bool(a.dtype.is_complex) if is_tensor(a) else np.iscomplexobj(a)


def real_dtype(a: Array) -> Any:
    """Return the floating type of ``a`` or of its parts; float64 for whole numbers."""
    if is_tensor(a):
        torch = namespace(a)
        if a.dtype.is_complex:
            return a.real.dtype
        return a.dtype if a.dtype.is_floating_point else torch.float64
    dtype = np.asarray(a).dtype
    return np.empty(0, dtype).real.dtype if dtype.kind in "fc" else np.dtype(np.float64)


def as_like(values: Array, like: Array | None) -> Array:
    """Real or complex ``values`` in the namespace, precision and device of ``like``."""
    if like is None:
        return values
    xp, dtype = namespace(like), real_dtype(like)
    if is_complex(values):
        dtype = dtype.to_complex() if is_tensor(like) else _complex(dtype)
    if is_tensor(like):
        return xp.as_tensor(values, dtype=dtype, device=like.device)
    return np.asarray(values, dtype=dtype)


def _complex(dtype: Any) -> Any:
    return np.result_type(dtype, np.complex64)


def floating(a: Any) -> Array:
    """Return ``a`` as an array or tensor of floating or complex numbers."""
    if is_tensor(a):
        return a if a.dtype.is_complex else a.to(real_dtype(a))
    a = np.asarray(a)
    return a if np.iscomplexobj(a) else a.astype(real_dtype(a), copy=False)


def join_parts(real: Array, imaginary: Array) -> Array:
    """Return ``real + i imaginary`` without a multiplication."""
    if is_tensor(real):
        return namespace(real).complex(real, imaginary)
    out = np.empty(real.shape, _complex(real.dtype))
    out.real, out.imag = real, imaginary
    return out


def on_parts(function: Callable[[Array], Array], a: Array) -> Array:
    """Apply a real linear ``function``, which keeps leading axes, to ``a``, real or not."""
    if not is_complex(a):
        return function(a)
    parts = function(namespace(a).stack([a.real, a.imag]))
    return join_parts(parts[0], parts[1])


def flip_last(a: Array) -> Array:
    """Return ``a`` with its last axis reversed."""
    return a.flip(-1) if is_tensor(a) else a[..., ::-1]


def contiguous(a: Array) -> Array:
    """Return ``a`` with its elements one after the other, the last axis fastest."""
    return a.contiguous() if is_tensor(a) else np.ascontiguousarray(a)


def zeros(shape: tuple[int, ...], like: Array) -> Array:
    """Return zeros of the namespace, element type and device of ``like``."""
    if is_tensor(like):
        return like.new_zeros(shape)
    return np.zeros(shape, like.dtype)


def split(a: Array, sizes: Sequence[int], axis: int) -> Sequence[Array]:
    """Cut into pieces of these sizes along an axis.

    One operation of torch, whose gradient is formed at once and not slice by slice.
    """
    if is_tensor(a):
        return tuple(a.split_with_sizes(tuple(sizes), axis))
    return np.split(a, np.cumsum(sizes)[:-1], axis)


def concatenate(parts: Sequence[Array], axis: int) -> Array:
    """Join arrays along an axis."""
    return namespace(parts[0]).concatenate(tuple(parts), axis)


def components(a: Array) -> Sequence[Array]:
    """Return the components of ``(member, component, ...)``."""
    return tuple(a.unbind(1)) if is_tensor(a) else tuple(np.moveaxis(a, 1, 0))


def broadcast(arrays: Sequence[Array]) -> list[Array]:
    """Return the arrays, all NumPy or all torch, with their common shape."""
    xp = namespace(arrays[0])
    return list(
        xp.broadcast_tensors(*arrays) if xp is not np else np.broadcast_arrays(*arrays)
    )
