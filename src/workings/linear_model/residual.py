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

from workings.arithmetic.error_free import UNIT_ROUNDOFF, sum_rows, two_product, two_sum
from workings.arithmetic.slices import LIFT, MANTISSA_BITS, MOST_BITS, power_above, round_off
from workings.linear_model.design import Design
from workings.linear_model.moments import Floats

ROW_BITS = 26  # of a slice of a row of X
COARSEST = 2.0**-7  # unit of the first slices, relative to the largest x, up to which the bounds hold
FOLDED = 256  # blocks whose sums are kept apart
CAUTION = 1.01  # bounds are themselves computed in double arithmetic


@dataclass(frozen=True)
class PreciseGradient:
    """Products of columns and residuals for given coefficients.

    Parameters
    ----------
    total : ndarray of shape (m, k)
        For the shifted, scaled active columns and, with an intercept, the column of ones, which is the last.
    bound : ndarray of shape (m, k)
        Of its error, but for the last rounding.
    """

    total: Floats
    bound: Floats


class SlicedRows:
    """The shifted columns of a design, cut into two slices and a rest.

    Parameters
    ----------
    design : Design
        The data.
    parts : int, default=4
        Into how many parts coefficients and residuals are cut: slices of them, and what is left.

    Notes
    -----
    Of a column whose length in no block of b rows exceeds ``2**e``, the first slice holds multiples of ``2**(e - 26)``,
    the second of ``2**(e - 52)``; the rest is at most half of that. Where shifts are large, x itself has fewer bits
    below ``2**e``, and the units are coarser. The shift is rounded to a multiple of the first unit, so that taking it
    from the first slice is exact.
    """

    def __init__(self, design: Design, parts: int = 4) -> None:
        self.design = design
        self.parts = parts
        self.top = power_above(CAUTION * design.block_lengths)
        highest = self.top.max(initial=0.0)
        # one unit for all columns is quicker, NumPy being slow on short rows, and costs no more than two bits
        self.uniform = bool(highest <= 4.0 * self.top.min(initial=np.inf))
        if self.uniform:
            self.top[:] = highest
        shift = design.shift
        self.coarseness = 2.0**-ROW_BITS
        if shift.any():
            # one for all columns, so that their products share a unit; and x is at most 2**51 of its units
            self.coarseness = max(self.coarseness, float((8 * np.spacing(np.abs(shift)) / self.top).max()))
        self.unit = self.top * self.coarseness
        self.shift = np.rint(shift / self.unit) * self.unit
        q, b = len(self.top), design.rows_of_a_block
        most = MOST_BITS // (parts - 1)
        self.coef_bits = min(MANTISSA_BITS - 1 - ROW_BITS - (q + 1).bit_length(), most)
        self.residual_bits = min(MANTISSA_BITS + 1 - ROW_BITS - b.bit_length(), most)

    @property
    def drift(self) -> Floats:
        """How much the rounded shift is less than the design's, in scaled columns, shape (q,)."""
        drift: Floats = (self.design.shift - self.shift) * self.design.scale
        return drift

    def blocks(self) -> Iterator[tuple[Floats, Floats, Floats, Floats, Floats | None]]:
        """Yield first slices, second slices and rests, (b, q) each, targets (k, b) and weights (b,)."""
        shape = (self.design.rows_of_a_block, len(self.top))
        first, second, rest = np.empty(shape), np.empty(shape), np.empty(shape)
        if self.uniform:
            lift = np.full((1, 1), LIFT * self.unit.max(initial=0.0))
        else:
            lift = np.repeat([LIFT * self.unit], shape[0], axis=0)
        lower = lift * 2.0**-ROW_BITS
        shift = np.repeat([self.shift], shape[0], axis=0) if self.shift.any() else None
        for A, B, weights in self.design.raw_blocks():
            n = len(A)
            first, second, rest = first[:n], second[:n], rest[:n]
            round_off(A, lift[:n], out=first)
            np.subtract(A, first, out=rest)
            if shift is not None:
                np.subtract(first, shift[:n], out=first)
            round_off(rest, lower[:n], out=second)
            np.subtract(rest, second, out=rest)
            yield first, second, rest, B.T, weights

    def gradient(self, values: Floats, values_low: Floats) -> PreciseGradient:
        """Return the products of columns and residuals.

        Parameters
        ----------
        values, values_low : ndarray of shape (m, k)
            Coefficients of the scaled active columns and, with an intercept, of the column of ones.

        Returns
        -------
        PreciseGradient

        Notes
        -----
        Cost: ``20 n q`` operations for the slices and ``36 n q k`` for the products; memory of five blocks.
        """
        design = self.design
        q, (m, k) = len(self.top), values.shape
        scale = np.ones((m, 1))
        scale[:q, 0] = design.scale
        coef, coef_low = (values * scale).T, (values_low * scale).T
        constant, constant_low = (coef[:, q:], coef_low[:, q:]) if m > q else (np.zeros((k, 1)), np.zeros((k, 1)))
        coef = coef[:, :q]
        parts, tops = self._coefficients(coef, coef_low[:, :q])
        sums: list[Floats] = []
        rest_of_sums: Floats = np.zeros((k, m))
        largest_target, largest_residual = np.zeros(k), np.zeros(k)
        ones = np.ones((design.rows_of_a_block, m - q))
        for first, second, rest, targets, weights in self.blocks():
            high, low = two_sum(targets, -constant)
            np.maximum(largest_target, np.abs(high).max(axis=1), out=largest_target)
            high, low = self._residuals(high, low - constant_low, parts, coef, first, second, rest)
            if weights is not None:
                high, error = two_product(weights, high)
                low = error + weights * low
            largest = np.abs(high).max(axis=1)
            np.maximum(largest_residual, largest, out=largest_residual)
            residuals = self._cut(high, low, largest, self.residual_bits).reshape(self.parts * k, len(first))
            by_first = (residuals @ first).reshape(self.parts, k, q)
            by_second = (residuals @ second).reshape(self.parts, k, q)
            by_ones = (residuals @ ones[: len(first)]).reshape(self.parts, k, m - q)
            exact = np.zeros((self.parts, k, m))
            exact[:-1, :, :q], exact[-1, :, :q], exact[:-1, :, q:] = by_first[:-1], by_second[0], by_ones[:-1]
            sums.append(exact)
            rest_of_sums[:, :q] += by_first[-1] + by_second[1:].sum(axis=0) + high @ rest
            rest_of_sums[:, q:] += by_ones[-1]
            if len(sums) == FOLDED:
                folded, error = sum_rows(np.concatenate(sums))
                sums, rest_of_sums = [folded[np.newaxis]], rest_of_sums + error
        high, low = sum_rows(np.concatenate(sums))
        total = high + (low + rest_of_sums)
        bound = self._bound(tops, np.abs(constant_low[:, 0]), largest_target, largest_residual, m)
        return PreciseGradient(total.T * scale, bound.T * scale)

    def _coefficients(self, coef: Floats, coef_low: Floats) -> tuple[Floats, Floats]:
        """Cut coefficients (k, q) into parts, (parts * k, q), and bound them, in units of the largest x, (k,)."""
        size = coef * self.top
        largest = np.abs(size).max(axis=1, initial=0.0)
        parts = self._cut(size, coef_low * self.top, largest, self.coef_bits)
        parts /= self.top
        return parts.reshape(len(parts) * coef.shape[0], coef.shape[1]), 2 * largest

    def _residuals(
        self, high: Floats, low: Floats, parts: Floats, coef: Floats, first: Floats, second: Floats, rest: Floats
    ) -> tuple[Floats, Floats]:
        """Take the columns' share from targets ``high + low``, (k, b); return two doubles."""
        shape = (self.parts, *high.shape)
        by_first = (parts @ first.T).reshape(shape)
        by_second = (parts @ second.T).reshape(shape)
        low = low - (by_first[-1] + by_second[1:].sum(axis=0) + coef @ rest.T)
        for exact in (*by_first[:-1], by_second[0]):
            high, error = two_sum(high, -exact)
            low += error
        return two_sum(high, low)

    def _cut(self, high: Floats, low: Floats, largest: Floats, bits: int) -> Floats:
        """Cut ``high + low``, (k, m), no more than `largest`, (k,), into slices of so many bits and the rest."""
        fractions = np.array([LIFT * 2.0 ** (-bits * s) for s in range(1, self.parts)])
        parts = np.empty((self.parts, *high.shape))
        round_off(high, np.multiply.outer(fractions, power_above(largest))[:, :, np.newaxis], out=parts[:-1])
        np.add(high - parts[-2], low, out=parts[-1])
        parts[1:-1] -= parts[:-2].copy()
        return parts

    def _bound(
        self, tops: Floats, constant_low: Floats, largest_target: Floats, largest_residual: Floats, m: int
    ) -> Floats:
        """Bound the error of the sums, (k, m), in the units of the data.

        Relative to the largest x, coefficient and residual, second slices are at most e, f and g, and last parts e', f'
        and g'. Products with those round, as sums of q or b terms; all other products are exact. Exact sums are added
        with their errors, and the errors in double arithmetic. Over the rows, columns count by their lengths (the
        inequality of Cauchy and Schwarz).
        """
        u = UNIT_ROUNDOFF
        q, n, b, blocks = len(self.top), self.design.n_rows, self.design.rows_of_a_block, self.design.block_count
        e = self.coarseness
        rest = e * 2.0**-ROW_BITS
        f, g = 2.0**-self.coef_bits, 2.0**-self.residual_bits
        last_f, last_g = f ** (self.parts - 1), g ** (self.parts - 1)
        heaviest = 1.0 if self.design.data[2] is None else 2.0
        wide = 4 * CAUTION * sqrt(b)  # second slices and rests are bounded by the top, not by the length
        small = 10 * u * heaviest
        by_coef = small * q * (5 * u + 2 * e * f + last_f + rest) + u * heaviest * (q + 2) * q * (last_f + rest)
        rounded = u * ((b + 4) * (last_g + wide * rest) + (blocks + 5) * (last_g + wide * (2 * e * g + rest)))
        rounded += 4 * blocks * (3 + log2(blocks)) * u**2 + 4 * u**2
        per_row = largest_target * (5 * u * small) + tops * by_coef + constant_low * small
        per_row = (per_row + largest_residual * (2 * rounded)) * (CAUTION * sqrt(n))
        lengths = np.full(m, sqrt(n))
        lengths[:q] = (self.design.block_lengths + sqrt(b) * self.unit) * sqrt(blocks)
        bound: Floats = np.multiply.outer(per_row, lengths)
        return bound
