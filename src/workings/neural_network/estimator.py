"""What the two networks share: parameters, fitting, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from workings.base import (
    Constraint,
    Estimator,
    Interval,
    Options,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    check_X,
    warn,
)
from workings.neural_network.initialisation import glorot_uniform
from workings.neural_network.lbfgs_fit import LBFGSFit
from workings.neural_network.magnitude import single, warn_of_overflow
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array, Layout, layout_of, pack
from workings.neural_network.perceptron import perceptron
from workings.neural_network.prediction import forward
from workings.neural_network.quasi_newton import objective_of
from workings.neural_network.stochastic_fit import StochasticFit
from workings.neural_network.suspension import Data, Suspension, generator_in
from workings.optimize import Adam, Adaptive, Constant, GradientDescent, InverseScaling, Schedule, UpdateRule

# kept as they come, for scikit-learn's bits: a batch of CSC rows is summed in another order than one of CSR rows
SPARSE_FORMATS = ("csr", "csc")


class MultilayerPerceptron(Estimator):
    """A fully connected network, trained by stochastic descent or L-BFGS; base of classifier and regressor."""

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, "left")],
        "activation": [Options({"identity", "logistic", "tanh", "relu"})],
        "solver": [Options({"lbfgs", "sgd", "adam"})],
        "alpha": [Interval(Real, 0, None, "left")],
        "batch_size": [Options({"auto"}), Interval(Integral, 1, None, "left")],
        "learning_rate": [Options({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, "neither")],
        "power_t": [Interval(Real, 0, None, "left")],
        "max_iter": [Interval(Integral, 1, None, "left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, "left")],
        "verbose": ["boolean", Interval(Integral, 0, None, "left")],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, "both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, "left")],
        "beta_1": [Interval(Real, 0, 1, "left")],
        "beta_2": [Interval(Real, 0, 1, "left")],
        "epsilon": [Interval(Real, 0, None, "neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, "left"), Interval(Real, np.inf, np.inf, "both")],
        "max_fun": [Interval(Integral, 1, None, "left")],
        "fast": ["boolean"],
    }

    loss: str
    hidden_layer_sizes: Any
    activation: str
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    fast: bool

    coefs_: list[Array]
    intercepts_: list[Array]
    out_activation_: str
    loss_: float
    _optimizer: UpdateRule
    _suspended: Suspension | None = None
    """What `resume` goes on from; None unless the last training was interrupted."""

    _in_training = False

    def _checked_data(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        raise NotImplementedError

    def _output_activation(self) -> str:
        raise NotImplementedError

    def _scorer(self, X: Any, y: Array, sample_weight: Array | None) -> Callable[[], float]:
        raise NotImplementedError

    def _strata(self, y: Array) -> Array | None:
        raise NotImplementedError

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, an indicator matrix, or numbers.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows in the loss and in its gradient.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters or data that make no sense, or if the parameters of the network have grown beyond what a
            float can hold.
        ZeroDivisionError
            If the weights of a mini-batch sum to zero.

        Warns
        -----
        ConvergenceWarning
            If a limit on iterations or evaluations ended the training.
        """
        self._check_parameters()
        return self._fit(X, y, sample_weight, incremental=False)

    def resume(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on with a training that was interrupted, to its end.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            As in the call of `fit` or `partial_fit` that was interrupted, as are the next two.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data are not those of the interrupted training, or `solver` or `early_stopping` was changed.
        NotFittedError
            If no training has begun.

        Warns
        -----
        UserWarning
            If the training had ended: nothing is done.
        ConvergenceWarning
            As `fit`.

        Notes
        -----
        The result has the same bits as that of a training that was never interrupted, wherever between two updates
        that was, on the same machine and for data in the same memory order. A `random_state` that is a generator is set
        back to where the interruption left it; with None the random numbers go on as well, but in a generator of their
        own. Other parameters than `solver` and `early_stopping` may be changed in between, such as `max_iter`; the
        update rule keeps its own.
        Fails when a second Ctrl-C, or an exception raised by a signal's handler, tore a step in two: such a training
        can be taken up by `fit` with `warm_start` or by `partial_fit` alone.
        Cost: as `fit`, and one pass over the data to compare them.
        """
        check_is_fitted(self)
        self._check_parameters()
        suspension = self._suspended
        if suspension is None:
            warn(UserWarning, "There is nothing to resume: the last training ended, or broke off within a step.")
            return self
        data = self._data(*self._checked_data(X, y, incremental=True, reset=False), sample_weight)
        suspension.require_same(self.solver, self.early_stopping, data)
        self._random_state = generator_in(suspension.generator)
        if isinstance(self.random_state, np.random.RandomState):
            self.random_state.set_state(suspension.generator)
            self._random_state = self.random_state
        parameters = suspension.arrays.get("parameters", pack(self.coefs_, self.intercepts_)).copy()
        layout = layout_of(self.coefs_)
        return self._train(layout, parameters, data, single_epoch=suspension.single_epoch, suspension=suspension)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        hidden_layer_sizes = self._hidden_layer_sizes()
        first_pass = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        data = self._data(*self._checked_data(X, y, incremental, first_pass), sample_weight)
        X, y, _ = data
        self._random_state = check_random_state(self.random_state)
        if first_pass:
            layout = Layout([X.shape[1], *hidden_layer_sizes, y.shape[1]])
            self.n_layers_ = len(layout.sizes)
            self.n_iter_ = self.t_ = 0
            self.out_activation_ = self._output_activation()
            parameters = glorot_uniform(layout, self.activation, self._random_state, X.dtype)
        else:
            layout = layout_of(self.coefs_)
            if y.shape[1] != layout.sizes[-1]:
                raise ValueError(
                    f"y has {y.shape[1]} outputs, but the network that is to be trained further has {layout.sizes[-1]}."
                )
            parameters = pack(self.coefs_, self.intercepts_)
            if self._single_precision:
                parameters = single(parameters)
        self.n_outputs_ = y.shape[1]
        self._suspended = None
        return self._train(layout, parameters, data, single_epoch=incremental, first_pass=first_pass)

    def _data(self, X: Any, y: Array, sample_weight: Any) -> Data:
        if sample_weight is not None:
            kind = np.float32 if getattr(sample_weight, "dtype", None) == np.float32 else np.float64
            sample_weight = check_sample_weight(sample_weight, X, dtype=kind, non_negative=False)
        if self._single_precision:
            X, y, sample_weight = (single(part) for part in (X, y, sample_weight))
        warn_of_overflow(X, y)
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        return X, y, sample_weight

    def _train(
        self,
        layout: Layout,
        parameters: Array,
        data: Data,
        *,
        single_epoch: bool,
        first_pass: bool = False,
        suspension: Suspension | None = None,
    ) -> Self:
        self.coefs_, self.intercepts_ = layout.split(parameters)
        dtype = parameters.dtype if suspension is None else np.dtype(suspension.dtype)
        start = self, self._network(layout, dtype), parameters, data, suspension
        if self.solver == "lbfgs":
            LBFGSFit(*start).run()
        else:
            StochasticFit(*start, single_epoch=single_epoch, first_pass=first_pass).run()
        return self

    def _hidden_layer_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        listed = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if not all(isinstance(size, Integral) and not isinstance(size, bool) for size in listed):
            raise ValueError(f"hidden_layer_sizes has to hold a whole number for each hidden layer, got {sizes!r}.")
        if any(size <= 0 for size in listed):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {listed}.")
        return listed

    @property
    def _single_precision(self) -> bool:
        # L-BFGS compares losses that single precision cannot tell apart
        return self.fast and self.solver != "lbfgs"

    def _network(self, layout: Layout, dtype: npt.DTypeLike = np.float64) -> Network:
        # no bits are promised with L-BFGS, so in double precision it need not pay for them; in single precision the
        # last bits soon decide about its steps
        fast = self.fast or (self.solver == "lbfgs" and dtype == np.float64)
        return perceptron(layout.sizes, self.activation, self.out_activation_, self.loss, self.alpha, fast=fast)

    def _loss_grad_lbfgs(
        self, parameters: Array, X: Any, y: Array, sample_weight: Array | None, *_: Any
    ) -> tuple[float, Array]:
        """Return loss and gradient at a parameter vector; scikit-learn's private name, its buffers are not needed."""
        network = self._network(layout_of(self.coefs_), parameters.dtype)
        return objective_of(network, X, y, sample_weight, parameters.dtype)(parameters)

    def _update_rule(self) -> UpdateRule:
        if self.solver == "adam":
            return Adam(self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon, fast=self.fast)
        schedules: dict[str, Schedule] = {
            "constant": Constant(),
            "invscaling": InverseScaling(self.power_t),
            "adaptive": Adaptive(),
        }
        schedule = schedules[self.learning_rate]
        return GradientDescent(self.learning_rate_init, self.momentum, self.nesterovs_momentum, schedule)

    def _forward(self, X: Any, *, check_input: bool = True) -> Array:
        if check_input:
            X = check_X(self, X, reset=False, accept_sparse=SPARSE_FORMATS)
        return forward(X, self.coefs_, self.intercepts_, self.activation, self.out_activation_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
