"""−∇·(k∇u) + c u  and its solution on tensors: batched, on any device, differentiable.

The operator is that of `pdekit.linalg.stencil`, point for point, with a coefficient k at
the points of the grid for every sample.  `solve` is differentiated implicitly: of

    A(k) x = b,    λ = A⁻¹ ḡ    gives    b̄ = λ,    k̄ = −λᵀ (∂A/∂k) x

for the gradient ḡ of a loss with respect to x.  The backward pass is one more solve with
the same symmetric operator; the iterations are never recorded.

References
----------
Barrett, Berry, Chan et al., Templates for the Solution of Linear Systems (1994), 2.3.1;
Adams, Brezina, Hu & Tuminaro, J. Comput. Phys. 188 (2003) 593, for the Chebyshev smoother.
"""

from __future__ import annotations

from pdekit.linalg.tensors._multigrid import TensorMultigrid
from pdekit.linalg.tensors._pcg import TensorSolution, pcg
from pdekit.linalg.tensors._solve import solve
from pdekit.linalg.tensors._stencil import TensorStencil

__all__ = ["TensorMultigrid", "TensorSolution", "TensorStencil", "pcg", "solve"]
