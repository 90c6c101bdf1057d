"""Gaussian processes conditioned on differential equations; knows no equation by name.

A stationary kernel (`pdekit.gp.kernels`) is differentiated exactly: values, fluxes and
residuals of a linear equation are all linear functionals of the same process. On one axis
`condition` and `fit` work with the covariance of all data (`pdekit.gp.exact`); on products
of axes `adapt` works with the few functions that carry the process (`pdekit.gp.basis`).
"""

from pdekit.gp.adaptive import adapt
from pdekit.gp.collocation import Collocation, Condition
from pdekit.gp.exact import Posterior, condition
from pdekit.gp.fitting import Fitted, fit
from pdekit.gp.functional import Functional
from pdekit.gp.span import Span

__all__ = [
    "Collocation",
    "Condition",
    "Fitted",
    "Functional",
    "Posterior",
    "Span",
    "adapt",
    "condition",
    "fit",
]
