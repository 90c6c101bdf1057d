"""What is wrong in a case of a boundary-value problem is refused, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdekit.case import BoundaryCase, load_case
from pdekit.errors import CaseError
from pdekit.observer import Silent
from pdekit.run import prepared

GOOD = """\
equation: {name: poisson, coefficient: "1 + x*y", reaction: "x"}
domain:
  x: {interval: [0, 1], points: 31}
  y: {interval: [0, 1], points: 31, boundary: neumann}
source: "sin(x)"
boundary:
  x: {lower: "y", upper: 0}
solver: {name: krylov, rtol: 1.0e-8}
"""


def refusal(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    Path("case.yaml").write_text(text)
    with pytest.raises(CaseError) as refused:
        prepared(load_case("case.yaml"), Silent())
    return str(refused.value)


def test_the_good_one_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GOOD)
    case = load_case(file)
    assert isinstance(case, BoundaryCase)
    assert load_case(case) == case
    written = tmp_path / "again.yaml"
    written.write_text(case.to_yaml())
    assert load_case(written).to_dict() == case.to_dict()
    assert not prepared(case, Silent()).warnings


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "poisson",
            "posson",
            "1:18: equation.name: unknown equation 'posson'",
        ),
        ("1 + x*y", "x - 0.5", "1:40: equation.coefficient: must be positive everywhere"),
        ("1 + x*y", "1 + z", "1:45: equation.coefficient: unknown name 'z'"),
        ("1 + x*y", "1 + t", "1:45: equation.coefficient: unknown name 't'"),
        (
            "1 + x*y",
            "log(x-2)",
            "1:40: equation.coefficient: the formula 'log(x-2)'",
        ),
        (
            '"1 + x*y"',
            "-1",
            "1:40: equation.coefficient: must be positive everywhere",
        ),
        (
            '"1 + x*y"',
            "{blocks: {size: 0}}",
            "1:56: equation.coefficient.blocks.size:",
        ),
        (
            '"1 + x*y"',
            "{block: {size: 4}}",
            "1:40: equation.coefficient: must be a",
        ),
        ('"1 + x*y"', "{x: 1}", "1:27: equation.coefficient: must give a formula for each"),
        ('"1 + x*y"', "{x: 1, y: q}", "1:50: equation.coefficient.y: unknown name 'q'"),
        ('"1 + x*y"', "{file: no.npy}", "1:47: equation.coefficient.file: no such file"),
        (
            '"1 + x*y"',
            "{random_field: {alhpa: 1}}",
            "1:56: equation.coefficient.random_field.alhpa: unknown key",
        ),
        ('"x"', '"x - 0.5"', "1:61: equation.reaction: must be >= 0 everywhere"),
        ("neumann", "neuman", "4:47: domain.y.boundary: must be one of dirichlet, neumann"),
        ("neumann", "chebyshev", "4:47: domain.y.boundary: must be one of dirichlet"),
        ("[0, 1]", "[1, 0]", "3:17: domain.x.interval: must be [lower, upper] with lower"),
        ('x: {lower: "y"', 'z: {lower: "y"', "7:3: boundary.z: unknown axis"),
        ('lower: "y"', 'lower: "x"', "7:15: boundary.x.lower: unknown name 'x'"),
        ('lower: "y"', 'lowr: "y"', "7:7: boundary.x.lowr: unknown key; did you mean"),
        ("  x: {lower", "  y: {lower", "7:15: boundary.y.lower: unknown name 'y'"),
        ("source:", "manufactured:", "6:1: boundary: follows from `manufactured`"),
        ("krylov", "krylof", "8:16: solver.name: must be one of auto, direct, multigrid"),
        ("krylov", "direct", "8:16: solver.name: direct is for constant coefficients"),
        ("krylov", "direct, maxiter: 3", "8:24: solver.maxiter: is not used by the solver"),
        ("krylov", "krylov, order: 4", "8:24: solver.order: is not used by the solver"),
        (
            "krylov",
            "krylov, preconditioner: ilu",
            "8:40: solver.preconditioner: must",
        ),
        (
            "krylov",
            "krylov, preconditioner: jacobi, cycle: W",
            "8:48: solver.cycle: is of multigrid, not of jacobi",
        ),
        ("krylov", "multigrid, smoother: red", "8:37: solver.smoother: unknown smoother"),
        ("1.0e-8", "0", "8:30: solver.rtol: must be greater than 0 (got 0)"),
        ("1.0e-8", "2", "8:30: solver.rtol: must be less than 1 (got 2)"),
        ("1.0e-8", "1e-8, step: 0.1", "8:36: solver.step: is for equations in time"),
        ('poisson, coefficient: "1 + x*y", reaction: "x"', "heat", "time: is required"),
        (
            'poisson, coefficient: "1 + x*y", reaction: "x"',
            "helmholtz, coefficient: 2",
            "1:29: equation.coefficient: unknown key; accepted: source, wavenumber",
        ),
    ],
)
def test_one_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    message = refusal(tmp_path, GOOD.replace(old, new, 1), monkeypatch)
    assert f"case.yaml:{expected}" in message or expected in message
    assert all(line.startswith("case.yaml:") for line in message.splitlines())


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("time: {end: 1}", "9:1: time: poisson does not depend on time"),
        ('initial: "0"', "9:1: initial: poisson does not depend on time"),
        ('mask: "-1"', "9:7: mask: is positive at no point: the domain is empty"),
        ('mask: "x +"', "9:8: mask: not a formula"),
        ("reference: {exact: torsoin}", "9:20: reference.exact: unknown exact solution"),
        ('reference: "q"', "9:13: reference: unknown name 'q'"),
        ('reference: {u: "1"}', "9:13: reference.u: unknown key; accepted: exact, file"),
        ("reference: {file: no.h5}", "9:19: reference.file: no such file: 'no.h5'"),
        ("reference: {refine: 1}", "9:21: reference.refine: must be at least 2 (got 1)"),
        ("reference: {solver: {name: direkt}}", "9:28: reference.solver.name: must be one"),
        ("checks: {relative_l3: {below: 1}}", "9:23: checks.relative_l3: unknown metric"),
        ("checks: {value: {below: 1, w: 1}}", "9:28: checks.value.w: unknown key"),
        ("checks: {linf: {below: 1, at: final}}", "'at' is for time series"),
        ("run: {members: 2}", "9:16: run.members: must be 1: no coefficient is random"),
        ("run: {backend: numpy, device: cuda}", "run.device: cuda needs backend torch"),
        ("outputs: {figures: [soluton]}", "9:21: outputs.figures[0]: unknown figure"),
        ("source2: 1", "9:1: source2: unknown key; did you mean 'source'?"),
    ],
)
def test_one_wrong_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str, expected: str
) -> None:
    assert expected in refusal(tmp_path, GOOD + section + "\n", monkeypatch)


def test_contradictions_are_all_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = GOOD + 'manufactured: "x"\nreference: "x"\nmask: "x"\n'
    message = refusal(tmp_path, text, monkeypatch)
    for expected in ("5:1: source: follows from", "6:1: boundary: follows from",
                     "10:1: reference: follows from",
                     "9:1: manufactured: cannot be had with a `mask`"):  # fmt: skip
        assert f"case.yaml:{expected}" in message


PERIODIC = """\
equation: {name: poisson, source: "1 + cos(2*pi*x)"}
domain:
  x: {interval: [0, 1], points: 32, boundary: periodic}
