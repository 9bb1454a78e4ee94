"""The inverse of ``X'WX``, and the residual sum of squares, to more digits than double arithmetic has.

Standard errors need the diagonal of ``V = (A'WA)^-1``. Formed and inverted in double arithmetic, it loses twice the
digits that the condition number of A costs, and by way of a QR factorisation once. Here A is multiplied by a matrix T
that makes its columns nearly orthonormal, ``Q = A T``, and

    V = T (Q'WQ)^-1 T',

whatever T is, so that T may be rounded to few bits, and only ``Q'WQ`` has to be right. Products of slices of few bits
are exact in BLAS (`workings.arithmetic.slices`), and give A'WA, and from it ``T'A'WAT``, to digits enough for columns
of a moderate condition number; for others they give Q to some 80 bits. ``Q'WQ`` is near the identity, so nothing
cancels when it is inverted. The residuals are carried along as one column more.

Source: the choice of T is that of T. Fukaya et al., "Shifted Cholesky QR for computing the QR factorization of
ill-conditioned matrices", SIAM J. Sci. Comput. 42 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workings.arithmetic.double_double import DoubleDouble
from workings.arithmetic.error_free import two_product, two_sum
from workings.arithmetic.slices import leading, power_above, slice_bits
from workings.linear_model.inference.rows import Block, Rows, total
from workings.linear_model.inference.sliced import cut_columns, sliced_gram, sliced_product
from workings.linear_model.moments import Floats

ORTHONORMAL = 0.25  # Q'WQ this near the identity is inverted without loss
MOST_ROUNDS = 6
LARGEST_INVERSE = 1e6  # of a scaled Cholesky factor, up to which the Gram matrix in double arithmetic is no nonsense
SHIFT = 2.0**-40
ROUNDED_BASIS = 2.0**-5  # how far the rounding of T may move columns of Q, whose length is 1
MODERATE = 2.0**15  # by how much columns of Q may magnify what the Gram matrix of A, known to 93 bits, lacks
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
    magnification : float
        How far a column of Q moves, at most, if the entries of A move by 1.
    """

    matrix: Floats
    slices: int
    magnification: float

    @classmethod
    def of(cls, matrix: Floats, total_weight: float) -> Basis:
        """Return a basis with as many slices as its size asks for."""
        bits = slice_bits(len(matrix))
        largest = np.abs(matrix).max(axis=0, initial=0.0)
        magnification = float(np.sqrt(len(matrix) * total_weight) * largest.max())
        slices = 1
        while slices < MOST_SLICES and magnification * 2.0 ** (-bits * slices) > ROUNDED_BASIS:
            slices += 1
        if slices < MOST_SLICES:
            matrix = leading(matrix, power_above(largest) * 2.0 ** (-bits * slices))
        return cls(matrix, slices, magnification)

    def coordinates(self, columns: Floats) -> DoubleDouble:
        """Return rows of Q, shape (m, k), from rows of the scaled columns."""
        return sliced_product(columns, self.matrix, self.slices)

    def products(self, gram: DoubleDouble) -> DoubleDouble:
        """Return the Gram matrix of Q and the residuals, shape (k + 1, k + 1), from that of A and the residuals."""
        exponents = np.frexp(gram.high.diagonal())[1] // 2
        scale = np.ldexp(0.5, -exponents)
        both = scale * scale[:, np.newaxis]
        T = np.zeros_like(gram.high)
        T[:-1, :-1] = np.ldexp(self.matrix, exponents[:-1, np.newaxis] + 1)
        T[-1, -1] = np.ldexp(1.0, exponents[-1] + 1)  # a power of two, which rounds nothing
        across = sliced_product(gram.high * both, T, 2)
        across = across + (gram.low * both) @ T
        largest = float(power_above(np.abs(T).max()))
        low: Floats = T.T @ across.low
        return sliced_product(T.T / largest, across.high, 2) * largest + low


