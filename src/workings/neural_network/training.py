"""Training in epochs of shuffled mini-batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.base import ConvergenceWarning, warn
from workings.neural_network.batches import Batches, rows_of_batch
from workings.neural_network.divergence import Divergence, is_finite
from workings.neural_network.interruption import Interruption, interruptible
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array
from workings.neural_network.progress import Progress
from workings.neural_network.training_record import TrainingRecord
from workings.optimize import UpdateRule
from workings.recording import Recorder

# as the number of samples of an epoch: something is under way that cannot be gone on with from its middle
_UNDER_WAY = -1


@dataclass(frozen=True)
class Settings:
    """What steers a training.

    It is one epoch and no more if `single_epoch`. `at_limit` is the warning after the last allowed epoch, if any.
    """

    batch_size: int | str
    max_iter: int
    shuffle: bool
    tol: float
    n_iter_no_change: float
    verbose: bool | int
    single_epoch: bool
    at_limit: str | None


class Training:
    """Trains a network, epoch by epoch, until it stops improving.

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
    after_epoch : callable, optional
        Called after each epoch but the last one.

    Attributes
    ----------
    batches : Batches
        Knows how far the epoch has come.
    best : ndarray
        Parameters with the best validation score, under early stopping.
    loss_sum, n_samples : float, int
        Of the batches of the present epoch.
    ended : bool
        Whether the last epoch is finished.

    Notes
    -----
    Between two batches this object, the rule, the progress and the generator hold all that the rest of the training
    depends on. A training that is interrupted there and gone on with, by `state` and `restore`, takes the same steps as
    one that was not.
    """

    def __init__(
        self,
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
        after_epoch: Callable[[], None] | None = None,
    ) -> None:
        X, y, sample_weight = data
        self.network, self.parameters, self.rule = network, parameters, rule
        self.settings, self.progress, self.rng = settings, progress, rng
        self._validation_score = validation_score
        self.best = parameters if best is None else best
        self._after_epoch = after_epoch
        if not isinstance(settings.batch_size, str) and settings.batch_size > X.shape[0]:
            warn(UserWarning, "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
        batch_size = rows_of_batch(settings.batch_size, X.shape[0])
        self.batches = Batches(X, y, sample_weight, batch_size, rng if settings.shuffle else None)
        self._gradient = network.room_for_gradient(X, y, sample_weight)
        self._blocks = self._gradient.blocks_of(parameters)
        self._record = None if recorder is None else TrainingRecord(recorder, network, X, self._gradient, rule)
        rule.allocate(self._blocks, self._gradient.blocks, network.layout.n_weights)
        self._divergence = Divergence(network, parameters, rule)
        self.loss_sum: Any = 0.0
        self.n_samples: Any = 0
        self.ended = False
        self._between_epochs = True
        progress.epochs = 0

    def run(self) -> Array:
        """Train to the end.

        Returns
        -------
        ndarray
            `parameters`, or under early stopping those with the best score.

        Raises
        ------
        ValueError
            If parameters become infinite or NaN; those at the end of the epoch before are put back.

        Warns
        -----
        ConvergenceWarning
            If the last allowed epoch was reached.
        UserWarning
            If `batch_size` exceeds the number of rows; if a loss is infinite or NaN; or on Ctrl-C, which ends the
            training after the batch at hand and keeps its result.
        """
        with interruptible(self._interrupted) as interruption:
            while not self.ended:
                self._epoch(interruption)
        return self.result

    @property
    def result(self) -> Array:
        """`parameters`, or under early stopping those with the best score."""
        return self.parameters if self._validation_score is None else self.best

    def standing(self) -> str:
        """Return a sentence on how far the training has come."""
        within_epoch = not self._between_epochs and self.n_samples != _UNDER_WAY
        batch = math.ceil(self.batches.start / self.batches.size) if within_epoch else 0
        within = f" and {batch} batches of the next one" if batch else ""
        return (
            f"The network has been trained for {self.progress.epochs} epochs{within}; it keeps what it has learnt, can "
            "predict, and can be trained further."
        )

    def state(self) -> dict[str, Array] | None:
        """Return what an interrupted training needs to go on, beside the rule's, the progress's and the generator's.

        Returns
        -------
        dict of str to ndarray, or None
            Copies; numbers and sentences as arrays without axes. None if the training has ended, or was not interrupted
            between two batches.

            =====================  =====================================================================================
            ``order``              of the rows in the present epoch
            ``start``              how many of them are done
            ``between_epochs``     whether the next epoch has yet to draw its order
            ``epochs``             that are finished
            ``loss_sum``           of the batches of the present epoch
            ``beginning, warned``  of `Divergence`
            ``finite``             parameters at the end of the last epoch, unless they are the present ones
            ``parameters``         present ones, under early stopping
            ``best``               those with the best score, under early stopping, unless they are always the last ones
            =====================  =====================================================================================
        """
        if self.ended or not (self._between_epochs or self.n_samples == self.batches.start):
            return None
        arrays = {
            "order": self.batches.order.copy(),
            "start": np.array(0 if self._between_epochs else self.batches.start),
            "between_epochs": np.array(self._between_epochs),
            "epochs": np.array(self.progress.epochs),
            "loss_sum": np.array(self.loss_sum),
            "beginning": np.array(self._divergence.beginning),
            "warned": np.array(self._divergence.warned),
        }
        if not np.array_equal(self._divergence.finite, self.parameters):
            arrays["finite"] = self._divergence.finite.copy()
        if self._validation_score is not None:
            arrays["parameters"] = self.parameters.copy()
            if self.best is not self.parameters:
                arrays["best"] = self.best.copy()
        return arrays

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from where another training was interrupted.

        Parameters
        ----------
        state : mapping of str to ndarray
            From `state` of a training with the same data and settings. The parameters, the progress and the rule given
            to the constructor have to be those of that time as well.
        """
        self.batches.order = state["order"].copy()
        self.batches.start = self.n_samples = int(state["start"])
        self._between_epochs = bool(state["between_epochs"])
        self.progress.epochs = int(state["epochs"])
        self.loss_sum = state["loss_sum"][()]
        self._divergence.beginning, self._divergence.warned = str(state["beginning"]), bool(state["warned"])
        np.copyto(self._divergence.finite, state.get("finite", self.parameters))
        if "best" in state:
            self.best = state["best"].copy()

    def _interrupted(self) -> str:
        """Put the last finite parameters back if the present ones are not finite, and say how far the training came."""
        if not is_finite(self.parameters) and self._validation_score is None:
            self._divergence.go_back()
            self.n_samples = _UNDER_WAY
        return self.standing()

    def _epoch(self, interruption: Interruption) -> None:
        """Take a step for each batch of an epoch, or for those that are left of it."""
        network, gradient, batches = self.network, self._gradient, self.batches
        number = self.progress.epochs + 1
        if self._between_epochs:
            self.n_samples = _UNDER_WAY
            self._between_epochs = False
            batches.begin_epoch()
            self.loss_sum, self.n_samples = 0.0, 0
        for batch in batches:
            loss = network.loss_and_gradient(batch.X, batch.y, batch.sample_weight, gradient, self.rng)
            if not math.isfinite(loss):
                self._divergence.notice(number, int(batches.start // batches.size) + 1, float(loss))
            # before the step, and `start` after it: the two differ for as long as the step is not whole
            self.n_samples += batch.n_samples
            updates = self.rule.step(self._blocks, gradient.blocks)
            self.loss_sum += loss * batch.n_samples
            batches.move_on(batch)
            if self._record is not None:
                self._record.write_update(number, math.ceil(batches.start / batches.size), batch, float(loss), updates)
            interruption.check()
        self._finish_epoch(self.loss_sum / int(self.n_samples))  # NN.30

    def _finish_epoch(self, loss: Any) -> None:
        progress, settings = self.progress, self.settings
        self.n_samples = _UNDER_WAY
        progress.finish_epoch(loss, len(self.batches.order))
        if settings.verbose:
            print(f"Iteration {progress.epochs}, loss = {loss:.8f}")
        self._divergence.check(progress.epochs, float(loss), keep_going=self._validation_score is not None)
        score = np.nan
        if self._validation_score is None:
            progress.take_loss(loss, settings.tol)
        else:
            score = self._validation_score()
            if settings.verbose:
                print(f"Validation score: {score:f}")
            if progress.take_score(score, settings.tol):
                self.best = self.parameters.copy()
        self.rule.after_epoch(len(progress.losses), progress.samples_seen)
        learning_rate = float(self.rule.learning_rate)
        complete = self._has_stalled() or settings.single_epoch
        self.ended = complete or progress.epochs >= settings.max_iter
        self._between_epochs = True
        if self._record is not None:
            self._record.write_epoch(progress.epochs, float(loss), score, learning_rate)
        if not self.ended:
            if self._after_epoch is not None:
                self._after_epoch()
        elif settings.at_limit is not None and not complete:
            warn(ConvergenceWarning, settings.at_limit)

    def _has_stalled(self) -> bool:
        progress, settings = self.progress, self.settings
        if not progress.without_improvement > settings.n_iter_no_change:
            return False
        response = self.rule.on_plateau()
        if settings.verbose:
            watched = "Training loss" if self._validation_score is None else "Validation score"
            print(
                f"{watched} did not improve more than tol={settings.tol:f} for {settings.n_iter_no_change} consecutive "
                f"epochs. {response.remark}"
            )
        if not response.stop:
            progress.without_improvement = 0
        return response.stop
