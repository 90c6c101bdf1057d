"""Output folders: numbered, cleared on demand, held by one run at a time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pdekit.errors import OutputError
from pdekit.files.folders import LOCK, OUTPUTS, folder_lock, new_output_folder


def test_a_folder_in_use_is_left_alone(tmp_path):
    base = tmp_path / "deep" / "run"
    assert new_output_folder(base) == base
    assert new_output_folder(base) == base  # still empty
    (base / "mine.txt").write_text("keep")
    second = new_output_folder(base)
    assert second == tmp_path / "deep" / "run-2"
    (second / "x").touch()
    assert new_output_folder(base).name == "run-3"
    assert (base / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize("name", ["with space", "Größe_ψ", "a.b", "x" * 200])
def test_names_of_all_kinds(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (new_output_folder(name) / "f").touch()
    assert new_output_folder(name).name == f"{name}-2"


def test_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folder = new_output_folder(tmp_path / "link" / "run")
    assert (tmp_path / "real" / "run").samefile(folder)


def test_the_lock_of_a_killed_run_does_not_count(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).touch()
    assert new_output_folder(tmp_path / "run") == tmp_path / "run"
    with folder_lock(tmp_path / "run"):
        pass


def test_overwrite_clears_outputs_and_nothing_else(tmp_path):
    for name in OUTPUTS:
        (tmp_path / name).mkdir() if name == "figures" else (tmp_path / name).touch()
    (tmp_path / "figures" / "old.png").touch()
    (tmp_path / "notes.md").touch()
    assert new_output_folder(tmp_path, overwrite=True) == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["notes.md"]


def test_overwrite_does_not_follow_links(tmp_path):
    kept, run = tmp_path / "kept", tmp_path / "run"
    kept.mkdir()
    run.mkdir()
    (kept / "precious").touch()
    (run / "figures").symlink_to(kept)
    new_output_folder(run, overwrite=True)
    assert (kept / "precious").exists()
    assert not (run / "figures").exists()


def test_overwrite_refuses_a_folder_being_written(tmp_path):
    (tmp_path / "result.h5").touch()
    with folder_lock(tmp_path), pytest.raises(OutputError, match="another run"):
        new_output_folder(tmp_path, overwrite=True)
    assert (tmp_path / "result.h5").exists()


def test_places_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    for path in (
        tmp_path / "file",
        tmp_path / "file" / "run",
        tmp_path / ("x" * 300),
        "a\0b",
    ):
        with pytest.raises(OutputError):
            new_output_folder(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may all")
def test_read_only(tmp_path):
    tmp_path.chmod(0o500)
    for path in (tmp_path, tmp_path / "run"):
        with pytest.raises(OutputError, match="denied"):
            new_output_folder(path)
    tmp_path.chmod(0o700)


def test_one_run_at_a_time(tmp_path):
    with folder_lock(tmp_path):
        with (
            pytest.raises(OutputError, match="another run is writing"),
            folder_lock(tmp_path),
        ):
            pass
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()
    with folder_lock(tmp_path):
        pass


HOLD = """
import sys, time
from pdekit.files.folders import folder_lock
with folder_lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_ends_with_its_process(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(OutputError, match="another run"), folder_lock(tmp_path):
            pass
        process.kill()
    with folder_lock(tmp_path):
        pass


def test_a_vanished_folder(tmp_path):
    with pytest.raises(OutputError, match="No such file"), folder_lock(tmp_path / "gone"):
        pass
