"""Named initial states of incompressible flow, in two and three dimensions.

Of two coordinates they return the vorticity ω, of three the velocity (u, v, w). The
coordinates are those of all points of a periodic box, from which its lengths are found.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

import numpy as np

from pdekit import random_field
from pdekit.grid import Grid
from pdekit.solvers.exact.parameters import require
from pdekit.turbulence import Flow
from pdekit.typing import Array, Field

# -- vorticity in two dimensions -------------------------------------------------------


def gaussian_random(
    x: Field,
    y: Field,
    *,
    alpha: float = 2.5,
    tau: float = 7.0,
    sigma: float = 7.0**1.5,
    seed: int = 0,
) -> Field:
    """Gaussian vorticity of covariance  σ²(−∇² + τ²)^(−α).

    The start of the data set of Li et al., Fourier neural operator (2021), as their code
    draws it on the unit torus; `pdekit.random_field` has more about it.
    """
    require(alpha > 0 and tau > 0, "alpha and tau must be positive")
    return random_field.gaussian(_box(x, y), seed, alpha=alpha, tau=tau, amplitude=sigma)


def mcwilliams(
    x: Field,
    y: Field,
    *,
    density: Literal["code", "paper"] = "code",
    peak: float = 4.0,
    seed: int = 0,
) -> Field:
    """Random vorticity of McWilliams (1984) with  ⟨|u|²⟩ = ½,  that is Σ_k 2k²|ψ̂_k|² = 1.

    `pdekit.random_field.mcwilliams` gives the two spectra; ``peak`` is angular.
    """
    require(peak > 0, "peak must be positive")
    grid = _box(x, y)
    k2 = grid.k_squared(real=True)
    k = np.sqrt(np.where(k2 > 0, k2, 1.0))
    phi = random_field.mcwilliams(k, density=density, peak=peak)
    omega = random_field.values(grid, k2 * phi * random_field.white(grid, seed))
    return omega * _scale(Flow.of_vorticity(omega, grid), 0.25)


def random_velocity(
    x: Field, y: Field, *, speed: float = 7.0, peak: float = 4.0, seed: int = 0
) -> Field:
    """Vorticity of a random flow of log-normal spectrum, whose largest |u| is ``speed``.

    The spectrum is `pdekit.random_field.lognormal` with its peak at the angular
    wavenumber ``peak``: Kochkov et al., PNAS 118 (2021) e2101784118. The largest |u| is
    that at the points of the grid.
    """
    require(speed > 0 and peak > 0, "speed and peak must be positive")
    grid = _box(x, y)
    u = random_field.solenoidal(grid, seed, partial(random_field.lognormal, peak=peak))
    omega = grid.derivative(u[1], 0) - grid.derivative(u[0], 1)
    return omega * (speed / float(np.sqrt((u**2).sum(axis=0)).max()))


def shear_layer(
    x: Field, y: Field, *, sharpness: float = 30.0, perturbation: float = 0.05
) -> Field:
    """Double shear layer of  u = tanh ρ(Y − ¼), tanh ρ(¾ − Y) above ½,  and v = δ sin 2πX.

    X and Y are fractions of the box, from its first point, ρ is ``sharpness`` and δ
    ``perturbation`` (Brown & Minion, J. Comput. Phys. 122 (1995) 165; ρ = 80 is their thin
    layer). The layers are summed over all periods, which takes the kinks out of u at Y = 0
    and ½, where it changes ω by ρ sech²(ρ/4).
    """
    require(sharpness > 0, "sharpness must be positive")
    (width, height), (across, up) = _lengths(x, y), _fractions(x, y)
    layers = _periodic_sech2(up - 0.75, sharpness) - _periodic_sech2(up - 0.25, sharpness)
    wave = 2 * math.pi * perturbation / width * np.cos(2 * math.pi * across)
    return wave + sharpness / height * layers


def vortex_pair(
    x: Field,
    y: Field,
    *,
    circulation: float = 1.0,
    ratio: float = 1.0,
    separation: float = math.pi / 2,
    radius: float = math.pi / 8,
) -> Field:
    """Two Gaussian vortices  Γ/(πa²) exp(−r²/a²)  side by side in the middle of the box.

    The left one has the ``circulation`` Γ, the right one ``ratio`` Γ: they turn round each
    other and may merge for ratio 1, and travel along y for −1. They are summed over all
    periods. The mean vorticity of a periodic box is zero, so that it is taken out.
    """
    require(radius > 0, "radius must be positive")
    lengths, fractions = _lengths(x, y), _fractions(x, y)
    height = _periodic_gaussian(fractions[1] - 0.5, lengths[1], radius)
    shift = 0.5 * separation / lengths[0]
    left, right = (
        _periodic_gaussian(fractions[0] - 0.5 + s, lengths[0], radius)
        for s in (shift, -shift)
    )
    mean = circulation * (1.0 + ratio) / math.prod(lengths)
    return circulation * (left + ratio * right) * height - mean


def taylor_green_vorticity(
    x: Field, y: Field, *, amplitude: float = 1.0, mode: int = 1
) -> Field:
    """Taylor–Green vortices,  u = A (sin ax cos by, −(a/b) cos ax sin by).

    ω = A (a² + b²)/b sin ax sin by,  a = 2πm/Lx and b = 2πm/Ly with m = ``mode``. Advection
    vanishes, so that under viscosity they decay like exp(−ν(a² + b²)t).
    """
    a, b = _wavenumbers(mode, x, y)
    return amplitude * (a**2 + b**2) / b * np.sin(a * x) * np.sin(b * y)


def deterministic(x: Field, y: Field) -> Field:
    """ω = sin X sin Y + cos(X + 2Y) + ½ cos(3X − Y),  X = 2πx/Lx and Y = 2πy/Ly.

    Smooth, without symmetry, and the same for every program: made for comparisons of
    solvers on [0, 2π)².
    """
    a, b = _wavenumbers(1, x, y)
    x, y = a * x, b * y
    return np.sin(x) * np.sin(y) + np.cos(x + 2 * y) + 0.5 * np.cos(3 * x - y)


# -- velocity in three dimensions ------------------------------------------------------


def taylor_green(
    x: Field, y: Field, z: Field, *, amplitude: float = 1.0, mode: int = 1
) -> tuple[Field, Field, Field]:
    """Taylor–Green vortex  A (sin ax cos by cos cz, −(a/b) cos ax sin by cos cz, 0).

    a = 2πm/Lx, b = 2πm/Ly, c = 2πm/Lz with m = ``mode``. Taylor & Green, Proc. R. Soc. A
    158 (1937) 499; Brachet et al., J. Fluid Mech. 130 (1983) 411.
    """
    a, b, c = _wavenumbers(mode, x, y, z)
    height = amplitude * np.cos(c * z)
    u = np.sin(a * x) * np.cos(b * y) * height
    v = -a / b * np.cos(a * x) * np.sin(b * y) * height
    return u, v, np.zeros_like(u)


def abc(
    x: Field,
    y: Field,
    z: Field,
    *,
    a: float = 1.0,
    b: float = 0.7,
    c: float = 0.43,
    mode: int = 1,
) -> tuple[Field, Field, Field]:
    """ABC flow  (A sin Z + C cos Y, B sin X + A cos Z, C sin Y + B cos X).

    X = 2πmx/Lx with m = ``mode``, and so on. Arnold–Beltrami–Childress flow: in a cube of
    side L the vorticity is 2πm/L times the velocity, which decays like exp(−ν(2πm/L)²t).
    """
    ks = _wavenumbers(mode, x, y, z)
    x, y, z = (k * points for k, points in zip(ks, (x, y, z), strict=True))
    u = a * np.sin(z) + c * np.cos(y) + 0 * x
    v = b * np.sin(x) + a * np.cos(z) + 0 * y
    w = c * np.sin(y) + b * np.cos(x) + 0 * z
    return u, v, w


def isotropic(
    x: Field,
    y: Field,
    z: Field,
    *,
    energy: float = 0.5,
    peak: float = 4.0,
    spectrum: Literal["peak", "lognormal"] = "peak",
    seed: int = 0,
) -> tuple[Field, Field, Field]:
    """Random velocity with ∇·u = 0, energy ½⟨|u|²⟩, and a spectrum largest at k = ``peak``.

    E(k) ∝ k⁴ exp(−2(k/k₀)²), or log-normal: `pdekit.random_field.peaked`, `lognormal`.
    """
    require(energy > 0 and peak > 0, "energy and peak must be positive")
    grid = _box(x, y, z)
    law = random_field.peaked if spectrum == "peak" else random_field.lognormal
    u = random_field.solenoidal(grid, seed, partial(law, peak=peak))
    u, v, w = u * _scale(Flow.of_velocity(u, grid), energy)
    return u, v, w


# -- the box ---------------------------------------------------------------------------


def _lines(*points: Field) -> list[Array]:
    """Coordinates along their own axes, of open or of full meshes."""
    lines = []
    for i, p in enumerate(points):
        line = np.moveaxis(np.asarray(p, float), i - len(points), 0)
        line = line.reshape(len(line), -1)[:, 0]
        step = np.diff(line)
        even = line.size > 1 and bool(np.allclose(step, step[0], rtol=1e-6, atol=0.0))
        require(
            even and step[0] > 0,
            "the coordinates must be evenly spaced, ascending points of a periodic box",
        )
        lines.append(line)
    return lines


def _lengths(*points: Field) -> tuple[float, ...]:
    """Length of each side, n times the spacing."""
    return tuple(float((a[-1] - a[0]) * a.size / (a.size - 1)) for a in _lines(*points))


def _box(*points: Field) -> Grid:
    """Return the periodic grid that begins at the first point."""
    lines = _lines(*points)
    intervals = [
        (a[0], a[0] + length) for a, length in zip(lines, _lengths(*points), strict=True)
    ]
    return Grid.periodic([a.size for a in lines], intervals)


def _fractions(*points: Field) -> list[Array]:
    """Coordinates from the first point, in units of the sides."""
    boxes = zip(points, _lines(*points), _lengths(*points), strict=True)
    return [(np.asarray(p, float) - line[0]) / length for p, line, length in boxes]


def _wavenumbers(mode: int, *points: Field) -> tuple[float, ...]:
    require(mode >= 1, "mode must be at least 1")
    return tuple(2 * math.pi * mode / length for length in _lengths(*points))


def _scale(flow: Flow, energy: float) -> float:
    """Factor that gives a flow this energy."""
    require(bool(flow.energy > 0), "the grid is too coarse to carry any mode of the flow")
    return math.sqrt(energy / float(flow.energy))


def _periodic_sech2(fraction: Array, sharpness: float) -> Array:
    """Σ_n sech²(ρ(Y − n)), to rounding."""
    y = fraction - np.round(fraction)
    waves = (np.exp(-2.0 * sharpness * np.abs(y - n)) for n in _images(20.0 / sharpness))
    return sum(4.0 * e / (1.0 + e) ** 2 for e in waves)


def _periodic_gaussian(fraction: Array, length: float, radius: float) -> Array:
    """Σ_n exp(−(s − nL)²/a²)/(a√π), which has the integral 1 over a period, to rounding."""
    y = fraction - np.round(fraction)
    waves = ((length * (y - n) / radius) ** 2 for n in _images(6.5 * radius / length))
    return sum(np.exp(-w) for w in waves) / (radius * math.sqrt(math.pi))


def _images(reach: float) -> range:
    """Periods n that reach half a period when a function is nil beyond ``reach``."""
    count = math.ceil(reach + 0.5)
    return range(-count, count + 1)
