"""Inertia against the number of clusters: the curve whose bend people look for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from workings.base import check_random_state
from workings.cluster.distances import squared_norms
from workings.cluster.validity.clusterings import Report, centred_rows, checked_count, checked_ks, k_means, silent


def inertia_path(
    X: Any,
    ks: Iterable[int],
    *,
    n_init: int = 10,
    random_state: int | np.random.RandomState | None = None,
    progress: Report | None = None,
) -> pd.DataFrame:
    """Cluster X into several numbers of clusters, and return how much each leaves unexplained.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense; at least two rows differ.
    ks : iterable of int
        Numbers of clusters, increasing, from 1 to n_samples.
    n_init : int, default=10
        Runs of k-means for each k, of which the best counts.
    random_state : int, RandomState or None, default=None
        Of the initial centres.
    progress : callable, optional
        Called as ``progress(done, total)`` after each k.

    Returns
    -------
    DataFrame
        A row for each k: "k"; "inertia", the sum of squared distances of the rows to their centres, in squared units
        of X; "explained", the share of the inertia of one cluster that is gone, 0 to 1; "n_iter", the iterations of
        the best run.

    Raises
    ------
    ValueError
        For `ks` or `n_init` that are not as above, NaN, infinity, or rows that are all equal.
    TypeError
        For sparse data.

    Notes
    -----
    Inertia falls with k whatever the data are, so the path alone chooses nothing: a bend where the fall slows down
    suggests a k, and data without groups often have none. `gap_statistic` compares the fall with that of such data.

    Fails when runs end in poor local minima: inertia then rises somewhere (raise `n_init`).
    Cost: a fit of `KMeans` for each k.

    Examples
    --------
    >>> from workings.cluster import inertia_path
    >>> path = inertia_path([[0.0], [1.0], [10.0], [11.0]], [1, 2, 4], random_state=0)
    >>> path[["k", "inertia"]].to_numpy().tolist()
    [[1.0, 101.0], [2.0, 1.0], [4.0, 0.0]]
    """
    rows = centred_rows(X)
    numbers = checked_ks(ks, len(rows))
    n_init = checked_count(n_init, "n_init", 1)
    rng = check_random_state(random_state)
    report = progress or silent
    fits = []
    for k in numbers:
        fits.append(k_means(rows, k, n_init, rng))
        report(len(fits), len(numbers))
    inertia = np.array([fit.inertia_ for fit in fits])
    explained = np.clip(1 - inertia / squared_norms(rows).sum(), 0, 1)
    return pd.DataFrame(
        {"k": numbers, "inertia": inertia, "explained": explained, "n_iter": [fit.n_iter_ for fit in fits]}
    )
