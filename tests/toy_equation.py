"""A small equation for tests of case files; it is never solved."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from pdekit.equation import AbstractEquation, Formula, Params


class ToyParams(Params):
    dispersion: float = 1.0
    focusing: float = Field(1.0, description="sign of the cubic term")
    order: int = Field(2, ge=1)
    potential: Formula | None = None


def soliton(x: Any, t: float, *, amplitude: float = 1.0, velocity: float = 0.0) -> Any:
    return amplitude / np.cosh(amplitude * (x - velocity * t))


def train(
    x: Any, t: float, *, amplitudes: tuple[float, ...], centres: tuple[float, ...]
) -> Any:
    return sum(a / np.cosh(a * (x - c)) for a, c in zip(amplitudes, centres, strict=True))


def noise(x: Any, *, level: float = 0.01, seed: int = 0) -> Any:
    return level * np.random.default_rng(seed).standard_normal(x.shape)


def peak(result: Any, *, power: float = 1.0) -> float:
    return 0.0


class Toy(AbstractEquation):
    name: ClassVar[str] = "toy"
    fields: ClassVar[tuple[str, ...]] = ("psi",)
    complex: ClassVar[bool] = True
    dimensions: ClassVar[tuple[int, ...]] = (1, 2)
    Params = ToyParams
    exact: ClassVar = {"soliton": soliton, "train": train}
    states: ClassVar = {"noise": noise}
    metrics: ClassVar = {"peak": peak}

    def symbol(self, grid: Any) -> Any:
        raise NotImplementedError

    def constants(self) -> tuple[float, ...]:
        return ()

    @staticmethod
    def product(*args: Any) -> Any:
        raise NotImplementedError


class ToyPair(Toy):
    name: ClassVar[str] = "toy_pair"
    fields: ClassVar[tuple[str, ...]] = ("u", "v")


TOYS = {"toy": Toy, "toy_pair": ToyPair}
