"""Observations of a case: read from a file, or drawn from a solution that is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from pdekit.case.boundary_case import ExactBoundaryReference
from pdekit.case.observation_case import DrawnObservations, FileObservations
from pdekit.errors import CaseError, Problem, suggestion
from pdekit.gp.span import Span
from pdekit.steady.posing import Posed
from pdekit.typing import Array

FEWEST = 4
"""Observations that each axis needs at least: variance, length and noise are unknown."""
MOST = 4000
"""Observations whose covariance is factorised in seconds and fits into memory."""
_TRIES = 1000
"""Points tried for each observation before a region counts as empty."""
_REPORTED = 20
"""Lines of a file that are complained of at most."""


@dataclass(frozen=True, eq=False)
class Observations:
    """Values of u at points.

    Attributes
    ----------
    names : tuple of str
        The axes.
    points, values : array
        Shapes ``(n, D)`` and ``(n,)``.
    noise : float or "learn"
        What the process is told of their errors.
    drawn : float or None
        The deviation of the errors, where they were drawn.
    """

    names: tuple[str, ...]
    points: Array
    values: Array
    noise: float | Literal["learn"]
    drawn: float | None = None


def observations_of(posed: Posed, spans: Sequence[Span]) -> Observations:
    """Return the observations of a case.

    Raises
    ------
    CaseError
        If a file cannot be read, if points are outside the box, or too few or too many.
    """
    spec = posed.case.observations
    if isinstance(spec, FileObservations):
        found = read(posed.case.file("observations.file", spec.file), spec.file, spans)
        observed = Observations(_names(spans), *found, spec.noise)
        key = "observations.file"
    else:
        assert isinstance(spec, DrawnObservations)  # noqa: S101
        _require_number(posed, "observations.points", spec.points, spans)
        observed = draw(posed, spec, spans)
        key = "observations.points"
    _require_number(posed, key, len(observed.values), spans)
    _require_distinct(posed, key, observed)
    return observed


def _names(spans: Sequence[Span]) -> tuple[str, ...]:
    return tuple(span.name for span in spans)


def _require_number(posed: Posed, key: str, n: int, spans: Sequence[Span]) -> None:
    fewest = FEWEST * len(spans)
    if not fewest <= n <= MOST:
        message = f"must give {fewest} to {MOST} observations here (got {n})"
        raise posed.case.problem(key, message)


def _require_distinct(posed: Posed, key: str, observed: Observations) -> None:
    """Refuse exact values twice at one point."""
    distinct = len(np.unique(observed.points, axis=0))
    if observed.noise == 0 and distinct < len(observed.points):
        twice = len(observed.points) - distinct
        message = f"has points more than once ({twice}), and with noise: 0 that is no use"
        raise posed.case.problem(key, message)


# -- drawn -----------------------------------------------------------------------------


def draw(posed: Posed, spec: DrawnObservations, spans: Sequence[Span]) -> Observations:
    """Draw points uniformly, and values of the solution with independent errors."""
    rng = np.random.default_rng(spec.seed)
    points = _points(posed, spec, spans, rng)
    exact = _solution(posed)(*_split(posed, points))
    values = np.broadcast_to(exact, len(points)) + spec.noise * rng.standard_normal(
        len(points)
    )
    noise: float | Literal["learn"] = "learn" if spec.learn else spec.noise
    return Observations(_names(spans), points, values, noise, spec.noise)


def _points(
    posed: Posed, spec: DrawnObservations, spans: Sequence[Span], rng: np.random.Generator
) -> Array:
    lower = np.array([span.lower for span in spans])
    length = np.array([span.length for span in spans])
    found = np.empty((0, len(spans)))
    for _ in range(_TRIES):
        tried = lower + length * rng.uniform(size=(spec.points, len(spans)))
        if spec.where is not None:
            space, t = _split(posed, tried)
            tried = tried[posed.values("observations.where", spec.where, space, t) > 0]
        found = np.concatenate([found, tried])
        if len(found) >= spec.points:
            return found[: spec.points]
    raise posed.case.problem(
        "observations.where",
        f"is positive at hardly any point of the box ({len(found)} of "
        f"{_TRIES * spec.points} tried)",
    )


def _solution(posed: Posed) -> Callable[..., Array]:
    case = posed.case
    if case.manufactured is not None:
        u = posed.chain[0]
        return lambda space, t: posed.smooth_values("manufactured", u, space, t)
    if isinstance(case.reference, ExactBoundaryReference):
        exact = posed.problem.exact[case.reference.exact]
        evolves = posed.problem.evolves
        return lambda space, t: np.asarray(exact(*space, *((t,) if evolves else ())))
    return lambda space, t: posed.values("reference", str(case.reference), space, t)


def _split(posed: Posed, points: Array) -> tuple[list[Array], Array | float]:
    """Return coordinates of space, and time."""
    n = posed.grid.ndim
    return list(points.T[:n]), points.T[n] if points.shape[1] > n else 0.0


# -- read ------------------------------------------------------------------------------


def read(path: Path, name: str, spans: Sequence[Span]) -> tuple[Array, Array]:
    """Read points ``(n, D)`` and values from a text with a header.

    Empty lines and those that begin with # are left out.

    Raises
    ------
    CaseError
        With file, line and column of what is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            lines = list(islice(enumerate(stream, start=1), 2 * MOST + 2))
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError([Problem("", f"cannot be read: {error}", name)]) from None
    full = [(i, s.rstrip("\r\n")) for i, s in lines if s.strip() and s.strip()[0] != "#"]
    if not full:
        raise CaseError([Problem("", "is empty: a header and numbers are needed", name)])
    header = _Header.of(full[0], name, spans)
    problems: list[Problem] = []
    rows = [header.row(line, problems) for line in full[1:]]
    if problems:
        raise CaseError(problems[:_REPORTED])
    table = np.array(rows, dtype=float).reshape(-1, len(spans) + 1)
    return table[:, :-1], table[:, -1]


