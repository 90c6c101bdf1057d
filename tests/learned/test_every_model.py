"""What all models keep to: shapes, precision, gradients, seeds, arguments, compilers."""

from __future__ import annotations

import json
import re
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pdekit import Axis, Grid, registry
from pdekit.errors import ShapeError, UnknownName
from pdekit.solvers.learned.losses import relative_l2
from pdekit.solvers.learned.models.deeponet import DeepONet
from pdekit.solvers.learned.models.unet import UNet

SIZES = (12, 10, 9)
BOUNDARIES = ("dirichlet", "periodic", "neumann")
FNO: dict[str, Any] = {"width": 6, "layers": 2, "path": "matmul"}


def arguments(name: str, ndim: int = 2) -> dict[str, Any]:
    """Small models of each kind."""
    return {
        "fno": FNO | {"modes": [3] * ndim},
        "tfno": FNO | {"modes": [3] * ndim, "rank": 0.3},
        "mgno": {"width": 5, "layers": 2, "levels": 3, "ndim": ndim},
        "unet": {"widths": [4, 6, 8], "ndim": ndim},
        "deeponet": {"sensors": list(SIZES[:ndim]), "width": 8, "latents": 6},
        "patched": {
            "model": FNO | {"name": "fno", "modes": [2] * ndim},
            "padding": 0.2,
            "coordinates": "position",
            "chunk": 2,
        },
    }[name]


by_name = pytest.mark.parametrize("name", registry.models())
by_ndim = pytest.mark.parametrize("ndim", [1, 2, 3])


def make(name: str, ndim: int = 2, seed: int = 3) -> nn.Module:
    torch.manual_seed(seed)
    made: nn.Module = registry.model(name)(2, 1, **arguments(name, ndim))
    return made


def field(ndim: int = 2, seed: int = 0, batch: int = 2) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    shape = (batch, 2, *SIZES[:ndim])
    return torch.randn(shape, generator=random, dtype=torch.float64)


def box(ndim: int) -> Grid:
    axes = zip("xyz", SIZES, BOUNDARIES, strict=True)
    return Grid(tuple(Axis(x, n, 0, 2, kind) for x, n, kind in axes)[:ndim])


@by_name
@by_ndim
def test_shape_and_precision(name: str, ndim: int) -> None:
    """With a grid of walls and without one, which differ where they should."""
    model, x = make(name, ndim), field(ndim)
    assert model.ndim == ndim
    assert model(x.float()).dtype == torch.float32
    model = model.double()
    around, walls = model(x), model(x, box(ndim))
    assert around.shape == walls.shape == (2, 1, *SIZES[:ndim])
    assert around.dtype == walls.dtype == torch.float64
    assert bool(around.isfinite().all())
    if name in ("mgno", "unet", "patched"):
        assert not torch.equal(around, walls)


@by_name
def test_documented_sizes(name: str) -> None:
    """Parameters with the defaults in two dimensions."""
    page = Path(__file__).parents[2].joinpath("docs/models.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{name}` \|.*\|.*\| ([\d,]+)[^|]*\|$", page, re.M)
    options = {"sensors": [64, 64]} if name == "deeponet" else {}
    with torch.device("meta"):
        model = registry.model(name)(1, 1, **options)
    assert f"{sum(p.numel() for p in model.parameters()):,}" == row


@by_name
def test_samples_of_a_batch_do_not_mix(name: str) -> None:
    model, x = make(name).double(), field(batch=3)
    together = model(x, box(2))
    alone = torch.cat([model(x[i : i + 1], box(2)) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)


@by_name
def test_same_seed_same_model(name: str) -> None:
    x = field().float()
    assert torch.equal(make(name)(x), make(name)(x))
    assert not torch.equal(make(name)(x), make(name, seed=4)(x))


@by_name
@by_ndim
def test_made_again_from_arguments_and_tensors(name: str, ndim: int) -> None:
    """Arguments are plain data, all of them written out; tensors are as files want them."""
    model, x = make(name, ndim), field(ndim).float()
    torch.manual_seed(99)
    again = type(model)(**json.loads(json.dumps(model.arguments)))
    assert again.arguments == model.arguments
    assert not torch.equal(again(x), model(x))
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(x, box(ndim)), model(x, box(ndim)))
    tensors = list(model.state_dict().values())
    assert len({t.data_ptr() for t in tensors}) == len(tensors)
    assert all(t.is_contiguous() for t in tensors)


@by_name
def test_gradient_along_a_direction(name: str) -> None:
    """Of input and parameters at once, against differences; and none is left out."""
    model, x = make(name).double(), field().requires_grad_()
    values = [x, *model.parameters()]
    random = torch.Generator().manual_seed(1)
    g = torch.randn((2, 1, *SIZES[:2]), generator=random, dtype=torch.float64)

    def value() -> Tensor:
        return (g * model(x, box(2))).sum()

    gradients = torch.autograd.grad(value(), values)
    assert all(float(d.abs().max()) > 0 for d in gradients)
    steps = [torch.randn(v.shape, generator=random, dtype=torch.float64) for v in values]
    expected = sum(float((d * s).sum()) for d, s in zip(gradients, steps, strict=True))
    found = {}
    with torch.no_grad():
        for sign in (1, -1):
            _move(values, steps, sign * 1e-5)
            found[sign] = float(value())
            _move(values, steps, -sign * 1e-5)
    assert (found[1] - found[-1]) / 2e-5 == pytest.approx(expected, rel=1e-5)


