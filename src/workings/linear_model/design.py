"""The data of one fit as solvers see them: centred, weighted, scaled by powers of two, in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.linear_model.moments import Floats, Moments, combine, statistics
from workings.linear_model.solution import Solution
from workings.linear_model.twofold import sum_rows, two_product

BLOCK_BYTES = 1 << 19  # a block, its centred copy and the Gram matrix stay in a core's cache
SAFE = 1e120  # magnitudes between 1/SAFE and SAFE can be squared and summed without over- or underflow
UNIT_ROUNDOFF = 2.0**-53

NO_EXPONENT = -(1 << 20)  # below every binary exponent

Rows = slice | npt.NDArray[np.intp]


class Design:
    """A weighted least-squares problem, with columns scaled to lengths between 0.7 and 1.4.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features, float32 or float64; not changed unless `overwrite` is true.
    Y : ndarray of shape (n, k)
        Targets, float64; not changed.
    weights : ndarray of shape (n,), optional
        Non-negative sample weights with a positive sum. Rows of weight zero are left out.
    centred : bool, default=True
        Whether the model has an intercept: features and targets become deviations from their weighted means.
    overwrite : bool, default=False
        Keep the centred rows in the memory of X where its type allows, instead of recomputing them.

    Attributes
    ----------
    active : ndarray of shape (q,)
        Columns that vary. A constant column (without intercept: a column of zeros) has no influence on the fit; the
        minimum-norm solution gives it exactly 0, so solvers never see it.
    scale : ndarray of shape (q,)
        Powers of two that the active columns are multiplied by.
    moments : Moments
        Means, Gram matrix and cross products before scaling.

    Notes
    -----
    All sums are accumulated in float64, whatever the type of X. Scaling is by powers of two only, so it rounds
    nothing. Memory: one block beside X, and ``p * p`` numbers for the Gram matrix where ``p <= n``.
    """

    def __init__(
        self, X: Any, Y: Floats, weights: Floats | None = None, *, centred: bool = True, overwrite: bool = False
    ) -> None:
        self.n_samples, self.n_features = X.shape
        self.n_targets = Y.shape[1]
        self.centred = centred
        self._X = X
        self._Y = Y
        self._weight_exponent = 0
        self._weights = weights
        self._kept: npt.NDArray[np.intp] | None = None
        if weights is not None:
            self._weight_exponent = int(np.frexp(weights.max())[1] // 2)
            self._weights = np.ldexp(weights, -2 * self._weight_exponent)
            if not self._weights.all():
                self._kept = np.flatnonzero(self._weights)
        self.n_rows = self.n_samples if self._kept is None else len(self._kept)
        self.wide = self.n_rows < self.n_features
        self._x_exponents = np.zeros(self.n_features, dtype=np.intc)
        self._y_exponents = np.zeros(self.n_targets, dtype=np.intc)
        self.moments = self._safe_moments()
        self.active = np.flatnonzero(~self._constant)
        self._all_active = len(self.active) == self.n_features
        squares = self.moments.squares[self.active]
        self._exponents = np.asarray(np.rint(np.log2(squares) / 2), dtype=np.intc)
        self.scale = np.ldexp(1.0, -self._exponents)
        self.overwritten = overwrite and self._overwrite()

    # -- what solvers ask for ------------------------------------------------------------------------------------

    @property
    def gram(self) -> Floats:
        """Gram matrix of the scaled active columns, shape (q, q), its diagonal between 0.5 and 2."""
        gram = self.moments.gram
        if gram is None:
            gram = self._moments(with_gram=True).gram
        assert gram is not None
        if not self._all_active:
            gram = gram[np.ix_(self.active, self.active)]
        scaled: Floats = gram * self.scale * self.scale[:, np.newaxis]
        return scaled

    @property
    def cross(self) -> Floats:
        """Products of the scaled active columns with the targets, shape (q, k)."""
        cross: Floats = self.moments.cross[self.active] * self.scale[:, np.newaxis]
        return cross

    def blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """Yield centred, weighted and scaled blocks of rows: active columns (b, q) and targets (b, k)."""
        if self._single_block is not None:
            yield self._single_block
            return
        for rows in self._slices():
            yield self._block(rows)

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
        """Yield blocks as they came, not centred nor scaled: active columns (b, q), targets (b, k), weights (b,).

        Only not while `overwritten`, and after the rare rescaling against overflow.
        """
        for rows in self._slices():
            A, B, weights = self._raw(rows)
            yield A[:, self.active], B, weights

    def constant_term(self, coef: Floats, coef_low: Floats) -> tuple[Floats, Floats]:
        """Return mean of y minus means of x times coefficients, (k,), as two doubles, in the scale of `raw_blocks`.

        Parameters
        ----------
        coef, coef_low : ndarray of shape (q, k)
            Coefficients of the active columns as unevaluated sums of two doubles.
        """
        moments, active = self.moments, self.active
        mean, mean_low = moments.mean_x[active, np.newaxis], moments.mean_x_low[active, np.newaxis]
        share, error = two_product(mean, coef)
        high, low = sum_rows(np.vstack([moments.mean_y, -share]))
        return high, low + moments.mean_y_low - (error + mean * coef_low + mean_low * coef).sum(axis=0)

    def residual_norms(self, coef: Floats) -> Floats:
        """Return the weighted residual norm of each target, shape (k,), for coefficients (p, k) in data units."""
        z = np.ldexp(coef[self.active], self._lift()[:, np.newaxis] - self._y_exponents)
        norms: Floats = np.ldexp(np.sqrt(self.gradient(z)[1]), self._y_exponents + self._weight_exponent)
        return norms

    # -- and back to the units of the data -----------------------------------------------------------------------

    def unscaled(self, z: Floats) -> Floats:
        """Return coefficients (p, k) in the units of the data from those of the scaled active columns (q, k)."""
        coef = np.zeros((self.n_features, self.n_targets))
        with np.errstate(over="ignore", under="ignore"):
            coef[self.active] = np.ldexp(z, self._y_exponents - self._lift()[:, np.newaxis])
        return coef

    @cached_property
    def lengths(self) -> Floats:
        """The power of two that each active column was divided by, relative to the largest of them; shape (q,)."""
        lift = self._lift()
        lengths: Floats = np.ldexp(1.0, lift - lift.max(initial=NO_EXPONENT))
        return lengths

    @property
    def top_exponent(self) -> int:
        """Binary exponent of the largest length, for matrices in units of it."""
        return int(self._lift().max(initial=NO_EXPONENT)) + self._weight_exponent

    @property
    def data_roundoff(self) -> float:
        """Unit roundoff of the type of X."""
        return float(np.finfo(self._X.dtype).eps) / 2

    def intercept(self, solution: Solution) -> Floats:
        """Return the intercept of each target, shape (k,): mean of y minus means of x times coefficients.

        Computed in twice the working precision, because the products cancel where the means are large.
        """
        if not self.centred:
            return np.zeros(self.n_targets)
        shifts = self._x_exponents[self.active, np.newaxis] - self._y_exponents
        high, low = self.constant_term(
            np.ldexp(solution.coef[self.active], shifts), np.ldexp(solution.coef_low[self.active], shifts)
        )  # OLS.5
        return np.ldexp(high + (low + solution.mean_residual), self._y_exponents)

    # -- rows ----------------------------------------------------------------------------------------------------

    def _slices(self) -> Iterator[Rows]:
        step = max(256, BLOCK_BYTES // (8 * self.n_features))
        for start in range(0, self.n_rows, step):
            yield (
                slice(start, min(start + step, self.n_rows)) if self._kept is None else self._kept[start : start + step]
            )

    def _raw(self, rows: Rows) -> tuple[Floats, Floats, Floats | None]:
        """Return rows of X, Y and the weights in float64, after the rare rescaling against overflow."""
        A = self._dense(rows)
        B = self._Y[rows]
        if self._x_exponents.any():
            A = np.ldexp(A, -self._x_exponents)
        if self._y_exponents.any():
            B = np.ldexp(B, -self._y_exponents)
        return A, B, None if self._weights is None else self._weights[rows]

    def _dense(self, rows: Rows) -> Floats:
        dense: Floats = np.asarray(self._X[rows], dtype=np.float64)
        return dense

    def _block(self, rows: Rows) -> tuple[Floats, Floats]:
        A, B, weights = self._raw(rows)
        if self.centred:
            B = (B - self.moments.mean_y) - self.moments.mean_y_low
        if weights is not None:
            B = B * np.sqrt(weights)[:, np.newaxis]
        if not self.overwritten:
            A = self._centre(A, weights, out=None)
        if not self._all_active:
            A = A[:, self.active]
        return A * self.scale, B

    def _centre(self, A: Floats, weights: Floats | None, out: Floats | None) -> Floats:
        if self.centred:
            A = np.subtract(A, self.moments.mean_x, out=out)
            A -= self.moments.mean_x_low
        if weights is not None:
            A = np.multiply(A, np.sqrt(weights)[:, np.newaxis], out=out)
        return A

    @cached_property
    def _single_block(self) -> tuple[Floats, Floats] | None:
        rows = list(self._slices())
        return self._block(rows[0]) if len(rows) == 1 else None

    def _overwrite(self) -> bool:
        if not (isinstance(self._X, np.ndarray) and self._X.dtype == np.float64 and self._X.flags.writeable):
            return False
        if self._x_exponents.any():
            return False
        for rows in self._slices():
            weights = None if self._weights is None else self._weights[rows]
            self._X[rows] = self._centre(self._X[rows], weights, out=None)
        return True

    # -- moments and scales --------------------------------------------------------------------------------------

    def _moments(self, *, with_gram: bool) -> Moments:
        parts = (statistics(*self._raw(rows), centred=self.centred, with_gram=with_gram) for rows in self._slices())
        return reduce(combine, parts)

    def _safe_moments(self) -> Moments:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            moments = self._moments(with_gram=not self.wide)
            self._constant = self._constant_columns(moments)
            squares = moments.squares[~self._constant]
            largest_y = np.abs(self._Y).max(axis=0)
            safe = (squares < SAFE**2) & (squares > SAFE**-2)
            safe_y = (largest_y < SAFE) & ((largest_y > 1 / SAFE) | (largest_y == 0))
        if safe.all() and safe_y.all():
            return moments
        self._x_exponents = _exponents(
            reduce(np.maximum, (np.abs(self._raw(r)[0]).max(axis=0) for r in self._slices()))
        )
        self._y_exponents = _exponents(largest_y)
        return self._moments(with_gram=not self.wide)

    def _constant_columns(self, moments: Moments) -> npt.NDArray[np.bool_]:
        """Tell the columns whose every entry is the same number (without intercept: zero).

        Rounding in the mean makes the sum of squares of such a column tiny rather than zero, so columns of tiny
        sums are compared entry by entry.
        """
        noise = 8 * self.n_rows * UNIT_ROUNDOFF * np.abs(moments.mean_x)
        suspects = ~(moments.squares > np.maximum(moments.weight * noise**2, SAFE**-2))
        constant = np.zeros(self.n_features, dtype=bool)
        if suspects.any():
            columns = np.flatnonzero(suspects)
            value = self._dense(next(self._slices()))[0, columns] if self.centred else np.zeros(len(columns))
            same = (self._dense(rows)[:, columns] == value for rows in self._slices())
            constant[columns] = reduce(np.logical_and, (block.all(axis=0) for block in same))
        return constant

    def _lift(self) -> npt.NDArray[np.intc]:
        return self._exponents + self._x_exponents[self.active]


def _exponents(largest: Floats) -> npt.NDArray[np.intc]:
    """Binary exponents of magnitudes, kept where their powers of two are normal numbers."""
    exponents: npt.NDArray[np.intc] = np.clip(np.frexp(largest)[1], -1000, 1000).astype(np.intc)
    return exponents
