"""k-means in integers: the judge of `arithmetic="exact"`, which shares no line with it.

Doubles are whole multiples of a power of two, so distances are compared, and means formed, without any rounding. Only a
centre is rounded, once: it has to be a double.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.rational import integers

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Integers = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Assignment:
    """The nearest centres of each row.

    Parameters
    ----------
    nearest : ndarray of shape (n, k)
        Whether no other centre is nearer.
    """

    nearest: npt.NDArray[np.bool_]

    @property
    def labels(self) -> Labels:
        """The nearest centre of each row; of several, the lowest index."""
        labels: Labels = self.nearest.argmax(axis=1)
        return labels

    @property
    def ties(self) -> int:
        """How many rows have more than one nearest centre."""
        return int(np.count_nonzero(self.nearest.sum(axis=1) > 1))


@dataclass(frozen=True)
class ExactRun:
    """The end of a run, and the assignments that led there.

    Parameters
    ----------
    centers : ndarray of shape (k, d)
    inertia : float
        Of these centres, correctly rounded.
    iterations : int
    assignments : tuple of Assignment
        Of each iteration, and the last one again where the labels had not come to rest.
    """

    centers: Floats
    inertia: float
    iterations: int
    assignments: tuple[Assignment, ...]

    @property
    def labels(self) -> Labels:
        """The labels at the end."""
        return self.assignments[-1].labels


class IntegerRows:
    """Rows as integers.

    Parameters
    ----------
    X : ndarray of shape (n, d), float64
    """

    def __init__(self, X: Floats) -> None:
        self._whole, self._unit = _whole(X)
        self._n, d = X.shape
        deviations = self._n * self._whole - self._whole.sum(axis=0)
        self.mean_variance = Fraction(int((deviations**2).sum()), self._n**3 * d) * self._unit**2

    def assign(self, centers: Floats) -> Assignment:
        """Return the nearest centres of all rows."""
        whole, unit = _whole(centers)
        ratio = unit / self._unit
        norms = (whole**2).sum(axis=1)
        # |c|² - 2 x.c over the product of both units and the denominator of their ratio
        table = ratio.numerator * norms - 2 * ratio.denominator * (self._whole @ whole.T)
        return Assignment((table == table.min(axis=1)[:, np.newaxis]).astype(np.bool_))

    def means(self, labels: Labels, k: int) -> Floats:
        """Return the correctly rounded mean of each cluster.

        Raises
        ------
        ValueError
            For a cluster without rows, about which there is a rule that this judge does not know.
        """
        counts = np.bincount(labels, minlength=k)
        if not counts.all():
            raise ValueError("A cluster is empty: choose data or a seed without one.")
        sums = [self._whole[labels == cluster].sum(axis=0).tolist() for cluster in range(k)]
        return np.array(
            [
                [float(total * self._unit / count) for total in row]
                for row, count in zip(sums, counts.tolist(), strict=True)
            ]
        )

    def inertia(self, centers: Floats, labels: Labels) -> float:
        """Return the sum of squared distances to the centres of the labels, rounded once."""
        whole, unit = _whole(centers)
        ratio = unit / self._unit
        differences = ratio.denominator * self._whole - ratio.numerator * whole[labels]
        return float(Fraction(int((differences**2).sum())) * (self._unit / ratio.denominator) ** 2)

    def run(self, centers: Floats, relative_tolerance: float) -> ExactRun:
        """Run k-means from given centres.

        Parameters
        ----------
        centers : ndarray of shape (k, d)
        relative_tolerance : float
            ``tol`` of the estimator.

        Returns
        -------
        ExactRun
        """
        limit = Fraction(relative_tolerance) * self.mean_variance
        assignments: list[Assignment] = []
        strict = False
        while not strict:
            assignments.append(self.assign(centers))
            labels = assignments[-1].labels
            strict = len(assignments) > 1 and np.array_equal(labels, assignments[-2].labels)
            previous, centers = centers, self.means(labels, len(centers))
            if _squared_shift(centers, previous) <= limit:
                break
        iterations = len(assignments)
        if not strict:
            assignments.append(self.assign(centers))
        return ExactRun(centers, self.inertia(centers, assignments[-1].labels), iterations, tuple(assignments))


def _whole(values: Floats) -> tuple[Integers, Fraction]:
    """Return a table as integers, and their common unit."""
    column, (unit,) = integers(values.reshape(-1, 1))
    return column.reshape(values.shape), unit


def _squared_shift(centers: Floats, previous: Floats) -> Fraction:
    pairs: Any = zip(centers.ravel().tolist(), previous.ravel().tolist(), strict=True)
    return sum(((Fraction(a) - Fraction(b)) ** 2 for a, b in pairs), Fraction(0))
