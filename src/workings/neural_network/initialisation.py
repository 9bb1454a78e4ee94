"""Initial weights and biases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from workings.neural_network.parameters import Array, Layout, pack


class Initialisation(Protocol):
    """Draws what a layer begins with."""

    def draw(self, fan_in: int, fan_out: int, rng: np.random.RandomState) -> tuple[Array, Array]:
        """Return weights of shape (fan_in, fan_out) and biases of shape (fan_out,).

        Parameters
        ----------
        fan_in, fan_out : int
            Units below, units of the layer.
        rng : RandomState

        Returns
        -------
        tuple of (ndarray, ndarray)
        """


@dataclass(frozen=True)
class VarianceScaling:
    """Weights of mean 0 and variance ``2 / fan``, so that signals neither fade nor grow from layer to layer.

    Parameters
    ----------
    fan : callable
        Of ``(fan_in, fan_out)``.
    uniform : bool
        Uniform on ±√(6 / fan), else normal.
    draws_biases : bool, default=False
        Draw the biases as the weights are, as scikit-learn does; else they are 0.

    Notes
    -----
    With ``fan_in + fan_out`` the variance is a compromise between values that keep theirs on the way up and
    derivatives that keep theirs on the way down, for activations with the slope 1 at 0. With ``fan_in`` and twice as
    much a unit it is that of values which lose half their power in a relu.
    Fails when the inputs are not of size one: standardise the columns of X.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
    2010, equation 16; He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.
    """

    fan: Callable[[int, int], int]
    uniform: bool
    draws_biases: bool = False

    def draw(self, fan_in: int, fan_out: int, rng: np.random.RandomState) -> tuple[Array, Array]:
        """Return weights, then biases, in double precision.

        Parameters
        ----------
        fan_in, fan_out : int
            Units below, units of the layer.
        rng : RandomState

        Returns
        -------
        tuple of (ndarray, ndarray)
            Of shapes (fan_in, fan_out) and (fan_out,).
        """
        fan = self.fan(fan_in, fan_out)

        def drawn(*shape: int) -> Array:
            if self.uniform:
                return _uniform(6.0, fan, rng, shape)
            return rng.normal(0.0, np.sqrt(2.0 / fan), shape)

        return drawn(fan_in, fan_out), drawn(fan_out) if self.draws_biases else np.zeros(fan_out)


def _both(fan_in: int, fan_out: int) -> int:
    return fan_in + fan_out


def _below(fan_in: int, fan_out: int) -> int:  # noqa: ARG001  (fans share one signature)
    return fan_in


INITIALISATIONS: Mapping[str, Initialisation] = {
    "glorot_uniform": VarianceScaling(_both, uniform=True, draws_biases=True),
    "glorot_normal": VarianceScaling(_both, uniform=False),
    "he_uniform": VarianceScaling(_below, uniform=True),
    "he_normal": VarianceScaling(_below, uniform=False),
}

_RELU_FAMILY = {"relu", "leaky_relu", "elu", "softplus", "silu", "gelu"}


def initialisation_of(initialisation: str | Initialisation | None, activation: str) -> Initialisation:
    """Return the initialisation of a name, the one that is given, or that which suits an activation.

    Parameters
    ----------
    initialisation : str or Initialisation, optional
        By default ``"he_normal"`` for relu and its smooth relatives, ``"glorot_uniform"`` for the others: each with the
        distribution of its paper.
    activation : str
        Name of the layer's activation.

    Returns
    -------
    Initialisation

    Raises
    ------
    ValueError
        If there is none of that name; the message lists them.
    """
    if initialisation is None:
        initialisation = "he_normal" if activation in _RELU_FAMILY else "glorot_uniform"
    if not isinstance(initialisation, str):
        return initialisation
    if initialisation not in INITIALISATIONS:
        raise ValueError(f"There is no initialisation {initialisation!r}; choose one of {sorted(INITIALISATIONS)}.")
    return INITIALISATIONS[initialisation]


def glorot_uniform(layout: Layout, activation: str, rng: np.random.RandomState, dtype: npt.DTypeLike) -> Array:
    """Draw the parameters of a whole network as scikit-learn does.

    Parameters
    ----------
    layout : Layout
    activation : str
        Of the hidden layers; narrower bounds for ``"logistic"``.
    rng : RandomState
        Consumed layer by layer, weights before biases.
    dtype : float type
        Of the result; the draws are made in double precision.

    Returns
    -------
    ndarray
        One vector in the order of the layout.

    Notes
    -----
    Uniform on ±√(6 / (fan_in + fan_out)), biases as well; 2 in place of 6 for the logistic function.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
    2010, equation 16.
    """
    factor = 2.0 if activation == "logistic" else 6.0
    coefs, intercepts = [], []
    for fan_in, fan_out in layout.shapes:
        coefs.append(_uniform(factor, fan_in + fan_out, rng, (fan_in, fan_out)))
        intercepts.append(_uniform(factor, fan_in + fan_out, rng, (fan_out,)))
    return pack(coefs, intercepts).astype(dtype, copy=False)


def _uniform(factor: float, fan: int, rng: np.random.RandomState, shape: tuple[int, ...]) -> Array:
    bound = np.sqrt(factor / fan)  # NN.31
    return rng.uniform(-bound, bound, shape)
