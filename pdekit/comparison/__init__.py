"""Learned operators beside classical solvers: same samples, same error, same clock.

The rules are those of McGreivy & Hakim, Nature Machine Intelligence 6 (2024) 1256: compare
at equal accuracy or at equal time, with an efficient method for that equation. No torch.
"""
