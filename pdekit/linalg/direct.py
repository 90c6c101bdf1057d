"""Direct solvers by fast transforms: constant coefficients on a box.

The modes of the axes are eigenvectors of the operator, whatever mixture of boundaries the
box has.  A solution is a transform, a division by the eigenvalues and a transform back.

References
----------
Hockney, Journal of the ACM 12 (1965) 95.  Swarztrauber, SIAM Review 19 (1977) 490.
Strang, SIAM Review 41 (1999) 135.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from pdekit.errors import ShapeError, UnknownName
from pdekit.grid import Grid
from pdekit.linalg._constant import checked_coefficients, mean_coefficients, operator_of
from pdekit.linalg._lifting import lifted, unresolved
from pdekit.linalg._modes import Modes, good_size, refuse_chebyshev
from pdekit.linalg._range import solvable
from pdekit.linalg._residual import refine, residual_of
from pdekit.linalg._symbols import ORDERS, Order, check_not_zero, inverse, symbol
from pdekit.linalg._walls import values_at
from pdekit.linalg.compact import CompactStencil
from pdekit.linalg.interface import Solution
from pdekit.linalg.spectral import SpectralOperator
from pdekit.linalg.stencil import Coefficient, Stencil, Walls
from pdekit.typing import Array


class DirectSolver:
    """Solver of  −∇·(k∇u) + c u = f,  k and c constant, and a `Preconditioner`.

    Parameters
    ----------
    grid
        Any mixture of periodic, Dirichlet and Neumann ends, one to three axes.
    k
        Positive diffusion coefficient, one for all axes or one for each.
    c
        Reaction coefficient.  A negative one is a Helmholtz equation, which is solved
        unless an eigenvalue is zero.
    order
        2: the second differences of `Stencil`.  4: the compact scheme of `CompactStencil`,
        vertex-centred at walls.  ``"spectral"``: the derivatives of the sine, cosine and
        Fourier series, exact for what they can hold.  A sine series holds a source that
        vanishes on the Dirichlet walls; any other one is solved with order two.
    threads
        Number of threads of the transforms.
    precision
        ``"double"``, or ``"single"``: half the memory, and `solve` refines its answer in
        double precision.
    reproducible
        Let no measurement choose the library of a transform.

    Attributes
    ----------
    operator
        What is inverted.
    eigenvalues
        By mode; see `Grid.wavenumbers`.
    info
        Who transforms which axis.
    setup_s
        Seconds that planning took.

    Notes
    -----
    A singular operator (no Dirichlet wall and c = 0) is inverted on the arrays of mean
    zero.  A solver owns its memory and belongs to one thread at a time.

    Transforms are quick if their length has small prime factors; on a vertex-centred
    Dirichlet axis that is n + 1: 1023² points take a third of the time of 1024², for 1025 =
    5²·41.  See `good_sizes`.

    Examples
    --------
    >>> from pdekit.grid import Axis
    >>> grid = Grid((Axis("x", 3, 0.0, 1.0, "dirichlet"),))
    >>> DirectSolver(grid).solve_field(2.0).x  # u = x (1 − x)
    array([0.1875, 0.25  , 0.1875])
    """

    name = "direct"
    linear = True
    symmetric = True
    fixed = True

    def __init__(
        self,
        grid: Grid,
        k: float | Sequence[float] = 1.0,
        c: float = 0.0,
        order: Order = 2,
        threads: int = 1,
        *,
        precision: Literal["double", "single"] = "double",
        reproducible: bool = False,
    ) -> None:
        started = time.perf_counter()
        if order not in ORDERS:
            raise UnknownName("order", str(order), tuple(map(str, ORDERS)))
        if precision not in ("double", "single"):
            raise UnknownName("precision", str(precision), ("double", "single"))
        refuse_chebyshev(grid)
        self.grid, self.order = grid, order
        self.k, self.c = checked_coefficients(grid, k, c)
        self.threads = threads
        self.operator = operator_of(grid, self.k, self.c, order)
        self.singular = bool(self.operator.nullspace)
        self.eigenvalues = symbol(grid, self.k, self.c, order)
        size = symbol(grid, self.k, abs(self.c), order)
        check_not_zero(grid, self.eigenvalues, size, self.singular)
        number = "float64" if precision == "double" else "float32"
        self._modes = Modes(grid, number, threads, reproducible)
        self._factor = self._modes.factor(
            inverse(self.eigenvalues, self._modes.size, self.singular)
        )
        halved = (self.operator.volumes != 1).any()
        self._weights = 1.0 / self.operator.volumes if halved else None
        self.info = self._modes.info
        self.setup_s = time.perf_counter() - started

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the unknowns."""
        return self.grid.shape

    @cached_property
    def good_sizes(self) -> tuple[int, ...]:
        """Numbers of points, none below the present ones, with quick transforms."""
        return tuple(good_size(axis) for axis in self.grid.axes)

    @cached_property
    def _residual(self) -> Callable[[Array, Array], Array]:
        return residual_of(self.operator)

    def apply(self, r: Array, out: Array | None = None) -> Array:
        """Return  A⁻¹ r,  or A⁺ r  where A is singular: both means are taken off."""
        if np.shape(r) != self.shape:
            raise ShapeError(self.shape, np.shape(r), "what a solver is applied to")
        values, scale = self._modes.values, 1.0
        if values.dtype == np.float32:  # whose range is a small one
            scale = max(float(abs(r).max()), np.finfo(float).tiny)
            r = r / scale
        mean = r.mean() if self.singular else 0.0
        np.subtract(r, mean, out=values, casting="same_kind")
        if self._weights is not None:
            values *= self._weights
        self._modes.forward()
        self._modes.multiply(self._factor)
        self._modes.inverse()
        out = np.empty(self.shape) if out is None else out
        np.multiply(values, scale, out=out, dtype=float)
        if self.singular:
            out -= out.mean()
        return out

    def solve(
        self,
        b: Array,
        project: bool = False,
        *,
        rtol: float = 1e-8,
        check: bool = True,
    ) -> Solution:
        """Solve  A x = b  for the `operator`.

        Parameters
        ----------
        b
            A right-hand side, such as ``operator.right_hand_side(f, walls)``.
        project
            Whether a b that a singular operator cannot reach is replaced by the nearest one
            that it can; otherwise it is refused.
        rtol
            Largest relative residual that counts as converged; while it is larger, the
            answer is refined.
        check
            Whether the residual is computed, which takes as long as the solution itself.
            Without it nothing is known to have converged.

        Raises
        ------
        PdekitError
            If b is not finite, or not in the range of a singular operator.
        """
        started = time.perf_counter()
        b, events = solvable(b, self.shape, self.singular, project)
        zero = not b.any()
        x = np.zeros(self.shape) if zero else self.apply(b)
        history = [0.0] if zero else [1.0]
        if check and not zero:
            history = refine(x, b, self.apply, self._residual, rtol)
        matvecs = len(history) - 1
        last = history[-1] if check or zero else np.nan
        done = last <= rtol
        return Solution(
            x=x,
            converged=bool(done),
            reason="tol" if done else "stagnation" if check else "unchecked",
            iterations=max(1, matvecs),
            matvecs=matvecs,
            applications=max(1, matvecs),
            relative_residual=float(last),
            history=np.array(history),
            history_is_true=np.ones(len(history), dtype=bool),
            setup_s=self.setup_s,
            solve_s=time.perf_counter() - started,
            events=events,
            method=self._method(),
        )

    def solve_field(
        self,
        f: Coefficient,
        walls: Walls | None = None,
        project: bool = False,
        **options: Any,
    ) -> Solution:
        """Solve  −∇·(k∇u) + c u = f  with data on the walls; see `solve`.

        Parameters
        ----------
        f
            A number, values at the points, or a function of the coordinates.
        walls
            u on Dirichlet walls, the flux k ∂u/∂n into the box on Neumann walls.
        project
            Whether a source without a solution is changed by a constant so that it has one;
            otherwise it is refused.

        Returns
        -------
        Solution
            If the operator is singular, the one whose mean over the box is zero, ⟨u⟩ = 0;
            the residual is the same for all.
        """
        values = np.broadcast_to(values_at(self.grid, f), self.shape)
        lift: float | Array = 0.0
        events: list[tuple[int, str]] = []
        if isinstance(self.operator, SpectralOperator):
            values, lift = lifted(self.grid, self.k, self.c, values, walls)
            b = values * self.operator.volumes
            events += unresolved(self.grid, values)
        else:
            here = f if isinstance(self.operator, CompactStencil) else values
            b = self.operator.right_hand_side(here, walls)
        if self.singular and project:
            w = np.broadcast_to(self.operator.volumes, self.shape)
            excess = b.sum() / w.sum()
            b = b - excess * w
            events.append((0, f"the constant {excess:.6g} was taken off the source"))
        solution = self.solve(b, **options)
        x = solution.x + lift if np.ndim(lift) else solution.x
        if self.singular:
            x -= self.grid.mean(x)
        return replace(solution, x=x, events=events + solution.events)

    def biharmonic(self, f: Coefficient, **options: Any) -> Solution:
        """Solve  (−∇·k∇ + c)² u = f  by two solutions; for k = 1, c = 0 that is  Δ²u = f.

        On Dirichlet walls  u = Δu = 0  (a simply supported plate), on Neumann walls the
        normal derivatives of both vanish.  The residual is the larger one of the two.
        """
        first = self.solve_field(f, **options)
        second = self.solve_field(first.x, **options)
        worse = max(first, second, key=lambda s: s.relative_residual)
        return replace(
            second,
            converged=first.converged and second.converged,
            reason=worse.reason,
            iterations=first.iterations + second.iterations,
            matvecs=first.matvecs + second.matvecs,
            applications=first.applications + second.applications,
            relative_residual=worse.relative_residual,
            solve_s=first.solve_s + second.solve_s,
            events=first.events + second.events,
            method=f"{self._method()}, twice",
        )

    def _method(self) -> str:
        libraries = sorted({str(step["backend"]) for step in self.info})
        return f"direct, order {self.order}, transforms by {' and '.join(libraries)}"


def biharmonic(
    grid: Grid, f: Coefficient, order: Order = 2, threads: int = 1, **options: Any
) -> Solution:
    """Solve  Δ²u = f,  u = Δu = 0  on Dirichlet walls; see `DirectSolver.biharmonic`."""
    return DirectSolver(grid, order=order, threads=threads).biharmonic(f, **options)


def mean_coefficient(operator: Stencil, threads: int = 1, **options: Any) -> DirectSolver:
    """Return the solver with the mean coefficients of a variable operator.

    As its preconditioner it bounds  κ ≤ max k / min k  on every grid.
    """
    k, c = mean_coefficients(operator)
    return DirectSolver(operator.grid, k, c, threads=threads, **options)
