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

import numpy as np

from workings.arithmetic.error_free import sum_rows, two_product, two_sum
from workings.linear_model.certificate import decided
from workings.linear_model.design import UNIT_ROUNDOFF, Design
from workings.linear_model.moments import Floats
from workings.linear_model.residual import CAUTION, SlicedRows

MOST_PASSES = 3
LARGEST_CONTRACTION = 0.5


@dataclass(frozen=True)
class Enclosure:
    """Coefficients and intercept as unevaluated sums of two doubles, each with a bound of its error.

    Parameters
    ----------
    z, z_low, bound : ndarray of shape (q, k)
        Coefficients of the scaled active columns.
    constant, constant_low, constant_bound : ndarray of shape (k,)
        Intercept, in the scale of the targets.
    method : str
        How they were found.
    decided : bool
        Whether the bounds decide how every number rounds to double.
    steps : tuple
        Size of each correction relative to the coefficients.
    """

    z: Floats
    z_low: Floats
    bound: Floats
    constant: Floats
    constant_low: Floats
    constant_bound: Floats
    method: str
    decided: bool
    steps: tuple[float, ...]

    @property
    def relative_bound(self) -> float:
        """Largest bound relative to the number it belongs to."""
        ratios = self.bound / np.abs(self.z), self.constant_bound / np.abs(self.constant)
        return max(float(np.fmax.reduce(ratio, axis=None, initial=0.0)) for ratio in ratios)


class Preconditioner:
    """An approximate inverse root of a Gram matrix, and what it does to right-hand sides.

    Parameters
    ----------
    root : ndarray of shape (q, q)
        W, with ``W'GW`` near the identity.
    mean : ndarray of shape (q,)
        Means of the columns, by whatever amount they are not centred; zeros without an intercept.
    weight : float
        Sum of the weights; 0 without an intercept.
    """

    def __init__(self, root: Floats, mean: Floats, weight: float) -> None:
        self.root = root
        self.mean = mean
        self.weight = weight
        self.magnitude = np.abs(root)
        self.row_norms = np.sqrt(np.einsum("ij,ij->i", root, root))
        self._mean_by_root = mean @ root
        self.constant_norm = float(np.sqrt(1 / weight + self._mean_by_root @ self._mean_by_root)) if weight else 0.0

    def correct(self, gradient: Floats, total: Floats) -> tuple[Floats, Floats, Floats]:
        """Return corrections of coefficients (q, k) and intercept (k,), and the norms that bound them (k,).

        Parameters
        ----------
        gradient : ndarray of shape (q, k)
            Products of the columns with the residual.
        total : ndarray of shape (k,)
            Sum of the residual.
        """
        inner = self.root.T @ (gradient - np.multiply.outer(self.mean, total))
        correction = self.root @ inner
        squares = np.einsum("ij,ij->j", inner, inner)
        if not self.weight:
            return correction, np.zeros_like(total), np.sqrt(squares)
        return (
            correction,
            total / self.weight - self.mean @ correction,
            np.sqrt(squares + total**2 / self.weight),
        )

    def spread(self, gradient: Floats, total: Floats) -> Floats:
        """Bound the norms of `correct` for right-hand sides of at most these magnitudes, (k,)."""
        inner = self.magnitude.T @ (gradient + np.multiply.outer(np.abs(self.mean), total))
        squares = np.einsum("ij,ij->j", inner, inner)
        norms: Floats = np.sqrt(squares + total**2 / self.weight) if self.weight else np.sqrt(squares)
        return norms


def contraction(gram: Floats, preconditioner: Preconditioner, lengths: Floats, roundoff: float) -> float:
    """Bound ``|I - W'GW|`` for a Gram matrix computed in double arithmetic.

    Parameters
    ----------
    gram : ndarray of shape (q, q)
        As computed.
    preconditioner : Preconditioner
    lengths : ndarray of shape (q,)
        Of the columns whose products were summed.
    roundoff : float
        Relative error of those sums, to the product of two columns' lengths.

    Notes
    -----
    Cost: ``4 q**3`` flops.
    """
    root = preconditioner.root
    defect = root.T @ (gram @ root)
    defect.flat[:: len(root) + 1] -= 1.0
    reach = lengths @ preconditioner.magnitude
    squares = float(reach @ reach)
    mean = 2 * roundoff * np.sqrt(squares) if preconditioner.weight else 0.0
    return CAUTION * (float(np.linalg.norm(defect)) + (roundoff + 2 * (len(root) + 2) * UNIT_ROUNDOFF) * squares + mean)


