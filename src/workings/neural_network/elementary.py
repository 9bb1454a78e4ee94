"""The C library's exponential and logarithm through NumPy, so that every machine gives the same bits.

NumPy replaces ``exp`` and ``log`` by vector kernels of its own on processors with AVX-512 (and for single precision
on most): their last bit differs from the C library's for some arguments. SciPy, and so scikit-learn, calls the C
library. The complex exponential of NumPy also calls the C library, which for a real argument multiplies its own
``exp`` by 1.
"""

from __future__ import annotations

import math

import numpy as np

from workings.neural_network.parameters import Array


def logistic(x: Array) -> None:
    """Replace `x` by ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x : ndarray of float64 or float32
        Overwritten.

    Notes
    -----
    Memory: one complex array of the shape of `x`.
    """
    scratch = np.negative(x).astype(np.result_type(x.dtype, np.complex64))
    with np.errstate(all="ignore"):  # exp overflows to infinity, whose reciprocal is the right 0
        np.exp(scratch, out=scratch)
    np.add(scratch.real, 1, out=x)
    np.divide(1, x, out=x)  # NN.3


def log(x: Array) -> Array:
    """Return the natural logarithm in double precision, the C library's for positive numbers.

    Parameters
    ----------
    x : ndarray
        Any shape.

    Returns
    -------
    ndarray of float64
        -inf at 0, NaN below.

    Notes
    -----
    A call an element, which is why the losses ask for one logarithm a sample and not one a class.
    """
    x = np.asarray(x, dtype=np.float64)
    flat = x.ravel()
    positive = flat > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.empty_like(flat) if positive.all() else np.log(flat)
    result[positive] = [math.log(value) for value in flat[positive].tolist()]
    return result.reshape(x.shape)
