"""Labelled rows, sorted by their label: what every score of a clustering begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.base import check_array, column_or_1d, require_finite, require_same_length
from workings.cluster.distances import Floats

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Means:
    """Means of groups as sums of two doubles each.

    Parameters
    ----------
    near, correction : ndarray of shape (k, d)
        A double near the mean, and what it lacks.
    """

    near: Floats
    correction: Floats

    def minus(self, group: int) -> Floats:
        """Return the differences of all means from one of them, with errors relative to the groups' spread."""
        differences: Floats = self.near - self.near[group]
        differences += self.correction - self.correction[group]
        return differences


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows in the order of their labels, divided by a power of two so that no square overflows.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float64
        Entries below 1 in size.
    order : ndarray of shape (n,)
        Where the rows stood.
    starts, sizes : ndarray of shape (k,)
        First row and number of rows of each group, in the order of the sorted labels.
    """

    rows: Floats
    order: Indices
    starts: Indices
    sizes: Indices

    def __len__(self) -> int:
        return len(self.sizes)

    def means(self, values: Floats) -> Floats:
        """Return the mean of each group of the rows of `values`, which are sorted like `rows`."""
        sums: Floats = np.add.reduceat(values, self.starts, axis=0)
        return (sums.T / self.sizes).T

    def centred(self) -> tuple[Floats, Means]:
        """Return each row's difference from its group's mean, and the means.

        The differences are taken from a double near the mean and then corrected, so that their errors are relative to
        the spread of the group, not to the distance from the origin.

        Returns
        -------
        deviations : ndarray of shape (n, d)
        means : Means
        """
        near = self.means(self.rows)
        deviations: Floats = self.rows - np.repeat(near, self.sizes, axis=0)
        correction = self.means(deviations)
        deviations -= np.repeat(correction, self.sizes, axis=0)
        return deviations, Means(near, correction)


def grouped(X: Any, labels: Any) -> Groups:
    """Sort rows by their labels.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    labels : array-like of shape (n_samples,)
        Integers, strings, or whatever can be sorted.

    Returns
    -------
    Groups

    Raises
    ------
    ValueError
        For NaN, infinity, wrong shapes, or fewer than 2 or more than n_samples - 1 different labels.
    TypeError
        For sparse data.
    """
    rows = check_array(X, dtype=(np.float64,))
    labels = column_or_1d(labels, warn_about_column=True)
    require_finite(labels, "labels")
    require_same_length(rows, labels)
    codes = np.unique(labels, return_inverse=True)[1]
    sizes = np.bincount(codes)
    if not 1 < len(sizes) < len(rows):
        raise ValueError(
            f"Number of labels is {len(sizes)}. Valid values are 2 to n_samples - 1 (inclusive), which is "
            f"{len(rows) - 1} here."
        )
    order = np.argsort(codes, kind="stable")
    _, exponent = np.frexp(np.abs(rows).max())
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return Groups(np.ldexp(rows[order], -exponent), order, starts, sizes)
