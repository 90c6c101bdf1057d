"""Files for other programs hold the numbers that were computed, under their names."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit.errors import UnknownName
from pdekit.files import vtk
from pdekit.files.vectors import vectors
from pdekit.grid import Axis, Grid
from pdekit.result import Result

TIMES = np.array([0.0, 0.1, 1e6 / 3])


def field(grid: Grid, seed: int, *batch: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((len(TIMES), *batch, *grid.shape))


def box(ndim: int) -> Grid:
    sides = ((-2.0, 2.0), (0.0, 2 * np.pi), (0.5, 1.0))
    return Grid.periodic((6, 5, 4)[:ndim], sides[:ndim])


def root(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314  (files that the test has written)


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of a file by name, ``(points, component)``, read as VTK reads them."""
    found = {}
    for node in root(path).iter("DataArray"):
        data = base64.b64decode("".join((node.text or "").split()), validate=True)
        count = int(np.frombuffer(data[:8], "<u8")[0])
        assert len(data) == 8 + count
        dtype = {"Float32": "<f4", "Float64": "<f8"}[node.attrib["type"]]
        components = int(node.attrib["NumberOfComponents"])
        found[node.attrib["Name"]] = np.frombuffer(data[8:], dtype).reshape(-1, components)
    return found


def as_points(values: np.ndarray) -> np.ndarray:
    """Values in VTK's order of points, in which the first index runs fastest."""
    return values.ravel(order="F")


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_every_frame_is_image_data_of_the_grid(ndim: int, tmp_path: Path) -> None:
    grid = box(ndim)
    result = Result(grid, TIMES, {"u": field(grid, 0), "psi": field(grid, 1) * (1 + 2j)})
    assert vtk.write_vtk(result, tmp_path) == tmp_path / "result.pvd"
    entries = list(root(tmp_path / "result.pvd").iter("DataSet"))
    assert [float(e.attrib["timestep"]) for e in entries] == list(TIMES)  # to the last bit
    for frame, entry in enumerate(entries):
        path = tmp_path / entry.attrib["file"]
        image = root(path).find("ImageData")
        assert image is not None
        ends = [int(n) for n in image.attrib["WholeExtent"].split()]
        assert ends[::2] == [0, 0, 0]
        assert [n + 1 for n in ends[1::2]] == [*grid.shape, 1, 1][:3]
        assert [float(x) for x in image.attrib["Origin"].split()][:ndim] == [
            axis.lower for axis in grid.axes
        ]
        assert [float(h) for h in image.attrib["Spacing"].split()][:ndim] == list(
            grid.spacing
        )
        found = arrays(path)
        assert list(found) == ["u", "psi_real", "psi_imag", "psi_abs"]
        u, psi = (result.fields[name][frame] for name in ("u", "psi"))
        for name, values in (("u", u), ("psi_real", psi.real), ("psi_imag", psi.imag)):
            np.testing.assert_array_equal(found[name][:, 0], as_points(values))
        np.testing.assert_array_equal(found["psi_abs"][:, 0], as_points(abs(psi)))


def test_a_velocity_comes_as_one_vector_too(tmp_path: Path) -> None:
    grid = box(3)
    fields = {name: field(grid, seed) for seed, name in enumerate("uvw")}
    vtk.write_vtk(Result(grid, TIMES, fields), tmp_path)
    path = tmp_path / "vtk" / "frame_00001.vti"
    points = root(path).find(".//PointData")
    assert points is not None
    assert points.attrib == {"Scalars": "u", "Vectors": "velocity"}
    expected = [as_points(values[1]) for values in fields.values()]
    np.testing.assert_array_equal(arrays(path)["velocity"], np.transpose(expected))


def test_a_plane_vector_gets_a_third_component_of_zero(tmp_path: Path) -> None:
    grid = box(2)
    fields = {name: field(grid, 3).astype(np.float32) for name in ("b_x", "b_y")}
    vtk.write_vtk(Result(grid, TIMES, fields), tmp_path)
    found = arrays(tmp_path / "vtk" / "frame_00000.vti")["b"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, 1], as_points(fields["b_y"][0]))
    np.testing.assert_array_equal(found[:, 2], 0)


def test_two_concentrations_are_no_vector() -> None:
    grid = box(2)
    assert vectors(Result(grid, TIMES, {"u": field(grid, 0), "v": field(grid, 1)})) == {}


