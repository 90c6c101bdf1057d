"""What a case of an evaluation must satisfy beyond its structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pdekit.case import rules
from pdekit.case.dataset_case import DatasetCase
from pdekit.case.draft import Draft
from pdekit.case.evaluate_case import USUAL, metrics_of
from pdekit.case.functions import resolve
from pdekit.case.source import Source
from pdekit.case.train_case import TrainCase
from pdekit.case.yaml_lines import KeyPath
from pdekit.errors import CaseError, PdekitError, UnknownName


def apply(draft: Draft) -> None:
    """Apply every rule; mistakes of the cases that it names are told with the others."""
    rules.check_name(draft)
    _metrics(draft)
    _names(draft)
    models, given = draft.sections.get("models"), draft.sections.get("data")
    if models == () and given is None:
        draft.say(("data",), "must be given where there are no models")
    for number, name in enumerate(models or ()):
        _found(draft, ("models", number), model_of, name)
    if given is not None:
        _found(draft, ("data",), data_of, given)


def model_of(source: Source, name: str) -> Path | TrainCase:
    """Return the weights, the folder of a training, or the case of one.

    Raises
    ------
    CaseError, UnknownName
        If it is nothing of these.
    ValueError
        If it leads out of the folder of the case.
    """
    from pdekit.case.loader import load_case, shipped_cases

    for path in (resolve(source, ("models",), name), Path(name)):
        if path.is_dir() or path.suffix == ".safetensors":
            if path.exists():
                return path
        elif path.is_file():
            return _training(load_case(path))
    if name not in (known := shipped_cases("train")):
        raise UnknownName("weights, folder or case of a training", name, known)
    return _training(load_case(name))


def _training(case: Any) -> TrainCase:
    if not isinstance(case, TrainCase):
        raise ValueError(f"is a case with task {case.task}, and must be one that trains")
    return case


def data_of(source: Source, name: str) -> Path | DatasetCase:
    """Return the folder or the case of the data."""
    from pdekit.datasets.finding import named

    return named(source, name)


def _found(
    draft: Draft, path: KeyPath, look: Callable[[Source, str], object], name: str
) -> None:
    """Look for what a name means, and tell what is wrong with it."""
    try:
        look(draft.source, name)
    except CaseError as error:
        for each in error.problems:
            draft.say(path, str(each) if each.path else each.message)
    except (ValueError, PdekitError) as error:
        draft.say(path, str(error))


def _metrics(draft: Draft) -> None:
    from pdekit.comparison.scores import METRICS

    metrics = draft.sections.get("metrics") or ()
    for number, name in enumerate(metrics):
        draft.known(("metrics", number), "metric", name, METRICS)
    shifted = draft.sections.get("shifted")
    kinds = shifted if isinstance(shifted, Mapping) else USUAL
    controls = draft.sections.get("controls") or ()
    rules.check_metrics(draft, metrics_of(metrics, controls, kinds))


def _names(draft: Draft) -> None:
    """Check the names of shifted data sets, which become names of metrics."""
    shifted = draft.sections.get("shifted")
    for name in shifted if isinstance(shifted, Mapping) else ():
        if not name.isidentifier():
            message = "must be a name of letters, digits and _"
            draft.say(("shifted", name), message, at_key=True)
