"""The prediction of a linear model, split by feature."""

from __future__ import annotations

import math

from workings.explain.perceptron import Floats


def linear_contributions(coef: Floats, row: Floats, background: Floats) -> Floats:
    """Return what each feature of a row adds to a linear prediction, beyond a background.

    Parameters
    ----------
    coef : ndarray of shape (p,)
        Coefficients b.
    row : ndarray of shape (p,)
        The row x.
    background : ndarray of shape (p,)
        What it is compared with, m; the average row of the training data, say.

    Returns
    -------
    ndarray of shape (p,)
        ``b_j (x_j - m_j)``, which sum to the difference of the two predictions.

    Notes
    -----
    These are the Shapley values of a linear model, exactly: in any order, feature j adds the same when it takes the
    row's value instead of the background's. With the mean of many rows as background they are also the mean of the
    Shapley values against each of these rows.
    Fails when features that depend on each other are read as causes: the coefficients of nearly dependent columns are
    large and of opposite signs, and so are these contributions.
    Cost: 2 p flops.
    Source: Strumbelj and Kononenko, "Explaining prediction models and individual predictions with feature
    contributions", Knowledge and Information Systems 41 (2014), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> linear_contributions(np.array([2.0, -1.0]), np.array([3.0, 5.0]), np.array([1.0, 1.0]))
    array([ 4., -4.])
    """
    contributions: Floats = coef * (row - background)
    return contributions


def dot(a: Floats, b: Floats, constant: float = 0.0) -> float:
    """Return the scalar product plus a constant, the products summed without rounding.

    Parameters
    ----------
    a, b : ndarray of shape (p,)
    constant : float, default=0.0

    Returns
    -------
    float
    """
    return math.fsum([*(a * b).tolist(), constant])
