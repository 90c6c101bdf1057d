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

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pdekit.errors import UnknownName
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.grid import Grid
    from pdekit.stepping._scheme import Stage
    from pdekit.stepping._system import System

NAMES = ("fused", "numpy", "torch")


class Engine(Protocol):
    """What an integrator may ask for; every method works in place where that is faster.

    Splitting methods advance a loaded field themselves; whatever lives in Fourier space
    asks for a `Program`.
    """

    name: str
    size: int
    """Number of grid points N: an unnormalised round trip multiplies by it."""
    members: int
    """Members advanced together; 1 if any number will do."""

    @property
    def transforms(self) -> int:
        """Transforms of one component of one member executed so far."""
        ...

    @property
    def transforms_in_use(self) -> dict[str, Any]:
        """What is known about the transforms; ``choose`` is what gets them again."""
        ...

    def program(self, system: System, stages: Sequence[Stage]) -> Program:
        """Return the stages of an integrator, ready to run."""
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

    def is_finite(self, w: Array) -> bool:
        """Cheap test: a transform spreads one bad value over all of its component."""
        ...


class Program(Protocol):
    """The stages of an integrator with the right-hand side of an equation between them.

    States are the normalised spectra of the variables, in a layout of the program's own.
    """

    arrays: dict[str, Array]

    def open(self, u: Array) -> Array:
        """Return the variables of physical fields ``(member, channel, *space)``."""
        ...

    def close(self, v: Array) -> Array:
        """Return the physical fields of the variables."""
        ...

    def weights(self, rule: Callable[[Array, float], dict[str, Any]], h: float) -> Any:
        """Return the weights of a step of size ``h`` in this program's layout."""
        ...

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Set the arrays that the stages work on; ``v`` is the state."""
        ...

    def ready(self, arrays: Mapping[str, Array], weights: Mapping[str, Any]) -> None:
        """Compile, plan and allocate what steps from these arrays will need."""
        ...

    def copy(self, name: str) -> Array:
        """Return an array that later steps leave alone."""
        ...

    def run(self, weights: Mapping[str, Any], times: Sequence[float], h: float) -> None:
        """Take one step of size ``h`` from each of the times."""
        ...

    def is_finite(self) -> bool:
        """Test a mode per variable: a transform spreads a bad value over all of them."""
        ...

    def loops(self, members: int) -> Loops:
        """Return what combines states in other ways than stages do."""
        ...

    def evaluate(self, w: Array, t: float) -> Array:
        """Return N of a state of the loops; the stages must be the slope alone."""
        ...

    def propagator(self, h: float) -> Array:
        """Return  exp(h L)  as multipliers of the loops."""
        ...

    @property
    def multipliers(self) -> Array:
        """L as multipliers of the loops."""
        ...


class Loops(Protocol):
    """Formulas of whole states, for integrators with many slopes."""

    def shape(self, v: Array) -> tuple[int, ...]:
        """Return the shape that a state has here."""
        ...

    def copy(self, w: Array) -> Array:
        """Return an independent copy."""
        ...

    def norm(self, w: Array) -> float:
        """Return the Euclidean norm of all values of a state."""
        ...

    def stage(self, formula: Callable[..., Any], into: Sequence[str]) -> Callable[..., Any]:
        """Compile a formula; ``"argument"`` is what `Program.evaluate` takes at once."""
        ...

    def slopes(self, count: int) -> Any:
        """Return room for the slopes of a Runge–Kutta step, indexed from 0."""
        ...

    def combination(self, slots: Sequence[int], store: int) -> Callable[..., Array]:
        """Compile one Runge–Kutta stage on ``(n, slopes, turn, v, e, a)``.

        It keeps the slope  k = turn·n  in ``slopes[store]`` and returns the next argument
        e (v + Σ aⱼ slopes[slotsⱼ]).
        """
        ...

    def norms(self, first: Sequence[int], second: Sequence[int]) -> Callable[..., Any]:
        """Compile ``(slopes, v, x, y)`` to the squares of ‖Σ xⱼ kⱼ‖, ‖Σ yⱼ kⱼ‖ and ‖v‖."""
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
    """Build the engine ``name`` for fields on a periodic grid."""
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
