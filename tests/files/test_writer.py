"""result.h5: what comes back is what went in, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import h5py
import numpy as np
import pytest

from pdekit.errors import OutputError, ResultFileError, ShapeError
from pdekit.files import atomic, disk, hdf5, layout
from pdekit.files.writer import ResultWriter, read_result, write_result
from pdekit.grid import Axis, Grid
from pdekit.result import Result

pytest_plugins = ["tests.disk_full"]

LINE = Grid.periodic(16, (-1.0, 1.0))
PLANE = Grid(
    (Axis("x", 6, 0.0, 1.0, "dirichlet"), Axis("y", 9, -1.0, 2.0, "neumann", "cell"))
)
BOX = Grid((Axis("x", 4, 0, 1), Axis("y", 5, 0, 2), Axis("z", 6, -1, 1, "chebyshev")))


def random_field(shape, dtype=complex, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def make_result(grid=LINE, frames=5, members=None, dtype=complex, names=("psi",), **more):
    batch = (frames,) if members is None else (frames, members)
    fields = {n: random_field((*batch, *grid.shape), dtype, i) for i, n in enumerate(names)}
    return Result(
        grid,
        np.linspace(0, 1, frames),
        fields,
        diagnostics={
            "mass": random_field(batch, float),
            "modes": random_field((frames, 3)),
        },
        case={"title": "Größe <1>", "equation": {"name": "nlse", "focusing": 1.0}},
        provenance={"pdekit": "0.1.0"},
        **more,
    )


def assert_same(a, b):
    assert a.grid == b.grid
    np.testing.assert_array_equal(a.times, b.times)
    for mine, theirs in ((a.fields, b.fields), (a.diagnostics, b.diagnostics)):
        assert list(mine) == list(theirs)
        for name in mine:
            assert mine[name].dtype == theirs[name].dtype
            np.testing.assert_array_equal(mine[name], theirs[name])


@pytest.mark.parametrize("grid", [LINE, PLANE, BOX], ids=["1d", "2d", "3d"])
@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_round_trip(tmp_path, grid, members, dtype):
    result = make_result(grid, members=members, dtype=dtype, names=("u", "v"))
    write_result(result, tmp_path / "result.h5")
    back = read_result(tmp_path)  # the run's folder will do
    assert_same(back, result)
    assert back.case == result.case
    assert back.provenance == result.provenance
    assert back.members == members
    assert back.ok


def test_round_trip_with_reference_and_summary(tmp_path):
    summary = {
        "status": "check_failed",
        "errors": {"relative_l2": 0.5, "bad": float("nan")},
    }
    reference = {"psi": random_field(LINE.shape, seed=9)}
    result = make_result(summary=summary, reference=reference, reference_time=0.75)
    write_result(result, tmp_path / "r.h5")
    back = Result.load(tmp_path / "r.h5")
    np.testing.assert_array_equal(back.reference["psi"], reference["psi"])
    assert back.reference_time == 0.75
    assert back.summary == {**summary, "errors": {"relative_l2": 0.5, "bad": None}}
    assert not back.ok


def test_long_texts_survive(tmp_path):
    result = make_result()
    result.case["time"] = {"save": list(range(50_000))}
    write_result(result, tmp_path / "r.h5")
    assert read_result(tmp_path / "r.h5").case == result.case


def test_large_frames_are_compressed_and_small_ones_are_not(tmp_path):
    small, large = Grid.periodic(8, (0, 1)), Grid.periodic((128, 128), (0, 1))
    for grid, compression in ((small, None), (large, "gzip")):
        zeros = np.zeros((3, *grid.shape))
        write_result(Result(grid, np.arange(3.0), {"u": zeros}), tmp_path / "r.h5")
        with h5py.File(tmp_path / "r.h5") as file:
            assert file["u"].compression == compression
            assert file["u"].fletcher32
            assert file["u"].chunks == (1, *grid.shape)
    assert (tmp_path / "r.h5").stat().st_size < zeros.nbytes / 10


def test_huge_frames_are_cut_into_chunks():
    row = np.lib.stride_tricks.as_strided(np.zeros(1), (1024, 1024, 1024), (0, 0, 0))
    chunk = layout.field_storage(row)["chunks"]
    assert np.prod(chunk) * 8 <= 2**25
    assert chunk[-1] == 1024


def test_appending_hundred_small_frames_is_quick(tmp_path):
    grid, times = Grid.periodic(512, (0, 1)), np.linspace(0, 1, 100)
    psi = random_field((100, 512))

    def seconds():
        start = time.perf_counter()
        with ResultWriter.create(tmp_path / "r.h5", grid, times) as writer:
            for i in range(100):
                writer.append(i, {"psi": psi[i]}, {"mass": 1.0, "energy": 2.0})
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.25  # 0.06 on an idle machine


def append_all(writer, result, start=0, stop=None):
    for i in range(start, len(result.times) if stop is None else stop):
        writer.append(
            i,
            {name: values[i] for name, values in result.fields.items()},
            {name: values[i] for name, values in result.diagnostics.items()},
        )


@pytest.mark.parametrize("closed", [True, False], ids=["interrupted", "killed"])
@pytest.mark.parametrize("compress", [0, layout.COMPRESS], ids=["gzip", "plain"])
def test_an_interrupted_file_goes_on(tmp_path, monkeypatch, closed, compress):
    monkeypatch.setattr(layout, "COMPRESS", compress)
    result = make_result(frames=9)
    path = tmp_path / "r.h5"
    writer = ResultWriter.create(path, LINE, result.times, case=result.case)
    append_all(writer, result, stop=6)
    part = read_result(path)  # while it is being written
    assert (part.status, len(part.times)) == ("interrupted", 6)
    if closed:
        writer.close({"status": "interrupted"})
    else:
        writer._file.close()
        writer._disk.close()

    with ResultWriter.reopen(path, 4, result.times) as writer:
        assert writer.frames_written == 4
        middle = read_result(path)
        assert (middle.status, len(middle.times)) == ("interrupted", 4)
        with h5py.File(path, locking=False) as file:  # dropped frames do not look like data
            assert np.isnan(file["psi_real"][4:]).all()
            assert np.isnan(file["diagnostics/mass"][4:]).all()
        append_all(writer, result, start=4)
        writer.close({"status": "ok"}, provenance=result.provenance)
    whole = read_result(path)
    assert_same(whole, result)
    assert whole.ok


def test_a_diverged_run_holds_only_its_frames(tmp_path):
    result = make_result(frames=9)
    with ResultWriter.create(tmp_path / "r.h5", LINE, result.times) as writer:
        append_all(writer, result, stop=3)
        writer.close({"status": "diverged"})
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["t"].shape == (3,)
        assert file["psi_abs"].shape == (3, 16)
        assert file["diagnostics/modes_real"].shape == (3, 3)
        assert file.attrs["frames_written"] == 3


def test_leaving_with_an_error_keeps_the_frames(tmp_path):
    result = make_result()

    def fail():
        with ResultWriter.create(tmp_path / "r.h5", LINE, result.times) as writer:
            append_all(writer, result, stop=2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(read_result(tmp_path / "r.h5").times) == 2


def test_frames_that_do_not_fit_are_refused(tmp_path):
    times = np.arange(3.0)
    with ResultWriter.create(tmp_path / "r.h5", LINE, times) as writer:
        with pytest.raises(ShapeError):
            writer.append(0, {"u": np.zeros(17)})
        writer.append(0, {"u": np.zeros(16)}, {"mass": 1.0})
        with pytest.raises(ValueError, match="not the next"):
            writer.append(2, {"u": np.zeros(16)}, {"mass": 1.0})
        with pytest.raises(ShapeError):
            writer.append(1, {"u": np.zeros(16)})
        with pytest.raises(ShapeError):
            writer.append(1, {"u": np.zeros(16)}, {"mass": np.zeros(2)})
        writer.append(1, {"u": np.zeros(16, dtype=int)}, {"mass": 2})
    assert read_result(tmp_path / "r.h5").diagnostics["mass"].tolist() == [1, 2]


def test_reopen_refuses_another_run(tmp_path):
    result = make_result()
    write_result(result, tmp_path / "r.h5")
    before = (tmp_path / "r.h5").read_bytes()
    for frame, times in ((6, result.times), (2, result.times + 1), (2, result.times[:3])):
        with pytest.raises(ResultFileError):
            ResultWriter.reopen(tmp_path / "r.h5", frame, times)
    assert (tmp_path / "r.h5").read_bytes() == before


class Recorder(disk.Disk):
    """A disk that remembers every write, so that each state a kill can leave is known."""

    def __init__(self, path, mode):
        super().__init__(path, mode)
        self.writes = []

    def write(self, data):
        self.writes.append((self.tell(), bytes(data)))
        return super().write(data)

    def truncate(self, size=None):
        self.writes.append((size, None))
        return super().truncate(size)


def put(content, at, data):
    """Repeat a recorded write on the content of a file."""
    if data is None:
        del content[at:]
    content.extend(bytes(max(0, at + len(data or b"") - len(content))))
    if data:
        content[at : at + len(data)] = data


@pytest.mark.parametrize("compress", [0, layout.COMPRESS], ids=["gzip", "plain"])
def test_every_state_a_kill_can_leave_holds_the_finished_frames(
    tmp_path, monkeypatch, compress
):
    """More frames than a node of HDF5's chunk index holds, so that growing would show."""
    monkeypatch.setattr(layout, "COMPRESS", compress)
    monkeypatch.setattr(disk, "Disk", Recorder)
    frames, path = 70, tmp_path / "r.h5"
    u = random_field((frames, 16), float)
    u[:, 5:] = 0
    result = Result(LINE, np.arange(float(frames)), {"u": u}, {"mass": u[:, 0].copy()})

    def check(recorder, content, finished):
        """Compare the states after each write with the frames that were flushed by then."""
        states = 0
        for number, (at, data) in enumerate(recorder.writes, start=1):
            put(content, at, data)
            known = [count for writes, count in finished if writes <= number]
            if not known or 2 < known[-1] < 60:  # each of those is like the next
                continue
            (tmp_path / "state.h5").write_bytes(content)
            read = read_result(tmp_path / "state.h5")
            n = len(read.times)
            assert n >= known[-1]
            assert np.array_equal(read.fields["u"], u[:n])
            assert np.array_equal(read.diagnostics["mass"], u[:n, 0])
            states += 1
        return states

    writer = ResultWriter.create(path, LINE, result.times)
    created, finished = path.read_bytes(), []
    for i in range(frames - 3):
        append_all(writer, result, i, i + 1)
        finished.append((len(writer._disk.writes), i + 1))
    assert check(writer._disk, bytearray(created), finished) > 40
    writer.close()

    writer = ResultWriter.reopen(path, 60, result.times)
    start = bytearray(path.read_bytes())
    append_all(writer, result, start=60)
    assert check(writer._disk, start, [(0, 60)]) > 40
    writer.close()


