"""What the update rules have in common: blocks of parameters, changed in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.optimize.schedules import PlateauResponse

Array = npt.NDArray[Any]


class UpdateRule(ABC):
    """Turns gradients into updates.

    Parameters
    ----------
    learning_rate_init : float
        Rate of the first update, above 0.

    Attributes
    ----------
    learning_rate : float
        Rate of the last update (of the next one for rules with a schedule).

    Notes
    -----
    A *block* is one array of parameters; a network's parameters are one block when they share a type, so that an
    update is a handful of NumPy calls however many layers there are. Moments are kept in the type in which the
    update is computed, which is double for single-precision parameters with double-precision gradients.
    """

    def __init__(self, learning_rate_init: float) -> None:
        self.learning_rate_init = learning_rate_init
        self.learning_rate = float(learning_rate_init)

    @abstractmethod
    def allocate(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Make room for the moments, or keep those that are there, before the first `step` of a fit.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        """

    @abstractmethod
    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> Sequence[Array]:
        """Add one update to `parameters`, in place.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks as given to `allocate`.

        Returns
        -------
        sequence of ndarray
            What was added, block by block; overwritten by the next step.
        """

    def after_epoch(self, samples_seen: int) -> None:  # noqa: B027  (most rules do nothing here)
        """Change the rate at the end of an epoch.

        Parameters
        ----------
        samples_seen : int
            Since the parameters were drawn.
        """

    def on_plateau(self) -> PlateauResponse:
        """Respond to a training that has stopped improving: stop, unless a schedule knows better.

        Returns
        -------
        PlateauResponse
        """
        return PlateauResponse(True, self.learning_rate, "Stopping.")


def moments(previous: Sequence[Array], blocks: Sequence[Array], types: Sequence[np.dtype[Any]]) -> list[Array]:
    """Return zeros in the shape of the blocks, or the previous moments where their shapes still fit.

    Parameters
    ----------
    previous : sequence of ndarray
        Empty before the first fit.
    blocks : sequence of ndarray
        Parameters.
    types : sequence of dtype
        Of the moments, block by block.

    Returns
    -------
    list of ndarray
    """
    if sum(moment.size for moment in previous) != sum(block.size for block in blocks):
        return [np.zeros(block.shape, kind) for block, kind in zip(blocks, types, strict=True)]
    if len(previous) != len(blocks):  # the split of the vector into blocks has changed, the vector has not
        whole = np.concatenate(previous)
        ends = np.cumsum([block.size for block in blocks])[:-1]
        previous = np.split(whole, ends)
    # types only ever widen: a moment in double stays there
    return [
        moment.astype(np.result_type(moment.dtype, kind), copy=False)
        for moment, kind in zip(previous, types, strict=True)
    ]
