"""From an operator to the coefficients that the loops read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.linalg._faces import cell_parts
from pdekit.linalg._kernels_plan import Fields, Lines, Plan
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.linalg.stencil import Stencil


def plan_of(op: Stencil) -> Plan:
    """Return the compiled loops of an operator."""
    return Plan(coefficients_of(op))


def tables_of(op: Stencil) -> Lines | None:
    """Return the factors of the coefficients, or None if they are no products."""
    axes, parts = op.grid.axes, [cell_parts(axis) for axis in op.grid.axes]
    middle = [int(np.argmax(part)) for part in parts]
    faces = []
    for d, a in enumerate(op.faces):
        line = a[
            tuple(
                slice(None) if e == d else min(m, a.shape[e] - 1)
                for e, m in enumerate(middle)
            )
        ]
        others = [p for e, p in enumerate(parts) if e != d]
        if not _is_product(a, d, line, others):
            return None
        faces.append(np.array(line, dtype=float))
    reaction = np.asarray(op.reaction, dtype=float)
    c = float(reaction[tuple(middle)] if reaction.ndim else reaction)
    if c != 0 and not _is_outer(reaction, c, parts):
        return None
    if len(faces[-1]) > 2 and (faces[-1][1:-1] != faces[-1][1]).any():
        return None
    if axes[-1].boundary == "periodic" and (faces[-1] != faces[-1][0]).any():
        return None
    return Lines(axes, tuple(faces), tuple(parts), c)


def _is_product(a: Array, d: int, line: Array, parts: Sequence[Array]) -> bool:
    expected = np.asarray(line).reshape((-1,) + (1,) * (a.ndim - 1 - d))
    others = [e for e in range(a.ndim) if e != d]
    for e, part in zip(others, parts, strict=True):
        if a.shape[e] == 1 and (part == 1).all():
            continue
        if a.shape[e] != len(part):
            return False
        expected = expected * part.reshape((-1,) + (1,) * (a.ndim - 1 - e))
    return bool((a == expected).all())


def _is_outer(a: Array, c: float, parts: Sequence[Array]) -> bool:
    expected: Any = c
    for e, part in enumerate(parts):
        if (part != 1).any():
            expected = expected * part.reshape((-1,) + (1,) * (len(parts) - 1 - e))
    return bool(np.shape(expected) in ((), a.shape) or a.ndim) and bool(
        (a == expected).all()
    )


def coefficients_of(op: Stencil) -> Lines | Fields:
    """Return the coefficients of an operator in the form that the loops read."""
    tables = tables_of(op) if op.mask is None else None
    if tables is not None:
        return tables
    return fields_of(op)


def fields_of(op: Stencil) -> Fields:
    """Return the coefficients of an operator as fields."""
    faces = tuple(op.full_faces(d) for d in range(op.grid.ndim))
    couplings = tuple(op.couplings(d) for d in range(op.grid.ndim))
    return Fields(op.grid.axes, faces, couplings, op.diagonal(), op.reaction)
