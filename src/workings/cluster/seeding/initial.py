"""Where k-means begins: greedy k-means++, random rows, an array, or a callable's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workings.base import check_array
from workings.cluster.distances import Floats, Indices, rows_at
from workings.cluster.seeding.plus_plus import drawn_rows

Init = str | Floats | Callable[..., Any]


def initial_centers(
    X: Any,
    n_clusters: int,
    *,
    init: Init,
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
    return rows_at(X, initial_rows(X, n_clusters, init=init, weights=weights, norms=norms, rng=rng))


def initial_rows(
    X: Any, n_clusters: int, *, init: str, weights: Floats, norms: Floats, rng: np.random.RandomState
) -> Indices:
    """Return the indices of rows to begin with, for the two ways that have a name; see `initial_centers`."""
    if init == "random":
        if np.count_nonzero(weights) < n_clusters:
            raise ValueError(
                f"Only {np.count_nonzero(weights)} rows have a weight above zero, and {n_clusters} different ones are "
                "to be drawn. Lower n_clusters, or begin by init='k-means++'."
            )
        chances = weights / weights.sum()
        return np.asarray(rng.choice(X.shape[0], size=n_clusters, replace=False, p=chances))
    return drawn_rows(X, n_clusters, weights=weights, norms=norms, rng=rng)


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
