"""The JSON Schema of case files that editors use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pdekit import registry
from pdekit.case import BoundaryCase, Case, DatasetCase, TrainCase, case_schema


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return case_schema()


def sections(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object with properties in a schema."""
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list):
            yield from sections(part)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        yield schema


def test_it_is_plain_json(schema: dict[str, Any]) -> None:
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
    assert schema["$schema"].endswith("2020-12/schema")


def by_task(schema: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas of the tasks by name, and what is left: cases that solve an equation."""
    found = {}
    while "task" in schema["if"]["properties"]:
        found[schema["if"]["properties"]["task"]["const"]] = schema["then"]
        schema = schema["else"]
    return found, schema


def test_every_key_of_a_case_is_there_and_described(schema: dict[str, Any]) -> None:
    tasks, solved = by_task(schema)
    evolving, bounded = solved["else"], solved["then"]
    dataset, train = tasks["dataset"], tasks["train"]
    assert set(evolving["properties"]) == set(Case.model_fields)
    assert set(evolving["required"]) == {"equation", "domain", "initial", "time"}
    assert set(bounded["properties"]) == set(BoundaryCase.model_fields)
    assert set(bounded["required"]) == {"equation", "domain"}
    assert set(dataset["properties"]) == set(DatasetCase.model_fields)
    assert set(dataset["required"]) == {"task", "problem", "samples"}
    assert set(train["properties"]) == set(TrainCase.model_fields)
    assert set(train["required"]) == {"task", "data", "model"}
    for part in (evolving, bounded, *tasks.values()):
        for name, key in part["properties"].items():
            assert key.get("description") or name == "equation", name
        assert part["additionalProperties"] is False


def test_boundary_value_problems_are_offered_with_their_parameters(
    schema: dict[str, Any],
) -> None:
    _, solved = by_task(schema)
    names, *spelt_out = solved["then"]["properties"]["equation"]["anyOf"]
    assert names["enum"] == list(registry.problems())
    by_name = {each["properties"]["name"]["const"]: each for each in spelt_out}
    poisson = by_name["poisson"]["properties"]
    assert set(poisson) == {"name", "coefficient", "reaction", "source"}
    is_bounded = solved["if"]
    assert is_bounded["properties"]["equation"]["anyOf"][0]["enum"] == names["enum"]


def test_every_key_of_every_section_is_described(schema: dict[str, Any]) -> None:
    parts = schema["$defs"]
    for title in (
        "AxisSpec",
        "TimeSpec",
        "OutputSpec",
        "RunSpec",
        "CheckSpec",
        "Exponential",
        "BoundedAxis",
        "WallData",
        "LinearSolverSpec",
    ):
        for name, key in parts[title]["properties"].items():
            assert key.get("description"), f"{title}.{name}"


def test_all_references_lead_somewhere(schema: dict[str, Any]) -> None:
    for text in json.dumps(schema).split('"$ref": "#/$defs/')[1:]:
        assert text.split('"')[0] in schema["$defs"]


def test_registered_names_are_offered(schema: dict[str, Any]) -> None:
    solver = schema["$defs"]["SolverSpec"]["anyOf"][0]["properties"]
    assert solver["integrator"]["enum"] == ["auto", *registry.integrators()]
    short, *spelt_out = schema["$defs"]["EquationSpec"]["anyOf"]
    assert short["enum"] == list(registry.equations())
    declared, *spelt_out = spelt_out
    assert declared["required"] == ["fields"]
    assert {"linear", "nonlinear", "source"} < set(declared["properties"])
    by_name = {each["properties"]["name"]["const"]: each for each in spelt_out}
    assert by_name.keys() == set(registry.equations())
    assert set(by_name["nlse"]["properties"]) == {
        "name",
        "dispersion",
        "focusing",
        "potential",
        "source",
    }
    assert by_name["nlse"]["properties"]["focusing"]["description"]


def test_branches_are_told_apart_by_their_keys(schema: dict[str, Any]) -> None:
    assert '"oneOf"' not in json.dumps(schema)
    assert len(list(sections(schema))) > 15
