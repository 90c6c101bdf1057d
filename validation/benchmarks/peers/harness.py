"""What every peer does alike: read the command line, time, answer in JSON.

A peer hands over a table of functions, one per case, each of which sets a problem up and
returns a :class:`Run`. The first call and the rest of the set-up are timed apart. With
``--serve`` the process stays and times a sample for every line that it is sent, so that a
driver can take the competitors in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from problems import EQUATIONS, Problem  # type: ignore[import-not-found]

WARM_UP = 100
LONGEST = 2000
"""Steps between two returns to the initial values, so that no sample leaves the problem."""


@dataclass(frozen=True)
class Run:
    """A problem set up by a peer.

    ``start()`` returns the state at the initial time, ``advance(state, n)`` the state ``n``
    steps later when all work is done, and ``values(state)`` its field in the layout of
    `Problem.initial`. A state may be the same object all along.
    """

    start: Callable[[], Any]
    advance: Callable[[Any, int], Any]
    values: Callable[[Any], np.ndarray]
    scheme: str
    note: str = ""


def main(
    peer: str,
    version: str,
    cases: Mapping[str, Callable[[Problem], Run]],
    *,
    batched: bool = False,
) -> None:
    """Run the command line of a peer; ``batched`` if it takes many samples at once."""
    options = _options(cases)
    if options.members and not batched:
        sys.exit(f"{peer} advances one sample at a time")
    problem = Problem(
        options.case, options.points, options.step, options.steps, options.members
    )
    began = time.perf_counter()
    run = cases[options.case](problem)
    state = run.advance(run.start(), 1)
    compile_s = time.perf_counter() - began
    state = run.advance(run.start(), options.steps)
    result = np.asarray(run.values(state))
    if options.save:
        np.save(options.save, result)
    run.advance(run.start(), max(1, options.warm_up - options.steps))
    count = _count(run, options.sample_s)
    times = [sample(run, count) for _ in range(options.repeats)]
    record = {
        "peer": peer,
        "version": version,
        "scheme": run.scheme,
        "case": options.case,
        "equation": EQUATIONS[options.case],
        "points": options.points,
        "members": options.members,
        "step": options.step,
        "steps": options.steps,
        "seconds_per_step": min(times, default=None),
        "median_s": statistics.median(times) if times else None,
        "sample_steps": count,
        "compile_s": compile_s,
        "finite": bool(np.isfinite(result).all()),
        "note": run.note,
        "result": options.save,
    }
    print(json.dumps(record), flush=True)
    if options.serve:
        for _ in sys.stdin:
            print(json.dumps(sample(run, count)), flush=True)


def sample(run: Run, count: int) -> float:
    """Return the seconds per step of ``count`` steps from the initial values."""
    state = run.start()
    began = time.perf_counter()
    run.advance(state, count)
    return (time.perf_counter() - began) / count


def _count(run: Run, seconds: float) -> int:
    """Return the number of steps that last about as long as a sample should."""
    count = 1
    while count < LONGEST and (spent := count * sample(run, count)) < seconds:
        count = min(LONGEST, max(2 * count, int(0.8 * count * seconds / spent)))
    return count


def _options(cases: Mapping[str, Callable[[Problem], Run]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=sorted(cases))
    parser.add_argument("--points", type=int, required=True, help="along every axis")
    parser.add_argument("--step", type=float, required=True)
    parser.add_argument("--steps", type=int, required=True, help="steps to the result")
    parser.add_argument("--members", type=int, default=0, help="samples of a batch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=WARM_UP)
    parser.add_argument("--sample-s", type=float, default=0.05)
    parser.add_argument("--save", default=None, help="file for the result, .npy")
    parser.add_argument(
        "--serve", action="store_true", help="one more sample per line read"
    )
    return parser.parse_args()
