"""How the benchmarks measure: interleaved rounds in one process, the minimum quoted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def interleaved(
    competitors: Mapping[str, Callable[[], object]], rounds: int = 20
) -> dict[str, float]:
    """Return the shortest time of each competitor in seconds, taken in turn.

    One call of each goes first and is not counted: it compiles, plans and warms the caches.
    """
    for call in competitors.values():
        call()
    best = dict.fromkeys(competitors, float("inf"))
    for _ in range(rounds):
        for name, call in competitors.items():
            began = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def table(head: list[str], rows: list[list[str]]) -> str:
    """Lay out rows as a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
