"""Three Strang steps, one of them backward: fourth order, six transforms per step.

References
----------
Yoshida, Phys. Lett. A 150 (1990) 262, eq. (2.12).
"""

from pdekit.stepping._splitting import Splitting, palindrome

W1 = 1.0 / (2.0 - 2.0 ** (1.0 / 3.0))
W0 = 1.0 - 2.0 * W1

integrator = Splitting(
    name="yoshida4",
    order=4,
    outer=palindrome([W1 / 2, (W1 + W0) / 2]),
    inner=palindrome([W1], W0),
    drift_first=False,
    resonance=2.0,
    summary="Yoshida's composition of Strang steps, 6 transforms per step",
    reference="Yoshida, Phys. Lett. A 150 (1990) 262",
)
