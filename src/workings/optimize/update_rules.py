"""What the update rules have in common: blocks of parameters, changed in place, and a rate that follows a schedule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from workings.optimize.schedules import Constant, PlateauResponse, Schedule

Array = npt.NDArray[Any]

State = dict[str, Array | float | int]


class BlockUpdate(Protocol):
    """The update of one block: its moments, the arrays it is computed in, and its factors."""

    @property
    def update(self) -> Array:
        """What the last step has added."""

    def step(self, parameter: Array, gradient: Array, rate: float) -> None:
        """Add one update to `parameter`, in place."""


class UpdateRule(ABC):
    """Turns gradients into updates.

    Parameters
    ----------
    learning_rate_init : float
        Rate that the schedule begins with, above 0.
    schedule : Schedule, optional
        How the rate changes; constant by default.

    Attributes
    ----------
    learning_rate : float
        Rate of the next update (of the last one, corrected, for Adam).
    scheduled_rate : float
        Rate that the schedule has set.

    Notes
    -----
    A *block* is one array of parameters; a network's parameters are one block when they share a type, so that an
    update is a handful of NumPy calls however many layers there are. Moments are kept in the type in which the
    update is computed, which is double for single-precision parameters with double-precision gradients.
    """

    _remembered: ClassVar[tuple[str, ...]] = ()
    """Attributes beside the rates on which later steps depend: numbers, or lists of one array a block."""

    def __init__(self, learning_rate_init: float, schedule: Schedule | None = None) -> None:
        self.learning_rate_init = learning_rate_init
        self.schedule = schedule if schedule is not None else Constant()
        initial = float(learning_rate_init)
        self.scheduled_rate = float(self.schedule.after_epoch(initial, initial, 0, 0))
        self.learning_rate = self.scheduled_rate
        self._blocks: Sequence[BlockUpdate] = []  # of rules that have them, from the first step on

    def __getstate__(self) -> dict[str, Any]:
        # made anew by the next step
        return {**vars(self), "_blocks": []}

    @abstractmethod
    def allocate(self, parameters: Sequence[Array], gradients: Sequence[Array], n_weights: int | None = None) -> None:
        """Make room for the moments, or keep those that are there, before the first `step` of a fit.

        Parameters
        ----------
        parameters, gradients : sequence of ndarray
            Blocks of the shapes and types that `step` will receive.
        n_weights : int, optional
            How many entries, from the first of the first block on, are weights; the others are biases, which a
            decay leaves alone. All of them by default.
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

    def after_epoch(self, epoch: int, samples_seen: int) -> None:
        """Let the schedule set the rate.

        Parameters
        ----------
        epoch : int
            Epochs finished since the parameters were drawn.
        samples_seen : int
            In these epochs.
        """
        initial = float(self.learning_rate_init)
        self._take_rate(self.schedule.after_epoch(self.scheduled_rate, initial, epoch, samples_seen))

    def on_plateau(self) -> PlateauResponse:
        """Let the schedule respond to a training that has stopped improving, and take over its rate.

        Returns
        -------
        PlateauResponse
        """
        response = self.schedule.on_plateau(self.scheduled_rate)
        self._take_rate(response.learning_rate)
        return response

    def state(self) -> State:
        """Return copies of all that later steps depend on and that the constructor does not set.

        Returns
        -------
        dict
            Numbers and arrays by name; a list of one array a block is numbered, as in ``"velocities_0"``.
        """
        state: State = {"learning_rate": float(self.learning_rate), "scheduled_rate": float(self.scheduled_rate)}
        for name in self._remembered:
            value = getattr(self, name)
            if isinstance(value, list):
                state |= {f"{name}_{i}": block.copy() for i, block in enumerate(value)}
            else:
                state[name] = value
        return state

    def restore(self, state: Mapping[str, Array | float | int]) -> None:
        """Continue where another rule was: the next steps are the same, bit for bit.

        Parameters
        ----------
        state : mapping
            From `state` of a rule of the same class and parameters; numbers may have become arrays without
            dimensions, as in an ``.npz`` file.

        Raises
        ------
        ValueError
            If it is not the state of such a rule, which leaves this one unchanged.
        """
        names = ("learning_rate", "scheduled_rate", *self._remembered)
        lists = {name: _numbered(name, state) for name in names if isinstance(getattr(self, name), list)}
        expected = {name for name in names if name not in lists}.union(*lists.values())
        if expected != set(state):
            raise ValueError(
                f"This is not the state of such a {type(self).__name__}: it has {sorted(state)} where "
                f"{sorted(expected)} is expected. Restore what state() of a rule of the same class gave."
            )
        for name in names:
            if name in lists:
                setattr(self, name, [np.array(state[key]) for key in lists[name]])
            else:
                setattr(self, name, type(getattr(self, name))(state[name]))
        self._blocks = []

    def forget(self) -> None:
        """Lose the moments, so that the next `allocate` begins anew; the rate stays."""
        for name in self._remembered:
            setattr(self, name, type(getattr(self, name))())
        self._blocks = []

    def _take_rate(self, rate: float) -> None:
        self.scheduled_rate = float(rate)
        self.learning_rate = self.scheduled_rate


def _numbered(name: str, state: Mapping[str, Array | float | int]) -> list[str]:
    keys = [f"{name}_{i}" for i in range(len(state))]
    return [key for key in keys if key in state]


def moments(previous: Sequence[Array], blocks: Sequence[Array], types: Sequence[np.dtype[Any]]) -> list[Array]:
    """Return zeros in the shape of the blocks, or the previous moments, split as the blocks are.

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

    Raises
    ------
    ValueError
        If the moments are those of another number of parameters.
    """
    if not previous:
        return [np.zeros(block.shape, kind) for block, kind in zip(blocks, types, strict=True)]
    had, have = (sum(block.size for block in of) for of in (previous, blocks))
    if had != have:
        raise ValueError(f"The rule remembers {had} parameters and is given {have}: begin with a new rule.")
    if [moment.shape for moment in previous] != [block.shape for block in blocks]:
        # the split of the vector into blocks has changed, the vector has not
        whole = np.concatenate([moment.ravel() for moment in previous])
        ends = np.cumsum([block.size for block in blocks])[:-1]
        previous = [part.reshape(block.shape) for part, block in zip(np.split(whole, ends), blocks, strict=True)]
    # types only ever widen: a moment in double stays there
    return [
        moment.astype(np.result_type(moment.dtype, kind), copy=False)
        for moment, kind in zip(previous, types, strict=True)
    ]


def constant(value: float, kind: np.dtype[Any]) -> Array:
    """Return a number as an array without dimensions, which NumPy takes up faster than a float.

    Parameters
    ----------
    value : float
    kind : dtype
        In which the float would be used.

    Returns
    -------
    ndarray
    """
    return np.array(value, kind)
