"""Solvers set up for an operator."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit.errors import NotApplicable, PdekitError
from pdekit.linalg.interface import Preconditioner, Solution
from pdekit.linalg.stencil import Stencil
from pdekit.steady import tensors
from pdekit.steady.choosing import choose
from pdekit.steady.work import joined
from pdekit.typing import Array

if TYPE_CHECKING:
    from pdekit.case.boundary_case import BoundaryCase, LinearSolverSpec
    from pdekit.steady.posing import Posed

CYCLES, ITERATIONS = 100, 20_000
"""Most cycles or iterations unless a case says so."""
FEW = 10
"""Cycles between two looks at the interrupt flag."""
Callback = Callable[[int, Array], None]


def wants_torch(case: BoundaryCase) -> bool:
    """Whether a case is solved on tensors."""
    return case.run.backend == "torch" or case.run.device == "cuda"


class System:
    """One operator with its solver, set up once and used for any right-hand side.

    Raises
    ------
    NotApplicable, PdekitError
        If the solver does not fit the operator.
    """

    def __init__(
        self, posed: Posed, spec: LinearSolverSpec, op: Stencil, added: float = 0.0
    ) -> None:
        self.posed, self.spec, self.op, self.added = posed, spec, op, added
        self.on_tensors = wants_torch(posed.case)
        self.factors = 1 if posed.problem.clamped else posed.problem.factors
        if self.on_tensors:
            tensors.require(posed, spec)
        self.choice = choose(posed, spec, op, iterate=self.on_tensors)
        self.data = posed
        began = time.perf_counter()
        self.tool: Any = self._tool()
        self.setup_s = time.perf_counter() - began

    def _tool(self) -> Any:
        """Set up transforms, cycles or a preconditioner."""
        if self.on_tensors:
            return None
        single = self.posed.case.run.precision == "single"
        if single and (
            self.choice.name not in ("direct", "spectral") or self.posed.problem.clamped
        ):
            message = (
                f"single is not for {self.choice.name} on arrays of NumPy: use solver "
                "direct where it applies, or backend torch"
            )
            raise self.posed.case.problem("run.precision", message)
        match self.choice.name:
            case "direct" | "spectral":
                return self._direct()
            case "multigrid":
                return self._cycles(self.op)
        return self._preconditioner()

    def _direct(self) -> Any:
        if not self.posed.constant or self.posed.mask is not None:
            masked = self.posed.mask is not None
            what = "a mask" if masked else "a coefficient that varies"
            raise NotApplicable(
                "name",
                f"{self.choice.name} is for constant coefficients on a box, and this "
                f"problem has {what}; use krylov or multigrid",
            )
        from pdekit.linalg.direct import DirectSolver

        k, c = self.posed.diffusion, self.posed.reaction + self.added
        if self.posed.problem.clamped:
            from pdekit.linalg.plates import ClampedPlate

            plate = ClampedPlate(self.posed.grid)
            self.data = self.posed.on(plate.nodes)
            return plate
        if self.choice.name == "spectral" and (why := self._misfit(k, c)):
            from pdekit.linalg.legendre import LegendreSolver

            tool = LegendreSolver(self.posed.grid, k, c)
            self.choice = replace(self.choice, why=f"in polynomials: {why}")
            self.data = self.posed.on(tool.nodes)
            return tool
        return DirectSolver(
            self.posed.grid,
            k,
            c,
            order=self.choice.order,
            threads=self._threads,
            precision=self.posed.case.run.precision,
            reproducible=self.posed.case.run.reproducible,
        )

    def _misfit(self, k: Any, c: float) -> str:
        """Say why the series of the axes do not hold the data, if they do not."""
        from pdekit.linalg._lifting import lifted, unresolved

        posed, factors = self.posed, self.posed.problem.factors
        if posed.problem.evolves or posed.grid.is_periodic:
            return ""
        if any(
            np.any(g) for i in range(1, factors) for g in posed.walls(factor=i).values()
        ):
            return "the right-hand side of the second equation does not vanish on the walls"
        f, _ = lifted(posed.grid, k, c, posed.source(), posed.walls(factor=factors - 1))
        if unresolved(posed.grid, f):
            return "the series of the axes do not hold the source"
        return ""

    def walls(self, factor: int) -> Any:
        """Return the data on the walls of a factor; clamped plates have none."""
        return {} if self.posed.problem.clamped else self.data.walls(factor=factor)

    def on_grid(self, x: Array) -> Array:
        """Return a solution at the points of the grid."""
        if self.data is self.posed:
            return x
        return np.asarray(self.data.grid.interpolate(x, self.posed.grid))

    @property
    def _threads(self) -> int:
        threads = self.posed.case.run.threads
        if self.posed.case.run.members > 1:
            return 1  # members are solved several at a time instead
        return 1 if threads == "auto" else threads

    def _cycles(self, op: Stencil, **more: Any) -> Any:
        from pdekit.linalg.multigrid import Multigrid

        options: dict[str, Any] = {
            "cycle": self.spec.cycle or "V",
            "smoother": self.spec.smoother or "auto",
        }
        return Multigrid(op, threads=self._threads, **options, **more)

    def _preconditioner(self) -> Preconditioner | None:
        name, op = self.choice.preconditioner, self.op
        if name == "none":
            return None
        if not (op.positive_definite or op.singular):
            op = self._definite()
        if name == "multigrid":
            found: Preconditioner = self._cycles(op, symmetric=True)
            return found
        if name == "direct":
            from pdekit.linalg.direct import mean_coefficient

            return mean_coefficient(op, threads=self._threads)
        from pdekit.linalg import preconditioners as kinds

        match name:
            case "jacobi":
                return kinds.Jacobi(op)
            case "ssor":
                return kinds.SSOR(op)
            case "ic" | "mic":
                return kinds.IncompleteCholesky(op, modified=name == "mic")
        kind = "ruge_stuben" if name == "amg_classical" else "smoothed_aggregation"
        return kinds.AlgebraicMultigrid(op, kind)

    def _definite(self) -> Stencil:
        """Return the operator with its reaction made positive, as minres needs of P."""
        return replace(self.op, reaction=np.abs(self.op.reaction))

    @cached_property
    def safe(self) -> Preconditioner:
        """What safe_fcg falls back on: a cycle of multigrid."""
        found: Preconditioner = self._cycles(self.op, symmetric=True)
        return found

    # -- solving -----------------------------------------------------------------------

    def solve(
        self,
        f: Array,
        walls: Any,
        *,
        project: bool,
        x0: Array | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Solve for a source and data on the walls."""
        if self.choice.order != 2:
            return self._transformed(f, walls, project)
        b = self.op.right_hand_side(f, walls)
        events = self._balance(b) if self.op.singular and project else []
        found = self.solve_vector(b, project=project, x0=x0, callback=callback)
        return replace(found, events=[*events, *found.events])

    def _balance(self, b: Array) -> list[tuple[int, str]]:
        """Take a constant off the source, in place, so that the data have a solution."""
        w = np.broadcast_to(self.op.volumes, b.shape)
        excess = float(b.sum() / w.sum())
        if abs(excess) <= 1e-14 * float(np.abs(b).max(initial=0.0)):
            return []
        b -= excess * w
        return [(0, f"{excess:.3g} was taken off the source, so that the data balance")]

    def solve_vector(
        self,
        b: Array,
        *,
        project: bool,
        x0: Array | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Solve for a right-hand side."""
        name, spec = self.choice.name, self.spec
        found: Solution
        if self.on_tensors:
            (found,) = tensors.corrected([self], b[None], project)
        elif name == "direct":
            found = self.tool.solve(b, project=project, rtol=spec.rtol)
        elif name == "multigrid":
            found = self._cycled(b, project, x0, callback)
        else:
            found = self._iterated(b, project, x0, callback)
        return found

    def _transformed(self, f: Array, walls: Any, project: bool) -> Solution:
        found: Solution = self.tool.solve_field(
            f, walls, project=project, rtol=self.spec.rtol
        )
        return found

    def _cycled(
        self, b: Array, project: bool, x0: Array | None, callback: Callback | None
    ) -> Solution:
        """Cycle, a few cycles at a time, so that an interruption is heard in between."""
        left, parts = self.spec.maxiter or CYCLES, list[Solution]()
        while True:
            few = left if callback is None else min(left, FEW)
            found: Solution = self.tool.solve(
                b, rtol=self.spec.rtol, max_cycles=few, x0=x0, project=project
            )
            parts.append(found)
            left, x0 = left - found.iterations, found.x
            if found.reason != "maxiter" or left <= 0:
                return joined(parts)
            if callback is not None:
                callback(sum(part.iterations for part in parts), found.x)

    def _iterated(
        self, b: Array, project: bool, x0: Array | None, callback: Callback | None
    ) -> Solution:
        from pdekit.linalg import krylov

        options: dict[str, Any] = {
            "rtol": self.spec.rtol,
            "maxiter": self.spec.maxiter or ITERATIONS,
            "x0": x0,
            "project": project,
        }
        names = {"cg": "conjugate_gradients"}
        method = getattr(krylov, names.get(self.choice.method, self.choice.method))
        if callback is not None:
            options["callback"] = callback
        if self.choice.method == "safe_fcg":
            options["safe"] = self.safe
        found: Solution = method(self.op, b, self.tool, **options)
        return found

    def describe(self) -> dict[str, Any]:
        """Return what the summary says of the solver."""
        choice = self.choice
        said: dict[str, Any] = {"name": choice.name, "order": choice.order}
        if choice.name == "krylov":
            said |= {"method": choice.method, "preconditioner": choice.preconditioner}
        if choice.why:
            said["chosen_because"] = choice.why
        return said


def refused(posed: Posed, error: PdekitError, where: str = "solver") -> PdekitError:
    """Return an error about the part of a case that does not fit."""
    key = f"{where}.{error.key}" if isinstance(error, NotApplicable) else where
    return posed.case.problem(key, str(error))
