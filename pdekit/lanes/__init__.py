"""Fourier transforms of many lines at once, one line in each lane of a vector register.

A library transforms a line as fast as it can; a step of a spectral method has hundreds of
neighbouring lines.  Here every instruction works on as many of them as a register has
lanes, so that there is nothing to shuffle inside a transform, and what surrounds it is
fused into its first and last pass: modes that dealiasing leaves out are neither read nor
computed, factors are multiplied in, and real lines leave and enter in the layout that
suits the transforms, ``[group][point][lane]``.

The code is generated for a length, compiled once and kept in the user's cache; the choice
depends on nothing but the machine, so that a result does not depend on a measurement.
Wherever :func:`supports` says no, FFTW takes over.

References
----------
Van Loan, Computational Frameworks for the Fast Fourier Transform (SIAM, 1992), sections
1.5 (mixed radix), 1.7 (several lines) and 4.4 (real lines).
"""

from __future__ import annotations

from pdekit.lanes._columns import columns, compact_columns
from pdekit.lanes._line import line_back, line_forth, line_order, supports_line
from pdekit.lanes._machine import Transform, lanes
from pdekit.lanes._passes import supports
from pdekit.lanes._rows import rows_back, rows_forth

__all__ = [
    "Transform",
    "columns",
    "compact_columns",
    "lanes",
    "line_back",
    "line_forth",
    "line_order",
    "rows_back",
    "rows_forth",
    "supports",
    "supports_line",
]
