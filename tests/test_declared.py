"""Equations written out in a case file: what they compute, cost, and refuse."""

from __future__ import annotations

import inspect
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdekit import Grid, evolve, load_case, registry, solve, spectral
from pdekit.declared import Declared
from pdekit.declared._reader import read
from pdekit.engine import make_engine
from pdekit.engine._rhs import RightHandSide
from pdekit.errors import CaseError, ExpressionError, PdekitError
from pdekit.expressions._tree import Call, Number
from pdekit.stepping import System

LINE = Grid.periodic(48, (0.0, 2 * np.pi))
PLANE = Grid.periodic((24, 20), ((0.0, 2 * np.pi), (0.0, 3.0)))
BOX = Grid.periodic((12, 10, 8), (0.0, 2 * np.pi))


def smooth(grid: Grid, fields: int, *, complex_: bool = False, seed: int = 3) -> Any:
    """Return random fields of a few modes."""
    rng = np.random.default_rng(seed)
    total = np.zeros((fields, *grid.shape), dtype=complex if complex_ else float)
    for field in total:
        for _ in range(6):
            phase = rng.uniform(0, 2 * np.pi)
            for x, (a, b) in zip(
                grid.points(), [(ax.lower, ax.upper) for ax in grid.axes], strict=True
            ):
                phase = phase + 2 * np.pi * rng.integers(-2, 3) * (x - a) / (b - a)
            amplitude = 0.2 * rng.standard_normal()
            field += amplitude * (np.exp(1j * phase) if complex_ else np.cos(phase))
    return total


def right_side(equation: Any, grid: Grid, u: Any, mask: Any = None, t: float = 0.0) -> Any:
    """Return N(u) by the array engine, ``(channel, *space)``."""
    engine = make_engine("numpy", grid, channels=len(equation.fields))
    system = System(equation, grid, engine, start=0.0, end=1.0, mask=mask)
    program = system.program(())
    return program.close(program.nonlinear(program.open(u[None]), t))[0]


def derivative(grid: Grid, u: Any, *orders: int) -> Any:
    """Differentiate by the transform of NumPy alone."""
    u_hat = np.fft.fftn(u)
    for k, order in zip(grid.wavenumbers(), orders, strict=True):
        u_hat = u_hat * (1j * k) ** order
    found = np.fft.ifftn(u_hat)
    return found if np.iscomplexobj(u) else found.real


# -- values ----------------------------------------------------------------------------

TERMS_1D = {
    "-u*dx(u)": lambda u, d: -u * d(u, 1),
    "dx(u*u)": lambda u, d: d(u * u, 1),
    "dx(u, 2)*u - dxx(u)*u + u**3": lambda u, d: u**3,
    "u*(1 - u)*(u - a)": lambda u, d: u * (1 - u) * (u - 0.3),
    "sin(u)*dx(u)**2": lambda u, d: np.sin(u) * d(u, 1) ** 2,
    "u*dx(u*dx(u*u))": lambda u, d: u * (2 * d(u, 1) ** 2 * u * 2 + 2 * u * u * d(u, 2)),
    "dxx(u**3 - u) - exp(a)*u**2": lambda u, d: d(u**3 - u, 2) - np.exp(0.3) * u**2,
    "abs(u)**1.5 + sqrt(1 + u*u)": lambda u, d: np.abs(u) ** 1.5 + np.sqrt(1 + u * u),
    "abs(u)**a*u": lambda u, d: np.abs(u) ** 0.3 * u,
    "maximum(u, 0)*minimum(u, a)": lambda u, d: np.maximum(u, 0) * np.minimum(u, 0.3),
    "sinh(u) + tan(u) + sech(u) + coth(u + 3) + csch(u + 3)": lambda u, d: (
        np.sinh(u) + np.tan(u) + 1 / np.cosh(u) + 1 / np.tanh(u + 3) + 1 / np.sinh(u + 3)
    ),
    "u**2/(2 + u) + 1": lambda u, d: u**2 / (2 + u) + 1,
    "(u*u + 1)**-2.5*gaussian(u, a)": lambda u, d: (
        (u * u + 1) ** -2.5 * np.exp(-((u / 0.3) ** 2) / 2)
    ),
    "sin(x)**2*u**2": lambda u, d: np.sin(LINE.points()[0]) ** 2 * u**2,
    "u*dx(cos(x)*u)": lambda u, d: u * d(np.cos(LINE.points()[0]) * u, 1),
    "-6*u*dx(u) + 3*u**2*dx(u)*2": lambda u, d: -6 * u * d(u, 1) + 6 * u**2 * d(u, 1),
}


