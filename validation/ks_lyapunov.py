"""Lyapunov exponents of the Kuramoto–Sivashinsky equation in a box of length 22.

    python -m pdekit.validation.ks_lyapunov [--time 20000] [--box 22] [--with-mean]

The equation and its linearisation are advanced together, one member for each tangent
vector, and the vectors made orthonormal again after every unit of time (Benettin et al.,
Meccanica 15 (1980) 9). In the box of Cvitanović, Davidchack & Siminos, SIAM J. Appl. Dyn.
Syst. 9 (2010) 1, the largest exponent is 0.049(1), and two vanish, of translations in time
and in space.

The mean of u is conserved. Among perturbations without a mean the Kaplan–Yorke dimension is
4.2; those with one add a zero exponent, of the boost to another mean, and 1 to it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pdekit import registry, spectral
from pdekit.engine import make_engine
from pdekit.equation import AbstractEquation
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.exact.kuramoto_sivashinsky import growth, noise
from pdekit.stepping import System
from pdekit.typing import Array

Real = NDArray[np.float64]

KNOWN = (0.049, 0.0, 0.0, -0.002, -0.004, -0.189, -0.258, -0.290, -0.309, -1.963)
"""In a box of length 22 with the mean, over T = 20000 by independent code, within 0.002."""


class TangentKS(AbstractEquation):
    """The equation with  vₜ + (uv)ₓ + vₓₓ + vₓₓₓₓ = 0,  its linearisation about u."""

    name: ClassVar[str] = "tangent_ks"
    fields: ClassVar[tuple[str, ...]] = ("u", "v")
    dealias: ClassVar[str] = "two_thirds"

    def symbol(self, grid: Grid) -> Array:
        """Return  k² − k⁴  for both."""
        return np.stack([growth(grid.k_squared(real=True))] * 2)

    @staticmethod
    def product(u: Any, v: Any) -> Any:
        """Return  u²  and  uv."""
        return u * u, u * v

    @staticmethod
    def assemble(p: Any, q: Any, kx: Any) -> Any:
        """Return  −½ ik (u²)^  and  −ik (uv)^."""
        return i_times((-0.5 * kx) * p), -i_times(kx * q)


@dataclass(frozen=True)
class Spectrum:
    """Exponents in descending order, and the mean energy ½⟨u²⟩ of the same run."""

    exponents: Real
    energy: float
    time: float
    seconds: float

    @property
    def dimension(self) -> float:
        """Kaplan–Yorke dimension  j + Σ_{i≤j} λᵢ / |λ_{j+1}|,  NaN if too few are known."""
        total = np.cumsum(self.exponents)
        below = np.flatnonzero(total < 0)
        if not below.size or below[0] == 0:
            return float("nan")
        j = int(below[0])
        return float(j + total[j - 1] / abs(self.exponents[j]))


def lyapunov(
    *,
    box: float = 22.0,
    points: int = 48,
    exponents: int = 10,
    duration: float = 20000.0,
    transient: float = 500.0,
    step: float = 0.1,
    between: float = 1.0,
    with_mean: bool = False,
    seed: int = 0,
) -> Spectrum:
    """Return the largest ``exponents`` over a time ``duration`` after the ``transient``.

    ``between`` is the time from one orthonormalisation to the next.
    """
    began = time.perf_counter()
    grid = Grid.periodic(points, (0.0, box))
    (x,) = grid.points()
    equation, segments = TangentKS(), round(duration / between)
    engine = make_engine("fused", grid, channels=2, members=exponents)
    mask = spectral.mask(equation.dealias, grid, real=True)
    system = System(equation, grid, engine, start=0.0, end=between, mask=mask)
    stepper = registry.integrator("etdrk4").start(system, steps=round(between / step))
    state = np.zeros((exponents, 2, points))
    state[:, 0] = noise(x, amplitude=0.1, highest=4, seed=seed)
    state[:, 1] = np.random.default_rng(seed).standard_normal((exponents, points))
    state = _orthonormal(state, with_mean)[0]
    sums, energy = np.zeros(exponents), 0.0
    for segment in range(-round(transient / between), segments):
        state, stretched = _turn(stepper, state, between, with_mean)
        if segment >= 0:
            sums += np.log(stretched)
            energy += 0.5 * float(np.mean(state[0, 0] ** 2))
    ordered: Real = np.sort(sums / (segments * between))[::-1]
    return Spectrum(ordered, energy / segments, duration, time.perf_counter() - began)


def _turn(stepper: Any, state: Real, span: float, with_mean: bool) -> tuple[Real, Real]:
    """Advance over ``span``; return orthonormal vectors, and how much they had grown.

    Every member carries the same u. They are set equal again, lest rounding, which may
    differ from member to member, grow until the vectors belong to different flows.
    """
    running = stepper.advance(stepper.start(state), span, 10**9)
    found: Real = np.array(stepper.sample(running, span))
    found[:, 0] = found[0, 0]
    return _orthonormal(found, with_mean)


def _orthonormal(state: Real, with_mean: bool) -> tuple[Real, Real]:
    """Make the vectors orthonormal; return the factors, too.

    A mean that rounding gives to a vector is taken out: it would outlive what decays.
    """
    vectors = state[:, 1]
    if not with_mean:
        vectors = vectors - vectors.mean(axis=1, keepdims=True)
    q, r = np.linalg.qr(vectors.T)
    return np.stack([state[:, 0], q.T], axis=1), np.abs(np.diag(r))


def main() -> None:
    """Print the exponents."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--time", type=float, default=20000.0)
    parser.add_argument("--box", type=float, default=22.0)
    parser.add_argument("--points", type=int, default=48)
    parser.add_argument("--exponents", type=int, default=10)
    parser.add_argument("--with-mean", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = lyapunov(
        box=given.box,
        points=given.points,
        exponents=given.exponents,
        duration=given.time,
        with_mean=given.with_mean,
        seed=given.seed,
    )
    compared = given.box == 22.0 and given.with_mean
    sys.stdout.write(report(found, KNOWN if compared else ()))


def report(found: Spectrum, known: Sequence[float]) -> str:
    """Return a table of the exponents beside those of another code."""
    lines = [f"T = {found.time:g}, {found.seconds:.1f} s", "exponent    found      known"]
    for i, value in enumerate(found.exponents):
        other = f"{known[i]:11.3f}" if i < len(known) else ""
        lines.append(f"{i + 1:8d} {value:8.4f}{other}")
    lines.append(f"Kaplan-Yorke dimension {found.dimension:.3f}")
    lines.append(f"mean energy {found.energy:.4f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
