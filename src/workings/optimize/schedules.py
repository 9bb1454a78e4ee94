"""How a learning rate changes: after every epoch, and when the training stops improving."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, inf, pi
from numbers import Integral, Real
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
    """A rule for the learning rate of an update rule."""

    def after_epoch(self, learning_rate: float, initial: float, epoch: int, samples_seen: int) -> float:
        """Return the learning rate of the next epoch, when `epoch` of them are finished; of the first one for 0."""

    def on_plateau(self, learning_rate: float) -> PlateauResponse:
        """Say whether to stop, or which rate to go on with."""


@dataclass(frozen=True)
class Constant:
    """The rate stays as it is; a plateau ends the training."""

    def after_epoch(
        self,
        learning_rate: float,
        initial: float,  # noqa: ARG002  (the schedules share one signature)
        epoch: int,  # noqa: ARG002  (as above)
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

    def __post_init__(self) -> None:
        check_parameter("power", self.power, closed="[")

    def after_epoch(
        self,
        learning_rate: float,  # noqa: ARG002  (as above)
        initial: float,
        epoch: int,  # noqa: ARG002  (as above)
        samples_seen: int,
    ) -> float:
        """Return ``initial / (samples_seen + 1) ** power``."""
        return float(initial / (samples_seen + 1) ** self.power)


@dataclass(frozen=True)
class StepDecay(Constant):
    """The rate is multiplied by a factor every so many epochs: ``initial * factor ** (epoch // every)``.

    Parameters
    ----------
    every : int
        Epochs with the same rate, at least 1.
    factor : float, default=0.1
        In (0, 1).

    Notes
    -----
    A plateau ends the training.
    Fails when the first drop comes before the training has settled: the small rate then takes very long.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2, with a
    factor of 0.1 at set times.

    Examples
    --------
    >>> [StepDecay(2, 0.5).after_epoch(0.0, 8.0, epoch, 0) for epoch in range(5)]
    [8.0, 8.0, 4.0, 4.0, 2.0]
    """

    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check_whole("every", self.every, 1)
        check_parameter("factor", self.factor, high=1)

    def after_epoch(
        self,
        learning_rate: float,  # noqa: ARG002  (as above)
        initial: float,
        epoch: int,
        samples_seen: int,  # noqa: ARG002  (as above)
    ) -> float:
        """Return ``initial * factor ** (epoch // every)``."""
        return float(initial * self.factor ** (epoch // self.every))


@dataclass(frozen=True)
class CosineAnnealing(Constant):
    r"""The rate falls along half a cosine, slowly at both ends, after a linear rise if one is asked for.

    With E epochs, W of them to warm up, and e epochs finished::

        η = η₀ (e + 1) / (W + 1)                                        e < W
        η = η_min + (η₀ - η_min) (1 + cos(π (e - W) / (E - W))) / 2     W <= e <= E
        η = η_min                                                       e > E

    Parameters
    ----------
    n_epochs : int
        E, at least 1.
    smallest : float, default=0.0
        η_min, at least 0 and at most the initial rate.
    warm_up : int, default=0
        W, at least 0 and below `n_epochs`.

    Notes
    -----
    One period of the paper's, without restarts. A plateau ends the training before the rate has fallen, unless the
    training is told to be patient for all epochs.
    Fails when the training goes on after E epochs with a smallest rate of 0: nothing moves any more.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5; for the
    rise: Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2.

    Examples
    --------
    >>> schedule = CosineAnnealing(6, smallest=1.0, warm_up=2)
    >>> [round(schedule.after_epoch(0.0, 3.0, epoch, 0), 3) for epoch in range(8)]
    [1.0, 2.0, 3.0, 2.707, 2.0, 1.293, 1.0, 1.0]
    """

    n_epochs: int
    smallest: float = 0.0
    warm_up: int = 0

    def __post_init__(self) -> None:
        _check_whole("n_epochs", self.n_epochs, 1)
        check_parameter("smallest", self.smallest, closed="[")
        _check_whole("warm_up", self.warm_up, 0)
        if self.warm_up >= self.n_epochs:
            raise ValueError(f"warm_up has to be below n_epochs; got {self.warm_up} and {self.n_epochs}.")

    def after_epoch(
        self,
        learning_rate: float,  # noqa: ARG002  (as above)
        initial: float,
        epoch: int,
        samples_seen: int,  # noqa: ARG002  (as above)
    ) -> float:
        """Return η of the above.

        Parameters
        ----------
        learning_rate : float
            Has no effect.
        initial : float
            η₀.
        epoch : int
            e.
        samples_seen : int
            Has no effect.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If η₀ is below the smallest rate; update rules find out when they are made.
        """
        if initial < self.smallest:
            raise ValueError(f"The initial rate has to be at least the smallest, {self.smallest}; got {initial}.")
        if epoch < self.warm_up:
            return initial * (epoch + 1) / (self.warm_up + 1)
        progress = min((epoch - self.warm_up) / (self.n_epochs - self.warm_up), 1.0)
        return self.smallest + (initial - self.smallest) * (1 + cos(pi * progress)) / 2


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

    def __post_init__(self) -> None:
        check_parameter("divisor", self.divisor, low=1)
        check_parameter("smallest", self.smallest, closed="[")

    def after_epoch(
        self,
        learning_rate: float,
        initial: float,  # noqa: ARG002  (as above)
        epoch: int,  # noqa: ARG002  (as above)
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


def check_parameter(name: str, value: float, low: float = 0.0, high: float = inf, closed: str = "") -> None:
    """Raise unless a parameter of a rule or schedule lies within its limits.

    Parameters
    ----------
    name : str
    value, low, high : float
        ``low < value < high``.
    closed : {"", "[", "]", "[]"}
        Limits that are allowed too.

    Raises
    ------
    ValueError
        If it does not, or is not a number.
    """
    if not isinstance(value, Real):
        raise ValueError(f"{name} has to be a number; got {value!r}.")
    above = value >= low if "[" in closed else value > low
    below = value <= high if "]" in closed else value < high
    if not (above and below):
        interval = f"{'[' if '[' in closed else '('}{low:g}, {high:g}{']' if ']' in closed else ')'}"
        raise ValueError(f"{name} has to lie in {interval}; got {value!r}.")


def _check_whole(name: str, value: int, least: int) -> None:
    if not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} has to be a whole number of at least {least}; got {value!r}.")
