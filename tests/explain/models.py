"""Fitted models that the tests explain, and what an explanation has to be, worked out the slow way."""

import itertools
import math
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.neural_network import MLPClassifier, MLPRegressor

RNG = np.random.RandomState(0)
X = RNG.normal(size=(80, 4)) * [1.0, 2.0, 0.5, 3.0] + [0.0, 10.0, -3.0, 1.0]
Y = X @ [1.5, -2.0, 0.7, 0.0] + 4.0 + RNG.normal(size=80)
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, np.quantile(Y, [1 / 3, 2 / 3]))]


def network(kind=MLPClassifier, y=LABELS, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**{"hidden_layer_sizes": (9, 7), "max_iter": 60, "random_state": 1} | options).fit(X, y)


def exact_shapley(function, row, background):
    """Every subset, weighted by the orders that it stands for."""
    p = len(row)
    values = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for size in range(p):
            weight = math.factorial(size) * math.factorial(p - size - 1) / math.factorial(p)
            for subset in itertools.combinations(others, size):
                point = background.copy()
                point[list(subset)] = row[list(subset)]
                before = function(point)
                point[j] = row[j]
                values[j] += weight * (function(point) - before)
    return values


def score(model, row, direction):
    """The output before its activation, with loops."""
    values = list(row)
    for layer, (W, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        values = [sum(v * W[i, j] for i, v in enumerate(values)) + b[j] for j in range(len(b))]
        if layer < len(model.coefs_) - 1:
            values = [
                {"relu": lambda z: max(z, 0.0), "identity": float, "tanh": math.tanh}[model.activation](v)
                for v in values
            ]
    return float(np.dot(values, direction))


__all__ = ["LABELS", "KMeans", "MLPClassifier", "MLPRegressor", "X", "Y", "exact_shapley", "network", "score"]
