"""Covariances from the spectra of the data, and by marginal likelihood.

A source f = L u of power P at a frequency μ comes from a solution of power P/|L(2πiμ)|²:
a mixture with a component at every peak of the periodogram, and one at zero for what the
source does not see, is a covariance of the solution. Where the spectrum has no clear peaks
the components begin evenly spread and the marginal likelihood moves them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pdekit.errors import NotApplicable
from pdekit.gp.basis import Basis, of_kernel, waves
from pdekit.gp.collocation import At, Collocation, Condition
from pdekit.gp.fitting import Fitted, fit
from pdekit.gp.functional import Functional
from pdekit.gp.kernels import AbstractMixture, GaussianMixture, StudentMixture
from pdekit.gp.periodogram import Peaks
from pdekit.gp.span import Span
from pdekit.typing import Array

KERNELS: dict[str, type[AbstractMixture]] = {
    "mixture": GaussianMixture,
    "student": StudentMixture,
}
WIDTHS = (0.3, 1.0)
"""Inverse lengths of the components at peaks, in lengths of the axis, one try each …"""
LOW_WIDTH = 3.0
"""… and of the component at zero."""
SLOW_WAVES = 8
"""Slowest waves of a periodic axis, beside those at peaks."""
TOLERANCE = 1e-14
"""Relative size of the eigenvalues of a covariance that are kept."""
STARTS = ((30, 1.0, 0.6), (30, 3.0, 0.9), (12, 3.0, 0.6))
"""Components from which a spectrum is learned: how many, their inverse length in lengths of
the axis, and up to which part of the Nyquist frequency. The likelihood has many maxima."""


def from_peaks(
    collocation: Collocation, found: Sequence[Peaks], kind: str, width: float
) -> list[Basis]:
    """Return for each axis the eigenvectors of a mixture at the peaks of the data.

    On a periodic axis the mixture is of lines, and its eigenvectors are waves.
    """
    kernel, bases = KERNELS[kind], []
    for d, (span, peaks) in enumerate(zip(collocation.spans, found, strict=True)):
        if span.periodic:
            bases.append(some_waves(span, peaks, SLOW_WAVES))
            continue
        mu, length = peaks.frequencies, span.length
        w = peaks.powers / np.maximum(np.abs(_symbol(collocation, d, mu)) ** 2, 1e-300)
        w = w / w.sum() if len(w) else w
        k = kernel(
            np.append(1.0, w),
            np.append(LOW_WIDTH, np.full(len(w), width)) / length,
            np.append(0.0, mu),
        )
        label = f"eigenvectors of {k} at the peaks"
        bases.append(of_kernel(span, k, mu, TOLERANCE, label))
    return bases


def some_waves(span: Span, found: Peaks, low: int) -> Basis:
    """Return the slowest waves of a periodic axis and those of its peaks."""
    modes = {*range(1, low + 1), *np.rint(found.frequencies * span.length).astype(int)}
    return waves(span, [m / span.length for m in sorted(modes) if 2 * m < span.n])


def _symbol(collocation: Collocation, d: int, mu: Array) -> Array:
    """Return what the operator makes of waves along an axis, with mean coefficients."""
    if not collocation.nodes.source.any():
        return np.ones(len(mu))
    total = np.zeros(len(mu), dtype=complex)
    for factors in collocation.terms:
        along = factors[0][d]
        if len(factors) == 1 and along == sum(factors[0]):
            c = float(np.mean(collocation.nodes.coefficient(factors)))
            total = total + c * (2j * np.pi * mu) ** along
    return total if np.any(total) else np.ones(len(mu))


def learned(
    collocation: Collocation, components: int, width: float, part: float
) -> tuple[list[Basis], Fitted]:
    """Return the eigenvectors of a covariance of the largest marginal likelihood.

    Parameters
    ----------
    collocation
        A linear equation on one axis.
    components, width, part
        Where the search begins, see `STARTS`.

    Raises
    ------
    NotApplicable
        If the equation is not linear, on more than one axis or on a periodic one.
    """
    if len(collocation.spans) > 1 or not collocation.linear:
        raise NotApplicable(
            "basis", "covariances are learned for linear equations on one axis"
        )
    (span,) = collocation.spans
    if span.periodic:
        raise NotApplicable("basis", "covariances are not learned on a periodic axis")
    nodes = collocation.nodes
    operator = {
        index[0]: np.broadcast_to(nodes.coefficient((index,)), nodes.shape)
        for (index,) in collocation.terms
    }
    data = [Functional(span.nodes, operator, nodes.source, noise="residual")]
    data += [_of_condition(condition) for condition in collocation.conditions]
    start = GaussianMixture(
        np.full(components, 1 / components),
        np.full(components, width / span.length),
        np.linspace(0, part * span.nyquist, components),
    )
    found = fit(start, data)
    kernel = found.kernel
    label = f"eigenvectors of {kernel} of the largest likelihood"
    return [of_kernel(span, kernel, kernel.frequencies, TOLERANCE, label)], found


def _of_condition(condition: Condition) -> Functional:
    """Return a condition of one axis as a functional of the process."""
    (functional,) = condition.functionals
    if not isinstance(functional, At):
        raise NotApplicable(
            "basis", f"covariances are not learned with the {condition.label}"
        )
    return Functional([functional.point], {functional.order: 1.0}, condition.values)
