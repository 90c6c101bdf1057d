"""Speed of the compiled splitting step against the same scheme in plain NumPy, in one run.

    python -m pdekit.validation.benchmarks.nlse_throughput

Also: a soliton to 1e-8, members of an ensemble against a single run, transforms per step,
memory allocated by ten steps, and the share of the bare transforms.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np

from pdekit import Grid, fft, registry
from pdekit.engine import make_engine
from pdekit.stepping import System
from pdekit.validation.benchmarks._timing import interleaved, table


def stepper(name: str, grid: Grid, steps: int, end: float, members: int = 1) -> Any:
    """Set an integrator up on the compiled engine."""
    equation = registry.equation("nlse")()
    engine = make_engine("fused", grid, channels=1, members=members)
    system = System(equation, grid, engine, start=0.0, end=end)
    return registry.integrator(name).start(system, steps)


def numpy_strang(u: np.ndarray, k: np.ndarray, h: float, steps: int) -> np.ndarray:
    """Split step as one would write it: merged phases, two transforms per step."""
    drift = np.exp(-0.5j * h * k**2)
    for _ in range(steps):
        u = u * np.exp(1j * h * np.abs(u) ** 2)
        u = np.fft.ifft(drift * np.fft.fft(u))
    return u


def numpy_composition(
    u: np.ndarray, k: np.ndarray, h: float, steps: int, scheme: Any
) -> np.ndarray:
    """Any scheme that begins with a drift, in plain NumPy, its seams merged."""
    a, b = list(scheme.outer), scheme.inner
    drifts = [np.exp(-0.5j * h * x * k**2) for x in [*a[1:-1], 2 * a[0]]]
    u = np.fft.ifft(np.exp(-0.5j * h * a[0] * k**2) * np.fft.fft(u))
    for _ in range(steps):
        for kick, drift in zip(b, drifts, strict=True):
            u = u * np.exp(1j * h * kick * np.abs(u) ** 2)
            u = np.fft.ifft(drift * np.fft.fft(u))
    return np.fft.ifft(np.exp(0.5j * h * a[0] * k**2) * np.fft.fft(u))


def strang_row(n: int, steps: int = 200) -> list[str]:
    """Time one Strang step at ``n`` points, compiled, in NumPy, and its bare transforms."""
    grid = Grid.periodic(n, (-25.0, 25.0))
    u = registry.equation("nlse")().solution("bright_soliton")(*grid.points(), 0.0)
    ours = stepper("strang", grid, 20000, 10.0)
    state = ours.start(u[None, None])
    (k,) = grid.wavenumbers()
    plan = fft.plan((n,), kind="c2c", backend="pyfftw")
    plan.physical[:] = 0.0

    def bare() -> None:
        for _ in range(steps):
            plan.forward()
            plan.inverse()

    best = interleaved(
        {
            "pdekit": lambda: ours.advance(state, 10.0, steps),
            "numpy": lambda: numpy_strang(u, k, 5e-4, steps),
            "bare": bare,
        }
    )
    us = {name: 1e6 * seconds / steps for name, seconds in best.items()}
    return [
        str(n),
        f"{us['pdekit']:.2f}",
        f"{us['numpy']:.1f}",
        f"{us['pdekit'] / us['numpy']:.3f}",
        f"{us['bare'] / us['pdekit']:.0%}",
    ]


def soliton_row(steps: int = 319) -> list[str]:
    """Time a soliton to 1e-8: Blanes-Moan S6, box 16π, N = 512, T = 10."""
    half = 8 * np.pi
    grid = Grid.periodic(512, (-half, half))
    (x,), (k,) = grid.points(), grid.wavenumbers()
    solution = registry.equation("nlse")().solution(
        "bright_soliton", velocity=1.0, position=-5.0
    )
    u, expected = solution(x, 0.0), solution(x, 10.0)
    ours = stepper("bm4", grid, steps, 10.0)
    scheme = registry.integrator("bm4")

    def compiled() -> np.ndarray:
        state = ours.advance(ours.start(u[None, None]), 10.0, steps)
        return np.asarray(ours.sample(state, 10.0)[0, 0])

    def plain() -> np.ndarray:
        return numpy_composition(u, k, 10.0 / steps, steps, scheme)

    best = interleaved({"pdekit": compiled, "numpy": plain}, rounds=7)
    error = np.linalg.norm(compiled() - expected) / np.linalg.norm(expected)
    plain_error = np.linalg.norm(plain() - expected) / np.linalg.norm(expected)
    return [
        f"{1e3 * best['pdekit']:.2f} ms",
        f"{1e3 * best['numpy']:.1f} ms",
        f"{best['pdekit'] / best['numpy']:.3f}",
        f"{error:.2e}",
        f"{plain_error:.2e}",
    ]


def ensemble_row(members: int = 256, n: int = 512, steps: int = 100) -> list[str]:
    """Time a step of one member, and per member of an ensemble in cache-sized blocks."""
    from pdekit.evolution import BLOCK_BYTES

    grid = Grid.periodic(n, (-25.0, 25.0))
    u = registry.equation("nlse")().solution("bright_soliton")(*grid.points(), 0.0)
    block = BLOCK_BYTES // (16 * n)
    one = stepper("strang", grid, 20000, 10.0)
    many = stepper("strang", grid, 20000, 10.0, block)
    alone = one.start(u[None, None])
    blocks = [
        many.start(np.repeat(u[None, None], block, axis=0)) for _ in range(members // block)
    ]
    best = interleaved(
        {
            "one": lambda: one.advance(alone, 10.0, steps),
            "many": lambda: [many.advance(state, 10.0, steps) for state in blocks],
        },
        rounds=8,
    )
    single, each = best["one"] / steps, best["many"] / steps / members
    return [f"{1e6 * single:.2f}", f"{1e6 * each:.2f}", f"{each / single:.2f}"]


def allocation_rows(n: int = 4096) -> list[list[str]]:
    """Count transforms per step and bytes allocated by ten steps after a warm-up."""
    grid = Grid.periodic(n, (-25.0, 25.0))
    u = registry.equation("nlse")().solution("bright_soliton")(*grid.points(), 0.0)
    rows = []
    for name in registry.integrators():
        if registry.integrator(name).adaptive:
            continue
        ours = stepper(name, grid, 20000, 10.0)
        w = ours.engine.load(ours.start(u[None, None]).u)
        for n_step in range(10):
            w = ours.step(w, ours.time(n_step))
        before = ours.engine.transforms
        tracemalloc.start()
        for n_step in range(10):
            w = ours.step(w, ours.time(n_step))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        rows.append([name, f"{(ours.engine.transforms - before) / 10:g}", f"{peak} B"])
    return rows


def main() -> None:
    """Print the tables."""
    head = ["N", "pdekit, us", "NumPy, us", "ratio", "bare transforms"]
    print(table(head, [strang_row(512), strang_row(4096)]), end="\n\n")
    head = ["soliton to 1e-8, pdekit", "NumPy", "ratio", "error", "NumPy's error"]
    print(table(head, [soliton_row()]), end="\n\n")
    head = ["one member, us per step", "of 256, us per step and member", "ratio"]
    print(table(head, [ensemble_row()]), end="\n\n")
    print(
        table(
            ["integrator", "transforms per step", "allocated by ten steps"],
            allocation_rows(),
        )
    )


if __name__ == "__main__":
    main()
