"""Who takes part in which comparison, and on which problems."""

from __future__ import annotations

from dataclasses import dataclass

from pdekit.validation.benchmarks.peers.problems import Problem
from pdekit.validation.benchmarks.peers.processes import Competitor

OURS = "pdekit"
COMPETITORS = {
    OURS: Competitor("ours.py", "pdekit"),
    "pdekit, ifrk4": Competitor("ours.py", "pdekit", {"PDEKIT_INTEGRATOR": "ifrk4"}),
    "pdekit, ifab3": Competitor("ours.py", "pdekit", {"PDEKIT_INTEGRATOR": "ifab3"}),
    "pdekit, 3N/2": Competitor("ours.py", "pdekit", scale=1.5),
    "exponax": Competitor("exponax_peer.py", "exponax"),
    "fluidsim": Competitor("fluidsim_peer.py", "fluidsim"),
    "fluidsim, fftw": Competitor("fluidsim_peer.py", "fluidfft_fftw", {"FLUIDFFT": "fftw"}),
    "jax-cfd": Competitor("jax_cfd_peer.py", "jax_cfd"),
    "torch-cfd": Competitor("torch_cfd_peer.py", "torch_cfd"),
    "shenfun": Competitor("shenfun_peer.py", "shenfun"),
    "dedalus": Competitor("dedalus_peer.py", "dedalus"),
    "py-pde": Competitor("pypde_peer.py", "pde"),
}
PLANE = (
    OURS, "pdekit, ifrk4", "pdekit, ifab3", "exponax", "fluidsim", "fluidsim, fftw",
    "jax-cfd", "torch-cfd", "shenfun", "dedalus",
)  # fmt: skip
SPACE = (OURS, "pdekit, ifrk4", "exponax", "fluidsim", "fluidsim, fftw")
LINE = (OURS, "pdekit, 3N/2", "exponax", "jax-cfd", "shenfun", "dedalus", "py-pde")
WAVES = (OURS, "exponax", "shenfun", "dedalus")
BATCH = (OURS, "pdekit, 3N/2", "exponax", "jax-cfd")
BATCH_PLANE = (OURS, "exponax", "jax-cfd", "torch-cfd")
SIZES = (512, 1024, 2048, 4096)
ORDER_STEPS = (100, 200, 400, 800, 1600, 3200)
ORDER = (OURS, "pdekit, ifrk4", "exponax", "shenfun", "dedalus")


@dataclass(frozen=True)
class Row:
    """A problem and who takes part."""

    problem: Problem
    names: tuple[str, ...]


TABLES: dict[str, list[Row]] = {
    "ns2d": [
        Row(Problem("ns2d", n, h, 100), PLANE)
        for n, h in ((256, 2e-3), (512, 1e-3), (1024, 5e-4))
    ],
    "ns3d": [Row(Problem("ns3d", n, h, 50), SPACE) for n, h in ((64, 1e-2), (128, 5e-3))],
    "ks": [Row(Problem("ks", n, 0.05, 200), LINE) for n in SIZES],
    "kdv": [Row(Problem("kdv", n, 5e-4, 200), WAVES) for n in SIZES],
    "burgers": [Row(Problem("burgers", n, 1e-3, 200), LINE) for n in SIZES],
    "ks_batch": [Row(Problem("ks", n, 0.05, 100, 256), BATCH) for n in SIZES],
    "kdv_batch": [Row(Problem("kdv", n, 5e-4, 100, 256), (OURS, "exponax")) for n in SIZES],
    "burgers_batch": [Row(Problem("burgers", n, 1e-3, 100, 256), BATCH) for n in SIZES],
    "batch2d": [Row(Problem("ns2d", 64, 2e-3, 100, 32), BATCH_PLANE)],
}
