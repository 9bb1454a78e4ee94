"""How a training is going: the losses, the validation scores, and how long neither has improved."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Progress:
    """The state of a training that outlives one call of `fit` when it is continued.

    Parameters
    ----------
    early_stopping : bool
        Watch the validation score in place of the loss.

    Attributes
    ----------
    epochs : int
        Of the current call.
    samples_seen : int
        Since the parameters were drawn.
    loss : float
        Of the last epoch.
    losses : list of float
        By epoch, over all calls.
    best_loss : float or None
        None under early stopping.
    scores : list of float or None
        Validation scores, by epoch; None without early stopping.
    best_score : float or None
    without_improvement : int
        Epochs in a row.
    """

    early_stopping: bool
    epochs: int = 0
    samples_seen: int = 0
    loss: float = np.nan
    losses: list[float] = field(default_factory=list)
    best_loss: float | None = np.inf
    scores: list[float] | None = None
    best_score: float | None = None
    without_improvement: int = 0

    def __post_init__(self) -> None:
        if self.early_stopping:
            self.best_loss = None
            self.scores = []
            self.best_score = -np.inf

    def finish_epoch(self, loss: float, n_samples: int) -> None:
        """Count an epoch.

        Parameters
        ----------
        loss : float
            Mean of the batches' losses.
        n_samples : int
            Rows of the epoch.
        """
        self.epochs += 1
        self.samples_seen += n_samples
        self.loss = loss
        self.losses.append(loss)

    def take_loss(self, loss: float, tol: float) -> None:
        """Count an epoch by its training loss.

        Parameters
        ----------
        loss : float
        tol : float
            Smallest decrease below the best loss that counts as an improvement.
        """
        best = np.inf if self.best_loss is None else self.best_loss
        self.without_improvement = self.without_improvement + 1 if loss > best - tol else 0
        self.best_loss = loss if loss < best else best

    def take_score(self, score: float, tol: float) -> bool:
        """Count an epoch by its validation score.

        Parameters
        ----------
        score : float
            May be NaN, which never improves on anything and is not counted as a failure to improve either.
        tol : float
            Smallest rise above the best score that counts as an improvement.

        Returns
        -------
        bool
            Whether it is the best so far.
        """
        best = -np.inf if self.best_score is None else self.best_score
        self.scores = [] if self.scores is None else self.scores
        self.scores.append(score)
        self.without_improvement = self.without_improvement + 1 if score < best + tol else 0
        if score > best:
            self.best_score = score
            return True
        return False
