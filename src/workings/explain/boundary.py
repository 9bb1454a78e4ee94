"""The nearest boundary between two classes of a ReLU network, and a change of the row that crosses it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.explain.crossings import cut_path
from workings.explain.local_piece import LocalPiece
from workings.explain.perceptron import Floats, Perceptron

DOUBLINGS = 30
"""How often the way that is looked at is doubled before a boundary beyond the row's region is given up."""


@dataclass(frozen=True)
class Boundary:
    """Where a straight way from a row leaves its class.

    Parameters
    ----------
    margin : int
        Which of the margins becomes 0.
    change : ndarray of shape (p,)
        The way from the row to the boundary.
    distance : float
        Its length.
    certain : float
        No change shorter than this crosses a boundary.
    inside : bool
        Whether the boundary is nearer than the edge of the row's linear region, so that no nearer one exists.
    """

    margin: int
    change: Floats
    distance: float
    certain: float
    inside: bool


def nearest_boundary(perceptron: Perceptron, row: Floats, piece: LocalPiece, margins: Floats) -> Boundary | None:
    """Return where a row leaves its class on the way that its linear piece says is the shortest.

    Parameters
    ----------
    perceptron : Perceptron
        Of ReLU or identity units.
    row : ndarray of shape (p,)
    piece : LocalPiece
        Around this row.
    margins : ndarray of shape (q, m)
        Combinations ``outputs @ margins`` that are positive, or 0, as long as the row stays in its class.

    Returns
    -------
    Boundary or None
        None where no boundary was found that way.

    Notes
    -----
    Within the row's region each margin is linear and vanishes at the distance margin / length of its slope; the
    nearest of these is the nearest boundary of all if it is nearer than the region's edge. Otherwise the same
    direction is followed, from region to region, to where a margin really vanishes: a change that flips the row, not
    proved to be the least. Nothing shorter than the region's radius can flip it.
    Fails when that direction leads to no boundary, though others would.
    Cost: a path through the network for each doubling of the way, at most 30.
    Source: Croce, Andriushchenko and Hein, "Provable robustness of ReLU networks via maximization of linear regions",
    AISTATS 2019.
    """
    slopes = piece.weights @ margins
    values = np.maximum((row @ piece.weights + piece.biases) @ margins, 0.0)
    lengths = np.linalg.norm(slopes, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.where(lengths > 0, values / lengths, np.inf)
    nearest = int(np.argmin(distances))
    distance = float(distances[nearest])
    if not np.isfinite(distance):
        return None
    way = -slopes[:, nearest] / lengths[nearest]
    if distance <= piece.radius:
        return Boundary(nearest, distance * way, distance, distance, inside=True)
    reach = distance
    for _ in range(DOUBLINGS):
        found = _first_zero(perceptron, row, row + reach * way, margins)
        if found is not None:
            share, margin = found
            return Boundary(margin, share * reach * way, share * reach, piece.radius, inside=False)
        reach *= 2
    return None


def _first_zero(perceptron: Perceptron, start: Floats, end: Floats, margins: Floats) -> tuple[float, int] | None:
    """Return at which share of a straight way a margin first becomes negative, and which one."""
    path = cut_path(perceptron, start, end)
    values = path.outputs @ margins
    pieces, which = np.nonzero((values[:-1] >= 0) & (values[1:] < 0))
    if not len(pieces):
        return None
    before, after = values[pieces, which], values[pieces + 1, which]
    shares = path.places[pieces] + before / (before - after) * np.diff(path.places)[pieces]
    first = int(np.argmin(shares))
    return float(shares[first]), int(which[first])
