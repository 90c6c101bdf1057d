"""Case files: what a run is, written down as YAML and read back with every error in place.

>>> from pdekit.case import load_case
>>> case = load_case("nlse/single_soliton", {"domain.x.points": 256})
>>> case.domain["x"].points
256
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from pydantic import Field as Key
from pydantic import ValidationError

from pdekit import registry
from pdekit.case import boundary_rules, dataset_rules, evaluate_rules, rules, train_rules
from pdekit.case.boundary_case import BoundaryCase
from pdekit.case.dataset_case import DatasetCase
from pdekit.case.draft import Draft
from pdekit.case.evaluate_case import EvaluateCase
from pdekit.case.functions import resolve
from pdekit.case.learned_case import EvolvingSolver
from pdekit.case.schema import (
    AxisSpec,
    CheckSpec,
    Initial,
    OutputSpec,
    Reference,
    RunSpec,
    SolverSpec,
    TimeSpec,
)
from pdekit.case.source import Overrides, Source
from pdekit.case.train_case import TrainCase
from pdekit.case.wording import followed, plain_words, shown
from pdekit.case.written import SolvedCase, Written
from pdekit.case.yaml_lines import KeyPath, parse, read_text
from pdekit.errors import CaseError, PdekitError, Problem, near_misses, suggestion

__all__ = ["Case", "case_schema", "load_case", "shipped_cases"]

_MAX_PROBLEMS = 100


class Case(SolvedCase):
    """What one run of an evolution equation is: a box, a start, a solver, what to check.

    Made by `load_case`, which checks everything and fills in every default.
    """

    domain: dict[str, AxisSpec] = Key(
        description="the box: one entry for each axis x, y, z"
    )
    initial: Initial = Key(description="the initial state")
    time: TimeSpec = Key(description="the interval of time and the stored frames")
    solver: EvolvingSolver = Key(default=SolverSpec(), description="how to solve")
    reference: Reference | None = Key(default=None, description="what to compare with")
    outputs: OutputSpec = Key(
        default_factory=OutputSpec, description="what to leave behind"
    )
    checks: dict[str, CheckSpec] = Key(default={}, description="bounds on metrics")
    run: RunSpec = Key(default=RunSpec(), description="where and how to compute")

    @property
    def source(self) -> Path | None:
        """File the case was read from."""
        return self.origin


T = TypeVar("T", bound=Written)
AnyCase: TypeAlias = Case | BoundaryCase
"""A case of an equation that evolves in a periodic box, or of a boundary-value problem."""
Loaded: TypeAlias = AnyCase | DatasetCase | TrainCase | EvaluateCase
"""A case of any task."""
RULES: dict[type[Written], Callable[[Draft], None]] = {
    Case: rules.apply,
    BoundaryCase: boundary_rules.apply,
    DatasetCase: dataset_rules.apply,
    TrainCase: train_rules.apply,
    EvaluateCase: evaluate_rules.apply,
}
SOLVE = "solve"
TASKS: dict[str, tuple[type[Loaded], str]] = {
    "dataset": (DatasetCase, "problem"),
    "train": (TrainCase, "model"),
    "evaluate": (EvaluateCase, "models"),
}
"""What else there is to do: the sections of its case, and a key that only it has."""


def load_case(
    source: str | Path | Mapping[str, Any] | Loaded, overrides: Overrides | None = None
) -> Loaded:
    """Read a case and check all of it.

    Parameters
    ----------
    source
        A file, the name of a shipped case such as ``nlse/two_soliton``, a mapping as in a
        case file, or a case.
    overrides
        Settings by dotted path: ``{"solver.rtol": 1e-11}``, or ``["solver.rtol=1e-11"]``
        with YAML values.

    Raises
    ------
    CaseError
        With everything that is wrong, each with file, line and column.
    """
    name, found = _open(source)
    if overrides:
        found.override(overrides)
    return _checked(name, found)


def solved_case(
    source: str | Path | Mapping[str, Any] | Loaded, overrides: Overrides | None = None
) -> AnyCase:
    """Read a case that solves an equation, and check all of it.

    Raises
    ------
    CaseError
        With everything that is wrong, or if it has another task.
    """
    return cast(AnyCase, _of_task("solve", (Case, BoundaryCase), source, overrides))


def dataset_case(
    source: str | Path | Mapping[str, Any] | Loaded, overrides: Overrides | None = None
) -> DatasetCase:
    """Read a case that makes a data set, and check all of it.

    Raises
    ------
    CaseError
        With everything that is wrong, or if it has another task.
    """
    return _of_task("dataset", (DatasetCase,), source, overrides)


def train_case(
    source: str | Path | Mapping[str, Any] | Loaded, overrides: Overrides | None = None
) -> TrainCase:
    """Read a case that trains a model, and check all of it.

    Raises
    ------
    CaseError
        With everything that is wrong, or if it has another task.
    """
    return _of_task("train", (TrainCase,), source, overrides)


def same_case(file: Path, case: Loaded) -> bool:
    """Whether a file holds a case with the same answer; not if it cannot be used."""
    try:
        return load_case(file).digest() == case.digest()
    except PdekitError:
        return False


def _of_task(
    task: str, kinds: tuple[type[T], ...], source: Any, overrides: Overrides | None
) -> T:
    case = load_case(source, overrides)
    if not isinstance(case, kinds):
        raise case.refusal("task", f"must be {task} here (got {case.task!r})")
    return case


def problem_of(case: DatasetCase) -> AnyCase:
    """Load the case that a data set draws its samples from."""
    return solved_case(located(case.written_in(), case.problem), case.set)


def located(source: Source, problem: str) -> str | Path:
    """Return the file that the case of a data set names, or else a name.

    Raises
    ------
    ValueError
        If it leads out of the folder of the case.
    """
    beside = resolve(source, ("problem",), problem)
    return beside if beside.is_file() else problem


def shipped_cases(task: str | None = None) -> dict[str, Path]:
    """Names and files of the cases that come with pdekit, or of those of one task."""
    folder = Path(str(files("pdekit.cases")))
    found = sorted(folder.rglob("*.yaml"))
    if task is not None:
        found = [path for path in found if _task(path) == task]
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in found}


def _task(path: Path) -> str:
    """Read the task of a case without parsing the whole file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((s.split()[1] for s in lines if s.startswith("task: ")), "solve")


