"""Threads that share short work."""

from __future__ import annotations

import os
import threading
import time

import pytest

from pdekit.crew import Crew, share


def test_every_share_is_done_once_and_in_its_place() -> None:
    bounds = [0, 3, 5, 9]
    for _ in range(500):
        assert share(lambda k, lo, hi: (k, lo, hi), bounds) == [
            (0, 0, 3),
            (1, 3, 5),
            (2, 5, 9),
        ]
    assert share(lambda k, lo, hi: hi - lo, [2, 7]) == [5]


def test_shares_run_at_the_same_time_and_wake_who_sleeps() -> None:
    crew, meet = Crew(2), threading.Barrier(3)
    for pause in (0.0, 0.05):
        time.sleep(pause)  # the workers have lost patience in between
        assert sorted(crew(lambda k, lo, hi: meet.wait(10), [0, 1, 2, 3])) == [0, 1, 2]


@pytest.mark.parametrize("wrong", [0, 1])
def test_what_a_share_raises_is_raised(wrong: int) -> None:
    crew = Crew(1)

    def run(k: int, lo: int, hi: int) -> int:
        return 1 // (k != wrong)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            crew(run, [0, 1, 2])
    assert crew(lambda k, lo, hi: lo, [4, 5, 6]) == [4, 5]


def test_two_callers_do_not_wait_for_each_other() -> None:
    crew, inner = Crew(1), []

    def outer(k: int, lo: int, hi: int) -> int:
        if k == 0:
            inner.append(crew(lambda k, lo, hi: threading.get_ident(), [0, 1, 2]))
        return k

    assert crew(outer, [0, 1, 2]) == [0, 1]
    assert inner == [[threading.get_ident()] * 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    assert share(lambda k, lo, hi: k, [0, 1, 2]) == [0, 1]
    child = os.fork()
    if child == 0:
        os._exit(share(lambda k, lo, hi: k, [0, 1, 2]) != [0, 1])
    assert os.waitpid(child, 0)[1] == 0
