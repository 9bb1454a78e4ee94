"""A slice through the loss of a network, around its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workings.base import check_random_state
from workings.neural_network.parameters import Array
from workings.neural_network.problem import Problem, epoch_problem
from workings.optimize.schedules import check_parameter

if TYPE_CHECKING:
    from workings.neural_network.estimator import MultilayerPerceptron
    from workings.neural_network.network import Network


@dataclass(frozen=True)
class LossLandscape:
    """The minimised loss on a plane through a network's parameters.

    Parameters
    ----------
    places : ndarray of shape (n,)
        Steps along each direction; the middle one is 0, the model itself. A step of 1 changes each unit's weights by
        as much as their own length.
    data_loss : ndarray of shape (n, n)
        Loss of the data, a row a step along the first direction, a column a step along the second. Infinite or NaN
        where the network overflows.
    penalty : ndarray of shape (n, n)
        What `alpha` adds.
    directions : ndarray of shape (2, n_parameters)
        Filter-normalised, laid out ``[W0, ..., Wk, b0, ..., bk]``.

    See Also
    --------
    loss_landscape : Computes it.
    """

    places: Array
    data_loss: Array
    penalty: Array
    directions: Array

    @property
    def loss(self) -> Array:
        """What is minimised at each point: the loss of the data and the penalty."""
        total: Array = self.data_loss + self.penalty
        return total

    @property
    def sentence(self) -> str:
        """What the slice shows, in plain words."""
        loss = self.loss
        middle = len(self.places) // 2
        centre = float(loss[middle, middle])
        first, second = np.unravel_index(np.nanargmin(loss), loss.shape)
        if first == second == middle:
            return f"On this slice no point has a smaller loss than the model, {centre:.3g}."
        distance = float(np.hypot(self.places[first], self.places[second]))
        return (
            f"The model's loss is {centre:.3g}; on this slice the smallest, {float(loss[first, second]):.3g}, lies "
            f"{distance:.2g} of the weights' length away."
        )

    def frame(self) -> pd.DataFrame:
        """Return the slice as a table, a row a point.

        Returns
        -------
        DataFrame
            Columns ``first``, ``second`` (the steps), ``loss``, ``data_loss``, ``penalty``.
        """
        first, second = np.meshgrid(self.places, self.places, indexing="ij")
        columns = {"first": first, "second": second, "loss": self.loss}
        columns |= {"data_loss": self.data_loss, "penalty": self.penalty}
        return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def loss_landscape(
    model: MultilayerPerceptron | Network,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    n: int = 25,
    radius: float = 1.0,
    random_state: Any = 0,
) -> LossLandscape:
    """Return the loss on a random plane through the parameters of a fitted network.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or Network
        Fitted, or for a `Network` with parameters; not changed.
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : array-like of shape (n_samples,), optional
        As given to the fit.
    n : int, default=25
        Points along each direction; odd, so that the model is one of them.
    radius : float, default=1.0
        How far to go along each direction, above 0, in lengths of the weights.
    random_state : int, RandomState or None, default=0
        Draws the two directions.

    Returns
    -------
    LossLandscape

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If `model` is another kind of object.
    ValueError
        If the data do not fit the model, or a parameter makes no sense.

    Notes
    -----
    Each direction is drawn from a normal distribution and *filter-normalised*: the part that belongs to a unit's
    incoming weights is scaled to their length, so that layers of different scale, which a rescaled relu network may
    have without computing anything else, move alike. Biases stay as they are.
    The loss is the one that the training minimises: the mean over the rows and, with mini-batches, the penalty once a
    batch, as scikit-learn's rule has it. For squared errors of q outputs the data's part is q times the reported one.
    Nothing is dropped by a `Dropout`.
    Fails when it is read as the whole picture: two random directions out of many see average curvature, not the
    sharpest, and miss most of what is around.
    Cost: 2 n² p flops a row for p weights.

    Source: Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018,
    section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.neural_network import MLPRegressor, loss_landscape
    >>> X = np.linspace(-1, 1, 20)[:, np.newaxis]
    >>> model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0).fit(X, X[:, 0])
    >>> loss_landscape(model, X, X[:, 0], n=5).loss.shape
    (5, 5)
    """
    if n < 3 or n % 2 == 0:
        raise ValueError(f"n has to be odd, so that the model lies in the middle, and at least 3; got {n}.")
    check_parameter("radius", radius)
    problem = epoch_problem(model, X, y, sample_weight)
    rng = check_random_state(random_state)
    directions = np.stack([_direction(problem, rng) for _ in range(2)])
    places = np.linspace(-radius, radius, n)
    places[n // 2] = 0
    parts = np.array([[_loss(problem, np.array([a, b]) @ directions) for b in places] for a in places])
    if not np.isfinite(parts[n // 2, n // 2]).all():
        raise ValueError(
            "The model's own loss is infinite or NaN on these data, so that there is nothing to compare with: "
            "standardise the columns of X (and a numeric y), or train the model again."
        )
    return LossLandscape(places, parts[..., 0], parts[..., 1], directions)


def _direction(problem: Problem, rng: np.random.RandomState) -> Array:
    """Draw a direction, each unit's weights as long as the unit's own, without biases."""
    layout = problem.network.layout
    direction = rng.standard_normal(layout.size)
    parts, biases = layout.split(direction)
    coefs, _ = layout.split(problem.parameters)
    for part, coef in zip(parts, coefs, strict=True):
        part *= np.linalg.norm(coef, axis=0) / np.linalg.norm(part, axis=0)
    for bias in biases:
        bias.fill(0)
    return direction


def _loss(problem: Problem, displacement: Array) -> tuple[float, float]:
    """Return the data's loss and the penalty at a distance from the parameters."""
    network = problem.network
    network.bind(problem.parameters + displacement)
    with np.errstate(all="ignore"):  # far from the model the network may overflow
        reported = float(network.loss.value(problem.y, network.output(problem.X), problem.sample_weight))
    return problem.outputs_in_mean * reported, float(network.penalty() / problem.total)
