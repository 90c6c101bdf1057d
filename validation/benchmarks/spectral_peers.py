"""pdekit and other spectral programs on the same problems, in turn, on one core.

    python -m pdekit.validation.benchmarks.spectral_peers ns2d ns3d \
        --peers-python peers/bin/python --peers-python peers-mpi/bin/python

Every competitor is a process of its own (`peers/`), set up before it is timed, with the
same initial values, step and number of steps. A round takes a sample of each in turn; the
minimum over the rounds is quoted. ``error`` is the relative L² distance of the result from
that of pdekit with a quarter of the step; ``their reference`` tells how far exponax, with a
quarter of the step, is from it. ``pdekit, 3N/2`` has as many modes as a program that pads.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pdekit.reference import relative_l2
from pdekit.validation.benchmarks._timing import table
from pdekit.validation.benchmarks.peers.problems import Problem, soliton
from pdekit.validation.benchmarks.peers.processes import (
    PeerError,
    PeerProcess,
    interpreter,
)
from pdekit.validation.benchmarks.peers.tables import (
    COMPETITORS,
    ORDER,
    ORDER_STEPS,
    OURS,
    TABLES,
    Row,
)


class Comparison:
    """One row measured: all competitors set up, then sampled in turn."""

    def __init__(self, row: Row, options: argparse.Namespace, folder: Path) -> None:
        self.row, self.options, self.folder = row, options, folder
        self.missing: dict[str, str] = {}

    def open(
        self, name: str, problem: Problem, file: Path, *, repeats: int = 0, warm: int = 0
    ) -> PeerProcess:
        """Set a competitor up; its result is in the file."""
        competitor = COMPETITORS[name]
        arguments = {
            "--points": round(problem.points * competitor.scale),
            "--step": problem.step,
            "--steps": problem.steps,
            "--members": problem.members,
            "--repeats": repeats,
            "--warm-up": warm,
            "--sample-s": self.options.sample_s if warm else 0.0,
            "--save": file,
        }
        words = [str(word) for pair in arguments.items() for word in pair]
        return PeerProcess(
            competitor,
            interpreter(competitor, self.options.peers_python),
            [problem.case, *words],
            threads=self.options.threads,
            limit_s=self.options.limit_s,
        )

    def result(self, name: str, problem: Problem) -> np.ndarray:
        """Return what a competitor makes of a problem, without timing it."""
        file = self.folder / "result.npy"
        self.open(name, problem, file).close()
        return np.asarray(np.load(file))

    def measure(self) -> dict[str, Any]:
        """Return times, errors and what is missing."""
        problem = self.row.problem
        with contextlib.ExitStack() as stack:
            processes = self._set_up(stack)
            for _ in range(self.options.rounds):
                for process in processes.values():
                    process.sample()
        finer = Problem(
            problem.case,
            problem.points,
            problem.step / 4,
            4 * problem.steps,
            problem.members,
        )
        reference = self.result(OURS, finer)
        entries = [self._entry(n, p, reference) for n, p in processes.items()]
        first = next(e["seconds_per_step"] for e in entries if e["name"] == OURS)
        for entry in entries:
            entry["ratio"] = entry["seconds_per_step"] / first
        return {
            "problem": vars(problem),
            "their_reference": self._their_reference(finer, reference),
            "entries": entries,
            "missing": self.missing,
        }

    def _set_up(self, stack: contextlib.ExitStack) -> dict[str, PeerProcess]:
        processes = {}
        for number, name in enumerate(self.row.names):
            if self.options.only and name not in (OURS, *self.options.only):
                continue
            file = self.folder / f"{number}.npy"
            try:
                process = self.open(name, self.row.problem, file, warm=self.options.warm_up)
            except PeerError as error:
                if name == OURS:
                    raise
                self.missing[name] = str(error)
                continue
            stack.callback(process.close)
            processes[name] = process
        return processes

    def _entry(
        self, name: str, process: PeerProcess, reference: np.ndarray
    ) -> dict[str, Any]:
        """Return the figures of one competitor."""
        found = np.load(process.record["result"])
        median, best = statistics.median(process.samples), min(process.samples)
        return {
            **process.record,
            "name": name,
            "seconds_per_step": best,
            "median_s": median,
            "error": relative_l2(resampled(found, reference.shape), reference),
        }

    def _their_reference(self, finer: Problem, reference: np.ndarray) -> float | None:
        """Return how far the quarter-step result of exponax is from ours."""
        try:
            return relative_l2(self.result("exponax", finer), reference)
        except PeerError:
            return None


def resampled(u: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return fields of a line on fewer points, by truncation of their Fourier series."""
    if u.shape == shape:
        return u
    n = shape[-1]
    u_hat = np.fft.rfft(u)[..., : n // 2 + 1] * (n / u.shape[-1])
    return np.fft.irfft(u_hat, n)


def order_table(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the errors of a soliton at t = 1 against the number of steps."""
    errors: dict[str, list[float]] = {}
    missing = {}
    for name in ORDER:
        if options.only and name not in (OURS, *options.only):
            continue
        try:
            errors[name] = [_soliton_error(name, n, options, folder) for n in ORDER_STEPS]
        except PeerError as error:
            missing[name] = str(error)
    return {"steps": ORDER_STEPS, "errors": errors, "missing": missing}


def _soliton_error(
    name: str, steps: int, options: argparse.Namespace, folder: Path
) -> float:
    problem = Problem("kdv", 256, 1.0 / steps, steps)
    found = Comparison(Row(problem, (name,)), options, folder).result(name, problem)
    (x,) = problem.points_of_axes
    return float(relative_l2(found, soliton(x, t=1.0)[None]))


def show_order(found: dict[str, Any]) -> str:
    """Lay the errors out, with the order between the last two numbers of steps."""
    head = ["KdV soliton, t = 1", *[f"{n} steps" for n in found["steps"]], "order"]
    lines = []
    for name, errors in found["errors"].items():
        # the floor of the grid is 1.5e-8: the mean order is seen above it
        above = [e for e in errors if e > 1e-7]
        doublings = len(above) - 1
        order = (
            f"{math.log2(above[0] / above[-1]) / doublings:.2f}" if doublings > 0 else ""
        )
        lines.append([name, *[f"{e:.1e}" for e in errors], order])
    return "\n".join([table(head, lines), *_missing(found)])


def show(found: dict[str, Any]) -> str:
    """Lay one row out."""
    p = found["problem"]
    batch = f" x {p['members']} samples" if p["members"] else ""
    title = f"{p['case']}, N = {p['points']}{batch}, {p['steps']} steps of {p['step']:g}"
    head = [title, "scheme", "time per step", "times pdekit's", "error", "set-up", "median"]
    lines = [
        [
            e["name"],
            e["scheme"],
            f"{1e6 * e['seconds_per_step']:.1f} us",
            f"{e['ratio']:.2f}",
            f"{e['error']:.1e}",
            f"{e['compile_s']:.1f} s",
            f"{e['median_s'] / e['seconds_per_step']:.2f}",
        ]
        for e in found["entries"]
    ]
    theirs = found["their_reference"]
    note = [] if theirs is None else [f"their reference: {theirs:.1e}"]
    return "\n".join([table(head, lines), *_missing(found), *note])


def _missing(found: dict[str, Any]) -> list[str]:
    return [f"{name}: {reason}" for name, reason in found["missing"].items()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the tables asked for."""
    options = _options(arguments)
    if hasattr(os, "sched_setaffinity"):  # inherited by the competitors
        os.sched_setaffinity(0, range(options.core, options.core + options.threads))
    found: dict[str, Any] = {"python": sys.version, "threads": options.threads}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title in options.tables:
            if title == "kdv_order":
                found[title] = order_table(options, folder)
                print(show_order(found[title]), flush=True)
                continue
            found[title] = []
            for row in TABLES[title]:
                if options.points and row.problem.points not in options.points:
                    continue
                found[title].append(Comparison(row, options, folder).measure())
                print(show(found[title][-1]), end="\n\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*TABLES, "kdv_order"]
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(names))
    parser.add_argument(
        "--peers-python", action="append", default=[], help="interpreter; repeatable"
    )
    parser.add_argument("--only", action="append", default=[], help="a peer; repeatable")
    parser.add_argument("--points", type=int, action="append", help="only these sizes")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--sample-s", type=float, default=0.05)
    parser.add_argument("--warm-up", type=int, default=100, help="steps before timing")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--core", type=int, default=0, help="the first one used")
    parser.add_argument("--limit-s", type=float, default=1800.0, help="to set a peer up")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args(arguments)
    options.tables = options.tables or names
    if unknown := set(options.tables) - set(names):
        parser.error(f"unknown table {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    main()
