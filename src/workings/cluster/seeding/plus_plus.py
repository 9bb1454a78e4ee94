"""Greedy k-means++: rows that lie far apart, the rows that scikit-learn draws."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.base import Interval, check_array, check_random_state, check_sample_weight, is_sparse
from workings.base.parameters import check_parameters
from workings.cluster.distances import Floats, Indices, distance_table, rows_at, squared_norms
from workings.cluster.magnitude import require_squarable, require_visible
from workings.cluster.seeding.certified import certified_rows
from workings.cluster.seeding.row_distances import RowDistances

_WORTH_A_CERTIFICATE = 8 * 10**6  # operations of a step, below which the Python calls that certify it show
_PASSES = 20  # operations a distance beside its product: norms, minimum, sums and the memory between them


def kmeans_plusplus(
    X: Any,
    n_clusters: int,
    *,
    sample_weight: Any = None,
    x_squared_norms: Any = None,
    random_state: int | np.random.RandomState | None = None,
    n_local_trials: int | None = None,
) -> tuple[npt.NDArray[Any], Indices]:
    """Draw rows that lie far apart, to begin k-means with: greedy k-means++.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Not centred here, as it is in `KMeans.fit`.
    n_clusters : int
        Number of rows to draw, k.
    sample_weight : array-like of shape (n_samples,), optional
        Not negative; a row of weight 2 counts as two rows, and a row of weight 0 is not drawn.
    x_squared_norms : array-like of shape (n_samples,), optional
        |x|² of the rows, to save that pass; unused in float32, where they are taken in float64.
    random_state : int, RandomState or None, default=None
        The same seed draws scikit-learn's rows.
    n_local_trials : int, optional
        Candidates a centre, of which the one that lowers the potential most stays; 2 + ⌊ln k⌋ if left out, and 1 is
        k-means++ without the greed.

    Returns
    -------
    centers : ndarray of shape (n_clusters, n_features)
        The rows, in X's own type of number.
    indices : ndarray of shape (n_clusters,)
        Where they are in X, in the order of drawing.

    Raises
    ------
    ValueError
        Fewer rows than clusters; NaN or infinity; weights that are negative or all zero; norms of another length;
        entries whose squares leave the floating-point range; a parameter outside its range.

    Notes
    -----
    Fails when fewer rows are distinct than `n_clusters`: a row is then drawn twice. Rows far from the origin and near
    each other lose the digits of their distances: subtract the mean first.

    A row is drawn with a chance in proportion to its weight times its squared distance to the nearest centre drawn so
    far. The expected inertia is at most 8(ln k + 2) times the smallest one possible for one candidate a centre.
    2nd(2 + ln k) flops a centre; memory: n distances a candidate (twice where X is sparse), and a few vectors of n.

    Indices are those of scikit-learn 1.9.1 on one thread. Exceptions: integers of 8 or 16 bits, whose squares overflow
    there, and float16, are multiplied in float64 here; lists and DataFrames, which are refused there, are read here.

    Source: D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, theorem 1.1.
    The steps are KM.8 and KM.9 of `workings.textbook.k_means`.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.cluster import kmeans_plusplus
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> centers, indices = kmeans_plusplus(X, n_clusters=2, random_state=0)
    >>> centers.tolist()
    [[10, 2], [1, 0]]
    >>> indices.tolist()
    [3, 2]
    """
    check_parameters(
        "kmeans_plusplus",
        {"n_clusters": n_clusters, "random_state": random_state, "n_local_trials": n_local_trials},
        {
            "n_clusters": [Interval(Integral, 1, None, "left")],
            "random_state": ["random_state"],
            "n_local_trials": [Interval(Integral, 1, None, "left"), None],
        },
    )
    rows = check_array(X, accept_sparse=True)
    n = rows.shape[0]
    weights = check_sample_weight(sample_weight, rows, dtype=rows.dtype)
    if n < n_clusters:
        raise ValueError(f"n_samples={n} should be >= n_clusters={n_clusters}.")
    with np.errstate(over="ignore"):
        norms = squared_norms(rows)
    require_squarable(norms, weights)
    require_visible(rows.data if is_sparse(rows) else rows, norms)
    given = x_squared_norms is not None
    if given:
        norms = check_array(x_squared_norms, name="x_squared_norms", dtype=(rows.dtype.type,), ensure_2d=False)
        if norms.shape != (n,):
            raise ValueError(
                f"The length of x_squared_norms {norms.shape[0]} should be equal to the length of n_samples {n}."
            )
    indices = drawn_rows(
        rows,
        int(n_clusters),
        weights=weights,
        norms=norms,
        rng=check_random_state(random_state),
        trials=n_local_trials,
        certify=not given,
    )
    return _in_type_of(X, rows_at(rows, indices)), indices


def drawn_rows(
    X: Any,
    n_clusters: int,
    *,
    weights: Floats,
    norms: Floats,
    rng: np.random.RandomState,
    trials: int | None = None,
    certify: bool = True,
) -> Indices:
    """Return the indices of the rows that greedy k-means++ draws.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d)
    n_clusters : int
    weights : ndarray of shape (n,)
        Not negative, in the type of X.
    norms : ndarray of shape (n,)
        |x|² of the rows.
    rng : RandomState
        Advanced by 1 + (n_clusters - 1) · trials numbers.
    trials : int, optional
        Candidates a centre; 2 + ⌊ln k⌋ if left out.
    certify : bool, default=True
        Draw the rows of large X in quicker arithmetic where the draws can be proved the same. For true `norms` only.

    Returns
    -------
    ndarray of shape (n_clusters,)

    Notes
    -----
    Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, with 2 + ⌊ln k⌋ candidates a
    centre, of which the one that lowers the potential most stays. 2nd(2 + ln k) flops a centre. Fails when k is
    above the number of distinct rows with a weight: a row is then drawn twice.
    """
    trials = 2 + int(np.log(n_clusters)) if trials is None else trials
    first = rng.choice(X.shape[0], p=weights / weights.sum())
    draws = rng.uniform(size=(n_clusters - 1, trials))
    operations = X.shape[0] * trials * (X.shape[1] + _PASSES)
    certify = certify and X.dtype == np.float64 and operations >= _WORTH_A_CERTIFICATE
    rows = certified_rows(X, weights, norms, first, draws) if certify else None
    return _rows_by_the_letter(X, weights, norms, first, draws) if rows is None else rows


def _rows_by_the_letter(X: Any, weights: Floats, norms: Floats, first: int, draws: Floats) -> Indices:
    """Return the drawn rows, every sum being taken in scikit-learn's order."""
    n, (steps, trials) = X.shape[0], draws.shape
    distances = RowDistances(X, norms, trials)
    indices = np.full(steps + 1, first)
    nearest = distance_table(rows_at(X, indices[:1]), X, b_norms=norms, squared=True)
    potential = nearest @ weights
    nearest = nearest[0]
    cumulative = np.empty_like(nearest)
    column = weights.reshape(-1, 1)
    weighted = bool((weights != 1).any())
    for step in range(steps):
        shares = np.multiply(weights, nearest, out=cumulative) if weighted else nearest
        np.add.accumulate(shares, out=cumulative)
        candidates = cumulative.searchsorted(_rounded_up(draws[step] * potential, X.dtype))  # KM.8
        np.minimum(candidates, n - 1, out=candidates)  # rounding can carry the last draw past the end
        to_candidates = distances.to(candidates)
        np.minimum(nearest, to_candidates, out=to_candidates)
        potentials = to_candidates @ column
        best = potentials.argmin()  # KM.9
        potential = potentials[best]
        nearest[:] = to_candidates[best]
        indices[step + 1] = candidates[best]
    return indices


def _rounded_up(numbers: Floats, dtype: np.dtype[Any]) -> Floats:
    """Return the smallest numbers of a type that are not below these: the same place among numbers of that type."""
    if numbers.dtype == dtype:
        return numbers
    rounded: Floats = numbers.astype(dtype)
    return np.where(rounded < numbers, np.nextafter(rounded, np.inf, dtype=dtype), rounded)


def _in_type_of(X: Any, centers: Floats) -> npt.NDArray[Any]:
    dtype = getattr(X, "dtype", None)
    return centers.astype(dtype, copy=False) if isinstance(dtype, np.dtype) and dtype.kind in "iuf" else centers
