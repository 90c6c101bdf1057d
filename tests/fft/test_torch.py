"""What only the torch backend does: tensors in and out, gradients, devices."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit import fft

torch = pytest.importorskip("torch")

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.mark.parametrize("device", DEVICES)
def test_tensors_stay_tensors(device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    backend = fft.backend_of(torch.zeros(1))
    assert backend.name == "torch"
    u = torch.rand(3, 8, 9, dtype=torch.float32, device=device)
    before = u.clone()
    u_hat = backend.rfft(u, (1, 2))
    assert (u_hat.dtype, u_hat.device) == (torch.complex64, u.device)
    back = backend.irfft(u_hat, (8, 9), (1, 2))
    assert (back.dtype, back.device) == (u.dtype, u.device)
    assert torch.allclose(back, u, atol=1e-6)
    assert torch.equal(u, before)
    for number in (1, 2, 3, 4):
        for name in ("dct", "dst"):
            a_hat = getattr(backend, name)(u, number, 1)
            assert (a_hat.dtype, a_hat.device) == (u.dtype, u.device)
            expected = getattr(fft.get("scipy"), name)(u.cpu().numpy(), number, 1)
            assert np.allclose(a_hat.cpu().numpy(), expected, atol=1e-4)


def test_gradients_of_fourier_transforms():
    backend = fft.get("torch")
    u = torch.rand(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: backend.ifft(backend.fft(a) ** 2), u)
    assert torch.autograd.gradcheck(lambda a: backend.irfft(backend.rfft(a) ** 2, 6), u)


@pytest.mark.parametrize("name", ["dct", "dst"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_gradients_of_real_transforms(name, number):
    backend = fft.get("torch")
    u = torch.rand(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: getattr(backend, name)(a, number) ** 2, u)
    assert torch.autograd.gradcheck(
        lambda a: getattr(backend, f"i{name}")(a, number) ** 2, u
    )
