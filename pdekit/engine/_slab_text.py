"""Text of the pass over slabs: transforms back, products, transforms forward."""

from __future__ import annotations

from pdekit.engine._rhs import RightHandSide, parameters
from pdekit.engine._text_names import SIZES, Lanes, Names


class SlabText:
    """Writes everything between the spectra before and after the products."""

    def __init__(self, rhs: RightHandSide, names: Names, lanes: Lanes) -> None:
        self.rhs, self.names, self.lanes = rhs, names, lanes
        self.product = rhs.terms.product

    def __str__(self) -> str:
        if not self.lanes.slabs:
            body = self._slabs_of_rows()
        elif self.rhs.grid.ndim < 3:
            body = self._slabs_of_lines()
        else:
            body = self._slabs_of_planes()
        arguments = ["first", "last", "dims", "plans", "scale", "hat", "rows", "phys"]
        return f"""
@step
def slabs({", ".join([*arguments, *self.names.physical])}):
    {", ".join(SIZES)} = dims
    R1 = hat.shape[0] // B
{body}

"""

    @property
    def _views(self) -> str:
        """Points of every field of a slab, or of a group of lines."""
        fields = range(max(self.rhs.inputs, self.rhs.outputs))
        return "; ".join(f"q{i} = phys[{i} * size : {i + 1} * size]" for i in fields)

    @property
    def _products(self) -> str:
        """Products of a point, ``p`` of those in the views."""
        rest = []
        for name in parameters(self.product)[self.rhs.inputs :]:
            if name in self.names.coefficients:
                is_field = self.names.coefficients[name]
                rest.append(f"f_{name}[base + p]" if is_field else f"f_{name}")
            else:
                rest.append(f"c_{name}")
        call = ", ".join([*(f"q{i}[p]" for i in range(self.rhs.inputs)), *rest])
        targets = ", ".join(f"q{i}[p]" for i in range(self.rhs.outputs))
        return f"{targets} = product({call})"

    def _slabs_of_rows(self) -> str:
        """Rows by FFTW, padded to their full length."""
        ins, outs = self.rhs.inputs, self.rhs.outputs
        back, forth = "rows.ctypes.data", "phys.ctypes.data" if self.rhs.real else ""
        forth = forth or back
        return f"""
    size = S * N1 * N2
    {self._views}
    spectra = rows[: {max(ins, outs)} * S * N1 * H].reshape(({max(ins, outs)}, S, N1, H))
    for slab in range(first, last):
        base = slab * size
        for i in range({ins}):
            for s in range(S):
                for r1 in range(R1):
                    f1 = r1 + gap1 if r1 >= low1 else r1
                    row = spectra[i, s, f1]
                    for b in range(B):
                        kept = hat[r1 * B + b, i, slab * S + s]
                        part = row[b * W : min(b * W + W, M)]
                        for j in range(part.shape[0]):
                            part[j] = kept[j]
                    for j in range(M, row.shape[0]):
                        row[j] = 0.0
                for f1 in range(low1, low1 + gap1):
                    row = spectra[i, s, f1]
                    for j in range(row.shape[0]):
                        row[j] = 0.0
                if N1 > 1:
                    place = spectra[i, s].ctypes.data
                    transform(plans[2, 0], plans[2, 1], place, place)
        transform(plans[4, 0], plans[4, 1], {back}, {forth})
        for p in range(size):
            {self._products}
        transform(plans[5, 0], plans[5, 1], {forth}, {back})
        for i in range({outs}):
            for s in range(S):
                if N1 > 1:
                    place = spectra[i, s].ctypes.data
                    transform(plans[3, 0], plans[3, 1], place, place)
                for r1 in range(R1):
                    f1 = r1 + gap1 if r1 >= low1 else r1
                    row = spectra[i, s, f1]
                    for b in range(B):
                        kept = hat[r1 * B + b, i, slab * S + s]
                        part = row[b * W : min(b * W + W, M)]
                        for j in range(part.shape[0]):
                            kept[j] = scale * part[j]
"""

    def _slabs_of_lines(self) -> str:
        """Take a group of lines at a time, from the columns' rows and back to them."""
        width = self.lanes.lines
        return f"""
    size = {width} * N2
    {self._views}
    for slab in range(first, last):
        base = slab * size
        for i in range({self.rhs.inputs}):
            place = hat[0, i, slab * {width}].ctypes.data
            transform(plans[4, 0], 1, place, phys[i * size :].ctypes.data)
        for p in range(size):
            {self._products}
        for i in range({self.rhs.outputs}):
            place = hat[0, i, slab * {width}].ctypes.data
            transform(plans[5, 0], 1, phys[i * size :].ctypes.data, place)
"""

    def _slabs_of_planes(self) -> str:
        """Take a plane at a time: along axis 1, then its groups of lines, and back."""
        width, ins, outs = self.lanes.width, self.rhs.inputs, self.rhs.outputs
        move = """for r1 in range(R1):
                f1 = r1 + gap1 if r1 >= low1 else r1
                for b in range(B):
                    kept = hat[r1 * B + b, i, plane]
                    row = plane_hat[f1, b * W : (b + 1) * W]
                    for j in range(W):
                        """
        return f"""
    size, groups = {width} * N2, N1 // {width}
    columns = (M + {width - 1}) // {width}
    {self._views}
    spectra = rows[: {max(ins, outs)} * N1 * H].reshape(({max(ins, outs)}, N1, H))
    for plane in range(first, last):
        for i in range({ins}):
            plane_hat = spectra[i]
            {move}row[j] = kept[j]
            place = plane_hat.ctypes.data
            transform(plans[2, 0], columns, place, place)
        for group in range(groups):
            base = (plane * groups + group) * size
            for i in range({ins}):
                place = spectra[i, group * {width}].ctypes.data
                transform(plans[4, 0], 1, place, phys[i * size :].ctypes.data)
            for p in range(size):
                {self._products}
            for i in range({outs}):
                place = spectra[i, group * {width}].ctypes.data
                transform(plans[5, 0], 1, phys[i * size :].ctypes.data, place)
        for i in range({outs}):
            plane_hat = spectra[i]
            place = plane_hat.ctypes.data
            transform(plans[3, 0], columns, place, place)
            {move}kept[j] = row[j]
"""
