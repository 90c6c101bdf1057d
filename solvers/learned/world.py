"""The processes that train together: one, or those that torchrun started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pdekit.errors import BackendUnavailable


class World:
    """One process among all that compute one gradient.

    ``torchrun --nproc-per-node N -m pdekit run CASE`` starts N of them; each takes every
    N-th sample of a batch, and only the first writes.
    """

    def __init__(self, device: str) -> None:
        self.rank, self.size = (int(os.environ.get(k, d)) for k, d in _FROM_TORCHRUN)
        local = int(os.environ.get("LOCAL_RANK", 0))
        self.device = device_of(device, local)
        self._mine = self.size > 1 and not dist.is_initialized()
        if self._mine:
            backend = "nccl" if self.device.type == "cuda" else "gloo"
            dist.init_process_group(backend, timeout=timedelta(days=1))

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def share(self, index: Tensor) -> Tensor:
        """Return this process's part of a batch."""
        return index[self.rank :: self.size]

    def total(self, x: Tensor) -> Tensor:
        """Return the sum over all processes."""
        if self.size > 1:
            dist.all_reduce(x)
        return x

    def add_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace the gradients by their sums over all processes, in one message."""
        if self.size == 1:
            return
        grads = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in grads])
        dist.all_reduce(flat)
        parts = torch.split(flat, [g.numel() for g in grads])
        for g, part in zip(grads, parts, strict=True):
            g.copy_(part.view_as(g))

    def any(self, flag: bool) -> bool:
        """Whether one of the processes says so."""
        if self.size == 1:
            return flag
        return bool(self.total(torch.tensor(float(flag), device=self.device)) > 0)

    def told(self, value: Any) -> Any:
        """Return what the first process knows."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, 0, device=self.device)
        return box[0]

    def close(self) -> None:
        """Part from the others."""
        if self._mine:
            dist.destroy_process_group()


_FROM_TORCHRUN = (("RANK", "0"), ("WORLD_SIZE", "1"))


def device_of(name: str, local: int = 0) -> torch.device:
    """Return a device by the name in a case.

    Raises
    ------
    BackendUnavailable
        If there is no such device.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise BackendUnavailable("cuda", "torch finds no CUDA device", ["cpu"])
    if name == "cpu" or not there:
        return torch.device("cpu")
    torch.cuda.set_device(local)
    return torch.device("cuda", local)
