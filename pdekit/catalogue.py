"""What there is, in words: the text behind ``list`` and ``describe``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import get_args

from pydantic import BaseModel

from pdekit import problems, registry
from pdekit.case import load_case, shipped_cases
from pdekit.case.loader import TASKS
from pdekit.case.params import Parameters
from pdekit.case.train_rules import CHANNELS
from pdekit.case.wording import shown
from pdekit.docstrings import explained, first_line
from pdekit.errors import UnknownName
from pdekit.metrics import COSTS, ERRORS


def entries(what: str) -> dict[str, str]:
    """Return name and one line for each thing of a kind."""
    return _KINDS[what]()


def description(name: str) -> str:
    """Describe a case, an equation, an integrator, a transform backend or a figure.

    Raises
    ------
    UnknownName
        If nothing has this name.
    """
    if name in shipped_cases():
        case = load_case(name)
        return (
            f"# {name}: {case.title}\n{shipped_cases()[name].read_text(encoding='utf-8')}"
        )
    if name in TASKS:
        return _keys(TASKS[name][0])
    if name in registry.equations():
        return _equation(name)
    if name in registry.problems():
        return problems.described(name)
    if name in registry.integrators():
        return _integrator(name)
    if name in registry.models():
        return _model(name)
    for kind in (
        "integrators",
        "figures",
        "backends",
        "solvers",
        "formulas",
        "metrics",
        "preconditioners",
    ):
        if name in entries(kind):
            return f"{name}: {entries(kind)[name]}"
    found = {kind: entries(kind) for kind in _KINDS}
    counts = ", ".join(
        f"{len(names)} {kind}" for kind, names in found.items() if len(names) > 1
    )
    known = [n for names in found.values() for n in names if not n.startswith("NAME")]
    raise UnknownName(
        "name", name, known, summary=f"there are {counts}; pdekit list KIND names them"
    )


def _keys(model: type[BaseModel], indent: str = "  ") -> str:
    """Describe a kind of case, or a section of it, key by key."""
    out = [first_line(model)] if indent == "  " else []
    for name, field in model.model_fields.items():
        plain = isinstance(field.default, str | int | float) and field.default != ""
        default = f" (default {shown(field.default)})" if plain else ""
        out.append(f"{indent}{name}{default}: {field.description}")
        kind = next((k for k in get_args(field.annotation) if k), field.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            out.append(_keys(kind, indent + "  "))
    return "\n".join(out)


def _cases() -> dict[str, str]:
    return {
        name: _title(path.read_text(encoding="utf-8"))
        for name, path in shipped_cases().items()
    }


def _title(text: str) -> str:
    """Read the title line without parsing the whole file."""
    for line in text.splitlines():
        if line.startswith("title:"):
            return line.removeprefix("title:").strip().strip("\"'")
    return ""


def _equations() -> dict[str, str]:
    found = {name: first_line(registry.equation(name)) for name in registry.equations()}
    found |= {name: first_line(registry.problem(name)) for name in registry.problems()}
    return dict(sorted(found.items()))


def _integrators() -> dict[str, str]:
    found = {name: registry.integrator(name) for name in registry.integrators()}
    found = {name: f"order {item.order}, {item.summary}" for name, item in found.items()}
    return found | problems.INTEGRATORS


def _backends() -> dict[str, str]:
    from pdekit import fft

    return {name: first_line(type(fft.get(name))) for name in fft.available()}


def _solvers() -> dict[str, str]:
    return {
        "spectral": "Fourier pseudo-spectral in space, an integrator of the list in time; "
        "boundary-value problems with constant coefficients by series",
        **problems.SOLVERS,
        **{name: f"{_TRAINED} {{name: {name}, {_KEYS}}}" for name in registry.models()},
    }


_TRAINED = (
    "a trained model; finish names the classical solver that takes what it predicts to a "
    "tolerance, or none:"
)
_KEYS = "weights: FILE, finish: {...}"


def _formulas() -> dict[str, str]:
    from pdekit.expressions import FUNCTIONS

    return {name: str(text) for name, text in FUNCTIONS.items()}


def _figures() -> dict[str, str]:
    from pdekit.plots import FIGURES

    return {name: text for name, (_, text) in FIGURES.items()}


def _metrics() -> dict[str, str]:
    """List the general metrics and those of each equation."""
    found = dict(ERRORS)
    found["NAME_drift"] = "largest change of an invariant, relative (mass_drift, …)"
    found["NAME"] = "a time series, with at: initial, final, max, min, mean or a time"
    found |= dict.fromkeys(COSTS, "cost, as in summary.json")
    for equation in registry.equations():
        for name, function in registry.equation(equation).metrics.items():
            found[name] = f"{equation}: {first_line(function)}"
    return found | problems.metrics()


def _models() -> dict[str, str]:
    return {name: first_line(registry.model(name)) for name in registry.models()}


_KINDS: Mapping[str, Callable[[], dict[str, str]]] = {
    "cases": _cases,
    "equations": _equations,
    "integrators": _integrators,
    "solvers": _solvers,
    "backends": _backends,
    "figures": _figures,
    "formulas": _formulas,
    "metrics": _metrics,
    "preconditioners": lambda: dict(problems.PRECONDITIONERS),
    "models": _models,
}


def _model(name: str) -> str:
    """Describe a model: what it is, and what it takes in a case."""
    kind = registry.model(name)
    taken = Parameters.of_constructor(kind, CHANNELS).model.model_fields
    keys = [f"  {key} (default {shown(field.default)})" for key, field in taken.items()]
    return "\n".join((
        f"{name}: {inspect.getdoc(kind)}",
        "",
        f"Keys  (model: {{name: {name}, ...}})",
        *keys,
    ))  # fmt: skip


def _equation(name: str) -> str:
    """Describe parameters, exact solutions, states and metrics of an equation."""
    cls = registry.equation(name)
    axes = " or ".join(map(str, cls.dimensions))
    kind = "complex" if cls.complex else "real"
    out = explained(
        name,
        cls,
        f"Fields: {', '.join(cls.fields)} ({kind}), on {axes} periodic axes, without units",
        {
            "Exact solutions  (initial: {exact: NAME, ...})": cls.exact,
            "Initial states  (initial: {state: NAME, ...})": cls.states,
            "Metrics for checks": cls.metrics,
        },
    )
    example = _example(name)
    if example:
        out += ["", f"Example  (pdekit run {example})", "", _text(example)]
    return "\n".join(out)


def _example(equation: str) -> str | None:
    """Return the shipped case of an equation that takes the fewest words."""
    short, long = f"equation: {equation}\n", f"equation: {{name: {equation},"
    found = [n for n in shipped_cases() if short in _text(n) or long in _text(n)]
    return min(found, key=lambda name: len(_text(name)), default=None)


def _text(case: str) -> str:
    return shipped_cases()[case].read_text(encoding="utf-8")


def _integrator(name: str) -> str:
    item = registry.integrator(name)
    keys = (
        "rtol, atol, max_step, first_step, max_steps" if item.adaptive else "step or steps"
    )
    if getattr(item, "takes_cfl", False):
        keys += ", or cfl (with max_step)"
    return "\n".join(
        (
            f"{name}: {item.summary}",
            f"  order      {item.order}",
            f"  keys       {keys}",
            f"  reference  {item.reference}",
            f"  example    solver: {{name: spectral, integrator: {name}, "
            + ("rtol: 1e-9}" if item.adaptive else "step: 0.01}"),
        )
    )
