"""Initial states of the nonlinear Schrödinger equation that are not exact solutions."""

from __future__ import annotations

import math

import numpy as np

from pdekit.arrays import floating
from pdekit.solvers.exact.nlse import sech
from pdekit.solvers.exact.parameters import require
from pdekit.typing import Field


def si_breather(
    x: Field,
    *,
    amplitude: float = 1.0,
    frequency: float = 0.5,
    modulation: float = 0.5,
) -> Field:
    """ψ = √2 a sech(ax) e^{iωx} (1 + m cos 2ωx).

    The "breather" of simple-idealized-1d-nlse (arXiv 2509.05901). It has no background, so
    it is no breather in the usual sense but a perturbed bound state of moving solitons.
    """
    envelope = np.sqrt(2.0) * amplitude * sech(amplitude * floating(x))
    modulated = 1.0 + modulation * np.cos(2.0 * frequency * x)
    return envelope * np.exp(1j * frequency * x) * modulated


def si_modulation_instability(
    x: Field,
    *,
    amplitude: float = 1.0,
    width: float = 5.0,
    center: float = 0.0,
    noise_level: float = 0.01,
    seed: int = 42,
) -> Field:
    """ψ = A exp(−(x − c)²/(2s²)) + η(n₁ + i n₂), the noise drawn point by point.

    The "modulation instability" of simple-idealized-1d-nlse (arXiv 2509.05901): a Gaussian,
    not a plane wave, with noise that is white on the grid and hence another one on every
    grid. `mi_noise` has neither defect.
    """
    random = np.random.RandomState(seed)  # the published stream
    real, imaginary = random.randn(np.size(x)), random.randn(np.size(x))
    noise = (real + 1j * imaginary).reshape(np.shape(x))
    envelope = gaussian(x, amplitude=amplitude, width=width, center=center)
    return envelope + noise_level * noise


def gaussian(
    x: Field,
    *,
    amplitude: float = 1.0,
    width: float = 5.0,
    center: float = 0.0,
    wavenumber: float = 0.0,
) -> Field:
    """ψ = A exp(−(x − c)²/(2s²) + ikx)."""
    return amplitude * np.exp(-((x - center) ** 2) / (2 * width**2) + 1j * wavenumber * x)


def mi_cosine(
    x: Field,
    *,
    amplitude: float = 1.0,
    perturbation: float = 1e-3,
    wavenumber: float = math.sqrt(2.0),
) -> Field:
    """ψ = A(1 + ε cos Kx), a plane wave that is unstable for K < 2A."""
    return amplitude * (1.0 + perturbation * np.cos(wavenumber * x)) + 0j


def mi_noise(
    x: Field,
    *,
    amplitude: float = 1.0,
    noise_level: float = 1e-6,
    bandwidth: float = 3.0,
    seed: int = 0,
) -> Field:
    """ψ = A + (η/√n) Σ_K e^{i(Kx + φ_K)}, a plane wave with noise in a fixed band.

    The sum runs over the n wavenumbers 0 < |K| < bandwidth · A that fit the periodic box
    which the equispaced points x fill; the φ_K are random. Neither the phases nor η, the
    root mean square of the noise, depend on the number of points.
    """
    x = floating(x)
    step = 2 * np.pi / (x.size * (x[1] - x[0]))
    count = int(np.ceil(bandwidth * amplitude / step)) - 1
    require(
        1 <= count < x.size // 2,
        f"the band |K| < {bandwidth * amplitude:g} holds {count} wavenumbers on a "
        f"side; a grid of {x.size} points carries 1 to {x.size // 2 - 1}",
    )
    m = np.arange(1, count + 1)
    m = np.stack([m, -m], axis=1).ravel()  # a wider band draws the same phases first
    phases = np.random.default_rng(seed).uniform(0.0, 2 * np.pi, m.size)
    waves = np.exp(1j * (step * m[:, None] * x + phases[:, None]))
    return amplitude + noise_level / np.sqrt(m.size) * waves.sum(axis=0)
