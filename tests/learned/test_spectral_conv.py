"""The spectral convolution against formulas, direct sums and itself on other grids."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import partial

import pytest
import torch
from torch import Tensor

from pdekit import Grid
from pdekit.errors import ShapeError, UnknownName
from pdekit.fft import store
from pdekit.solvers.learned.layers import planner, spectral_conv
from pdekit.solvers.learned.layers.spectral_conv import SpectralConv
from pdekit.solvers.learned.layers.truncated import (
    PATHS,
    Sizes,
    _symmetrised,
    analyse,
    mode_shape,
    resample,
    synthesise,
)
from pdekit.solvers.learned.layers.weights import DenseWeight

# sizes (odd, even, prime), sizes of another grid, modes
SHAPES: list[tuple[Sizes, Sizes, Sizes]] = [
    ((16,), (23,), (5,)),
    ((12, 17), (25, 14), (3, 6)),
    ((9, 8), (7, 9), (0, 3)),
    ((8, 9, 11), (11, 7, 10), (3, 2, 3)),
]
by_shape = pytest.mark.parametrize(("sizes", "other", "modes"), SHAPES, ids=str)
by_path = pytest.mark.parametrize("path", PATHS)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def wavenumbers(modes: Sizes) -> Tensor:
    """Return the modes of the half-space in the order of the weights, ``(mode, axis)``."""
    ranges = [range(-m, m + 1) for m in modes[:-1]]
    return torch.tensor(list(itertools.product(*ranges, range(modes[-1] + 1)))).double()


def points(sizes: Sizes) -> Tensor:
    """Return x/L of all points, ``(*space, axis)``."""
    axes = [torch.arange(n, dtype=torch.float64) / n for n in sizes]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)


def layer(modes: Sizes, channels: int = 2, path: str = "matmul") -> SpectralConv:
    return SpectralConv(channels, channels, modes, bias=False, path=path).double()


def multiplier(symbol: Tensor, modes: Sizes, path: str) -> SpectralConv:
    """Return a layer that multiplies each channel by a symbol."""
    made = layer(modes, path=path)
    assert isinstance(made.weight, DenseWeight)
    with torch.no_grad():
        matrices = symbol[:, None, None] * torch.eye(2)
        made.weight.values.copy_(torch.view_as_real(matrices.to(torch.complex128)))
    return made


def band_limited(modes: Sizes, sizes: Sequence[Sizes], seed: int = 1) -> list[Tensor]:
    """Return a random real field ``(2, 2, *space)`` with these modes on some grids."""
    k, random = wavenumbers(modes), torch.Generator().manual_seed(seed)
    shape = (2, 2, len(k))
    a = torch.randn(shape, generator=random, dtype=torch.float64)
    b = torch.randn(shape, generator=random, dtype=torch.float64)
    fields = []
    for n in sizes:
        phases = 2 * math.pi * points(n).flatten(0, -2) @ k.T  # (point, mode)
        fields.append((a @ phases.cos().T + b @ phases.sin().T).view(2, 2, *n))
    return fields


def distance(a: Tensor, b: Tensor) -> float:
    return float(((a - b).abs().max() / b.abs().max()).detach())


# ------------------------------------------------------------------- ways to compute it


@by_shape
@by_path
def test_layer_is_the_direct_sum(
    sizes: Sizes, other: Sizes, modes: Sizes, path: str
) -> None:
    """The definition, term by term, from one grid to another."""
    conv = SpectralConv(2, 3, modes, path=path).double()
    torch.nn.init.normal_(conv.bias)
    x, k = torch.randn(2, 2, *sizes, dtype=torch.float64), wavenumbers(modes)
    phases = 2 * math.pi * points(sizes).flatten(0, -2) @ k.T
    kernel = torch.polar(torch.ones_like(phases), -phases) / math.prod(sizes)
    v = x.flatten(2).to(torch.complex128) @ kernel
    y = torch.einsum("bik,kio->bok", v, conv.weight.reconstruct())
    y = y * torch.where(k[:, -1] > 0, 2.0, 1.0)
    out = 2 * math.pi * points(other).flatten(0, -2) @ k.T
    expected = (y @ torch.polar(torch.ones_like(out), out).T).real
    expected = expected + conv.bias[:, None]
    assert distance(conv(x, other).flatten(2), expected) < 1e-12


@pytest.mark.parametrize(
    ("dtype", "bound"), [(torch.float32, 1e-5), (torch.float64, 1e-12)]
)
@by_shape
def test_ways_agree(
    sizes: Sizes, other: Sizes, modes: Sizes, dtype: torch.dtype, bound: float
) -> None:
    """Values and gradients, in both precisions."""
    conv = SpectralConv(3, 2, modes).to(dtype)
    x = torch.randn(2, 3, *sizes, dtype=dtype, requires_grad=True)
    g = torch.randn(2, 2, *other, dtype=dtype)
    found = {}
    for conv.path in PATHS:
        y = conv(x, other)
        found[conv.path] = (y, *torch.autograd.grad(y, (x, *conv.parameters()), g))
    for path in PATHS[1:]:
        for a, b in zip(found[path], found[PATHS[0]], strict=True):
            assert distance(a, b) < bound


@pytest.mark.filterwarnings("ignore:.*jit.script:DeprecationWarning")
@by_shape
@by_path
def test_gradients(sizes: Sizes, other: Sizes, modes: Sizes, path: str) -> None:
    x = torch.randn(2, 2, *sizes, dtype=torch.float64, requires_grad=True)
    conv = SpectralConv(2, 2, modes, path=path).double()
    how = {"fast_mode": True}
    assert torch.autograd.gradcheck(
        lambda x, *_: conv(x, other), (x, *conv.parameters()), **how
    )
    assert torch.autograd.gradgradcheck(lambda x: conv(x, other) ** 2, (x,), **how)
    tangent = torch.randn_like(x)
    _, ahead = torch.func.jvp(partial(conv, sizes=other), (x,), (tangent,))
    assert distance(ahead, conv(tangent, other) - conv(torch.zeros_like(x), other)) < 1e-12


@by_shape
@by_path
def test_adjoint(sizes: Sizes, other: Sizes, modes: Sizes, path: str) -> None:
    """⟨A v, w⟩ = ⟨v, Aᵀ w⟩ for both transforms, Aᵀ by the gradient of a linear map."""
    x = torch.randn(1, 2, *sizes, dtype=torch.float64, requires_grad=True)
    v = analyse(x, modes, path)
    w = torch.randn_like(v, requires_grad=True)
    (back,) = torch.autograd.grad(v, x, w)
    assert float((v * w).sum().detach()) == pytest.approx(
        float((x * back).sum().detach()), rel=1e-12
    )
    u = synthesise(w, modes, other, path)
    g = torch.randn_like(u)
    (back,) = torch.autograd.grad(u, w, g)
    assert float((u * g).sum().detach()) == pytest.approx(
        float((w * back).sum().detach()), rel=1e-12
    )


@pytest.mark.parametrize("modes", [(4,), (3, 2), (2, 3, 1)])
def test_plane_of_both_signs_is_made_hermitian(modes: Sizes) -> None:
    """On devices whose transforms are undefined for others: Y(-k) = conj Y(k), k_d = 0."""
    y = torch.randn(1, 1, *mode_shape(modes), dtype=torch.complex128)
    made = _symmetrised(y)
    for k in itertools.product(*(range(-m, m + 1) for m in modes[:-1])):
        here = (0, 0, *(m + i for i, m in zip(k, modes, strict=False)), 0)
        there = (0, 0, *(m - i for i, m in zip(k, modes, strict=False)), 0)
        assert made[here] == made[there].conj()
        assert made[here].real == pytest.approx((y[here] + y[there]).real / 2)
    assert torch.equal(made[..., 1:], y[..., 1:])


# ---------------------------------------------------------------------- what is known


@by_shape
@by_path
def test_unit_weights_are_a_low_pass(
    sizes: Sizes, other: Sizes, modes: Sizes, path: str
) -> None:
    """White noise keeps the modes |k_j| ≤ m_j of its full transform and no others."""
    x = torch.randn(2, 2, *sizes, dtype=torch.float64)
    y = multiplier(torch.ones(len(wavenumbers(modes))), modes, path)(x)
    dims = tuple(range(2, x.ndim))
    spectrum = torch.fft.fftn(x, dim=dims)
    for dim, (n, m) in zip(dims, zip(sizes, modes, strict=True), strict=True):
        k = torch.fft.fftfreq(n, 1 / n).round()
        shape = [-1 if d == dim else 1 for d in range(x.ndim)]
        spectrum = spectrum * (k.abs() <= m).view(shape)
    assert distance(y, torch.fft.ifftn(spectrum, dim=dims).real) < 1e-12


@by_path
@pytest.mark.parametrize("axis", [0, 1])
def test_derivative_on_a_box_of_unlike_sides(axis: int, path: str) -> None:
    """R = 2πi k_j / L_j, against the derivative of the grid."""
    modes, sizes, lengths = (4, 5), (13, 16), (3.0, 0.7)
    (u,) = band_limited(modes, [sizes])
    grid = Grid.periodic(sizes, ((0, lengths[0]), (0, lengths[1])))
    d = multiplier(2j * math.pi * wavenumbers(modes)[:, axis] / lengths[axis], modes, path)
    assert distance(d(u), grid.derivative(u, axis)) < 1e-12


@by_path
def test_inverse_of_the_laplacian(path: str) -> None:
    modes, sizes = (4, 5), (12, 15)
    lengths = torch.tensor([2.0, 5.0])
    (u,) = band_limited(modes, [sizes])
    u = u - u.mean((2, 3), keepdim=True)
    grid = Grid.periodic(sizes, ((0, 2.0), (0, 5.0)))
    f = -grid.derivative(u, 0, 2) - grid.derivative(u, 1, 2)
    k_squared = ((2 * math.pi * wavenumbers(modes) / lengths) ** 2).sum(1)
    symbol = torch.where(k_squared > 0, 1 / k_squared.clamp(min=1e-300), 0.0)
    assert distance(multiplier(symbol, modes, path)(f), u) < 1e-12


@by_shape
@by_path
def test_translations(sizes: Sizes, other: Sizes, modes: Sizes, path: str) -> None:
    conv, x = layer(modes, path=path), torch.randn(1, 2, *sizes, dtype=torch.float64)
    dims = tuple(range(2, x.ndim))
    shifts = tuple(range(3, 3 + len(dims)))
    assert distance(conv(x.roll(shifts, dims)), conv(x).roll(shifts, dims)) < 1e-12


@by_path
@pytest.mark.parametrize("modes", [(3, 4), (3, 3, 2)])
def test_reflections(modes: Sizes, path: str) -> None:
    """Weights R(-k₁, …) = R(k₁, …) commute with x₁ → -x₁; with others they do not."""
    conv = layer(modes, path=path)
    x = torch.randn(1, 2, *(10, 9, 8)[: len(modes)], dtype=torch.float64)

    def mirrored(u: Tensor) -> Tensor:
        return u.flip(2).roll(1, 2)

    assert distance(conv(mirrored(x)), mirrored(conv(x))) > 1e-2
    with torch.no_grad():
        values = conv.weight.values.view(*mode_shape(modes), 2, 2, 2)
        values += values.flip(0).clone()
    assert distance(conv(mirrored(x)), mirrored(conv(x))) < 1e-12


@by_path
def test_reflection_of_all_axes_needs_conjugate_weights(path: str) -> None:
    """Real weights, R(k) = conj R(-k) by continuation, commute with x → -x."""
    conv = layer((3, 4), path=path)
    x = torch.randn(1, 2, 9, 12, dtype=torch.float64)

    def mirrored(u: Tensor) -> Tensor:
        return u.flip((2, 3)).roll((1, 1), (2, 3))

    assert distance(conv(mirrored(x)), mirrored(conv(x))) > 1e-2
    with torch.no_grad():
        conv.weight.values[..., 1] = 0.0
    assert distance(conv(mirrored(x)), mirrored(conv(x))) < 1e-12


# -------------------------------------------------------------------------- other grids


@pytest.mark.parametrize("after", [(9, 11), (8, 12), (16, 9), (23, 24), (64, 30)])
@by_path
def test_other_grids_by_interpolation(after: Sizes, path: str) -> None:
    """Input with |k_j| ≤ m_j, all signs: the values of its trigonometric interpolant."""
    modes = (3, 4)
    unit = multiplier(torch.ones(len(wavenumbers(modes))), modes, path)
    for before in ((9, 12), (16, 11), (13, 13)):
        x, expected = band_limited(modes, [before, after])
        assert distance(unit(x, after), expected) < 1e-12
        assert distance(resample(x, after), expected) < 1e-12


def test_one_operator_on_all_grids() -> None:
    conv = layer((3, 4))
    coarse, fine = band_limited((3, 4), [(9, 10), (18, 30)])
    assert distance(conv(fine)[:, :, ::2, ::3], conv(coarse)) < 1e-12


def test_coarsening_drops_what_the_grid_cannot_carry() -> None:
    fine, low = (
        band_limited((5, 6), [(16, 16)])[0],
        band_limited((3, 3), [(16, 16), (8, 7)]),
    )
    k = torch.fft.fftfreq(16, 1 / 16).abs()
    kept = (k < 4)[:, None] & (k[None] < 3.5)
    passed = torch.fft.ifft2(torch.fft.fft2(fine) * kept).real
    expected = passed  # the same series on the coarse points, by a refinement of those
    assert distance(resample(resample(fine, (8, 7)), (16, 16)), expected) < 1e-12
    assert distance(resample(low[0], (8, 7)), low[1]) < 1e-12
    assert resample(fine, (16, 16)) is fine


@by_path
def test_small_grids_use_fewer_modes_and_say_so_once(path: str) -> None:
    """The same operator as one that has only those modes; the Nyquist mode is not used."""
    conv = layer((6, 5), path=path)
    (x,) = band_limited((3, 4), [(8, 9)])
    fewer = layer((3, 4), path=path)
    with torch.no_grad():
        all_values = conv.weight.values.view(13, 6, 2, 2, 2)
        fewer.weight.values.copy_(all_values[3:10, :5].reshape(-1, 2, 2, 2))
    spectral_conv._warn.cache_clear()
    with pytest.warns(UserWarning, match="too small"):
        conv(x)
    assert distance(conv(x), fewer(x)) < 1e-12
    nyquist = torch.ones(1, 2, 8, 9, dtype=torch.float64)
    nyquist[:, :, 1::2] = -1
    assert float(conv(nyquist).detach().abs().max()) < 1e-12


def test_one_sided_modes_are_those_of_the_reference() -> None:
    """k₁ = m₁ has no weight, k₁ = -m₁ has; on the plane k₂ = 0 the gain of both is ½."""
    conv = SpectralConv(1, 1, (3, 2), bias=False, one_sided=True, path="matmul").double()
    assert conv.weight.values.shape == (6 * 3, 1, 1, 2)
    with torch.no_grad():
        conv.weight.values[..., 0], conv.weight.values[..., 1] = 1.0, 0.0
    xi = 2 * math.pi * points((9, 8))
    for k, gain in (((3, 0), 0.5), ((2, 0), 1.0), ((3, 1), 0.0), ((-3, 1), 1.0)):
        wave = (k[0] * xi[..., 0] + k[1] * xi[..., 1]).cos()[None, None]
        assert torch.allclose(conv(wave), gain * wave, atol=1e-12)
    small = SpectralConv(1, 1, (4, 2), bias=False, one_sided=True, path="fft").double()
    with torch.no_grad():
        small.weight.values.normal_()
        values = small.weight.values.view(8, 3, 1, 1, 2)
        plain = layer((3, 2), 1)
        plain.weight.values.copy_(values[1:8].reshape(-1, 1, 1, 2))
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    with pytest.warns(UserWarning, match="too small"):
        assert distance(small(x), plain(x)) < 1e-12


# ------------------------------------------------------------------------------ the rest


def test_variance_of_white_noise_is_kept_by_each_mode() -> None:
    conv = SpectralConv(64, 64, (6, 6), bias=False)
    gain = conv.weight.reconstruct().detach().abs().square().sum(1).mean()
    assert float(gain) == pytest.approx(1.0, rel=0.02)
    old = SpectralConv(4, 8, (6, 6), init="uniform2021").weight.values.detach()
    assert float(old.min()) >= 0
    assert float(old.mean()) == pytest.approx(0.5 / 32, rel=0.05)


def test_wrong_input_is_refused() -> None:
    conv = SpectralConv(2, 2, (3, 3))
    with pytest.raises(ShapeError, match=r"\(batch, 2, n, n\)"):
        conv(torch.zeros(1, 3, 8, 8))
    with pytest.raises(UnknownName, match="path"):
        SpectralConv(1, 1, (3,), path="fast")
    with pytest.raises(UnknownName, match="init"):
        SpectralConv(1, 1, (3,), init="zeros")
    with pytest.raises(ShapeError):
        SpectralConv(1, 1, (3, 3, 3, 3))
    with pytest.raises(UnknownName):
        analyse(torch.zeros(1, 1, 8), (3,), "quick")
    with pytest.raises(UnknownName):
        synthesise(torch.zeros(2, 4, 1, 1), (3,), (8,), "quick")


def test_choice_is_measured_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    planner._measured.cache_clear()
    before = {*store.read("choices")}
    x = torch.zeros(3, 2, 64, 64)
    first = planner.choose(x, 2, (64, 64), (4, 4), True)
    (stored,) = {*store.read("choices")} - before
    assert stored.startswith("spectral conv")
    assert store.read("choices")[stored]["fastest"] == first

    def refuse(*_: object) -> None:
        raise AssertionError("measured again")

    planner._measured.cache_clear()
    monkeypatch.setattr(planner, "_analysis", refuse)
    assert planner.choose(torch.zeros(4, 2, 64, 64), 2, (64, 64), (4, 4), True) == first
    assert SpectralConv(2, 2, (4, 4))(x).shape == x.shape
    assert SpectralConv(2, 2, (3, 3), reproducible=True)(x).shape == x.shape


def test_a_choice_is_measured_in_inference_mode_too() -> None:
    planner._measured.cache_clear()
    with torch.inference_mode():
        x = torch.zeros(2, 3, 64, 64)
        assert planner.choose(x, 3, (64, 64), (5, 5), True) in planner.PATHS


@pytest.mark.parametrize(
    ("sizes", "modes", "path"),
    [
        ((128, 128), (12, 12), "matmul"),
        ((128, 128), (32, 32), "fft"),
        ((132, 128), (32, 32), "matmul"),
    ],
)
def test_rule(sizes: Sizes, modes: Sizes, path: str) -> None:
    assert planner.rule(sizes, sizes, modes) == path
