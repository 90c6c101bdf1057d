"""The user's cache folder: measured transform choices, FFTW wisdom, compiled kernels."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir(*parts: str) -> Path:
    """Return (and create, readable by the user alone) a folder of the user's cache.

    ``PDEKIT_CACHE_DIR`` overrides the platform's usual place.
    """
    base = os.environ.get("PDEKIT_CACHE_DIR")
    if base is None:
        from platformdirs import user_cache_dir

        base = user_cache_dir("pdekit", appauthor=False)
    folder = Path(base, *parts)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
