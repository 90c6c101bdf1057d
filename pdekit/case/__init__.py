"""Case files: what a run is, written as YAML and read back with every error in place.

>>> from pdekit.case import load_case
>>> case = load_case("nlse/single_soliton", {"domain.x.points": 256})
>>> case.domain["x"].points
256
"""

from pdekit.case.boundary_case import BoundaryCase
from pdekit.case.loader import AnyCase, Case, case_schema, load_case, shipped_cases

__all__ = ["AnyCase", "BoundaryCase", "Case", "case_schema", "load_case", "shipped_cases"]
