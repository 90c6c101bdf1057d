"""Boundary-value problems in words: their part of ``list`` and ``describe``."""

from __future__ import annotations

from pdekit import registry
from pdekit.case import shipped_cases
from pdekit.docstrings import explained, first_line
from pdekit.steady.metrics import CONVERGENCE, ERRORS, GAUSSIAN

SOLVERS = {
    "direct": "boundary-value problems with constant coefficients, by fast transforms",
    "multigrid": "boundary-value problems by geometric multigrid",
    "krylov": "boundary-value problems by conjugate gradients and relatives",
    "auto": "boundary-value problems: direct where it applies, else krylov with multigrid",
    "gp": "boundary-value problems and equations in time by a Gaussian process, with "
    "a deviation",
    "gp_hm": "the same by the published joint optimisation of values and hyper-parameters",
}
PRECONDITIONERS = {
    "none": "nothing: the method alone",
    "jacobi": "the diagonal",
    "ssor": "symmetric successive over-relaxation, two sweeps",
    "ic": "incomplete Cholesky factors with the pattern of the operator",
    "mic": "the same with the sums of rows kept: O(1/h) instead of O(1/h²)",
    "multigrid": "one symmetric multigrid cycle: iterations independent of the grid",
    "direct": "the transform solver of the operator with mean coefficients",
    "amg": "algebraic multigrid of PyAMG by smoothed aggregation, where it is installed",
    "amg_classical": "the same by Ruge's and Stüben's interpolation",
}
INTEGRATORS = {
    "backward_euler": "order 1, implicit, for heat: damps all waves, however long the step",
    "crank_nicolson": "order 2, implicit, for heat: the trapezoidal rule; rough data ring",
    "sdirk2": "order 2, implicit, for heat: two stages, damps all waves",
    "tr_bdf2": "order 2, implicit, for heat: two stages of order 2, damps all waves",
}


def metrics() -> dict[str, str]:
    """List the metrics of boundary-value problems that others do not have."""
    found = {name: ERRORS[name] for name in ("observed_order",)} | CONVERGENCE | GAUSSIAN
    for problem in registry.problems():
        for name, function in registry.problem(problem).metrics.items():
            found[name] = f"boundary-value problems: {first_line(function)}"
    return found


def described(name: str) -> str:
    """Describe parameters, exact solutions and metrics of a boundary-value problem."""
    cls = registry.problem(name)
    axes = " or ".join(map(str, cls.dimensions))
    out = explained(
        name,
        cls,
        f"Fields: {', '.join(cls.fields)} (real), on {axes} axes with dirichlet, neumann, "
        "periodic or mixed ends, without units",
        {
            "Exact solutions  (reference: {exact: NAME})": cls.exact,
            "Metrics for checks": cls.metrics,
        },
    )
    if cls.references:
        out += ["", "References", *(f"  {r}" for r in cls.references)]
    if example := _example(name):
        text = shipped_cases()[example].read_text(encoding="utf-8")
        out += ["", f"Example  (pdekit run {example})", "", text]
    return "\n".join(out)


def _example(problem: str) -> str | None:
    """Return the shipped case of a problem that takes the fewest words."""
    texts = {n: p.read_text(encoding="utf-8") for n, p in shipped_cases().items()}
    short, long = f"equation: {problem}\n", f"equation: {{name: {problem}"
    found = [n for n, text in texts.items() if short in text or long in text]
    return min(found, key=lambda name: len(texts[name]), default=None)
