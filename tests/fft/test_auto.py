"""Who computes a transform when nobody says, what is kept, and what starting costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from pdekit import fft
from pdekit.errors import ShapeError
from pdekit.fft import _pyfftw, auto, store


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of transform choices."""
    monkeypatch.setenv("PDEKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(code: str) -> str:
    """What a fresh process prints."""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return answer.stdout.strip()


def test_choice_is_measured_once_and_kept(cache):
    first = fft.plan((12, 10), kind="dst2")
    again = fft.plan((12, 10), kind="dst2")
    assert first.info["choice"] == "measured"
    assert again.info["choice"] == "cached"
    assert again.info["backend"] == first.info["backend"]
    assert again.info["seconds"] == first.info["seconds"]
    seconds = first.info["seconds"]
    assert min(seconds, key=seconds.get) == f"{first.info['backend']} 1"
    assert len(seconds) >= 2


def test_stored_choice_decides(cache):
    for name in ("scipy", "pyfftw"):
        key = "c2c 6x5 axes 0,1 float64 workers 1"
        store.write("choices", {key: {"fastest": f"{name} 1", "seconds": {}}})
        assert fft.plan((6, 5)).info["backend"] == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 5000,
        '{"c2c 6x7 axes 0,1 float64 workers 1": {"fastest": ["os 1"]}}',
    ],
)
def test_damaged_cache_is_passed_over(cache, text):
    for name in ("choices", "wisdom"):
        store.path(name).write_text(text, encoding="utf-8")
    assert fft.plan((6, 7)).info["choice"] == "measured"
    assert fft.plan((6, 7)).info["choice"] == "cached"


def test_foreign_wisdom_is_passed_over(cache):
    wisdom = {"double": "(nonsense", "single": "", "long double": 3, "slow": "all"}
    store.path("wisdom").write_text(json.dumps(wisdom), encoding="utf-8")
    plan = fft.plan((6, 11), backend="pyfftw")
    plan.physical[...] = 1
    plan.forward()
    assert plan.spectral[0, 0] == pytest.approx(66)


def test_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PDEKIT_CACHE_DIR", str(tmp_path / "file"))
    plan = fft.plan((5, 7), kind="r2c")
    plan.physical[...] = 1
    plan.forward()
    assert plan.spectral[0, 0] == pytest.approx(35)


def test_short_lines_are_left_to_fftw(cache):
    for kind in ("c2c", "r2c"):
        info = fft.plan((4, 40), axes=(-1,), kind=kind).info
        assert (info["backend"], info["choice"]) == ("pyfftw", "rule")
    assert not store.path("choices").exists()


def test_threads_only_for_large_transforms(monkeypatch):
    assert fft.plan((64, 64), workers=2, backend="numpy").info["workers"] == 1
    assert fft.plan((2**17,), workers=2, backend="numpy").info["workers"] == 2
    tried = []
    monkeypatch.setattr(
        auto, "_times", lambda layout, trials: tried.extend(trials) or {"scipy 2": 1}
    )
    assert fft.plan((2**9, 2**8), workers=2).info["workers"] == 2
    assert {"scipy 1", "scipy 2", "pyfftw 1", "pyfftw 2"} <= set(tried)


@pytest.mark.parametrize("name", ["scipy", "pyfftw", "ducc"])
def test_threads_do_not_change_the_answer(name, rng):
    if name not in fft.available():
        pytest.skip("not installed")
    backend, a = fft.get(name), rng.standard_normal((64, 60))
    one, two = (backend.rfft(a, (0, 1), workers=n) for n in (1, 2))
    assert np.max(np.abs(one - two)) < 1e-11
    back = backend.irfft(two, (64, 60), (0, 1), workers=2)
    assert np.max(np.abs(back - a)) < 1e-14


def test_reproducible_plans_depend_on_no_timing(cache):
    line, plane = fft.plan((60,), reproducible=True), fft.plan((16, 12), reproducible=True)
    assert line.info["deterministic"]
    assert plane.info["deterministic"]
    assert line.info["flags"] == "FFTW_ESTIMATE"
    assert plane.info["backend"] in ("ducc", "scipy")
    assert not list(cache.glob("fft/*"))


def test_reproducible_plan_ignores_wisdom(cache, monkeypatch, rng):
    """Measured plans of the same length must leave no trace in an estimated one."""
    monkeypatch.setattr(_pyfftw, "_PLANNING_SECONDS_SMALL", 30.0)  # the machine may be busy
    a = rng.standard_normal(480) + 1j * rng.standard_normal(480)

    def digest() -> bytes:
        plan = fft.plan((480,), reproducible=True)
        plan.physical[...] = a
        plan.forward()
        return plan.spectral.tobytes()

    before = digest()
    fft.plan((480,))
    assert digest() == before
    assert fft.plan((480,)).info["wisdom"] == "cached"  # nor does it cost the wisdom


def test_what_takes_too_long_to_measure_is_estimated(cache, monkeypatch, rng):
    monkeypatch.setattr(_pyfftw, "_PLANNING_SECONDS_SMALL", 0.001)
    plan = fft.plan((1944,), backend="pyfftw")
    assert plan.info["flags"] == "FFTW_ESTIMATE"
    plan.physical[...] = a = rng.standard_normal(1944)
    plan.forward()
    assert np.max(np.abs(plan.spectral - np.fft.fft(a))) < 1e-11
    monkeypatch.undo()
    monkeypatch.setenv("PDEKIT_CACHE_DIR", str(cache))
    assert fft.plan((1944,), backend="pyfftw").info["flags"] == "FFTW_ESTIMATE"


