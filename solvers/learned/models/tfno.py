"""TFNO: Fourier neural operator with factorised weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from pdekit.grid import Grid
from pdekit.solvers.learned.models.fno import FNO


class TFNO(nn.Module):
    """`FNO` whose spectral weights are one factorised tensor, or one a layer.

    Fewer parameters and less memory of the optimiser; not less time, but for small ranks.

    Parameters
    ----------
    in_channels, out_channels, modes, width, layers
        Those of `FNO`.
    factorisation
        ``tucker``, ``cp`` or ``tt``.
    rank
        Parameters of the spectral weights as a fraction of the dense ones.
    joint
        Whether all layers share one tensor.
    options
        Any other of `FNO`.

    References
    ----------
    Kossaifi, Kovachki, Azizzadenesheli, Anandkumar, TMLR (2024), arXiv 2310.00120.

    Examples
    --------
    >>> TFNO(1, 1, modes=[4, 4], width=8, rank=0.2).ndim
    2
    """

    options: ClassVar = FNO

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: Sequence[int] = (12, 12),
        width: int = 32,
        layers: int = 4,
        *,
        factorisation: str = "tucker",
        rank: float = 0.1,
        joint: bool = True,
        **options: Any,
    ) -> None:
        super().__init__()
        options |= {"factorisation": factorisation, "rank": rank, "joint": joint}
        self.fno = FNO(in_channels, out_channels, modes, width, layers, **options)

    @property
    def arguments(self) -> dict[str, Any]:
        """What the constructor takes to make this model again."""
        return self.fno.arguments

    @property
    def ndim(self) -> int:
        """Number of space dimensions."""
        return self.fno.ndim

    def forward(self, x: Tensor, grid: Grid | None = None) -> Tensor:
        """Return u on the points of a; see `FNO`."""
        out: Tensor = self.fno(x, grid)
        return out