@dataclass(frozen=True)
class AccurateFit:
    """A least-squares fit as its inference needs it; everything in units of the scaled `Rows`.

    Parameters
    ----------
    rows : Rows
        The data.
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

    rows: Rows
    basis: Basis
    gram: DoubleDouble
    inverse: Floats
    beta: DoubleDouble
    residual_squares: DoubleDouble
    first_correction: float

    @property
    def total_squares(self) -> DoubleDouble:
        """Weighted sum of squared deviations of the target from its mean, or from 0 without intercept."""
        return self.rows.total_squares

    def residuals(self) -> Floats:
        """Return the residuals of all rows, without weights, in the units of the target, shape (n,)."""
        return self.rows.residuals(self.beta)

    def inverse_gram(self) -> Floats:
        """Return ``V = T M^-1 T'`` in double arithmetic, shape (k, k)."""
        T = self.basis.matrix
        inverse: Floats = T @ self.inverse @ T.T
        return inverse

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
    about 1e15. Cost: ``6 n k**2`` flops up to a condition number of some hundreds; beyond, ``7 n k**2`` for each of
    one to three rounds more; memory of some blocks.
    """
    basis: Basis | None = None
    beta = DoubleDouble.of(start)
    fit: AccurateFit | None = None
    for _ in range(MOST_ROUNDS):
        products = _products(rows, basis, beta)
        if basis is None:
            basis = Basis.of(_orthonormaliser(products.high[:-1, :-1]), rows.total_weight)
            if basis.magnification > MODERATE:
                continue
            products = basis.products(products)
        gram = DoubleDouble(products.high[:-1, :-1], products.low[:-1, :-1])
        if not np.abs(gram.high - np.eye(len(start))).sum(axis=0).max() <= ORTHONORMAL:
            basis = Basis.of(basis.matrix @ _orthonormaliser(gram.high), rows.total_weight)
            continue
        cross, squares = products.high[:-1, -1], DoubleDouble(products.high[-1, -1], products.low[-1, -1])
        inverse = np.linalg.inv(gram.high)
        correction = inverse @ cross
        change = float(cross @ correction)
        beta = beta + basis.matrix @ correction
        first = float(np.sqrt(change)) if fit is None else fit.first_correction
        fit = AccurateFit(rows, basis, gram, inverse, beta, squares - change, first)
        if change <= SMALL_CORRECTION * float(squares.high):
            break
    if fit is None:
        raise ValueError(DEPENDENT)
    size = 1.0 + float(np.abs(fit.beta.high).sum())
    if fit.residual_squares.high <= rows.total_weight * (NOTHING * size) ** 2:
        return replace(fit, residual_squares=DoubleDouble.of(0.0))
    return fit


def _products(rows: Rows, basis: Basis | None, beta: DoubleDouble) -> DoubleDouble:
    """Return the Gram matrix of Q, or without a basis of A, and the residuals; shape (k + 1, k + 1)."""
    high: Floats = np.zeros((rows.n_columns + 1, rows.n_columns + 1))
    low = high
    for block in rows:
        part, rest = sliced_gram(*_slices(block, basis, block.residuals(beta)))
        high, error = two_sum(high, part)
        low = low + (error + rest)
    return DoubleDouble.sum(high, low)


def _slices(block: Block, basis: Basis | None, residual: DoubleDouble) -> tuple[list[Floats], Floats]:
    """Cut rows of Q, or without a basis of A, and the residuals, (b, k + 1), into slices for `sliced_gram`."""
    if basis is None and block.root is None:
        (first, second, third), rest = block.slices
        own, own_rest = cut_columns(DoubleDouble(residual.high[:, np.newaxis], residual.low[:, np.newaxis]), 2)
        return [np.hstack(pair) for pair in zip((first, second), own, strict=True)], np.hstack([third + rest, own_rest])
    columns = DoubleDouble.of(block.columns) if basis is None else basis.coordinates(block.columns)
    table = DoubleDouble(np.column_stack([columns.high, residual.high]), np.column_stack([columns.low, residual.low]))
    if block.root is not None:
        table = table * DoubleDouble(block.root.high[:, np.newaxis], block.root.low[:, np.newaxis])
    return cut_columns(table, 2 if basis is None else 1)


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
