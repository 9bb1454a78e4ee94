"""A design reduced to a triangle by orthogonal transformations, which leave the condition number as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.linear_model.design import Design
from workings.linear_model.householder import householder_qr
from workings.linear_model.moments import Floats

Factorisation = Literal["lapack", "householder"]


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


def reduce_rows(design: Design, lengths: Floats | None = None, factorisation: Factorisation = "lapack") -> Reduction:
    """Return the triangular factor by Householder transformations, a block of rows at a time.

    Parameters
    ----------
    design : Design
        The data; any number of rows.
    lengths : ndarray of shape (q,), optional
        Multiply the columns by these first.
    factorisation : {"lapack", "householder"}, default="lapack"
        Who factorises a block. With fewer rows than columns, always LAPACK.

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
        block = np.vstack([stacked, np.hstack([A * scale, B])])
        stacked = householder_qr(block).R if factorisation == "householder" else np.linalg.qr(block, mode="r")
    return Reduction(stacked[:q, :q], stacked[:q, q:])


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
    Columns that repeat exactly leave singular values of the size of the factorisation's rounding, which grows with q
    and, blocks being stacked, slowly with the rows; the cut lies above it by a margin that tests hold for repeated
    columns. Fails when columns depend on each other only up to rounding of the data: they count as independent.
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
