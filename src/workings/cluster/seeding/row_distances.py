"""Squared distances of all rows to a few of them, again and again, in the bits of `distance_table`."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.base import is_sparse
from workings.cluster.distances import Floats, Indices, distance_table, slices, squared_norms, upcast_block_size


class RowDistances:
    """Squared distances of all rows of X to m of them.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d)
    norms : ndarray of shape (n,)
        |x|² of the rows; unused in float32, where they are taken in float64.
    m : int
        Number of rows at a time.

    Notes
    -----
    Bit for bit ``distance_table(X[rows], X, b_norms=norms, squared=True)``, that is the same products of the same
    blocks. Saved are the temporaries, and in float32 all but one pass for the norms. Memory: the table, in float32 also
    8n bytes.
    """

    def __init__(self, X: Any, norms: Floats, m: int) -> None:
        self._X = X
        self._norms = norms
        self._is_sparse = is_sparse(X)
        self._blocks: list[tuple[slice, Floats]] = []
        if not self._is_sparse:
            self._table = np.empty((m, X.shape[0]), dtype=X.dtype)
            if X.dtype == np.float32:
                self._size = upcast_block_size(X[np.zeros(m, dtype=np.intp)], X)
                blocks = slices(X.shape[0], self._size)
                self._blocks = [(block, squared_norms(X[block].astype(np.float64))) for block in blocks]

    def to(self, rows: Indices) -> Floats:
        """Return the squared distances to m rows.

        Parameters
        ----------
        rows : ndarray of shape (m,)
            Indices.

        Returns
        -------
        ndarray of shape (m, n)
            Overwritten by the next call.
        """
        if self._is_sparse:
            return distance_table(self._X[rows], self._X, b_norms=self._norms, squared=True)
        A = self._X[rows]
        if self._blocks:
            self._fill_upcast(A)
        else:
            _fill(self._table, A, self._X, np.einsum("ij,ij->i", A, A), self._norms)
        return np.maximum(self._table, 0, out=self._table)

    def _fill_upcast(self, A: Floats) -> None:
        parts = [(part, A[part].astype(np.float64)) for part in slices(len(A), self._size)]
        a_norms = [squared_norms(a) for _, a in parts]
        for columns, b_norms in self._blocks:
            b = self._X[columns].astype(np.float64)
            for (part, a), norms in zip(parts, a_norms, strict=True):
                block = np.empty((len(a), len(b)))
                _fill(block, a, b, norms, b_norms)
                self._table[part, columns] = block


def _fill(table: Floats, A: Floats, B: Floats, a_norms: Floats, b_norms: Floats) -> None:
    np.matmul(A, B.T, out=table)
    table *= -2
    table += a_norms[:, np.newaxis]
    table += b_norms  # KM.1
