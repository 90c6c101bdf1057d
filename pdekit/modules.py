"""Equations in a user's own file: ``pdekit run case.yaml --module my_equation.py``.

Code is loaded because somebody names it on the command line, in a program or installs it
as an entry point; never because a case file says so.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import inspect
import linecache
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pdekit import registry
from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError

_PACKAGE = "pdekit_user"


@dataclass(frozen=True)
class UserModule:
    """A file that was loaded, and the equations it defines."""

    path: Path
    sha256: str
    equations: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The path below the working folder, or else the name of the file alone."""
        here = Path.cwd()
        inside = self.path.is_relative_to(here)
        return self.path.relative_to(here).as_posix() if inside else self.path.name


_loaded: dict[Path, UserModule] = {}


def load(path: str | Path) -> UserModule:
    """Load the equations of a file; a file that is loaded already is not loaded again.

    Raises
    ------
    PdekitError
        If the file is missing, fails, defines no equation, or one whose name is taken.
    """
    given, path = str(path), Path(path).resolve()
    if path in _loaded:
        return _loaded[path]
    text = _read(path, given)
    digest = hashlib.sha256(text).hexdigest()
    name = f"{_PACKAGE}_{path.stem}_{digest[:12]}"
    module = _executed(name, path, given, text)
    try:
        found = _equations(module, given)
        registry.add(found)
    except PdekitError as error:
        sys.modules.pop(name, None)
        raise PdekitError(f"{given}: {error}") from None
    _loaded[path] = UserModule(path, digest, tuple(found))
    return _loaded[path]


def load_all(paths: Iterable[str | Path]) -> None:
    """Load several files in order."""
    for path in paths:
        load(path)


def loaded() -> tuple[UserModule, ...]:
    """Return the modules of this process, in the order they were named."""
    return tuple(_loaded.values())


def origin(equation: str) -> UserModule | None:
    """Return the module that an equation comes from, or None."""
    return next((m for m in _loaded.values() if equation in m.equations), None)


def facts() -> dict[str, list[dict[str, str]]]:
    """Return what the provenance of a run says about modules; nothing without any."""
    said = [{"path": m.shown, "sha256": m.sha256} for m in _loaded.values()]
    return {"modules": said} if said else {}


# -- from the file to its classes ------------------------------------------------------


class _Text(importlib.abc.SourceLoader):
    """Loads a text that has been read: what runs is what was hashed, not old bytecode."""

    def __init__(self, path: Path, text: bytes) -> None:
        self.path, self.text = path, text

    def get_filename(self, fullname: str) -> str:
        return str(self.path)

    def get_data(self, path: str | bytes) -> bytes:
        return self.text


def _read(path: Path, given: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PdekitError(f"--module {given}: no such file") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise PdekitError(f"--module {given}: cannot be read: {reason}") from None


def _executed(name: str, path: Path, given: str, text: bytes) -> ModuleType:
    """Run a file as a module; what goes wrong in it is said with its own line."""
    spec = importlib.util.spec_from_loader(name, _Text(path, text), origin=str(path))
    assert spec is not None and spec.loader is not None  # noqa: PT018, S101 - the loader is given
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _remember_lines(path, text)
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # anything can go wrong in someone else's file
        sys.modules.pop(name, None)
        raise PdekitError(f"{given}{_line(error, path)}: {_reason(error)}") from error
    return module


def _remember_lines(path: Path, text: bytes) -> None:
    """Let `inspect.getsource` see what was loaded, whatever becomes of the file."""
    try:
        lines = importlib.util.decode_source(text).splitlines(keepends=True)
    except (SyntaxError, UnicodeDecodeError):
        return  # said better by what runs it
    linecache.cache[str(path)] = (len(text), None, lines, str(path))


def _line(error: BaseException, path: Path) -> str:
    """Return ``:line`` of the last place in the file that led to an error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f":{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f":{lines[-1]}" if lines else ""


def _reason(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _equations(module: ModuleType, given: str) -> dict[str, type[AbstractEquation]]:
    """Return the equations that a module defines, by name."""
    own = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, AbstractEquation) and kind.__module__ == module.__name__
    ]
    found: dict[str, type[AbstractEquation]] = {}
    for kind in own:
        name = getattr(kind, "name", None)
        if name is None or inspect.isabstract(kind):
            continue
        if not isinstance(name, str) or not name.isidentifier():
            raise PdekitError(f"{kind.__name__}.name must be a plain name (got {name!r})")
        if found.setdefault(name, kind) is not kind:
            raise PdekitError(f"two classes are called {name!r}")
        if not getattr(kind, "fields", ()):
            raise PdekitError(f"{kind.__name__} names no fields")
    if found:
        return found
    if not own:
        raise PdekitError(
            "defines no equation: no class in it derives from "
            "pdekit.equation.AbstractEquation"
        )
    kind = own[0]
    missing = sorted(getattr(kind, "__abstractmethods__", ())) or ["name"]
    raise PdekitError(f"{kind.__name__} is not complete: it lacks {', '.join(missing)}")
