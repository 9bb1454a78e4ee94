"""The implementations of k-means that are compared, each behind the same two calls: fit, then read."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn import cluster as reference

from workings import cluster as ours

from .cases import Floats

OURS_FIRST = "workings"
PEER_FIRST = "scikit-learn"


@dataclass(frozen=True)
class Answer:
    """What a fit found.

    Parameters
    ----------
    labels : ndarray of shape (n,)
    centers : ndarray of shape (k, d)
    inertia : float
    iterations : int
    """

    labels: np.ndarray
    centers: Floats
    inertia: float
    iterations: int


@dataclass(frozen=True)
class Contender:
    """One implementation.

    Parameters
    ----------
    fit : callable
        Takes X and the parameters by their names in scikit-learn; returns what `answer` reads. This call is timed.
    answer : callable
        Takes what `fit` returned and X; returns an `Answer`.
    """

    fit: Callable[..., Any]
    answer: Callable[[Any, Floats], Answer]


def _answer_of_model(model: Any, _X: Floats) -> Answer:
    return Answer(model.labels_, model.cluster_centers_, float(model.inertia_), model.n_iter_)


def _estimator(kind: Callable[..., Any], **fixed: Any) -> Contender:
    return Contender(lambda X, **parameters: kind(**parameters, **fixed).fit(X), _answer_of_model)


def _fit_faiss(X: Floats, *, n_clusters: int, init: Floats, max_iter: int, **_others: Any) -> Any:
    import faiss

    faiss.omp_set_num_threads(1)
    rows = X.astype(np.float32)  # it knows no other type
    # it warns below 39 rows a cluster, and draws a sample above 256
    model = faiss.Kmeans(
        X.shape[1], n_clusters, niter=max_iter, min_points_per_centroid=1, max_points_per_centroid=len(X)
    )
    model.train(rows, init_centroids=init.astype(np.float32))
    _, labels = model.index.search(rows, 1)
    return model, labels[:, 0]


def _answer_of_faiss(fitted: Any, X: Floats) -> Answer:
    model, labels = fitted
    inertia = sum(
        float(((X[start : start + 1000] - model.centroids[labels[start : start + 1000]]) ** 2).sum())
        for start in range(0, len(X), 1000)
    )
    return Answer(labels, model.centroids, inertia, model.cp.niter)


OURS: dict[str, Contender] = {OURS_FIRST: _estimator(ours.KMeans)}
PEERS: dict[str, Contender] = {
    PEER_FIRST: _estimator(reference.KMeans),
    "scikit-learn elkan": _estimator(reference.KMeans, algorithm="elkan"),
}
GIVEN_CENTRES_ONLY: dict[str, Contender] = {}
NOT_MEASURED: dict[str, str] = {}

if "arithmetic" in inspect.signature(ours.KMeans).parameters:
    OURS["workings exact"] = _estimator(ours.KMeans, arithmetic="exact")
else:
    NOT_MEASURED["workings exact"] = "KMeans has no parameter called arithmetic"

if find_spec("faiss"):
    GIVEN_CENTRES_ONLY["faiss"] = Contender(_fit_faiss, _answer_of_faiss)
else:
    NOT_MEASURED["faiss"] = "not installed"

EVERYBODY = OURS | PEERS | GIVEN_CENTRES_ONLY

MINI_BATCH: dict[str, Contender] = {PEER_FIRST: _estimator(reference.MiniBatchKMeans)}
if hasattr(ours, "MiniBatchKMeans"):
    MINI_BATCH[OURS_FIRST] = _estimator(ours.MiniBatchKMeans)
else:
    NOT_MEASURED["mini-batches"] = "there is no MiniBatchKMeans"
