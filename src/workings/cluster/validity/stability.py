"""Bootstrap stability: whether each cluster is found again in resampled data."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from workings.base import ConvergenceWarning, check_array, check_is_fitted, check_random_state
from workings.cluster.distances import Floats, Labels
from workings.cluster.validity.clusterings import Report, checked_count, silent
from workings.cluster.validity.groups import Indices

DISSOLVED, PATTERN, VALID, HIGHLY_STABLE = 0.5, 0.6, 0.75, 0.85
"""Hennig (2007) and his later guidance: what a cluster's Jaccard similarity says of it."""


class FittedClustering(Protocol):
    """What `cluster_stability` asks of a model."""

    @property
    def labels_(self) -> Labels:
        """Cluster of each row."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments."""

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Cluster weighted rows."""


@dataclass(frozen=True, eq=False)
class ClusterStability:
    """How similar each cluster's most similar cluster in resampled data is.

    Parameters
    ----------
    sizes : ndarray of shape (k,)
        Rows of each cluster.
    jaccard : ndarray of shape (n_resamples, k)
        Largest Jaccard similarity in each resample, 0 to 1; NaN where the resample has no row of the cluster.
    """

    sizes: Indices
    jaccard: Floats = field(repr=False)

    @property
    def means(self) -> Floats:
        """Mean similarity of each cluster, over the resamples that have a row of it."""
        means: Floats = np.nanmean(self.jaccard, axis=0)
        return means

    @property
    def readings(self) -> tuple[str, ...]:
        """What each mean says, by Hennig's marks at 0.5, 0.6, 0.75 and 0.85."""
        return tuple(reading(mean) for mean in self.means.tolist())

    def frame(self) -> pd.DataFrame:
        """Return a row for each cluster.

        Returns
        -------
        DataFrame
            Columns "cluster", "size", "jaccard" (mean), "dissolved" (resamples with at most 0.5), "recovered" (with at
            least 0.75) and "reading".
        """
        return pd.DataFrame(
            {
                "cluster": np.arange(len(self.sizes)),
                "size": self.sizes,
                "jaccard": self.means,
                "dissolved": (self.jaccard <= DISSOLVED).sum(axis=0),
                "recovered": (self.jaccard >= VALID).sum(axis=0),
                "reading": self.readings,
            }
        )

    @property
    def sentence(self) -> str:
        """What was found, in plain words."""
        valid = int((self.means >= VALID).sum())
        count = len(self.sizes)
        if valid == count:
            return f"All {count} clusters are found again when the rows are drawn anew: they are stable."
        weak = ", ".join(
            f"cluster {cluster} ({mean:.2f}, {name})"
            for cluster, (mean, name) in enumerate(zip(self.means, self.readings, strict=True))
            if mean < VALID
        )
        return f"{valid} of {count} clusters are found again when the rows are drawn anew; do not rely on {weak}."


