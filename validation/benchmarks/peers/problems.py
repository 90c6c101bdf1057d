"""The problems every program is given: equation, box, initial values, step.

Only NumPy is needed: the file is read by the interpreters of all peers. Initial values are
sums of a few plane waves with given phases, or an exact wave, so that every program starts
from the same numbers. Axes are (x, y, z), points  x_i = left + i L/N.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

VISCOSITY_2D = 1e-3
VISCOSITY_3D = 1e-2
VISCOSITY_BURGERS = 2e-2
SOLITON_SPEED = 4.0


@dataclass(frozen=True)
class Problem:
    """One problem at one resolution.

    ``members`` is 0 for one trajectory, otherwise the number of samples of a batch.
    """

    case: str
    points: int
    step: float
    steps: int
    members: int = 0

    @property
    def length(self) -> float:
        """Length of the box along every axis."""
        return {"ks": 32 * np.pi, "kdv": 40.0}.get(self.case, 2 * np.pi)

    @property
    def left(self) -> float:
        """Where the box begins."""
        return -20.0 if self.case == "kdv" else 0.0

    @property
    def ndim(self) -> int:
        """Number of space dimensions."""
        return {"ns2d": 2, "ns3d": 3}.get(self.case, 1)

    @property
    def points_of_axes(self) -> list[np.ndarray]:
        """Coordinates of the grid, broadcastable."""
        x = self.left + self.length * np.arange(self.points) / self.points
        return list(np.meshgrid(*[x] * self.ndim, indexing="ij", sparse=True))

    def initial(self) -> np.ndarray:
        """Return ``(channel, *space)``, for a batch ``(member, channel, *space)``."""
        shape = (-1,) + (self.points,) * self.ndim
        if not self.members:
            return np.asarray(self._member(0.0)).reshape(shape)
        turns = np.arange(self.members) / self.members
        return np.stack([np.asarray(self._member(t)).reshape(shape) for t in turns])

    def _member(self, turn: float) -> np.ndarray | list[np.ndarray]:
        """Return the values of one sample; every phase and speed depends on ``turn``."""
        return INITIAL[self.case](*self.points_of_axes, turn)


def vorticity(x: np.ndarray, y: np.ndarray, turn: float) -> np.ndarray:
    """Return  ω = sin x sin y + cos(x + 2y) + ½ cos(3x − y),  shifted by the turn."""
    x, y = x + 2 * np.pi * turn, y - 4 * np.pi * turn**2
    return np.sin(x) * np.sin(y) + np.cos(x + 2 * y + turn) + 0.5 * np.cos(3 * x - y)


def taylor_green(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, turn: float
) -> list[np.ndarray]:
    """Return  u = (sin x cos y cos z, −cos x sin y cos z, 0)."""
    x = x + 2 * np.pi * turn
    u = np.sin(x) * np.cos(y) * np.cos(z)
    v = -np.cos(x) * np.sin(y) * np.cos(z)
    return [u, v, np.zeros_like(u)]


def flame(x: np.ndarray, turn: float) -> np.ndarray:
    """Return  u = cos(x/16) (1 + sin(x/16)),  of Kassam & Trefethen (2005), shifted."""
    s = x / 16 + 2 * np.pi * turn
    u: np.ndarray = np.cos(s) * (1 + np.cos(turn) * np.sin(s))
    return u


def soliton(x: np.ndarray, turn: float = 0.0, t: float = 0.0) -> np.ndarray:
    """Return  u = (c/2) sech²(√c/2 (x − c t)),  c between 4 and 3, period 40."""
    c = SOLITON_SPEED - turn
    s = (x - c * t - 40 * turn + 20.0) % 40.0 - 20.0
    u: np.ndarray = 0.5 * c / np.cosh(0.5 * np.sqrt(c) * s) ** 2
    return u


def wave(x: np.ndarray, turn: float) -> np.ndarray:
    """Return  u = sin x + ½ cos 2x,  shifted by the turn."""
    s = x + 2 * np.pi * turn
    return np.sin(s) + 0.5 * np.cos(2 * s + turn)


INITIAL: dict[str, Callable[..., np.ndarray | list[np.ndarray]]] = {
    "ns2d": vorticity,
    "ns3d": taylor_green,
    "ks": flame,
    "kdv": soliton,
    "burgers": wave,
}
EQUATIONS = {
    "ns2d": "omega_t + u.grad omega = 1e-3 lap omega, [0, 2 pi)^2",
    "ns3d": "u_t + u.grad u = -grad p + 1e-2 lap u, div u = 0, [0, 2 pi)^3",
    "ks": "u_t + u u_x + u_xx + u_xxxx = 0, [0, 32 pi)",
    "kdv": "u_t + 6 u u_x + u_xxx = 0, [-20, 20)",
    "burgers": "u_t + u u_x = 0.02 u_xx, [0, 2 pi)",
}
