"""What a terminal shows: lines without one, a bar with one, and signals."""

from __future__ import annotations

import os
import pty
import signal
import sys
from typing import Any

import pytest

from pdekit import console
from pdekit.console import Watch, accuracy, bound, check_line, duration, lines, watched


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def test_without_a_terminal_there_are_occasional_lines(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch(quiet=False)
    for second in range(31):
        clock[0] = 100.0 + second
        watch.progress(second / 100, "solving")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "solving: 11 %, about 1 min 29 s left",
        "solving: 22 %, about 1 min 18 s left",
    ]


def test_time_left_counts_from_where_a_resumed_run_began(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch(quiet=False)
    watch.progress(0.8, "solving")
    clock[0] += 11
    watch.progress(0.9, "solving")
    assert capsys.readouterr().err == "solving: 90 %, about 11 s left\n"


def test_quiet_is_quiet(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch(quiet=True)
    watch.message("hello")
    clock[0] += 60
    watch.progress(0.5, "solving")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal, os.fdopen(leader, "rb", 0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(console, "FRAME_SECONDS", -1.0)
        watch = Watch(quiet=False)
        watch.progress(0.25, "solving")
        watch.progress(0.5, "solving")
        watch.message("done")
        terminal.flush()
        text = ""
        while "done" not in text:
            text += screen.read(1 << 16).decode(errors="ignore")
    assert "solving" in text
    assert "\x1b[" in text


def test_the_first_signal_asks_and_the_second_insists() -> None:
    before = signal.getsignal(signal.SIGINT)
    with watched(quiet=True) as watch:
        assert not watch.stop_requested()
        os.kill(os.getpid(), signal.SIGTERM)
        assert watch.stop_requested()
        assert watch.signal == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


SUMMARY: dict[str, Any] = {
    "case": "a", "title": "", "status": "check_failed",
    "errors": {"error_estimate": 2e-9, "estimator": "doubled step"},
    "invariants": {"mass": {"initial": 2.0, "drift": 1e-14}},
    "checks": [{"metric": "mass", "at": 0.5, "value": 2.0, "above": 3, "holds": False}],
    "cost": {"setup_s": 0.1, "solve_s": 1, "compare_s": 2, "steps": 7, "transforms": 14},
    "solver": {"integrator": "strang", "points": [8, 16], "members": 3},
    "warnings": ["careful"],
}  # fmt: skip


def test_the_summary_says_what_matters() -> None:
    text = "\n".join(lines(SUMMARY))
    for part in ("a: check failed", "estimated relative L2 error 2.0e-09 (doubled step)",
                 "mass 1.0e-14", "FAILS: mass (t = 0.5) = 2 (above 3)",
                 "8x16 points x 3 members",
                 "7 steps, 14 transforms", "warning     careful"):  # fmt: skip
        assert part in text


def test_words_for_accuracy_bounds_and_times() -> None:
    known = {"relative_l2": 1e-9, "compared_at": 2.0, "reference": "formula"}
    assert accuracy(known) == "relative L2 error 1.00e-09 at t = 2 against formula"
    assert accuracy({}) == "not known"
    assert bound({"between": [1, 2]}) == "between 1 and 2"
    assert bound({"equals": 1.0, "within": 0.1}) == "1 within 0.1"
    missing = {"metric": "m", "value": None, "below": 1, "holds": False, "why": "not there"}
    assert check_line(missing) == "FAILS: m is not there (below 1)"
    assert [duration(s) for s in (7.2, 95, 8000)] == ["7 s", "1 min 35 s", "2 h 13 min"]