WRITE = """
import sys, itertools
import numpy as np
from pathlib import Path
from pdekit.files.checkpoint import save_checkpoint
from pdekit.grid import Grid
from pdekit.files.writer import ResultWriter
folder, grid = Path(sys.argv[1]), Grid.periodic(64, (0, 1))
with ResultWriter.create(folder / "result.h5", grid, np.arange(3000.)) as writer:
    for i in range(3000):
        writer.append(i, {"psi": np.full(64, i + 1j)}, {"mass": i})
        arrays = {"psi": np.full(64, i + 1j)}
        save_checkpoint(folder / "checkpoint.h5", arrays, {"i": i}, digest="d")
"""


def kill_and_look(folder, delay):
    from pdekit.files.checkpoint import load_checkpoint

    folder.mkdir()
    process = subprocess.Popen([sys.executable, "-c", WRITE, str(folder)])
    try:
        while not (folder / "checkpoint.h5").exists():
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(delay)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    arrays, meta = load_checkpoint(folder / "checkpoint.h5", "d")
    assert np.array_equal(arrays["psi"], np.full(64, meta["i"] + 1j))
    result = read_result(folder)
    n = len(result.times)
    assert n in (meta["i"] + 1, meta["i"] + 2)
    assert np.array_equal(
        result.fields["psi"], np.repeat(np.arange(n) + 1j, 64).reshape(n, 64)
    )
    assert np.array_equal(result.diagnostics["mass"], np.arange(n))
    assert result.status == "interrupted"


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path, kills):
    delays = np.random.default_rng(0).uniform(0, 0.1, kills)
    for i, delay in enumerate(delays):
        kill_and_look(tmp_path / str(i), delay)


