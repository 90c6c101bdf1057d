"""Transport with data where the flow comes in  ∂ₜu + a·∇u = f."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field as Key

from pdekit.boundary_value import (
    AbstractProblem,
    AxisCoefficient,
    Given,
    ProblemParams,
    U,
)
from pdekit.equation import Formula
from pdekit.solvers.diagnostics import steady_metrics


class TransportParams(ProblemParams):
    """Coefficients of  ∂ₜu + a·∇u = f."""

    velocity: Formula | AxisCoefficient = Key(
        "1", description="a: a formula, or one for each axis {x: …, y: …}"
    )


class Transport(AbstractProblem):
    """A field that is carried along, in space and time at once.

    Data belong to the ends where the flow comes in (``boundary: dirichlet_open`` where it
    comes from the lower end); what they do not reach is not determined.  In periodic boxes
    `advection` is exact.
    """

    name: ClassVar[str] = "transport"
    Params = TransportParams
    params: TransportParams
    evolves = True
    metrics: ClassVar = steady_metrics.METRICS
    references = ("LeVeque, Finite Volume Methods for Hyperbolic Problems (2002)",)

    def left_side(self, u: U, given: Given) -> U:
        """Return  a·∇u."""
        first, *others = zip(given.axes, given.along("velocity"), strict=True)
        total = u.d(first[0]) * first[1]
        for axis, a in others:
            total = total + u.d(axis) * a
        return total
