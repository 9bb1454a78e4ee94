"""Singular values to their own digits, by one-sided Jacobi rotations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.linear_model.moments import Floats

MOST_SWEEPS = 30
NOTHING = 1e-60  # the length of a column that is zero but for rounding; no shorter one belongs to a direction


def jacobi_svd(B: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the singular value decomposition of a matrix, ``B V = U diag(s)``.

    Parameters
    ----------
    B : ndarray of shape (m, r)
        No column much shorter than 1.

    Returns
    -------
    U : ndarray of shape (m, r)
        Left singular vectors, zeros for singular values of 0.
    s : ndarray of shape (r,)
        Singular values, largest first.
    V : ndarray of shape (r, r)
        Right singular vectors.

    Notes
    -----
    Pairs of columns are rotated until all are orthogonal; their lengths are the singular values. Rotations of columns
    round each row relative to its own length, so that a matrix of rows of very different lengths, such as a triangle
    whose first row holds the means of columns far from zero, keeps the relative accuracy of its small singular values,
    where LAPACK's are accurate relative to the largest. LAPACK's vectors are the start, which leaves two or three
    sweeps to do; a sweep rotates disjoint pairs together.

    Cost: ``6 r**3`` flops a sweep.
    Source: J. Demmel and K. Veselić, "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13 (1992).
    """
    start: Floats = np.linalg.svd(B)[2].T
    columns = np.vstack([B @ start, start]).T.copy()  # of B and of V, a row each
    m = len(B)
    for _ in range(MOST_SWEEPS):
        rotated = [_rotate(columns, m, i, j) for i, j in _rounds(len(columns))]
        if not any(rotated):
            break
    spectrum = np.linalg.norm(columns[:, :m], axis=1)
    order = np.argsort(-spectrum, kind="stable")
    spectrum, columns = spectrum[order], columns[order]
    return columns[:, :m].T / np.where(spectrum > 0, spectrum, 1.0), spectrum, columns[:, m:].T


def _rotate(columns: Floats, m: int, i: npt.NDArray[np.intp], j: npt.NDArray[np.intp]) -> bool:
    """Make the first m entries of rows i orthogonal to those of rows j; tell whether that changed anything."""
    a, b = columns[i], columns[j]
    aa, bb, ab = (np.einsum("ij,ij->i", x[:, :m], y[:, :m]) for x, y in ((a, a), (b, b), (a, b)))
    oblique = (np.abs(ab) > m * UNIT_ROUNDOFF * np.sqrt(aa) * np.sqrt(bb)) & (np.minimum(aa, bb) > NOTHING**2)
    if not oblique.any():
        return False
    i, j, a, b = i[oblique], j[oblique], a[oblique], b[oblique]
    zeta = (bb[oblique] - aa[oblique]) / (2 * ab[oblique])
    tangent = np.copysign(1.0, zeta) / (np.abs(zeta) + np.hypot(1.0, zeta))
    cosine = 1 / np.hypot(1.0, tangent)
    sine = cosine * tangent
    columns[i] = cosine[:, np.newaxis] * a - sine[:, np.newaxis] * b
    columns[j] = sine[:, np.newaxis] * a + cosine[:, np.newaxis] * b
    return True


def _rounds(r: int) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Yield disjoint pairs of r columns, each pair once: a round-robin tournament."""
    players = np.arange(r + r % 2)
    half = len(players) // 2
    for _ in range(len(players) - 1):
        i, j = players[:half], players[half:][::-1]
        played = np.maximum(i, j) < r
        yield i[played], j[played]
        players = np.append(players[:1], np.roll(players[1:], 1))