def test_a_full_disk_is_noticed_before_the_first_frame(tmp_path, file_limit):
    grid = Grid.periodic(1000, (0, 1))
    writer = ResultWriter.create(tmp_path / "r.h5", grid, np.arange(1000.0))
    file_limit(4_000_000)
    with pytest.raises(OutputError, match=r"\d+ bytes are needed, \d+ bytes are free"):
        writer.append(0, {"u": np.zeros(1000)})
    writer.close()


@pytest.mark.parametrize("foreseen", [True, False])
def test_a_disk_filling_up_costs_no_frame(tmp_path, monkeypatch, file_limit, foreseen):
    if not foreseen:
        monkeypatch.setattr(atomic, "require_space", lambda path, needed: None)
    grid, path = Grid.periodic((256, 256), (0, 1)), tmp_path / "r.h5"
    u = random_field((20, 256, 256), float)
    with ResultWriter.create(path, grid, np.arange(20.0)) as writer:
        writer.append(0, {"u": u[0]})
        file_limit(5_000_000)
        result = Result(grid, np.arange(20.0), {"u": u})
        with pytest.raises(OutputError, match="bytes are needed"):
            append_all(writer, result, start=1)
    file_limit(-1)
    kept = read_result(path).fields["u"]
    assert len(kept) >= 5
    np.testing.assert_array_equal(kept, u[: len(kept)])


