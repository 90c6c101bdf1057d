"""Equations in a user's own file: ``--module FILE``."""

from __future__ import annotations

import hashlib
import inspect
import json
import linecache
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit import arguments, load_case, modules, registry, solve
from pdekit.cli import COMMANDS, _again, main
from pdekit.engine._codegen import source_of
from pdekit.errors import CaseError, PdekitError, ResultFileError
from pdekit.observer import Silent
from pdekit.store import run_into

MODULE = '''\
"""Diffusion with a quadratic sink  uₜ = κuₓₓ − σu²."""

from __future__ import annotations

from typing import Any

from pdekit.equation import AbstractEquation, Params


class SinkParams(Params):
    """Coefficients."""

    kappa: float = 0.1
    sink: float = 1.0


class Sink(AbstractEquation):
    """One field on a line: two transforms."""

    name = "my_sink"
    fields = ("u",)
    dealias = "two_thirds"
    Params = SinkParams

    def symbol(self, grid: Any) -> Any:
        return -self.params.kappa * grid.k_squared(real=True)[None]

    @staticmethod
    def product(u: Any, sink: Any) -> Any:
        return -sink * u * u
'''

CASE = """\
equation: {name: my_sink, sink: 2.0}
domain:
  x: {interval: [0, 1], points: 16}
initial: "1"
time: {end: 1, save: 3}
solver: {integrator: etdrk4, steps: 100}
reference: "1/(1 + 2*t)"
outputs: {figures: none}
checks:
  relative_l2: {below: 1.0e-8} # u' = -2u^2
"""


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave no equation behind for other tests."""
    monkeypatch.setattr(registry, "_own", {})
    monkeypatch.setattr(modules, "_loaded", {})
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("pdekit_user_"):
            del sys.modules[name]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "sink.py").write_text(MODULE)
    (tmp_path / "case.yaml").write_text(CASE)
    return tmp_path


@pytest.mark.usefixtures("files")
def test_a_run_uses_the_class_and_records_the_module(capfd: Any) -> None:
    status = main(["run", "case.yaml", "--module", "sink.py", "--json", "--out", "out"])
    summary = json.loads(capfd.readouterr().out)
    assert (status, summary["status"]) == (0, "ok")
    digest = hashlib.sha256(MODULE.encode()).hexdigest()
    assert summary["environment"]["modules"] == [{"path": "sink.py", "sha256": digest}]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", "case.yaml"], "case.yaml: ok"),
        (["describe", "my_sink"], "sink (default 1.0)"),
        (["list", "equations"], "One field on a line: two transforms."),
    ],
)
def test_other_commands_know_it_too(words: list[str], expected: str, capfd: Any) -> None:
    assert main([*words, "--module", "sink.py"]) == 0
    assert expected in capfd.readouterr().out


@pytest.mark.usefixtures("files")
def test_without_the_option_it_is_unknown(capfd: Any) -> None:
    assert main(["check", "case.yaml"]) == 2
    assert "unknown equation 'my_sink'" in capfd.readouterr().err


@pytest.mark.parametrize("key", ["modules", "module", "plugins", "imports"])
def test_a_case_file_cannot_load_code(files: Path, key: str) -> None:
    """Whatever it says: the file that would give itself away is not run."""
    (files / "evil.py").write_text("open('touched', 'w').close()\n" + MODULE)
    (files / "case.yaml").write_text(f"{key}: [evil.py]\n{CASE}")
    with pytest.raises(CaseError, match=f"{key}: unknown key"):
        load_case(files / "case.yaml")
    for name in ("evil.py", "./evil.py", "evil", "evil:Sink"):
        with pytest.raises(CaseError, match="unknown equation"):
            load_case(_named(files, name))
    assert not (files / "touched").exists()


def _named(folder: Path, name: str) -> Path:
    path = folder / "named.yaml"
    path.write_text(CASE.replace("my_sink", f'"{name}"'))
    return path


def test_several_modules(files: Path) -> None:
    (files / "other.py").write_text(MODULE.replace("my_sink", "my_other"))
    modules.load_all([files / "sink.py", files / "other.py", files / "sink.py"])
    assert {"my_sink", "my_other"} <= set(registry.equations())
    assert [m.equations for m in modules.loaded()] == [("my_sink",), ("my_other",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, r"--module sink\.py: no such file"),
        ("x = 1\n", r"sink\.py: defines no equation"),
        (
            MODULE.replace("my_sink", "nlse"),
            r"sink\.py: there is an equation 'nlse' in pdekit",
        ),
        (
            MODULE.replace("my_sink", "declared"),
            r"there is an equation 'declared' in pdekit",
        ),
        (MODULE.replace('"my_sink"', "3"), r"Sink\.name must be a plain name \(got 3\)"),
        (MODULE.replace('name = "my_sink"', ""), r"Sink is not complete: it lacks name"),
        (
            MODULE.replace("def symbol", "def symbl"),
            r"Sink is not complete: it lacks symbol",
        ),
        (MODULE.replace('    fields = ("u",)\n', ""), r"Sink names no fields"),
        (
            "import os\n\nimport no_such_thing\n",
            r"sink\.py:3: ModuleNotFoundError: No module",
        ),
        ("def f():\n    return 1 / 0\n\nf()\n", r"sink\.py:2: ZeroDivisionError"),
        ("x = 1\ny = (2\n", r"sink\.py:2: SyntaxError"),
        ("import sys\nsys.exit(3)\n", r"sink\.py:2: SystemExit: 3"),
        ("x = '\ud800'".encode("utf-8", "surrogatepass"), r"sink\.py.*: (Syntax|Unicode)"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    files: Path, text: str | bytes | None, expected: str
) -> None:
    path, before = Path("sink.py"), set(registry.equations())
    if text is None:
        path.unlink()
    else:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PdekitError, match=expected):
        modules.load(path)
    assert set(registry.equations()) == before
    assert not any(name.startswith("pdekit_user_") for name in sys.modules)


@pytest.mark.usefixtures("files")
def test_the_command_refuses_with_status_two(capfd: Any) -> None:
    Path("sink.py").write_text("import no_such_thing\n")
    assert main(["run", "case.yaml", "--module", "sink.py", "--json"]) == 2
    streams = capfd.readouterr()
    assert "sink.py:1: ModuleNotFoundError" in streams.err
    assert json.loads(streams.out)["status"] == "refused"


def test_two_modules_cannot_share_a_name(files: Path) -> None:
    modules.load(files / "sink.py")
    (files / "other.py").write_text(MODULE.replace("0.1", "0.2"))
    with pytest.raises(PdekitError, match=r"equation 'my_sink' in pdekit_user_sink"):
        modules.load(files / "other.py")


def test_the_source_is_that_which_was_loaded(files: Path) -> None:
    """Even when the file is edited in the meantime: engines inline what they call."""
    path = files / "sink.py"
    modules.load(path)
    path.write_text(MODULE.replace("-sink * u * u", "42.0 * u"))
    linecache.checkcache()
    product = registry.equation("my_sink").product
    assert "-sink * u * u" in inspect.getsource(product)
    assert "-sink * u * u" in source_of(product, "product")


def test_no_old_bytecode_is_run(files: Path) -> None:
    """An edit of the same size in the same second must count."""
    path = files / "sink.py"
    modules.load(path)
    stat = path.stat()
    path.write_text(MODULE.replace("kappa: float = 0.1", "kappa: float = 0.2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    modules._loaded.clear()
    registry._own.clear()
    modules.load(path)
    assert registry.equation("my_sink")().params.kappa == 0.2
    assert not (files / "__pycache__").exists()


def test_the_command_that_goes_on_names_the_module() -> None:
    words = ["run", "case.yaml", "--module", "a b.py", "--module", "c.py"]
    options = arguments.parser(COMMANDS).parse_args(words)
    found = _again(options, "case.yaml", Path("out"))
    assert found.startswith("pdekit run case.yaml --module 'a b.py' --module c.py")


class StopsAtOnce(Silent):
    """Asks to stop after the first steps."""

    def stop_requested(self) -> bool:
        return True


def test_resuming_demands_the_same_module(files: Path) -> None:
    modules.load(files / "sink.py")
    case = load_case("case.yaml", {"solver.steps": 2000, "time.save": 2})
    result, folder, _ = run_into(case, files / "out", observer=StopsAtOnce())
    assert result.status == "interrupted"
    (files / "sink.py").write_text(MODULE + "\n# a word more\n")
    modules._loaded.clear()
    registry._own.clear()
    modules.load(files / "sink.py")
    with pytest.raises(
        ResultFileError, match="another case, or this case has been changed"
    ):
        run_into(case, folder, resume=True)
    (files / "sink.py").write_text(MODULE)
    modules._loaded.clear()
    registry._own.clear()
    modules.load(files / "sink.py")
    result, _, _ = run_into(case, folder, resume=True)
    assert result.status == "ok"
    assert np.abs(result.fields["u"][-1] - 1 / 3).max() < 1e-10


def test_folders_are_not_recorded(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules.load(files / "sink.py")
    assert modules.facts()["modules"][0]["path"] == "sink.py"
    (files / "below").mkdir()
    monkeypatch.chdir(files / "below")
    assert modules.facts()["modules"][0]["path"] == "sink.py"
    assert str(files) not in json.dumps(solve(files / "case.yaml").provenance)
