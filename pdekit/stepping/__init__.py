"""Time integrators, one per file; the file's name is the name used in case files.

Each file defines ``integrator``, a value with ``name``, ``order``, ``adaptive`` and
``start(system, ...)``, which returns a :class:`Stepper`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from pdekit.stepping._system import System
from pdekit.typing import Array, Field

__all__ = ["Integrator", "State", "Stepper", "System", "resonance"]


@dataclass(frozen=True)
class State:
    """Everything a run needs to go on: saved as it is, resumed bit for bit.

    ``u`` is in the space in which the integrator advances it; splitting methods keep it
    between the two halves of a merged sub-step.
    """

    u: Array
    time: float
    step: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


class Stepper(Protocol):
    """An integrator at work on one system."""

    def start(self, u: Field) -> State:
        """Return the state at the initial time for values ``(member, channel, *space)``."""
        ...

    def advance(self, state: State, until: float, max_steps: int) -> State:
        """Take at most ``max_steps`` steps, none of them past ``until``."""
        ...

    def arrived(self, state: State, until: float) -> bool:
        """Whether the next step would pass ``until``."""
        ...

    def sample(self, state: State, time: float) -> Field:
        """Values at a time within the next step; the state is left as it is."""
        ...

    def describe(self) -> dict[str, Any]:
        """Numbers for the summary: step sizes, rejected steps."""
        ...


class Integrator(Protocol):
    """What a file of this package defines under the name ``integrator``."""

    name: str
    order: int
    adaptive: bool
    resonance: float
    """Largest  2 h max|L|  free of resonance on a plane wave, in units of π."""
    summary: str
    reference: str


def resonance(
    symbol: Array, u: Field, integrator: Integrator, step: float | None
) -> list[str]:
    """Warn when a fixed step is long enough to resonate with waves on a background.

    On a plane wave A a splitting step of size h amplifies noise where  h |L(k)| = mπ, at
    the rate  g A² |Σ bⱼ exp(2πi m cⱼ)|  with the kicks bⱼ at the parts cⱼ of the step (for
    Strang: Weideman & Herbst, SIAM J. Numer. Anal. 23 (1986) 485).  The limit of a
    splitting is the first m with a rate above 0.1 g A²; those of the exponential schemes
    were measured.  A field that decays to nothing feels none of it.

    Parameters
    ----------
    symbol
        L, ``(channel, *modes)``.
    u
        Initial values ``(channel, *space)``.
    """
    import numpy as np

    amplitude = np.abs(u)
    if step is None or amplitude.min() <= 1e-3 * amplitude.max():
        return []
    phase = 2 * step * float(np.abs(symbol).max()) / np.pi
    if phase <= integrator.resonance:
        return []
    limit = step * integrator.resonance / phase
    return [
        f"step {step:.3g} is beyond the resonance limit {limit:.3g} of {integrator.name} "
        "on a background that does not decay: noise at high wavenumbers will grow; "
        "use a smaller step or dop853_ip"
    ]
