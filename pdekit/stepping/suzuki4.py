"""Five Strang steps, one of them backward: fourth order, ten transforms per step.

References
----------
Suzuki, Phys. Lett. A 146 (1990) 319.
"""

from pdekit.stepping._splitting import Splitting, palindrome

P = 1.0 / (4.0 - 4.0 ** (1.0 / 3.0))
Q = 1.0 - 4.0 * P

integrator = Splitting(
    name="suzuki4",
    order=4,
    outer=palindrome([P / 2, P, (P + Q) / 2]),
    inner=palindrome([P, P], Q),
    drift_first=False,
    resonance=2.0,
    summary="Suzuki's composition of Strang steps, 10 transforms per step",
    reference="Suzuki, Phys. Lett. A 146 (1990) 319",
)
