"""What comes of a case, whatever its task is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Outcome(Protocol):
    """What comes of a case: a `pdekit.Result`, or `Done`."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """What ``summary.json`` holds."""
        ...

    @property
    def status(self) -> str:
        """How it ended."""
        ...


@dataclass(frozen=True)
class Done:
    """What came of a task whose results are all in its folder; ``summary`` tells it."""

    summary: dict[str, Any]

    @property
    def status(self) -> str:
        """How it ended."""
        return str(self.summary["status"])
