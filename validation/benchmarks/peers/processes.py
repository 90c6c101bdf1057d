"""Competitors as processes that wait until it is their turn to be timed."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Competitor:
    """A script of this folder, the module it needs, and what tells it from its like.

    ``scale`` multiplies the number of points it is given.
    """

    script: str
    module: str
    variables: dict[str, str] = field(default_factory=dict)
    scale: float = 1.0


class PeerError(Exception):
    """A competitor is missing, has failed or does not answer."""


def environment(threads: int, variables: dict[str, str]) -> dict[str, str]:
    """Return the environment of a process that may use so many threads."""
    multi = "false" if threads == 1 else "true"
    counts = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")
    return {
        **os.environ,
        **{f"{name}_NUM_THREADS": str(threads) for name in counts},
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={multi} "
        f"intra_op_parallelism_threads={threads}",
        "JAX_PLATFORMS": "cpu",
        "PDEKIT_THREADS": str(threads),
        **variables,
    }


def interpreter(competitor: Competitor, candidates: Sequence[str]) -> str:
    """Return the first interpreter that has what a competitor needs."""
    if competitor.module == "pdekit":
        return sys.executable
    find = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"
    for python in candidates:
        try:
            done = subprocess.run([python, "-c", find, competitor.module], check=False)
        except OSError as error:
            raise PeerError(f"{python}: {error}") from error
        if done.returncode == 0:
            return python
    raise PeerError("missing")


class PeerProcess:
    """One competitor at work on one problem: set up, result saved, ready for samples."""

    def __init__(
        self,
        competitor: Competitor,
        python: str,
        arguments: Sequence[str],
        *,
        threads: int,
        limit_s: float,
    ) -> None:
        self._limit = limit_s
        self._errors = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - till close
        script = str(FOLDER / competitor.script)
        self._process = subprocess.Popen(
            [python, script, *arguments, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(threads, competitor.variables),
            text=True,
        )
        self.samples: list[float] = []
        self.record: dict[str, Any] = self._answer(dict)

    def sample(self) -> None:
        """Time one sample."""
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.samples.append(float(self._answer(float)))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self, kind: type) -> Any:
        """Return the next line that is JSON of this kind; some peers print other things."""
        stream = self._process.stdout
        assert stream  # noqa: S101
        while True:
            ready, _, _ = select.select([stream], [], [], self._limit)
            line = stream.readline() if ready else ""
            if not line:
                self._fail("no answer in time" if not ready else "")
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if isinstance(answer, kind):
                return answer

    def _fail(self, reason: str) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.seek(0)
        said = self._errors.read().strip().splitlines()
        self._errors.close()
        raise PeerError(reason or (said[-1] if said else "ended without a word"))