@pytest.mark.parametrize("text", TERMS_1D)
def test_a_term_on_a_line_is_what_it_says(text: str) -> None:
    """Against derivatives by NumPy; no mask, and few modes, so that forms agree."""
    equation = Declared(fields=["u"], nonlinear={"u": text}, parameters={"a": 0.3})
    (u,) = smooth(Grid.periodic(48, (0.0, 2 * np.pi)), 1)
    expected = TERMS_1D[text](u, lambda f, order: derivative(LINE, f, order))
    assert np.abs(right_side(equation, LINE, u[None])[0] - expected).max() < 1e-11


def test_a_system_in_the_plane_is_what_it_says() -> None:
    u, v = smooth(PLANE, 2)

    def d(f: Any, a: int, b: int) -> Any:
        return derivative(PLANE, f, a, b)

    equation = Declared(
        fields=["u", "v"],
        nonlinear={
            "u": "-u*dx(u) - v*dy(u) + v - 2*dxy(v)",
            "v": "lap(u*v) + dx(u)*dxyy(v) - lap(dx(u)*v) + (1 + u)*lap(u*v)",
        },
    )
    lap = lambda f: d(f, 2, 0) + d(f, 0, 2)  # noqa: E731
    expected = (
        -u * d(u, 1, 0) - v * d(u, 0, 1) + v - 2 * d(v, 1, 1),
        lap(u * v) + d(u, 1, 0) * d(v, 1, 2) - lap(d(u, 1, 0) * v) + (1 + u) * lap(u * v),
    )
    found = right_side(equation, PLANE, np.stack([u, v]))
    assert np.abs(found - np.stack(expected)).max() < 1e-10


def test_a_complex_field_is_what_it_says() -> None:
    (psi,) = smooth(LINE, 1, complex_=True)
    (x,) = LINE.points()
    text = (
        "i*abs(psi)**2*psi - (0.5 + i*b)*cos(x)*psi + conj(psi)*dx(psi)**2*2j"
        " + abs(psi)*psi + (psi + 1)**3"
    )
    equation = Declared(
        fields={"psi": "complex"}, nonlinear={"psi": text}, parameters={"b": 0.7}
    )
    slope = derivative(LINE, psi, 1)
    expected = (
        1j * np.abs(psi) ** 2 * psi
        - (0.5 + 0.7j) * np.cos(x) * psi
        + 2j * psi.conj() * slope**2
        + np.abs(psi) * psi
        + (psi + 1) ** 3
    )
    assert np.abs(right_side(equation, LINE, psi[None])[0] - expected).max() < 1e-11


def test_a_coefficient_may_change_with_time() -> None:
    equation = Declared(fields=["u"], nonlinear={"u": "cos(t)*sin(x)*u**2"})
    (u,) = smooth(LINE, 1)
    assert equation.time_dependent
    for t in (0.0, 0.7):
        found = right_side(equation, LINE, u[None], t=t)[0]
        assert np.abs(found - np.cos(t) * np.sin(LINE.points()[0]) * u**2).max() < 1e-12


# -- equal to the shipped equations ----------------------------------------------------

