"""The silhouette: how much nearer a row is to its own cluster than to the next one."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.base import check_array, check_random_state, column_or_1d, require_same_length
from workings.cluster.distances import Floats
from workings.cluster.validity.distance_sums import bands, sums_between, sums_within
from workings.cluster.validity.groups import grouped


def silhouette_samples(X: Any, labels: Any) -> Floats:
    """Return the silhouette of each row.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense.
    labels : array-like of shape (n_samples,)
        Cluster of each row; 2 to n_samples - 1 different ones.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        ``(b - a) / max(a, b)`` between -1 and 1, where a is the mean Euclidean distance to the other rows of the
        cluster, b that to the rows of the nearest other cluster. 1 is far from all others, 0 between two clusters,
        below 0 nearer to another one. 0 for the only row of a cluster, and where a and b are both zero.

    Raises
    ------
    ValueError
        For NaN, infinity, wrong shapes, or a wrong number of labels.
    TypeError
        For sparse data.

    Notes
    -----
    scikit-learn's result up to rounding, whose part is smaller here: distances are counted from means of neighbouring
    rows, and taken from the differences where digits cancel, so that clusters far from the origin, and equal rows,
    keep their digits. float32 is computed as float64. Scales do not matter; distances below 1e-150 of the largest
    entry count as zero.

    Fails when clusters are not round: a ring around another cluster is nearer to that than to itself.
    Cost: n²d flops and n²/2 roots; memory of one copy of X, tiles of 512² distances, and at most 64 n numbers.
    Source: P. J. Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20 (1987), 53-65.

    Examples
    --------
    >>> from workings.cluster import silhouette_samples
    >>> silhouette_samples([[0.0], [1.0], [3.0], [9.0]], [0, 0, 1, 1]).round(4).tolist()
    [0.8333, 0.8, -0.5833, 0.2941]
    """
    groups = grouped(X, labels)
    n = len(groups.rows)
    own, nearest = np.empty(n), np.full(n, np.inf)
    others = np.repeat(np.maximum(groups.sizes - 1, 1), groups.sizes)
    parts = bands(groups)
    for position, part in enumerate(parts):
        sums = sums_within(groups.rows, part)
        sizes = groups.sizes[part.groups]
        itself = (np.arange(len(part)), np.repeat(np.arange(len(sizes)), sizes))
        own[part.rows] = sums[itself]
        sums[itself] = np.inf
        np.minimum(nearest[part.rows], (sums / sizes).min(axis=1), out=nearest[part.rows])
        for other in parts[position + 1 :]:
            of_part, of_other = sums_between(groups.rows, part, other)
            beyond = (of_part / groups.sizes[other.groups]).min(axis=1)
            np.minimum(nearest[part.rows], beyond, out=nearest[part.rows])
            np.minimum(nearest[other.rows], (of_other / sizes).min(axis=1), out=nearest[other.rows])
    own /= others
    larger = np.maximum(own, nearest)
    defined = (np.repeat(groups.sizes, groups.sizes) > 1) & (larger > 0)
    silhouettes = np.zeros(n)
    silhouettes[groups.order] = np.divide(nearest - own, larger, out=np.zeros(n), where=defined)
    return silhouettes


def silhouette_score(
    X: Any, labels: Any, *, sample_size: int | None = None, random_state: int | np.random.RandomState | None = None
) -> float:
    """Return the mean silhouette of the rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense.
    labels : array-like of shape (n_samples,)
        Cluster of each row; 2 to n_samples - 1 different ones.
    sample_size : int, optional
        Take this many rows, drawn at random, for all; the same ones as scikit-learn for the same seed.
    random_state : int, RandomState or None, default=None
        Of that draw.

    Returns
    -------
    float
        Between -1 and 1; higher is better.

    Raises
    ------
    ValueError, TypeError
        As `silhouette_samples`, also if the drawn rows have too few labels; or for a `sample_size` below 1.

    Notes
    -----
    As `silhouette_samples`, which says when it fails and what it costs. To choose k, take the k with the highest score;
    it is never 1, so look at `gap_statistic` or `group_test` for whether there are groups at all.

    Examples
    --------
    >>> from workings.cluster import silhouette_score
    >>> round(silhouette_score([[0.0], [1.0], [8.0], [9.0]], [0, 0, 1, 1]), 4)
    0.8745
    """
    if sample_size is not None:
        if isinstance(sample_size, bool) or not isinstance(sample_size, int | np.integer) or sample_size < 1:
            raise ValueError(f"sample_size is a number of rows, 1 or more, or None for all; got {sample_size!r}.")
        X, labels = check_array(X), column_or_1d(labels)
        require_same_length(X, labels)
        chosen = check_random_state(random_state).permutation(len(X))[:sample_size]
        X, labels = X[chosen], labels[chosen]
    return float(np.mean(silhouette_samples(X, labels)))
