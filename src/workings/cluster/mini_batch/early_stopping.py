"""When mini-batch k-means has seen enough: the centres rest, or the smoothed inertia no longer falls."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class EarlyStopping:
    """Watches the batches go by.

    Parameters
    ----------
    tolerance : float
        The centres rest if their squared shifts add up to at most this (square of a unit of X); 0 never asks.
    patience : int or None
        Number of batches in a row without a new low of the average that are too many; None never asks.
    share : float
        Weight of a new batch in the exponentially weighted average: about twice the batch's share of all rows.

    Attributes
    ----------
    average : float
        Exponentially weighted average of the mean inertia of a row; NaN before the second batch.
    """

    tolerance: float
    patience: int | None
    share: float
    average: float = field(default=float("nan"), init=False)
    _lowest: float = field(default=float("inf"), init=False)
    _without_improvement: int = field(default=0, init=False)
    _batches: int = field(default=0, init=False)

    def observe(self, inertia: float) -> None:
        """Take the mean inertia of a batch into the average; the first batch only tells of the initial centres."""
        self._batches += 1
        if self._batches == 2:
            self.average = inertia
        elif self._batches > 2:
            self.average = self.average * (1 - self.share) + inertia * self.share

    def reason(self, shift: float) -> str | None:
        """Return why to stop after the batch that was observed last, or None to go on.

        Parameters
        ----------
        shift : float
            Sum of the squared shifts of the centres; not looked at where the tolerance is 0.

        Returns
        -------
        str or None
        """
        if self._batches == 1:
            return None
        if self.tolerance > 0 and shift <= self.tolerance:
            return "small centers change"
        if self.average < self._lowest:
            self._lowest, self._without_improvement = self.average, 0
        else:
            self._without_improvement += 1
        if self.patience is not None and self._without_improvement >= self.patience:
            return "lack of improvement in inertia"
        return None
