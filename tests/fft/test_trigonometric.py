"""Sine and cosine transforms of every backend against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit import fft
from pdekit.errors import ShapeError

KINDS = [f"{name}{number}" for name in ("dct", "dst") for number in (1, 2, 3, 4)]
SIZES = (1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 64)


def dense(kind, n):
    """The matrix of the definition; rows are coefficients k, columns points j."""
    k, j = np.ogrid[0:n, 0:n]
    if kind == "dct1":
        matrix = 2 * np.cos(np.pi * (k * j % (2 * n - 2)) / (n - 1))
        matrix[:, [0, -1]] /= 2
    elif kind == "dct2":
        matrix = 2 * np.cos(np.pi * k * (2 * j + 1) / (2 * n))
    elif kind == "dct3":
        matrix = 2 * np.cos(np.pi * (2 * k + 1) * j / (2 * n))
        matrix[:, 0] /= 2
    elif kind == "dct4":
        matrix = 2 * np.cos(np.pi * (2 * k + 1) * (2 * j + 1) / (4 * n))
    elif kind == "dst1":
        matrix = 2 * np.sin(np.pi * (k + 1) * (j + 1) / (n + 1))
    elif kind == "dst2":
        matrix = 2 * np.sin(np.pi * (k + 1) * (2 * j + 1) / (2 * n))
    elif kind == "dst3":
        matrix = 2 * np.sin(np.pi * (2 * k + 1) * (j + 1) / (2 * n))
        matrix[:, -1] /= 2
    else:
        matrix = 2 * np.sin(np.pi * (2 * k + 1) * (2 * j + 1) / (4 * n))
    return matrix


@pytest.mark.parametrize("kind", KINDS)
def test_definition_and_inverse(face, kind, rng):  # F9
    for n in SIZES[1:] if kind == "dct1" else SIZES:
        u = rng.standard_normal((3, n))
        got = face.r2r(u, kind)
        expected = u @ dense(kind, n).T
        assert np.max(np.abs(got - expected)) <= 1e-12 * np.max(np.abs(expected)), n
        assert np.max(np.abs(face.inverse_r2r(got, kind) - u)) <= 1e-14 * n + 1e-14, n


@pytest.mark.parametrize(
    ("kind", "left", "right", "first"),
    [  # a ghost value is factor * (the value at that distance from its end)
        ("dst1", None, None, 1),  # zero at the points just outside
        ("dst2", (-1, 0), (-1, 0), 1),  # zero half a cell outside
        ("dst4", (-1, 0), (1, 0), 0.5),  # zero on the left, flat on the right
        ("dct1", (1, 1), (1, 1), 0),  # flat at the end points
        ("dct2", (1, 0), (1, 0), 0),  # flat half a cell outside
        ("dct4", (1, 0), (-1, 0), 0.5),  # flat on the left, zero on the right
        ("dst3", None, (1, 1), 0.5),  # zero just outside, flat at the last point
        ("dct3", (1, 1), None, 0.5),  # flat at the first point, zero just outside
    ],
)
def test_basis_diagonalises_the_laplacian(face, kind, left, right, first):  # F9
    """Each basis function is an eigenvector of [1 −2 1] with the matching boundary."""
    n = 12
    laplacian = np.diag(np.full(n, -2.0)) + np.eye(n, k=1) + np.eye(n, k=-1)
    if left:
        laplacian[0, left[1]] += left[0]
    if right:
        laplacian[-1, n - 1 - right[1]] += right[0]
    period = {"dst1": n + 1, "dct1": n - 1}.get(kind, n)
    symbol = 2 * np.cos(np.pi * (np.arange(n) + first) / period) - 2
    basis = face.inverse_r2r(np.eye(n), kind)  # row k: the function of coefficient k
    assert np.max(np.abs(basis @ laplacian.T - symbol[:, None] * basis)) < 1e-12


def test_complex_input_axes_and_precision(backend, rng):
    a = rng.standard_normal((5, 6, 3)) + 1j * rng.standard_normal((5, 6, 3))
    for name in ("dct", "dst"):
        forward, inverse = getattr(backend, name), getattr(backend, f"i{name}")
        for number in (1, 2, 3, 4):
            kept = a.copy()
            kept.flags.writeable = False
            got = np.asarray(forward(kept, number, 1))
            expected = np.einsum("kj,ajb->akb", dense(f"{name}{number}", 6), a)
            assert np.max(np.abs(got - expected)) < 1e-12
            assert np.max(np.abs(np.asarray(inverse(got, number, 1)) - a)) < 1e-14
            single = np.asarray(forward(a.astype(np.complex64), number, axis=0))
            assert single.dtype == np.complex64
            assert (
                np.asarray(inverse(a.real.astype(np.float32), number)).dtype == np.float32
            )


def test_plan_of_two_axes(backend, rng):
    u = rng.standard_normal((4, 5, 6))
    for kind in ("dct2", "dst1", "dct3", "dst4"):
        plan = backend.plan(u.shape, axes=(1, 2), kind=kind)
        assert plan.physical is plan.spectral
        plan.physical[...] = u
        plan.forward()
        expected = np.einsum("kj,lm,ajm->akl", dense(kind, 5), dense(kind, 6), u)
        assert np.max(np.abs(plan.spectral - expected)) < 1e-12 * np.max(np.abs(expected))
        plan.inverse()
        assert np.max(np.abs(plan.physical / plan.size - u)) < 1e-14


def test_every_pair_of_backends_agrees(rng):
    u = rng.standard_normal((2, 30))
    for kind in KINDS:
        answers = [
            np.asarray(getattr(fft.get(name), kind[:3])(u, int(kind[3])))
            for name in fft.available()
        ]
        for answer in answers[1:]:
            assert np.max(np.abs(answer - answers[0])) < 1e-12


def test_refused(backend):
    with pytest.raises(ShapeError, match="2 points"):
        backend.dct(np.ones((4, 1)), 1)
    with pytest.raises(ShapeError, match="2 points"):
        backend.plan((1,), kind="dct1")
    for number in (0, 5):
        with pytest.raises(ShapeError, match="type"):
            backend.idst(np.ones(4), number)
