"""The training of an estimator by L-BFGS."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workings.neural_network.divergence import place_of
from workings.neural_network.fitting import Fit
from workings.neural_network.interruption import Interruption, interruptible
from workings.neural_network.parameters import Array
from workings.neural_network.quasi_newton import minimise, objective_of
from workings.optimize import LBFGSState
from workings.recording import start_recording


class LBFGSFit(Fit):
    """Minimises the loss of all rows at once; the parameters are those of `Fit`."""

    _ended = False
    _latest: LBFGSState | None = None
    _interruption: Interruption

    def _train(self) -> None:
        model = self._model
        if self._resumed is not None and self._resumed.arrays:
            self._latest = LBFGSState.from_arrays(self._resumed.arrays)
        with interruptible(self._standing) as self._interruption:
            recorder = start_recording(model)
            try:
                minimum = minimise(
                    objective_of(self._network, *self._data, self._dtype),
                    self._parameters if self._latest is None else self._latest,
                    model.tol,
                    model.max_iter,
                    model.max_fun,
                    recorder,
                    self._keep,
                )
            except ValueError as error:
                if self._latest is None and self._network.overflow is not None:
                    raise ValueError(f"At the start {place_of(self._network)}. {error}") from error
                raise
            self._latest = minimum.state
            self._ended = True

    def _keep(self, state: LBFGSState) -> None:
        self._latest = state
        self._write_checkpoint(state.n_iterations)
        self._interruption.check()

    @property
    def _n_iterations(self) -> int:
        return 0 if self._latest is None else self._latest.n_iterations

    def _standing(self) -> str:
        return (
            f"L-BFGS has done {self._n_iterations} iterations; the network keeps what it has learnt, can predict, and "
            "can be trained further."
        )

    @property
    def _result(self) -> Array:
        return self._parameters if self._latest is None else self._latest.x

    def _state(self) -> Mapping[str, Array] | None:
        if self._ended:
            return None
        return {} if self._latest is None else self._latest.arrays()

    def _take(self) -> None:
        super()._take()
        self._model.n_iter_ = self._n_iterations
        self._model.loss_ = np.nan if self._latest is None else self._latest.value
