"""Class labels and the true-or-false columns that a network is trained on."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workings.base import column_or_1d, is_sparse, require_finite

TargetKind = Literal["binary", "multiclass", "multilabel-indicator"]


def kind_of_target(y: Any) -> str:
    """Tell what a target holds.

    Parameters
    ----------
    y : array-like of shape (n_samples,), or array-like or sparse matrix of shape (n_samples, n_labels)

    Returns
    -------
    str
        ``"binary"``, ``"multiclass"`` or ``"multilabel-indicator"``; for what no classifier here can learn
        ``"continuous"``, ``"unknown"`` or one of these two kinds with the suffix ``"-multioutput"``.
    """
    array = _dense(y)
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.size == 0):
        return "unknown"
    columns = array.shape[1] if array.ndim == 2 else 1
    values = _distinct(array)
    whole = array.dtype.kind in "biu" or (array.dtype.kind == "f" and _is_whole(array))
    if columns > 1 and len(values) <= 2 and whole:
        return "multilabel-indicator"
    suffix = "-multioutput" if columns > 1 else ""
    if array.dtype.kind == "O" and array.size and not isinstance(array.flat[0], str):
        return "unknown"
    if array.dtype.kind == "S":
        raise TypeError(
            "Support for labels represented as bytes is not supported. Convert the labels to a string or integer "
            "format."
        )
    if array.dtype.kind == "f" and not whole:
        require_finite(array, "y")
        return "continuous" + suffix
    return "multiclass" + suffix if len(values) > 2 or columns > 1 else "binary"


def _dense(y: Any) -> npt.NDArray[Any]:
    return np.asarray(y.toarray() if is_sparse(y) else y)


def _distinct(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    try:
        return np.unique(array)
    except TypeError:  # objects of kinds that have no order
        return np.array(sorted({str(value) for value in array.flat}))


def _is_whole(array: npt.NDArray[Any]) -> bool:
    with np.errstate(invalid="ignore"):
        return bool((np.trunc(array) == array).all())


def distinct_labels(y: Any) -> npt.NDArray[Any]:
    """Return the classes of a target in ascending order; of an indicator matrix, the numbers of its columns.

    Parameters
    ----------
    y : array-like of shape (n_samples,), or array-like or sparse matrix of shape (n_samples, n_labels)

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If the target is none that a classifier can learn, or mixes strings and numbers.
    """
    array = _dense(y)
    if array.dtype.kind == "O" and len({isinstance(value, str) for value in array.flat}) > 1:
        raise ValueError(f"Mix of label input types (string and number); Got {_distinct(array)}.")
    kind = kind_of_target(array)
    if kind == "multilabel-indicator":
        return np.arange(array.shape[1])
    if kind not in ("binary", "multiclass"):
        raise ValueError(
            f"Unknown label type: {kind}. Maybe you are trying to fit a classifier, which expects discrete classes on "
            f"a regression target with continuous values. Got {array!r}."
        )
    labels = np.unique(array)
    # objects that are all strings become a string array, as a list of them would
    return np.asarray(labels.tolist()) if labels.dtype.kind == "O" else labels


class LabelBinarizer:
    """Classes to true-or-false columns, and probabilities back to classes.

    Two classes share one column (true: the second one), more have a column each; an indicator matrix is its own
    columns.

    Attributes
    ----------
    y_type_ : str
        What `fit` saw.
    classes_ : ndarray of shape (n_classes,)
    """

    y_type_: TargetKind
    classes_: npt.NDArray[Any]

    def fit(self, y: Any) -> LabelBinarizer:
        """Learn the classes.

        Parameters
        ----------
        y : array-like of shape (n_samples,), or array-like or sparse matrix of shape (n_samples, n_labels)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `distinct_labels`, or for several outputs of more than two values.
        """
        kind = kind_of_target(y)
        if "multioutput" in kind:
            raise ValueError(
                "Multioutput target data is not supported with label binarization: y has several columns that are "
                "not all true or false."
            )
        self.classes_ = distinct_labels(y)
        self._container = type(y.tocsr()) if is_sparse(y) else np.asarray
        self.y_type_ = kind  # type: ignore[assignment]  # distinct_labels has refused every other kind
        return self

    def transform(self, y: Any) -> npt.NDArray[np.bool_]:
        """Return the columns.

        Parameters
        ----------
        y : array-like of shape (n_samples,), or array-like or sparse matrix of shape (n_samples, n_labels)

        Returns
        -------
        ndarray of bool of shape (n_samples, n_columns)

        Raises
        ------
        ValueError
            If the target is of another kind than in `fit`.
        """
        array = _dense(y)
        kind = kind_of_target(array)
        if self.y_type_ == "multilabel-indicator":
            if kind != "multilabel-indicator" or array.shape[1] != len(self.classes_):
                raise ValueError(
                    f"The classes {self.classes_} mismatch with the labels found in the data: y has to be an "
                    f"indicator matrix of {len(self.classes_)} columns."
                )
            return array.astype(bool)
        if kind == "multilabel-indicator":
            raise ValueError("The object was not fitted with multilabel input.")
        labels = column_or_1d(array)
        if len(self.classes_) == 1:
            return np.zeros((len(labels), 1), dtype=bool)
        if len(self.classes_) == 2:
            second: npt.NDArray[np.bool_] = labels[:, np.newaxis] == self.classes_[1]
            return second
        columns: npt.NDArray[np.bool_] = labels[:, np.newaxis] == self.classes_
        return columns

    def inverse_transform(self, probability: npt.NDArray[Any]) -> Any:
        """Return the likeliest classes.

        Parameters
        ----------
        probability : ndarray of shape (n_samples, n_columns), or (n_samples,) for two classes

        Returns
        -------
        ndarray of shape (n_samples,), or indicator matrix of int of shape (n_samples, n_labels)
            Sparse if the indicator matrix in `fit` was.
            A probability of exactly 1/2 counts as false; equal probabilities go to the first class.
        """
        if self.y_type_ == "multiclass":
            return self.classes_[probability.argmax(axis=1)]
        positive = np.asarray(probability > 0.5, dtype=np.int64)
        if self.y_type_ == "multilabel-indicator":
            return self._container(positive)
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(positive))
        return self.classes_[positive.ravel()]
