"""YAML 1.2 read into plain data, with the line and column of every key and value.

The text is parsed into events by ruamel.yaml and built here, so that hostile input is
refused while it is read: nothing is constructed from tags, aliases are never expanded,
depth and number of values are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

from pdekit.errors import CaseError, Problem

# The scanner needs microseconds per character; within these bounds no text takes a second.
MAX_BYTES = 2**18
MAX_DEPTH = 20
MAX_VALUES = 10_000

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value is: ``("domain", "x", "interval", 0)``."""


@dataclass(frozen=True)
class Mark:
    """A place in a text; line and column count from one."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass
class Document:
    """What a YAML text says, where each key and value stands, and what is wrong with it."""

    data: Any
    keys: dict[KeyPath, Mark] = field(default_factory=dict)
    values: dict[KeyPath, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def dotted(path: KeyPath) -> str:
    """Write a key path as users do: ``domain.x.interval[0]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_text(path: Path, file: str) -> str:
    """Read a small UTF-8 file; anything else is a `CaseError` that names ``file``."""
    try:
        if path.is_dir():
            raise _refusal("is a folder, not a case file", Mark(file))
        if path.exists() and not path.is_file():
            raise _refusal("is not a regular file", Mark(file))
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refusal("no such file", Mark(file)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refusal(f"cannot be read: {reason}", Mark(file)) from None
    if len(raw) > MAX_BYTES:
        raise _refusal(_TOO_LARGE, Mark(file))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        mark = Mark(file, before.count(b"\n") + 1, column)
        raise _refusal("is not UTF-8 text; save the file as UTF-8", mark) from None


def parse(text: str, file: str) -> Document:
    """Parse YAML text; a syntax error is a `CaseError` with its line and column.

    Duplicate keys, anchors, aliases, tags and non-finite numbers are collected in
    ``problems`` of the answer, so that they are reported together with all else.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _refusal(_TOO_LARGE, Mark(file))
    # Both take the scanner quadratic time, and neither belongs in a case file.
    for pattern, what in ((_LONG_TAG, "tags"), (_DIRECTIVE, "directives (%)")):
        if found := pattern.search(text):
            line = text.count("\n", 0, found.end()) + 1
            raise _refusal(f"{what} are not allowed", Mark(file, line))
    builder = _Builder(file, text)
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        return builder.document(iter(yaml.parse(text)))
    except CaseError:
        raise
    except YAMLError as error:
        raise _refusal(*_syntax(error, file, text)) from None
    except Exception as error:  # the scanner itself stumbles over some mutilated texts
        raise _refusal(f"is not valid YAML ({error})", Mark(file)) from None


def number_or_text(text: str) -> Any:
    """Read a plain scalar by the core schema of YAML 1.2.

    >>> [number_or_text(t) for t in ("1e-3", "012", "no", "1:30", "true", "~")]
    [0.001, 12, 'no', '1:30', True, None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= 40 else float(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _PREFIXED.fullmatch(text) and len(text) <= 40:
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


_TOO_LARGE = f"is larger than {MAX_BYTES // 1024} KiB; a case file is a short text"
_LONG_TAG = re.compile(r"!\S{256}")
_DIRECTIVE = re.compile(r"\A(?:\s|#.*\n)*%")
_WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL"), None)
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class _Builder:
    """Builds plain data from parser events and remembers where everything stood."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.count = 0
        self.found = Document(None, lines=text.splitlines())

    def document(self, events: Iterator[Any]) -> Document:
        """Consume all events; more than one document is refused."""
        documents = 0
        for event in events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise _refusal("only one document is expected", self.mark(event))
            elif name not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                self.found.data = self.value(event, events, ())
        return self.found

    def value(self, event: Any, events: Iterator[Any], path: KeyPath) -> Any:
        """Build the value that starts with ``event``."""
        self.count += 1
        mark = self.mark(event)
        self.found.values[path] = mark
        if self.count > MAX_VALUES:
            raise _refusal(f"has more than {MAX_VALUES} values", mark)
        if len(path) > MAX_DEPTH:
            raise _refusal(f"is nested more than {MAX_DEPTH} levels deep", mark)
        name = type(event).__name__
        if name == "AliasEvent":
            self.complain(
                path, "aliases (*name) are not allowed; write the value out", mark
            )
            return None
        if event.anchor:
            self.complain(path, "anchors (&name) are not allowed", mark)
        if event.tag is not None:
            self.complain(path, f"tags are not allowed (got {str(event.tag)[:60]})", mark)
        if name == "MappingStartEvent":
            return self.mapping(events, path)
        if name == "SequenceStartEvent":
            return self.sequence(events, path)
        return self.scalar(event, path)

    def mapping(self, events: Iterator[Any], path: KeyPath) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for event in events:
            name = type(event).__name__
            if name == "MappingEndEvent":
                break
            mark = self.mark(event)
            if name != "ScalarEvent":
                raise _refusal("a key must be a plain name", mark)
            key = event.value
            if not _is_text(key):
                raise _refusal("a key must be text", mark)
            if key in out:
                first = self.found.keys[(*path, key)].line
                self.complain((*path, key), f"is given twice (first in line {first})", mark)
                self.value(next(events), events, (*path, key))
                continue
            self.found.keys[(*path, key)] = mark
            out[key] = self.value(next(events), events, (*path, key))
        return out

    def sequence(self, events: Iterator[Any], path: KeyPath) -> list[Any]:
        out: list[Any] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            out.append(self.value(event, events, (*path, len(out))))
        return out

    def scalar(self, event: Any, path: KeyPath) -> Any:
        text = event.value
        if event.style is not None:
            if not _is_text(text):
                self.complain(path, "is not valid text", self.mark(event))
                return None
            return text
        value = number_or_text(text)
        if isinstance(value, float) and value - value != 0.0:
            self.complain(
                path, f"must be a finite number (got {text[:40]})", self.mark(event)
            )
            return None
        return value

    def mark(self, event: Any) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def complain(self, path: KeyPath, message: str, mark: Mark) -> None:
        self.found.problems.append(
            Problem(dotted(path), message, mark.file, mark.line, mark.column)
        )


def _is_text(text: str) -> bool:
    """Whether ``text`` can be written again: an escape can produce half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _refusal(message: str, mark: Mark) -> CaseError:
    return CaseError([Problem("", message, mark.file, mark.line, mark.column)])


def _syntax(error: Any, file: str, text: str) -> tuple[str, Mark]:
    """Plain words and the place for an error of the YAML library."""
    at = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if at is None:  # an unacceptable character; the library gives its offset only
        offset = getattr(error, "position", 0) or 0
        before = text[:offset]
        line, column = before.count("\n") + 1, offset - before.rfind("\n")
        name = f"U+{ord(text[offset]):04X}" if offset < len(text) else "unknown"
        return f"character {name} is not allowed in a text file", Mark(file, line, column)
    mark = Mark(file, at.line + 1, at.column + 1)
    problem = str(getattr(error, "problem", "") or getattr(error, "context", "") or error)
    if "'\\t'" in problem:
        return "a tab is not allowed here; use spaces", mark
    if problem.startswith("mapping values are not allowed"):
        return "unexpected ':'; check the indentation, or put the text in quotes", mark
    return f"is not valid YAML: {problem}", mark


def write(data: Mapping[str, Any]) -> str:
    """Return plain data as YAML text, short lists and mappings on one line."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 92
    yaml.representer.ignore_aliases = lambda _: True
    stream = StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()
