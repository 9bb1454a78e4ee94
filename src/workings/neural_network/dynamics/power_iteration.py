"""The largest eigenvalue of a symmetric matrix that is known by its products alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workings.neural_network.parameters import Array


@dataclass(frozen=True)
class Eigenpair:
    """An eigenvalue and its vector, as far as an iteration has come.

    Parameters
    ----------
    value : float
        The Rayleigh quotient ``v' A v``.
    vector : ndarray of shape (size,)
        Of length 1.
    residual : float
        ``‖A v - value v‖``: an eigenvalue lies no further from `value`.
    n_products : int
    converged : bool
    """

    value: float
    vector: Array
    residual: float
    n_products: int
    converged: bool


def largest_eigenpair(
    product: Callable[[Array], Array], size: int, rng: np.random.RandomState, tolerance: float, max_products: int
) -> Eigenpair:
    """Return the algebraically largest eigenvalue by power iteration.

    Parameters
    ----------
    product : callable
        Multiplies a vector by the matrix A.
    size : int
        Of the matrix.
    rng : RandomState
        Draws the first vector.
    tolerance : float
        Residual, relative to the eigenvalue, at which to stop.
    max_products : int

    Returns
    -------
    Eigenpair

    Notes
    -----
    The powers of A turn a vector towards the eigenvalue of the largest absolute value. If that is not negative it is
    the largest as well. If it is negative, or two of opposite sign still balance after half of the products
    (``v' A v`` is then well below ``‖A v‖``), the iteration begins anew with ``A + s I``, where s, the last length
    ``‖A v‖``, makes the spectrum (nearly) non-negative; the order of the eigenvalues does not change.
    A largest eigenvalue of 0 has no relative residual; 1e-10 of s then ends the iteration.
    Fails when the largest two lie close together: the vector may then be a mixture of theirs, though the value is
    between them. The residual falls by their ratio with each product.
    """
    vector, shift = _drawn(size, rng), 0.0
    for n_products in range(1, max_products + 1):
        image = product(vector)
        value = float(vector @ image)
        residual = float(np.linalg.norm(image - value * vector))
        settled = residual <= max(tolerance * abs(value), 1e-10 * shift)
        if settled and (value >= 0 or shift > 0):
            return Eigenpair(value, vector, residual, n_products, converged=True)
        length = float(np.linalg.norm(image))
        balanced = 2 * n_products >= max_products and value < 0.9 * length
        if shift == 0 and (settled or balanced):
            shift = length
            # anew: the old vector has all but lost the directions that are wanted now
            vector = _drawn(size, rng)
        elif n_products < max_products:
            vector = image + shift * vector
            vector /= np.linalg.norm(vector)
    return Eigenpair(value, vector, residual, max_products, converged=False)


def _drawn(size: int, rng: np.random.RandomState) -> Array:
    vector = rng.standard_normal(size)
    vector /= np.linalg.norm(vector)
    return vector
