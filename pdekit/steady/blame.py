"""Errors of formulas as errors of the case, at the key they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pdekit.errors import ExpressionError

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase


class Blame:
    """Turns errors of formulas into errors of the case, at the key they belong to."""

    def __init__(self, case: BoundaryCase, path: str) -> None:
        self.case, self.path = case, path

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Say where the formula stands."""
        if isinstance(error, ExpressionError):
            raise self.case.problem(self.path, error.reason) from error
