"""An untrusted preconditioner against a trusted one, on the same system.

Two iterations start from the same x₀.  One goes along what the untrusted P proposes.  The
other, conjugate gradients with a trusted S, waits in the background; now and then it gets
a share of the time, so that the two can be compared.  When P fails, or is the slower one,
the trusted iteration goes on from where it is (its work is not lost), or from where P got
to if that is much further.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pdekit.linalg.interface import Solution
from pdekit.linalg.krylov._cg import ConjugateGradients, iterate, not_definite
from pdekit.linalg.krylov._flexible import Directions
from pdekit.linalg.krylov._guard import Guarded
from pdekit.linalg.krylov._optimal import BestOfThree
from pdekit.linalg.krylov._run import Replacement, Run, dot
from pdekit.typing import Array

STRIKES = 3
"""Unsafe directions after which P is not asked again."""
SHARE = 0.25
"""Time of the trusted iteration in the background, per time of the untrusted one."""
PROBE = 3
"""Iterations that the trusted one does at least before it is compared."""
FREE = 20
"""Applications of P that are not set against the time of the trusted iteration."""
TRUE_EVERY = 50
"""Iterations after which the residual is computed from x."""


class Race:
    """The two iterations, and the judgement."""

    def __init__(
        self, run: Run, P: Any, S: Any, kept: Directions, clock: Callable[[], float]
    ) -> None:
        self.run, self.P, self.S, self.kept, self.clock = run, P, S, kept, clock
        self.r = np.empty(run.x.shape)
        self.size = self.first = run.start(self.r)
        self.trusted = ConjugateGradients(run, S, run.x.copy(), self.r.copy(), self.size)
        self.energy = self.spent = self.spent_trusted = self.speed_trusted = 0.0
        self.strikes = self.slow = self.asked = self.steps = self.steps_trusted = 0
        self.mark = self.mark_trusted = (0.0, self.size)
        self.hopeless = Replacement().hopeless

    def solve(
        self, guarded: Guarded, window: int, overhead: float, optimal: BestOfThree | None
    ) -> Solution:
        """Iterate with P for as long as it is worth it, then with S alone."""
        self.guarded, self.optimal = guarded, optimal
        self.window, self.overhead = window, overhead
        run = self.run
        why = "there is no P" if self.P is None else ""
        while not why:
            if self.size <= run.goal or (self.steps + 1) % TRUE_EVERY == 0:
                claimed, self.size = self.size, run.residual(self.r)
                run.correct(self.size)
                if self.size <= run.goal:
                    return run.finish("tol", self.size)
                if claimed <= run.goal and self.hopeless(run, self.size):
                    why = "the residual with P is lost to rounding"
                    break
            if run.iterations >= run.maxiter:
                return run.finish("maxiter")
            why = self._iterate()
        return self._fall_back(why)

    # -- the untrusted iteration -------------------------------------------------------

    def _iterate(self) -> str:
        """Do one iteration with P; return why to give P up, or nothing."""
        began = self.clock()
        moved = self._step()
        self.spent += self.clock() - began
        self.run.iterations += moved
        self.steps += 1
        if moved:
            self.run.record(self.size)
        else:
            return "no direction lowers the error"
        if self.strikes >= STRIKES:
            return f"{STRIKES} unsafe directions"
        if self.size <= self.run.goal or self.steps == self.strikes:
            return ""
        self._advance(self._debt() / self.overhead)
        if self.trusted.size <= self.run.goal:
            return "S alone has solved it meanwhile"
        return self._verdict() if self.asked >= self.window else ""

    def _step(self) -> bool:
        p, q = self.kept.room()
        fault = self.guarded.fault(self.r, self.size)
        if fault:
            self.strikes += 1
            self.run.event(f"unsafe direction: {fault}; S is used instead")
            self.run.precondition(self.r, p, self.S)
        else:
            np.copyto(p, self.guarded.z)
        self.asked += 1
        if self.optimal is not None:
            self.optimal.combine(self.r, p, q, self.kept.last(), self.S)
        else:
            self._conjugate(p)
            self.run.matvec(p, q)
        return self._move(p, q) or self._curvature(p, q)

    def _conjugate(self, p: Array) -> None:
        flat = p.reshape(-1)
        before, whole = dot(flat, flat), self.guarded.z
        np.copyto(whole, p)
        self.kept.conjugate(flat)
        if dot(flat, flat) < 1e-24 * before:
            np.copyto(p, whole)

    def _move(self, p: Array, q: Array) -> bool:
        """Take the best step along p; return whether there was one."""
        flat = [a.reshape(-1) for a in (self.run.x, self.r, p, q)]
        d, pr = dot(flat[2], flat[3]), dot(flat[2], flat[1])
        if not (d > 0 and math.isfinite(d) and math.isfinite(pr / d) and pr != 0):
            return False
        self.energy += pr * pr / d
        self.size = math.sqrt(self.kept.kernels.step(*flat, pr / d))
        self.kept.keep(d)
        return True

    def _curvature(self, p: Array, q: Array) -> bool:
        """Answer a direction without curvature, which a definite A has not, by S r."""
        self.run.event("curvature: (p, A p) is not positive; S is used instead")
        self.strikes += 1
        self.kept.forget()
        self.run.precondition(self.r, p, self.S)
        self.run.matvec(p, q)
        if self._move(p, q):
            return True
        d = dot(p.reshape(-1), q.reshape(-1))
        if d < 0:
            raise not_definite(self.run, d)
        return False

    # -- the comparison ----------------------------------------------------------------

    def _verdict(self) -> str:
        """Compare the window that ended with the trusted iteration."""
        untrusted = _speed(self.mark, (self.spent, self.size))
        self._advance(SHARE * self.spent, PROBE)
        if self.trusted.size <= self.run.goal:
            return "S alone has solved it meanwhile"
        if self.spent_trusted > self.mark_trusted[0]:
            now = (self.spent_trusted, self.trusted.size)
            self.speed_trusted = _speed(self.mark_trusted, now)
            self.mark_trusted = now
        trusted = self.speed_trusted
        self.asked, self.mark = 0, (self.spent, self.size)
        lead = self.spent / self.spent_trusted if self.spent_trusted else math.inf
        ahead = self.trusted.energy >= self.energy and lead >= 1
        if not ahead and untrusted >= 0.5 * trusted:
            return ""
        self.slow += 1
        if untrusted < 0.25 * trusted or (ahead and lead >= 2):
            self.slow = 2
        how = f"{untrusted:.3g} decades of the residual per second, S {trusted:.3g}"
        self.run.event(f"slower than S: {how}")
        return "P is slower than S" if self.slow >= 2 else ""

    def _advance(self, due: float, least: int = 0) -> None:
        """Let the trusted iteration have its time, and a number of steps at least."""
        while (
            self.trusted.size > self.run.goal
            and (self.spent_trusted < due or self.steps_trusted < least)
            and self.run.iterations < self.run.maxiter
            and self._step_trusted()
        ):
            pass

    def _debt(self, ahead: int = 1) -> float:
        """Return the time beyond that of the free applications, some iterations from now.

        Best steps of three take S and another product every time: then iterations are free.
        """
        iterations = self.steps + ahead
        free = self.guarded.spent if self.optimal is None else self.spent
        return (iterations * self.spent - min(iterations, FREE) * free) / self.steps

    def _step_trusted(self) -> bool:
        began = self.clock()
        moved = self.trusted.step()
        self.spent_trusted += self.clock() - began
        if moved:
            self.steps_trusted += 1
            self.run.iterations += 1
            self.run.record(min(self.size, self.trusted.size))
        return moved

    # -- the end -----------------------------------------------------------------------

    def _fall_back(self, why: str) -> Solution:
        run = self.run
        if self.P is not None:
            run.event(f"stagnation->fallback: {why}; S alone goes on")
        state = self._finish_line()
        run.x = state.x
        reason, size = iterate(run, state)
        if reason == "breakdown" and state.P is not None:
            run.event("S is not positive definite: conjugate gradients without it go on")
            size = run.residual(state.r)
            bare = ConjugateGradients(run, None, run.x, state.r, size)
            reason, size = iterate(run, bare)
        return run.finish(reason, size)

    def _finish_line(self) -> ConjugateGradients:
        """Let S go on from its own x and from that of P; return what arrives first.

        The first has the work of the trusted solve left, not more.  The second can be much
        shorter; it gets so little of the time that it costs little if it is not.
        """
        run, own = self.run, self.trusted
        if not self.steps or own.size <= run.goal:
            return own
        other = ConjugateGradients(run, self.S, run.x, self.r, self.size, self.energy)
        if self.steps == self.strikes:  # all directions were S r: it is the trusted solve
            return self._restarted(other)
        left = [_decades(state.size, run.goal) for state in (other, own)]
        worthwhile, spent = left[0] < 0.5 * left[1], 0.0
        if worthwhile:
            self._restarted(other)
        while own.size > run.goal and run.iterations < run.maxiter:
            if not worthwhile and own.energy >= other.energy:
                return own
            if worthwhile and self._debt(0) + spent <= self.overhead * self.spent_trusted:
                began = self.clock()
                worthwhile = other.step()
                spent += self.clock() - began
                run.iterations += worthwhile
                self.size = other.size
                run.record(min(other.size, own.size))
                if other.size <= run.goal:
                    return other
            elif not self._step_trusted():
                return other
        return own

    def _restarted(self, other: ConjugateGradients) -> ConjugateGradients:
        """Put an iteration to where P got, with its true residual and last direction."""
        other.size = self.run.residual(self.r)
        if last := self.kept.last():
            other.follow(*last)
        return other


def _speed(before: tuple[float, float], now: tuple[float, float]) -> float:
    """Return the decades per time between two pairs of time and size."""
    return _decades(before[1], now[1]) / max(now[0] - before[0], 1e-300)


def _decades(before: float, after: float) -> float:
    """Return  log₁₀(before/after)."""
    return math.log10(max(before, 1e-300) / max(after, 1e-300))
