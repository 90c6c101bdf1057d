"""Manufactured problems  u'' = f  with Dirichlet data; the published measure of error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pdekit.gp import Functional, Posterior
from pdekit.gp.kernels import GaussianMixture
from pdekit.typing import Array


@dataclass(frozen=True)
class Poisson:
    """u'' = f on [start, end] with n nodes; ``omegas`` are the angular frequencies of u."""

    u: Callable[[Array], Array]
    f: Callable[[Array], Array]
    start: float
    end: float
    n: int
    omegas: tuple[float, ...] = ()

    @property
    def length(self) -> float:
        return self.end - self.start

    @property
    def nyquist(self) -> float:
        return (self.n - 1) / (2 * self.length)

    def data(self, *, noise: Array | float = 0.0) -> list[Functional]:
        x, ends = (
            np.linspace(self.start, self.end, self.n),
            np.array([self.start, self.end]),
        )
        return [
            Functional(ends, {0: 1.0}, self.u(ends)),
            Functional(x, {2: 1.0}, self.f(x) + noise, noise="residual"),
        ]

    def error(self, found: Posterior) -> float:
        """Relative l2 error at 300 equispaced points."""
        x = np.linspace(self.start, self.end, 300)
        return float(np.linalg.norm(found.mean(x) - self.u(x)) / np.linalg.norm(self.u(x)))

    def narrow(self) -> GaussianMixture:
        """Bands of ρℓ = 6 at the known frequencies and, for the homogeneous part, at 0."""
        q = len(self.omegas)
        mu = np.array([0.0, *self.omegas]) / (2 * np.pi)
        rho = np.full(q + 1, 6 / self.length)
        return GaussianMixture([0.1, *[1 / q] * q], rho, mu)

    def equispaced(self, top: float) -> GaussianMixture:
        """The published first guess: 30 equal components from 0 to ``top``, ρ = 1."""
        return GaussianMixture(np.full(30, 1 / 30), np.ones(30), np.linspace(0, top, 30))


TWO_PI = 2 * np.pi
PROBLEMS = {
    "u1": Poisson(
        lambda x: np.sin(100 * x), lambda x: -1e4 * np.sin(100 * x), 0, TWO_PI, 400, (100,)
    ),
    "u2": Poisson(
        lambda x: np.sin(x) + 0.1 * np.sin(20 * x) + 0.05 * np.sin(100 * x),
        lambda x: -np.sin(x) - 40 * np.sin(20 * x) - 500 * np.sin(100 * x),
        0, 1, 200, (1, 20, 100),
    ),
    "u3": Poisson(
        lambda x: np.sin(6 * x) * np.cos(100 * x),
        lambda x: 0.5 * (94**2 * np.sin(94 * x) - 106**2 * np.sin(106 * x)),
        0, TWO_PI, 400, (94, 106),
    ),
    "u4": Poisson(
        lambda x: x * np.sin(200 * x),
        lambda x: 400 * np.cos(200 * x) - 4e4 * x * np.sin(200 * x),
        0, TWO_PI, 900, (200,),
    ),
    "chirp": Poisson(
        lambda x: np.sin(30 * x**2),
        lambda x: 60 * np.cos(30 * x**2) - 3600 * x**2 * np.sin(30 * x**2),
        0, 2, 400,
    ),
    "bump": Poisson(
        lambda x: 1 / (1 + 400 * (x - 1) ** 2),
        lambda x: 800 * (1200 * (x - 1) ** 2 - 1) / (1 + 400 * (x - 1) ** 2) ** 3,
        0, 2, 200,
    ),
}  # fmt: skip
