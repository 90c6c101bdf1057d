"""The validation report: every case a row, whatever happens to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pdekit.case import shipped_cases
from pdekit.errors import PdekitError, UnknownName
from pdekit.validate import selected, validate
from tests.running import Server, command, write_case

__all__ = ["command"]

HOLDS = {"relative_l2": {"below": 1e-2}}


@pytest.fixture
def suite() -> Path:
    folder = Path("suite")
    write_case(folder / "good.yaml", checks=HOLDS, outputs={"figures": ["profile"]})
    write_case(folder / "sub" / "strict.yaml", checks={"relative_l2": {"below": 1e-15}})
    write_case(folder / "refused.yaml", solver={"integrator": "strang"}, title="<script>")
    return folder


def test_the_report_has_a_row_for_every_case(command: Server, suite: Path) -> None:
    write_case(
        suite / "unstable.yaml",
        initial={"exact": "bright_soliton", "amplitude": 12},
        solver={"integrator": "dop853_ip", "rtol": 1e-10, "max_steps": 2},
        reference=None,
    )
    done = command.run("validate", suite, "--out", "report", "--json")
    assert done.status == 1, done.err
    status = {row["case"]: row["status"] for row in done.json["rows"]}
    assert status == {
        "good": "ok", "sub/strict": "check_failed", "refused": "refused",
        "unstable": "not_converged",
    }  # fmt: skip
    assert "1 of 4 cases pass" in done.err
    page = Path("report/index.html").read_text()
    assert "data:image/png;base64," in page
    assert "either step or steps" in page
    assert "good" in Path("report/report.md").read_text()
    facts = json.loads(Path("report/report.json").read_text())
    assert facts["counts"] == {"failed": 3, "skipped": 0, "passed": 1}
    assert facts["rows"][-1]["case"] == "good", "failures first"
    assert Path("report/cases/good/run/result.h5").exists()


def test_a_crash_is_one_red_row(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pdekit.solvers.spectral.nlse import NLSE

    def broken(self: NLSE, *args: Any) -> dict[str, Any]:
        if self.params.focusing == 3.0:
            raise ZeroDivisionError("oh")
        return {}

    monkeypatch.setattr(NLSE, "diagnostics", broken)
    write_case(suite / "crash.yaml", equation={"name": "nlse", "focusing": 3.0})
    rows, folder = validate([str(suite)], Path("report"), figures=False)
    found = {row["case"]: row for row in rows}
    assert found["crash"]["status"] == "crashed"
    assert "ZeroDivisionError: oh" in found["crash"]["message"]
    assert "broken" in (folder / "cases/crash/crash.txt").read_text()
    assert found["good"]["status"] == "ok"
    assert "ZeroDivisionError" in (folder / "index.html").read_text()


def test_rows_are_kept_until_the_case_changes(suite: Path) -> None:
    said: list[str] = []

    def again() -> list[str]:
        said.clear()
        validate([str(suite)], Path("report"), resume=True, figures=False, say=said.append)
        return [text for text in said if "running" in text]

    assert len(again()) == 3
    assert again() == []
    assert sum("(kept)" in text for text in said) == 3
    write_case(suite / "good.yaml", checks=HOLDS, time={"end": 2, "save": 5})
    assert [text.split()[-1] for text in again()] == ["good"]
    Path("report/cases/good/row.json").write_text("{")
    assert [text.split()[-1] for text in again()] == ["good"]


def test_what_suites_mean(suite: Path) -> None:
    assert selected([]).keys() == shipped_cases("solve").keys()
    assert selected(["nlse"]).keys() == {
        n for n in shipped_cases() if n.startswith("nlse/")
    }
    assert list(selected(["nlse/two_soliton", "nlse/two_soliton"])) == ["nlse/two_soliton"]
    assert list(selected([str(suite / "good.yaml")])) == ["good"]
    other = write_case(Path("other/good.yaml"))
    both = selected([str(suite), str(other)])
    assert both["good"] == suite / "good.yaml"
    assert both["good-2"] == other
    with pytest.raises(UnknownName, match="nlse"):
        selected(["nsle"])
    Path("empty").mkdir()
    with pytest.raises(PdekitError, match="holds no case files"):
        selected(["empty"])


def test_an_unknown_suite_is_refused(command: Server) -> None:
    done = command.run("validate", "nothing_here")
    assert done.status == 2
    assert not Path("validation-report").exists()


def test_all_good_is_status_0(command: Server, suite: Path) -> None:
    done = command.run("validate", suite / "good.yaml", "--no-figures")
    assert done.status == 0, done.err
    assert done.out == ""
    assert "1 of 1 cases pass; report: validation-report/index.html" in done.err