@pytest.mark.parametrize("path", ["missing/r.h5", "folder"])
def test_places_that_cannot_be_written(tmp_path, path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError):
        ResultWriter.create(tmp_path / path, LINE, np.arange(3.0))


# --- files that are not what they should be ---------------------------------------------


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "sound.h5"
    write_result(make_result(names=("psi",)), path)
    return path


def refused(path, match="."):
    with pytest.raises(ResultFileError, match=match) as caught:
        read_result(path)
    assert str(caught.value).count(str(path)) == 1
    assert "\n" not in str(caught.value)


def test_not_a_result_at_all(tmp_path):
    refused(tmp_path / "missing.h5", "No such file")
    refused(tmp_path / ("x" * 300), "cannot be read")
    (tmp_path / "text.h5").write_text("hello")
    refused(tmp_path / "text.h5", "not an HDF5 file")
    (tmp_path / "empty.h5").touch()
    refused(tmp_path / "empty.h5", "not an HDF5 file")
    (tmp_path / "result.h5").mkdir()
    refused(tmp_path / "result.h5" / "result.h5", "No such file")
    with pytest.raises(ResultFileError, match="is a folder"):
        read_result(tmp_path)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.arange(3)
    refused(tmp_path / "other.h5", "is not a pdekit result")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all"
)
def test_unreadable(sound):
    sound.chmod(0)
    refused(sound, "Permission denied")


