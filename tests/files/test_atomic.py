"""Whole files or none, strict JSON, and messages about space."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pdekit.errors import OutputError
from pdekit.files import atomic

pytest_plugins = ["tests.disk_full"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "é x.txt"
    atomic.write_text(path, "one")
    atomic.write_text(path, "zwei ψ")
    assert path.read_text(encoding="utf-8") == "zwei ψ"
    assert names(tmp_path) == ["é x.txt"]


def test_a_name_as_long_as_names_can_be(tmp_path):
    path = tmp_path / ("x" * 255)
    atomic.write_bytes(path, b"1")
    assert path.read_bytes() == b"1"


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")

    def fail():
        with atomic.replacing(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["f"]


@pytest.mark.parametrize("foreseen", [True, False])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, file_limit, foreseen):
    path = tmp_path / "f"
    path.write_text("old")
    if not foreseen:
        monkeypatch.setattr(atomic, "require_space", lambda path, needed: None)
    file_limit(1000)
    with pytest.raises(OutputError, match=r"5000 bytes are needed, \d+ bytes are free"):
        atomic.write_bytes(path, bytes(5000))
    file_limit(-1)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["f"]


def test_free_bytes_knows_limit_and_disk(tmp_path, file_limit):
    assert atomic.free_bytes(tmp_path / "f") > 10**6
    (tmp_path / "f").write_bytes(bytes(300))
    file_limit(1000)
    assert atomic.free_bytes(tmp_path / "new") == 1000
    assert atomic.free_bytes(tmp_path / "f") == 700


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "missing" / "f", tmp_path / "folder", tmp_path / ("x" * 300)):
        with pytest.raises(OutputError, match="cannot be written"):
            atomic.write_text(path, "x")
    assert names(tmp_path) == ["folder"]


def test_json_is_strict(tmp_path):
    value = {
        "nan": float("nan"),
        "inf": [np.inf, -np.float32(np.inf)],
        "array": np.arange(4).reshape(2, 2),
        "number": np.float64(0.1),
        "flag": np.bool_(True),
        "complex": 1 - 2j,
        "set": {"b", "a"},
        "path": tmp_path / "x",
        3: None,
        "big": 2**127,
    }
    atomic.write_json(tmp_path / "f.json", value)

    def refuse(constant):
        raise AssertionError(constant)

    assert json.loads((tmp_path / "f.json").read_text(), parse_constant=refuse) == {
        "nan": None,
        "inf": [None, None],
        "array": [[0, 1], [2, 3]],
        "number": 0.1,
        "flag": True,
        "complex": [1.0, -2.0],
        "set": ["a", "b"],
        "path": str(tmp_path / "x"),
        "3": None,
        "big": 2**127,
    }
