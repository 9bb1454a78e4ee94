"""Products of the columns with the residuals, to about 80 bits and with a bound of their error.

The residual of a good solution is small, and what the columns make of it is smaller still, so both cancel where double
arithmetic has rounded already. Here the rows are cut into slices whose products BLAS forms without rounding
(`workings.arithmetic.slices`); only the smallest products round, and their share is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log2, sqrt

import numpy as np

from workings.arithmetic.error_free import sum_rows, two_product, two_sum
from workings.arithmetic.slices import LIFT, MANTISSA_BITS, power_above, round_off
from workings.linear_model.design import UNIT_ROUNDOFF, Design
from workings.linear_model.moments import Floats

ROW_BITS = 26  # of a slice of a row of X
PARTS = 4  # slices of the coefficients and of the residuals
CAUTION = 1.01  # bounds are themselves computed in double arithmetic


@dataclass(frozen=True)
class PreciseGradient:
    """Products of columns and residuals for given coefficients, each an unevaluated sum of two doubles.

    Parameters
    ----------
    high, low : ndarray of shape (q, k)
        For the shifted, scaled active columns.
    bound : ndarray of shape (q, k)
        Of the error of ``high + low``.
    sum_high, sum_low, sum_bound : ndarray of shape (k,)
        The same for the column of ones (zeros without an intercept).
    """

    high: Floats
    low: Floats
    bound: Floats
    sum_high: Floats
    sum_low: Floats
    sum_bound: Floats


class SlicedRows:
    """The shifted columns of a design, cut into two slices and a rest.

    Parameters
    ----------
    design : Design
        The data.

    Notes
    -----
    Of a column whose length in no block of b rows exceeds ``2**e``, the first slice holds multiples of ``2**(e - 26)``,
    the second of ``2**(e - 52)``; the rest is at most half of that. The shift is first rounded to a multiple of the
    first unit, so that x less the shift less the first slice is exact.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self.top = power_above(CAUTION * design.block_lengths)
        shift = design.shift
        self.unit, self.shift, self.coarseness = self.top * 2.0**-ROW_BITS, shift, 2.0**-ROW_BITS
        if shift.any():
            self.unit = np.maximum(self.unit, np.spacing(power_above(shift)))
            self.shift = np.rint(shift / self.unit) * self.unit
            self.coarseness = float((self.unit / self.top).max())
        q = len(self.top)
        self.coef_bits = MANTISSA_BITS - 1 - ROW_BITS - (q + 1).bit_length()
        self.residual_bits = MANTISSA_BITS + 1 - ROW_BITS - design.rows_of_a_block.bit_length()

    @property
    def drift(self) -> Floats:
        """How much the rounded shift is less than the design's, in scaled columns, shape (q,)."""
        drift: Floats = (self.design.shift - self.shift) * self.design.scale
        return drift

    def blocks(self) -> Iterator[tuple[Floats, Floats, Floats, Floats, Floats | None]]:
        """Yield first slices, second slices and rests, (b, q) each, targets (k, b) and weights (b,)."""
        shape = (min(self.design.rows_of_a_block, self.design.n_rows), len(self.top))
        first, second, rest = np.empty(shape), np.empty(shape), np.empty(shape)
        # one copy of the units for every row, because NumPy is slow on short rows
        lift, shift = np.empty(shape), np.empty(shape)
        lift[:] = LIFT * self.unit
        lower = lift * 2.0**-ROW_BITS
        shifted = bool(self.shift.any())
        if shifted:
            shift[:] = self.shift
        for A, B, weights in self.design.raw_blocks():
            n = len(A)
            first, second, rest = first[:n], second[:n], rest[:n]
            if shifted:
                round_off(np.subtract(A, shift[:n], out=rest), lift[:n], out=first)
                np.subtract(A, np.add(first, shift[:n], out=rest), out=rest)
            else:
                round_off(A, lift[:n], out=first)
                np.subtract(A, first, out=rest)
            round_off(rest, lower[:n], out=second)
            np.subtract(rest, second, out=rest)
            yield first, second, rest, B.T, weights

    def gradient(self, z: Floats, z_low: Floats, constant: Floats, constant_low: Floats) -> PreciseGradient:
        """Return the products of columns and residuals.

        Parameters
        ----------
        z, z_low : ndarray of shape (q, k)
            Coefficients of the scaled active columns.
        constant, constant_low : ndarray of shape (k,)
            Intercept of the shifted columns.

        Returns
        -------
        PreciseGradient

        Notes
        -----
        Cost: ``20 n q`` operations for the slices and ``36 n q k`` for the products; memory of five blocks.
        """
        design = self.design
        k, q = z.shape[1], z.shape[0]
        scale = design.scale[:, np.newaxis]
        coef = (z * scale).T
        parts, tops = self._coefficients(coef, (z_low * scale).T)
        exact = np.zeros((design.block_count, PARTS, k, q + 1))
        small = np.zeros((design.block_count, k, q + 1))
        self._largest_target, self._largest_residual = np.zeros(k), np.zeros(k)
        ones = np.ones(min(design.rows_of_a_block, design.n_rows))
        for i, (first, second, rest, targets, weights) in enumerate(self.blocks()):
            high, low = self._residuals(first, second, rest, targets, parts, coef, constant, constant_low)
            if weights is not None:
                high, error = two_product(weights, high)
                low = error + weights * low
            residuals = self._residual_parts(high, low)
            by_first = (residuals @ first).reshape(PARTS, k, q)
            by_second = (residuals @ second).reshape(PARTS, k, q)
            sums = (residuals @ ones[: len(first)]).reshape(PARTS, k)
            exact[i, :3, :, :q], exact[i, 3, :, :q], exact[i, :3, :, q] = by_first[:3], by_second[0], sums[:3]
            small[i, :, :q] = by_first[3] + by_second[1] + by_second[2] + by_second[3] + high @ rest
            small[i, :, q] = sums[3]
        high, low = sum_rows(exact.reshape(-1, k, q + 1))
        high, low = two_sum(high, low + small.sum(axis=0))
        bound, sum_bound = self._bound(tops, constant_low, design.block_count)
        return PreciseGradient(
            high[:, :q].T * scale,
            low[:, :q].T * scale,
            bound.T * scale,
            high[:, q],
            low[:, q],
            sum_bound,
        )

    def _coefficients(self, coef: Floats, coef_low: Floats) -> tuple[Floats, Floats]:
        """Cut coefficients (k, q) into parts, (PARTS * k, q), and bound them, in units of the largest x, (k,)."""
        size = coef * self.top
        largest = np.abs(size).max(axis=1, initial=0.0)
        lift = (LIFT * power_above(largest))[:, np.newaxis]
        parts = np.empty((PARTS, *coef.shape))
        for part in parts[:-1]:
            lift = lift * 2.0**-self.coef_bits
            size = size - round_off(size, lift, out=part)
        np.add(size, coef_low * self.top, out=parts[-1])
        parts /= self.top
        return parts.reshape(PARTS * coef.shape[0], coef.shape[1]), 2 * largest

    def _residuals(
        self,
        first: Floats,
        second: Floats,
        rest: Floats,
        targets: Floats,
        parts: Floats,
        coef: Floats,
        constant: Floats,
        constant_low: Floats,
    ) -> tuple[Floats, Floats]:
        """Return the residuals of a block, (k, b), as two doubles."""
        shape = (PARTS, *targets.shape)
        by_first = (parts @ first.T).reshape(shape)
        by_second = (parts @ second.T).reshape(shape)
        high, low = two_sum(targets, -constant[:, np.newaxis])
        np.maximum(self._largest_target, np.abs(high).max(axis=1), out=self._largest_target)
        low -= constant_low[:, np.newaxis]
        for exact in (by_first[0], by_first[1], by_second[0], by_first[2]):
            high, error = two_sum(high, -exact)
            low += error
        low -= by_first[3] + by_second[1] + by_second[2] + by_second[3] + coef @ rest.T
        return high, low

    def _residual_parts(self, high: Floats, low: Floats) -> Floats:
        """Cut residuals (k, b) into parts, (PARTS * k, b)."""
        largest = np.abs(high).max(axis=1)
        np.maximum(self._largest_residual, largest, out=self._largest_residual)
        lift = (LIFT * power_above(largest))[:, np.newaxis]
        parts = np.empty((PARTS, *high.shape))
        for part in parts[:-1]:
            lift = lift * 2.0**-self.residual_bits
            high = high - round_off(high, lift, out=part)
        np.add(high, low, out=parts[-1])
        return parts.reshape(PARTS * high.shape[0], high.shape[1])

    def _bound(self, tops: Floats, constant_low: Floats, blocks: int) -> tuple[Floats, Floats]:
        """Bound the error of the sums with columns, (k, q), and with ones, (k,), in the units of the data.

        Relative to the largest x, coefficient and residual, second slices are at most e, f and g, the rest of a row e',
        and the last part of the others f^3 and g^3. Products with those round, as sums of q or b terms; all other
        products are exact. Exact sums are added with their errors, and the errors in double arithmetic. Over the rows,
        columns count by their lengths (the inequality of Cauchy and Schwarz).
        """
        u = UNIT_ROUNDOFF
        q, n, b = len(self.top), self.design.n_rows, self.design.rows_of_a_block
        e = self.coarseness
        rest = e * 2.0**-ROW_BITS
        f, g = 2.0**-self.coef_bits, 2.0**-self.residual_bits
        heaviest = 1.0 if self.design.data[2] is None else 2.0
        small = 10 * u * heaviest
        by_coef = small * q * (5 * u + 2 * e * f + f**3 + rest) + u * heaviest * (q + 2) * q * (f**3 + rest)
        rounded = u * ((b + 4) * (g**3 + rest) + (blocks + 5) * (g**3 + 2 * e * g + rest))
        rounded += 4 * blocks * (3 + log2(blocks)) * u**2 + 4 * u**2
        per_row = (
            self._largest_target * (5 * u * small)
            + tops * by_coef
            + np.abs(constant_low) * small
            + self._largest_residual * (2 * rounded)
        ) * (CAUTION * sqrt(n))
        return np.multiply.outer(per_row * sqrt(blocks), self.design.block_lengths), per_row * sqrt(n)
