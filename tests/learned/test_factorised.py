"""Factorised weights: exact at full rank, the same as their tensor, of the right size."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pdekit.errors import UnknownName
from pdekit.solvers.learned.layers.factorised import (
    FactorisedWeight,
    LayerWeight,
    cp_rank,
    tt_ranks,
    tucker_ranks,
)
from pdekit.solvers.learned.layers.spectral_conv import SpectralConv

KINDS = ("tucker", "cp", "tt")
LIBRARY = (32, 32, 16, 9)
"""in, out and modes of 16 x 16 kept as 16 x 9."""


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def by_definition(weight: FactorisedWeight) -> Tensor:
    """Sum over all ranks at once, ``([layer,] in, out, *modes)``."""
    factors = [torch.view_as_complex(f.detach()) for f in weight.factors]
    n = len(factors) if weight.kind == "tt" else len(factors) - 1
    dims, ranks = "abcdef"[:n], "uvwxyz"[:n]
    if weight.kind == "tucker":
        terms = [ranks, *(d + r for d, r in zip(dims, ranks, strict=True))]
        return torch.einsum(f"{','.join(terms)}->{dims}", factors[-1], *factors[:-1])
    if weight.kind == "cp":
        terms = ["r", *(d + "r" for d in dims)]
        return torch.einsum(f"{','.join(terms)}->{dims}", factors[-1], *factors[:-1])
    bonds = "uvwxyzt"[: n + 1]
    terms = [bonds[i] + d + bonds[i + 1] for i, d in enumerate(dims)]
    return torch.einsum(f"{','.join(terms)}->{dims}", *factors)


@pytest.mark.parametrize("modes", [(5,), (5, 3), (3, 5, 2)])
@pytest.mark.parametrize("layers", [None, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_matrices_are_those_of_the_definition(
    kind: str, layers: int | None, modes: tuple[int, ...]
) -> None:
    weight = FactorisedWeight(4, 6, modes, kind, 0.5, layers).double()
    full = by_definition(weight)
    for layer in range(layers or 1):
        expected = (full if layers is None else full[layer]).flatten(2).permute(2, 0, 1)
        torch.testing.assert_close(weight.reconstruct(layer), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize("rank", [0.05, 0.9])
@pytest.mark.parametrize("kind", KINDS)
def test_mixing_is_multiplication_by_the_tensor(kind: str, rank: float, batch: int) -> None:
    """Both orders of operations, also for fewer modes than there are weights."""
    weight = FactorisedWeight(7, 5, (7, 4), kind, rank).double()
    dense = weight.reconstruct().view(7, 4, 7, 5)
    for kept, part in (((7, 4), dense), ((3, 2), dense[2:5, :2])):
        v = torch.randn(2, math.prod(kept), batch, 7, dtype=torch.float64)
        y = weight.mix(v, kept)
        expected = torch.complex(v[0], v[1]) @ part.flatten(0, 1)
        torch.testing.assert_close(torch.complex(y[0], y[1]), expected, rtol=0, atol=1e-12)
        form = weight.channel_form(kept)
        one_by_one = form.apply(torch.complex(v[0], v[1]))
        torch.testing.assert_close(one_by_one, expected, rtol=0, atol=1e-12)


def test_small_ranks_are_applied_one_by_one_and_large_ones_multiplied_out() -> None:
    small = FactorisedWeight(64, 64, (17, 9), "tucker", 0.01)
    assert small.channel_form((17, 9)).pays(8)
    large = FactorisedWeight(8, 8, (17, 9), "cp", 1.0)
    assert not large.channel_form((17, 9)).pays(64)


@pytest.mark.parametrize("kind", KINDS)
def test_reconstructed_entries_have_the_deviation_asked_for(kind: str) -> None:
    """σ² = 2/(in + out), averaged over tensors whose factors are drawn anew."""
    entries = [
        FactorisedWeight(24, 40, (9, 8), kind, 0.3).reconstruct().detach().abs().square()
        for _ in range(40)
    ]
    found = math.sqrt(float(torch.stack(entries).mean()))
    assert found == pytest.approx(math.sqrt(2 / 64), rel=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_full_rank_reproduces_a_random_tensor(kind: str) -> None:
    """Fitted by LBFGS; CP of a 3 x 3 x 3 tensor needs rank at most five."""
    rank = {"tucker": 2.0, "cp": 3.0, "tt": 4.0}[kind]
    weight = FactorisedWeight(3, 3, (3,), kind, rank).double()
    target = torch.randn(3, 3, 3, dtype=torch.complex128)
    optimiser = torch.optim.LBFGS(
        weight.parameters(), max_iter=1500, line_search_fn="strong_wolfe",
        tolerance_grad=1e-14, tolerance_change=1e-18, history_size=50,
    )  # fmt: skip

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = (weight.reconstruct() - target).abs().square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)
    assert float(loss().detach()) < 1e-10 * float(target.abs().square().sum())


@pytest.mark.parametrize(
    ("rank", "tucker", "cp", "tt"),
    [
        (0.42, (26, 26, 13, 7), 696, (1, 46, 34, 18, 1)),
        (0.1, (18, 18, 9, 5), 166, (1, 22, 17, 9, 1)),
    ],
)
def test_ranks_of_the_library(
    rank: float, tucker: tuple[int, ...], cp: int, tt: tuple[int, ...]
) -> None:
    """Counted on models of neuraloperator."""
    assert tucker_ranks(LIBRARY, rank) == tucker
    assert cp_rank(LIBRARY, rank) == cp
    assert tt_ranks(LIBRARY, rank) == tt


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [None, 4])
def test_rank_is_a_fraction_of_the_dense_count(kind: str, layers: int | None) -> None:
    weight = FactorisedWeight(32, 32, (25, 13), kind, 0.2, layers)
    full = 2 * (layers or 1) * 32 * 32 * 25 * 13
    count = sum(p.numel() for p in weight.parameters())
    assert count / full == pytest.approx(0.2, rel=0.1)


def test_layers_share_one_tensor() -> None:
    shared = FactorisedWeight(3, 3, (5, 3), "tucker", 0.5, layers=2)
    convs = [SpectralConv(3, 3, (2, 2), weight=LayerWeight(shared, i)) for i in range(2)]
    x = torch.randn(1, 3, 8, 8)
    assert float((convs[0](x) - convs[1](x)).detach().abs().max()) > 1e-3
    expected = shared.reconstruct(1)
    found = convs[1].weight.reconstruct()
    assert torch.equal(found, expected)


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownName, match="tucker"):
        FactorisedWeight(2, 2, (3,), "tuker")
