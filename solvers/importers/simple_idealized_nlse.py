"""Configuration files of the package ``simple-idealized-1d-nlse``, read as cases.

Its files are flat: ``key: value`` in YAML or ``key = value`` in plain text.  It solves
i ψₜ + ½ ψₓₓ + |ψ|² ψ = 0  on  [−L/2, L/2)  with an adaptive integrator in Fourier space.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdekit.case.source import Source
from pdekit.case.yaml_lines import Document, KeyPath, Mark, number_or_text
from pdekit.errors import Problem, suggestion

_PLACES: Mapping[str, KeyPath] = {
    "scenario_name": ("title",),
    "domain_length": ("domain", "x", "interval"),
    "num_points": ("domain", "x", "points"),
    "t_final": ("time", "end"),
    "n_snapshots": ("time", "save"),
    "rtol": ("solver", "rtol"),
    "atol": ("solver", "atol"),
    "max_step": ("solver", "max_step"),
}
_STATES: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "breather": ("si_breather", {"amplitude": 1.0, "frequency": 0.5, "modulation": 0.5}),
    "modulation_instability": (
        "si_modulation_instability",
        {"amplitude": 1.0, "width": 5.0, "center": 0.0, "noise_level": 0.01, "seed": 42},
    ),
}
_SINGLE = {"amplitude": 2.0, "position": 0.0, "velocity": 1.0}
_TWO = {"A1": 2.0, "A2": 1.5, "x1": -10.0, "x2": 10.0, "v1": 2.0, "v2": -2.0}
_TWO_SECH = "A1*sech(A1*(x - x1))*exp(1j*v1*x) + A2*sech(A2*(x - x2))*exp(1j*v2*x)"
_SWITCHES = ("use_filtering", "save_netcdf", "save_animation")
_IGNORED = ("use_numba", "use_adaptive", "monitor_conservation", "fps", "dpi", "output_dir",
            "log_dir")  # fmt: skip
_FILTER = {"exp": {"order": 36.0, "strength": 36.0, "cutoff": 2 / 3}}
_KINDS = ("single_soliton", "two_soliton", *_STATES)


def recognises(data: Any) -> bool:
    """Whether the data is such a configuration."""
    keys = data.keys() if isinstance(data, Mapping) else ()
    return "scenario_name" in keys or "initial_condition" in keys


def read(text: str, file: str) -> Document:
    """Read the plain-text form, ``key = value`` with ``#`` comments on their own lines."""
    found = Document({}, lines=text.splitlines())
    for number, line in enumerate(found.lines, start=1):
        key, equals, value = line.partition("=")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name = key.strip()
        mark = Mark(file, number, len(key) - len(key.lstrip()) + 1)
        if not equals or not name or name in found.data:
            reason = (
                f"{name} is given twice" if name in found.data else "expected key = value"
            )
            found.problems.append(Problem("", reason, file, mark.line, mark.column))
            continue
        found.data[name] = number_or_text(value.strip())
        found.keys[name,] = mark
        start = len(key) + 1 + len(value) - len(value.lstrip()) + 1
        found.values[name,] = Mark(file, number, start)
    return found


def translate(source: Source) -> None:
    """Rewrite a source as a case; what cannot be honoured is a problem or a warning."""
    given: dict[str, Any] = source.data
    kind = given.get("initial_condition", "single_soliton")
    case = _Translation(source)
    for name, path in _PLACES.items():
        case.put(path, name, given.get(name))
    case.put(("domain", "x", "interval"), "domain_length", _interval(source))
    case.initial(kind)
    case.options()
    accepted = {*_PLACES, *case.used, *_SWITCHES, *_IGNORED, "initial_condition", "method"}
    for name in given.keys() - accepted:
        message = f"unknown key{suggestion(name, accepted)}"
        source.problems.append(source.problem((name,), message, at_key=True))
    ignored = [name for name in given if name in _IGNORED]
    if ignored:
        source.warnings.append(f"keys without a meaning here: {', '.join(ignored)}")
    source.data, source.origins = case.data, case.origins


def _interval(source: Source) -> Any:
    length = source.data.get("domain_length")
    if not isinstance(length, int | float) or isinstance(length, bool) or not length > 0:
        if length is not None:
            message = f"must be a positive number (got {length!r})"
            source.problems.append(source.problem(("domain_length",), message))
        return None
    return [-length / 2, length / 2]


class _Translation:
    """The case being written, and which key of the configuration each part came from."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.used: set[str] = set()
        self.origins: dict[KeyPath, KeyPath] = {}
        self.data: dict[str, Any] = {"equation": "nlse"}

    def put(self, path: KeyPath, name: str, value: Any) -> None:
        """Store a value and remember its key."""
        here = self.data
        for part in path[:-1]:
            here = here.setdefault(str(part), {})
        here[str(path[-1])] = value
        self.origins[path] = (name,)

    def initial(self, kind: Any) -> None:
        """Write the initial state; a plain sum of two solitons is written as a formula."""
        if kind == "single_soliton":
            self.put(("initial", "exact"), "initial_condition", "bright_soliton")
            self.parameters("initial", _SINGLE)
        elif kind == "two_soliton":
            self.put(("initial", "psi"), "initial_condition", _TWO_SECH)
            self.parameters("parameters", _TWO)
        elif kind in _STATES:
            state, defaults = _STATES[kind]
            self.put(("initial", "state"), "initial_condition", state)
            self.parameters("initial", defaults)
        else:
            message = f"unknown initial condition {kind!r}{suggestion(str(kind), _KINDS)}"
            problem = self.source.problem(("initial_condition",), message)
            self.source.problems.append(problem)
            self.put(("initial", "psi"), "initial_condition", "0")

    def parameters(self, section: str, defaults: Mapping[str, float]) -> None:
        """Copy the parameters of the initial state."""
        self.used |= set(defaults)
        for name, default in defaults.items():
            self.put((section, name), name, self.source.data.get(name, default))

    def options(self) -> None:
        """Translate the method and the switches."""
        given, warn = self.source.data, self.source.warnings.append
        self.data.setdefault("solver", {})["integrator"] = "dop853_ip"
        method = given.get("method", "DOP853")
        if method != "DOP853":
            warn(f"method: {method} is replaced by dop853_ip")
        if given.get("use_filtering", True):
            self.data["solver"]["dealias"] = _FILTER
            warn(
                "use_filtering: the filter is applied and is the largest error of the run; "
                "--set solver.dealias=none leaves it out"
            )
        formats = ["hdf5", "netcdf3"] if given.get("save_netcdf", True) else ["hdf5"]
        self.data["outputs"] = {"format": formats}
        if given.get("save_animation"):
            warn("save_animation: no movie is made; --set outputs.movie=true makes one")
