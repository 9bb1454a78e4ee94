"""The output of a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workings.base import is_sparse
from workings.neural_network.activations import ACTIVATIONS, Activation
from workings.neural_network.parameters import Array

# rows of a block are a multiple of this: at any other place a matrix product may go over to the kernel for a remainder
_ROWS = 2304
# a product of fewer multiplications may go to a kernel for small matrices, which adds in another order
_MULTIPLICATIONS = 1_100_000


def forward(X: Any, coefs: Sequence[Array], intercepts: Sequence[Array], activation: str, output: str) -> Array:
    """Return the output of a network.

    Parameters
    ----------
    X : ndarray, CSR or CSC matrix of shape (n_samples, n_features)
    coefs, intercepts : sequence of ndarray
        By layer.
    activation, output : str
        Activation functions of the hidden layers and of the output.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)

    Notes
    -----
    Many dense rows are taken in blocks, each as large as it has to be for the same bits as all rows at once with
    OpenBLAS; another library for matrix products may round some rows otherwise.
    Cost: 2 n p flops for n rows and p weights.
    """
    activations = [*[ACTIVATIONS[activation]] * (len(coefs) - 1), ACTIVATIONS[output]]
    n_samples = X.shape[0]
    if n_samples < 2 * _ROWS or is_sparse(X):
        return _forward(X, coefs, intercepts, activations)
    rows = _rows_of_block(coefs)
    blocks = [
        _forward(X[start : start + rows], coefs, intercepts, activations)
        for start in range(0, n_samples - n_samples % rows - rows, rows)
    ]
    rest = _forward(X[len(blocks) * rows :], coefs, intercepts, activations)
    return np.concatenate([*blocks, rest]) if blocks else rest


def _rows_of_block(coefs: Sequence[Array]) -> int:
    # products with one column are sums by row, and not counted
    fewest = min((coef.size for coef in coefs if coef.shape[1] > 1), default=_MULTIPLICATIONS)
    return _ROWS * -(-_MULTIPLICATIONS // (fewest * _ROWS))


def _forward(X: Any, coefs: Sequence[Array], intercepts: Sequence[Array], activations: Sequence[Activation]) -> Array:
    values = X
    for coef, intercept, activation in zip(coefs, intercepts, activations, strict=True):
        values = values @ coef
        values += intercept  # NN.1
        activation.apply(values)
    result: Array = values
    return result