PLAN = """
import hashlib, sys
import numpy as np
from pdekit import fft
from pdekit.errors import ShapeError
plan = fft.plan((480,))
plan.physical[:] = np.exp(1j * np.arange(480.0) ** 2)
for _ in range(4):
    plan.forward()
loaded = {"scipy", "ducc0", "torch", "numba", "pyfftw"} & set(sys.modules)
print(plan.info["wisdom"], hashlib.sha256(plan.spectral).hexdigest(), sorted(loaded))
"""


def test_wisdom_gives_every_process_the_same_digits_and_imports_little(cache):
    answers = [run(PLAN).split(maxsplit=2) for _ in range(3)]
    assert [answer[0] for answer in answers] == ["measured", "cached", "cached"]
    assert len({answer[1] for answer in answers}) == 1
    assert {answer[2] for answer in answers} == {"[]"}


ANNOUNCED = """
from pdekit import fft
fft.get("pyfftw")
print("ready", flush=True)
plan = fft.plan({shape}, backend="{backend}")
print(plan.info["wisdom"], plan.info.get("choice"))
"""


def waiting(shape: str, backend: str) -> subprocess.Popen[str]:
    """A process that is about to plan."""
    code = ANNOUNCED.format(shape=shape, backend=backend)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=-1, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_what_another_process_measures_is_waited_for(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("PDEKIT_CACHE_DIR", str(tmp_path / "other"))
    run(ANNOUNCED.format(shape="(480,)", backend="pyfftw"))
    wisdom = store.read("wisdom")
    monkeypatch.setenv("PDEKIT_CACHE_DIR", str(cache))
    with store.measuring("wisdom"):
        process = waiting("(480,)", "pyfftw")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        store.write("wisdom", wisdom)
    assert process.communicate(timeout=30)[0].split()[0] == "cached"


def test_what_another_process_chooses_is_waited_for(cache):
    with store.measuring("choices"):
        process = waiting("(6, 5)", "auto")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        key = "c2c 6x5 axes 0,1 float64 workers 1"
        store.write("choices", {key: {"fastest": "pyfftw 1", "seconds": {}}})
    assert process.communicate(timeout=30)[0].split() == ["measured", "cached"]


def test_nobody_is_waited_for_forever(cache, monkeypatch):
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    with store.measuring("wisdom"):
        assert fft.plan((484,), backend="pyfftw").info["wisdom"] == "measured"


def test_cached_choice_imports_only_what_was_chosen(cache):
    store.write("choices", {"r2c 8x8 axes 0,1 float64 workers 1": {"fastest": "pyfftw 1"}})
    code = """
import sys
import time
from pdekit import fft
from pdekit.errors import ShapeError
print(fft.plan((8, 8), kind="r2c").info["choice"])
print([name for name in ("scipy", "ducc0", "torch") if name in sys.modules])
import pyfftw  # the package and our import of its core are the same thing
assert pyfftw.FFTW is fft.get("pyfftw")._fftw.FFTW
"""
    assert run(code).split("\n") == ["cached", "[]"]


FORKED = """
import multiprocessing, sys, threading
import numpy as np
from pdekit import fft
from pdekit.errors import ShapeError

def work(name):
    a = np.exp(1j * np.arange(60.0) ** 2).reshape(6, 10)
    plan = fft.plan(a.shape, backend=name)
    plan.physical[...] = a
    plan.forward()
    return plan.spectral.tobytes() + np.asarray(fft.get(name).fft(a, (0, 1))).tobytes()

if __name__ == "__main__":
    names = fft.available() * 2
    mine = [work(name) for name in names]
    plans = lambda: [fft.plan(n, backend="pyfftw") for n in range(40, 50)]
    planning = threading.Thread(target=plans)
    planning.start()  # a fork now must not leave the child a planner at work
    with multiprocessing.get_context("fork").Pool(2) as pool:
        theirs = pool.map_async(work, names).get(30)
    planning.join()
    print(mine == theirs)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_process_pool_after_use_in_the_parent(cache):  # F10
    assert run(FORKED) == "True"


# ------------------------------------------------------- transforms of given buffers


def test_given_buffers_are_transformed_along_an_axis(cache, rng):
    u = rng.standard_normal((6, 7, 5))
    for kind in ("dst1", "dst2", "dst3", "dct4"):
        values = u.copy()
        forward, inverse, info = auto.executors(values, values, axes=(1,), kind=kind)
        forward()
        expected = getattr(fft.get("numpy"), kind[:3])(u, int(kind[3]), 1)
        np.testing.assert_allclose(values, expected, atol=1e-12)
        inverse()
        np.testing.assert_allclose(values / (16 if kind == "dst1" else 14), u, atol=1e-14)
        assert info["choice"] == "rule"  # too small for a measurement to pay
    assert not store.path("choices").exists()


def test_libraries_for_many_lines_are_timed_once(cache):
    values = np.zeros((128, 128))
    infos = [auto.executors(values, values, axes=(0,), kind="dct2")[2] for _ in range(2)]
    assert [info["choice"] for info in infos] == ["measured", "cached"]
    assert infos[0]["backend"] == infos[1]["backend"]
    reproducible = auto.executors(
        values, values, axes=(1,), kind="dct2", reproducible=True
    )[2]
    assert reproducible["choice"] == "rule"
    with pytest.raises(ShapeError, match="workers"):
        auto.executors(values, values, axes=(1,), kind="dct2", workers=0)


def test_the_quickest_way_is_remembered(cache):
    def slow():
        time.sleep(2e-3)

    ways = {"slow": (slow, slow), "fast": (list, list)}
    assert auto.quickest("a transform", ways) == "fast"
    store.write("choices", {"a transform": {"fastest": "slow", "seconds": {}}})
    assert auto.quickest("a transform", ways) == "slow"
