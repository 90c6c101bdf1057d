"""What a boundary-value problem tells the rest of pdekit.

The left-hand side is written once, as a formula of u: of a function whose derivatives are
known the right-hand side follows (`manufactured:`), and of the unknown itself the terms
that a Gaussian process is conditioned on.  Problems  −∇·(k∇u) + c u = f,  which finite
differences solve, state k and c besides.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Tag
from pydantic import Field as Key

from pdekit.calculus import Smooth
from pdekit.equation import Formula, checked
from pdekit.forms import Form

_CONFIG = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RandomCoefficientLaw(BaseModel):
    """A positive random field made of a Gaussian one, g."""

    model_config = _CONFIG
    kind: Literal["lognormal", "binary"] = Key(
        "lognormal", description="exp(g), or one of two values by the sign of g"
    )
    alpha: float = Key(2.0, gt=0, description="α of g, of covariance (−∇² + τ²)^(−α)")
    tau: float = Key(3.0, gt=0, description="τ of g, inverse correlation length")
    variance: float = Key(1.0, gt=0, description="variance of g (lognormal)")
    values: tuple[Annotated[float, Key(gt=0)], Annotated[float, Key(gt=0)]] = Key(
        (4.0, 12.0), description="values where g < 0 and g > 0 (binary)"
    )
    seed: int | None = Key(None, ge=0, description="seed; run.seed when left out")


class BlocksLaw(BaseModel):
    """Blocks of ``size`` points, each 1 or ``contrast`` at random."""

    model_config = _CONFIG
    size: int = Key(16, ge=1, description="points of a block along every axis")
    contrast: float = Key(1e4, gt=0, description="the other value, beside 1")
    seed: int | None = Key(None, ge=0, description="seed; run.seed when left out")


class RandomCoefficient(BaseModel):
    """A coefficient that is a random field."""

    model_config = _CONFIG
    random_field: RandomCoefficientLaw


class BlockCoefficient(BaseModel):
    """A coefficient that jumps between blocks."""

    model_config = _CONFIG
    blocks: BlocksLaw


class FileCoefficient(BaseModel):
    """A coefficient read from a result on the same box, or a .npy file of its values."""

    model_config = _CONFIG
    file: str = Key(description="result.h5 or .npy, relative to the case file")
    field: str = Key("coefficient", description="field of the result")


def _text(value: Any) -> Any:
    """Let a formula be a plain number."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(value) if plain else value


AxisFormula = Annotated[str, BeforeValidator(_text)]


class AxisCoefficient(BaseModel):
    """A coefficient for each axis: a medium that conducts better along some."""

    model_config = _CONFIG
    x: AxisFormula
    y: AxisFormula | None = None
    z: AxisFormula | None = None


KINDS = {
    "random_field": RandomCoefficient,
    "blocks": BlockCoefficient,
    "file": FileCoefficient,
    "x": AxisCoefficient,
}


def _kind(value: Any) -> str | None:
    """Which alternative is meant: the one whose key it has."""
    if isinstance(value, Mapping):
        return next((f"<{key}>" for key in KINDS if key in value), None)
    found = next(
        (f"<{key}>" for key, kind in KINDS.items() if isinstance(value, kind)), None
    )
    return "<formula>" if isinstance(value, str) else found


Coefficient = Annotated[
    Annotated[Formula, Tag("<formula>")]
    | Annotated[RandomCoefficient, Tag("<random_field>")]
    | Annotated[BlockCoefficient, Tag("<blocks>")]
    | Annotated[FileCoefficient, Tag("<file>")]
    | Annotated[AxisCoefficient, Tag("<x>")],
    Discriminator(
        _kind,
        custom_error_type="kind",
        custom_error_message="must be a formula, or a mapping with one of random_field, "
        "blocks, file, or with a formula for each axis",
    ),
]
"""Positive: a formula, one for each axis, or a field that is drawn or read."""


