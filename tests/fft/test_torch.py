"""What only the torch backend does: tensors in and out, gradients, devices."""

from __future__ import annotations

import numpy as np
import pytest

from pdekit import fft
from pdekit.fft import _torch

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


@pytest.fixture
def by_ducc(monkeypatch):
    """Let ducc take even short tensors."""
    pytest.importorskip("ducc0")
    monkeypatch.setattr(_torch, "LONG", 0)
    return fft.get("torch")


def tensor(*shape, dtype=torch.complex128):
    return torch.randn(*shape, dtype=dtype, generator=torch.manual_seed(1))


@pytest.mark.parametrize("n", [5, 6])
@pytest.mark.parametrize("axes", [(1,), (-1,), (1, 2), (2, 0), (-3, -2, -1)])
def test_ducc_computes_what_torch_does(by_ducc, monkeypatch, n, axes):
    z, u = tensor(3, 4, n), tensor(3, 4, n, dtype=torch.float64)
    lengths = tuple(u.shape[i] for i in axes)
    u_hat = torch.fft.rfftn(u, dim=axes) + 1j  # not what a real field has
    cases = [
        lambda: by_ducc.fft(z, axes),
        lambda: by_ducc.ifft(z, axes),
        lambda: by_ducc.fft(u, axes),
        lambda: by_ducc.fft(z.conj().transpose(1, 2).contiguous().transpose(1, 2), axes),
        lambda: by_ducc.fft(z.conj(), axes),
        lambda: by_ducc.rfft(z.conj().imag, axes),
        lambda: by_ducc.irfft(u_hat, lengths, axes),
        lambda: by_ducc.irfft(u_hat.real, lengths, axes),
    ]
    found = [case() for case in cases]
    monkeypatch.setattr(_torch, "LONG", 1 << 30)
    for a, case in zip(found, cases, strict=True):
        expected = case()
        assert (a.dtype, a.shape) == (expected.dtype, expected.shape)
        assert torch.allclose(a, expected, rtol=0, atol=1e-13)


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # its own
@pytest.mark.parametrize("n", [4, 5])
@pytest.mark.parametrize("axes", [(2,), (0, 2), (2, 1)])
def test_derivatives_through_ducc(by_ducc, n, axes):
    """First and second ones, forward and reverse, in batches too."""
    z = tensor(2, n, n).requires_grad_()
    u = tensor(2, n, n, dtype=torch.float64).requires_grad_()
    lengths = tuple(u.shape[i] for i in axes)
    u_hat = by_ducc.rfft(u, axes).detach().requires_grad_()
    cases = [
        (lambda a: by_ducc.fft(a, axes), z),
        (lambda a: by_ducc.ifft(a, axes), z),
        (lambda a: by_ducc.fft(a, axes), u),
        (lambda a: by_ducc.rfft(a, axes), u),
        (lambda a: by_ducc.irfft(a, lengths, axes), u_hat),
    ]
    for transform, a in cases:
        assert torch.autograd.gradcheck(
            transform, a, check_forward_ad=True, check_batched_grad=True
        )
        assert torch.autograd.gradgradcheck(lambda a, f=transform: f(a) ** 2, a)


def test_batches_through_ducc(by_ducc):
    z = tensor(3, 4, 5)
    together = torch.func.vmap(lambda a: by_ducc.fft(a, (0,)), in_dims=1)(z)
    assert torch.allclose(together, torch.fft.fft(z, dim=0).transpose(0, 1))


def test_single_precision_through_ducc(by_ducc):
    u = tensor(6, 9, dtype=torch.float32)
    u_hat = by_ducc.rfft(u, (0, 1))
    back = by_ducc.irfft(u_hat, (6, 9), (0, 1))
    assert (u_hat.dtype, back.dtype) == (torch.complex64, torch.float32)
    assert torch.allclose(back, u, atol=1e-6)
