"""Wrong cases: every error in plain words with its place, all of them at once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pdekit.case import load_case
from pdekit.errors import CaseError

GOOD = """\
equation: {name: nlse, dispersion: 1.0}
domain:
  x: {interval: [-40, 40], points: 64}
initial: sech(x)
time: {end: 20, save: 100}
solver: {integrator: dop853, rtol: 1e-9}
"""


def refusal(tmp_path: Path, text: str | bytes, overrides: list[str] | None = None) -> str:
    """Return the message for a text, with the folder taken out."""
    file = tmp_path / "case.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CaseError) as caught:
        load_case(file, overrides)
    assert caught.value.exit_status == 2
    return str(caught.value).replace(f"{tmp_path}{os.sep}", "")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "name: nlse",
            "name: nsle",
            "1:18: equation.name: unknown equation 'nsle'; did you mean",
        ),
        (
            "dispersion: 1.0",
            "dispersoin: 1",
            "1:24: equation.dispersoin: unknown key; did you",
        ),
        ("1.0}", "wide}", "1:36: equation.dispersion: must be a number (got 'wide')"),
        ("1.0}", "true}", "1:36: equation.dispersion: must be a number (got true)"),
        ("1.0}", ".nan}", "1:36: equation.dispersion: must be a finite number (got .nan)"),
        ("1.0}", "-.inf}", "1:36: equation.dispersion: must be a finite number"),
        ("1.0}", "1e999}", "1:36: equation.dispersion: must be a finite number"),
        ("points: 64", "points: 0", "3:36: domain.x.points: must be at least 2 (got 0)"),
        ("points: 64", "points: -8", "3:36: domain.x.points: must be at least 2 (got -8)"),
        (
            "points: 64",
            "points: 6.5",
            "3:36: domain.x.points: must be a whole number (got 6.5)",
        ),
        (
            "points: 64",
            "points: many",
            "domain.x.points: must be a whole number (got 'many')",
        ),
        (
            "points: 64",
            "pionts: 64",
            "3:28: domain.x.pionts: unknown key; did you mean 'points'?",
        ),
        (", points: 64", "", "3:3: domain.x.points: is required"),
        ("points: 64", "points: 1e18", "domain: must have at most 4294967296 points"),
        ("[-40, 40]", "[40, -40]", "3:17: domain.x.interval: must be [lower, upper] with"),
        ("[-40, 40]", "[1]", "domain.x.interval[1]: must have one entry more"),
        ("[-40, 40]", "[1, 2, 3]", "3:17: domain.x.interval: must have at most 2 entries"),
        (
            "[-40, 40]",
            "[a, 2]",
            "3:18: domain.x.interval[0]: must be a number, or a formula",
        ),
        ("[-40, 40]", "5", "3:17: domain.x.interval: must be a list (got 5)"),
        ("points: 64", "points: 64, boundary: neuman", "did you mean 'neumann'?"),
        (
            "points: 64",
            "points: 64, boundary: neumann",
            "domain.x.boundary: nlse needs periodic",
        ),
        ("  x:", "  r:", "3:3: domain.r: unknown axis"),
        ("  x:", "  y:", "2:1: domain: must have the axes x, then y, then z (got y)"),
        (
            "sech(x)",
            "seech(x)",
            "4:10: initial: unknown function 'seech'; did you mean 'sech'",
        ),
        ("sech(x)", "'2 + seech(x)'", "4:15: initial: unknown function 'seech'"),
        ("sech(x)", "x.real", "4:10: initial: attribute access"),
        ("sech(x)", "9**9**9", "4:10: initial: "),
        ("sech(x)", "sin(t)", "4:14: initial: unknown name 't'"),
        (
            "sech(x)",
            "[1, 2]",
            "4:10: initial: must be a formula, or a mapping with one of exact",
        ),
        (
            "sech(x)",
            "{exat: n_soliton}",
            "4:11: initial.exat: unknown field or key; did you mean",
        ),
        (
            "sech(x)",
            "{exact: nsoliton}",
            "initial.exact: unknown exact solution 'nsoliton'; did",
        ),
        ("sech(x)", "{exact: n_soliton, amplitude: 2}", "did you mean 'amplitudes'?"),
        ("sech(x)", "{state: gausian}", "unknown initial state 'gausian'; did you mean"),
        ("sech(x)", "{file: no.h5}", "4:17: initial.file: no such file: 'no.h5'"),
        ("end: 20", "end: -20", "5:13: time.end: must be after start = 0 (got -20)"),
        ("end: 20, ", "", "5:1: time.end: is required"),
        ("save: 100", "save: 1", "5:23: time.save: must be at least 2 (got 1)"),
        ("save: 100", "save: [1, 30]", "5:27: time.save[1]: must lie in [0, 20] (got 30)"),
        ("save: 100", "save: [3, 2]", "5:27: time.save[1]: must be after 3 (got 2)"),
        ("save: 100", "save: {every: 0}", "5:31: time.save.every: must be greater than 0"),
        ("save: 100", "save: {every: 1e-9}", "time.save.every: stores 2e+10 frames"),
        (
            "dop853",
            "dop85",
            "6:22: solver.integrator: unknown integrator 'dop85'; did you mean",
        ),
        ("dop853", "strang", "6:30: solver.rtol: is not used with a fixed-step integrator"),
        (
            "dop853, rtol: 1e-9",
            "strang",
            "6:1: solver: a fixed-step integrator 'strang' needs",
        ),
        (
            "rtol: 1e-9",
            "step: 0.1",
            "6:30: solver.step: is not used with an adaptive integrator",
        ),
        (
            "dop853, rtol: 1e-9",
            "auto, step: 0.1",
            "6:28: solver.step: is not used with an adaptive integrator 'dop853_ip'",
        ),
        ("dop853, rtol: 1e-9", "bm4, step: 1, steps: 2", "(got step and steps)"),
        ("rtol: 1e-9", "rtol: 0", "6:36: solver.rtol: must be greater than 0 (got 0)"),
        (
            "rtol: 1e-9",
            "dealias: haf",
            "solver.dealias: must be one of auto, none, two_thi"
            "rds, half; did you mean 'half'?",
        ),
        (
            "rtol: 1e-9",
            "dealias: {exp: {odrer: 2}}",
            "solver.dealias.exp.odrer: unknown key; did",
        ),
        (
            "equation:",
            "colour: blue\nequation:",
            "1:1: colour: unknown key; accepted: checks",
        ),
    ],
)
def test_one_mistake(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    message = refusal(tmp_path, GOOD.replace(old, new, 1))
    assert expected in message
    assert all(line.startswith("case.yaml:") for line in message.splitlines())


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("run: {device: gpu}", "7:15: run.device: must be one of auto, cpu, cuda"),
        (
            "run: {device: cuda, backend: fused}",
            "7:15: run.device: cuda needs backend torch (got 'fused')",
        ),
        (
            "run: {backend: torch, fft: scipy}",
            "7:28: run.fft: arrays of torch are transformed by torch (got 'scipy')",
        ),
        ("run: {device: cuda, fft: ducc}", "run.fft: arrays of torch are transformed by"),
        (
            "run: {backend: numpy, fft: torch}",
            "run.fft: torch does not transform arrays of backend numpy",
        ),
        ("run: {threads: 0}", "7:16: run.threads: must be auto or at least 1 (got 0)"),
        ("run: {seed: -1}", "7:13: run.seed: must be at least 0"),
        ("run: {reproducible: no}", "run.reproducible: must be true or false (got 'no')"),
        ("run: 3", "7:6: run: must be a mapping, key: value (got 3)"),
        (
            "outputs: {figures: [spactime]}",
            "7:21: outputs.figures[0]: unknown figure 'spactime'",
        ),
        ("outputs: {movie: 3}", "outputs.movie: must be true or false"),
        (
            "outputs: {format: [hdf]}",
            "outputs.format[0]: must be one of hdf5, netcdf3, csv",
        ),
        ("checks: {mass_drift: {}}", "7:10: checks.mass_drift: needs exactly one of below"),
        ("checks: {m: {below: 1, above: 0}}", "(got below and above)"),
        ("checks: {m: {below: a}}", "7:21: checks.m.below: must be a number, or"),
        ("checks: {m: {between: [2, 1]}}", "checks.m.between: must be [lower, upper]"),
        ("checks: {m: {equals: 2}}", "checks.m: equals and within belong together"),
        (
            "checks: {m: {blow: 2}}",
            "7:14: checks.m.blow: unknown key; did you mean 'below'?",
        ),
        ("reference: {refine: 1}", "7:21: reference.refine: must be at least 2 (got 1)"),
        (
            "reference: {refine: 2, until: 90}",
            "reference.until: must lie in (0, 20] (got 90)",
        ),
        (
            "reference: {refine: 2, untl: 9}",
            "reference.untl: unknown key; did you mean 'until'?",
        ),
        ("reference: 'sin(x) + q'", "7:22: reference: unknown name 'q'"),
        ("parameters: {x: 1}", "7:14: parameters.x: has a meaning of its own in formulas"),
        ("parameters: {sin: 1}", "7:14: parameters.sin: has a meaning of its own"),
        (
            "parameters: {a-b: 1}",
            "7:14: parameters.a-b: must be a name of letters and digits",
        ),
        ("time: {end: 3}", "7:1: time: is given twice (first in line 5)"),
        *(
            (f"name: {name}", "7:7: name: must be plain, such as two_waves or waves/two")
            for name in ("../out", "/out", "a/../../b", "..", r"..\b", "'C:out'")
        ),
        ("task: slove", "7:7: task: must be solve; did you mean 'solve'? (got 'slove')"),
    ],
)
def test_one_more_section(tmp_path: Path, section: str, expected: str) -> None:
    assert expected in refusal(tmp_path, GOOD + section + "\n")


def test_all_mistakes_are_reported_at_once_and_in_order(tmp_path: Path) -> None:
    text = """\