class ProblemParams(BaseModel):
    """Parameters of a boundary-value problem; each has a default."""

    model_config = _CONFIG
    source: Formula | None = Key(None, description="the right-hand side f, a formula")


U = TypeVar("U", Smooth, Form)
"""A function that is known, or the unknown."""
CLASSICAL = ("auto", "direct", "multigrid", "krylov", "spectral")
GAUSSIAN = ("gp", "gp_hm")


class Given(Protocol):
    """The formulas that a case gives for the parameters of a problem."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of space."""
        ...

    def __call__(self, key: str) -> Smooth:
        """Return the formula of a parameter."""
        ...

    def along(self, key: str) -> tuple[Smooth, ...]:
        """Return the formulas of a parameter for each axis."""
        ...


class AbstractProblem(ABC):
    """A boundary-value problem  L u = f,  or in time  ∂ₜu + L u = f,  on a box.

    Attributes
    ----------
    name : str
        The name used in case files; also the name of the file that defines the class.
    fields : tuple of str
        The name of the unknown.
    dimensions : tuple of int
        Space dimensions it may be posed in.
    evolves : bool
        Whether ∂ₜu is added on the left.
    solvers : tuple of str
        Solvers that it may be given to; the first is the default.
    indefinite : bool
        Whether c may be negative.
    factors : int
        L is the product of so many equal second-order operators, of which those before
        the last have walls with values zero.
    exact : mapping of str to function
        Exact solutions ``f(x, ...)``, with ``t`` behind if it evolves.
    metrics : mapping of str to function
        Numbers for checks, ``f(result, *, parameters) -> float``.
    references : tuple of str
        Where the equation is treated.
    """

    name: ClassVar[str]
    fields: ClassVar[tuple[str, ...]] = ("u",)
    dimensions: ClassVar[tuple[int, ...]] = (1, 2, 3)
    complex: ClassVar[bool] = False
    evolves: ClassVar[bool] = False
    solvers: ClassVar[tuple[str, ...]] = GAUSSIAN
    indefinite: ClassVar[bool] = False
    factors: ClassVar[int] = 1
    exact: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    states: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    metrics: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    references: ClassVar[tuple[str, ...]] = ()
    Params: ClassVar[type[ProblemParams]] = ProblemParams

    def __init__(self, **params: Any) -> None:
        self.params: Any = checked(self.name, self.Params, params)

    @property
    def clamped(self) -> bool:
        """Whether it is of fourth order, with u and its slope zero on the walls."""
        return False

    @abstractmethod
    def left_side(self, u: U, given: Given) -> U:
        """Return L u, of one factor."""

    def flux(self, u: U, given: Given, axis: str) -> U:
        """Return what Neumann walls across an axis give, towards its upper end."""
        return u.d(axis)


class AbstractDiffusion(AbstractProblem):
    """A problem  L u = −∇·(k∇u) + c u."""

    solvers: ClassVar[tuple[str, ...]] = (*CLASSICAL, *GAUSSIAN)

    @property
    @abstractmethod
    def diffusion(self) -> tuple[str, Coefficient]:
        """The parameter that is k, and its value."""

    @property
    @abstractmethod
    def reaction(self) -> tuple[str, Formula]:
        """The parameter that c comes from, and c as a formula."""


def laplacian(u: U, axes: Sequence[str]) -> U:
    """Return  ∇²u."""
    total = u.d(axes[0]).d(axes[0])
    for axis in axes[1:]:
        total = total + u.d(axis).d(axis)
    return total


def divergence(k: Sequence[Smooth], u: U, axes: Sequence[str]) -> U:
    """Return  ∇·(k∇u),  with k for each axis."""
    first, *others = zip(axes, k, strict=True)
    total = (u.d(first[0]) * first[1]).d(first[0])
    for axis, k_axis in others:
        total = total + (u.d(axis) * k_axis).d(axis)
    return total
