"""What k-means in all its forms shares: checked initial centres, and what fitted centres say of new rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from workings.base import (
    Clusterer,
    Constraint,
    Estimator,
    Interval,
    Options,
    Transformer,
    check_array,
    check_is_fitted,
    check_sample_weight,
    check_X,
    is_sparse,
    warn,
)
from workings.cluster.certified.prediction import nearest
from workings.cluster.columns import column_variances
from workings.cluster.distances import Floats, Labels, distance_table, squared_norms
from workings.cluster.magnitude import require_squarable
from workings.cluster.rows import Rows, as_rows, inertia
from workings.cluster.seeding.initial import initial_centers, require_shape
from workings.cluster.sparse import feature_variances


class CentroidClusterer(Transformer, Clusterer, Estimator):
    """Base of the estimators whose clusters are centres: a row belongs to the nearest one.

    A subclass has the parameters named below, finds ``cluster_centers_`` in its own `fit`, and says in
    ``_runs_with_random_init`` how often "auto" begins anew from random centres.
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "n_clusters": [Interval(Integral, 1, None, "left")],
        "init": [Options({"k-means++", "random"}), "callable", "array-like"],
        "n_init": [Options({"auto"}), Interval(Integral, 1, None, "left")],
        "max_iter": [Interval(Integral, 1, None, "left")],
        "tol": [Interval(Real, 0, None, "left")],
        "verbose": [Interval(Integral, 0, None, "left"), "boolean"],
        "random_state": ["random_state"],
    }
    _runs_with_random_init: ClassVar[int]

    n_clusters: int
    init: str | npt.ArrayLike | Callable[..., Any]
    n_init: int | Literal["auto"]
    max_iter: int
    tol: float
    verbose: int
    random_state: int | np.random.RandomState | None

    cluster_centers_: Floats
    labels_: Labels
    inertia_: float
    n_iter_: int

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
        2nkd flops. X is not centred here, as `KMeans.fit` centres it: far from the origin, a row that lies almost
        halfway between two centres may get another label than in ``labels_``.
        """
        rows, centers = self._rows_to_test(X)
        return self._assigned(rows, centers)

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
        self.fit(X, y, sample_weight=sample_weight)  # type: ignore[attr-defined]  # the estimator has it
        return self._distances(X, order=None)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # noqa: ARG002  (scikit-learn's signature)
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
        require_squarable_together(rows.X, centers)
        return -self._inertia(rows, centers, self._assigned(rows, centers))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _number_of_runs(self) -> int:
        given = not isinstance(self.init, str) and not callable(self.init)
        if isinstance(self.n_init, str):
            return 1 if given or self.init == "k-means++" else self._runs_with_random_init
        if given and self.n_init != 1:
            warn(
                RuntimeWarning,
                "Explicit initial center position passed: performing only one init in "
                f"{type(self).__name__} instead of n_init={self.n_init}.",
                stacklevel=3,
            )
            return 1
        return self.n_init

    def _checked_init(self, X: Any) -> str | Floats | Callable[..., Any]:
        if isinstance(self.init, str) or callable(self.init):
            return self.init
        centers: Floats = check_array(self.init, name="init", dtype=(X.dtype.type,), order="C")
        require_shape(centers, self.n_clusters, X.shape[1])
        return centers

    def _init_centroids(
        self,
        X: Any,
        x_squared_norms: Floats,
        init: str | Floats | Callable[..., Any],
        random_state: np.random.RandomState,
        sample_weight: Floats,
        init_size: int | None = None,
        n_centroids: int | None = None,
    ) -> Floats:
        # the name and the arguments of scikit-learn's step, for subclasses that call or replace it
        k = self.n_clusters if n_centroids is None else n_centroids
        if init_size is not None and init_size < X.shape[0]:
            drawn = random_state.randint(0, X.shape[0], init_size)
            X, x_squared_norms, sample_weight = X[drawn], x_squared_norms[drawn], sample_weight[drawn]
            if isinstance(init, str) and not sample_weight.any():
                raise ValueError(
                    f"None of the {init_size} rows drawn to find initial centers has a weight above zero. Raise "
                    "init_size, or leave out the rows of weight zero."
                )
        return initial_centers(X, k, init=init, weights=sample_weight, norms=x_squared_norms, rng=random_state)

    def _assigned(self, rows: Rows, centers: Floats) -> Labels:
        return nearest(rows, centers)

    def _inertia(self, rows: Rows, centers: Floats, labels: Labels) -> float:
        return inertia(rows, centers, labels)

    def _distances(self, X: Any, *, order: Literal["C"] | None) -> Any:
        rows = check_X(self, X, reset=False, accept_sparse=True, order=order)
        centers = self.cluster_centers_.astype(rows.dtype, copy=False)
        require_squarable_together(rows, centers)
        return self._wrap_output(distance_table(rows, centers), X)

    def _rows_to_test(self, X: Any, sample_weight: Any = None) -> tuple[Rows, Floats]:
        check_is_fitted(self)
        X = check_X(self, X, reset=False, accept_sparse=True, order="C")
        weights = check_sample_weight(sample_weight, X, dtype=X.dtype)
        centers = self.cluster_centers_.astype(X.dtype, copy=False)
        return as_rows(X, weights), centers


def absolute_tolerance(X: Any, tol: float) -> float:
    """Return `tol` times the mean variance of a feature, in squared units of X; zero for zero, at no cost.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, d)
    tol : float

    Returns
    -------
    float
    """
    if tol == 0:
        return 0
    variances = feature_variances(X) if is_sparse(X) else column_variances(X)
    tolerance: float = np.multiply(variances.mean(), tol)
    return tolerance


def require_squarable_together(X: Any, centers: Floats) -> None:
    """Raise ValueError if squared distances between rows and centres cannot be represented."""
    with np.errstate(over="ignore"):
        require_squarable(np.concatenate([squared_norms(X), squared_norms(centers)]))
