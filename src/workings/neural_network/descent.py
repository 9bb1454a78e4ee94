"""One epoch of descent: loss, gradient and update, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workings.neural_network.batches import Batches
from workings.neural_network.parameters import Array, Gradient
from workings.neural_network.propagation import Network
from workings.optimize import UpdateRule
from workings.recording import Recorder


class Descent:
    """Changes the parameters of a network batch by batch.

    Parameters
    ----------
    network : Network
        Bound to `parameters`.
    parameters : ndarray
        Changed in place.
    gradient : Gradient
        Overwritten with each batch.
    rule : UpdateRule
        Allocated for the two.
    recorder : Recorder, optional
    """

    def __init__(
        self,
        network: Network,
        parameters: Array,
        gradient: Gradient,
        rule: UpdateRule,
        recorder: Recorder | None,
    ) -> None:
        self._network = network
        self._blocks = gradient.blocks_of(parameters)
        self._gradient = gradient
        self._rule = rule
        self._recorder = recorder

    def epoch(self, batches: Batches, number: int) -> float:
        """Take a step for each batch of an epoch.

        Parameters
        ----------
        batches : Batches
        number : int
            Of the epoch, for the recorder.

        Returns
        -------
        NumPy float
            Mean of the batches' losses, each at the parameters before its step, weighted by their rows.
        """
        total = 0.0
        n_samples = 0
        for count, batch in enumerate(batches, start=1):
            loss = self._network.loss_and_gradient(batch.X, batch.y, batch.sample_weight, self._gradient)
            total += loss * batch.n_samples  # type: ignore[assignment]  # stays the NumPy float that it becomes
            n_samples += batch.n_samples
            updates = self._rule.step(self._blocks, self._gradient.blocks)
            if self._recorder is not None:
                self._record(self._recorder, number, count, float(loss), updates)
        return total / int(n_samples)  # NN.30

    def _record(self, recorder: Recorder, epoch: int, batch: int, loss: float, updates: Sequence[Array]) -> None:
        arrays: dict[str, Array] = {}
        if recorder.wants_arrays:
            layout = self._network.layout
            update = np.concatenate(updates)
            parts = {
                "gradient": (self._gradient.coefs, self._gradient.intercepts),
                "update": layout.split(update),
            }
            for name, (coefs, intercepts) in parts.items():
                arrays |= {f"{name}_coefs_{layer}": coef for layer, coef in enumerate(coefs)}
                arrays |= {f"{name}_intercepts_{layer}": part for layer, part in enumerate(intercepts)}
        recorder.write(
            "update",
            epoch=epoch,
            batch=batch,
            learning_rate=float(self._rule.learning_rate),
            batch_loss=loss,
            gradient_norm=_norm(self._gradient.blocks),
            update_norm=_norm(updates),
            **arrays,
        )


def _norm(blocks: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float(block @ block) for block in blocks)))
