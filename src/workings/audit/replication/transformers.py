"""The steps before a model, rebuilt from their fitted attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workings.audit.replication.certificate import Check, as_numbers, failed, judged
from workings.audit.replication.reading import require_columns
from workings.audit.replication.rounding import unit_roundoff
from workings.base import NotFittedError, is_sparse, library_class, recognised

Table = npt.NDArray[Any]


def transformed(steps: tuple[tuple[str, Any], ...], X: Any) -> tuple[Any, list[Check]]:
    """Send data through the steps twice, with their own methods and with ours, and compare.

    Parameters
    ----------
    steps : tuple of (str, object)
        Fitted transformers, by name.
    X : array-like, DataFrame or sparse matrix

    Returns
    -------
    X : array or sparse matrix
        What the steps' own methods make of the data, in the layout that the last step was trained on.
    checks : list of Check

    Raises
    ------
    TypeError
        For a step that cannot be rebuilt.
    ValueError
        For data that a step was not fitted on.
    """
    checks = []
    for name, step in steps:
        if _passes(step):
            continue
        rebuilt = rebuild(step, X)
        X = step.transform(X)
        checks.append(_compared(f"transform of step {name!r} ({type(step).__name__})", step, rebuilt, X))
    return X, checks


def _compared(what: str, step: Any, ours: Any, theirs: Any) -> Check:
    if np.shape(ours) != theirs.shape:
        return failed(what, f"Its shape is {theirs.shape}; rebuilt from the step's attributes it is {np.shape(ours)}.")
    try:
        mine, numbers = as_numbers(ours), as_numbers(theirs)
    except (TypeError, ValueError):
        mine, words = np.asarray(ours, dtype=object), np.asarray(theirs, dtype=object)
        differ = (mine != words) & ~(pd.isna(mine) & pd.isna(words))
        return judged(what, differ.astype(np.float64), 0.0, "Words are copied; 1 where an entry differs.")
    kind = getattr(theirs, "dtype", None)
    unit = unit_roundoff(kind if isinstance(kind, np.dtype) else np.float64)
    apart = np.where(np.isnan(mine) & np.isnan(numbers), 0.0, np.abs(mine - numbers))
    allowed = 4.0 * unit * (np.abs(np.nan_to_num(numbers)) + _offset(step))
    return judged(what, apart, allowed, "Two roundings an entry, of the shift and of the scale, on both sides.")


def rebuild(step: Any, X: Any) -> Any:
    """Return the transform of a fitted transformer, computed here.

    Parameters
    ----------
    step : object
        StandardScaler, MinMaxScaler, SimpleImputer, OneHotEncoder, ColumnTransformer, Pipeline or "passthrough".
    X : array-like, DataFrame or sparse matrix

    Returns
    -------
    ndarray

    Raises
    ------
    TypeError
        For another class.
    NotFittedError
        If the step was not fitted.
    """
    if _passes(step):
        return X
    library, name = library_class(step)
    if library != "sklearn" or name not in _REBUILT:
        raise TypeError(
            f"replicate cannot rebuild the step {type(step).__name__}. It knows StandardScaler, MinMaxScaler, "
            "SimpleImputer, OneHotEncoder, ColumnTransformer and 'passthrough'; pass the last step alone, with the "
            "data that reach it."
        )
    attribute, function = _REBUILT[name]
    if not hasattr(step, attribute):
        raise recognised(NotFittedError)(
            f"The step {type(step).__name__} is not fitted ({attribute} is missing). Fit the pipeline first."
        )
    require_columns(step, X)
    return function(step, X)


def _passes(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")


def _offset(step: Any) -> npt.NDArray[np.float64] | float:
    """Return what a scaler's shift contributes to the size of the numbers that round."""
    name = library_class(step)[1]
    if name == "StandardScaler" and step.mean_ is not None and step.with_mean:
        scale = 1.0 if step.scale_ is None else step.scale_
        return np.asarray(np.abs(step.mean_ / scale), dtype=np.float64)
    if name == "MinMaxScaler":
        return np.asarray(np.abs(step.min_), dtype=np.float64)
    return 0.0


def _floats(X: Any) -> Table:
    dense = X.toarray() if is_sparse(X) else np.asarray(X)
    return np.array(dense, dtype=dense.dtype if dense.dtype == np.float32 else np.float64)


