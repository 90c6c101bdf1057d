"""Validation errors in plain words: what was expected, what was given, what is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from pdekit.case.yaml_lines import KeyPath
from pdekit.errors import near_misses, suggestion

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
        path, _ = followed(model, detail["loc"])
        found.setdefault(path, []).append(detail)
    for path in [p for p, details in found.items() if details[0]["type"] == "too_short"]:
        if any(other != path and other[: len(path)] == path for other in found):
            del found[path]  # only because what is wrong in the list was left out
    about_key = ("missing", "extra_forbidden")
    return [
        (path, _sentence(path, details, model), details[0]["type"] in about_key)
        for path, details in found.items()
    ]


def followed(model: Any, location: KeyPath) -> tuple[KeyPath, Any]:
    """Follow a location of the validator into a model.

    Returns the path in the file, which lacks the labels of the branches of unions, and the
    type found there, or None.
    """
    path: list[str | int] = []
    for part in location:
        model = _plain(model)
        if get_origin(model) in (Union, UnionType):
            model = next((kind for kind in get_args(model) if _tag(kind) == part), None)
        else:
            path.append(part)
            model = _inside(model, part)
    return tuple(path), _plain(model)


def _plain(annotation: Any) -> Any:
    """Take the annotations and an optional None off a type."""
    while True:
        inner = [part for part in get_args(annotation) if part is not NoneType]
        is_union = get_origin(annotation) in (Union, UnionType)
        if get_origin(annotation) is not Annotated and not (is_union and len(inner) == 1):
            return annotation
        annotation = inner[0]


def _tag(annotation: Any) -> str | None:
    extras = getattr(annotation, "__metadata__", ())
    return next((extra.tag for extra in extras if isinstance(extra, Tag)), None)


def _inside(annotation: Any, part: str | int) -> Any:
    """Type of an entry of a section, of a mapping or of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found = annotation.model_fields.get(str(part))
        return None if found is None else found.annotation
    return get_args(annotation)[-1] if get_origin(annotation) is dict else None


def _sentence(path: KeyPath, details: list[ErrorDetails], model: type[BaseModel]) -> str:
    detail = details[0]
    kind = detail["type"]
    if kind == "missing":
        return "is required" if isinstance(path[-1], str) else "must have one entry more"
    if kind == "extra_forbidden":
        _, section = followed(model, detail["loc"][:-1])
        accepted = getattr(section, "model_fields", ())
        return f"unknown key{suggestion(str(path[-1]), accepted)}"
    given = f" (got {shown(detail['input'])})"
    parts = dict.fromkeys(_expected(each) for each in details)
    return " or ".join(parts).replace(" or must be", " or") + given


def _expected(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        return _one_of(detail["input"], context["expected"])
    if kind in _EXPECTED:
        short = {k: f"{v:g}" if isinstance(v, float) else v for k, v in context.items()}
        return _EXPECTED[kind].format(**short)
    return detail["msg"].removeprefix("Value error, ")


def _one_of(given: Any, expected: str) -> str:
    names = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
    close = near_misses(given, names, 1) if isinstance(given, str) else []
    hint = f"; did you mean {close[0]!r}?" if close else ""
    choice = " or ".join(names) if len(names) < 3 else f"one of {', '.join(names)}"
    return f"must be {choice}{hint}"


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
