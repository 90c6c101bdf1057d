"""Boundary-value problems from a case to a result: posed, solved, compared, summed up."""
