"""The best step in the span of P r, S r and the last direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from pdekit.linalg.krylov._run import Run, dot
from pdekit.typing import Array


class BestOfThree:
    """Minimises the error in the norm of A over three directions."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._s, self._qs, self._z, self._qz = (np.empty(run.x.shape) for _ in range(4))

    def combine(self, r: Array, p: Array, q: Array, last: Any, S: Any) -> None:
        """Turn p, which is P r, into the best combination, and set  q = A p."""
        np.copyto(self._z, p)
        self.run.precondition(r, self._s, S)
        self.run.matvec(self._z, self._qz)
        self.run.matvec(self._s, self._qs)
        pairs = [(self._z, self._qz), (self._s, self._qs)]
        if last is not None:
            pairs.append((last[0], last[1]))
        flat = [(v.reshape(-1), w.reshape(-1)) for v, w in pairs]
        gram = np.array([[dot(v, w) for _, w in flat] for v, _ in flat])
        weights = _minimiser(gram, np.array([dot(v, r.reshape(-1)) for v, _ in flat]))
        p.fill(0.0)
        q.fill(0.0)
        from pdekit.linalg.krylov import _kernels

        for c, (v, w) in zip(weights, flat, strict=True):
            _kernels.add(p.reshape(-1), c, v)
            _kernels.add(q.reshape(-1), c, w)


def _minimiser(gram: Array, g: Array) -> Array:
    """Return the c that minimises  ½ cᵀ G c − gᵀ c;  dependent directions do no harm."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
    values, vectors = np.linalg.eigh((gram + gram.T) / 2 * scale * scale[:, None])
    good = values > 1e-12 * values[-1]
    return scale * (vectors[:, good] @ ((vectors.T @ (scale * g))[good] / values[good]))
