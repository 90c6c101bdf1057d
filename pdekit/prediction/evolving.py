"""An equation in time whose frames come from a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pdekit.case.learned_case import FinishSpec, RolloutSpec
from pdekit.prediction.model import Model
from pdekit.prediction.parareal import Parareal
from pdekit.prediction.rollout import Rollout

if TYPE_CHECKING:
    from pdekit.evolution import Evolution

Guided: TypeAlias = Rollout | Parareal
"""A stepper whose frames come from a model."""


def guided(evolution: Evolution, spec: RolloutSpec) -> Guided:
    """Return the stepper that a case asks for instead of the classical one.

    Raises
    ------
    CaseError
        If the weights cannot be used.
    """
    model = Model(evolution, spec)
    if isinstance(spec.finish, FinishSpec):
        return Parareal(model, spec.finish)
    return Rollout(model)
