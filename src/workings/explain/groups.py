"""Why a row belongs to its k-means group and not to another, and the least change that moves it there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.explain.perceptron import Floats


@dataclass(frozen=True)
class Rival:
    """The group whose boundary is nearest to a row.

    Parameters
    ----------
    own, other : int
        The row's group, and the one across the nearest boundary.
    split : ndarray of shape (p,)
        By feature, how much nearer the own centre is: they sum to ``d_b**2 - d_a**2``, the difference of the squared
        distances.
    distance : float
        From the row to the boundary.
    change : ndarray of shape (p,)
        Shortest way to the boundary.
    midpoint : ndarray of shape (p,)
        Between the two centres, where both are equally near.
    """

    own: int
    other: int
    split: Floats
    distance: float
    change: Floats
    midpoint: Floats


def distance_split(centres: Floats, row: Floats, own: int, other: int) -> Floats:
    """Return by how much each feature makes one centre nearer to a row than another.

    Parameters
    ----------
    centres : ndarray of shape (k, p)
    row : ndarray of shape (p,)
    own, other : int
        Positions of the two centres, a and b.

    Returns
    -------
    ndarray of shape (p,)
        ``(x_j - b_j)**2 - (x_j - a_j)**2``, which sum to the difference of the squared distances.

    Notes
    -----
    Computed as ``(a_j - b_j) ((x_j - a_j) + (x_j - b_j))``, so that an offset of the data cancels before anything is
    squared. It is also the contribution of a linear function, against the midpoint between the two centres as
    background. Cost: 5 p flops.

    Examples
    --------
    >>> import numpy as np
    >>> distance_split(np.array([[0.0, 0.0], [4.0, 2.0]]), np.array([1.0, 2.0]), own=0, other=1)
    array([ 8., -4.])
    """
    a, b = centres[own], centres[other]
    split: Floats = (a - b) * ((row - a) + (row - b))
    return split


def nearest_rival(centres: Floats, row: Floats, own: int) -> Rival | None:
    """Return the group whose boundary is nearest to a row, and the least change that reaches it.

    Parameters
    ----------
    centres : ndarray of shape (k, p)
    row : ndarray of shape (p,)
    own : int
        The row's group, a.

    Returns
    -------
    Rival or None
        None where there is no other centre at another place.

    Notes
    -----
    The boundary between two groups is the plane midway between their centres, at the distance
    ``(d_b**2 - d_a**2) / (2 |c_b - c_a|)`` from the row; the least over b is exact, since a ball that reaches no plane
    lies in the group. The group behind it is not always that of the second-nearest centre.
    Cost: 10 k p flops.

    Examples
    --------
    >>> import numpy as np
    >>> rival = nearest_rival(np.array([[0.0], [4.0], [-5.0]]), np.array([1.0]), own=0)
    >>> rival.other, rival.distance, rival.change
    (1, 1.0, array([1.]))
    """
    ways = centres - centres[own]
    lengths = np.linalg.norm(ways, axis=1)
    others = np.flatnonzero(lengths > 0)
    if not len(others):
        return None
    splits = np.array([distance_split(centres, row, own, int(b)) for b in others])
    # rounding may put a row that stands on a boundary beyond it
    distances = np.maximum(splits.sum(axis=1), 0.0) / (2 * lengths[others])
    nearest = int(np.argmin(distances))
    other, distance = int(others[nearest]), float(distances[nearest])
    return Rival(
        own=own,
        other=other,
        split=splits[nearest],
        distance=distance,
        change=distance * (ways[other] / lengths[other]),
        midpoint=(centres[own] + centres[other]) / 2,
    )
