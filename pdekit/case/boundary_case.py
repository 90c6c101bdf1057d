"""The sections of a case file of a boundary-value problem that other cases do not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Tag,
    model_validator,
)
from pydantic import Field as Key

from pdekit.case.gaussian_case import GaussianSpec, JointSpec
from pdekit.case.learned_case import LearnedSpec, finish_kind, is_model
from pdekit.case.observation_case import ObservationSpec
from pdekit.case.schema import (
    CheckSpec,
    ExactInitial,
    FileInitial,
    FileReference,
    FormulaReference,
    OutputSpec,
    RandomInitial,
    RefineReference,
    RunSpec,
    TimeSpec,
    _reference_kind,
)
from pdekit.case.types import AxisPoints, Count, FormulaText, Interval, Positive, Section
from pdekit.case.written import SolvedCase

BOUNDARIES = (
    "dirichlet", "neumann", "periodic", "dirichlet_neumann", "neumann_dirichlet",
    "dirichlet_open", "open_dirichlet", "open",
)  # fmt: skip
METHODS = ("auto", "cg", "flexible_cg", "minres", "bicgstab", "fgmres", "safe_fcg")
PRECONDITIONERS = (
    "auto", "none", "jacobi", "ssor", "ic", "mic", "multigrid", "direct", "amg",
    "amg_classical",
)  # fmt: skip


class BoundedAxis(Section):
    """One axis of the box, and what holds at its two ends."""

    interval: Interval = Key(description="lower and upper end, where the walls are")
    points: AxisPoints = Key(description="number of unknowns along the axis")
    boundary: Literal[BOUNDARIES] = Key(  # type: ignore[valid-type]
        default="dirichlet",
        description="what is given at both, or at each, of the ends; nothing where open "
        "(gp, whose points are on the ends then)",
    )
    centring: Literal["vertex", "cell"] = Key(
        default="vertex", description="points on the ends of cells or in their middle"
    )


class WallData(Section):
    """Data on the two walls across an axis, formulas of the other coordinates."""

    lower: FormulaText | None = Key(
        default=None,
        description="u on a Dirichlet wall, the flux k ∂u/∂n into the box on a Neumann "
        "wall; 0 when left out",
    )
    upper: FormulaText | None = Key(default=None, description="the same at the upper end")


class LinearSolverSpec(Section):
    """How the linear systems are solved, and how time is stepped if there is any."""

    name: Literal["auto", "direct", "multigrid", "krylov", "spectral"] = Key(
        default="auto",
        description="solver, as listed by `pdekit list solvers`; auto chooses and says why",
    )
    method: Literal[METHODS] | None = Key(  # type: ignore[valid-type]
        default=None, description="Krylov method (krylov)"
    )
    preconditioner: Literal[PRECONDITIONERS] | None = Key(  # type: ignore[valid-type]
        default=None, description="approximate inverse (krylov)"
    )
    rtol: Annotated[Positive, Key(lt=1)] = Key(
        default=1e-10, description="bound of the true relative residual ‖b − A x‖₂/‖b‖₂"
    )
    maxiter: Count | None = Key(
        default=None, description="most iterations or cycles before it is given up"
    )
    order: Literal[2, 4] | None = Key(
        default=None,
        description="order of the finite differences; 4, compact, with constant "
        "coefficients (direct)",
    )
    cycle: Literal["V", "W", "F"] | None = Key(
        default=None, description="kind of cycle (multigrid, also as a preconditioner)"
    )
    smoother: str | None = Key(
        default=None, description="smoother of the cycles; auto is by the anisotropy"
    )
    project: bool = Key(
        default=False,
        description="of a singular problem without a solution, take the mean off the data",
    )
    integrator: Literal["backward_euler", "crank_nicolson", "sdirk2", "tr_bdf2"] | None = (
        Key(default=None, description="time stepping (equations in time; default tr_bdf2)")
    )
    step: Positive | None = Key(default=None, description="time step")
    steps: Count | None = Key(default=None, description="steps over the whole interval")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class PredictionSpec(LearnedSpec):
    """A model that predicts the solution; ``finish`` takes it to the tolerance."""

    finish: Annotated[
        Annotated[Literal["none"], Tag("<none>")]
        | Annotated[LinearSolverSpec, Tag("<solver>")],
        Discriminator(finish_kind),
    ] = Key(
        default="none",
        description="classical solver that begins with the prediction, or none",
    )
    compare: bool = Key(
        default=False,
        description="solve without the prediction too, to see what it saves (with finish)",
    )

    @property
    def classical(self) -> LinearSolverSpec:
        """The classical solver, whether it is used or not."""
        if isinstance(self.finish, LinearSolverSpec):
            return self.finish
        return LinearSolverSpec(name="krylov", method="auto", preconditioner="none")


def _solver_kind(value: Any) -> str:
    """Which solver is meant: the name says it."""
    name = value.get("name") if isinstance(value, Mapping) else value
    name = getattr(name, "name", name)
    return f"<{name}>" if name in ("gp", "gp_hm") else "<linear>"


AnySolver = Annotated[
    Annotated[LinearSolverSpec, Tag("<linear>")]
    | Annotated[GaussianSpec, Tag("<gp>")]
    | Annotated[JointSpec, Tag("<gp_hm>")],
    Discriminator(_solver_kind),
]
SteadySolver = Annotated[
    Annotated[LinearSolverSpec, Tag("<linear>")]
    | Annotated[GaussianSpec, Tag("<gp>")]
    | Annotated[JointSpec, Tag("<gp_hm>")]
    | Annotated[PredictionSpec, Tag("<model>")],
    Discriminator(lambda value: "<model>" if is_model(value) else _solver_kind(value)),
]


class ExactBoundaryReference(Section):
    """Compare with an exact solution of the equation."""

    exact: str = Key(description="name of an exact solution")


class LinearSolverReference(Section):
    """Compare with another solver on the same grid."""

    solver: AnySolver


BoundaryReference = Annotated[
    Annotated[FormulaText, Tag("<formula>")]
    | Annotated[FormulaReference, Tag("<formulas>")]
    | Annotated[ExactBoundaryReference, Tag("<exact>")]
    | Annotated[RefineReference, Tag("<refine>")]
    | Annotated[LinearSolverReference, Tag("<solver>")]
    | Annotated[FileReference, Tag("<file>")],
    Discriminator(
        _reference_kind,
        custom_error_type="kind",
        custom_error_message="must be a formula, or a mapping with one of exact, refine, "
        "solver, file",
    ),
]


def _start_kind(value: Any) -> str | None:
    for key, kind in (("exact", ExactInitial), ("random_field", RandomInitial),
                      ("file", FileInitial)):  # fmt: skip
        if isinstance(value, kind) or (isinstance(value, Mapping) and key in value):
            return f"<{key}>"
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return "<formula>" if plain else None


Start = Annotated[
    Annotated[FormulaText, Tag("<formula>")]
    | Annotated[ExactInitial, Tag("<exact>")]
    | Annotated[RandomInitial, Tag("<random_field>")]
    | Annotated[FileInitial, Tag("<file>")],
    Discriminator(
        _start_kind,
        custom_error_type="kind",
        custom_error_message="must be a formula, or a mapping with one of exact, "
        "random_field, file",
    ),
]


class BoundaryCase(SolvedCase):
    """What one run of a boundary-value problem is, in time or steady.

    Made by `load_case`, which checks everything and fills in every default.
    """

    domain: dict[str, BoundedAxis] = Key(
        description="the box: one entry for each axis x, y, z"
    )
    mask: FormulaText | None = Key(
        default=None,
        description="formula that is > 0 inside the domain, if it is not the whole box; "
        "u = 0 outside",
    )
    source: FormulaText | None = Key(
        default=None,
        description="the right-hand side f; the same as equation.source; unknown where it "
        "is to be found from observations",
    )
    boundary: dict[str, WallData] = Key(
        default={}, description="data on the walls, by axis; zero where left out"
    )
    manufactured: FormulaText | None = Key(
        default=None,
        description="a solution: source, data on the walls, start and reference follow",
    )
    observations: ObservationSpec | None = Key(
        default=None, description="values of u at scattered points (gp)"
    )
    initial: Start | None = Key(
        default=None, description="the initial state (equations in time)"
    )
    time: TimeSpec | None = Key(
        default=None, description="interval and stored frames (equations in time)"
    )
    solver: SteadySolver = Key(default=LinearSolverSpec(), description="how to solve")
    reference: BoundaryReference | None = Key(
        default=None, description="what to compare with"
    )
    outputs: OutputSpec = Key(
        default_factory=OutputSpec, description="what to leave behind"
    )
    checks: dict[str, CheckSpec] = Key(default={}, description="bounds on metrics")
    run: RunSpec = Key(default=RunSpec(), description="where and how to compute")
