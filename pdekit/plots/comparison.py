"""State of a two- or three-dimensional field beside its error, point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._colour import extremes, scale
from pdekit.plots._fields import (
    EPS,
    compared_frame,
    finite,
    measure,
    members,
    peak,
    reference_of,
    shown,
    symbol,
)
from pdekit.plots._sheet import BAR, label_axes, proportions, shared_bar, sheet, show
from pdekit.plots._style import LINE, time_above
from pdekit.plots._ticks import place

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

WIDTH, HIGHEST = 2.6, 2.2  # of a panel, inches
GAP = 0.4  # between a colour bar and the next panel


def comparison(result: Result) -> Figure | None:
    """Draw each field at the compared time and, on a log scale, |ψ − reference|.

    In three dimensions in the plane through the middle of the last axis.
    """
    across, up = result.grid.axes[:2]
    named = {name: reference_of(result, name) for name in result.fields}
    references = {name: values for name, values in named.items() if values is not None}
    if not references:
        return None
    frame = compared_frame(result)
    size = proportions(across, up, WIDTH, HIGHEST)
    row_gap = LINE + 0.1
    drawn, axes = sheet([[size, size]] * len(references), gap=BAR + GAP, row_gap=row_gap)
    for line, (name, reference) in zip(axes, references.items(), strict=True):
        state = members(result, name)[frame, 0]
        values, error = (
            in_plane(part) for part in (shown(state), distance(state, reference))
        )
        modulus = np.iscomplexobj(state)
        colours = scale(*extremes([values]), modulus)
        mathematics = symbol(name)
        labels = (
            measure(name, modulus),
            rf"$|{mathematics} - {mathematics}_{{\mathrm{{ref}}}}|$",
        )
        scales = (colours, decades(error, EPS * peak(reference)))
        for column, (ax, plane) in enumerate(zip(line, (values, error), strict=True)):
            picture = show(ax, across, up, plane, scales[column])
            label_axes(ax, across, up, left=column == 0, below=line is axes[-1])
            shared_bar([ax], picture.image, labels[column])
        time_above(line[0], result.times[frame])
        if result.grid.ndim == 3:
            z = result.grid.axes[2]
            text = f"{z.name} = {place(z, z.n // 2)}"
            line[0].text(0, 1.02, text, va="bottom", transform=line[0].transAxes)
    return drawn


def distance(state: NDArray[Any], reference: NDArray[Any]) -> NDArray[np.float64]:
    """Return |ψ − reference|; less than ε max |reference| is returned as that."""
    floor = EPS * peak(reference)
    error: NDArray[np.float64] = np.maximum(np.abs(finite(state) - reference), floor)
    return error


def in_plane(values: NDArray[Any]) -> NDArray[Any]:
    """Return the middle plane of the last axis of three."""
    return values if values.ndim == 2 else values[..., values.shape[-1] // 2]


def decades(error: NDArray[np.float64], floor: float) -> dict[str, Any]:
    """Return colours on a log scale of at most six decades, of one at least."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    largest = max(peak(error), 10 * floor)
    known = error[np.isfinite(error)]
    least = float(known.min(initial=largest))
    norm = LogNorm(min(max(least, 1e-6 * largest), 0.1 * largest), largest, clip=True)
    return {"cmap": colormaps["viridis"], "norm": norm}
