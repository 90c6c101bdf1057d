"""Laws of random starts in a case file: what is drawn, with which numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag
from pydantic import Field as Key

from pdekit.case.types import Count, Number, Positive, Section

Seed = Annotated[int | None, Key(ge=0, description="seed; run.seed when left out")]
Share = Annotated[Number, Key(ge=0, le=1)]


class RandomField(Section):
    """A Gaussian random field with covariance  amplitude² (−∇² + τ²)^(−α)."""

    kind: Literal["gaussian"] = Key(default="gaussian", description="law of the field")
    alpha: Positive = Key(default=2.5, description="α, decay of the spectrum")
    tau: Positive = Key(default=7.0, description="τ, inverse correlation length")
    amplitude: Positive | Literal["fno"] = Key(
        default=1.0,
        union_mode="left_to_right",
        description="factor in front, or fno for τ^(α − d/2), as the FNO data have it",
    )
    seed: Seed = None


class RandomSeries(Section):
    """A Fourier series of a few modes, uniform in amplitude and phase."""

    kind: Literal["fourier"] = Key(description="law of the field")
    modes: Count = Key(default=5, description="highest mode along every axis")
    peak: Positive = Key(default=1.0, description="largest absolute value")
    seed: Seed = None


class RandomSines(Section):
    """A few sines on a line; some without sign, some in a window."""

    kind: Literal["sines"] = Key(description="law of the field")
    count: Count = Key(default=2, description="sines that are added")
    highest: Count = Key(default=8, description="highest mode")
    absolute: Share = Key(default=0.1, description="probability of its absolute value")
    window: Share = Key(default=0.1, description="probability of zero outside of a window")
    positive: bool = Key(
        default=False, description="always its absolute value, over its largest"
    )
    seed: Seed = None


class RandomNoise(Section):
    """White noise of a band."""

    kind: Literal["noise"] = Key(description="law of the field")
    amplitude: Positive = Key(default=1.0, description="root mean square")
    bandwidth: Positive = Key(description="wavenumber below which it is white")
    walls: Literal["none", "mirrored"] = Key(
        default="none",
        description="mirrored: even about the ends and the middle of every axis, the walls "
        "of a box of half the length",
    )
    seed: Seed = None


LAWS: dict[str, type[Section]] = {
    "gaussian": RandomField,
    "fourier": RandomSeries,
    "sines": RandomSines,
    "noise": RandomNoise,
}


def _law(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return f"<{kind or 'gaussian'}>"


RandomLaw = Annotated[
    Annotated[RandomField, Tag("<gaussian>")]
    | Annotated[RandomSeries, Tag("<fourier>")]
    | Annotated[RandomSines, Tag("<sines>")]
    | Annotated[RandomNoise, Tag("<noise>")],
    Discriminator(
        _law,
        custom_error_type="kind",
        custom_error_message=f"kind must be one of {', '.join(LAWS)}",
    ),
]


class RandomInitial(Section):
    """Start from a random field."""

    random_field: RandomLaw
