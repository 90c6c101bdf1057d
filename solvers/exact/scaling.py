"""Exact solutions of  iψₜ = −(D/2) ψₓₓ − g |ψ|² ψ  from those with D = 1 and g = ±1.

If φ solves the canonical equation,  ψ(x, t) = φ(x/√D, t)/√|g|  solves the general one with
D > 0; the complex conjugate of a solution for D and g is one for −D and −g.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pdekit.solvers.exact import nlse
from pdekit.solvers.exact.parameters import require
from pdekit.typing import Field

# The canonical defocusing solution of each name; every other function is focusing.
_DEFOCUSING: Mapping[Callable[..., Field], Callable[..., Field]] = {
    nlse.plane_wave: nlse.defocusing_plane_wave,
    nlse.dark_soliton: nlse.dark_soliton,
    nlse.dark_pair: nlse.dark_pair,
    nlse.defocusing_plane_wave: nlse.defocusing_plane_wave,
}

_HEIGHTS = {"amplitude", "amplitudes", "background"}
_LENGTHS = {"position", "positions", "distance", "velocity", "velocities"}
_PHASES = {"phase", "phases", "relative_phase", "relative_phases"}


def rescaled(
    solution: Callable[..., Field],
    *,
    dispersion: float = 1.0,
    focusing: float = 1.0,
    **params: Any,
) -> Callable[[Field, float], Field]:
    """Return ψ(x, t) for the coefficients D and g.

    The parameters are those of ψ itself: a soliton of amplitude 2, position 5 and velocity
    1 has the peak 2, starts at x = 5 and moves by 1 per unit of time for any D and g (its
    width is √(D/g)/2 and its carrier wave exp(ix/D)).

    Parameters
    ----------
    solution : function
        One of the functions of `pdekit.solvers.exact.nlse` or `manakov`.
    dispersion, focusing : float
        D and g, neither of them zero. Bright solitons and breathers exist for Dg > 0, dark
        solitons for Dg < 0.
    **params
        Parameters of the solution; the defaults are its own.
    """
    require(
        dispersion != 0 and focusing != 0,
        f"{solution.__name__} needs dispersion and nonlinearity, "
        f"got dispersion = {dispersion}, focusing = {focusing}",
    )
    canonical = _canonical(solution, dispersion * focusing > 0)
    width, height = float(abs(dispersion)) ** 0.5, float(abs(focusing)) ** 0.5
    mirrored = dispersion < 0
    unit = dict.fromkeys(_HEIGHTS, height) | dict.fromkeys(_LENGTHS, 1 / width)
    unit |= dict.fromkeys(_PHASES, -1.0 if mirrored else 1.0)
    unit["wavenumber"] = -width if mirrored else width
    given = inspect.signature(canonical).bind_partial(**params)
    given.apply_defaults()
    scaled = {k: _times(value, unit.get(k, 1.0)) for k, value in given.kwargs.items()}

    def psi(x: Field, t: float) -> Field:
        phi = canonical(x / width, t, **scaled)
        if isinstance(phi, tuple):
            return tuple(component(part) for part in phi)
        return component(phi)

    def component(phi: Field) -> Field:
        return (phi.conj() if mirrored else phi) / height

    return psi


def _canonical(solution: Callable[..., Field], focuses: bool) -> Callable[..., Field]:
    name = solution.__name__
    if focuses:
        dark = solution in _DEFOCUSING and solution is not nlse.plane_wave
        require(not dark, f"{name} needs dispersion * focusing < 0 (it defocuses)")
        return solution
    require(solution in _DEFOCUSING, f"{name} needs dispersion * focusing > 0 (it focuses)")
    return _DEFOCUSING[solution]


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, list | tuple):
        return [factor * v for v in value]
    return factor * value
