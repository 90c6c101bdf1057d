"""Where the time of a pseudo-spectral step goes, in one run.

    python -m pdekit.validation.benchmarks.spectral_throughput

Each step is set beside the real transforms it contains, executed bare by the best planned
library without any truncation; then two threads, single precision, the multistep scheme,
the same step on whole torch tensors, the memory that a step needs, and the rate at which it
would move its data if nothing stayed in a cache.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from pdekit import Grid, fft, registry, spectral, threads
from pdekit.engine import make_engine
from pdekit.stepping import System
from pdekit.validation.benchmarks._timing import interleaved, table

STEP = 1e-3
PER_EVALUATION = {"kuramoto_sivashinsky": (1, 1), "navier_stokes_2d": (2, 2),
                  "navier_stokes_3d": (3, 5)}  # fmt: skip
"""Transforms back and forward."""
PLACES = (
    *(("kuramoto_sivashinsky", (n,)) for n in (512, 4096)),
    *(("navier_stokes_2d", (n, n)) for n in (256, 512, 1024)),
    *(("navier_stokes_3d", (n,) * 3) for n in (64, 128)),
)


class March:
    """A flow that is advanced by some steps whenever it is called."""

    def __init__(
        self, name: str, shape: tuple[int, ...], scheme: str = "ifrk4",
        engine: str = "fused", precision: str = "double", workers: int = 1,
    ) -> None:  # fmt: skip
        self.grid = Grid.periodic(shape, ((0.0, 2 * np.pi),) * len(shape))
        equation = registry.equation(name)()
        self.workers = workers
        arrays = make_engine(
            engine, self.grid, channels=len(equation.fields), precision=precision,
            workers=workers,
        )  # fmt: skip
        mask = spectral.mask(equation.dealias, self.grid, real=True)
        system = System(equation, self.grid, arrays, start=0.0, end=1e3, mask=mask)
        self.stepper = registry.integrator(scheme).start(system, int(1e3 / STEP))
        self.steps = max(4, int(4e5 / self.grid.size))
        with threads.limit(workers):
            self.state = self.stepper.start(self._start(len(equation.fields)))
            self.state = self.stepper.advance(self.state, 1e3, 4)

    def _start(self, channels: int) -> Any:
        rng = np.random.default_rng(0)
        points = self.grid.points()
        waves = [
            np.cos(sum((i + 1 + c) * x for i, x in enumerate(points)) + c)
            for c in range(channels)
        ]
        noise = 1e-3 * rng.standard_normal((channels, *self.grid.shape))
        return (np.stack(np.broadcast_arrays(*waves)) + noise)[None]

    def __call__(self) -> None:
        """Advance."""
        with threads.limit(self.workers):
            self.state = self.stepper.advance(self.state, 1e3, self.steps)

    @property
    def held(self) -> float:
        """Memory of the step's arrays, in fields of real numbers."""
        p = self.stepper.program
        arrays = [*p.arrays.values(), *self.stepper._weights.values(), *p._given.values()]
        total = sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
        return float(total / (8 * self.grid.size))

    @property
    def traffic(self) -> float:
        """Bytes that one step has to read and write if nothing stays in a cache.

        Columns and slabs of every transform once each way, and what the stages name.
        """
        p = self.stepper.program
        rhs, hat = p.rhs, p._buffers.hat
        fields = (rhs.inputs + rhs.outputs) * hat.nbytes // hat.shape[2]
        total = 0
        for stage in p.stages:
            named = [n for n in (*stage.takes, *stage.into) if n not in ("n", "w")]
            weights = self.stepper._weights
            sizes = [p.arrays[n].nbytes if n in p.arrays else np.asarray(weights[n]).nbytes
                     for n in named]  # fmt: skip
            total += 2 * fields + sum(sizes)
        return float(total)


class Bare:
    """The transforms of one step of four evaluations, full and unscaled."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        back, forth = PER_EVALUATION[name]
        axes = tuple(range(1, len(shape) + 1))
        self.back = fft.plan((back, *shape), axes=axes, kind="r2c")
        self.forth = fft.plan((forth, *shape), axes=axes, kind="r2c")
        self.steps = max(1, int(1e5 / np.prod(shape)))

    def __call__(self) -> None:
        """Run the transforms of some steps."""
        for _ in range(4 * self.steps):
            self.back.inverse()
            self.forth.forward()


def copy_bandwidth() -> float:
    """Return the bytes per second that a large copy reads and writes."""
    a, b = np.ones(1 << 24), np.ones(1 << 24)
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        np.copyto(b, a)
        best = min(best, time.perf_counter() - began)
    return 2 * a.nbytes / best


def row(name: str, shape: tuple[int, ...]) -> list[str]:
    """Measure one problem."""
    big = np.prod(shape) >= 1 << 16
    plain = March(name, shape)
    marches: dict[str, March | Bare] = {
        "step": plain,
        "bare": Bare(name, shape),
        "ab3": March(name, shape, "ifab3"),
        "single": March(name, shape, precision="single"),
    }
    if big:
        marches["two"] = March(name, shape, workers=2)
    marches["torch"] = March(name, shape, engine="torch")
    spent = interleaved(marches, rounds=12)
    each = {key: spent[key] / marches[key].steps for key in spent}
    step = each["step"]

    def ratio(key: str) -> str:
        return f"{each[key] / step:.2f}" if key in each else "–"

    return [
        name, "×".join(map(str, shape)), f"{step * 1e3:.4g}", f"{step / each['bare']:.2f}",
        f"{step / each['two']:.2f}" if "two" in each else "–",
        ratio("single"), ratio("ab3"), ratio("torch"), f"{plain.held:.1f}",
        f"{plain.traffic / step / 1e9:.1f}",
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    rows = [row(name, shape) for name, shape in PLACES]
    head = ["equation", "points", "IFRK4 step, ms", "over its bare transforms",
            "speed-up by two threads", "single precision", "IFAB3", "torch, CPU",
            "memory, fields", "GB/s"]  # fmt: skip
    print(table(head, rows))
    print(f"\ncopy bandwidth {copy_bandwidth() / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
