"""How many coefficients are the correct rounding of the exact least-squares answer, by the condition of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.arithmetic.rational import least_squares
from workings.validate.exact import correct_digits

from .contenders import CAREFUL_PEERS, OURS, PEERS, Floats


def problem(condition: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw a problem of a given condition whose columns are scaled by 1e-4 to 1e4.

    Parameters
    ----------
    condition : float
        Ratio of the greatest singular value to the least before means are added and columns are scaled.
    rng : Generator

    Returns
    -------
    X : ndarray of shape (n, p), n from 20 to 60, p from 2 to 8
    y : ndarray of shape (n,)
    """
    n, p = int(rng.integers(20, 61)), int(rng.integers(2, 9))
    U = np.linalg.qr(rng.standard_normal((n, p)))[0]
    V = np.linalg.qr(rng.standard_normal((p, p)))[0]
    A = U * np.geomspace(1.0, 1.0 / condition, p) @ V.T
    y = A @ rng.standard_normal(p) + 0.01 * rng.standard_normal(n) + rng.standard_normal()
    X = (A + A.std(axis=0) * rng.standard_normal(p)) * 10.0 ** rng.uniform(-4, 4, p)
    return X, y


def score(condition: float, problems: int) -> dict[str, Any]:
    """Return, over some problems of one condition, what every contender gets right.

    Parameters
    ----------
    condition : float
    problems : int
        Number of problems.

    Returns
    -------
    dict
        ``"numbers"``: how many coefficients and intercepts there are; ``"correctly rounded"`` and ``"least digits"``:
        by contender that answered; ``"refused"``: by contender, on how many problems.
    """
    contenders = OURS | PEERS | CAREFUL_PEERS
    rng = np.random.default_rng(int(condition))
    numbers = 0
    correct = dict.fromkeys(contenders, 0)
    least: dict[str, float] = {}
    refused: dict[str, int] = {}
    for _ in range(problems):
        X, y = problem(condition, rng)
        fit = least_squares(X, y)
        exact = [*fit.intercept, *fit.coef[0]]
        numbers += len(exact)
        for name, contender in contenders.items():
            try:
                estimates = contender.estimates(contender.fit(X, y, True))
            except ValueError:
                refused[name] = refused.get(name, 0) + 1
                continue
            correct[name] += sum(value == float(truth) for value, truth in zip(estimates.tolist(), exact, strict=True))
            least[name] = min(least.get(name, 17.0), round(correct_digits(estimates, exact), 1))
    return {"numbers": numbers, "correctly rounded": correct, "least digits": least, "refused": refused}
