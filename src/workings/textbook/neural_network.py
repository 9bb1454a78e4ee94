"""A fully connected network as derived: forward, backward, three losses, four update rules, training.

a⁰ = X is (n, d₀); layer l has weights Wˡ (dₗ₋₁, dₗ) and biases bˡ (dₗ,); p = aᴸ is the output, y its target,
both (n, k): numbers, 0/1, or one-hot rows. Derivatives g' are functions of the activation a = g(z).

Equations
---------
NN.1   zˡ = aˡ⁻¹Wˡ + bˡ,  aˡ = g(zˡ)               forward
NN.2   g(z) = z                                    identity
NN.3   g(z) = 1/(1 + e⁻ᶻ)                          logistic
NN.4   g(z) = tanh z                               hyperbolic tangent
NN.5   g(z) = max(z, 0)                            rectified linear unit
NN.6   pₖ = e^(zₖ - max z) / Σⱼ e^(zⱼ - max z)     softmax
NN.7   J = 1/(2n) Σᵢₖ (p - y)²                     squared loss: mean over rows, sum over outputs
NN.8   J = -1/n Σᵢₖ y ln p + (1 - y) ln(1 - p)     binary cross-entropy, summed over outputs
NN.9   J = -1/n Σᵢₖ y ln p                         multiclass cross-entropy
NN.10  Ω = α/(2n) Σₗ |Wˡ|²                         penalty; biases are free
NN.11  g' = 1                                      derivative of the identity
NN.12  g' = a(1 - a)                               derivative of the logistic function
NN.13  g' = 1 - a²                                 derivative of tanh
NN.14  g' = 1 if a > 0 else 0                      derivative of relu
NN.15  δᴸ = ∂J/∂zᴸ = (p - y)/n                     squared loss of the identity
NN.16  δᴸ = ∂J/∂zᴸ = (p - y)/n                     binary cross-entropy of the logistic function
NN.17  δᴸ = ∂J/∂zᴸ = (p - y)/n                     multiclass cross-entropy of softmax
NN.18  δˡ⁻¹ = δˡWˡᵀ ⊙ g'(aˡ⁻¹)                     back through a layer
NN.19  ∂J/∂Wˡ = aˡ⁻¹ᵀδˡ                            gradient in the weights
NN.20  ∂J/∂bˡ = Σᵢ δˡᵢ                             gradient in the biases
NN.21  ∂Ω/∂Wˡ = α/n Wˡ                             gradient of the penalty
NN.22  Δ = -ηg                                     gradient descent
NN.23  v ← μv - ηg,  Δ = v                         momentum
NN.24  v ← μv - ηg,  Δ = μv - ηg                   Nesterov momentum
NN.25  m ← β₁m + (1 - β₁)g                         Adam: mean of the gradient
NN.26  s ← β₂s + (1 - β₂)g²                        Adam: mean of its square
NN.27  ηₜ = η √(1 - β₂ᵗ) / (1 - β₁ᵗ)               Adam: bias correction at step t = 1, 2, ...
NN.28  Δ = -ηₜ m / (√s + ε)                        Adam
NN.29  θ ← θ + Δ                                   update of weights and biases
NN.30  loss of an epoch = 1/n Σ_B n_B (J + Ω)_B    batches weighted by their rows, each before its update
NN.31  W, b ~ U(-B, B),  B = √(c/(dₗ₋₁ + dₗ))      initial parameters; c = 2 for logistic, 6 for the others
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from workings.textbook.checks import Floats, Indices, finite_array, same_length

Layers = list[Floats]
Rule = Callable[[Floats, Any, float], tuple[Floats, Any]]


def logistic(z: Floats) -> Floats:
    """Return 1/(1 + e⁻ᶻ); where e⁻ᶻ overflows, the limit 0 is the right answer."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))  # NN.3


