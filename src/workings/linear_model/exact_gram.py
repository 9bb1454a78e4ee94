"""Least squares from the exact Gram matrix, for conditions at which residuals of 80 bits no longer decide a rounding.

The Gram matrix of the shifted columns, the targets and the ones is known to the last bit, so the gradient of any
coefficients is too: its square of the condition costs no digits. Coefficients are kept as whole multiples of a power of
two and corrected by an approximate inverse root until the bound of their error decides how they round; what lies on
a boundary between two doubles, as an exact zero does, is solved in rational numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import UNIT_ROUNDOFF, two_sum
from workings.arithmetic.exact_products import Block, exact_gram
from workings.arithmetic.rational import solve_exactly
from workings.arithmetic.rounding import decided
from workings.arithmetic.slices import MANTISSA_BITS, cut, power_above
from workings.linear_model.design import Design
from workings.linear_model.enclosure import LARGEST_CONTRACTION, Enclosure, Preconditioner
from workings.linear_model.moments import Floats
from workings.linear_model.residual import CAUTION

FRACTION_BITS = 320  # of coefficients relative to the largest: twice 40 for the condition, the rest for their spread
FINEST = 2.0**-200  # a bound relative to the largest coefficient, below which more corrections tell nothing
MOST_CORRECTIONS = 60
MOST_RATIONAL = 64  # columns for which elimination in rational numbers takes seconds
GRAM_BITS, GRAM_SLICES = 22, 6  # 132 bits: twice 40 for the condition, 52 to spare
ROOT_SLICES = 4
ONE = 1 << FRACTION_BITS
ZERO = Fraction(0)
TINY = 2.0**-1022

Integers = npt.NDArray[np.object_]
Rationals = npt.NDArray[np.object_]


@dataclass(frozen=True)
class ExactSystem:
    """The centred normal equations of a design without rounding, times a whole number.

    Parameters
    ----------
    gram, cross : ndarray of int, shape (q, q) and (q, k)
        Of the shifted columns divided by `tops`, and the shifted targets divided by `target_tops`.
    sums, target_sums : ndarray of int, shape (q,) and (k,)
        Sums of the columns and the targets; zeros without an intercept.
    count : int
        The sum of ones; 1 without an intercept.
    exponent : int
        ``gram / (count * 2**exponent)`` is the Gram matrix.
    complete : bool
        Whether every bit of the data went in.
    shift, tops : ndarray of shape (q,)
    target_tops : ndarray of shape (k,)
    """

    gram: Integers
    cross: Integers
    sums: Integers
    target_sums: Integers
    count: int
    exponent: int
    complete: bool
    shift: Floats
    tops: Floats
    target_tops: Floats


def exact_system(design: Design) -> ExactSystem:
    """Sum the normal equations of a design exactly.

    Parameters
    ----------
    design : Design

    Returns
    -------
    ExactSystem
    """
    q, k = len(design.active), design.n_targets
    target_tops: Floats = np.zeros(k)
    for _, B, _ in design.raw_blocks():
        np.maximum(target_tops, np.abs(B - design.shift_y).max(axis=0), out=target_tops)
    target_tops = power_above(CAUTION * target_tops)
    tops = power_above(CAUTION * design.block_lengths)
    ones = np.ones(int(design.centred))
    shift = np.concatenate([design.shift, design.shift_y, 0 * ones])
    whole = exact_gram(_tables(design, shift), np.concatenate([tops, target_tops, ones]), design.rows_of_a_block)
    inner, exponent = whole.integers, whole.exponent
    gram, cross = inner[:q, :q], inner[:q, q : q + k]
    sums, target_sums, count = np.zeros(q, dtype=object), np.zeros(k, dtype=object), 1
    if design.centred:
        sums, target_sums, count = inner[:q, -1], inner[q : q + k, -1], inner[-1, -1]
        gram = gram * count - np.multiply.outer(sums, sums)
        cross = cross * count - np.multiply.outer(sums, target_sums)
    return ExactSystem(gram, cross, sums, target_sums, count, exponent, whole.complete, design.shift, tops, target_tops)


def _tables(design: Design, shift: Floats) -> Iterator[Block]:
    for A, B, weights in design.raw_blocks():
        table = np.hstack([A, B, np.ones((len(A), int(design.centred)))])
        yield *two_sum(table, -shift), weights


def enclose_exactly(design: Design, root: Floats, first: Floats) -> Enclosure | None:
    """Return coefficients whose rounding is decided wherever the approximate inverse root is one.

    Parameters
    ----------
    design : Design
        The data.
    root : ndarray of shape (q, q)
        W, with ``W'GW`` near the identity, for the scaled active columns.
    first : ndarray of shape (q, k)
        Coefficients of the scaled active columns to start from.

    Returns
    -------
    Enclosure or None
        None where W is no approximate inverse root.

    Notes
    -----
    Cost: that of the exact Gram matrix, and ``q**2 k`` operations on integers of some 500 bits for each correction;
    a correction gains the bits of ``1 / |I - W'GW|``.
    """
    system = exact_system(design)
    stretch = (system.tops * design.scale)[:, np.newaxis]
    preconditioner = Preconditioner(root * stretch)
    a = _contraction(system, preconditioner)
    if not a < LARGEST_CONTRACTION:
        return None
    fixed = _fixed_point(first * stretch / system.target_tops)
    q, steps = len(root), list[float]()
    for _ in range(MOST_CORRECTIONS):
        residual = system.cross * ONE - system.gram.dot(fixed)
        gradient = _floats(residual, system.count << system.exponent + FRACTION_BITS)
        unit = power_above(np.abs(gradient).max(axis=0, initial=0.0))  # so that no square underflows
        correction, size = preconditioner.correct(gradient / unit)
        rounding = (q + 4) * UNIT_ROUNDOFF * preconditioner.spread(np.abs(gradient / unit))
        correction *= unit
        found = not residual.any()
        left = np.zeros_like(unit) if found else CAUTION * (size + rounding) / (1 - a) * unit + TINY
        enclosure = _enclosure(design, system, preconditioner, _fractions(fixed), left, found, tuple(steps))
        largest = np.abs(enclosure.values[:q]).max(axis=0, initial=0.0)
        if enclosure.decided or not (enclosure.bound[:q].max(axis=0, initial=0.0) > FINEST * largest).any():
            break
        fixed = fixed + _fixed_point(correction)
        steps.append(float(np.linalg.norm(correction)) / max(float(np.linalg.norm(_floats(fixed, ONE))), TINY))
    if enclosure.decided or not system.complete or q > MOST_RATIONAL:
        return enclosure
    solution = solve_exactly(system.gram, system.cross)
    return _enclosure(design, system, preconditioner, solution, np.zeros(design.n_targets), True, tuple(steps))


def _enclosure(
    design: Design,
    system: ExactSystem,
    preconditioner: Preconditioner,
    solution: Rationals,
    left: Floats,
    found: bool,
    steps: tuple[float, ...],
) -> Enclosure:
    """Round rational coefficients: those `found` exactly, or with ``left`` the bound of their error by its norm."""
    back = system.target_tops / (system.tops * design.scale)[:, np.newaxis]
    high, low = (part * back for part in _rounded(solution))
    bound = np.multiply.outer(preconditioner.row_norms, left) * back
    if design.centred:
        intercept, along = _intercept(design, system, solution)
        reach = float(np.linalg.norm(along @ preconditioner.root))
        reach += (len(along) + 4) * UNIT_ROUNDOFF * float(np.linalg.norm(np.abs(along) @ np.abs(preconditioner.root)))
        uncertain = CAUTION * reach * left * system.target_tops
        constant, constant_low = _rounded(intercept)
        high, low, bound = np.vstack([high, constant]), np.vstack([low, constant_low]), np.vstack([bound, uncertain])
    clear = found or bool(decided(high, low, bound, design.data[0].dtype).all())
    method = "rational arithmetic" if found else "exact Gram matrix"
    return Enclosure(high, low, bound, method, clear and system.complete, steps)


def _intercept(design: Design, system: ExactSystem, solution: Rationals) -> tuple[Rationals, Floats]:
    """Return the intercepts, (k,), and how much they change with the coefficients, (q,)."""
    place = [
        Fraction(int(total), system.count) + Fraction(shift) / Fraction(top)
        for total, shift, top in zip(system.sums, system.shift.tolist(), system.tops.tolist(), strict=True)
    ]
    intercepts = np.empty(design.n_targets, dtype=object)
    for target, column in enumerate(solution.T):
        mean = Fraction(int(system.target_sums[target]), system.count)
        share = sum((a * b for a, b in zip(place, column, strict=True)), ZERO)
        top, shift = float(system.target_tops[target]), float(design.shift_y[target])
        intercepts[target] = Fraction(shift) + Fraction(top) * (mean - share)
    return intercepts, np.array([float(value) for value in place])


def _contraction(system: ExactSystem, preconditioner: Preconditioner) -> float:
    """Bound ``|I - W'GW|`` for the exact G, by products of slices of both."""
    root = preconditioner.root
    q = len(root)
    exponent = max((int(value).bit_length() for value in system.gram.diagonal()), default=0) + 1
    size = (1 << exponent) / (system.count << system.exponent)
    bits = MANTISSA_BITS - GRAM_BITS - 1 - q.bit_length()
    slices, rest = cut(root, power_above(np.abs(root).max(axis=0, initial=0.0)), bits, ROOT_SLICES)
    high: Floats = np.zeros((q, q))
    low: Floats = np.zeros((q, q))
    left = system.gram
    for level in range(1, GRAM_SLICES + 1):
        unit = 1 << max(exponent - GRAM_BITS * level, 0)
        digits = (left + unit // 2) // unit
        left = left - digits * unit
        part = digits.astype(np.float64) * (unit / (1 << exponent))
        for other in slices:
            high, error = two_sum(high, part @ other)
            low += error
        low += part @ rest
    product = size * (high + low)
    defect = root.T @ product
    defect.flat[:: q + 1] -= 1.0
    lengths = np.sqrt([int(value) / (system.count << system.exponent) for value in system.gram.diagonal()])
    magnitude = np.abs(root)
    reach = lengths @ magnitude
    rounding = (q + 4) * UNIT_ROUNDOFF * float(np.linalg.norm(magnitude.T @ np.abs(product)))
    rounding += 512 * UNIT_ROUNDOFF**2 * float(reach @ reach)
    rounding += q * 2.0 ** (-GRAM_BITS * GRAM_SLICES) * size * float(np.linalg.norm(root)) ** 2
    return CAUTION * (float(np.linalg.norm(defect)) + rounding)


def _fixed_point(values: Floats) -> Integers:
    """Return whole multiples of ``2**-FRACTION_BITS``."""
    fixed = np.empty(values.size, dtype=object)
    fixed[:] = [int(Fraction(value) * ONE) for value in values.ravel().tolist()]
    return fixed.reshape(values.shape)


def _fractions(fixed: Integers) -> Rationals:
    fractions = np.empty(fixed.size, dtype=object)
    fractions[:] = [Fraction(value, ONE) for value in fixed.ravel()]
    return fractions.reshape(fixed.shape)


def _floats(integers: Integers, denominator: int) -> Floats:
    return np.array([value / denominator for value in integers.ravel()], dtype=np.float64).reshape(integers.shape)


def _rounded(exact: Rationals) -> tuple[Floats, Floats]:
    """Return rational numbers rounded to double, and what that left over."""
    high = np.array([float(value) for value in exact.ravel()])
    low = np.array([float(value - Fraction(top)) for value, top in zip(exact.ravel(), high.tolist(), strict=True)])
    return high.reshape(exact.shape), low.reshape(exact.shape)
