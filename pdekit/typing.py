"""Names for the arrays that travel through pdekit (NumPy arrays or torch tensors).

Shapes are written in comments and docstrings as ``(batch…, channel, *space)``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A NumPy array or a torch tensor."""
Field: TypeAlias = Any
"""Values on the points of a grid, ``(..., *space)``."""
Spectrum: TypeAlias = Any
"""Transform coefficients of a field, ``(..., *modes)``."""
Shape: TypeAlias = tuple[int, ...]
"""Lengths of the axes of an array."""
