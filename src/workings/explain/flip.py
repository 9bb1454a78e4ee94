"""A change of a row that changes what the model says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True, eq=False)
class Flip:
    """The nearest known boundary of a row's class or group.

    Parameters
    ----------
    to : object
        The label on the other side.
    name : str
        The same in words.
    distance : float
        Euclidean length of the change, in the units of the features.
    change : Series of shape (p,)
        What to add to each feature to arrive on the boundary; any more of it, and the label is `to`.
    row : Series of shape (p,)
        The row on the boundary.
    certain : float
        No change shorter than this flips the row.
    least : bool
        Whether `distance` is proved to be the least of all changes; then it equals `certain`.

    See Also
    --------
    explain : Returns it as part of an explanation.
    """

    to: Any
    name: str
    distance: float
    change: pd.Series[float]
    row: pd.Series[float]
    certain: float
    least: bool

    @property
    def sentence(self) -> str:
        """The change in plain words."""
        moved = self.change.abs().nlargest(3)
        parts = ", ".join(f"{name} by {self.change[name]:+.3g}" for name in moved.index[moved > 0])
        if self.distance == 0:
            return f"It stands on the boundary of {self.name}: the least change may flip it."
        if self.least:
            return (
                f"The least change that makes it {self.name} has the length {self.distance:.3g} (mostly {parts}); any "
                "smaller change of any kind leaves it where it is."
            )
        return (
            f"A change of length {self.distance:.3g} makes it {self.name} (mostly {parts}). There may be a smaller "
            f"one, but none below {self.certain:.3g}."
        )
