"""Equations with conditions as the joint optimisation needs them.

It takes linear terms, powers of u, and values on faces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.gp.collocation import At, Collocation, Condition, MultiIndex
from pdekit.gp.joint_problem import JointProblem, Pointwise
from pdekit.gp.span import Span
from pdekit.typing import Array

Faces = dict[tuple[int, int], Array]
"""Values on the lower (0) or upper (−1) face of an axis."""


def joint_problem(collocation: Collocation) -> JointProblem:
    """Return an equation for the joint optimisation."""
    sample = collocation.nodes
    linear = {f[0]: sample.coefficient(f) for f in collocation.terms if len(f) == 1}
    q = pointwise({f: sample.coefficient(f) for f in collocation.terms if len(f) > 1})
    points = tuple(span.nodes for span in collocation.spans)
    return JointProblem(points, linear, sample.source, faces(collocation), q)


def pointwise(terms: Mapping[tuple[MultiIndex, ...], Array]) -> Pointwise | None:
    """Return the sum of terms that are powers of u, or None if there are none."""
    if any(order for factors in terms for index in factors for order in index):
        raise NotApplicable(
            "equation",
            "products are known here of values alone, and coefficients that vary of values "
            "and, in the joint optimisation, of linear terms",
        )
    powers = {len(factors): c for factors, c in terms.items()}
    return (
        Pointwise(partial(_power_sum, powers), partial(_slope, powers)) if powers else None
    )


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
