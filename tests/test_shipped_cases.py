"""Every shipped case passes its own checks, as a user would run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pdekit.case import load_case, shipped_cases
from pdekit.cli import main
from pdekit.run import solve

SLOW = {"nlse/gaussian_to_solitons", "nlse/si_modulation_instability", "nlse/dark_pair"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow if n in SLOW else ())
        for n in shipped_cases("solve")
    ],
)
def test_the_checks_of_a_case_hold(name: str, tmp_path: Path, capfd: Any) -> None:
    out = tmp_path / "out"
    status = main(["run", name, "--no-figures", "--json", "--out", str(out)])
    summary = json.loads(capfd.readouterr().out)
    assert [check for check in summary["checks"] if not check["holds"]] == []
    assert summary["checks"]
    assert (status, summary["status"]) == (0, "ok")
    assert summary == json.loads((out / "summary.json").read_text())


PUBLISHED: dict[str, tuple[dict[str, Any], float, float]] = {
    "single_soliton": (
        {"amplitude": 2.0, "position": -10.0, "velocity": 1.0},
        2.940,
        2.940,
    ),
    "two_soliton": (
        {"A1": 2.0, "A2": 1.5, "x1": -10.0, "x2": 10.0, "v1": 2.0, "v2": -2.0},
        3.746,
        3.746,
    ),
    "breather": ({"amplitude": 1.0, "frequency": 0.5}, 3.384, 3.277),
    "modulation_instability": (
        {"amplitude": 1.0, "width": 5.0, "noise_level": 0.01, "seed": 42},
        5.015,
        4.902,
    ),
}
"""Shannon entropies at t = 0 and 20 that Herho et al. (arXiv:2509.05901) publish with their
data, to three decimals, for the four set-ups of their package."""


@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_configuration_of_the_reference_system_gives_its_entropies(
    kind: str, tmp_path: Path
) -> None:
    """Filter included: without it the fourth ends at 4.901."""
    settings, first, last = PUBLISHED[kind]
    flat = {
        "scenario_name": kind,
        "initial_condition": kind,
        **settings,
        "domain_length": 50.0,
        "num_points": 512,
        "t_final": 20.0,
        "n_snapshots": 3,
        "rtol": 1e-9,
        "atol": 1e-11,
        "use_filtering": True,
    }
    file = tmp_path / "config.yaml"
    file.write_text("".join(f"{key}: {value}\n" for key, value in flat.items()))
    entropy = solve(load_case(file)).diagnostics["shannon_entropy"]
    assert round(float(entropy[0]), 3) == first
    assert round(float(entropy[-1]), 3) == last
