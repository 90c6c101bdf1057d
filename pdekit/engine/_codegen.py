"""Compiled loops whose machine code is kept between processes.

numba cannot cache closures, and does not notice when a function called from another file
changes.  So the source of a kernel, with everything it calls, is written to one module in
the user's cache folder, named by the hash of its text, and compiled there with
``cache=True``: a changed formula is a new file, an unchanged one loads in milliseconds.
What lies there is executed, numba's pickles beside the module included: the folder must be
the user's alone, and a module whose text is not the expected one is written again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pdekit.cache import private_dir
from pdekit.errors import PdekitError
from pdekit.files import atomic

_HEADER = '''"""Generated from pdekit's formulas; safe to delete."""

from __future__ import annotations

from numba import njit

inline = njit(inline="always")
# Contraction to fused multiply-add only: NaN and infinity keep their meaning.
loop = njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)
# Sums of squares may be taken in any order: they steer, they are not the answer.
total = njit(
    cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, nogil=True
)

'''

CIS = '''
_ROUND = 6755399441055744.0  # x + 1.5 * 2**52 - 1.5 * 2**52 is the nearest integer


@inline
def cis(theta):
    """Cosine and sine by quadrant reduction and Taylor polynomials, free of branches."""
    n = (theta * 0.6366197723675814 + _ROUND) - _ROUND
    half = (0.5 * n - 0.25 + _ROUND) - _ROUND
    quarter = (0.5 * half - 0.25 + _ROUND) - _ROUND
    r = (theta - n * 1.5707963267341256) - n * 6.077100506506192e-11
    s = r * r
    sine = r + r * s * (-1.6666666666666666e-01 + s * (8.3333333333333332e-03 + s * (
        -1.9841269841269841e-04 + s * (2.7557319223985893e-06 + s * (
        -2.5052108385441720e-08 + s * (1.6059043836821613e-10
        + s * -7.6471637318198164e-13))))))
    cosine = 1.0 + s * (-0.5 + s * (4.1666666666666664e-02 + s * (
        -1.3888888888888889e-03 + s * (2.4801587301587302e-05 + s * (
        -2.7557319223985888e-07 + s * (2.0876756987868100e-09 + s * (
        -1.1470745597729725e-11 + s * 4.7794773323873853e-14)))))))
    swap = n != 2.0 * half
    sign = 1.0 - 2.0 * (half - 2.0 * quarter)
    c = -sine if swap else cosine
    d = cosine if swap else sine
    return sign * c, sign * d


@inline
def cis_small(theta):
    """The same to rounding for |theta| <= 1/8: almost every phase of an accurate run."""
    s = theta * theta
    sine = theta + theta * s * (-1.6666666666666666e-01 + s * (
        8.3333333333333332e-03 + s * (
        -1.9841269841269841e-04 + s * 2.7557319223985893e-06)))
    cosine = 1.0 + s * (-0.5 + s * (4.1666666666666664e-02 + s * (
        -1.3888888888888889e-03 + s * (2.4801587301587302e-05
        + s * -2.7557319223985888e-07))))
    return cosine, sine
'''


def source_of(function: Callable[..., Any], name: str) -> str:
    """Return the source of a plain function, renamed, to be inlined into a loop.

    A function that was made from a formula carries its own, ``source_text``.
    """
    made: str | None = getattr(function, "source_text", None)
    try:
        text = textwrap.dedent(inspect.getsource(function)) if made is None else made
    except (OSError, TypeError):
        raise PdekitError(
            f"the source of {function.__qualname__} is not to be found, and compiled loops "
            "are made of it: define the equation in a file"
        ) from None
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("def ")), None)
    if start is None:
        raise PdekitError(
            f"{function.__qualname__} must be written with def, not {text.strip()}"
        )
    text = "\n".join(lines[start:])
    return (
        "\n@inline\n" + text.replace(f"def {function.__name__}(", f"def {name}(", 1) + "\n"
    )


def compiled(name: str, body: str) -> Callable[..., Any]:
    """Return the function ``kernel`` defined by ``body``, compiled on its first call."""
    kernel: Callable[..., Any] = compiled_module(name, body).kernel
    return kernel


@cache
def compiled_module(name: str, body: str) -> ModuleType:
    """Return the module of a text, whose functions are compiled on their first calls."""
    text = _HEADER + body
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    path = private_dir("kernels") / f"{name}_{digest}.py"
    if not path.is_file() or path.read_bytes() != text.encode():
        atomic.write_text(path, text)  # in one stroke: others may want the same kernel
    return _load(f"_pdekit_kernels.{path.stem}", path)


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path.name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
