"""The parameters of a network: one flat vector, and the layers as views of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Layout:
    """Where the weights and biases of each layer lie in one vector ``[W0, ..., Wk, b0, ..., bk]``.

    Parameters
    ----------
    sizes : sequence of int
        Units of the input layer, the hidden layers and the output layer.

    Attributes
    ----------
    shapes : list of (int, int)
        Of the weight matrices.
    n_weights, size : int
        Length of the weights' part of the vector, and of the whole vector.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self.shapes = list(pairwise(self.sizes))
        self._weight_ends = list(accumulate(int(rows) * int(columns) for rows, columns in self.shapes))
        self._bias_ends = list(accumulate(int(size) for size in self.sizes[1:]))
        self.n_weights: int = self._weight_ends[-1]
        self.size: int = self.n_weights + self._bias_ends[-1]

    def weights(self, block: Array) -> list[Array]:
        """Return the weight matrices as views of their part of the vector."""
        starts = [0, *self._weight_ends[:-1]]
        return [
            block[start:end].reshape(shape)
            for start, end, shape in zip(starts, self._weight_ends, self.shapes, strict=True)
        ]

    def biases(self, block: Array) -> list[Array]:
        """Return the biases as views of their part of the vector."""
        starts = [0, *self._bias_ends[:-1]]
        return [block[start:end] for start, end in zip(starts, self._bias_ends, strict=True)]

    def split(self, vector: Array) -> tuple[list[Array], list[Array]]:
        """Return weight matrices and biases as views of a whole vector."""
        return self.weights(vector[: self.n_weights]), self.biases(vector[self.n_weights :])


def layout_of(coefs: Sequence[Array]) -> Layout:
    """Return the layout of given weight matrices."""
    return Layout([coefs[0].shape[0], *(coef.shape[1] for coef in coefs)])


def pack(coefs: Sequence[Array], intercepts: Sequence[Array]) -> Array:
    """Return weights and biases as one new vector."""
    return np.concatenate([np.ravel(part) for part in (*coefs, *intercepts)])


class Gradient:
    """Room for a gradient, laid out like the parameters.

    Parameters
    ----------
    layout : Layout
    weight_type, bias_type : dtype
        They differ for single-precision data with double-precision sample weights: dividing by the sum of the
        weights then widens the biases' gradient alone.

    Attributes
    ----------
    coefs, intercepts : list of ndarray
        By layer, views of the blocks.
    pairs : list of (ndarray, ndarray)
        The two side by side.
    weight_block, bias_block : ndarray
    blocks : list of ndarray
        What an update rule sees: one vector, or two where the types differ.
    """

    def __init__(self, layout: Layout, weight_type: np.dtype[Any], bias_type: np.dtype[Any]) -> None:
        self._n_weights = layout.n_weights
        if weight_type == bias_type:
            self.blocks = [np.empty(layout.size, weight_type)]
            self.weight_block = self.blocks[0][: layout.n_weights]
            self.bias_block = self.blocks[0][layout.n_weights :]
        else:
            self.weight_block = np.empty(layout.n_weights, weight_type)
            self.bias_block = np.empty(layout.size - layout.n_weights, bias_type)
            self.blocks = [self.weight_block, self.bias_block]
        self.coefs = layout.weights(self.weight_block)
        self.intercepts = layout.biases(self.bias_block)
        self.pairs = list(zip(self.coefs, self.intercepts, strict=True))

    def blocks_of(self, vector: Array) -> list[Array]:
        """Return views of a parameter vector that match `blocks`."""
        if len(self.blocks) == 1:
            return [vector]
        return [vector[: self._n_weights], vector[self._n_weights :]]
