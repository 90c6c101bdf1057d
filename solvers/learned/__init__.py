"""Learned solvers: what imports torch and knows a model by name, one model a file."""
