"""Where k-means begins: greedy k-means++, random rows, an array, or a callable's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workings.base import check_array, is_sparse
from workings.cluster.distances import Floats, distance_table


def initial_centers(
    X: Any,
    n_clusters: int,
    *,
    init: str | Floats | Callable[..., Any],
    weights: Floats,
    norms: Floats,
    rng: np.random.RandomState,
) -> Floats:
    """Return centres to begin with.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d)
        Centred where dense.
    n_clusters : int
    init : {"k-means++", "random"}, ndarray of shape (n_clusters, d), or callable
        A callable gets ``(X, n_clusters, random_state=rng)``; its answer is read and never written to.
    weights : ndarray of shape (n,)
        Chances of the rows in the first two ways; not used in the others.
    norms : ndarray of shape (n,)
        |x|² of the rows.
    rng : RandomState
        Advanced by the draws.

    Returns
    -------
    ndarray of shape (n_clusters, d), in C order and the type of X

    Raises
    ------
    ValueError
        If a callable's answer has the wrong shape or holds NaN, or fewer rows have a weight than centres are drawn.
    """
    if callable(init):
        answer = init(X, n_clusters, random_state=rng)
        centers: Floats = check_array(answer, name="init", dtype=(X.dtype.type,), order="C")
        require_shape(centers, n_clusters, X.shape[1])
        return centers
    if not isinstance(init, str):
        return init
    if init == "random":
        return _dense(X[rng.choice(X.shape[0], size=n_clusters, replace=False, p=weights / weights.sum())])
    return plus_plus(X, n_clusters, weights=weights, norms=norms, rng=rng)


def require_shape(centers: Floats, n_clusters: int, n_features: int) -> None:
    """Raise ValueError unless there is one centre a cluster with one coordinate a feature."""
    if centers.shape[0] != n_clusters:
        raise ValueError(
            f"The shape of the initial centers {centers.shape} does not match the number of clusters {n_clusters}."
        )
    if centers.shape[1] != n_features:
        raise ValueError(
            f"The shape of the initial centers {centers.shape} does not match the number of features of the data "
            f"{n_features}."
        )


def plus_plus(X: Any, n_clusters: int, *, weights: Floats, norms: Floats, rng: np.random.RandomState) -> Floats:
    """Return rows of X that lie far apart: greedy k-means++.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d)
    n_clusters : int
    weights : ndarray of shape (n,)
    norms : ndarray of shape (n,)
        |x|² of the rows.
    rng : RandomState

    Returns
    -------
    ndarray of shape (n_clusters, d)

    Notes
    -----
    Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, with 2 + ⌊ln k⌋ candidates a
    centre, of which the one that lowers the potential most stays. 2nd(2 + ln k) flops a centre. Fails when k is
    above the number of distinct rows with a weight: a row is then chosen twice.
    """
    n = X.shape[0]
    trials = 2 + int(np.log(n_clusters))
    centers = np.empty((n_clusters, X.shape[1]), dtype=X.dtype)
    centers[0] = _row(X, rng.choice(n, p=weights / weights.sum()))
    closest = distance_table(centers[:1], X, b_norms=norms, squared=True)
    potential = closest @ weights
    for cluster in range(1, n_clusters):
        drawn = rng.uniform(size=trials) * potential
        candidates = np.searchsorted(np.cumsum(weights * closest), drawn)  # KM.8
        np.clip(candidates, None, n - 1, out=candidates)  # rounding can carry the last draw past the end
        to_candidates = distance_table(X[candidates], X, b_norms=norms, squared=True)
        np.minimum(closest, to_candidates, out=to_candidates)
        potentials = to_candidates @ weights.reshape(-1, 1)
        best = np.argmin(potentials)  # KM.9
        potential, closest = potentials[best], to_candidates[best]
        centers[cluster] = _row(X, candidates[best])
    return centers


def _row(X: Any, index: int) -> Floats:
    row: Floats = X[[index]].toarray()[0] if is_sparse(X) else X[index]
    return row


def _dense(X: Any) -> Floats:
    dense: Floats = X.toarray() if is_sparse(X) else X
    return dense
