"""Equations with conditions, as the joint optimisation and direct collocation need them.

Both know values on faces alone.  The first takes linear terms with any coefficients and
powers of u; the second linear terms of one axis each with constant coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.gp.collocation import At, Collocation, Condition
from pdekit.gp.joint_problem import JointProblem, Pointwise
from pdekit.gp.kernels import AbstractKernel, GaussianMixture
from pdekit.gp.line import line, with_floor
from pdekit.gp.periodogram import Peaks
from pdekit.gp.span import Span
from pdekit.gp.sylvester import CollocationSolver, DirectSolution
from pdekit.typing import Array

Faces = dict[tuple[int, int], Array]
"""Values on the lower (0) or upper (−1) face of an axis."""
WIDTH = 1.0
"""Inverse length of the components of `kernels_of`, in lengths of the axis."""


def joint_problem(collocation: Collocation) -> JointProblem:
    """Return an equation for the joint optimisation."""
    sample = collocation.nodes
    linear = {f[0]: sample.coefficient(f) for f in collocation.terms if len(f) == 1}
    powers = {}
    for factors in collocation.terms:
        if len(factors) > 1:
            if any(map(any, factors)):
                raise NotApplicable(
                    "solver", "gp_hm knows products of values, not of their derivatives"
                )
            powers[len(factors)] = sample.coefficient(factors)
    q = Pointwise(partial(_power_sum, powers), partial(_slope, powers)) if powers else None
    points = tuple(span.nodes for span in collocation.spans)
    return JointProblem(points, linear, sample.source, faces(collocation), q)


def _power_sum(powers: Mapping[int, Array], u: Array) -> Array:
    return sum(c * u**p for p, c in powers.items())


def _slope(powers: Mapping[int, Array], u: Array) -> Array:
    return sum(p * c * u ** (p - 1) for p, c in powers.items())


def faces(collocation: Collocation) -> Faces:
    """Return the values on the faces; other conditions are refused."""
    found: Faces = {}
    for span in collocation.spans:
        if span.periodic:
            raise NotApplicable("domain", f"axis {span.name} must not be periodic here")
    for condition in collocation.conditions:
        found[_face(collocation.spans, condition)] = np.asarray(condition.values)
    return found


def _face(spans: Sequence[Span], condition: Condition) -> tuple[int, int]:
    """Return the axis and the side of a face with values."""
    given = [(d, f) for d, f in enumerate(condition.functionals) if f is not None]
    for d, at in given:
        span = spans[d]
        ends = {span.lower: 0, span.upper: -1}
        if len(given) == 1 and isinstance(at, At) and at.order == 0 and at.point in ends:
            return d, ends[at.point]
    raise NotApplicable(
        "boundary", f"{condition.label}: only values on a face are known here"
    )


def kernels_of(
    spans: Sequence[Span], bands: Sequence[Peaks], width: float = WIDTH
) -> tuple[AbstractKernel, ...]:
    """Return for each axis equal components at zero and at the peaks, over a floor."""
    found = []
    for span, peaks in zip(spans, bands, strict=True):
        mu = np.append(0.0, peaks.frequencies)
        rho = np.full(len(mu), width / span.length)
        found.append(with_floor(GaussianMixture(np.ones(len(mu)), rho, mu), span.spacing))
    return tuple(found)


def direct_solver(
    collocation: Collocation, kernels: Sequence[AbstractKernel]
) -> CollocationSolver:
    """Factor an equation for direct collocation.

    Raises
    ------
    NotApplicable
        If it is not a sum of one operator per axis with constant coefficients.
    """
    ndim = len(collocation.spans)
    terms: list[dict[int, float]] = [{} for _ in range(ndim)]
    constant = 0.0
    for factors in collocation.terms:
        coefficient = collocation.nodes.coefficient(factors)
        axes = [d for d, order in enumerate(factors[0]) if order]
        if len(factors) > 1 or len(axes) > 1 or coefficient.size > 1:
            raise NotApplicable(
                "equation",
                "direct collocation needs linear terms with constant coefficients and "
                "derivatives along one axis each",
            )
        value = float(coefficient.reshape(()))
        if axes:
            terms[axes[0]][factors[0][axes[0]]] = value
        else:
            constant = value
    given = faces(collocation)
    lines = []
    for d, (span, kernel) in enumerate(zip(collocation.spans, kernels, strict=True)):
        held = tuple(side for side in (0, -1) if (d, side) in given)
        lines.append(line(kernel, span.nodes, terms[d], held))
    return CollocationSolver(lines, constant)


def solve_directly(
    collocation: Collocation, kernels: Sequence[AbstractKernel]
) -> DirectSolution:
    """Solve an equation by direct collocation."""
    solver = direct_solver(collocation, kernels)
    g = np.zeros(solver.shape)
    for (d, side), values in faces(collocation).items():
        np.moveaxis(g, d, 0)[side] = values
    return solver.solve(collocation.nodes.source, g)
