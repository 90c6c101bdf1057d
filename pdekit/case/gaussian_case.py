"""How a case asks for a Gaussian process instead of a grid of differences."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field as Key
from pydantic import model_validator

from pdekit.case.types import Count, Positive, Section

BASES = ("auto", "polytrig", "extension", "learned", "mixture", "student")


class GaussianSpec(Section):
    """A Gaussian process that is conditioned on the equation at nodes."""

    name: Literal["gp"] = "gp"
    basis: Literal[BASES] = Key(  # type: ignore[valid-type]
        default="auto",
        description="functions of an axis: polynomials on the bands of the data, waves of "
        "a longer box, eigenvectors of a covariance; auto tries, and says what fits best",
    )
    rtol: Annotated[Positive, Key(lt=1)] = Key(
        default=1e-10,
        description="residual between the nodes, relative to the largest term, that is "
        "good enough",
    )
    time_points: Count | None = Key(
        default=None,
        description="nodes along time (equations in time); as many as along space when "
        "left out",
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class JointSpec(Section):
    """The published joint optimisation of values and hyper-parameters (GP-HM)."""

    name: Literal["gp_hm"] = "gp_hm"
    kernel: Literal["student", "mixture"] = Key(
        default="mixture", description="Student-t or Gaussian mixture for the spectrum"
    )
    components: Count = Key(default=30, description="components of the mixture, Q")
    highest: Positive = Key(
        default=20.0, description="largest initial frequency F, cycles per unit"
    )
    steps: Count = Key(default=2000, description="steps of Adam")
    rate: Positive = Key(default=0.01, description="learning rate of Adam")
    boundary_weight: Positive = Key(
        default=200.0, description="weight λ_b of the data on the faces"
    )
    time_points: Count | None = Key(
        default=None, description="nodes along time (equations in time)"
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