SHIPPED: dict[str, tuple[Grid, dict[str, Any], dict[str, Any], tuple[int, int]]] = {
    "kdv": (
        LINE,
        {},
        {"fields": ["u"], "linear": {"u": "i*k**3"}, "nonlinear": {"u": "-6*u*dx(u)"}},
        (1, 1),
    ),
    "gray_scott": (
        PLANE,
        {"feed": 0.04, "kill": 0.06, "diffusivity_u": 2e-3, "diffusivity_v": 1e-3},
        {
            "fields": ["u", "v"],
            "linear": {"u": "2e-3*lap(u) - F*u", "v": "-1e-3*k2 - F - K"},
            "nonlinear": {"u": "F - u*v**2", "v": "u*v**2"},
            "parameters": {"F": 0.04, "K": 0.06},
        },
        (2, 1),
    ),
    "navier_stokes_2d": (
        PLANE,
        {"viscosity": 0.02},
        {
            "fields": ["w"],
            "linear": {"w": "nu*lap(w)"},
            "nonlinear": {"w": "dy(inv_lap(w))*dx(w) - dx(inv_lap(w))*dy(w)"},
            "parameters": {"nu": 0.02},
        },
        (4, 1),
    ),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_the_shipped_equation(name: str) -> None:
    """Linear and nonlinear part, under the mask that both prefer."""
    grid, params, said, transforms = SHIPPED[name]
    shipped, declared = registry.equation(name)(**params), Declared(**said)
    np.testing.assert_allclose(declared.symbol(grid), shipped.symbol(grid), atol=1e-13)
    u = smooth(grid, len(shipped.fields))
    mask = spectral.mask("two_thirds", grid, real=True)
    expected, found = (right_side(e, grid, u, mask) for e in (shipped, declared))
    assert np.abs(found - expected).max() < 1e-11 * max(1.0, np.abs(expected).max())
    plan = declared.plan(grid)
    assert (plan.inputs, plan.outputs) == transforms


def test_the_compiled_engine_agrees_with_arrays_and_tensors() -> None:
    """After a few steps, in all the ways a formula is run."""
    torch = pytest.importorskip("torch")
    grid = Grid.periodic((16, 16), (0.0, 2 * np.pi))
    equation = Declared(
        fields=["u", "v"],
        linear={"u": "nu*lap(u)", "v": "-dx(v) + nu*lap(v)"},
        nonlinear={
            "u": "-u*dx(u) - v*dy(u) + cos(x)*sin(v) + 0.1",
            "v": "u - (v + u)**3 + abs(u)**a*dxy(u*v)/(1 + v*v)",
        },
        parameters={"nu": 0.1, "a": 0.5},
    )
    u = smooth(grid, 2)
    compiled = evolve(equation, grid, u, 0.05, integrator="etdrk4", steps=5)
    tensor = evolve(equation, grid, torch.from_numpy(u), 0.05, integrator="etdrk4", steps=5)
    assert np.abs(compiled - tensor.numpy()).max() < 1e-13
    assert np.abs(compiled - u).max() > 1e-3


def test_the_complex_compiled_engine_agrees_with_tensors() -> None:
    torch = pytest.importorskip("torch")
    equation = Declared(
        fields={"psi": "complex"},
        linear={"psi": "0.5*i*dxx(psi)"},
        nonlinear={"psi": "i*abs(psi)**2*psi - 0.2*conj(psi)*real(psi)*(1 + 2j)"},
    )
    psi = smooth(LINE, 1, complex_=True)
    compiled = evolve(equation, LINE, psi, 0.05, integrator="etdrk4", steps=5)
    tensor = evolve(
        equation, LINE, torch.from_numpy(psi), 0.05, integrator="etdrk4", steps=5
    )
    assert np.abs(compiled - tensor.numpy()).max() < 1e-13


# -- cost and form ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grid", "nonlinear", "transforms"),
    [
        (LINE, {"u": "-u*dx(u)"}, (1, 1)),
        (LINE, {"u": "-u*dx(u) + dxx(u**2)"}, (1, 1)),
        (LINE, {"u": "u*dx(u) + u**3"}, (1, 2)),
        (LINE, {"u": "dx(u)**2"}, (1, 1)),
        (LINE, {"u": "dx(u)**2 + u**2 + 3*u**3"}, (2, 1)),
        (LINE, {"u": "u*dxx(u) + u*dx(u)*u + u"}, (2, 2)),
        (LINE, {"u": "0.5*dx(u)"}, (1, 1)),
        (PLANE, {"u": "u**2", "v": "-3*u**2 + lap(u*u)"}, (1, 1)),
        (PLANE, {"u": "v", "v": "u - u**3"}, (1, 1)),
        (BOX, {"u": "dx(u*u) + dy(u*u) + dz(u*u)"}, (1, 1)),
    ],
)
def test_the_number_of_transforms(
    grid: Grid, nonlinear: dict[str, str], transforms: tuple[int, int]
) -> None:
    """Distinct derivatives back, distinct products forward, as few as are needed."""
    fields = sorted({"u", *nonlinear})
    equation = Declared(fields=fields, nonlinear=nonlinear)
    rhs = RightHandSide(equation, grid)
    assert (rhs.inputs, rhs.outputs) == transforms


