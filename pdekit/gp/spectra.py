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
from pdekit.gp.fitting import fit
from pdekit.gp.functional import Functional
from pdekit.gp.kernels import AbstractMixture, GaussianMixture, StudentMixture
from pdekit.gp.periodogram import Peaks
from pdekit.gp.span import Span
from pdekit.typing import Array

KERNELS: dict[str, type[AbstractMixture]] = {
    "mixture": GaussianMixture,
    "student": StudentMixture,
}
WIDTHS = (0.3, 1.0, 6.0)
"""Inverse lengths of the components at peaks, in lengths of the axis, one try each …"""
LOW_WIDTH = 3.0
"""… and of the component at zero."""
SLOW_WAVES = 8
"""Slowest waves of a periodic axis, beside those at peaks."""
LINES = 12
"""Lines of the source from which a covariance is learned on several axes."""
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
) -> list[Basis]:
    """Return the eigenvectors of covariances of the largest marginal likelihood.

    On one axis that of the solution given all data of a linear equation. On several axes,
    and for other equations, that of lines of the source along each axis, taken for draws
    of a process of which the solution's follows.

    Parameters
    ----------
    collocation
        The equation.
    components, width, part
        Where the search begins, see `STARTS`.

    Raises
    ------
    NotApplicable
        On a periodic axis, or where there is no source to learn from.
    """
    if any(span.periodic for span in collocation.spans):
        raise NotApplicable("basis", "covariances are not learned on a periodic axis")
    starts = [
        GaussianMixture(
            np.full(components, 1 / components),
            np.full(components, width / span.length),
            np.linspace(0, part * span.nyquist, components),
        )
        for span in collocation.spans
    ]
    if len(starts) == 1 and collocation.linear:
        kernels = [_of_solution(collocation, starts[0])]
    else:
        kernels = [_of_lines(collocation, d, start) for d, start in enumerate(starts)]
    return [
        of_kernel(
            span, kernel, kernel.frequencies, TOLERANCE,
            f"eigenvectors of {kernel} of the largest likelihood",
        )
        for span, kernel in zip(collocation.spans, kernels, strict=True)
    ]  # fmt: skip


def _of_solution(collocation: Collocation, start: GaussianMixture) -> AbstractMixture:
    """Return the most likely covariance of the solution of a linear equation."""
    (span,), nodes = collocation.spans, collocation.nodes
    operator = {
        index[0]: np.broadcast_to(nodes.coefficient((index,)), nodes.shape)
        for (index,) in collocation.terms
    }
    data = [Functional(span.nodes, operator, nodes.source, noise="residual")]
    data += [_of_condition(condition) for condition in collocation.conditions]
    return fit(start, data).kernel


def _of_lines(collocation: Collocation, d: int, start: GaussianMixture) -> AbstractMixture:
    """Return a covariance of u from the most likely one of lines of the source."""
    span = collocation.spans[d]
    lines = np.moveaxis(collocation.nodes.source, d, 0).reshape(span.n, -1)
    lines = lines[:, np.any(lines, axis=0)]
    if not lines.size:
        raise NotApplicable(
            "basis", "there is no source from which a covariance is learned"
        )
    chosen = np.linspace(0, lines.shape[1] - 1, min(LINES, lines.shape[1])).astype(int)
    data = Functional(span.nodes, {0: 1.0}, lines[:, chosen], noise="residual")
    found = fit(start, [data], evaluations=100).kernel
    lowest = np.abs(_symbol(collocation, d, np.array([1 / span.length]))) ** 2
    gain = np.maximum(np.abs(_symbol(collocation, d, found.frequencies)) ** 2, lowest)
    weights = found.weights / gain
    return GaussianMixture(
        np.append(weights.sum(), weights),
        np.append(LOW_WIDTH / span.length, found.inverse_lengths),
        np.append(0.0, found.frequencies),
    )


def _of_condition(condition: Condition) -> Functional:
    """Return a condition of one axis as a functional of the process."""
    (functional,) = condition.functionals
    if not isinstance(functional, At):
        raise NotApplicable(
            "basis", f"covariances are not learned with the {condition.label}"
        )
    return Functional([functional.point], {functional.order: 1.0}, condition.values)