def _move(values: list[Tensor], steps: list[Tensor], by: float) -> None:
    for value, step in zip(values, steps, strict=True):
        value += by * step


@by_name
def test_under_autocast(name: str) -> None:
    model, x = make(name), field().float()
    exact = model(x, box(2))
    with torch.autocast("cpu", torch.bfloat16):
        rough = model(x, box(2))
    rough.float().sum().backward()
    assert 0 < float(relative_l2(rough.float(), exact).detach()) < 0.1
    assert all(p.grad is not None and p.grad.dtype == p.dtype for p in model.parameters())


@by_name
def test_a_grid_of_other_sizes_is_refused(name: str) -> None:
    with pytest.raises(ShapeError):
        make(name)(field().float(), Grid.periodic((12, 11), (0, 1)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mgno", "unet", "deeponet"])
def test_traced_in_one_graph(name: str) -> None:
    """``fullgraph`` refuses what a compiler would have to leave to Python."""
    torch.compiler.reset()
    torch.manual_seed(3)
    fewer = {"mgno": {"layers": 1}, "unet": {"widths": [4, 6]}}.get(name, {})
    model = registry.model(name)(2, 1, **arguments(name) | fewer)
    x, parameters = field().float(), list(model.parameters())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of torch's own modules
        found = torch.compile(model, backend="aot_eager", fullgraph=True)(x)
        ours = torch.autograd.grad(found.sum(), parameters)
    expected = model(x)
    theirs = torch.autograd.grad(expected.sum(), parameters)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


# ------------------------------------------------------------------------------ baselines


@pytest.mark.parametrize(("ndim", "m"), [(1, 1), (2, 3), (3, 2)])
def test_parameters_of_the_unet(ndim: int, m: int) -> None:
    w, p, q = (4, 6, 8), 3**ndim, 2**ndim
    doubles = [(m, 4), (4, 6), (6, 8), (8, 4), (12, 6)]
    expected = sum(p * (a * b + b * b) + 2 * b for a, b in doubles)
    expected += sum(q * b * a + a for a, b in pairwise(w))
    expected += 5 * w[0] + 5
    for norm, more in (("none", 0), ("layer", 4 * sum(b for _, b in doubles))):
        model = UNet(m, 5, w, ndim=ndim, norm=norm)
        assert sum(p.numel() for p in model.parameters()) == expected + more


@pytest.mark.parametrize("sizes", [(16, 8), (41, 83), (5, 4), (1, 3)])
def test_unet_on_any_size(sizes: tuple[int, int]) -> None:
    assert UNet(1, 2, (2, 3, 4))(torch.zeros(2, 1, *sizes)).shape == (2, 2, *sizes)


def test_unet_is_equivariant_under_translations_of_the_coarsest_level() -> None:
    model = UNet(1, 1, (4, 6, 8)).double()
    x = torch.randn(1, 1, 16, 12, dtype=torch.float64)
    moved = model(x.roll((4, 8), (2, 3)))
    torch.testing.assert_close(moved, model(x).roll((4, 8), (2, 3)), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "seen"), [("position", 2), ("periodic", 4)])
def test_parameters_of_the_deeponet(kind: str, seen: int) -> None:
    model = DeepONet(2, 3, (6, 5), 7, 2, latents=4, coordinates=kind)
    branch = (60 * 7 + 7) + (7 * 7 + 7) + (7 * 12 + 12)
    trunk = (seen * 7 + 7) + (7 * 7 + 7) + (7 * 4 + 4)
    assert sum(p.numel() for p in model.parameters()) == branch + trunk + 3


def test_deeponet_is_a_sum_of_products() -> None:
    """At one point of one sample, term by term, with the place from the grid."""
    grid = Grid((Axis("x", 6, -1, 1, "dirichlet"), Axis("y", 5, 0, 3)))
    model = DeepONet(1, 2, (6, 5), 7, 2, latents=4).double()
    torch.nn.init.normal_(model.bias)
    a = torch.randn(2, 1, 6, 5, dtype=torch.float64)
    b = model.branch(a[1].flatten()).view(2, 4)
    t = model.trunk(torch.tensor([3 / 7, 4 / 5], dtype=torch.float64))
    found = model(a, grid)[1, :, 2, 4]
    torch.testing.assert_close(found, model.bias + (b * t).sum(1) / 2)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ShapeError, match="12, 10"):
        make("deeponet")(torch.zeros(1, 2, 12, 11))
    with pytest.raises(ValueError, match="coordinates"):
        DeepONet(1, 1, (8,), coordinates="off")
    with pytest.raises(UnknownName, match="padding"):
        UNet(1, 1, padding="none")
    for name in ("mgno", "unet"):
        with pytest.raises(ValueError, match="dimensions"):
            registry.model(name)(1, 1, ndim=4)
    with pytest.raises(ValueError, match="widths"):
        UNet(1, 1, ())
    with pytest.raises(ShapeError):
        UNet(1, 1)(torch.zeros(1, 1, 8))
