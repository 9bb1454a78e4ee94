"""The number and the names of the features: remembered by `fit`, compared ever after."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

_MOST_NAMES_SHOWN = 5


def feature_names(X: Any) -> npt.NDArray[np.object_] | None:
    """Return the column names of a DataFrame, or None where there are none that are strings.

    Parameters
    ----------
    X : DataFrame or anything else
        Only objects with ``columns`` have names.

    Returns
    -------
    ndarray of str objects, or None

    Raises
    ------
    TypeError
        If only some of the names are strings.
    """
    columns = getattr(X, "columns", None)
    if columns is None or callable(columns):
        return None
    names = np.asarray(columns, dtype=object)
    kinds = sorted({type(name).__qualname__ for name in names})
    if kinds == ["str"] and names.size:
        return names
    if "str" in kinds:
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your input has "
            f"{kinds} as feature name / column name types. If you want feature names to be stored and validated, "
            "you must convert them all to strings, by using X.columns = X.columns.astype(str) for example. "
            "Otherwise you can remove feature / column names from your input data, or convert them all to a "
            "non-string data type."
        )
    return None


def check_feature_names(estimator: Any, X: Any, *, reset: bool) -> None:
    """Remember the feature names of `X` in `estimator`, or compare them with the remembered ones.

    Parameters
    ----------
    estimator : Estimator
        Gets or has ``feature_names_in_``.
    X : DataFrame or anything else
        The data as the caller passed them.
    reset : bool
        True while fitting: remember instead of compare.

    Raises
    ------
    ValueError
        If names are unseen, missing or in another order.
    """
    names = feature_names(X)
    if reset:
        if names is not None:
            estimator.feature_names_in_ = names
        elif hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
        return
    fitted = getattr(estimator, "feature_names_in_", None)
    owner = type(estimator).__name__
    if names is None and fitted is None:
        return
    if fitted is None:
        warnings.warn(f"X has feature names, but {owner} was fitted without feature names", stacklevel=4)
        return
    if names is None:
        warnings.warn(f"X does not have valid feature names, but {owner} was fitted with feature names", stacklevel=4)
        return
    if len(names) != len(fitted) or np.any(names != fitted):
        raise ValueError(_name_mismatch(names, fitted))


def _name_mismatch(names: npt.NDArray[np.object_], fitted: npt.NDArray[np.object_]) -> str:
    unseen = sorted(set(names) - set(fitted))
    missing = sorted(set(fitted) - set(names))
    message = "The feature names should match those that were passed during fit.\n"
    if unseen:
        message += "Feature names unseen at fit time:\n" + _listed(unseen)
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + _listed(missing)
    if not unseen and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message


def _listed(names: list[str]) -> str:
    shown = "".join(f"- {name}\n" for name in names[:_MOST_NAMES_SHOWN])
    return shown + ("- ...\n" if len(names) > _MOST_NAMES_SHOWN else "")


def check_feature_count(estimator: Any, X: Any, *, reset: bool) -> None:
    """Remember the number of features of `X` in `estimator`, or compare it with the remembered one.

    Parameters
    ----------
    estimator : Estimator
        Gets or has ``n_features_in_``; one that lost it is not compared.
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        Checked data.
    reset : bool
        True while fitting: remember instead of compare.

    Raises
    ------
    ValueError
        If the counts differ.
    """
    count = int(X.shape[1])
    if reset:
        estimator.n_features_in_ = count
        return
    fitted = getattr(estimator, "n_features_in_", count)
    if count != fitted:
        raise ValueError(
            f"X has {count} features, but {type(estimator).__name__} is expecting {fitted} features as input"
        )
