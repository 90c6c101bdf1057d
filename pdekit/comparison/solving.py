"""The classical solver of a steady problem: from a stored coefficient to the solution."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.case import BoundaryCase
from pdekit.case.boundary_case import LinearSolverSpec
from pdekit.comparison.marching import Setting
from pdekit.comparison.trial import Trial
from pdekit.errors import NotConverged, PdekitError
from pdekit.grid import Axis, Grid
from pdekit.linalg.stencil import Stencil, discretize
from pdekit.steady.posing import Posed
from pdekit.steady.solving import System
from pdekit.typing import Array

TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8, 1e-10)
"""Relative residuals that are tried."""
BANDED = "banded"
"""Cholesky factors within the band of the matrix: unbeaten on small grids."""


class Solving:
    """A boundary-value problem whose coefficient is given at stored points.

    Raises
    ------
    PdekitError
        If the data hold something else than its coefficient.
    """

    def __init__(
        self, problem: BoundaryCase, spec: LinearSolverSpec | None, label: str,
        constants: tuple[str, ...],
    ) -> None:  # fmt: skip
        run = problem.run.model_copy(update={"members": 1, "threads": 1})
        self.problem = problem.model_copy(update={"run": run})
        self.spec, self.label, self.precision = spec, label, "double"
        grid = _grid(problem)
        law: Any = Posed(self.problem, grid, grid).law
        if constants != (law.diffusion[0],):
            raise PdekitError(
                f"the classical solver needs the stored coefficient {law.diffusion[0]} "
                f"(the data hold {', '.join(constants) or 'none'})"
            )
        self.ladder: tuple[float, ...] = TOLERANCES if spec else (0.0,)

    def method(self, points: tuple[int, ...], effort: float) -> Solved:
        """Return the solver on so many points with a tolerance."""
        return Solved(self, Setting(self.label, points, effort))

    def words(self, setting: Setting) -> str:
        """Say what a setting is."""
        points = "×".join(map(str, setting.points))
        return f"{points} points" + (f", rtol {setting.effort:g}" if self.spec else "")


class Solved:
    """The problem with one setting."""

    def __init__(self, solving: Solving, setting: Setting) -> None:
        self.solving, self.setting = solving, setting
        spec = solving.spec
        self.spec = spec and spec.model_copy(update={"rtol": setting.effort})
        self.grid = _grid(solving.problem).resize(setting.points)
        self.posed = Posed(solving.problem, self.grid, self.grid)
        self.source, self.walls = self.posed.source(), self.posed.walls()
        self.reaction = self.posed.reaction
        self._weights: dict[Grid, list[Array]] = {}

    def __call__(self, trial: Trial) -> Array:
        """Average each coefficient onto the points, solve, go back by its series."""
        media = self._averaged(np.asarray(trial.constant[:, 0], dtype=float), trial.grid)
        u = np.stack([self._solution(k) for k in media])
        if self.grid != trial.grid:
            u = self._back(u, trial.grid)
        return u[:, None, None].astype(trial.truth.dtype)

    def _solution(self, k: Array) -> Array:
        op = discretize(self.grid, k, self.reaction)
        b = op.right_hand_side(self.source, self.walls)
        try:
            if self.spec is None:
                return banded_solution(op, b)
            system = System(self.posed, self.spec, op)
            return np.asarray(system.solve_vector(b, project=False).x)
        except (NotConverged, np.linalg.LinAlgError):
            return np.full(self.grid.shape, np.nan)

    def _back(self, u: Array, grid: Grid) -> Array:
        if any(np.any(value) for value in self.walls.values()):
            from pdekit.transfer import moved  # values on the walls are not zero

            return np.stack([moved(each, self.grid, grid) for each in u])
        return self.grid.interpolate(u, grid)

    def _averaged(self, k: Array, grid: Grid) -> Array:
        """Return the geometric mean of the arithmetic and the harmonic mean of each cell.

        ``k`` is ``(samples, *space)``.

        The two bound what a mixture conducts (Wiener 1912); in two dimensions the
        geometric mean is exact for media that are alike when their two kinds are
        exchanged (Dykhne, Sov. Phys. JETP 32 (1971) 63).
        """
        if grid == self.grid:
            return k
        if grid not in self._weights:
            pairs = zip(grid.axes, self.grid.axes, strict=True)
            self._weights[grid] = [overlaps(fine, coarse) for fine, coarse in pairs]
        above, below = k, 1 / k
        for d, weights in enumerate(self._weights[grid], start=1):
            above, below = (_along(weights, f, d) for f in (above, below))
        return np.asarray(np.sqrt(above / below))


def _grid(problem: BoundaryCase) -> Grid:
    from pdekit.steady.grids import grid_of

    return grid_of(problem)


def _along(weights: Array, f: Array, d: int) -> Array:
    return np.moveaxis(np.tensordot(weights, f, axes=(1, d)), 0, d)


def overlaps(fine: Axis, coarse: Axis) -> Array:
    """Return which share of each coarse cell lies in each fine one, ``(coarse, fine)``."""
    ends = [
        (axis.points()[:, None] + np.array([-0.5, 0.5]) * axis.spacing)
        for axis in (coarse, fine)
    ]
    mine, theirs = (e.clip(coarse.lower, coarse.upper) for e in ends)
    if coarse.boundary == "periodic":
        theirs = np.concatenate([ends[1] + s * coarse.length for s in (-1, 0, 1)])
        mine = ends[0]
    lower = np.maximum(mine[:, None, 0], theirs[None, :, 0])
    upper = np.minimum(mine[:, None, 1], theirs[None, :, 1])
    shares = np.clip(upper - lower, 0, None)
    if coarse.boundary == "periodic":
        shares = shares.reshape(coarse.n, 3, fine.n).sum(axis=1)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def banded_solution(op: Stencil, b: Array) -> Array:
    """Solve A u = b for a symmetric positive definite operator between walls.

    Raises
    ------
    PdekitError
        If an axis is periodic, which leaves no narrow band.
    """
    from scipy.linalg import solveh_banded

    if any(axis.boundary == "periodic" for axis in op.grid.axes):
        raise PdekitError("banded is for boxes between walls; use krylov")
    shape = op.shape
    stride = [int(np.prod(shape[d + 1 :])) for d in range(len(shape))]
    band = np.zeros((stride[0] + 1, op.grid.size))
    band[0] = op.diagonal().ravel()
    for d, step in enumerate(stride):
        after = np.take(op.couplings(d), range(1, shape[d] + 1), axis=d)
        after = np.array(np.broadcast_to(after, shape))
        after[(slice(None),) * d + (-1,)] = 0.0  # the last has no neighbour
        band[step] -= after.ravel()
    found = solveh_banded(
        band, b.ravel(), lower=True, overwrite_ab=True, check_finite=False
    )
    return np.asarray(found).reshape(shape)
