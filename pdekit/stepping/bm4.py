"""Blanes and Moan's S6: fourth order, 12 transforms per step, small error constant.

References
----------
Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313, table 2 (method S6, order 4).
"""

from pdekit.stepping._splitting import Splitting, palindrome

A = (0.0792036964311957, 0.353172906049774, -0.0420650803577195)
B = (0.209515106613362, -0.143851773179818)

integrator = Splitting(
    name="bm4",
    order=4,
    outer=palindrome(A, 1.0 - 2.0 * sum(A)),
    inner=palindrome([*B, 0.5 - sum(B)]),
    drift_first=True,
    resonance=4.0,
    summary="Blanes-Moan S6 splitting, 12 transforms per step",
    reference="Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313",
)
