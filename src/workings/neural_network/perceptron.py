"""scikit-learn's multilayer perceptron as a network of layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from workings.neural_network.activations import ACTIVATIONS, FastLogistic
from workings.neural_network.layers import Dense
from workings.neural_network.losses import FAST_LOSSES, LOSSES
from workings.neural_network.network import Network


def perceptron(
    sizes: Sequence[int], activation: str, output_activation: str, loss: str, alpha: float, *, fast: bool = False
) -> Network:
    """Return the network of scikit-learn's multilayer perceptron.

    Parameters
    ----------
    sizes : sequence of int
        Units of the input layer, the hidden layers and the output layer.
    activation, output_activation : str
        Of the hidden layers and of the output.
    loss : str
        ``"squared_error"``, ``"poisson"``, or ``"log_loss"``, which of independent labels is the binary one.
    alpha : float
        Weight of the penalty.
    fast : bool, default=False
        As of `Network`; logarithms and the logistic function are then NumPy's and not the C library's.

    Returns
    -------
    Network
    """
    names = [*[activation] * (len(sizes) - 2), output_activation]
    activations = [FastLogistic() if fast and name == "logistic" else ACTIVATIONS[name] for name in names]
    layers = [Dense(*shape, activation) for shape, activation in zip(pairwise(sizes), activations, strict=True)]
    name = "binary_log_loss" if (loss, output_activation) == ("log_loss", "logistic") else loss
    return Network(layers, FAST_LOSSES[name] if fast else LOSSES[name], alpha, fast=fast)
