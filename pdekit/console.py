"""What a run shows on a terminal: progress with time left, then a short summary."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from pdekit.result import Result

QUIET_SECONDS = 10.0
"""Between two lines of progress where there is no terminal."""


class Watch:
    """An observer that shows progress on standard error and hears Ctrl-C."""

    def __init__(self, title: str, *, quiet: bool) -> None:
        self.title, self.quiet = title, quiet
        self.exit_status = 0
        self._stop = False
        self._began = self._last = time.monotonic()
        self._bar: Any = None
        self._part = ""

    def progress(self, done: float, message: str) -> None:
        """Move the bar, or print a line now and then."""
        if self.quiet:
            return
        now = time.monotonic()
        if message != self._part:
            self._part, self._began = message, now
        if sys.stderr.isatty():
            if now - self._last > 0.1:
                self._last = now
                self._animate(done, message)
        elif now - self._last > QUIET_SECONDS:
            self._last = now
            left = (now - self._began) * (1 - done) / done if done > 0 else float("nan")
            self.message(f"{message}: {100 * done:.0f} %, about {left:.0f} s left")

    def _animate(self, done: float, message: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(message, total=1.0)
        self._bar.update(self._task, completed=done, description=message)

    def message(self, text: str) -> None:
        """Print a sentence on standard error."""
        if not self.quiet:
            self.close()
            print(text, file=sys.stderr, flush=True)

    def stop_requested(self) -> bool:
        """Whether a signal has arrived."""
        return self._stop

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Ask the run to stop after this step; a second signal stops at once."""
        if self._stop:
            raise KeyboardInterrupt
        self._stop = True
        self.exit_status = 128 + number

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def summary(self, result: Result, folder: Path) -> None:
        """Print status, accuracy, invariants, checks and cost."""
        if not self.quiet:
            print("\n".join(lines(self.title, result, folder)))


@contextmanager
def watched(title: str, *, quiet: bool) -> Iterator[Watch]:
    """Watch a run: signals ask it to stop, the terminal is left tidy."""
    watch = Watch(title, quiet=quiet)
    before: dict[int, Any] = {}
    with suppress(ValueError):  # not in the main thread: no signals there
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, watch.hear)
    try:
        yield watch
    finally:
        watch.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def lines(title: str, result: Result, folder: Path | None = None) -> list[str]:
    """Sum up a run in a few lines."""
    summary = result.summary
    out = [f"{title}: {summary['status'].replace('_', ' ')}"]
    out += [f"  accuracy    {accuracy(summary['errors'])}"]
    drifts = [
        f"{name} {entry['drift']:.1e}" for name, entry in summary["invariants"].items()
    ]
    if drifts:
        out.append(f"  drift       {', '.join(drifts)}")
    for check in summary["checks"]:
        mark = "holds" if check["holds"] else "FAILS"
        value = "not available" if check["value"] is None else f"{check['value']:.4g}"
        out.append(f"  check       {mark}: {check['metric']} = {value} ({bound(check)})")
    cost, solver = summary["cost"], summary["solver"]
    out.append(
        f"  solver      {solver['integrator']}, {'x'.join(map(str, solver['points']))} points, "
        f"{cost['steps']} steps, {cost['transforms']} transforms"
    )
    out.append(
        f"  time        {cost['setup_s']:.2f} s set-up, {cost['solve_s']:.2f} s solving, "
        f"{cost['compare_s']:.2f} s comparing"
    )
    out += [f"  warning     {sentence}" for sentence in summary["warnings"]]
    if folder is not None:
        out.append(f"  written to  {folder}")
    return out


def accuracy(errors: dict[str, Any]) -> str:
    """Say how accurate a run is in one phrase."""
    if errors.get("relative_l2") is not None:
        return (
            f"relative L2 error {errors['relative_l2']:.2e} at t = {errors['compared_at']:g} "
            f"against {errors['reference']}"
        )
    if errors.get("error_estimate") is not None:
        return f"estimated relative L2 error {errors['error_estimate']:.1e} ({errors['estimator']})"
    return "not known (the run did not finish)"


def bound(check: dict[str, Any]) -> str:
    """Write the bound of a check."""
    if "below" in check:
        return f"below {check['below']:g}"
    if "above" in check:
        return f"above {check['above']:g}"
    if "between" in check:
        return f"between {check['between'][0]:g} and {check['between'][1]:g}"
    return f"{check['equals']:g} within {check['within']:g}"
