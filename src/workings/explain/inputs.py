"""The row to explain, the data around it and the names of the features, checked against the model and each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workings.base import check_array, check_sample_weight, require_same_length
from workings.base.features import check_feature_names, feature_names
from workings.explain.perceptron import Floats
from workings.explain.permutation import PermutationShapley
from workings.explain.training_rows import weighted_means


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is explained, in double precision.

    Parameters
    ----------
    row : ndarray of shape (p,)
    names : Index of length p
        Of the features.
    X : ndarray of shape (n, p) or None
    y : ndarray of shape (n,) or (n, q), or None
    sample_weight : ndarray of shape (n,) or None
    index : Index of length n or None
        Labels of the rows of X.
    background : ndarray of shape (p,)
    background_name : str
        What it is, to follow "compared with".
    """

    row: Floats
    names: pd.Index[Any]
    X: Floats | None
    y: Any
    sample_weight: Floats | None
    index: pd.Index[Any] | None
    background: Floats
    background_name: str

    def series(self, values: Floats) -> pd.Series[float]:
        """Return numbers by feature with their names."""
        return pd.Series(values, index=self.names)

    def table(self, background: Floats, contributions: Floats, sampled: PermutationShapley) -> pd.DataFrame:
        """Return a line a feature: its value, that of the background, its contribution, and the sampled one."""
        columns = {
            "value": self.row,
            "background": background,
            "contribution": contributions,
            "shapley": sampled.contributions,
            "standard_error": sampled.standard_errors,
        }
        return pd.DataFrame(columns, index=self.names)


def check_inputs(
    model: Any, n_features: int, row: Any, X: Any, y: Any, sample_weight: Any, names: Any, background: Any
) -> Inputs:
    """Check what `explain` was given.

    Parameters
    ----------
    model : estimator
        May know the names of its features.
    n_features : int
        How many it has.
    row, X, y, sample_weight, names, background
        As given to `explain`.

    Returns
    -------
    Inputs

    Raises
    ------
    ValueError, TypeError
        A sentence on the first thing that is wrong.
    """
    row = _as_table(row)
    if background is not None:
        background = _as_table(background)
    known = _known_names(model, n_features, (X, row, background), names)
    x = _features(row, "row", n_features, model)
    if len(x) != 1:
        raise ValueError(f"row has {len(x)} rows: pass one, row=X.iloc[[5]] or row=X[5].")
    data = target = weights = index = None
    if X is not None:
        data = _features(X, "X", n_features, model)
        index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(data))
    if y is not None:
        if data is None:
            raise ValueError("y was given without X: pass the features that it belongs to.")
        target = np.asarray(y)
        if target.ndim == 0 or len(target) != len(data):
            raise ValueError(f"y has the shape {target.shape}, but X has {len(data)} rows: pass one target a row.")
    if sample_weight is not None:
        if data is None:
            raise ValueError("sample_weight was given without X: pass the rows that they belong to.")
        weights = check_sample_weight(sample_weight, data)
    where, described = _background(background, data, weights, n_features, model)
    return Inputs(x[0], pd.Index(known, name="feature"), data, target, weights, index, where, described)


def _as_table(row: Any) -> Any:
    """Return a row as a table of one row; a Series with its names."""
    if isinstance(row, pd.Series):
        return pd.DataFrame([row.to_numpy()], columns=row.index)
    if isinstance(row, pd.DataFrame):
        return row
    values = np.asarray(row)
    if values.ndim == 0:
        raise ValueError(f"row has to be the row itself, such as X[5] or X.iloc[[5]]; got {row!r}.")
    return values[np.newaxis] if values.ndim == 1 else values


def _features(table: Any, name: str, n_features: int, model: Any) -> Floats:
    array = check_array(table, name=name, owner="explain", dtype=(np.float64,), order="C")
    if array.shape[1] != n_features:
        raise ValueError(
            f"{name} has {array.shape[1]} features, but {type(model).__name__} was fitted with {n_features}."
        )
    return np.array(array, dtype=np.float64, order="C")


def _known_names(model: Any, n_features: int, tables: tuple[Any, ...], names: Any) -> Sequence[Any]:
    """Return the names of the features, all sources of them having been compared."""
    named = [table for table in tables if feature_names(table) is not None]
    known = getattr(model, "feature_names_in_", None)
    if known is None and named:
        known = feature_names(named[0])
    for table in named:
        check_feature_names(_Named(known), table, reset=False)
    if names is not None:
        given = list(names)
        if isinstance(names, str) or len(given) != n_features:
            raise ValueError(f"feature_names has {len(given)} names for {n_features} features: pass one for each.")
        if known is not None and given != list(known) and set(given) == set(known):
            raise ValueError("feature_names has the names of the data in another order: pass them in that of the fit.")
        return [str(name) for name in given]
    return [f"x{j}" for j in range(n_features)] if known is None else list(known)


class _Named:
    """Features by name, for the comparison that estimators use."""

    def __init__(self, names: Any) -> None:
        self.feature_names_in_ = names


def _background(
    background: Any, X: Floats | None, weights: Floats | None, n_features: int, model: Any
) -> tuple[Floats, str]:
    """Return what the row is compared with, and what to call it."""
    if background is not None:
        table = _features(background, "background", n_features, model)
        means = weighted_means(table, np.ones(len(table)))
        return means, "the background row" if len(table) == 1 else f"the average of {len(table)} background rows"
    if X is None:
        return np.zeros(n_features), "a row of zeros"
    require_same_length(X, weights)
    if weights is None:
        return weighted_means(X, np.ones(len(X))), f"the average of the {len(X)} rows of X"
    return weighted_means(X, weights), f"the weighted average of the {len(X)} rows of X"
