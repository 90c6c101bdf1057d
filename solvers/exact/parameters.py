"""What an exact solution says when its parameters describe no solution."""

from __future__ import annotations

from pdekit.errors import PdekitError


class ParameterError(PdekitError, ValueError):
    """A parameter of an exact solution or of an initial state is out of its range."""


def require(condition: bool, message: str) -> None:
    """Raise `ParameterError` with the message unless the condition holds."""
    if not condition:
        raise ParameterError(message)
