"""The result as a value: shapes, views of it, and the folder it saves."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import netcdf_file

from pdekit.errors import OutputError, PdekitError, ResultFileError, ShapeError, UnknownName
from pdekit.files.exports import FORMATS, yaml_text
from pdekit.grid import Grid
from pdekit.result import Result

GRID = Grid.periodic(16, (0.0, 2 * np.pi))
(X,) = GRID.points()
TIMES = np.linspace(0, 1, 4)
WAVE = np.exp(1j * (X - TIMES[:, None]))


def make(**more):
    given = {
        "fields": {"psi": WAVE, "v": WAVE.real},
        "diagnostics": {"mass": np.ones(4), "pair": np.arange(8.0).reshape(4, 2)},
        "summary": {
            "status": "ok",
            "errors": {"relative_l2": 2.5e-9, "reference": "<exact>"},
        },
        "case": {
            "title": "A <b>wave</b>",
            "equation": {"name": "nlse"},
            "time": {"end": 1e-9},
        },
        **more,
    }
    return Result(GRID, TIMES, **given)


def test_properties():
    result = make()
    assert result.ok
    assert result.errors["relative_l2"] == 2.5e-9
    assert result.members is None
    assert make(fields={"u": np.zeros((4, 3, 16))}).members == 3
    bad = make(summary={"status": "check_failed"})
    assert (bad.ok, bad.status, bad.errors) == (False, "check_failed", {})
    assert make(reference={"psi": WAVE[-1]}).reference_time == 1.0


@pytest.mark.parametrize("shape", [(16,), (4, 15), (3, 16), (4, 2, 2, 16), (4,)])
def test_fields_of_wrong_shape(shape):
    with pytest.raises(ShapeError, match="field 'u'"):
        make(fields={"u": np.zeros(shape)})


def test_diagnostics_of_wrong_shape():
    with pytest.raises(ShapeError, match="diagnostic 'm'"):
        make(diagnostics={"m": np.zeros(3)})


def test_to_xarray():
    pytest.importorskip("xarray")
    data = make(reference={"psi": WAVE[-1]}).to_xarray()
    assert data["psi_real"].dims == ("t", "x")
    np.testing.assert_array_equal(data["psi_real"], WAVE.real)
    np.testing.assert_array_equal(data["psi_imag"], WAVE.imag)
    np.testing.assert_allclose(data["psi_abs"], 1, rtol=1e-15)
    np.testing.assert_array_equal(data["v"].sel(t=1.0), WAVE[-1].real)
    assert data["mass"].dims == ("t",)
    assert data["pair"].dims == ("t", "pair_1")
    assert data["reference_psi_imag"].dims == ("x",)
    assert data.attrs == {"title": "A <b>wave</b>", "status": "ok"}


def test_to_xarray_without_xarray(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(PdekitError, match="pip install"):
        make().to_xarray()


def test_html_is_small_and_escaped():
    html = make()._repr_html_()
    assert "A &lt;b&gt;wave&lt;/b&gt;" in html
    assert "&lt;exact&gt;" in html
    assert "2.5e-09" in html
    assert "16 points on x" in html
    assert len(html) < 1000


def test_save_and_load(tmp_path):
    result = make(reference={"psi": WAVE[-1]})
    folder = result.save(tmp_path / "out", formats=["hdf5", "netcdf3", "csv"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "case.yaml", "diagnostics.csv", "result.h5", "result.nc", "summary.json",
    ]  # fmt: skip
    assert json.loads((folder / "summary.json").read_text()) == result.summary
    back = Result.load(folder)
    np.testing.assert_array_equal(back.fields["psi"], WAVE)
    assert back.case == result.case
    assert back.summary == result.summary

    second = result.save(tmp_path / "out")
    assert second.name == "out-2"
    assert result.save(tmp_path / "out", overwrite=True) == folder
    assert not (folder / "result.nc").exists()


def test_save_where_it_cannot(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        make().save(tmp_path / "file")
    with pytest.raises(UnknownName, match="netcdf3"):
        make().save(tmp_path / "x", formats=["netcdf"])
    assert not (tmp_path / "x").exists()
    with pytest.raises(ResultFileError):
        Result.load(tmp_path / "nothing")


def test_case_yaml_reads_back(tmp_path):
    from ruamel.yaml import YAML

    case = {
        "title": "ψ: yes, no, 1:30, 012",
        "initial": "2*sech(x) # not a comment",
        "time": {"end": 1e-9, "save": [0, 0.5, 1e22]},
        "flags": [True, None, "true", "null", "1e3", ""],
        "nested": {"b": {"c": []}, "a": {}},
    }
    text = yaml_text(case)
    assert YAML(typ="safe", pure=True).load(text) == case
    assert text.index("title") < text.index("initial") < text.index("nested")
    assert "ψ" in text


def test_netcdf3(tmp_path):
    grid = Grid.periodic((4, 6), (0, 1))
    u = np.random.default_rng(0).standard_normal((4, 2, 4, 6)).astype(np.float32)
    result = Result(grid, TIMES, {"u": u, "w": u * 1j}, {"mass": np.ones((4, 2))})
    FORMATS["netcdf3"](result, tmp_path)
    with netcdf_file(tmp_path / "result.nc", mmap=False) as file:
        assert file.variables["u"].dimensions == (b"t", b"member", b"x", b"y") or (
            file.variables["u"].dimensions == ("t", "member", "x", "y")
        )
        np.testing.assert_array_equal(file.variables["u"][:], u)
        np.testing.assert_array_equal(file.variables["w_imag"][:], u)
        np.testing.assert_array_equal(file.variables["mass"][:], 1)
        np.testing.assert_array_equal(file.variables["y"][:], grid.coordinates()["y"])


def test_csv_is_exact(tmp_path):
    mass = np.random.default_rng(0).standard_normal(4)
    result = make(diagnostics={"mass": mass, "pair": np.arange(8.0).reshape(4, 2)})
    FORMATS["csv"](result, tmp_path)
    with (tmp_path / "diagnostics.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["t", "mass", "pair_0", "pair_1"]
    columns = np.array(rows, dtype=float).T
    np.testing.assert_array_equal(columns[0], TIMES)
    np.testing.assert_array_equal(columns[1], mass)
    np.testing.assert_array_equal(columns[3], [1, 3, 5, 7])


def test_plot_refuses_unknown_figures():
    pytest.importorskip("pdekit.plots")
    with pytest.raises(UnknownName, match="spacetime"):
        make().plot("spacetme")


def test_importing_result_stays_light():
    code = "import sys, pdekit.result; print([m for m in ('h5py', 'torch', 'numba', 'matplotlib', 'xarray') if m in sys.modules])"  # noqa: E501
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
