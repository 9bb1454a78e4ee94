"""What each layer does during a training: how far it moves, and which of its units no longer learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workings.neural_network.activations import Activation
from workings.neural_network.batches import Batch
from workings.neural_network.layers import Dense
from workings.neural_network.network import Network
from workings.neural_network.parameters import Array, Gradient
from workings.recording import Recorder

SATURATED = 0.05
"""Share of the activation's steepest slope below which a unit's mean slope counts as saturated."""

# rows at a time: their values stay in the cache
_ROWS = 256


class LayerRecord:
    """Measures the layers of a network that is being trained and writes them onto a tape, epoch by epoch.

    Parameters
    ----------
    network : Network
        Bound to the parameters that the training changes.
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        The rows that it is trained on.

    Notes
    -----
    The event ``"layer"``, one an epoch and layer, holds

    =================  ==================================================================================
    ``epoch, layer``   both from 1, from the input up; layers without weights are not counted
    ``gradient_norm``  ‖∂loss/∂W‖, the mean over the epoch's batches
    ``update_norm``    ‖ΔW‖, the mean over the epoch's batches
    ``weight_norm``    ‖W‖ at the end of the epoch
    ``update_ratio``   ``update_norm / weight_norm``
    ``dead``           share of the units whose derivative f' is 0 on every row
    ``saturated``      share of the units whose slope f' is on average below 5 % of the activation's steepest
    =================  ==================================================================================

    Norms are Frobenius norms of the weights W, without the biases. ``dead`` and ``saturated`` hold for the network as
    the epoch leaves it, on all rows of the training; a dead unit is saturated as well. They are NaN for the output
    layer, which does not hand its signal to a layer above, and for softmax, whose units have no slope of their own.
    Slopes count without their sign; the steepest is that for z from -3 to 3: 1 for relu and tanh, 1/4 for the logistic
    function.

    A training resumed within an epoch counts the batches from there on. Nothing is drawn at random and no array of the
    training is touched. Cost: 6 flops a weight and batch, and a forward pass and the slopes an epoch.
    """

    def __init__(self, network: Network, X: Any) -> None:
        self._network = network
        self._X = X
        self._steepest = [
            _steepest(layer.activation) if isinstance(layer, Dense) else np.nan for layer in network.layers
        ]
        self._penalty_before = float(network.penalty())
        self._clear()

    def take(self, batch: Batch, gradient: Gradient, updates: Sequence[Array]) -> None:
        """Count a batch after its update.

        Parameters
        ----------
        batch : Batch
        gradient : Gradient
        updates : sequence of ndarray
            What was added to the parameters, block by block.
        """
        # one block, or the weights' apart from the biases': the first one holds the weights
        changes = self._network.layout.weights(updates[0][: self._network.layout.n_weights])
        self._gradient_norms += [np.linalg.norm(coef) for coef in gradient.coefs]
        self._update_norms += [np.linalg.norm(change) for change in changes]
        self._n_batches += 1
        total = batch.n_samples if batch.sample_weight is None else batch.sample_weight.sum()
        self._penalty += int(batch.n_samples) * self._penalty_before / float(total)
        self._n_samples += int(batch.n_samples)
        self._penalty_before = float(self._network.penalty())

    def penalty(self) -> float:
        """Return the penalty within the epoch's loss: the mean over its batches, each before its update.

        NaN if no batch was counted, as in a training that was resumed at the very end of an epoch.
        """
        return self._penalty / self._n_samples if self._n_samples else np.nan

    def write(self, recorder: Recorder, epoch: int) -> None:
        """Write the layers of an epoch that has ended, and begin the next.

        Parameters
        ----------
        recorder : Recorder
        epoch : int
        """
        weight_norms = np.array([np.linalg.norm(coef) for coef in self._network.coefs])
        with np.errstate(divide="ignore", invalid="ignore"):  # weights that are all 0; no batches
            gradient_norms, update_norms = self._gradient_norms / self._n_batches, self._update_norms / self._n_batches
            ratios = update_norms / weight_norms
        for place, (dead, saturated) in enumerate(self._units()):
            recorder.write(
                "layer",
                epoch=epoch,
                layer=place + 1,
                gradient_norm=float(gradient_norms[place]),
                update_norm=float(update_norms[place]),
                weight_norm=float(weight_norms[place]),
                update_ratio=float(ratios[place]),
                dead=dead,
                saturated=saturated,
            )
        self._clear()

    def _clear(self) -> None:
        n_layers = len(self._network.coefs)
        self._gradient_norms, self._update_norms = np.zeros(n_layers), np.zeros(n_layers)
        self._n_batches = self._n_samples = 0
        self._penalty = 0.0

    def _units(self) -> list[tuple[float, float]]:
        """Return the shares of dead and of saturated units, layer by layer."""
        layers = [(place, layer) for place, layer in enumerate(self._network.layers) if layer.has_parameters]
        hidden = [
            (place, layer)
            for place, layer in layers[:-1]
            if isinstance(layer, Dense) and layer.activation.name != "softmax"
        ]
        sums = {place: np.zeros(layer.n_outputs) for place, layer in hidden}
        n_samples = self._X.shape[0]
        with np.errstate(all="ignore"):  # the training itself warns of a network that overflows
            for start in range(0, n_samples if hidden else 0, _ROWS):
                rooms = self._network.rooms_after(self._X[start : start + _ROWS], hidden[-1][0] + 1)
                for place, layer in hidden:
                    rooms[place].delta.fill(1)
                    layer.through_activation(rooms[place])
                    sums[place] += np.abs(rooms[place].delta).sum(axis=0)
        return [
            (
                float((sums[place] == 0).mean()),
                float((sums[place] / n_samples < SATURATED * self._steepest[place]).mean()),
            )
            if place in sums
            else (np.nan, np.nan)
            for place, _ in layers
        ]


def _steepest(activation: Activation) -> float:
    """Return the largest ``|f'(z)|`` for ``|z| <= 3``, by the activation's own derivative."""
    z = np.linspace(-3, 3, 601)[:, np.newaxis]
    kept, slopes = z.copy(), np.ones_like(z)
    if not activation.needs_input:
        activation.apply(kept)
    activation.backward(slopes, kept)
    return float(np.abs(slopes).max())
