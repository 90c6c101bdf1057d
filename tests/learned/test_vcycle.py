"""The V-cycle as a layer: the classical cycle, linearity, reach, symmetry, walls."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pdekit import Axis, Grid
from pdekit.errors import ShapeError, UnknownName
from pdekit.solvers.learned.layers import boundary
from pdekit.solvers.learned.layers.boundary import Ends
from pdekit.solvers.learned.layers.pointwise import Pointwise
from pdekit.solvers.learned.layers.stencils import Stencil, channels_last, coarse_sizes
from pdekit.solvers.learned.layers.vcycle import VCycle

AROUND: Ends = (("circular", "circular"),) * 2
WALLS: Ends = (("zeros", "zeros"),) * 2
MIXED: Ends = (("zeros", "reflect"), ("circular", "circular"))
OMEGA = 0.8


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


# --------------------------------------------------------------------- the classical cycle


def product(line: list[float]) -> Tensor:
    row = torch.tensor(line, dtype=torch.float64)
    return row[:, None] * row


def poisson(levels: int, coarsening: str, c: float, kernel: int) -> VCycle:
    """The layer with weights of a V(1,1) cycle for the 5-point Laplacian + c.

    Unscaled, so that c is four times as large on each coarser level, and restriction four
    times full weighting.
    """
    made = VCycle(
        1, 1, nu=[1] * levels, mu=[1] * levels, kernels=kernel, coarsening=coarsening,
        coarse_rhs="defect", coarse_state="zero",
    ).double()  # fmt: skip
    cross = torch.tensor([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], dtype=torch.float64)
    centre = product([0, 1, 0])
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        for level in range(levels):
            operator = cross + c * 4**level * centre
            for step in (*made.down[level], *made.up[level]):
                step.smooth.weight[0, 0] = centre * OMEGA / (4 + c * 4**level)
                if step.operator is not None:
                    step.operator.weight[0, 0] = operator
            if level < levels - 1:
                made.applied[level].weight[0, 0] = operator
                made.data[level].weight[0, 0] = product([1, 2, 1]) / 4
                bilinear = product([1, 2, 1]) / 4
                made.correction[level].weight[0, 0, :3, :3] = bilinear
    return made


def around(u: Tensor, weights: dict[tuple[int, int], float]) -> Tensor:
    """Σ w_ij u(x + i, y + j) on a periodic grid."""
    terms = [w * u.roll((-i, -j), (2, 3)) for (i, j), w in weights.items()]
    return torch.stack(terms).sum(0)


def cycle_by_rolls(f: Tensor, levels: int, c: float) -> Tensor:
    """One V(1,1) cycle of damped Jacobi from zero, with nothing of the layer's."""
    cross = {(0, 0): 4 + c, (1, 0): -1.0, (-1, 0): -1.0, (0, 1): -1.0, (0, -1): -1.0}
    weight = OMEGA / (4 + c)
    u = weight * f
    if levels > 1:
        tent = {(i, j): 1 / 2 ** (abs(i) + abs(j)) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        r = around(f - around(u, cross), tent)[:, :, ::2, ::2]  # 4 times full weighting
        e = cycle_by_rolls(r, levels - 1, 4 * c)
        spread = torch.zeros_like(u)
        spread[:, :, ::2, ::2] = e
        u = u + around(spread, tent)
    return u + weight * (f - around(u, cross))


@pytest.mark.parametrize("kernel", [3, 4])
def test_classical_cycle_is_a_special_case(kernel: int) -> None:
    f = noise(2, 1, 32, 32)
    expected = cycle_by_rolls(f, 4, 0.05)
    found = poisson(4, "stride", 0.05, kernel)(f, AROUND).detach()
    assert float((found - expected).norm() / expected.norm()) < 1e-12


def factor(cycle: VCycle, n: int, ends: Ends, cycles: int = 30) -> float:
    """Mean shrinking of the error by x ← x + W (b - A x) over the later half, b = 0."""
    x, shrunk = noise(1, 1, n, n), []
    with torch.no_grad():
        for _ in range(cycles):
            x = x / x.norm()
            x = x - cycle(cycle.applied[0](x, ends), ends)
            shrunk.append(float(x.norm()))
    return math.prod(shrunk[cycles // 2 :]) ** (2 / cycles)


def test_classical_cycle_converges() -> None:
    """By 0.352 in the end (over the first cycles 0.33 to 0.34, as others measured)."""
    assert 0.33 < factor(poisson(4, "stride", 0.05, 4), 32, AROUND, 60) < 0.355


@pytest.mark.parametrize(("n", "levels"), [(31, 5), (63, 6)])
def test_nested_walls_are_exact(n: int, levels: int) -> None:
    """The cycle between walls is as good as the periodic one."""
    assert factor(poisson(levels, "nested", 0.0, 3), n, WALLS) < 0.37


@pytest.mark.parametrize(("n", "levels"), [(41, 5), (41, 6), (83, 6), (85, 6)])
def test_walls_stay_near_on_sizes_that_are_even_late(n: int, levels: int) -> None:
    """It converges with nested points; with others walls drift, and it diverges."""
    assert factor(poisson(levels, "nested", 0.0, 3), n, WALLS) < 0.55
    assert factor(poisson(levels, "stride", 0.0, 3), n, WALLS) > 1.2


def test_nested_cycle_is_the_galerkin_one_between_walls() -> None:
    """Coarse points, restriction and prolongation, from linear interpolation."""
    n, coarse = 7, 3
    line = torch.zeros(n, coarse, dtype=torch.float64)
    for i in range(coarse):
        line[2 * i : 2 * i + 3, i] = torch.tensor([0.5, 1.0, 0.5], dtype=torch.float64)
    cycle, f = poisson(2, "nested", 0.0, 3), noise(1, 1, n, n)
    operator = cycle.applied[0]

    def jacobi(u: Tensor, f: Tensor) -> Tensor:
        padded = torch.nn.functional.pad(u, (1, 1, 1, 1))
        neighbours = sum(padded.roll((i, 0), (2, 3)) for i in (-1, 1))
        neighbours = neighbours + sum(padded.roll((0, j), (2, 3)) for j in (-1, 1))
        inner = neighbours[:, :, 1:-1, 1:-1]
        return u + OMEGA / 4 * (f - 4 * u + inner)

    u = jacobi(torch.zeros_like(f), f)
    r = line.T @ (f - operator(u, WALLS)) @ line
    e = jacobi(jacobi(torch.zeros_like(r), r), r)
    expected = jacobi(u + line @ e @ line.T, f)
    torch.testing.assert_close(cycle(f, WALLS), expected, rtol=0, atol=1e-13)


# ------------------------------------------------------------------------- as a linear map

KINDS = {
    "published": {},
    "nested": {"coarsening": "nested", "kernels": 3},
    "cycle": {"coarse_rhs": "defect", "coarse_state": "zero", "mu": [1, 1, 0]},
    "unlike kernels": {"kernels": [3, 4], "nu": [2, 1, 3]},
}
by_kind = pytest.mark.parametrize("kind", KINDS)


def cycle_of(kind: str, m: int = 2, n: int = 3, ndim: int = 2) -> VCycle:
    options = {"nu": [1, 1, 2], "mu": [0, 0, 0]} | KINDS[kind]
    return VCycle(m, n, ndim, **options).double()


@by_kind
@pytest.mark.parametrize("ends", [AROUND, WALLS, MIXED])
@pytest.mark.parametrize("sizes", [(8, 8), (11, 6)])
def test_linear(kind: str, ends: Ends, sizes: tuple[int, int]) -> None:
    w, a, b = cycle_of(kind), noise(2, 2, *sizes), noise(2, 2, *sizes)
    expected = 2 * w(a, ends) + 3 * w(b, ends)
    torch.testing.assert_close(w(2 * a + 3 * b, ends), expected, rtol=0, atol=1e-13)


def test_bias_and_norm_are_not_linear() -> None:
    f = noise(1, 2, 8, 8)
    for option in ({"bias": True}, {"norm": "layer"}, {"norm": "instance"}):
        w = VCycle(2, 3, nu=[1, 1], mu=[0, 0], **option).double()
        assert float((w(2 * f, AROUND) - 2 * w(f, AROUND)).detach().abs().max()) > 1e-2


@by_kind
def test_gradients(kind: str) -> None:
    w, f = cycle_of(kind), noise(1, 2, 8, 8).requires_grad_()
    inputs = (f, *w.parameters())
    for ends in (AROUND, WALLS, MIXED):
        assert torch.autograd.gradcheck(
            lambda f, *_, e=ends: w(f, e), inputs, fast_mode=True
        )


@pytest.mark.parametrize("ndim", [1, 2, 3])
@by_kind
def test_periodic_cycle_commutes_with_shifts(kind: str, ndim: int) -> None:
    """By multiples of the coarsest spacing; the prolongation of the release does not."""
    sizes = (16, 12, 8)[:ndim]
    w, f = cycle_of(kind, ndim=ndim), noise(1, 2, *sizes)
    ends, dims = AROUND[:1] * ndim, tuple(range(2, 2 + ndim))
    moved = w(f.roll((4,) * ndim, dims), ends)
    torch.testing.assert_close(
        moved, w(f, ends).roll((4,) * ndim, dims), rtol=0, atol=1e-13
    )
    odd = w(f.roll(1, 2), ends) - w(f, ends).roll(1, 2)
    assert float(odd.detach().abs().max()) > 1e-4


@pytest.mark.parametrize("coarsening", ["stride", "nested"])
@pytest.mark.parametrize("ends", [AROUND, WALLS])
def test_global_reach(coarsening: str, ends: Ends) -> None:
    """An impulse is felt everywhere if the coarsest level has one point, or two."""
    w = VCycle(1, 1, nu=[1] * 5, mu=[0] * 5, coarsening=coarsening, kernels=3).double()
    for place in ((0, 0), (31, 30), (13, 7)):
        f = torch.zeros(1, 1, 32, 32, dtype=torch.float64)
        f[0, 0, place[0], place[1]] = 1.0
        assert bool((w(f, ends) != 0).all())


@pytest.mark.parametrize("axis", [0, 1])
def test_reflection_at_neumann_walls(axis: int) -> None:
    """Between walls as on the periodic box of twice the length, for even kernels."""
    ends: Ends = (("circular", "circular"), ("reflect", "reflect"))
    ends = ends if axis else ends[::-1]
    w, dim = cycle_of("nested"), 2 + axis
    with torch.no_grad():
        for parameter in w.parameters():
            parameter += parameter.flip(dim).clone()
    f = noise(1, 2, 8, 9) if axis else noise(1, 2, 9, 8)
    image = torch.cat([f, f.narrow(dim, 1, 7).flip(dim)], dim)
    expected = w(image, AROUND).narrow(dim, 0, 9)
    torch.testing.assert_close(w(f, ends), expected, rtol=0, atol=1e-13)


# --------------------------------------------------------------------- sizes and boundaries


def test_sizes_of_the_levels() -> None:
    """Those of a published model of 211²; 2^k - 1 are nested."""
    assert chain(211, 0) == [211, 106, 53, 27, 14, 7]
    assert chain(63, 1) == [63, 31, 15, 7, 3, 1]
    assert chain(32, 1) == [32, 16, 8, 4, 2, 1]


def chain(n: int, first: int) -> list[int]:
    sizes = [n]
    for _ in range(5):
        sizes += coarse_sizes(sizes[-1:], (first,))
    return sizes


def test_ends_follow_the_boundaries_of_the_grid() -> None:
    grid = Grid(
        (
            Axis("x", 8, 0, 1, "dirichlet_neumann"),
            Axis("y", 8, 0, 1, "neumann", "cell"),
            Axis("z", 8, 0, 1),
        )
    )
    found = boundary.ends("auto", grid, 3)
    assert found == (("zeros", "reflect"), ("replicate",) * 2, ("circular",) * 2)
    assert boundary.ends("auto", None, 1) == AROUND[:1]
    assert boundary.ends("zeros", grid, 3) == WALLS[:1] * 3
    assert boundary.ends_of_axis(Axis("x", 8, 0, 1, "chebyshev")) == ("replicate",) * 2
    with pytest.raises(UnknownName, match="padding"):
        boundary.ends("zero", None, 2)


@pytest.mark.parametrize("mode", boundary.MODES)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_one_point_beyond_the_ends(mode: str, ndim: int) -> None:
    """As torch pads, and convolutions with it."""
    x, ends = noise(2, 3, *(4, 3, 5)[:ndim]), ((mode, mode),) * ndim
    name = {"zeros": "constant"}.get(mode, mode)
    expected = torch.nn.functional.pad(x, (1, 1) * ndim, mode=name)
    assert torch.equal(boundary.extended(x, ends), expected)
    stencil = Stencil(3, 2, ndim).double()
    convolve = getattr(torch.nn.functional, f"conv{ndim}d")
    torch.testing.assert_close(stencil(x, ends), convolve(expected, stencil.weight))


@pytest.mark.parametrize("ndim", [2, 3])
def test_layout_is_kept(ndim: int) -> None:
    """Channels next to each other stay so, and the numbers are the same."""
    x, pointwise = noise(2, 3, *(4, 3, 5)[:ndim]), Pointwise(3, 4).double()
    stencil, ends = Stencil(3, 4, ndim).double(), AROUND[:1] * ndim
    for layer in (pointwise, lambda x: stencil(x, ends)):
        found = layer(channels_last(x))
        assert found.stride(1) == 1 or ndim == 3
        torch.testing.assert_close(found, layer(x), rtol=0, atol=1e-14)


def test_weights_are_drawn_as_torch_does() -> None:
    weight = Stencil(16, 32, 2).weight.detach()
    theirs = torch.nn.Conv2d(16, 32, 3).weight.detach()
    assert float(weight.abs().max()) == pytest.approx(1 / math.sqrt(16 * 9), rel=1e-2)
    assert float(weight.std()) == pytest.approx(float(theirs.std()), rel=0.05)


def test_wrong_input_is_refused() -> None:
    w = cycle_of("published")
    with pytest.raises(ShapeError, match="at least 4 points"):
        w(noise(1, 2, 8, 3), AROUND)
    with pytest.raises(ShapeError, match=r"\(batch, 2, n, n\)"):
        w(noise(1, 3, 8, 8), AROUND)
    for option in ("coarse_rhs", "coarse_state", "coarsening"):
        with pytest.raises(UnknownName, match=option):
            VCycle(1, 1, **{option: "none"})
    with pytest.raises(ValueError, match="nu and mu"):
        VCycle(1, 1, nu=[1, 0], mu=[0, 0])
    with pytest.raises(ValueError, match="kernels"):
        VCycle(1, 1, nu=[1, 1], mu=[0, 0], kernels=5)
