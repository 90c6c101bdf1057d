"""Exact solutions, one file per equation; each has its own residual test."""
