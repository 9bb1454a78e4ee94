"""What the two networks share: parameters, fitting, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np

from workings.base import (
    Constraint,
    Estimator,
    Interval,
    Options,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    check_X,
    is_sparse,
    warn,
)
from workings.neural_network.initialisation import glorot_uniform
from workings.neural_network.interruption import interruptible
from workings.neural_network.magnitude import single, warn_of_overflow
from workings.neural_network.network import Network, perceptron
from workings.neural_network.parameters import Array, Layout, layout_of, pack
from workings.neural_network.prediction import forward
from workings.neural_network.progress import Progress
from workings.neural_network.quasi_newton import minimise, objective_of
from workings.neural_network.splitting import Indices, shuffled_split, split_sizes, stratified_split
from workings.neural_network.suspension import Data, Suspension, current_checkpoint, fingerprint, generator_in
from workings.neural_network.training import Settings, Training
from workings.optimize import (
    Adam,
    Adaptive,
    Constant,
    GradientDescent,
    InverseScaling,
    LBFGSState,
    Schedule,
    UpdateRule,
)
from workings.recording import start_recording

# kept as they come, for scikit-learn's bits: a batch of CSC rows is summed in another order than one of CSR rows
SPARSE_FORMATS = ("csr", "csc")

# which rows of the data are trained on and set aside, under early stopping
_ROWS = ("training_rows", "validation_rows")

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
        return self._train(parameters, data, suspension.single_epoch, first_pass=False, suspension=suspension)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        hidden_layer_sizes = self._hidden_layer_sizes()
        first_pass = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y, sample_weight = self._data(*self._checked_data(X, y, incremental, first_pass), sample_weight)
        self._random_state = check_random_state(self.random_state)
        if first_pass:
            sizes = [X.shape[1], *hidden_layer_sizes, y.shape[1]]
            self.n_layers_ = len(sizes)
            self.n_iter_ = self.t_ = 0
            self.out_activation_ = self._output_activation()
            layout = Layout(sizes)
            parameters = glorot_uniform(layout, self.activation, self._random_state, X.dtype)
            self.coefs_, self.intercepts_ = layout.split(parameters)
        else:
            parameters = pack(self.coefs_, self.intercepts_)
            if self._single_precision:
                parameters = single(parameters)
            n_outputs = layout_of(self.coefs_).sizes[-1]
            if y.shape[1] != n_outputs:
                raise ValueError(
                    f"y has {y.shape[1]} outputs, but the network that is to be trained further has {n_outputs}."
                )
        self.n_outputs_ = y.shape[1]
        self._suspended = None
        return self._train(parameters, (X, y, sample_weight), incremental, first_pass)

    def _data(self, X: Any, y: Array, sample_weight: Any) -> Data:
        if sample_weight is not None:
            kind = np.float32 if getattr(sample_weight, "dtype", None) == np.float32 else np.float64
            sample_weight = check_sample_weight(sample_weight, X, dtype=kind, non_negative=False)
        warn_of_overflow(X, y)
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        if self._single_precision:
            X, y, sample_weight = (single(part) for part in (X, y, sample_weight))
        return X, y, sample_weight

    def _train(
        self, parameters: Array, data: Data, incremental: bool, first_pass: bool, suspension: Suspension | None = None
    ) -> Self:
        checkpoint = current_checkpoint()
        layout = layout_of(self.coefs_)
        network = self._network(layout)
        network.bind(parameters)
        self._in_training = True
        try:
            if self.solver == "lbfgs":
                self._suspended = None
                ended = self._fit_lbfgs(network, parameters, data, suspension)
            else:
                self.coefs_, self.intercepts_ = layout.split(parameters)
                ended = self._fit_stochastic(network, parameters, data, incremental, first_pass, suspension)
            if not all(np.isfinite(part).all() for part in (*self.coefs_, *self.intercepts_)):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain large values and need to "
                    "be preprocessed."
                )
        except BaseException as error:
            if checkpoint is not None and self._suspended is not None:
                try:
                    checkpoint.write(self)
                except Exception as failure:
                    error.add_note(f"The checkpoint could not be written: {failure}")
            raise
        finally:
            del self._in_training
        if checkpoint is not None and (ended or self._suspended is not None):
            checkpoint.write(self)
        return self

    def _hidden_layer_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        listed = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if any(size <= 0 for size in listed):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {listed}.")
        return listed

    @property
    def _single_precision(self) -> bool:
        # L-BFGS compares losses that single precision cannot tell apart
        return self.fast and self.solver != "lbfgs"

    def _network(self, layout: Layout) -> Network:
        # no bits are promised with L-BFGS, so it need not pay for them
        fast = self.fast or self.solver == "lbfgs"
        return perceptron(layout.sizes, self.activation, self.out_activation_, self.loss, self.alpha, fast=fast)

    def _fit_lbfgs(self, network: Network, parameters: Array, data: Data, suspension: Suspension | None) -> bool:
        """Minimise the loss, and say whether that came to its end."""
        dtype = parameters.dtype if suspension is None else np.dtype(suspension.dtype)
        checkpoint = current_checkpoint()
        layout = network.layout
        digest = cache(lambda: fingerprint(*data))
        state = None
        if suspension is not None and suspension.arrays:
            state = LBFGSState.from_arrays(suspension.arrays)

        def take() -> None:
            self.n_iter_ = 0 if state is None else state.n_iterations
            self.loss_ = np.nan if state is None else state.value
            self.coefs_, self.intercepts_ = layout.split(parameters if state is None else state.x)

        def suspended() -> Suspension:
            arrays = {} if state is None else state.arrays()
            return self._suspension(arrays, digest(), dtype, single_epoch=False)

        def keep(latest: LBFGSState) -> None:
            nonlocal state
            state = latest
            if checkpoint is not None and state.n_iterations % checkpoint.every == 0:
                take()
                self._suspended = suspended()
                checkpoint.write(self)
            interruption.check()

        def standing() -> str:
            return (
                f"L-BFGS has done {0 if state is None else state.n_iterations} iterations; the network keeps what it "
                "has learnt, can predict, and can be trained further."
            )

        ended = False
        try:
            with interruptible(standing) as interruption:
                state = minimise(
                    objective_of(network, *data, dtype),
                    parameters if state is None else state,
                    self.tol,
                    self.max_iter,
                    self.max_fun,
                    start_recording(self),
                    keep,
                ).state
                ended = True
        finally:
            take()
            self._suspended = None if ended else suspended()
        return ended

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
        data: Data,
        incremental: bool,
        first_pass: bool,
        suspension: Suspension | None,
    ) -> bool:
        """Train in epochs, and say whether that came to its end."""
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if suspension is None and (not incremental or not hasattr(self, "_optimizer")):
            self._optimizer = self._update_rule()
        progress = Progress(self.early_stopping)
        if not first_pass:
            for field, attribute in _PROGRESS.items():
                setattr(progress, field, getattr(self, attribute, getattr(progress, field)))
        rows: dict[str, Array] = {}
        training_data, validation_score = data, None
        if self.early_stopping:
            if suspension is None:
                rows = self._held_out_rows(data)
            else:
                rows = {name: suspension.arrays[name] for name in _ROWS}
            training_data, held_out = (_take(data, part) for part in rows.values())
            validation_score = self._scorer(*held_out)
        checkpoint = current_checkpoint()
        digest = cache(lambda: fingerprint(*data))

        def take() -> None:
            for field, attribute in _PROGRESS.items():
                setattr(self, attribute, getattr(progress, field))
            self.coefs_, self.intercepts_ = network.layout.split(training.result)

        def suspended() -> Suspension | None:
            arrays = training.state()
            if arrays is None:
                return None
            return self._suspension(arrays | rows, digest(), parameters.dtype, single_epoch=incremental)

        def write_checkpoint() -> None:
            if checkpoint is not None and progress.epochs % checkpoint.every == 0:
                take()
                self._suspended = suspended()
                checkpoint.write(self)
                self._suspended = None
                # validation scores are those of the present parameters
                self.coefs_, self.intercepts_ = network.layout.split(parameters)

        training = Training(
            network,
            parameters,
            training_data,
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
            after_epoch=None if checkpoint is None else write_checkpoint,
        )
        if suspension is not None:
            training.restore(suspension.arrays)
        self._suspended = None
        try:
            training.run()
        finally:
            take()
            self._suspended = suspended()
        return training.ended

    def _suspension(
        self, arrays: Mapping[str, Array], digest: str, dtype: np.dtype[Any], *, single_epoch: bool
    ) -> Suspension:
        return Suspension(
            self.solver,
            self.early_stopping,
            single_epoch,
            digest,
            dict(self._random_state.get_state(legacy=False)),
            dtype.str,
            arrays,
        )

    def _update_rule(self) -> UpdateRule:
        if self.solver == "adam":
            return Adam(self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon, fast=self.fast)
        schedules: dict[str, Schedule] = {
            "constant": Constant(),
            "invscaling": InverseScaling(self.power_t),
            "adaptive": Adaptive(),
        }
        return GradientDescent(
            self.learning_rate_init, self.momentum, self.nesterovs_momentum, schedules[self.learning_rate]
        )

    def _held_out_rows(self, data: Data) -> dict[str, Indices]:
        """Draw which rows to train on and which to set aside."""
        X, y, _ = data
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
        return dict(zip(_ROWS, parts, strict=True))

    def _forward(self, X: Any, *, check_input: bool = True) -> Array:
        if check_input:
            X = check_X(self, X, reset=False, accept_sparse=SPARSE_FORMATS)
        return forward(X, self.coefs_, self.intercepts_, self.activation, self.out_activation_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _take(data: Data, rows: Array) -> Data:
    X, y, sample_weight = data
    X = X.tocsr() if is_sparse(X) else X  # as scikit-learn splits: from here on its batches are CSR rows
    return X[rows], y[rows], None if sample_weight is None else sample_weight[rows]
