"""Linear maps of tensors whose values come from elsewhere than torch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pdekit.typing import Array


@dataclass(frozen=True)
class LinearMap:
    """A linear map of one tensor or several, fast and differentiable.

    Attributes
    ----------
    fast
        The map for NumPy arrays, which gives the values.
    plain
        The map for tensors, by which torch forms derivatives in a direction.
    adjoint
        From one tensor to as many as the map takes, by which torch forms gradients; the
        derivatives of these are those of torch's own operations or of other such maps.
    """

    fast: Callable[..., Array]
    plain: Callable[..., Array]
    adjoint: Callable[[Array], Array | Sequence[Array]]

    def __call__(self, *tensors: Array) -> Array:
        """Apply the map."""
        return _applied()(self, *tensors)


@cache
def _applied() -> Callable[..., Array]:
    """Return what applies a map to tensors and lets torch know of it."""
    import torch

    class Linear(torch.autograd.Function):
        @staticmethod
        def forward(linear: LinearMap, *tensors: Array) -> Array:
            values = (a.detach().resolve_conj().resolve_neg().numpy() for a in tensors)
            return torch.from_numpy(linear.fast(*values))

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Array) -> None:
            # not `fast`, which may hold memory to write into
            ctx.plain, ctx.adjoint = inputs[0].plain, inputs[0].adjoint

        @staticmethod
        def backward(ctx: Any, g: Array) -> tuple[Any, ...]:
            found = ctx.adjoint(g)
            return None, *((found,) if isinstance(found, torch.Tensor) else found)

        @staticmethod
        def jvp(ctx: Any, _: None, *tangents: Array) -> Array:
            return ctx.plain(*tangents)

        @staticmethod
        def vmap(
            info: Any, in_dims: Any, linear: LinearMap, *tensors: Array
        ) -> tuple[Array, int]:
            batched = (
                a.expand(info.batch_size, *a.shape) if dim is None else a.movedim(dim, 0)
                for a, dim in zip(tensors, in_dims[1:], strict=True)
            )
            return linear(*batched), 0

    # torch asks for it at every call; to find it takes longer than a short transform
    forward: Any = Linear.forward
    forward.__signature__ = inspect.signature(forward)
    apply: Callable[..., Array] = Linear.apply
    return apply
