"""MiniBatchKMeans: k-means that looks at a few rows at a time, drawn by itself or handed to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from workings.base import (
    Constraint,
    Interval,
    check_random_state,
    check_sample_weight,
    check_X,
    is_sparse,
    warn,
)
from workings.cluster.centroids import CentroidClusterer, absolute_tolerance
from workings.cluster.distances import Floats, squared_norms
from workings.cluster.magnitude import require_squarable, require_visible
from workings.cluster.mini_batch.early_stopping import EarlyStopping
from workings.cluster.mini_batch.lottery import Lottery
from workings.cluster.mini_batch.progress import MiniBatchProgress
from workings.cluster.mini_batch.running_means import RunningMeans, Step, step
from workings.cluster.rows import Rows, as_rows, inertia
from workings.recording import start_recording


class MiniBatchKMeans(CentroidClusterer):
    """k-means clustering a batch at a time: a centre is the running mean of the rows that were nearest to it.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, k.
    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_features), default="k-means++"
        Where to begin: greedy k-means++, rows drawn at random, the answer of ``init(X, n_clusters,
        random_state=...)``, or these centres. The first three see `init_size` rows.
    max_iter : int, default=100
        Largest number of passes: there are at most ``max_iter * n_samples // batch_size`` batches.
    batch_size : int, default=1024
        Rows a batch; no more than there are rows.
    verbose : int, default=0
        Print a line a batch.
    compute_labels : bool, default=True
        Assign all rows at the end. False: no ``labels_``, and ``inertia_`` is an estimate.
    random_state : int, RandomState or None, default=None
        Of the rows drawn for initial centres, batches and reassignment. The same seed gives scikit-learn's result, bit
        for bit (see Notes).
    tol : float, default=0.0
        Stop when the squared shifts of the centres in one batch add up to at most `tol` times the mean variance of a
        feature. 0: do not ask.
    max_no_improvement : int or None, default=10
        Stop after so many batches in a row in which the exponentially weighted average of the batches' inertia finds no
        new low. None: do not ask.
    init_size : int or None, default=None
        Rows drawn, with replacement, to find and to compare initial centres. None: three times `batch_size`, or three
        times `n_clusters` where that is not enough; no more than there are rows.
    n_init : "auto" or int, default="auto"
        Number of initial sets of centres, of which the one with the lowest inertia on `init_size` rows is used. "auto":
        3 for "random" and a callable, else 1.
    reassignment_ratio : float, default=0.01
        A centre whose weight is below this share of the heaviest's begins anew at a row of the batch. Asked when
        10·k rows have passed since it was asked last, and while a centre has no weight.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Running means.
    labels_ : ndarray of shape (n_samples,), int32
        Nearest centre of each row of the training data (in `partial_fit`: of the batch); with `compute_labels`.
    inertia_ : float
        Weighted sum of squared distances of these rows to their centres, in squared units of X. Without
        `compute_labels`, the average a row of the batches times the sum of the weights.
    n_iter_ : int
        Passes over the data that the batches of `fit` amount to, rounded up.
    n_steps_ : int
        Number of batches.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where X had names that are all strings.

    See Also
    --------
    KMeans : Looks at all rows in each iteration, and reaches a lower inertia.

    Notes
    -----
    Fails as `KMeans` does. Besides: the result depends on the batches drawn; it is no local minimum of the inertia; X
    is not centred, so that rounding errors decide the labels where X is far from the origin for its spread (subtract
    the mean first); and in float32 a row drowns in the sum of a centre that holds some 2²⁴ rows.

    Cost: 2bkd flops a batch of b rows, b·ln n to draw them, and 2nkd for the labels at the end; memory: one batch and a
    vector of n, no copy of X.

    Labels, centres, weights of the centres, inertia and numbers of batches and passes have the bits of scikit-learn
    1.9.1 on one thread, also batch by batch in `partial_fit`. The exceptions are those of `KMeans`, and they show
    sooner here: a batch can hold a row twice, both copies can become centres, and then many rows are equally near to
    the two up to rounding. Where scikit-learn fails, this does not: `compute_labels=False` after a single batch,
    batches of float32 after batches of float64.

    Source: D. Sculley, "Web-scale k-means clustering", WWW 2010, algorithm 1, with a whole batch averaged at once; the
    smoothed inertia and the reassignment of light centres are scikit-learn's.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.cluster import MiniBatchKMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> model = MiniBatchKMeans(n_clusters=2, batch_size=6, random_state=0, max_iter=10).fit(X)
    >>> model.labels_.tolist()
    [1, 1, 1, 0, 0, 0]
    >>> model.partial_fit([[30.0, 2.0]]).predict([[0, 0], [12, 3]]).tolist()
    [1, 0]
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        **CentroidClusterer._constraints,
        "batch_size": [Interval(Integral, 1, None, "left")],
        "compute_labels": ["boolean"],
        "max_no_improvement": [Interval(Integral, 0, None, "left"), None],
        "init_size": [Interval(Integral, 1, None, "left"), None],
        "reassignment_ratio": [Interval(Real, 0, None, "left")],
    }
    _runs_with_random_init = 3

    n_steps_: int

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | npt.ArrayLike | Callable[..., Any] = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: int | Literal["auto"] = "auto",
        reassignment_ratio: float = 0.01,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002  (scikit-learn's signature)
        """Find the clusters of X from batches of rows drawn with replacement.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float64 and float32 keep their type, all else becomes float64.
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            Not negative; a row of weight 2 is drawn twice as often.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Fewer rows than clusters; NaN or infinity; initial centres of the wrong shape; entries whose squares leave
            the floating-point range; all weights zero; a `reassignment_ratio` that leaves no cluster.

        Warns
        -----
        RuntimeWarning
            For `n_init` above 1 with given centres, and for an `init_size` below `n_clusters`.
        """
        self._check_parameters()
        X = check_X(self, X, reset=True, accept_sparse=True, order="C")
        self._require_rows(X)
        with np.errstate(over="ignore", invalid="ignore"):
            tolerance = absolute_tolerance(X, self.tol)
        self._n_init = self._number_of_runs()
        self._batch_size, self._init_size = self._sizes(X.shape[0])
        rng = check_random_state(self.random_state)
        weights = check_sample_weight(sample_weight, X, dtype=X.dtype)
        init = self._checked_init(X)
        norms = _representable_norms(X)
        require_squarable(norms, weights)
        batch_weights = np.ones(self._batch_size, dtype=X.dtype)
        require_squarable(norms, batch_weights)
        progress = MiniBatchProgress(bool(self.verbose), start_recording(self))
        rows = as_rows(X, weights)
        means = self._begin(self._best_initial_centers(rows, norms, init, rng, progress))
        stopping = EarlyStopping(
            tolerance, self.max_no_improvement, share=min(self._batch_size * 2.0 / (X.shape[0] + 1), 1)
        )
        lottery = Lottery(weights)
        steps = self.max_iter * X.shape[0] // self._batch_size
        for number in range(steps):
            batch = as_rows(X[lottery.draw(rng, self._batch_size)], batch_weights)
            done = self._step(means, batch, rng)
            means, mean_inertia = done.means, done.inertia / self._batch_size
            stopping.observe(mean_inertia)
            progress.step(number, steps, done, inertia=mean_inertia, average=stopping.average)
            reason = stopping.reason(done.shift)
            if reason is not None:
                progress.converged(number, steps, reason)
                break
        self.n_steps_ = number + 1
        self.n_iter_ = math.ceil(self.n_steps_ * self._batch_size / X.shape[0])
        self._keep(means, rows)
        if not self.compute_labels:
            smoothed = mean_inertia if np.isnan(stopping.average) else stopping.average
            self.inertia_ = float(smoothed * weights.sum())
        progress.finished(value=self.inertia_, iterations=self.n_iter_, steps=self.n_steps_, reason=reason)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002  (as above)
        """Move the centres by one batch, which also provides the initial centres if it is the first.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The first batch decides between float64 and float32; later ones are converted.
        y : ignored
        sample_weight : array-like of shape (n_samples,), optional
            Not negative; a row of weight 2 counts as two rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As in `fit`; for another number of features than in the first batch. The centres are then as they were.

        Warns
        -----
        RuntimeWarning
            As in `fit`.

        Notes
        -----
        Goes on from the centres of `fit`, if that was called before.
        """
        self._check_parameters()
        begins = not hasattr(self, "cluster_centers_")
        X = check_X(self, X, reset=begins, accept_sparse=True, order="C")
        X = X if begins else X.astype(self.cluster_centers_.dtype, copy=False)
        weights = check_sample_weight(sample_weight, X, dtype=X.dtype)
        rng = check_random_state(getattr(self, "_random_state", self.random_state))
        norms = _representable_norms(X)
        progress = MiniBatchProgress(bool(self.verbose), start_recording(self))
        if begins:
            self._require_rows(X)
            self._n_init = self._number_of_runs()
            self._batch_size, self._init_size = self._sizes(X.shape[0])
            require_squarable(norms, weights)
            init = self._checked_init(X)
            means = self._begin(self._init_centroids(X, norms, init, rng, weights, self._init_size))
        else:
            means = RunningMeans(self.cluster_centers_, self._counts)
            with np.errstate(over="ignore"):
                all_norms = np.concatenate([norms, squared_norms(means.centers)])
            require_squarable(all_norms, np.concatenate([weights, means.counts]))
        rows = as_rows(X, weights)
        done = self._step(means, rows, rng)
        number = getattr(self, "n_steps_", 0)
        progress.step(number, None, done, inertia=done.inertia / float(weights.sum()), average=np.nan)
        self._random_state, self.n_steps_ = rng, number + 1
        self._keep(done.means, rows)
        return self

    def _require_rows(self, X: Any) -> None:
        if X.shape[0] < self.n_clusters:
            raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")

    def _sizes(self, n_samples: int) -> tuple[int, int]:
        batch_size, init_size = min(self.batch_size, n_samples), self.init_size
        if init_size is None:
            init_size = 3 * (batch_size if 3 * batch_size >= self.n_clusters else self.n_clusters)
        elif init_size < self.n_clusters:
            warn(
                RuntimeWarning,
                f"init_size={init_size} should be larger than n_clusters={self.n_clusters}. Setting it to "
                "min(3*n_clusters, n_samples)",
                stacklevel=3,
            )
            init_size = 3 * self.n_clusters
        return batch_size, min(init_size, n_samples)

    def _best_initial_centers(
        self,
        rows: Rows,
        norms: Floats,
        init: str | Floats | Callable[..., Any],
        rng: np.random.RandomState,
        progress: MiniBatchProgress,
    ) -> Floats:
        drawn = rng.randint(0, len(rows.weights), self._init_size)
        jury = as_rows(rows.X[drawn], rows.weights[drawn])
        best: tuple[float, Floats] | None = None
        for run in range(self._n_init):
            progress.seeding(run, self._n_init, init)
            centers = self._init_centroids(rows.X, norms, init, rng, rows.weights, self._init_size)
            potential = inertia(jury, centers, jury.nearest(centers))
            progress.seeded(run, self._n_init, potential=potential, centers=centers)
            if best is None or potential < best[0]:
                best = potential, centers
        assert best is not None
        return best[1]

    def _begin(self, centers: Floats) -> RunningMeans:
        self._n_since_last_reassign = 0
        return RunningMeans(centers, np.zeros(len(centers), dtype=centers.dtype))

    def _step(self, means: RunningMeans, rows: Rows, rng: np.random.RandomState) -> Step:
        self._n_since_last_reassign += self._batch_size
        due = self._n_since_last_reassign >= 10 * self.n_clusters or bool((means.counts == 0).any())
        if due:
            self._n_since_last_reassign = 0
        return step(means, rows, ratio=self.reassignment_ratio if due else 0, rng=rng)

    def _keep(self, means: RunningMeans, rows: Rows) -> None:
        self.cluster_centers_, self._counts = means.centers, means.counts
        self._n_features_out = len(means.centers)
        if self.compute_labels:
            self.labels_ = rows.nearest(means.centers)
            self.inertia_ = inertia(rows, means.centers, self.labels_)
        else:
            vars(self).pop("labels_", None)  # of an earlier fit


def _representable_norms(X: Any) -> Floats:
    with np.errstate(over="ignore"):
        norms = squared_norms(X)
    require_visible(X.data if is_sparse(X) else X, norms)
    return norms
