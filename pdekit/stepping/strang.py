"""Strang splitting: second order, two transforms per step.

References
----------
Strang, SIAM J. Numer. Anal. 5 (1968) 506.
"""

from pdekit.stepping._splitting import Splitting

integrator = Splitting(
    name="strang",
    order=2,
    outer=(0.5, 0.5),
    inner=(1.0,),
    drift_first=False,
    resonance=2.0,
    summary="Strang splitting, 2 transforms per step",
    reference="Strang, SIAM J. Numer. Anal. 5 (1968) 506",
)
