"""What a training by stochastic descent writes onto a tape: its updates, its epochs, and its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workings.neural_network.batches import Batch
from workings.neural_network.dynamics.layer_record import LayerRecord
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array, Gradient
from workings.optimize import UpdateRule
from workings.recording import Recorder


class TrainingRecord:
    """Writes the steps of one training.

    Parameters
    ----------
    recorder : Recorder
    network : Network
    X : ndarray, CSR or CSC matrix of shape (n_samples, n_features)
    gradient : Gradient
        Room that each batch's gradient is written into.
    rule : UpdateRule
        For its learning rate.
    """

    def __init__(self, recorder: Recorder, network: Network, X: Any, gradient: Gradient, rule: UpdateRule) -> None:
        self._recorder, self._layout, self._gradient, self._rule = recorder, network.layout, gradient, rule
        self._layers = LayerRecord(network, X)

    def write_update(self, epoch: int, number: int, batch: Batch, loss: float, updates: Sequence[Array]) -> None:
        """Write what a batch did.

        Parameters
        ----------
        epoch, number : int
            Of the epoch, and of the batch in it, from 1.
        batch : Batch
        loss : float
        updates : sequence of ndarray
            By block, added to the parameters.
        """
        gradient, recorder = self._gradient, self._recorder
        self._layers.take(batch, gradient, updates)
        arrays: dict[str, Array] = {}
        if recorder.wants_arrays:
            parts = {
                "gradient": (gradient.coefs, gradient.intercepts),
                "update": self._layout.split(np.concatenate(updates)),
            }
            for name, (coefs, intercepts) in parts.items():
                arrays |= {f"{name}_coefs_{layer}": coef for layer, coef in enumerate(coefs)}
                arrays |= {f"{name}_intercepts_{layer}": part for layer, part in enumerate(intercepts)}
        recorder.write(
            "update",
            epoch=epoch,
            batch=number,
            learning_rate=float(self._rule.learning_rate),
            batch_loss=loss,
            gradient_norm=_norm(gradient.blocks),
            update_norm=_norm(updates),
            **arrays,
        )

    def write_epoch(self, epoch: int, loss: float, score: float, learning_rate: float) -> None:
        """Write what an epoch came to, as a whole and by layer.

        Parameters
        ----------
        epoch : int
        loss, score, learning_rate : float
            Mean of the batches' losses; NaN where no rows were set aside; of the epoch's steps.
        """
        self._recorder.write(
            "epoch",
            epoch=epoch,
            loss=loss,
            penalty=self._layers.penalty(),
            validation_score=score,
            learning_rate=learning_rate,
        )
        self._layers.write(self._recorder, epoch)


def _norm(blocks: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float(block @ block) for block in blocks)))
