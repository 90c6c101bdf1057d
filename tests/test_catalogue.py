"""What ``list`` and ``describe`` say."""

from __future__ import annotations

import pytest

from pdekit import registry
from pdekit.arguments import LISTS
from pdekit.case import DatasetCase, shipped_cases
from pdekit.case.dataset_case import SampleCounts, StoredSpec
from pdekit.catalogue import description, entries
from pdekit.errors import UnknownName
from pdekit.solvers.spectral.nlse import NLSE


@pytest.mark.parametrize("kind", sorted(set(LISTS) - {"models"}))
def test_everything_has_a_line(kind: str) -> None:
    rows = entries(kind)
    assert rows
    for name, text in rows.items():
        assert text.strip(), name
        assert "\n" not in text


def test_cases_are_the_files() -> None:
    assert entries("cases").keys() == shipped_cases().keys()


@pytest.mark.parametrize("name", registry.equations())
def test_an_equation_is_described_with_all_that_it_takes(name: str) -> None:
    text, cls = description(name), registry.equation(name)
    for key, field in cls.Params.model_fields.items():
        assert f"  {key} (default {field.default})" in text
    for function in (*cls.exact, *cls.states, *cls.metrics):
        assert f"  {function}(" in text
    assert "Fields: " + ", ".join(cls.fields) in text
    assert "\nExample" in text
    assert "domain:" in text


@pytest.mark.parametrize("name", registry.problems())
def test_a_boundary_value_problem_is_described_with_all_that_it_takes(name: str) -> None:
    text, cls = description(name), registry.problem(name)
    for key, field in cls.Params.model_fields.items():
        assert f"  {key} (default {field.default}): {field.description}" in text
    for function in (*cls.exact, *cls.metrics):
        assert f"  {function}(" in text
    assert all(reference in text for reference in cls.references)
    assert "\nExample" in text
    assert name in entries("equations")


def test_the_keys_of_a_data_set_are_described() -> None:
    text = description("dataset")
    for model in (DatasetCase, SampleCounts, StoredSpec):
        for key, field in model.model_fields.items():
            assert f"{key}" in text
            assert str(field.description) in text
    assert "batch (default 32): samples solved at once" in text


def test_nlse_lists_the_parameters_of_its_solutions() -> None:
    text = description("nlse")
    assert "bright_soliton(amplitude=1.0, velocity=0.0, position=0.0, phase=0.0)" in text
    assert "growth_rate(wavenumber, start, end)" in text
    assert NLSE.Params.model_fields["dispersion"].description in text


@pytest.mark.parametrize("name", registry.integrators())
def test_an_integrator_is_described_by_its_keys(name: str) -> None:
    text, item = description(name), registry.integrator(name)
    assert f"order      {item.order}" in text
    assert ("rtol" if item.adaptive else "step or steps") in text
    assert item.reference in text


def test_a_case_is_shown_whole() -> None:
    for name, path in shipped_cases().items():
        assert path.read_text(encoding="utf-8") in description(name)


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="did you mean 'manakov'"):
        description("manakow")


def test_an_unknown_name_is_answered_with_counts_not_with_every_name() -> None:
    with pytest.raises(UnknownName) as caught:
        description("qqqqqq")
    said = str(caught.value)
    assert len(said) < 250
    for kind in ("cases", "equations", "integrators", "figures", "formulas", "metrics"):
        assert f"{len(entries(kind))} {kind}" in said
    assert "pdekit list KIND" in said
    assert "kdv" not in said
