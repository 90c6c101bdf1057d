"""Dealiasing masks, the spectral tail that tells whether a field is resolved, energy.

Masks have the shape ``grid.spectral_shape(real)`` and multiply coefficients in the order of
`Grid.wavenumbers`. They belong to nonlinear terms only; no linear term may see them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pdekit import fft
from pdekit.arrays import as_like, floating, is_complex, is_tensor, namespace
from pdekit.errors import ShapeError, UnknownName
from pdekit.grid import Grid, GridError
from pdekit.series import multiplicity
from pdekit.typing import Array, Field, Spectrum


def two_thirds(grid: Grid, real: bool = False, like: Array | None = None) -> Array:
    """Keep |m| < N/3 in every direction: products of two fields come out free of aliases.

    For N divisible by three the mode N/3 itself goes: its square would fall on -N/3.
    """
    return _sharp(grid, 3, real, like)


def half(grid: Grid, real: bool = False, like: Array | None = None) -> Array:
    """Keep |m| < N/4 in every direction, half the band: the same for products of three."""
    return _sharp(grid, 4, real, like)


def mask(name: str, grid: Grid, real: bool = False) -> Array | None:
    """Return the mask ``two_thirds`` or ``half``, or None for ``none``.

    Raises
    ------
    UnknownName
        If there is no such mask.
    """
    masks = {"two_thirds": two_thirds, "half": half}
    if name not in ("none", *masks):
        raise UnknownName("dealiasing", name, ("none", *masks))
    return masks[name](grid, real) if name in masks else None


def exponential(
    grid: Grid,
    order: float = 36.0,
    strength: float = 36.0,
    cutoff: float = 2.0 / 3.0,
    *,
    real: bool = False,
    like: Array | None = None,
) -> Array:
    """Smooth filter exp(−strength (|k| / k_c)^order) in every direction.

    Here k_c = cutoff · k_Nyquist, and strength 36 ≈ −ln ε reduces a mode at k_c to rounding
    error.
    """
    for name, value in (("order", order), ("strength", strength), ("cutoff", cutoff)):
        if not (np.isfinite(value) and value > 0):
            raise GridError(f"{name} must be a positive number, got {value!r}")
    with np.errstate(over="ignore", under="ignore"):
        factors = [
            np.exp(-strength * (2.0 * ratio / cutoff) ** order)
            for ratio in _ratios(grid, real)
        ]
    return _product(factors, like)


def _sharp(grid: Grid, fields: int, real: bool, like: Array | None) -> Array:
    return _product(
        [(fields * r < 1.0).astype(np.float64) for r in _ratios(grid, real)], like
    )


def _ratios(grid: Grid, real: bool) -> list[Array]:
    """|m| / N along each axis, at most one half."""
    return [
        np.abs(m) / axis.image.n
        for m, axis in zip(grid.modes(real), grid.axes, strict=True)
    ]


def _product(factors: Sequence[Array], like: Array | None) -> Array:
    mask = factors[0]
    for factor in factors[1:]:
        mask = mask[..., None] * factor
    return as_like(mask, like)


def apply(u: Field, symbols: Spectrum, ndim: int = 1) -> Field:
    """Apply several Fourier multipliers to a field with one forward transform.

    Parameters
    ----------
    u : array ``(..., *space)``
        Periodic values, real or complex.
    symbols : array ``(m, *modes)``
        Multipliers in the order of `numpy.fft.fftfreq`, such as  ik  and  −k².
    ndim : int
        Number of trailing axes that are space.

    Returns
    -------
    array ``(m, ..., *space)``, complex
    """
    axes = tuple(range(-ndim, 0))
    backend = fft.backend_of(u)
    u_hat = backend.fft(u, axes)
    batch = (1,) * (u_hat.ndim - ndim)
    symbols = symbols.reshape((symbols.shape[0], *batch, *symbols.shape[1:]))
    return backend.ifft(symbols * u_hat, axes)


def tail(
    u_hat: Spectrum,
    ndim: int = 1,
    *,
    points: int | None = None,
    cutoff: float = 0.9,
    kept: Sequence[int] | None = None,
) -> Array:
    """Largest |û| with |k| > cutoff · k_Nyquist, relative to the largest |û| of all.

    The size of what the grid cuts off: a well resolved field has its tail at rounding
    error. The highest mode of an axis always belongs to the tail, however few there are; in
    several dimensions a mode does when one of its indices does.

    Parameters
    ----------
    u_hat : array ``(..., *modes)``
        Fourier coefficients; the answer has the shape of the leading axes.
    ndim : int
        Number of trailing axes that are modes.
    points : int, optional
        Number of points along the last axis when ``u_hat`` is the half spectrum of a real
        field; without it the spectrum is a full one.
    cutoff : float
        Where the tail begins.
    kept : sequence of int, optional
        Largest |m| along every axis that a truncation keeps: it takes the place of the
        Nyquist mode then.
    """
    if not 1 <= ndim <= len(u_hat.shape):
        raise ShapeError(f"at least {ndim} axes", tuple(u_hat.shape), "u_hat")
    outer = np.zeros((1,) * ndim, dtype=bool)
    for i, count in enumerate(u_hat.shape[-ndim:]):
        n, m = count, np.abs(np.fft.fftfreq(count, 1.0 / count).round())
        if points is not None and i == ndim - 1:
            if count != points // 2 + 1:
                raise ShapeError(f"{points // 2 + 1} modes", count, f"{points} points")
            n, m = points, np.arange(count)
        top = n // 2 if kept is None else kept[i]
        end = n / 2 if kept is None else top
        high = (m > cutoff * end) | ((m == top) & (m > 0))
        outer = outer | high.reshape((-1,) + (1,) * (ndim - 1 - i))
    dims = tuple(range(-ndim, 0))
    xp, size = namespace(u_hat), abs(u_hat)
    whole = xp.amax(size, dims)
    return xp.amax(size * as_like(outer, u_hat), dims) / xp.where(whole > 0, whole, 1.0)


def energy_spectrum(u: Field, grid: Grid) -> tuple[Array, Array]:
    """Shell wavenumbers k and the energy E(k) = ½ Σ |û_κ|² in the shells around them.

    A shell holds the modes with k − Δk/2 ≤ |κ| < k + Δk/2, where Δk is the largest of the
    fundamental wavenumbers 2π/L; û are Fourier coefficients proper (forward transform / N),
    so that the shells add up to ½⟨|u|²⟩. The answers have the shapes ``(shells,)`` and
    ``(..., shells)``.
    """
    if not grid.is_periodic:
        raise GridError("an energy spectrum needs a periodic grid")
    u = floating(u)
    if tuple(u.shape[-grid.ndim :]) != grid.shape:
        raise ShapeError(f"(…, {', '.join(map(str, grid.shape))})", tuple(u.shape), "u")
    real = not is_complex(u)
    dims = tuple(range(-grid.ndim, 0))
    backend = fft.backend_of(u)
    u_hat = backend.rfft(u, axes=dims) if real else backend.fft(u, axes=dims)
    energy = 0.5 * abs(u_hat / grid.size) ** 2
    if real:
        energy = energy * as_like(multiplicity(grid.shape[-1]), u)
    k, sums = in_shells(energy, grid, real)
    return as_like(k, u), sums


def in_shells(density: Array, grid: Grid, real: bool) -> tuple[Array, Array]:
    """Shell wavenumbers, and the sums over their modes of ``(..., *modes)``."""
    dk = 2.0 * np.pi / min(grid.lengths)
    shell = np.floor(np.sqrt(grid.k_squared(real)) / dk + 0.5).astype(np.int64).ravel()
    flat = density.reshape((*density.shape[: -grid.ndim], shell.size))
    count = int(shell.max()) + 1
    return dk * np.arange(count), _add_up(flat, shell, count)


def _add_up(energy: Array, shell: Array, count: int) -> Array:
    """Sum the last axis of ``energy`` over the modes of each of ``count`` shells."""
    if is_tensor(energy):
        xp = namespace(energy)
        out = energy.new_zeros((*energy.shape[:-1], count))
        return out.index_add(-1, xp.as_tensor(shell, device=energy.device), energy)
    rows = energy.reshape(-1, shell.size)
    sums = [np.bincount(shell, row, count) for row in rows]
    return np.asarray(sums, energy.dtype).reshape((*energy.shape[:-1], count))
