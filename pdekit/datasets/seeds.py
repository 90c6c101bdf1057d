"""One seed for every sample, whatever is solved together, in whichever process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from pdekit.case.boundary_case import BoundaryCase
from pdekit.case.dataset_case import SPLITS
from pdekit.case.dataset_rules import DRAWN
from pdekit.case.schema import ExactInitial, RandomInitial, StateInitial
from pdekit.case.written import SolvedCase

C = TypeVar("C", bound=SolvedCase)


def sample_seed(seed: int, split: str, number: int) -> int:
    """Return the seed of a sample, that of the child (split, number) of one SeedSequence.

    It does not depend on the number of samples: more of them change none.

    >>> sample_seed(0, "train", 5) == sample_seed(0, "test", 5)
    False
    """
    key = (list(SPLITS).index(split), number)
    child = np.random.SeedSequence(seed, spawn_key=key)
    return int(child.generate_state(1, np.uint64)[0] >> np.uint64(1))


def seeded(problem: C, seed: int) -> C:
    """Return a case that draws everything random from one seed."""
    given: Any = problem
    changes: dict[str, Any] = {"run": given.run.model_copy(update={"seed": seed})}
    start = getattr(problem, "initial", None)
    if isinstance(problem, BoundaryCase):
        params = {k: _drawn_from(seed, v) for k, v in problem.equation.params.items()}
        changes["equation"] = problem.equation.model_copy(update=params)
    elif isinstance(start, RandomInitial):
        law = start.random_field.model_copy(update={"seed": seed})
        changes["initial"] = start.model_copy(update={"random_field": law})
    elif isinstance(start, StateInitial | ExactInitial):
        changes["initial"] = start.model_copy(update={"seed": seed})
    return problem.model_copy(update=changes)


def _drawn_from(seed: int, value: Any) -> Any:
    """Return a parameter with its seed replaced, if it is drawn at random."""
    if not isinstance(value, Mapping):
        return value
    return {k: {**v, "seed": seed} if k in DRAWN else v for k, v in value.items()}
