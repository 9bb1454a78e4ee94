"""The textbook's training of a network, from the seed that the other two received."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workings.textbook import neural_network as textbook
from workings.validate.compare import Promise
from workings.validate.neural.trial import Trial

Floats = npt.NDArray[np.float64]
RULES: dict[str, textbook.Rule] = {"adam": textbook.adam, "sgd": textbook.nesterov}
ALPHA = 1e-4
"""scikit-learn's default penalty, which every derived configuration uses."""


class Derivation:
    """The textbook's training of one case, from the seed that both sides received."""

    def __init__(self, each: Trial) -> None:
        self.X, self.parameters, self.batch = each.data.X, each.case.parameters, each.batch
        self.hidden = self.parameters.get("activation", "relu")
        self.target, self.output = _target(each)

    def train(self, epochs: int) -> tuple[list[Floats], list[Floats], list[float]]:
        """Weights, biases and the loss of each epoch after so many epochs."""
        seed = np.random.RandomState(self.parameters["random_state"])
        sizes = (self.X.shape[1], *self.parameters["hidden_layer_sizes"], self.target.shape[1])
        weights, biases = textbook.initial_parameters(sizes, self.hidden, seed)
        return textbook.train(
            self.X,
            self.target,
            weights,
            biases,
            textbook.shuffled_orders(len(self.X), epochs, seed),
            batch_size=self.batch,
            hidden=self.hidden,
            output=self.output,
            rule=RULES[self.parameters["solver"]],
            rate=self.parameters.get("learning_rate_init", 1e-3),
        )

    def outputs(self, weights: list[Floats], biases: list[Floats]) -> Floats:
        """Return the outputs of the network for the rows of X."""
        return textbook.forward(self.X, weights, biases, self.hidden, self.output)[-1]


def loss_of_the_gradient(each: Trial, derivation: Derivation, losses: list[float], allowed: Promise) -> str:
    """Decide between two losses: the right one is the one whose derivative is the gradient that both descend.

    For several outputs scikit-learn averages the squared error over them in ``loss_curve_`` but not in its
    gradient. Shown at the weights before the last epoch, by a central difference along the gradient; the weights
    of both sides agree, so both descend it. Asked for one batch an epoch; anything else stays unexplained.
    """
    y, n = derivation.target, len(derivation.X)
    k = y.shape[1]
    if each.classifies or k == 1 or derivation.batch < n:
        return ""
    weights, biases, _ = derivation.train(len(losses) - 1)
    _, d_weights, d_biases = textbook.loss_and_gradient(
        derivation.X, y, weights, biases, derivation.hidden, derivation.output, ALPHA
    )

    def both(step: float) -> Floats:
        moved = [W + step * d for W, d in zip(weights, d_weights, strict=True)]
        outputs = derivation.outputs(moved, [b + step * d for b, d in zip(biases, d_biases, strict=True)])
        squared, penalty = textbook.squared_loss(y, outputs), textbook.penalty(moved, ALPHA, n)
        return np.array([squared + penalty, squared / k + penalty])

    summed, averaged = both(0.0)
    unlike = abs(averaged - each.theirs.loss_) > max(allowed.tolerance, 1e-12) * abs(each.theirs.loss_)
    if unlike or abs(summed - losses[-1]) > 1e-12 * summed:
        return ""
    h = 1e-6
    slopes = (both(h) - both(-h)) / (2 * h) / sum(float(np.sum(d * d)) for d in (*d_weights, *d_biases))
    if abs(slopes[0] - 1.0) > 1e-6 or abs(slopes[1] - 1.0) < 1e-2:
        return ""
    return (
        f"the textbook: along the gradient that both sides descend, its loss changes at {slopes[0]:.4f} times the rate "
        f"that the gradient gives, scikit-learn's at {slopes[1]:.4f} times (central difference). scikit-learn averages "
        f"the squared error over the {k} outputs in `loss_curve_` but sums it in the gradient; the weights agree."
    )


def _target(each: Trial) -> tuple[Floats, str]:
    """Targets as the textbook wants them, and the output layer that goes with them."""
    y = each.data.y
    if not each.classifies:
        return y.reshape(len(y), -1), "identity"
    classes = np.unique(y)
    if len(classes) == 2:
        return (y == classes[1]).astype(np.float64)[:, None], "logistic"
    return (y[:, None] == classes).astype(np.float64), "softmax"
