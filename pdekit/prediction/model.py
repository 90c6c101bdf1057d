"""A model in time and the classical solver beside it, on the fields of one equation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.case.learned_case import FinishSpec, RolloutSpec
from pdekit.prediction import extrapolation
from pdekit.prediction.interval import Fine
from pdekit.prediction.loading import called, loaded
from pdekit.prediction.told import field_names
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.evolution import Evolution


class Model:
    """G, from the last frames to the next ones, and F, the classical solver, to the same.

    Frames are  (frame, member, part, *space),  where the parts of a complex field are the
    real and the imaginary one.  Frame j is that at  start + j step;  the first ``history``
    of them are taken before a block of ``frames`` can be predicted.

    Raises
    ------
    CaseError
        If the weights cannot be used.
    """

    def __init__(self, evolution: Evolution, spec: RolloutSpec) -> None:
        self.spec, self.case, self.grid = spec, evolution.case, evolution.grid
        self.is_complex = evolution.equation.complex
        self.names = field_names(evolution.equation.fields, self.is_complex)
        self.told, self.predictor = loaded(self.case, spec, self.names, self.grid)
        assert self.told.step is not None  # noqa: S101 - the rules of the case have looked
        self.step, self.history = self.told.step, self.told.history
        self.ahead = self.told.frames
        self.fine = Fine(evolution, self.step)
        time = self.case.time
        self.start = time.start
        self.last = round((time.end - time.start) / self.step)
        self.integrator = evolution.integrator.name
        still = np.zeros((self.history, 1, len(self.names), *self.grid.shape))
        called(self.case, self.predictor.frames, still)  # refused now, if it has to be

    @property
    def blocks(self) -> int:
        """How often the model is asked, until the last frame."""
        return max(0, math.ceil((self.last - self.history + 1) / self.ahead))

    def time(self, frame: int) -> float:
        """Time of a frame."""
        return self.start + frame * self.step

    def frame(self, time: float) -> int:
        """Return the number of the frame at a time."""
        return round((time - self.start) / self.step)

    # -- fields and their parts --------------------------------------------------------

    def parts(self, u: Field) -> Array:
        """Return real channels of fields  (..., channel, *space)."""
        u = np.asarray(u)
        if not self.is_complex:
            return np.array(u, dtype=float)
        channel, shape = u.ndim - 1 - self.grid.ndim, list(u.shape)
        shape[channel] *= 2
        return np.stack((u.real, u.imag), axis=channel + 1).reshape(shape)

    def whole(self, u: Array) -> Field:
        """Return the fields of real channels."""
        if not self.is_complex:
            return u
        channel = u.ndim - 1 - self.grid.ndim
        real, imag = (u.take(range(i, u.shape[channel], 2), channel) for i in (0, 1))
        return np.asarray(real + 1j * imag)

    # -- the two propagators -----------------------------------------------------------

    def predicted(self, history: Array) -> Array:
        """G: return the next block of frames."""
        return np.asarray(self.predictor.frames(history))

    def solved(self, u: Array, frame: int, count: int) -> Array:
        """F: return the next ``count`` frames, solved classically from frame ``frame``."""
        found = self.fine(self.whole(u), self.time(frame), count)
        return self.parts(found)

    # -- what is sound -----------------------------------------------------------------

    def bounds(self, u: Array) -> Array:
        """Return the largest r.m.s. a predicted channel may have, from the first frame."""
        known = self.told.facts.get("inputs") or {}
        seen = [float((known.get(n) or {}).get("rms_max") or 0.0) for n in self.names]
        scale = np.maximum(rms(u[None]), seen)
        scale = np.where(scale > 0, scale, scale.max(initial=0.0))
        return self.spec.growth * np.where(scale > 0, scale, np.inf)

    def usable(self, frames: Array, bounds: Array) -> bool:
        """Whether frames are finite and within bounds."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool((rms(frames) <= bounds).all())  # never of what is not a number

    # -- in words ----------------------------------------------------------------------

    def warnings(self, u: Field) -> list[str]:
        """Return what the start and the case have that training had not."""
        values = dict(zip(self.names, np.moveaxis(self.parts(u), 1, 0), strict=True))
        return [
            *extrapolation.of_grid(self.told, self.grid),
            *extrapolation.of_equation(self.told, self.case.equation.params),
            *extrapolation.of_inputs(self.told, values),
            *extrapolation.of_horizon(self.told, self.case.time.end - self.start),
        ]

    def facts(self) -> dict[str, Any]:
        """Return what the summary says of the model itself."""
        return {
            "model": self.told.model,
            "weights": self.spec.weights,
            "step": self.step,
            "history": self.history,
            "frames": self.ahead,
            "finish": self.integrator if isinstance(self.spec.finish, FinishSpec) else None,
            "test_errors": self.told.facts.get("errors"),
        }


def rms(frames: Array) -> Array:
    """Return the largest root mean square of frames and members, for each channel."""
    mean = np.mean(frames.reshape(*frames.shape[:3], -1) ** 2, axis=-1)
    return np.asarray(np.sqrt(mean).max(axis=(0, 1)))


def distance(u: Array, reference: Array) -> float:
    """‖u − u*‖₂ / ‖u*‖₂, the largest of all frames and members; infinite if not known."""
    axes = tuple(range(2, u.ndim))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        gap = np.sqrt(np.sum((u - reference) ** 2, axis=axes))
        size = np.sqrt(np.sum(reference**2, axis=axes))
        found = float(np.max(gap / np.where(size > 0, size, 1.0)))
    return found if np.isfinite(found) else math.inf
