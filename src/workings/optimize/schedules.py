"""How a learning rate changes: after every epoch, and when the training stops improving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class PlateauResponse:
    """What to do when the training has stopped improving.

    Parameters
    ----------
    stop : bool
        End the training.
    learning_rate : float
        The rate to go on with.
    remark : str
        A sentence for a verbose training to print.
    """

    stop: bool
    learning_rate: float
    remark: str


class Schedule(Protocol):
    """A rule for the learning rate of gradient descent."""

    def after_epoch(self, learning_rate: float, initial: float, samples_seen: int) -> float:
        """Return the learning rate of the next epoch."""

    def on_plateau(self, learning_rate: float) -> PlateauResponse:
        """Say whether to stop, or which rate to go on with."""


@dataclass(frozen=True)
class Constant:
    """The rate stays as it is; a plateau ends the training."""

    def after_epoch(
        self,
        learning_rate: float,
        initial: float,  # noqa: ARG002  (the schedules share one signature)
        samples_seen: int,  # noqa: ARG002  (as above)
    ) -> float:
        """Return `learning_rate`."""
        return learning_rate

    def on_plateau(self, learning_rate: float) -> PlateauResponse:
        """Stop."""
        return PlateauResponse(True, learning_rate, "Stopping.")


@dataclass(frozen=True)
class InverseScaling(Constant):
    """The rate falls with a power of the samples seen: ``initial / (samples_seen + 1) ** power``.

    Parameters
    ----------
    power : float, default=0.5
        At least 0.

    Notes
    -----
    Fails when many samples make an epoch: the count is of samples, not of updates or epochs, so that after one
    epoch of 10 000 rows a power of 0.5 has divided the rate by 100.
    """

    power: float = 0.5

    def after_epoch(
        self,
        learning_rate: float,  # noqa: ARG002  (as above)
        initial: float,
        samples_seen: int,
    ) -> float:
        """Return ``initial / (samples_seen + 1) ** power``."""
        return float(initial / (samples_seen + 1) ** self.power)


@dataclass(frozen=True)
class Adaptive:
    """The rate stays until a plateau, which divides it; the training ends when it has become very small.

    Parameters
    ----------
    divisor : float, default=5.0
        Above 1.
    smallest : float, default=1e-6
        A plateau at this rate or below ends the training.
    """

    divisor: float = 5.0
    smallest: float = 1e-6

    def after_epoch(
        self,
        learning_rate: float,
        initial: float,  # noqa: ARG002  (as above)
        samples_seen: int,  # noqa: ARG002  (as above)
    ) -> float:
        """Return `learning_rate`."""
        return learning_rate

    def on_plateau(self, learning_rate: float) -> PlateauResponse:
        """Divide the rate, or stop if it is too small already."""
        if learning_rate <= self.smallest:
            return PlateauResponse(True, learning_rate, "Learning rate too small. Stopping.")
        divided = learning_rate / self.divisor
        return PlateauResponse(False, divided, f"Setting learning rate to {divided:f}")
