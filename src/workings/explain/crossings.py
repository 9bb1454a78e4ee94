"""Where a straight path through the inputs of a ReLU network crosses from one linear region into the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workings.explain.perceptron import Floats, Perceptron


@dataclass(frozen=True)
class Path:
    """A straight path, cut where the network's slope changes.

    Parameters
    ----------
    start, end : ndarray of shape (p,)
    places : ndarray of shape (m,)
        Where it is cut, as shares of the way from 0 to 1, in order; the first is 0, the last is 1.
    outputs : ndarray of shape (m, q)
        The last layer's sums there, linear in between.
    """

    start: Floats
    end: Floats
    places: Floats
    outputs: Floats

    def at(self, shares: Floats) -> Floats:
        """Return points of the path, shape (k, p), at shares of the way, shape (k,)."""
        points: Floats = self.start + shares[:, np.newaxis] * (self.end - self.start)
        return points


def cut_path(perceptron: Perceptron, start: Floats, end: Floats) -> Path:
    """Cut a straight path where it crosses from one linear region of a network into the next.

    Parameters
    ----------
    perceptron : Perceptron
        Of ReLU or identity units.
    start, end : ndarray of shape (p,)

    Returns
    -------
    Path

    Notes
    -----
    Layer by layer: between two cuts each unit's sum is linear in the share of the way, so that it is 0 where
    ``t = z_0 / (z_0 - z_1)`` of the piece, and the activation is linear again between the finer cuts. Nothing is
    stepped, so that neither several units at one place nor a unit that touches 0 needs special treatment.
    Fails when the numbers of crossings times units exceeds the memory: one array of that size is held.
    Cost: a pass of all cuts through the network.
    """
    places = np.array([0.0, 1.0])
    values = np.vstack([start, end])
    for coef, intercept in zip(perceptron.coefs[:-1], perceptron.intercepts[:-1], strict=True):
        sums = values @ coef + intercept
        if perceptron.activation == "relu":
            places, sums = _cut_at_zeros(places, sums)
        values = perceptron.activate(sums)
    return Path(start, end, places, values @ perceptron.coefs[-1] + perceptron.intercepts[-1])


def _cut_at_zeros(places: Floats, sums: Floats) -> tuple[Floats, Floats]:
    """Cut pieces where a unit's sum changes its sign."""
    piece, unit = np.nonzero(np.sign(sums[:-1]) * np.sign(sums[1:]) < 0)
    before, after = sums[piece], sums[piece + 1]
    crossing = np.arange(len(piece))
    share = before[crossing, unit] / (before[crossing, unit] - after[crossing, unit])
    cut = before + share[:, np.newaxis] * (after - before)
    where = places[piece] + share * (places[piece + 1] - places[piece])
    # by piece first: rounding may put a cut on the end of its piece, but never beyond
    order = np.lexsort((share, piece))
    at = piece[order] + 1
    return np.insert(places, at, where[order]), np.insert(sums, at, cut[order], axis=0)
