"""A trained perceptron as a function of its input: the sums of its layers, and the slopes of its outputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workings.neural_network.activations import ACTIVATIONS

Floats = npt.NDArray[np.float64]

PIECEWISE_LINEAR = ("relu", "identity")
"""Activations of which a network is made of flat pieces."""


@dataclass(frozen=True)
class Perceptron:
    """Layers of weighted sums, each but the last followed by the same activation.

    Parameters
    ----------
    coefs : tuple of ndarray
        Weights by layer, of shape (inputs, units).
    intercepts : tuple of ndarray
        Biases by layer, of shape (units,).
    activation : str
        Of the hidden layers: ``"relu"``, ``"identity"``, ``"tanh"`` or ``"logistic"``.
    """

    coefs: tuple[Floats, ...]
    intercepts: tuple[Floats, ...]
    activation: str

    @property
    def piecewise_linear(self) -> bool:
        """Whether the outputs are linear within regions of the input."""
        return self.activation in PIECEWISE_LINEAR

    def activate(self, sums: Floats) -> Floats:
        """Return what the hidden units make of their sums, any shape."""
        values = np.array(sums)
        ACTIVATIONS[self.activation].apply(values)
        return values

    def sums(self, X: Floats) -> list[Floats]:
        """Return the weighted sums z of each layer, the output's last, for rows of shape (n, p)."""
        sums = [X @ self.coefs[0] + self.intercepts[0]]
        for coef, intercept in zip(self.coefs[1:], self.intercepts[1:], strict=True):
            sums.append(self.activate(sums[-1]) @ coef + intercept)
        return sums

    def outputs(self, X: Floats) -> Floats:
        """Return the last layer's sums, before the output's activation, shape (n, q)."""
        return self.sums(X)[-1]

    def slopes(self, X: Floats, direction: Floats) -> Floats:
        """Return the derivatives of ``outputs @ direction`` by the features.

        Parameters
        ----------
        X : ndarray of shape (n, p)
        direction : ndarray of shape (q,)

        Returns
        -------
        ndarray of shape (n, p)
            At an edge of a ReLU unit, those of its off side.
        """
        activation = ACTIVATIONS[self.activation]
        hidden = self.sums(X)[:-1]
        delta = np.tile(self.coefs[-1] @ direction, (len(X), 1))
        for coef, sums in zip(reversed(self.coefs[:-1]), reversed(hidden), strict=True):
            activation.backward(delta, sums if activation.needs_input else self.activate(sums))
            delta = delta @ coef.T
        return delta
