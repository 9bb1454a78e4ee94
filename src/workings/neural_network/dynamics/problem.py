"""A model's training problem: the network, its parameters, and the data as the training sees them."""

from __future__ import annotations

import math
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.base import check_is_fitted, check_random_state, check_sample_weight
from workings.neural_network.checks import check_data
from workings.neural_network.estimator import MultilayerPerceptron
from workings.neural_network.initialisation import glorot_uniform
from workings.neural_network.losses import SquaredError
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array, Layout, layout_of, pack


@dataclass(frozen=True)
class Problem:
    """What a training minimises, and where.

    Parameters
    ----------
    network : Network
        Not bound yet; nobody else uses it.
    parameters : ndarray of shape (network.layout.size,)
        A copy.
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), optional
    """

    network: Network
    parameters: Array
    X: Any
    y: Array
    sample_weight: Array | None

    @property
    def minimised_share(self) -> int:
        """How many times the reported loss the data's part of the minimised one is: q for squared errors of q outputs.

        The loss that is reported is the mean over the outputs, the gradient that of their sum.
        """
        return self.y.shape[1] if isinstance(self.network.loss, SquaredError) else 1


def fitted_problem(model: MultilayerPerceptron | Network, X: Any, y: Any, sample_weight: Any) -> Problem:
    """Return the problem of a fitted model at its parameters, in double precision.

    All rows at once stand for an epoch of mini-batches, each of which has the whole penalty, divided by its own rows:
    the penalty on all rows is multiplied by the number of batches, so that the loss is the mean of theirs.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or Network
        Not changed.
    X, y, sample_weight
        As for its `fit`.

    Returns
    -------
    Problem

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If `model` is another kind of object; scikit-learn's networks compute their gradients with code of their own.
    ValueError
        If the data do not fit the model.
    """
    if isinstance(model, Network):
        X, y, sample_weight = check_data(model, X, y, sample_weight)
        return Problem(deepcopy(model), model.parameters.astype(np.float64), X.astype(np.float64), y, sample_weight)
    _require_own(model)
    check_is_fitted(model)
    twin = copy(model)
    twin.warm_start = False  # some of the classes will do
    X, y, sample_weight = _checked(twin, X, y, sample_weight, first=False)
    layout = layout_of(twin.coefs_)
    if y.shape[1] != layout.sizes[-1]:
        raise ValueError(f"y has {y.shape[1]} outputs, but the model has {layout.sizes[-1]}: give the y of its fit.")
    parameters = pack(twin.coefs_, twin.intercepts_).astype(np.float64)
    network = twin._network(layout)
    if twin.solver != "lbfgs":
        network.alpha *= math.ceil(X.shape[0] / batch_size_of(twin, X.shape[0]))
    return Problem(network, parameters, X.astype(np.float64), y, sample_weight)


def initial_problem(
    model: MultilayerPerceptron, X: Any, y: Any, sample_weight: Any
) -> tuple[Problem, MultilayerPerceptron, np.random.RandomState]:
    """Return the problem with which a `fit` of the model would begin.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted or not; not changed.
    X, y, sample_weight
        As for its `fit`.

    Returns
    -------
    problem : Problem
        At the initial parameters, in the precision of X.
    twin : MLPClassifier or MLPRegressor
        An unfitted copy that has seen the data.
    rng : RandomState
        As the initial parameters have left it.

    Raises
    ------
    TypeError
        If `model` is another kind of object.
    ValueError
        For parameters or data that make no sense.
    """
    _require_own(model)
    twin = type(model)(**{name: deepcopy(value) for name, value in model.get_params(deep=False).items()})
    twin._check_parameters()
    X, y, sample_weight = _checked(twin, X, y, sample_weight, first=True)
    rng = check_random_state(twin.random_state)
    twin.out_activation_ = twin._output_activation()
    layout = Layout([X.shape[1], *twin._hidden_layer_sizes(), y.shape[1]])
    parameters = glorot_uniform(layout, twin.activation, rng, X.dtype)
    return Problem(twin._network(layout), parameters, X, y, sample_weight), twin, rng


def batch_size_of(model: MultilayerPerceptron, n_samples: int) -> int:
    """Return how many of `n_samples` rows a batch of the model's training has."""
    asked = 200 if isinstance(model.batch_size, str) else model.batch_size
    return min(asked, n_samples)


def _require_own(model: object) -> None:
    if not isinstance(model, MultilayerPerceptron):
        raise TypeError(f"The model has to be a network of this package; got {type(model).__name__}.")


def _checked(
    twin: MultilayerPerceptron, X: Any, y: Any, sample_weight: Any, *, first: bool
) -> tuple[Any, Array, Array | None]:
    X, y = twin._checked_data(X, y, not first, first)
    if sample_weight is not None:
        sample_weight = check_sample_weight(sample_weight, X, dtype=np.float64, non_negative=False)
    return X, y.reshape(-1, 1) if y.ndim == 1 else y, sample_weight
