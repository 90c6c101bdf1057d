"""Case files: what a run is, written as YAML and read back with every error in place.

>>> from pdekit.case import load_case
>>> case = load_case("nlse/single_soliton", {"domain.x.points": 256})
>>> case.domain["x"].points
256
"""

from pdekit.case.boundary_case import BoundaryCase
from pdekit.case.dataset_case import DatasetCase
from pdekit.case.evaluate_case import EvaluateCase
from pdekit.case.loader import (
    AnyCase,
    Case,
    Loaded,
    case_schema,
    dataset_case,
    load_case,
    problem_of,
    same_case,
    shipped_cases,
    solved_case,
    train_case,
)
from pdekit.case.train_case import TrainCase

__all__ = [
    "AnyCase",
    "BoundaryCase",
    "Case",
    "DatasetCase",
    "EvaluateCase",
    "Loaded",
    "TrainCase",
    "case_schema",
    "dataset_case",
    "load_case",
    "problem_of",
    "same_case",
    "shipped_cases",
    "solved_case",
    "train_case",
]
