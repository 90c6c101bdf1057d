"""Names lead to the things that files define; plug-ins come last."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import pdekit.solvers.elliptic
import pdekit.solvers.spectral
import pdekit.stepping
from pdekit import registry
from pdekit.boundary_value import AbstractProblem
from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError, UnknownName
from tests.toy_equation import Toy


def public_files(package: object) -> list[str]:
    folder = Path(package.__path__[0])  # type: ignore[attr-defined]
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(group: str) -> dict[str, EntryPoint]:
        names = {"toy": "tests.toy_equation:Toy", "broken": "tests.no_such_module:Toy"}
        if group != "pdekit.equations":
            return {}
        return {name: EntryPoint(name, value, group) for name, value in names.items()}

    monkeypatch.setattr(registry, "_installed", installed)
    monkeypatch.delenv("PDEKIT_NO_PLUGINS", raising=False)


def test_every_equation_is_named_like_its_file() -> None:
    assert public_files(pdekit.solvers.spectral) == list(registry.equations())
    for name in registry.equations():
        found = registry.equation(name)
        assert issubclass(found, AbstractEquation)
        assert found.name == name
        assert found.__module__ == f"pdekit.solvers.spectral.{name}"


def test_every_boundary_value_problem_is_named_like_its_file() -> None:
    assert public_files(pdekit.solvers.elliptic) == list(registry.problems())
    for name in registry.problems():
        found = registry.problem(name)
        assert issubclass(found, AbstractProblem)
        assert (found.name, found.references) != ("", ())
    with pytest.raises(UnknownName, match="did you mean 'poisson'"):
        registry.problem("posson")
    with pytest.raises(UnknownName, match="did you mean 'poisson'"):
        registry.equation("posson")


def test_every_integrator_is_named_like_its_file() -> None:
    assert public_files(pdekit.stepping) == list(registry.integrators())
    for name in registry.integrators():
        found = registry.integrator(name)
        assert found.name == name
        assert found.order >= 1
        assert found.adaptive in (True, False)
        assert found.summary


def test_the_promised_integrators_are_there() -> None:
    promised = (
        "strang yoshida4 suzuki4 bm4 rkn4_6 rkn6_11 rkn6_14 ifrk4 etdrk4 dop853 dop853_ip"
    )
    assert set(promised.split()) <= set(registry.integrators())
    assert registry.integrator("dop853_ip").adaptive
    assert not registry.integrator("strang").adaptive


def test_unknown_names_suggest_what_looks_alike() -> None:
    with pytest.raises(
        UnknownName, match="unknown equation 'nsle'; did you mean 'nlse'"
    ) as error:
        registry.equation("nsle")
    assert "nlse" in error.value.close
    with pytest.raises(UnknownName, match="did you mean 'strang'"):
        registry.integrator("strand")
    for name in ("_splitting", "__init__", "", "os", "../x"):
        with pytest.raises(UnknownName):
            registry.integrator(name)


@pytest.mark.usefixtures("plugin")
def test_plugins_come_last_and_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.equation("toy") is Toy
    assert "toy" in registry.equations()
    assert registry.plugins() == {
        "pdekit.equations:toy": "tests.toy_equation:Toy",
        "pdekit.equations:broken": "tests.no_such_module:Toy",
    }
    monkeypatch.setenv("PDEKIT_NO_PLUGINS", "1")
    assert "toy" not in registry.equations()
    with pytest.raises(UnknownName):
        registry.equation("toy")


@pytest.mark.usefixtures("plugin")
def test_a_broken_plugin_is_one_clear_error() -> None:
    with pytest.raises(
        PdekitError, match=r"plug-in 'broken' .* cannot be loaded: No module"
    ):
        registry.equation("broken")


def test_solvers_and_figures_have_names() -> None:
    assert "spectral" in registry.solvers()
    assert "spacetime" in registry.figures()
