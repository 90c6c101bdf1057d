"""What transforms are used for: derivatives and products, with known errors."""

from __future__ import annotations

import numpy as np
import pytest

# Largest errors for f = exp(sin x) on [0, 2π): (first, second derivative).
ERRORS = {
    8: (4.318e-3, 1.029e-2),
    12: (3.825e-5, 8.718e-5),
    16: (1.762e-7, 3.910e-7),
    20: (4.988e-10, 1.087e-9),
}
CEILINGS = {24: (2e-12, 4e-12), 32: (2e-14, 2e-13)}


def derivatives(backend, u):
    n = len(u)
    k = np.arange(n // 2 + 1)
    odd = k.copy()
    if n % 2 == 0:
        odd[-1] = 0
    u_hat = np.asarray(backend.rfft(u))
    first = np.asarray(backend.irfft(1j * odd * u_hat, n))
    return first, np.asarray(backend.irfft(-(k**2) * u_hat, n))


@pytest.mark.parametrize("n", [*ERRORS, *CEILINGS])
def test_derivatives_of_exp_sin(backend, n):
    x = 2 * np.pi * np.arange(n) / n
    f = np.exp(np.sin(x))
    exact = np.cos(x) * f, (np.cos(x) ** 2 - np.sin(x)) * f
    got = [
        np.max(np.abs(a - b)) for a, b in zip(derivatives(backend, f), exact, strict=True)
    ]
    if n in ERRORS:
        assert got == pytest.approx(ERRORS[n], rel=5e-3)
    else:
        assert all(np.array(got) < CEILINGS[n])


def test_nyquist_mode(backend):
    n = 16
    u = np.cos(np.pi * np.arange(n))  # cos(πN x/L)
    first, second = derivatives(backend, u)
    assert np.max(np.abs(first)) < 1e-14
    assert second == pytest.approx(-((n / 2) ** 2) * u, rel=1e-14)


@pytest.mark.parametrize("dealias", [True, False])
def test_product_needs_dealiasing(backend, dealias, rng):
    """With the 2/3 rule a product is the truncated convolution; without, it is not."""
    n, cut = 48, 15 if dealias else 24
    u_hat, v_hat = rng.standard_normal((2, 25)) + 1j * rng.standard_normal((2, 25))
    for a in (u_hat, v_hat):
        a[0] = 0
        a[cut + 1 :] = 0
        a[-1] = 0
    u, v = (np.asarray(backend.irfft(a, n)) for a in (u_hat, v_hat))
    product = np.asarray(backend.rfft(u * v))
    wide = [
        np.asarray(backend.irfft(np.pad(a, (0, 24)) * 2, 2 * n)) for a in (u_hat, v_hat)
    ]
    exact = np.asarray(backend.rfft(wide[0] * wide[1])) / 2
    kept = slice(0, 16)
    difference = np.max(np.abs(product[kept] - exact[kept])) / np.max(np.abs(exact))
    assert difference < 1e-13 if dealias else difference > 1e-2
