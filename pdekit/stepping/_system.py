"""A semilinear system  ∂ₜu = L u + N(u, t)  on a grid, set up on an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.engine import Engine, Program
from pdekit.engine._rhs import RightHandSide, lookup, parameters
from pdekit.equation import AbstractEquation
from pdekit.errors import PdekitError
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid
    from pdekit.stepping._scheme import Stage


class System:
    """An equation, its grid and the engine that holds its arrays.

    Parameters
    ----------
    mask
        Dealiasing factors ``(*modes)`` for the nonlinear term and its argument. A sharp one
        of real fields truncates the state itself; otherwise the linear propagator never
        sees it. Splitting methods, which have no nonlinear term to filter, take projections
        (zeros and ones) only and project the field.
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
        self.rhs = RightHandSide(equation, grid, mask)
        self.steady = not equation.time_dependent and equation.steady_source
        self._time: float | None = None
        self._coefficients: dict[str, Any] = {}

    @cached_property
    def linear(self) -> Array:
        """L ``(variable, *modes)``, of real numbers where it is real."""
        linear = np.asarray(self.equation.symbol(self.grid))
        shape = (len(self.rhs.variables), *self.rhs.modes)
        try:
            linear = np.broadcast_to(linear, shape)
        except ValueError:
            raise PdekitError(self._wrong_shape(linear.shape)) from None
        real = not np.iscomplexobj(linear) or not linear.imag.any()
        return linear.real.astype(float) if real else linear.astype(complex)

    def _wrong_shape(self, given: tuple[int, ...]) -> str:
        """Say what is wrong with a symbol; most often it has all modes of real fields."""
        real = self.rhs.real
        kind = "real" if real else "complex"
        return (
            f"symbol has the shape {given}; {kind} fields have the modes "
            f"{(len(self.rhs.variables), *self.rhs.modes)}: "
            f"use grid.wavenumbers(real={real})"
        )

    # -- what the nonlinear term needs -------------------------------------------------

    def coefficients(self, t: float) -> Mapping[str, Any]:
        """Return the coefficients of the products, as fields of the engine or numbers."""
        if self._time is None or (t != self._time and self.equation.time_dependent):
            found = self.equation.coefficients(self.grid, t)
            self._coefficients = {k: self.engine.coefficient(c) for k, c in found.items()}
            self._time = t
        return self._coefficients

    def source(self, t: float) -> Array | None:
        """Return the source at ``t``, ``(1, channel, *space)``, or None."""
        values = self.equation.source(self.grid, t)
        return None if values is None else values[None]

    def program(self, stages: Sequence[Stage]) -> Program:
        """Return the stages of an integrator, ready to run on the engine."""
        return self.engine.program(self, stages)

    # -- the two flows of a splitting --------------------------------------------------

    @cached_property
    def phase(self) -> tuple[Any, tuple[Any, ...]]:
        """The flow of N, and what it takes now beside the fields."""
        rest = self._rest(self.start)
        rate = type(self.equation).rate
        assert rate is not None  # noqa: S101 - the splitting integrators ask first
        return self.engine.phase_flow(rate, rest), rest

    def kick(self, w: Array, h: float, t: float) -> Array:
        """Flow of N over ``h`` on the loaded physical values, exact."""
        flow, _ = self.phase
        return flow(w, h, self._rest(t))

    def propagator(self, h: float, scale: float = 1.0) -> Array:
        """Return  scale · exp(h L)  as multipliers of all modes."""
        return self.engine.symbol(scale * np.exp(h * self.linear))

    def _rest(self, t: float) -> tuple[Any, ...]:
        rate = type(self.equation).rate
        assert rate is not None  # noqa: S101 - the splitting integrators ask first
        names = parameters(rate)[len(self.rhs.fields) :]
        return tuple(lookup(names, self.coefficients(t), self.rhs.constants))


def scaled(w: Array, factor: Array | float) -> Array:
    """Multiply by a number or by multipliers."""
    return w * factor


def copied(w: Array) -> Array:
    """Keep a field: the transforms work in place."""
    return 1.0 * w