def test_an_equation_says_what_its_vectors_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from pdekit import registry

    grid = box(2)
    fields = {"u": field(grid, 0), "v": field(grid, 1)}
    result = Result(grid, TIMES, fields, case={"equation": {"name": "nlse"}})
    assert vectors(result) == {}
    known = registry.equation("nlse")
    monkeypatch.setattr(known, "vectors", {"velocity": ("u", "v")}, raising=False)
    assert vectors(result) == {"velocity": ("u", "v")}


def test_members_of_an_ensemble_have_arrays_of_their_own(tmp_path: Path) -> None:
    grid = box(2)
    omega = field(grid, 0, 2)
    vtk.write_vtk(Result(grid, TIMES, {"omega": omega}), tmp_path)
    found = arrays(tmp_path / "vtk" / "frame_00002.vti")
    for member in (0, 1):
        values = as_points(omega[2, member])
        np.testing.assert_array_equal(found[f"omega_{member}"][:, 0], values)


def test_uneven_points_make_a_rectilinear_grid(tmp_path: Path) -> None:
    grid = Grid((Axis("x", 5, -1.0, 1.0, "chebyshev"), Axis("y", 4, 0.0, 1.0)))
    u = field(grid, 0)
    vtk.write_vtk(Result(grid, TIMES, {"temp": u}), tmp_path)
    path = tmp_path / "vtk" / "frame_00000.vtr"
    found = arrays(path)
    assert root(path).find("RectilinearGrid/Piece/Coordinates") is not None
    np.testing.assert_array_equal(found["x"][:, 0], grid.coordinates()["x"])
    np.testing.assert_array_equal(found["z"][:, 0], [0.0])
    np.testing.assert_array_equal(found["temp"][:, 0], as_points(u[0]))


def test_text_in_small_pieces_equals_the_text_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = box(3)
    given = {"a": (field(grid, 0)[0],), "b": tuple(field(grid, 1))}
    whole = b"".join(vtk.frame_text(grid.axes, given))
    monkeypatch.setattr(vtk, "BLOCK", 1)
    pieces = list(vtk.frame_text(grid.axes, given))
    assert len(pieces) > 16
    assert b"".join(pieces) == whole


def test_a_failure_leaves_no_collection_and_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = box(2)
    result = Result(grid, TIMES, {"u": field(grid, 0)})
    complete = vtk.data_array

    def fails(name: str, components: Any) -> Any:
        if np.array_equal(components[0], result.fields["u"][1]):
            raise OSError(5, "made to fail")
        return complete(name, components)

    monkeypatch.setattr(vtk, "data_array", fails)
    with pytest.raises(Exception, match="made to fail"):
        vtk.write_vtk(result, tmp_path)
    assert [p.name for p in sorted(tmp_path.rglob("*.*"))] == ["frame_00000.vti"]


def test_save_writes_vtk_beside_the_result(tmp_path: Path) -> None:
    grid = box(2)
    result = Result(grid, TIMES, {"u": field(grid, 0)})
    folder = result.save(tmp_path / "out", formats=["hdf5", "vtk"])
    assert (folder / "result.h5").is_file()
    assert len(list((folder / "vtk").glob("frame_*.vti"))) == len(TIMES)
    with pytest.raises(UnknownName, match="vtk"):
        result.save(tmp_path / "other", formats=["vtl"])


@pytest.mark.parametrize("ndim", [2, 3])
def test_xarray_opens_real_fields_with_named_dimensions(ndim: int, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    grid = box(ndim)
    names = "uvw"[:ndim]
    fields = {name: field(grid, seed) for seed, name in enumerate(names)}
    result = Result(grid, TIMES, fields, {"energy": np.arange(3.0)}, {"u": fields["u"][-1]})
    folder = result.save(tmp_path / "out")
    with xarray.open_dataset(folder / "result.h5", engine="h5netcdf") as data:
        for name in names:
            assert data[name].dims == ("t", *grid.names)
            np.testing.assert_array_equal(data[name], fields[name])
        np.testing.assert_array_equal(data["t"], TIMES)
        for name, points in grid.coordinates().items():
            np.testing.assert_array_equal(data[name], points)
        middle = data["u"].sel(x=grid.coordinates()["x"][3]).isel(t=1)
        np.testing.assert_array_equal(middle, fields["u"][1, 3])
