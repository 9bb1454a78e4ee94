"""Checks of what `fit` and `predict` receive: the right answer or one clear sentence, never a silent repair."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from numbers import Integral, Number
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workings.base.exceptions import DataConversionWarning, NotFittedError, recognised, warn
from workings.base.features import check_feature_count, check_feature_names

FloatTypes = Sequence[type[np.floating[Any]]]
DOUBLE_OR_SINGLE: FloatTypes = (np.float64, np.float32)

_RESHAPE = (
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
    "array.reshape(1, -1) if it contains a single sample."
)


def is_sparse(X: object) -> bool:
    """Whether `X` is a SciPy sparse matrix or array, told by what it can do: SciPy is not imported.

    Parameters
    ----------
    X : object

    Returns
    -------
    bool
    """
    return hasattr(X, "tocsr") and hasattr(X, "nnz")


def check_array(
    X: Any,
    *,
    name: str = "X",
    owner: str = "",
    dtype: FloatTypes | None = DOUBLE_OR_SINGLE,
    accept_sparse: bool | Collection[str] = False,
    ensure_2d: bool = True,
    copy: bool = False,
    order: Literal["C", "F"] | None = None,
    min_samples: int = 1,
) -> Any:
    """Return `X` as an array of finite numbers, or raise an error that says what is wrong with it.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix
        The data; never changed.
    name, owner : str
        What to call the data, and the estimator that asks, in messages.
    dtype : sequence of float types, optional
        Types that are kept; anything else becomes the first one. None keeps the type as it is.
    accept_sparse : bool or collection of str, default=False
        Let sparse matrices through: those of the named formats as they are, others as CSR. True names CSR alone.
    ensure_2d : bool, default=True
        Require two dimensions.
    copy : bool, default=False
        Return memory that is not the caller's.
    order : {"C", "F"}, optional
        Memory layout; None keeps it.
    min_samples : int, default=1
        Fewest rows.

    Returns
    -------
    ndarray or CSR matrix

    Raises
    ------
    ValueError, TypeError
        For complex, non-finite, non-numeric or empty data, a wrong number of dimensions, or sparse data where
        dense data are needed.
    """
    asked_by = f" by {owner}" if owner else ""
    array: Any
    if is_sparse(X):
        array = _checked_sparse(X, name, owner, dtype, accept_sparse, copy)
    else:
        array = _as_dense(X, dtype, order)
        if ensure_2d:
            _require_two_dimensions(array)
        if array.ndim > 2:
            raise ValueError(f"Found array with dim {array.ndim}, while dim <= 2 is required{asked_by}.")
        require_finite(array, name, owner)
        if copy and np.may_share_memory(array, np.asarray(X)):
            array = np.array(array, order=order or "K", copy=True)
    if array.ndim and array.shape[0] < min_samples:
        raise ValueError(
            f"Found array with {array.shape[0]} sample(s) (shape={array.shape}) while a minimum of {min_samples} "
            f"is required{asked_by}."
        )
    if ensure_2d and array.shape[1] < 1:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required{asked_by}."
        )
    return array


def _as_dense(X: Any, dtype: FloatTypes | None, order: Literal["C", "F"] | None) -> npt.NDArray[Any]:
    if isinstance(X, pd.DataFrame | pd.Series) and not _has_numpy_types_only(X):
        array = _from_pandas_extension(X, dtype)
    else:
        array = np.asarray(X)
    if np.iscomplexobj(array):
        raise ValueError(f"Complex data not supported\n{array}\n")
    if dtype is not None and array.dtype not in [np.dtype(kind) for kind in dtype]:
        array = _cast(array, np.dtype(dtype[0]))
    return np.asarray(array, order=order)


def _cast(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            return array.astype(dtype)
        except np.exceptions.ComplexWarning:
            raise ValueError(f"Complex data not supported\n{array}\n") from None
        except TypeError:
            if array.dtype.kind == "O" and any(np.iscomplexobj(value) for value in array.ravel()):
                raise ValueError(f"Complex data not supported\n{array}\n") from None
            raise


def _has_numpy_types_only(X: pd.DataFrame | pd.Series) -> bool:
    types = X.dtypes if isinstance(X, pd.DataFrame) else [X.dtype]
    return all(isinstance(kind, np.dtype) for kind in types)


def _from_pandas_extension(X: pd.DataFrame | pd.Series, dtype: FloatTypes | None) -> npt.NDArray[Any]:
    if dtype is None:
        return np.asarray(X)
    return np.asarray(X.astype(np.dtype(dtype[0])))


def _require_two_dimensions(array: npt.NDArray[Any]) -> None:
    if array.ndim == 0:
        raise ValueError(f"Expected 2D array, got scalar array instead:\narray={array}.\n{_RESHAPE}")
    if array.ndim == 1:
        raise ValueError(f"Expected 2D array, got 1D array instead:\narray={array}.\n{_RESHAPE}")


def _checked_sparse(
    X: Any, name: str, owner: str, dtype: FloatTypes | None, accept_sparse: bool | Collection[str], copy: bool
) -> Any:
    if X.dtype.kind == "c":
        raise ValueError(f"Complex data not supported\n{X}\n")
    if not accept_sparse:
        padded = f" for {name}" if name else ""
        raise TypeError(
            f"Sparse data was passed{padded}, but dense data is required. "
            "Use '.toarray()' to convert to a dense numpy array."
        )
    if X.ndim != 2:
        raise ValueError(f"Expected 2D input, got input with shape {X.shape}.\n{_RESHAPE}")
    kept = accept_sparse is not True and X.format in accept_sparse
    matrix = X if kept else X.tocsr()
    if dtype is not None and matrix.dtype not in [np.dtype(kind) for kind in dtype]:
        matrix = matrix.astype(np.dtype(dtype[0]))
    if copy and np.may_share_memory(matrix.data, getattr(X, "data", matrix.data)):
        matrix = matrix.copy()
    require_finite(matrix.data, name, owner)
    return matrix


def require_finite(array: npt.NDArray[Any], name: str = "X", owner: str = "") -> None:
    """Raise if an array holds NaN or infinity.

    Parameters
    ----------
    array : ndarray
        Any shape; types without such values pass, objects are searched for NaN.
    name, owner : str
        What to call the data, and the estimator that asks, in the message.

    Raises
    ------
    ValueError
        Names the data and what was found.
    """
    if array.dtype.kind == "O":
        if array.size and bool(np.any(array != array)):
            raise ValueError(f"Input {name} contains NaN.")
        return
    if array.dtype.kind != "f":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        # one pass without a mask; an overflow of the sum only costs the second look
        if np.isfinite(array.sum()):
            return
    if np.isnan(array).any():
        advice = (
            f"\n{owner} does not accept missing values encoded as NaN: fill them in (with an imputer in the "
            "pipeline, say) or leave those rows out yourself."
            if owner and name == "X"
            else ""
        )
        raise ValueError(f"Input {name} contains NaN.{advice}")
    if np.isinf(array).any():
        raise ValueError(f"Input {name} contains infinity or a value too large for {array.dtype!r}.")


def check_X(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    accept_sparse: bool | Collection[str] = False,
    copy: bool = False,
    order: Literal["C", "F"] | None = None,
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
    accept_sparse, copy, order
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
        Turn a target of Python objects into float64.

    Returns
    -------
    X : ndarray or CSR matrix
    y : ndarray

    Raises
    ------
    ValueError, TypeError
        As `check_X`, or for a missing, non-finite or misshapen target, or one of another length.
    """
    owner = type(estimator).__name__
    if y is None:
        raise ValueError(f"This {owner} estimator requires y to be passed, but the target y is None.")
    X = check_X(estimator, X, reset=reset, accept_sparse=accept_sparse)
    if multi_output:
        y = check_array(y, name="y", owner=owner, dtype=None, accept_sparse=True, ensure_2d=False, min_samples=0)
    else:
        y = column_or_1d(y, warn_about_column=True)
        if np.iscomplexobj(y):
            raise ValueError(f"Complex data not supported\n{y}\n")
        require_finite(y, "y", owner)
    if y_numeric and y.dtype.kind == "O":
        y = y.astype(np.float64)
        require_finite(y, "y", owner)
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
    return any(name.endswith("_") and not name.startswith("__") for name in vars(estimator))


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