def test_nothing_is_transformed_for_a_linear_equation() -> None:
    equation = Declared(fields=["u"], linear={"u": "-k2"})
    assert equation.is_linear
    assert not RightHandSide(equation, LINE).has_products


def test_the_form_says_what_is_conserved() -> None:
    u = smooth(LINE, 1)[None]
    for text, kept in (("-u*dx(u)", True), ("dx(u)**2", False), ("dxx(u**3) - u", False)):
        equation = Declared(fields=["u"], linear={"u": "-k2"}, nonlinear={"u": text})
        assert ("mean_u" in equation.invariants(LINE, u)) is kept
    damped = Declared(fields=["u"], linear={"u": "-k2 - 1"}, nonlinear={"u": "-u*dx(u)"})
    assert not damped.invariants(LINE, u)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-u*dx(u)", "two_thirds"),
        ("u**3", "none"),
        ("sin(u)", "none"),
        ("u*(1 - u)", "two_thirds"),
    ],
)
def test_two_thirds_is_for_products_of_two(text: str, expected: str) -> None:
    assert Declared(fields=["u"], nonlinear={"u": text}).dealias == expected


def test_a_parameter_leaves_the_compiled_text_alone() -> None:
    """So that a sweep compiles once."""
    texts = [
        Declared(fields=["u"], nonlinear={"u": "a*u**2 + exp(a)*u**3"}, parameters={"a": a})
        .terms(LINE)
        .product.source_text
        for a in (0.1, 0.2)
    ]
    assert texts[0] == texts[1]


def test_generated_text_holds_nothing_but_checked_words() -> None:
    """Every name in it is a parameter, a local or a word of the formulas."""
    equation = Declared(
        fields=["u"],
        linear={"u": "-k2"},
        nonlinear={"u": "sinh(a*u)*dx(u)**2 + gaussian(u, a)*sin(x) - tan(u) + dx(u**3)"},
        parameters={"a": 0.3},
    )
    words = {
        "def",
        "return",
        "i_times",
        "sin",
        "cos",
        "exp",
        "sqrt",
        "tanh",
        "cosh",
        "maximum",
    }
    for formula in equation.terms(LINE):
        text = formula.source_text
        assert tuple(inspect.signature(formula).parameters) == formula.takes
        local = set(re.findall(r"_t\d+", text))
        names = set(
            re.findall(r"[A-Za-z_]\w*", re.sub(r"(?<!\w)\d[\d.]*(e[+-]?\d+)?", "", text))
        )
        assert names <= words | local | {formula.name, *formula.takes}


# -- the linear part -------------------------------------------------------------------


def test_a_symbol_and_derivatives_are_the_same() -> None:
    forms = [
        {"u": "-0.1*k2**2 + k2 + i*kx*ky**2*3 - i*kx"},
        {"u": "-0.1*lap(u, 2) - lap(u) - 3*dxyy(u) - dx(u)"},
    ]
    a, b = (Declared(fields=["u"], linear=form).symbol(PLANE) for form in forms)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * np.abs(a).max())


def test_the_nyquist_mode_keeps_the_even_part() -> None:
    (row,) = Declared(fields=["u"], linear={"u": "i*k**3 - k**2"}).symbol(LINE)
    assert row[-1] == -(24.0**2)
    (plane,) = Declared(fields=["u"], linear={"u": "-kx*ky - kx**2"}).symbol(PLANE)
    kx, ky = PLANE.wavenumbers(real=True)
    np.testing.assert_allclose(plane[:, -1], -(kx[:, 0] ** 2), atol=1e-12)
    np.testing.assert_allclose(plane[12, :], np.full(ky.size, -(12.0**2)), rtol=1e-14)


def test_an_ill_posed_symbol_is_said_with_its_rate() -> None:
    u = smooth(LINE, 1)
    for text, bad in (
        ("k2", True),
        ("-k2 + 3", False),
        ("2", False),
        ("k2 - 0.1*k2**2", False),
    ):
        equation = Declared(fields=["u"], linear={"u": text})
        said = equation.warnings(LINE, u, registry.integrator("etdrk4"), 0.1)
        assert any("ill-posed" in sentence for sentence in said) is bad, text
    (sentence,) = Declared(fields=["u"], linear={"u": "k2"}).warnings(
        LINE, u, registry.integrator("etdrk4"), 0.1
    )
    assert "exp(576 t) at |k| = 24" in sentence


