"""Figures of a result, each in its own file; nothing here is needed to compute one.

A figure is a function of a :class:`pdekit.result.Result` that returns a matplotlib
``Figure``, or ``None`` when the result has nothing of that kind to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pdekit.errors import UnknownName
from pdekit.files.atomic import make_folder, write_bytes
from pdekit.plots._fields import is_steady
from pdekit.plots._style import encode
from pdekit.plots.bands import bands
from pdekit.plots.diagnostics import diagnostics
from pdekit.plots.growth import growth
from pdekit.plots.invariants import invariants
from pdekit.plots.movie import movie
from pdekit.plots.observations import observations
from pdekit.plots.phase import phase
from pdekit.plots.profile import profile
from pdekit.plots.residuals import residuals
from pdekit.plots.snapshots import snapshots
from pdekit.plots.solution import solution
from pdekit.plots.spacetime import spacetime
from pdekit.plots.spectrum import spectrum

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pdekit.result import Result

__all__ = ["FIGURES", "figures", "in_order", "movie", "save_figures"]

FIGURES: dict[str, tuple[Callable[[Result], Figure | None], str]] = {
    "solution": (
        solution,
        "solution of a steady problem, the coefficients that vary, and the error",
    ),
    "observations": (
        observations,
        "observations on what they say of u and of an unknown source, with deviations",
    ),
    "residuals": (
        residuals,
        "relative residual of every iteration with the tolerance, on a log scale",
    ),
    "bands": (
        bands,
        "peaks of the spectra of the data and the bands of a Gaussian process",
    ),
    "spacetime": (
        spacetime,
        "modulus (or value) of each field over space and time, in 1-D",
    ),
    "snapshots": (
        snapshots,
        "states at telling times in 2-D; in 3-D planes and the strongest along z",
    ),
    "profile": (profile, "final state with the reference on it and the pointwise error"),
    "spectrum": (
        spectrum,
        "Fourier spectrum at a few times: modes and their tail in 1-D, shells in more",
    ),
    "invariants": (invariants, "drift of the conserved quantities"),
    "diagnostics": (diagnostics, "peak, energies, entropies and further time series"),
    "phase": (phase, "real against imaginary part at the middle of the run, in 1-D"),
    "growth": (growth, "growth rate of each mode on an unstable background, beside theory"),
}
"""Name of a figure -> (function of a result, what it shows), in the order of a report."""

AT_REST = ("solution", "observations", "residuals", "bands")
"""Figures of results without time."""


def figures(result: Result, names: Sequence[str] | str = "all") -> dict[str, Figure]:
    """Draw the named figures of ``result``, leaving out those that do not apply to it.

    Parameters
    ----------
    result : Result
        What was computed.
    names : sequence of str, "all" or "none"
        Names from :data:`FIGURES`.
    """
    chosen = _chosen(names)
    if is_steady(result):
        chosen = [name for name in chosen if name in AT_REST]
    drawn = {name: FIGURES[name][0](result) for name in chosen}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def in_order(paths: Iterable[str | Path]) -> list[Path]:
    """Sort files of figures as :data:`FIGURES` names them, others behind by their name."""
    rank = {name: place for place, name in enumerate(FIGURES)}
    return sorted(map(Path, paths), key=lambda p: (rank.get(p.stem, len(rank)), p.name))


def save_figures(
    result: Result,
    folder: str | Path,
    names: Sequence[str] | str = "all",
    formats: Sequence[str] = ("png",),
) -> list[Path]:
    """Write the named figures into ``folder``, one file each, and return their paths.

    Parameters
    ----------
    result : Result
        What was computed.
    folder : path
        Created when missing; a figure of the same name is replaced in one stroke.
    names : sequence of str, "all" or "none"
        Names from :data:`FIGURES`.
    formats : sequence of str
        File formats, such as ``("png", "pdf")``.
    """
    paths = []
    for name, figure in figures(result, names).items():
        for extension in formats:
            path = Path(folder, f"{name}.{extension}")
            make_folder(path.parent)
            write_bytes(path, encode(figure, extension))
            paths.append(path)
    return paths


def _chosen(names: Sequence[str] | str) -> list[str]:
    if isinstance(names, str):
        names = {"all": list(FIGURES), "none": []}.get(names, [names])
    for name in names:
        if name not in FIGURES:
            raise UnknownName("figure", name, FIGURES)
    return list(dict.fromkeys(names))
