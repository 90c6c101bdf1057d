"""Equations with conditions, solved by direct collocation with kernels that are tried.

The frequencies of the data suggest one kernel, and there are others for data without: the
one with which the equation holds best between the nodes is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.gp.adaptive import bands
from pdekit.gp.collocation import Collocation, rms
from pdekit.gp.direct_newton import solve_pointwise
from pdekit.gp.joint_problem import Pointwise
from pdekit.gp.kernels import AbstractKernel, GaussianMixture, Matern, SquaredExponential
from pdekit.gp.line import line, with_floor
from pdekit.gp.periodogram import Peaks
from pdekit.gp.posing import faces, pointwise
from pdekit.gp.span import Span
from pdekit.gp.sylvester import CollocationSolver, DirectSolution

WIDTH = 1.0
"""Inverse length of the components at the bands, in lengths of the axis."""


@dataclass(frozen=True, eq=False)
class Directly:
    """A solution and how it was chosen.

    Attributes
    ----------
    solution
        The best one.
    midpoint_residual
        What is left of the equation between the nodes, relative to its largest term.
    kernel
        What its kernels are, for people.
    tried
        All that were tried, with their residuals.
    """

    solution: DirectSolution
    midpoint_residual: float
    kernel: str
    tried: tuple[tuple[str, float], ...]


def solve(collocation: Collocation, wanted: float = 1e-6) -> Directly:
    """Solve an equation with the kernel that fits best.

    Parameters
    ----------
    wanted
        Relative residual between the nodes at which no further kernel is tried.

    Raises
    ------
    NotApplicable
        If it is not a sum of one operator per axis with constant coefficients and of powers
        of u, with values on faces.
    """
    tried, best = [], None
    for name, kernels in candidates(collocation.spans, bands(collocation)):
        solution = solve_directly(collocation, kernels)
        left = midpoint_residual(collocation, solution)
        tried.append((name, left))
        if best is None or left < best[1]:
            best = solution, left, name
        if left < wanted:
            break
    assert best is not None  # noqa: S101 (there are candidates)
    return Directly(*best, tuple(tried))


def candidates(
    spans: Sequence[Span], found: Sequence[Peaks]
) -> Iterator[tuple[str, list[AbstractKernel]]]:
    """Yield kernels of every axis: bands over floors, splines, and a Gaussian."""
    peaked = [_at_bands(span, peaks) for span, peaks in zip(spans, found, strict=True)]
    steps = [span.spacing for span in spans]
    pairs = list(zip(peaked, steps, strict=True))
    yield "bands over a weak rough floor", [with_floor(k, h) for k, h in pairs]
    yield "bands over a smooth floor", [k + Matern(3.5, 1e-4, 16 * h) for k, h in pairs]
    yield "bands and a spline", [k + Matern(3.5, 1.0, 16 * h) for k, h in pairs]
    yield "Matérn-7/2 spline", [Matern(3.5, 1.0, 64 * h) for h in steps]
    yield "Gaussian of four spacings", [SquaredExponential(1.0, 4 * h) for h in steps]


def _at_bands(span: Span, peaks: Peaks) -> GaussianMixture:
    """Return equal components at zero and at the peaks."""
    mu = np.append(0.0, peaks.frequencies)
    return GaussianMixture(np.ones(len(mu)), np.full(len(mu), WIDTH / span.length), mu)


def midpoint_residual(collocation: Collocation, solution: DirectSolution) -> float:
    """Return the r.m.s. of what is left between the nodes, relative to the largest term."""
    sample = collocation.between
    needed = {index for factors in collocation.terms for index in factors}
    u = {index: solution.predict(sample.points, index) for index in needed}
    terms = [
        reduce(np.multiply, (u[index] for index in factors), sample.coefficient(factors))
        for factors in collocation.terms
    ]
    largest = max(rms(term) for term in terms)
    return rms(sum(terms) - sample.source) / (largest or 1.0)


def direct_solver(
    collocation: Collocation, kernels: Sequence[AbstractKernel]
) -> tuple[CollocationSolver, Pointwise | None]:
    """Factor the separable part of an equation; return it and what is left of it.

    Raises
    ------
    NotApplicable
        If a derivative is not along one axis, with a constant coefficient, in a term of
        its own.
    """
    terms: list[dict[int, float]] = [{} for _ in collocation.spans]
    constant, others = 0.0, {}
    for factors in collocation.terms:
        coefficient = collocation.nodes.coefficient(factors)
        axes = [d for d, order in enumerate(factors[0]) if order]
        if len(factors) > 1 or (not axes and coefficient.size > 1):
            others[factors] = coefficient
        elif len(axes) > 1 or coefficient.size > 1:
            raise NotApplicable(
                "equation",
                "direct collocation needs derivatives along one axis each, with constant "
                "coefficients",
            )
        elif axes:
            terms[axes[0]][factors[0][axes[0]]] = float(coefficient.reshape(()))
        else:
            constant = float(coefficient.reshape(()))
    given = faces(collocation)
    lines = []
    for d, (span, kernel) in enumerate(zip(collocation.spans, kernels, strict=True)):
        held = tuple(side for side in (0, -1) if (d, side) in given)
        lines.append(line(kernel, span.nodes, terms[d], held))
    return CollocationSolver(lines, constant), pointwise(others)


def solve_directly(
    collocation: Collocation, kernels: Sequence[AbstractKernel]
) -> DirectSolution:
    """Solve an equation by direct collocation with given kernels."""
    solver, q = direct_solver(collocation, kernels)
    f, g = collocation.nodes.source, np.zeros(solver.shape)
    for (d, side), values in faces(collocation).items():
        np.moveaxis(g, d, 0)[side] = values
    return solver.solve(f, g) if q is None else solve_pointwise(solver, f, g, q)
