"""Files of data sets: the layout of The Well, kept and checked; broken ones refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pdekit.datasets.checking import complaints
from pdekit.datasets.dataset import DataSet, Header, Split
from pdekit.datasets.generation import make
from pdekit.datasets.leakage import shared_inputs
from pdekit.datasets.loading import load, open_file
from pdekit.datasets.statistics import statistics
from pdekit.datasets.writing import write
from pdekit.errors import ResultFileError, UnknownName
from pdekit.grid import Axis, Grid
from tests.datasets.small import FLOW, case_of

GRID = Grid((Axis("x", 6, 0.0, 1.0), Axis("y", 5, 0.0, 2.0, "neumann")))


def split_of(seed: int = 0, count: int = 4, dtype: Any = "float32") -> Split:
    """Make a split of numbers at random: one field in time, and a coefficient."""
    rng = np.random.default_rng(seed)
    header = Header(
        name="made", grid=GRID, times=np.array([0.0, 0.5, 1.0]), varying=("u",),
        constant=("k",), count=count, dtype=dtype, parameters={"nu": 0.125},
        facts={"seed": seed, "data_error": [0.0, 1e-4, 2e-4]},
    )  # fmt: skip
    fields = {
        name: rng.standard_normal(header.shape(name)).astype(dtype) for name in header.names
    }
    return Split(header, fields)


def written(seed: int = 0) -> Path:
    """Write a data set of one split; return its file."""
    write(DataSet("made", {"train": split_of(seed)}), "out")
    return Path("out/data/train/made.hdf5")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_written_is_read_bit_by_bit(dtype: str) -> None:
    splits = {"train": split_of(0, dtype=dtype), "test": split_of(1, 2, dtype)}
    write(DataSet("made", splits), "out")
    assert complaints("out/data/train/made.hdf5") == []
    data = load("out")
    for name, split in splits.items():
        assert data[name].header.facts == split.header.facts
        assert data[name].parameters == {"nu": 0.125}
        assert data[name].grid == GRID
        assert np.array_equal(data[name].times, split.times)
        for field in ("u", "k"):
            assert isinstance(data[name][field], np.memmap)
            assert data[name][field].dtype == dtype
            assert np.array_equal(data[name][field], split[field])
    assert list(data["train"].inputs) == ["k"]
    with pytest.raises(UnknownName):
        data["train"]["w"]
    with pytest.raises(UnknownName):
        data["validation"]


def test_a_made_data_set_says_how_it_was_made() -> None:
    data = make(case_of(Path("a"), FLOW, data_error=1), "out")
    for split in ("train", "valid", "test"):
        assert complaints(f"out/data/{split}/small.hdf5") == []
    with h5py.File("out/data/train/small.hdf5") as file:
        assert file.attrs["solver"] == "spectral"
        assert file.attrs["order"] == 4
        assert file.attrs["step"] == pytest.approx(0.01)
        assert file.attrs["dealiasing"] == data["train"].header.facts["dealiasing"]
        assert list(file.attrs["points_solved"]) == [16, 16]
        assert file.attrs["seed"] == 0
        assert len(file.attrs["data_error"]) == 3
        assert set(file.attrs["simulation_parameters"]) == set(file["scalars"])
    versions = data["train"].header.facts["provenance"]
    assert {"pdekit", "libraries"} <= versions.keys()


def test_statistics_are_those_of_the_samples_to_learn_from() -> None:
    train = split_of(0)
    write(DataSet("made", {"train": train, "test": split_of(1)}), "out")
    found, u = load("out").statistics, train["u"].astype(float)
    expected = {
        "mean": u.mean(), "std": u.std(), "rms": np.sqrt((u**2).mean()),
        "mean_delta": np.diff(u, axis=1).mean(),
        "rms_delta": np.sqrt((np.diff(u, axis=1) ** 2).mean()),
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name]["u"] == pytest.approx(value, rel=1e-12)
    assert found == statistics(train)


def test_equal_inputs_are_found_within_and_across_splits() -> None:
    train, test = split_of(0), split_of(1)
    assert shared_inputs(DataSet("made", {"train": train, "test": test})) == []
    test.fields["k"][2] = train.fields["k"][1]
    test.fields["k"][0] = test.fields["k"][3]
    pairs = shared_inputs(DataSet("made", {"train": train, "test": test}))
    assert pairs == [("train 1", "test 2"), ("test 0", "test 3")]


# -- the layout ------------------------------------------------------------------------


def by_hand(path: Path) -> None:
    """Write a file of the layout as its description says, with a vector and a tensor."""
    text = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {"dataset_name": "foreign", "grid_type": "cartesian", "n_spatial_dims": 2,
             "n_trajectories": 3, "simulation_parameters": np.array(["Re"], text),
             "Re": 100.0}
        )  # fmt: skip
        flags = {"sample_varying": False, "time_varying": False}
        dimensions = file.create_group("dimensions")
        dimensions.attrs["spatial_dims"] = np.array(["x", "y"], text)
        for name, n in (("time", 2), ("x", 4), ("y", 5)):
            dimensions.create_dataset(name, data=np.arange(n) / n).attrs.update(flags)
        conditions = file.create_group("boundary_conditions")
        for dim, n, kind in (("x", 4, "PERIODIC"), ("y", 5, "WALL")):
            group = conditions.create_group(f"{dim}_{kind.lower()}")
            group.attrs.update({"associated_dims": np.array([dim], text), **flags})
            group.attrs.update({"associated_fields": np.array([], text), "bc_type": kind})
            mask = np.isin(np.arange(n), [0, n - 1])
            group.create_dataset("mask", data=mask)
        scalars = file.create_group("scalars")
        scalars.attrs["field_names"] = np.array(["Re"], text)
        scalars.create_dataset("Re", data=100.0).attrs.update(flags)
        for order, name in enumerate(("p", "v", "D")):
            group = file.create_group(f"t{order}_fields")
            group.attrs["field_names"] = np.array([name], text)
            shape = (3, 2, 4, 5, *[2] * order)
            values = np.random.default_rng(order).random(shape, np.float32)
            node = group.create_dataset(name, data=values, chunks=(1, *shape[1:]),
                                        compression="gzip")  # fmt: skip
            node.attrs.update({"sample_varying": True, "time_varying": True,
                               "dim_varying": np.array([True, True])})  # fmt: skip
            if order == 2:
                node.attrs.update({"symmetric": False, "antisymmetric": False})


def test_a_file_of_others_is_read_piece_by_piece() -> None:
    by_hand(Path("foreign.hdf5"))
    assert complaints("foreign.hdf5") == []
    split = open_file("foreign.hdf5")
    assert split["v"].shape == (3, 2, 4, 5, 2)
    expected = np.random.default_rng(0).random((3, 2, 4, 5), np.float32)
    assert np.array_equal(split["p"][1:, 0], expected[1:, 0])
    assert np.array_equal(np.asarray(split["p"]), expected)
    assert [axis.boundary for axis in split.grid.axes] == ["periodic", "neumann"]
    x, y = split.grid.coordinates().values()
    assert x == pytest.approx(np.arange(4) / 4)
    assert y == pytest.approx(np.arange(5) / 5)


def drop_attribute(where: str, name: str) -> Callable[[Any], None]:
    return lambda file: file[where].attrs.__delitem__(name)


def set_attribute(where: str, name: str, value: Any) -> Callable[[Any], None]:
    return lambda file: file[where].attrs.__setitem__(name, value)


def drop(where: str) -> Callable[[Any], None]:
    return lambda file: file.__delitem__(where)


def put(where: str, value: Any) -> Callable[[Any], None]:
    return lambda file: file[where].__setitem__((), value)


def link(where: str) -> Callable[[Any], None]:
    def harm(file: Any) -> None:
        del file[where]
        file[where] = h5py.ExternalLink("other.h5", "/p")

    return harm


X = "boundary_conditions/x_periodic"


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (drop_attribute("/", "dataset_name"), "attribute dataset_name is missing"),
        (drop_attribute("/", "Re"), "the parameter Re is no attribute of the file"),
        (set_attribute("/", "grid_type", "spherical"), "grid_type must be cartesian"),
        (set_attribute("/", "n_spatial_dims", 3), "n_spatial_dims is 3"),
        (set_attribute("/", "n_trajectories", 4), "(4, 2, 4, 5) is expected"),
        (drop("scalars/Re"), "the parameter Re is not among the scalars"),
        (drop("t1_fields"), "group t1_fields is missing"),
        (drop("t2_fields/D"), "t2_fields: field_names are ['D'], it holds []"),
        (drop("dimensions/time"), "dimensions/time is missing"),
        (drop_attribute("dimensions/x", "time_varying"), "dimensions/x: attribute"),
        (put("dimensions/x", [0, 2, 1, 3]), "dimensions/x does not ascend"),
        (drop_attribute("dimensions", "spatial_dims"), "spatial_dims is missing"),
        (drop(X), "no boundary condition for x"),
        (drop(f"{X}/mask"), f"{X}: mask missing"),
        (put(f"{X}/mask", False), "mask must be true at the first and the last index"),
        (set_attribute(X, "bc_type", "SLIP"), "bc_type must be one of PERIODIC, WALL"),
        (set_attribute(X, "associated_dims", ["q"]), "q is no spatial dimension"),
        (drop_attribute(X, "sample_varying"), f"{X}: attribute sample_varying"),
        (set_attribute("t0_fields/p", "time_varying", False), "t0_fields/p has the shape"),
        (set_attribute("t0_fields/p", "time_varying", 1), "must be true or false (np."),
        (set_attribute("t0_fields/p", "dim_varying", [True]), "dim_varying must hold 2"),
        (drop_attribute("t2_fields/D", "symmetric"), "t2_fields/D: attribute symmetric"),
        (link("t0_fields/p"), "t0_fields/p is a link that may leave the file"),
        (put("t0_fields/p", np.nan), "t0_fields/p: sample 0 is not finite"),
    ],
)  # fmt: skip
def test_every_breach_of_the_layout_is_found(
    harm: Callable[[Any], None], expected: str
) -> None:
    by_hand(Path("bad.hdf5"))
    with h5py.File("bad.hdf5", "r+") as file:
        harm(file)
    found = complaints("bad.hdf5")
    assert any(expected in each for each in found), found
    with pytest.raises(ResultFileError):
        open_file("bad.hdf5")


def test_other_numbers_than_float32_are_refused_in_files_of_others() -> None:
    by_hand(Path("bad.hdf5"))
    with h5py.File("bad.hdf5", "r+") as file:
        values, attributes = file["t0_fields/p"][()], dict(file["t0_fields/p"].attrs)
        del file["t0_fields/p"]
        file["t0_fields"].create_dataset("p", data=values.astype(float))
        file["t0_fields/p"].attrs.update(attributes)
    assert "t0_fields/p must be of float32" in complaints("bad.hdf5")[0]


# -- broken ones -----------------------------------------------------------------------


def test_a_truncated_file_is_refused() -> None:
    path = written()
    whole = path.read_bytes()
    for part in (0.3, 0.9, 0.999):
        path.write_bytes(whole[: int(part * len(whole))])
        with pytest.raises(ResultFileError):
            load("out")
        assert complaints(path)


def test_numbers_that_are_not_finite_are_refused() -> None:
    path = written()
    with h5py.File(path, "r+") as file:
        file["t0_fields/u"][2, 1, 0, 0] = np.nan
    assert complaints(path) == [f"{path}: t0_fields/u: sample 2 is not finite"]
    with pytest.raises(ResultFileError, match="sample 2 of u is not finite"):
        load("out")
    assert np.isnan(load("out", finite=False)["train"]["u"]).sum() == 1


def test_other_folders_and_files_are_refused() -> None:
    Path("empty").mkdir()
    with pytest.raises(ResultFileError, match="holds no data set"):
        load("empty")
    with h5py.File("other.h5", "w") as file:
        file["x"] = 1.0
    with pytest.raises(ResultFileError, match="not a data set of The Well's layout"):
        open_file("other.h5")
    shutil.copy(written(), "out/data/train/second.hdf5")
    with pytest.raises(ResultFileError, match="holds 2 files, one for each set"):
        load("out")


def test_a_folder_that_is_not_finished_is_refused() -> None:
    written()
    Path("out/parts").mkdir()
    with pytest.raises(ResultFileError, match="not finished; go on with --resume"):
        load("out")


def test_a_header_knows_its_size() -> None:
    header = replace(split_of().header, count=10)
    assert header.nbytes == 10 * 4 * (3 * 30 + 30)
