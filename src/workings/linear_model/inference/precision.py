"""The inverse of ``X'WX``, and the residual sum of squares, to more digits than double arithmetic has.

Standard errors need the diagonal of ``V = (A'WA)^-1``. Formed and inverted in double arithmetic, it loses twice the
digits that the condition number of A costs, and by way of a QR factorisation once. Here A is multiplied by a matrix T
that makes its columns nearly orthonormal, ``Q = A T``, and

    V = T (Q'WQ)^-1 T',

whatever T is, so that T may be rounded to few bits, and only Q has to be right. Products of slices of few bits are
exact in BLAS (`workings.arithmetic.slices`), and give Q to some 80 bits; ``Q'WQ`` is near the identity, so nothing
cancels when it is inverted.

Source: the choice of T is that of T. Fukaya et al., "Shifted Cholesky QR for computing the QR factorization of
ill-conditioned matrices", SIAM J. Sci. Comput. 42 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import two_product, two_sum
from workings.arithmetic.slices import MANTISSA_BITS, cut, leading, power_above
from workings.linear_model.inference.rows import Rows, total
from workings.linear_model.moments import Floats

ORTHONORMAL = 0.25  # Q'WQ this near the identity is inverted without loss
MOST_ROUNDS = 6
LARGEST_INVERSE = 1e6  # of a scaled Cholesky factor, up to which the Gram matrix in double arithmetic is no nonsense
SHIFT = 2.0**-40
ROUNDED_BASIS = 2.0**-5  # how far the rounding of T may move columns of Q, whose length is 1
MOST_SLICES = 3
SMALL_CORRECTION = 2.0**-20  # of the residual sum of squares: what is neglected is its square
NOTHING = 2.0**-98  # residuals relative to the data, below which they are rounding of twice the working precision


@dataclass(frozen=True)
class Basis:
    """A matrix T that makes the columns of a model nearly orthonormal, rounded so that products with it are exact.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        For the scaled columns.
    slices : int
        How many slices its entries have.
    """

    matrix: Floats
    slices: int

    @classmethod
    def of(cls, matrix: Floats, total_weight: float) -> Basis:
        """Return a basis with as many slices as its size asks for."""
        bits = slice_bits(len(matrix))
        largest = np.abs(matrix).max(axis=0, initial=0.0)
        moved = np.sqrt(len(matrix) * total_weight) * largest.max()
        slices = 1
        while slices < MOST_SLICES and moved * 2.0 ** (-bits * slices) > ROUNDED_BASIS:
            slices += 1
        if slices == MOST_SLICES:
            return cls(matrix, slices)
        return cls(leading(matrix, power_above(largest) * 2.0 ** (-bits * slices)), slices)

    def coordinates(self, columns: Floats) -> DoubleDouble:
        """Return rows of Q, shape (m, k), from rows of the scaled columns."""
        return sliced_product(columns, self.matrix, self.slices)


@dataclass(frozen=True)
class AccurateFit:
    """A least-squares fit as its inference needs it; everything in units of the scaled `Rows`.

    Parameters
    ----------
    basis : Basis
        The matrix T.
    gram : DoubleDouble of shape (k, k)
        ``M = Q'WQ``.
    inverse : ndarray of shape (k, k)
        Of M, in double arithmetic.
    beta : DoubleDouble of shape (k,)
        Least-squares coefficients.
    residual_squares : DoubleDouble of shape ()
        Weighted sum of squared residuals at the exact solution.
    first_correction : float
        Length of what the given coefficients fitted otherwise than the least-squares solution.
    """

    basis: Basis
    gram: DoubleDouble
    inverse: Floats
    beta: DoubleDouble
    residual_squares: DoubleDouble
    first_correction: float

    def variances(self) -> DoubleDouble:
        """Return the diagonal of ``V = T M^-1 T'``, shape (k,).

        With ``Z`` near ``M^-1 T'`` and ``P = T' - M Z``, it is that of ``Z'T' + Z'P`` up to the square of Z's error.
        """
        T = self.basis.matrix.T
        Z = self.inverse @ T
        product = sliced_product(self.gram.high / 2, Z, 2) * 2.0
        P = T - (product + self.gram.low @ Z)
        high, low = two_product(Z, T)
        return total(DoubleDouble.sum(high, low + Z * P.high))


def accurate_fit(rows: Rows, start: Floats) -> AccurateFit:
    """Return the fit of some rows, to the last bits.

    Parameters
    ----------
    rows : Rows
        The data.
    start : ndarray of shape (k,)
        Coefficients of the scaled columns, least squares up to rounding.

    Returns
    -------
    AccurateFit

    Raises
    ------
    ValueError
        If the columns depend on each other.

    Notes
    -----
    Relative errors of variances and of the residual sum of squares: about ``2**-60``, up to a condition number of
    about 1e15. Cost: ``9 n k**2`` flops up to a condition number of about 1e5, twice to four times that beyond;
    memory of some blocks.
    """
    basis = _first_basis(rows)
    beta = DoubleDouble.of(start)
    fit: AccurateFit | None = None
    for _ in range(MOST_ROUNDS):
        gram, cross, squares = _sums(rows, basis, beta)
        if not np.abs(gram.high - np.eye(len(start))).sum(axis=0).max() <= ORTHONORMAL:
            basis = Basis.of(basis.matrix @ _orthonormaliser(gram.high), rows.total_weight)
            continue
        inverse = np.linalg.inv(gram.high)
        correction = inverse @ cross
        change = float(cross @ correction)
        beta = beta + basis.matrix @ correction
        first = float(np.sqrt(change)) if fit is None else fit.first_correction
        fit = AccurateFit(basis, gram, inverse, beta, squares - change, first)
        if change <= SMALL_CORRECTION * float(squares.high):
            break
    if fit is None:
        raise ValueError(DEPENDENT)
    size = 1.0 + float(np.abs(fit.beta.high).sum())
    if fit.residual_squares.high <= rows.total_weight * (NOTHING * size) ** 2:
        return replace(fit, residual_squares=DoubleDouble.of(0.0))
    return fit


def slice_bits(terms: int) -> int:
    """Return how many bits two factors may have for a sum of that many products of them to be exact."""
    return (MANTISSA_BITS - (terms - 1).bit_length()) // 2


def sliced_product(A: Floats, B: Floats, slices: int) -> DoubleDouble:
    """Return ``A B``, accurate where it cancels.

    Parameters
    ----------
    A : ndarray of shape (m, k)
        Entries of at most 1.
    B : ndarray of shape (k, j)
        Any.
    slices : int
        Into how many slices both are cut; what is left over is multiplied in double arithmetic.

    Returns
    -------
    DoubleDouble of shape (m, j)

    Notes
    -----
    With b bits a slice (`slice_bits`), the error is about ``k 2**(-53 - b * slices)`` times the largest entry of the
    column of B. Cost: 2, 5 or 9 products for 1, 2 or 3 slices.
    """
    bits = slice_bits(A.shape[1])
    parts, rest = cut(A, 1.0, bits, slices)
    others, other_rest = cut(B, power_above(np.abs(B).max(axis=0, initial=0.0)), bits, slices)
    high: Floats = parts[0] @ others[0]
    low: Floats = rest @ B
    if other_rest.any():
        low += (A - rest) @ other_rest
    for level in range(1, slices + 1):
        for i in range(max(0, level - slices + 1), min(level, slices - 1) + 1):
            high, error = two_sum(high, parts[i] @ others[level - i])
            low += error
    return DoubleDouble.sum(high, low)


def _sums(rows: Rows, basis: Basis, beta: DoubleDouble) -> tuple[DoubleDouble, Floats, DoubleDouble]:
    """Return ``Q'WQ``, ``Q'Wr`` and ``r'Wr`` with r the residuals."""
    k = rows.n_columns
    gram = DoubleDouble.of(np.zeros((k, k)))
    cross: Floats = np.zeros(k)
    squares = DoubleDouble.of(0.0)
    for block in rows:
        Q, residual = basis.coordinates(block.columns), block.residuals(beta)
        if block.root is not None:
            root = block.root
            Q, residual = Q * DoubleDouble(root.high[:, np.newaxis], root.low[:, np.newaxis]), residual * root
        exact, rest = _gram(Q)
        gram = gram + exact + rest
        cross += Q.high.T @ residual.high
        squares = squares + total(residual * residual)
    return gram, cross, squares


