"""What the stages of a scheme mean, in plain NumPy and without any engine."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from pdekit import registry
from pdekit.typing import Array

Nonlinear = Callable[[Array, float], Array]

SCHEMES = [n for n in registry.integrators() if hasattr(registry.integrator(n), "stages")]
MULTISTEP = [n for n in SCHEMES if getattr(registry.integrator(n), "history", 0)]
EMBEDDED = [n for n in SCHEMES if registry.integrator(n).adaptive]


def take(
    stages: Iterable[Any],
    arrays: dict[str, Array],
    weights: Any,
    nonlinear: Nonlinear,
    t: float,
    h: float,
) -> None:
    """Work through the stages of one step on named arrays."""
    w = arrays["v"]
    for stage in stages:
        known = {**weights, **arrays, "n": nonlinear(w, t + stage.at * h)}
        found = stage.formula(
            *(known[p] for p in inspect.signature(stage.formula).parameters)
        )
        results = found if isinstance(found, tuple) else (found,)
        for name, value in zip(stage.into, results, strict=True):
            if name == "w":
                w = value
            else:
                arrays[name] = value


def march(
    scheme: Any, linear: Array, nonlinear: Nonlinear, v: Array, end: float, steps: int
) -> dict[str, Array]:
    """Advance ∂ₜv = L v + N(v, t) from 0 to ``end``; return all arrays."""
    h = end / steps
    weights = scheme.weights(linear, h)
    arrays = {"v": np.array(v, dtype=complex)}
    for n in range(steps):
        if n < getattr(scheme, "history", 0):
            begin(scheme, linear, arrays, nonlinear, n * h, h)
        else:
            take(scheme.stages, arrays, weights, nonlinear, n * h, h)
    return arrays


def begin(
    scheme: Any,
    linear: Array,
    arrays: dict[str, Array],
    nonlinear: Nonlinear,
    t: float,
    h: float,
) -> None:
    """Take a step of a multistep method with its starter."""
    for name in scheme.remember.into:
        arrays.setdefault(name, np.zeros_like(arrays["v"]))
    take([scheme.remember], arrays, scheme.weights(linear, h), nonlinear, t, h)
    starter = registry.integrator(scheme.starter)
    alone = {"v": arrays["v"]}
    take(starter.stages, alone, starter.weights(linear, h), nonlinear, t, h)
    arrays["v"] = alone["v"]
