"""Shapley values of any model, estimated from random orders of the features, with standard errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.base import check_array, check_random_state, require_finite
from workings.explain.perceptron import Floats

BLOCK_ENTRIES = 1 << 21


@dataclass(frozen=True)
class PermutationShapley:
    """Estimated Shapley values of a prediction.

    Parameters
    ----------
    contributions : ndarray of shape (p,)
        Estimates by feature; they sum to `end` minus `start` exactly, up to rounding.
    standard_errors : ndarray of shape (p,)
        Of the estimates, by the drawing alone: 0 where all orders agreed, as they do for a linear model. Rounding, of
        1e-16 of the predictions, comes on top.
    start, end : float
        Mean prediction over the background, and prediction for the row.
    n_pairs : int
        Orders that were drawn, each used forwards and backwards.
    residual : float
        How far the contributions are from summing to the difference.
    """

    contributions: Floats
    standard_errors: Floats
    start: float
    end: float
    n_pairs: int
    residual: float


def permutation_shapley(
    predict: Callable[[Floats], Any], row: Any, background: Any, *, n_pairs: int = 50, random_state: int = 0
) -> PermutationShapley:
    """Estimate the Shapley values of a prediction from random orders of the features.

    Parameters
    ----------
    predict : callable
        From rows of shape (n, p) to numbers of shape (n,).
    row : array-like of shape (p,)
        The row to explain.
    background : array-like of shape (p,) or (m, p)
        What it is compared with: one row, or all of several.
    n_pairs : int, default=50
        Orders to draw, at least 2.
    random_state : int, default=0
        Seed of the orders. The same seed gives the same answer.

    Returns
    -------
    PermutationShapley

    Raises
    ------
    ValueError
        For data that are not finite or do not match, `n_pairs` below 2, a seed that is not an integer, and
        predictions that are not one finite number a row.

    Notes
    -----
    In the drawn order the features take the row's values one after the other, and each is credited with the change of
    the mean prediction over the background; then the same in the reverse order, which removes the part of the variance
    that is odd in the order. The mean of such pairs is unbiased, and the pairs are independent, so that their spread
    gives the standard errors. Features absent from a subset take background values irrespective of the others.
    Fails when features depend on each other so that the mixed rows cannot occur: the model is asked about them anyway.
    Cost: ``2 n_pairs m (p - 1)`` predictions and ``2 m`` more, in blocks; nothing of the background is left out.
    Source: Castro, Gomez and Tejada, "Polynomial calculation of the Shapley value based on sampling", Computers &
    Operations Research 36 (2009); Mitchell, Cooper, Frank and Holmes, "Sampling permutations for Shapley value
    estimation", JMLR 23 (2022), section 3.

    Examples
    --------
    The product of two features is shared equally:

    >>> import numpy as np
    >>> found = permutation_shapley(lambda X: X[:, 0] * X[:, 1], [2.0, 3.0], [0.0, 0.0])
    >>> found.contributions, found.standard_errors
    (array([3., 3.]), array([0., 0.]))
    """
    if isinstance(random_state, bool) or not isinstance(random_state, int | np.integer):
        raise ValueError(
            f"random_state has to be an integer, so that the same call gives the same answer; got {random_state!r}."
        )
    if n_pairs < 2:
        raise ValueError(f"n_pairs has to be at least 2, for a standard error; got {n_pairs}.")
    x = np.ravel(check_array(row, name="row", dtype=(np.float64,), ensure_2d=False))
    rows = np.atleast_2d(check_array(background, name="background", dtype=(np.float64,), ensure_2d=False))
    if rows.shape[1] != len(x):
        raise ValueError(f"The background has {rows.shape[1]} features, but the row has {len(x)}.")
    start, end = _mean_prediction(predict, rows[np.newaxis])[0], _mean_prediction(predict, x[np.newaxis, np.newaxis])[0]
    rng = check_random_state(int(random_state))
    pairs = np.empty((n_pairs, len(x)))
    for pair in pairs:
        order = rng.permutation(len(x))
        pair[:] = 0.0
        for turn in (order, order[::-1]):
            path = np.concatenate([[start], _along(predict, x, rows, turn), [end]])
            pair[turn] += np.diff(path) / 2
    contributions: Floats = pairs[0] + (pairs - pairs[0]).mean(axis=0)
    errors = (pairs - contributions).std(axis=0, ddof=1) / np.sqrt(n_pairs)
    return PermutationShapley(
        contributions,
        errors,
        float(start),
        float(end),
        n_pairs,
        float(abs(contributions.sum() - (end - start))),
    )


def _along(predict: Callable[[Floats], Any], row: Floats, background: Floats, order: Any) -> Floats:
    """Return the mean predictions after each but the last feature of an order took the row's value."""
    p = len(row)
    rank = np.empty(p, dtype=np.intp)
    rank[order] = np.arange(p)
    step = max(BLOCK_ENTRIES // background.size, 1)
    parts = []
    for first in range(1, p, step):
        taken = rank < np.arange(first, min(first + step, p))[:, np.newaxis]
        parts.append(_mean_prediction(predict, np.where(taken[:, np.newaxis], row, background)))
    return np.concatenate(parts) if parts else np.empty(0)


def _mean_prediction(predict: Callable[[Floats], Any], rows: Floats) -> Floats:
    """Return the mean predictions over the second axis of rows of shape (k, m, p)."""
    k, m, p = rows.shape
    predictions = np.asarray(predict(np.ascontiguousarray(rows.reshape(k * m, p))), dtype=np.float64)
    if predictions.shape != (k * m,):
        raise ValueError(f"predict has to return one number a row; got shape {predictions.shape} for {k * m} rows.")
    require_finite(predictions, "predict(rows)")
    means: Floats = predictions.reshape(k, m).mean(axis=1)
    return means
