"""k-means as derived: Lloyd's two steps, and greedy k-means++ to begin with.

X is (n, d) with rows xᵢ, C is (k, d) with rows cⱼ; lᵢ in 0..k-1 is the label of row i, and nⱼ counts the rows
labelled j.

Equations
---------
KM.1  d²ᵢⱼ = Σ_f (x_if - c_jf)²                       squared distance of row i to centre j
KM.2  lᵢ = argminⱼ d²ᵢⱼ                               assignment; the lowest index wins a tie
KM.3  J(C, l) = Σᵢ |xᵢ - c_lᵢ|²                       inertia (a sum, no mean, no 1/2)
KM.4  ∂J/∂cⱼ = 2 Σᵢ (cⱼ - xᵢ),  lᵢ = j                gradient in a centre
KM.5  cⱼ = 1/nⱼ Σᵢ xᵢ,  lᵢ = j                        update: KM.4 set to zero
KM.6  nⱼ = 0:  cⱼ = xᵢ with the largest |xᵢ - c_lᵢ|²  an empty cluster takes the farthest row from its cluster
KM.7  Σⱼ |cⱼnew - cⱼ|² ≤ tol · 1/d Σ_f var(x_f)       stop, also when no label changes
KM.8  P(i) = D²ᵢ / Σ D²,  D²ᵢ = minⱼ d²ᵢⱼ             k-means++: chance that row i is drawn as a candidate
KM.9  min over candidates t of Σᵢ min(D²ᵢ, |xᵢ - t|²)  k-means++: the candidate that is kept
KM.10  J(C', l') ≤ J(C, l)                             from one iteration to the next; rounding aside
"""

from __future__ import annotations

import numpy as np

from workings.textbook.checks import Floats, Indices, finite_array, same_length


def squared_distances(X: Floats, centers: Floats) -> Floats:
    """Return all squared distances, shape (n, k); 3nkd flops.

    Differences are squared and then summed. The cheaper |x|² - 2x·c + |c|² loses digits far from the origin.
    """
    difference = X[:, np.newaxis, :] - centers[np.newaxis, :, :]
    squares: Floats = np.sum(difference**2, axis=2)  # KM.1
    return squares


def assign(X: Floats, centers: Floats) -> Indices:
    """Return the index of the nearest centre of each row, shape (n,)."""
    nearest: Indices = np.argmin(squared_distances(X, centers), axis=1)  # KM.2
    return nearest


def inertia(X: Floats, labels: Indices, centers: Floats) -> float:
    """Return the sum of squared distances of the rows to the centres of their own clusters."""
    J: float = np.sum((X - centers[labels]) ** 2)  # KM.3
    return J


def inertia_gradient(X: Floats, labels: Indices, centers: Floats) -> Floats:
    """Return the derivative of `inertia` in the centres, shape (k, d), with the labels held fixed."""
    rows = [centers[j] - X[labels == j] for j in range(len(centers))]
    return np.array([2 * row.sum(axis=0) for row in rows])  # KM.4


def update(X: Floats, labels: Indices, k: int, old_centers: Floats) -> Floats:
    """Return the centres that minimise `inertia` for given labels, shape (k, d).

    Parameters
    ----------
    X : ndarray of shape (n, d)
    labels : ndarray of shape (n,)
        Integers in 0..k-1.
    k : int
        Number of clusters.
    old_centers : ndarray of shape (k, d)
        Centres that made `labels`; they decide which row is farthest when a cluster is empty.

    Returns
    -------
    ndarray of shape (k, d)
        Never NaN. The empty clusters, in order, take the farthest rows, farthest first (the lowest index wins
        a tie), and each such row leaves the mean of its own cluster. When every row sits on its centre, or a
        cluster has lost its only row this way, the old centre stays.
    """
    counts = np.bincount(labels, minlength=k)
    sums = np.array([X[labels == j].sum(axis=0) for j in range(k)])
    distances = np.sum((X - old_centers[labels]) ** 2, axis=1)
    if distances.max() > 0:
        farthest_first = np.argsort(-distances, kind="stable")
        for j, i in zip(np.flatnonzero(counts == 0), farthest_first, strict=False):
            counts[labels[i]] -= 1
            sums[labels[i]] -= X[i]
            counts[j], sums[j] = 1, X[i]  # KM.6
    centers = old_centers.copy()
    for j in np.flatnonzero(counts):
        centers[j] = sums[j] / counts[j]  # KM.5
    return centers


def k_means(X: Floats, centers: Floats, max_iter: int = 300, tol: float = 1e-4) -> tuple[Floats, Indices, list[float]]:
    """Return centres, labels and the inertia of each iteration of Lloyd's algorithm.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    centers : ndarray of shape (k, d)
        Where to begin.
    max_iter : int
        Largest number of iterations.
    tol : float
        Stop when the centres move less, in units of the mean variance of a feature.

    Returns
    -------
    centers : ndarray of shape (k, d)
    labels : ndarray of shape (n,)
    inertias : list of float
        One number an iteration: `inertia` of its assignment with the centres that made it, before they move.

    Raises
    ------
    ValueError
        NaN or infinity, other widths of `X` and `centers`, more centres than rows, max_iter < 1.
    """
    X, centers = finite_array("X", X, 2), finite_array("centers", centers, 2)
    same_length("columns of X", X.shape[1], "columns of centers", centers.shape[1])
    k = len(centers)
    if k > len(X) or max_iter < 1:
        raise ValueError(f"Need k <= n and max_iter >= 1. Got k={k}, n={len(X)}, max_iter={max_iter}.")
    rounding = X.size * np.finfo(np.float64).eps * np.sum((X - X.mean(axis=0)) ** 2)
    labels: Indices | None = None
    inertias: list[float] = []
    for _ in range(max_iter):
        previous_labels, labels = labels, assign(X, centers)
        inertias.append(inertia(X, labels, centers))
        assert inertias[-1] <= min(inertias) + rounding  # KM.10; python -O leaves it out
        previous_centers, centers = centers, update(X, labels, k, centers)
        if previous_labels is not None and np.array_equal(labels, previous_labels):
            return centers, labels, inertias
        if np.sum((centers - previous_centers) ** 2) <= tol * X.var(axis=0).mean():  # KM.7
            break
    return centers, assign(X, centers), inertias


def plus_plus(X: Floats, k: int, rng: np.random.RandomState, trials: int | None = None) -> Floats:
    """Return k rows of X to begin with, shape (k, d): far apart, drawn in scikit-learn's order.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    k : int
        Number of centres.
    rng : RandomState
        Gives one draw for the first centre and `trials` draws for each other.
    trials : int, optional
        Candidates a centre; ⌊2 + ln k⌋ by default, 1 for the method of Arthur and Vassilvitskii (2007).
    """
    X = finite_array("X", X, 2)
    n = len(X)
    if not 1 <= k <= n:
        raise ValueError(f"k must lie between 1 and the number of rows. Got k={k} and {n} rows.")
    centers: Floats = X[[rng.choice(n, p=np.full(n, 1 / n))]]
    for _ in range(k - 1):
        nearest = squared_distances(X, centers).min(axis=1)
        drawn = rng.uniform(size=trials or 2 + int(np.log(k))) * nearest.sum()
        candidates = np.searchsorted(np.cumsum(nearest), drawn).clip(max=n - 1)  # KM.8
        potentials = np.minimum(nearest[:, np.newaxis], squared_distances(X, X[candidates])).sum(axis=0)
        centers = np.vstack([centers, X[candidates[np.argmin(potentials)]]])  # KM.9
    return centers
