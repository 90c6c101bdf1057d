"""The joint objective of GP-HM and its gradient, written out.

With  C = K₁ ⊗ … ⊗ K_d  the prior of the values U on the grid, r the residual of the
equation at all points and e the gap on the boundary, maximised over U, kernels, τ₁, τ₂ is

    −½ log|C| − ½ UᵀC⁻¹U + λ [N_b/2 log τ₁ − τ₁/2 ‖e‖²] + N_c/2 log τ₂ − τ₂/2 ‖r‖².

A derivative of the field is  K⁽ᵃ⁾ K⁻¹  along its dimension.  All matrices of a dimension
are Toeplitz: kernels are evaluated at N lags, and a gradient G with respect to a matrix
enters those of the parameters by its sums along diagonals.  Of  T = K⁽ᵃ⁾ A,  A = K⁻¹ V,
a gradient R with respect to T gives

    R Aᵀ  for K⁽ᵃ⁾,    −B Aᵀ  for K,    B = K⁻¹ K⁽ᵃ⁾ᵀ R  for V.

References
----------
Fang, Cooley, Long, Li, Kirby & Zhe, Proc. ICLR (2024), arXiv 2311.04465.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pdekit.gp import toeplitz
from pdekit.gp.joint_problem import JointProblem, Term
from pdekit.gp.kernels import AbstractMixture, GaussianMixture
from pdekit.gp.kronecker import Factor, along, factorize, mode_product
from pdekit.typing import Array


@dataclass(frozen=True)
class JointOptions:
    """What the authors chose by hand, and their choices that every problem shares.

    Attributes
    ----------
    mixture
        Kernel of every dimension.
    components
        Q.
    top_frequency
        F: frequencies begin equidistant in [0, F], in cycles per unit length.
    rate
        Step of Adam.
    boundary_weight
        λ.
    jitter
        Added to the diagonals, absolute.
    largest_precision
        Bound of τ₂, which has none in the objective once the residual vanishes.
    learn_frequencies
        Whether the frequencies are optimised.
    """

    mixture: type[AbstractMixture] = GaussianMixture
    components: int = 30
    top_frequency: float = 20.0
    rate: float = 0.01
    boundary_weight: float = 200.0
    jitter: float = 1e-6
    largest_precision: float = 1e10
    learn_frequencies: bool = True

    @property
    def length_power(self) -> int:
        """p, where the variable of the authors is log ρᵖ: 2 of Gaussians, else 1."""
        return 2 if issubclass(self.mixture, GaussianMixture) else 1


@dataclass(frozen=True, eq=False)
class Unknowns:
    """The flat vector taken apart."""

    u: Array
    kernels: tuple[AbstractMixture, ...]
    log_boundary: float
    log_residual: float


@dataclass(frozen=True, eq=False)
class Value:
    """The negative objective and what it is made of."""

    loss: float
    gradient: Array
    residual: float
    boundary_gap: float


class JointObjective:
    """The negative objective of a problem on a flat vector.

    The vector is  U, then (log w, log ρᵖ, μ) of every dimension, then log τ₁, log τ₂.
    """

    def __init__(self, problem: JointProblem, options: JointOptions) -> None:
        self.problem, self.options = problem, options
        self.jitter = options.jitter
        self._lags = problem.lags
        self._any = options.mixture(*np.ones((3, 1)))
        self._parts = [math.prod(problem.shape)]
        self._parts += [3 * options.components] * len(problem.points)

    def start(self) -> Array:
        """Return where the authors begin: U = 0, w = 1/Q, ρ = 1, μ equidistant, τ = 1."""
        q = self.options.components
        mu = np.linspace(0, self.options.top_frequency, q) if q > 1 else np.zeros(1)
        one = np.concatenate([np.full(q, -math.log(q)), np.zeros(q), mu])
        zero = np.zeros(self._parts[0])
        return np.concatenate([zero, *[one] * len(self.problem.points), np.zeros(2)])

    def unpack(self, x: Array) -> Unknowns:
        """Take a flat vector apart."""
        u, *parameters, logs = np.split(x, np.cumsum(self._parts))
        kernels = [self._any.at(self._mixture(p)) for p in parameters]
        return Unknowns(u.reshape(self.problem.shape), tuple(kernels), *logs)

    def project(self, x: Array) -> None:
        """Keep τ₂ below its bound, in place."""
        x[-1] = min(x[-1], math.log(self.options.largest_precision))

    def __call__(self, x: Array) -> Value:
        """Return the negative objective and its gradient."""
        now = self.unpack(x)
        fields = Fields(self, now)
        loss = fields.add_prior()
        residual, gap = fields.add_data(now)
        problem, options = self.problem, self.options
        n_b, n_c = problem.boundary_size, problem.source.size
        tau = math.exp(now.log_boundary), math.exp(now.log_residual)
        weight = options.boundary_weight
        loss += 0.5 * weight * (tau[0] * gap - n_b * now.log_boundary)
        loss += 0.5 * (tau[1] * residual - n_c * now.log_residual)
        logs = [0.5 * weight * (tau[0] * gap - n_b), 0.5 * (tau[1] * residual - n_c)]
        slopes = [self._parameter_slope(d, fields, now) for d in range(len(problem.points))]
        gradient = np.concatenate([fields.du.reshape(-1), *slopes, logs])
        return Value(loss, gradient, math.sqrt(residual / n_c), math.sqrt(gap / n_b))

    def _mixture(self, p: Array) -> Array:
        """Return (log w, log ρ, μ) from the variables of the authors."""
        q = self.options.components
        p = p.copy()
        p[q : 2 * q] /= self.options.length_power
        return p

    def _parameter_slope(self, d: int, fields: Fields, now: Unknowns) -> Array:
        q = self.options.components
        slope = now.kernels[d].pull_back(self._lags[d], fields.forces[d])
        slope[q : 2 * q] /= self.options.length_power
        if not self.options.learn_frequencies:
            slope[2 * q :] = 0
        return slope

    def factor(self, lags: Array) -> Factor:
        """Factor  K + jitter I;  if it has to be raised it stays so."""
        K = toeplitz.matrix(lags)
        size = float(lags[0])
        found = factorize(K, self.jitter / size)
        if found.jitter > 2 * self.jitter:
            self.jitter = found.jitter
        return found


class Fields:
    """Matrices, derivatives and gradients at one vector of unknowns.

    Attributes
    ----------
    du
        Gradient of the loss with respect to U.
    forces
        For every dimension, gradients with respect to the lags of K⁽ᵃ⁾, by order a.
    """

    def __init__(self, objective: JointObjective, now: Unknowns) -> None:
        self.problem, self.options = objective.problem, objective.options
        self.u = now.u
        self.factors: list[Factor] = []
        self.matrices: list[dict[int, Array]] = []
        self.forces: list[dict[int, Array]] = []
        for d, kernel in enumerate(now.kernels):
            orders = self.problem.orders(d)
            jet = kernel.jet(self.problem.lags[d], max(orders, default=0))
            self.factors.append(objective.factor(jet[0]))
            self.matrices.append({a: toeplitz.matrix(jet[a], a % 2 == 0) for a in orders})
            self.forces.append({a: np.zeros(len(jet[0])) for a in (0, *orders)})
        self.du = np.zeros(self.u.shape)
        self._solved = [self._solve(d, self.u) for d in range(self.u.ndim)]

    def add_prior(self) -> float:
        """Return  ½ log|C| + ½ UᵀC⁻¹U  and add its gradient."""
        alpha = self._solved[0]
        for d in range(1, self.u.ndim):
            alpha = self._solve(d, alpha)
        self.du += alpha
        loss = 0.5 * float((self.u * alpha).sum())
        for d, factor in enumerate(self.factors):
            copies = self.u.size // factor.size
            loss += 0.5 * copies * factor.log_determinant
            slope = copies * factor.inverse() - _gram(alpha, self._solved[d], d)
            self._push(d, 0, 0.5 * slope)
        return loss

    def add_data(self, now: Unknowns) -> tuple[float, float]:
        """Return  ‖r‖²  and  ‖e‖²  and add the gradient of their part of the loss."""
        problem, q = self.problem, self.problem.nonlinearity
        tapes = {term: self._differentiate(term) for term in problem.terms}
        r = sum(c * tapes[term][0] for term, c in problem.terms.items()) - problem.source
        r = r + q.value(self.u) if q else r
        pull = math.exp(now.log_residual) * r
        for term, c in problem.terms.items():
            self.du += self._pull_back(c * pull, tapes[term][1])
        if q:
            self.du += pull * q.slope(self.u)
        gap = 0.0
        scale = self.options.boundary_weight * math.exp(now.log_boundary)
        for (d, side), e in problem.gaps(self.u).items():
            gap += float((e**2).sum())
            np.moveaxis(self.du, d, 0)[side] += scale * e
        return float((r**2).sum()), gap

    def image(self) -> Array:
        """Return  Σ c ∂ᵃu."""
        return sum(c * self._differentiate(t)[0] for t, c in self.problem.terms.items())

    def _differentiate(self, term: Term) -> tuple[Array, list[tuple[int, int, Array]]]:
        """Return  ∂ᵃu  and, of every dimension it went through, the solved values A."""
        v = self.u
        tape: list[tuple[int, int, Array]] = []
        for d, order in enumerate(term):
            if order:
                solved = self._solve(d, v) if tape else self._solved[d]
                tape.append((d, order, solved))
                v = mode_product(self.matrices[d][order], solved, d)
        return v, tape

    def _pull_back(self, pull: Array, tape: list[tuple[int, int, Array]]) -> Array:
        """Carry a gradient from ∂ᵃu back to u, leaving its forces on the matrices."""
        for d, order, solved in reversed(tape):
            self._push(d, order, _gram(pull, solved, d))
            back = mode_product(self.matrices[d][order].T, pull, d)
            pull = self._solve(d, back)
            self._push(d, 0, -_gram(pull, solved, d))
        return pull

    def _push(self, d: int, order: int, gradient: Array) -> None:
        self.forces[d][order] += toeplitz.diagonal_sums(gradient, order % 2 == 0)

    def _solve(self, d: int, v: Array) -> Array:
        return along(self.factors[d].solve, v, d)


def _gram(a: Array, b: Array, d: int) -> Array:
    """Return  Σ a[…, i, …] b[…, j, …]  over all axes but d."""
    others = [e for e in range(a.ndim) if e != d]
    return np.tensordot(a, b, (others, others))