def test_linear_terms_among_nonlinear_ones_are_legal_and_mentioned() -> None:
    equation = Declared(
        fields=["u", "v"],
        linear={"u": "-k2"},
        nonlinear={"u": "u*v - lap(u) + v", "v": "u"},
    )
    said = equation.warnings(LINE, smooth(LINE, 2), registry.integrator("etdrk4"), 0.1)
    assert [s.partition(" is linear")[0] for s in said] == ["equation.nonlinear.u: -lap(u)"]


# -- case files ------------------------------------------------------------------------

CASE = """\
parameters: {nu: 0.1}
equation:
  fields: [u]
  linear: {u: "nu*dxx(u)"}
  nonlinear: {u: "-u*dx(u)"}
domain:
  x: {interval: [0, 6], points: 32}
initial: "sin(pi*x/3)"
time: {end: 0.1, save: 2}
solver: {steps: 10}
outputs: {figures: none}
run: {backend: numpy}
"""


def refusal(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = CASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "case.yaml"
    file.write_text(text)
    with pytest.raises(CaseError) as caught:
        load_case(file)
    return str(caught.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("-u*dx(u)", "-u*dx(w)", "5:25: equation.nonlinear.u: unknown name 'w'"),
        ("-u*dx(u)", "-u*bar(u)", "5:22: equation.nonlinear.u: unknown function 'bar'"),
        ("-u*dx(u)", "-u*lapp(u)", "did you mean 'lap'"),
        ("-u*dx(u)", "-u*dy(u)", "5:22: equation.nonlinear.u: dy(u) needs an axis y"),
        ("-u*dx(u)", "dz(u*u)", "a derivative along z needs a domain with that axis"),
        ("-u*dx(u)", "sin(y)*u*u", "5:23: equation.nonlinear.u: there is no axis y"),
        ("-u*dx(u)", "log(u)", "5:19: equation.nonlinear.u: log of a field cannot be"),
        ("-u*dx(u)", "u**u", "an exponent must be a number"),
        ("-u*dx(u)", "u**nu", "has no value where its base is negative or complex"),
        ("-u*dx(u)", "(u > 0)*u", "comparisons of fields are not available"),
        ("-u*dx(u)", "i*u*u", "u is real, and this term is not: 1j*u*u"),
        ("-u*dx(u)", "u*u + sin(x)", "does not depend on the fields; write it under"),
        ("-u*dx(u)", "3", "equation.nonlinear.u: depends on no field"),
        ("-u*dx(u)", "u*inv_lap(u*u)", "inverts a product inside a product"),
        ("-u*dx(u)", "u*dx(u, 0.5)", "dx is repeated 1 to 12 times, a whole number"),
        ("-u*dx(u)", "u*dx(u, n=2)", "dx takes no keyword arguments"),
        ("-u*dx(u)", "u*dx()", "dx takes a function and, perhaps, how often"),
        ("-u*dx(u)", "u.__class__", "attribute access with '.' is not allowed"),
        ("-u*dx(u)", "__import__(u)", "5:19: equation.nonlinear.u: unknown function"),
        ("-u*dx(u)", "u/(nu - nu)*u", "is not a finite number"),
        ("nu*dxx(u)", "-mu*k2", "4:17: equation.linear.u: unknown name 'mu'"),
        ("nu*dxx(u)", "k**3", "u is real, so its symbol must be conj(L(k)) at -k"),
        ("nu*dxx(u)", "u**2", "u*u is not linear in u"),
        ("nu*dxx(u)", "-ky**2", "4:17: equation.linear.u: there is no axis y"),
        ("nu*dxx(u)", "k2*u", "mixes wavenumbers (k2) with u"),
        ("nu*dxx(u)", "u + 1", "1 is not linear in u; write a constant under `source`"),
        ("linear: {u", "linear: {w", "4:15: equation.linear.w: unknown field; accepted: u"),
        ("fields: [u]", "fields: [u, u]", "3:11: equation.fields: names a field twice"),
        ("fields: [u]", "fields: [k]", "'k' has a meaning of its own in formulas"),
        ("fields: [u]", "fields: [lambda]", "'lambda' is no name for a field"),
        ("fields: [u]", "fields: {u: imaginary}", "equation.fields"),
        ("fields: [u]", "fields: {u: real, v: complex}", "must be all real or all complex"),
        ("fields: [u]", "fields: [nu, u]", "'nu' is both a field and a parameter"),
        ("fields: [u]", "field: [u]", "equation.field: unknown key; did you mean 'fields'"),
        ("{nu: 0.1}", "{nu: 0.1, i: 2}", "'i' is the imaginary unit here"),
        ("fields: [u]", "fields: [u]\n  integrator: rk5", "unknown integrator 'rk5'"),
        ("fields: [u]", "fields: [u]\n  name: burgers", "equation.linear: unknown key"),
    ],
)
def test_what_is_refused(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected.casefold() in refusal(tmp_path, (old, new)).casefold()


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, ("-u*dx(u)", "foo(u)"), ("nu*dxx(u)", "mu"))
    assert len(message.splitlines()) == 2
    assert "4:16: equation.linear.u: unknown name" in message


