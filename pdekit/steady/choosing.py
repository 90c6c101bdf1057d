"""Which solver a problem gets, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.linalg.stencil import Stencil
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import LinearSolverSpec
    from pdekit.steady.posing import Posed

STRONG, PART = 8.0, 0.02
"""Ratio of couplings beyond which a smoother of points leaves errors rough, and the part
of the box where that matters."""


@dataclass(frozen=True)
class Choice:
    """A solver and what belongs to it, with the reason if it was chosen for the user."""

    name: str
    method: str = ""
    preconditioner: str = ""
    order: Literal[2, 4, "spectral"] = 2
    why: str = ""


def choose(
    posed: Posed, spec: LinearSolverSpec, op: Stencil, *, iterate: bool = False
) -> Choice:
    """Return the solver for a problem; ``auto`` becomes one that fits it.

    With ``iterate`` that is conjugate gradients with multigrid, and no transform.
    """
    if posed.problem.clamped and not iterate:
        if spec.name not in ("auto", "spectral"):
            raise NotApplicable("name", "clamped plates are solved by spectral")
        return Choice("spectral", order="spectral", why="a clamped plate, in polynomials")
    if iterate:
        return Choice("krylov", "cg", "multigrid", why="backend torch has no other")
    if spec.name == "spectral":
        return Choice("spectral", order="spectral")
    if spec.name == "direct":
        return Choice("direct", order=spec.order or 2)
    if spec.name == "multigrid":
        return Choice("multigrid")
    if spec.name == "auto" and posed.constant and posed.mask is None:
        return Choice("direct", why="constant coefficients on a box: a transform solves it")
    definite = op.positive_definite or op.singular
    method = spec.method if spec.method not in (None, "auto") else None
    preconditioner = (
        spec.preconditioner if spec.preconditioner not in (None, "auto") else None
    )
    why = []
    if method is None:
        method = "cg" if definite else "minres"
        kind = "positive definite" if definite else "indefinite"
        why.append(f"{method}: the operator is symmetric and {kind}")
    if preconditioner is None:
        crossed = crossing(posed) if spec.cycle is None and spec.smoother is None else ""
        preconditioner = "mic" if crossed else "multigrid"
        why.append(
            f"mic: {crossed}"
            if crossed
            else "multigrid: iterations do not grow with the number of points"
        )
    if spec.name == "auto":
        why.insert(0, "the coefficients vary" if not posed.constant else "there is a mask")
    return Choice("krylov", method, preconditioner, why="; ".join(why))


def crossing(posed: Posed) -> str:
    """Say where couplings are strong along one axis here and along another there.

    Coarsening along the strong axis only deals with those that are strong along one.
    """
    logs = [
        np.log(on_points(posed, d) / axis.spacing**2)
        for d, axis in enumerate(posed.grid.axes)
    ]
    names = posed.grid.names
    for i, j in combinations(range(posed.grid.ndim), 2):
        ratio = logs[i] - logs[j]
        parts = [float(np.mean(s * ratio > math.log(STRONG))) for s in (1, -1)]
        if min(parts) > PART:
            return (
                f"couplings along {names[i]} are more than {STRONG:g} times those along "
                f"{names[j]} in {parts[0]:.0%} of the box, and the other way round in "
                f"{parts[1]:.0%}"
            )
    return ""


def on_points(posed: Posed, d: int) -> Array:
    """Return k along axis d at the points."""
    k = posed.diffusion[d]
    values = k(*posed.grid.points()) if callable(k) else k
    return np.broadcast_to(np.asarray(values, dtype=float), posed.grid.shape)


def constants(posed: Posed) -> dict[str, Array]:
    """Return the coefficient, or those along the axes, as far as they vary."""
    k = posed.diffusion
    if all(each is k[0] for each in k):
        varies = callable(k[0]) or np.ndim(k[0])
        return {"coefficient": np.array(on_points(posed, 0))} if varies else {}
    return {
        f"coefficient_{name}": np.array(on_points(posed, d))
        for d, name in enumerate(posed.grid.names)
        if callable(k[d]) or np.ndim(k[d])
    }
