"""Where compiled kernels lie: what is executed must come from nobody else."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from pdekit import cache
from pdekit.engine import _codegen

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders have no modes")

BODY = '''
def kernel():
    """Größe ‖u‖: not every locale can write this."""
    return 7
'''


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("PDEKIT_CACHE_DIR", str(folder))
    return folder


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_folders_are_closed_to_others(base: Path) -> None:
    before = os.umask(0)
    try:
        assert cache.private_dir("kernels") == base / "kernels"
    finally:
        os.umask(before)
    assert mode(base) == mode(base / "kernels") == 0o700


@pytest.mark.parametrize("harm", ["group may write", "others may read", "link", "file"])
def test_a_folder_that_others_can_enter_is_not_used(base: Path, harm: str) -> None:
    folder = cache.cache_dir("kernels")
    if harm == "group may write":
        folder.chmod(0o770)
    elif harm == "others may read":
        folder.chmod(0o705)
    else:
        folder.rmdir()
        if harm == "link":
            (base / "elsewhere").mkdir(mode=0o700)
            folder.symlink_to(base / "elsewhere")
        else:
            folder.touch()
    own = cache.private_dir("kernels")
    assert own != folder
    assert own.is_dir()
    assert mode(own) == 0o700
    assert own == cache.private_dir("kernels")


def test_a_folder_of_another_user_is_not_used(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache.private_dir("kernels")
    assert folder == base / "kernels"
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert cache.private_dir("kernels") != folder


@pytest.mark.parametrize("text", [b"import sys\nsys.tampered = True\n", b"\xff"])
def test_a_tampered_module_is_written_again(base: Path, text: bytes) -> None:
    assert _codegen.compiled("harmless", BODY)() == 7
    (path,) = (base / "kernels").glob("harmless_*.py")
    good = path.read_bytes()
    assert good.decode().endswith(BODY)
    path.write_bytes(text)
    _codegen.compiled_module.cache_clear()
    assert _codegen.compiled("harmless", BODY)() == 7
    assert path.read_bytes() == good
    assert not hasattr(sys, "tampered")
    _codegen.compiled_module.cache_clear()
