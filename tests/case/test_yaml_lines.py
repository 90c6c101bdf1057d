"""The YAML of case files: version 1.2, numbers as a physicist writes them."""

from __future__ import annotations

import pytest

from pdekit.case.yaml_lines import Mark, dotted, parse


@pytest.mark.parametrize(
    "text", ["1e-3", "1E-3", "0.001", "1.0e-3", ".001", "1.e-3", "+1e-3", "10.0e-04"]
)
def test_all_spellings_of_a_number(text: str) -> None:
    assert parse(f"a: {text}", "f").data == {"a": 0.001}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("012", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("-7", -7),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
    ],
)
def test_scalars(text: str, expected: object) -> None:
    found = parse(f"a: {text}", "f").data["a"]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text",
    ["no", "on", "yes", "off", "y", "1:30", "2001-01-01", "1_000", "1e", "e1", "1.2.3"],
)
def test_what_must_stay_text(text: str) -> None:
    assert parse(f"a: {text}", "f").data == {"a": text}


def test_keys_are_text() -> None:
    assert parse("{1: a, true: b, y: c, ~: d}", "f").data == dict(
        zip(("1", "true", "y", "~"), "abcd", strict=True)
    )


def test_places() -> None:
    found = parse("a:\n  - b: 1\n    c: [x,  'y']\n", "f")
    assert found.data == {"a": [{"b": 1, "c": ["x", "y"]}]}
    assert found.keys["a", 0, "c"] == Mark("f", 3, 5)
    assert found.values["a", 0, "c", 1] == Mark("f", 3, 13)
    assert dotted(("a", 0, "c", 1)) == "a[0].c[1]"
