"""The planned face: buffers, counters, refusals, provenance."""

from __future__ import annotations

import copy
import threading
import tracemalloc

import numpy as np
import pytest

from pdekit import fft
from pdekit.errors import BackendUnavailable, ShapeError, UnknownName
from pdekit.fft import backends

KINDS = ("c2c", "r2c", "dct2", "dst1")


@pytest.mark.parametrize("kind", KINDS)
def test_buffers_are_aligned_zeros(backend, kind):
    for dtype in (np.float64, np.complex64):
        plan = backend.plan((3, 18), axes=(1,), kind=kind, dtype=dtype)
        single = dtype is np.complex64
        assert (
            plan.physical.dtype.name
            == {
                (True, True): "complex64",
                (True, False): "complex128",
                (False, True): "float32",
                (False, False): "float64",
            }[kind == "c2c", single]
        )
        assert plan.spectral.dtype.itemsize == (8 if single else 16) // (
            2 if kind.startswith("d") else 1
        )
        assert plan.physical.shape == (3, 18)
        assert plan.spectral.shape == ((3, 10) if kind == "r2c" else (3, 18))
        assert (plan.physical is plan.spectral) == (kind != "r2c")
        for buffer in (plan.physical, plan.spectral):
            assert buffer.ctypes.data % 64 == 0
            assert buffer.flags.c_contiguous
            assert not buffer.any()


def test_size_and_counter(backend, rng):
    for kind, size in {
        "c2c": 60,
        "r2c": 60,
        "dct1": 18 * 10,
        "dst1": 22 * 14,
        "dct4": 240,
    }.items():
        plan = backend.plan((2, 3, 10, 6), axes=(2, 3), kind=kind)
        assert plan.size == size
        assert plan.transforms == 0
        u = rng.standard_normal(plan.physical.shape)
        plan.physical[...] = u
        plan.forward()
        assert plan.transforms == 6
        plan.inverse()
        assert plan.transforms == 12
        assert np.max(np.abs(plan.physical / size - u)) < 1e-14


def test_forward_keeps_real_values(backend, rng):
    """The physical side of a real transform is still there after it."""
    for shape in ((30,), (8, 9), (4, 5, 6)):
        plan = backend.plan(shape, kind="r2c")
        plan.physical[...] = u = rng.standard_normal(shape)
        plan.forward()
        assert np.array_equal(plan.physical, u)
        assert np.max(np.abs(plan.spectral - np.fft.rfftn(u))) < 1e-12


def test_measuring_does_not_leak_into_the_buffers(rng):
    """FFTW overwrites what it measures on; `auto` also runs the candidates."""
    plan = fft.plan((6, 20), kind="r2c")
    assert plan.info["choice"] == "measured"
    assert plan.transforms == 0
    assert not plan.physical.any()
    assert not plan.spectral.any()


@pytest.mark.parametrize("name", sorted({"pyfftw", "ducc"} & set(fft.available())))
def test_hot_loop_allocates_nothing(name):
    """The other libraries cannot write into given memory."""
    plan = fft.get(name).plan((64, 64), kind="r2c")
    plan.forward()
    tracemalloc.start()
    for _ in range(10):
        plan.forward()
        plan.inverse()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4096


def test_plans_share_nothing(backend, rng):
    one, two = (backend.plan((16,)) for _ in range(2))
    assert not np.shares_memory(one.physical, two.physical)
    one.physical[...] = a = rng.standard_normal(16)
    one.forward()
    assert not two.physical.any()
    assert np.max(np.abs(one.spectral - np.fft.fft(a))) < 1e-13
    assert (one.transforms, two.transforms) == (1, 0)


def test_plans_of_several_threads(backend, rng):
    """Planning and both faces from four threads at once give what one thread gives."""
    a = rng.standard_normal((4, 24)) + 1j * rng.standard_normal((4, 24))
    expected = np.fft.fft(a)
    wrong = []

    def work(row: int) -> None:
        for n in (24, 12, 8, 6):
            plan = backend.plan((n,))
            for _ in range(20):
                plan.physical[...] = a[row, :n]
                plan.forward()
                functional = np.asarray(backend.fft(a[row]))
                wrong.append(
                    np.max(np.abs(plan.spectral - np.fft.fft(a[row, :n])))
                    + np.max(np.abs(functional - expected[row]))
                )

    threads = [threading.Thread(target=work, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(wrong) == 320
    assert max(wrong) < 1e-12


def test_plans_are_not_copied(backend):
    plan = backend.plan((8,))
    with pytest.raises(TypeError, match="build it again"):
        copy.deepcopy(plan)
    assert backend.name in repr(plan)


def test_refused():
    with pytest.raises(UnknownName, match="did you mean 'r2c'"):
        fft.plan((8,), kind="r2cc")
    with pytest.raises(UnknownName, match="did you mean 'pyfftw'"):
        fft.plan((8,), backend="pyfft")
    with pytest.raises(ShapeError, match="float16"):
        fft.plan((8,), dtype=np.float16)
    with pytest.raises(ShapeError, match="workers"):
        fft.plan((8,), workers=0)
    for shape, axes in (((), None), ((0,), None), ((4, 4), (2,)), ((4, 4), (1, -1))):
        with pytest.raises(ShapeError):
            fft.plan(shape, axes=axes)


def test_missing_library_is_said_so(monkeypatch):
    monkeypatch.setattr(backends, "importable", lambda name: name != "ducc")
    backends._loaded.cache_clear()
    with pytest.raises(
        BackendUnavailable, match="ducc0 is not installed; available: numpy"
    ):
        fft.get("ducc")


def test_names():
    assert set(fft.available()) >= {"numpy", "scipy", "pyfftw", "torch"}
    assert fft.backend_of(np.ones(3)).name == "numpy"
    assert [fft.get(name).name for name in fft.available()] == list(fft.available())


def test_provenance(backend):
    info = fft.plan((4, 16), axes=(1,), backend=backend.name).info
    assert info["backend"] == backend.name
    assert info["transform"] == "c2c 4x16 axes 1 float64"
    assert info["choice"] == "given"
    assert info["planning_seconds"] > 0
    assert info["deterministic"] is (backend.name != "pyfftw")
