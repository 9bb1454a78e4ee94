"""Mini-batches of rows in an order that is drawn anew for each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from workings.base import is_sparse
from workings.neural_network.parameters import Array


class Batch(NamedTuple):
    """Rows of the data; `X` and `y` may be buffers that the next batch overwrites."""

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
        Draws a permutation in `begin_epoch`, applied to the order of the epoch before. Without it the rows keep their
        order.

    Attributes
    ----------
    size : int
    order : ndarray of int of shape (n_samples,)
        Of the rows in the present epoch.
    start : int
        Where in `order` the next batch begins; an iteration goes on from there.
    """

    def __init__(
        self, X: Any, y: Array, sample_weight: Array | None, size: int, rng: np.random.RandomState | None
    ) -> None:
        self._X, self._y, self._sample_weight = X, y, sample_weight
        self.size = size
        self._rng = rng
        self.order = np.arange(X.shape[0])
        self.start = 0
        self._buffers: dict[int, tuple[Array | None, Array]] = {}

    def begin_epoch(self) -> None:
        """Draw the order of an epoch, and begin it."""
        if self._rng is not None:
            permutation = np.arange(len(self.order))
            self._rng.shuffle(permutation)
            self.order = self.order[permutation]
        self.start = 0

    def __iter__(self) -> Iterator[Batch]:
        n_samples = len(self.order)
        for start in range(self.start, n_samples, self.size):
            stop = min(start + self.size, n_samples)
            rows: Any = slice(start, stop) if self._rng is None else self.order[start:stop]
            X, y = (self._X[rows], self._y[rows]) if self._rng is None else self._gather(rows)
            weight = None if self._sample_weight is None else self._sample_weight[rows]
            # the count has the type of the batch size: a NumPy integer widens single-precision losses to double
            yield Batch(X, y, weight, type(self.size)(stop - start))

    def move_on(self, batch: Batch) -> None:
        """Count a batch as done.

        Parameters
        ----------
        batch : Batch
            The one that was iterated last.
        """
        self.start += int(batch.n_samples)

    def _gather(self, rows: Array) -> tuple[Any, Array]:
        n_rows = len(rows)
        if n_rows not in self._buffers:
            self._buffers[n_rows] = (
                None if is_sparse(self._X) else np.empty((n_rows, self._X.shape[1]), self._X.dtype),
                np.empty((n_rows, self._y.shape[1]), self._y.dtype),
            )
        X, y = self._buffers[n_rows]
        # mode="clip" writes into `out` without a buffer of its own, some ten times faster
        y = self._y.take(rows, axis=0, out=y, mode="clip")
        return self._X[rows] if X is None else self._X.take(rows, axis=0, out=X, mode="clip"), y


def rows_of_batch(asked: int | str, n_samples: int) -> int:
    """Return how many rows a batch has.

    Parameters
    ----------
    asked : int or str
        "auto" is 200; no batch has more than all rows.
    n_samples : int

    Returns
    -------
    int
        For a number that was asked for, a NumPy integer, with which single-precision losses are added up in double.
    """
    if isinstance(asked, str):
        return min(200, n_samples)
    size: np.int64 = np.clip(np.int64(asked), 1, n_samples)
    return size  # type: ignore[return-value]