def _gram(Q: DoubleDouble) -> tuple[Floats, Floats]:
    """Return two terms of ``Q'Q``: that of the leading bits, exact, and the rest."""
    unit = power_above(np.abs(Q.high).max(axis=0)) * 2.0 ** -slice_bits(len(Q.high))
    head = leading(Q.high, unit)
    tail = (Q.high - head) + Q.low
    half = tail.T @ (head + tail / 2)
    return head.T @ head, half + half.T


def _first_basis(rows: Rows) -> Basis:
    """Return the basis that the Gram matrix in double arithmetic gives."""
    gram: Floats = np.zeros((rows.n_columns, rows.n_columns))
    for block in rows:
        A = block.columns if block.root is None else block.columns * block.root.high[:, np.newaxis]
        gram += A.T @ A
    return Basis.of(_orthonormaliser(gram), rows.total_weight)


def _orthonormaliser(gram: Floats) -> Floats:
    """Return T with ``T' G T`` near the identity, as near as G in double arithmetic allows."""
    scale = np.ldexp(1.0, -(np.frexp(gram.diagonal())[1] // 2))
    scaled = gram * scale * scale[:, np.newaxis]
    for shift in (0.0, SHIFT * len(gram)):
        try:
            inverse = np.linalg.inv(np.linalg.cholesky(scaled + shift * np.eye(len(gram))))
        except np.linalg.LinAlgError:
            continue
        if shift or np.abs(inverse).max() <= LARGEST_INVERSE:
            orthonormaliser: Floats = scale[:, np.newaxis] * inverse.T
            return orthonormaliser
    raise ValueError(DEPENDENT)


DEPENDENT = (
    "The columns of X depend on each other, so that single coefficients, and their standard errors, do not exist. Look "
    "for columns that repeat or sum to one another (such as an indicator for every category), and leave one out."
)
