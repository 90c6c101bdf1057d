"""Gaussian processes that satisfy differential equations, on products of axes."""
