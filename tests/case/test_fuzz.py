"""Whatever is thrown at the loader, it answers with a `Case` or a `CaseError`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pdekit.case import Case, load_case
from pdekit.errors import CaseError

VALID: dict[str, Any] = {
    "title": "Two solitons",
    "parameters": {"a": 1.5},
    "equation": {"name": "nlse", "dispersion": 1.0, "potential": "0.1*cos(x)"},
    "domain": {"x": {"interval": [-40, "4*pi"], "points": 1024}},
    "initial": {"exact": "n_soliton", "amplitudes": [2, "a"], "velocities": [2, -2]},
    "time": {"end": 20, "save": {"every": 0.2}},
    "solver": {"name": "spectral", "integrator": "dop853_ip", "rtol": 1e-9},
    "reference": {"exact": "n_soliton", "until": 10},
    "outputs": {"figures": ["spacetime"], "format": ["hdf5"]},
    "checks": {
        "relative_l2": {"below": 5e-9},
        "drift": {"metric": "mass_drift", "below": 1},
    },
    "run": {"threads": 1, "fft": "scipy"},
}
TEXT = """\
title: "Two solitons"   # comment
equation: {name: nlse, focusing: 1.0}
domain:
  x:
    interval: [-40, 40]
    points: 1024
initial: '2*sech(2*(x+10))*exp(2j*x)'
time:
  end: 20
  save: [1, 2.5, 1e1]
solver: {integrator: strang, step: 1e-3}
checks:
  mass_drift: {below: 1.0e-11}
"""
FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 10**30, 10**400, 0.5, 1e308, float("inf"), float("nan")]),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["x", "9**9**9", "sin(x)", "sin", "nlse", "spectral", "auto", "../x", "\0"]
    ),
)
KEYS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [*VALID, "exact", "state", "file", "refine", "x", "psi", "until", "params"]
    ),
    st.sampled_from(["_fields_set", "model_fields", "__class__", "name", "self", "update"]),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


def loads_or_refuses(source: Any, overrides: Any = None) -> None:
    case, refusal = None, None
    try:
        case = load_case(source, overrides)
    except CaseError as error:
        refusal = error
    if refusal is None:
        assert isinstance(case, Case)
        assert load_case(case.to_dict()) == case
    else:
        assert refusal.problems
        assert all(problem.message for problem in refusal.problems)
        assert str(refusal).encode()


def places(data: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Path of every key of a mapping and every entry of a list."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in inner if isinstance(data, dict | list) else ():
        yield (*here, key)
        if isinstance(value, dict | list):
            yield from places(value, (*here, key))


PLACES = sorted(places(VALID), key=str)


def replaced(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    data = copy.deepcopy(VALID)
    here: Any = data
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return data


def test_the_unmutated_cases_are_valid(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(TEXT)
    assert isinstance(load_case(VALID), Case)
    assert isinstance(load_case(file), Case)


@FUZZ
@given(JUNK)
def test_random_data(data: Any) -> None:
    if isinstance(data, dict):
        loads_or_refuses(data)


@FUZZ
@given(st.sampled_from(PLACES), JUNK)
def test_one_value_of_a_valid_case_is_replaced(path: tuple[Any, ...], value: Any) -> None:
    loads_or_refuses(replaced(path, value))


@FUZZ
@given(st.sampled_from(PLACES), KEYS, JUNK)
def test_one_key_is_added(path: tuple[Any, ...], key: str, value: Any) -> None:
    data = copy.deepcopy(VALID)
    here: Any = data
    for part in path[:-1]:
        here = here[part]
    if isinstance(here, dict):
        here[key] = value
        loads_or_refuses(data)


@FUZZ
@given(st.text(max_size=60) | st.text("{}[]:,-?&*!|>'\"%@` \n\tab01.#~", max_size=60))
@example("a: &a [*a, *a]")
@example('a: "\\U00110000"')
@example("? [a]\n: b")
@example("%YAML 9.9\n---\na")
@example("[" * 3000)
@example("!!python/object/apply:os.system [echo]")
def test_random_text(tmp_path: Path, text: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    loads_or_refuses(file)


@FUZZ
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT)),
            st.integers(0, 6),
            st.text("{}[]:,-?&*!|>'\"% \n\tax01.#~é", max_size=4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_mutated_text(tmp_path: Path, edits: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    file = tmp_path / "case.yaml"
    file.write_text(text, encoding="utf-8")
    loads_or_refuses(file)


@FUZZ
@given(st.binary(max_size=80))
def test_random_bytes(tmp_path: Path, raw: bytes) -> None:
    for name in ("case.yaml", "case.txt"):
        file = tmp_path / name
        file.write_bytes(raw)
        loads_or_refuses(file)


@FUZZ
@given(
    st.text("abx.[]01=", max_size=12)
    | st.sampled_from([".".join(map(str, path)) for path in PLACES]),
    st.text(max_size=10),
)
def test_random_overrides(key: str, value: str) -> None:
    loads_or_refuses(VALID, [f"{key}={value}"])


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_every_value_may_be_missing(path: tuple[Any, ...]) -> None:
    loads_or_refuses(replaced(path, None))