def softmax(z: Floats) -> Floats:
    """Return rows that sum to one; subtracting the largest entry cancels out and avoids overflow."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p: Floats = e / e.sum(axis=1, keepdims=True)  # NN.6
    return p


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "identity": lambda z: z,  # NN.2
    "logistic": logistic,
    "tanh": lambda z: np.tanh(z),  # NN.4
    "relu": lambda z: np.maximum(z, 0),  # NN.5
    "softmax": softmax,
}
DERIVATIVES: dict[str, Callable[[Floats], Floats]] = {
    "identity": lambda a: np.ones_like(a),  # NN.11
    "logistic": lambda a: a * (1 - a),  # NN.12
    "tanh": lambda a: 1 - a**2,  # NN.13
    "relu": lambda a: np.where(a > 0, 1.0, 0.0),  # NN.14
}


def squared_loss(y: Floats, p: Floats) -> float:
    """Return half the squared error: mean over rows, sum over outputs."""
    J: float = np.sum((p - y) ** 2) / (2 * len(y))  # NN.7
    return J


def _inside(p: Floats) -> Floats:
    """Return probabilities moved one rounding unit away from 0 and 1: both logarithms are finite."""
    eps = np.finfo(np.float64).eps
    return np.clip(p, eps, 1 - eps)


def binary_cross_entropy(y: Floats, p: Floats) -> float:
    """Return the mean over rows of the summed surprise about each 0/1 output."""
    p = _inside(p)
    J: float = -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / len(y)  # NN.8
    return J


def cross_entropy(y: Floats, p: Floats) -> float:
    """Return the mean over rows of the surprise about the true class of one-hot `y`."""
    J: float = -np.sum(y * np.log(_inside(p))) / len(y)  # NN.9
    return J


LOSSES: dict[str, Callable[[Floats, Floats], float]] = {
    "identity": squared_loss,
    "logistic": binary_cross_entropy,
    "softmax": cross_entropy,
}


def penalty(weights: Sequence[Floats], alpha: float, n: int) -> float:
    """Return the L2 penalty of a batch of `n` rows."""
    omega: float = alpha / (2 * n) * sum(np.sum(W**2) for W in weights)  # NN.10
    return omega


def forward(X: Floats, weights: Sequence[Floats], biases: Sequence[Floats], hidden: str, output: str) -> Layers:
    """Return the activations [X, a¹, ..., p] of all layers; names are keys of `ACTIVATIONS`."""
    layers = [X]
    names = [hidden] * (len(weights) - 1) + [output]
    for W, b, name in zip(weights, biases, names, strict=True):
        layers.append(ACTIVATIONS[name](layers[-1] @ W + b))  # NN.1
    return layers


def output_delta(y: Floats, p: Floats) -> Floats:
    """Return the derivative of the mean loss in the last z, the same for each pair of `LOSSES`."""
    return (p - y) / len(y)  # NN.15, NN.16, NN.17


def backward(layers: Layers, weights: Sequence[Floats], delta: Floats, hidden: str) -> tuple[Layers, Layers]:
    """Return the gradients in all weights and biases, without the penalty.

    Parameters
    ----------
    layers : list of ndarray
        What `forward` returned.
    weights : sequence of ndarray
        Those that `forward` used.
    delta : ndarray of shape (n, k)
        Derivative of the objective in the last z: `output_delta`, or any other upstream gradient.
    hidden : str
        Activation of the hidden layers.
    """
    d_weights: Layers = []
    d_biases: Layers = []
    for a, W in zip(reversed(layers[:-1]), reversed(weights), strict=True):
        d_weights.insert(0, a.T @ delta)  # NN.19
        d_biases.insert(0, delta.sum(axis=0))  # NN.20
        delta = (delta @ W.T) * DERIVATIVES[hidden](a)  # NN.18
    return d_weights, d_biases


def loss_and_gradient(
    X: Floats, y: Floats, weights: Layers, biases: Layers, hidden: str, output: str, alpha: float
) -> tuple[float, Layers, Layers]:
    """Return the penalised loss J + Ω of the rows, and its gradients in the weights and in the biases."""
    n = len(X)
    layers = forward(X, weights, biases, hidden, output)
    loss = LOSSES[output](y, layers[-1]) + penalty(weights, alpha, n)
    d_weights, d_biases = backward(layers, weights, output_delta(y, layers[-1]), hidden)
    return loss, [d + alpha / n * W for d, W in zip(d_weights, weights, strict=True)], d_biases  # NN.21


def gradient_descent(g: Floats, state: Any, rate: float) -> tuple[Floats, Any]:
    """Return the step against the gradient; there is no state."""
    return -rate * g, state  # NN.22


def momentum(g: Floats, v: Any, rate: float, mu: float = 0.9) -> tuple[Floats, Any]:
    """Return the step, which is the new velocity, and the new velocity."""
    v = mu * (0.0 if v is None else v) - rate * g  # NN.23
    return v, v


def nesterov(g: Floats, v: Any, rate: float, mu: float = 0.9) -> tuple[Floats, Any]:
    """Return the step, which looks one velocity ahead, and the new velocity."""
    v = mu * (0.0 if v is None else v) - rate * g
    return mu * v - rate * g, v  # NN.24


def adam(
    g: Floats, state: Any, rate: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> tuple[Floats, Any]:
    """Return the step and the new (t, m, s); ε is added to √s before the correction, as scikit-learn does."""
    t, m, s = (0, 0.0, 0.0) if state is None else state
    t = t + 1
    m = beta1 * m + (1 - beta1) * g  # NN.25
    s = beta2 * s + (1 - beta2) * g**2  # NN.26
    rate_t = rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)  # NN.27
    return -rate_t * m / (np.sqrt(s) + epsilon), (t, m, s)  # NN.28


def initial_parameters(sizes: Sequence[int], hidden: str, rng: np.random.RandomState) -> tuple[Layers, Layers]:
    """Return weights and biases for layers of `sizes` (d₀, ..., dᴸ), drawn in scikit-learn's order."""
    weights, biases = [], []
    for fan_in, fan_out in pairwise(sizes):
        B = np.sqrt((2 if hidden == "logistic" else 6) / (fan_in + fan_out))  # NN.31
        weights.append(rng.uniform(-B, B, (fan_in, fan_out)))
        biases.append(rng.uniform(-B, B, fan_out))
    return weights, biases


