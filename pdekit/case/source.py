"""Where a case came from: its file, its overrides, and the place of every key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pdekit.case.yaml_lines import Document, KeyPath, Mark, dotted, parse
from pdekit.errors import CaseError, Problem, suggestion

Overrides = Mapping[str, Any] | Sequence[str]
"""``{"solver.rtol": 1e-11}`` or ``["solver.rtol=1e-11"]``."""

_SHORT_FORMS = ("equation", "solver", "model", "loss")  # sections that may be a bare name


@dataclass
class Source:
    """The data of a case before validation, and where each part of it was written."""

    file: str
    folder: Path
    data: Any
    keys: dict[KeyPath, Mark] = field(default_factory=dict)
    values: dict[KeyPath, Mark] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    trusted: bool = False
    """Whether file names may point anywhere: given in a program, not in a case file."""
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)
    """Keys of another program's file that were translated, by their place in the case."""

    @classmethod
    def of(cls, document: Document, file: str, folder: Path) -> Source:
        """Source of a parsed text."""
        return cls(
            file, folder, document.data, document.keys, document.values, document.lines,
            document.problems,
        )  # fmt: skip

    def problem(
        self,
        path: KeyPath,
        message: str,
        *,
        at_key: bool = False,
        column: int | None = None,
    ) -> Problem:
        """Attach the place of a value (or of its key, or of a column in its text)."""
        path = self._origin(path)
        mark = self._mark(path, at_key)
        if column is not None and path in self.values:
            start = self._text_start(path)
            if start is None:
                message = f"column {column} of the formula: {message}"
            else:
                mark = Mark(mark.file, mark.line, start + column - 1)
        return Problem(dotted(path), message, mark.file, mark.line, mark.column)

    def _origin(self, path: KeyPath) -> KeyPath:
        """Place in the file as it was written."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return path

    def _mark(self, path: KeyPath, at_key: bool) -> Mark:
        if path in self.values and not at_key:
            return self.values[path]
        for length in range(len(path), 0, -1):
            if path[:length] in self.keys:
                return self.keys[path[:length]]
            if path[:length] in self.values:
                return self.values[path[:length]]
        return self.values.get((), Mark(self.file))

    def _text_start(self, path: KeyPath) -> int | None:
        """Column where the text of a scalar starts, if it stands in one line as it is."""
        mark, text = self.values[path], self.at(path)
        if mark.line is None or mark.column is None or not isinstance(text, str):
            return None
        line = self.lines[mark.line - 1] if mark.line <= len(self.lines) else ""
        for start in (mark.column, mark.column + 1):  # plain, or after a quote
            if text and line.startswith(text, start - 1):
                return start
        return None

    def at(self, path: KeyPath) -> Any:
        """Return what was given at a path, or None."""
        value = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def is_trusted(self, path: KeyPath) -> bool:
        """Whether a file name at this path was given by the user in person."""
        mark = self._mark(self._origin(path), at_key=False)
        return self.trusted or mark.file != self.file

    def override(self, overrides: Overrides) -> None:
        """Apply ``a.b=VALUE`` settings; what is wrong with them goes to ``problems``."""
        if not isinstance(self.data, dict):
            return
        self.data = deepcopy(self.data)
        if isinstance(overrides, Mapping):
            for name, value in overrides.items():
                self._set(
                    str(name), deepcopy(value), Mark(f"override {name}={value!r:.60}")
                )
            return
        for text in [overrides] if isinstance(overrides, str) else overrides:
            mark = Mark(f"--set {text:.80}")
            name, equals, value = text.partition("=")
            if not equals or not name.strip():
                self._complain("", "must read KEY=VALUE, such as solver.rtol=1e-11", mark)
                continue
            try:
                document = parse(value, mark.file)
            except CaseError as error:
                reasons = "; ".join(problem.message for problem in error.problems)
                self._complain(name, reasons, mark)
                continue
            self.problems += [
                Problem(name, problem.message, mark.file) for problem in document.problems
            ]
            self._set(name.strip(), document.data, mark)

    def _set(self, name: str, value: Any, mark: Mark) -> None:
        path = _key_path(name)
        here = self.data
        for depth, part in enumerate(path[:-1], start=1):
            child = _child(here, part)
            if isinstance(child, str) and path[:depth] in [(key,) for key in _SHORT_FORMS]:
                child = {"name": child}
            if not isinstance(child, dict | list):
                child = {}
            if not self._put(here, part, child, path[:depth], mark):
                return
            here = child
        if self._put(here, path[-1], value, path, mark):
            for marks in (self.keys, self.values, self.origins):
                for old in [key for key in marks if key[: len(path)] == path]:
                    del marks[old]
            self.keys[path] = self.values[path] = mark

    def _put(
        self, here: dict[str, Any] | list[Any], part: str | int, value: Any, path: KeyPath,
        mark: Mark,
    ) -> bool:  # fmt: skip
        """Store one level; False, with a complaint, if a list has no such entry."""
        if isinstance(here, dict):
            here[str(part)] = value
        elif isinstance(part, int) and part < len(here):
            here[part] = value
        else:
            accepted = [str(k) for k in range(len(here))]
            self._complain(
                dotted(path), f"no such entry{suggestion(str(part), accepted)}", mark
            )
            return False
        return True

    def _complain(self, path: str, message: str, mark: Mark) -> None:
        self.problems.append(Problem(path, message, mark.file))


def _child(here: dict[str, Any] | list[Any], part: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(str(part))
    return here[part] if isinstance(part, int) and part < len(here) else None


def _key_path(name: str) -> KeyPath:
    """Split ``domain.x.interval[0]`` or ``domain.x.interval.0``.

    What follows ``set.`` is a key of another case, and stays whole.
    """
    section, _, key = name.partition(".")
    if section == "set" and key:
        return (section, key)
    parts = re.sub(r"\[([0-9]+)\]", r".\1", name).split(".")
    return tuple(int(p) if p.isdecimal() and len(p) < 6 else p.strip() for p in parts)