"""


def test_data_without_a_solution_are_refused_unless_projected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fredholm: the mean of the source must vanish."""
    message = refusal(tmp_path, PERIODIC, monkeypatch)
    assert "1:35: equation.source: has no solution: with periodic all round" in message
    assert "their mean is 1 (the largest is 2)" in message
    assert prepared(load_case("case.yaml", {"solver.project": True}), Silent())
    assert prepared(load_case("case.yaml", {"equation.source": "cos(2*pi*x)"}), Silent())


def test_a_periodic_axis_has_no_walls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = refusal(tmp_path, PERIODIC + "boundary: {x: {lower: 1}}\n", monkeypatch)
    assert "4:12: boundary.x: the periodic axis x has no walls" in message


def test_a_manufactured_solution_needs_the_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PERIODIC.replace('{name: poisson, source: "1 + cos(2*pi*x)"}', "poisson")
    message = refusal(tmp_path, text + 'manufactured: "exp(x)"\n', monkeypatch)
    assert "4:15: manufactured: does not have the period of the axis x" in message
    message = refusal(tmp_path, text + 'manufactured: "x*(1 - x)"\n', monkeypatch)
    assert "its slope differs between the ends by 2" in message


def test_a_resonance_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """4/h² sin²(πh/2) is an eigenvalue of second differences on any Dirichlet axis."""
    text = """\
equation: {name: helmholtz, wavenumber: "2*32*sin(pi/64)", source: "1"}
domain:
  x: {interval: [0, 1], points: 31}
"""
    assert "case.yaml" in refusal(tmp_path, text, monkeypatch)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"domain.x.points": 60}, "domain.x.points: 60 halves only down to 61 intervals"),
        ({"solver.rtol": 1e-15}, "solver.rtol: 1e-15 is below rounding times the"),
        (
            {
                "equation.coefficient": {
                    "x": "where(x < 0.5, 100, 1)", "y": "where(x < 0.5, 1, 100)",
                },
                "solver.preconditioner": "multigrid",
            },
            "couplings along x are more than 8 times those along y in",
        ),
    ],
)  # fmt: skip
def test_what_is_slow_or_in_vain_is_warned_of(
    tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GOOD)
    warnings = prepared(load_case(file, changes), Silent()).warnings
    assert any(expected in sentence for sentence in warnings), warnings


