"""Both faces of every backend behind one interface, with exact inverses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pdekit import fft

Axes = tuple[int, ...]
Values = NDArray[Any]

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 30, 31, 32, 64, 96, 97)
BOXES = ((8, 9), (15, 16), (1, 5), (31, 12), (4, 5, 6), (7, 3, 8), (5, 1, 9))


@dataclass(frozen=True)
class Functional:
    """The functional face, answers as NumPy arrays."""

    backend: fft.Backend

    def fft(self, a: Values, axes: Axes) -> Values:
        return np.asarray(self.backend.fft(a, axes))

    def ifft(self, a: Values, axes: Axes) -> Values:
        return np.asarray(self.backend.ifft(a, axes))

    def rfft(self, a: Values, axes: Axes) -> Values:
        return np.asarray(self.backend.rfft(a, axes))

    def irfft(self, a: Values, shape: Axes, axes: Axes) -> Values:
        return np.asarray(self.backend.irfft(a, shape, axes))

    def r2r(self, a: Values, kind: str) -> Values:
        return np.asarray(getattr(self.backend, kind[:3])(a, int(kind[3])))

    def inverse_r2r(self, a: Values, kind: str) -> Values:
        return np.asarray(getattr(self.backend, f"i{kind[:3]}")(a, int(kind[3])))


@dataclass(frozen=True)
class Planned:
    """The planned face: one plan for each call, scaled afterwards."""

    backend: fft.Backend

    def fft(self, a: Values, axes: Axes) -> Values:
        plan = self.backend.plan(a.shape, axes=axes, dtype=a.dtype)
        return _forward(plan, a)

    def ifft(self, a: Values, axes: Axes) -> Values:
        plan = self.backend.plan(a.shape, axes=axes, dtype=a.dtype)
        return _inverse(plan, a)

    def rfft(self, a: Values, axes: Axes) -> Values:
        return _forward(self.backend.plan(a.shape, axes=axes, kind="r2c", dtype=a.dtype), a)

    def irfft(self, a: Values, shape: Axes, axes: Axes) -> Values:
        full = list(a.shape)
        for axis, n in zip(axes, shape, strict=True):
            full[axis] = n
        return _inverse(self.backend.plan(full, axes=axes, kind="r2c", dtype=a.dtype), a)

    def r2r(self, a: Values, kind: str) -> Values:
        return _forward(self.backend.plan(a.shape, axes=(-1,), kind=kind, dtype=a.dtype), a)

    def inverse_r2r(self, a: Values, kind: str) -> Values:
        return _inverse(self.backend.plan(a.shape, axes=(-1,), kind=kind, dtype=a.dtype), a)


def _forward(plan: fft.Plan, a: Values) -> Values:
    plan.physical[...] = a
    plan.forward()
    return plan.spectral.copy()


def _inverse(plan: fft.Plan, a: Values) -> Values:
    plan.spectral[...] = a
    plan.inverse()
    return plan.physical * (1.0 / plan.size)


@pytest.fixture(params=fft.available())
def backend(request: pytest.FixtureRequest) -> fft.Backend:
    """Each installed backend."""
    return fft.get(request.param)


@pytest.fixture(params=[Functional, Planned], ids=["functional", "planned"])
def face(request: pytest.FixtureRequest, backend: fft.Backend) -> Functional | Planned:
    """Each face of each installed backend."""
    answer: Functional | Planned = request.param(backend)
    return answer


@pytest.fixture(params=["line", "box"])
def shapes(request: pytest.FixtureRequest) -> tuple[Axes, ...]:
    """All one-dimensional sizes, then mixed odd and even ones in 2-D and 3-D."""
    return tuple((n,) for n in SIZES) if request.param == "line" else BOXES


@pytest.fixture
def rng() -> np.random.Generator:
    """Numbers that are the same in every run."""
    return np.random.default_rng(20)
