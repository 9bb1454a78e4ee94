"""Activation functions, in place, and the product of their derivatives with a gradient from above."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from workings.neural_network.elementary import logistic
from workings.neural_network.parameters import Array


def identity(x: Array) -> None:
    """Leave `x` as it is."""  # NN.2


def tanh(x: Array) -> None:
    """Replace `x` by its hyperbolic tangent."""
    np.tanh(x, out=x)  # NN.4


def relu(x: Array) -> None:
    """Replace what is negative in `x` by 0."""
    np.maximum(x, 0, out=x)  # NN.5


def exponential(x: Array) -> None:
    """Replace `x` by its exponential: the output of a network with the Poisson loss."""
    np.exp(x, out=x)


def softmax(x: Array) -> None:
    """Replace each row of `x` by ``exp(x - max) / Σ exp(x - max)``: the probabilities of exclusive classes."""
    x -= x.max(axis=1)[:, np.newaxis]
    np.exp(x, out=x)
    x /= x.sum(axis=1)[:, np.newaxis]  # NN.6


def identity_derivative(z: Array, delta: Array) -> None:
    """Leave `delta` as it is: the derivative is 1."""  # NN.11


def logistic_derivative(z: Array, delta: Array) -> None:
    """Multiply `delta` by ``z (1 - z)``, where `z` is the function's value."""
    delta *= z
    delta *= 1 - z  # NN.12


def tanh_derivative(z: Array, delta: Array) -> None:
    """Multiply `delta` by ``1 - z²``, where `z` is the function's value."""
    factor = np.square(z)
    np.subtract(1, factor, out=factor)  # NN.13
    delta *= factor


def relu_derivative(z: Array, delta: Array) -> None:
    """Set `delta` to 0 where the function's value `z` is 0; the derivative at the kink counts as 0."""
    # assigned, not multiplied by 0: an overflowed delta of a silent unit is 0 as well
    np.putmask(delta, z == 0, 0)  # NN.14


ACTIVATIONS: Mapping[str, Callable[[Array], None]] = {
    "identity": identity,
    "logistic": logistic,
    "tanh": tanh,
    "relu": relu,
    "exp": exponential,
    "softmax": softmax,
}

DERIVATIVES: Mapping[str, Callable[[Array, Array], None]] = {
    "identity": identity_derivative,
    "logistic": logistic_derivative,
    "tanh": tanh_derivative,
    "relu": relu_derivative,
}
