"""Least squares in rational numbers: the exact answer for the numbers passed in, and its correct roundings.

Every double is a rational number, and least squares takes nothing but sums, products and one division: no rounding
is needed anywhere. Square roots, for standard errors, are rounded once, correctly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, isqrt, lcm
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.NDArray[Any]
"""Doubles, integers or (type object) Fractions and Python integers: whatever has ``as_integer_ratio``."""

Rationals = npt.NDArray[np.object_]


@dataclass(frozen=True)
class ExactFit:
    """The least-squares solution as rational numbers, and its correct roundings.

    Parameters
    ----------
    coef : tuple of tuple of Fraction
        One row a target, one entry a feature.
    intercept : tuple of Fraction
        One entry a target; zeros without an intercept.
    rank : int
        Exact rank of the design (centred when there is an intercept).
    shape : tuple of int
        Shape of ``coef_`` in scikit-learn's convention: (p,) for a one-dimensional y, else (targets, p).
    residual_squares : tuple of Fraction
        Weighted sum of squared residuals of each target.
    gram : ndarray of shape (q, q), object
        Weighted products of the columns of [1 X] (of X without an intercept), in units of their own.
    units : tuple of Fraction
        Unit of each of these columns.
    """

    coef: tuple[tuple[Fraction, ...], ...]
    intercept: tuple[Fraction, ...]
    rank: int
    shape: tuple[int, ...]
    residual_squares: tuple[Fraction, ...]
    gram: Rationals = field(repr=False, compare=False)
    units: tuple[Fraction, ...] = field(repr=False, compare=False)

    @property
    def coef_(self) -> npt.NDArray[np.float64]:
        """The coefficients, each correctly rounded to float64."""
        return np.array([[float(value) for value in row] for row in self.coef]).reshape(self.shape)

    @property
    def intercept_(self) -> npt.NDArray[np.float64]:
        """The intercepts, each correctly rounded; of shape () for a one-dimensional y."""
        return np.array([float(value) for value in self.intercept]).reshape(self.shape[:-1])

    def inverse_diagonal(self) -> list[Fraction]:
        """Diagonal of the inverse of [1 X]'W[1 X] (of X'WX without an intercept), in the units of the data."""
        inverse = solve_exactly(self.gram, np.eye(len(self.units), dtype=int))
        return [inverse[j, j] / unit**2 for j, unit in enumerate(self.units)]

    def standard_errors(self, degrees_of_freedom: int) -> npt.NDArray[np.float64]:
        """Return the standard errors, correctly rounded; the intercept's first, then the features'.

        Parameters
        ----------
        degrees_of_freedom : int
            Of the residual: what its sum of squares is divided by.

        Returns
        -------
        ndarray of shape (targets, q)
        """
        diagonal = self.inverse_diagonal()
        variances = [squares / degrees_of_freedom for squares in self.residual_squares]
        return np.array([[square_root(variance * value) for value in diagonal] for variance in variances])

    def predict(self, X: Numbers) -> npt.NDArray[np.float64]:
        """Exact predictions at the rows of X, each correctly rounded to float64."""
        return np.array([[float(value) for value in row] for row in self.predict_exactly(X)], dtype=np.float64).reshape(
            (len(X), *self.shape[:-1])
        )

    def predict_exactly(self, X: Numbers) -> list[list[Fraction]]:
        """Rows of predictions; one common denominator a target keeps the sums in integers."""
        columns, units = integers(X)
        fitted = []
        for row, intercept in zip(self.coef, self.intercept, strict=True):
            scaled = [value * unit for value, unit in zip(row, units, strict=True)]
            denominator = lcm(*(value.denominator for value in (*scaled, intercept)))
            numerators = np.array([int(value * denominator) for value in scaled], dtype=object)
            offset = int(intercept * denominator)
            fitted.append([Fraction(int(total) + offset, denominator) for total in columns @ numerators])
        return [list(row) for row in zip(*fitted, strict=True)]


def least_squares(
    X: Numbers, y: Numbers, *, fit_intercept: bool = True, sample_weight: Numbers | None = None
) -> ExactFit:
    """Solve least squares exactly: normal equations in integers, elimination without fractions.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Doubles, integers or Fractions; not changed.
    y : ndarray of shape (n,) or (n, targets)
    fit_intercept : bool
    sample_weight : ndarray of shape (n,), optional
        Non-negative weights; the numbers count as they are.

    Returns
    -------
    ExactFit

    Raises
    ------
    ValueError
        When the design is rank-deficient in exact arithmetic: then no single answer exists. For NaN.
    OverflowError
        For infinity.

    Notes
    -----
    Each column is written as integers times a unit, so the Gram matrix is one of integers too; see `solve_exactly`.
    Cost: n p² products of some 100-bit integers, then p³/6 steps of the elimination.
    Fails when (is slow) n p² passes 1e8 or p passes 100.

    Examples
    --------
    >>> least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 6.0])).coef
    ((Fraction(5, 2),),)
    """
    a, units = integers(np.column_stack([np.ones(len(X), dtype=int), X]) if fit_intercept else X)
    b, target_units = integers(y.reshape(len(y), -1))
    weights, (weight_unit,) = integers(
        np.ones((len(X), 1), dtype=int) if sample_weight is None else sample_weight[:, np.newaxis]
    )
    gram = (a.T * weights[:, 0]) @ a * weight_unit
    cross = (a.T * weights[:, 0]) @ b * weight_unit
    squares = (b * b * weights).sum(axis=0) * weight_unit
    solution = solve_exactly(gram, cross)
    residual_squares = squares - (solution * cross).sum(axis=0)
    coef = [
        [value * target_unit / unit for value, unit in zip(column, units, strict=True)]
        for column, target_unit in zip(solution.T, target_units, strict=True)
    ]
    start = int(fit_intercept)
    p = len(units) - start
    return ExactFit(
        coef=tuple(tuple(column[start:]) for column in coef),
        intercept=tuple(column[0] if fit_intercept else Fraction(0) for column in coef),
        rank=p,
        shape=(p,) if y.ndim == 1 else (len(coef), p),
        residual_squares=tuple(value * unit**2 for value, unit in zip(residual_squares, target_units, strict=True)),
        gram=gram,
        units=tuple(units),
    )


def solve_exactly(gram: Numbers, cross: Numbers) -> Rationals:
    """Solve ``gram @ z = cross`` in rational numbers, for a positive definite matrix.

    Parameters
    ----------
    gram : ndarray of shape (p, p)
        Symmetric: doubles, integers or Fractions; only the upper triangle is read. Not changed.
    cross : ndarray of shape (p,) or (p, k)
        Right-hand sides.

    Returns
    -------
    ndarray of Fraction, shape of `cross`

    Raises
    ------
    ValueError
        When the matrix is singular or has a negative pivot.

    Notes
    -----
    Elimination without fractions divides exactly, because each intermediate number is a minor of the matrix:

        g_ij <- (g_kk g_ij - g_ik g_kj) / g_(k-1)(k-1).

    The matrix stays symmetric, and a positive semidefinite one needs no pivoting: a zero pivot has a zero row.
    Cost: p³/6 such steps, with integers of up to p times as many bits as the entries have.
    Fails when (is slow) p passes 100, or when entries of very different size share one denominator: scale rows and
    columns by powers of two first.

    Source: E. H. Bareiss, "Sylvester's identity and multistep integer-preserving Gaussian elimination", Mathematics
    of Computation 22 (1968), 565-578.

    Examples
    --------
    >>> solve_exactly(np.array([[2, 1], [1, 3]]), np.array([1, 0]))
    array([Fraction(3, 5), Fraction(-1, 5)], dtype=object)
    """
    p = len(gram)
    right = cross if cross.ndim == 2 else cross[:, np.newaxis]
    upper, (unit,) = integers(gram[np.triu_indices(p)][:, np.newaxis])
    sides, side_units = integers(right)
    table = [[0] * i + row for i, row in enumerate(_triangle(upper[:, 0].tolist(), p))]
    table = [left + side for left, side in zip(table, sides.tolist(), strict=True)]
    rank = _eliminate(table, p)
    if rank < p:
        raise ValueError(f"The design has rank {rank} of {p} in exact arithmetic: many answers fit equally well.")
    solution = np.array(_back_substitute(table, p), dtype=object).reshape(right.shape[1], p).T
    scaled: Rationals = solution * (np.array(side_units, dtype=object) / unit)
    return scaled.reshape(cross.shape)


def square_root(value: Fraction) -> float:
    """Return the square root of a non-negative rational number, correctly rounded to double.

    Parameters
    ----------
    value : Fraction

    Returns
    -------
    float

    Notes
    -----
    The integer square root is taken of ``value * 4**shift``, so large that it has 64 bits or more; a last bit of 1
    stands for what it left over, so the one rounding to double that follows goes the right way.

    Examples
    --------
    >>> square_root(Fraction(2)), square_root(Fraction(1, 4))
    (1.4142135623730951, 0.5)
    """
    numerator, denominator = value.as_integer_ratio()
    shift = max(0, 66 - (numerator.bit_length() - denominator.bit_length()) // 2)
    root = isqrt((numerator << 2 * shift) // denominator)
    exact = root * root * denominator == numerator << 2 * shift
    return float(Fraction(2 * root + (not exact), 2 << shift))


def integers(columns: Numbers) -> tuple[Rationals, list[Fraction]]:
    """Return a matrix's columns as integers m without a common factor, and the unit u of each: ``x = m u``.

    Parameters
    ----------
    columns : ndarray of shape (n, p)

    Returns
    -------
    ndarray of int, type object, shape (n, p)
    list of Fraction, length p
    """
    whole, units = [], []
    for column in columns.T.tolist():
        pairs = [value.as_integer_ratio() for value in column]
        denominator = lcm(*{below for _, below in pairs})
        numerators = [above * (denominator // below) for above, below in pairs]
        factor = gcd(*numerators) or 1
        whole.append([value // factor for value in numerators])
        units.append(Fraction(factor, denominator))
    return np.array(whole, dtype=object).reshape(columns.shape[::-1]).T, units


def _triangle(entries: list[int], p: int) -> list[list[int]]:
    """Return the rows of an upper triangle, from the diagonal on."""
    starts = [i * p - i * (i - 1) // 2 for i in range(p + 1)]
    return [entries[starts[i] : starts[i + 1]] for i in range(p)]


def _eliminate(table: list[list[int]], p: int) -> int:
    """Eliminate above the diagonal and to the right, in place; return the rank of the leading p x p block."""
    previous, rank = 1, 0
    for k in range(p):
        row, pivot = table[k], table[k][k]
        if pivot < 0:
            raise ValueError(f"The matrix is not positive semidefinite: pivot {k} is negative in exact arithmetic.")
        if pivot == 0:
            continue
        rank += 1
        for i in range(k + 1, p):
            factor = row[i]
            below = table[i]
            below[i:] = [
                (pivot * value - factor * above) // previous for value, above in zip(below[i:], row[i:], strict=True)
            ]
        previous = pivot
    return rank


def _back_substitute(table: list[list[int]], p: int) -> list[list[Fraction]]:
    """Solve the eliminated system by Cramer's numerators, which are integers over the last pivot."""
    if p == 0:
        return []
    determinant = table[p - 1][p - 1]
    solutions = []
    for column in range(p, len(table[0])):
        numerators = [0] * p
        for i in reversed(range(p)):
            known = sum(table[i][j] * numerators[j] for j in range(i + 1, p))
            numerators[i] = (determinant * table[i][column] - known) // table[i][i]
        solutions.append([Fraction(value, determinant) for value in numerators])
    return solutions
