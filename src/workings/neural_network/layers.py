"""The layers of a network: each turns the values below into its own, and the derivative by its own into that below."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from workings.neural_network.activations import Activation, activation_of
from workings.neural_network.initialisation import Initialisation, initialisation_of
from workings.neural_network.parameters import Array


@dataclass
class Room:
    """Arrays of one layer that are reused for every batch of one size.

    Parameters
    ----------
    value : ndarray of shape (n_samples, n_outputs)
        What the layer hands up.
    delta : ndarray of shape (n_samples, n_outputs)
        Derivative of the loss by the values, summed over the rows; by the weighted sums once it has gone through the
        activation.
    kept : ndarray of shape (n_samples, n_outputs)
        What the derivative needs: the values, or the weighted sums, or the mask of a dropout.
    """

    value: Array
    delta: Array
    kept: Array


# weights and biases of a layer, or nothing
Parameters = tuple[Array, ...]


class Layer(ABC):
    """A part of a network.

    Attributes
    ----------
    n_inputs, n_outputs : int
        Units below, units of the layer.
    has_parameters : bool
        Whether it has weights and biases.
    """

    n_inputs: int
    n_outputs: int
    has_parameters: bool

    def initial_parameters(self, rng: np.random.RandomState) -> Parameters:  # noqa: ARG002  (layers share one signature)
        """Return what the layer begins with: nothing, unless it has parameters."""
        return ()

    @abstractmethod
    def room(self, n_samples: int, value_type: np.dtype[Any], delta_type: np.dtype[Any]) -> Room:
        """Return the arrays for batches of `n_samples` rows."""

    @abstractmethod
    def forward(self, x: Any, parameters: Parameters, room: Room, rng: np.random.RandomState | None) -> Array:
        """Return the layer's values, in its room.

        Parameters
        ----------
        x : ndarray of shape (n_samples, n_inputs)
            Values below; for a first layer also a CSR or CSC matrix.
        parameters : tuple of ndarray
        room : Room
        rng : RandomState, optional
            Given in training alone, for what is drawn at random.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
        """

    def through_activation(self, room: Room) -> None:  # noqa: B027  (only a layer with an activation has work to do)
        """Turn the derivative by the layer's values, in its room, into that by its weighted sums."""

    @abstractmethod
    def backward(self, x: Any, parameters: Parameters, room: Room, gradient: Parameters, below: Array | None) -> None:
        """Write the gradient by the layer's parameters, and the derivative by the values below.

        Parameters
        ----------
        x : ndarray of shape (n_samples, n_inputs)
            As in `forward`.
        parameters : tuple of ndarray
        room : Room
            With the derivative by the weighted sums.
        gradient : tuple of ndarray
            Overwritten, sums over the rows.
        below : ndarray of shape (n_samples, n_inputs), optional
            Overwritten; left out where nobody asks for it.
        """


