"""Empty clusters: each takes a row that lies far from its own centre, so that no centre is ever 0/0."""

from __future__ import annotations

import numpy as np

from workings.cluster.distances import Floats, Labels
from workings.cluster.rows import Rows


def fill_empty_clusters(rows: Rows, centers: Floats, labels: Labels, sums: Floats, weights: Floats) -> None:
    """Move the farthest rows into the clusters that have no weight, in place.

    Parameters
    ----------
    rows : Rows
    centers : ndarray of shape (k, d)
        The centres that made `labels`: distances are to these.
    labels : ndarray of shape (n,)
        Not changed; the next assignment will see the moved centres.
    sums : ndarray of shape (k, d)
        Weighted sums of the rows of each cluster; changed.
    weights : ndarray of shape (k,)
        Weight of each cluster; changed.

    Notes
    -----
    Nothing happens when every row lies on its own centre: there are fewer distinct rows than clusters then.
    3nd flops and a copy of X, only in iterations with an empty cluster.
    """
    empty = np.flatnonzero(weights == 0)
    if not len(empty):
        return
    distances = rows.eccentricities(centers, labels)
    if distances.max() == 0:
        return
    farthest = np.argpartition(distances, -len(empty))[: -len(empty) - 1 : -1]
    for cluster, row in zip(empty, farthest, strict=True):
        giver, weight = labels[row], rows.weights[row]
        part = rows.take(int(row)) * weight
        sums[giver] -= part
        sums[cluster] = part  # KM.6
        weights[cluster] = weight
        weights[giver] -= weight
