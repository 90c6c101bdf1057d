"""The compiled loops against whole arrays, in NumPy and in torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pdekit import registry
from pdekit.engine import NAMES, make_engine
from pdekit.errors import BackendUnavailable, UnknownName
from pdekit.grid import Grid
from pdekit.solvers.exact import nlse as exact
from pdekit.typing import Array
from tests.stepping.marching import DISPERSIVE, ENDLESS, error, march, set_up

NLSE, MANAKOV = registry.equation("nlse"), registry.equation("manakov")
EVERY = DISPERSIVE
GRID = Grid.periodic(256, (-16.0, 16.0))
(X,) = GRID.points()


def field(members: int, channels: int) -> Array:
    """Smooth members and components, no two alike."""
    j = np.arange(members * channels).reshape(members, channels, 1)
    return np.asarray(np.exp(-((X - 0.3 * j) ** 2) / 2) * np.exp(0.5j * (j + 1) * X))


def how(name: str, steps: int) -> dict[str, Any]:
    """``steps`` equal steps of 0.01, whatever the kind of integrator."""
    if registry.integrator(name).adaptive:
        return {"first_step": 0.01, "max_step": 0.01, "rtol": 1e6, "end": 0.01 * steps}
    return {"steps": steps, "end": 0.01 * steps}


def values(u: Any) -> Array:
    return np.asarray(u.detach() if hasattr(u, "detach") else u)


EQUATIONS = {
    "nlse": NLSE(),
    "trap": NLSE(dispersion=0.7, focusing=-0.8, potential="x**2/10"),
    "driven": NLSE(potential="sin(x + t)"),
    "manakov": MANAKOV(coupling=0.6),
}


@pytest.mark.parametrize("engine", ["numpy", "torch"])
@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("name", EVERY)
def test_one_step_is_the_same_on_every_engine(
    name: str, equation: str, engine: str
) -> None:
    system = EQUATIONS[equation]
    u = field(2, len(system.fields))
    fused, other = (
        set_up(system, GRID, name, engine=e, members=2, **how(name, 1))
        for e in ("fused", engine)
    )
    assert error(values(march(other, u)), march(fused, u)) < 1e-13


@pytest.mark.parametrize("engine", ["numpy", "torch"])
@pytest.mark.parametrize("name", EVERY)
def test_a_hundred_steps_agree(name: str, engine: str) -> None:
    u = field(1, 1)
    fused, other = (
        set_up(NLSE(), GRID, name, engine=e, **how(name, 100)) for e in ("fused", engine)
    )
    assert error(values(march(other, u)), march(fused, u)) < 1e-11


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("name", EVERY)
def test_members_do_not_know_of_each_other(name: str, engine: str) -> None:
    u = field(3, 1)
    together = set_up(NLSE(), GRID, name, engine=engine, members=3, **how(name, 5))
    alone = set_up(NLSE(), GRID, name, engine=engine, **how(name, 5))
    found = values(march(together, u))
    for member, start in zip(found, u, strict=True):
        assert error(member, values(march(alone, start[None]))[0]) < 1e-13


@pytest.mark.parametrize("name", ["rkn4_6", "etdrk4", "dop853_ip"])
def test_a_whole_run_on_torch_equals_numpy(name: str) -> None:
    grid = Grid.periodic(512, (-20.0, 20.0))
    u = exact.bright_soliton(grid.points()[0], 0.0, amplitude=1.5, velocity=1.0)
    adaptive = registry.integrator(name).adaptive
    control = {"rtol": 1e-10} if adaptive else {"steps": 800}
    results = [
        values(
            march(set_up(NLSE(), grid, name, engine=e, end=4.0, **control), u[None, None])
        )
        for e in NAMES
    ]
    for other in results[1:]:
        assert error(other, results[0]) < 1e-11


def final_error(amplitude: Any, name: str) -> Any:
    """Squared distance, at t = 1/2, to a soliton of height 1.5."""
    import torch

    x = torch.as_tensor(X)
    adaptive = registry.integrator(name).adaptive
    control = {"rtol": 1e-8, "first_step": 0.02} if adaptive else {"steps": 40}
    stepper = set_up(NLSE(), GRID, name, engine="torch", end=0.5, **control)
    start = exact.bright_soliton(x, 0.0, amplitude=amplitude, velocity=0.5)
    state = stepper.advance(stepper.start(start[None, None]), 0.5, ENDLESS)
    end = stepper.sample(state, 0.5)[0, 0]
    difference = end - exact.bright_soliton(x, 0.5, amplitude=1.5, velocity=0.5)
    return (difference.real**2 + difference.imag**2).sum() * GRID.spacing[0]


@pytest.mark.parametrize(
    "name", ["bm4", "dop853_ip", "strang", "rkn6_14", "ifrk4", "etdrk4"]
)
def test_gradient_of_the_final_error(name: str) -> None:
    import torch

    amplitude = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(final_error(amplitude, name), amplitude)
    d = 1e-4
    a, b, c, e = (
        float(final_error(torch.tensor(1.3 + k * d, dtype=torch.float64), name))
        for k in (-2, -1, 1, 2)
    )
    assert float(slope) == pytest.approx((8 * (c - b) - (e - a)) / (12 * d), rel=1e-6)


@pytest.mark.parametrize("engine", NAMES)
@pytest.mark.parametrize("name", ["strang", "rkn4_6", "ifrk4", "etdrk4", "dop853_ip"])
def test_single_precision(name: str, engine: str) -> None:
    """Rounding errors of the propagators are the same in every step: they add up."""
    u = field(1, 1)
    single, double = (
        set_up(NLSE(), GRID, name, engine=engine, precision=p, **how(name, 100))
        for p in ("single", "double")
    )
    found = values(march(single, u))
    assert found.dtype == np.complex64
    found_error = error(found, values(march(double, u)))
    assert 1e-8 < found_error < 5e-5


@pytest.mark.parametrize("name", NAMES)
def test_transforms_are_inverse_and_unnormalised(name: str) -> None:
    grid = Grid.periodic((6, 5), ((0.0, 1.0), (0.0, 2.0)))
    engine = make_engine(name, grid, channels=2, members=3)
    u = np.random.default_rng(0).standard_normal((3, 2, 6, 5)) + 0j
    w = engine.forward(engine.load(engine.field(u)))
    spectrum = values(engine.values(w))
    assert np.allclose(spectrum, np.fft.fft2(u), atol=1e-12)
    back = values(engine.values(engine.inverse(engine.load(engine.copy(w)))))
    assert np.allclose(back, 30 * u, atol=1e-12)
    assert engine.transforms == 12


@pytest.mark.parametrize("name", NAMES)
def test_fields_are_copies(name: str) -> None:
    engine = make_engine(name, GRID, channels=1)
    u = field(1, 1)
    w = engine.load(engine.field(u))
    kept = values(engine.values(w)).copy()
    engine.forward(w)
    assert np.array_equal(kept, u)
    assert np.array_equal(u, field(1, 1))


@pytest.mark.parametrize("name", NAMES)
def test_non_finite_values_are_noticed(name: str) -> None:
    engine = make_engine(name, GRID, channels=1)
    u = field(1, 1)
    with np.errstate(all="ignore"):
        for bad in (np.nan, np.inf):
            u[0, 0, 100] = bad
            w = engine.load(engine.field(u))
            assert not engine.is_finite(engine.forward(w))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("component", [0, 1])
def test_a_bad_component_is_noticed(name: str, component: int) -> None:
    engine = make_engine(name, GRID, channels=2, members=2)
    u = field(2, 2)
    u[1, component, 100] = np.nan
    assert not engine.is_finite(engine.forward(engine.load(engine.field(u))))


def test_unknown_engine() -> None:
    with pytest.raises(UnknownName, match="fused"):
        make_engine("fussed", GRID, channels=1)


def test_a_device_that_is_not_there() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(BackendUnavailable, match="CUDA"):
        make_engine("torch", GRID, channels=1, device="cuda")


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["rkn4_6", "etdrk4", "dop853_ip"])
def test_cuda_equals_the_cpu(name: str) -> None:
    import torch

    from pdekit.stepping import System

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    u, results = field(2, 1), []
    control = how(name, 100)
    end = control.pop("end")
    for device in ("cpu", "cuda"):
        engine = make_engine("torch", GRID, channels=1, members=2, device=device)
        system = System(NLSE(), GRID, engine, start=0.0, end=end)
        results.append(
            march(registry.integrator(name).start(system, **control), u).cpu().numpy()
        )
    assert error(results[1], results[0]) < 1e-11
