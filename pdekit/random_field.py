"""Random fields on periodic boxes: Gaussian ones, and others of a prescribed spectrum.

All are a random function  u(x) = Σ_k d(k) ξ_k e^{ik·(x − a)},  a the corner of the box. The
complex normal ξ, of E|ξ_k|² = 1, depend on the seed and on the whole numbers of the mode
alone: grids of any resolution sample one and the same function, each as far as its modes
reach. The mean is left out, and so are the Nyquist modes of even sizes: a grid cannot tell
their signs, nor carry their odd derivatives.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from pdekit import fft
from pdekit.errors import PdekitError
from pdekit.grid import Grid, GridError
from pdekit.typing import Array, Field, Spectrum

Seed: TypeAlias = int | Sequence[int]
"""One whole number, or several, such as that of a run and that of a member."""


def gaussian(
    grid: Grid,
    seed: Seed,
    *,
    alpha: float,
    tau: float,
    amplitude: float | Literal["fno"] = 1.0,
    part: int = 0,
) -> Field:
    """Draw a real field of mean 0 and covariance  amplitude² (−∇² + τ²)^(−α).

    u(x) = Σ_{k≠0} amplitude (k² + τ²)^(−α/2) ξ_k e^{ik·x}  on a box of any lengths, so that
    ⟨u²⟩ is the sum of amplitude² (k² + τ²)^(−α) on average: the covariance is that of the
    inner product ⟨ūv⟩, which is a mean.

    Parameters
    ----------
    amplitude : float or "fno"
        The latter is `fno_amplitude`.
    part : int
        Number of an independent field from the same seed.
    """
    sigma = fno_amplitude(alpha, tau, grid.ndim) if amplitude == "fno" else amplitude
    deviation = sigma * (grid.k_squared(real=True) + tau**2) ** (-alpha / 2)
    return values(grid, deviation * white(grid, seed, part))


def fno_amplitude(alpha: float, tau: float, ndim: int) -> float:
    """σ = τ^((2α − d)/2), of the code of Li et al., Fourier neural operator (2021).

    Their paper writes it in front of the covariance, as if it were σ².

    >>> fno_amplitude(2.5, 7.0, 2) == 7.0**1.5
    True
    """
    return float(tau ** ((2 * alpha - ndim) / 2))


def band_limited(grid: Grid, seed: Seed, bandwidth: float, *, part: int = 0) -> Field:
    """Draw a real field that is white for |k| < ``bandwidth``, with ⟨u²⟩ = 1 on average."""
    k2 = grid.k_squared()
    count = int(np.count_nonzero((k2 > 0) & (k2 < bandwidth**2)))
    if not count:
        raise PdekitError(f"no mode of the box has |k| < bandwidth = {bandwidth:g}")
    kept = grid.k_squared(real=True) < bandwidth**2
    return values(grid, white(grid, seed, part) * kept) / math.sqrt(count)


def from_spectrum(
    grid: Grid, seed: Seed, energy: Callable[[Array], Array], *, part: int = 0
) -> Field:
    """Draw a real Gaussian field of isotropic spectrum:  ½⟨u²⟩ = ∫ E(k) dk  on average.

    ``energy`` is E, a function of |k| > 0. The integral becomes the sum over the modes of
    the box with the density of `_deviation`; a peak narrower than their distance suffers.
    """
    return values(grid, _deviation(grid, energy) * white(grid, seed, part))


def solenoidal(grid: Grid, seed: Seed, energy: Callable[[Array], Array]) -> Field:
    """Draw a Gaussian velocity ``(component, *space)`` with ∇·u = 0 and ½⟨|u|²⟩ = ∫ E dk.

    Independent components are projected onto the plane across k, which keeps d − 1 parts
    in d of their energy.
    """
    if grid.ndim < 2:
        raise GridError("a field without divergence needs two or three dimensions")
    ks = grid.wavenumbers(real=True)
    xi = np.stack([white(grid, seed, part) for part in range(grid.ndim)])
    k_xi = sum(k * component for k, component in zip(ks, xi, strict=True))
    along = k_xi / np.where(k_xi == 0, 1.0, grid.k_squared(real=True))
    for k, component in zip(ks, xi, strict=True):
        component -= k * along
    return values(grid, xi * (_deviation(grid, energy) / math.sqrt(grid.ndim - 1)))


# -- spectra ---------------------------------------------------------------------------


def peaked(k: Array, *, peak: float) -> Array:
    """E(k) ∝ k⁴ exp(−2(k/k₀)²), largest at k₀ = ``peak``, with ∫ E dk = 1.

    Usual start of decaying isotropic turbulence: Rogallo, NASA TM 81315 (1981).
    """
    scale = 32.0 / 3.0 * math.sqrt(2.0 / math.pi) / peak
    ratio = (k / peak) ** 2
    spectrum: Array = scale * ratio**2 * np.exp(-2.0 * ratio)
    return spectrum


def lognormal(k: Array, *, peak: float, variance: float = 0.25) -> Array:
    """Log-normal density in k, largest at k₀ = ``peak``, with ∫ E dk = 1.

    E(k) = exp(−(ln k − μ)² / 2s²) / (k √(2πs²)),  μ = ln k₀ + s²,  s² = ``variance``:
    the initial spectrum of Kochkov et al., PNAS 118 (2021) e2101784118.
    """
    deviation = np.log(k / peak) - variance
    density = np.exp(-(deviation**2) / (2 * variance)) / k
    spectrum: Array = density / math.sqrt(2 * math.pi * variance)
    return spectrum


def mcwilliams(
    k: Array, *, density: Literal["code", "paper"] = "code", peak: float = 4.0
) -> Array:
    """Return the amplitude of ψ̂ in decaying turbulence in 2-D, from φ = 1/(k(1 + (k/k₀)⁴)).

    McWilliams, J. Fluid Mech. 146 (1984) 21, means |ψ̂|² ∝ φ (``paper``); much published
    code colours ψ̂ itself by φ (``code``), which squares the spectrum.
    """
    phi = 1.0 / (k * (1.0 + (k / peak) ** 4))
    amplitude: Array = phi if density == "code" else np.sqrt(phi)
    return amplitude


# -- modes -----------------------------------------------------------------------------


def white(grid: Grid, seed: Seed, part: int = 0) -> Spectrum:
    """White noise ξ on the half spectrum: E|ξ|² = 1, ξ(−k) = ξ(k)*, zero mean and Nyquist.

    Modes are drawn octave by octave, each product of octaves 2^(j−1) ≤ |m| < 2^j of the
    axes from a stream of its own: a finer or longer grid adds streams and changes none.
    """
    if not grid.is_periodic:
        raise GridError("a random field needs a periodic grid")
    highest = [(n - 1) // 2 for n in grid.shape]
    xi = np.zeros(grid.spectral_shape(real=True), np.complex128)
    entropy = [int(s) for s in np.atleast_1d(seed)]
    for octaves in itertools.product(*(range(m.bit_length() + 1) for m in highest)):
        stream = np.random.SeedSequence(entropy, spawn_key=(part, *octaves))
        modes = [_octave(j) for j in octaves]
        modes[-1] = modes[-1][modes[-1] >= 0]
        block = _complex_normal(stream, tuple(len(m) for m in modes))
        kept = [np.abs(m) <= top for m, top in zip(modes, highest, strict=True)]
        xi[np.ix_(*(m[k] for m, k in zip(modes, kept, strict=True)))] = block[np.ix_(*kept)]
    _make_hermitian(xi[..., 0])
    xi[(0,) * grid.ndim] = 0.0
    return xi


def values(grid: Grid, u_hat: Spectrum) -> Field:
    """Values of  Σ û_k e^{ik·(x − a)}  for coefficients û on the half spectrum.

    On cell-centred axes the first point is half a cell from the corner a of the box.
    """
    u_hat = u_hat * float(grid.size)
    for k, axis in zip(grid.wavenumbers(real=True), grid.axes, strict=True):
        if axis.centring == "cell":
            u_hat = u_hat * np.exp(0.5j * axis.spacing * k)
    axes = tuple(range(-grid.ndim, 0))
    return fft.backend_of(u_hat).irfft(u_hat, grid.shape, axes)


def _octave(j: int) -> Array:
    """Mode numbers m of an octave: 0, ±1, ±2 ±3, …; the negative ones last."""
    if j == 0:
        return np.zeros(1, np.int64)
    m = np.arange(1 << (j - 1), 1 << j)
    return np.concatenate([m, -m])


def _complex_normal(stream: np.random.SeedSequence, shape: tuple[int, ...]) -> Array:
    pairs = np.random.default_rng(stream).standard_normal((*shape, 2))
    return pairs.view(np.complex128)[..., 0] * math.sqrt(0.5)


def _make_hermitian(plane: Array) -> None:
    """Replace η by (η(m) + η(−m)*)/√2, of the same variance, on the plane of its mirror."""
    opposite = np.ix_(*(-np.arange(n) % n for n in plane.shape))
    mirror = plane[opposite] if plane.ndim else plane
    plane[...] = (plane + mirror.conj()) * math.sqrt(0.5)


def _deviation(grid: Grid, energy: Callable[[Array], Array]) -> Array:
    """d(k) with ½ d² = E(k) / density, the density being  V S k^(d−1) / (2π)^d  modes.

    S is 2, 2π or 4π, the measure of the unit sphere.
    """
    k = np.sqrt(grid.k_squared(real=True))
    k = np.where(k > 0, k, 1.0)  # the mean mode, which is not drawn
    sphere = (2.0, 2.0 * math.pi, 4.0 * math.pi)[grid.ndim - 1]
    density = grid.volume * sphere / (2.0 * math.pi) ** grid.ndim * k ** (grid.ndim - 1)
    spectrum = np.asarray(energy(k))
    if not (np.isfinite(spectrum).all() and (spectrum >= 0).all()):
        raise PdekitError("an energy spectrum must be finite and not negative for k > 0")
    return np.sqrt(2.0 * spectrum / density)