def cluster_stability(
    model: FittedClustering,
    X: Any,
    *,
    n_resamples: int = 100,
    random_state: int | np.random.RandomState | None = None,
    progress: Report | None = None,
) -> ClusterStability:
    """Cluster bootstrap resamples, and compare each cluster of a model with the most similar one found there.

    Parameters
    ----------
    model : KMeans or MiniBatchKMeans
        Fitted on X, without weights; its parameters are those of the clusterings, but the seed.
    X : array-like of shape (n_samples, n_features)
        Dense; the rows it was fitted on.
    n_resamples : int, default=100
        Bootstrap resamples.
    random_state : int, RandomState or None, default=None
        Of the resamples and their initial centres.
    progress : callable, optional
        Called as ``progress(done, total)`` after each resample.

    Returns
    -------
    ClusterStability
        Clusters are numbered as in the model.

    Raises
    ------
    NotFittedError
        Before the model's `fit`.
    ValueError
        If X has another number of rows than the model was fitted on, or fewer than two a cluster; for an empty cluster,
        NaN, or infinity; or if `n_resamples` is not a whole number of 2 or more.
    TypeError
        For sparse data.

    Notes
    -----
    A resample draws n rows with replacement; a row drawn m times has the weight m. The Jaccard similarity of two sets
    of rows is the size of their intersection divided by that of their union, of which only the rows drawn count, once
    each. A resample without a row of a cluster says nothing of it, and one with fewer different rows than clusters is
    drawn again.

    A mean of 0.5 or less: the cluster dissolves; below 0.6: do not trust it; below 0.75: a pattern, but which rows
    belong to it is doubtful; from 0.75: valid; from 0.85: highly stable.

    Fails when stable is taken for true: one compact group, or one long one cut in two, may be cut the same way again
    and again, and k = 1 is always stable. A stable cluster is necessary for a group, not sufficient. With few rows in
    a cluster, chance alone dissolves it. Cost: n_resamples fits of the model, and n k-sized tables.
    Source: C. Hennig, "Cluster-wise assessment of cluster stability", Comput. Statist. Data Anal. 52 (2007), 258-271.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.cluster import KMeans, cluster_stability
    >>> X = np.random.RandomState(0).normal(size=(60, 2)) + np.repeat([[0, 0], [9, 0], [0, 9]], 20, axis=0)
    >>> model = KMeans(3, n_init=5, random_state=0).fit(X)
    >>> cluster_stability(model, X, n_resamples=20, random_state=0).sentence
    'All 3 clusters are found again when the rows are drawn anew: they are stable.'
    """
    check_is_fitted(model)
    rows = check_array(X)
    if len(rows) != len(model.labels_):
        raise ValueError(
            f"The model was fitted on {len(model.labels_)} rows, but X has {len(rows)}: pass the rows it was fitted on."
        )
    n_resamples = checked_count(n_resamples, "n_resamples", 2)
    rng = check_random_state(random_state)
    report = progress or silent
    sizes = np.bincount(model.labels_)
    parameters = model.get_params(deep=False)
    if sizes.min() == 0 or len(sizes) < parameters["n_clusters"]:
        raise ValueError(
            "The model has an empty cluster: fit it with fewer clusters, as many as there are different rows."
        )
    if 2 * len(sizes) > len(rows):
        raise ValueError(
            f"{len(rows)} rows are too few to resample {len(sizes)} clusters: two rows a cluster are the least."
        )
    similarities = np.empty((n_resamples, len(sizes)))
    for b in range(n_resamples):
        drawn, counts = _bootstrap(len(rows), len(sizes), rng)
        labels = _clustered_again(type(model), parameters, rng, rows[drawn], counts)
        similarities[b] = best_similarities(model.labels_[drawn], labels, len(sizes))
        report(b + 1, n_resamples)
    return ClusterStability(sizes, similarities)


def _bootstrap(n: int, fewest: int, rng: np.random.RandomState) -> tuple[Indices, Indices]:
    """Return the rows drawn, `fewest` different ones at least, and how often each was."""
    while True:
        drawn, counts = np.unique(rng.randint(n, size=n), return_counts=True)
        if len(drawn) >= fewest:
            return drawn, counts


def _clustered_again(
    kind: type[Any], parameters: dict[str, Any], rng: np.random.RandomState, X: Floats, counts: Indices
) -> Labels:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels: Labels = kind(**{**parameters, "random_state": rng}).fit(X, sample_weight=counts).labels_
    return labels


def best_similarities(labels: Labels, others: Labels, k: int) -> Floats:
    """Return the Jaccard similarity of each cluster to the most similar one of another clustering of the rows.

    Parameters
    ----------
    labels, others : ndarray of shape (n,)
        Two clusterings.
    k : int
        Number of clusters of the first.

    Returns
    -------
    ndarray of shape (k,)
        NaN for a cluster without rows.
    """
    m = int(others.max()) + 1
    common: npt.NDArray[np.intp] = np.bincount(m * labels.astype(np.intp) + others, minlength=k * m).reshape(k, m)
    sizes = common.sum(axis=1)
    union = sizes[:, np.newaxis] + common.sum(axis=0) - common
    similarities: Floats = (common / np.maximum(union, 1)).max(axis=1)
    return np.where(sizes > 0, similarities, np.nan)


def reading(similarity: float) -> str:
    """Return what a mean Jaccard similarity says of a cluster, in a word or two.

    Parameters
    ----------
    similarity : float

    Returns
    -------
    str
    """
    if similarity >= HIGHLY_STABLE:
        return "highly stable"
    if similarity >= VALID:
        return "valid"
    if similarity >= PATTERN:
        return "a pattern, its rows doubtful"
    if similarity > DISSOLVED:
        return "not to be trusted"
    return "dissolved"
