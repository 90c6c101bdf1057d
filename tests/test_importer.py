"""Configurations of ``simple-idealized-1d-nlse``, in both of its forms, read as cases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.case import load_case
from pdekit.case.schema import ExactInitial, FormulaInitial, StateInitial
from pdekit.errors import CaseError
from pdekit.expressions import compile_expression

COMMON: dict[str, Any] = {
    "scenario_name": "A scenario",
    "domain_length": 50.0,
    "num_points": 512,
    "t_final": 20.0,
    "n_snapshots": 100,
    "method": "DOP853",
    "rtol": 1.0e-9,
    "atol": 1.0e-11,
    "max_step": 0.1,
    "use_numba": True,
    "use_filtering": False,
    "save_netcdf": False,
    "output_dir": "../outputs",
}
KINDS: dict[str, dict[str, Any]] = {
    "single_soliton": {"amplitude": 2.5, "position": -8.0, "velocity": 1.5},
    "two_soliton": {"A1": 2.0, "A2": 1.25, "x1": -9.0, "x2": 9.0, "v1": 2.0, "v2": -1.0},
    "breather": {"amplitude": 1.5, "frequency": 0.25, "modulation": 0.125},
    "modulation_instability": {
        "amplitude": 1.5,
        "width": 4.0,
        "noise_level": 0.5,
        "seed": 7,
    },
}


def write(folder: Path, form: str, settings: dict[str, Any]) -> Path:
    """Write a configuration as YAML or as ``key = value`` text."""
    lines = ["# a comment", ""]
    for key, value in settings.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        lines.append(f"{key}: {text}" if form == "yaml" else f"{key} = {text}")
    file = folder / f"config.{form}"
    file.write_text("\n".join(lines) + "\n")
    return file


def sech(y: Any) -> Any:
    return 1 / np.cosh(y)


@pytest.mark.parametrize("form", ["yaml", "txt"])
@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_say_the_same(tmp_path: Path, form: str, kind: str) -> None:
    case = load_case(
        write(tmp_path, form, COMMON | {"initial_condition": kind} | KINDS[kind])
    )
    assert case.title == "A scenario"
    assert case.equation.params == {
        "dispersion": 1.0,
        "focusing": 1.0,
        "potential": None,
        "source": None,
    }
    assert case.domain["x"].interval == (-25.0, 25.0)
    assert case.domain["x"].points == 512
    np.testing.assert_array_equal(case.time.frames(), np.linspace(0, 20, 100))
    assert (case.solver.rtol, case.solver.atol, case.solver.max_step) == (1e-9, 1e-11, 0.1)
    assert case.solver.dealias == "none"
    assert case.outputs.format == ("hdf5",)
    assert load_case(case.to_dict()) == case


def test_a_single_soliton_is_the_exact_one(tmp_path: Path) -> None:
    settings = COMMON | {"initial_condition": "single_soliton"} | KINDS["single_soliton"]
    initial = load_case(write(tmp_path, "yaml", settings)).initial
    assert isinstance(initial, ExactInitial)
    assert initial.exact == "bright_soliton"
    assert initial.params == KINDS["single_soliton"] | {"phase": 0.0}


def test_two_solitons_are_the_plain_sum(tmp_path: Path) -> None:
    settings = COMMON | {"initial_condition": "two_soliton"} | KINDS["two_soliton"]
    case = load_case(write(tmp_path, "yaml", settings))
    assert isinstance(case.initial, FormulaInitial)
    x = np.linspace(-25, 25, 64, endpoint=False)
    formula = compile_expression(case.initial.formulas["psi"], ["x", *case.parameters])
    expected = 2 * sech(2 * (x + 9)) * np.exp(2j * x)
    expected += 1.25 * sech(1.25 * (x - 9)) * np.exp(-1j * x)
    np.testing.assert_allclose(
        formula(x=x, **case.parameters), expected, rtol=1e-14, atol=1e-30
    )


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("breather", "si_breather"),
        ("modulation_instability", "si_modulation_instability"),
    ],
)
def test_states_keep_their_parameters(tmp_path: Path, kind: str, state: str) -> None:
    settings = COMMON | {"initial_condition": kind} | KINDS[kind]
    initial = load_case(write(tmp_path, "txt", settings)).initial
    assert isinstance(initial, StateInitial)
    assert initial.state == state
    assert initial.params.items() >= KINDS[kind].items()


def test_the_filter_is_honoured_and_warned_about(tmp_path: Path) -> None:
    settings = COMMON | {"use_filtering": True, "method": "RK45", "save_animation": True}
    case = load_case(write(tmp_path, "yaml", settings | {"save_netcdf": True}))
    assert case.to_dict()["solver"]["dealias"] == {
        "exp": {"order": 36.0, "strength": 36.0, "cutoff": 2 / 3}
    }
    assert case.outputs.format == ("hdf5", "netcdf3")
    assert not case.outputs.movie
    told = " ".join(case.warnings)
    for word in ("use_filtering", "RK45", "save_animation", "use_numba, output_dir"):
        assert word in told
    assert load_case(
        write(tmp_path, "yaml", settings), ["solver.dealias=none"]
    ).digest() != (case.digest())


@pytest.mark.parametrize(
    ("form", "key", "value", "expected"),
    [
        ("txt", "num_points", 0, "config.txt:5:14: num_points: must be at least 2 (got 0)"),
        (
            "yaml",
            "num_points",
            0,
            "config.yaml:5:13: num_points: must be at least 2 (got 0)",
        ),
        (
            "txt",
            "domain_length",
            -50,
            "4:17: domain_length: must be a positive number (got -50)",
        ),
        ("yaml", "t_final", "late", "6:10: t_final: must be a number"),
        ("yaml", "n_snapshots", 1, "7:14: n_snapshots: must be at least 2 (got 1)"),
        ("txt", "widht", 5, "widht: unknown key; did you mean 'width'?"),
        ("txt", "noise_level", "no", "noise_level: must be a number (got 'no')"),
        (
            "txt",
            "initial_condition",
            "brether",
            "initial condition 'brether'; did you mean",
        ),
        ("txt", "rtol", ".nan", "rtol: must be a finite number"),
    ],
)
def test_errors_name_the_key_as_it_was_written(
    tmp_path: Path, form: str, key: str, value: Any, expected: str
) -> None:
    kind = "modulation_instability"
    settings = COMMON | {"initial_condition": kind} | KINDS[kind] | {key: value}
    with pytest.raises(CaseError, match=re.escape(expected)):
        load_case(write(tmp_path, form, settings))


def test_a_missing_key(tmp_path: Path) -> None:
    settings = {key: value for key, value in COMMON.items() if key != "t_final"}
    with pytest.raises(CaseError, match="t_final: is required"):
        load_case(write(tmp_path, "yaml", settings))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scenario_name = a\nnum_points\n", "config.txt:2:1: expected key = value"),
        ("scenario_name = a\nrtol = 1\nrtol = 2\n", "config.txt:3:1: rtol is given twice"),
        ("anything = 3\n", "config.txt: is not a case file"),
        ("", "config.txt: is not a case file"),
    ],
)
def test_texts_that_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "config.txt"
    file.write_text(text)
    with pytest.raises(CaseError, match=re.escape(expected)):
        load_case(file)
