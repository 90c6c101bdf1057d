"""Why a solution blew up, as far as its last finite values tell.

A smaller step helps neither against a formula without a value nor against a coarse grid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.engine._rhs import RightHandSide, as_tuple, lookup, parameters
from pdekit.errors import BlowUp, ExpressionError
from pdekit.grid import Grid
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.run import Run

UNRESOLVED = 1e-3
"""Spectral tail from which the grid, rather than the step, is to blame."""


def advice(run: Run, failure: BlowUp) -> str:
    """Return what to do about a blow-up; nothing if only the step is suspect."""
    found = _without_value(run, failure.time)
    if found or not run.record.frames:
        return found
    tail = float(np.max(run.record.series["spectral_tail"][run.record.frames - 1]))
    if tail < UNRESOLVED:
        return ""
    return (
        f"the grid did not resolve it before (spectral tail {tail:.1e}): use more points; "
        f"if that does not help, {failure.advice}"
    )


def _without_value(run: Run, time: float) -> str:
    """Name what is not finite: a source or a coefficient at ``time``, or N before."""
    equation, grid = run.equation, run.grid
    try:
        source = equation.source(grid, time)
        coefficients = equation.coefficients(grid, time)
    except ExpressionError as error:
        return error.reason
    given = {
        "the source": source,
        **{f"coefficient {k}": c for k, c in coefficients.items()},
    }
    for name, values in given.items():
        if values is not None and not np.isfinite(values).all():
            bad = ~np.isfinite(
                np.broadcast_to(values, np.broadcast_shapes(np.shape(values), grid.shape))
            )
            return f"{name} is not finite {place(bad, grid)}"
    frames = run.record.frames
    u, t = (
        (run.record.frame(-1), run.times[frames - 1])
        if frames
        else (run.initial, run.times[0])
    )
    for member in u:
        for value in products(run.evolution.system.rhs, member, coefficients):
            bad = ~np.isfinite(np.broadcast_to(value, grid.shape))
            if bad.any():
                return (
                    f"a nonlinear term of {equation.name} is not finite for the fields at "
                    f"t = {t:.6g} {place(bad, grid)}: no step is small enough for that"
                )
    return ""


def products(
    rhs: RightHandSide, u: Array, coefficients: Mapping[str, Any]
) -> tuple[Array, ...]:
    """Evaluate the pointwise terms of N for physical fields ``(channel, *space)``."""
    split, product, _ = rhs.terms
    if product is None:
        return ()
    values = list(u)
    with np.errstate(all="ignore"):
        if split is not None:
            values = _split(rhs, u)
        taken = parameters(product)
        rest = lookup(taken[len(values) :], coefficients, rhs.constants)
        return as_tuple(product(*values, *rest))


def _split(rhs: RightHandSide, u: Array) -> list[Array]:
    """Return what is transformed back: the results of ``split``, in physical space."""
    axes, size = tuple(range(-rhs.grid.ndim, 0)), math.prod(rhs.grid.shape)
    u_hat = (np.fft.rfftn if rhs.real else np.fft.fftn)(u, axes=axes) / size
    named = dict(zip(rhs.fields, u_hat, strict=True))
    if rhs.equation.encode is not None:
        encode = rhs.equation.encode
        found = encode(*lookup(parameters(encode), named, rhs.symbols, rhs.constants))
        named = dict(zip(rhs.variables, as_tuple(found), strict=True))
    split = rhs.terms.split
    assert split is not None  # noqa: S101 - for the type checker
    spectra = as_tuple(split(*lookup(parameters(split), named, rhs.symbols, rhs.constants)))
    shape = u_hat.shape[1:]
    back = [np.broadcast_to(w, shape) for w in spectra]
    if rhs.real:
        return [np.fft.irfftn(w, rhs.grid.shape, axes=axes) * size for w in back]
    return [np.fft.ifftn(w, axes=axes) * size for w in back]


def place(bad: Array, grid: Grid) -> str:
    """Say where a mask ``(..., *space)`` is set: ``at x = 0 (on 1 of 64 points)``."""
    mask = bad.reshape(-1, *grid.shape).any(axis=0)
    first = np.argwhere(mask)[0]
    where = ", ".join(
        f"{axis.name} = {axis.points()[i]:.6g}"
        for axis, i in zip(grid.axes, first, strict=True)
    )
    return f"at {where} (on {np.count_nonzero(mask)} of {mask.size} points)"
