"""ψ at one time as a cloud of points (Re ψ, Im ψ), and as a density over (x, k)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]


def cloud(psi: ArrayLike, *, threshold: float = 0.01) -> Complex:
    """Return the values with |ψ| above ``threshold`` times the largest |ψ|."""
    psi = np.asarray(psi, complex).ravel()
    height = np.abs(psi)
    return np.asarray(psi[height > threshold * height.max()])


def statistics(psi: ArrayLike) -> dict[str, float]:
    """Describe a cloud of values of ψ.

    The published analysis of simple-idealized-1d-nlse (arXiv 2509.05901) takes these of all
    points of the grid, so that the phases of numerical noise weigh as much as the field's;
    give the `cloud` above a threshold instead.
    """
    psi = np.asarray(psi, complex).ravel()
    re, im = psi.real, psi.imag
    return {
        "pearson": pearson(re, im),
        "spearman": spearman(re, im),
        "mutual_information": mutual_information(re, im),
        "circular_mean": float(np.angle(_mean_phase(psi))),
        "circular_std": circular_std(psi),
        "eccentricity": eccentricity(psi),
        "rms_radius": float(np.sqrt(np.mean(np.abs(psi) ** 2))),
    }


def pearson(a: Real, b: Real) -> float:
    """Linear correlation; 0 when one of the two does not vary."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / scale) if scale > 0 else 0.0


def spearman(a: Real, b: Real) -> float:
    """Correlation of the ranks; equal values share their mean rank."""
    return pearson(_ranks(a), _ranks(b))


def mutual_information(a: Real, b: Real, *, bins: int = 20) -> float:
    """Σ p_ij ln(p_ij/(p_i p_j)) / ln(bins), from a histogram.

    The histogram covers what lies between the 1st and the 99th percentile of either.
    """
    ranges = [np.percentile(values, [1, 99]) for values in (a, b)]
    if any(high <= low for low, high in ranges):
        return 0.0
    counts = np.histogram2d(a, b, bins=bins, range=ranges)[0]
    joint = counts / counts.sum()
    apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log(joint[seen] / apart[seen])) / np.log(bins))


def circular_std(psi: Complex) -> float:
    """√(−2 ln|⟨e^{i arg ψ}⟩|), infinite when the phases cancel."""
    resultant = min(abs(_mean_phase(psi)), 1.0)
    return float(np.sqrt(-2 * np.log(resultant))) if resultant > 0 else np.inf


def eccentricity(psi: Complex) -> float:
    """√(1 − λ_min/λ_max) of the covariance of (Re ψ, Im ψ): 0 for a disc, 1 for a line."""
    smallest, largest = np.linalg.eigvalsh(np.cov(psi.real, psi.imag))
    return float(np.sqrt(1 - max(smallest, 0.0) / largest)) if largest > 0 else 0.0


def wigner(psi: ArrayLike, dx: float) -> tuple[Real, Real]:
    """Wigner function  W(x, k) = (1/π) ∫ψ*(x + y) ψ(x − y) e^{2iky} dy.

    Its integral over k is |ψ|². Real, but negative where parts of ψ interfere. The field is
    periodic and y stays below a quarter of the period, so that no ghost appears half a
    period away.

    Returns
    -------
    k : array ``(k,)``
        Wavenumbers in ascending order.
    w : array ``(x, k)``
    """
    psi = np.asarray(psi, complex)
    n = psi.size
    fine = _between(psi)  # products need twice the band
    lag = np.fft.ifftshift(np.arange(n) - n // 2)
    place = 2 * np.arange(n)[:, None]
    pairs = fine[(place + lag) % (2 * n)].conj() * fine[(place - lag) % (2 * n)]
    if n % 2 == 0:
        pairs[:, n // 2] = pairs[:, n // 2].real  # the farthest lag stands for both signs
    w = np.fft.fftshift(np.fft.ifft(pairs, axis=1).real * n * dx / (2 * np.pi), axes=1)
    return _wavenumbers(n, dx), w


def husimi(psi: ArrayLike, dx: float, *, width: float = 1.0) -> tuple[Real, Real]:
    """Husimi function  Q(x, k) = |∫g(y − x) e^{−iky} ψ(y) dy|²/2π ≥ 0.

    g is the Gaussian (πw²)^{−1/4} exp(−y²/(2w²)); Q is the Wigner function smoothed over
    the width w in x and 1/w in k. Its integral over x and k is ∫|ψ|².

    Returns
    -------
    k : array ``(k,)``
        Wavenumbers in ascending order.
    q : array ``(x, k)``
    """
    psi = np.asarray(psi, complex)
    n = psi.size
    y = dx * np.fft.fftfreq(n, 1.0 / n)
    g = np.exp(-((y / width) ** 2) / 2) / (np.pi * width**2) ** 0.25
    windows = g[np.subtract.outer(np.arange(n), np.arange(n)) % n]
    amplitude = dx * np.fft.fftshift(np.fft.fft(windows * psi, axis=1), axes=1)
    return _wavenumbers(n, dx), np.abs(amplitude) ** 2 / (2 * np.pi)


def _wavenumbers(n: int, dx: float) -> Real:
    return 2 * np.pi * np.fft.fftshift(np.fft.fftfreq(n, dx))


def _between(psi: Complex) -> Complex:
    """Return ψ on twice as many points, by its trigonometric interpolant."""
    n = psi.size
    spectrum = np.fft.fftshift(np.fft.fft(psi))
    padded = np.zeros(2 * n, complex)
    first = n - n // 2
    padded[first : first + n] = spectrum
    if n % 2 == 0:  # the Nyquist mode is shared between both signs
        padded[first] /= 2
        padded[first + n] = padded[first]
    return 2 * np.fft.ifft(np.fft.ifftshift(padded))


def _mean_phase(psi: Complex) -> complex:
    height = np.abs(psi)
    return complex(
        np.mean(np.where(height > 0, psi, 1.0) / np.where(height > 0, height, 1.0))
    )


def _ranks(values: Real) -> Real:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])
