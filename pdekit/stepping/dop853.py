"""Dormand-Prince 8(5,3) on the whole right-hand side, adaptive; limited by stability.

For comparison: its step is bounded by the largest frequency on the grid whatever the
tolerance, which :mod:`pdekit.stepping.dop853_ip` avoids.

References
----------
Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993), section II.10.
"""

from pdekit.stepping._dormand_prince import DormandPrince

integrator = DormandPrince(
    name="dop853",
    interaction=False,
    summary="adaptive order 8, plain: step limited by stability, for comparison",
    reference="Hairer, Nørsett & Wanner, Solving ODEs I (1993), section II.10",
)