def test_the_warning_names_sizes_that_do_coarsen(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GOOD)
    (sentence,) = prepared(load_case(file, {"domain.x.points": 60}), Silent()).warnings
    assert sentence.endswith("59 or 63 coarsen well")
    for points in (59, 63):
        assert not prepared(load_case(file, {"domain.x.points": points}), Silent()).warnings


def test_walls_that_do_not_fit_at_a_corner_are_warned_of() -> None:
    axis = {"interval": [0, 1], "points": 15}
    case = {
        "equation": "poisson",
        "domain": {"x": axis, "y": axis},
        "boundary": {"x": {"lower": "1 - y"}, "y": {"lower": 1}},
    }
    (sentence,) = prepared(load_case(case), Silent()).warnings
    assert "the values on x.upper and y.lower differ by 1 where the walls meet" in sentence
    smooth = {"x": {"lower": "1 - y"}, "y": {"lower": "1 - x"}}
    assert not prepared(load_case({**case, "boundary": smooth}), Silent()).warnings
    rounded = {"x": {"lower": "sin(pi*y)"}, "y": {"lower": "sin(pi*x)"}}  # sin π is not 0
    assert not prepared(load_case({**case, "boundary": rounded}), Silent()).warnings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"cycle": "W"}, "solver.cycle: is not used by direct, which auto chose"),
        ({"project": True}, "solver.project: nothing is taken off"),
    ],
)
def test_keys_that_change_nothing_are_told(given: dict[str, object], expected: str) -> None:
    case = {
        "equation": {"name": "poisson", "source": "1"},
        "domain": {"x": {"interval": [0, 1], "points": 15}},
        "solver": given,
    }
    (sentence,) = prepared(load_case(case), Silent()).warnings
    assert sentence.startswith(expected)


def test_auto_says_why() -> None:
    case = {
        "equation": {"name": "poisson", "source": "1"},
        "domain": {"x": {"interval": [0, 1], "points": 15}},
    }
    for coefficient, name, why in (
        ("1", "direct", "constant coefficients on a box"),
        ("1 + x", "krylov", "the coefficients vary; cg: the operator is symmetric and"),
    ):
        choice = prepared(
            load_case(case, {"equation.coefficient": coefficient}), Silent()
        ).system.choice
        assert (choice.name, choice.why.startswith(why)) == (name, True)
