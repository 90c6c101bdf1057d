"""A semilinear system  ∂ₜu = L u + N(u, t)  on a grid, set up on an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.engine import Engine
from pdekit.equation import AbstractEquation
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid


class System:
    """An equation, its grid and the engine that holds its arrays.

    Parameters
    ----------
    mask
        Dealiasing factors ``(*modes)`` for the nonlinear term and its argument. The linear
        propagator never sees them; splitting methods, which have no nonlinear term to
        filter, take projections (zeros and ones) only and project the field.
    """

    def __init__(
        self,
        equation: AbstractEquation,
        grid: Grid,
        engine: Engine,
        *,
        start: float,
        end: float,
        mask: Array | None = None,
    ) -> None:
        self.equation, self.grid, self.engine = equation, grid, engine
        self.start, self.end = start, end
        self.mask = mask
        self.linear = np.asarray(equation.symbol(grid), dtype=complex)
        self.steady = not equation.time_dependent  # asked at every step
        self._time = start
        self._rest = self._coefficients(start)
        self._product = engine.pointwise(type(equation).product, self._rest)
        self._filter = engine.stage(scaled, into=("work",))
        self._mask = None if mask is None else engine.symbol(mask)
        self._phase = (
            engine.phase_flow(type(equation).rate, self._rest)
            if equation.has_phase_flow
            else None
        )

    def nonlinear(self, w: Array, t: float) -> Array:
        """Return N · fft-normalised  N̂(u, t)  of the loaded spectrum ``w``."""
        if self._mask is not None:
            w = self._filter(w, self._mask)
        w = self.engine.inverse(w)
        w = self._product(w, self._rest_at(t))
        w = self.engine.forward(w)
        if self._mask is not None:
            w = self._filter(w, self._mask)
        return w

    @property
    def phase(self) -> tuple[Any, tuple[Any, ...]]:
        """The flow of N, and the coefficients it takes now."""
        return self._phase, self._rest

    def kick(self, w: Array, h: float, t: float) -> Array:
        """Flow of N over ``h`` on the loaded physical values, exact."""
        assert self._phase is not None  # noqa: S101 - the splitting integrators ask first
        return self._phase(w, h, self._rest_at(t))

    def propagator(self, h: float, scale: float = 1.0) -> Array:
        """Return  scale · exp(h L)  as multipliers."""
        return self.engine.symbol(scale * np.exp(h * self.linear))

    def _rest_at(self, t: float) -> tuple[Any, ...]:
        if not self.steady and t != self._time:
            self._rest, self._time = self._coefficients(t), t
        return self._rest

    def _coefficients(self, t: float) -> tuple[Any, ...]:
        fields = tuple(
            self.engine.coefficient(c) for c in self.equation.coefficients(self.grid, t)
        )
        return (*fields, *(float(c) for c in self.equation.constants()))


def scaled(w: Array, factor: Array | float) -> Array:
    """Multiply by a number or by multipliers."""
    return w * factor


def copied(w: Array) -> Array:
    """Keep a field: the transforms work in place."""
    return 1.0 * w
