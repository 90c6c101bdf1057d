"""Time the planned transforms of every backend, interleaved in one process.

Run ``python -m pdekit.validation.benchmarks.fft_backends``. One thread, pinned to one core;
samples of 2 ms; the least of them is quoted, and the median where the machine was busy.
FFTW's estimated plans are timed beside the measured ones.
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass, field

import numpy as np

from pdekit import fft

CASES = (
    ("c2c", (512,)),
    ("c2c", (4096,)),
    ("r2c", (512,)),
    ("r2c", (4096,)),
    ("dst1", (255,)),
    ("dst1", (256,)),
    ("c2c", (256, 256)),
    ("r2c", (256, 256)),
    ("r2c", (64, 64, 64)),
)
ROUNDS = 20
SAMPLE_SECONDS = 2e-3
BUSY = 1.3  # median over minimum from which a row is not to be trusted


@dataclass
class Contender:
    """A plan and the seconds of its round trips."""

    name: str
    plan: fft.Plan
    error: float = 0.0
    repeats: int = 1
    seconds: list[float] = field(default_factory=list)

    def sample(self) -> float:
        """Seconds of one forward and inverse transform."""
        self.plan.physical[...] = 0.0  # round trips multiply by the size: values would grow
        forward, inverse = self.plan.forward, self.plan.inverse
        start = time.perf_counter()
        for _ in range(self.repeats):
            forward()
            inverse()
        return (time.perf_counter() - start) / self.repeats

    def warm_up(self) -> None:
        """Find the round-trip error on plane waves and how many calls make a sample."""
        waves = _plane_waves(self.plan.physical.shape)
        self.plan.physical[...] = waves
        self.plan.forward()
        self.plan.inverse()
        self.error = float(np.max(np.abs(self.plan.physical / self.plan.size - waves)))
        self.repeats = max(1, int(SAMPLE_SECONDS / self.sample()))


def main() -> None:
    """Print the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for kind, shape in CASES:
        for line in _rows(kind, shape):
            print(line, flush=True)


def _rows(kind: str, shape: tuple[int, ...]) -> list[str]:
    contenders = [
        Contender(name, fft.plan(shape, kind=kind, backend=name))
        for name in fft.available()
    ]
    estimated = fft.plan(shape, kind=kind, backend="pyfftw", reproducible=True)
    contenders.append(Contender("pyfftw estimate", estimated))
    for contender in contenders:
        contender.warm_up()
    for _ in range(ROUNDS):
        for contender in contenders:
            contender.seconds.append(contender.sample())
    fastest = min(min(c.seconds) for c in contenders)
    title = f"{kind} {'x'.join(map(str, shape))}"
    rows = [f"{title:16}{'us/pair':>10}{'ratio':>8}{'plan s':>8}{'error':>9}"]
    for c in sorted(contenders, key=lambda c: min(c.seconds)):
        best, median = min(c.seconds), statistics.median(c.seconds)
        row = f"  {c.name:14}{best * 1e6:10.2f}{best / fastest:8.2f}"
        row += f"{c.plan.info['planning_seconds']:8.3f}{c.error:9.1e}"
        rows.append(
            row + (f"  busy: median {median * 1e6:.2f}" if median > BUSY * best else "")
        )
    return rows


def _plane_waves(shape: tuple[int, ...]) -> np.ndarray:
    waves = np.ones(shape)
    for axis, n in enumerate(shape):
        x = 2 * np.pi * np.arange(n) / n
        line = np.cos(x + 0.1) + 0.5 * np.sin(3 * x + 0.2) + 0.2 * np.cos(n // 3 * x)
        waves = waves * line.reshape([n if i == axis else 1 for i in range(len(shape))])
    return waves


if __name__ == "__main__":
    main()
