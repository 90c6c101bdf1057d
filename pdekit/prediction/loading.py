"""The trained model of a case, loaded; torch is, too."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from pdekit.errors import PdekitError
from pdekit.files.weights import WeightsError
from pdekit.grid import Grid
from pdekit.prediction.told import Told, unplaced

if TYPE_CHECKING:
    from pdekit.case import Case
    from pdekit.case.boundary_case import BoundaryCase
    from pdekit.case.learned_case import LearnedSpec

_PREDICTION = "pdekit.solvers.learned.prediction"


def loaded(
    case: Case | BoundaryCase, spec: LearnedSpec, fields: Sequence[str], grid: Grid
) -> tuple[Told, Any]:
    """Return what a file of weights tells, and its ``Predictor`` on a grid.

    Raises
    ------
    CaseError
        If the weights cannot be used.
    """
    path = case.file("solver.weights", spec.weights)
    try:
        told = Told.of(path)
        make = import_module(_PREDICTION).Predictor
        return told, make(path, fields, grid, case.run.device)
    except WeightsError as error:
        why = shorten(unplaced(error, path), 160, placeholder=" …")
        raise case.problem("solver.weights", why) from error
    except PdekitError as error:
        raise case.problem("run.device", str(error)) from error


def called(case: Case | BoundaryCase, predict: Any, values: Any) -> Any:
    """Call a model for the first time; blame its file if it does not take the grid.

    Raises
    ------
    CaseError
        With what the model says.
    """
    try:
        return predict(values)
    except (PdekitError, ValueError, RuntimeError) as error:
        message = f"its model does not take this grid: {error}"
        raise case.problem("solver.weights", message) from error
