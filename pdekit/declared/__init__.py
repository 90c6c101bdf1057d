"""Equations that a case file declares by their formulas, without a class.

The formulas are read by the parser of :mod:`pdekit.expressions`, taken apart into linear
operators and products, and written again as the functions that the engines inline.  Text
of a file is never executed.

>>> from pdekit.declared import Declared
>>> burgers = Declared(
...     fields=["u"],
...     linear={"u": "nu*dxx(u)"},
...     nonlinear={"u": "-u*dx(u)"},
...     parameters={"nu": 0.1},
... )
>>> from pdekit import Grid
>>> plan = burgers.plan(Grid.periodic(64, (0.0, 1.0)))
>>> plan.inputs, plan.outputs
(1, 1)
"""

from __future__ import annotations

from pdekit.declared._check import problems
from pdekit.declared._definition import NAME, DeclaredParams
from pdekit.declared._equation import Declared, posed

__all__ = ["NAME", "Declared", "DeclaredParams", "posed", "problems"]
