"""Whether a preconditioner is what it is declared to be, found by trying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pdekit.linalg.interface import LinearOperator, Preconditioner, norm
from pdekit.typing import Array


@dataclass(frozen=True)
class PreconditionerReport:
    """Largest violations over the probes, each relative to the sizes involved.

    Attributes
    ----------
    asymmetry
        |(P x, y) − (x, P y)|.
    positivity
        The smallest  (x, P x)/(‖x‖ ‖P x‖):  a cosine, positive for a definite P.
    inhomogeneity, nonadditivity
        ‖P(2x) − 2 P x‖  and  ‖P(x + y) − P x − P y‖.
    variation
        ‖P x − P x‖  of two calls.
    finite, keeps_input
        Whether all was finite, and the argument left alone.
    """

    asymmetry: float
    positivity: float
    inhomogeneity: float
    nonadditivity: float
    variation: float
    finite: bool
    keeps_input: bool

    def fits_cg(self, tolerance: float = 1e-6) -> bool:
        """Return whether conjugate gradients may use it."""
        worst = max(self.asymmetry, self.inhomogeneity, self.nonadditivity, self.variation)
        return self.finite and worst <= tolerance and self.positivity > 0


def check_preconditioner(
    P: Preconditioner, op: LinearOperator, probes: int = 8, seed: int = 0
) -> PreconditionerReport:
    """Apply P to random arrays and report how symmetric, positive and linear it is.

    A singular operator is probed, and the answers compared, off its null space.
    """
    rng = np.random.default_rng(seed)
    found = [_probe(P, op, rng) for _ in range(probes)]
    worst = np.array([f[:5] for f in found])
    return PreconditionerReport(
        asymmetry=float(worst[:, 0].max()),
        positivity=float(worst[:, 1].min()),
        inhomogeneity=float(worst[:, 2].max()),
        nonadditivity=float(worst[:, 3].max()),
        variation=float(worst[:, 4].max()),
        finite=all(f[5] for f in found),
        keeps_input=all(f[6] for f in found),
    )


def _probe(P: Preconditioner, op: LinearOperator, rng: np.random.Generator) -> list[float]:
    x, y = (_off(op, rng.standard_normal(op.shape)) for _ in range(2))
    kept = x.copy()
    px = _off(op, np.array(P.apply(x), dtype=float))
    untouched = bool(np.array_equal(x, kept))
    x = kept
    py, again, double, both = (
        _off(op, np.array(P.apply(a.copy()), dtype=float)) for a in (y, x, 2 * x, x + y)
    )
    if not all(np.isfinite(a).all() for a in (px, py, again, double, both)):
        return [np.inf, -np.inf, np.inf, np.inf, np.inf, False, untouched]
    size = norm(px) or 1.0
    return [
        abs(np.vdot(px, y) - np.vdot(x, py)) / (size * norm(y)),
        np.vdot(x, px) / (norm(x) * size),
        norm(double - 2 * px) / (2 * size),
        norm(both - px - py) / (norm(both) or 1.0),
        norm(again - px) / size,
        True,
        untouched,
    ]


def _off(op: LinearOperator, x: Array) -> Array:
    """Return x without its part in the null space."""
    for v in op.nullspace:
        x = x - v * (np.vdot(v, x) / np.vdot(v, v))
    return x
