"""A network: layers on top of each other, a loss, and the gradient of the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from workings.base import check_random_state
from workings.neural_network.checks import check_data, check_input, require_fit
from workings.neural_network.layers import Dense, Layer, Parameters, Room
from workings.neural_network.losses import Loss, Value, loss_of
from workings.neural_network.parameters import Array, Gradient, Layout, pack

# weights at a time
_PART = 1 << 16

# rows at a time in a prediction
_ROWS = 1 << 12

# what `bind` makes of the parameters
_FROM_BIND = {"coefs", "intercepts", "_weights", "_flat_coefs", "_parameters", "_penalty", "_rooms"}


class Network:
    """Layers on top of each other, a loss, and the gradient of the loss by back-propagation.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the output; each has as many inputs as the one below has outputs.
    loss : str or Loss, default="squared_error"
        ``"squared_error"``, ``"huber"``, ``"poisson"``, ``"log_loss"`` or ``"binary_log_loss"``, or an object with the
        methods and attributes of these.
    alpha : float, default=0.0
        Weight of the penalty ``alpha/2 Σ W² / Σ w``, w the rows' weights; biases are not penalised.
    fast : bool, default=False
        Divide the errors by ``Σ w``, which are few, and not the gradient, which is long: the same but for rounding.

    Attributes
    ----------
    layout : Layout
        Where each layer's weights and biases lie in the vector of all parameters.
    parameters : ndarray of shape (layout.size,)
        All weights, then all biases, from `initialise` or `bind`.
    coefs, intercepts : list of ndarray
        Weights, of shape (n_inputs, n_outputs), and biases by dense layer: views of `parameters`.

    Raises
    ------
    ValueError
        If the layers do not fit on each other, the loss is unknown, or the penalty's weight is negative.

    Notes
    -----
    With a layer's input a, z = a W + b and its output f(z), δ the loss's derivative by z summed over its rows::

        δ_last = w (output - y)
        δ_l    = (δ_{l+1} Wᵀ_{l+1}) f'(z_l)
        ∂/∂W_l = (a_lᵀ δ_l + alpha W_l) / Σ w
        ∂/∂b_l = Σ_rows δ_l / Σ w

    The first line holds for the output activation that belongs to the loss; any other takes the loss's derivative by
    the output through the activation.
    Fails when a layer saturates: its derivatives, and the gradients of all layers below, are then 0.
    Cost: 6 n p flops for n rows and p weights, 2 n p of them forward.

    Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986),
    equations 4-7.

    Examples
    --------
    The output by hand, layer by layer:

    >>> import numpy as np
    >>> from workings.neural_network import Dense, Network
    >>> network = Network([Dense(2, 3, "relu"), Dense(3, 1)]).initialise(random_state=0)
    >>> X = np.array([[1.0, -1.0], [0.5, 2.0]])
    >>> hidden = np.maximum(X @ network.coefs[0] + network.intercepts[0], 0)
    >>> np.array_equal(network.output(X), hidden @ network.coefs[1] + network.intercepts[1])
    True
    """

    def __init__(
        self, layers: Sequence[Layer], loss: str | Loss = "squared_error", alpha: float = 0.0, *, fast: bool = False
    ) -> None:
        if not alpha >= 0:
            raise ValueError(f"alpha, the weight of the penalty, has to be at least 0; got {alpha!r}.")
        self.layers = list(layers)
        self.alpha = alpha
        self.fast = fast
        self.loss = loss_of(loss)
        require_fit(self.layers)
        dense = [layer for layer in self.layers if layer.has_parameters]
        self.layout = Layout([dense[0].n_inputs, *(layer.n_outputs for layer in dense)])
        positions = iter(range(len(dense)))
        # which pair of weights and biases belongs to each layer
        self._positions = [next(positions) if layer.has_parameters else None for layer in self.layers]
        top = self.layers[-1]
        self._canonical = isinstance(top, Dense) and top.activation.name == self.loss.canonical
        self.overflow: int | None = None
        self.parameters: Array = np.empty(0)
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        # the views of the parameters would come back as arrays of their own
        return {name: value for name, value in vars(self).items() if name not in _FROM_BIND}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()
        if self.parameters.size:
            self.bind(self.parameters)

    def _forget(self) -> None:
        self._rooms: dict[Any, list[Room]] = {}
        self._parameters: list[Parameters] = []
        self.coefs: list[Array] = []
        self.intercepts: list[Array] = []

    def initialise(self, random_state: Any = None, dtype: npt.DTypeLike = np.float64) -> Self:
        """Draw weights and biases, layer by layer.

        Parameters
        ----------
        random_state : int, RandomState or None
            The same number draws the same parameters.
        dtype : float64 or float32, default=float64
            Of the parameters, and of all that is computed with them.

        Returns
        -------
        Network
            Itself.

        Raises
        ------
        ValueError
            If `dtype` is another type.
        """
        _require_precision(np.dtype(dtype), "df")
        rng = check_random_state(random_state)
        drawn = [layer.initial_parameters(rng) for layer in self.layers if layer.has_parameters]
        self.bind(pack([coef for coef, _ in drawn], [intercept for _, intercept in drawn]).astype(dtype, copy=False))
        return self

    def bind(self, parameters: Array) -> None:
        """Take the weights and biases from a vector, which is not copied.

        Parameters
        ----------
        parameters : ndarray of shape (layout.size,)
            Of float64 or float32; of complex128 for a complex step.

        Raises
        ------
        ValueError
            If it has another shape or type.
        """
        _require_precision(parameters.dtype, "dfD")
        if parameters.shape != (self.layout.size,):
            raise ValueError(
                f"The network has {self.layout.size} parameters; got a vector of the shape {parameters.shape}."
            )
        self.parameters = parameters
        self._weights = parameters[: self.layout.n_weights]
        self.coefs, self.intercepts = self.layout.split(parameters)
        self._flat_coefs = [coef.reshape(-1) for coef in self.coefs]
        pairs = list(zip(self.coefs, self.intercepts, strict=True))
        self._parameters = [() if i is None else pairs[i] for i in self._positions]
        self._penalty = np.empty(min(_PART, self.layout.n_weights), np.result_type(self._weights, self.alpha))
        self._rooms.clear()

    def room_for_gradient(self, X: Any, y: Array, sample_weight: Array | None) -> Gradient:
        """Return room for a gradient, in the types in which it will be computed.

        Parameters
        ----------
        X, y, sample_weight
            Data of the types that `loss_and_gradient` will receive.

        Returns
        -------
        Gradient
        """
        delta = np.result_type(X.dtype, self._weights.dtype, y.dtype)
        bias = delta if sample_weight is None else np.result_type(delta, sample_weight.dtype)
        return Gradient(self.layout, delta, bias)

    def loss_and_gradient(
        self,
        X: Any,
        y: Array,
        sample_weight: Array | None,
        gradient: Gradient,
        rng: np.random.RandomState | None = None,
    ) -> Value:
        """Return the loss, and write its gradient.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
        y : ndarray of shape (n_samples, n_outputs)
            Not checked, unlike in `train`: the log-losses take true and false alone, and value and gradient do not
            belong together for any other numbers.
        sample_weight : ndarray of shape (n_samples,), optional
        gradient : Gradient
            Overwritten.
        rng : RandomState, optional
            In training, for layers that draw at random.

        Returns
        -------
        NumPy float
            Penalty included.

        Raises
        ------
        ZeroDivisionError
            If the weights of the rows sum to zero.
        """
        total = _total(X, sample_weight)
        rooms = self._rooms_for(X, y)
        values = self._forward(X, rooms, rng)
        loss: Value = self.loss.value(y, values[-1], sample_weight) + self.penalty() / total  # NN.10
        if not math.isfinite(abs(loss)):
            self.overflow = _first_overflow(self.layers, values)
        delta = rooms[-1].delta
        if self._canonical:
            np.subtract(values[-1], y, out=delta)  # NN.15, NN.16, NN.17
        else:
            self.loss.derivative(y, values[-1], delta)
        if sample_weight is not None:
            delta *= sample_weight[:, np.newaxis]
        if self.fast:
            delta *= 1 / total
        self._backward(values, rooms, gradient)
        alpha = self.alpha / total if self.fast else self.alpha
        self._finish(gradient, alpha, None if self.fast else total)
        return loss

    def _finish(self, gradient: Gradient, alpha: float, total: Any) -> None:
        """Add the penalty's part to the gradient of the weights, and divide by the sum of the rows' weights."""
        # in parts, so that the gradient passes through the cache once
        for start in range(0, self.layout.n_weights, _PART):
            part = slice(start, start + _PART)
            block = gradient.weight_block[part]
            if alpha:
                penalty = self._penalty[: block.size]
                np.multiply(self._weights[part], alpha, out=penalty)
                block += penalty  # NN.21
            if total is not None:
                block /= total
        if total is not None:
            gradient.bias_block /= total

    def output(self, X: Any) -> Array:
        """Return the values of the last layer, as a prediction: nothing is dropped.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_inputs)

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If the network has no parameters yet, or X not as many columns as the first layer has inputs.

        Notes
        -----
        Cost: 2 n p flops for n rows and p weights; memory for the values of all layers for a block of rows.
        """
        return self._output(check_input(self, X))

    def loss_at(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the mean loss of the predictions; without the penalty, which is ``penalty() / Σ w``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_inputs)
        y : array-like of shape (n_samples, n_outputs) or (n_samples,)
            As in `train`.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If the network has no parameters yet, or the data do not fit it.
        """
        X, y, sample_weight = check_data(self, X, y, sample_weight)
        return float(self.loss.value(y, self._output(X), sample_weight))

    def _output(self, X: Any) -> Array:
        dtype = np.result_type(X.dtype, self.parameters.dtype)
        result = np.empty((X.shape[0], self.layers[-1].n_outputs), dtype)
        for start in range(0, X.shape[0], _ROWS):
            result[start : start + _ROWS] = self.rooms_after(X[start : start + _ROWS])[-1].value
        return result

    def rooms_after(self, X: Any, n_layers: int | None = None) -> list[Room]:
        """Return what the layers hold after a forward pass in arrays of their own, with nothing drawn at random.

        Parameters
        ----------
        X : ndarray or sparse matrix of shape (n_samples, n_inputs)
            Not checked.
        n_layers : int, optional
            Of so many layers from below; of all by default.

        Returns
        -------
        list of Room
        """
        dtype = np.result_type(X.dtype, self.parameters.dtype)
        rooms = [layer.room(X.shape[0], dtype, dtype) for layer in self.layers[:n_layers]]
        self._forward(X, rooms, None)
        return rooms

    def penalty(self) -> Value:
        """Return ``alpha/2 Σ W²``, not yet divided by the sum of the rows' weights."""
        squares: Any = 0
        for coef in self._flat_coefs:
            squares += coef.dot(coef)
        penalty: Value = (0.5 * self.alpha) * squares
        return penalty

    def _forward(self, X: Any, rooms: list[Room], rng: np.random.RandomState | None) -> list[Any]:
        values = [X]
        # as many layers as there are rooms
        for layer, parameters, room in zip(self.layers, self._parameters, rooms, strict=False):
            values.append(layer.forward(values[-1], parameters, room, rng))
        return values

    def _backward(self, values: list[Any], rooms: list[Room], gradient: Gradient) -> None:
        for i in range(len(self.layers) - 1, -1, -1):
            layer, room, position = self.layers[i], rooms[i], self._positions[i]
            if not (self._canonical and i == len(self.layers) - 1):
                layer.through_activation(room)
            part = () if position is None else gradient.pairs[position]
            layer.backward(values[i], self._parameters[i], room, part, rooms[i - 1].delta if i else None)

    def _rooms_for(self, X: Any, y: Array) -> list[Room]:
        key = X.shape[0], X.dtype, y.dtype
        if key not in self._rooms:
            value = np.result_type(X.dtype, self._weights.dtype)
            delta = np.result_type(value, y.dtype)
            self._rooms[key] = [layer.room(X.shape[0], value, delta) for layer in self.layers]
        return self._rooms[key]


def _require_precision(dtype: np.dtype[Any], allowed: str) -> None:
    if dtype.char not in allowed:
        raise ValueError(f"The parameters of a network have to be float64 or float32; got {dtype}.")


def _first_overflow(layers: Sequence[Layer], values: Sequence[Any]) -> int | None:
    number = 0  # as in the parameters' attributes, layers without weights are not counted
    for layer, layer_values in zip(layers, values[1:], strict=True):
        number += layer.has_parameters
        if not np.isfinite(layer_values).all():
            return number
    return None


def _total(X: Any, sample_weight: Array | None) -> Any:
    if sample_weight is None:
        return X.shape[0]
    total = sample_weight.sum()
    if total == 0:
        raise ZeroDivisionError(
            f"The weights of the {X.shape[0]} rows of a batch sum to zero, so that they have no mean. Leave rows of "
            "weight zero out, or choose a larger batch_size."
        )
    return total
