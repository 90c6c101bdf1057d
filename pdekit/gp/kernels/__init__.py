"""Stationary covariance kernels of one axis with exact derivatives, one kernel per file."""

from pdekit.gp.kernels.gaussian_mixture import GaussianMixture
from pdekit.gp.kernels.kernel import AbstractKernel, AbstractMixture, Product, Sum
from pdekit.gp.kernels.matern import Matern
from pdekit.gp.kernels.periodic import Periodic
from pdekit.gp.kernels.squared_exponential import SquaredExponential
from pdekit.gp.kernels.student_mixture import StudentMixture

__all__ = [
    "AbstractKernel",
    "AbstractMixture",
    "GaussianMixture",
    "Matern",
    "Periodic",
    "Product",
    "SquaredExponential",
    "StudentMixture",
    "Sum",
]
