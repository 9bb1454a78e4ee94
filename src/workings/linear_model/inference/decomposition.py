"""The variances of coefficients, split by the singular directions of the columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.linear_model.inference.jacobi import jacobi_svd
from workings.linear_model.inference.orthogonal import Columns
from workings.linear_model.moments import Floats


@dataclass(frozen=True)
class Decomposition:
    """The variances of the coefficients of columns of length 1, split by singular direction.

    Parameters
    ----------
    indices : ndarray of shape (r,)
        Condition indices, from 1 upwards.
    variances : ndarray of shape (r, r)
        A row an index, a column a coefficient; in units of the variance of a column by itself.
    dependencies : ndarray of shape (d, r)
        Orthonormal coefficients of columns that sum to zero, which the last d indices belong to.
    """

    indices: Floats
    variances: Floats
    dependencies: Floats

    @property
    def proportions(self) -> Floats:
        """Each column of `variances` divided by its sum; an infinite one by direction of the dependencies alone."""
        shares = self.variances.copy()
        infinite = np.isinf(shares).any(axis=0)
        shares[:, infinite] = 0.0
        shares[len(shares) - len(self.dependencies) :, infinite] = self.dependencies[:, infinite] ** 2
        proportions: Floats = shares / shares.sum(axis=0)
        return proportions

    @property
    def groups(self) -> list[npt.NDArray[np.intp]]:
        """Columns that depend on each other exactly: those that chains of shared dependencies link."""
        linked = _linked(self.dependencies, self.indices)
        while not np.array_equal(linked, wider := linked | (linked @ linked)):
            linked = wider
        return [np.flatnonzero(row) for j, row in enumerate(linked) if row.any() and row.argmax() == j]


def _linked(dependencies: Floats, indices: Floats) -> npt.NDArray[np.bool_]:
    """Tell which pairs of columns share a dependency, shape (r, r): the entries of its projector that are not noise."""
    noise = 64 * len(indices) * UNIT_ROUNDOFF * indices[np.isfinite(indices)].max(initial=1.0)
    linked: npt.NDArray[np.bool_] = np.abs(dependencies.T @ dependencies) > noise
    return linked


def decompose(columns: Columns, *, centred: bool) -> Decomposition:
    """Decompose the columns of the model, centred or, with the intercept's, not.

    Parameters
    ----------
    columns : Columns
    centred : bool

    Returns
    -------
    Decomposition
    """
    first = int(columns.intercept and centred)
    triangle = columns.centred_triangle if centred else columns.triangle
    lengths = np.linalg.norm(triangle, axis=0)
    if columns.independent:
        _, T = columns.orthonormal(lengths[columns.intercept - first :])
        return _decompose_inverse((T[first:, first:] * lengths[:, np.newaxis]).T)
    return _decompose_dependent(triangle / lengths, columns.centred_rank + columns.intercept - first)


def _decompose_inverse(A: Floats) -> Decomposition:
    """Decompose independent columns by the transposed inverse of their triangle, which is known to more digits."""
    U, inverses, _ = jacobi_svd(A)
    return Decomposition(inverses[::-1] / inverses[-1:], (U.T @ A)[::-1] ** 2, np.empty((0, len(A))))


def _decompose_dependent(triangle: Floats, rank: int) -> Decomposition:
    """Decompose dependent columns by their triangle."""
    _, spectrum, V = jacobi_svd(triangle)
    indices = np.full(len(V), np.inf)
    indices[:rank] = spectrum[:1] / spectrum[:rank]
    variances, dependencies = V.T**2, V.T[rank:]
    variances[:rank] /= spectrum[:rank, np.newaxis] ** 2
    variances[rank:] = np.where(_linked(dependencies, indices).any(axis=0), np.inf, 0.0)
    return Decomposition(indices, variances, dependencies)
