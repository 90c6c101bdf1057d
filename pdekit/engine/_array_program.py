"""Stages of an integrator on whole arrays: readable, differentiable, the tests' oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import arrays
from pdekit.engine._kept_modes import KeptModes
from pdekit.engine._rhs import as_tuple, lookup, parameters
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.engine._generic import GenericEngine
    from pdekit.stepping._scheme import Stage
    from pdekit.stepping._system import System


class ArrayProgram:
    """Steps on arrays ``(member, variable, *kept)`` of NumPy or torch."""

    def __init__(
        self, engine: GenericEngine, system: System, stages: Sequence[Stage]
    ) -> None:
        self.engine, self.system, self.rhs = engine, system, system.rhs
        self.stages = stages
        self.arrays: dict[str, Array] = {}
        rhs = self.rhs
        self._kept = KeptModes(engine, rhs)
        self._symbols = {n: self._multipliers(a) for n, a in rhs.symbols.items()}
        self._filter = None if rhs.mask is None or rhs.cut else self._multipliers(rhs.mask)
        self._steady_source = system.equation.steady_source
        self._source_time: float | None = None
        self._source_hat: Array | None = None

    def _multipliers(self, a: Array) -> Array:
        return self.engine.modes(self._kept.multipliers(a))

    # -- fields and variables ----------------------------------------------------------

    def open(self, u: Array) -> Array:
        """Return the variables of physical fields ``(member, channel, *space)``."""
        self.rhs.check(u)
        self.engine.count(len(u) * len(self.rhs.fields))
        u_hat = self._kept.to_modes(self.engine.real_or_complex(u, self.rhs.real))
        return self._recoded(u_hat, self.rhs.fields, self.rhs.equation.encode)

    def close(self, v: Array) -> Array:
        """Return the physical fields of the variables."""
        self.engine.count(len(v) * len(self.rhs.fields))
        u_hat = self._recoded(v, self.rhs.variables, self.rhs.equation.decode)
        return self._kept.to_points(u_hat)

    def _recoded(self, w: Array, names: Sequence[str], formula: Any) -> Array:
        return w if formula is None else self._called(formula, (), w, names)

    def _called(
        self, formula: Any, values: Sequence[Array], w: Array, names: Sequence[str]
    ) -> Array:
        """Call a formula of Fourier space: values first, then what it names."""
        parts = dict(zip(names, arrays.components(w), strict=True))
        named = parameters(formula)[len(values) :]
        found = lookup(named, parts, self._symbols, self.rhs.constants)
        return self._join(formula(*values, *found))

    def _join(self, parts: Any) -> Array:
        """Stack what a formula returned; numbers among it are the same everywhere."""
        parts = as_tuple(parts)
        full = max(parts, key=np.ndim)
        return self.engine.join(
            tuple(p if np.ndim(p) == full.ndim else p + 0.0 * full for p in parts)
        )

    # -- the right-hand side -----------------------------------------------------------

    def nonlinear(self, w: Array, t: float) -> Array:
        """Return the normalised spectrum of N."""
        rhs = self.rhs
        if rhs.is_linear:
            n = 0.0 * w
        else:
            n = self._assembled(w, t)
            if self._filter is not None:
                n = n * self._filter
        source = self._source(t)
        return n if source is None else n + source

    def _source(self, t: float) -> Array | None:
        """Return the spectrum of the source, computed anew when it changes with time."""
        if self._source_time is None or not self._steady_source:
            values = self.system.source(t)
            self._source_hat = None if values is None else self.open(values)
            self._source_time = t
        return self._source_hat

    def _assembled(self, w: Array, t: float) -> Array:
        """Return N from the products, the variables or both."""
        rhs, assemble = self.rhs, self.rhs.terms.assemble
        n = self._products(w, t) if rhs.has_products else w
        if assemble is None:
            return n
        made = arrays.components(n)[: rhs.outputs]
        return self._called(assemble, made, w, rhs.variables)

    def _products(self, w: Array, t: float) -> Array:
        """Return the spectra of the products."""
        rhs, engine = self.rhs, self.engine
        split, product, _ = rhs.terms
        w_in = w if self._filter is None else w * self._filter
        w_in = self._recoded(w_in, rhs.variables, split or rhs.equation.decode)
        names = parameters(product)[rhs.inputs :]
        named = lookup(names, self.system.coefficients(t), rhs.constants)

        def multiplied(u: Array, at: Callable[[Array], Array]) -> Array:
            there = (at(c) if np.ndim(c) else c for c in named)
            made = product(*arrays.components(u)[: rhs.inputs], *there)
            return engine.real_or_complex(self._join(made), rhs.real)

        engine.count(len(w) * (rhs.inputs + rhs.outputs))
        return self._kept.products(w_in, multiplied)

    # -- steps -------------------------------------------------------------------------

    def weights(self, rule: Callable[[Array, float], dict[str, Any]], h: float) -> Any:
        """Return the weights of a step of size ``h`` on this engine."""
        found = rule(self._linear, h)
        return {k: self.engine.modes(a) if np.ndim(a) else a for k, a in found.items()}

    @cached_property
    def _linear(self) -> Array:
        """L of the kept modes, ``(variable, *kept)``, still of NumPy."""
        return self._kept.multipliers(self.system.linear)

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Set the arrays that the stages work on; ``v`` is the state."""
        self.arrays = dict(arrays)

    def ready(self, arrays: Mapping[str, Array], weights: Mapping[str, Any]) -> None:
        """Do nothing: there is nothing to prepare."""

    def copy(self, name: str) -> Array:
        """Return an array that later steps leave alone."""
        return self.arrays[name]

    def run(self, weights: Mapping[str, Any], times: Sequence[float], h: float) -> None:
        """Take one step of size ``h`` from each of the times."""
        for t in times:
            w = self.arrays["v"]
            for stage in self.stages:
                given = (
                    {"n": self.nonlinear(w, t + stage.at * h)} if "n" in stage.takes else {}
                )
                values = stage.formula(*lookup(stage.takes, given, weights, self.arrays))
                for name, value in zip(stage.into, as_tuple(values), strict=True):
                    if name == "w":
                        w = value
                    else:
                        self.arrays[name] = value

    def loops(self, members: int) -> GenericEngine:
        """Return what combines states in other ways: here all arrays are alike."""
        return self.engine

    def evaluate(self, w: Array, t: float) -> Array:
        """Return N of an argument, with a source."""
        return self.nonlinear(w, t)

    def propagator(self, h: float) -> Array:
        """Return  exp(h L)  as multipliers."""
        return self.engine.modes(np.exp(h * self._linear))

    @cached_property
    def multipliers(self) -> Array:
        """L itself."""
        return self.engine.modes(self._linear)

    def is_finite(self) -> bool:
        """Test a mode per variable: a transform, if any, spreads a bad value over all."""
        v = self.arrays["v"]
        if self.rhs.has_products:
            return self.engine.is_finite(v)
        return math.isfinite(self.engine.norm(v))
