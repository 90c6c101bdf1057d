"""How a case gives observations of the solution: read from a file, or drawn from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag
from pydantic import Field as Key

from pdekit.case.types import Count, FormulaText, NotNegative, Section

UNKNOWN = "unknown"
"""What stands for a right-hand side that is to be found."""
KERNELS = ("auto", "squared_exponential", "matern")


class _Observations(Section):
    """What observations of both kinds have."""

    kernel: Literal[KERNELS] = Key(  # type: ignore[valid-type]
        default="auto",
        description="covariance along every axis: squared exponential (analytic), Matérn "
        "of order 7/2 (three derivatives); auto takes the more likely",
    )


class FileObservations(_Observations):
    """Observations in a file: a header, then a line for each."""

    file: str = Key(
        description="text with columns x, y, t … and u, separated by commas; relative to "
        "the case file"
    )
    noise: Literal["learn"] | NotNegative = Key(
        default="learn",
        union_mode="left_to_right",
        description="standard deviation of their errors, or learn",
    )


class DrawnObservations(_Observations):
    """Observations of the manufactured solution or of the reference, at random points."""

    points: Count = Key(description="number of observations")
    noise: NotNegative = Key(default=0.0, description="standard deviation of their errors")
    learn: bool = Key(
        default=True, description="whether the process must find the noise by itself"
    )
    seed: Annotated[int, Key(ge=0)] = Key(
        default=0, description="seed of points and errors"
    )
    where: FormulaText | None = Key(
        default=None, description="formula that is > 0 where there are observations"
    )


def _kind(value: Any) -> str | None:
    for key, kind in (("file", FileObservations), ("points", DrawnObservations)):
        if isinstance(value, kind) or (isinstance(value, Mapping) and key in value):
            return f"<{key}>"
    return None


ObservationSpec = Annotated[
    Annotated[FileObservations, Tag("<file>")]
    | Annotated[DrawnObservations, Tag("<points>")],
    Discriminator(
        _kind,
        custom_error_type="kind",
        custom_error_message="must be a mapping with one of file, points",
    ),
]