def shuffled_orders(n: int, epochs: int, rng: np.random.RandomState) -> list[Indices]:
    """Return the order of the rows in each epoch: each shuffles the one before, as scikit-learn does."""
    orders = [np.arange(n)]
    for _ in range(epochs):
        shuffle = np.arange(n)
        rng.shuffle(shuffle)
        orders.append(orders[-1][shuffle])
    return orders[1:]


def train(
    X: Floats,
    y: Floats,
    weights: Sequence[Floats],
    biases: Sequence[Floats],
    orders: Sequence[Indices],
    *,
    batch_size: int = 200,
    hidden: str = "relu",
    output: str = "softmax",
    alpha: float = 1e-4,
    rule: Rule = adam,
    rate: float = 1e-3,
) -> tuple[Layers, Layers, list[float]]:
    """Return weights, biases and the loss of each epoch of mini-batch training.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n, k)
        Numbers for output "identity", 0/1 for "logistic", one-hot rows for "softmax".
    weights, biases : sequence of ndarray
        Initial parameters; they are not changed.
    orders : sequence of ndarray of shape (n,)
        One permutation of the rows an epoch; it is cut into batches, and a last short batch is kept.
    batch_size : int
    hidden, output : str
        Activation of the hidden layers, and of the last one; `output` also chooses the loss (`LOSSES`).
    alpha : float
        Strength of the penalty.
    rule : callable
        `gradient_descent`, `momentum`, `nesterov` or `adam`; other constants through functools.partial.
    rate : float
        η.

    Returns
    -------
    weights, biases : list of ndarray
    losses : list of float
        One number an epoch.

    Raises
    ------
    ValueError
        NaN or infinity, shapes that do not fit, an unknown name, or training that diverges.
    """
    X, y = finite_array("X", X, 2), finite_array("y", y, 2)
    same_length("rows of X", len(X), "rows of y", len(y))
    if hidden not in DERIVATIVES or output not in LOSSES or batch_size < 1:
        raise ValueError(
            f"hidden must be one of {list(DERIVATIVES)}, output one of {list(LOSSES)}, batch_size positive. "
            f"Got {hidden!r}, {output!r}, {batch_size}."
        )
    sizes = [X.shape[1], *(len(b) for b in biases)]
    if [W.shape for W in weights] != list(pairwise(sizes)) or sizes[-1] != y.shape[1]:
        raise ValueError(f"Weights {[W.shape for W in weights]} do not fit X {X.shape}, y {y.shape} and the biases.")
    parameters = [*weights, *biases]
    depth = len(weights)
    states: list[Any] = [None] * len(parameters)
    losses: list[float] = []
    for order in orders:
        total = 0.0
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            W, b = parameters[:depth], parameters[depth:]
            loss, dW, db = loss_and_gradient(X[rows], y[rows], W, b, hidden, output, alpha)
            total += len(rows) * loss
            for i, g in enumerate([*dW, *db]):
                step, states[i] = rule(g, states[i], rate)
                parameters[i] = parameters[i] + step  # NN.29
        losses.append(total / len(order))  # NN.30
        if not np.isfinite(losses[-1]):
            raise ValueError(f"Training diverged in epoch {len(losses)}. Scale X, or lower the rate {rate:.6g}.")
    return parameters[:depth], parameters[depth:], losses
