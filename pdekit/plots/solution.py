"""A field at rest: itself, what it is computed in, and its error, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._colour import extremes, scale
from pdekit.plots._fields import DEVIATION, EPS, closed, finite, is_steady, peak, symbol
from pdekit.plots._sheet import BAR, label_axes, proportions, shared_bar, sheet, show
from pdekit.plots._style import LINE, MISSING, QUIET, figure, log_scale, panels
from pdekit.plots._ticks import coordinate_ticks, place
from pdekit.plots.comparison import decades, distance

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

WIDEST = {1: 3.4, 2: 2.5, 3: 2.1}  # of a panel, by their number, inches
HIGHEST = {1: 3.0, 2: 2.4, 3: 2.4}
GAP = 0.42  # between a colour bar and the next panel
WIDE_RANGE = (
    30.0  # ratio of the values of a coefficient beyond which colours are of its log
)
FEW_VALUES = 16  # of a field that jumps


@dataclass(frozen=True)
class Part:
    """One thing that is drawn: label, values, and whether it is an error or a medium."""

    label: str
    values: NDArray[Any]
    kind: str


@figure
def solution(result: Result) -> Figure | None:
    """Draw the solution, the coefficients that vary, and |u − reference| if there is one.

    In three dimensions in the plane across the last axis in which it is largest.
    """
    if not is_steady(result):
        return None
    parts = parts_of(result)
    return curves(result, parts) if result.grid.ndim == 1 else maps(result, parts)


def parts_of(result: Result) -> list[Part]:
    """Return what there is to draw, in order; of an ensemble its first member."""
    first = -1 if result.members is None else (-1, 0)
    found = [
        Part(label_of(name), finite(values[first]), kind_of(name))
        for name, values in result.fields.items()
    ]
    for name, values in (result.reference or {}).items():
        state = result.fields[name][-1]
        label = rf"$|{symbol(name)} - {symbol(name)}_{{\mathrm{{ref}}}}|$"
        error = np.where(np.isfinite(state), distance(state, values), np.nan)
        found.append(Part(label, error, "error"))
    return found


def kind_of(name: str) -> str:
    """Say how a stored field is drawn."""
    if name.endswith(DEVIATION):
        return "error"
    return "medium" if is_medium(name) else "state"


def is_medium(name: str) -> bool:
    """Whether a stored field is a coefficient."""
    return name.partition("_")[0] == "coefficient"


def label_of(name: str) -> str:
    """Return the mathematics of a field, k for a coefficient."""
    axis = name.partition("_")[2]
    if is_medium(name):
        return f"$k_{axis}$" if axis else "$k$"
    return f"${symbol(name)}$"


# -- two and three dimensions --------------------------------------------------------------


def maps(result: Result, parts: list[Part]) -> Figure:
    """Draw every part as a map, three in a row."""
    across, up = result.grid.axes[:2]
    columns = min(len(parts), 3)
    size = proportions(across, up, WIDEST[columns], HIGHEST[columns])
    rows = [parts[i : i + columns] for i in range(0, len(parts), columns)]
    sizes = [[size] * len(row) for row in rows]
    z = strongest(parts[0].values) if result.grid.ndim == 3 else None
    drawn, axes = sheet(sizes, gap=BAR + GAP, row_gap=LINE + 0.35)
    for line, row in zip(axes, rows, strict=True):
        for i, (ax, part) in enumerate(zip(line, row, strict=True)):
            plane = part.values if z is None else part.values[..., z]
            picture = show(ax, across, up, plane, colours_of(part, plane))
            ax.set_facecolor(MISSING)
            if len(np.unique(plane)) <= FEW_VALUES:  # its jumps are what there is to see
                picture.image.set_interpolation("nearest")
            label_axes(ax, across, up, left=i == 0, below=row is rows[-1])
            shared_bar([ax], picture.image, part.label)
    if z is not None:
        across_z, first = result.grid.axes[2], axes[0][0]
        text = f"{across_z.name} = {place(across_z, z)}"
        first.text(0, 1.02, text, va="bottom", transform=first.transAxes)
    return drawn


def strongest(values: NDArray[Any]) -> int:
    """Return the index along the last axis where the root mean square is largest.

    Of equal ones that next to the middle.
    """
    size = np.sqrt(np.mean(np.abs(np.nan_to_num(values)) ** 2, axis=(0, 1)))
    near = np.flatnonzero(size >= (1 - 1e-6) * size.max())
    return int(near[np.abs(near - values.shape[-1] // 2).argmin()])


def colours_of(part: Part, plane: NDArray[Any]) -> dict[str, Any]:
    """Return colours: a log scale for errors and for coefficients of great contrast."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    if part.kind == "error":
        return decades(plane, EPS * peak(part.values))
    least, largest = extremes([plane])
    if part.kind == "medium":
        cmap = colormaps["cividis"].with_extremes(bad=MISSING)
        if largest > WIDE_RANGE * least > 0:
            return {"cmap": cmap, "norm": LogNorm(least, largest)}
        return {**scale(least, largest), "cmap": cmap}
    return scale(least, largest)


# -- one dimension -------------------------------------------------------------------------


def curves(result: Result, parts: list[Part]) -> Figure:
    """Draw every part as a curve, one below the other; the reference is dashed."""
    axis = result.grid.axes[0]
    drawn, axes = panels(
        len(parts), 1, height=1.9, ratios=(1.0, *[0.5] * (len(parts) - 1)), lines=0
    )
    for i, (ax, part) in enumerate(zip(axes[:, 0], parts, strict=True)):
        colour = {"state": "C0", "medium": QUIET, "error": "C1"}[part.kind]
        ax.plot(*closed(axis, part.values), color=colour)
        if part.kind == "error" or (
            part.kind == "medium" and part.values.max() > WIDE_RANGE * part.values.min()
        ):
            log_scale(ax)
        elif i == 0 and result.reference:
            reference = next(iter(result.reference.values()))
            dashes: dict[str, Any] = {"color": "black", "ls": (0, (2, 2)), "lw": 0.6}
            ax.plot(*closed(axis, finite(reference)), **dashes)
        ax.set_ylabel(part.label)
        ax.set_xlim(axis.lower, axis.upper)
    coordinate_ticks(axes[-1, 0].xaxis, axis, 3.9)
    axes[-1, 0].set_xlabel(f"${symbol(axis.name)}$")
    return drawn