equation: {name: nlse, dispersion: .nan}
domain: {x: {interval: [4, -4], points: 0}}
initial: {exact: n_solitn}
time: {end: 20, save: 1}
solver: {integratr: dop853, rtol: 0}
checks: {peak: {bellow: 1}}
time: {end: 30}
"""
    lines = refusal(tmp_path, text).splitlines()
    paths = [line.split(": ")[1] for line in lines]
    assert paths == [
        "equation.dispersion",
        "domain.x.interval",
        "domain.x.points",
        "initial.exact",
        "time.save",
        "solver.integratr",
        "solver.rtol",
        "checks.peak",
        "checks.peak.bellow",
        "time",
    ]
    assert [int(line.split(":")[1]) for line in lines] == [1, 2, 2, 3, 4, 5, 5, 6, 6, 7]


def test_missing_sections(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "title: nothing\n").splitlines()
    assert lines == [
        f"case.yaml:1:1: {key}: is required"
        for key in ("equation", "domain", "initial", "time")
    ]


# -- texts that are not cases ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "must be a mapping, key: value (got an empty file)"),
        ("# only a comment\n", "must be a mapping"),
        ("- a\n- b\n", "case.yaml:1:1: must be a mapping"),
        ("nlse", "case.yaml:1:1: must be a mapping, key: value (got 'nlse')"),
        ("a: 1\n\tb: 2\n", "case.yaml:2:1: a tab is not allowed here; use spaces"),
        ("a: 1\nb: [1, 2\n", "case.yaml:3:1: is not valid YAML"),
        ("a: 1\nb: c: d\n", "case.yaml:2:5: unexpected ':'; check the indentation"),
        ("a: 'x\n", "is not valid YAML"),
        ("a: 1\n--- \nb: 1\n", "case.yaml:2:1: only one document is expected"),
        ("a: &one 1\n", "case.yaml:1:4: a: anchors (&name) are not allowed"),
        ("a: &one 1\nb: *one\n", "case.yaml:2:4: b: aliases (*name) are not allowed"),
        ("a: !!python/object:os.system 1\n", "case.yaml:1:4: a: tags are not allowed"),
        ("a: 1\n? [b, c]\n: 2\n", "case.yaml:2:3: a key must be a plain name"),
        ("a: " + "[" * 21 + "]" * 21, "is nested more than 20 levels deep"),
        ("a: [" + "1, " * 10_001 + "]", "has more than 10000 values"),
        ("a: \x07\n", "case.yaml:1:4: character U+0007 is not allowed"),
        ('a: "\\ud800"\n', "case.yaml:1:4: a: is not valid text"),
        (b"a: 1\nb: \xff\n", "case.yaml:2:4: is not UTF-8 text"),
        ("equation: nlse".encode("utf-16"), "case.yaml:1:1: is not UTF-8 text"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_texts_that_are_refused(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert expected in refusal(tmp_path, text)


def test_lines_are_counted_with_any_line_end(tmp_path: Path) -> None:
    text = GOOD.replace("points: 64", "points: 0").replace("\n", "\r\n")
    assert refusal(tmp_path, "\ufeff" + text).startswith("case.yaml:3:36: domain.x.points")


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 10)]
    began = time.perf_counter()
    assert "aliases" in refusal(tmp_path, "\n".join(lines))
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    "text",
    ["a: !" + "x" * 200_000, "a: " + "x y " * 65_000, "%A\n" * 80_000, "[" * 200_000],
    ids=["tag", "words", "directives", "brackets"],
)
def test_no_text_takes_long(tmp_path: Path, text: str) -> None:
    began = time.process_time()
    refusal(tmp_path, text)
    assert time.process_time() - began < 3.0  # a second, on a busy machine


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    with file.open("wb") as stream:
        stream.truncate(2 * 10**9)
    began = time.perf_counter()
    with pytest.raises(CaseError, match="larger than 256 KiB"):
        load_case(file)
    assert time.perf_counter() - began < 1.0


def test_what_is_not_a_readable_file(tmp_path: Path) -> None:
    for path, expected in (
        (tmp_path, "is a folder, not a case file"),
        (tmp_path / "missing.yaml", "no such file, and no shipped case of this name"),
        ("nlse/two_solitn", "did you mean 'nlse/two_soliton'"),
        ("a\0b", "cannot be read|no such file"),
        ("x" * 5000, "cannot be read|no such file"),
        ("", "is a folder|no such file"),
    ):
        with pytest.raises(CaseError, match=expected):
            load_case(path)


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(CaseError, match="is not a regular file"):
        load_case(tmp_path / "pipe.yaml")


def test_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(CaseError, match="no such file"):
        load_case(tmp_path / "case.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GOOD)
    file.chmod(0)
    with pytest.raises(CaseError, match="cannot be read: Permission denied"):
        load_case(file)


# -- overrides and later errors ----------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("solver.rtol=tight", "--set solver.rtol=tight: solver.rtol: must be a number"),
        (
            "domain.x.points=0",
            "--set domain.x.points=0: domain.x.points: must be at least 2",
        ),
        (
            "solver.rtl=1",
            "--set solver.rtl=1: solver.rtl: unknown key; did you mean 'rtol'?",
        ),
        (
            "initial=sin(q)",
            "--set initial=sin(q): initial: column 5 of the formula: unknown name",
        ),
        ("domain.x.interval.5=1", "domain.x.interval[5]: no such entry; accepted: 0, 1"),
        ("solver.rtol", "--set solver.rtol: must read KEY=VALUE"),
        ("=3", "--set =3: must read KEY=VALUE"),
        ("solver.rtol=[1", "--set solver.rtol=[1: solver.rtol: is not valid YAML"),
        ("solver=&a 1", "--set solver=&a 1: solver: anchors"),
        ("title=.nan", "--set title=.nan: title: must be a finite number"),
    ],
)
def test_an_error_names_its_override(tmp_path: Path, override: str, expected: str) -> None:
    assert expected in refusal(tmp_path, GOOD, [override])


@pytest.mark.parametrize(
    "override", ["outputs.format=[csvv]", "domain.x.interval=[0, 1e400]"]
)
def test_what_follows_from_a_mistake_is_not_a_second_one(
    tmp_path: Path, override: str
) -> None:
    assert len(refusal(tmp_path, GOOD, [override]).splitlines()) == 1


def test_errors_of_a_mapping_name_the_key() -> None:
    with pytest.raises(
        CaseError, match=r"^override time\.save=1: time\.save: must be at least"
    ):
        load_case("nlse/two_soliton", {"time.save": 1})


def test_later_errors_get_the_place_of_their_key(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GOOD)
    case = load_case(file, ["domain.x.points=128"])
    assert str(case.problem("solver.rtol", "is too small")).endswith(
        "case.yaml:6:36: solver.rtol: is too small"
    )
    assert "case.yaml:6:1: solver.step: is needed" in str(
        case.problem("solver.step", "is needed")
    )
    assert "--set domain.x.points=128: " in str(
        case.problem("domain.x.points", "are too many")
    )
    assert "case.yaml:1:1: run.threads" in str(case.problem("run.threads", "are too many"))
