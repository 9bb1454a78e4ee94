"""Checks of one array: finite numbers of the right shape, or one clear sentence, never a silent repair."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

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
    finite: bool = True,
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
    finite : bool, default=True
        Look for NaN and infinity in dense data; False leaves that to a caller who sums them anyway.

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
        if finite:
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
        if math.isfinite(np.add.reduce(array, axis=None)):
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
