"""One number of threads for every library."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info

from pdekit import threads
from pdekit.errors import PdekitError


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    monkeypatch.setattr(threads, "_current", None)
    with threads.limit("auto"):
        yield


def pools():
    return {pool["num_threads"] for pool in threadpool_info()}


def test_auto_is_what_the_process_may_use():
    assert 1 <= threads.resolve("auto") <= os.cpu_count()
    assert threads.current() == threads.available()


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "many", None])
def test_settings_that_mean_nothing(bad):
    with pytest.raises(PdekitError, match="threads must be"):
        threads.resolve(bad)


def test_limit_reaches_every_library_and_ends():
    numba = pytest.importorskip("numba")
    torch = pytest.importorskip("torch")
    numba.get_num_threads()  # starts its threads, which may change the settings of others
    before = (torch.get_num_threads(), numba.get_num_threads(), pools(), threads.current())
    with threads.limit(1) as number:
        assert number == threads.current() == 1
        assert torch.get_num_threads() == 1
        assert numba.get_num_threads() == 1
        assert pools() == {1}
        with threads.limit(2):
            assert threads.current() == 2
            assert torch.get_num_threads() == 2
        assert threads.current() == torch.get_num_threads() == 1
    after = (torch.get_num_threads(), numba.get_num_threads(), pools(), threads.current())
    assert after == before


def test_limit_ends_after_an_error():
    def fail():
        with threads.limit(1):
            raise ZeroDivisionError

    before = threads.current()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert threads.current() == before


def test_more_threads_than_numba_started_with():
    numba = pytest.importorskip("numba")
    most = numba.config.NUMBA_NUM_THREADS
    with threads.limit(most + 7):
        assert numba.get_num_threads() == most
        assert threads.current() == most + 7


def test_apply_stays():
    assert threads.apply(1) == threads.current() == 1
    assert pools() == {1}
    threads.apply("auto")
    assert threads.current() == threads.available()


def run(code, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMP", "NUMBA"))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


ASK = """
import os, sys
{before}
from pdekit import threads
threads.prepare_environment()
print(os.environ.get("OMP_WAIT_POLICY"), os.environ.get("NUMBA_THREADING_LAYER"))
print("torch" in sys.modules, "numba" in sys.modules)
"""


def test_environment_is_prepared_before_the_imports():
    assert run(ASK.format(before="")) == ["PASSIVE", "workqueue", "False", "False"]


def test_the_users_environment_stays():
    found = run(
        ASK.format(before=""), OMP_WAIT_POLICY="ACTIVE", NUMBA_THREADING_LAYER="omp"
    )
    assert found[:2] == ["ACTIVE", "omp"]


def test_too_late_to_prepare():
    assert run(ASK.format(before="import pyfftw"))[:2] == ["None", "None"]


def test_numba_is_not_started_for_its_number():
    """Its start takes a lock that forks share: a child killed there blocks the others."""
    script = (
        "import numba\n"
        "from numba.np.ufunc import parallel\n"
        "from pdekit import threads\n"
        "with threads.limit(1):\n"
        "    print(parallel._is_initialized)\n"
        "numba.get_num_threads()\n"
        "with threads.limit(1):\n"
        "    print(parallel._is_initialized, numba.get_num_threads())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True", "1"]
