"""The solution as a differentiable function of coefficients and right-hand side."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pdekit.errors import NotConverged
from pdekit.grid import Grid
from pdekit.linalg.tensors._pcg import pcg
from pdekit.linalg.tensors._stencil import TensorStencil

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any


def solve(
    grid: Grid,
    k: Tensor,
    b: Tensor,
    c: Tensor | float = 0.0,
    *,
    rtol: float | None = None,
    maxiter: int = 500,
    project: bool = False,
) -> Tensor:
    """Return the solution of  A(k, c) x = b,  differentiable in k, c and b.

    The gradient is that of the exact solution, by one more solve; it is as accurate as the
    solution, takes no memory of the iterations, and can be differentiated again.

    Parameters
    ----------
    grid
        Where the unknowns are.
    k, b, c
        Coefficient, right-hand side (as `Stencil.right_hand_side` makes it) and reaction,
        ``(batch…, *space)``.
    rtol, maxiter, project
        As for `pcg`, forward and backward.

    Raises
    ------
    NotConverged
        If a sample misses the tolerance: its gradient would be wrong.

    Examples
    --------
    >>> import torch
    >>> from pdekit.grid import Axis
    >>> grid = Grid((Axis("x", 3, 0.0, 1.0, "dirichlet"),))
    >>> k = torch.ones(3, dtype=torch.float64, requires_grad=True)
    >>> x = solve(grid, k, torch.full((3,), 2.0, dtype=torch.float64))
    >>> x.tolist()  # u = x (1 − x)
    [0.1875, 0.25, 0.1875]
    """
    import torch

    reaction = c if torch.is_tensor(c) else k.new_tensor(float(c))
    x: Tensor = _function().apply(k, reaction, b, grid, (rtol, maxiter, project))
    return x


@cache
def _function() -> Any:
    """Return the differentiable function; torch is imported when it is first needed."""
    import torch

    class Solve(torch.autograd.Function):
        @staticmethod
        def forward(
            ctx: Any, k: Tensor, c: Tensor, b: Tensor, grid: Grid, how: Any
        ) -> Tensor:
            rtol, maxiter, project = how
            found = pcg(
                TensorStencil(grid, k, c), b, rtol=rtol, maxiter=maxiter, project=project
            )
            if not found.converged.all():
                worst = float(found.relative_residual.max())
                raise NotConverged(
                    f"{int((~found.converged).sum())} samples are not solved in {maxiter} "
                    f"iterations (largest relative residual {worst:.3g})"
                )
            ctx.grid, ctx.how, ctx.shape = grid, (rtol, maxiter, True), b.shape
            ctx.save_for_backward(k, c, found.x)
            return found.x

        @staticmethod
        def backward(ctx: Any, gradient: Tensor) -> Any:
            k, c, x = ctx.saved_tensors
            adjoint: Tensor = _function().apply(
                k, c, gradient.contiguous(), ctx.grid, ctx.how
            )

            def bilinear(k: Tensor, c: Tensor) -> Tensor:
                total: Tensor = -(adjoint * TensorStencil(ctx.grid, k, c).apply(x)).sum()
                return total

            differentiate: Any = torch.func.grad(bilinear, argnums=(0, 1))
            dk, dc = differentiate(k, c)
            return dk, dc, adjoint.sum_to_size(ctx.shape), None, None

    return Solve