def enclose(design: Design, root: Floats, first: Floats) -> Enclosure | None:
    """Correct coefficients by precise residuals until their rounding is decided, or cannot be.

    Parameters
    ----------
    design : Design
        The data.
    root : ndarray of shape (q, q)
        W, with ``W'GW`` near the identity.
    first : ndarray of shape (q, k)
        Coefficients of the scaled active columns to start from.

    Returns
    -------
    Enclosure or None
        None where W is no approximate inverse root. The rounding may still be open.
    """
    rows = SlicedRows(design)
    mean = design.mean + rows.drift if design.centred else design.mean
    preconditioner = Preconditioner(root, mean, design.weight if design.centred else 0.0)
    roundoff = 2 * (design.rows_of_a_block + design.block_count + 16) * UNIT_ROUNDOFF
    a = contraction(design.gram, preconditioner, design.shifted_lengths, roundoff)
    if not a < LARGEST_CONTRACTION:
        return None
    z, low = first, np.zeros_like(first)
    near = design.near_constant(first) - rows.drift @ first
    constant, constant_low = two_sum(design.shift_y, near) if design.centred else (near, near * 0.0)
    steps = []
    for _ in range(MOST_PASSES):
        gradient = rows.gradient(z, low, constant, constant_low)
        total = gradient.sum_high if design.centred else np.zeros(design.n_targets)
        correction, moved, size = preconditioner.correct(gradient.high + gradient.low, total)
        # what the gradient and the arithmetic of its correction leave open
        roundings = (len(z) + 8) * UNIT_ROUNDOFF
        open_share = roundings * size + preconditioner.spread(
            gradient.bound + roundings * np.abs(gradient.high),
            (gradient.sum_bound if design.centred else 0.0) + roundings * np.abs(total),
        )
        left = CAUTION / (1 - a) * (a * size + open_share)
        z, low = _added(z, low, correction)
        if design.centred:
            constant, constant_low = _added(constant, constant_low, moved)
        steps.append(_relative(correction, z))
        bound = np.multiply.outer(preconditioner.row_norms, left) + 4 * UNIT_ROUNDOFF**2 * np.abs(z)
        constant_bound = preconditioner.constant_norm * left + 4 * UNIT_ROUNDOFF**2 * np.abs(constant)
        ends = _unshifted(rows, z, low, bound, constant, constant_low, constant_bound)
        clear = bool(decided(z, low, bound).all() and decided(*ends).all())
        enclosure = Enclosure(z, low, bound, *ends, "sliced residuals", clear, tuple(steps))
        if enclosure.decided or (open_share > a * size).any():
            break
    return enclosure


def _unshifted(
    rows: SlicedRows,
    z: Floats,
    z_low: Floats,
    bound: Floats,
    constant: Floats,
    constant_low: Floats,
    constant_bound: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Return the intercept of the columns as they came, with its low part and its bound, (k,) each."""
    if not rows.shift.any():
        return constant, constant_low, constant_bound
    shift = (rows.shift * rows.design.scale)[:, np.newaxis]
    share, error = two_product(shift, z)
    high, low = sum_rows(np.vstack([constant, -share]))
    high, low = two_sum(high, low + constant_low - (error + shift * z_low).sum(axis=0))
    size = np.abs(constant) + np.abs(share).sum(axis=0)
    terms = len(z) + 1
    uncertain = constant_bound + (np.abs(shift) * bound).sum(axis=0)
    return high, low, CAUTION * (uncertain + 8 * terms * (1 + np.log2(terms)) * UNIT_ROUNDOFF**2 * size)


def _added(high: Floats, low: Floats, correction: Floats) -> tuple[Floats, Floats]:
    moved, error = two_sum(high, correction)
    return two_sum(moved, low + error)


def _relative(correction: Floats, z: Floats) -> float:
    size = float(np.linalg.norm(z))
    return float(np.linalg.norm(correction)) / size if size else 0.0
