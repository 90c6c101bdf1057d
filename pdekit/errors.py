"""Every error a user of pdekit can meet, each with the fields a program needs.

Exit statuses of the command line follow from the class: 2 when the input was refused,
3 when a solver diverged or did not reach its tolerance.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class PdekitError(Exception):
    """Base of all errors raised on purpose; ``exit_status`` is what the command returns."""

    exit_status: ClassVar[int] = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a case file: where, which key, what."""

    path: str
    message: str
    file: str = "<case>"
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """``file:line:column: path: message``."""
        place = ":".join(
            str(p) for p in (self.file, self.line, self.column) if p is not None
        )
        return (
            f"{place}: {self.path}: {self.message}"
            if self.path
            else f"{place}: {self.message}"
        )


class CaseError(PdekitError):
    """A case file is wrong; ``problems`` lists everything found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class UnknownName(PdekitError):
    """A name that is not in a list of known names; suggests near misses.

    ``summary`` is said instead of a list that would fill screens.
    """

    def __init__(
        self, what: str, given: str, known: Iterable[str], *, summary: str = ""
    ) -> None:
        self.what, self.given, self.known = what, given, tuple(known)
        self.close = tuple(near_misses(given, self.known))
        if summary:
            hint = did_you_mean(self.close)
            end = f"{hint} ({summary})" if hint else f"; {summary}"
        else:
            end = suggestion(given, self.known)
        super().__init__(f"unknown {what} {given!r}{end}")


class ExpressionError(PdekitError):
    """A formula is not acceptable: ``column`` is 1-based within ``text``."""

    def __init__(self, reason: str, text: str = "", column: int | None = None) -> None:
        self.reason, self.text, self.column = reason, text, column
        place = f"column {column}: " if column is not None else ""
        super().__init__(f"{place}{reason}")


class ShapeError(PdekitError):
    """An array has not the shape (or kind) that is needed."""

    def __init__(self, expected: Any, got: Any, what: str = "array") -> None:
        self.expected, self.got = expected, got
        super().__init__(f"expected {expected} for {what}, got {got}")


class BackendUnavailable(PdekitError):
    """A transform or array backend, or a device, that this machine does not have."""

    def __init__(self, name: str, why: str, alternatives: Iterable[str] = ()) -> None:
        self.name, self.why, self.alternatives = name, why, tuple(alternatives)
        tail = f"; available: {', '.join(self.alternatives)}" if self.alternatives else ""
        super().__init__(f"{name!r} is not available: {why}{tail}")


class OutputError(PdekitError):
    """The output folder or a file in it cannot be written (permission, space, lock)."""


class ResultFileError(PdekitError):
    """A result or checkpoint file is missing, damaged, foreign, or from another case."""


class BlowUp(PdekitError):
    """The solution became non-finite or outgrew its bound; what was computed is kept."""

    exit_status = 3

    def __init__(
        self,
        quantity: str,
        time: float,
        step: int,
        *,
        where: str = "",
        reason: str = "became non-finite",
        advice: str = "try a smaller step",
    ) -> None:
        self.quantity, self.time, self.step, self.where = quantity, time, step, where
        self.reason, self.advice = reason, advice
        place = f" near {where}" if where else ""
        super().__init__(
            f"{quantity} {reason}{place} at t = {time:.6g} (step {step}); {advice}"
        )

    def advising(self, advice: str) -> BlowUp:
        """Return the same with other advice."""
        return BlowUp(
            self.quantity,
            self.time,
            self.step,
            where=self.where,
            reason=self.reason,
            advice=advice,
        )


class NotConverged(PdekitError):
    """A solver stopped before its tolerance was met; what was computed is kept."""

    exit_status = 3


class NotApplicable(PdekitError):
    """A method does not fit the equation or another setting; ``key`` is what to change."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        super().__init__(reason)


class Interrupted(PdekitError):
    """The user stopped the run; a checkpoint was kept."""

    exit_status = 130


def near_misses(given: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Known names that look like ``given``, best first."""
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(given.casefold(), by_folded, n=count, cutoff=0.6)
    return [by_folded[name] for name in close]


def did_you_mean(close: Sequence[str]) -> str:
    """``; did you mean 'a' or 'b'?``, or nothing."""
    return f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def suggestion(given: str, known: Iterable[str]) -> str:
    """``; did you mean 'a'? known: a, b, c``, ready to append to a message."""
    names = sorted(known)
    close = near_misses(given, names)
    hint = did_you_mean(close)
    if not names:
        return hint
    return (
        f"{hint} (accepted: {', '.join(names)})"
        if hint
        else f"; accepted: {', '.join(names)}"
    )
