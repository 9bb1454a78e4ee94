"""The exact least-squares answer of the doubles passed in, by integer arithmetic: the judge of every difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.object_]


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
    """

    coef: tuple[tuple[Fraction, ...], ...]
    intercept: tuple[Fraction, ...]
    rank: int
    shape: tuple[int, ...]

    @property
    def coef_(self) -> Floats:
        """The coefficients, each correctly rounded to float64."""
        return np.array([[float(value) for value in row] for row in self.coef]).reshape(self.shape)

    @property
    def intercept_(self) -> Floats:
        """The intercepts, each correctly rounded; of shape () for a one-dimensional y."""
        return np.array([float(value) for value in self.intercept]).reshape(self.shape[:-1])

    def predict(self, X: Floats) -> Floats:
        """Exact predictions at the rows of X, each correctly rounded to float64."""
        return np.array([[float(value) for value in row] for row in self.predict_exactly(X)], dtype=np.float64).reshape(
            (len(X), *self.shape[:-1])
        )

    def score(self, X: Floats, y: Floats, sample_weight: Floats | None = None) -> float:
        """R² of the exact predictions, averaged over targets as scikit-learn does, correctly rounded."""
        weights = [Fraction(w) for w in (np.ones(len(X)) if sample_weight is None else sample_weight).tolist()]
        truth = [[Fraction(value) for value in row] for row in y.reshape(len(y), -1).tolist()]
        fitted = self.predict_exactly(X)
        total, scores = sum(weights), []
        for k in range(len(self.coef)):
            mean = sum((w * row[k] for w, row in zip(weights, truth, strict=True)), Fraction(0)) / total
            residual = sum(
                (w * (t[k] - f[k]) ** 2 for w, t, f in zip(weights, truth, fitted, strict=True)), Fraction(0)
            )
            spread = sum((w * (t[k] - mean) ** 2 for w, t in zip(weights, truth, strict=True)), Fraction(0))
            scores.append(1 - residual / spread)
        return float(sum(scores, Fraction(0)) / len(scores))

    def predict_exactly(self, X: Floats) -> list[list[Fraction]]:
        """Rows of predictions; one common denominator a target keeps the sums in integers."""
        columns, exponents = _integers(X)
        fitted = []
        for row, intercept in zip(self.coef, self.intercept, strict=True):
            scaled = [value / _power_of_two(e) for value, e in zip(row, exponents, strict=True)]
            denominator = lcm(*(value.denominator for value in (*scaled, intercept)))
            numerators = np.array([int(value * denominator) for value in scaled], dtype=object)
            offset = int(intercept * denominator)
            fitted.append([Fraction(int(total) + offset, denominator) for total in columns @ numerators])
        return [list(row) for row in zip(*fitted, strict=True)]


def least_squares(X: Floats, y: Floats, *, fit_intercept: bool = True, sample_weight: Floats | None = None) -> ExactFit:
    """Solve least squares exactly: normal equations in integers, fraction-free elimination (Bareiss 1968).

    Every double is an integer times a power of two, so ``G = A'WA`` and ``A'Wy`` are integers after one scaling
    a column. Elimination without fractions divides exactly,

        g_ij <- (g_kk g_ij - g_ik g_kj) / g_(k-1)(k-1),

    and a positive semidefinite G needs no pivoting: a zero pivot has a zero row, and counts as lost rank.

    Parameters
    ----------
    X : ndarray of shape (n, p), float64
    y : ndarray of shape (n,) or (n, targets), float64
    fit_intercept : bool
    sample_weight : ndarray of shape (n,), float64, optional
        Non-negative weights; the doubles count as they are.

    Returns
    -------
    ExactFit

    Raises
    ------
    ValueError
        When the design is rank-deficient in exact arithmetic: then no single answer exists.

    Notes
    -----
    Cost: n p² products of some 100-bit integers and p³/3 of up to p times 100 bits: 569 x 30 takes under a second.
    Fails when (is slow) n or p grow far beyond 1000 x 30.

    References
    ----------
    Bareiss, E. H. (1968), "Sylvester's identity and multistep integer-preserving Gaussian elimination",
    Mathematics of Computation 22, 565-578.

    Examples
    --------
    >>> least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 6.0])).coef
    ((Fraction(5, 2),),)
    """
    design = np.column_stack([np.ones(len(X)), X]) if fit_intercept else X
    targets = y.reshape(len(y), -1)
    a, exponents = _integers(design)
    b, target_exponents = _integers(targets)
    weights = np.ones(len(X), dtype=object) if sample_weight is None else _integers(sample_weight[:, None])[0][:, 0]
    weighted = a.T * weights
    table = [[int(value) for value in row] for row in np.column_stack([weighted @ a, weighted @ b])]
    p = a.shape[1]
    rank = _eliminate(table, p)
    if rank < p:
        raise ValueError(f"The design has rank {rank} of {p} in exact arithmetic: many answers fit equally well.")
    solution = [
        [value * _power_of_two(e - target) for value, e in zip(column, exponents, strict=True)]
        for column, target in zip(_back_substitute(table, p), target_exponents, strict=True)
    ]
    start = int(fit_intercept)
    return ExactFit(
        coef=tuple(tuple(column[start:]) for column in solution),
        intercept=tuple(column[0] if fit_intercept else Fraction(0) for column in solution),
        rank=rank - start,
        shape=(p - start,) if y.ndim == 1 else (targets.shape[1], p - start),
    )


