"""Gross–Pitaevskii equation  i ψₜ = −½∇²ψ + V ψ + G|ψ|²ψ − Ω L_z ψ."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field as Key

from pdekit.equation import AbstractEquation, Formula, Params, Terms, compiled
from pdekit.errors import PdekitError
from pdekit.expressions import evaluate_on
from pdekit.formulas import i_times
from pdekit.grid import Grid
from pdekit.solvers.diagnostics.oscillation import oscillation_frequency
from pdekit.solvers.diagnostics.pattern_metrics import charges
from pdekit.solvers.exact import gross_pitaevskii as known
from pdekit.solvers.exact import trapped
from pdekit.solvers.ground_state import Hamiltonian
from pdekit.typing import Array, Field

EMPTY, REACH = 0.05, 2
"""Part of the largest density below which a point is outside the cloud, unless one of
those within so many points is not: a vortex is outside only if all around it is."""


class GrossPitaevskiiParams(Params):
    """Coefficients of  i ψₜ = −½∇²ψ + V ψ + G|ψ|²ψ − Ω L_z ψ."""

    trap: float | tuple[float, ...] = Key(
        1.0, description="w, frequency of the trap ½ Σ w²x², one or one per axis"
    )
    interaction: float = Key(1.0, description="G; positive repels, negative attracts")
    rotation: float = Key(0.0, description="Ω of the frame, about the z axis")
    potential: Formula | None = Key(
        None, description="added to the trap, a formula of x, y, z and t"
    )


class GrossPitaevskii(AbstractEquation):
    """A condensate in a trap, in one to three dimensions.

    The periodic box must be larger than the cloud.

    Without rotation  N = −i(V + G|ψ|²)ψ  turns phases only, and splitting methods apply.
    With rotation  N = −i(V + G|ψ|²)ψ + Ω(x∂ᵧ − y∂ₓ)ψ  does not; x and y jump at the ends
    of the box, where ψ vanishes.

    Per evaluation one transform back and one forward, with rotation three and one.

    Conserved: norm ∫|ψ|²; if V does not depend on time the energy
    ∫ ½|∇ψ|² + V|ψ|² + ½G|ψ|⁴ − Ω ψ*L_zψ; in a trap that is round about z the angular
    momentum ∫ψ*L_zψ,  L_z = −i(x∂ᵧ − y∂ₓ).

    References
    ----------
    Bao & Cai, Kinet. Relat. Models 6 (2013) 1.
    """

    name: ClassVar[str] = "gross_pitaevskii"
    fields: ClassVar[tuple[str, ...]] = ("psi",)
    complex: ClassVar[bool] = True
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    integrator: ClassVar[str] = "dop853_ip"
    Params = GrossPitaevskiiParams
    params: GrossPitaevskiiParams
    references = ("Bao & Cai, Kinet. Relat. Models 6 (2013) 1",)
    exact: ClassVar = {
        "coherent_state": known.coherent_state,
        "coherent_state_2d": known.coherent_state_2d,
        "vortex": known.vortex,
        "kohn": known.kohn,
        "kohn_2d": known.kohn_2d,
        "breathing_2d": known.breathing_2d,
    }
    states: ClassVar = {
        "ground_state": known.ground_state,
        "ground_state_2d": known.ground_state_2d,
        "ground_state_3d": known.ground_state_3d,
    }
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = {
        "oscillation_frequency": oscillation_frequency
    }

    def symbol(self, grid: Grid) -> Array:
        """Return  L = −i k²/2."""
        return -0.5j * grid.k_squared()[None]

    def coefficients(self, grid: Grid, t: float) -> dict[str, Array]:
        """Return V, and the coordinates if the frame rotates."""
        v = trapped.harmonic(grid, trapped.frequencies(self.params.trap, grid.ndim))
        if self.params.potential is not None:
            v = v + self._added(grid, t)
        out: dict[str, Array] = {"v": np.ascontiguousarray(v)}
        if self.params.rotation:
            x, y = grid.points()[:2]
            out |= {
                "x": np.broadcast_to(x, grid.shape),
                "y": np.broadcast_to(y, grid.shape),
            }
        return out

    def _added(self, grid: Grid, t: float) -> Array:
        values: dict[str, Any] = dict(zip(grid.names, grid.points(), strict=True))
        values |= {"t": t, **self.numbers}
        formula = compiled(str(self.params.potential), tuple(values))
        used = {name: v for name, v in values.items() if name in formula.names_used}
        added = evaluate_on(formula, used, grid.shape)
        if np.iscomplexobj(added):
            raise PdekitError(f"the potential {self.params.potential!r} must be real")
        return added

    @property
    def time_dependent(self) -> bool:
        """Whether the potential depends on time."""
        text = self.params.potential
        names = ("x", "y", "z", "t", *self.numbers)
        return text is not None and "t" in compiled(text, names).names_used

    @property
    def has_phase_flow(self) -> bool:
        """Whether N turns phases only: not if the frame rotates."""
        return self.params.rotation == 0

    @staticmethod
    def rate(psi: Any, v: Any, interaction: Any) -> Any:
        """Return  −V − G|ψ|²."""
        return -v - interaction * (psi.real * psi.real + psi.imag * psi.imag)

    @staticmethod
    def product(phi: Any, v: Any, interaction: Any) -> Any:
        """Return  −i (V + G|ψ|²) ψ."""
        density = phi.real * phi.real + phi.imag * phi.imag
        return i_times((-v - interaction * density) * phi)

    def terms(self, grid: Grid) -> Terms:
        """Return the formulas of N, other ones if the frame rotates."""
        if not self.params.rotation:
            return super().terms(grid)
        if grid.ndim == 1:
            raise PdekitError("rotation needs two or three dimensions")
        return Terms(_slopes, _turning, None)

    def solution(self, name: str, **params: Any) -> Callable[..., Field]:
        """Return an exact solution for the trap and the interaction of this equation."""
        function = self.exact[name]
        if self.params.potential is not None:
            raise PdekitError(f"{name} needs a harmonic trap, without a further potential")
        takes = inspect.signature(function).parameters
        if self.params.rotation and "rotation" not in takes:
            raise PdekitError(f"{name} needs rotation = 0")
        for key in ("trap", "interaction", "rotation"):
            if key in takes:
                own, given = getattr(self.params, key), params.get(key)
                given = tuple(given) if isinstance(given, list) else given
                if given not in (None, own, takes[key].default):
                    raise PdekitError(f"leave {key} of {name} to the equation")
                params[key] = own
        return lambda *points: function(*points, **params)

    def invariants(self, grid: Grid, u: Field, t: float = 0.0) -> dict[str, Array]:
        """Norm, energy and angular momentum, where they are conserved."""
        psi = _scalar(grid, u)
        density = np.abs(psi) ** 2
        out = {"norm": grid.integrate(density)}
        h = self._hamiltonian(grid, t)
        if not self.time_dependent:
            linear = (np.conj(psi) * sum(h.linear(psi))).real
            out["energy"] = grid.integrate(linear + 0.5 * h.g * density**2)
        if self._is_round(grid):
            out["angular_momentum"] = _angular_momentum(grid, psi)
        return out

    def invariant_scales(self, grid: Grid, u: Field) -> dict[str, float]:
        """Return the norm as the scale of the angular momentum."""
        norm = float(np.max(grid.integrate(np.abs(_scalar(grid, u)) ** 2)))
        return {"angular_momentum": norm}

    def diagnostics(self, grid: Grid, u: Field) -> dict[str, Array]:
        """Peak, centre of mass, ⟨r²⟩, virial, vortices; ⟨L_z⟩ if the trap is not round."""
        psi = _scalar(grid, u)
        density = np.abs(psi) ** 2
        norm = grid.integrate(density)
        out = {"max_abs": np.abs(psi).max(axis=tuple(range(-grid.ndim, 0)))}
        square: Any = 0.0
        for name, x in zip(grid.names, grid.points(), strict=True):
            out[f"centre_{name}"] = grid.integrate(density * x) / norm
            square = square + grid.integrate(density * x**2) / norm
        out["mean_square_radius"] = square
        if self.params.potential is None:
            out["virial"] = self._virial(grid, psi, density)
        if grid.ndim == 2:
            out["vortices"] = _vortices(psi, density)
        if grid.ndim > 1 and not self._is_round(grid):
            out["angular_momentum"] = _angular_momentum(grid, psi)
        return out

    def _virial(self, grid: Grid, psi: Array, density: Array) -> Array:
        """Return  2 E_kin − 2 E_trap + d E_int,  zero for whatever stands still.

        It is what a dilation changes the energy by. In a trap that is alike along all axes
        ⟨r²⟩ obeys  d²⟨r²⟩/dt² = 2 virial.
        """
        bent: Any = sum(grid.derivative(psi, i, 2) for i in range(grid.ndim))
        v = trapped.harmonic(grid, trapped.frequencies(self.params.trap, grid.ndim))
        twice_kinetic = -(np.conj(psi) * bent).real
        meeting = 0.5 * grid.ndim * self.params.interaction * density**2
        return np.asarray(grid.integrate(twice_kinetic - 2 * v * density + meeting))

    def _hamiltonian(self, grid: Grid, t: float) -> Hamiltonian:
        v = self.coefficients(grid, t)["v"]
        return Hamiltonian(grid, v, self.params.interaction, self.params.rotation)

    def _is_round(self, grid: Grid) -> bool:
        """Whether the trap is the same along x and y."""
        if grid.ndim == 1 or self.params.potential is not None:
            return False
        ws = trapped.frequencies(self.params.trap, grid.ndim)
        return ws[0] == ws[1]


def _slopes(psi: Any, kx: Any, ky: Any) -> Any:
    """Return  ψ, ∂ₓψ, ∂ᵧψ."""
    turned = i_times(psi)
    return psi, kx * turned, ky * turned


def _turning(
    phi: Any,
    phi_x: Any,
    phi_y: Any,
    v: Any,
    x: Any,
    y: Any,
    interaction: Any,
    rotation: Any,
) -> Any:
    """Return  −i (V + G|ψ|²) ψ + Ω (x ∂ᵧψ − y ∂ₓψ)."""
    density = phi.real * phi.real + phi.imag * phi.imag
    potential = i_times((-v - interaction * density) * phi)
    return potential + (rotation * x) * phi_y - (rotation * y) * phi_x


def _angular_momentum(grid: Grid, psi: Array) -> Array:
    """Return  ∫ Im ψ* (x ∂ᵧψ − y ∂ₓψ)."""
    x, y = grid.points()[:2]
    turning = x * grid.derivative(psi, 1) - y * grid.derivative(psi, 0)
    return grid.integrate((np.conj(psi) * turning).imag)


def _vortices(psi: Array, density: Array) -> Array:
    """Count the cells of the plane around which the phase turns, inside the cloud.

    Inside is where some of the points around are not empty: a core itself is.
    """
    around = density
    for axis in (-2, -1):
        around = np.max([np.roll(around, n, axis) for n in range(-REACH, REACH + 1)], 0)
    inside = around > EMPTY * density.max(axis=(-2, -1), keepdims=True)
    return np.asarray((np.abs(charges(psi)) * inside).sum(axis=(-2, -1)))


def _scalar(grid: Grid, u: Field) -> Array:
    """Take the only channel of ``(..., channel, *space)``."""
    return u[..., 0, *(slice(None),) * grid.ndim]
