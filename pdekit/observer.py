"""Whoever watches a run."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """What a run tells whoever started it."""

    def progress(self, done: float, message: str, detail: str = "") -> None:
        """Report the fraction done of the current part, what it is, and how it goes."""
        ...

    def message(self, text: str) -> None:
        """Say one sentence."""
        ...

    def stop_requested(self) -> bool:
        """Whether the run should stop at the next step and keep a checkpoint."""
        ...


class Silent:
    """An observer that hears nothing and never interrupts."""

    def progress(self, done: float, message: str, detail: str = "") -> None:
        """Ignore."""

    def message(self, text: str) -> None:
        """Ignore."""

    def stop_requested(self) -> bool:
        """Return False."""
        return False
