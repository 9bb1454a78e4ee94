"""Rows drawn with replacement, with chances in proportion to their weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workings.cluster.distances import Floats


class Lottery:
    """Draws the rows that `RandomState.choice` with chances would draw, without its work that is the same every time.

    Parameters
    ----------
    weights : ndarray of shape (n,)
        Not negative, not all zero.

    Notes
    -----
    A uniform number u draws the row whose interval of the cumulated chances holds u. Where the weights are equal, the
    row u·n is that row, up to rounding: the rows at the middle of each n-th are tabled (Chen and Asau 1974), and only
    the draws that this table gets wrong are searched for. Memory: 3n numbers.
    """

    def __init__(self, weights: Floats) -> None:
        n = len(weights)
        cumulated = (weights / weights.sum()).astype(np.float64).cumsum()
        self._bounds: npt.NDArray[np.float64] = np.concatenate([[0.0], cumulated / cumulated[-1]])
        middles = np.rint(self._bounds * n).astype(np.intp)
        self._likely = np.repeat(np.arange(n), np.diff(middles))

    def draw(self, rng: np.random.RandomState, size: int) -> npt.NDArray[np.intp]:
        """Return the indices of `size` rows.

        Parameters
        ----------
        rng : RandomState
            Advanced by `size` uniform numbers.
        size : int

        Returns
        -------
        ndarray of shape (size,)
        """
        u = rng.random_sample(size)
        rows: npt.NDArray[np.intp] = self._likely.take((u * len(self._likely)).astype(np.intp))
        missed = (self._bounds.take(rows) > u) | (self._bounds.take(rows + 1) <= u)
        rows[missed] = self._bounds[1:].searchsorted(u[missed], side="right")
        return rows
