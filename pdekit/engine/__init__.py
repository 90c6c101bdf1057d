"""Where arrays live and how pointwise formulas run: compiled loops, NumPy or torch.

An integrator is written once against :class:`Engine`.  The fused engine compiles each
formula into one pass over memory around planned transforms (CPU, the default); the generic
engine calls the same formula on whole arrays (torch on CPU and CUDA, with gradients, and
NumPy, which serves as the oracle of the tests).

Arrays are ``(member, channel, *space)``; physical values and the *forward-normalised*
spectrum ``fft(u) / N`` are the two faces of a field, so that ``inverse`` needs no scaling
and the integrators fold ``1/N`` into the step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pdekit.errors import UnknownName
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid

NAMES = ("fused", "numpy", "torch")


class Engine(Protocol):
    """What an integrator may ask for; every method works in place where that is faster."""

    name: str
    size: int
    """Number of grid points N: an unnormalised round trip multiplies by it."""

    @property
    def transforms(self) -> int:
        """Transforms of one component of one member executed so far."""
        ...

    def field(self, u: Array) -> Array:
        """Return values ``(member, channel, *space)`` in this engine's layout and dtype."""
        ...

    def symbol(self, values: Array) -> Array:
        """Return multipliers ``(channel, *modes)`` in this engine's layout."""
        ...

    def values(self, w: Array) -> Array:
        """Return a copy of ``w`` in the layout ``(member, channel, *space)``."""
        ...

    def restored(self, saved: Array) -> Array:
        """Return a field of this engine from its saved NumPy copy, in the same layout."""
        ...

    def load(self, w: Array) -> Array:
        """Put a field where :meth:`forward` and :meth:`inverse` work."""
        ...

    def copy(self, w: Array) -> Array:
        """Return an independent copy in this engine's layout."""
        ...

    def forward(self, w: Array) -> Array:
        """Transform without scaling; ``w`` must be the loaded field."""
        ...

    def inverse(self, w: Array) -> Array:
        """Transform back without scaling; ``w`` must be the loaded field."""
        ...

    def stage(self, formula: Callable[..., Any], into: Sequence[str]) -> Callable[..., Any]:
        """Compile a formula of fields, symbols and numbers, applied mode by mode.

        ``into`` names the arrays that take the results; ``"work"`` is the loaded field.
        """
        ...

    def coefficient(self, c: Array) -> Array:
        """Return a real coefficient field ``(*space)``, or a number, in this layout."""
        ...

    def pointwise(
        self, formula: Callable[..., Any], rest: tuple[Any, ...]
    ) -> Callable[[Array, tuple[Any, ...]], Array]:
        """Compile a formula of all components and ``rest`` (coefficients and constants).

        The result is called as ``run(w, rest)`` with the loaded field.
        """
        ...

    def phase_flow(
        self, rate: Callable[..., Any], rest: tuple[Any, ...]
    ) -> Callable[[Array, float, tuple[Any, ...]], Array]:
        """Compile  u ↦ u exp(i h rate(u)),  called as ``run(w, h, rest)``."""
        ...

    def sequence(
        self, operations: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]
    ) -> Callable[[Array], Array]:
        """Join operations on the loaded field, each with the arguments that follow it."""
        ...

    def slopes(self, count: int) -> Any:
        """Return room for the slopes of a Runge–Kutta step, indexed from 0."""
        ...

    def combination(self, slots: Sequence[int], store: int) -> Callable[..., Array]:
        """Compile one Runge–Kutta stage on ``(w, slopes, turn, v, e, a)``.

        It keeps the slope  k = turn·w  in ``slopes[store]`` and forms the next argument
        w = e (v + Σ aⱼ slopes[slotsⱼ]).
        """
        ...

    def norms(self, first: Sequence[int], second: Sequence[int]) -> Callable[..., Any]:
        """Compile ``(slopes, v, x, y)`` to the squares of ‖Σ xⱼ kⱼ‖, ‖Σ yⱼ kⱼ‖ and ‖v‖."""
        ...

    def norm(self, w: Array) -> float:
        """Return the Euclidean norm of all values of a field."""
        ...

    def is_finite(self, w: Array) -> bool:
        """Cheap test: a transform spreads one bad value over all of its component."""
        ...


def make_engine(
    name: str,
    grid: Grid,
    *,
    channels: int,
    members: int = 1,
    precision: str = "double",
    device: str = "cpu",
    fft: str = "auto",
    workers: int = 1,
    reproducible: bool = False,
) -> Engine:
    """Build the engine ``name`` for complex fields on a periodic grid."""
    if name == "fused":
        from pdekit.engine._fused import FusedEngine

        return FusedEngine(
            grid,
            channels,
            members,
            precision=precision,
            fft=fft,
            workers=workers,
            reproducible=reproducible,
        )
    if name in ("numpy", "torch"):
        from pdekit.engine._generic import GenericEngine

        return GenericEngine(
            grid,
            channels,
            library=name,
            precision=precision,
            device=device,
            fft=fft,
            workers=workers,
        )
    raise UnknownName("engine", name, NAMES)