def _standardised(step: Any, X: Any) -> Table:
    Z = _floats(X)
    if step.with_mean:
        Z -= step.mean_.astype(Z.dtype)
    if step.with_std:
        Z /= step.scale_.astype(Z.dtype)
    return Z


def _between_bounds(step: Any, X: Any) -> Table:
    Z = _floats(X)
    Z *= step.scale_
    Z += step.min_
    return np.clip(Z, *step.feature_range) if step.clip else Z


def _filled(step: Any, X: Any) -> Table:
    values = np.array(X.toarray() if is_sparse(X) else X, dtype=object)
    missing = _missing(values, step.missing_values)
    statistics = np.asarray(step.statistics_, dtype=object)
    kept = np.ones(len(statistics), dtype=bool)
    if not step.keep_empty_features:
        kept = ~_missing(statistics, np.nan)
    filled = np.where(missing, statistics, values)[:, kept]
    if step.add_indicator:
        filled = np.hstack([filled, missing[:, step.indicator_.features_]])
    try:
        return filled.astype(np.float64)
    except (TypeError, ValueError):
        return filled


def _missing(values: Table, marker: Any) -> npt.NDArray[np.bool_]:
    if pd.api.types.is_scalar(marker) and pd.isna(marker):
        return np.asarray(pd.isna(values))
    return np.asarray(values == marker, dtype=bool)


def _indicators(step: Any, X: Any) -> Table:
    if getattr(step, "_infrequent_enabled", False):
        raise TypeError(
            "replicate cannot rebuild a OneHotEncoder that groups infrequent categories (min_frequency, "
            "max_categories); pass the last step alone, with the data that reach it."
        )
    columns = X.toarray() if is_sparse(X) else np.asarray(X, dtype=object)
    parts = []
    for j, categories in enumerate(step.categories_):
        column = columns[:, j]
        same = np.array([[_same(value, category) for category in categories.tolist()] for value in column.tolist()])
        same = same.reshape(len(column), len(categories))
        if step.handle_unknown == "error" and not same.any(axis=1).all():
            unknown = column[int(np.argmin(same.any(axis=1)))]
            raise ValueError(f"Column {j} holds {unknown!r}, a category that the OneHotEncoder was not fitted on.")
        dropped = None if step.drop_idx_ is None else step.drop_idx_[j]
        parts.append(same if dropped is None else np.delete(same, int(dropped), axis=1))
    return np.hstack(parts).astype(np.float64)


def _same(value: Any, category: Any) -> bool:
    if value is None or category is None:
        return value is category
    return bool(value == category) or bool(value != value and category != category)


def _column_wise(step: Any, X: Any) -> Table:
    if step.transformer_weights:
        raise TypeError("replicate cannot rebuild a ColumnTransformer with transformer_weights.")
    parts = []
    for _, part, columns in step.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        chosen = _columns(X, columns)
        if chosen.shape[1]:
            parts.append(_numbers_of(_through(part, chosen)))
    return np.hstack(parts)


def _through(part: Any, X: Any) -> Any:
    if library_class(part)[1] == "Pipeline":
        for _, step in part.steps:
            X = rebuild(step, X)
        return X
    return rebuild(part, X)


def _columns(X: Any, columns: Any) -> Any:
    if callable(columns):
        columns = columns(X)
    listed: Any = [columns] if np.isscalar(columns) else columns
    if not isinstance(X, pd.DataFrame):
        return (X.tocsc() if is_sparse(X) else np.asarray(X))[:, listed]
    if isinstance(listed, slice):
        by_name = isinstance(listed.start, str) or isinstance(listed.stop, str)
        return X.loc[:, listed] if by_name else X.iloc[:, listed]
    listed = list(listed)
    return X.loc[:, listed] if listed and isinstance(listed[0], str) else X.iloc[:, listed]


def _numbers_of(part: Any) -> Table:
    dense = part.toarray() if is_sparse(part) else np.asarray(part)
    return dense if dense.dtype.kind == "f" else dense.astype(np.float64)


def _pipeline(step: Any, X: Any) -> Any:
    return _through(step, X)


_REBUILT: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "StandardScaler": ("n_samples_seen_", _standardised),
    "MinMaxScaler": ("scale_", _between_bounds),
    "SimpleImputer": ("statistics_", _filled),
    "OneHotEncoder": ("categories_", _indicators),
    "ColumnTransformer": ("transformers_", _column_wise),
    "Pipeline": ("steps", _pipeline),
}
