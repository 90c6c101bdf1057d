"""What a run gives back: fields over time, diagnostics, errors, and its origin."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.grid import Grid

Arrays: TypeAlias = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, eq=False)
class Result:
    """A computed solution on its grid, with the accuracy and the origin of it.

    Parameters
    ----------
    grid, times
        Where the frames live.
    fields
        Name to array ``(t, [member,] *space)``, real or complex.
    diagnostics
        Name to array ``(t, …)``.
    reference
        Name to array ``([member,] *space)``: the reference at ``reference_time``, or None.
    summary
        Status, errors, invariants, checks and cost, as in ``summary.json``.
    case
        The case with every default filled in.
    provenance
        Versions, machine, settings; see `pdekit.provenance`.
    reference_time
        When the reference was compared; the last time unless told otherwise.
    """

    grid: Grid
    times: np.ndarray[Any, Any]
    fields: Arrays
    diagnostics: Arrays = field(default_factory=dict)
    reference: Arrays | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    case: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    reference_time: float | None = None

    def __post_init__(self) -> None:
        """Refuse arrays whose shapes do not fit the grid and the times."""
        frames, space = len(self.times), self.grid.shape
        for name, values in self.fields.items():
            batch = values.shape[: -len(space)]
            if (
                values.shape[-len(space) :] != space
                or batch[:1] != (frames,)
                or len(batch) > 2
            ):
                expected = f"(t, [member,] *space) with t = {frames} and space = {space}"
                raise ShapeError(expected, values.shape, f"field {name!r}")
        for name, values in self.diagnostics.items():
            if values.shape[:1] != (frames,):
                raise ShapeError(f"({frames}, …)", values.shape, f"diagnostic {name!r}")
        if self.reference is not None and self.reference_time is None and frames:
            object.__setattr__(self, "reference_time", float(self.times[-1]))

    @property
    def errors(self) -> dict[str, Any]:
        """How far from the reference, or how far by estimate."""
        errors: dict[str, Any] = self.summary.get("errors", {})
        return errors

    @property
    def status(self) -> str:
        """Return ok, check_failed, diverged, not_converged or interrupted."""
        return str(self.summary.get("status", "ok"))

    @property
    def ok(self) -> bool:
        """Whether the run finished and every check holds."""
        return self.status == "ok"

    @property
    def members(self) -> int | None:
        """Number of ensemble members, or None without a member axis."""
        for values in self.fields.values():
            return values.shape[1] if values.ndim == 2 + self.grid.ndim else None
        return None

    def to_xarray(self) -> Any:
        """Return an `xarray.Dataset` with the variables of ``result.h5``.

        Complex fields come as their parts, ``psi_real`` and ``psi_imag``, diagnostics under
        their own names and the reference as ``reference_psi_real``….
        """
        try:
            import xarray
        except ImportError as error:
            raise PdekitError(
                "to_xarray needs xarray: pip install 'pdekit[xarray]'"
            ) from error
        coordinates: dict[str, Any] = {
            "t": ("t", self.times, {"long_name": "time", "units": "1"})
        }
        if self.members is not None:
            coordinates["member"] = ("member", np.arange(self.members))
        for name, points in self.grid.coordinates().items():
            coordinates[name] = (name, points, {"units": "1"})
        attributes = {"title": str(self.case.get("title", "")), "status": self.status}
        return xarray.Dataset(self._variables(), coordinates, attributes)

    def _variables(self) -> dict[str, Any]:
        space, members = self.grid.names, self.members
        batch = ("member",) if members is not None else ()
        variables: dict[str, Any] = {}
        for field_name, values in self.fields.items():
            for name, part in parts(field_name, values, self.shows_modulus).items():
                variables[name] = (("t", *batch, *space), part, {"units": "1"})
        for diagnostic, values in self.diagnostics.items():
            for name, part in parts(diagnostic, values).items():
                variables[name] = (diagnostic_dims(name, part.shape, members), part)
        for field_name, values in (self.reference or {}).items():
            dims = (*batch[: values.ndim - len(space)], *space)
            for name, part in parts(field_name, values).items():
                variables[f"reference_{name}"] = (dims, part, {"units": "1"})
        return variables

    @property
    def shows_modulus(self) -> bool:
        """Whether |psi| is stored as well: cheap, and what one looks at first, in 1-D."""
        return self.grid.ndim == 1 and self.members is None

    def save(
        self,
        folder: str | Path,
        *,
        overwrite: bool = False,
        formats: Sequence[str] = ("hdf5",),
    ) -> Path:
        """Write ``result.h5``, ``case.yaml`` and ``summary.json``; return the folder.

        A folder that holds something is left alone and a numbered one is made, unless
        ``overwrite``. ``formats`` may also name
        ``netcdf3``, ``csv`` and ``vtk``.
        """
        from pdekit.files.exports import save_result

        return save_result(self, folder, overwrite=overwrite, formats=formats)

    @staticmethod
    def load(path: str | Path) -> Result:
        """Read a ``result.h5``, or the one in a run's folder."""
        from pdekit.files.writer import read_result

        return read_result(path)

    def plot(self, *names: str) -> dict[str, Any]:
        """Draw the named figures (all that apply when none is named)."""
        from pdekit.plots import figures

        return dict(figures(self, names or "all"))

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        grid = " × ".join(str(n) for n in self.grid.shape)
        span = f"{self.times[0]:g} … {self.times[-1]:g}" if len(self.times) else "none"
        rows: dict[str, object] = {
            "status": self.status,
            "fields": ", ".join(f"{k} ({v.dtype})" for k, v in self.fields.items()),
            "grid": f"{grid} points on {', '.join(self.grid.names)}",
            "times": f"{len(self.times)} frames, {span}",
            **({"members": self.members} if self.members is not None else {}),
            **self.errors,
        }
        cells = "".join(
            f"<tr><th>{html.escape(key)}</th><td>{html.escape(_short(value))}</td></tr>"
            for key, value in rows.items()
        )
        title = html.escape(
            str(self.case.get("title") or self.case.get("name") or "Result")
        )
        return f"<table><caption>{title}</caption><tbody>{cells}</tbody></table>"


def parts(name: str, values: np.ndarray[Any, Any], modulus: bool = False) -> Arrays:
    """Split a complex field into the real arrays that files hold; a real one stays."""
    if not np.iscomplexobj(values):
        return {name: values}
    split = {f"{name}_real": values.real, f"{name}_imag": values.imag}
    return {**split, f"{name}_abs": np.abs(values)} if modulus else split


def diagnostic_dims(
    name: str, shape: Sequence[int], members: int | None
) -> tuple[str, ...]:
    """Name the axes of a diagnostic: time, member where the length says so, or its own."""
    extra = [
        "member" if axis == 1 and size == members else f"{name}_{axis}"
        for axis, size in enumerate(shape)
        if axis > 0
    ]
    return ("t", *extra)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
