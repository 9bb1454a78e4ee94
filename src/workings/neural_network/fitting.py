"""The training of an estimator: what it leaves behind at its end, at an interruption, and in a checkpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from workings.neural_network.checkpointing import current_checkpoint
from workings.neural_network.divergence import is_finite
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array
from workings.neural_network.suspension import Data, Suspension, fingerprint

if TYPE_CHECKING:
    from workings.neural_network.estimator import MultilayerPerceptron


class Fit(ABC):
    """A training of an estimator; base of the one by stochastic descent and the one by L-BFGS.

    Parameters
    ----------
    model : MultilayerPerceptron
        Given its fitted attributes.
    network : Network
    parameters : ndarray
        To start from.
    data : tuple
        X, y and the rows' weights or None, as the training sees them.
    suspension : Suspension or None
        To go on from.
    single_epoch : bool, default=False
        Whether it is a `partial_fit` in epochs.
    """

    def __init__(
        self,
        model: MultilayerPerceptron,
        network: Network,
        parameters: Array,
        data: Data,
        suspension: Suspension | None,
        *,
        single_epoch: bool = False,
    ) -> None:
        self._model, self._network, self._parameters, self._data = model, network, parameters, data
        self._single_epoch = single_epoch
        self._resumed = suspension
        self._dtype = parameters.dtype if suspension is None else np.dtype(suspension.dtype)
        self._checkpoint = current_checkpoint()

    def run(self) -> None:
        """Train, and leave the result in the model.

        Raises
        ------
        ValueError
            If parameters are infinite or NaN.
        Exception
            Whatever ends the training; the model then has what was learnt, and a suspension if it can go on.
        """
        model, checkpoint = self._model, self._checkpoint
        model._suspended = None
        model._in_training = True
        try:
            try:
                self._train()
            finally:
                self._take()
                model._suspended = self._suspension()
            if not is_finite(self._result):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain large values and need to "
                    "be preprocessed."
                )
        except BaseException as error:
            if checkpoint is not None and model._suspended is not None:
                try:
                    checkpoint.write(model)
                except Exception as failure:
                    error.add_note(f"The checkpoint could not be written: {failure}")
            raise
        finally:
            del model._in_training
        if checkpoint is not None and (self._ended or model._suspended is not None):
            checkpoint.write(model)

    @abstractmethod
    def _train(self) -> None:
        """Train to the end, or to an interruption by Ctrl-C."""

    @property
    @abstractmethod
    def _ended(self) -> bool:
        """Whether the training has come to its end."""

    @property
    @abstractmethod
    def _result(self) -> Array:
        """The parameters that the model is given."""

    @abstractmethod
    def _state(self) -> Mapping[str, Array] | None:
        """Return what the training needs to go on, or None if it cannot, or need not."""

    def _take(self) -> None:
        """Leave in the model what the training has come to."""
        self._model.coefs_, self._model.intercepts_ = self._network.layout.split(self._result)

    def _suspension(self) -> Suspension | None:
        arrays = self._state()
        if arrays is None:
            return None
        return Suspension(
            self._model.solver,
            self._model.early_stopping,
            self._single_epoch,
            self._fingerprint,
            dict(self._model._random_state.get_state(legacy=False)),
            self._dtype.str,
            arrays,
        )

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(*self._data) if self._resumed is None else self._resumed.fingerprint

    def _write_checkpoint(self, n_done: int) -> None:
        """Write the state after `n_done` epochs or iterations, if it is their turn."""
        if self._checkpoint is None or n_done % self._checkpoint.every != 0:
            return
        self._take()
        self._model._suspended = self._suspension()
        self._checkpoint.write(self._model)
        self._model._suspended = None
