"""The sections of a case file: keys, types, defaults and what each of them means.

Only the structure is checked here.  What needs the equation, the integrator or the
formula compiler is checked by :mod:`pdekit.case.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Strict,
    Tag,
    model_validator,
)
from pydantic import Field as Key

from pdekit.case.random_starts import RandomInitial as RandomInitial
from pdekit.case.types import (
    AxisPoints,
    Count,
    FormulaText,
    Interval,
    NamedSection,
    Number,
    Positive,
    Section,
    whole,
)

if TYPE_CHECKING:
    import numpy as np

MAX_FRAMES = 1_000_000
MAX_POINTS = 2**32


def _listed(value: Any) -> Any:
    """Let a list of names with one entry be the bare name."""
    return [value] if isinstance(value, str) else value


DECLARED = "declared"
DECLARED_KEYS = ("fields", "linear", "nonlinear")


class EquationSpec(NamedSection):
    """Which equation, and its parameters (``pdekit describe NAME`` lists them).

    Without a name, ``fields``, ``linear`` and ``nonlinear`` declare one.
    """

    name: str = Key(
        description="name of the equation, as listed by `pdekit list equations`"
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        declared = isinstance(value, Mapping) and "name" not in value
        if declared and any(key in value for key in DECLARED_KEYS):
            return {"name": DECLARED, **value}
        return {"name": value} if isinstance(value, str) else value


class AxisSpec(Section):
    """One axis of the box."""

    interval: Interval = Key(
        description="lower and upper end; the upper end of a periodic axis is not stored"
    )
    points: AxisPoints = Key(description="number of grid points")
    boundary: Literal["periodic", "dirichlet", "neumann", "chebyshev"] = Key(
        default="periodic", description="boundary condition, or Chebyshev points"
    )
    centring: Literal["vertex", "cell"] = Key(
        default="vertex", description="points on the ends of cells or in their middle"
    )


class ExactInitial(NamedSection):
    """Start from an exact solution of the equation."""

    exact: str = Key(description="name of an exact solution; its parameters stand beside")


class StateInitial(NamedSection):
    """Start from a named state of the equation."""

    state: str = Key(description="name of an initial state; its parameters stand beside")


class FormulaInitial(NamedSection):
    """Start from formulas of the coordinates, one per field."""

    __pydantic_extra__: dict[str, FormulaText]

    @property
    def formulas(self) -> dict[str, str]:
        """Formula of each field."""
        return self.params


class FileInitial(Section):
    """Start from a stored result."""

    file: str = Key(description="result.h5, relative to the case file")
    time: int | float = Key(
        default=-1, description="a frame's number (whole) or a time (with a point)"
    )


class ExactReference(NamedSection):
    """Compare with an exact solution; parameters default to those of the initial state."""

    exact: str = Key(description="name of an exact solution; its parameters stand beside")
    until: Number | None = Key(default=None, description="last time that is compared")


class FormulaReference(NamedSection):
    """Compare with formulas of the coordinates and t, one per field."""

    __pydantic_extra__: dict[str, FormulaText]
    until: Number | None = Key(default=None, description="last time that is compared")

    @property
    def formulas(self) -> dict[str, str]:
        """Formula of each field."""
        return self.params


class Exponential(Section):
    """Smooth filter  exp(−strength (|k| / (cutoff k_Nyquist))^order)."""

    order: Positive = Key(default=36.0, description="order of the exponent")
    strength: Positive = Key(default=36.0, description="factor of the exponent")
    cutoff: Positive = Key(
        default=2 / 3, le=1, description="cut-off as a share of the Nyquist mode"
    )


class ExponentialDealias(Section):
    """Dealias with a smooth filter."""

    exp: Exponential


def _dealias_kind(value: Any) -> str:
    return "<exp>" if isinstance(value, Mapping | ExponentialDealias) else "<name>"


Dealias = Annotated[
    Annotated[Literal["auto", "none", "two_thirds", "half"], Tag("<name>")]
    | Annotated[ExponentialDealias, Tag("<exp>")],
    Discriminator(_dealias_kind),
]


class SolverSpec(Section):
    """How the equation is solved."""

    name: str = Key(
        default="spectral", description="solver, as listed by `pdekit list solvers`"
    )
    integrator: str = Key(
        default="auto", description="time stepping, as listed by `pdekit list integrators`"
    )
    step: Positive | None = Key(
        default=None, description="time step of a fixed-step integrator"
    )
    steps: Count | None = Key(
        default=None, description="steps over the whole interval, instead of step"
    )
    cfl: Positive | None = Key(
        default=None,
        description="Courant number that the steps of a one-step scheme keep, instead of "
        "step",
    )
    rtol: Positive | None = Key(
        default=None, description="relative tolerance (adaptive; default 1e-9)"
    )
    atol: Annotated[Number, Key(ge=0)] | None = Key(
        default=None,
        description="absolute tolerance (adaptive), of the root mean square",
    )
    max_step: Positive | None = Key(
        default=None,
        description="largest step (adaptive, or with cfl: a hundredth of the interval)",
    )
    first_step: Positive | None = Key(default=None, description="first step (adaptive)")
    max_steps: Count | None = Key(default=None, description="stop after so many steps")
    dealias: Dealias = Key(
        default="auto",
        description="treatment of aliased products; auto is what the equation prefers",
    )
    abort_tail: Positive | None = Key(
        default=None, le=1, description="stop when the spectral tail grows beyond this"
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class RefineReference(Section):
    """Compare with the same case on a finer grid and a tighter step."""

    refine: Annotated[Count, Key(ge=2)] = Key(description="factor of refinement")
    until: Number | None = Key(default=None, description="last time that is compared")


class SolverReference(Section):
    """Compare with another solver on the same grid."""

    solver: SolverSpec
    until: Number | None = Key(default=None, description="last time that is compared")


class FileReference(Section):
    """Compare with a stored result."""

    file: str = Key(description="result.h5, relative to the case file")
    until: Number | None = Key(default=None, description="last time that is compared")


INITIAL_KINDS = ("exact", "state", "random_field", "file")
REFERENCE_KINDS = ("exact", "refine", "solver", "file")


def _kind(value: Any, kinds: tuple[str, ...]) -> str | None:
    """Which alternative a mapping means: the one whose key it has, else formulas."""
    if isinstance(value, Section):
        value = {name: None for name in type(value).model_fields if name in kinds}
    if isinstance(value, Mapping):
        return next((f"<{kind}>" for kind in kinds if kind in value), "<formulas>")
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return "<formula>" if plain else None


def _initial_kind(value: Any) -> str | None:
    return _kind(value, INITIAL_KINDS)


def _reference_kind(value: Any) -> str | None:
    return _kind(value, REFERENCE_KINDS)


Initial = Annotated[
    Annotated[FormulaText, Tag("<formula>")]
    | Annotated[FormulaInitial, Tag("<formulas>")]
    | Annotated[ExactInitial, Tag("<exact>")]
    | Annotated[StateInitial, Tag("<state>")]
    | Annotated[RandomInitial, Tag("<random_field>")]
    | Annotated[FileInitial, Tag("<file>")],
    Discriminator(
        _initial_kind,
        custom_error_type="kind",
        custom_error_message="must be a formula, or a mapping with one of exact, state, "
        "random_field, file, or with one formula per field",
    ),
]

Reference = Annotated[
    Annotated[FormulaText, Tag("<formula>")]
    | Annotated[FormulaReference, Tag("<formulas>")]
    | Annotated[ExactReference, Tag("<exact>")]
    | Annotated[RefineReference, Tag("<refine>")]
    | Annotated[SolverReference, Tag("<solver>")]
    | Annotated[FileReference, Tag("<file>")],
    Discriminator(
        _reference_kind,
        custom_error_type="kind",
        custom_error_message="must be a formula, or a mapping with one of exact, refine, "
        "solver, file, or with one formula per field",
    ),
]


class SaveEvery(Section):
    """Store a frame every so much time, and at the end."""

    every: Positive = Key(description="time between frames")


def _save_kind(value: Any) -> str:
    if isinstance(value, Mapping | SaveEvery):
        return "<every>"
    return "<times>" if isinstance(value, list | tuple) else "<count>"


Save = Annotated[
    Annotated[int, Key(ge=2, le=MAX_FRAMES), BeforeValidator(whole), Tag("<count>")]
    | Annotated[SaveEvery, Tag("<every>")]
    | Annotated[tuple[Number, ...], Strict(False), Key(min_length=1), Tag("<times>")],
    Discriminator(_save_kind),
]


class TimeSpec(Section):
    """The interval of time and the times that are stored."""

    start: Number = Key(default=0.0, description="first time")
    end: Number = Key(description="last time")
    save: Save = Key(
        default=101, description="number of frames, {every: dt}, or a list of times"
    )

    def frames(self) -> np.ndarray:
        """Return the times of the stored frames, the first and the last time among them.

        >>> TimeSpec(end=1.0, save=SaveEvery(every=0.4)).frames()
        array([0. , 0.4, 0.8, 1. ])
        """
        import numpy as np

        if isinstance(self.save, int):
            return np.linspace(self.start, self.end, self.save)
        if isinstance(self.save, tuple):
            return np.unique([self.start, *self.save, self.end])
        # An end that is a whole number of intervals, up to rounding, is not stored twice.
        count = int(np.ceil((self.end - self.start) / self.save.every * (1 - 1e-9)))
        inner = self.start + self.save.every * np.arange(count)
        return np.append(inner, self.end)


Names = Annotated[tuple[str, ...], Strict(False), BeforeValidator(_listed)]
Formats = Annotated[
    tuple[Literal["hdf5", "netcdf3", "csv", "vtk"], ...],
    Strict(False), Key(min_length=1), BeforeValidator(_listed),
]  # fmt: skip


class OutputSpec(Section):
    """What a run leaves besides the case, the result and the summary."""

    figures: Literal["all", "none"] | Names = Key(
        default="all",
        union_mode="left_to_right",
        description="names of figures, or all, or none",
    )
    movie: bool = Key(
        default=False,
        description="animated GIF of the fields, and an MP4 where ffmpeg is installed",
    )
    format: Formats = Key(
        default=("hdf5",), description="file formats; hdf5 is always written"
    )
    checkpoint_every: Positive = Key(
        default=30.0, description="seconds between checkpoints"
    )


class CheckSpec(NamedSection):
    """A bound on a metric; its parameters stand beside."""

    metric: str | None = Key(
        default=None, description="metric, when the key is only a label"
    )
    below: Number | None = Key(default=None, description="holds when the value is smaller")
    above: Number | None = Key(default=None, description="holds when the value is larger")
    between: Annotated[tuple[Number, Number], Strict(False)] | None = Key(
        default=None, description="holds when the value lies in this interval"
    )
    equals: Number | None = Key(
        default=None, description="holds when the value is within `within`"
    )
    within: Positive | None = Key(
        default=None, description="allowed deviation from `equals`"
    )
    at: Literal["initial", "final", "max", "min", "mean"] | Number | None = Key(
        default=None,
        union_mode="left_to_right",
        description="when: initial, final, max, …, or a time",
    )


class RunSpec(Section):
    """Where and how the numbers are computed; the mathematics does not depend on it."""

    device: Literal["auto", "cpu", "cuda"] = Key(default="auto", description="processor")
    backend: Literal["auto", "fused", "numpy", "torch"] = Key(
        default="auto", description="arrays and loops"
    )
    precision: Literal["double", "single"] = Key(
        default="double", description="floating point"
    )
    fft: Literal["auto", "numpy", "scipy", "pyfftw", "ducc", "torch"] = Key(
        default="auto", description="transform library; auto: lanes in steps, or measured"
    )
    threads: Literal["auto"] | Count = Key(
        default="auto",
        union_mode="left_to_right",
        description="threads of transforms and loops",
    )
    seed: int = Key(default=0, ge=0, description="seed of everything random")
    reproducible: bool = Key(default=False, description="bit-identical on the same machine")
    members: Count = Key(
        default=1, description="number of ensemble members computed together"
    )
