"""KMeans: checks its input, runs from one or several sets of initial centres, keeps the best run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from workings.base import (
    Constraint,
    ConvergenceWarning,
    Options,
    check_random_state,
    check_sample_weight,
    check_X,
    is_sparse,
    warn,
)
from workings.cluster.centroids import CentroidClusterer, absolute_tolerance
from workings.cluster.certified.lloyd import CertifiedLloyd, pays
from workings.cluster.certified.prediction import foretold
from workings.cluster.certified.referee import ElkanReferee, RoundedReferee, UndecidedError
from workings.cluster.certified.single_precision import pack
from workings.cluster.columns import column_means, subtract_from_rows
from workings.cluster.distances import Floats, Labels, roundoff, squared_norms
from workings.cluster.elkan import TriangleBounds
from workings.cluster.exact.certificate import AssignmentCertificate, certificate
from workings.cluster.exact.nearest import Decisions, exact_nearest
from workings.cluster.exact.referee import ExactReferee
from workings.cluster.lloyd import Assignment, BruteForce, Run, iterate
from workings.cluster.magnitude import require_squarable, require_visible, too_large
from workings.cluster.progress import Progress
from workings.cluster.rows import Rows, as_rows
from workings.cluster.seeding.initial import Init, initial_rows
from workings.recording import start_recording


class KMeans(CentroidClusterer):
    """k-means clustering: k centres that make the sum of squared distances of the rows to their nearest centre small.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, k.
    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_features), default="k-means++"
        Where to begin: greedy k-means++, rows drawn at random, the answer of ``init(X, n_clusters,
        random_state=...)`` (which sees dense X centred, unless `arithmetic` is "exact"), or these centres.
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
    arithmetic : {"double", "exact"}, default="double"
        "double": the bits of scikit-learn. "exact": every assignment is that of exact arithmetic on rows and centres,
        and every centre the correctly rounded mean of its rows, so that the same initial centres give the same bits
        for any order of the rows, on any machine. Dense data only.

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
    certificate_ : AssignmentCertificate or None
        With "exact": by which proof the assignments were decided. None with "double".
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where X had names that are all strings.

    Notes
    -----
    Fails when clusters are not round and of like size (k-means has no other notion of a cluster), when features have
    unlike units (scale them first), when a run ends in a poor local minimum (raise `n_init`), and when X does not fit
    in memory. Rows that are equally near to two centres, up to rounding, go to the one that rounding prefers;
    ``arithmetic="exact"`` sends them to the lower index if they are equally near, and to the nearer one if not.

    How: labels are taken from float32 distances where the bound on their error proves them, and rows are not looked at
    again before the centres have moved far enough to change their label; what that leaves open is decided in double
    arithmetic, and what that leaves open, in scikit-learn's or in exact arithmetic (`workings.cluster.certified`).
    Little data and sparse data take the plain loop. While a fit is recorded or verbose, an assertion holds every
    iteration to KM.10: the inertia never rises.

    Cost: at most 2nkd flops an iteration, most of them in float32 or saved, and 2nd·k(2 + ln k) for k-means++. Memory:
    a copy of X, half a copy in float32, some numbers a row. With ``OPENBLAS_NUM_THREADS=1`` in the environment, blocks
    of rows are looked at on ``OMP_NUM_THREADS`` threads, with the same bits.

    Labels, centres, inertia and number of iterations have the bits of scikit-learn 1.9.1 on one thread, if the BLAS has
    one thread here, too (``OPENBLAS_NUM_THREADS=1``; scikit-learn sees to its own). With more, and on a BLAS that adds
    in a way that was not tested, rows that are equally near to two centres up to rounding may go to the other one.
    With two threads scikit-learn differs from itself in the last bits. Exceptions: a callable that returns the same
    array in each run, or a part of X, which is copied here and overwritten there; and initial centres whose squares
    overflow.

    Sources: S. Lloyd (1982); D. Arthur and S. Vassilvitskii (2007); C. Elkan (2003). Equations KM.1 to KM.10 are
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
    >>> proved = KMeans(n_clusters=2, random_state=0, arithmetic="exact").fit(X)
    >>> proved.certificate_.assignments, proved.certificate_.ties
    (12, 0)
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        **CentroidClusterer._constraints,
        "copy_x": ["boolean"],
        "algorithm": [Options({"lloyd", "elkan"})],
        "arithmetic": [Options({"double", "exact"})],
    }
    _runs_with_random_init = 10

    certificate_: AssignmentCertificate | None

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
        arithmetic: Literal["double", "exact"] = "double",
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
        self.arithmetic = arithmetic

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
            the floating-point range; all weights zero; weights above zero and below 1e-292 (1e-31 in float32), whose
            differences may have no reciprocal.

        Warns
        -----
        ConvergenceWarning
            If fewer than `n_clusters` clusters have rows, which happens when fewer rows are distinct.
        RuntimeWarning
            For `n_init` above 1 with given centres, and for "elkan" with one cluster.
        """
        self._check_parameters()
        exact = self._is_exact(X)
        X = check_X(self, X, reset=True, accept_sparse=True, copy=self.copy_x and not exact, order="C")
        if X.shape[0] < self.n_clusters:
            raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")
        self._n_init = self._number_of_runs()
        elkan = self._uses_elkan()
        rng = check_random_state(self.random_state)
        weights = check_sample_weight(sample_weight, X, dtype=X.dtype)
        init = self._checked_init(X)
        best = self._exactly(X, weights, init, rng) if exact else self._rounded(X, weights, init, rng, elkan=elkan)
        distinct = np.count_nonzero(np.bincount(best.labels))
        if distinct < self.n_clusters:
            warn(
                ConvergenceWarning,
                f"Number of distinct clusters ({distinct}) found smaller than n_clusters ({self.n_clusters}). Possibly "
                "due to duplicate points in X.",
            )
        self.cluster_centers_, self.labels_ = best.centers, best.labels
        self.inertia_, self.n_iter_ = best.inertia, best.iterations
        self.certificate_ = best.certificate
        self._n_features_out = self.n_clusters
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.arithmetic == "double"
        return tags

    def _is_exact(self, X: Any) -> bool:
        if self.arithmetic == "double":
            return False
        if is_sparse(X):
            raise ValueError("arithmetic='exact' does not take sparse data: pass X.toarray().")
        if self.algorithm != "lloyd":
            raise ValueError("arithmetic='exact' has bounds of its own: leave algorithm='lloyd'.")
        return True

    def _uses_elkan(self) -> bool:
        if self.algorithm == "elkan" and self.n_clusters == 1:
            warn(
                RuntimeWarning,
                "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead.",
                stacklevel=3,
            )
            return False
        return self.algorithm == "elkan"

    def _rounded(self, X: Any, weights: Floats, init: Init, rng: np.random.RandomState, *, elkan: bool) -> Run:
        """Return the best run in scikit-learn's arithmetic."""
        with np.errstate(over="ignore", invalid="ignore"):
            tolerance = absolute_tolerance(X, self.tol)
        if is_sparse(X):
            return self._rounded_runs(X, weights, init, rng, elkan=elkan, tolerance=tolerance, offset=0.0)
        mean = _finite_mean(X)
        subtract_from_rows(X, mean)
        try:
            init = init - mean if isinstance(init, np.ndarray) else init
            return self._rounded_runs(X, weights, init, rng, elkan=elkan, tolerance=tolerance, offset=mean)
        finally:
            if not self.copy_x:
                X += mean

    def _rounded_runs(
        self,
        X: Any,
        weights: Floats,
        init: Init,
        rng: np.random.RandomState,
        *,
        elkan: bool,
        tolerance: float,
        offset: Floats | float,
    ) -> Run:
        norms = _checked_norms(X, weights)
        rows = as_rows(X, weights)
        full_stop = "" if elkan else "."
        rounding = _rounding_of_inertia(norms, weights, X.shape[1])
        progress = Progress(bool(self.verbose), start_recording(self), offset, full_stop, rounding)
        certified = None
        # Elkan's bounds cannot be foretold in float32, and a run that gave up would have told its steps twice
        hopeless = is_sparse(X) or (elkan and (X.dtype == np.float32 or progress.listens))
        if not hopeless and pays(X, self.n_clusters):
            referee = ElkanReferee(rows, self.max_iter) if elkan else RoundedReferee(rows)
            certified = CertifiedLloyd(X, _unless_ones(weights), pack(X, norms), referee)

        def begin() -> Floats:
            centers = self._init_centroids(X, norms, init, rng, weights)
            progress.seeded(rows, centers)
            return centers

        def run(centers: Floats) -> Run:
            nonlocal certified
            if certified is not None:
                try:
                    return certified.run(centers, max_iter=self.max_iter, tolerance=tolerance, progress=progress)
                except UndecidedError:
                    certified = None  # the next runs, on the same rows, would end like this one
            assignment: Assignment = TriangleBounds(rows, centers) if elkan else BruteForce(rows, self.n_clusters)
            return iterate(rows, centers, assignment, max_iter=self.max_iter, tolerance=tolerance, progress=progress)

        best = self._best_of_runs(begin, run, progress)
        return replace(best, centers=best.centers + offset)

    def _exactly(self, X: Floats, weights: Floats, init: Init, rng: np.random.RandomState) -> Run:
        """Return the best run in exact arithmetic, and keep its certificate."""
        referee = ExactReferee(X, weights)
        origin = _finite_mean(X).astype(np.float64)
        near = X.astype(np.float64)
        subtract_from_rows(near, origin)
        norms = _checked_norms(near, weights)
        rounding = _rounding_of_inertia(norms, weights, X.shape[1])
        progress = Progress(bool(self.verbose), start_recording(self), 0.0, ".", rounding)
        lloyd = CertifiedLloyd(near, _unless_ones(weights), pack(near, norms), referee, origin)
        tolerance = referee.tolerance(self.tol)

        def begin() -> Floats:
            if isinstance(init, str):
                drawn = initial_rows(near, self.n_clusters, init=init, weights=weights, norms=norms, rng=rng)
                centers = X.take(drawn, axis=0)
            else:
                # a callable may write to what it is given, and X is the caller's
                centers = self._init_centroids(X.copy() if callable(init) else X, norms, init, rng, weights)
            progress.seeded(as_rows(X, weights), centers)
            return centers

        def run(centers: Floats) -> Run:
            referee.decisions = Decisions()
            found = lloyd.run(centers, max_iter=self.max_iter, tolerance=tolerance, progress=progress)
            return replace(found, certificate=certificate(found.tally, referee.decisions))

        return self._best_of_runs(begin, run, progress)

    def _best_of_runs(self, begin: Callable[[], Floats], run: Callable[[Floats], Run], progress: Progress) -> Run:
        best: Run | None = None
        for _ in range(self._n_init):
            candidate = run(begin())
            is_best = best is None or (
                candidate.inertia < best.inertia and not _same_partition(candidate.labels, best.labels, self.n_clusters)
            )
            progress.finished(
                value=candidate.inertia, iterations=candidate.iterations, strict=candidate.strict, best=is_best
            )
            best = candidate if best is None or is_best else best
        assert best is not None
        return best

    def _assigned(self, rows: Rows, centers: Floats) -> Labels:
        if self.arithmetic == "double":
            return super()._assigned(rows, centers)
        centers = self.cluster_centers_
        X = rows.X.astype(np.result_type(rows.X, centers), copy=False)
        return foretold(X, centers, lambda doubtful: exact_nearest(X.take(doubtful, axis=0), centers), 0.0)

    def _inertia(self, rows: Rows, centers: Floats, labels: Labels) -> float:
        if self.arithmetic == "double":
            return super()._inertia(rows, centers, labels)
        return ExactReferee(rows.X, rows.weights).inertia(self.cluster_centers_, labels)


def _checked_norms(X: Any, weights: Floats) -> Floats:
    with np.errstate(over="ignore"):
        norms = squared_norms(X)
    require_squarable(norms, weights)
    require_visible(X.data if is_sparse(X) else X, norms)
    return norms


def _rounding_of_inertia(norms: Floats, weights: Floats, n_features: int) -> float:
    """Return how far off assignments, means and the sum itself can make an inertia: a bound, not an estimate."""
    terms = 8 * (n_features + 10) + 4 * len(norms)
    return terms * roundoff(weights.dtype) * float(norms.max()) * float(weights.sum())


def _unless_ones(weights: Floats) -> Floats | None:
    return None if (weights == 1).all() else weights


def _finite_mean(X: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = column_means(X)
    if not np.isfinite(mean).all():
        raise too_large(X.dtype)
    return mean


def _same_partition(labels: Labels, others: Labels, n_clusters: int) -> bool:
    """Whether each cluster of `labels` lies within one cluster of `others`."""
    image = np.zeros(n_clusters, dtype=np.int32)
    image[labels] = others
    return np.array_equal(image[labels], others)