def case_schema() -> dict[str, Any]:
    """JSON Schema of case files, for editors."""
    from pdekit.case.editor import editor_schema

    others = {task: model for task, (model, _) in TASKS.items()}
    return editor_schema(Case, BoundaryCase, others)


def _open(source: str | Path | Mapping[str, Any] | Loaded) -> tuple[str, Source]:
    """Name and unchecked data of whatever a case can be made from."""
    if isinstance(source, Written):
        folder = source._source.folder if source._source else Path.cwd()
        return source.name, Source("<case>", folder, source.to_dict(), trusted=True)
    if isinstance(source, Mapping):
        return "", Source("<case>", Path.cwd(), dict(source), trusted=True)
    path, name = _locate(source)
    file = str(source) if str(path) == str(source) else f"{source}.yaml"
    text = read_text(path, file)
    if path.suffix == ".txt":
        return name, _foreign_text(text, file, path.parent)
    return name, _translated(Source.of(parse(text, file), file, path.parent))


def _locate(source: str | Path) -> tuple[Path, str]:
    """File of a case and its name: a path wins over the name of a shipped case."""
    path = Path(source)
    try:
        if path.exists() or path.is_symlink():
            return path, path.stem
    except (OSError, ValueError) as error:
        raise CaseError([Problem("", f"cannot be read: {error}", str(source))]) from None
    shipped = shipped_cases()
    name = str(source)
    if name in shipped:
        return shipped[name], name
    message = "no such file, and no shipped case of this name"
    raise CaseError([Problem("", message + suggestion(name, shipped), name)])


