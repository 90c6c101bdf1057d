"""A case on its way through the rules: what is sound so far, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pdekit.case.params import Parameters
from pdekit.case.source import Source
from pdekit.case.wording import shown
from pdekit.case.yaml_lines import KeyPath
from pdekit.equation import AbstractEquation
from pdekit.errors import ExpressionError, PdekitError, Problem, suggestion
from pdekit.expressions import compile_expression

AXES = ("x", "y", "z")
T = TypeVar("T")


@dataclass
class Draft:
    """The sound sections of a case on their way to a `Case`."""

    sections: dict[str, Any]
    source: Source
    problems: list[Problem] = field(default_factory=list)
    equation: type[AbstractEquation] | None = None

    def say(self, path: KeyPath, message: str, *, at_key: bool = False) -> None:
        """Report a problem."""
        self.problems.append(self.source.problem(path, message, at_key=at_key))

    def find(self, path: KeyPath, look: Callable[[str], T], name: str) -> T | None:
        """Look up a name in the registry; report why it cannot be had."""
        try:
            return look(name)
        except PdekitError as error:
            self.say(path, str(error))
            return None

    def known(self, path: KeyPath, what: str, name: str, names: Collection[str]) -> bool:
        """Whether ``name`` is one of ``names``; report it with its near misses if not."""
        if name not in names:
            self.say(path, f"unknown {what} {shown(name)}{suggestion(name, names)}")
        return name in names

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of the box; all there can be, if the domain is not sound."""
        return tuple(self.sections.get("domain", AXES))

    @property
    def parameters(self) -> dict[str, float]:
        """Declared parameters."""
        return self.sections.get("parameters") or {}

    def formula(self, path: KeyPath, text: str, names: Iterable[str]) -> None:
        """Compile a formula and report what is wrong with it."""
        try:
            compile_expression(text, {*names, *self.parameters})
        except ExpressionError as error:
            self.problems.append(
                self.source.problem(path, error.reason, column=error.column)
            )

    def params(
        self, path: KeyPath, given: Mapping[str, Any], expected: Parameters
    ) -> dict[str, Any]:
        """Check parameters against what is expected; return them with all defaults."""
        values, problems = expected.check(given, self.parameters)
        for where, message, at_key in problems:
            self.say((*path, *where), message, at_key=at_key)
        for name in expected.formulas & values.keys():
            if isinstance(values[name], str):
                self.formula(
                    (*path, name), values[name], {*AXES, "t"} - self.parameters.keys()
                )
        return values
