"""The residual of a function in a Schrödinger equation, without a solver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

# Central differences of order eight on nine points, for f′ and f″.
FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array(
    [-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560]
)
OFFSETS = np.arange(-4, 5)


@pytest.fixture(scope="session")
def residual() -> Callable[..., float]:
    """Return a function that substitutes ψ into  iψₜ + (D/2)ψₓₓ + g|ψ|²ψ = 0."""

    def relative(
        f: Callable[[Any, float], Any],
        x: Any,
        t: float,
        *,
        dispersion: float = 1.0,
        focusing: float = 1.0,
        dx: float = 0.01,
        dt: float = 0.005,
    ) -> float:
        def psi(x: Any, t: float) -> Any:
            return np.stack(np.atleast_2d(f(x, t)))  # one field, or a pair

        u = psi(x, t)
        in_time = sum(c * psi(x, t + j * dt) for c, j in zip(FIRST, OFFSETS, strict=True))
        in_space = sum(c * psi(x + j * dx, t) for c, j in zip(SECOND, OFFSETS, strict=True))
        linear = dispersion / 2 * in_space / dx**2
        cubic = focusing * np.sum(np.abs(u) ** 2, axis=0) * u
        left_over = np.abs(1j * in_time / dt + linear + cubic)
        return float(left_over.max() / np.max(np.abs(linear) + np.abs(cubic)))

    return relative
