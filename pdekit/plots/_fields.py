"""What figures ask of a result: fields by member, symbols, drawable sizes, series."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pdekit.grid import Axis
    from pdekit.result import Result

EPS = float(np.finfo(np.float64).eps)
GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa"),
        *("lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
    )
)
SPELLING = {
    "shannon": "Shannon",
    "renyi": "Rényi",
    "tsallis": "Tsallis",
    "half": "½",
    "inf": "∞",
    "i4": "I₄",
    "i5": "I₅",
}
"""Parts of names that are written otherwise than in a file."""


def is_steady(result: Result) -> bool:
    """Whether a result is the solution of a boundary-value problem without time."""
    return "convergence" in result.summary and not result.case.get("time")


def symbol(name: str) -> str:
    r"""Return the mathematics (without dollars) for a field or axis called ``name``."""
    plain = re.sub(r"[^0-9A-Za-z_]", "", name)
    if plain.endswith(DEVIATION):
        base = plain.removesuffix(DEVIATION)
        return rf"\sigma_{{{symbol(base)}}}"
    if plain in GREEK:
        return rf"\{plain}"
    if len(plain) <= 1:
        return plain or "u"
    return r"\mathrm{" + plain.replace("_", r"\_") + "}"


def in_words(name: str) -> str:
    """Return the name of a time series as one would write it."""
    return " ".join(SPELLING.get(word, word) for word in name.split("_"))


def measure(name: str, is_complex: bool) -> str:
    """Return the label of what is shown of a field: its modulus, or itself when real."""
    return rf"$|{symbol(name)}|$" if is_complex else rf"${symbol(name)}$"


DEVIATION = "_deviation"
"""End of the name of a field that is the standard deviation of another."""


def states(result: Result) -> list[str]:
    """Return the names of the fields that are no deviations of others."""
    return [name for name in result.fields if not name.endswith(DEVIATION)]


def curves(name: str, is_complex: bool) -> list[tuple[str, Callable[[Any], NDArray[Any]]]]:
    """Return label and function of what a profile shows of a field: modulus, Re, Im."""
    first = (measure(name, is_complex), shown)
    if not is_complex:
        return [first]
    return [
        first,
        (f"Re ${symbol(name)}$", lambda values: finite(values).real),
        (f"Im ${symbol(name)}$", lambda values: finite(values).imag),
    ]


def closed(axis: Axis, values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return points and values with a period's end, which is its beginning, added."""
    x = axis.points()
    if axis.boundary != "periodic":
        return x, values
    return np.append(x, x[0] + axis.length), np.append(values, values[..., :1], axis=-1)


def members(result: Result, name: str) -> NDArray[Any]:
    """Return a field with its member axis, ``(time, member, *space)``."""
    values = np.asarray(result.fields[name])
    return values if values.ndim > result.grid.ndim + 1 else values[:, None]


def finite(values: NDArray[Any]) -> NDArray[Any]:
    """Return ``values`` with NaN in place of infinities, which no axis can show."""
    values = np.asarray(values)
    nothing = complex(np.nan, np.nan) if np.iscomplexobj(values) else np.nan
    return np.where(np.isfinite(values), values, nothing)


def shown(values: NDArray[Any]) -> NDArray[Any]:
    """Return the modulus of complex values, real ones as they are."""
    values = finite(values)
    return np.abs(values) if np.iscomplexobj(values) else values


def peak(values: NDArray[Any]) -> float:
    """Return the largest finite modulus in ``values``, or 1 where nothing is non-zero."""
    modulus = np.abs(values)
    return float(np.max(modulus, where=np.isfinite(modulus), initial=0.0)) or 1.0


def some_frames(count: int, limit: int = 3) -> list[int]:
    """Return at most ``limit`` frames evenly spread from the first to the last."""
    chosen = np.linspace(0, count - 1, min(count, limit)).round().astype(int)
    return [int(frame) for frame in chosen]


def compared_frame(result: Result) -> int:
    """Return the frame of the reference, else the last one that holds finite numbers."""
    if result.reference and result.reference_time is not None:
        return int(np.abs(result.times - result.reference_time).argmin())
    for frame in reversed(range(len(result.times))):
        if all(np.isfinite(values[frame]).any() for values in result.fields.values()):
            return frame
    return len(result.times) - 1


def reference_of(result: Result, name: str) -> NDArray[Any] | None:
    """Return the reference of member 0 of a field on the result's grid, if there is one."""
    values = (result.reference or {}).get(name)
    if values is None:
        return None
    last = np.asarray(values).reshape(-1, *result.grid.shape)
    return finite(last[0])


def edges(points: NDArray[Any]) -> NDArray[Any]:
    """Return the borders of the cells around sorted points, which lie between them."""
    if len(points) == 1:
        return np.array([points[0] - 0.5, points[0] + 0.5])
    between = (points[1:] + points[:-1]) / 2
    first, last = 2 * points[0] - between[0], 2 * points[-1] - between[-1]
    return np.concatenate(([first], between, [last]))


def coarsened(
    values: NDArray[Any], borders: NDArray[Any], limit: int = 1200
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Average neighbours along the last axis until at most ``limit`` cells remain.

    No picture has more pixels across, and what a pixel would show is this average.
    """
    size = values.shape[-1]
    if size <= limit:
        return values, borders
    starts = np.arange(0, size, math.ceil(size / limit))
    counts = np.diff(np.r_[starts, size])
    means: NDArray[Any] = np.add.reduceat(values, starts, axis=-1) / counts
    return means, borders[np.r_[starts, size]]


def drift(result: Result, name: str) -> NDArray[np.float64]:
    """Return  |Q(t) − Q(0)| / scale  of an invariant, ``(time, member)``.

    The scale is the one by which the summary's drift is the largest of these, else |Q(0)|.
    """
    series = finite(result.diagnostics[name]).reshape(len(result.times), -1)
    change: NDArray[np.float64] = np.abs(series - series[0])
    stated = result.summary["invariants"][name].get("drift")
    if stated and np.isfinite(stated) and np.any(change > 0):
        change *= stated / peak(change)
    else:
        change /= peak(series[0])
    return change


def invariant_names(result: Result) -> list[str]:
    """Return the invariants of the summary of which the result has a time series."""
    named = result.summary.get("invariants") or {}
    return [name for name in named if name in result.diagnostics]
