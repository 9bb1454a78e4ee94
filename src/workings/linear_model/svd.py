"""Least squares by singular values: the solution of least norm.

For columns that depend on each other, for more features than rows, or where a cut-off of small singular values is
asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workings.linear_model.certificate import not_proved
from workings.linear_model.design import Design
from workings.linear_model.moments import Floats
from workings.linear_model.reduction import Reduction, numerical_rank, reduce_rows, solve_transposed
from workings.linear_model.solution import Solution, Solver


@dataclass(frozen=True)
class SVD(Solver):
    """Solve by the singular value decomposition: the coefficients of least Euclidean norm among all that fit best.

    Parameters
    ----------
    tol : float, optional
        Drop the directions of the centred X whose singular value is at most `tol` times the largest, columns in
        the units of the data, as LAPACK's ``gelsd`` does with ``rcond``; 0, or 1 and more, stand for the unit
        roundoff of the data's type there, and so here. By default nothing is dropped but what rounding alone
        explains, with columns scaled to one length first, so that a column's units cannot cost it its coefficient.

    Notes
    -----
    Fails when `tol` is larger than the ratio between the scales of two columns: the smaller one is then dropped,
    without a warning, although it may be the one that matters.

    Cost: the QR reduction and about ``20 min(n, p)**3`` flops. Memory: for p > n three copies of X.
    Source: G. H. Golub and C. F. Van Loan, Matrix Computations (2013), section 5.5.
    """

    name: ClassVar[str] = "svd"
    tol: float | None = None

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        if self.tol is not None:
            return solve_truncated(design, self.tol)
        if design.wide:
            reason = "There are more features than rows; of all coefficients that fit, these have the least norm."
        else:
            reason = "A singular value decomposition was asked for."
        return solve_least_norm(design, reduce_rows(design), reason)


def solve_least_norm(design: Design, reduction: Reduction, reason: str) -> Solution:
    """Return the solution of least norm, in the units of the data, dropping what rounding alone explains.

    Parameters
    ----------
    design : Design
        The data.
    reduction : Reduction
        Of the design's scaled columns.
    reason : str
        Why this solver, for the solution.

    Returns
    -------
    Solution

    Notes
    -----
    The rank is decided on the scaled columns, where it does not depend on their units; the norm is that of the
    coefficients in the units of the data. With ``A = U S V'`` the scaled columns and D the lengths they were divided
    by, it minimises ``|b|`` subject to ``V' D b = S^-1 U' y``.
    """
    U, spectrum, Vt = np.linalg.svd(reduction.R, full_matrices=False)
    rank = numerical_rank(spectrum, design.n_rows)
    known = (U[:, :rank].T @ reduction.C) / spectrum[:rank, np.newaxis]
    V = reduction.expand(Vt[:rank].T)
    z, factor, exact = least_norm(V * design.lengths[:, np.newaxis], known)
    if not exact:
        z = (V @ known) / design.lengths[:, np.newaxis]
        reason += " The scales of the columns differ so much that the norm is least for columns scaled to one length."
    condition = float(spectrum[0] / spectrum[rank - 1]) if rank else 1.0
    return _least_norm_solution(design, z, spectrum[:rank, np.newaxis] * factor.T, rank, condition, reason)


def solve_truncated(design: Design, tol: float) -> Solution:
    """Return the solution of least norm without the directions that a cut-off of singular values drops.

    Parameters
    ----------
    design : Design
        The data.
    tol : float
        Cut-off relative to the largest singular value in the units of the data; see `SVD`.

    Returns
    -------
    Solution
    """
    reduction = reduce_rows(design, design.lengths)
    U, spectrum, Vt = np.linalg.svd(reduction.R, full_matrices=False)
    cut = tol if 0 < tol < 1 else design.data_roundoff
    rank = int(np.sum(spectrum > cut * spectrum[0])) if len(spectrum) else 0
    z = reduction.expand(Vt[:rank].T) @ ((U[:, :rank].T @ reduction.C) / spectrum[:rank, np.newaxis])
    dropped = min(len(design.active), design.n_rows) - rank
    reason = (
        f"Directions with singular values of at most {cut:.3g} times the largest were to be dropped: {dropped} were."
    )
    condition = float(spectrum[0] / spectrum[rank - 1]) if rank else 1.0
    return _least_norm_solution(design, z, np.diag(spectrum), rank, condition, reason)


def least_norm(M: Floats, known: Floats) -> tuple[Floats, Floats, bool]:
    """Minimise ``|b|`` subject to ``M' b = known``.

    Parameters
    ----------
    M : ndarray of shape (q, r)
        Independent columns.
    known : ndarray of shape (r, k)

    Returns
    -------
    b : ndarray of shape (q, k)
    R : ndarray of shape (r, r)
        The triangle of M.
    exact : bool
        Whether b meets the constraint.

    Notes
    -----
    Rows of very different lengths cost the factorisation digits; two corrections of the constraint restore them.
    """
    Q, R = np.linalg.qr(M)
    try:
        b = Q @ solve_transposed(R, known)
        for _ in range(2):
            b += Q @ solve_transposed(R, known - M.T @ b)
    except np.linalg.LinAlgError:
        return M @ known, R, False
    return b, R, bool(np.linalg.norm(known - M.T @ b) <= 1e-12 * np.linalg.norm(known))


def _least_norm_solution(
    design: Design, z: Floats, factor: Floats, rank: int, condition: float, reason: str
) -> Solution:
    coef = design.unscaled(z * design.lengths[:, np.newaxis])
    return Solution(
        coef=coef,
        coef_low=np.zeros_like(coef),
        solver=SVD.name,
        reason=reason,
        condition=condition,
        rank=rank,
        factor=factor,
        exponent=design.top_exponent,
        spectrum_length=min(design.n_samples, design.n_features),
        certificate=not_proved("Singular values are computed in double arithmetic: nothing is proved."),
        steps=(("factorisation", {"solver": SVD.name, "condition": condition, "rank": rank}),),
    )
