"""Prediction strength: whether clusters of one half of the data are found again from the other half."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workings.base import check_random_state
from workings.cluster.distances import Floats, Labels
from workings.cluster.validity.clusterings import Report, centred_rows, checked_count, checked_ks, k_means, silent

STRONG = 0.8
"""Tibshirani and Walther (2005): 0.8 to 0.9 worked well."""


@dataclass(frozen=True, eq=False)
class PredictionStrength:
    """How well clusters of one half of the data are predicted from the other half, for each number of clusters.

    Parameters
    ----------
    ks : tuple of int
        Numbers of clusters.
    strengths : ndarray of shape (n_splits, len(ks))
        Of each random split, the mean of its two directions; 0 to 1.
    cutoff : float
        A mean of this or more counts as predicted.
    """

    ks: tuple[int, ...]
    strengths: Floats = field(repr=False)
    cutoff: float

    @property
    def means(self) -> Floats:
        """Mean strength over the splits, for each k."""
        means: Floats = self.strengths.mean(axis=0)
        return means

    @property
    def standard_errors(self) -> Floats:
        """Standard error of each mean over the splits, which share the same rows: what other splits would change."""
        deviations: Floats = self.strengths.std(axis=0, ddof=1)
        errors: Floats = deviations / np.sqrt(len(self.strengths))
        return errors

    @property
    def k(self) -> int | None:
        """Largest k whose mean strength reaches the cut-off; None if none does."""
        reached = np.flatnonzero(self.means >= self.cutoff)
        return self.ks[reached[-1]] if len(reached) else None

    def frame(self) -> pd.DataFrame:
        """Return a row for each k.

        Returns
        -------
        DataFrame
            Columns "k", "strength" (mean) and "standard_error".
        """
        return pd.DataFrame({"k": self.ks, "strength": self.means, "standard_error": self.standard_errors})

    @property
    def sentence(self) -> str:
        """What was found, in plain words."""
        if self.k is None:
            return (
                f"None of the numbers of clusters tried, {self.ks[0]} to {self.ks[-1]}, gives clusters that half of "
                "the data predicts for the other half."
            )
        if self.k == 1:
            return (
                "No division into clusters is predicted by one half of the data for the other half: this finds no "
                "groups."
            )
        return (
            f"{self.k} clusters are the most that hold up: found in one half of the data, they keep together "
            f"{self.means[self.ks.index(self.k)]:.0%} of the pairs of any cluster found in the other, on average."
        )


def prediction_strength(
    X: Any,
    ks: Iterable[int],
    *,
    n_splits: int = 20,
    cutoff: float = STRONG,
    n_init: int = 10,
    random_state: int | np.random.RandomState | None = None,
    progress: Report | None = None,
) -> PredictionStrength:
    """Cluster random halves of X, predict each half from the other, and choose the number of clusters.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense; at least two rows differ.
    ks : iterable of int
        Numbers of clusters, increasing, from 1 to half the number of rows. 1 is predicted by definition.
    n_splits : int, default=20
        Random splits into halves.
    cutoff : float, default=0.8
        Strength that counts as predicted, above 0 and at most 1.
    n_init : int, default=10
        Runs of k-means for each clustering, of which the best counts.
    random_state : int, RandomState or None, default=None
        Of the splits and the initial centres.
    progress : callable, optional
        Called as ``progress(done, total)`` after each split.

    Returns
    -------
    PredictionStrength

    Raises
    ------
    ValueError
        For arguments that are not as above, NaN, infinity, or rows that are all equal.
    TypeError
        For sparse data.

    Notes
    -----
    A direction of a split clusters both halves, and gives the rows of the second to the centres of the first. Its
    strength is the smallest, over the clusters of the second half, share of pairs of the cluster's rows that one centre
    of the first half holds together. A cluster of fewer than two rows has no pair to find again and counts as 0,
    where the paper leaves it open: small clusters should not pass for want of evidence.

    Fails when a true group is so small that a half holds few of its rows, and when k-means ends in poor minima (raise
    `n_init`). One long group without any inner division may be cut the same way in both halves, so that k = 2 passes.
    Cost: two clusterings of half the rows for each k and split.
    Source: R. Tibshirani and G. Walther, "Cluster validation by prediction strength", J. Comput. Graph. Statist. 14
    (2005), 511-528, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.cluster import prediction_strength
    >>> X = np.random.RandomState(0).normal(size=(60, 2)) + np.repeat([[0, 0], [9, 0], [0, 9]], 20, axis=0)
    >>> prediction_strength(X, range(1, 6), n_splits=5, random_state=0).k
    3
    """
    rows = centred_rows(X)
    numbers = checked_ks(ks, len(rows) // 2)
    n_splits = checked_count(n_splits, "n_splits", 2)
    n_init = checked_count(n_init, "n_init", 1)
    if not 0 < cutoff <= 1:
        raise ValueError(f"cutoff is a strength above 0 and at most 1; got {cutoff!r}.")
    rng = check_random_state(random_state)
    report = progress or silent
    strengths = np.empty((n_splits, len(numbers)))
    for split in range(n_splits):
        order = rng.permutation(len(rows))
        halves = rows[order[: len(rows) // 2]], rows[order[len(rows) // 2 :]]
        for position, k in enumerate(numbers):
            first, second = (k_means(half, k, n_init, rng) for half in halves)
            forth = strength(second.labels_, first.predict(halves[1]), k)
            back = strength(first.labels_, second.predict(halves[0]), k)
            strengths[split, position] = (forth + back) / 2
        report(split + 1, n_splits)
    return PredictionStrength(numbers, strengths, float(cutoff))


def strength(found: Labels, predicted: Labels, k: int) -> float:
    """Return the smallest share of pairs of a cluster that a prediction holds together.

    Parameters
    ----------
    found : ndarray of shape (n,)
        Cluster of each row, 0 to k - 1.
    predicted : ndarray of shape (n,)
        The cluster that other data put it into.
    k : int

    Returns
    -------
    float
        Between 0 and 1; 0 if a cluster has fewer than two rows, but 1 for a single cluster.
    """
    if k == 1:
        return 1.0
    table = np.bincount(k * found.astype(np.intp) + predicted, minlength=k * k).reshape(k, k)
    sizes = table.sum(axis=1)
    if sizes.min() < 2:
        return 0.0
    together = (table * (table - 1)).sum(axis=1)
    return float((together / (sizes * (sizes - 1))).min())
