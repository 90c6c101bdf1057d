"""Wall time of whole commands, from launch to exit: best of several.

    python -m pdekit.validation.benchmarks.start_up

The first run of all has an empty cache: it compiles kernels and plans transforms.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pdekit.validation.benchmarks._timing import table

RUN = ("run", "nlse/single_soliton", "--quiet", "--overwrite", "--out")


def seconds(arguments: tuple[str, ...], environment: dict[str, str], repeats: int) -> float:
    """Return the shortest wall time of a command."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        command = [sys.executable, "-m", "pdekit", *arguments]
        subprocess.run(command, check=True, env=environment, capture_output=True)
        best = min(best, time.perf_counter() - began)
    return best


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PDEKIT_CACHE_DIR": str(Path(folder, "cache"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        out = str(Path(folder, "out"))
        bare = (*RUN, out, "--no-figures")
        seconds(("--help",), environment, 1)  # byte code of what is installed
        rows = [
            ["run, empty cache, no figures", f"{seconds(bare, environment, 1):.2f} s"],
            ["run, no figures", f"{seconds(bare, environment, 5):.2f} s"],
            ["run with figures", f"{seconds((*RUN, out), environment, 5):.2f} s"],
            ["--help", f"{seconds(('--help',), environment, 9):.2f} s"],
        ]
    print(table(["command", "wall time"], rows))


if __name__ == "__main__":
    main()
