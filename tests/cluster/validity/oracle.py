"""Scores straight from their definitions: distances from the differences, means and sums of squares in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def distances(X: np.ndarray) -> np.ndarray:
    wide = X.astype(np.longdouble)
    return np.array([np.sqrt(((wide - row) ** 2).sum(axis=1)) for row in wide])


def silhouettes(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    table, found = distances(X), []
    for i, label in enumerate(labels):
        own = labels == label
        if own.sum() == 1:
            found.append(0.0)
            continue
        a = table[i, own].sum() / (own.sum() - 1)
        b = min(table[i, labels == other].mean() for other in set(labels) - {label})
        found.append((b - a) / max(a, b) if max(a, b) else 0.0)
    return np.array(found, dtype=float)


def calinski_harabasz(X: np.ndarray, labels: np.ndarray) -> float:
    rows = exactly(X)
    parts = [rows[labels == label] for label in np.unique(labels)]
    within = sum(((part - mean(part)) ** 2).sum() for part in parts)
    between = sum(len(part) * ((mean(part) - mean(rows)) ** 2).sum() for part in parts)
    return float(between / (len(parts) - 1) / (within / (len(X) - len(parts))))


def davies_bouldin(X: np.ndarray, labels: np.ndarray) -> float:
    rows = exactly(X)
    parts = [rows[labels == label] for label in np.unique(labels)]
    means = [mean(part) for part in parts]
    spreads = [np.mean([length(row - middle) for row in part]) for part, middle in zip(parts, means, strict=True)]
    k = len(parts)
    worst = [max((spreads[i] + spreads[j]) / length(means[i] - means[j]) for j in range(k) if j != i) for i in range(k)]
    return float(np.mean(worst))


def exactly(X: np.ndarray) -> np.ndarray:
    return np.array([[Fraction(value) for value in row] for row in X.tolist()], dtype=object)


def mean(rows: np.ndarray) -> np.ndarray:
    return rows.sum(axis=0) / Fraction(len(rows))


def length(difference: np.ndarray) -> float:
    return float((difference**2).sum()) ** 0.5
