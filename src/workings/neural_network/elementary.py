"""The C library's exponential and logarithm through NumPy, so that every machine gives the same bits.

NumPy replaces ``exp`` and ``log`` by vector kernels of its own on processors with AVX-512: their last bit differs from
the C library's for some arguments. SciPy, and so scikit-learn, calls the C library. Two functions of NumPy for complex
numbers also call it: the exponential, which for a real argument multiplies the C library's ``exp`` by 1, and
``log1p``, which at ``-1 + ix`` takes the C library's ``log`` of ``hypot(0, x) = x``.
"""

from __future__ import annotations

import numpy as np

from workings.neural_network.parameters import Array

# elements at a time: two arrays of this length stay in the second-level cache
_BLOCK = 16384
# up to so many exponentials the C library is asked for all
_FEW = 512
# a double has 29 bits more than a single: half a unit of the single in units of the double, and a hundredth of a unit
_HALF = 1 << 28
_DOUBT = (1 << 29) // 100


def logistic(x: Array) -> None:
    """Replace `x` by ``1 / (1 + exp(-x))``, in double precision with the C library's exponential.

    Parameters
    ----------
    x : ndarray of float64, float32 or complex128, contiguous
        Overwritten.

    Notes
    -----
    In single precision the exponential is taken in double precision and rounded, which is the C library's result but
    where it lies close to the middle between two numbers; there the C library is asked.
    Memory: some arrays of 16384 numbers.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # exp(-x) = inf gives the right 0
        if x.dtype == np.float64:
            flat = x.reshape(-1)
            for start in range(0, flat.size, _BLOCK):
                _double_logistic(flat[start : start + _BLOCK])
            return
        if x.dtype == np.float32:
            _single_exponential(x.reshape(-1))
        else:
            _complex_exponential(x)
    x += 1
    np.divide(1, x, out=x)  # NN.3


def _double_logistic(x: Array) -> None:
    power = np.negative(x).astype(np.complex128)
    np.exp(power, power)
    np.add(power.real, 1, x)
    np.divide(1, x, x)  # NN.3


def _single_exponential(flat: Array) -> None:
    """Replace a vector by ``exp(-x)``, rounded from double precision."""
    if flat.size <= _FEW:
        flat[...] = _single_from_library(-flat)
        return
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        exponent = np.negative(block, dtype=np.float64)
        power = np.exp(exponent)
        block[...] = power
        # the bits that rounding drops, counted from half a unit minus the doubt; the C library errs by 0.002 units
        dropped = (power.view(np.int64) - (_HALF - _DOUBT)) & (2 * _HALF - 1)
        doubtful = np.flatnonzero(dropped <= 2 * _DOUBT)
        block[doubtful] = _single_from_library(exponent[doubtful])


def _single_from_library(exponent: Array) -> Array:
    return np.exp(exponent.astype(np.complex64)).real


def _complex_exponential(x: Array) -> None:
    """Replace complex numbers by ``exp(-x)``."""
    np.negative(x, out=x)
    # where the exponential overflows its imaginary part is NaN; 1 / (1 + exp(700)) is as good as 0
    np.minimum(x.real, 700, out=x.real)
    np.exp(x, out=x)


def fast_logistic(x: Array) -> None:
    """Replace `x` by ``1 / (1 + exp(-x))`` with NumPy's exponential.

    Parameters
    ----------
    x : ndarray of any float or complex type
        Overwritten.
    """
    with np.errstate(over="ignore"):
        if x.dtype.kind == "c":
            _complex_exponential(x)
        else:
            np.negative(x, out=x)
            np.exp(x, out=x)
        x += 1
        np.divide(1, x, out=x)


def log(x: Array) -> Array:
    """Return the natural logarithm in double precision, the C library's.

    Parameters
    ----------
    x : ndarray
        Any shape, real or complex.

    Returns
    -------
    ndarray of float64 or complex128
        For a real `x` -inf at 0, with NumPy's warning of a division by zero, and NaN below.

    Notes
    -----
    Memory: one complex array of the shape of `x`.
    """
    return log_in_type(x.astype(np.float64) if x.dtype == np.float32 else x)


def log_in_type(x: Array) -> Array:
    """Return the natural logarithm as the C library has it for the type of `x`: its `log` or `logf`.

    Parameters
    ----------
    x : ndarray
        Any shape, real or complex.

    Returns
    -------
    ndarray
        As of `log`, but of float32 for float32.
    """
    if x.dtype.kind == "c":
        return np.log(x)
    argument = np.empty(x.shape, np.result_type(x, np.complex64))
    argument.real = -1
    argument.imag = x
    np.log1p(argument, out=argument)
    result: Array = argument.real
    result[x < 0] = np.nan
    return result
