"""GP-HM as published: values, kernels and precisions optimised jointly by Adam.

It is slow by construction (see `pdekit.gp.joint_objective`) and here for comparison: the
closed forms of the rest of this package replace it.  What is reported is the error at the
end.  The figure of the authors, the smallest of twenty evaluations along the way, which is
chosen with the exact solution in hand, has a field of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pdekit.errors import BlowUp
from pdekit.gp.adam import Adam
from pdekit.gp.joint_objective import (
    Fields,
    JointObjective,
    JointOptions,
    Unknowns,
    Value,
)
from pdekit.gp.joint_problem import JointProblem
from pdekit.gp.kernels import AbstractMixture, StudentMixture
from pdekit.gp.kronecker import mode_products
from pdekit.typing import Array

EVALUATIONS = 20
"""How often the authors evaluate the error."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The exact solution at the points of a tensor grid."""

    points: tuple[Array, ...]
    values: Array

    def error(self, found: Array) -> float:
        """Return the relative error in the 2-norm."""
        return float(np.linalg.norm(found - self.values) / np.linalg.norm(self.values))


@dataclass(frozen=True)
class Progress:
    """How far it has come: root mean squares of the residual and of the boundary gap."""

    step: int
    steps: int
    loss: float
    residual: float
    boundary_gap: float
    error: float | None = None


Observe = Callable[[Progress], bool | None]
"""Told of the progress; what it returns true for stops the optimisation."""


@dataclass(frozen=True, eq=False)
class JointSolution:
    """What the optimisation ended with.

    Attributes
    ----------
    u
        Values on the grid.
    kernels
        One for each dimension.
    jitter
        What was on the diagonals, absolute.
    history
        The progress at the evaluations.
    error
        The relative error at the end, if there is a reference.
    smallest_error_of_evaluations
        The smallest on the way, as the authors report: it needs the exact solution.
    stopped
        Whether the observer stopped it.
    """

    u: Array
    kernels: tuple[AbstractMixture, ...]
    jitter: float
    history: tuple[Progress, ...]
    error: float | None
    smallest_error_of_evaluations: float | None
    stopped: bool


class JointFit:
    """The optimisation, to be advanced, stored and taken up again.

    Parameters
    ----------
    base
        What is added to predictions: the frozen first process, when this is the second.
    """

    def __init__(
        self,
        problem: JointProblem,
        options: JointOptions | None = None,
        base: Callable[[Sequence[Array]], Array] | None = None,
    ) -> None:
        self.problem, self.options = problem, options or JointOptions()
        self.objective = JointObjective(problem, self.options)
        self.adam = Adam(self.objective.start(), self.options.rate)
        self.base = base

    def advance(self, steps: int) -> Value | None:
        """Do some steps; return the loss and what belongs to it before the last one."""
        value = None
        for _ in range(steps):
            value = self.objective(self.adam.x)
            if not np.isfinite(value.loss):
                raise BlowUp(
                    "the objective", self.adam.step, self.adam.step, advice="lower the rate"
                )
            self.adam.descend(value.gradient)
            self.objective.project(self.adam.x)
        return value

    @property
    def now(self) -> Unknowns:
        """Values, kernels and precisions as they are."""
        return self.objective.unpack(self.adam.x)

    def fields(self) -> Fields:
        """Return matrices and factors as they are."""
        return Fields(self.objective, self.now)

    def predict(self, points: Sequence[Array]) -> Array:
        """Return the mean at the points of another tensor grid."""
        now, fields = self.now, self.fields()
        cross = [
            kernel(np.asarray(x)[:, None] - grid)
            for kernel, x, grid in zip(
                now.kernels, points, self.problem.points, strict=True
            )
        ]
        u = now.u
        maps = [f.times_inverse(k) for f, k in zip(fields.factors, cross, strict=True)]
        found = mode_products(maps, u)
        return found if self.base is None else found + self.base(points)

    def error(self, reference: Reference | None) -> float | None:
        """Return the error as it is, if there is a reference."""
        return reference.error(self.predict(reference.points)) if reference else None

    def state(self) -> dict[str, Array]:
        """Return all that `restore` needs."""
        return self.adam.state() | {"jitter": np.array(self.objective.jitter)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from a state, to the last bit as if never interrupted."""
        self.adam.restore(dict(state))
        self.objective.jitter = float(state["jitter"])

    def run(
        self,
        steps: int,
        *,
        reference: Reference | None = None,
        observe: Observe | None = None,
        evaluations: int = EVALUATIONS,
    ) -> JointSolution:
        """Advance to a number of steps, counted from the first, with evaluations between.

        Taken up again after `restore`, it evaluates at the same steps that remain.
        """
        history: list[Progress] = []
        stopped = False
        for mark in np.unique(np.linspace(0, steps, evaluations + 1).astype(int)[1:]):
            if mark <= self.adam.step or stopped:
                continue
            value = self.advance(int(mark) - self.adam.step)
            if value is None:
                continue
            sizes = value.loss, value.residual, value.boundary_gap
            history.append(Progress(int(mark), steps, *sizes, self.error(reference)))
            stopped = bool(observe and observe(history[-1]))
        return self._solution(reference, history, stopped)

    def _solution(
        self, reference: Reference | None, history: list[Progress], stopped: bool
    ) -> JointSolution:
        errors = [p.error for p in history if p.error is not None]
        now = self.now
        return JointSolution(
            u=now.u.copy() if self.base is None else self.predict(self.problem.points),
            kernels=now.kernels,
            jitter=self.objective.jitter,
            history=tuple(history),
            error=self.error(reference),
            smallest_error_of_evaluations=min(errors) if errors else None,
            stopped=stopped,
        )


def second_process(first: JointFit) -> JointFit:
    """Return the fit of what the first one left over, which is frozen.

    The authors add one Matérn-5/2 component of unit weight and length without frequency:
    the low frequencies, which data on second derivatives hardly see.
    """
    u, image = first.now.u, first.fields().image()
    options = replace(
        first.options, mixture=StudentMixture, components=1, learn_frequencies=False
    )
    return JointFit(first.problem.around(u, image), options, first.predict)
