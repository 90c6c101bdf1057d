"""Dormand-Prince 8(5,3) in the interaction picture, adaptive; the default.

References
----------
Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993), section II.10.
"""

from pdekit.stepping._dormand_prince import DormandPrince

integrator = DormandPrince(
    name="dop853_ip",
    interaction=True,
    summary="adaptive order 8 in the interaction picture, 24 transforms per step",
    reference="Hairer, Nørsett & Wanner, Solving ODEs I (1993), section II.10",
)
