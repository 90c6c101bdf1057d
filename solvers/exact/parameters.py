"""What exact solutions say about their parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from pdekit.errors import PdekitError
from pdekit.typing import Field


class ParameterError(PdekitError, ValueError):
    """A parameter of an exact solution or of an initial state is out of its range."""


def require(condition: bool, message: str) -> None:
    """Raise `ParameterError` with the message unless the condition holds."""
    if not condition:
        raise ParameterError(message)


def supplied(*names: str) -> Callable[[Callable[..., Field]], Callable[..., Field]]:
    """Hide parameters from case files: the equation passes them on from its own."""

    def hide(function: Callable[..., Field]) -> Callable[..., Field]:
        signature = inspect.signature(function)
        kept = [p for name, p in signature.parameters.items() if name not in names]
        function.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return function

    return hide
