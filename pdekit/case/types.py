"""What the sections of a case are made of: strict sections, numbers, counts, formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic import Field as Key
from pydantic_core import PydanticCustomError

from pdekit.errors import ExpressionError


def constant(text: str, parameters: Mapping[str, float]) -> float:
    """Value of a formula without coordinates, such as ``2*pi/sqrt(2)``."""
    from pdekit.expressions import compile_expression, evaluate_on

    expression = compile_expression(text, tuple(parameters), what="number")
    value = complex(evaluate_on(expression, dict(parameters), ()))
    if value.imag != 0:
        raise ExpressionError("must be real", text)
    return value.real


def _number(value: Any, info: ValidationInfo) -> Any:
    """Let a number be written as a formula of the declared parameters."""
    if not isinstance(value, str):
        return value
    try:
        return constant(value, (info.context or {}).get("parameters") or {})
    except ExpressionError as error:
        raise PydanticCustomError(
            "number", "must be a number, or a formula of numbers such as '2*pi': {reason}",
            {"reason": error.reason},
        ) from None  # fmt: skip


def whole(value: Any) -> Any:
    """Let a whole number be written as 1e6."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not value[0] < value[1]:
        raise PydanticCustomError("interval", "must be [lower, upper] with lower < upper")
    return value


def _formula(value: Any) -> Any:
    """Let a formula be a plain number."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(value) if plain else value


_NUMBER = {
    "type": ["number", "string"],
    "description": "a number, or a formula such as 2*pi",
}
Number = Annotated[float, BeforeValidator(_number), WithJsonSchema(_NUMBER)]
"""A finite number, or a formula of numbers and declared parameters."""
Positive = Annotated[float, Key(gt=0), BeforeValidator(_number), WithJsonSchema(_NUMBER)]
NotNegative = Annotated[float, Key(ge=0), BeforeValidator(_number), WithJsonSchema(_NUMBER)]
Count = Annotated[int, Key(ge=1), BeforeValidator(whole)]
AxisPoints = Annotated[int, Key(ge=2), BeforeValidator(whole)]
Interval = Annotated[tuple[Number, Number], Strict(False), AfterValidator(_ordered)]
"""The lower and the upper end of an axis, in this order."""
FormulaText = Annotated[
    str, BeforeValidator(_formula), WithJsonSchema({"type": ["string", "number"]})
]
"""The text of a formula; a plain number is a formula too."""


class Section(BaseModel):
    """Base of all sections: frozen, strict about types, no unknown keys."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class NamedSection(Section):
    """A section that names something and carries the parameters of what it names."""

    model_config = ConfigDict(extra="allow")

    @property
    def params(self) -> dict[str, Any]:
        """The parameters that stand beside the name."""
        return dict(self.model_extra or {})
