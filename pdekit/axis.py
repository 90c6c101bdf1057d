"""One axis of a grid: its points, its quadrature weights and the modes it can carry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pdekit import fft
from pdekit.arrays import namespace
from pdekit.errors import PdekitError, UnknownName
from pdekit.typing import Array

Boundary = Literal[
    "periodic",
    "dirichlet",
    "neumann",
    "dirichlet_neumann",
    "neumann_dirichlet",
    "chebyshev",
]
Centring = Literal["vertex", "cell"]
FloatArray = NDArray[np.float64]

_KINDS = {
    ("periodic", "vertex"): ("fft", 1),
    ("periodic", "cell"): ("fft", 1),
    ("dirichlet", "vertex"): ("dst1", 1),
    ("dirichlet", "cell"): ("dst2", 1),
    ("neumann", "vertex"): ("dct1", 2),
    ("neumann", "cell"): ("dct2", 1),
    ("dirichlet_neumann", "vertex"): ("dst3", 1),
    ("dirichlet_neumann", "cell"): ("dst4", 1),
    ("neumann_dirichlet", "vertex"): ("dct3", 1),
    ("neumann_dirichlet", "cell"): ("dct4", 1),
    ("chebyshev", "vertex"): ("chebyshev", 2),
}
"""Every kind of axis there is: its transform and the fewest points it makes sense for."""


class GridError(PdekitError, ValueError):
    """A grid that cannot be made, or a request that a grid cannot answer."""


class Image(NamedTuple):
    """The periodic axis of which this axis is a part, see `Axis.image`."""

    n: int
    period: float
    first: float
    parity: int


@dataclass(frozen=True)
class Axis:
    """``n`` points on the interval ``[lower, upper]``.

    =========  ========  ==================================  =================  ===========
    boundary   centring  points, j = 0 … n-1                 spacing h          modes
    =========  ========  ==================================  =================  ===========
    periodic   vertex    lower + j h                         length / n         exp(ikx)
    periodic   cell      lower + (j + ½) h                   length / n         exp(ikx)
    dirichlet  vertex    lower + (j + 1) h, walls left out   length / (n + 1)   sin kx
    dirichlet  cell      lower + (j + ½) h                   length / n         sin kx
    neumann    vertex    lower + j h, both walls included    length / (n - 1)   cos kx
    neumann    cell      lower + (j + ½) h                   length / n         cos kx
    chebyshev  vertex    Gauss-Lobatto, ascending            smallest one       polynomials
    =========  ========  ==================================  =================  ===========

    ``dirichlet_neumann`` has a Dirichlet wall at the lower end and a Neumann wall at the
    upper one, ``neumann_dirichlet`` the other way round: h = length / n, and the modes are
    sines or cosines of  (m + ½) π (x − lower) / length.  Vertex-centred points leave out
    the Dirichlet wall and include the Neumann wall.

    Examples
    --------
    >>> Axis("x", 3, 0.0, 1.0, "dirichlet").points()
    array([0.25, 0.5 , 0.75])
    """

    name: str
    n: int
    lower: float
    upper: float
    boundary: Boundary = "periodic"
    centring: Centring = "vertex"

    def __post_init__(self) -> None:
        """Refuse what is not a grid, and turn whole numbers into floats."""
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise GridError(
                f"the name of an axis must be a word such as 'x', got {self.name!r}"
            )
        for what, accepted in (
            ("boundary", get_args(Boundary)),
            ("centring", get_args(Centring)),
        ):
            if (given := getattr(self, what)) not in accepted:
                raise UnknownName(what, str(given), accepted)
        self._check_points()
        self._check_interval()

    def _check_points(self) -> None:
        kind = self.boundary, self.centring
        if kind not in _KINDS:
            raise GridError(
                f"axis {self.name!r}: a {kind[0]} axis cannot be {kind[1]}-centred"
            )
        if not isinstance(self.n, Integral) or isinstance(self.n, bool):
            raise GridError(f"axis {self.name!r}: n must be a whole number, got {self.n!r}")
        _, fewest = _KINDS[kind]
        if self.n < fewest:
            raise GridError(
                f"axis {self.name!r}: a {self.centring}-centred {self.boundary} axis needs "
                f"n >= {fewest}, got {self.n}"
            )
        object.__setattr__(self, "n", int(self.n))

    def _check_interval(self) -> None:
        for end in ("lower", "upper"):
            value = getattr(self, end)
            if (
                not isinstance(value, Real)
                or isinstance(value, bool)
                or not math.isfinite(value)
            ):
                raise GridError(
                    f"axis {self.name!r}: {end} must be a finite number, got {value!r}"
                )
            object.__setattr__(self, end, float(value))
        if not self.lower < self.upper:
            raise GridError(
                f"axis {self.name!r}: lower must be below upper, "
                f"got [{self.lower}, {self.upper}]"
            )
        largest = max(abs(self.lower), abs(self.upper))
        if not math.isfinite(self.length) or self.spacing <= 4 * math.ulp(largest):
            raise GridError(
                f"axis {self.name!r}: {self.n} points on [{self.lower}, {self.upper}] "
                "cannot be told apart in double precision"
            )

    @property
    def length(self) -> float:
        """Distance between the two ends."""
        return self.upper - self.lower

    @property
    def spacing(self) -> float:
        """Distance between neighbouring points; for Chebyshev the smallest one."""
        if self.boundary == "chebyshev":
            return self.length * math.sin(0.5 * math.pi / (self.n - 1)) ** 2
        return self.image.period / self.image.n

    @property
    def transform(self) -> str:
        """Name of the transform from values to modes: ``fft``, ``dst1``, ``dct2``…."""
        return _KINDS[self.boundary, self.centring][0]

    @property
    def image(self) -> Image:
        """The periodic axis that an odd or even reflection at the walls makes of this one.

        A sine series is an odd, a cosine series an even Fourier series of period twice the
        length, or four times the length if one wall of two is Dirichlet; a Chebyshev series
        is a cosine series in θ, x = middle − (length / 2) cos θ.
        ``first`` is the distance from the lower end to the first sample of that axis.
        """
        n, period = self.n, 2.0 * self.length
        match self.transform:
            case "fft":
                n, period, parity = n, self.length, 0
            case "dst1":
                n, parity = 2 * (n + 1), -1
            case "dst2":
                n, parity = 2 * n, -1
            case "dct2":
                n, parity = 2 * n, 1
            case "dct1":
                n, parity = 2 * (n - 1), 1
            case "dst3" | "dst4":
                n, period, parity = 4 * n, 4.0 * self.length, -1
            case "dct3" | "dct4":
                n, period, parity = 4 * n, 4.0 * self.length, 1
            case _:
                n, period, parity = 2 * (n - 1), 2.0 * math.pi, 1
        first = 0.5 * period / n if self.centring == "cell" else 0.0
        return Image(n, period, first, parity)

    def points(self) -> FloatArray:
        """Coordinates of the points, ascending, shape ``(n,)``."""
        if self.boundary == "chebyshev":
            j = np.arange(1 - self.n, self.n, 2)
            half = 0.5 * self.length
            x = self.lower + half + half * np.sin(0.5 * np.pi * j / (self.n - 1))
            x[0], x[-1] = self.lower, self.upper
            return x
        if self.transform == "dct1":
            return np.linspace(self.lower, self.upper, self.n)
        if self.transform in ("dst3", "dct3"):
            x = np.linspace(self.lower, self.upper, self.n + 1)
            return x[1:] if self.transform == "dst3" else x[:-1]
        first = 0.5 if self.centring == "cell" else float(self.transform == "dst1")
        cells = self.n + 1 if self.transform == "dst1" else self.n
        return np.asarray(self.lower + self.length * ((np.arange(self.n) + first) / cells))

    def weights(self) -> FloatArray:
        """Quadrature weights, shape ``(n,)``.

        Clenshaw-Curtis for Chebyshev (exact for polynomials of degree n - 1). Otherwise the
        trapezoidal or midpoint rule, under which the modes of the axis are orthogonal; the
        value on a vertex-centred Dirichlet wall is zero and has no weight.
        """
        if self.boundary == "chebyshev":
            k = np.arange(0, self.n, 2)
            moments = np.zeros(self.n)
            moments[::2] = 2.0 / (1.0 - k * k)
            folded = fft.backend_of(moments).irfft(moments + 0j, (self.image.n,))[: self.n]
            w = 0.5 * self.length * np.asarray(folded)
            w[1:-1] *= 2.0
            return w
        w = np.full(self.n, self.spacing)
        if self.transform in ("dct1", "dct3"):
            w[0] *= 0.5
        if self.transform in ("dct1", "dst3"):
            w[-1] *= 0.5
        return w

    def modes(self, real: bool = False) -> FloatArray:
        """Whole numbers of the modes of the `image` in the order of the transform.

        ``real`` asks for the non-negative half that the transform of a real field keeps.
        """
        match self.transform:
            case "fft" if real:
                return np.arange(self.n // 2 + 1, dtype=np.float64)
            case "fft":
                return np.fft.ifftshift(np.arange(self.n, dtype=np.float64) - self.n // 2)
            case "dst1" | "dst2":
                return np.arange(1.0, self.n + 1.0)
            case "dst3" | "dst4" | "dct3" | "dct4":
                return np.arange(1.0, 2.0 * self.n, 2.0)
            case _:
                return np.arange(self.n, dtype=np.float64)

    def wavenumbers(self, real: bool = False, odd: bool = False) -> FloatArray:
        """Angular wavenumbers in the order of the transform.

        ``odd`` sets the Nyquist wavenumber of an even number of periodic points to zero: on
        the grid that mode is cos(πj), and the odd derivatives of it vanish at every point.
        """
        if self.boundary == "chebyshev":
            raise GridError(f"axis {self.name!r}: a Chebyshev axis has no wavenumbers")
        k = 2.0 * np.pi / self.image.period * self.modes(real)
        if odd and self.transform == "fft" and self.n % 2 == 0:
            k[self.n // 2] = 0.0
        return k

    def check_inside(self, x: Array) -> None:
        """Refuse points that are not finite or, on a bounded axis, not on the interval."""
        xp = namespace(x)
        if not bool(xp.isfinite(x).all()):
            raise GridError(f"axis {self.name!r}: the points must be finite")
        slack = 8 * float(xp.finfo(x.dtype).eps) * max(abs(self.lower), abs(self.upper))
        outside = (x < self.lower - slack) | (x > self.upper + slack)
        if self.boundary != "periodic" and bool(outside.any()):
            raise GridError(
                f"axis {self.name!r}: the points must lie in [{self.lower}, {self.upper}]"
            )
