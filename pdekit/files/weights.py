"""Files of trained models: what is written in front of the weights, read without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pdekit.errors import PdekitError

FORMAT = "pdekit operator 1"
KEY = "pdekit"
"""Name in the file's metadata under which all that is not a tensor is kept, as JSON."""
_PICKLED = (b"PK", b"\x80")  # of torch.save, new and old


class WeightsError(PdekitError):
    """A file of weights that cannot be used, and why."""


def written(**said: Any) -> dict[str, str]:
    """Return the metadata of a file."""
    from pdekit.files.atomic import json_text

    return {KEY: json_text({"format": FORMAT, **said})}


def header(path: str | Path) -> dict[str, Any]:
    """Read what a file says of a model: model, arguments, signature, axes, facts.

    Raises
    ------
    WeightsError
        If there is no such file, or it is truncated, pickled, or of another program.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        with path.open("rb") as file:
            first = file.read(9)  # of safetensors: the size of a header, and its bracket
        if first.startswith(_PICKLED) and first[8:] != b"{":
            raise WeightsError(
                f"{path}: is a pickled file, which may run any program when it is opened; "
                "only safetensors are read"
            )
        with safe_open(path, framework="np") as opened:
            metadata: Mapping[str, str] = opened.metadata() or {}
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise WeightsError(f"{path}: {why[:1].lower()}{why[1:]}") from None
    except SafetensorError as error:
        raise WeightsError(f"{path}: is truncated, or no safetensors ({error})") from None
    try:
        said = json.loads(metadata[KEY])
    except (KeyError, json.JSONDecodeError):
        raise WeightsError(
            f"{path}: holds weights, but none of a model of pdekit"
        ) from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        found = said.get("format") if isinstance(said, dict) else said
        raise WeightsError(f"{path}: has the format {found!r}; {FORMAT!r} is read")
    return said
