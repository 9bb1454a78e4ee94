"""Training in epochs of shuffled mini-batches."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.base import ConvergenceWarning, warn
from workings.neural_network.batches import Batches
from workings.neural_network.descent import Descent
from workings.neural_network.parameters import Array
from workings.neural_network.progress import Progress
from workings.neural_network.propagation import Network
from workings.optimize import UpdateRule
from workings.recording import Recorder


@dataclass(frozen=True)
class Settings:
    """The estimator's parameters that steer a training; one epoch and no more if `single_epoch`."""

    batch_size: int | str
    max_iter: int
    shuffle: bool
    tol: float
    n_iter_no_change: float
    verbose: bool | int
    single_epoch: bool


def train(
    network: Network,
    parameters: Array,
    data: tuple[Any, Array, Array | None],
    rule: UpdateRule,
    settings: Settings,
    progress: Progress,
    rng: np.random.RandomState,
    validation_score: Callable[[], float] | None = None,
    best: Array | None = None,
    recorder: Recorder | None = None,
) -> Array:
    """Train a network, epoch by epoch, until it stops improving.

    Parameters
    ----------
    network : Network
        Bound to `parameters`.
    parameters : ndarray
        Changed in place.
    data : tuple
        X (ndarray, CSR or CSC matrix), y of shape (n_samples, n_outputs), and the rows' weights or None.
    rule : UpdateRule
    settings : Settings
    progress : Progress
        Brought up to date.
    rng : RandomState
        Shuffles the rows.
    validation_score : callable, optional
        Scores the network as it stands; given under early stopping.
    best : ndarray, optional
        Parameters to return under early stopping if no score is better than those before this call; may be
        `parameters` itself, which then means the last ones.
    recorder : Recorder, optional

    Returns
    -------
    ndarray
        `parameters`, or under early stopping those with the best score.

    Warns
    -----
    ConvergenceWarning
        If the last allowed epoch was reached.
    UserWarning
        If `batch_size` exceeds the number of rows, or on Ctrl-C, which ends the training and keeps its result.
    """
    X, y, sample_weight = data
    batch_size = _batch_size(settings.batch_size, X.shape[0])
    gradient = network.room_for_gradient(X, y, sample_weight)
    rule.allocate(gradient.blocks_of(parameters), gradient.blocks)
    batches = Batches(X, y, sample_weight, batch_size, rng if settings.shuffle else None)
    descent = Descent(network, parameters, gradient, rule, recorder)
    watched = "Training loss" if validation_score is None else "Validation score"
    kept = parameters if best is None else best
    progress.epochs = 0
    try:
        for _ in range(settings.max_iter):
            loss = descent.epoch(batches, progress.epochs + 1)
            _finish_epoch(progress, loss, X.shape[0], settings)
            if validation_score is None:
                progress.take_loss(loss, settings.tol)
            else:
                score = validation_score()
                if settings.verbose:
                    print(f"Validation score: {score:f}")
                if progress.take_score(score, settings.tol):
                    kept = parameters.copy()
            rule.after_epoch(progress.samples_seen)
            if recorder is not None:
                recorder.write(
                    "epoch",
                    epoch=progress.epochs,
                    loss=float(loss),
                    validation_score=np.nan if validation_score is None else score,
                    learning_rate=float(rule.learning_rate),
                )
            if _ends(rule, progress, settings, watched) or settings.single_epoch:
                break
            if progress.epochs == settings.max_iter:
                warn(
                    ConvergenceWarning,
                    f"Stochastic Optimizer: Maximum iterations ({settings.max_iter}) reached and the optimization "
                    "hasn't converged yet.",
                )
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
    return parameters if validation_score is None else kept


def _batch_size(asked: int | str, n_samples: int) -> int:
    if isinstance(asked, str):
        return min(200, n_samples)
    if asked > n_samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=3
        )
    # a NumPy integer, with which single-precision losses are added up in double precision
    size: np.int64 = np.clip(np.int64(asked), 1, n_samples)
    return size  # type: ignore[return-value]


def _finish_epoch(progress: Progress, loss: float, n_samples: int, settings: Settings) -> None:
    progress.epochs += 1
    progress.samples_seen += n_samples
    progress.loss = loss
    progress.losses.append(loss)
    if settings.verbose:
        print(f"Iteration {progress.epochs}, loss = {loss:.8f}")


def _ends(rule: UpdateRule, progress: Progress, settings: Settings, watched: str) -> bool:
    if not progress.without_improvement > settings.n_iter_no_change:
        return False
    response = rule.on_plateau()
    if settings.verbose:
        print(
            f"{watched} did not improve more than tol={settings.tol:f} for {settings.n_iter_no_change} consecutive "
            f"epochs. {response.remark}"
        )
    if not response.stop:
        progress.without_improvement = 0
    return response.stop
