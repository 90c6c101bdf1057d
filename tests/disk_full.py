"""A disk that is full, without filling one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def file_limit() -> Iterator[Callable[[int], None]]:
    """Return a function that limits the size of files, as a full disk would."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
