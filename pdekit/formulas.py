"""The words that the formulas of an equation may use beside operators.

The compiled engine inlines the text of a formula into its loops and gives these names
their scalar meaning there; elsewhere they act on whole NumPy arrays and torch tensors.
"""

from __future__ import annotations

from typing import Any

from pdekit.arrays import namespace


def i_times(z: Any) -> Any:
    """Return  i z,  in compiled loops without a multiplication."""
    return 1j * z


def sin(x: Any) -> Any:
    """Return the sine."""
    return namespace(x).sin(x)


def cos(x: Any) -> Any:
    """Return the cosine."""
    return namespace(x).cos(x)


def exp(x: Any) -> Any:
    """Return the exponential."""
    return namespace(x).exp(x)


def sqrt(x: Any) -> Any:
    """Return the square root."""
    return namespace(x).sqrt(x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return namespace(x).tanh(x)


def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine."""
    return namespace(x).cosh(x)


def maximum(x: Any, y: Any) -> Any:
    """Return the larger of two real values, of which the first is an array."""
    return (x + y + abs(x - y)) / 2
