"""Final state of a field with the reference drawn on it, and the error point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.plots._fields import (
    DEVIATION,
    EPS,
    closed,
    compared_frame,
    curves,
    finite,
    members,
    peak,
    reference_of,
    shown,
    states,
    symbol,
)
from pdekit.plots._style import figure, legend_above, log_scale, panels
from pdekit.plots._ticks import coordinate_ticks
from pdekit.plots.comparison import comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result


@figure
def profile(result: Result) -> Figure | None:
    """Draw |ψ|, Re ψ, Im ψ at the compared time; below, |ψ − reference| if there is one.

    In two and three dimensions maps of the state and of the error are drawn instead, when
    there is a reference.
    """
    if result.grid.ndim > 1:
        return comparison(result)
    frame, names = compared_frame(result), states(result)
    below = bool(result.reference) or len(names) < len(result.fields)
    drawn, axes = panels(
        1 + below,
        len(names),
        height=2.0,
        ratios=(1.0, 0.5) if below else None,
        lines=1,
    )
    x = symbol(result.grid.axes[0].name)
    for column, name in zip(axes.T, names, strict=True):
        state = members(result, name)[frame]
        reference = reference_of(result, name)
        draw_state(column[0], result, name, state, reference)
        column[0].set_ylabel(rf"${symbol(name)}({x})$ at t = {result.times[frame]:.4g}")
        if reference is not None:
            draw_error(column[1], result, name, state[0], reference)
        if name + DEVIATION in result.fields:
            draw_deviation(column[1], result, name, frame, alone=reference is None)
        column[-1].set_xlabel(f"${x}$")
    return drawn


def draw_state(
    ax: Axes, result: Result, name: str, state: NDArray[Any], reference: NDArray[Any] | None
) -> None:
    """Draw modulus, real and imaginary part of member 0, the reference dashed on top."""
    axis = result.grid.axes[0]
    parts = curves(name, np.iscomplexobj(state))
    for index, (label, part) in enumerate(parts):
        thin: dict[str, Any] = {"lw": 0.7, "alpha": 0.9} if index else {"zorder": 3}
        ax.plot(*closed(axis, part(state[0])), label=label, **thin)
    if len(state) > 1:
        mean = shown(state).mean(axis=0)
        ax.plot(*closed(axis, mean), lw=0.9, label=rf"$\langle${parts[0][0]}$\rangle$")
    if reference is not None:
        dashes: dict[str, Any] = {
            "color": "black",
            "ls": (0, (2, 2)),
            "lw": 0.6,
            "zorder": 4,
        }
        for index, (_, part) in enumerate(parts):
            label = "_" if index else "reference"
            ax.plot(*closed(axis, part(reference)), label=label, **dashes)
    ax.set_xlim(axis.lower, axis.upper)
    coordinate_ticks(ax.xaxis, axis, 2.75)
    legend_above(ax, 5)


def draw_error(
    ax: Axes, result: Result, name: str, state: NDArray[Any], reference: NDArray[Any]
) -> None:
    """Draw |ψ − reference| on a log scale; less than ε max |reference| is drawn as that."""
    floor = EPS * peak(reference)
    error = np.maximum(np.abs(finite(state) - reference), floor)
    ax.plot(*closed(result.grid.axes[0], error), color="C1", lw=0.7)
    log_scale(ax)
    math = symbol(name)
    ax.set_ylabel(rf"$|{math} - {math}_{{\mathrm{{ref}}}}|$")


def draw_deviation(ax: Axes, result: Result, name: str, frame: int, *, alone: bool) -> None:
    """Draw the standard deviation, with the error or in its place."""
    sigma = finite(members(result, name + DEVIATION)[frame][0])
    positive = np.where(sigma > 0, sigma, np.nan)
    label = rf"${symbol(name + DEVIATION)}$"
    ax.plot(*closed(result.grid.axes[0], positive), color="C2", lw=0.7, label=label)
    log_scale(ax)
    if alone:
        ax.set_ylabel(label)
    else:
        ax.legend(loc="lower right", fontsize=7)
