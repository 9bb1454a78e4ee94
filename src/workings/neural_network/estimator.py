"""What the two networks share: parameters, fitting, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np

from workings.base import (
    Constraint,
    Estimator,
    Interval,
    Options,
    check_random_state,
    check_sample_weight,
    check_X,
    is_sparse,
)
from workings.neural_network.initialisation import glorot_uniform
from workings.neural_network.parameters import Array, Layout, layout_of, pack
from workings.neural_network.progress import Progress
from workings.neural_network.propagation import Network, forward
from workings.neural_network.quasi_newton import minimise, objective_of
from workings.neural_network.splitting import shuffled_split, split_sizes, stratified_split
from workings.neural_network.training import Settings, train
from workings.optimize import Adam, Adaptive, Constant, GradientDescent, InverseScaling, Schedule, UpdateRule
from workings.recording import start_recording

# kept as they come, for scikit-learn's bits: a batch of CSC rows is summed in another order than one of CSR rows
SPARSE_FORMATS = ("csr", "csc")

# the fitted attribute that keeps each field of a training's progress
_PROGRESS = {
    "epochs": "n_iter_",
    "samples_seen": "t_",
    "loss": "loss_",
    "losses": "loss_curve_",
    "best_loss": "best_loss_",
    "scores": "validation_scores_",
    "best_score": "best_validation_score_",
    "without_improvement": "_no_improvement_count",
}


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

    coefs_: list[Array]
    intercepts_: list[Array]
    out_activation_: str

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

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        hidden_layer_sizes = self._hidden_layer_sizes()
        first_pass = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._checked_data(X, y, incremental, first_pass)
        if sample_weight is not None:
            kind = np.float32 if getattr(sample_weight, "dtype", None) == np.float32 else np.float64
            sample_weight = check_sample_weight(sample_weight, X, dtype=kind, non_negative=False)
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        self._random_state = check_random_state(self.random_state)
        if first_pass:
            sizes = [X.shape[1], *hidden_layer_sizes, y.shape[1]]
            self.n_layers_ = len(sizes)
            self.n_iter_ = self.t_ = 0
            self.out_activation_ = self._output_activation()
            layout = Layout(sizes)
            parameters = glorot_uniform(layout, self.activation, self._random_state, X.dtype)
        else:
            layout = layout_of(self.coefs_)
            parameters = pack(self.coefs_, self.intercepts_)
            if y.shape[1] != layout.sizes[-1]:
                raise ValueError(
                    f"y has {y.shape[1]} outputs, but the network that is to be trained further has {layout.sizes[-1]}."
                )
        self.n_outputs_ = y.shape[1]
        self.coefs_, self.intercepts_ = layout.split(parameters)
        network = self._network(layout)
        network.bind(parameters)
        if self.solver == "lbfgs":
            parameters = self._fit_lbfgs(network, parameters, X, y, sample_weight)
        else:
            parameters = self._fit_stochastic(network, parameters, (X, y, sample_weight), incremental, first_pass)
        self.coefs_, self.intercepts_ = layout.split(parameters)
        if not np.isfinite(parameters).all():
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to "
                "be preprocessed."
            )
        return self

    def _hidden_layer_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        listed = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if any(size <= 0 for size in listed):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {listed}.")
        return listed

    def _network(self, layout: Layout) -> Network:
        return Network(layout, self.activation, self.out_activation_, self.loss, self.alpha)

    def _fit_lbfgs(self, network: Network, parameters: Array, X: Any, y: Array, sample_weight: Array | None) -> Array:
        objective = objective_of(network, X, y, sample_weight, parameters.dtype)
        minimum = minimise(objective, parameters, self.tol, self.max_iter, self.max_fun, start_recording(self))
        self.n_iter_ = minimum.n_iterations
        self.loss_ = minimum.value
        return minimum.x

    def _loss_grad_lbfgs(
        self, parameters: Array, X: Any, y: Array, sample_weight: Array | None, *_: Any
    ) -> tuple[float, Array]:
        """Return loss and gradient at a parameter vector; scikit-learn's private name, its buffers are not needed."""
        network = self._network(layout_of(self.coefs_))
        return objective_of(network, X, y, sample_weight, parameters.dtype)(parameters)

    def _fit_stochastic(
        self,
        network: Network,
        parameters: Array,
        data: tuple[Any, Array, Array | None],
        incremental: bool,
        first_pass: bool,
    ) -> Array:
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer = self._update_rule()
        progress = Progress(self.early_stopping)
        if not first_pass:
            for field, attribute in _PROGRESS.items():
                setattr(progress, field, getattr(self, attribute, getattr(progress, field)))
        validation_score = None
        if self.early_stopping:
            data, held_out = self._hold_out(*data)
            validation_score = self._scorer(*held_out)
        result = train(
            network,
            parameters,
            data,
            self._optimizer,
            Settings(
                batch_size=self.batch_size,
                max_iter=self.max_iter,
                shuffle=self.shuffle,
                tol=self.tol,
                n_iter_no_change=self.n_iter_no_change,
                verbose=self.verbose,
                single_epoch=incremental,
            ),
            progress,
            self._random_state,
            validation_score,
            # scikit-learn's rule: a first training falls back to the initial parameters, a continued one to the last
            best=parameters.copy() if first_pass and self.early_stopping else parameters,
            recorder=start_recording(self),
        )
        for field, attribute in _PROGRESS.items():
            setattr(self, attribute, getattr(progress, field))
        return result

    def _update_rule(self) -> UpdateRule:
        if self.solver == "adam":
            return Adam(self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon)
        schedules: dict[str, Schedule] = {
            "constant": Constant(),
            "invscaling": InverseScaling(self.power_t),
            "adaptive": Adaptive(),
        }
        return GradientDescent(
            self.learning_rate_init, self.momentum, self.nesterovs_momentum, schedules[self.learning_rate]
        )

    def _hold_out(
        self, X: Any, y: Array, sample_weight: Array | None
    ) -> tuple[tuple[Any, Array, Array | None], tuple[Any, Array, Array | None]]:
        X = X.tocsr() if is_sparse(X) else X  # as scikit-learn splits: from here on its batches are CSR rows
        n_train, n_validation = split_sizes(X.shape[0], self.validation_fraction)
        strata = self._strata(y)
        if strata is None:
            parts = shuffled_split(n_train, n_validation, self._random_state)
        else:
            parts = stratified_split(strata, n_train, n_validation, self._random_state)
        if n_validation < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        training, held_out = (
            (X[rows], y[rows], None if sample_weight is None else sample_weight[rows]) for rows in parts
        )
        return training, held_out

    def _forward(self, X: Any, *, check_input: bool = True) -> Array:
        if check_input:
            X = check_X(self, X, reset=False, accept_sparse=SPARSE_FORMATS)
        return forward(X, self.coefs_, self.intercepts_, self.activation, self.out_activation_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
