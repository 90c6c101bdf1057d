"""One spectral convolution, forward and backward, of pdekit or of neuraloperator.

    python spectral_layer_peer.py --program neuraloperator --sizes 64 64 --modes 12

Both are given the same field and the same weights for the modes |k_j| ≤ m (2m+1 modes along
an axis of neuraloperator), without a bias. A sample is the result and its gradients with
respect to the field and the weights.
"""
# mypy: ignore-errors

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings

import numpy as np
import torch


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", choices=("pdekit", "neuraloperator"), required=True)
    parser.add_argument("--sizes", type=int, nargs="+", required=True)
    parser.add_argument("--modes", type=int, required=True)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--path", default="auto", help="of pdekit")
    parser.add_argument("--sample-s", type=float, default=0.05)
    parser.add_argument("--save", default=None, help="file for the result, .npy")
    parser.add_argument("--serve", action="store_true", help="a sample per line read")
    return parser.parse_args()


def layer_of(given: argparse.Namespace, weights: torch.Tensor) -> torch.nn.Module:
    """Return the layer with these weights ``(*modes, in, out)``."""
    ndim = len(given.sizes)
    if given.program == "pdekit":
        from pdekit.solvers.learned.layers.spectral_conv import SpectralConv

        layer = SpectralConv(
            given.channels,
            given.channels,
            [given.modes] * ndim,
            bias=False,
            path=given.path,
        )
        layer.weight.values.data.copy_(torch.view_as_real(weights.flatten(0, -3)))
        return layer
    from neuralop.layers.spectral_convolution import SpectralConv

    layer = SpectralConv(
        given.channels, given.channels, [2 * given.modes + 1] * ndim, bias=False
    )
    parameter = next(layer.parameters())
    parameter.data.copy_(weights.movedim((-2, -1), (0, 1)))
    return layer


def main() -> None:
    """Run the command line."""
    given = options()
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    ndim, m, c = len(given.sizes), given.modes, given.channels
    shape = (*[2 * m + 1] * (ndim - 1), m + 1, c, c)
    weights = torch.randn(shape, dtype=torch.complex64) / c**0.5
    layer = layer_of(given, weights)
    x = torch.randn(given.batch, c, *given.sizes, requires_grad=True)
    g = torch.randn_like(x)
    wanted = (x, *layer.parameters())

    def once() -> torch.Tensor:
        y = layer(x)
        torch.autograd.grad(y, wanted, g)
        return y

    def sample(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            once()
        return (time.perf_counter() - began) / count

    if given.save:
        np.save(given.save, once().detach().numpy())
    sample(2)
    count = max(1, round(given.sample_s / sample(1)))
    print(json.dumps({"program": given.program, "sample": count}), flush=True)
    for _ in sys.stdin if given.serve else ():
        print(json.dumps(sample(count)), flush=True)


if __name__ == "__main__":
    main()
