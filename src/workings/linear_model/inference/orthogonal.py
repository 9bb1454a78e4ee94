"""The columns of a model for its diagnostics: their triangle, and an orthonormal basis with the intercept's column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.base.features import feature_names
from workings.linear_model.inference.sliced import sliced_product
from workings.linear_model.moments import Floats
from workings.linear_model.reduction import numerical_rank
from workings.linear_model.rows import binary_exponents

BLOCK_ROWS = 2048
ORTHONORMAL = 0.25
"""How far ``Q'Q`` may be from the identity for one correction to leave nothing but rounding."""

MOST_CORRECTIONS = 3
SLICES = 3


@dataclass(frozen=True)
class Columns:
    """The columns of a model: the intercept's first, where there is one, then the features that vary.

    Rows are multiplied by the roots of their weights, and rows of weight zero left out; each feature is multiplied by
    a power of two.

    Parameters
    ----------
    n_features : int
        Number of features, p.
    active : ndarray of shape (q,)
        Features that vary (without an intercept: that are not zero everywhere). The fit gives the others exactly 0.
    rows : ndarray of shape (m,)
        Rows of positive weight.
    roots : ndarray of shape (m,)
        Roots of their weights, divided by their length; the intercept's column.
    features : ndarray of shape (m, q)
        The features, neither centred nor weighted, times powers of two that make the largest entries 0.5 to 1.
    exponents : ndarray of shape (q,)
        Binary exponents that features less their means are divided by after that.
    means : ndarray of shape (q,)
        Means of the features in this scale; zeros without an intercept.
    centred_triangle : ndarray of shape (min(m, q), q)
        Triangle of the centred columns in this scale.
    intercept : bool
        Whether there is one.
    """

    n_features: int
    active: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]
    roots: Floats
    features: Floats
    exponents: npt.NDArray[np.intc]
    means: Floats
    centred_triangle: Floats
    intercept: bool

    @property
    def triangle(self) -> Floats:
        """Triangle of the columns as they are, the intercept's included."""
        return _with_intercept(self.means, self.centred_triangle) if self.intercept else self.centred_triangle

    @property
    def centred_rank(self) -> int:
        """Number of independent columns among the centred ones."""
        return numerical_rank(np.linalg.svd(self.centred_triangle, compute_uv=False), len(self.rows))

    @property
    def independent(self) -> bool:
        """Whether no column depends on others."""
        return self.centred_rank == len(self.active)

    def orthonormal(self, lengths: Floats) -> tuple[Floats, Floats]:
        """Return an orthonormal basis Q of the columns as they are, and the matrix T that gives it, ``Q = Z T``.

        Parameters
        ----------
        lengths : ndarray of shape (q,)
            What columns are measured by: those that are nearly dependent relative to these come last in the basis.

        Returns
        -------
        Q : ndarray of shape (m, r)
        T : ndarray of shape (r, r)

        Notes
        -----
        T comes from the triangle, and has as many digits as the condition number leaves. That is enough: what has to
        be right is Q, whose rows are summed from exact products of slices, and then corrected, and T with it, by the
        Cholesky factor of ``Q'Q``, which is near the identity. So the condition number costs no digits. Pivoting
        leaves large entries of T to the columns of Q that need them.

        Fails when columns depend on each other.
        Cost: about ``24 m r**2`` flops; two arrays of the size of Q.
        Source: T. Fukaya et al., "Shifted Cholesky QR for computing the QR factorization of ill-conditioned matrices",
        SIAM J. Sci. Comput. 42 (2020).
        """
        order = _pivots(self.centred_triangle / lengths)
        inner = np.empty((len(order), len(order)))
        inner[order] = np.linalg.inv(np.linalg.qr(self.centred_triangle[:, order], mode="r"))
        T = _with_intercept(-self.means @ inner, inner) if self.intercept else inner
        for _ in range(MOST_CORRECTIONS):
            Q = self._times(T)
            products = Q.T @ Q
            correction = np.linalg.inv(np.linalg.cholesky(products).T)
            T = T @ correction
            if np.abs(products - np.eye(len(T))).sum(axis=0).max(initial=0.0) <= ORTHONORMAL:
                break
        return Q @ correction, T

    def _times(self, T: Floats) -> Floats:
        """Return the columns times a matrix, each entry right to the last bits however the sum cancels."""
        product = np.empty((len(self.rows), len(T)))
        scaled = T.copy()
        scaled[self.intercept :] = np.ldexp(T[self.intercept :], -self.exponents[:, np.newaxis])
        for start in range(0, len(self.rows), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            A = self.features[block]
            if self.intercept:
                A = np.column_stack([np.ones(len(A)), A])
            product[block] = sliced_product(A, scaled, SLICES).high * self.roots[block, np.newaxis]
        return product


def model_columns(X: Floats, weights: Floats | None = None, *, fit_intercept: bool = True) -> Columns:
    """Return the columns of a model.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features, finite; not changed.
    weights : ndarray of shape (n,), optional
        Non-negative sample weights with a positive sum.
    fit_intercept : bool, default=True
        Whether the model has an intercept.

    Returns
    -------
    Columns

    Notes
    -----
    Features are centred before anything is multiplied, in two steps, so that an offset costs no digits. Scaling is by
    powers of two, so that no square over- or underflows and units have no influence.
    Cost: ``2 m q**2`` flops, for Householder transformations; three arrays of the size of X.
    """
    rows, roots = np.arange(len(X)), np.ones(len(X))
    if weights is not None:
        rows = np.flatnonzero(weights)
        roots = np.sqrt(weights[rows])
    roots = roots / np.linalg.norm(roots)
    A = np.asarray(X[rows], dtype=np.float64)
    active = np.flatnonzero((A[0] != A if fit_intercept else A).any(axis=0))
    A = A[:, active]
    A = np.ldexp(A, -binary_exponents(np.abs(A).max(axis=0)))
    centred, means = A, np.zeros(len(active))
    for _ in range(2 if fit_intercept else 0):
        rest = roots**2 @ centred
        centred = centred - rest
        means += rest
    exponents = binary_exponents(np.abs(centred).max(axis=0))
    return Columns(
        n_features=X.shape[1],
        active=active,
        rows=rows,
        roots=roots,
        features=A,
        exponents=exponents,
        means=np.ldexp(means, -exponents),
        centred_triangle=np.array(np.linalg.qr(np.ldexp(centred, -exponents) * roots[:, np.newaxis], mode="r")),
        intercept=fit_intercept,
    )


def feature_labels(X: Any, n_features: int) -> list[str]:
    """Return the names of the features, or x0, x1, ... where there are none.

    Parameters
    ----------
    X : DataFrame or array-like
    n_features : int

    Returns
    -------
    list of str
    """
    names = feature_names(X)
    return [f"x{j}" for j in range(n_features)] if names is None else list(names)


def _pivots(A: Floats) -> npt.NDArray[np.intp]:
    """Return the columns of a matrix in the order of pivoting: each the farthest from the span of those before."""
    rest, order = A.copy(), np.arange(len(A.T))
    for k in range(len(order)):
        pivot = k + int(np.argmax(np.einsum("ij,ij->j", rest[:, order[k:]], rest[:, order[k:]])))
        order[[k, pivot]] = order[[pivot, k]]
        direction = rest[:, order[k]] / np.linalg.norm(rest[:, order[k]])
        rest -= np.outer(direction, direction @ rest)
    return order


def _with_intercept(row: Floats, inner: Floats) -> Floats:
    """Return a matrix with a first row and column more: 1 and the row, and zeros below the 1."""
    return np.vstack([np.append(1.0, row), np.column_stack([np.zeros(len(inner)), inner])])
