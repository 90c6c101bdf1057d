"""Formulas in case files: compiled to a whitelisted tree, never executed as Python.

>>> from pdekit.expressions import compile_expression
>>> formula = compile_expression("2*sech(2*(x + 10))*exp(2j*x)", ["x"])
>>> abs(formula(x=-10.0)).item()
2.0
"""

from __future__ import annotations

from pdekit.expressions._expression import Expression, compile_expression, evaluate_on
from pdekit.expressions._functions import CONSTANTS, FUNCTIONS

__all__ = ["CONSTANTS", "FUNCTIONS", "Expression", "compile_expression", "evaluate_on"]
