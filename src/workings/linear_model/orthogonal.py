"""Least squares by orthogonal factorisations, which leave the condition number as it is.

`QR` for independent columns, `SVD` for the solution of least norm where columns depend on each other, where there
are more features than rows, or where a cut-off of small singular values is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workings.linear_model.design import UNIT_ROUNDOFF, Design
from workings.linear_model.moments import Floats
from workings.linear_model.solution import Solution, Solver


@dataclass(frozen=True)
class Reduction:
    """A design reduced by orthogonal transformations: ``A = Q R`` and what Q' makes of the targets.

    Parameters
    ----------
    R : ndarray of shape (r, q)
        Triangular, with the singular values of the scaled active columns.
    C : ndarray of shape (r, k)
        ``Q' B``.
    """

    R: Floats
    C: Floats


def reduce_rows(design: Design) -> Reduction:
    """Return R and Q'B by Householder transformations, a block of rows at a time.

    Parameters
    ----------
    design : Design
        The data; any number of rows.

    Returns
    -------
    Reduction

    Notes
    -----
    Each block is stacked under the triangle of the rows before it and factorised again, so Q is never stored.
    Cost: ``2 (n + blocks * q) q**2`` flops, memory of one block.
    Source: J. Demmel et al., "Communication-optimal parallel and sequential QR and LU factorizations", SIAM J. Sci.
    Comput. 34 (2012), section 4.
    """
    q = len(design.active)
    stacked = np.empty((0, q + design.n_targets))
    for A, B in design.blocks():
        stacked = np.linalg.qr(np.vstack([stacked, np.hstack([A, B])]), mode="r")
    return Reduction(stacked[:q, :q], stacked[:q, q:])


class QR(Solver):
    """Solve by a Householder QR factorisation of the centred, scaled columns, with one refinement.

    Notes
    -----
    Fails when columns depend on each other or outnumber the rows: use `SVD`, or ``"auto"``.
    Cost: two to three times the flops of the normal equations.
    Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 20.3 and 20.6.
    """

    name: ClassVar[str] = "qr"

    def solve(self, design: Design) -> Solution:  # noqa: D102
        if not design.wide:
            reduction = reduce_rows(design)
            spectrum = np.linalg.svd(reduction.R, compute_uv=False)
            if numerical_rank(spectrum) == len(design.active):
                return solve_triangular(design, reduction, spectrum, "A QR factorisation was asked for.")
        raise ValueError(
            "A QR factorisation cannot solve this problem: the columns of X are dependent, or there are more of them "
            "than rows, so that many coefficients fit equally well. Use solver='svd' for those of least norm."
        )


class SVD(Solver):
    """Solve by the singular value decomposition: the coefficients of least Euclidean norm among all that fit best.

    Parameters
    ----------
    tol : float, optional
        Drop the directions of the centred X whose singular value is at most `tol` times the largest, columns in
        the units of the data, as LAPACK's ``gelsd`` does with ``rcond``; 0, or 1 and more, stand for the unit
        roundoff of the data's type there, and so here. By default nothing is dropped but what rounding alone explains, with columns
        scaled to one length first, so that the units of a column cannot cost it its coefficient.

    Notes
    -----
    Fails when `tol` is larger than the ratio between the scales of two columns: the smaller one is then dropped,
    without a warning, although it may be the one that matters.

    Cost: the QR reduction and about ``20 min(n, p)**3`` flops. Memory: for p > n three copies of X.
    Source: G. H. Golub and C. F. Van Loan, Matrix Computations (2013), section 5.5.
    """

    name: ClassVar[str] = "svd"

    def __init__(self, tol: float | None = None) -> None:
        self.tol = tol

    def __repr__(self) -> str:
        return "SVD()" if self.tol is None else f"SVD(tol={self.tol!r})"

    def solve(self, design: Design) -> Solution:  # noqa: D102
        if self.tol is not None:
            reason = f"Directions with singular values of at most tol={self.tol:g} times the largest were to be dropped."
        elif design.wide:
            reason = "There are more features than rows; of all coefficients that fit, these have the least norm."
        else:
            reason = "A singular value decomposition was asked for."
        return solve_least_norm(design, _narrow(design), reason, tol=self.tol)


def numerical_rank(spectrum: Floats) -> int:
    """Return how many singular values of scaled columns are more than rounding of the factorisation explains."""
    if not len(spectrum):
        return 0
    return int(np.sum(spectrum > RANK_MARGIN * len(spectrum) * UNIT_ROUNDOFF * spectrum[0]))


RANK_MARGIN = 4.0


def solve_triangular(design: Design, reduction: Reduction, spectrum: Floats, reason: str) -> Solution:
    """Return the refined solution from a nonsingular triangle.

    Parameters
    ----------
    design : Design
        The data.
    reduction : Reduction
        Of the design.
    spectrum : ndarray of shape (q,)
        Singular values of ``reduction.R``, largest first.
    reason : str
        Why this solver, for the solution.

    Returns
    -------
    Solution
    """
    R = reduction.R
    first = np.linalg.solve(R, reduction.C)  # OLS.6
    gradient, _ = design.gradient(first)
    correction = np.linalg.solve(R, np.linalg.solve(R.T, gradient))
    refined = first + correction
    low = (first - refined) + correction
    size = float(np.linalg.norm(refined))
    condition = float(spectrum[0] / spectrum[-1]) if len(spectrum) else 1.0
    return Solution(
        coef=design.unscaled(refined),
        coef_low=design.unscaled(low),
        solver=QR.name,
        reason=reason,
        condition=condition,
        rank=len(design.active),
        factor=design.spectral_factor(R),
        spectrum_length=min(design.n_samples, design.n_features),
        steps=(
            ("factorisation", {"solver": QR.name, "condition": condition, "rank": len(design.active)}),
            ("refinement", {"correction": float(np.linalg.norm(correction)) / size if size else 0.0}),
        ),
    )


def solve_least_norm(design: Design, reduction: Reduction, reason: str, tol: float | None = None) -> Solution:
    """Return the solution of least norm, in the units of the data, from the singular values of a reduction.

    Parameters
    ----------
    design : Design
        The data.
    reduction : Reduction
        Of the design.
    reason : str
        Why this solver, for the solution.
    tol : float, optional
        Cut-off relative to the largest singular value in the units of the data; see `SVD`.

    Returns
    -------
    Solution
    """
    lift = design.lift
    top = lift.max(initial=0)
    lengths = np.ldexp(1.0, lift - top)
    if tol is None:
        U, spectrum, Vt = np.linalg.svd(reduction.R, full_matrices=False)
        rank = numerical_rank(spectrum)
        known = (U[:, :rank].T @ reduction.C) / spectrum[:rank, np.newaxis]
        z = _least_norm(reduction.lifted(Vt[:rank]).T * lengths[:, np.newaxis], known)
    else:
        U, spectrum, Vt = np.linalg.svd(reduction.R * lengths, full_matrices=False)
        cut = tol if 0 < tol < 1 else design.data_roundoff
        rank = int(np.sum(spectrum > cut * spectrum[0])) if len(spectrum) else 0
        z = reduction.lifted(Vt[:rank]).T @ ((U[:, :rank].T @ reduction.C) / spectrum[:rank, np.newaxis])
