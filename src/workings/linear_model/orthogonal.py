"""Least squares by orthogonal factorisations, which leave the condition number as it is.

`QR` for independent columns, `SVD` for the solution of least norm where columns depend on each other, where there
are more features than rows, or where a cut-off of small singular values is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workings.linear_model.design import UNIT_ROUNDOFF, Design
from workings.linear_model.moments import Floats
from workings.linear_model.refinement import refine
from workings.linear_model.solution import Solution, Solver


@dataclass(frozen=True)
class Reduction:
    """A design reduced by orthogonal transformations, ``A = Q R T'``.

    Parameters
    ----------
    R : ndarray of shape (r, r)
        Triangular, with the singular values of A.
    C : ndarray of shape (r, k)
        ``Q' B``, all that the solution needs to know about the targets.
    T : ndarray of shape (q, r) or None
        Orthonormal basis of the rows where they are fewer than the columns; None stands for the identity.
    """

    R: Floats
    C: Floats
    T: Floats | None = None

    def expand(self, directions: Floats) -> Floats:
        """Return directions in the space of the columns from directions in the space of R."""
        return directions if self.T is None else self.T @ directions


def reduce_rows(design: Design, lengths: Floats | None = None) -> Reduction:
    """Return the triangular factor by Householder transformations, a block of rows at a time.

    Parameters
    ----------
    design : Design
        The data; any number of rows.
    lengths : ndarray of shape (q,), optional
        Multiply the columns by these first.

    Returns
    -------
    Reduction

    Notes
    -----
    Each block is stacked under the triangle of the rows before it and factorised again, so Q is never stored.
    Cost: ``2 (n + blocks * q) q**2`` flops, memory of one block. With fewer rows than columns the transpose is
    factorised instead: ``4 q n**2`` flops and three copies of X.
    Source: J. Demmel et al., "Communication-optimal parallel and sequential QR and LU factorizations", SIAM J. Sci.
    Comput. 34 (2012), section 4.
    """
    scale = 1.0 if lengths is None else lengths
    if design.wide:
        blocks = list(design.blocks())
        T, upper = np.linalg.qr((np.vstack([A for A, _ in blocks]) * scale).T)
        return Reduction(upper.T, np.vstack([B for _, B in blocks]), T)
    q = len(design.active)
    stacked: Any = np.empty((0, q + design.n_targets))
    for A, B in design.blocks():
        stacked = np.linalg.qr(np.vstack([stacked, np.hstack([A * scale, B])]), mode="r")
    return Reduction(stacked[:q, :q], stacked[:q, q:])


@dataclass(frozen=True)
class QR(Solver):
    """Solve by a Householder QR factorisation of the centred, scaled columns, with one refinement.

    Notes
    -----
    Fails when columns depend on each other or outnumber the rows: use `SVD`, or ``"auto"``.
    Cost: two to three times the flops of the normal equations.
    Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 20.3 and 20.6.
    """

    name: ClassVar[str] = "qr"

    def solve(self, design: Design) -> Solution:  # noqa: D102 (documented by the interface)
        if not design.wide:
            reduction = reduce_rows(design)
            spectrum = np.linalg.svd(reduction.R, compute_uv=False)
            if numerical_rank(spectrum, design.n_rows) == len(design.active):
                return solve_triangular(design, reduction, spectrum, "A QR factorisation was asked for.")
        raise ValueError(
            "A QR factorisation cannot solve this problem: the columns of X are dependent, or there are more of them "
            "than rows, so that many coefficients fit equally well. Use solver='svd' for those of least norm."
        )


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


def numerical_rank(spectrum: Floats, rows: int) -> int:
    """Return how many singular values of scaled columns are more than rounding of the factorisation explains.

    Parameters
    ----------
    spectrum : ndarray of shape (q,)
        Singular values of the triangle, largest first.
    rows : int
        Number of rows that went into it.

    Notes
    -----
    For columns that repeat exactly, the smallest singular value measured up to 2 q units of roundoff (relative
    to the largest, n <= 5000) and 45 units at n = 1e6; the cut lies a factor of ten above.
    """
    if not len(spectrum):
        return 0
    return int(np.sum(spectrum > (8 * len(spectrum) + np.sqrt(rows)) * UNIT_ROUNDOFF * spectrum[0]))


def solve_transposed(R: Floats, right: Floats) -> Floats:
    """Return the solution of ``R' z = right`` for an upper triangular R, by substitution.

    NumPy has no triangular solve. Its general one leaves an upper triangle as it is, but exchanges the rows of a
    lower one, which costs the digits of graded triangles; written backwards, a lower triangle is an upper one.
    """
    solved: Floats = np.linalg.solve(R.T[::-1, ::-1], right[::-1])[::-1]
    return solved


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
    condition = float(spectrum[0] / spectrum[-1]) if len(spectrum) else 1.0
    refined = refine(
        design,
        np.linalg.solve(R, reduction.C),  # OLS.10
        lambda gradient: np.linalg.solve(R, solve_transposed(R, gradient)),
        condition,
    )
    rank = len(design.active)
    return Solution(
        coef=design.unscaled(refined.z),
        coef_low=design.unscaled(refined.z_low),
        solver=QR.name,
        reason=reason,
        condition=condition,
        rank=rank,
        factor=R * design.lengths,
        exponent=design.top_exponent,
        spectrum_length=min(design.n_samples, design.n_features),
        mean_residual=refined.mean_residual,
        steps=(("factorisation", {"solver": QR.name, "condition": condition, "rank": rank}), *refined.steps),
    )


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
        steps=(("factorisation", {"solver": SVD.name, "condition": condition, "rank": rank}),),
    )
