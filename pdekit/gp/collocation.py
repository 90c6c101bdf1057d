"""A differential equation at nodes, with conditions on its faces.

Σ coefficient · ∂^a u · ∂^b u … = f   at the nodes of a box, those on its faces included,
conditions                            on faces: values, slopes, periods, a mean
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np

from pdekit.errors import PdekitError, ShapeError
from pdekit.gp.basis import Basis
from pdekit.gp.kronecker import mode_products
from pdekit.gp.span import Span
from pdekit.typing import Array

MultiIndex = tuple[int, ...]
Points = Sequence[Array]
"""Coordinates along each axis, shape ``(n,)`` each."""
Known = float | Callable[..., Array]
"""A number, or a function of the coordinates, which broadcast."""
Functional = Callable[[Basis], Array]
"""Of an axis: what it makes of every function of a basis, shape ``(rank,)``."""


@dataclass(frozen=True)
class At:
    """The functional  ∂^order u(point)  of an axis."""

    point: float
    order: int = 0

    def __call__(self, basis: Basis) -> Array:
        """Return it of every function of a basis."""
        return np.asarray(basis.at(np.array([self.point]), self.order)[0])


def mean(basis: Basis) -> Array:
    """Return the mean over an axis of every function, by the trapezoidal rule."""
    weights = np.ones(basis.span.n)
    if not basis.span.periodic:
        weights[[0, -1]] = 0.5
    return np.asarray(weights @ basis.on_nodes() / weights.sum())


@dataclass(frozen=True)
class Condition:
    """What a functional of some axes gives at all nodes of the others.

    Attributes
    ----------
    functionals : tuple
        One for each axis; None for an axis along which the condition holds at every node.
    values : array
        At the nodes of the axes without a functional.
    label : str
        What it is, for people: ``x.lower``.
    """

    functionals: tuple[Functional | None, ...]
    values: Array
    label: str

    def of(self, bases: Sequence[Basis], weights: Array) -> Array:
        """Return what a function with these weights gives."""
        rows = [
            basis.on_nodes() if functional is None else functional(basis)[None]
            for functional, basis in zip(self.functionals, bases, strict=True)
        ]
        return mode_products(rows, weights).reshape(np.shape(self.values))


@dataclass(frozen=True)
class Collocation:
    """An equation on a box and the conditions on its faces.

    Raises
    ------
    PdekitError
        If source or conditions are not finite, or a condition has not the shape of a face.
    """

    spans: tuple[Span, ...]
    terms: Mapping[tuple[MultiIndex, ...], Known]
    source: Known
    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        for condition in self.conditions:
            shape = tuple(
                span.n
                for span, functional in zip(self.spans, condition.functionals, strict=True)
                if functional is None
            )
            if np.shape(condition.values) != shape:
                raise ShapeError(shape, np.shape(condition.values), condition.label)
            if not np.isfinite(condition.values).all():
                raise PdekitError(f"{condition.label}: the data must be finite")

    @property
    def linear(self) -> bool:
        """Whether every term has one factor."""
        return all(len(factors) == 1 for factors in self.terms)

    @cached_property
    def nodes(self) -> Sample:
        """The equation at the nodes."""
        return Sample(self, tuple(span.nodes for span in self.spans))

    @cached_property
    def midpoints(self) -> Sample:
        """The equation in the middle between nodes, where nothing was asked for."""
        return Sample(self, tuple(span.midpoints for span in self.spans))


@dataclass(frozen=True, eq=False)
class Sample:
    """An equation at the points of a box."""

    collocation: Collocation
    points: tuple[Array, ...]
    _coefficients: dict[tuple[MultiIndex, ...], Array] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points along each axis."""
        return tuple(len(p) for p in self.points)

    def known(self, what: Known) -> Array:
        """Evaluate a number or a function, one point along axes it does not depend on."""
        if not callable(what):
            return np.full((1,) * len(self.points), float(what))
        values = np.asarray(what(*np.ix_(*self.points)), dtype=float)
        if not np.isfinite(values).all():
            raise PdekitError("the data of the equation must be finite at all nodes")
        values = np.broadcast_to(values, self.shape)
        for d in range(values.ndim):
            first = np.take(values, [0], d)
            if np.array_equal(np.broadcast_to(first, values.shape), values):
                values = first
        return np.array(values)

    @cached_property
    def source(self) -> Array:
        """The right-hand side."""
        return np.array(np.broadcast_to(self.known(self.collocation.source), self.shape))

    def coefficient(self, factors: tuple[MultiIndex, ...]) -> Array:
        """Return the coefficient of a term."""
        if factors not in self._coefficients:
            self._coefficients[factors] = self.known(self.collocation.terms[factors])
        return self._coefficients[factors]

    def derivative(
        self, bases: Sequence[Basis], weights: Array, index: MultiIndex
    ) -> Array:
        """Return  ∂^index u  of the function with these weights."""
        return mode_products(self.matrices(bases, index), weights)

    def matrices(self, bases: Sequence[Basis], index: MultiIndex) -> list[Array]:
        """Return derivatives of the functions of each axis."""
        return [
            basis.on_nodes(order) if points is basis.span.nodes else basis.at(points, order)
            for basis, points, order in zip(bases, self.points, index, strict=True)
        ]

    def left(
        self, bases: Sequence[Basis], weights: Array, amplitude: float = 1.0
    ) -> tuple[Array, float]:
        """Return the left-hand side, and the largest r.m.s. of its terms.

        Terms of several factors are taken ``amplitude`` times.
        """
        u, terms = self.derivatives(bases, weights), []
        for factors in self.collocation.terms:
            size = amplitude if len(factors) > 1 else 1.0
            product = reduce(np.multiply, (u[i] for i in factors))
            terms.append(size * self.coefficient(factors) * product)
        return np.asarray(sum(terms)), max(rms(term) for term in terms)

    def derivatives(
        self, bases: Sequence[Basis], weights: Array
    ) -> dict[MultiIndex, Array]:
        """Return all derivatives that the equation needs."""
        needed = {index for factors in self.collocation.terms for index in factors}
        return {i: self.derivative(bases, weights, i) for i in needed}

    def linearised(
        self, bases: Sequence[Basis], weights: Array, amplitude: float = 1.0
    ) -> dict[MultiIndex, Array]:
        """Return coefficients of the equation linearised about a function.

        Terms of several factors are taken ``amplitude`` times.
        """
        found: dict[MultiIndex, Array] = {}
        u = {} if self.collocation.linear else self.derivatives(bases, weights)
        for factors in self.collocation.terms:
            size = self.coefficient(factors) * (amplitude if len(factors) > 1 else 1.0)
            for i, index in enumerate(factors):
                rest = (u[j] for j in (*factors[:i], *factors[i + 1 :]))
                found[index] = found.get(index, 0.0) + reduce(np.multiply, rest, size)
        return found


def rms(values: Array) -> float:
    """Return the root of the mean square."""
    return float(np.linalg.norm(values) / np.sqrt(max(np.size(values), 1)))
