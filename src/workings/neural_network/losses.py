"""Losses: the weighted mean over the rows of what a prediction costs.

Each is paired with an output activation such that its derivative by the last layer's input is ``prediction - target``
(times the row's weight, over the sum of the weights): squared error with the identity, Poisson with the exponential,
log-loss with softmax, binary log-loss with the logistic function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workings.neural_network.elementary import log
from workings.neural_network.parameters import Array

# a NumPy scalar: its precision decides how the losses of an epoch are added up
Value = np.floating[Any]
Loss = Callable[[Array, Array, Array | None], Value]


def squared_error(y: Array, prediction: Array, sample_weight: Array | None = None) -> Value:
    """Return ``1/2 mean (y - ŷ)²``, the mean over rows and outputs.

    Parameters
    ----------
    y, prediction : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), optional

    Returns
    -------
    NumPy float

    Notes
    -----
    The mean runs over the outputs as well, whereas the gradient that scikit-learn and this package follow is that of
    their sum: with q outputs the reported loss is 1/q of the one that is minimised.
    """
    loss: Value = 0.5 * _mean_of_rows((y - prediction) ** 2, sample_weight).mean()  # NN.7 over q
    return loss


def poisson(y: Array, prediction: Array, sample_weight: Array | None = None) -> Value:
    """Return half the Poisson deviance, ``mean (y log(y / ŷ) - y + ŷ)``, summed over the outputs.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
        At least 0.
    prediction : ndarray of shape (n_samples, n_outputs)
        Above 0.
    sample_weight : ndarray of shape (n_samples,), optional

    Returns
    -------
    NumPy float
    """
    ratio = y / prediction
    logarithm = log(ratio).astype(ratio.dtype)
    with np.errstate(invalid="ignore"):
        product = np.where((y == 0) & ~np.isnan(ratio), 0, y * logarithm)
    loss: Value = _mean_of_rows(product - y + prediction, sample_weight).sum()
    return loss


def log_loss(y: Array, probability: Array, sample_weight: Array | None = None) -> Value:
    """Return ``-mean log p(true class)`` for exclusive classes.

    Parameters
    ----------
    y : ndarray of bool of shape (n_samples, n_classes)
        One True a row.
    probability : ndarray of shape (n_samples, n_classes)
    sample_weight : ndarray of shape (n_samples,), optional

    Returns
    -------
    NumPy float

    Notes
    -----
    Probabilities are kept a machine epsilon of their type away from 0 and 1, so that the loss of a sure error is
    finite: 36.04 in double precision.
    """
    true = y.astype(bool, copy=False)
    terms = np.zeros(probability.shape)
    terms[true] = log(_clipped(probability[true]))
    loss: Value = -_mean_of_rows(terms, sample_weight).sum()  # NN.9
    return loss


def binary_log_loss(y: Array, probability: Array, sample_weight: Array | None = None) -> Value:
    """Return ``-mean (y log p + (1 - y) log(1 - p))``, summed over independent labels.

    Parameters
    ----------
    y : ndarray of bool of shape (n_samples, n_labels)
    probability : ndarray of shape (n_samples, n_labels)
        Of True.
    sample_weight : ndarray of shape (n_samples,), optional

    Returns
    -------
    NumPy float

    Notes
    -----
    Probabilities are clipped as in `log_loss`.
    """
    p = _clipped(probability)
    of_truth = np.where(y.astype(bool, copy=False), p, 1 - p)
    loss: Value = -_mean_of_rows(log(of_truth), sample_weight).sum()  # NN.8
    return loss


def _clipped(probability: Array) -> Array:
    eps = np.finfo(probability.dtype).eps
    clipped: Array = np.clip(probability, eps, 1 - eps)
    return clipped


def _mean_of_rows(terms: Array, sample_weight: Array | None) -> Array:
    mean: Array = np.average(terms, weights=sample_weight, axis=0)
    return mean


LOSSES: Mapping[str, Loss] = {
    "squared_error": squared_error,
    "poisson": poisson,
    "log_loss": log_loss,
    "binary_log_loss": binary_log_loss,
}
