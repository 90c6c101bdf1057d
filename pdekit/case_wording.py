"""Validation errors in plain words: what was expected, what was given, what is accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pdekit.errors import near_misses, suggestion
from pdekit.yaml_lines import KeyPath

_EXPECTED: dict[str, str] = {
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be valid text",
    "dict_type": "must be a mapping, key: value",
    "model_type": "must be a mapping, key: value",
    "model_attributes_type": "must be a mapping, key: value",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "sequence_type": "must be a list",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_too_short": "must not be empty",
}


def plain_words(
    error: ValidationError, model: type[BaseModel]
) -> list[tuple[KeyPath, str, bool]]:
    """Path and sentence of every error of a model, and whether it is about the key."""
    found: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if not _is_branch(part))
        found.setdefault(path, []).append(detail)
    about_key = ("missing", "extra_forbidden")
    return [
        (path, _sentence(path, details, model), details[0]["type"] in about_key)
        for path, details in found.items()
    ]


def accepted_keys(model: Any, place: KeyPath) -> tuple[str, ...]:
    """Keys of the section at a place in a model, given as the validator names it."""
    for part in place:
        model = _inside(model, part)
    return tuple(model.model_fields) if _is_section(model) else ()


def _inside(annotation: Any, part: str | int) -> Any:
    """Type of what ``part`` (a key, or the tag of a union's branch) leads to."""
    for kind in _alternatives(annotation):
        if _is_branch(part):
            if any(getattr(extra, "tag", None) == part for extra in get_args(kind)[1:]):
                return get_args(kind)[0]
        elif _is_section(kind) and part in kind.model_fields:
            return kind.model_fields[part].annotation
        elif get_origin(kind) is dict:
            return get_args(kind)[1]
    return None


def _alternatives(annotation: Any) -> Iterator[Any]:
    """Yield a type and, if it is a union or annotated, everything it can be."""
    yield annotation
    if get_origin(annotation) in (Annotated, Union, UnionType):
        for inner in get_args(annotation):
            yield from _alternatives(inner)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_branch(part: int | str) -> bool:
    """Whether part of a location names a branch of a union rather than a key."""
    return isinstance(part, str) and (part[:1] == "<" or part in _BRANCHES or "[" in part)


# How pydantic labels the branches of unions without a tag of ours.
_BRANCHES = {"int", "float", "constrained-int", "str", "bool"}


def _sentence(path: KeyPath, details: list[ErrorDetails], model: type[BaseModel]) -> str:
    detail = details[0]
    kind = detail["type"]
    if kind == "missing":
        return "is required" if isinstance(path[-1], str) else "must have one entry more"
    if kind == "extra_forbidden":
        accepted = accepted_keys(model, detail["loc"][:-1])
        return f"unknown key{suggestion(str(path[-1]), accepted)}"
    given = f" (got {shown(detail['input'])})"
    parts = dict.fromkeys(_expected(each) for each in details)
    return " or ".join(parts).replace(" or must be", " or") + given


def _expected(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        return _one_of(detail["input"], context["expected"])
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**context)
    return detail["msg"].removeprefix("Value error, ")


def _one_of(given: Any, expected: str) -> str:
    names = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
    close = near_misses(given, names, 1) if isinstance(given, str) else []
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"must be {'one of ' if len(names) > 2 else ''}{', '.join(names)}{hint}"


def shown(value: Any) -> str:
    """Write a value for a message, shortened."""
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, Mapping):
        return "a mapping with " + (", ".join(map(str, value))[:60] or "nothing in it")
    if isinstance(value, int) and abs(value) > 10**40:
        return "a number with more than 40 digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
