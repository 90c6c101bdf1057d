"""Sphinx configuration; build with ``python -m sphinx -W docs docs/_build/html``."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils.parsers.rst.states import Inliner
from pydantic import BaseModel
from sphinx.application import Sphinx

import pdekit
from pdekit import load_case, solve
from pdekit.case import boundary_case, gaussian_case, learned_case, random_starts
from pdekit.case import schema as case_schema
from pdekit.expressions import FUNCTIONS
from pdekit.metrics import COSTS, ERRORS
from pdekit.plots import save_figures

project = "pdekit"
author = "The pdekit developers"
copyright = f"2026, {author}"
version = release = pdekit.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]
html_theme = "furo"
html_title = f"pdekit {version}"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def plain(text: str) -> str:
    """Return a sentence as Markdown, its formulas untouched."""
    return "`".join(
        part if inside else re.sub(r"([*|_])", r"\\\1", part)
        for inside, part in ((i % 2, part) for i, part in enumerate(text.split("`")))
    )


def choices(schema: dict[str, Any]) -> list[Any]:
    """Return the words that a key accepts, from its JSON Schema."""
    nested = [*schema.get("anyOf", []), *schema.get("oneOf", []), schema.get("items", {})]
    words = [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]
    return words + [word for inner in nested if inner for word in choices(inner)]


def keys(section: type[BaseModel]) -> str:
    """Return the keys of one section of a case file, with defaults and meaning."""
    properties = section.model_json_schema()["properties"]
    rows = []
    for name, field in section.model_fields.items():
        words = ", ".join(f"`{word}`" for word in choices(properties[name]))
        default = "needed" if field.is_required() else f"`{json.dumps(field.default)}`"
        default = "" if field.default is None else default.replace('"', "")
        meaning = plain(field.description or "") + (f": {words}" if words else "")
        rows.append((f"`{name}`", default, meaning))
    return table(("key", "default", "meaning"), rows)


function_rows = [doc.split(": ", 1) for doc in FUNCTIONS.values()]
myst_substitutions = {
    "functions": table(
        ("function", "meaning"),
        ((f"`{call}`", plain(text)) for call, text in function_rows),
    ),
    "errors": table(
        ("metric", "meaning"), ((f"`{name}`", plain(text)) for name, text in ERRORS.items())
    ),
    "costs": ", ".join(f"`{name}`" for name in COSTS),
    "axis_keys": keys(case_schema.AxisSpec),
    "bounded_axis_keys": keys(boundary_case.BoundedAxis),
    "linear_solver_keys": keys(boundary_case.LinearSolverSpec),
    "gaussian_keys": keys(gaussian_case.GaussianSpec),
    "rollout_keys": keys(learned_case.RolloutSpec),
    "prediction_keys": keys(boundary_case.PredictionSpec),
    "random_keys": keys(random_starts.RandomField),
    "series_keys": keys(random_starts.RandomSeries),
    "sines_keys": keys(random_starts.RandomSines),
    "noise_keys": keys(random_starts.RandomNoise),
    "time_keys": keys(case_schema.TimeSpec),
    "solver_keys": keys(case_schema.SolverSpec),
    "exp_keys": keys(case_schema.Exponential),
    "check_keys": keys(case_schema.CheckSpec),
    "output_keys": keys(case_schema.OutputSpec),
    "run_keys": keys(case_schema.RunSpec),
}

autosummary_generate = True
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False


SHOWN = {
    "nlse/two_soliton": ("spacetime", "profile", "invariants", "spectrum"),
    "nlse/n_soliton": ("spacetime",),
    "nlse/akhmediev": ("spacetime",),
    "nlse/mi_planewave": ("growth",),
    "nlse/dark_pair": ("spacetime",),
    "nlse/manakov_collision": ("spacetime",),
    "gross_pitaevskii/kohn": ("spacetime",),
    "gross_pitaevskii/breathing": ("snapshots",),
    "gross_pitaevskii/vortex_lattice": ("snapshots",),
    "ginzburg_landau/spirals": ("snapshots",),
    "waves/sine_gordon_breather": ("spacetime",),
    "waves/sine_gordon_kinks": ("spacetime",),
    "advection_diffusion/wave_packet": ("spacetime",),
    "burgers/sine_shock": ("spacetime", "profile"),
    "kdv/two_solitons": ("spacetime",),
    "kdv/zabusky_kruskal": ("spacetime",),
    "kuramoto_sivashinsky/kassam_trefethen": ("spacetime",),
    "kuramoto_sivashinsky/plane": ("snapshots",),
    "reaction_diffusion/gray_scott_pattern": ("snapshots",),
    "reaction_diffusion/fitzhugh_nagumo_pulse": ("spacetime",),
    "phase_field/cahn_hilliard_spinodal": ("snapshots",),
    "phase_field/swift_hohenberg_hexagons": ("snapshots",),
    "ginzburg_landau/defect_turbulence": ("snapshots",),
    "navier_stokes/double_shear_layer": ("snapshots",),
    "navier_stokes/mcwilliams": ("snapshots", "spectrum"),
    "navier_stokes/kolmogorov_turbulence": ("snapshots",),
    "navier_stokes/mixing_layer": ("snapshots",),
    "navier_stokes/taylor_green_re100": ("diagnostics",),
    "boussinesq/rising_bubble": ("snapshots",),
    "poisson/darcy_flow": ("solution",),
    "poisson/blocks": ("solution",),
    "poisson/perforated": ("solution",),
    "poisson/mixed_walls": ("solution",),
    "poisson/darcy": ("residuals",),
    "heat/layered_rock": ("snapshots",),
}
"""Figures that the pages show, drawn from the shipped cases when the pages are built."""


def draw_figures(app: Sphinx) -> None:
    """Run the cases and keep their figures in ``docs/figures``, by their names."""
    logging.getLogger("pdekit").setLevel(logging.ERROR)  # of coarse grids
    for name, wanted in SHOWN.items():
        changes = {"outputs.figures": list(wanted), "checks": {}, "run.backend": "numpy"}
        case = load_case(name, changes)  # on plain arrays: there is nothing to compile
        save_figures(solve(case), Path(app.srcdir, "figures", name), wanted)


def setup(app: Sphinx) -> None:
    """Draw the figures before the pages are read."""
    app.connect("builder-inited", draw_figures)


def modulus(
    _: Inliner, match: re.Match[str], __: int
) -> tuple[str, list[Any], str, list[Any]]:
    """Keep the bars of |ψ| in docstrings, which would make ψ a substitution."""
    end = match.end("start")
    return match.string[:end], [], match.string[end:], []


Inliner.dispatch["|"] = modulus
