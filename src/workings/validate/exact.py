"""What exact arithmetic is asked for as the judge: correct digits, exact scores, and non-negative least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from workings.arithmetic.rational import ExactFit, least_squares

Floats = npt.NDArray[np.float64]


def score(fit: ExactFit, X: Floats, y: Floats, sample_weight: Floats | None = None) -> float:
    """R² of the exact predictions, averaged over targets as scikit-learn does, correctly rounded."""
    weights = [Fraction(w) for w in (np.ones(len(X)) if sample_weight is None else sample_weight).tolist()]
    truth = [[Fraction(value) for value in row] for row in y.reshape(len(y), -1).tolist()]
    fitted = fit.predict_exactly(X)
    total, scores = sum(weights), []
    for k in range(len(fit.coef)):
        mean = sum((w * row[k] for w, row in zip(weights, truth, strict=True)), Fraction(0)) / total
        residual = sum((w * (t[k] - f[k]) ** 2 for w, t, f in zip(weights, truth, fitted, strict=True)), Fraction(0))
        spread = sum((w * (t[k] - mean) ** 2 for w, t in zip(weights, truth, strict=True)), Fraction(0))
        scores.append(1 - residual / spread)
    return float(sum(scores, Fraction(0)) / len(scores))


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
        Coefficients off the support are 0; `gram` and `units` are those of the support. It satisfies the
        Karush-Kuhn-Tucker conditions exactly: positive on the support, and no other column has a positive product
        with the residual.

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
    return replace(fit, coef=(tuple(coef),), shape=(len(coef),))


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
