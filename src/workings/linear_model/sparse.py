"""The design of a sparse X: products with the matrix itself instead of blocks of dense rows.

The matrix is used through its own methods (``@``, ``.T``, ``multiply``, slicing, ``toarray``), so SciPy is not
imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.linear_model.design import Design, Rows
from workings.linear_model.moments import Floats, Moments

LARGEST_MEAN_RATIO = 100.0  # sum of squares over sum of squared deviations, above which columns are centred first


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

    def __init__(self, X: Any, Y: Floats, weights: Floats | None = None, *, centred: bool = True) -> None:
        self._dense_means = False
        super().__init__(X, Y, weights, centred=centred)

    def _dense(self, rows: Rows) -> Floats:
        dense: Floats = np.asarray(self._X[rows].toarray(), dtype=np.float64)
        return dense

    def _rescaled(self) -> bool:
        return bool(self._x_exponents.any() or self._y_exponents.any())

    def _moments(self, *, with_gram: bool) -> Moments:
        if self._dense_means or self._rescaled():
            return super()._moments(with_gram=with_gram)
        moments = self._sparse_moments(with_gram=with_gram)
        raw = moments.squares + moments.weight * moments.mean_x**2
        if (raw > LARGEST_MEAN_RATIO * np.abs(moments.squares)).any():
            self._dense_means = True
            return super()._moments(with_gram=with_gram)
        return moments

    def _sparse_moments(self, *, with_gram: bool) -> Moments:
        n, p = self._X.shape
        X = self._X.astype(np.float64)
        weights = np.ones(n) if self._weights is None else self._weights
        total = float(weights.sum())
        weighted = X if self._weights is None else X.multiply(weights[:, np.newaxis]).tocsr()
        mean_x: Floats = np.zeros(p)
        mean_y: Floats = np.zeros(self.n_targets)
        low_y = mean_y
        Y = self._Y
        if self.centred:
            mean_x = X.T @ weights / total
            mean_y = weights @ Y / total
            Y = Y - mean_y
            low_y = weights @ Y / total
            Y = Y - low_y
        squares = np.asarray(weighted.multiply(X).sum(axis=0)).ravel() - total * mean_x**2
        gram = None
        if with_gram:
            gram = np.asarray((weighted.T @ X).toarray()) - total * np.outer(mean_x, mean_x)
            squares = gram.diagonal().copy()
        return Moments(
            weight=total,
            mean_x=mean_x,
            mean_x_low=np.zeros(p),
            mean_y=mean_y,
            mean_y_low=low_y,
            gram=gram,
            squares=squares,
            cross=np.asarray(weighted.T @ Y),
        )

    def gradient(self, z: Floats) -> tuple[Floats, Floats]:  # noqa: D102 (documented by the base class)
        if self._dense_means or self._rescaled():
            return super().gradient(z)
        coef = np.zeros((self.n_features, self.n_targets))
        coef[self.active] = z * self.scale[:, np.newaxis]
        weights = np.ones(self.n_samples) if self._weights is None else self._weights
        residual = self._Y - self._X @ coef
        if self.centred:
            # Equal to centring X: the mean of the residual is all that the intercept can take away.
            residual -= weights @ residual / weights.sum()
        weighted = residual * weights[:, np.newaxis]
        gradient = np.asarray(self._X.T @ weighted)[self.active] * self.scale[:, np.newaxis]
        return gradient, np.einsum("ij,ij->j", residual, weighted)
