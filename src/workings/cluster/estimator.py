"""KMeans: checks its input, runs from one or several sets of initial centres, keeps the best run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from workings.base import (
    Clusterer,
    Constraint,
    ConvergenceWarning,
    Estimator,
    Interval,
    Options,
    Transformer,
    check_array,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    check_X,
    is_sparse,
    warn,
)
from workings.cluster.distances import Floats, Labels, distance_table, squared_norms
from workings.cluster.elkan import TriangleBounds
from workings.cluster.lloyd import Assignment, BruteForce, Run, iterate
from workings.cluster.magnitude import require_multipliable, require_squarable, require_visible, too_large
from workings.cluster.progress import Progress
from workings.cluster.rows import Rows, as_rows, inertia
from workings.cluster.seeding import initial_centers, require_shape
from workings.cluster.sparse import feature_variances
from workings.recording import start_recording

_RUNS_WITH_RANDOM_INIT = 10


class KMeans(Transformer, Clusterer, Estimator):
    """k-means clustering: k centres that make the sum of squared distances of the rows to their nearest centre small.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, k.
    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_features), default="k-means++"
        Where to begin: greedy k-means++, rows drawn at random, the answer of ``init(X, n_clusters,
        random_state=...)`` (which sees X centred, if dense), or these centres.
    n_init : "auto" or int, default="auto"
        Number of runs, of which the one with the lowest inertia is kept. "auto": 10 for "random" and a callable, else
        1.
    max_iter : int, default=300
        Largest number of iterations of a run.
    tol : float, default=1e-4
        Stop when the squared shifts of the centres add up to at most `tol` times the mean variance of a feature.
    verbose : int, default=0
        Print a line an iteration.
    random_state : int, RandomState or None, default=None
        Of the initial centres. The same seed gives scikit-learn's result, bit for bit (see Notes).
    copy_x : bool, default=True
        False: centre X in place and undo it at the end, which may change the last bits of X.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Assign by all distances, or by those that the triangle inequality leaves open (nk more memory). Both find the
        same clusters up to rounding.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Of the best run.
    labels_ : ndarray of shape (n_samples,), int32
        Nearest centre of each row of the training data.
    inertia_ : float
        Weighted sum of squared distances of the rows to their centres, in squared units of X.
    n_iter_ : int
        Iterations of the best run.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where X had names that are all strings.

    Notes
    -----
    Fails when clusters are not round and of like size (k-means has no other notion of a cluster), when features have
    unlike units (scale them first), when a run ends in a poor local minimum (raise `n_init`), and when X does not fit
    in memory. Rows that are equally near to two centres, up to rounding, go to the one that rounding prefers.

    Cost: 2nkd flops an iteration and 2nd·k(2 + ln k) for k-means++; memory: a copy of X and small blocks.

    Labels, centres, inertia and number of iterations have the bits of scikit-learn 1.9.1 on one thread. A callable
    that returns the same array in each run is the exception: here each run begins from a copy; there the runs overwrite
    it. With two threads scikit-learn differs from itself in the last bits. With more features than the BLAS takes
    in one panel (some hundreds), the norms of the centres enter its sums at another place than here: rows
    that are equally near to two centres, as in tables of small integers, may then go to the other one.

    Sources: S. Lloyd (1982); D. Arthur and S. Vassilvitskii (2007); C. Elkan (2003). Equations KM.1 to KM.9 are
    written out in `workings.textbook.k_means`.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.cluster import KMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> model = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> model.labels_.tolist()
    [1, 1, 1, 0, 0, 0]
    >>> model.predict([[0, 0], [12, 3]]).tolist()
    [1, 0]
    >>> model.cluster_centers_.tolist()
    [[10.0, 2.0], [1.0, 2.0]]
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "n_clusters": [Interval(Integral, 1, None, "left")],
        "init": [Options({"k-means++", "random"}), "callable", "array-like"],
        "n_init": [Options({"auto"}), Interval(Integral, 1, None, "left")],
        "max_iter": [Interval(Integral, 1, None, "left")],
        "tol": [Interval(Real, 0, None, "left")],
        "verbose": [Interval(Integral, 0, None, "left"), "boolean"],
        "random_state": ["random_state"],
        "copy_x": ["boolean"],
        "algorithm": [Options({"lloyd", "elkan"})],
    }

    cluster_centers_: Floats
    labels_: Labels
    inertia_: float
    n_iter_: int

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | npt.ArrayLike | Callable[..., Any] = "k-means++",
        n_init: int | Literal["auto"] = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
        copy_x: bool = True,
        algorithm: Literal["lloyd", "elkan"] = "lloyd",
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002  (scikit-learn's signature)
        """Find the clusters of X.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float64 and float32 keep their type, all else becomes float64.
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            Not negative; a row of weight 2 counts as two rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Fewer rows than clusters; NaN or infinity; initial centres of the wrong shape; entries whose squares leave
            the floating-point range; all weights zero.

        Warns
        -----
        ConvergenceWarning
            If fewer than `n_clusters` clusters have rows, which happens when fewer rows are distinct.
        RuntimeWarning
            For `n_init` above 1 with given centres, and for "elkan" with one cluster.
        """
        self._check_parameters()
        X = check_X(self, X, reset=True, accept_sparse=True, copy=self.copy_x, order="C")
        if X.shape[0] < self.n_clusters:
            raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")
        with np.errstate(over="ignore", invalid="ignore"):
            tolerance = _absolute_tolerance(X, self.tol)
        self._n_init = self._number_of_runs()
        elkan = self._uses_elkan()
        rng = check_random_state(self.random_state)
        weights = check_sample_weight(sample_weight, X, dtype=X.dtype)
        init = self._checked_init(X)
        if is_sparse(X):
            best = self._best_run(X, weights, init, rng, elkan=elkan, tolerance=tolerance, offset=0.0)
        else:
            mean = _finite_mean(X)
            X -= mean
            try:
                init = init - mean if isinstance(init, np.ndarray) else init
                best = self._best_run(X, weights, init, rng, elkan=elkan, tolerance=tolerance, offset=mean)
            finally:
                if not self.copy_x:
                    X += mean
        distinct = len(np.unique(best.labels))
        if distinct < self.n_clusters:
            warn(
                ConvergenceWarning,
                f"Number of distinct clusters ({distinct}) found smaller than n_clusters ({self.n_clusters}). Possibly "
                "due to duplicate points in X.",
            )
        self.cluster_centers_, self.labels_ = best.centers, best.labels
        self.inertia_, self.n_iter_ = best.inertia, best.iterations
        self._n_features_out = self.n_clusters
        return self

    def predict(self, X: Any) -> Labels:
        """Return the index of the nearest centre of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), int32

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            For another number of features, NaN, infinity, or entries whose squares overflow.

        Notes
        -----
        2nkd flops. X is not centred here, as it is in `fit`: far from the origin, a row that lies almost halfway
        between two centres may get another label than in ``labels_``.
        """
        rows, centers = self._rows_to_test(X)
        require_multipliable(rows.X.data if is_sparse(rows.X) else rows.X, centers)
        return rows.nearest(centers)

    def transform(self, X: Any) -> Any:
        """Return the Euclidean distances of each row to the centres.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_clusters), or a DataFrame after `set_output`

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            As in `predict`.
        """
        check_is_fitted(self)
        return self._distances(X, order="C")

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Find the clusters of X, and return the distances of its rows to the centres.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        ndarray of shape (n_samples, n_clusters), or a DataFrame after `set_output`

        Raises
        ------
        ValueError
            As in `fit`.

        Notes
        -----
        ``fit(X).transform(X)``, but that columns which lie one after another in memory, as a DataFrame's do, stay so:
        their products may differ in the last bit, and these are scikit-learn's.
        """
        return self.fit(X, y, sample_weight=sample_weight)._distances(X, order=None)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # noqa: ARG002  (as above)
        """Return minus the weighted sum of squared distances of the rows to their nearest centres.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
            At most zero; higher is better.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            As in `predict`.
        """
        rows, centers = self._rows_to_test(X, sample_weight)
        _require_squarable_together(rows.X, centers)
        return -inertia(rows, centers, rows.nearest(centers))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _number_of_runs(self) -> int:
        given = not isinstance(self.init, str) and not callable(self.init)
        if isinstance(self.n_init, str):
            return 1 if given or self.init == "k-means++" else _RUNS_WITH_RANDOM_INIT
        if given and self.n_init != 1:
            warn(
                RuntimeWarning,
                "Explicit initial center position passed: performing only one init in "
                f"{type(self).__name__} instead of n_init={self.n_init}.",
                stacklevel=3,
            )
            return 1
        return self.n_init

    def _uses_elkan(self) -> bool:
        if self.algorithm == "elkan" and self.n_clusters == 1:
            warn(
                RuntimeWarning,
                "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead.",
                stacklevel=3,
            )
            return False
        return self.algorithm == "elkan"

    def _checked_init(self, X: Any) -> str | Floats | Callable[..., Any]:
        if isinstance(self.init, str) or callable(self.init):
            return self.init
        centers: Floats = check_array(self.init, name="init", dtype=(X.dtype.type,), order="C")
        require_shape(centers, self.n_clusters, X.shape[1])
        return centers

    def _best_run(
        self,
        X: Any,
        weights: Floats,
        init: str | Floats | Callable[..., Any],
        rng: np.random.RandomState,
        *,
        elkan: bool,
        tolerance: float,
        offset: Floats | float,
    ) -> Run:
        with np.errstate(over="ignore"):
            norms = squared_norms(X)
        require_squarable(norms, weights)
        require_visible(X.data if is_sparse(X) else X, norms)
        rows = as_rows(X, weights)
        progress = Progress(bool(self.verbose), start_recording(self), offset, "" if elkan else ".")
        best: Run | None = None
        for _ in range(self._n_init):
            centers = self._init_centroids(X, norms, init, rng, weights)
            progress.seeded(rows, centers)
            assignment: Assignment = TriangleBounds(rows, centers) if elkan else BruteForce(rows)
            run = iterate(rows, centers, assignment, max_iter=self.max_iter, tolerance=tolerance, progress=progress)
            is_best = best is None or (
                run.inertia < best.inertia and not _same_partition(run.labels, best.labels, self.n_clusters)
            )
            progress.finished(value=run.inertia, iterations=run.iterations, strict=run.strict, best=is_best)
            best = run if best is None or is_best else best
        assert best is not None
        return Run(best.centers + offset, best.labels, best.inertia, best.iterations, best.strict)

    def _init_centroids(
        self,
        X: Any,
        x_squared_norms: Floats,
        init: str | Floats | Callable[..., Any],
        random_state: np.random.RandomState,
        sample_weight: Floats,
        n_centroids: int | None = None,
    ) -> Floats:
        # the name and the arguments of scikit-learn's step, for subclasses that call or replace it
        k = self.n_clusters if n_centroids is None else n_centroids
        return initial_centers(X, k, init=init, weights=sample_weight, norms=x_squared_norms, rng=random_state)

    def _distances(self, X: Any, *, order: Literal["C"] | None) -> Any:
        rows = check_X(self, X, reset=False, accept_sparse=True, order=order)
        centers = self.cluster_centers_.astype(rows.dtype, copy=False)
        _require_squarable_together(rows, centers)
        return self._wrap_output(distance_table(rows, centers), X)

    def _rows_to_test(self, X: Any, sample_weight: Any = None) -> tuple[Rows, Floats]:
        check_is_fitted(self)
        X = check_X(self, X, reset=False, accept_sparse=True, order="C")
        weights = check_sample_weight(sample_weight, X, dtype=X.dtype)
        centers = self.cluster_centers_.astype(X.dtype, copy=False)
        return as_rows(X, weights), centers


def _absolute_tolerance(X: Any, tol: float) -> float:
    if tol == 0:
        return 0
    variances = feature_variances(X) if is_sparse(X) else np.var(X, axis=0)
    tolerance: float = np.multiply(variances.mean(), tol)
    return tolerance


def _finite_mean(X: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        mean: Floats = X.mean(axis=0)
    if not np.isfinite(mean).all():
        raise too_large(X.dtype)
    return mean


def _require_squarable_together(X: Any, centers: Floats) -> None:
    with np.errstate(over="ignore"):
        require_squarable(np.concatenate([squared_norms(X), squared_norms(centers)]))


def _same_partition(labels: Labels, others: Labels, n_clusters: int) -> bool:
    """Whether each cluster of `labels` lies within one cluster of `others`."""
    image = np.zeros(n_clusters, dtype=np.int32)
    image[labels] = others
    return np.array_equal(image[labels], others)
