"""JSON Schema of case files for editors, with the registered names filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from pdekit import registry
from pdekit.case.schema import DECLARED, INITIAL_KINDS, REFERENCE_KINDS


def editor_schema(
    evolving: type[BaseModel],
    bounded: type[BaseModel],
    others: Mapping[str, type[BaseModel]],
) -> dict[str, Any]:
    """Return the schema of a case, completed by the names that are registered.

    The task tells the ``others``, and the name of the equation a case of an equation that
    evolves in a periodic box from one of a boundary-value problem.
    """
    first, second = _evolving(evolving), _bounded(bounded)
    tasks = {name: _tolerant(each.model_json_schema()) for name, each in others.items()}
    parts: dict[str, Any] = {}
    for schema in (*tasks.values(), second, first):
        parts |= schema.pop("$defs")
    names = list(registry.problems())
    is_bounded = {
        "properties": {
            "equation": {
                "anyOf": [
                    {"enum": names},
                    {"properties": {"name": {"enum": names}}, "required": ["name"],
                     "type": "object"},
                ]
            }
        },
        "required": ["equation"],
    }  # fmt: skip
    found = {"if": is_bounded, "then": second, "else": first}
    for name, schema in reversed(tasks.items()):
        is_task = {"properties": {"task": {"const": name}}, "required": ["task"]}
        found = {"if": is_task, "then": schema, "else": found}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        **found,
        "$defs": parts,
        "title": "pdekit case",
        "description": "A case file of pdekit; see `pdekit describe NAME` for each name.",
    }


def _bounded(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a case of a boundary-value problem."""
    schema: dict[str, Any] = _tolerant(model.model_json_schema())
    parts = schema["$defs"]
    parts.pop("EquationSpec")
    schema["properties"]["equation"] = {
        "anyOf": [
            {"enum": list(registry.problems())},
            *(_problem(name, parts) for name in registry.problems()),
        ]
    }
    parts["FormulaReference"]["propertyNames"] = {"not": {"enum": list(REFERENCE_KINDS)}}
    parts["PredictionSpec"]["properties"]["name"]["enum"] = list(registry.models())
    return schema


def _problem(name: str, parts: dict[str, Any]) -> dict[str, Any]:
    problem = registry.problem(name)
    params = _tolerant(problem.Params.model_json_schema())
    parts.update(_plain(params.get("$defs", {})))
    return {
        "type": "object",
        "description": (problem.__doc__ or name).strip().splitlines()[0],
        "properties": {"name": {"const": name}, **_plain(params.get("properties", {}))},
        "required": ["name"],
        "additionalProperties": False,
    }


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    """Let a formula be a plain number."""
    text = '"type": "string"'
    return dict(
        json.loads(json.dumps(properties).replace(text, '"type": ["string", "number"]'))
    )


def _evolving(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a case of an equation that evolves."""
    schema: dict[str, Any] = _tolerant(model.model_json_schema())
    parts = schema["$defs"]
    parts["EquationSpec"] = _equations(parts["EquationSpec"])
    for name, kinds in (
        ("FormulaInitial", INITIAL_KINDS),
        ("FormulaReference", REFERENCE_KINDS),
    ):
        parts[name]["propertyNames"] = {"not": {"enum": list(kinds)}}
    for solver in (parts["SolverSpec"], parts["FinishSpec"]):
        solver["properties"]["name"]["enum"] = list(registry.solvers())
        solver["properties"]["integrator"]["enum"] = ["auto", *registry.integrators()]
    parts["RolloutSpec"]["properties"]["name"]["enum"] = list(registry.models())
    short = {
        "enum": list(registry.solvers()),
        "description": "the solver with its defaults",
    }
    parts["SolverSpec"] = {"anyOf": [parts["SolverSpec"], short]}
    return schema


def _equations(general: dict[str, Any]) -> dict[str, Any]:
    """Every equation with its own parameters, or its bare name."""
    names = list(registry.equations())
    return {
        "description": general.get("description", ""),
        "anyOf": [{"enum": names}, _declared(), *(_equation(name) for name in names)],
    }


def _declared() -> dict[str, Any]:
    """Return the schema of an equation that a case writes out itself."""
    params = registry.equation(DECLARED).Params
    schema: dict[str, Any] = _tolerant(params.model_json_schema())
    return {**schema, "additionalProperties": False}


def _equation(name: str) -> dict[str, Any]:
    equation = registry.equation(name)
    params = _tolerant(equation.Params.model_json_schema())
    return {
        "type": "object",
        "description": (equation.__doc__ or name).strip().splitlines()[0],
        "properties": {"name": {"const": name}, **params.get("properties", {})},
        "required": ["name", *params.get("required", [])],
        "additionalProperties": False,
    }


def _tolerant(schema: Any) -> Any:
    """Allow what the loader allows: null for a default, a formula for a number.

    Branches of a union are told apart by their keys, not by matching exactly one.
    """
    if isinstance(schema, list):
        return [_tolerant(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out = {"anyOf" if k == "oneOf" else k: _tolerant(v) for k, v in schema.items()}
    if out.get("type") == "number":
        out["type"] = ["number", "string"]
    if out.get("type") == "array" and out.get("items", {}).get("type") == "string":
        about = {k: out.pop(k) for k in ("title", "description", "default") if k in out}
        return {**about, "anyOf": [out, out["items"]]}
    return out
