"""Mean and deviation of every channel, gathered over a data set in double precision."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pdekit.errors import ShapeError


class Normaliser(nn.Module):
    """x ↦ (x − mean) / std with one mean and one deviation a channel, so for any grid.

    They are gathered batch after batch by the merging of Chan, which does not cancel:

        n = n_a + n_b,    δ = mean_b − mean_a,
        mean = mean_a + δ n_b/n,    M = M_a + M_b + δ² n_a n_b/n,    std² = M / n.

    All is kept in buffers of double precision, which a checkpoint holds.

    References
    ----------
    Welford, Technometrics 4 (1962) 419; Chan, Golub & LeVeque, Am. Stat. 37 (1983) 242.
    """

    count: Tensor
    mean: Tensor
    squares: Tensor

    def __init__(self, channels: int, eps: float = 1e-12) -> None:
        super().__init__()
        self.channels, self.eps = channels, eps
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(channels, dtype=torch.float64))
        self.register_buffer("squares", torch.zeros(channels, dtype=torch.float64))

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """Take a batch ``(batch, channel, *space)`` in."""
        rows = self._checked(x).transpose(0, 1).flatten(1).to(self.mean)
        n = rows.shape[1]
        mean = rows.mean(1)
        shift, total = mean - self.mean, self.count + n
        within = ((rows - mean[:, None]) ** 2).sum(1)
        self.squares += within + shift**2 * (self.count * n / total)
        self.mean += shift * (n / total)
        self.count.copy_(total)

    @property
    def std(self) -> Tensor:
        """Deviation of each channel; one where a channel does not vary."""
        found = (self.squares / self.count.clamp(min=1)).sqrt()
        return torch.where(found > self.eps * self.mean.abs(), found, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return (x − mean) / std."""
        self._checked(x)
        return (x - self._of(self.mean, x)) / self._of(self.std, x)

    def inverse(self, x: Tensor) -> Tensor:
        """Return mean + std x."""
        self._checked(x)
        return self._of(self.mean, x) + self._of(self.std, x) * x

    def _checked(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.channels:
            raise ShapeError(f"(batch, {self.channels}, *space)", tuple(x.shape), "x")
        return x

    def _of(self, values: Tensor, x: Tensor) -> Tensor:
        return values.to(x).reshape(-1, *(1,) * (x.ndim - 2))

    def _apply(self, fn, recurse=True):  # type: ignore[no-untyped-def]
        """Move to another device, but keep the precision when the model changes its own."""
        kept = {name: values.clone() for name, values in self.named_buffers()}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, values in kept.items():
            setattr(self, name, values.to(getattr(self, name).device))
        return self
