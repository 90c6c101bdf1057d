"""Operators and preconditioners from and to SciPy, and networks as preconditioners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pdekit.errors import NotApplicable, PdekitError, ShapeError
from pdekit.linalg.interface import LinearOperator, Preconditioner, norm
from pdekit.typing import Array


class MatrixOperator:
    """A matrix as an operator on arrays of a shape; see `from_scipy`."""

    def __init__(
        self, matrix: Any, shape: tuple[int, ...], symmetric: bool, definite: bool
    ) -> None:
        self._matrix, self.shape = matrix, shape
        self.symmetric, self.positive_definite = symmetric, definite
        self.nullspace: tuple[Array, ...] = ()

    def apply(self, x: Array, out: Array | None = None) -> Array:
        """Return  A x."""
        found = (self._matrix @ x.reshape(-1)).reshape(self.shape)
        if out is None:
            return found
        np.copyto(out, found)
        return out

    def residual(self, b: Array, x: Array, out: Array | None = None) -> Array:
        """Return  b − A x."""
        return np.subtract(b, self.apply(x), out=out)

    def diagonal(self) -> Array:
        """Return the diagonal, which a matrix given by its products does not have."""
        if not hasattr(self._matrix, "diagonal"):
            raise NotApplicable(
                "preconditioner",
                "of an operator given by its products alone no diagonal is known",
            )
        return np.array(self._matrix.diagonal(), dtype=float).reshape(self.shape)

    def tocsr(self) -> Any:
        """Return the matrix."""
        import scipy.sparse as sp

        if not (sp.issparse(self._matrix) or isinstance(self._matrix, np.ndarray)):
            raise NotApplicable(
                "preconditioner",
                "of an operator given by its products alone no matrix is known",
            )
        return sp.csr_array(self._matrix)


def from_scipy(
    A: Any,
    shape: Sequence[int] | None = None,
    *,
    symmetric: bool | None = None,
    positive_definite: bool | None = None,
    nullspace: Sequence[Array] | None = None,
) -> MatrixOperator:
    """Return a matrix of NumPy or SciPy, or a linear operator of SciPy, as an operator.

    Parameters
    ----------
    A
        Square and real.
    shape
        Shape of the unknowns, in the order of C; one axis by default.
    symmetric, positive_definite
        If not given, a matrix is looked at: it is symmetric if it equals its transpose to
        rounding, and counts as definite if it is diagonally dominant besides.  A linear
        operator cannot be looked at, and counts as neither.
    nullspace
        Arrays that are mapped to zero.  If not given, the constant one is tried.
    """
    if len(A.shape) != 2 or A.shape[0] != A.shape[1]:
        raise ShapeError("a square matrix", tuple(A.shape), "A")
    shape = (A.shape[0],) if shape is None else tuple(int(n) for n in shape)
    if math.prod(shape) != A.shape[0]:
        raise ShapeError(f"{A.shape[0]} unknowns", shape, "shape")
    if np.issubdtype(A.dtype, np.complexfloating):
        raise PdekitError("the matrix must be real")
    ones = np.ones(A.shape[0])
    seen = hasattr(A, "diagonal")
    if symmetric is None:
        symmetric = seen and _largest(A - A.T) <= 1e-14 * _largest(A)
    image = A @ ones
    if nullspace is None:
        singular = seen and _largest(image) <= 1e-13 * _largest(A)
        nullspace = [ones.reshape(shape)] if singular else []
    if positive_definite is None:
        positive_definite = bool(symmetric) and not nullspace and seen and _dominant(A)
    found = MatrixOperator(A, shape, bool(symmetric), positive_definite)
    found.nullspace = tuple(np.asarray(v, dtype=float) for v in nullspace)
    return found


def _largest(A: Any) -> float:
    return float(abs(A).max()) if math.prod(A.shape) else 0.0


def _dominant(A: Any) -> bool:
    """Whether the circles of Gershgorin lie in the right half plane, one off zero."""
    diagonal = np.asarray(A.diagonal())
    rest = np.asarray(abs(A).sum(axis=1)).ravel() - abs(diagonal)
    slack = diagonal - rest
    return bool((slack >= -1e-14 * abs(diagonal)).all() and (slack > 1e-14 * rest).any())


def to_scipy(op: LinearOperator) -> Any:
    """Return an operator as a `scipy.sparse.linalg.LinearOperator` of flattened arrays."""
    return _linear_operator(op.shape, op.apply, op.symmetric)


def preconditioner_to_scipy(P: Preconditioner, shape: tuple[int, ...]) -> Any:
    """Return a preconditioner as a `scipy.sparse.linalg.LinearOperator`, SciPy's M.

    Raises
    ------
    NotApplicable
        If it is not declared linear and fixed, which all of SciPy's methods need.
    """
    if not (P.linear and P.fixed):
        raise NotApplicable(
            "preconditioner", f"{P.name!r} is not linear and fixed, as SciPy needs it"
        )
    return _linear_operator(shape, P.apply, P.symmetric)


def _linear_operator(shape: tuple[int, ...], apply: Any, symmetric: bool) -> Any:
    from scipy.sparse.linalg import LinearOperator as ScipyOperator

    def product(x: Array) -> Array:
        return np.array(apply(np.ascontiguousarray(x, dtype=float).reshape(shape))).reshape(
            -1
        )

    size = math.prod(shape)
    transposed = product if symmetric else None
    return ScipyOperator((size, size), product, rmatvec=transposed, dtype=np.dtype(float))


class TorchPreconditioner:
    """A network as a preconditioner; see `torch_preconditioner`."""

    linear = symmetric = fixed = False
    setup_s = 0.0

    def __init__(self, module: Any, normalise: bool, name: str) -> None:
        self.module, self.normalise, self.name = module, normalise, name

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return  ‖r‖ f(r/‖r‖),  computed in the precision of the network."""
        import torch

        out = np.empty(r.shape) if out is None else out
        largest = float(np.abs(r).max()) or 1.0  # squares of tiny values are zero
        size = largest * (norm(r / largest) or 1.0) if self.normalise else 1.0
        like = next(iter(self.module.parameters()), torch.zeros((), dtype=torch.float32))
        given = torch.as_tensor(np.ascontiguousarray(r) / size)[None, None]
        with torch.no_grad():
            found = self.module(given.to(device=like.device, dtype=like.dtype))
        if found.numel() != r.size:
            raise ShapeError(
                (1, 1, *r.shape), tuple(found.shape), "what the network returned"
            )
        np.multiply(found.reshape(r.shape).double().cpu().numpy(), size, out=out)
        return out


def torch_preconditioner(
    module: Any, normalise: bool = True, name: str | None = None
) -> TorchPreconditioner:
    """Return a `torch.nn.Module` as a preconditioner, to be used by `safe_fcg`.

    The network gets  r/‖r‖  as a tensor of shape ``(1, 1, *shape)`` in its own precision,
    on its own device, and its answer is multiplied by  ‖r‖:  it sees residuals of one size
    whatever the iteration, and x, r and p stay in double precision.  The module is set to
    evaluation.

    Parameters
    ----------
    module
        The network.
    normalise
        Whether to divide by the norm.  Without it, small residuals underflow.
    name
        How reports call it; by default the name of the class.
    """
    module.eval()
    return TorchPreconditioner(module, normalise, name or type(module).__name__)
