"""Floats read as the decimals they were written as."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt


def shortest_decimals(values: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """Return each float as the shortest decimal that rounds to it, which is what `repr` prints.

    Parameters
    ----------
    values : ndarray of float64, float32, float16, integer or bool
        Each float is read in its own type: ``float32(0.1)`` is one tenth too. Integers are taken as they are.

    Returns
    -------
    ndarray of Fraction, of the same shape

    Raises
    ------
    ValueError
        For NaN and infinity, which no decimal stands for.

    Notes
    -----
    A decimal of up to 15 significant digits (6 in float32, 3 in float16) survives the way into a float and back. Fails
    when the numbers came from a computation: the shortest decimal is then another number, up to half a unit in the
    last place away, with no better claim than the float itself. Fails, too, when the file had more digits, or when a
    float32 was converted to float64 on the way.

    Cost: some microseconds and 200 bytes a number.
    Source: G. L. Steele and J. L. White, "How to print floating-point numbers accurately", PLDI 1990.

    Examples
    --------
    >>> shortest_decimals(np.array([0.1, 2.5]))
    array([Fraction(1, 10), Fraction(5, 2)], dtype=object)
    """
    values = np.asarray(values)
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise ValueError("NaN and infinity cannot be read as decimals: drop or replace them first.")
        # iterating over the array keeps each number in its own type, whose str is the shortest
        numbers = [Fraction(str(value)) for value in values.ravel()]
    else:
        numbers = [Fraction(int(value)) for value in values.ravel()]
    decimals = np.empty(values.size, dtype=object)
    decimals[:] = numbers
    return decimals.reshape(values.shape)


def decimal_columns(X: npt.NDArray[Any]) -> tuple[npt.NDArray[np.object_], dict[int, tuple[int, int]]]:
    """Read a table as decimals, and columns that are powers of another column as the powers of its decimals.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Floats or integers, as for `shortest_decimals`.

    Returns
    -------
    ndarray of Fraction, shape (n, p)
        The decimals; exact powers of them in the columns of powers.
    dict of int to (int, int)
        For each column that was read as a power: whose, and which.

    Notes
    -----
    A polynomial's powers are computed, not written down, and lose in their rounding what reading decimals was to
    keep. Column c counts as power k of column b where in every row ``|c - b**k| <= (2 k + 4) u |c|``: what rounding b,
    k - 1 products and the comparison itself explain, with u the unit roundoff of the type.

    Fails when a power was rounded for printing: it is then a decimal of its own, and read as such.
    Cost: p² comparisons of columns.

    Examples
    --------
    >>> x = np.array([[0.1], [0.7], [1.1]])
    >>> decimals, powers = decimal_columns(np.hstack([x, x**3]))
    >>> decimals[:, 1]
    array([Fraction(1, 1000), Fraction(343, 1000), Fraction(1331, 1000)],
          dtype=object)
    >>> powers
    {1: (0, 3)}
    """
    decimals = shortest_decimals(X)
    powers = {}
    for column in range(X.shape[1]):
        degrees = [_degree(X[:, base], X[:, column]) for base in range(X.shape[1])]
        degree = max(degrees)
        if degree > 1:
            powers[column] = degrees.index(degree), degree
    for column, (base, degree) in powers.items():
        decimals[:, column] = decimals[:, base] ** degree
    return decimals, powers


def _degree(base: npt.NDArray[Any], column: npt.NDArray[Any]) -> int:
    """Return k where a column is power k of another, to the last bits; 1 where it is none or k cannot be told."""
    unit_roundoff = np.finfo(base.dtype).eps / 2 if base.dtype.kind == "f" else 2.0**-53
    base, column = base.astype(np.float64), column.astype(np.float64)
    told = np.flatnonzero((base != 0) & (np.abs(base) != 1) & (column != 0))
    if not len(told):
        return 1
    sizes = np.log(np.abs(base[told]))
    clearest = np.argmax(np.abs(sizes))
    degree = np.rint(np.log(np.abs(column[told[clearest]])) / sizes[clearest])
    if degree < 2:
        return 1
    with np.errstate(over="ignore", under="ignore"):
        gap = np.abs(column - base**degree)
    return int(degree) if (gap <= (2 * degree + 4) * unit_roundoff * np.abs(column)).all() else 1