def _foreign_text(text: str, file: str, folder: Path) -> Source:
    """Read a text that is not YAML with the importer that knows its form."""
    for importer in registry.importers():
        document = importer.read(text, file)
        if importer.recognises(document.data):
            return _translated(Source.of(document, file, folder))
    raise CaseError([Problem("", "is not a case file; case files end in .yaml", file)])


def _translated(source: Source) -> Source:
    """Translate another program's configuration, if it is one."""
    for importer in registry.importers():
        if isinstance(source.data, dict) and importer.recognises(source.data):
            importer.translate(source)
    return source


def _checked(name: str, source: Source) -> Loaded:
    """Validate all of a case, or raise everything that is wrong with it."""
    data = _without_nothing(source.data)
    if not isinstance(data, dict) or not data:
        got = "an empty file" if not source.data else shown(source.data)
        problem = source.problem((), f"must be a mapping, key: value (got {got})")
        raise CaseError([*source.problems, problem])
    draft, model = Draft({}, source), _model(data)
    case: Any = None
    try:
        case = model.model_validate(data, context=draft.sections)
    except ValidationError as error:
        for path, sentence, about_key in plain_words(error, model):
            draft.say(path, sentence, at_key=about_key)
        _sound_sections(model, data, error, draft.sections)
    for key, field in model.model_fields.items():
        if key not in data and not field.is_required():
            draft.sections[key] = field.get_default(call_default_factory=True)
    RULES[model](draft)
    if draft.problems or source.problems:
        raise CaseError(_in_order(source.problems, draft.problems))
    case = case.model_copy(update={**draft.sections, "name": case.name or name})
    case._source = source
    found: Loaded = case
    return found


def _model(data: Mapping[str, Any]) -> type[Loaded]:
    """Return the kind of case: the task and the equation say it, or what they resemble."""
    task = data.get("task")
    close = near_misses(task, (SOLVE, *TASKS), 1) if isinstance(task, str) else []
    for other, (model, key) in TASKS.items():
        if close == [other] or (task is None and key in data):
            return model
    equation = data.get("equation")
    name = equation.get("name") if isinstance(equation, Mapping) else equation
    if not isinstance(name, str) or name in registry.equations():
        return Case
    if name in registry.problems():
        return BoundaryCase
    close = near_misses(name, (*registry.equations(), *registry.problems()), 1)
    return BoundaryCase if {*close} & {*registry.problems()} else Case


def _without_nothing(value: Any) -> Any:
    """Leave out keys without a value: ``solver: {rtol: null}`` means the default."""
    if isinstance(value, Mapping):
        return {str(k): _without_nothing(v) for k, v in value.items() if v is not None}
    return (
        [_without_nothing(v) for v in value] if isinstance(value, list | tuple) else value
    )


def _sound_sections(
    model: type[Written], data: Any, error: ValidationError, sections: dict[str, Any]
) -> None:
    """Validate once more without the unknown keys, so that the rules see the rest."""
    unknown = [e["loc"] for e in error.errors() if e["type"] == "extra_forbidden"]
    paths = {followed(model, location)[0] for location in unknown}
    with suppress(ValidationError):
        model.model_validate(_without(data, paths), context=sections)


def _without(value: Any, paths: set[KeyPath], here: KeyPath = ()) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: (*here, key) for key in value}
    return {k: _without(value[k], paths, p) for k, p in inner.items() if p not in paths}


def _in_order(read: Iterable[Problem], found: Iterable[Problem]) -> list[Problem]:
    """Return the problems in the order of the file, not too many.

    What was wrong with a key, or within its list, when it was read is not reported a
    second time.
    """
    reported = {problem.path for problem in read}
    later = (p for p in found if not {p.path, p.path.partition("[")[0]} & reported)
    unique = dict.fromkeys((*read, *later))
    ordered = sorted(unique, key=lambda p: (p.line or 0, p.column or 0))
    if len(ordered) > _MAX_PROBLEMS:
        more = f"and {len(ordered) - _MAX_PROBLEMS} more problems"
        return [*ordered[:_MAX_PROBLEMS], Problem("", more, ordered[0].file)]
    return ordered
