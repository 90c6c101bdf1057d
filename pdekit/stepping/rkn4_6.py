"""Blanes and Moan's Runge-Kutta-Nyström splitting, fourth order, 12 transforms per step.

Schemes of this family ask that  [B, [B, [B, A]]] = 0,  which holds when N depends on the
density alone: its commutator with the kinetic energy is linear in the velocity, the next
one depends on the density only, and the third vanishes.

References
----------
Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313, table 3 (SRKN 6, order 4).
"""

from pdekit.stepping._splitting import Splitting, palindrome

B = (0.0829844064174052, 0.396309801498368, -0.0390563049223486)
A = (0.245298957184271, 0.604872665711080)

integrator = Splitting(
    name="rkn4_6",
    order=4,
    outer=palindrome(B, 1.0 - 2.0 * sum(B)),
    inner=palindrome([*A, 0.5 - sum(A)]),
    drift_first=False,
    resonance=4.0,
    summary="Blanes-Moan RKN splitting of order 4, 12 transforms per step",
    reference="Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313",
)