def test_truncated_anywhere(sound):
    data = sound.read_bytes()
    for size in range(8, len(data), len(data) // 40):
        sound.write_bytes(data[:size])
        refused(sound)


def test_newer_format(sound):
    with h5py.File(sound, "r+") as file:
        file.attrs["format_version"] = 99
    refused(sound, "format version 99")


def replace_field(path, make):
    with h5py.File(path, "r+") as file:
        del file["psi_real"]
        make(file)
    return path


def test_terabytes_in_a_small_file(sound):
    bomb = replace_field(
        sound, lambda f: f.create_dataset("psi_real", (2**40,), float, chunks=(2**20,))
    )
    refused(bomb, "declares 8796093022208 bytes that are not there")


def test_a_time_axis_of_terabytes(sound):
    with h5py.File(sound, "r+") as file:
        del file["t"]
        file.create_dataset("t", (2**40,), float, chunks=(2**20,))
        file.attrs["frames_written"] = 2**40
    refused(sound, "not there")


def test_more_than_memory_holds(sound, monkeypatch):
    monkeypatch.setattr(hdf5, "available_memory", lambda: 1000)
    refused(sound, "GiB of memory")


def test_links_that_leave_the_file(sound, tmp_path):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = np.zeros((5, 16))
    for link in (h5py.ExternalLink(other, "secret"), h5py.SoftLink("/psi_imag")):
        refused(
            replace_field(sound, lambda f, link=link: f.__setitem__("psi_real", link)),
            "link",
        )
        before = other.read_bytes()
        with pytest.raises(ResultFileError, match="link"):
            ResultWriter.reopen(sound, 2, np.linspace(0, 1, 5))
        assert other.read_bytes() == before


def test_values_kept_in_another_file(sound, tmp_path):
    (tmp_path / "raw").write_bytes(bytes(5 * 16 * 8))
    external = [(str(tmp_path / "raw"), 0, 5 * 16 * 8)]
    bad = replace_field(
        sound, lambda f: f.create_dataset("psi_real", (5, 16), float, external=external)
    )
    refused(bad, "outside the file")


def test_virtual_dataset(sound):
    source = h5py.VirtualLayout((5, 16), float)
    source[:] = h5py.VirtualSource("elsewhere.h5", "u", (5, 16))
    bad = replace_field(sound, lambda f: f.create_virtual_dataset("psi_real", source))
    refused(bad, "outside the file")


def test_unknown_filter(sound):
    bad = replace_field(
        sound, lambda f: f.create_dataset("psi_real", (5, 16), float, compression="lzf")
    )
    refused(bad, "unknown filters")


@pytest.mark.parametrize(
    "value",
    [
        np.array([b"text"] * 5),
        np.array(["a"] * 5, dtype=h5py.string_dtype()),
        np.zeros((5, 17)),
        np.zeros((5,)),
        np.zeros((5, 2, 2, 16)),
        np.zeros((4, 16)),
        np.zeros((5, 16), dtype=[("a", float)]),
    ],
    ids=["bytes", "strings", "wide", "1d", "4d", "short", "struct"],
)
def test_fields_of_wrong_type_or_shape(sound, value):
    refused(replace_field(sound, lambda f: f.__setitem__("psi_real", value)))


def test_a_group_in_place_of_a_field(sound):
    refused(replace_field(sound, lambda f: f.create_group("psi_real")), "not an array")


@pytest.mark.parametrize(
    "name", ["format", "axes", "case", "status", "frames_written", "names"]
)
@pytest.mark.parametrize(
    "value", [None, 3.5, "variable length", np.arange(4), np.bytes_("[[]]")]
)
def test_attributes_that_are_wrong(sound, name, value):
    with h5py.File(sound, "r+") as file:
        del file.attrs[name]
        if value is not None:
            file.attrs[name] = value
    if name != "status" or not isinstance(value, bytes):
        refused(sound)


def test_texts_kept_in_another_file(sound, tmp_path):
    (tmp_path / "raw").write_bytes(b'{"secret": 1}')
    with h5py.File(sound, "r+") as file:
        external = [(str(tmp_path / "raw"), 0, 13)]
        file.create_dataset("case_text", (1,), "S13", external=external)
    refused(sound, "outside the file")


def test_json_nested_too_deep(sound):
    with h5py.File(sound, "r+") as file:
        hdf5.put_text(file, "case", "[" * 200_000)
    refused(sound)


def test_a_grid_that_cannot_be(sound):
    with h5py.File(sound, "r+") as file:
        file["x"].attrs["upper"] = -7.0
    refused(sound, "x")


def test_points_that_are_not_the_axis(sound):
    with h5py.File(sound, "r+") as file:
        file["x"][3] = 0.123
    refused(sound, "points of x")


def flipped(data, at, rng):
    bad = bytearray(data)
    bad[at] ^= 1 << int(rng.integers(8))
    return bad


def test_flipped_bytes_never_end_in_a_traceback(sound):
    data, rng = sound.read_bytes(), np.random.default_rng(1)
    for at in rng.choice(len(data), 200, replace=False):
        sound.write_bytes(flipped(data, at, rng))
        with suppress(ResultFileError):
            read_result(sound)


def test_flipped_bytes_of_fields_and_times_are_found(sound):
    data, rng = sound.read_bytes(), np.random.default_rng(2)
    with h5py.File(sound) as file:
        chunks = [file[name].id.get_chunk_info(0) for name in ("psi_real", "psi_imag", "t")]
    for chunk in chunks:
        for at in rng.choice(chunk.size, 10, replace=False):
            sound.write_bytes(flipped(data, chunk.byte_offset + at, rng))
            refused(sound, "damaged")


# --- other programs ---------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("grid", [LINE, BOX], ids=["1d", "3d"])
def test_opens_in_xarray(tmp_path, engine, members, grid):
    xarray = pytest.importorskip("xarray")
    reference = {"psi": random_field((2, *grid.shape)[members is None :], seed=4)}
    result = make_result(grid, members=members, reference=reference)
    write_result(result, tmp_path / "r.h5")
    inner = {}
    for group, prefix in ((None, ""), ("diagnostics", ""), ("reference", "reference_")):
        with xarray.open_dataset(tmp_path / "r.h5", engine=engine, group=group) as opened:
            data = opened.load()
            assert all(not str(d).startswith("phony") for d in data.dims)
            inner |= {f"{prefix}{name}": data[name] for name in data.data_vars}
            if group is None:
                assert data.attrs["title"] == "Größe <1>"
                assert data.attrs["Conventions"] == "CF-1.11"
                assert set(data.coords) == {
                    "t",
                    *grid.names,
                    *(["member"] if members else []),
                }
                assert data["x"].attrs["units"] == "1"
                assert data["t"].attrs["long_name"] == "time"
    ours = result.to_xarray()
    assert set(inner) == set(ours.data_vars)
    for name in ours.data_vars:
        assert ours[name].dims == inner[name].dims
        np.testing.assert_array_equal(ours[name], inner[name])
        for coordinate in set(ours[name].coords) & set(inner[name].coords):
            np.testing.assert_array_equal(ours[coordinate], inner[name][coordinate])


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_long_texts_open_in_xarray(tmp_path, engine):
    xarray = pytest.importorskip("xarray")
    result = make_result()
    result.case["comment"] = "é" * 70_000
    write_result(result, tmp_path / "r.h5")
    with xarray.open_dataset(tmp_path / "r.h5", engine=engine) as opened:
        np.testing.assert_array_equal(opened["psi_abs"], np.abs(result.fields["psi"]))
