"""Choosing the basis by what is left of the equation where nothing was asked for.

Bands are where the periodograms of the source and of the data on the faces have peaks.
Bases of growing degree, then broad ones, are tried until the equation holds between the
nodes as well as is wanted; how far two of them differ tells the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from pdekit.errors import NotApplicable, PdekitError
from pdekit.gp import spectra
from pdekit.gp.basis import Basis, extension, polytrig, waves
from pdekit.gp.collocation import Collocation, rms
from pdekit.gp.kronecker import mode_products
from pdekit.gp.least_squares import TooLarge
from pdekit.gp.newton import Fit, Stagnation, solve
from pdekit.gp.periodogram import Peaks, peaks
from pdekit.gp.solution import Posterior, label, quality
from pdekit.gp.span import Span
from pdekit.typing import Array

DEGREES = ((8, 1), (12, 3), (16, 5), (20, 8), (26, 11))
"""Degrees of the polynomials alone and on every band, of one try after the other."""
FLOORS = (1e-10, 1e-14, 1e-18, 1e-24, 1e-28)
"""Power of the waves of a periodic axis that are taken along, in the same tries, …"""
LOW_WAVES = (2, 4, 8, 12, 16)
"""… and the number of its slowest waves."""
LOWEST = 1.5
"""Cycles on an axis below which a band is left to the polynomials."""
RESOLUTION = 0.7
"""Distance, in cycles on an axis, of bands that are told apart."""
UNKNOWNS = {1: 600, 2: 10_000, 3: 200_000}
"""Most weights by dimension: a second or two of work."""
MORE = 2
"""Bands that are added from what is left of the equation, an axis and a try."""
BANDS = 29
"""Most bands of an axis."""
WANTED = 1e-10
"""Relative residual between the nodes that is good enough."""


def bands(collocation: Collocation) -> tuple[Peaks, ...]:
    """Return the peaks of the spectra of source and face data along each axis."""
    found = []
    for d, span in enumerate(collocation.spans):
        floor = FLOORS[-1] if span.periodic else None
        here = _usable(peaks(collocation.nodes.source, span, d, floor), span)
        for condition in collocation.conditions:
            free = [i for i, f in enumerate(condition.functionals) if f is None]
            if d in free:
                data = peaks(condition.values, span, free.index(d), floor)
                here = here.merged(_usable(data, span), _resolution(span))
        found.append(here.strongest(BANDS))
    return tuple(found)


def _usable(found: Peaks, span: Span) -> Peaks:
    return found if span.periodic else found.above(LOWEST / span.length)


def _resolution(span: Span) -> float:
    return (0.01 if span.periodic else RESOLUTION) / span.length


def near_nyquist(collocation: Collocation, found: Sequence[Peaks]) -> list[str]:
    """Warn of bands that the nodes hardly tell from others."""
    return [
        f"axis {span.name}: the data oscillate at {peak:.4g} cycles per unit, "
        f"{peak / span.nyquist:.0%} of the Nyquist frequency {span.nyquist:.4g} of "
        f"{span.n} nodes: it may be an alias of a higher one; compare with twice the points"
        for span, each in zip(collocation.spans, found, strict=True)
        for peak in each.frequencies[-1:]
        if peak > 0.9 * span.nyquist
    ]


KINDS = ("polytrig", "extension", "learned", "mixture", "student")
"""Kinds of bases; the last two are used where they are asked for."""
LEARNED_IF = 1e-6
"""Residual of the other bases beyond which a covariance is learned besides."""


def adapt(
    collocation: Collocation,
    *,
    found: Sequence[Peaks] | None = None,
    wanted: float = WANTED,
    kinds: Sequence[str] = KINDS[:3],
    look: Callable[[float, str], None] = lambda done, sentence: None,
) -> Posterior:
    """Solve an equation with the basis that satisfies it best.

    Parameters
    ----------
    collocation
        Equation and conditions.
    found
        What `bands` returns, if it is known already.
    wanted
        Residual between the nodes, relative to the largest term, that ends the search.
    kinds
        Kinds of bases that may be used, from `KINDS`.
    look
        Called with the part done and a sentence before every correction; may raise to
        stop.

    Raises
    ------
    Stagnation
        If Newton's method converges in none of the bases.
    TooLarge
        If even the smallest basis is too large.
    NotApplicable
        If none of the kinds is for such an equation.
    """
    fits: list[Posterior] = []
    failure: PdekitError | None = None
    found = bands(collocation) if found is None else found
    tries = [(kind, level) for kind in kinds for level in range(LEVELS[kind])]
    for i, (kind, level) in enumerate(tries):
        seen = partial(look, i / len(tries), f"basis {i + 1} of at most {len(tries)}")
        best = min((each.quality.worst for each in fits), default=np.inf)
        if kind == "learned" and len(kinds) > 1 and best < LEARNED_IF:
            continue
        try:
            bases = _bases(collocation, found, kind, level)
            start = None if collocation.linear or not fits else _moved(fits[-1], bases)
            fit = solve(collocation, bases, start=start, look=seen)
            if bases[0].prior is not None and kind != "learned":
                fit = _with_prior(fit, seen)
        except (TooLarge, Stagnation, NotApplicable) as error:
            failure = failure or error
            continue
        fits.append(Posterior(fit, quality(fit)))
        best = min(best, fits[-1].quality.worst)
        if len(fits) > 1 and best <= wanted:
            break
        if fits[-1].quality.worst > wanted:
            found = tuple(_with_residual(fits[-1], found))
    if not fits:
        raise failure or PdekitError("no basis was tried")
    return _best(fits)


EXTENSIONS = ((0.35, 2.0), (0.5, 2.0), (0.5, 1.5))
"""Part of the Nyquist frequency, and of the box, of the waves for broad spectra."""
LEVELS = {
    "polytrig": len(DEGREES),
    "extension": len(EXTENSIONS),
    "learned": len(spectra.STARTS),
    "mixture": len(spectra.WIDTHS),
    "student": len(spectra.WIDTHS),
}


def _bases(
    collocation: Collocation, found: Sequence[Peaks], kind: str, level: int
) -> list[Basis]:
    """Return the bases of a try."""
    spans = collocation.spans
    if kind == "extension":
        part, stretch = EXTENSIONS[level]
        return [
            _all_waves(span, part) if span.periodic else extension(span, part, stretch)
            for span in spans
        ]
    if kind == "learned":
        return spectra.learned(collocation, *spectra.STARTS[level])
    if kind in spectra.KERNELS:
        return spectra.from_peaks(collocation, found, kind, spectra.WIDTHS[level])
    return _on_bands(spans, found, level)


def _with_prior(fit: Fit, look: Callable[[], None]) -> Fit:
    """Solve once more with the prior of the weights, as large as the solution is."""
    u = mode_products([basis.on_nodes() for basis in fit.bases], fit.weights)
    priors = [basis.prior for basis in fit.bases if basis.prior is not None]
    if len(priors) < len(fit.bases):
        return fit
    size = np.sqrt(
        np.prod([p.sum() / b.span.n for p, b in zip(priors, fit.bases, strict=True)])
    )
    variances = np.ones(1)
    for prior in priors:
        variances = np.multiply.outer(variances, prior)
    ridge = fit.noise * size / (max(rms(u), 1e-300) * np.sqrt(variances.ravel()))
    return solve(
        fit.collocation, fit.bases, start=fit.weights, ridge=np.asarray(ridge), look=look
    )


def _on_bands(spans: Sequence[Span], found: Sequence[Peaks], level: int) -> list[Basis]:
    """Return polynomials on bands; of too many weights the weakest bands are left out."""
    degree, band_degree = DEGREES[level]
    kept = [_strong(p, FLOORS[level]) if s.periodic else p
            for s, p in zip(spans, found, strict=True)]  # fmt: skip
    while True:
        sizes = [
            2 * (LOW_WAVES[level] + len(p)) + 1 if s.periodic
            else degree + 1 + 2 * (band_degree + 1) * len(p)
            for s, p in zip(spans, kept, strict=True)
        ]  # fmt: skip
        if np.prod(np.minimum(sizes, [s.n for s in spans])) <= UNKNOWNS[len(spans)]:
            break
        weakest = [p.powers.min() if len(p) else np.inf for p in kept]
        d = int(np.argmin(weakest))
        if not np.isfinite(weakest[d]):
            break
        kept[d] = kept[d].strongest(len(kept[d]) - 1)
    return [
        _some_waves(s, p, LOW_WAVES[level]) if s.periodic
        else polytrig(s, p.frequencies, min(degree, s.n // 2), min(band_degree, s.n // 2))
        for s, p in zip(spans, kept, strict=True)
    ]  # fmt: skip


def _strong(found: Peaks, floor: float) -> Peaks:
    kept = found.powers > floor
    return Peaks(found.frequencies[kept], found.powers[kept])


def _some_waves(span: Span, found: Peaks, low: int) -> Basis:
    """Return the slowest waves of a periodic axis and those of its peaks."""
    modes = {*range(1, low + 1), *np.rint(found.frequencies * span.length).astype(int)}
    return waves(span, [m / span.length for m in sorted(modes) if 2 * m < span.n])


def _all_waves(span: Span, part: float) -> Basis:
    return waves(span, np.arange(1, int(part * span.n / 2) + 1) / span.length)


def _with_residual(last: Posterior, found: Sequence[Peaks]) -> Iterator[Peaks]:
    """Add the bands of what is left of the equation."""
    left = last.fit.gaps.equation
    for d, (span, known) in enumerate(zip(last.fit.collocation.spans, found, strict=True)):
        more = _usable(peaks(left, span, d, floor=1e-2), span).strongest(MORE)
        weaker = Peaks(more.frequencies, 1e-9 * more.powers)
        yield known.merged(weaker, _resolution(span)).strongest(BANDS)


def _moved(earlier: Posterior, bases: Sequence[Basis]) -> Array:
    """Return the weights of a function in other bases, orthonormal on the nodes."""
    u = earlier.mean([basis.span.nodes for basis in bases])
    return mode_products([basis.on_nodes().T for basis in bases], u)


def _best(fits: Sequence[Posterior]) -> Posterior:
    """Return the fit of the best quality, with its distance from the next best."""
    ranked = sorted(fits, key=lambda each: each.quality.worst)
    best = ranked[0]
    tried = [(label(each.fit), each.quality) for each in fits]
    if len(ranked) == 1:
        return replace(best, tried=tried)
    nodes = [span.nodes for span in best.fit.collocation.spans]
    u, other = best.mean(nodes), ranked[1].mean(nodes)
    size = float(np.linalg.norm(u)) or 1.0
    distance = float(np.linalg.norm(u - other)) / size
    return replace(best, disagreement=distance, tried=tried)


__all__ = ["adapt", "bands", "near_nyquist"]
