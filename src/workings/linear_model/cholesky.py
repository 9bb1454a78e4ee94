"""The Cholesky factorisation of a Gram matrix, and its condition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.linear_model.moments import Floats

CHOLESKY_LIMIT = 1e5  # condition of the columns up to which the factor is a good approximate inverse
SMALL_TRIANGLE = 48


@dataclass(frozen=True)
class GramFactor:
    """A Cholesky factorisation of the scaled Gram matrix.

    Parameters
    ----------
    lower : ndarray of shape (q, q)
        Cholesky factor L, ``gram = L L'``.
    inverse : ndarray of shape (q, q)
        Inverse of L.
    condition : float
        Upper bound of the condition number of the scaled X, no more than ``q**0.75`` times too large: the square root
        of ``|G| |L^-1| |L^-T|`` in the 1-norm.
    """

    lower: Floats
    inverse: Floats
    condition: float

    def solve(self, right: Floats) -> Floats:
        """Return the solution of ``gram z = right``, shape (q, k)."""
        solved: Floats = self.inverse.T @ (self.inverse @ right)
        return solved


def factorise(gram: Floats) -> GramFactor | None:
    """Return the Cholesky factorisation of a scaled Gram matrix, or None where it is not positive definite.

    Parameters
    ----------
    gram : ndarray of shape (q, q)
        Symmetric, with a diagonal near 1.

    Notes
    -----
    Cost: ``q**3`` flops, four arrays of ``q * q``. NumPy has no triangular solve, so L is inverted; the error of
    doing so is of the order of the factorisation's own, since L is only the preconditioner of a refinement.
    """
    try:
        lower = np.linalg.cholesky(gram)  # OLS.7, OLS.8
        inverse = inverse_of_lower(lower)
    except np.linalg.LinAlgError:
        return None
    ones, sizes = np.ones(len(gram)), np.abs(inverse)
    norms = [(ones @ matrix).max(initial=0.0) for matrix in (np.abs(gram), sizes, sizes.T)]
    square = norms[0] * norms[1] * norms[2]
    return GramFactor(lower, inverse, float(np.sqrt(square))) if np.isfinite(square) else None


def inverse_of_lower(L: Floats) -> Floats:
    """Return the inverse of a lower triangle, by halves.

    Parameters
    ----------
    L : ndarray of shape (q, q)

    Returns
    -------
    ndarray of shape (q, q)

    Raises
    ------
    LinAlgError
        If the triangle is singular.

    Notes
    -----
    ``[A 0; B C]^-1 = [A^-1 0; -C^-1 B A^-1 C^-1]``: nearly all of the ``q**3 / 3`` flops are matrix products, where a
    general inverse would take ``2 q**3``.
    """
    if len(L) <= SMALL_TRIANGLE:
        return np.linalg.inv(L)
    half = len(L) // 2
    inverse = np.zeros_like(L)
    inverse[:half, :half] = inverse_of_lower(L[:half, :half])
    inverse[half:, half:] = inverse_of_lower(L[half:, half:])
    inverse[half:, :half] = -inverse[half:, half:] @ (L[half:, :half] @ inverse[:half, :half])
    return inverse
