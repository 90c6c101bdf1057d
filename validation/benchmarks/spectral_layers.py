"""The spectral convolution of pdekit and that of neuraloperator, in turn, on one core.

    python -m pdekit.validation.benchmarks.spectral_layers --peers-python peers/bin/python

Every competitor is a process of its own. Times are those of forward and backward in single
precision, the least over the rounds, in milliseconds; ``ratio`` is neuraloperator over the
path that pdekit chooses, and ``difference`` the largest of the results relative to the
largest number (neuraloperator puts the modes of an axis of odd length one place off).
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pdekit.validation.benchmarks._timing import table
from pdekit.validation.benchmarks.peers.processes import (
    Competitor,
    PeerError,
    PeerProcess,
    interpreter,
)

SCRIPT = "spectral_layer_peer.py"
PROGRAMS = {
    "neuraloperator": (Competitor(SCRIPT, "neuralop"), ("neuraloperator", "auto")),
    "auto": (Competitor(SCRIPT, "pdekit"), ("pdekit", "auto")),
    "fft": (Competitor(SCRIPT, "pdekit"), ("pdekit", "fft")),
    "matmul": (Competitor(SCRIPT, "pdekit"), ("pdekit", "matmul")),
    "hybrid": (Competitor(SCRIPT, "pdekit"), ("pdekit", "hybrid")),
}


@dataclass(frozen=True)
class Case:
    """Sizes of the grid, modes along each axis, channels and batch."""

    sizes: tuple[int, ...]
    modes: int
    channels: int = 32
    batch: int = 8

    def __str__(self) -> str:
        """Return the first column of the table."""
        sizes = "×".join(map(str, self.sizes))
        return f"{sizes}, m {self.modes}, C {self.channels}, B {self.batch}"


CASES = {
    "64": Case((64, 64), 12),
    "85": Case((85, 85), 12),
    "128": Case((128, 128), 12),
    "256": Case((256, 256), 12),
    "43": Case((43, 43), 8, 20, 10),
    "64-m16": Case((64, 64), 16, 24, 8),
    "64-one": Case((64, 64), 8, 64, 1),
    "128-m32": Case((128, 128), 32, 64, 4),
    "1d": Case((1024,), 16, 64, 20),
    "3d": Case((32, 32, 32), 8, 20, 2),
}


def measure(case: Case, given: argparse.Namespace, folder: Path) -> list[str]:
    """Return one row of the table."""
    files = {name: folder / f"{name}.npy" for name in given.only}
    with contextlib.ExitStack() as stack:
        processes = {}
        for name in given.only:
            competitor, (program, path) = PROGRAMS[name]
            words = ["--program", program, "--path", path, "--save", str(files[name])]
            words += ["--sizes", *map(str, case.sizes), "--modes", str(case.modes)]
            words += ["--channels", str(case.channels), "--batch", str(case.batch)]
            python = interpreter(competitor, given.peers_python)
            process = PeerProcess(competitor, python, words, threads=1, limit_s=120)
            stack.callback(process.close)
            processes[name] = process
        for _ in range(given.rounds):
            for process in processes.values():
                process.sample()
    best = {name: 1e3 * min(process.samples) for name, process in processes.items()}
    row = [str(case), *(f"{best[name]:.2f}" for name in given.only)]
    if {"neuraloperator", "auto"} <= best.keys():
        theirs, ours = (np.load(files[name]) for name in ("neuraloperator", "auto"))
        difference = np.abs(theirs - ours).max() / np.abs(ours).max()
        row += [f"{best['neuraloperator'] / best['auto']:.2f}", f"{difference:.1e}"]
    return row


def main() -> None:
    """Measure the cases named and print their table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--peers-python", action="append", default=[])
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    head = ["forward + backward, ms", *given.only]
    if {"neuraloperator", "auto"} <= set(given.only):
        head += ["ratio", "difference"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.cases:
            try:
                rows.append(measure(CASES[name], given, Path(folder)))
            except PeerError as error:
                sys.exit(f"{name}: {error}")
    print(table(head, rows))


if __name__ == "__main__":
    main()
