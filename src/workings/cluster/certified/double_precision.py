"""Which centre is nearest, in double arithmetic and with a proof: for the rows that float32 leaves open."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.cluster.certified.single_precision import Doubt, rounding_doubt
from workings.cluster.distances import Floats, Labels, squared_norms

_UNDERFLOW = 1e-290  # more than all products below the normal range add up to, where the largest norm is about 1


def decide(X: Floats, centers: Floats, doubt: Doubt) -> tuple[Labels, npt.NDArray[np.bool_]]:
    """Return the nearest centre of each row, and which of these are proved.

    Parameters
    ----------
    X : ndarray of shape (m, d), float64
        Largest norm about 1.
    centers : ndarray of shape (k, d), float64
    doubt : Doubt
        Of the arithmetic that is to be foretold; that of the distances here is added.

    Returns
    -------
    labels : ndarray of shape (m,)
    proved : ndarray of shape (m,)

    Notes
    -----
    2mkd flops; a table of mk numbers.
    """
    norms = squared_norms(centers)
    doubt += rounding_doubt(X.shape[1], UNIT_ROUNDOFF, float(norms.max())) + Doubt(0, _UNDERFLOW)
    table = X @ (-2 * centers.T)
    table += norms
    labels = table.argmin(axis=1)
    rows = np.arange(len(X))
    smallest = table[rows, labels]
    table[rows, labels] = np.inf
    lead = table.min(axis=1) - smallest
    return labels.astype(np.int32), lead > 2 * (doubt.slope * squared_norms(X) + doubt.level)
