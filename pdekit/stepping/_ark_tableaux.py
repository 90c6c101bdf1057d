"""Additive Runge-Kutta pairs: exact tableaux, and their numbers by name.

The linear part is advanced by a singly diagonal implicit scheme with an explicit first
stage (γ on the diagonal), the rest by an explicit one; both have the same nodes and the
same weights b, and the implicit one is stiffly accurate: b is its last row.

References
----------
Kennedy & Carpenter, Appl. Numer. Math. 44 (2003) 139, appendix C. The published rationals
of the third-order pair and of the explicit part of the fourth-order one are roundings to
25 digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class Tableau:
    """One pair; rows of ``implicit`` end on the diagonal, those of ``explicit`` before it.

    Attributes
    ----------
    embedded
        Weights of the solution of lower order.
    """

    explicit: tuple[Row, ...]
    implicit: tuple[Row, ...]
    embedded: Row
    nodes: Row

    @property
    def weights(self) -> Row:
        """Weights b: the last implicit row."""
        return self.implicit[-1]

    def numbers(self) -> dict[str, float]:
        """Return what the formulas of the stages take, by name, counted from 1.

        ``e32`` and ``i32`` are entries of the explicit and of the implicit tableau, ``b4``
        the last weight, ``s2`` what the new state takes of slope 2 beside the last
        argument, ``g2`` what the estimate of the error does.
        """
        last = len(self.weights)
        found = {f"b{last}": self.weights[-1]}
        for kind, rows in (("e", self.explicit), ("i", self.implicit)):
            for i, row in enumerate(rows, start=1):
                found |= {f"{kind}{i}{j}": a for j, a in enumerate(row, start=1)}
        pairs = zip(self.weights, self.explicit[-1], strict=False)
        found |= {f"s{j}": b - a for j, (b, a) in enumerate(pairs, start=1)}
        both = zip(self.weights, self.embedded, strict=True)
        found |= {f"g{j}": b - low for j, (b, low) in enumerate(both, start=1)}
        return {name: float(value) for name, value in found.items()}


def _rows(*texts: str) -> tuple[Row, ...]:
    return tuple(tuple(Fraction(part) for part in text.split()) for text in texts)


def _row(text: str) -> Row:
    return _rows(text)[0]


ARK3 = Tableau(
    explicit=_rows(
        "",
        "1767732205903/2027836641118",
        "5535828885825/10492691773637 788022342437/10882634858940",
        "6485989280629/16251701735622 -4246266847089/9704473918619"
        " 10755448449292/10357097424841",
    ),
    implicit=_rows(
        "0",
        "1767732205903/4055673282236 1767732205903/4055673282236",
        "2746238789719/10658868560708 -640167445237/6845629431997"
        " 1767732205903/4055673282236",
        "1471266399579/7840856788654 -4482444167858/7529755066697"
        " 11266239266428/11593286722821 1767732205903/4055673282236",
    ),
    embedded=_row(
        "2756255671327/12835298489170 -10771552573575/22201958757719"
        " 9247589265047/10645013368117 2193209047091/5459859503100"
    ),
    nodes=_row("0 1767732205903/2027836641118 3/5 1"),
)
"""ARK3(2)4L[2]SA: order 3 with an embedded 2, four stages."""

ARK4 = Tableau(
    explicit=_rows(
        "",
        "1/2",
        "13861/62500 6889/62500",
        "-116923316275/2393684061468 -2731218467317/15368042101831"
        " 9408046702089/11113171139209",
        "-451086348788/2902428689909 -2682348792572/7519795681897"
        " 12662868775082/11960479115383 3355817975965/11060851509271",
        "647845179188/3216320057751 73281519250/8382639484533"
        " 552539513391/3454668386233 3354512671639/8306763924573 4040/17871",
    ),
    implicit=_rows(
        "0",
        "1/4 1/4",
        "8611/62500 -1743/31250 1/4",
        "5012029/34652500 -654441/2922500 174375/388108 1/4",
        "15267082809/155376265600 -71443401/120774400 730878875/902184768"
        " 2285395/8070912 1/4",
        "82889/524892 0 15625/83664 69875/102672 -2260/8211 1/4",
    ),
    embedded=_row(
        "4586570599/29645900160 0 178811875/945068544 814220225/1159782912"
        " -3700637/11593932 61727/225920"
    ),
    nodes=_row("0 1/2 83/250 31/50 17/20 1"),
)
"""ARK4(3)6L[2]SA: order 4 with an embedded 3, six stages."""
