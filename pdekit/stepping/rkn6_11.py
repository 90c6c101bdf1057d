"""Blanes and Moan's Runge-Kutta-Nyström splitting, sixth order, 22 transforms per step.

The condition on the commutators is that of :mod:`pdekit.stepping.rkn4_6`.

References
----------
Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313, table 3 (SRKN 11, order 6).
"""

from pdekit.stepping._splitting import Splitting, palindrome

B = (
    0.0414649985182624,
    0.198128671918067,
    -0.0400061921041533,
    0.0752539843015807,
    -0.0115113874206879,
)
A = (
    0.123229775946271,
    0.290553797799558,
    -0.127049212625417,
    -0.246331761062075,
    0.357208872795928,
)

integrator = Splitting(
    name="rkn6_11",
    order=6,
    outer=palindrome([*B, 0.5 - sum(B)]),
    inner=palindrome(A, 1.0 - 2.0 * sum(A)),
    drift_first=False,
    resonance=8.0,
    summary="Blanes-Moan RKN splitting of order 6, 22 transforms per step",
    reference="Blanes & Moan, J. Comput. Appl. Math. 142 (2002) 313",
)