class Dense(Layer):
    """Every unit sees all units below: ``f(x W + b)``.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Units below and units of the layer.
    activation : str or Activation, default="identity"
        ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, ``"leaky_relu"``, ``"elu"``, ``"softplus"``, ``"silu"``,
        ``"gelu"``, ``"exp"`` or ``"softmax"``, or an object with the methods and
        attributes of these.
    initialisation : str or Initialisation, optional
        ``"glorot_uniform"``, whose biases are drawn as scikit-learn draws them; ``"glorot_normal"``, ``"he_uniform"``
        or ``"he_normal"``, with biases of 0; or an object with the method of these. By default ``"he_normal"`` for relu
        and its relatives (leaky_relu, elu, softplus, silu, gelu), else ``"glorot_uniform"``.

    Raises
    ------
    ValueError
        If a number of units is not a whole number above 0, or a name unknown.

    Notes
    -----
    Cost: 2 n w flops forward and 4 n w backward for n rows and w weights.

    Source: for the initial weights, Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, equation 16, with the variance 2 / (inputs + outputs); He, Zhang, Ren and Sun,
    "Delving deep into rectifiers", ICCV 2015, equation 10, with 2 / inputs.

    Examples
    --------
    >>> from workings.neural_network import Dense, LeakyRelu
    >>> Dense(64, 32, "relu"), Dense(32, 8, LeakyRelu(0.2), initialisation="glorot_normal")
    (Dense(64, 32, 'relu'), Dense(32, 8, 'leaky_relu'))
    """

    has_parameters = True

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: str | Activation = "identity",
        *,
        initialisation: str | Initialisation | None = None,
    ) -> None:
        _require_units(n_inputs, n_outputs)
        self.n_inputs = n_inputs
        self.n_outputs = n_outputs
        self.activation = activation_of(activation)
        self.initialisation = initialisation_of(initialisation, self.activation.name)

    def __repr__(self) -> str:
        return f"Dense({self.n_inputs}, {self.n_outputs}, {self.activation.name!r})"

    def initial_parameters(self, rng: np.random.RandomState) -> Parameters:
        """Return weights and biases drawn by `initialisation`."""
        return self.initialisation.draw(self.n_inputs, self.n_outputs, rng)

    def room(self, n_samples: int, value_type: np.dtype[Any], delta_type: np.dtype[Any]) -> Room:
        """Return the arrays for batches of `n_samples` rows."""
        shape = n_samples, self.n_outputs
        value = np.empty(shape, value_type)
        return Room(value, np.empty(shape, delta_type), np.empty_like(value) if self.activation.needs_input else value)

    def forward(
        self,
        x: Any,
        parameters: Parameters,
        room: Room,
        rng: np.random.RandomState | None,  # noqa: ARG002  (layers share one signature)
    ) -> Array:
        """Return ``f(x W + b)``."""
        coef, intercept = parameters
        z = room.value
        if isinstance(x, np.ndarray):
            np.matmul(x, coef, out=z)
        else:
            z[...] = x @ coef
        z += intercept  # NN.1
        if room.kept is not z:
            np.copyto(room.kept, z)
        self.activation.apply(z)
        return z

    def through_activation(self, room: Room) -> None:
        """Multiply the derivative by ``f'``."""
        self.activation.backward(room.delta, room.kept)

    def backward(self, x: Any, parameters: Parameters, room: Room, gradient: Parameters, below: Array | None) -> None:
        """Write ``xᵀ δ`` and ``Σ_rows δ``, and ``δ Wᵀ`` for the layer below."""
        delta = room.delta
        coef_gradient, intercept_gradient = gradient
        if isinstance(x, np.ndarray):
            np.matmul(x.T, delta, out=coef_gradient)  # NN.19
        else:
            coef_gradient[...] = x.T @ delta
        np.add.reduce(delta, axis=0, dtype=delta.dtype, out=intercept_gradient)  # NN.20
        if below is not None:
            # products without a sum, for one output, need no matrix product
            multiply = np.multiply if delta.shape[1] == 1 else np.matmul
            multiply(delta, parameters[0].T, out=below)  # NN.18


class Dropout(Layer):
    """In training each value is 0 with probability `rate`, and otherwise divided by ``1 - rate``; else as it is.

    Parameters
    ----------
    n_units : int
        Of the layer below.
    rate : float, default=0.5
        In [0, 1).

    Raises
    ------
    ValueError
        If the rate or the number of units makes no sense.

    Notes
    -----
    Dividing in training keeps each value's mean, so that nothing has to be scaled in prediction.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: A Simple Way to Prevent Neural
    Networks from Overfitting", Journal of Machine Learning Research 15 (2014), sections 4 and 10.

    Examples
    --------
    >>> from workings.neural_network import Dense, Dropout
    >>> [Dense(64, 32, "relu"), Dropout(32, 0.2), Dense(32, 10, "softmax")]
    [Dense(64, 32, 'relu'), Dropout(32, 0.2), Dense(32, 10, 'softmax')]
    """

    has_parameters = False

    def __init__(self, n_units: int, rate: float = 0.5) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"The rate of a dropout is the share of values set to 0, in [0, 1); got {rate}.")
        _require_units(n_units)
        self.n_inputs = self.n_outputs = n_units
        self.rate = rate

    def __repr__(self) -> str:
        return f"Dropout({self.n_outputs}, {self.rate})"

    def room(self, n_samples: int, value_type: np.dtype[Any], delta_type: np.dtype[Any]) -> Room:
        """Return the arrays for batches of `n_samples` rows."""
        shape = n_samples, self.n_outputs
        return Room(np.empty(shape, value_type), np.empty(shape, delta_type), np.empty(shape, value_type))

    def forward(
        self,
        x: Any,
        parameters: Parameters,  # noqa: ARG002  (layers share one signature)
        room: Room,
        rng: np.random.RandomState | None,
    ) -> Array:
        """Return the values that stay, divided by ``1 - rate``."""
        if rng is None:
            room.kept.fill(1)
        else:
            room.kept[...] = rng.random_sample(x.shape) >= self.rate
            room.kept /= 1 - self.rate
        np.multiply(x, room.kept, out=room.value)
        return room.value

    def backward(
        self,
        x: Any,  # noqa: ARG002  (layers share one signature)
        parameters: Parameters,  # noqa: ARG002  (as above)
        room: Room,
        gradient: Parameters,  # noqa: ARG002  (as above)
        below: Array | None,
    ) -> None:
        """Let the derivative through where the values were, divided as they were."""
        if below is not None:
            np.multiply(room.delta, room.kept, out=below)


def _require_units(*counts: int) -> None:
    for count in counts:
        if not isinstance(count, Integral) or count < 1:
            raise ValueError(f"The number of units of a layer has to be a whole number of at least 1; got {count!r}.")
