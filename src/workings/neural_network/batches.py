"""Mini-batches of rows in an order that is drawn anew for each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from workings.base import is_sparse
from workings.neural_network.parameters import Array


class Batch(NamedTuple):
    """Rows of the data; `X` may be a buffer that the next batch overwrites."""

    X: Any
    y: Array
    sample_weight: Array | None
    n_samples: int


class Batches:
    """The batches of an epoch, one epoch an iteration.

    Parameters
    ----------
    X : ndarray, CSR or CSC matrix of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), optional
    size : int
        Rows of a batch; the last batch of an epoch may be shorter.
    rng : RandomState, optional
        Draws a permutation at the start of each epoch, applied to the order of the epoch before. Without it the rows
        keep their order.
    """

    def __init__(
        self, X: Any, y: Array, sample_weight: Array | None, size: int, rng: np.random.RandomState | None
    ) -> None:
        self._X, self._y, self._sample_weight = X, y, sample_weight
        self._size = size
        self._rng = rng
        self._order = np.arange(X.shape[0])
        self._buffers: dict[int, Array] = {}

    def __iter__(self) -> Iterator[Batch]:
        n_samples = len(self._order)
        if self._rng is not None:
            permutation = np.arange(n_samples)
            self._rng.shuffle(permutation)
            self._order = self._order[permutation]
        for start in range(0, n_samples, self._size):
            stop = min(start + self._size, n_samples)
            if self._rng is None:
                rows: Any = slice(start, stop)
                X = self._X[rows]
            else:
                rows = self._order[start:stop]
                X = self._gather(rows)
            weight = None if self._sample_weight is None else self._sample_weight[rows]
            # the count has the type of the batch size: a NumPy integer widens single-precision losses to double
            yield Batch(X, self._y[rows], weight, type(self._size)(stop - start))

    def _gather(self, rows: Array) -> Any:
        if is_sparse(self._X):
            return self._X[rows]
        n_rows = len(rows)
        if n_rows not in self._buffers:
            self._buffers[n_rows] = np.empty((n_rows, self._X.shape[1]), self._X.dtype)
        # mode="clip" writes into `out` without a buffer of its own, some ten times faster
        return self._X.take(rows, axis=0, out=self._buffers[n_rows], mode="clip")