@dataclass(frozen=True)
class _Header:
    """Which column holds what."""

    file: str
    columns: tuple[str, ...]
    spans: Sequence[Span]

    @classmethod
    def of(cls, line: tuple[int, str], file: str, spans: Sequence[Span]) -> _Header:
        number, text = line
        wanted = (*_names(spans), "u")
        problems, start, columns = [], 1, []
        for cell in text.split(","):
            name = cell.strip()
            message = None
            if name not in wanted:
                message = f"unknown column {name[:40]!r}{suggestion(name, wanted)}"
            elif name in columns:
                message = f"column {name} stands here a second time"
            if message is not None:
                problems.append(Problem("", message, file, number, start))
            columns.append(name)
            start += len(cell) + 1
        missing = [name for name in wanted if name not in columns]
        if missing and not problems:
            message = f"the header lacks {', '.join(missing)}; it reads {','.join(wanted)}"
            problems.append(Problem("", message, file, number, 1))
        if problems:
            raise CaseError(problems)
        return cls(file, tuple(columns), spans)

    def row(self, line: tuple[int, str], problems: list[Problem]) -> list[float]:
        """Return the numbers of a line in the order of the axes, u last."""
        number, text = line
        cells = text.split(",")
        if len(cells) != len(self.columns):
            message = f"must have {len(self.columns)} columns (got {len(cells)})"
            problems.append(Problem("", message, self.file, number, 1))
            return []
        start, found = 1, {}
        for column, cell in zip(self.columns, cells, strict=True):
            found[column], wrong = self._number(column, cell)
            if wrong:
                message = f"column {column}: {wrong}"
                problems.append(Problem("", message, self.file, number, start))
            start += len(cell) + 1
        return [found[name] for name in (*_names(self.spans), "u")]

    def _number(self, column: str, cell: str) -> tuple[float, str]:
        """Return a number, and what is wrong with it."""
        try:
            value = float(cell)
        except ValueError:
            return math.nan, f"must be a number (got {cell.strip()[:40]!r})"
        if not math.isfinite(value):
            return value, f"must be finite (got {cell.strip()})"
        for span in self.spans:
            slack = 1e-9 * span.length
            inside = span.lower - slack <= value <= span.upper + slack
            if column == span.name and not inside:
                box = f"[{span.lower:g}, {span.upper:g}]"
                return value, f"must lie in the box, {box} (got {value:g})"
        return value, ""
