"""What case files of all kinds have in common: where they were written, and as what."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field as Key
from pydantic import PrivateAttr, ValidationInfo, field_validator

from pdekit import modules
from pdekit.case.functions import resolve
from pdekit.case.schema import EquationSpec
from pdekit.case.source import Source
from pdekit.case.types import Number, Section
from pdekit.case.yaml_lines import KeyPath, write
from pdekit.errors import CaseError, Problem

_NOT_THE_ANSWER = ("name", "title", "reference", "outputs", "checks")


class Written(Section):
    """The first sections of every case, and its place in a file."""

    title: str = Key(default="", description="one line for people")
    name: str = Key(
        default="", description="name of the case; the name of its file when left out"
    )

    _source: Source | None = PrivateAttr(None)

    @field_validator("*", mode="after")
    @classmethod
    def _keep_sound_sections(cls, value: Any, info: ValidationInfo) -> Any:
        """Hand each sound section to the rules, even if another section is not sound."""
        if isinstance(info.context, dict):
            info.context[info.field_name] = value
        return value

    def __eq__(self, other: object) -> bool:
        """Whether both say the same; where they were written does not matter."""
        return isinstance(other, Written) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash of all that the case says."""
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    @property
    def origin(self) -> Path | None:
        """File the case was read from."""
        if self._source is None or self._source.trusted:
            return None
        return Path(self._source.file)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what was found while reading, such as keys without a meaning."""
        return () if self._source is None else tuple(self._source.warnings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data with every default filled in; `load_case` takes it back."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_yaml(self) -> str:
        """Return YAML text with every default filled in; `load_case` takes it back."""
        return write(self.to_dict())

    def _repr_html_(self) -> str:
        """Show the case in a notebook."""
        from html import escape

        return f"<pre>{escape(self.to_yaml())}</pre>"

    def refusal(self, path: str, message: str) -> CaseError:
        """Error about a key such as ``solver.step``, with its place in the case file."""
        parts: KeyPath = tuple(int(p) if p.isdecimal() else p for p in path.split(".") if p)
        if self._source is None:
            return CaseError([Problem(path, message)])
        return CaseError([self._source.problem(parts, message)])

    def written_in(self) -> Source:
        """Return where the case was written; the working folder, if in a program."""
        return self._source or Source("<case>", Path.cwd(), {}, trusted=True)

    def file(self, path: str, name: str) -> Path:
        """Absolute path of a file that the key ``path`` names.

        It is relative to the case file and does not leave its folder, unless it was given
        on the command line or in a program.
        """
        source = self.written_in()
        try:
            return resolve(source, tuple(path.split(".")), name)
        except (OSError, ValueError) as error:
            raise self.refusal(path, str(error)) from None


class SolvedCase(Written):
    """The sections of every case that solves an equation."""

    task: Literal["solve"] = Key(default="solve", description="what to do")
    parameters: dict[str, Number] = Key(
        default={}, description="numbers that formulas may use by name"
    )
    equation: EquationSpec = Key(description="the equation and its parameters")

    def digest(self) -> str:
        """Hash of what determines the fields: not of titles, outputs, checks, threads.

        The text of a module of the user's own that defines the equation is part of it.
        """
        said = self.to_dict()
        for key in _NOT_THE_ANSWER:
            said.pop(key, None)
        said["run"].pop("threads")
        if (module := modules.origin(self.equation.name)) is not None:
            said["module"] = module.sha256
        return digest_of(said)

    def problem(self, path: str, message: str) -> CaseError:
        """Error about a key such as ``solver.step``, with its place in the case file."""
        return self.refusal(path, message)


def digest_of(said: Any) -> str:
    """Return a hash of plain data."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
