"""The network as a regressor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from workings.base import Constraint, Options, Regressor, check_is_fitted, check_X_y, column_or_1d, r2_score
from workings.neural_network.estimator import SPARSE_FORMATS, MultilayerPerceptron
from workings.neural_network.parameters import Array


class MLPRegressor(Regressor, MultilayerPerceptron):
    """A multilayer perceptron that minimises the squared error or the Poisson deviance.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half the squared error; or half the Poisson deviance, for y >= 0, with an exponential as output.
    hidden_layer_sizes : array-like of int, or int, default=(100,)
        Units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Of the hidden layers.
    solver : {"lbfgs", "sgd", "adam"}, default="adam"
        L-BFGS on all rows, or descent on mini-batches with momentum or by Adam.
    alpha : float, default=0.0001
        Weight of the L2 penalty ``alpha/2 Σ W² / n_samples``; biases are not penalised.
    batch_size : int or "auto", default="auto"
        Rows of a mini-batch; "auto" is ``min(200, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For "sgd": constant; ``learning_rate_init / (samples_seen + 1) ** power_t``; or divided by 5 whenever the
        training stops improving.
    learning_rate_init : float, default=0.001
        First learning rate of "sgd" and "adam".
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Most epochs, or L-BFGS iterations.
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    random_state : int, RandomState or None, default=None
        Draws the initial parameters, the validation rows and the orders.
    tol : float, default=1e-4
        Smallest improvement of loss or validation score that counts; for "lbfgs" the largest component of the
        gradient at which to stop.
    verbose : bool, default=False
        Print the loss of each epoch.
    warm_start : bool, default=False
        Let `fit` go on from the parameters of the last call.
    momentum : float, default=0.9
        Of "sgd", in [0, 1].
    nesterovs_momentum : bool, default=True
        Nesterov's form of it.
    early_stopping : bool, default=False
        Set rows aside, stop when their score no longer improves, and keep the best epoch's parameters.
    validation_fraction : float, default=0.1
        Share of the rows to set aside.
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay of Adam's moments, in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.
    n_iter_no_change : int or inf, default=10
        Epochs in a row without improvement that are still allowed.
    max_fun : int, default=15000
        Most evaluations for "lbfgs".
    fast : bool, default=False
        Train in single precision ("lbfgs" keeps that of X), and without what only scikit-learn's last bits ask for.
        `coefs_` are then float32. Losses and predictions differ from the fourth to the seventh digit on scaled data;
        deep networks and long trainings magnify differences until no digit is the same.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Weights of shape (units below, units above) and biases, by layer.
    loss_ : float
        Last loss, penalty included.
    loss_curve_ : list of float
        Loss of each epoch ("sgd" and "adam", as the next three).
    best_loss_ : float or None
        Smallest loss; None under early stopping.
    validation_scores_ : list of float or None
        R² of the rows set aside, by epoch; None without early stopping.
    best_validation_score_ : float or None
    n_iter_ : int
        Epochs or L-BFGS iterations of the last call.
    t_ : int
        Rows seen, repetitions included.
    n_layers_, n_outputs_ : int
        Layers including input and output; units of the output layer.
    out_activation_ : str
        "identity", or "exp" for the Poisson loss.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if X had names that are all strings.

    Notes
    -----
    The same `random_state` gives the same bits as scikit-learn 1.9 on the same machine: parameters, loss curve,
    scores and predictions in double precision with "sgd" and "adam". With "lbfgs" the iterations agree until
    rounding takes over.
    Fails when the columns of X differ much in scale, so that one learning rate fits none: standardise them first. A
    training that diverges to infinity ends in a ValueError.
    Ctrl-C, or an exception in a callback of `workings.record`, ends the training after the batch at hand; what was
    learnt is kept, and `resume` goes on from there, also after `save` and `load`.
    Cost: 6 n p flops an epoch for n rows and p weights; memory 7 p numbers with Adam, 6 p with momentum, 2 p more with
    early stopping, 20 p with L-BFGS, beside a few arrays of a batch's rows by a layer's units.

    Source: Rumelhart, Hinton and Williams, Nature 323 (1986), for the gradient; Kingma and Ba, ICLR 2015, for Adam;
    Glorot and Bengio, AISTATS 2010, for the initial parameters; see `workings.optimize` for the solvers.
    The reported squared error is a mean over the outputs as well, while the gradient is that of their sum, as in
    scikit-learn: with q outputs the steps are q times those of the reported loss.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1.0, 1.0, 41).reshape(-1, 1)
    >>> network = MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=0)
    >>> round(network.fit(X, X.ravel() ** 2).score(X, X.ravel() ** 2), 2)
    1.0
    """

    _constraints: ClassVar[Mapping[str, Sequence[Constraint]]] = {
        **MultilayerPerceptron._constraints,
        "loss": [Options({"squared_error", "poisson"})],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        fast: bool = False,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.fast = fast

    def _checked_data(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:  # noqa: ARG002  (as in the classifier)
        X, y = check_X_y(self, X, y, reset=reset, accept_sparse=SPARSE_FORMATS, multi_output=True, y_numeric=True)
        if y.dtype.kind in "SU":
            raise ValueError(f"y holds text ({y.dtype}), not numbers; y.astype(float) turns one into the other.")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn_about_column=True)
        if self.loss == "poisson" and np.any(y < 0):
            raise ValueError("Some value(s) of y are out of the valid range of the loss 'poisson': y has to be >= 0.")
        return X, y

    def _output_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _strata(self, y: Array) -> Array | None:  # noqa: ARG002  (as in the classifier)
        return None

    def _scorer(self, X: Any, y: Array, sample_weight: Array | None) -> Callable[[], float]:
        def score() -> float:
            prediction = self._predict(X, check_input=False)
            # a diverging network has no score; its training goes on until the epochs without improvement run out
            return r2_score(y, prediction, sample_weight) if np.isfinite(prediction).all() else np.nan

        return score

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network for one epoch.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`; under early stopping.

        Notes
        -----
        The optimiser's moments, `t_` and the counters go on from the last call, the random numbers begin anew.
        """
        self._check_parameters()
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """Return the predicted values.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        check_is_fitted(self)
        return self._predict(X)

    def _predict(self, X: Any, *, check_input: bool = True) -> Array:
        prediction = self._forward(X, check_input=check_input)
        return prediction.ravel() if prediction.shape[1] == 1 else prediction
