"""QR factorisation by Householder's reflections, written out: what LAPACK does, column by column, in NumPy.

A reflection ``H = I - 2 v v'`` in the plane orthogonal to the unit vector v changes no length and no angle. The mirror
half-way between a vector x and the first axis sends x onto that axis. One mirror after another turns the columns of A
into a triangle:

    H_r ... H_2 H_1 A = R,    A = Q R    with    Q = H_1 H_2 ... H_r.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from workings.linear_model.moments import Floats


@dataclass(frozen=True)
class Reflections:
    """The factors of ``A = Q R``; Q is kept as the mirrors that it consists of, and never formed.

    Parameters
    ----------
    normals : ndarray of shape (r, n)
        Unit normal v of each mirror, in the order they are applied; zeros before its own column, and a row of zeros
        where nothing was to be reflected. r is the smaller of n and q.
    R : ndarray of shape (r, q)
        Upper triangle; its diagonal may be negative.
    """

    normals: Floats = field(repr=False)
    R: Floats = field(repr=False)

    def to_triangle(self, B: Floats) -> Floats:
        """Return ``Q'B`` for B of shape (n, k): the first mirror first; ``4 n r k`` flops."""
        B = B.copy()
        for j, v in enumerate(self.normals):
            _reflect(B[j:], v[j:])
        return B

    def from_triangle(self, B: Floats) -> Floats:
        """Return ``Q B`` for B of shape (n, k): each mirror undoes itself, the last one first."""
        B = B.copy()
        for j, v in reversed(list(enumerate(self.normals))):
            _reflect(B[j:], v[j:])
        return B


def householder_qr(A: Floats) -> Reflections:
    """Factorise a matrix by reflections.

    Parameters
    ----------
    A : ndarray of shape (n, q), float64
        Finite numbers; not changed.

    Returns
    -------
    Reflections

    Notes
    -----
    R is the exact factor of a matrix whose columns differ from those of A by no more than a small multiple of
    ``n q 2^-53`` of their lengths, whatever the condition number.
    Fails when columns depend on each other: the factorisation exists, but R is singular up to rounding.
    Cost: ``2 n q**2 - 2/3 q**3`` flops, as many as LAPACK, but in products of a matrix and a vector: slower by the
    factor that memory is slower than arithmetic. Memory: a copy of A and its mirrors.
    Source: A. S. Householder, "Unitary triangularization of a nonsymmetric matrix", J. ACM 5 (1958); N. J. Higham,
    Accuracy and Stability of Numerical Algorithms (2002), algorithm 19.1 and theorem 19.4.

    Examples
    --------
    >>> factors = householder_qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
    >>> factors.R.round(12)
    array([[-5. , -2.2],
           [ 0. , -0.4]])
    """
    R = np.array(A, dtype=np.float64)
    n, q = R.shape
    normals = np.zeros((min(n, q), n))
    for j in range(min(n, q)):
        v = _mirror(R[j:, j])
        _reflect(R[j:, j:], v)
        R[j + 1 :, j] = 0.0  # but for rounding, they are
        normals[j, j:] = v
    return Reflections(normals, R[: min(n, q)])


def back_substitution(R: Floats, C: Floats) -> Floats:
    """Return Z with ``R Z = C`` for an upper triangle, from the last row up.

    Parameters
    ----------
    R : ndarray of shape (q, q)
        Its diagonal has no zero; below it nothing is read.
    C : ndarray of shape (q, k)

    Returns
    -------
    ndarray of shape (q, k)

    Notes
    -----
    Exact for a triangle whose entries differ by at most ``q 2^-53`` relative. Cost: ``q**2 k`` flops.
    """
    Z = np.zeros_like(C)
    for i in reversed(range(len(R))):
        Z[i] = (C[i] - R[i, i + 1 :] @ Z[i + 1 :]) / R[i, i]  # OLS.10
    return Z


def _mirror(x: Floats) -> Floats:
    """Return the unit normal of the mirror that sends x onto the first axis; zeros where x is zero."""
    largest = np.abs(x).max()
    if largest == 0.0:
        return np.zeros_like(x)
    v: Floats = x / largest  # so that no square over- or underflows
    # Of both ends of the axis the one away from x: v[0] grows, where the other sign could cancel.
    v[0] += np.copysign(np.sqrt(v @ v), v[0])
    return v / np.sqrt(v @ v)


def _reflect(B: Floats, v: Floats) -> None:
    """Replace B by ``(I - 2 v v') B``, without forming the n x n matrix."""
    B -= np.multiply.outer(2.0 * v, v @ B)
