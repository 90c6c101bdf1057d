"""Geometric multigrid for the second-order operator.

References
----------
Trottenberg, Oosterlee & Schüller, Multigrid (2001): cycles 2.4, red-black relaxation 2.1,
full multigrid 2.6, semicoarsening 5.1.  Briggs, Henson & McCormick, A Multigrid Tutorial.
Tatebe, The multigrid preconditioned conjugate gradient method (1993): the symmetric cycle.
"""

from __future__ import annotations

from pdekit.linalg.multigrid._multigrid import Multigrid

__all__ = ["Multigrid"]