def correct_digits(value: npt.ArrayLike, exact: Sequence[Fraction]) -> float:
    """Correct significant digits of the worst entry, -log10 |v - e| / |e|, at most 17 (an exact double scores 17).

    Parameters
    ----------
    value : array-like of float
        Computed numbers; an entry that is not finite scores 0.
    exact : sequence of Fraction
        Their exact values, in the same (flattened) order. Where the exact value is 0 the error counts absolutely.

    Returns
    -------
    float
        Between 0 and 17; NIST calls it the LRE.

    Examples
    --------
    >>> round(correct_digits([3.14], [Fraction(22, 7)]), 2)
    3.04
    """
    worst = 17.0
    for computed, truth in zip(np.ravel(np.asarray(value, dtype=np.float64)).tolist(), exact, strict=True):
        if not np.isfinite(computed):
            return 0.0
        error = abs(Fraction(computed) - truth)
        if error:
            relative = float(error / abs(truth)) if truth else float(error)
            worst = min(worst, max(0.0, -float(np.log10(relative))) if relative else 17.0)
    return worst


def _integers(columns: Floats) -> tuple[Integers, list[int]]:
    """Columns as integers m with x = m / 2**e, one exponent e a column."""
    scaled, exponents = [], []
    for column in columns.T.tolist():
        pairs = [value.as_integer_ratio() for value in column]
        exponent = max(denominator.bit_length() - 1 for _, denominator in pairs)
        scaled.append([numerator << (exponent - denominator.bit_length() + 1) for numerator, denominator in pairs])
        exponents.append(exponent)
    return np.array(scaled, dtype=object).T, exponents


def _power_of_two(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def _eliminate(table: list[list[int]], p: int) -> int:
    """Eliminate in place; return the rank of the leading p x p block."""
    previous, rank = 1, 0
    for k in range(p):
        pivot = table[k][k]
        if pivot == 0:
            continue
        rank += 1
        for i in range(k + 1, p):
            factor = table[i][k]
            table[i] = [
                (pivot * value - factor * above) // previous for value, above in zip(table[i], table[k], strict=True)
            ]
        previous = pivot
    return rank


def _back_substitute(table: list[list[int]], p: int) -> list[list[Fraction]]:
    """Solve the eliminated system by Cramer's numerators, which are integers over the last pivot."""
    determinant = table[p - 1][p - 1]
    solutions = []
    for column in range(p, len(table[0])):
        numerators = [0] * p
        for i in reversed(range(p)):
            known = sum(table[i][j] * numerators[j] for j in range(i + 1, p))
            numerators[i] = (determinant * table[i][column] - known) // table[i][i]
        solutions.append([Fraction(value, determinant) for value in numerators])
    return solutions


def nonnegative_least_squares(X: Floats, y: Floats, *, fit_intercept: bool = True) -> ExactFit:
    """Solve least squares with non-negative coefficients exactly: Lawson and Hanson's active sets in fractions.

    Parameters
    ----------
    X : ndarray of shape (n, p), float64
    y : ndarray of shape (n,), float64
    fit_intercept : bool
        The intercept is free of sign.

    Returns
    -------
    ExactFit
        Coefficients off the support are 0. It satisfies the Karush-Kuhn-Tucker conditions exactly: positive on the
        support, and no other column has a positive product with the residual.

    Raises
    ------
    ValueError
        When columns are dependent in exact arithmetic, or when no coefficient is positive.

    References
    ----------
    Lawson, C. L. and Hanson, R. J. (1974), "Solving Least Squares Problems", chapter 23.
    """
    coef = [Fraction(0)] * X.shape[1]
    support: list[int] = []
    fit: ExactFit | None = None
    while True:
        gradient = _gradient(X, y, support, fit, fit_intercept)
        entering = [j for j in range(X.shape[1]) if j not in support and gradient[j] > 0]
        if not entering:
            break
        support = sorted([*support, max(entering, key=lambda j: gradient[j])])
        while True:
            fit = least_squares(X[:, support], y, fit_intercept=fit_intercept)
            proposal = dict(zip(support, fit.coef[0], strict=True))
            negative = [j for j in support if proposal[j] <= 0]
            if not negative:
                coef = [proposal.get(j, Fraction(0)) for j in range(X.shape[1])]
                break
            step = min(coef[j] / (coef[j] - proposal[j]) for j in negative)
            coef = [value + step * (proposal.get(j, Fraction(0)) - value) for j, value in enumerate(coef)]
            support = [j for j in support if coef[j] > 0]
    if fit is None:
        raise ValueError("No coefficient is positive: the answer is the intercept alone.")
    return ExactFit((tuple(coef),), fit.intercept, fit.rank, (len(coef),))


def _gradient(X: Floats, y: Floats, support: Sequence[int], fit: ExactFit | None, centred: bool) -> list[Fraction]:
    """Products of the columns with the residual of a fit; of the mean, or of zero, where there is no fit yet."""
    truth = [Fraction(value) for value in y.tolist()]
    if fit is None:
        mean = sum(truth, Fraction(0)) / len(truth) if centred else Fraction(0)
        residual = [value - mean for value in truth]
    else:
        residual = [t - row[0] for t, row in zip(truth, fit.predict_exactly(X[:, support]), strict=True)]
    return [
        sum((Fraction(x) * r for x, r in zip(column, residual, strict=True)), Fraction(0)) for column in X.T.tolist()
    ]
