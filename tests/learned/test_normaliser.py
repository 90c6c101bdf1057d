"""Statistics gathered in batches are those of all samples at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pdekit.errors import ShapeError
from pdekit.solvers.learned.normaliser import Normaliser


def test_statistics_of_unequal_batches_without_cancellation() -> None:
    """Mean 10⁴ and deviation 10⁻² in single precision, where E[x²] - E[x]² has no digit."""
    rng = np.random.default_rng(0)
    x = (1e4 + 1e-2 * rng.standard_normal((20, 2, 6, 5))).astype(np.float32)
    x[:, 1] = rng.standard_normal((20, 6, 5))
    normaliser = Normaliser(2)
    for part in np.split(x, [1, 4, 13]):
        normaliser.update(torch.as_tensor(part))
    exact = x.astype(float)
    np.testing.assert_allclose(normaliser.mean, exact.mean((0, 2, 3)), rtol=1e-14)
    np.testing.assert_allclose(normaliser.std, exact.std((0, 2, 3)), rtol=1e-9)


def test_normalised_channels_and_back() -> None:
    x = torch.randn(8, 3, 50, dtype=torch.float64) * torch.tensor([[1.0], [5.0], [0.1]]) + 2
    normaliser = Normaliser(3)
    normaliser.update(x)
    z = normaliser(x)
    assert z.mean((0, 2)).abs().max() < 1e-13
    assert torch.allclose(z.std((0, 2), correction=0), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(normaliser.inverse(z), x)
    assert normaliser(x[:, :, :7].float()).dtype == torch.float32


def test_constant_channel_is_only_shifted() -> None:
    normaliser = Normaliser(1)
    normaliser.update(torch.full((4, 1, 8), 3.0))
    assert torch.equal(normaliser(torch.full((1, 1, 8), 5.0)), torch.full((1, 1, 8), 2.0))


def test_buffers_are_saved_and_keep_their_precision() -> None:
    normaliser, other = Normaliser(2), Normaliser(2)
    normaliser.update(torch.randn(4, 2, 9))
    normaliser.half()
    other.load_state_dict(normaliser.state_dict())
    x = torch.randn(3, 2, 5)
    assert other.mean.dtype == torch.float64
    assert torch.equal(other(x), normaliser(x))
    again = Normaliser(2)
    again.update(x)
    other.update(x)
    assert not torch.equal(again.mean, other.mean)  # the batches before count as well
    with pytest.raises(ShapeError):
        normaliser(torch.zeros(1, 3, 4))
