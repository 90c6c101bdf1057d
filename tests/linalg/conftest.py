"""What tests of linear algebra share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """Numbers that are the same in every run."""
    return np.random.default_rng(20)


@pytest.fixture
def scipy_cg() -> Callable[..., tuple[Any, int]]:
    """Conjugate gradients of scipy with a preconditioner; returns x and the iterations."""
    from scipy.sparse.linalg import LinearOperator, cg

    def solved(operator: Any, b: Any, preconditioner: Any, rtol: float) -> tuple[Any, int]:
        def flat(apply: Callable[[Any], Any]) -> Any:
            shape = (b.size, b.size)
            return LinearOperator(
                shape, lambda r: apply(r.reshape(b.shape)).ravel(), dtype=float
            )

        steps: list[Any] = []
        inverse = flat(preconditioner.apply)
        x, failed = cg(
            flat(operator.apply), b.ravel(), M=inverse, rtol=rtol, callback=steps.append
        )
        assert not failed
        return x.reshape(b.shape), len(steps)

    return solved
