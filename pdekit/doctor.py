"""What this machine has: versions, transforms, threads, GPU, and a small speed test."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from pdekit import cache, fft, provenance, threads


def examine() -> dict[str, Any]:
    """Collect everything ``doctor`` shows."""
    found = provenance.collect()
    return {
        **found,
        "python_executable": sys.executable,
        "cache": _cache(),
        "fft": {
            name: _transform_speed(name) for name in fft.available() if name != "torch"
        },
        "threads_available": threads.available(),
        "gpu": _gpu(),
        "strang_step_us": _step_speed(),
    }


def _cache() -> str:
    try:
        return str(cache.cache_dir())
    except OSError as error:
        return f"none ({error.strerror}): plans and kernels are made anew by each process"


def _transform_speed(name: str, n: int = 4096) -> float:
    """Microseconds of one complex transform of ``n`` points and back."""
    plan = fft.plan((n,), kind="c2c", backend=name)
    plan.physical[:] = 1.0 / n

    def pair() -> None:
        plan.forward()
        plan.inverse()
        plan.physical[:] = 1.0 / n

    return _best(pair, 50)


def _step_speed(n: int = 512) -> dict[str, float]:
    """Microseconds of a Strang step of `nlse`, compiled and in plain NumPy."""
    from pdekit import Grid, registry
    from pdekit.engine import make_engine
    from pdekit.stepping import System

    equation, grid = registry.equation("nlse")(), Grid.periodic(n, (-25.0, 25.0))
    out = {}
    for name in ("fused", "numpy"):
        engine = make_engine(name, grid, channels=1)
        system = System(equation, grid, engine, start=0.0, end=1.0)
        stepper = registry.integrator("strang").start(system, 1000)
        state = stepper.start(
            equation.solution("bright_soliton")(*grid.points(), 0.0)[None, None]
        )
        out[name] = _best(lambda s=stepper, u=state: s.advance(u, 1.0, 100), 5) / 100
    return out


def _best(call: Any, repeats: int) -> float:
    """Shortest of several calls, in microseconds, after one to warm up."""
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times) * 1e6


def _gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none (torch finds no CUDA device)"
    return str(torch.cuda.get_device_name(0))


def report(found: dict[str, Any]) -> str:
    """Lay out what `examine` found."""
    libraries = ", ".join(
        f"{name} {version}" for name, version in found["libraries"].items()
    )
    step = found["strang_step_us"]
    lines = [
        f"pdekit      {found['pdekit']}  (Python {found['python']}, {found['platform']})",
        f"libraries   {libraries}",
        f"threads     {found['threads_available']} available",
        f"gpu         {found['gpu']}",
        f"cache       {found['cache']}",
        "transforms  "
        + ", ".join(f"{name} {np.round(us, 1)} us" for name, us in found["fft"].items())
        + "  (4096 complex points, there and back)",
        f"speed       Strang step at N = 512: {step['fused']:.1f} us compiled, "
        f"{step['numpy']:.1f} us on arrays ({step['fused'] / step['numpy']:.2f})",
    ]
    return "\n".join(lines)
