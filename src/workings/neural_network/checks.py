"""Checks of the layers and of the data that a network built by hand is given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from workings.base import check_array, check_sample_weight
from workings.neural_network.activations import ACTIVATIONS
from workings.neural_network.layers import Dense, Layer
from workings.neural_network.losses import BinaryLogLoss, LogLoss, Loss, Poisson
from workings.neural_network.parameters import Array

if TYPE_CHECKING:  # the network itself calls these checks
    from workings.neural_network.network import Network

# the activations whose values a loss can take
_POSITIVE = {"exp", "softplus", "logistic", "softmax"}
_SUITABLE: dict[type, set[str]] = {
    LogLoss: {"softmax"},
    BinaryLogLoss: {"logistic", "softmax"},
    Poisson: _POSITIVE,
}


def require_fit(layers: Sequence[Layer]) -> None:
    """Check that layers can stand on each other.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the output.

    Raises
    ------
    ValueError
        If none has weights, or one has not as many inputs as the one below has outputs.
    """
    if not any(layer.has_parameters for layer in layers):
        raise ValueError("A network needs at least one Dense layer.")
    for number, (below, above) in enumerate(pairwise(layers), start=1):
        if below.n_outputs != above.n_inputs:
            raise ValueError(
                f"Layer {number} has {below.n_outputs} outputs but layer {number + 1} has {above.n_inputs} inputs: "
                "make them equal."
            )


def check_input(network: Network, X: Any) -> Any:
    """Return X in the type of the parameters.

    Parameters
    ----------
    network : Network
    X : array-like or sparse matrix of shape (n_samples, n_inputs)
        Sparse only where the first layer is a dense one.

    Returns
    -------
    ndarray, CSR or CSC matrix

    Raises
    ------
    ValueError
        If it is not a table of finite numbers with a column for each input, or the network has no parameters yet.
    """
    if not network.coefs:
        raise ValueError("The network has no parameters yet: call its initialise(random_state) first.")
    bottom = network.layers[0]
    sparse = ("csr", "csc") if isinstance(bottom, Dense) else False
    X = check_array(X, dtype=(network.parameters.dtype.type,), accept_sparse=sparse)
    if X.shape[1] != bottom.n_inputs:
        raise ValueError(
            f"X has {X.shape[1]} columns, but the first layer of the network has {bottom.n_inputs} inputs."
        )
    return X


def check_data(network: Network, X: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Array, Array | None]:
    """Return X, y and the rows' weights as the network and its loss need them.

    Parameters
    ----------
    network : Network
    X : array-like or sparse matrix of shape (n_samples, n_inputs)
    y : array-like of shape (n_samples, n_outputs) or (n_samples,)
        As for `check_target`.
    sample_weight : array-like of shape (n_samples,), optional

    Returns
    -------
    tuple

    Raises
    ------
    ValueError
        If they do not fit the network or each other.
    """
    X = check_input(network, X)
    dtype = network.parameters.dtype
    y = check_target(y, X.shape[0], network.layers[-1], network.loss, dtype)
    return X, y, None if sample_weight is None else check_sample_weight(sample_weight, X, dtype=dtype)


def check_target(y: Any, n_samples: int, top: Layer, loss: Loss, dtype: np.dtype[Any]) -> Array:
    """Return y as the loss needs it.

    Parameters
    ----------
    y : array-like of shape (n_samples, n_outputs) or (n_samples,)
        Of one dimension for a single output, or for the numbers of the classes with the log-loss.
    n_samples : int
        Rows of X.
    top : Layer
        The last one.
    loss : Loss
    dtype : dtype
        Of the parameters.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
        True and False for classes and labels, else numbers in the type of the parameters.

    Raises
    ------
    ValueError
        If the shape or the values do not fit the network or its loss, or the loss not the last layer.
    """
    _require_suitable(top, loss)
    classes, labels = isinstance(loss, LogLoss), isinstance(loss, BinaryLogLoss)
    given = np.asarray(y)
    if classes and given.ndim == 1 and given.shape[0] == n_samples:
        return _one_hot(given, top.n_outputs)
    array = given[:, np.newaxis] if given.ndim == 1 else given
    if array.shape != (n_samples, top.n_outputs):
        instead = f", or the numbers of the classes, of shape {(n_samples,)}" if classes else ""
        raise ValueError(
            f"y has the shape {given.shape}. With {n_samples} rows of X, a network with {top.n_outputs} outputs needs "
            f"one of shape {(n_samples, top.n_outputs)}{instead}."
        )
    if classes or labels:
        truth = array == 1
        if not (truth | (array == 0)).all():
            raise ValueError(
                f"With {'log_loss' if classes else 'binary_log_loss'} y has to consist of 0 and 1. Probabilities as "
                "targets are not taken: repeat each row with every label, and give the probabilities as sample_weight."
            )
        if classes and not (truth.sum(axis=1) == 1).all():
            raise ValueError(
                "With log_loss each row of y has to have one 1, in the column of its class; for labels that do not "
                "exclude each other choose binary_log_loss and the activation 'logistic'."
            )
        return np.asarray(truth)
    numbers: Array = check_array(array, name="y", dtype=(dtype.type,))
    if isinstance(loss, Poisson) and numbers.min() < 0:
        raise ValueError(f"With the Poisson loss y cannot be negative; its smallest value is {numbers.min():g}.")
    return numbers


def _require_suitable(top: Layer, loss: Loss) -> None:
    if not isinstance(top, Dense):
        raise ValueError(f"The last layer has to be a Dense one, not a {type(top).__name__}.")
    name, suitable = top.activation.name, _SUITABLE.get(type(loss))
    if suitable is not None and name in ACTIVATIONS and name not in suitable:
        raise ValueError(
            f"The outputs of the activation {name!r} do not suit the loss: give the last layer "
            f"{' or '.join(repr(fit) for fit in sorted(suitable))}."
        )
    if isinstance(loss, LogLoss) and top.n_outputs == 1:
        raise ValueError(
            "log_loss needs an output for each class. For two classes, give the last layer 2 outputs, or one with the "
            "activation 'logistic' and the loss binary_log_loss."
        )


def _one_hot(numbers: Array, n_classes: int) -> Array:
    truth: Array = numbers[:, np.newaxis] == np.arange(n_classes)
    if not truth.any(axis=1).all():
        raise ValueError(
            f"y has to hold the numbers of the classes, from 0 to {n_classes - 1}, one for each output of the network. "
            "np.unique(labels, return_inverse=True) numbers labels of any kind."
        )
    return truth
