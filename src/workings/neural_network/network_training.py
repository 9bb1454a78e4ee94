"""Training of a network that was built by hand."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from workings.base import check_random_state, warn
from workings.neural_network.checks import check_data
from workings.neural_network.magnitude import warn_of_overflow
from workings.neural_network.network import Network
from workings.neural_network.progress import Progress
from workings.neural_network.training import Settings, Training
from workings.optimize import Adam, UpdateRule
from workings.recording import start_recording


@dataclass(frozen=True)
class TrainingResult:
    """How a training went.

    Parameters
    ----------
    losses : tuple of float
        By epoch: the mean of the batches' losses before each step, with penalty and dropout.
    validation_losses : tuple of float
        By epoch: the loss of the validation data after it, without either; empty without such data.
    reason : str
        Why the training ended.
    """

    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    reason: str

    @property
    def n_epochs(self) -> int:
        """Number of epochs done."""
        return len(self.losses)


def train(
    network: Network,
    X: Any,
    y: Any,
    *,
    rule: UpdateRule | None = None,
    n_epochs: int = 200,
    batch_size: int | None = None,
    sample_weight: Any = None,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    tol: float = 1e-4,
    random_state: Any = None,
) -> TrainingResult:
    """Train a network in epochs of shuffled mini-batches.

    Parameters
    ----------
    network : Network
        Initialised; its parameters are changed in place.
    X : array-like or sparse matrix of shape (n_samples, n_inputs)
        Best with columns of mean 0 and variance 1.
    y : array-like of shape (n_samples, n_outputs) or (n_samples,)
        Numbers for ``"squared_error"``, ``"huber"`` and ``"poisson"``; for ``"binary_log_loss"`` 0 and 1; for
        ``"log_loss"`` a single 1 a row, or the numbers of the classes from 0 on. Of one dimension for a single output.
    rule : UpdateRule, optional
        `Adam` with its defaults unless given. One that has been used goes on with its moments, and begins its schedule
        anew.
    n_epochs : int, default=200
        Most passes over the rows.
    batch_size : int, optional
        Rows a step; 200, or all if they are fewer.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows in the loss and its gradient.
    validation : tuple of (X, y), optional
        Data whose loss is computed after each epoch. The network is left with the parameters of the epoch where it was
        lowest.
    patience : int, optional
        End, or let the schedule lower the rate, when the loss (of the validation data if there are any) has not fallen
        for more than so many epochs in a row. Without it all epochs are done.
    tol : float, default=1e-4
        The smallest fall that counts.
    random_state : int, RandomState or None
        Shuffles the rows and draws what is dropped.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If the network has no parameters yet, the data do not fit it or its loss, a parameter makes no sense, or weights
        become infinite or NaN: the network is then left with those of the epoch before.
    ZeroDivisionError
        If the weights of a mini-batch sum to zero.

    Warns
    -----
    ConvergenceWarning
        If `patience` is given and all epochs were done before it ended.
    UserWarning
        If squares of the data overflow; if `batch_size` exceeds the number of rows; if a loss is infinite or NaN; if no
        validation loss was finite; or on Ctrl-C, which ends the training after the batch at hand and keeps its result.

    Notes
    -----
    The loop is that of `MLPClassifier` and `MLPRegressor`: the same network, parameters, rule and order of rows give
    their bits. `workings.record` tapes it. The squared error of q outputs is reported as a mean over them, whereas its
    gradient is that of their sum.
    Fails when the rate is too large, so that the loss oscillates or grows, or too small for `n_epochs`: plot `losses`.
    With dropout they are noisy, and `patience` is better counted on validation data.
    Cost: 6 n p flops an epoch for n rows and p weights, and that of the rule for each batch.

    Examples
    --------
    Two moons, told apart by a network with dropout, AdamW, a cosine schedule and clipped gradients:

    >>> import numpy as np
    >>> from workings.neural_network import Dense, Dropout, Network, train
    >>> from workings.optimize import AdamW, ClipByNorm, CosineAnnealing
    >>> angle = np.linspace(0, np.pi, 100)
    >>> upper, lower = np.c_[np.cos(angle), np.sin(angle)], np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)]
    >>> X, y = np.vstack([upper, lower]), np.repeat([0, 1], 100)
    >>> layers = [Dense(2, 32, "gelu"), Dropout(32, 0.1), Dense(32, 2, "softmax")]
    >>> network = Network(layers, loss="log_loss").initialise(random_state=0)
    >>> rule = ClipByNorm(AdamW(0.02, schedule=CosineAnnealing(100)), largest=1.0)
    >>> result = train(network, X, y, rule=rule, n_epochs=100, batch_size=20, random_state=0)
    >>> result.reason
    'All 100 epochs are done.'
    >>> float(np.mean(network.output(X).argmax(axis=1) == y))
    1.0
    """
    _check_parameters(network, rule, n_epochs, batch_size, patience, tol)
    data = check_data(network, X, y, sample_weight)
    held_out = None if validation is None else check_data(network, *_pair(validation))
    warn_of_overflow(*data[:2])
    rule = Adam() if rule is None else rule
    rule.after_epoch(0, 0)
    progress = Progress(early_stopping=held_out is not None)
    training = Training(
        network,
        network.parameters,
        data,
        rule,
        Settings(
            batch_size="auto" if batch_size is None else batch_size,
            max_iter=n_epochs,
            shuffle=True,
            tol=tol,
            n_iter_no_change=np.inf if patience is None else patience,
            verbose=False,
            single_epoch=False,
            at_limit=(
                None
                if patience is None
                else f"All {n_epochs} epochs are done and the loss was still falling: raise n_epochs."
            ),
        ),
        progress,
        check_random_state(random_state),
        # the higher a score the better
        validation_score=None if held_out is None else lambda: -network.loss_at(*held_out),
        best=network.parameters.copy(),
        recorder=start_recording(network),
    )
    try:
        training.run()
    finally:
        np.copyto(network.parameters, training.result)
    validation_losses = tuple(-score for score in progress.scores or ())
    if validation_losses and not np.isfinite(validation_losses).any():
        warn(
            UserWarning,
            "The validation loss was infinite or NaN after each epoch, so that the network is left with the parameters "
            "that it had before. Scale the validation data as X is scaled.",
        )
    return TrainingResult(
        losses=tuple(float(loss) for loss in progress.losses),
        validation_losses=validation_losses,
        reason=_reason(progress, n_epochs, patience, tol),
    )


def _reason(progress: Progress, n_epochs: int, patience: int | None, tol: float) -> str:
    if patience is not None and progress.without_improvement > patience:
        watched = "loss" if progress.scores is None else "validation loss"
        return f"The {watched} has not fallen by {tol:g} for {progress.without_improvement} epochs in a row."
    if progress.epochs < n_epochs:
        return f"Interrupted by the user in epoch {progress.epochs + 1}."
    return f"All {n_epochs} epochs are done."


def _check_parameters(
    network: object, rule: object, n_epochs: int, batch_size: int | None, patience: int | None, tol: float
) -> None:
    if not isinstance(network, Network):
        raise TypeError(f"train trains a Network; got {type(network).__name__}, which may have a method fit.")
    if not (rule is None or isinstance(rule, UpdateRule)):
        raise TypeError(f"rule has to be an update rule, such as Adam(0.001); got {rule!r}.")
    for name, value in (("n_epochs", n_epochs), ("batch_size", batch_size), ("patience", patience)):
        if value is not None and not (isinstance(value, Integral) and value >= 1):
            raise ValueError(f"{name} has to be a whole number of at least 1; got {value!r}.")
    if not tol >= 0:
        raise ValueError(f"tol has to be at least 0; got {tol!r}.")


def _pair(validation: Any) -> tuple[Any, Any]:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise ValueError("validation has to be a pair of data, (X, y).")
    X, y = validation
    return X, y
