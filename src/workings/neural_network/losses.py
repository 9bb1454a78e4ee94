"""Losses: the weighted mean over the rows of what a prediction costs.

Each is paired with an output activation such that its derivative by the last layer's input is ``prediction - target``
(times the row's weight, over the sum of the weights): squared error with the identity, Poisson with the exponential,
log-loss with softmax, binary log-loss with the logistic function. With another activation the derivative by the
prediction goes through the activation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from workings.neural_network.elementary import log, log_in_type
from workings.neural_network.parameters import Array

# a NumPy scalar: its precision decides how the losses of an epoch are added up
Value = np.floating[Any]


_EPSILON = {kind: np.finfo(kind).eps for kind in "fdFD"}


class Loss(Protocol):
    """What predictions cost.

    Attributes
    ----------
    canonical : str
        The output activation with which the derivative by its input is ``prediction - target``.
    """

    canonical: str

    def value(self, y: Array, prediction: Array, sample_weight: Array | None = None) -> Value:
        """Return the mean over the rows.

        Parameters
        ----------
        y, prediction : ndarray of shape (n_samples, n_outputs)
        sample_weight : ndarray of shape (n_samples,), optional

        Returns
        -------
        NumPy float
        """

    def derivative(self, y: Array, prediction: Array, out: Array) -> None:
        """Write the derivative of each row's loss by its prediction.

        Parameters
        ----------
        y, prediction : ndarray of shape (n_samples, n_outputs)
        out : ndarray of shape (n_samples, n_outputs)
        """


class SquaredError:
    """``1/2 mean (y - ŷ)²``, the mean over rows and outputs.

    Notes
    -----
    The mean runs over the outputs as well, whereas the gradient that scikit-learn and this package follow is that of
    their sum: with q outputs the reported loss is 1/q of the one that is minimised.
    """

    canonical = "identity"

    def value(self, y: Array, prediction: Array, sample_weight: Array | None = None) -> Value:
        """Return the mean."""
        error = y - prediction
        np.square(error, out=error)
        loss: Value = 0.5 * _mean_of_rows(error, sample_weight).mean()  # NN.7 over q
        return loss

    def derivative(self, y: Array, prediction: Array, out: Array) -> None:
        """Write ``ŷ - y``."""
        np.subtract(prediction, y, out=out)


class Huber:
    """``e²/2`` for errors up to `threshold`, ``threshold (|e| - threshold/2)`` beyond, summed over the outputs.

    Parameters
    ----------
    threshold : float, default=1.0
        Above 0, in the unit of y.

    Raises
    ------
    ValueError
        If it is not.

    Notes
    -----
    Outliers pull with a bounded force, so that a few of them do not decide the fit.

    Source: Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35 (1964), section 4.

    Examples
    --------
    Errors of 1 and 10 with a threshold of 2 cost 1/2 and 2 (10 - 1):

    >>> import numpy as np
    >>> from workings.neural_network import Huber
    >>> float(Huber(2.0).value(np.zeros((2, 1)), np.array([[1.0], [10.0]])))
    9.25
    """

    # its derivative is prediction - target for small errors alone
    canonical = ""

    def __init__(self, threshold: float = 1.0) -> None:
        if not threshold > 0:
            raise ValueError(f"The threshold of the Huber loss has to be above 0; got {threshold!r}.")
        self.threshold = threshold

    def value(self, y: Array, prediction: Array, sample_weight: Array | None = None) -> Value:
        """Return the mean."""
        error = prediction - y
        bounded = self._bounded(error)
        loss: Value = _mean_of_rows(bounded * (error - 0.5 * bounded), sample_weight).sum()
        return loss

    def derivative(self, y: Array, prediction: Array, out: Array) -> None:
        """Write ``ŷ - y`` cut off at ± `threshold`."""
        out[...] = self._bounded(prediction - y)

    def _bounded(self, error: Array) -> Array:
        return np.minimum(np.maximum(error, -self.threshold), self.threshold)


@dataclass(frozen=True)
class Poisson:
    """Half the Poisson deviance, ``mean (y log(y / ŷ) - y + ŷ)``, summed over the outputs; y >= 0 and ŷ > 0.

    Parameters
    ----------
    log : callable
        The natural logarithm, in the precision of its argument.
    """

    log: Callable[[Array], Array] = log_in_type
    canonical = "exp"

    def value(self, y: Array, prediction: Array, sample_weight: Array | None = None) -> Value:
        """Return the mean."""
        ratio = y / prediction
        with np.errstate(divide="ignore", invalid="ignore"):  # log 0, where y is 0
            product = np.where((y == 0) & ~np.isnan(ratio), 0, y * self.log(ratio))
        loss: Value = _mean_of_rows(product - y + prediction, sample_weight).sum()
        return loss

    def derivative(self, y: Array, prediction: Array, out: Array) -> None:
        """Write ``1 - y / ŷ``."""
        np.subtract(1, y / prediction, out=out)


@dataclass(frozen=True)
class LogLoss:
    """``-mean log p(true class)`` for exclusive classes; y is true in one column of each row.

    Parameters
    ----------
    log : callable
        The natural logarithm.

    Notes
    -----
    Probabilities are kept a machine epsilon of their type away from 0 and 1, so that the loss of a sure error is
    finite: 36.04 in double precision.
    """

    log: Callable[[Array], Array] = log
    canonical = "softmax"

    def value(self, y: Array, probability: Array, sample_weight: Array | None = None) -> Value:
        """Return the mean."""
        n_samples, n_classes = probability.shape
        (true,) = y.reshape(-1).nonzero()
        logarithms = self.log(_clipped(probability.reshape(-1).take(true)))
        loss: Value
        if sample_weight is None and logarithms.dtype == np.float64:
            # the sums of the columns, each added up from the first row to the last
            sums = np.bincount(true % n_classes, logarithms, n_classes)
            loss = -np.add.reduce(sums / n_samples)  # NN.9
            return loss
        terms = np.zeros(probability.shape, logarithms.dtype)
        terms.reshape(-1)[true] = logarithms
        loss = -_mean_of_rows(terms, sample_weight).sum()  # NN.9
        return loss

    def derivative(self, y: Array, probability: Array, out: Array) -> None:
        """Write ``-y / p``, p kept away from 0 as in the loss."""
        np.divide(y, _clipped(probability), out=out)
        np.negative(out, out=out)


@dataclass(frozen=True)
class BinaryLogLoss:
    """``-mean (y log p + (1 - y) log(1 - p))``, summed over independent labels; p is the probability of True.

    Parameters
    ----------
    log : callable
        The natural logarithm.

    Notes
    -----
    Probabilities are clipped as in `LogLoss`.
    """

    log: Callable[[Array], Array] = log
    canonical = "logistic"

    def value(self, y: Array, probability: Array, sample_weight: Array | None = None) -> Value:
        """Return the mean."""
        p = _clipped(probability)
        of_truth = np.where(y.astype(bool, copy=False), p, 1 - p)
        loss: Value = -_mean_of_rows(self.log(of_truth), sample_weight).sum()  # NN.8
        return loss

    def derivative(self, y: Array, probability: Array, out: Array) -> None:
        """Write ``(p - y) / (p (1 - p))``, p kept away from 0 and 1 as in the loss."""
        p = _clipped(probability)
        np.subtract(p, y, out=out)
        out /= p * (1 - p)


def _clipped(probability: Array) -> Array:
    eps = _EPSILON[probability.dtype.char]
    clipped: Array = np.maximum(probability, eps)
    return np.minimum(clipped, 1 - eps, out=clipped)


def _mean_of_rows(terms: Array, sample_weight: Array | None) -> Array:
    mean: Array
    if sample_weight is None:
        mean = np.add.reduce(terms, axis=0)
        mean /= len(terms)
    else:
        mean = np.average(terms, weights=sample_weight, axis=0)
    return mean


LOSSES: Mapping[str, Loss] = {
    "squared_error": SquaredError(),
    "huber": Huber(),
    "poisson": Poisson(),
    "log_loss": LogLoss(),
    "binary_log_loss": BinaryLogLoss(),
}

# with NumPy's logarithm, which differs from the C library's in the last bit of some values
FAST_LOSSES: Mapping[str, Loss] = {
    **LOSSES,
    "poisson": Poisson(np.log),
    "log_loss": LogLoss(np.log),
    "binary_log_loss": BinaryLogLoss(np.log),
}


def loss_of(loss: str | Loss) -> Loss:
    """Return the loss of a name, or the one that is given.

    Parameters
    ----------
    loss : str or Loss

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them.
    """
    if not isinstance(loss, str):
        return loss
    if loss not in LOSSES:
        raise ValueError(f"There is no loss {loss!r}; choose one of {sorted(LOSSES)}.")
    return LOSSES[loss]
