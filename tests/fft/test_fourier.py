"""What a Fourier transform must do, for both faces of every backend."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pdekit import fft
from pdekit.errors import ShapeError

Values = NDArray[Any]
EPS = np.finfo(float).eps


def all_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(len(shape)))


def bound(shape: tuple[int, ...], factor: float = 10.0) -> float:
    """The bound of the acceptance test: 10 ε log₂N, relative to the largest mode."""
    return factor * EPS * np.log2(max(np.prod(shape), 2))


def error(got: Values, expected: Values) -> float:
    """Largest difference, relative to the largest expected value."""
    assert got.shape == expected.shape
    return float(np.max(np.abs(got - expected)) / max(np.max(np.abs(expected)), 1e-300))


def complex_values(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def impulse_at_zero(shape: tuple[int, ...], dtype: type = complex) -> Values:
    a = np.zeros(shape, dtype)
    a[(0,) * len(shape)] = 1
    return a


def shift_phase(shape: tuple[int, ...], shift: tuple[int, ...]) -> Values:
    """exp(−2πi k·s/N), with the argument reduced exactly before it is rounded."""
    phase = np.ones(shape, complex)
    for axis, (n, s) in enumerate(zip(shape, shift, strict=True)):
        k = np.arange(n) * s % n
        line = [n if i == axis else 1 for i in range(len(shape))]
        phase = phase * np.exp(-2j * np.pi * k / n).reshape(line)
    return phase


def test_impulse_and_constant(face, shapes, rng):  # F1
    for shape in shapes:
        axes, size = all_axes(shape), np.prod(shape)
        impulse, ones = impulse_at_zero(shape), np.ones(shape, complex)
        assert error(face.fft(impulse, axes), ones) <= bound(shape), shape
        assert error(face.fft(ones, axes), size * impulse) <= bound(shape), shape
        assert error(face.ifft(ones, axes), impulse) <= bound(shape), shape
        a = complex_values(rng, shape)
        a_hat, rest_hat = face.fft(a, axes), face.fft(impulse - a, axes)
        assert np.max(np.abs(a_hat + rest_hat - 1)) <= bound(shape) * np.max(abs(a_hat))


def test_real_impulse_and_constant(face, shapes):  # F1
    for shape in shapes:
        axes = all_axes(shape)
        impulse, ones = impulse_at_zero(shape, float), np.ones(shape)
        half = (*shape[:-1], shape[-1] // 2 + 1)
        assert error(face.rfft(impulse, axes), np.ones(half)) <= bound(shape), shape
        assert error(face.irfft(np.ones(half, complex), shape, axes), impulse) <= bound(
            shape
        )
        ones_hat = np.prod(shape) * impulse_at_zero(half)
        assert error(face.rfft(ones, axes), ones_hat) <= bound(shape), shape


def test_linearity(face, shapes, rng):  # F2
    for shape in shapes:
        axes = all_axes(shape)
        a, b = complex_values(rng, shape), complex_values(rng, shape)
        alpha, beta = complex_values(rng, (2,))
        for transform in (face.fft, face.ifft):
            expected = alpha * transform(a, axes) + beta * transform(b, axes)
            assert error(transform(alpha * a + beta * b, axes), expected) <= bound(shape)
        expected = alpha.real * face.rfft(a.real, axes) + beta.real * face.rfft(
            b.real, axes
        )
        mixed = face.rfft(alpha.real * a.real + beta.real * b.real, axes)
        assert error(mixed, expected) <= bound(shape), shape


def test_shift(face, shapes, rng):  # F3
    for shape in shapes:
        axes, a = all_axes(shape), complex_values(rng, shape)
        shift = tuple(1 + 2 * i for i in axes)
        phase = shift_phase(shape, shift)
        rolled = np.roll(a, shift, axes)
        assert error(face.fft(rolled, axes), phase * face.fft(a, axes)) <= bound(shape)
        expected = np.conj(phase) * face.ifft(a, axes)
        assert error(face.ifft(rolled, axes), expected) <= bound(shape), shape
        half = phase[..., : shape[-1] // 2 + 1]
        expected = half * face.rfft(a.real, axes)
        assert error(face.rfft(rolled.real, axes), expected) <= bound(shape), shape


def test_round_trip_and_parseval(face, shapes, rng):  # F4
    for shape in shapes:
        axes, a = all_axes(shape), complex_values(rng, shape)
        a_hat = face.fft(a, axes)
        assert error(face.ifft(a_hat, axes), a) <= 10 * EPS, shape
        energy = np.sum(np.abs(a) ** 2) * np.prod(shape)
        assert np.sum(np.abs(a_hat) ** 2) == pytest.approx(energy, rel=10 * EPS)
        u_hat = face.rfft(a.real, axes)
        assert error(face.irfft(u_hat, shape, axes), a.real) <= 10 * EPS, shape
        weights = np.full(u_hat.shape[-1], 2.0)
        weights[0] = 1
        if shape[-1] % 2 == 0:
            weights[-1] = 1
        energy = np.sum(a.real**2) * np.prod(shape)
        assert np.sum(weights * np.abs(u_hat) ** 2) == pytest.approx(energy, rel=10 * EPS)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 9, 16, 31, 97])
def test_each_mode_lands_in_its_bin(face, n):  # F5
    lengths = np.arange(n)
    k = np.rint(np.fft.fftfreq(n, 1 / n)).astype(int)
    modes = np.exp(
        2j * np.pi * (k[:, None] * lengths % n) / n
    )  # one row for each k, ± sign
    assert error(face.fft(modes, (1,)), n * np.eye(n)) <= 10 * EPS
    assert error(face.ifft(np.eye(n, dtype=complex), (1,)), modes / n) <= 10 * EPS
    expected = np.zeros((n, n // 2 + 1))
    for row, wave in enumerate(k):
        expected[row, abs(wave)] = n if wave == 0 or 2 * abs(wave) == n else n / 2
    assert error(face.rfft(np.ascontiguousarray(modes.real), (1,)), expected) <= 10 * EPS


def test_mode_of_several_axes(face):  # F5: the signs of all axes agree
    x, y, z = np.ogrid[0:4, 0:5, 0:6]
    mode = np.exp(2j * np.pi * (x / 4 - 2 * y / 5 + 2 * z / 6))
    expected = np.zeros((4, 5, 6))
    expected[1, -2, 2] = 120
    assert error(face.fft(mode, (0, 1, 2)), expected) <= 10 * EPS


def test_every_pair_of_backends_agrees(shapes, rng):  # F6
    for shape in shapes:
        axes, a = all_axes(shape), complex_values(rng, shape)
        answers = [
            (np.asarray(b.fft(a, axes)), np.asarray(b.rfft(a.real, axes)))
            for b in map(fft.get, fft.available())
        ]
        for one, other in combinations(answers, 2):
            assert error(one[0], other[0]) <= bound(shape, 20), shape
            assert error(one[1], other[1]) <= bound(shape, 20), shape


@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (5, 9), (6, 7), (3, 4, 5)])
def test_sizes_survive_the_half_spectrum(backend, shape, rng):  # F7
    u, axes = rng.standard_normal(shape), all_axes(shape)
    assert np.asarray(backend.irfft(backend.rfft(u, axes), shape, axes)).shape == shape
    with pytest.raises(ShapeError, match="points"):
        backend.irfft(backend.rfft(u, axes), (*shape[:-1], shape[-1] + 2), axes)


@pytest.mark.parametrize("single", [False, True], ids=["double", "single"])
def test_input_is_left_alone_and_precision_kept(backend, single, rng):  # F8
    real, cplx = (np.float32, np.complex64) if single else (np.float64, np.complex128)
    a = complex_values(rng, (3, 12, 10)).astype(cplx)
    u, axes = np.ascontiguousarray(a.real), (1, 2)
    u_hat = np.asarray(backend.rfft(u, axes))
    assert u_hat.dtype == cplx
    calls = [
        (backend.fft, a, cplx, ()),
        (backend.fft, u, cplx, ()),
        (backend.ifft, a, cplx, ()),
        (backend.rfft, u, cplx, ()),
        (backend.irfft, u_hat, real, ((12, 10),)),
    ]
    for call, given_values, dtype, extra in calls:
        before = given_values.copy()
        before.flags.writeable = given_values.flags.writeable = False
        answer = np.asarray(call(given_values, *extra, axes))
        assert answer.dtype == dtype
        assert np.array_equal(given_values, before)
        assert not np.shares_memory(answer, given_values)


def test_single_precision_is_accurate(face, rng):
    a = complex_values(rng, (4, 30)).astype(np.complex64)
    expected = np.fft.fft(a.astype(complex))
    assert error(face.fft(a, (1,)), expected) < 10 * np.finfo(np.float32).eps
    assert error(face.ifft(face.fft(a, (1,)), (1,)), a) < 10 * np.finfo(np.float32).eps


def test_any_strides(backend, rng):  # F8
    big = complex_values(rng, (8, 10, 6))
    for view in (
        big[::2, ::-1, 1:5],
        big.T,
        big[:, 3],
        np.broadcast_to(big[0], (3, 10, 6)),
    ):
        dense = np.ascontiguousarray(view)
        assert np.array_equal(backend.fft(view, (0, 1)), backend.fft(dense, (0, 1)))
        assert np.array_equal(
            backend.rfft(view.real, (0, 1)), backend.rfft(dense.real.copy(), (0, 1))
        )


def test_batch_axes_are_transformed_one_by_one(face, rng):
    a = complex_values(rng, (2, 3, 8, 9))
    for axes in ((-1,), (1,), (2, 3), (-1, 1), (0, 2)):
        expected = np.fft.fftn(a, axes=axes)
        assert error(face.fft(a, axes), expected) < 100 * EPS
    for axes in ((0,), (2, 3), (3, 2), (-1, 1)):  # the last one named is halved
        u_hat = face.rfft(a.real.copy(), axes)
        assert error(u_hat, np.fft.rfftn(a.real, axes=axes)) < 100 * EPS
        shape = tuple(a.shape[i] for i in axes)
        assert error(face.irfft(u_hat, shape, axes), a.real) < 100 * EPS


def test_whole_numbers_and_foreign_byte_order(backend):
    whole = np.arange(12)
    expected = np.fft.fft(whole)
    assert error(np.asarray(backend.fft(whole)), expected) < 100 * EPS
    assert error(np.asarray(backend.fft(whole.astype(">f8"))), expected) < 100 * EPS


def test_refused_input(backend):
    with pytest.raises(ShapeError, match="real array"):
        backend.rfft(np.ones(4, complex))
    with pytest.raises(ShapeError, match="float16"):
        backend.fft(np.ones(4, np.float16))
    for a, axes in (
        (np.ones((3, 0)), (1,)),
        (np.ones(3), (1,)),
        (np.ones((2, 2)), (0, -2)),
    ):
        with pytest.raises(ShapeError, match="ax"):
            backend.fft(a, axes)


@settings(max_examples=50)
@given(
    arrays(
        complex,
        st.tuples(st.integers(1, 3), st.integers(1, 40)),
        elements=st.complex_numbers(max_magnitude=1e6, allow_subnormal=False),
    )
)
def test_transform_is_its_definition(a):
    """Against the dense sum, for any values, on the two that write their own plumbing."""
    n = a.shape[-1]
    matrix = np.exp(-2j * np.pi * (np.outer(np.arange(n), np.arange(n)) % n) / n)
    tolerance = 20 * EPS * n * (np.max(np.abs(a)) + 1e-300)
    for name in ("numpy", "pyfftw"):
        a_hat = fft.get(name).fft(a)
        assert np.max(np.abs(a_hat - a @ matrix)) <= tolerance * np.sqrt(n)
        assert np.max(np.abs(fft.get(name).ifft(a_hat) - a)) <= tolerance
