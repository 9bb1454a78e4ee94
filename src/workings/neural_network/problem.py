"""What a network's training minimises: the network, its parameters, and the data as the training sees them."""

from __future__ import annotations

import math
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from workings.base import check_is_fitted, check_random_state, is_sparse
from workings.neural_network.batches import rows_of_batch
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
        Nobody else uses it; to be bound to a vector.
    parameters : ndarray of shape (network.layout.size,)
        A copy.
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,) or None
    """

    network: Network
    parameters: Array
    X: Any
    y: Array
    sample_weight: Array | None

    def rows(self, index: Array) -> Problem:
        """Return the same with some of the rows."""
        X = self.X.tocsr() if is_sparse(self.X) else self.X
        weight = None if self.sample_weight is None else self.sample_weight[index]
        return replace(self, X=X[index], y=self.y[index], sample_weight=weight)

    @cached_property
    def dense(self) -> Array:
        """`X` as an array, for layers that take no sparse matrix."""
        dense: Array = self.X.toarray() if is_sparse(self.X) else self.X
        return dense

    @property
    def total(self) -> float:
        """Sum of the rows' weights."""
        return float(len(self.y) if self.sample_weight is None else self.sample_weight.sum())

    @property
    def outputs_in_mean(self) -> int:
        """How many times the reported loss the data's part of the minimised one is: q for squared errors of q outputs.

        The loss that is reported is the mean over the outputs, the gradient that of their sum.
        """
        return self.y.shape[1] if isinstance(self.network.loss, SquaredError) else 1


def fitted_problem(model: MultilayerPerceptron | Network, X: Any, y: Any, sample_weight: Any) -> Problem:
    """Return the problem of a fitted model at its parameters, in double precision.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or Network
        Not changed.
    X, y, sample_weight
        As for its `fit`, or for `train`.

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
        If the data do not fit the model, or a `Network` has no parameters yet.
    """
    if isinstance(model, Network):
        X, y, sample_weight = check_data(model, X, y, sample_weight)
        network, parameters = deepcopy(model), model.parameters
    else:
        _require_own(model)
        check_is_fitted(model)
        twin = copy(model)
        # some of the classes will do, and data of a fast model are not rounded
        twin.warm_start = twin.fast = False
        X, y, sample_weight = twin._data(*twin._checked_data(X, y, incremental=True, reset=False), sample_weight)
        layout = layout_of(twin.coefs_)
        if y.shape[1] != layout.sizes[-1]:
            raise ValueError(
                f"y has {y.shape[1]} outputs, but the model has {layout.sizes[-1]}: give the y of its fit."
            )
        network, parameters = model._network(layout), pack(twin.coefs_, twin.intercepts_)
    y = y if y.dtype == bool else y.astype(np.float64, copy=False)
    sample_weight = None if sample_weight is None else sample_weight.astype(np.float64, copy=False)
    return Problem(network, parameters.astype(np.float64), X.astype(np.float64, copy=False), y, sample_weight)


def epoch_problem(model: MultilayerPerceptron | Network, X: Any, y: Any, sample_weight: Any) -> Problem:
    """Return the problem of a fitted model on all rows at once, which stand for an epoch of mini-batches.

    Each batch of an estimator's training has the whole penalty, divided by its own rows: the penalty on all rows is
    multiplied by the number of batches, so that the loss is the mean of theirs.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor or Network
        Not changed. A `Network` does not know its batches: its penalty counts once.
    X, y, sample_weight
        As for `fitted_problem`.

    Returns
    -------
    Problem

    Raises
    ------
    NotFittedError, TypeError, ValueError
        As `fitted_problem`.
    """
    problem = fitted_problem(model, X, y, sample_weight)
    if isinstance(model, MultilayerPerceptron) and model.solver != "lbfgs":
        n_samples = len(problem.y)
        problem.network.alpha *= math.ceil(n_samples / rows_of_batch(model.batch_size, n_samples))
    return problem


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
        At the initial parameters, in the precision of the training.
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
    X, y, sample_weight = twin._data(*twin._checked_data(X, y, incremental=False, reset=True), sample_weight)
    rng = check_random_state(twin.random_state)
    twin.out_activation_ = twin._output_activation()
    layout = Layout([X.shape[1], *twin._hidden_layer_sizes(), y.shape[1]])
    parameters = glorot_uniform(layout, twin.activation, rng, X.dtype)
    return Problem(twin._network(layout), parameters, X, y, sample_weight), twin, rng


def _require_own(model: object) -> None:
    if not isinstance(model, MultilayerPerceptron):
        raise TypeError(
            "The model has to be an MLPClassifier, an MLPRegressor or a Network of this package; got "
            f"{type(model).__name__}."
        )
