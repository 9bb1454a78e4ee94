"""Initial weights and biases."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workings.neural_network.parameters import Array, Layout, pack


def glorot_uniform(layout: Layout, activation: str, rng: np.random.RandomState, dtype: npt.DTypeLike) -> Array:
    """Draw the parameters of a network.

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
        bound = np.sqrt(factor / (fan_in + fan_out))  # NN.31
        coefs.append(rng.uniform(-bound, bound, (fan_in, fan_out)))
        intercepts.append(rng.uniform(-bound, bound, fan_out))
    return pack(coefs, intercepts).astype(dtype, copy=False)
