"""The layouts of PDEBench: there and back, and small files of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pdekit.datasets.dataset import DataSet
from pdekit.datasets.generation import make
from pdekit.datasets.loading import load
from pdekit.datasets.pdebench import export_pdebench
from pdekit.datasets.pdebench_import import import_pdebench
from pdekit.datasets.writing import write
from pdekit.errors import PdekitError, ResultFileError
from tests.datasets.small import DARCY, FLOW, PROBLEM, case_of


def equal(a: DataSet, b: DataSet) -> bool:
    """Whether both hold the same numbers, names, grids, times and facts."""
    return a.name == b.name and all(
        a[s].grid == b[s].grid
        and np.array_equal(a[s].times, b[s].times)
        and a[s].header.facts == b[s].header.facts
        and a[s].parameters == b[s].parameters
        and a[s].header.names == b[s].header.names
        and all(np.array_equal(a[s][f], b[s][f]) for f in a[s].header.names)
        for s in a.splits
    )


@pytest.mark.parametrize(
    ("problem", "layout", "ending"),
    [(PROBLEM, "A", "hdf5"), (DARCY, "A", "hdf5"), (FLOW, "B", "hdf5"), (FLOW, "C", "h5")],
    ids=["line", "medium", "fields", "groups"],
)
def test_there_and_back_nothing_is_lost(
    problem: dict[str, Any], layout: Any, ending: str
) -> None:
    data = make(case_of(Path("a"), problem), "out")
    files = export_pdebench(data, "pdebench", layout)
    assert [path.name for path in files] == [
        f"small_{split}.{ending}" for split in ("train", "valid", "test")
    ]
    back = import_pdebench("pdebench")
    assert equal(data, back)
    write(back, "again")
    assert equal(data, load("again"))


def test_the_layouts_are_as_their_readers_expect() -> None:
    data = make(case_of(Path("a"), PROBLEM), "out")
    (path, *_) = export_pdebench(data, "pdebench", "A")
    with h5py.File(path) as file:
        node = file["tensor"]
        assert (node.shape, node.dtype, node.chunks) == ((5, 3, 32), "float32", (1, 3, 32))
        assert (node.compression, node.compression_opts, node.shuffle) == ("gzip", 4, True)
        assert file["x-coordinate"].shape == (32,)
        assert file["t-coordinate"][:] == pytest.approx([0, 0.25, 0.5, 0.75])
        assert file.attrs["viscosity"] == 0.1
    flow = make(case_of(Path("b"), FLOW), "flow")
    (path, *_) = export_pdebench(flow, "groups", "C")
    with h5py.File(path) as file:
        assert sorted(name for name in file if name.isdigit()) == [
            f"{i:04d}" for i in range(5)
        ]
        assert file["0003/data"].shape == (3, 8, 8, 2)
        assert np.array_equal(file["0003/data"][..., 1], flow["train"]["v"][3])
        assert set(file["0003/grid"]) == {"x", "y", "t"}
        assert "gray_scott" in file["0003"].attrs["config"].decode()


def test_what_a_layout_does_not_hold_is_refused() -> None:
    flow = make(case_of(Path("a"), FLOW), "flow")
    with pytest.raises(PdekitError, match="layout A holds one field"):
        export_pdebench(flow, "x", "A")
    darcy = make(case_of(Path("b"), DARCY), "darcy")
    with pytest.raises(PdekitError, match=r"no place for what is constant in time"):
        export_pdebench(darcy, "x", "B")
    double = make(case_of(Path("c"), PROBLEM, save={"dtype": "float64"}), "double")
    with pytest.raises(PdekitError, match="of float32"):
        export_pdebench(double, "x", "A")


def foreign(path: str, **arrays: Any) -> None:
    """Write a file of layout A as others do: cells of the unit interval, float32."""
    values = np.arange(20 * 3 * 8, dtype=np.float32).reshape(20, 3, 8)
    with h5py.File(path, "w") as file:
        file["tensor"] = values
        file["x-coordinate"] = ((np.arange(8) + 0.5) / 8).astype(np.float32)
        file["t-coordinate"] = np.linspace(0, 1.5, 4, dtype=np.float32)
        file.attrs["beta"] = 0.4
        for name, array in arrays.items():
            del file[name]
            file[name] = array


def test_a_single_file_of_others_is_split_as_its_benchmarks_do() -> None:
    foreign("advection.hdf5")
    data = import_pdebench("advection.hdf5")
    assert {name: len(split) for name, split in data.splits.items()} == {
        "train": 18,
        "test": 2,
    }
    assert data["test"]["tensor"][0, 0, 0] == 0
    assert data["train"]["tensor"][0, 0, 0] == 2 * 24
    assert data["train"].parameters == {"beta": pytest.approx(0.4)}
    assert data["train"].times == pytest.approx([0, 0.5, 1.0])
    (axis,) = data["train"].grid.axes
    assert axis.points() == pytest.approx((np.arange(8) + 0.5) / 8)
    assert axis.length == pytest.approx(1.0)


def test_groups_of_others_come_in_the_order_of_their_numbers() -> None:
    with h5py.File("groups.h5", "w") as file:
        for number in (10, 2, 0):
            group = file.create_group(f"{number:04d}")
            group["data"] = np.full((2, 4, 1), number, np.float32)
            group["grid/x"], group["grid/t"] = np.arange(4.0), np.arange(2.0)
    whole = import_pdebench("groups.h5")["train"]
    assert list(whole["u0"][:, 0, 0]) == [0, 2, 10]


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (
            {"tensor": np.full((4, 3, 8), np.nan, np.float32)},
            "sample 0 of tensor is not fin",
        ),
        ({"tensor": np.zeros((4, 3, 9), np.float32)}, "has the shape"),
        ({"tensor": np.zeros(4, np.float32)}, "has 1 axes"),
        ({"x-coordinate": np.array([0, 1, 2, 3, 9, 10, 11, 12.0])}, "not evenly spaced"),
    ],
)
def test_broken_files_are_refused(arrays: dict[str, Any], expected: str) -> None:
    foreign("broken.hdf5", **arrays)
    with pytest.raises(ResultFileError, match=expected):
        import_pdebench("broken.hdf5")


def test_files_of_other_layouts_are_refused() -> None:
    with h5py.File("other.h5", "w") as file:
        file["velocity"] = np.zeros((2, 3, 4, 4, 2), np.float32)
    with pytest.raises(ResultFileError, match="none of the layouts of PDEBench"):
        import_pdebench("other.h5")
    Path("whole.hdf5").write_bytes(Path("other.h5").read_bytes()[:600])
    with pytest.raises(ResultFileError, match="damaged or truncated"):
        import_pdebench("whole.hdf5")
