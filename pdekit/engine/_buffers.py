"""What the transforms of a compiled step work in, and who executes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit import lanes
from pdekit.engine import _fftw
from pdekit.engine._layout import ModeLayout
from pdekit.engine._rhs import RightHandSide
from pdekit.engine._text_names import Lanes
from pdekit.fft.layout import ALIGNMENT, aligned_zeros
from pdekit.typing import Array

SLAB_BYTES = 1 << 19
"""Buffers of a slab: they should stay in the second-level cache beside its tables."""
GROUP_BYTES = 1 << 15
"""Points of a group of members side by side: if they outgrow the first-level cache, a line
after the other is faster (measured: by 3 % at twice as many bytes, 20 % at four times)."""
BUNDLE_BYTES = 3 << 19
"""Columns of a bundle, of all fields: they stay there between the transforms forth and
back."""


def lanes_of(rhs: RightHandSide, layout: ModeLayout, members: int, single: bool) -> Lanes:
    """Say which passes transform in lanes: what is smooth and fills the lanes.

    ``members`` are those that may be advanced side by side.
    """
    width = lanes.lanes(single)
    n0, n1, n2 = layout.points
    rows = {1: members, 2: n0, 3: n1}[layout.ndim]
    smooth = n2 % 2 == 0 and lanes.supports(n2 // 2)
    smooth &= layout.ndim < 3 or lanes.supports(n1)
    groups = width > 0 and rhs.real and smooth and rows >= width and rows % width == 0
    line = layout.ndim == 1 and rhs.real and lanes.supports_line(n2, single=single)
    line &= not groups or width * n2 * (4 if single else 8) > GROUP_BYTES
    groups &= not line
    return Lanes(
        width,
        columns=width > 0 and n0 > 1 and lanes.supports(n0),
        slabs=groups or line,
        members=groups and layout.ndim == 1,
        line=line,
    )


class Buffers:
    """What the transforms of one evaluation work in, for every thread.

    ``hat`` holds, bundle after bundle, the full columns along axis 0 of the kept modes of
    the others; ``rows`` and ``phys`` hold a slab, complete along axes 1 and 2.
    """

    def __init__(
        self,
        rhs: RightHandSide,
        layout: ModeLayout,
        dtype: Any,
        by: Lanes,
        *,
        threads: int,
        copies: int,
    ) -> None:
        self.rhs, self.layout, self.by = rhs, layout, by
        self.dtype = np.dtype(dtype)
        self.single = self.dtype == np.complex64
        self.fields = fields = max(rhs.inputs, rhs.outputs)
        n0, n1, n2 = layout.points
        _, r1, kept = layout.kept
        self.width, bundles = self._bundles(threads if r1 == 1 else 1)
        self.hat = aligned_zeros((copies, r1 * bundles, fields, n0, self.width), self.dtype)
        self.slab, self.row = self._slab(bundles)
        phys = fields * n2 * (by.lines if by.slabs else self.slab * n1)
        modes = fields * self.slab * n1 * self.row
        self.rows = _per_thread(threads, modes, self.dtype)
        real = np.dtype(self.dtype.char.lower())
        self.phys = _per_thread(threads, phys, real) if rhs.real else self.rows
        low, gap = layout.low, layout.gap
        axes = (n0, n1, n2, low[0], gap[0], low[1], gap[1], kept)
        self.dims = (*axes, self.slab, self.width, bundles, self.row)

    def _bundles(self, parts: int) -> tuple[int, int]:
        """Return columns per bundle and bundles per row, for so many threads at least."""
        kept = self.layout.kept[2]
        if self.by.line:  # whole registers, and one more for `lanes.line_back` to read
            return (-(-kept // self.by.width) + 1) * self.by.width, 1
        if not self.by.columns and not self.by.slabs:
            width = -(-kept // parts // 4) * 4  # whole lines of the cache, and wide
            return width, -(-kept // width)
        groups = -(-kept // self.by.width)
        n0, unit = self.layout.points[0], self.by.width * self.dtype.itemsize
        most = max(1, BUNDLE_BYTES // (max(self.fields, 1) * n0 * unit))
        each = -(-groups // max(parts, -(-groups // most)))
        return each * self.by.width, -(-groups // each)

    def _slab(self, bundles: int) -> tuple[int, int]:
        """Return axis-0 points per slab and the length of a row of modes."""
        n0, n1, n2 = self.layout.points
        if self.by.slabs:
            in_planes = self.layout.ndim == 3
            return (1, bundles * self.width) if in_planes else (self.by.lines, 0)
        modes = self.layout.modes[2]
        row = n1 * (modes + n2 // 2) * self.dtype.itemsize * max(self.fields, 1)
        slab = _divisor(n0, max(1, SLAB_BYTES // row))
        # rows whose length is a multiple of 4 begin where vector instructions like them to
        return slab, -(-modes // 4) * 4 if self.rhs.real else modes

    @property
    def slabs(self) -> int:
        """Number of slabs."""
        return self.layout.points[0] // self.slab

    @property
    def bundles(self) -> int:
        """Number of bundles of columns."""
        return int(self.hat.shape[1])

    def plans(self, *, reproducible: bool) -> Array:
        """Return function and plan of axis 0 (back, forth), of axis 1 and of axis 2.

        Where lines are transformed in lanes, the loops say how many groups there are in
        the place of a plan.
        """
        self.planner = _fftw.Planner(single=self.single, reproducible=reproducible)
        found = [self._along_0(s) for s in (_fftw.INVERSE, _fftw.FORWARD)]
        found += [self._along_1(s) for s in (_fftw.INVERSE, _fftw.FORWARD)]
        found += self._lines() if self.by.slabs else self._rows()
        for buffer in (self.hat, self.rows, self.phys):
            buffer.fill(0)  # planning has left something in them
        return np.array(found, np.uint64)

    def _along_0(self, sign: int) -> tuple[int, int]:
        n0, low, gap = self.layout.points[0], self.layout.low[0], self.layout.gap[0]
        if n0 == 1 or self.by.members:
            return 0, 0
        if self.by.columns:
            function = lanes.columns(
                n0, self.width, sign, low=low, gap=gap, single=self.single
            )
            return function.address, 0
        place = self.hat[0, 0, 0]
        plan = self.planner.complex(place, n0, self.width, self.width, 1, sign)
        return _fftw.execute("dft", single=self.single), plan

    def _along_1(self, sign: int) -> tuple[int, int]:
        n1, low, gap = self.layout.points[1], self.layout.low[1], self.layout.gap[1]
        if n1 == 1:
            return 0, 0
        if self.by.slabs:
            function = lanes.columns(
                n1, self.row, sign, low=low, gap=gap, single=self.single
            )
            return function.address, 0
        kept, spectra = self.layout.kept[2], self.rows[0]
        aligned = self.row % 2 == 0 or not self.single
        plan = self.planner.complex(spectra, n1, kept, self.row, 1, sign, aligned=aligned)
        return _fftw.execute("dft", single=self.single), plan

    def _lines(self) -> list[tuple[int, int]]:
        """Along axis 2 in lanes: from the columns themselves where there is no axis 1."""
        n2, kept = self.layout.points[2], self.layout.kept[2]
        scale = 1.0 / self.rhs.grid.size
        if self.by.line:
            back = lanes.line_back(n2, kept, single=self.single)
            forth = lanes.line_forth(n2, kept, scale, single=self.single)
            return [(back.address, 0), (forth.address, 0)]
        if self.layout.ndim < 3:
            stride, part, apart = self.width, self.width, self.hat[0, 0].size
        else:
            stride = part = apart = self.row
        how: dict[str, Any] = {"part": part, "apart": apart, "single": self.single}
        back = lanes.rows_back(n2, kept, stride, **how)
        forth = lanes.rows_forth(n2, kept, stride, scale, **how)
        return [(back.address, 0), (forth.address, 0)]

    def _rows(self) -> list[tuple[int, int]]:
        """Along axis 2 by FFTW, all rows of a slab in one call."""
        n1, n2 = self.layout.points[1:]
        ins, outs, rows = self.rhs.inputs, self.rhs.outputs, self.slab * n1
        spectra, phys, single = self.rows[0], self.phys[0], self.single
        if self.rhs.real:
            back = self.planner.inverse(spectra, phys, n2, ins * rows, self.row)
            forth = self.planner.forward(phys, spectra, n2, outs * rows, self.row)
            return [
                (_fftw.execute("dft_c2r", single=single), back),
                (_fftw.execute("dft_r2c", single=single), forth),
            ]
        function = _fftw.execute("dft", single=single)
        signs = zip((ins, outs), (_fftw.INVERSE, _fftw.FORWARD), strict=True)
        return [
            (function, self.planner.complex(spectra, n2, count * rows, 1, n2, sign))
            for count, sign in signs
        ]

    def coefficient(self, c: Any) -> Any:
        """Return a coefficient field point by point, in the order of the slabs."""
        if np.ndim(c) == 0 or not self.by.slabs:
            return c.reshape(-1) if np.ndim(c) else c
        if self.by.line:
            return lanes.line_order(c, single=self.single)
        if self.by.members:  # all of them have the same
            return np.repeat(c.reshape(-1), self.by.width)
        groups = c.reshape(-1, self.by.width, self.layout.points[2])
        return np.ascontiguousarray(groups.swapaxes(1, 2)).reshape(-1)


def _divisor(n: int, most: int) -> int:
    """Return the largest divisor of ``n`` that is not larger than ``most``."""
    return next(d for d in range(min(n, most), 0, -1) if n % d == 0)


def _per_thread(threads: int, size: int, dtype: np.dtype[Any]) -> Array:
    """Return zeros ``(threads, size or a little more)``, every row of them aligned."""
    per_line = ALIGNMENT // dtype.itemsize
    return aligned_zeros((threads, -(-size // per_line) * per_line), dtype)
