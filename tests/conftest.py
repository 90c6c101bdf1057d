"""What every test runs under: strict floats, own folders, no screen, no network."""

# ruff: noqa: E402 (the environment is set before the libraries that read it)

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Read by libraries when they are first imported, and inherited by the commands tests start.
os.environ["MPLBACKEND"] = "agg"
for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_pool, "1")

import hypothesis
import numpy as np
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase

ROOT = Path(__file__).resolve().parents[1]

hypothesis.settings.register_profile(
    "pdekit",
    deadline=None,  # the first example may compile a kernel or plan a transform
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    database=DirectoryBasedExampleDatabase(ROOT / ".hypothesis"),
)
hypothesis.settings.load_profile("pdekit")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep plans and kernels out of the user's cache; parallel workers share them."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PDEKIT_CACHE_DIR", str(folder / "pdekit-cache"))
        yield


@pytest.fixture(autouse=True)
def _strict_floating_point() -> Iterator[None]:
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise OSError(f"tests do not use the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
