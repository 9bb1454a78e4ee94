"""A solution enclosed: an approximate inverse, a precise residual, and a bound of what is left.

Let W be any matrix with ``W'GW`` near the identity, G the exact Gram matrix. The error e of coefficients z whose exact
gradient is g is ``G^-1 g = W (W'GW)^-1 W'g``. With ``|I - W'GW| <= a < 1`` therefore

    |e_j - (W W'g)_j| <= |W_j| |W'g| a / (1 - a),

W_j being row j of W: the correction ``W W'g`` is right up to a, and a rounding error of g goes the same way. An
intercept makes one more column of ones, which W takes away from the others first.

Source: S. M. Rump, "Verification methods: rigorous results using floating-point arithmetic", Acta Numerica 19 (2010),
section 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF, sum_rows, two_product, two_sum
from workings.arithmetic.rounding import decided
from workings.linear_model.design import Design
from workings.linear_model.moments import Floats
from workings.linear_model.residual import CAUTION, COARSEST, SlicedRows

MOST_PASSES = 3
MILD, SMALL = 10.0, 1 << 15  # condition, and numbers in a block, for which three parts decide nearly all roundings
LARGEST_CONTRACTION = 0.5


@dataclass(frozen=True)
class Enclosure:
    """Coefficients and intercept as unevaluated sums of two doubles, each with a bound of its error.

    Parameters
    ----------
    values, low, bound : ndarray of shape (m, k)
        Coefficients of the q scaled active columns; with an intercept, that in the scale of the targets is the last.
    method : str
        How they were found.
    decided : bool
        Whether the bounds decide how every number rounds to double.
    steps : tuple
        Size of each correction relative to the coefficients.
    """

    values: Floats
    low: Floats
    bound: Floats
    method: str
    decided: bool
    steps: tuple[float, ...]

    @property
    def relative_bound(self) -> float:
        """Largest bound relative to the number it belongs to."""
        low = UNIT_ROUNDOFF**2  # of the sum of two doubles
        return low + float(np.fmax.reduce(self.bound / np.abs(self.values), axis=None, initial=0.0))


class Preconditioner:
    """An approximate inverse root W of a Gram matrix, and what it does to right-hand sides.

    Parameters
    ----------
    root : ndarray of shape (m, m)
        W, with ``W'GW`` near the identity.
    """

    def __init__(self, root: Floats) -> None:
        self.root = root
        self.row_norms = np.sqrt(np.einsum("ij,ij->i", root, root))

    def correct(self, gradient: Floats) -> tuple[Floats, Floats]:
        """Return corrections (m, k), and the norms that bound them, (k,).

        Parameters
        ----------
        gradient : ndarray of shape (m, k)
            Products of the columns with the residual.
        """
        inner = self.root.T @ gradient
        return self.root @ inner, np.sqrt(np.einsum("ij,ij->j", inner, inner))

    def spread(self, gradient: Floats) -> Floats:
        """Bound the norms of `correct` for right-hand sides of at most these magnitudes, (k,)."""
        inner = np.abs(self.root).T @ gradient
        norms: Floats = np.sqrt(np.einsum("ij,ij->j", inner, inner))
        return norms


def bordered(root: Floats, mean: Floats, weight: float) -> Floats:
    """Return the inverse root for columns with an intercept from that for centred columns.

    Parameters
    ----------
    root : ndarray of shape (q, q)
    mean : ndarray of shape (q,)
        Means of the columns.
    weight : float
        Sum of the weights.

    Returns
    -------
    ndarray of shape (q + 1, q + 1)
    """
    q = len(root)
    whole = np.zeros((q + 1, q + 1))
    whole[:q, :q] = root
    whole[q, :q] = -(mean @ root)
    whole[q, q] = 1 / sqrt(weight)
    return whole


def contraction(design: Design, root: Floats) -> float:
    """Bound ``|I - W'GW|`` for the Gram matrix of a design, which was summed in double arithmetic.

    Parameters
    ----------
    design : Design
    root : ndarray of shape (q, q)
        W, for the centred columns; the bound holds for W `bordered` too.

    Notes
    -----
    A sum over rows in blocks is right to about as many units of the product of two lengths as a block has rows, plus
    one for each block.
    Cost: ``4 q**3`` flops.
    """
    product = root.T @ (design.gram @ root)
    product.flat[:: len(root) + 1] -= 1.0
    reach = design.shifted_lengths @ np.abs(root)
    squares = float(reach @ reach)
    size = sqrt(float(np.vdot(product, product)))
    summed = 4 * (design.summed_rows + design.block_count + 16) * UNIT_ROUNDOFF
    multiplied = 2 * (len(root) + 2) * UNIT_ROUNDOFF
    border = 2 * sqrt(squares) if design.centred else 0.0
    bound: float = CAUTION * (size + (summed + multiplied) * (squares + border))
    return bound


def enclose(design: Design, root: Floats, first: Floats, condition: float) -> Enclosure | None:
    """Correct coefficients by precise residuals until their rounding is decided, or cannot be.

    Parameters
    ----------
    design : Design
        The data.
    root : ndarray of shape (q, q)
        W, with ``W'GW`` near the identity for the centred columns.
    first : ndarray of shape (q, k)
        Coefficients of the scaled active columns to start from.
    condition : float
        Of the scaled columns, about.

    Returns
    -------
    Enclosure or None
        None where W is no approximate inverse root. The rounding may still be open.
    """
    easy = condition <= MILD and design.rows_of_a_block * len(root) <= SMALL
    a, rows = contraction(design, root), SlicedRows(design, 3 if easy else 4)
    if not a < LARGEST_CONTRACTION or rows.coarseness > COARSEST:
        return None
    values, low = first, np.zeros_like(first)
    if design.centred:
        root = bordered(root, design.mean + rows.drift, design.weight)
        constant, constant_low = two_sum(design.shift_y, design.near_constant(first) - rows.drift @ first)
        values, low = np.concatenate([first, constant[np.newaxis]]), np.concatenate([low, constant_low[np.newaxis]])
    preconditioner = Preconditioner(root)
    steps: list[float] = []
    for _ in range(MOST_PASSES):
        gradient = rows.gradient(values, low)
        correction, size = preconditioner.correct(gradient.total)
        roundings = (len(values) + 8) * UNIT_ROUNDOFF
        # what the gradient and the arithmetic of its correction leave open
        open_share = roundings * size + preconditioner.spread(gradient.bound + roundings * np.abs(gradient.total))
        left = CAUTION / (1 - a) * (a * size + open_share)
        moved, error = two_sum(values, correction)
        values, low = two_sum(moved, low + error)
        steps.append(_relative(correction, values))
        bound = np.multiply.outer(preconditioner.row_norms, left) + 4 * UNIT_ROUNDOFF**2 * np.abs(values)
        ends = _unshifted(rows, values, low, bound)
        enclosure = Enclosure(*ends, "sliced residuals", bool(decided(*ends, design.data[0].dtype).all()), tuple(steps))
        if enclosure.decided or (open_share > a * size).any():
            break
    return enclosure


def _unshifted(rows: SlicedRows, values: Floats, low: Floats, bound: Floats) -> tuple[Floats, Floats, Floats]:
    """Exchange the intercept of the shifted columns for that of the columns as they came."""
    if not rows.shift.any():
        return values, low, bound
    shift = np.append(rows.shift * rows.design.scale, -1.0)[:, np.newaxis]
    share, error = two_product(shift, values)
    high, rest = sum_rows(-share)
    high, rest = two_sum(high, rest - (error + shift * low).sum(axis=0))
    terms = len(values)
    uncertain = (np.abs(shift) * bound).sum(axis=0)
    uncertain += 8 * terms * (1 + np.log2(terms)) * UNIT_ROUNDOFF**2 * np.abs(share).sum(axis=0)
    return (
        np.vstack([values[:-1], high]),
        np.vstack([low[:-1], rest]),
        np.vstack([bound[:-1], CAUTION * uncertain]),
    )


def _relative(correction: Floats, values: Floats) -> float:
    size = float(np.vdot(values, values))
    return sqrt(float(np.vdot(correction, correction)) / size) if size else 0.0
