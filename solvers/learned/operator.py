"""A trained model with what makes it a solution operator: fields, scales, box, step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pdekit import registry
from pdekit.axis import Axis
from pdekit.errors import PdekitError, ShapeError
from pdekit.grid import Grid
from pdekit.solvers.learned.normaliser import Normaliser


@dataclass(frozen=True)
class Signature:
    """What an operator takes and gives, in the words of a data set.

    Parameters
    ----------
    varying
        Fields that are predicted: those that change in time, or the solution of a steady
        problem.
    constant
        Further inputs, such as a coefficient.
    history
        Frames of the varying fields that are taken; none in a steady problem.
    frames
        Frames that are given at once.
    step
        Time from frame to frame; None in a steady problem.
    increment
        Whether the model's own output is u(t + Δ) − u(t), with the last frame taken.
    """

    varying: tuple[str, ...]
    constant: tuple[str, ...] = ()
    history: int = 1
    frames: int = 1
    step: float | None = None
    increment: bool = False

    def __post_init__(self) -> None:
        """Refuse what is neither steady nor in time."""
        object.__setattr__(self, "varying", tuple(self.varying))
        object.__setattr__(self, "constant", tuple(self.constant))
        if self.step is None and (self.history or self.frames != 1 or self.increment):
            raise ValueError("a steady operator has no history, one frame, no increment")
        if self.step is not None and not (self.history >= 1 and self.step > 0):
            raise ValueError("an operator in time takes at least one frame, and steps on")
        if not self.varying or (self.step is None and not self.constant):
            raise ValueError("an operator takes and gives at least one field")

    @property
    def taken(self) -> int:
        """Channels of the input: all frames of all varying fields, then the constants."""
        return self.history * len(self.varying) + len(self.constant)


class LearnedOperator(nn.Module):
    """A model between its scales: physical fields in, physical fields out.

    ::

        u(t + Δ) = [u(t) +]  m_o + s_o · model((u − m_u)/s_u, (a − m_a)/s_a)

    with one mean m and deviation s for each field. A model with one axis more than the box
    sees `Signature.frames` points of time as its last axis, the input repeated on them.

    Parameters
    ----------
    name, arguments
        A model of `registry.models` and what its constructor takes beside the channels.
    signature
        Fields, frames and step.
    grid
        The box with its boundaries, and the points of training.

    Raises
    ------
    PdekitError, ValueError, TypeError
        If there is no such model, or it does not take these arguments.
    """

    def __init__(
        self, name: str, arguments: Mapping[str, Any], signature: Signature, grid: Grid
    ) -> None:
        super().__init__()
        self.name, self.signature, self.grid = name, signature, grid
        self.arguments = dict(arguments)
        self.facts: dict[str, Any] = {}
        kind, fields = registry.model(name), len(signature.varying)
        self.model = kind(signature.taken, fields * signature.frames, **self.arguments)
        self.in_time = self.model.ndim == grid.ndim + 1
        if self.model.ndim != grid.ndim + self.in_time:
            raise PdekitError(f"{name} has {self.model.ndim} axes, the box {grid.ndim}")
        if self.in_time:
            if signature.frames < 2:
                raise PdekitError(
                    f"{name} with {self.model.ndim} axes on a box of {grid.ndim} has time "
                    "as its last axis, and gives at least two frames"
                )
            self.model = kind(signature.taken, fields, **self.arguments)
        self.varying_scale = Normaliser(fields if signature.history else 0)
        self.constant_scale = Normaliser(len(signature.constant))
        self.output_scale = Normaliser(fields)

    # -- scales ------------------------------------------------------------------------

    def gather(self, varying: Tensor | None, constant: Tensor | None, out: Tensor) -> None:
        """Take a batch of inputs and outputs, as in `forward`, into the scales."""
        if self.signature.history:
            self.varying_scale.update(_given(varying, "varying"))
        if self.signature.constant:
            self.constant_scale.update(_given(constant, "constant"))
        self.output_scale.update(out - self._base(varying, out))

    def _base(self, varying: Tensor | None, out: Tensor) -> Tensor:
        """Return what the output of the model is added to."""
        if not self.signature.increment:
            return out.new_zeros(())
        return _given(varying, "varying")[:, :, -1:].to(out.dtype)

    # -- use ---------------------------------------------------------------------------

    def forward(
        self,
        varying: Tensor | None = None,
        constant: Tensor | None = None,
        grid: Grid | None = None,
    ) -> Tensor:
        """Return the next frames, ``(batch, field, frames, *space)``.

        Parameters
        ----------
        varying
            ``(batch, field, history, *space)``, oldest frame first; None if steady.
        constant
            ``(batch, field, *space)``; None if there are none.
        grid
            That of the points; the box of training with so many points when left out.
        """
        x, grid = self.encode(varying, constant, grid)
        return self.decode(self.model(x, grid), varying)

    def encode(
        self, varying: Tensor | None, constant: Tensor | None, grid: Grid | None = None
    ) -> tuple[Tensor, Grid]:
        """Return what the model sees, and its grid."""
        own, channels = self.signature, []
        if own.history:
            u = _given(varying, "varying")
            wanted = (len(own.varying), own.history)
            if tuple(u.shape[1:3]) != wanted or u.ndim != 3 + self.grid.ndim:
                raise ShapeError(f"(batch, {wanted}, *space)", tuple(u.shape), "varying")
            channels.append(self.varying_scale(u).flatten(1, 2))
        if own.constant:
            a = _given(constant, "constant")
            if a.ndim != 2 + self.grid.ndim:
                raise ShapeError("(batch, field, *space)", tuple(a.shape), "constant")
            channels.append(self.constant_scale(a))
        x = torch.cat(channels, 1) if len(channels) > 1 else channels[0]
        if grid is None:
            grid = self.grid.resize(tuple(x.shape[2:]))
        elif grid.shape != tuple(x.shape[2:]):
            raise ShapeError(grid.shape, tuple(x.shape[2:]), "space")
        if self.in_time:
            x = x.unsqueeze(-1).expand(*x.shape, own.frames)
            grid = Grid((*grid.axes, self._times()))
        return x.to(self._dtype), grid

    def decode(self, y: Tensor, varying: Tensor | None) -> Tensor:
        """Return the fields that an output of the model stands for."""
        if self.in_time:
            y = y.movedim(-1, 2)
        else:
            fields = len(self.signature.varying)
            y = y.reshape(y.shape[0], fields, self.signature.frames, *y.shape[2:])
        if varying is not None and varying.is_floating_point():
            y = y.to(torch.promote_types(varying.dtype, y.dtype))
        out = self.output_scale.inverse(y)
        return out + self._base(varying, out)

    def rollout(
        self,
        varying: Tensor,
        constant: Tensor | None,
        steps: int,
        grid: Grid | None = None,
    ) -> Tensor:
        """Apply the operator to its own frames, ``(batch, field, steps × frames, *space)``.

        Raises
        ------
        PdekitError
            If it is an operator of a steady problem.
        """
        if self.signature.step is None:
            raise PdekitError("an operator of a steady problem does not step on")
        found, window = [], varying
        for _ in range(steps):
            found.append(self(window, constant, grid))
            window = torch.cat([window, found[-1]], 2)[:, :, -self.signature.history :]
        return torch.cat(found, 2)

    def count(self) -> int:
        """Return the number of trained parameters."""
        return sum(p.numel() for p in self.model.parameters())

    @property
    def _dtype(self) -> torch.dtype:
        found: torch.dtype = next(self.model.parameters()).dtype
        return found

    def _times(self) -> Axis:
        """Return the axis of the frames ahead: with ends, so that models leave room."""
        n, step = self.signature.frames, self.signature.step or 1.0
        ends = (step / 2, (n + 0.5) * step)
        return Axis("t", n, *ends, boundary="neumann", centring="cell")


def _given(x: Tensor | None, what: str) -> Tensor:
    if x is None:
        raise ShapeError("a tensor", None, what)
    return x
