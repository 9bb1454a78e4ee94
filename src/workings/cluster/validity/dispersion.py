"""Two scores from the spread within clusters and between them: Calinski-Harabasz and Davies-Bouldin."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.cluster.distances import squared_norms
from workings.cluster.validity.groups import grouped


def calinski_harabasz_score(X: Any, labels: Any) -> float:
    """Return the ratio of the variance between clusters to the variance within them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense.
    labels : array-like of shape (n_samples,)
        Cluster of each row; 2 to n_samples - 1 different ones.

    Returns
    -------
    float
        ``(B / (k - 1)) / (W / (n - k))`` with the sums of squares B of the clusters' means about the mean (a term a
        row), and W of the rows about their cluster's mean. 0 or more; higher is better. 1 where W is 0, as in
        scikit-learn.

    Raises
    ------
    ValueError
        For NaN, infinity, wrong shapes, or a wrong number of labels.
    TypeError
        For sparse data.

    Notes
    -----
    scikit-learn's result up to rounding, whose part is smaller here: squares are taken of differences from means that
    are themselves corrected, so that neither the origin nor the scale of X costs digits.

    Fails when clusters differ much in spread, or are not round: the ratio then prefers to cut the widest one.
    Cost: 10nd flops and a sort of the labels; memory of three copies of X.
    Source: T. Caliński and J. Harabasz, "A dendrite method for cluster analysis", Comm. Statist. 3 (1974), 1-27.

    Examples
    --------
    >>> from workings.cluster import calinski_harabasz_score
    >>> calinski_harabasz_score([[0.0], [2.0], [8.0], [10.0]], [0, 0, 1, 1])
    32.0
    """
    groups = grouped(X, labels)
    deviations, means = groups.centred()
    within = float(squared_norms(deviations).sum())
    if within == 0:
        return 1.0
    from_first = means.minus(0)
    between = float(groups.sizes @ squared_norms(from_first - groups.sizes @ from_first / len(deviations)))
    return between * (len(deviations) - len(groups)) / (within * (len(groups) - 1))


def davies_bouldin_score(X: Any, labels: Any) -> float:
    """Return how much each cluster overlaps with the one it overlaps most with, the mean over the clusters.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense.
    labels : array-like of shape (n_samples,)
        Cluster of each row; 2 to n_samples - 1 different ones.

    Returns
    -------
    float
        Mean over the clusters i of the largest ``(s_i + s_j) / |m_i - m_j|``, j another cluster, where s is the mean
        distance of a cluster's rows to their mean m. 0 or more; lower is better.

    Raises
    ------
    ValueError
        For NaN, infinity, wrong shapes, or a wrong number of labels.
    TypeError
        For sparse data.

    Notes
    -----
    Pairs of clusters whose means coincide are left out, as in scikit-learn, here up to rounding. scikit-learn returns 0
    where all s, or all distances of means, lie below 1e-8: for data in small units that is another result than this,
    which does not depend on the unit.

    Fails when clusters are not round, or lie within each other. Cost: 10nd + 3k²d flops; memory of three copies of X
    and k² numbers.
    Source: D. L. Davies and D. W. Bouldin, "A cluster separation measure", IEEE Trans. Pattern Anal. Mach. Intell. 1
    (1979), 224-227.

    Examples
    --------
    >>> from workings.cluster import davies_bouldin_score
    >>> davies_bouldin_score([[0.0], [2.0], [8.0], [10.0]], [0, 0, 1, 1])
    0.25
    """
    groups = grouped(X, labels)
    deviations, means = groups.centred()
    spreads = groups.means(np.sqrt(squared_norms(deviations)))
    apart = np.sqrt([squared_norms(means.minus(group)) for group in range(len(groups))])
    # a mean of n rows is known to n units in the last place of their spread
    apart[apart <= 4 * UNIT_ROUNDOFF * groups.sizes.max() * spreads.max()] = np.inf
    overlaps = (spreads[:, np.newaxis] + spreads) / apart
    return float(overlaps.max(axis=1).mean())
