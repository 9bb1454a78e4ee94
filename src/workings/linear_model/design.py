"""The data of one fit as solvers see them: centred, weighted, scaled by powers of two, in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import sum_rows, two_product, two_sum
from workings.linear_model.moments import Floats
from workings.linear_model.rows import Rows, SummedRows
from workings.linear_model.solution import Solution

NO_EXPONENT = -(1 << 20)  # below every binary exponent


class Design(SummedRows):
    """A weighted least-squares problem, with columns scaled to lengths between 0.7 and 1.4.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features, float32 or float64; not changed.
    Y : ndarray of shape (n, k)
        Targets, float32 or float64; not changed.
    weights : ndarray of shape (n,), optional
        Non-negative sample weights with a positive sum. Rows of weight zero are left out.
    centred : bool, default=True
        Whether the model has an intercept: features and targets become deviations from their weighted means.

    Attributes
    ----------
    active : ndarray of shape (q,)
        Columns that vary. A constant column (without intercept: a column of zeros) has no influence on the fit; the
        minimum-norm solution gives it exactly 0, so solvers never see it.
    scale : ndarray of shape (q,)
        Powers of two that the active columns are multiplied by.

    Notes
    -----
    Scaling is by powers of two only, so it rounds nothing. Memory: one block beside X, and ``p * p`` numbers for the
    Gram matrix where ``p <= n``.
    """

    def __init__(self, X: Any, Y: Floats, weights: Floats | None = None, *, centred: bool = True) -> None:
        super().__init__(X, Y, weights, centred=centred)
        self._all_active = not self._constant.any()
        self.active = np.arange(self.n_features) if self._all_active else np.flatnonzero(~self._constant)
        exponents = np.frexp(self._varying(self._squares(self.moments)))[1] // 2
        self.scale = np.ldexp(1.0, -exponents)
        self._lift = exponents + self._varying(self._x_exponents)

    # -- what solvers ask for ------------------------------------------------------------------------------------

    def _varying(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values if self._all_active else values[self.active]

    @cached_property
    def mean(self) -> Floats:
        """Means of the shifted, scaled active columns, shape (q,); zeros without an intercept."""
        if not self.centred:
            return np.zeros(len(self.active))
        mean: Floats = self._varying(self.moments.cross)[:, -1] * (self.scale / self.weight)
        return mean

    @cached_property
    def gram(self) -> Floats:
        """Gram matrix of the centred, scaled active columns, shape (q, q), its diagonal between 0.5 and 2."""
        gram = self.moments.gram
        if gram is None:
            gram = self._summed(with_gram=True).gram
        assert gram is not None
        if not self._all_active:
            gram = gram[np.ix_(self.active, self.active)]
        scaled: Floats = gram * self.scale * self.scale[:, np.newaxis]
        if self.centred:
            scaled -= np.multiply.outer(self.mean, self.mean * self.weight)
        return scaled

    @property
    def cross(self) -> Floats:
        """Products of the centred, scaled active columns with the targets, shape (q, k)."""
        cross: Floats = self._varying(self.moments.cross)[:, : self.n_targets] * self.scale[:, np.newaxis]
        if self.centred:
            cross = cross - np.multiply.outer(self.mean, self.moments.inner[-1, :-1])
        return cross

    def near_constant(self, z: Floats) -> Floats:
        """Return the intercepts of the shifted columns and targets, (k,), for coefficients of the scaled columns."""
        if not self.centred:
            return np.zeros(self.n_targets)
        near: Floats = self.moments.inner[-1, :-1] / self.weight - self.mean @ z  # OLS.5
        return near

    @cached_property
    def shifted_lengths(self) -> Floats:
        """Lengths of the shifted, scaled active columns, not centred, shape (q,)."""
        lengths: Floats = np.sqrt(self._varying(self.moments.squares)) * self.scale
        return lengths

    @property
    def shift(self) -> Floats:
        """What is subtracted from the active columns before they are scaled, shape (q,)."""
        return self._varying(self.shift_x)

    @cached_property
    def block_lengths(self) -> Floats:
        """Bounds of the active columns' lengths, without weights, in any block of `raw_blocks`; shape (q,)."""
        lengths: Floats = np.sqrt(self._varying(self.moments.largest))
        return lengths

    def blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """Yield centred, weighted and scaled blocks of rows: active columns (b, q) and targets (b, k)."""
        if self._single_block is not None:
            yield self._single_block
            return
        for rows in self._slices():
            yield self._block(rows, self.scale)

    def whole(self) -> tuple[Floats, Floats]:
        """Return all rows at once, columns not scaled to one length but all by one power of two: those of `lengths`."""
        return self._block(slice(None) if self._kept is None else self._kept, self.scale * self.lengths)

    def gradient(self, z: Floats) -> tuple[Floats, Floats]:
        """Return products of the columns with the residuals, (q, k), and sums of squared residuals, (k,).

        Parameters
        ----------
        z : ndarray of shape (q, k)
            Coefficients of the scaled active columns.
        """
        gradient = np.zeros_like(z)
        squares = np.zeros(self.n_targets)
        for A, B in self.blocks():
            residual = B - A @ z
            gradient += A.T @ residual
            squares += np.einsum("ij,ij->j", residual, residual)
        return gradient, squares

    def raw_blocks(self) -> Iterator[tuple[Floats, Floats, Floats | None]]:
        """Yield blocks as they came: active columns (b, q), targets (b, k), weights (b,).

        Neither shifted nor scaled, but for the rare rescaling against overflow, which is by powers of two.
        """
        for rows in self._slices():
            A, B, weights = self._raw(rows)
            yield A if self._all_active else A.take(self.active, axis=1), B, weights

    @property
    def row_roots(self) -> Floats:
        """Square roots of the weights of the rows in `blocks`, shape (n_rows,)."""
        if self._weights is None:
            return np.ones(self.n_rows)
        return np.sqrt(self._weights if self._kept is None else self._weights[self._kept])

    def residual_norms(self, coef: Floats) -> Floats:
        """Return the weighted residual norm of each target, shape (k,), for coefficients (p, k) in data units."""
        z = np.ldexp(coef[self.active], self._lift[:, np.newaxis] - self._y_exponents)
        norms: Floats = np.ldexp(np.sqrt(self.gradient(z)[1]), self._y_exponents + self._weight_exponent)
        return norms

    # -- and back to the units of the data -----------------------------------------------------------------------

    def unscaled(self, z: Floats) -> Floats:
        """Return coefficients (p, k) in the units of the data from those of the scaled active columns (q, k)."""
        unscaled: Floats = np.ldexp(z, self._y_exponents - self._lift[:, np.newaxis])
        if self._all_active:
            return unscaled
        coef = np.zeros((self.n_features, self.n_targets))
        coef[self.active] = unscaled
        return coef

    def unscaled_targets(self, values: Floats) -> Floats:
        """Return numbers in the units of the targets from those in the scale of `raw_blocks`, shape (..., k)."""
        return np.ldexp(values, self._y_exponents) if self._rescaled else values

    @cached_property
    def lengths(self) -> Floats:
        """The power of two that each active column was divided by, relative to the largest of them; shape (q,)."""
        lift = self._lift
        lengths: Floats = np.ldexp(1.0, lift - lift.max(initial=NO_EXPONENT))
        return lengths

    @property
    def top_exponent(self) -> int:
        """Binary exponent of the largest length, for matrices in units of it."""
        return int(self._lift.max(initial=NO_EXPONENT)) + self._weight_exponent

    @property
    def data_roundoff(self) -> float:
        """Unit roundoff of the type of X."""
        return float(np.finfo(self.data[0].dtype).eps) / 2

    def intercept(self, solution: Solution) -> tuple[Floats, Floats]:
        """Return the intercept of each target as two doubles, (k,): mean of y less means of X times coefficients.

        The shift's share is summed in twice the working precision, because it cancels where the means are large.
        """
        if not self.centred:
            return np.zeros(self.n_targets), np.zeros(self.n_targets)
        if solution.intercept is not None and solution.intercept_low is not None:
            return solution.intercept, solution.intercept_low
        up = self._lift[:, np.newaxis] - self._y_exponents
        z = np.ldexp(solution.coef[self.active], up)
        if not self.shift_x.any():
            near: Floats = self.shift_y + self.near_constant(z)
            return self.unscaled_targets(near), np.zeros_like(near)
        z_low = np.ldexp(solution.coef_low[self.active], up)
        shift = (self.shift * self.scale)[:, np.newaxis]
        share, error = two_product(shift, z)
        high, low = sum_rows(np.vstack([self.shift_y, self.near_constant(z), -share]))
        high, low = two_sum(high, low - (error + shift * z_low).sum(axis=0))
        return self.unscaled_targets(high), self.unscaled_targets(low)

    def overwrite(self) -> None:
        """Leave the centred, weighted rows in the memory of a float64 X."""
        X = self.data[0]
        if isinstance(X, np.ndarray) and X.dtype == np.float64 and X.flags.writeable:
            everything = np.ones(self.n_samples) if self._weights is None else self._weights
            mean = (everything / everything.sum()) @ X if self.centred else 0.0
            X -= mean
            X *= np.sqrt(everything)[:, np.newaxis]

    # -- rows ----------------------------------------------------------------------------------------------------

    def _block(self, rows: Rows, scale: Floats) -> tuple[Floats, Floats]:
        A, B, weights = self._raw(rows)
        if not self._all_active:
            A = A.take(self.active, axis=1)
        if self.centred:
            if self.shift_x.any():
                A = A - self.shift
            A = A - self._varying(self.moments.cross)[:, -1] / self.weight
            A *= scale
            B = (B - self.shift_y) - self.moments.inner[-1, :-1] / self.weight
        else:
            A = A * scale
        if weights is not None:
            root = np.sqrt(weights)[:, np.newaxis]
            A *= root
            B = B * root
        return A, B

    @cached_property
    def _single_block(self) -> tuple[Floats, Floats] | None:
        rows = list(self._slices())
        return self._block(rows[0], self.scale) if len(rows) == 1 else None
