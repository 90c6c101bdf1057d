"""The report of a validation: complete, safe, self-contained."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pdekit.report import bound_of, write_report

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NASTY = "<script>alert('x')</script> & | `code` *b* [l](javascript:x) \"q\""


def row(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "case": name,
        "title": "Two solitons",
        "status": "ok",
        "checks": [
            {"metric": "relative_l2", "value": 3.1e-9, "below": 5e-9, "holds": True}
        ],
        "errors": {"relative_l2": 3.1e-9, "reference": "exact"},
        "invariants": {"mass": {"initial": 7.0, "drift": 2e-15}, "momentum": {}},
        "cost": {"solve_s": 0.31, "steps": 1600, "iterations": None},
        "figures": [],
        "message": "",
        "environment": {"python": "3.12"},
        **changes,
    }


class Page(HTMLParser):
    """The elements, addresses and text of a page; checks that elements are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.rows: list[str] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "img", "br", "link"}:
            self.open.append(tag)
        given = dict(attrs)
        self.addresses += [given[key] or "" for key in ("src", "href") if key in given]
        if tag == "tr":
            self.rows.append(given.get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def written(rows: list[dict[str, Any]], folder: Path) -> tuple[Page, str, dict[str, Any]]:
    paths = write_report(rows, folder, "Validation")
    assert [p.name for p in paths.values()] == ["index.html", "report.md", "report.json"]
    page = Page(paths["html"].read_text("utf-8"))
    facts = json.loads(paths["json"].read_text("utf-8"))
    return page, paths["markdown"].read_text("utf-8"), facts


def test_every_view_states_found_and_expected(tmp_path: Path) -> None:
    page, markdown, facts = written([row("nlse/two_soliton")], tmp_path / "new" / "report")
    for text in (page.words, markdown.replace("\\", "")):
        assert all(
            w in text for w in ("nlse/two_soliton", "relative_l2", "3.1e-09", "< 5e-09")
        )
        assert "0.31 s" in text
        assert "2e-15" in text
    assert facts["counts"] == {"failed": 0, "skipped": 0, "passed": 1}
    assert facts["rows"][0]["checks"][0]["value"] == 3.1e-9
    assert facts["environment"] == {"python": "3.12"}


def test_failures_come_first_and_a_crash_is_one_red_row(tmp_path: Path) -> None:
    failing = [{"metric": "mass_drift", "value": 1e-3, "below": 1e-9, "holds": False}]
    rows = [
        row("a_good"),
        row("b_skipped", status="skipped", checks=[], message="needs a GPU"),
        row("c_failing", status="check_failed", checks=failing),
        {"case": "d_crashed", "status": "crashed", "message": "Traceback:\nValueError: no"},
        row(
            "e_lying",
            checks=[{"metric": "linf", "value": 1.0, "below": 0.1, "holds": False}],
        ),
    ]
    page, markdown, facts = written(rows, tmp_path)
    expected = ["c_failing", "d_crashed", "e_lying", "b_skipped", "a_good"]
    assert [r["case"] for r in facts["rows"]] == expected
    assert facts["counts"] == {"failed": 3, "skipped": 1, "passed": 1}
    places = [page.words.index(name) for name in expected]
    assert places == sorted(places)
    assert page.rows.count("failed") == 3  # one for each failing case here
    assert "ValueError: no" in page.words
    assert "**no**" in markdown
    assert "needs a GPU" in markdown


@pytest.mark.parametrize("key", ["case", "title", "message", "status"])
def test_strings_stay_text(tmp_path: Path, key: str) -> None:
    nasty = row("x", **{key: NASTY})
    nasty["checks"] = [{"metric": NASTY, "value": NASTY, "equals": NASTY, "holds": False}]
    nasty["errors"] = {NASTY: NASTY}
    nasty["environment"] = {NASTY: NASTY}
    page, markdown, facts = written([nasty], tmp_path)
    assert "script" not in page.tags
    assert NASTY in page.words
    assert not re.search(r"(?<!\\)<script", markdown)
    assert not re.search(r"(?<!\\)\[l", markdown)
    table = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {7}
    assert facts["rows"][0]["errors"] == {NASTY: NASTY}


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    figure = tmp_path / "runs" / "a b.png"
    figure.parent.mkdir()
    figure.write_bytes(PNG)
    page, _, facts = written([row("x", figures=[figure])], tmp_path / "report")
    assert {"script", "link", "iframe"}.isdisjoint(page.tags)
    pictures = [a for a in page.addresses if not a.startswith("#")]
    assert [p[:22] for p in pictures] == ["data:image/png;base64,"]
    assert base64.b64decode(pictures[0][22:]) == PNG
    text = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "http://" not in text
    assert "https://" not in text
    assert facts["rows"][0]["figures"] == ["../runs/a b.png"]
    assert str(tmp_path) not in json.dumps(facts)


def test_a_missing_figure_is_named(tmp_path: Path) -> None:
    page, _, _ = written(
        [row("x", figures=[tmp_path / "gone.png", tmp_path])], tmp_path / "r"
    )
    assert "img" not in page.tags
    assert "gone is missing" in page.words


def test_json_is_strict_even_for_what_is_not_finite(tmp_path: Path) -> None:
    bad = [{"metric": "linf", "value": float("nan"), "below": 1.0, "holds": False}]
    page, _, _ = written([row("x", status="diverged", checks=bad)], tmp_path)
    text = (tmp_path / "report.json").read_text("utf-8")
    assert "NaN" not in text
    assert "nan" in page.words


def test_no_cases_and_bare_rows_are_reported_too(tmp_path: Path) -> None:
    page, markdown, _ = written([], tmp_path / "none")
    assert "Nothing was run" in page.words
    assert "0 failed" in markdown
    page, _, facts = written([{}, {"case": "x"}], tmp_path / "bare")
    assert facts["counts"]["failed"] == 2  # what states no status has not passed


def test_an_environment_of_its_own_is_shown_with_its_case(tmp_path: Path) -> None:
    rows = [row("a"), row("b", environment={"python": "3.13"})]
    page, _, _ = written(rows, tmp_path)
    assert page.words.count("Environment of this case") == 1
    assert "3.13" in page.words


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ({"below": 5e-9}, "< 5e-09"),
        ({"above": 2}, "> 2"),
        ({"between": [0.27, 0.28]}, "0.27 … 0.28"),
        ({"equals": 2.5, "within": 0.1}, "2.5 ± 0.1"),
        ({"above": 1, "below": 3}, "< 3 and > 1"),
        ({}, "no bound"),
    ],
)
def test_bounds_in_words(check: dict[str, Any], text: str) -> None:
    assert bound_of(check) == text
