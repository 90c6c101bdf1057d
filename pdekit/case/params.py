"""Parameters of equations, exact solutions, states and metrics, checked by their types."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from pdekit.case.types import constant
from pdekit.case.wording import plain_words
from pdekit.case.yaml_lines import KeyPath
from pdekit.equation import FormulaMarker
from pdekit.errors import ExpressionError

_CONFIG = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Parameters:
    """The parameters something takes, as a model of their types and defaults."""

    model: type[BaseModel]
    positional: int | None = None
    """Number of coordinates (and time) a function takes before its parameters."""

    @classmethod
    def of_model(cls, model: type[BaseModel]) -> Parameters:
        """Parameters declared as a pydantic model."""
        return cls(model)

    @classmethod
    @cache
    def of_function(cls, function: Callable[..., Any]) -> Parameters:
        """Parameters of a function: those that are keyword-only.

        >>> def soliton(x, t, *, amplitude: float = 1.0): ...
        >>> Parameters.of_function(soliton).names
        frozenset({'amplitude'})
        """
        signature = inspect.signature(function)
        hints = get_type_hints(inspect.unwrap(function), include_extras=True)
        fields: dict[str, Any] = {}
        positional: int | None = 0
        for name, parameter in signature.parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY:
                required = parameter.default is parameter.empty
                default = ... if required else parameter.default
                fields[name] = (hints.get(name, float), default)
            elif parameter.kind is parameter.VAR_POSITIONAL:
                positional = None
            elif positional is not None and parameter.kind is not parameter.VAR_KEYWORD:
                positional += 1
        model = create_model(function.__name__, __config__=_CONFIG, **fields)
        return cls(model, positional)

    @classmethod
    def of_constructor(cls, kind: type, given: Collection[str]) -> Parameters:
        """Parameters of a class but those ``given``; with those of its ``options``.

        ``options`` is the class that further keywords are handed on to.
        """
        fields: dict[str, Any] = {}
        for each in (kind, getattr(kind, "options", kind)):
            init: Any = each.__init__  # type: ignore[misc]
            hints = get_type_hints(init)
            for name, parameter in list(inspect.signature(init).parameters.items())[1:]:
                if parameter.kind is not parameter.VAR_KEYWORD and name not in given:
                    required = parameter.default is parameter.empty
                    default = ... if required else parameter.default
                    fields.setdefault(name, (hints.get(name, float), default))
        return cls(create_model(kind.__name__, __config__=_CONFIG, **fields))

    @property
    def names(self) -> frozenset[str]:
        """Names of all parameters."""
        return frozenset(self.model.model_fields)

    @property
    def formulas(self) -> frozenset[str]:
        """Names of the parameters that are formulas of the coordinates."""
        fields = self.model.model_fields
        return frozenset(n for n, f in fields.items() if _mentions(f, FormulaMarker))

    def check(
        self, given: Mapping[str, Any], parameters: Mapping[str, float]
    ) -> tuple[dict[str, Any], list[tuple[KeyPath, str, bool]]]:
        """Return the values with all defaults, and what is wrong with those given.

        Each problem has its path, its sentence, and whether it is about the key.
        """
        values = {
            name: self._prepared(name, value, parameters) for name, value in given.items()
        }
        try:
            # Strict JSON, so that a list may stand for a tuple but a text for nothing else.
            model = self.model.model_validate_json(json.dumps(values), strict=True)
        except ValidationError as error:
            return dict(given), plain_words(error, self.model)
        return model.model_dump(mode="json"), []

    def _prepared(self, name: str, value: Any, parameters: Mapping[str, float]) -> Any:
        """Evaluate formulas of numbers where numbers are expected."""
        field = self.model.model_fields.get(name)
        if field is None:
            return value
        if name in self.formulas:
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            return repr(value) if plain else value
        if _mentions(field.annotation, float) and not _mentions(field.annotation, str):
            return _evaluated(value, parameters)
        return value


def _mentions(annotation: Any, wanted: type) -> bool:
    """Whether a type, or a part of it, is (or carries) the wanted one."""
    if annotation is wanted or isinstance(annotation, wanted):
        return True
    parts = [*get_args(annotation), getattr(annotation, "annotation", None)]
    parts += getattr(annotation, "metadata", ())  # of a pydantic field
    return any(_mentions(part, wanted) for part in parts if part is not None)


def _evaluated(value: Any, parameters: Mapping[str, float]) -> Any:
    if isinstance(value, list):
        return [_evaluated(entry, parameters) for entry in value]
    if not isinstance(value, str):
        return value
    try:
        return constant(value, parameters)
    except ExpressionError:
        return value  # the type check says that a number was expected
