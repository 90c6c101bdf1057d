"""Checkpoints: bit for bit what was saved, or refused with the reason."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pdekit.errors import OutputError, ResultFileError
from pdekit.files import atomic, checkpoint, hdf5
from pdekit.files.checkpoint import load_checkpoint, save_checkpoint

pytest_plugins = ["tests.disk_full"]

ARRAYS = {
    "psi_hat": np.random.default_rng(0).standard_normal((2, 33)) * (1 + 2j),
    "history": np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2],
    "mask": np.array([True, False, True]),
    "step": np.array(7),
    "empty": np.zeros((0, 3), dtype=np.complex64),
    "bits": np.array([2**64 - 1, -np.int64(-1)], dtype=np.uint64),
    "odd": np.array([np.nan, -0.0, np.inf, 5e-324]),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.h5"
    save_checkpoint(path, ARRAYS, {"step": 7}, digest="case")
    return path


def assert_identical(a, b):
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype
        assert a[name].shape == b[name].shape
        assert a[name].tobytes() == b[name].tobytes()


def refused(path, match, digest="case"):
    with pytest.raises(ResultFileError, match=match) as caught:
        load_checkpoint(path, digest)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_round_trip(path):
    arrays, meta = load_checkpoint(path, "case")
    assert_identical(arrays, dict(sorted(ARRAYS.items())))
    assert meta == {"step": 7}
    assert load_checkpoint(path)[1] == meta


def test_random_stream_goes_on(tmp_path):
    rng = np.random.default_rng(3)
    rng.standard_normal(5)
    save_checkpoint(tmp_path / "c", {}, {"rng": rng.bit_generator.state}, digest="")
    expected = rng.standard_normal(10)
    again = np.random.default_rng()
    again.bit_generator.state = load_checkpoint(tmp_path / "c", "")[1]["rng"]
    np.testing.assert_array_equal(again.standard_normal(10), expected)


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["f4", "f8", "c8", "c16", "i4", "u8", "?"]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    ),
    st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()),
)
def test_any_array_and_meta(tmp_path_factory, array, meta):
    path = tmp_path_factory.mktemp("c") / "c.h5"
    save_checkpoint(path, {"a": array}, meta, digest="d")
    arrays, read = load_checkpoint(path, "d")
    assert_identical(arrays, {"a": array})
    assert read == meta


def test_arrays_that_are_not_numbers(tmp_path):
    with pytest.raises(TypeError, match="names"):
        save_checkpoint(tmp_path / "c", {"names": np.array(["a"])}, {}, digest="")
    assert not any(tmp_path.iterdir())


def test_from_another_case(path):
    refused(path, "another case", digest="other")


def test_newer_version(path):
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2
    refused(path, "format version 2")


def test_missing_and_foreign(tmp_path):
    refused(tmp_path / "none.h5", "No such file")
    refused(tmp_path, "is a folder")
    (tmp_path / "text").write_text("x")
    refused(tmp_path / "text", "not an HDF5 file")
    h5py.File(tmp_path / "other.h5", "w").close()
    refused(tmp_path / "other.h5", "not a pdekit checkpoint")


def test_truncated_anywhere(path):
    data = path.read_bytes()
    for size in range(8, len(data), len(data) // 60):
        path.write_bytes(data[:size])
        refused(path, "damaged|not a")


def test_one_flipped_bit_anywhere(path):
    """Refused, or in a byte that means nothing: then everything is as saved."""
    data, rng = path.read_bytes(), np.random.default_rng(0)
    expected, found = load_checkpoint(path, "case"), 0
    for at in rng.choice(len(data), 250, replace=False):
        bad = bytearray(data)
        bad[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(bad)
        try:
            arrays, meta = load_checkpoint(path, "case")
        except ResultFileError:
            found += 1
            continue
        assert_identical(arrays, expected[0])
        assert meta == expected[1]
    assert found > 20


def test_every_bit_of_the_arrays_counts(path):
    data, rng = path.read_bytes(), np.random.default_rng(1)
    for name, array in ARRAYS.items():
        content = array.tobytes()
        start = data.find(content) if len(content) > 8 else -1
        if start >= 0:
            bad = bytearray(data)
            bad[start + int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
            path.write_bytes(bad)
            refused(path, f"checksum of '{name}'|damaged")


def test_a_header_made_up(path):
    """Right checksum, wrong content: still one clear message."""
    for header in (
        [],
        {"digest": "case"},
        {"digest": "case", "arrays": {"x": 1}, "meta": "{"},
    ):
        with h5py.File(path, "r+") as file:
            text = json.dumps(header)
            hdf5.put_text(file, "header", text)
            hdf5.put_text(file, "checksum", checkpoint._hash(text.encode()))
        refused(path, ".")


def test_links_out_of_the_file(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["psi_hat"] = ARRAYS["psi_hat"]
    with h5py.File(path, "r+") as file:
        del file["arrays/psi_hat"]
        file["arrays/psi_hat"] = h5py.ExternalLink("other.h5", "psi_hat")
    refused(path, "link")


def test_terabytes(path):
    with h5py.File(path, "r+") as file:
        del file["arrays/psi_hat"]
        file.create_dataset("arrays/psi_hat", (2**40,), complex, chunks=(2**16,))
    refused(path, "not there")


@pytest.mark.parametrize("foreseen", [True, False])
def test_a_full_disk_keeps_the_old_one(path, monkeypatch, file_limit, foreseen):
    if not foreseen:
        monkeypatch.setattr(atomic, "require_space", lambda path, needed: None)
    before = path.read_bytes()
    file_limit(500_000)
    with pytest.raises(OutputError, match=r"\d+ bytes are needed, \d+ bytes are free"):
        save_checkpoint(path, {"a": np.ones(100_000)}, {}, digest="case")
    file_limit(-1)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_does_not_read_back_is_not_kept(path, monkeypatch):
    before = path.read_bytes()
    write = checkpoint._write

    def write_badly(temporary, arrays, header):
        write(temporary, {**arrays, "a": arrays["a"] + 1}, header)

    monkeypatch.setattr(checkpoint, "_write", write_badly)
    with pytest.raises(OutputError, match="did not read back"):
        save_checkpoint(path, {"a": np.ones(3)}, {}, digest="case")
    assert path.read_bytes() == before


def test_a_folder_that_vanished(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(tmp_path / "gone" / "c.h5", {}, {}, digest="")
