"""Checks of what `fit` and `predict` receive: features, targets, weights, seeds, and whether `fit` was called."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral, Number, Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workings.base.arrays import check_array, is_sparse, require_finite
from workings.base.exceptions import DataConversionWarning, NotFittedError, recognised, warn
from workings.base.features import check_feature_count, check_feature_names


def check_X(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    accept_sparse: bool | Collection[str] = False,
    copy: bool = False,
    order: Literal["C", "F"] | None = None,
    finite: bool = True,
) -> Any:
    """Check the features that an estimator receives, and their number and names.

    Parameters
    ----------
    estimator : Estimator
        Remembers the number and the names of the features when `reset`, else they are compared.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The features; never changed.
    reset : bool
        True in `fit`.
    accept_sparse, copy, order, finite
        As in `check_array`.

    Returns
    -------
    ndarray or CSR matrix of shape (n_samples, n_features)

    Raises
    ------
    ValueError, TypeError
        As `check_array`, or for another number, another order or other names of the features than in `fit`.
    """
    check_feature_names(estimator, X, reset=reset)
    array = check_array(
        X,
        owner=type(estimator).__name__,
        accept_sparse=accept_sparse,
        copy=copy,
        order=order,
        finite=finite,
    )
    check_feature_count(estimator, array, reset=reset)
    return array


def check_X_y(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    reset: bool = True,
    accept_sparse: bool | Collection[str] = False,
    multi_output: bool = False,
    y_numeric: bool = False,
    finite: bool = True,
) -> tuple[Any, Any]:
    """Check features and target together.

    Parameters
    ----------
    estimator : Estimator
        Remembers the number and the names of the features when `reset`.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The target; two dimensions only if `multi_output`.
    reset, accept_sparse
        As in `check_X`.
    multi_output : bool, default=False
        Let a two-dimensional target through; otherwise a column is flattened with a warning.
    y_numeric : bool, default=False
        Turn a target of Python objects into float64, and refuse a sparse one: only indicators of labels are sparse.
    finite : bool, default=True
        As in `check_X`.

    Returns
    -------
    X : ndarray or CSR matrix
    y : ndarray, or CSR matrix of label indicators

    Raises
    ------
    ValueError, TypeError
        As `check_X`, or for a missing, non-finite or misshapen target, or one of another length.
    """
    owner = type(estimator).__name__
    if y is None:
        raise ValueError(f"This {owner} estimator requires y to be passed, but the target y is None.")
    X = check_X(estimator, X, reset=reset, accept_sparse=accept_sparse, finite=finite)
    if multi_output:
        y = check_array(
            y, name="y", owner=owner, dtype=None, accept_sparse=not y_numeric, ensure_2d=False, min_samples=0
        )
    else:
        y = column_or_1d(y, warn_about_column=True)
        if np.iscomplexobj(y):
            raise ValueError(f"Complex data not supported\n{y}\n")
        require_finite(y, "y", owner)
    if y_numeric and y.dtype.kind == "O":
        try:
            y = y.astype(np.float64)
        except OverflowError as error:
            raise ValueError("Input y contains a number too large for float64.") from error
        require_finite(y, "y", owner)
    if y_numeric and y.dtype.kind in "mM":
        raise ValueError(f"y holds dates or durations ({y.dtype}): turn them into numbers of a unit of your choice.")
    _require_rows_and_columns(y)
    require_same_length(X, y)
    return X, y


def _require_rows_and_columns(y: Any) -> None:
    if y.ndim == 0:
        raise TypeError(f"y has to hold one target a row; got the scalar {y!r}.")
    if y.ndim == 2 and y.shape[1] == 0:
        raise ValueError(f"Found array with 0 feature(s) (shape={y.shape}) for y while a minimum of 1 is required.")


def require_same_length(*arrays: Any) -> None:
    """Raise if arrays differ in their number of rows.

    Parameters
    ----------
    *arrays : ndarray or sparse matrix
        None is passed over.

    Raises
    ------
    ValueError
        Lists the lengths.
    """
    lengths = [int(array.shape[0]) for array in arrays if array is not None]
    if len(set(lengths)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths}")


def column_or_1d(y: Any, *, warn_about_column: bool = False) -> npt.NDArray[Any]:
    """Return a target as a one-dimensional array.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, 1)
    warn_about_column : bool, default=False
        Warn when a column is flattened.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If `y` has more than one column or no rows' dimension.
    TypeError
        If `y` is sparse.
    """
    if is_sparse(y):
        raise TypeError(
            "Sparse data was passed for y, but dense data is required. Use '.toarray()' to convert to a dense "
            "numpy array."
        )
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        if warn_about_column:
            warn(
                DataConversionWarning,
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
                "(n_samples, ), for example using ravel().",
                stacklevel=4,
            )
        array = array.ravel()
    if array.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {array.shape} instead.")
    return np.ascontiguousarray(array)


def check_sample_weight(
    sample_weight: Any, X: Any, *, dtype: npt.DTypeLike = np.float64, non_negative: bool = True
) -> npt.NDArray[Any]:
    """Return one weight a row.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
        None is a weight of one each.
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    dtype : float type
        Type of the result.
    non_negative : bool, default=True
        Refuse negative weights.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If the weights have another shape, are not finite, are all zero, or are negative where that has no meaning.
    """
    rows = int(X.shape[0])
    weights: npt.NDArray[Any]
    if sample_weight is None:
        return np.ones(rows, dtype=dtype)
    if isinstance(sample_weight, Number):
        if not isinstance(sample_weight, Real):
            raise ValueError(f"Complex data not supported\n{sample_weight}\n")
        weights = np.full(rows, sample_weight, dtype=dtype)
        require_finite(weights, "sample_weight")
    else:
        kind: Any = np.dtype(dtype).type
        weights = check_array(sample_weight, name="sample_weight", dtype=(kind,), ensure_2d=False, order="C")
        if weights.ndim != 1:
            raise ValueError(
                f"Sample weights must be 1D array or scalar, got {weights.ndim}D array. Expected either a scalar "
                f"value or a 1D array of length {rows}."
            )
        if weights.shape != (rows,):
            raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(rows,)}!")
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    if non_negative and weights.min() < 0:
        raise ValueError("Negative values in data passed to `sample_weight`.")
    return weights


def check_random_state(seed: Any) -> np.random.RandomState:
    """Return the random number generator that a ``random_state`` parameter stands for.

    Parameters
    ----------
    seed : None, int or RandomState
        None is NumPy's global generator, an integer seeds a new one, a generator is itself (and is consumed).

    Returns
    -------
    RandomState

    Raises
    ------
    ValueError
        For anything else.
    """
    if seed is None or seed is np.random:
        return np.random.mtrand._rand  # NumPy's global generator
    if isinstance(seed, Integral):
        return np.random.RandomState(int(seed))
    if isinstance(seed, np.random.RandomState):
        return seed
    raise ValueError(f"{seed!r} cannot be used to seed a numpy.random.RandomState instance")


def is_fitted(estimator: Any) -> bool:
    """Whether an estimator has an attribute that ends in an underscore and does not begin with two.

    Parameters
    ----------
    estimator : Estimator

    Returns
    -------
    bool
    """
    # from the end: what fit adds comes after the parameters
    return any(name.endswith("_") and not name.startswith("__") for name in reversed(vars(estimator)))


def check_is_fitted(estimator: Any) -> None:
    """Raise if an estimator has not been fitted.

    Parameters
    ----------
    estimator : Estimator
        Fitted if `is_fitted` says so.

    Raises
    ------
    NotFittedError
        Also scikit-learn's class of that name where scikit-learn is loaded.
    """
    if not is_fitted(estimator):
        raise recognised(NotFittedError)(
            f"This {type(estimator).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments "
            "before using this estimator."
        )
