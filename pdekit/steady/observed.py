"""One boundary-value case known from noisy observations at scattered points.

With a known right-hand side the observations fill what walls and equation leave open;
with ``source: unknown`` they determine u, and through f = L u the right-hand side as well.
"""

from __future__ import annotations

from dataclasses import replace
from math import tau
from typing import Any

import numpy as np

from pdekit.case.observation_case import KERNELS, UNKNOWN
from pdekit.errors import NotApplicable
from pdekit.gp.kernels import Matern, Periodic, SquaredExponential
from pdekit.gp.product import Process, ProductKernel
from pdekit.gp.readings import Readings
from pdekit.gp.scattered import LeftOut
from pdekit.gp.scattered_fit import Fitted, fit
from pdekit.result import Result
from pdekit.steady import known
from pdekit.steady.observations import observations_of
from pdekit.steady.posing import Posed
from pdekit.steady.process import AbstractProcessRun
from pdekit.steady.reference import relative_l2
from pdekit.typing import Array

CALIBRATED = (0.5, 2.0)
"""Mean squared error of predictions of left-out data, in deviations, that is credible."""
_LABELS = {"squared_exponential": "squared exponential", "matern": "Matérn 7/2"}


class ObservedRun(AbstractProcessRun):
    """A process conditioned exactly on observations, faces and perhaps the equation."""

    fitted: Fitted | None = None
    left_out: LeftOut | None = None
    kernel = ""

    @property
    def inverse(self) -> bool:
        """Whether the right-hand side is to be found."""
        return self.case.source == UNKNOWN

    @property
    def singular(self) -> bool:
        """Never: observations tell the constant."""
        return False

    # -- data --------------------------------------------------------------------------

    def _prepare(self) -> None:
        if not self.collocated.form.is_linear:
            raise self.case.problem(
                "observations",
                f"need a linear equation, of which {self.problem.name} is none: a process "
                "given a nonlinear equation is not Gaussian",
            )
        self.collocated.require_positive()
        self.observed = observations_of(self.posed, self.collocated.spans)
        self.nodes = known.coarse(self.collocated, equation=not self.inverse)
        self.candidates = self._processes()
        points, values, noise = (
            getattr(self.observed, name) for name in ("points", "values", "noise")
        )
        nothing = (0,) * points.shape[1]
        self.data = [Readings(points, {nothing: np.ones(())}, values, noise)]
        if not self.inverse:
            self.data.append(known.equation(self.nodes))
        self.data += known.faces(self.nodes)
        self.warnings += self.collocated.disagreements()
        self._tell_nodes()

    def _tell_nodes(self) -> None:
        shapes = [[s.n for s in c.spans] for c in (self.nodes, self.collocated)]
        if shapes[0] != shapes[1] and len(self.data) > 1:
            used, all_of_them = (" x ".join(map(str, shape)) for shape in shapes)
            what = "walls are" if self.inverse else "equation is"
            self.warnings.append(
                f"the {what} conditioned on at {used} nodes, not at all {all_of_them}, "
                "for covariances are dense"
            )

    def _processes(self) -> dict[str, Process]:
        """Return the priors to choose from, of unit height; they differ in smoothness."""
        assert self.case.observations is not None  # noqa: S101
        asked, found = self.case.observations.kernel, {}
        refused: NotApplicable | None = None
        for name in KERNELS[1:] if asked == "auto" else (asked,):
            factors = [
                Periodic(period=span.length)
                if span.periodic
                else (Matern(3.5) if name == "matern" else SquaredExponential())
                for span in self.collocated.spans
            ]
            level = float(np.mean(self.observed.values))
            process = Process((ProductKernel(1.0, tuple(factors)),), level)
            try:
                known.require_smooth(process, self.collocated)
            except NotApplicable as error:
                refused = error
                continue
            found[name] = process
        if not found:
            raise self.case.problem("observations.kernel", str(refused))
        return found

    # -- solving -----------------------------------------------------------------------

    def _solve(self) -> None:
        """Find parameters in several ways; keep what predicts observations left out best.

        From all data, or from observations and faces alone: where the equation admits only
        few functions of the prior, its data speak of other lengths than u has.
        """
        informed = [self.data] if self.inverse else [self.data, self._without_equation()]
        tried = [
            (name, process, data)
            for name, process in self.candidates.items()
            for data in informed
        ]
        for i, (name, process, data) in enumerate(tried):
            self._look(i / len(tried), f"{_LABELS[name]} process")
            fitted = fit(process, data, everything=self.data)
            left_out = fitted.posterior.leave_one_out()[0]
            if self.left_out is None or left_out.log_density > self.left_out.log_density:
                self.fitted, self.kernel, self.left_out = fitted, name, left_out
        assert self.fitted is not None  # noqa: S101
        self._keep(self._fields(self.fitted, self.grid, self.times))
        self._judge()

    def _without_equation(self) -> list[Readings]:
        return [self.data[0], *self.data[2:]]

    def _fields(self, fitted: Fitted, grid: Any, times: Array) -> dict[str, Array]:
        """Return mean and deviation of u, and of L u where that is wanted."""
        axes = self._points(grid, times)
        points, shape = known.mesh(axes), [len(axis) for axis in axes]
        wanted = {self.problem.fields[0]: Readings(points, self.data[0].operator)}
        found = {}
        if self.inverse:
            wanted["source"] = known.left_side(self.collocated, points)
        for name, readings in wanted.items():
            mean, deviation = fitted.read(readings)
            found[name] = mean.reshape(shape)
            found[f"{name}_deviation"] = deviation.reshape(shape)
        return found

    def _judge(self) -> None:
        """Warn where the observations contradict prior or noise."""
        assert self.left_out is not None  # noqa: S101
        found, (low, high) = self.left_out.mean_squared, CALIBRATED
        if low <= found <= high or self._noise_is_rounding:
            return
        how = "small" if found > high else "large"
        self.warnings.append(
            f"observations miss what all others predict by {found:.2g} times the variance "
            f"that is stated: deviations are too {how}"
        )

    @property
    def _noise(self) -> float:
        """The standard deviation of the errors of observations, learned or told."""
        assert self.fitted is not None  # noqa: S101
        told = self.data[0].noise
        return float(self.fitted.posterior.noise_variance**0.5) if told == "learn" else told

    @property
    def _noise_is_rounding(self) -> bool:
        """Whether errors are those of the factorisation, of which nothing is claimed."""
        assert self.fitted is not None  # noqa: S101
        posterior = self.fitted.posterior
        prior = posterior.process.variances(self.data[0]).max()
        return bool(self._noise**2 <= posterior.jitter * prior)

    def execute(self) -> Result:
        """Solve; a right-hand side that is known is a reference as well."""
        result = super().execute()
        if result.reference is None or not self._source_is_known:
            return result
        exact = self._exact_source(float(self.times[-1]))
        return replace(result, reference={**result.reference, "source": exact})

    def final(self, posed: Posed, steps: float = 1.0) -> Array:
        """Return the end on another grid: the process is the same."""
        assert self.fitted is not None  # noqa: S101
        found = self._fields(self.fitted, posed.grid, self.times[-1:])
        u = found[self.problem.fields[0]]
        return self._last(u)

    # -- what the summary says ---------------------------------------------------------

    @property
    def _source_is_known(self) -> bool:
        return self.inverse and self.case.manufactured is not None

    def _exact_source(self, t: float) -> Array:
        return np.array(np.broadcast_to(self.posed.source(t), self.grid.shape))

    def bound(self) -> dict[str, Any]:
        """Return deviation and calibration of u, and the same of a source that is found."""
        found = super().bound()
        if found and self._source_is_known:
            exact, last = self._exact_source, self.fields[-1]["source"]
            found["source_relative_l2"] = relative_l2(last, exact(float(self.times[-1])))
            found["source_mean_squared_z"] = self._mean_squared_z("source", exact)
        return found

    def described(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        said: dict[str, Any] = {"name": "gp", "observations": self._drawn_on()}
        found, left_out = self.fitted, self.left_out
        if found is None or left_out is None:
            return said | {"description": "Gaussian process"}
        posterior, count, noise = found.posterior, len(self.data[0]), self._noise
        (component,) = posterior.process.components
        return said | {
            "description": f"{_LABELS[self.kernel]} process given {count} observations, "
            f"noise {noise:.2g}",
            "kernel": self.kernel,
            "lengths": self._lengths(component),
            "prior_deviation": float(np.sqrt(component.variance)),
            "prior_mean": posterior.process.level,
            "noise": noise,
            "noise_is_learned": self.data[0].noise == "learn",
            "noise_ratio": noise / self.observed.drawn if self.observed.drawn else None,
            "log_likelihood": posterior.log_likelihood,
            "leave_one_out": left_out.mean_squared,
            "jitter": posterior.jitter,
            "data": sum(map(len, self.data)),
            "data_for_parameters": found.used,
            "nodes": [span.n for span in self.nodes.spans],
        }  # fmt: skip

    def _drawn_on(self) -> dict[str, Any]:
        """Return the observations by column."""
        columns = zip(self.observed.names, self.observed.points.T.tolist(), strict=True)
        return {**dict(columns), self.problem.fields[0]: self.observed.values.tolist()}

    def _lengths(self, component: ProductKernel) -> dict[str, float]:
        """Return the lengths of correlation, those of a period along the circle."""
        found = {}
        for span, factor in zip(self.collocated.spans, component.factors, strict=True):
            unit = span.length / tau if span.periodic else 1.0
            found[span.name] = unit * float(getattr(factor, "length", np.nan))
        return found

    def convergence(self) -> dict[str, Any]:
        """Return what the summary says of how it went."""
        if (found := self.fitted) is None:
            return {"iterations": 0, "events": []}
        return {
            "iterations": found.objective.evaluations,
            "reason": found.message,
            "events": [],
        }
