"""Fourier spectrum  |ψ̂(k)|  at three times, with the tail that tells the resolution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.case.schema import ExponentialDealias
from pdekit.dealiasing import kept_modes
from pdekit.files.vectors import equation_class
from pdekit.plots._fields import finite, members, peak, some_frames, states, symbol
from pdekit.plots._style import figure, legend_above, log_scale, panels, short
from pdekit.plots.shells import shell_spectra
from pdekit.spectral import tail

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from pdekit.result import Result

TAIL = 0.9  # the tail is what lies beyond this part of the largest wavenumber


@figure
def spectrum(result: Result) -> Figure | None:
    """Draw  |ψ̂(k)| / max |ψ̂|  first, middle and last; the legend states each tail.

    In two and three dimensions the energy in shells is drawn instead.
    """
    if result.grid.ndim > 1:
        return shell_spectra(result)
    if result.grid.axes[0].boundary != "periodic":
        return None
    ensemble = result.members is not None
    drawn, axes = panels(1, len(states(result)), sharey=True, lines=3 if ensemble else 2)
    for ax, name in zip(axes[0], states(result), strict=True):
        draw_spectra(ax, result, members(result, name))
        k = symbol(result.grid.axes[0].name)
        ax.set_xlabel("$k$" if k == "x" else f"$k_{{{k}}}$")
        hat = rf"\hat{{{symbol(name)}}}"
        ax.set_ylabel(rf"$|{hat}(k)| \,/\, \max |{hat}|$")
    return drawn


def draw_spectra(ax: Axes, result: Result, values: NDArray[Any]) -> None:
    """Draw the spectra of member 0, and the ensemble's mean of the last, with the tail."""
    axis = result.grid.axes[0]
    real = not np.iscomplexobj(values)
    k = np.asarray(axis.wavenumbers(real=real))
    order = np.argsort(k)
    largest = np.abs(k).max()
    kept = kept_band(result, real)
    end = largest if kept is None else 2 * np.pi / axis.length * kept[0]
    for shade, frame in enumerate(some_frames(len(values))):
        amplitude = relative_amplitude(values[frame, 0])
        points = axis.n if real else None
        cut = float(tail(amplitude, points=points, cutoff=TAIL, kept=kept))
        ax.plot(
            k[order],
            np.where(amplitude > 0, amplitude, np.nan)[order],
            ".",  # the spectrum of a periodic field is discrete, and may be a comb
            ms=2,
            mew=0,
            zorder=4 - shade,
            label=rf"t = {result.times[frame]:.3g}: τ = {short(cut)}",
        )
    if values.shape[1] > 1:
        mean = np.mean([relative_amplitude(member) for member in values[-1]], axis=0)
        ax.plot(k[order], mean[order], "k--", lw=0.7, zorder=5, label="mean, last")
    shaded: dict[str, Any] = {"color": "0.9", "lw": 0, "zorder": 0}
    beyond = "max |k|" if kept is None else "of the kept |k|"
    ax.axvspan(TAIL * end, largest, label=f"τ: |k| > {TAIL} {beyond}", **shaded)
    if not real:
        ax.axvspan(-largest, -TAIL * end, **shaded)
    log_scale(ax)
    legend_above(ax, 2, markerscale=3)


def kept_band(result: Result, real: bool) -> tuple[int, ...] | None:
    """Return the largest |m| that the run kept, as its own spectral tail takes it."""
    stated = (result.case.get("solver") or {}).get("dealias")
    if stated in (None, "auto"):
        stated = getattr(equation_class(result), "dealias", "none")
    if isinstance(stated, Mapping):
        stated = ExponentialDealias.model_validate(stated)
    return kept_modes(stated, result.grid, real)


def relative_amplitude(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return  |ψ̂(k)| / max |ψ̂|, in the order of the axis's wavenumbers."""
    hat = np.abs((np.fft.fft if np.iscomplexobj(values) else np.fft.rfft)(finite(values)))
    amplitude: NDArray[np.float64] = hat / peak(hat)
    return amplitude
