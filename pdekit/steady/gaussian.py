"""One boundary-value case given to a Gaussian process."""

from __future__ import annotations

from typing import Any

from pdekit.case.gaussian_case import GaussianSpec
from pdekit.errors import NotApplicable, NotConverged
from pdekit.gp import adaptive
from pdekit.gp.least_squares import TooLarge
from pdekit.gp.newton import Stagnation
from pdekit.gp.solution import Posterior
from pdekit.steady.collocated import Collocated
from pdekit.steady.posing import Posed
from pdekit.steady.process import AbstractProcessRun
from pdekit.typing import Array

POOR = 1e-2
"""Relative residual between the nodes of a solution that is not to be trusted."""


class GaussianRun(AbstractProcessRun):
    """A boundary-value problem of a case, solved by a Gaussian process on bases of axes."""

    spec: GaussianSpec
    posterior: Posterior | None = None

    def _prepare(self) -> None:
        self.collocation = self.collocated.collocation
        self.bands = adaptive.bands(self.collocation)
        self.warnings += self.collocated.disagreements()
        self.warnings += adaptive.near_nyquist(self.collocation, self.bands)

    def _solve(self) -> None:
        name = self.problem.fields[0]
        self.posterior = posterior = self._condition(self.collocated)
        self._keep(
            {
                name: self._mean(posterior, self.grid, self.times),
                f"{name}_deviation": posterior.deviation(
                    self._points(self.grid, self.times)
                ),
            }
        )
        self._judge(posterior)

    def _condition(self, collocated: Collocated) -> Posterior:
        basis = self.spec.basis
        kinds = adaptive.KINDS[:3] if basis == "auto" else (basis,)
        try:
            return adaptive.adapt(
                collocated.collocation,
                found=self.bands if collocated is self.collocated else None,
                wanted=self.spec.rtol,
                kinds=kinds,
                look=self._look,
            )
        except Stagnation as failure:
            raise NotConverged(str(failure)) from failure
        except (TooLarge, NotApplicable) as error:
            raise self.case.problem(self._where, str(error)) from error

    def _judge(self, posterior: Posterior) -> None:
        """Warn of an equation that does not hold between the nodes."""
        left, wanted = posterior.quality.worst, self.spec.rtol
        undetermined = posterior.undetermined
        if undetermined:
            raise NotConverged(
                f"the data do not determine {undetermined} of "
                f"{posterior.fit.factor.unknowns} directions: are data "
                "missing on a face, or is it a resonance?"
            )
        if left > POOR:
            raise NotConverged(
                f"between the nodes the equation holds only up to {left:.1e} of its "
                "largest term: use more points, or another solver"
            )
        if left > wanted:
            self.warnings.append(
                f"between the nodes the equation holds up to {left:.1e} of its largest "
                f"term (solver.rtol asks for {wanted:g})"
            )

    def _mean(self, posterior: Posterior, grid: Any, times: Array) -> Array:
        u = posterior.mean(self._points(grid, times))
        return u - float(grid.mean(u)) if self.singular else u

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Solve on another grid; return the end."""
        n = self.spec.time_points
        other = Collocated(posed, n and max(4, round(steps * n)))
        return self._last(self._mean(self._condition(other), posed.grid, self.times[-1:]))

    # -- what the summary says ---------------------------------------------------------

    def bound(self) -> dict[str, Any]:
        """Return the deviation of the last frame, and how far two bases differ."""
        found = super().bound()
        if found and self.posterior and self.posterior.disagreement is not None:
            found["disagreement_of_bases"] = self.posterior.disagreement
        return found

    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        said: dict[str, Any] = {
            "name": "gp",
            "nodes": [span.n for span in self.collocated.spans],
        }
        if (found := self.posterior) is None:
            return said | {"description": "Gaussian process"}
        return said | {
            "description": f"Gaussian process on {found.label}",
            "basis": found.label,
            "ranks": list(found.ranks),
            "nyquist_margin": found.nyquist_margin,
            "deviation": "computed" if found.deviation_is_exact(
                self._points(self.grid, self.times)) else "of draws",
            "bands": {
                span.name: {
                    "frequencies": basis.frequencies.tolist(),
                    "nyquist": span.nyquist,
                }
                for span, basis in zip(self.collocated.spans, found.fit.bases, strict=True)
            },
            "data_peaks": {
                span.name: {
                    "frequencies": peaks.frequencies.tolist(),
                    "powers": peaks.powers.tolist(),
                }
                for span, peaks in zip(self.collocated.spans, self.bands, strict=True)
            },
        }  # fmt: skip

    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of how it went."""
        if (found := self.posterior) is None:
            return {"iterations": 0, "tolerance": self.spec.rtol, "events": []}
        return {
            "iterations": len(found.fit.corrections),
            "inner_iterations": found.fit.iterations,
            "corrections": found.fit.corrections,
            "relative_residual": found.quality.nodes,
            "midpoint_residual": found.quality.between,
            "condition_misfit": found.quality.conditions,
            "tolerance": self.spec.rtol,
            "reason": "tol" if found.quality.worst <= self.spec.rtol else "bases",
            "tried": [
                {"basis": text, "midpoint_residual": each.between}
                for text, each in found.tried
            ],
            "events": [],
        }
