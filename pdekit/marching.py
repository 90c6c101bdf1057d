"""An equation advanced in time without a case file, on NumPy arrays or torch tensors.

>>> from pdekit import Grid, evolve
>>> from pdekit.solvers.spectral.nlse import NLSE
>>> grid, equation = Grid.periodic(256, (-20.0, 20.0)), NLSE(dispersion=1.0)
>>> (x,) = grid.points()
>>> soliton = equation.solution("bright_soliton", amplitude=1.5)
>>> psi = evolve(equation, grid, soliton(x, 0.0), 2.0, rtol=1e-10)
>>> bool(abs(psi - soliton(x, 2.0)).max() < 1e-9)
True
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdekit import registry, spectral
from pdekit.arrays import is_tensor, namespace, real_dtype
from pdekit.engine import make_engine
from pdekit.equation import AbstractEquation
from pdekit.errors import NotApplicable, PdekitError, ShapeError
from pdekit.stepping import System
from pdekit.typing import Array, Field

if TYPE_CHECKING:
    from pdekit.grid import Grid

SLICE = 1 << 30
"""Steps taken at once: all of them."""


def evolve(
    equation: AbstractEquation | str,
    grid: Grid,
    u: Field,
    end: float,
    *,
    start: float = 0.0,
    times: Sequence[float] | None = None,
    integrator: str = "auto",
    mask: Array | str | None = "auto",
    fft: str = "auto",
    workers: int = 1,
    **how: Any,
) -> Field:
    """Advance a field from ``start`` to ``end``.

    Parameters
    ----------
    equation
        An equation, or the name of one, which then has its default parameters.
    grid
        The grid of the field.
    u
        Values at ``start``, ``(..., channel, *space)``, or ``(*space)`` where the equation
        has one field. A tensor is advanced by torch on its own device, with gradients; an
        array by compiled loops. The precision is that of ``u``.
    times
        Ascending times to return the field at, instead of at ``end`` only.
    integrator
        A name of ``pdekit list integrators``.
    mask
        Dealiasing factors, such as those of `pdekit.spectral.half`, or the name of such a
        mask; what the equation prefers when left out.
    fft, workers
        Transform backend and its threads, for arrays.
    **how
        ``step`` or ``steps`` of a fixed-step integrator, where ``step`` is shortened to a
        whole number of steps; or ``cfl``, for the steps of a one-step scheme to follow the
        velocity, with ``max_step``, a hundredth of the interval when left out; ``rtol``,
        ``atol``, ``max_step``, ``first_step``, ``max_steps`` of an adaptive one. Where step
        sizes change, every member of an array has its own, the members of a tensor one.

    Returns
    -------
    field
        Of the kind and the leading axes of ``u``; with ``times``, one more axis in front.

    Raises
    ------
    BlowUp, NotConverged
        If the solver fails.
    """
    if isinstance(equation, str):
        equation = registry.equation(equation)()
    tensor = is_tensor(u)
    u = u if tensor else np.asarray(u)
    _check_shape(u, equation, grid)
    _check_values(u, start)
    wanted = _wanted(times, start, end)
    method = registry.integrator(
        equation.integrator if integrator == "auto" else integrator
    )
    if isinstance(mask, str):
        name = equation.dealias if mask == "auto" else mask
        mask = spectral.mask(name, grid, real=not equation.complex)
    how = _checked(method, how, end - start)
    own = method.adaptive or "cfl" in how  # step sizes of every member's own
    flat = u.reshape(-1, len(equation.fields), *grid.shape)
    together = tensor or not own
    engine = make_engine(
        "torch" if tensor else "fused",
        grid,
        channels=len(equation.fields),
        members=len(flat) if together else 1,
        precision="single" if "32" in str(real_dtype(u)) else "double",
        device=str(u.device) if tensor else "cpu",
        fft=fft,
        workers=workers,
    )
    system = System(equation, grid, engine, start=start, end=end, mask=mask)
    stepper = method.start(system, **how)
    xp = namespace(u)
    with np.errstate(over="ignore", invalid="ignore"):  # looked at by the steppers
        parts = [
            xp.stack(_marched(stepper, part, wanted))
            for part in (
                [flat] if together else [flat[i : i + 1] for i in range(len(flat))]
            )
        ]
    found = parts[0] if together else xp.concatenate(parts, axis=1)
    found = found.reshape(len(wanted), *u.shape[: u.ndim - grid.ndim], *grid.shape)
    return found[0] if times is None else found


def _marched(stepper: Any, u: Field, times: Sequence[float]) -> list[Field]:
    state, frames = stepper.start(u), []
    for t in times:
        while not stepper.arrived(state, t):
            state = stepper.advance(state, t, SLICE)
        frames.append(stepper.sample(state, t))
    return frames


def _check_shape(u: Field, equation: AbstractEquation, grid: Grid) -> None:
    """Refuse a field that is not ``(..., channel, *space)``."""
    lead, space = tuple(u.shape[: u.ndim - grid.ndim]), tuple(u.shape[-grid.ndim :])
    count = len(equation.fields)
    if space != grid.shape or (lead[-1:] != (count,) and (lead or count > 1)):
        raise ShapeError(("...", count, *grid.shape), tuple(u.shape), "the field")


def _check_values(u: Field, start: float) -> None:
    """Refuse half precision, which no engine computes in, and what is not finite."""
    if "float16" in f"{u.dtype} {real_dtype(u)}":
        raise PdekitError(
            f"the field is of {u.dtype}, and pdekit computes in single and double "
            "precision: convert it to float32 or float64"
        )
    if not bool(namespace(u).isfinite(u).all()):
        raise PdekitError(f"the field is not finite at t = {start:g}")


def _wanted(times: Sequence[float] | None, start: float, end: float) -> list[float]:
    if not start < end:
        raise NotApplicable("end", f"the end {end:g} is not after the start {start:g}")
    if times is None:
        return [float(end)]
    wanted = [float(t) for t in times]
    if (
        not wanted
        or wanted != sorted(wanted)
        or not start <= wanted[0] <= wanted[-1] <= end
    ):
        raise NotApplicable(
            "times", f"the times must ascend from {start:g} to {end:g} at most"
        )
    return wanted


def _checked(method: Any, how: dict[str, Any], span: float) -> dict[str, Any]:
    """Refuse what the integrator does not take; turn a step into a number of steps."""
    accepted = _keywords(method.start)
    if "steps" in accepted and "step" in how and "steps" not in how:
        step = how["step"]
        if not 0 < step < math.inf:
            raise NotApplicable("step", f"the step must be positive (got {step!r})")
        how = {**how, "steps": math.ceil(span / step - 1e-9)}
        del how["step"]
    if unknown := sorted(how.keys() - accepted):
        names = ", ".join([*(["step"] if "steps" in accepted else []), *accepted])
        wrong = ", ".join(unknown)
        raise NotApplicable(
            unknown[0], f"{method.name} does not take {wrong}; it takes {names}"
        )
    if "steps" in accepted and ("steps" in how) == ("cfl" in how):
        wanted = "step or steps" + (", or cfl" if "cfl" in accepted else "")
        both = ", not both" if "cfl" in how else ""
        raise NotApplicable("steps", f"{method.name} needs {wanted}{both}")
    if "max_step" in how and "steps" in how:
        raise NotApplicable("max_step", "max_step goes with cfl, not with step or steps")
    return how


def _keywords(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "system"]
