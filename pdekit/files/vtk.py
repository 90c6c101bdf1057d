"""Fields as VTK files for ParaView, VisIt and PyVista: one per frame, and their times.

The format is that of "VTK File Formats" (Kitware), section "XML File Formats": image data
where the points are evenly spaced, a rectilinear grid otherwise. Arrays are embedded as
base64 of a byte count and the values, x running fastest.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.sax.saxutils import quoteattr

import numpy as np

from pdekit.files import atomic
from pdekit.files.vectors import vectors
from pdekit.result import parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pdekit.grid import Axis
    from pdekit.result import Result

Arrays: TypeAlias = dict[str, tuple["NDArray[Any]", ...]]
"""Name to components, one of a scalar and three of a vector, each ``(*space)``."""

COLLECTION, FRAMES = "result.pvd", "vtk"
BLOCK = 1 << 20  # bytes that are turned into text at a time
HEAD = '<?xml version="1.0"?>\n<VTKFile type="{}" version="1.0" byte_order="LittleEndian"'
TYPES = {4: ("Float32", "<f4"), 8: ("Float64", "<f8")}


def write_vtk(result: Result, folder: str | Path) -> Path:
    """Write every frame into ``folder/vtk`` and, when all are there, ``folder/result.pvd``.

    Complex fields come as real part, imaginary part and modulus, components of a vector
    also as one vector, members of an ensemble as arrays of their own: ``omega_0``….
    """
    folder = Path(folder)
    atomic.make_folder(folder / FRAMES)
    extension = "vti" if is_even(result.grid.axes) else "vtr"
    entries = []
    for frame, time in enumerate(result.times):
        name = f"{FRAMES}/frame_{frame:05d}.{extension}"
        write_frame(result, frame, folder / name)
        entries.append(f'<DataSet timestep="{float(time)!r}" part="0" file="{name}"/>')
    head, tail = (
        f"{HEAD.format('Collection')}>\n<Collection>",
        "</Collection>\n</VTKFile>\n",
    )
    atomic.write_text(folder / COLLECTION, "\n".join([head, *entries, tail]))
    return folder / COLLECTION


def write_frame(result: Result, frame: int, path: str | Path) -> None:
    """Write one frame as image data (``.vti``) or as a rectilinear grid (``.vtr``)."""
    arrays = point_arrays(result, frame)
    values = sum(part.nbytes for parts_ in arrays.values() for part in parts_)
    needed = 4 * values // 3 + 4096
    with atomic.replacing(path, needed) as temporary, temporary.open("wb") as file:
        file.writelines(frame_text(result.grid.axes, arrays))


def point_arrays(result: Result, frame: int) -> Arrays:
    """Return what a frame holds under the names that ParaView shows."""
    arrays: Arrays = {}
    suffixes = [""] if result.members is None else [f"_{i}" for i in range(result.members)]
    for field, values in result.fields.items():
        states = values[frame][None] if result.members is None else values[frame]
        for suffix, state in zip(suffixes, states, strict=True):
            for name, part in parts(field, state, modulus=True).items():
                arrays[name + suffix] = (part,)
    for name, components in vectors(result).items():
        for suffix in suffixes:
            given = [arrays[component + suffix][0] for component in components]
            nothing = np.broadcast_to(np.zeros((), given[0].dtype), given[0].shape)
            arrays[name + suffix] = (*given, nothing)[:3]
    return arrays


def frame_text(axes: tuple[Axis, ...], arrays: Arrays) -> Iterator[bytes]:
    """Return the file of a frame piece by piece, so that it is never whole in memory."""
    kind = "ImageData" if is_even(axes) else "RectilinearGrid"
    extent = " ".join(f"0 {n - 1}" for n in _three((axis.n for axis in axes), 1))
    yield f'{HEAD.format(kind)} header_type="UInt64">\n'.encode()
    yield f'<{kind} WholeExtent="{extent}"{_placement(axes)}>\n'.encode()
    yield f'<Piece Extent="{extent}">\n<PointData{_active(arrays)}>\n'.encode()
    for name, components in arrays.items():
        yield from data_array(name, components)
    yield b"</PointData>\n"
    if not is_even(axes):
        yield b"<Coordinates>\n"
        for axis in axes:
            yield from data_array(axis.name, (axis.points(),))
        for name in "xyz"[len(axes) :]:
            yield from data_array(name, (np.zeros(1),))
        yield b"</Coordinates>\n"
    yield f"</Piece>\n</{kind}>\n</VTKFile>\n".encode()


def data_array(name: str, components: tuple[NDArray[Any], ...]) -> Iterator[bytes]:
    """Return the element of one array: its size in bytes and its values, in base64."""
    kind, dtype = TYPES[4 if components[0].dtype.itemsize <= 4 else 8]
    size = len(components) * components[0].size * np.dtype(dtype).itemsize
    yield (
        f'<DataArray type="{kind}" Name={quoteattr(name)} '
        f'NumberOfComponents="{len(components)}" format="binary">\n'
    ).encode()
    yield from base64_of(
        [np.uint64(size).astype("<u8").tobytes()], _blocks(components, dtype)
    )
    yield b"\n</DataArray>\n"


def base64_of(*sources: Iterable[bytes]) -> Iterator[bytes]:
    """Return the base64 text of the bytes of all sources in turn, as of one string."""
    rest = b""
    for source in sources:
        for block in source:
            data = rest + block
            whole = len(data) - len(data) % 3
            rest = data[whole:]
            yield base64.b64encode(memoryview(data)[:whole])
    yield base64.b64encode(rest)


def is_even(axes: Iterable[Axis]) -> bool:
    """Whether the points of all axes are evenly spaced."""
    return all(axis.boundary != "chebyshev" for axis in axes)


def _blocks(components: tuple[NDArray[Any], ...], dtype: str) -> Iterator[bytes]:
    """Return values point by point, x fastest, some planes of the slowest axis at once."""
    shaped = [np.asarray(c).reshape(_three(c.shape, 1)) for c in components]
    planes = shaped[0].shape[2]
    plane = len(shaped) * shaped[0][..., 0].size * np.dtype(dtype).itemsize
    step = max(BLOCK // max(plane, 1), 1)
    for z in range(0, planes, step):
        slab = np.stack([c[..., z : z + step].T for c in shaped], axis=-1)
        yield slab.astype(dtype, copy=False).tobytes()


def _placement(axes: tuple[Axis, ...]) -> str:
    if not is_even(axes):
        return ""
    origin = " ".join(repr(x) for x in _three((float(a.points()[0]) for a in axes), 0.0))
    spacing = " ".join(repr(h) for h in _three((float(a.spacing) for a in axes), 1.0))
    return f' Origin="{origin}" Spacing="{spacing}"'


def _active(arrays: Arrays) -> str:
    """Say which scalar and which vector a viewer should show first."""
    first: dict[str, str] = {}
    for name, components in arrays.items():
        first.setdefault("Scalars" if len(components) == 1 else "Vectors", name)
    return "".join(f" {kind}={quoteattr(name)}" for kind, name in first.items())


def _three(values: Iterable[Any], missing: Any) -> tuple[Any, ...]:
    return (*values, missing, missing)[:3]
