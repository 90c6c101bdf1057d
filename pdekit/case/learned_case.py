"""How a case of an evolution equation asks for a trained model instead of an integrator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Tag
from pydantic import Field as Key

from pdekit import registry
from pdekit.case.schema import SolverSpec
from pdekit.case.types import Count, Positive, Section


class LearnedSpec(Section):
    """A trained model, as whatever kind of solver."""

    name: str = Key(description="model, as listed by `pdekit list models`")
    weights: str = Key(
        description="file of the trained model (.safetensors), relative to the case file"
    )


def is_model(value: Any) -> bool:
    """Whether a solver section, as written or as read, names a model."""
    name = value.get("name") if isinstance(value, Mapping) else value
    return isinstance(getattr(name, "name", name), str) and (
        getattr(name, "name", name) in registry.models()
    )


def finish_kind(value: Any) -> str:
    """Return which of ``none`` and a solver is meant."""
    return "<none>" if value == "none" else "<solver>"


class FinishSpec(SolverSpec):
    """The classical solver that corrects the frames of a model, slab by slab."""

    tolerance: Positive = Key(
        default=1e-8,
        description="bound of the jumps between the slabs, relative and summed over them",
    )
    max_iterations: Count = Key(
        default=5,
        description="corrections before what is left is solved without the model",
    )


class RolloutSpec(LearnedSpec):
    """A model that steps from frame to frame; ``finish`` corrects it to a tolerance."""

    finish: Annotated[
        Annotated[Literal["none"], Tag("<none>")] | Annotated[FinishSpec, Tag("<solver>")],
        Discriminator(finish_kind),
    ] = Key(
        default="none",
        description="classical solver that corrects the prediction, or none",
    )
    classical: SolverSpec | None = Key(
        default=None,
        description="classical solver that the prediction is held against on a few steps, "
        "and that makes the first frames of a model that takes several (without finish)",
    )
    growth: Positive = Key(
        default=10.0,
        description="how many times the largest r.m.s. seen in training, or at the start, "
        "a predicted field may have",
    )
    abort_tail: Positive | None = Key(
        default=None, le=1, description="stop when the spectral tail grows beyond this"
    )

    @property
    def fine(self) -> SolverSpec:
        """The classical solver: the one that finishes, or the one that judges."""
        if isinstance(self.finish, FinishSpec):
            return self.finish
        return self.classical or SolverSpec()

    @property
    def fine_key(self) -> str:
        """The key of the classical solver in a case."""
        key = "finish" if isinstance(self.finish, FinishSpec) else "classical"
        return f"solver.{key}"


EvolvingSolver = Annotated[
    Annotated[SolverSpec, Tag("<classical>")] | Annotated[RolloutSpec, Tag("<model>")],
    Discriminator(lambda value: "<model>" if is_model(value) else "<classical>"),
]
AnySpec: TypeAlias = SolverSpec | RolloutSpec


def classical_of(spec: AnySpec) -> SolverSpec:
    """Return the classical solver of a case: itself, or the one beside a model."""
    return spec.fine if isinstance(spec, RolloutSpec) else spec
