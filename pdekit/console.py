"""What a run shows on a terminal: progress with time left, then a short summary."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

QUIET_SECONDS = 10.0
"""Between two lines of progress where there is no terminal."""
FRAME_SECONDS = 0.1
"""Between two pictures of the bar."""


class Watch:
    """An observer that shows progress on standard error and hears Ctrl-C."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.signal: int | None = None
        self._began = self._last = time.monotonic()
        self._bar: Any = None
        self._part, self._first = "", 0.0

    def progress(self, done: float, message: str, detail: str = "") -> None:
        """Move the bar, or print a line now and then."""
        if self.quiet:
            return
        now = time.monotonic()
        if message != self._part:
            self._part, self._began, self._first = message, now, done
        if sys.stderr.isatty():
            if now - self._last > FRAME_SECONDS:
                self._last = now
                self._animate(done, f"{message} {detail}".rstrip())
        elif now - self._last > QUIET_SECONDS:
            self._last = now
            how = f" {detail}" if detail else ""
            self.message(f"{message}: {100 * done:.0f} %{self._left(done, now)}{how}")

    def _left(self, done: float, now: float) -> str:
        """Say how long this part will take at the pace so far."""
        gained = done - self._first
        if gained <= 0:
            return ""
        seconds = (now - self._began) * (1 - done) / gained
        return f", about {duration(seconds)} left"

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
        """Write a sentence to standard error."""
        if not self.quiet:
            self.close()
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def stop_requested(self) -> bool:
        """Whether a signal has arrived."""
        return self.signal is not None

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Ask the run to stop after this step; a second signal stops at once."""
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def watched(*, quiet: bool) -> Iterator[Watch]:
    """Watch runs: signals ask them to stop, the terminal is left tidy."""
    watch = Watch(quiet=quiet)
    before: dict[int, Any] = {}
    with suppress(ValueError):  # not in the main thread: no signals there
        for number in (int(signal.SIGINT), int(signal.SIGTERM)):
            before[number] = signal.signal(number, watch.hear)
    try:
        yield watch
    finally:
        watch.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def lines(summary: dict[str, Any], folder: Path | None = None) -> list[str]:
    """Sum up a run in a few lines."""
    title = summary["title"] or summary["case"]
    out = [f"{title}: {summary['status'].replace('_', ' ')}"]
    if summary.get("task") != "evaluate":
        out.append(f"  accuracy    {accuracy(summary['errors'])}")
    drifts = [f"{name} {i['drift']:.1e}" for name, i in summary["invariants"].items()]
    if drifts:
        out.append(f"  drift       {', '.join(drifts)}")
    out += [f"  check       {check_line(check)}" for check in summary["checks"]]
    out += _DETAILS.get(summary.get("task", ""), _solved)(summary)
    out += [f"  warning     {sentence}" for sentence in summary["warnings"]]
    if folder is not None:
        out.append(f"  written to  {folder}")
    return out


def _solved(summary: dict[str, Any]) -> list[str]:
    """Say how an equation was solved, and how long it took."""
    out: list[str] = []
    cost, solver = summary["cost"], summary["solver"]
    points = "x".join(map(str, solver["points"]))
    members = f" x {solver['members']} members" if solver["members"] > 1 else ""
    if "convergence" in summary:
        out += _linear(summary, points)
        out += _guess(summary)
    else:
        how = solver["integrator"]
        if guess := summary.get("prediction"):
            after = f"corrected by {how}" if guess["finish"] else "rolled out"
            how = f"{guess['model']} {after}"
        out.append(
            f"  solver      {how}, {points} points{members}, "
            f"{cost['steps']} steps, {cost['transforms']} transforms"
        )
    out.append(
        f"  time        {cost['setup_s']:.2f} s set-up, {cost['solve_s']:.2f} s solving, "
        f"{cost['compare_s']:.2f} s comparing"
    )
    return out


def _samples(summary: dict[str, Any]) -> list[str]:
    """Say what a data set holds, how it was solved, and how long it took."""
    cost, solver, stored = summary["cost"], summary["solver"], summary["stored"]
    points, solved = ("x".join(map(str, each["points"])) for each in (stored, solver))
    how = solver.get("integrator") or solver.get("method")
    counts = ", ".join(f"{n} {split}" for split, n in summary["samples"].items())
    each = (
        f" ({cost['solve_s'] / cost['samples']:.3g} s a sample)" if cost["samples"] else ""
    )
    return [
        f"  samples     {counts}; {', '.join(stored['fields'])} on {points} points, "
        f"{stored['frames']} frames, {stored['dtype']}",
        f"  solver      {solver['solver']}, {how}, {solved} points",
        f"  time        {cost['setup_s']:.2f} s set-up, {cost['solve_s']:.2f} s solving"
        f"{each}, {cost['compare_s']:.2f} s comparing",
    ]


def _trained(summary: dict[str, Any]) -> list[str]:
    """Say what was trained on what, how long it took, and how sure the error is."""
    model, cost, data = summary["model"], summary["cost"], summary["data"]
    points = "x".join(map(str, model["points"]))
    counts = ", ".join(f"{n} {split}" for split, n in data["counts"].items())
    out = [
        f"  model       {model['name']}, {model['parameters']} parameters, {points} points",
        f"  data        {data['name']}: {counts}",
        f"  time        {cost['setup_s']:.2f} s set-up, {cost['data_s']:.2f} s data, "
        f"{cost['train_s']:.2f} s training, {cost['epochs']} epochs",
    ]
    seeds, errors = summary["seeds"], summary["errors"]
    if interval := errors.get("test_relative_l2_interval"):
        low, high = interval
        out.insert(0, f"  interval    {low:.2e} to {high:.2e} (95 %, over samples)")
    if "std" in seeds:
        out.insert(0, f"  seeds       {seeds['mean']:.2e} ± {seeds['std']:.1e} of "
                      f"{seeds['count']}")  # fmt: skip
    return out


def _evaluated(summary: dict[str, Any]) -> list[str]:
    """Say who wins, in the words of the report."""
    from pdekit.comparison.report import sentences

    out = [f"  result      {sentence}" for sentence in sentences(summary)]
    return [*out, f"  time        {summary['cost']['total_s']:.1f} s on one thread"]


_DETAILS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "dataset": _samples,
    "train": _trained,
    "evaluate": _evaluated,
}
"""What is told of a task besides its accuracy and its checks."""


def _linear(summary: dict[str, Any], points: str) -> list[str]:
    """Say how the linear systems were solved."""
    solver, found, cost = summary["solver"], summary["convergence"], summary["cost"]
    stepped = f"{solver['integrator']}, {cost['steps']} steps, " if cost["steps"] else ""
    name = solver["description"] or solver["name"]
    if solver["name"] == "gp_hm":
        return [
            f"  solver      {name}, {points} points",
            f"  residual    {found['relative_residual'] or float('nan'):.1e} after "
            f"{found['iterations']} steps",
        ]
    if solver["name"] == "gp":
        return [f"  solver      {name}, {points} points", *_between_nodes(found)]
    worst = found["relative_residual"]
    if found["tolerance"] is None:
        residual = "not finite" if worst is None else f"{worst:.1e} of the right-hand side"
        return [f"  solver      {name}, {points} points", f"  residual    {residual}"]
    out = [
        f"  solver      {stepped}{name}, {points} points",
        f"  residual    {worst:.1e} (tolerance {found['tolerance']:g}), "
        f"{found['iterations']} iterations, {found['matvecs']} products with A",
    ]
    return out + [f"  event       {sentence}" for sentence in found["events"]]


def _guess(summary: dict[str, Any]) -> list[str]:
    """Say what a model predicted, and what the solver gained from it."""
    guess = summary.get("prediction")
    if guess is None or guess["finish"] is None:
        return []
    if not guess["used"]:
        return [f"  prediction  {guess['model']}: not used, {guess['why_not']}"]
    error = "" if guess["relative_l2"] is None else f", error {guess['relative_l2']:.1e}"
    without = guess["without"]
    saved = without if isinstance(without, str) else without["iterations"]
    return [
        f"  prediction  {guess['model']}: residual {guess['relative_residual']:.1e}"
        f"{error}; iterations without it: {saved}"
    ]


def _between_nodes(found: dict[str, Any]) -> list[str]:
    """Say how well the equation holds that a Gaussian process was conditioned on."""
    if "midpoint_residual" not in found:
        return []
    return [
        f"  residual    {found['midpoint_residual']:.1e} between the nodes, "
        f"{found['relative_residual']:.1e} at them (asked for {found['tolerance']:g}), "
        f"{len(found['tried'])} bases tried"
    ]


def accuracy(errors: dict[str, Any]) -> str:
    """Say how accurate a run is in one phrase."""
    if errors.get("relative_l2") is not None:
        at = f"at t = {errors['compared_at']:g} " if "compared_at" in errors else ""
        order = errors.get("observed_order")
        seen = "" if order is None else f", observed order {order:.2f}"
        return (
            f"relative L2 error {errors['relative_l2']:.2e} "
            f"{at}against {errors['reference']}{seen}"
        )
    if errors.get("error_estimate") is not None:
        size, how = errors["error_estimate"], errors["estimator"]
        return f"estimated relative L2 error {size:.1e} ({how})"
    if errors.get("algebraic_error_bound") is not None:
        bound = errors["algebraic_error_bound"]
        return f"not known; the linear system is solved up to {bound:.1e}"
    return "not known"


def check_line(check: dict[str, Any]) -> str:
    """Write one check: whether it holds, what was found, what was expected."""
    name = check["metric"]
    if "label" in check:
        name = f"{check['label']}: {name}"
    if "at" in check:
        at = check["at"]
        name += f" ({at})" if isinstance(at, str) else f" (t = {at:g})"
    if check["value"] is None:
        return f"FAILS: {name} is {check.get('why', 'not known')} ({bound(check)})"
    mark = "holds" if check["holds"] else "FAILS"
    return f"{mark}: {name} = {check['value']:.6g} ({bound(check)})"


def bound(check: dict[str, Any]) -> str:
    """Write the bound of a check."""
    if "below" in check:
        return f"below {check['below']:g}"
    if "above" in check:
        return f"above {check['above']:g}"
    if "between" in check:
        return f"between {check['between'][0]:g} and {check['between'][1]:g}"
    return f"{check['equals']:g} within {check['within']:g}"


def duration(seconds: float) -> str:
    """Write a time span the way one says it.

    >>> duration(7.2), duration(95), duration(8000)
    ('7 s', '1 min 35 s', '2 h 13 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
