"""The design of a sparse X: products with the matrix itself instead of blocks of dense rows.

The matrix is used through its own methods (``@``, ``.T``, ``multiply``, slicing, ``toarray``), so SciPy is not
imported.
"""

from __future__ import annotations

import numpy as np

from workings.linear_model.design import Design
from workings.linear_model.moments import Floats, Moments
from workings.linear_model.rows import Rows


class SparseDesign(Design):
    """A weighted least-squares problem with a sparse X in CSR form.

    Parameters
    ----------
    X, Y, weights, centred
        As in `Design`; X is a SciPy sparse matrix or array, and is never changed.

    Notes
    -----
    The Gram matrix is that of the raw columns less the means' share; this cancels where the means are large
    against the spread, so such data go through dense blocks of rows like a dense X (correct, but no faster).
    Cost: ``nnz * p / n`` multiplications a row for the Gram matrix, and a dense p x p array: fails for want of memory
    beyond a few ten thousand columns. With more features than rows, or where the condition asks for QR, the rows
    become dense a block at a time (for p > n all at once).
    """

    def _dense(self, rows: Rows) -> Floats:
        dense: Floats = np.asarray(self.data[0][rows].toarray(), dtype=np.float64)
        return dense

    @property
    def summed_rows(self) -> int:
        """Rows whose products are summed at a time for the moments."""
        return self.n_rows

    def _summed(self, *, with_gram: bool) -> Moments:
        if self.shift_x.any() or self._rescaled:
            return super()._summed(with_gram=with_gram)
        X = self.data[0].astype(np.float64)
        weights = self._weights
        Y = self.data[1].astype(np.float64)
        if self.centred:
            Y = np.column_stack([Y - self.shift_y, np.ones(self.n_samples)])
        weighted = X if weights is None else X.multiply(weights[:, np.newaxis]).tocsr()
        squares = np.asarray(weighted.multiply(X).sum(axis=0)).ravel()
        plain = squares if weights is None else np.asarray(X.multiply(X).sum(axis=0)).ravel()
        return Moments(
            gram=np.asarray((weighted.T @ X).toarray()) if with_gram else None,
            squares=squares,
            cross=np.asarray(weighted.T @ Y),
            inner=Y.T @ (Y if weights is None else Y * weights[:, np.newaxis]),
            largest=plain,
        )

    def gradient(self, z: Floats) -> tuple[Floats, Floats]:  # noqa: D102 (documented by the base class)
        if self.shift_x.any() or self._rescaled:
            return super().gradient(z)
        coef = np.zeros((self.n_features, self.n_targets))
        coef[self.active] = z * self.scale[:, np.newaxis]
        weights = np.ones(self.n_samples) if self._weights is None else self._weights
        residual = self.data[1] - self.data[0] @ coef
        if self.centred:
            # Equal to centring X: the mean of the residual is all that the intercept can take away.
            residual -= weights @ residual / weights.sum()
        weighted = residual * weights[:, np.newaxis]
        gradient = np.asarray(self.data[0].T @ weighted)[self.active] * self.scale[:, np.newaxis]
        return gradient, np.einsum("ij,ij->j", residual, weighted)