def test_a_case_is_written_and_read_back(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(CASE)
    case = load_case(tmp_path / "case.yaml")
    assert case.equation.name == "declared"
    assert case.solver.integrator == "etdrk4"
    assert case.solver.dealias == "two_thirds"
    again = load_case(case.to_dict())
    assert again == case
    assert again.digest() == case.digest()
    other = load_case(case.to_dict(), {"equation.nonlinear.u": "-2*u*dx(u)"})
    assert other.digest() != case.digest()


def test_a_parameter_of_the_case_may_be_overridden(tmp_path: Path) -> None:
    """Against the same numbers written into the formula."""
    (tmp_path / "case.yaml").write_text(CASE)
    found = solve(tmp_path / "case.yaml", {"parameters.nu": 0.3})
    (tmp_path / "other.yaml").write_text(CASE.replace("nu*dxx(u)", "0.3*dxx(u)"))
    expected = solve(tmp_path / "other.yaml")
    assert np.abs(found.fields["u"][-1] - expected.fields["u"][-1]).max() < 1e-15
    default = solve(tmp_path / "case.yaml")
    assert np.abs(found.fields["u"][-1] - default.fields["u"][-1]).max() > 1e-3


def test_a_source_is_added(tmp_path: Path) -> None:
    """∂ₜu = cos t  from rest is  sin t."""
    text = CASE.replace("fields: [u]", 'fields: [u]\n  source: "cos(t)"')
    (tmp_path / "case.yaml").write_text(text.replace('"sin(pi*x/3)"', '"0"'))
    result = solve(tmp_path / "case.yaml")
    assert np.abs(result.fields["u"][-1] - np.sin(0.1)).max() < 1e-10


@pytest.mark.parametrize(
    "text",
    [
        "sinh(" * 40 + "u" + ")" * 40,
        "abs(" * 40 + "u*u" + ")" * 40,
        "((((((((((u + 1)**12 + 1)**12 + 1)**12 + 1)**12 + 1)**12)**12)**12)**12)**12)**12",
        "u*" + "dx(" * 40 + "u*u" + ")" * 40,
        "u*dx(" + "*".join(["u"] * 60) + ", 12)",
        "dx(" * 12 + "u*u" + ", 12)" * 12,
        "u*" + "lap(" * 30 + "u" + ")" * 30,
    ],
)
def test_nothing_explodes(text: str) -> None:
    """Refused, or short: rules that repeat their arguments must not do so for ever."""
    began = time.perf_counter()
    try:
        formulas = Declared(fields=["u"], nonlinear={"u": text}).terms(LINE)
        assert all(f is None or len(f.source_text) < 100_000 for f in formulas)
    except PdekitError as error:
        assert "too long" in str(error) or "derivatives in all" in str(error)  # noqa: PT017
    assert time.perf_counter() - began < 5.0


# -- the reader ------------------------------------------------------------------------


def test_the_reader_knows_i_and_derivatives() -> None:
    assert read("i", ["u"]) == Number(1j)
    assert isinstance(read("dxyy(u)", ["u"]), Call)
    for text in ("dx", "dw(u)", "dx(u)(u)", "u[0]", "lambda u: u", "dx(u for u in u)"):
        with pytest.raises(ExpressionError):
            read(text, ["u"])
