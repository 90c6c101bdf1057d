"""What a data set is in memory: splits, each with its arrays and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pdekit.errors import UnknownName
from pdekit.grid import Grid
from pdekit.typing import Array

RESOLVABLE = 3.0
"""Errors below so many times that of the data say nothing about a model."""


@dataclass(frozen=True)
class Header:
    """What is known of a split before any of its samples.

    ``varying`` names the fields that change in time, ``constant`` those that do not, such
    as a coefficient. ``facts`` tells how the samples were made; JSON holds it.
    """

    name: str
    grid: Grid
    times: Array
    varying: tuple[str, ...]
    constant: tuple[str, ...]
    count: int
    dtype: Literal["float32", "float64"] = "float32"
    parameters: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all fields."""
        return (*self.varying, *self.constant)

    def shape(self, name: str, count: int | None = None) -> tuple[int, ...]:
        """Shape of a field: ``(sample, time, *space)``, without time if constant."""
        time = (len(self.times),) if name in self.varying else ()
        return (self.count if count is None else count, *time, *self.grid.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all fields."""
        each = 4 if self.dtype == "float32" else 8
        cells = len(self.times) * len(self.varying) + len(self.constant)
        return each * self.count * cells * self.grid.size


@dataclass(frozen=True)
class Split:
    """The samples of a split: ``split["u"]`` is an array, or reads like one from disk."""

    header: Header
    fields: Mapping[str, Any]

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.header.count

    def __getitem__(self, name: str) -> Any:
        """Return a field, ``(sample, time, *space)``, without time if constant."""
        if name not in self.fields:
            raise UnknownName("field", name, self.fields)
        return self.fields[name]

    @property
    def grid(self) -> Grid:
        """The grid of the stored points."""
        return self.header.grid

    @property
    def times(self) -> Array:
        """Times of the frames."""
        return self.header.times

    @property
    def parameters(self) -> Mapping[str, float]:
        """Numbers that are the same for all samples."""
        return self.header.parameters

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """What was drawn, ``(sample, *space)``: constant fields, or the first frame."""
        header = self.header
        if header.constant:
            return {name: self.fields[name] for name in header.constant}
        return {name: self.fields[name][:, 0] for name in header.varying}


@dataclass(frozen=True)
class DataSet:
    """The splits of a data set by name: ``data["train"]["u"]``."""

    name: str
    splits: Mapping[str, Split]
    statistics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __getitem__(self, split: str) -> Split:
        """Return a split: train, validation or test."""
        if split not in self.splits:
            raise UnknownName("split", split, self.splits)
        return self.splits[split]
