"""Which learning rates a network can be trained with: a short training with a rate that grows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workings.neural_network.batches import Batches, rows_of_batch
from workings.neural_network.parameters import Array
from workings.neural_network.problem import Problem, initial_problem
from workings.optimize import Constant, UpdateRule
from workings.optimize.schedules import check_parameter

if TYPE_CHECKING:
    from workings.neural_network.estimator import MultilayerPerceptron

_DIVERGED = 4.0
"""How many times its best value the loss has to exceed for the test to end."""


@dataclass(frozen=True)
class RangeTest:
    """The loss of a training whose learning rate grew with each batch.

    Parameters
    ----------
    rates : ndarray of shape (n_batches,)
        In the order in which they were used.
    losses : ndarray of shape (n_batches,)
        Of each batch, before its update.
    smoothed : ndarray of shape (n_batches,)
        Running mean of the running median of the losses; the two rates below are read from it.
    diverged : bool
        Whether the loss came to exceed four times its best value, or was no longer finite.

    See Also
    --------
    learning_rate_range_test : Runs it.
    """

    rates: Array
    losses: Array
    smoothed: Array
    diverged: bool

    @property
    def largest_stable(self) -> float:
        """The rate of the smallest smoothed loss: with every larger one it was higher. NaN if it never fell."""
        best = int(np.argmin(self.smoothed))
        return float(self.rates[best]) if best else math.nan

    @property
    def steepest(self) -> float:
        """The rate at which the smoothed loss fell most for a given factor of the rate. NaN if it never fell."""
        best = int(np.argmin(self.smoothed))
        if not best:
            return math.nan
        # rates grow by one factor, so that differences of neighbours are slopes over the logarithm of the rate
        return float(self.rates[1 + int(np.argmin(np.diff(self.smoothed[: best + 1])))])

    @property
    def sentence(self) -> str:
        """What was found, in plain words."""
        first, last = float(self.rates[0]), float(self.rates[-1])
        if math.isnan(self.steepest):
            return f"The loss fell with no rate from {first:.2g} to {last:.2g}: begin with a smaller rate."
        found = f"The loss fell fastest with rates about {self.steepest:.2g} and went on falling up to "
        if self.diverged:
            return f"{found}{self.largest_stable:.2g}; at {last:.2g} the training diverged."
        if self.largest_stable == last:
            return f"{found}{last:.2g}, the largest that was tried: try larger ones."
        return f"{found}{self.largest_stable:.2g}; it did not diverge up to {last:.2g}."

    def frame(self) -> pd.DataFrame:
        """Return the test as a table, a row a batch.

        Returns
        -------
        DataFrame
            Columns ``rate``, ``loss``, ``smoothed``.
        """
        return pd.DataFrame({"rate": self.rates, "loss": self.losses, "smoothed": self.smoothed})


def learning_rate_range_test(
    model: MultilayerPerceptron,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    smallest: float = 1e-6,
    largest: float = 10.0,
    n_updates: int = 100,
) -> RangeTest:
    """Train a copy of a model with a rate that grows from batch to batch, and watch its loss.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        With the solver ``"sgd"`` or ``"adam"``; fitted or not. Not changed: the copy begins with initial parameters,
        the ones that its `random_state` draws.
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : array-like of shape (n_samples,), optional
    smallest, largest : float, default=1e-6 and 10
        Rate of the first and of the last batch, above 0.
    n_updates : int, default=100
        Batches, at least 2; the rate grows by the same factor with each.

    Returns
    -------
    RangeTest
        The losses by rate, `steepest`, `largest_stable`, and a `sentence`.

    Raises
    ------
    TypeError
        If `model` is another kind of object.
    ValueError
        If the solver has no rate, or parameters or data make no sense.

    Notes
    -----
    The model's own update rule, batch size, penalty and order of rows are used; its schedule, stopping rules and
    validation set are not. A loss is that of a batch before its update, penalty included. Losses are smoothed by their
    median, and this by its mean, over `n_updates` // 30 batches on each side, at least one. The test ends early once
    the median of as many last losses exceeds four times its best value, or a loss is not finite.
    Fails when the batches are so small that noise hides the trend, or the loss falls so slowly that `n_updates` see
    none of it; then raise `n_updates`. A rate that is stable for a few updates from the initial parameters may be too
    large later on, where the loss is sharper.
    Cost: `n_updates` batches of training.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.neural_network import MLPRegressor, learning_rate_range_test
    >>> X = np.linspace(-1, 1, 64)[:, np.newaxis]
    >>> model = MLPRegressor(hidden_layer_sizes=(8,), solver="sgd", batch_size=16, random_state=0)
    >>> found = learning_rate_range_test(model, X, X[:, 0] ** 2)
    >>> found.steepest <= found.largest_stable
    True
    """
    check_parameter("smallest", smallest)
    check_parameter("largest", largest, smallest)
    if not (isinstance(n_updates, Integral) and n_updates >= 2):
        raise ValueError(f"n_updates has to be a whole number of at least 2; got {n_updates!r}.")
    if not math.isfinite(largest / smallest):
        raise ValueError(f"The rates {smallest:g} and {largest:g} lie too far apart: their ratio overflows.")
    problem, twin, rng = initial_problem(model, X, y, sample_weight)
    if twin.solver == "lbfgs":
        raise ValueError("The solver 'lbfgs' has no learning rate to test; choose 'sgd' or 'adam'.")
    twin.learning_rate_init = smallest
    rule = twin._update_rule()
    rule.schedule = _Growth((largest / smallest) ** (1 / (n_updates - 1)))
    half = max(1, n_updates // 30)
    rates: list[float] = []
    losses: list[float] = []
    lowest, diverged = math.inf, False
    with np.errstate(all="ignore"):  # the training is meant to diverge
        for rate, loss in _training(problem, twin, rule, rng):
            diverged = not math.isfinite(loss)
            if not diverged:
                rates.append(rate)
                losses.append(loss)
            if not diverged and len(losses) >= 2 * half + 1:
                recent = float(np.median(losses[-2 * half - 1 :]))
                lowest = min(lowest, recent)
                diverged = recent > _DIVERGED * lowest
            if diverged or len(rates) == n_updates:
                break
    if not rates:
        raise ValueError("The loss of the first batch is not finite: standardise the columns of X, and y.")
    return RangeTest(np.array(rates), np.array(losses), _smoothed(np.array(losses), half), diverged)


@dataclass(frozen=True)
class _Growth(Constant):
    """The rate grows by one factor with each step; the steps are counted as epochs."""

    factor: float = 1.0

    def after_epoch(
        self,
        learning_rate: float,  # noqa: ARG002  (the schedules share one signature)
        initial: float,
        epoch: int,
        samples_seen: int,  # noqa: ARG002  (as above)
    ) -> float:
        """Return ``initial factor ** epoch``."""
        return initial * self.factor**epoch


def _training(
    problem: Problem, twin: MultilayerPerceptron, rule: UpdateRule, rng: np.random.RandomState
) -> Iterator[tuple[float, float]]:
    """Train without end; after each batch yield the rate that it was given and its loss."""
    network, parameters = problem.network, problem.parameters
    network.bind(parameters)
    X, y, sample_weight = problem.X, problem.y, problem.sample_weight
    batches = Batches(X, y, sample_weight, rows_of_batch(twin.batch_size, X.shape[0]), rng if twin.shuffle else None)
    gradient = network.room_for_gradient(X, y, sample_weight)
    blocks = gradient.blocks_of(parameters)
    rule.allocate(blocks, gradient.blocks)
    step = 0
    while True:
        batches.begin_epoch()
        for batch in batches:
            step += 1
            rate = rule.scheduled_rate
            loss = network.loss_and_gradient(batch.X, batch.y, batch.sample_weight, gradient, rng)
            rule.step(blocks, gradient.blocks)
            rule.after_epoch(step, 0)
            yield rate, float(loss)


def _smoothed(losses: Array, half: int) -> Array:
    """Return the running mean of the running median, over `half` neighbours on each side, fewer at the ends."""
    for average in (np.median, np.mean):
        widths = [min(half, place, len(losses) - 1 - place) for place in range(len(losses))]
        losses = np.array([average(losses[place - width : place + width + 1]) for place, width in enumerate(widths)])
    return losses
