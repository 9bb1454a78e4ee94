"""The two scores that estimators report: R² and accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workings.base.arrays import is_sparse
from workings.base.checks import check_sample_weight, require_same_length
from workings.base.exceptions import UndefinedMetricWarning, warn


def r2_score(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Return the coefficient of determination, the mean over the outputs.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : array-like of shape (n_samples,), optional

    Returns
    -------
    float
        ``1 - Σw(y - ŷ)² / Σw(y - ȳ)²``; for a constant output 1 if it is met exactly, else 0. NaN, with a
        warning, for a single row.

    Raises
    ------
    ValueError
        If a value is infinite or NaN.
    """
    kind = _common_float_type(y_true, y_pred, sample_weight)
    true, predicted = _columns(y_true, kind, "true values"), _columns(y_pred, kind, "predictions")
    require_same_length(true, predicted)
    if true.shape[0] < 2:
        warn(UndefinedMetricWarning, "R^2 score is not well-defined with less than two samples.", stacklevel=3)
        return float("nan")
    weights = (
        None if sample_weight is None else check_sample_weight(sample_weight, true, dtype=kind, non_negative=False)
    )
    factor: Any = 1.0 if weights is None else weights[:, np.newaxis]
    residual = (factor * (true - predicted) ** 2).sum(axis=0)
    total = (factor * (true - np.average(true, axis=0, weights=weights)) ** 2).sum(axis=0)
    scores = np.ones(true.shape[1], dtype=residual.dtype)
    varies = total != 0
    scores[varies] = 1 - residual[varies] / total[varies]
    scores[~varies & (residual != 0)] = 0.0
    return float(np.average(scores))


def _common_float_type(*arrays: Any) -> np.dtype[Any]:
    kinds = [
        array.dtype
        for array in arrays
        if isinstance(getattr(array, "dtype", None), np.dtype) and array.dtype.kind == "f"
    ]
    return np.result_type(*kinds) if kinds else np.dtype(np.float64)


def _columns(y: Any, kind: np.dtype[Any], what: str) -> npt.NDArray[Any]:
    array = np.asarray(y, dtype=kind)
    if not np.isfinite(array).all():
        raise ValueError(f"R^2 is not defined: some of the {what} are infinite or NaN.")
    return array.reshape(-1, 1) if array.ndim == 1 else array


def accuracy_score(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Return the share of rows whose labels are all right.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,) or (n_samples, n_labels)
    sample_weight : array-like of shape (n_samples,), optional

    Returns
    -------
    float
    """
    true, predicted = (np.asarray(labels.toarray() if is_sparse(labels) else labels) for labels in (y_true, y_pred))
    if true.ndim == 2 and true.shape[1] == 1:
        true = true.ravel()
    require_same_length(true, predicted)
    right = (true == predicted).all(axis=1) if true.ndim == 2 else true == predicted
    weights = None if sample_weight is None else check_sample_weight(sample_weight, right, non_negative=False)
    return float(np.average(right, weights=weights))
