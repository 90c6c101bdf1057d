"""Gaussian processes conditioned on differential equations; knows no equation by name.

A stationary kernel per axis (`pdekit.gp.kernels`) is differentiated exactly: values, fluxes
and residuals of a linear equation are all linear functionals of the same process.
"""
