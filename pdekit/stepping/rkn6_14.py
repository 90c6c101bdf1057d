"""Blanes and Moan's Runge-Kutta-Nyström splitting, sixth order, 28 transforms per step.

The condition on the commutators is that of :mod:`pdekit.stepping.rkn4_6`.

References
----------
Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313, table 3 (SRKN 14, order 6).
"""

from pdekit.stepping._splitting import Splitting, palindrome

A = (
    0.0378593198406116,
    0.102635633102435,
    -0.0258678882665587,
    0.314241403071447,
    -0.130144459517415,
    0.106417700369543,
    -0.00879424312851058,
)
B = (
    0.09171915262446165,
    0.183983170005006,
    -0.05653436583288827,
    0.004914688774712854,
    0.143761127168358,
    0.328567693746804,
)

integrator = Splitting(
    name="rkn6_14",
    order=6,
    outer=palindrome(A, 1.0 - 2.0 * sum(A)),
    inner=palindrome([*B, 0.5 - sum(B)]),
    drift_first=True,
    resonance=8.0,
    summary="Blanes-Moan RKN splitting of order 6, 28 transforms per step",
    reference="Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313",
)
