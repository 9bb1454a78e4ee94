"""Forward and backward propagation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.base import is_sparse
from workings.neural_network.activations import ACTIVATIONS, DERIVATIVES
from workings.neural_network.losses import LOSSES, Value
from workings.neural_network.parameters import Array, Gradient, Layout


def forward(X: Any, coefs: Sequence[Array], intercepts: Sequence[Array], activation: str, output: str) -> Array:
    """Return the output of a network.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    coefs, intercepts : sequence of ndarray
        By layer.
    activation, output : str
        Activation functions of the hidden layers and of the output.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)

    Notes
    -----
    Cost: 2 n p flops for n rows and p weights.
    """
    values = X
    for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True), start=1):
        values = values @ coef
        values += intercept  # NN.1
        ACTIVATIONS[activation if layer < len(coefs) else output](values)
    result: Array = values
    return result


@dataclass
class Workspace:
    """Arrays that are reused for every batch of one size: values and deltas of the layers above the input."""

    activations: list[Array]
    deltas: list[Array]


class Network:
    """A fully connected network: its loss, and the gradient of its loss.

    Parameters
    ----------
    layout : Layout
    activation, output_activation : str
        Of the hidden layers and of the output.
    loss : str
        A key of `LOSSES`.
    alpha : float
        Weight of the penalty ``alpha/2 Σ W² / Σ w``, w the rows' weights; biases are not penalised.

    Attributes
    ----------
    coefs, intercepts : list of ndarray
        By layer, views of the vector given to `bind`.

    Notes
    -----
    With a layer's input a, z = a W + b and its output f(z), δ the loss's derivative by z summed over its rows::

        δ_last = w (output - y)
        δ_l    = (δ_{l+1} Wᵀ_{l+1}) f'(z_l)
        ∂/∂W_l = (a_lᵀ δ_l + alpha W_l) / Σ w
        ∂/∂b_l = Σ_rows δ_l / Σ w

    Cost: 6 n p flops for n rows and p weights, 2 n p of them forward.

    Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986),
    equations 4-7.
    """

    def __init__(self, layout: Layout, activation: str, output_activation: str, loss: str, alpha: float) -> None:
        self.layout = layout
        self.alpha = alpha
        self._activate = ACTIVATIONS[activation]
        self._derive = DERIVATIVES[activation]
        self._activate_output = ACTIVATIONS[output_activation]
        self._loss = LOSSES["binary_log_loss" if (loss, output_activation) == ("log_loss", "logistic") else loss]
        self._workspaces: dict[int, Workspace] = {}
        self.coefs: list[Array] = []
        self.intercepts: list[Array] = []

    def bind(self, parameters: Array) -> None:
        """Take the weights and biases from a vector, which is not copied.

        Parameters
        ----------
        parameters : ndarray of shape (layout.size,)
        """
        self._weights = parameters[: self.layout.n_weights]
        self.coefs, self.intercepts = self.layout.split(parameters)
        self._workspaces.clear()

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
        delta = np.result_type(X.dtype, self.coefs[0].dtype, y.dtype)
        bias = delta if sample_weight is None else np.result_type(delta, sample_weight.dtype)
        return Gradient(self.layout, delta, bias)

    def loss_and_gradient(self, X: Any, y: Array, sample_weight: Array | None, gradient: Gradient) -> Value:
        """Return the loss, and write its gradient.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
        y : ndarray of shape (n_samples, n_outputs)
        sample_weight : ndarray of shape (n_samples,), optional
        gradient : Gradient
            Overwritten.

        Returns
        -------
        NumPy float
            Penalty included.

        Raises
        ------
        ZeroDivisionError
            If the weights of the rows sum to zero.
        """
        if sample_weight is None:
            total: Any = X.shape[0]
        else:
            total = sample_weight.sum()
            if total == 0:
                raise ZeroDivisionError(
                    f"The weights of the {X.shape[0]} rows of a batch sum to zero, so that they have no mean. Leave "
                    "rows of weight zero out, or choose a larger batch_size."
                )
        workspace = self._workspace(X, y)
        activations = self._forward(X, workspace)
        loss = self._loss(y, activations[-1], sample_weight)
        squares = sum(np.dot(coef.ravel(), coef.ravel()) for coef in self.coefs)
        penalised: Value = loss + (0.5 * self.alpha) * squares / total  # NN.10
        self._backward(activations, y, sample_weight, workspace.deltas, gradient)
        gradient.weight_block += self.alpha * self._weights  # NN.21
        for block in gradient.blocks:
            block /= total
        return penalised

    def _forward(self, X: Any, workspace: Workspace) -> list[Any]:
        activations = [X, *workspace.activations]
        for layer, (coef, intercept) in enumerate(zip(self.coefs, self.intercepts, strict=True)):
            above = activations[layer + 1]
            if layer == 0 and is_sparse(X):
                above[...] = X @ coef
            else:
                np.matmul(activations[layer], coef, out=above)
            above += intercept  # NN.1
            if layer + 2 < len(activations):
                self._activate(above)
        self._activate_output(activations[-1])
        return activations

    def _backward(
        self, activations: list[Any], y: Array, sample_weight: Array | None, deltas: list[Array], gradient: Gradient
    ) -> None:
        np.subtract(activations[-1], y, out=deltas[-1])  # NN.15, NN.16, NN.17
        if sample_weight is not None:
            deltas[-1] *= sample_weight[:, np.newaxis]
        for layer in range(len(deltas) - 1, -1, -1):
            delta = deltas[layer]
            if layer == 0 and is_sparse(activations[0]):
                gradient.coefs[0][...] = activations[0].T @ delta
            else:
                np.matmul(activations[layer].T, delta, out=gradient.coefs[layer])  # NN.19
            np.add.reduce(delta, axis=0, dtype=delta.dtype, out=gradient.intercepts[layer])  # NN.20
            if layer > 0:
                np.matmul(delta, self.coefs[layer].T, out=deltas[layer - 1])
                self._derive(activations[layer], deltas[layer - 1])  # NN.18

    def _workspace(self, X: Any, y: Array) -> Workspace:
        rows = X.shape[0]
        if rows not in self._workspaces:
            value_type = np.result_type(X.dtype, self.coefs[0].dtype)
            shapes = [(rows, columns) for columns in self.layout.sizes[1:]]
            self._workspaces[rows] = Workspace(
                [np.empty(shape, value_type) for shape in shapes],
                [np.empty(shape, np.result_type(value_type, y.dtype)) for shape in shapes],
            )
        return self._workspaces[rows]
