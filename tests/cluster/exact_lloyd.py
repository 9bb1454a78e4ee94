"""k-means in rational numbers, slowly: the rules of exact arithmetic written out once more, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

Point = list[Fraction]


@dataclass(frozen=True)
class Reference:
    """What a fit must return, to the bit."""

    labels: list[int]
    centers: np.ndarray
    inertia: float
    iterations: int
    assignments: int
    ties: int


def rational(values) -> list:
    return [Fraction(float(value)) for value in values]


def nearest(X: np.ndarray, centers: np.ndarray) -> tuple[list[int], int]:
    """Labels, and how many rows have more than one nearest centre."""
    labels, ties = [], 0
    places = [rational(center) for center in centers]
    for row in X:
        point = rational(row)
        distances = [sum((a - b) ** 2 for a, b in zip(point, place, strict=True)) for place in places]
        labels.append(distances.index(min(distances)))
        ties += distances.count(min(distances)) > 1
    return labels, ties


def to_type(value: Fraction, dtype) -> np.floating:
    """Round once: to the nearest of the neighbours, the even one of two equally near."""
    if dtype == np.float64:
        return np.float64(float(value))
    guess = np.float32(float(value))
    around = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    return min(around, key=lambda x: (abs(Fraction(float(x)) - value), int(x.view(np.int32)) % 2))


def means(X: np.ndarray, weights: np.ndarray, labels: list[int], k: int) -> tuple[np.ndarray, list[Fraction]]:
    """Rounded means and exact weights; a cluster without weight sits on the (first) heaviest one."""
    d = X.shape[1]
    totals = [Fraction(0)] * k
    sums = [[Fraction(0)] * d for _ in range(k)]
    for row, weight, label in zip(X, rational(weights), labels, strict=True):
        totals[label] += weight
        sums[label] = [total + weight * x for total, x in zip(sums[label], rational(row), strict=True)]
    rounded_totals = [float(total) for total in totals]
    heaviest = rounded_totals.index(max(rounded_totals))
    of = [label if totals[label] else heaviest for label in range(k)]
    centers = [[to_type(sums[label][j] / totals[label], X.dtype) for j in range(d)] for label in of]
    return np.array(centers, dtype=X.dtype).reshape(k, d), totals


def squared_distance(row, center) -> float:
    """The fixed sequence of roundings: squares are added four at a time, then one by one."""
    differences = [float(a) - float(b) for a, b in zip(row, center, strict=True)]
    squares = [x * x for x in differences]  # a power would not always be correctly rounded
    whole, total = len(squares) // 4 * 4, 0.0
    for i in range(0, whole, 4):
        total += squares[i] + squares[i + 1] + squares[i + 2] + squares[i + 3]
    for square in squares[whole:]:
        total += square
    return total


def inertia(X: np.ndarray, weights: np.ndarray, centers: np.ndarray, labels: list[int]) -> float:
    terms = [squared_distance(x, centers[label]) * float(w) for x, w, label in zip(X, weights, labels, strict=True)]
    return float(sum(map(Fraction, terms), Fraction(0)))


def tolerance(X: np.ndarray, relative: float) -> float:
    (center,), _ = means(X, np.ones(len(X)), [0] * len(X), 1)
    return inertia(X, np.ones(len(X)), [center], [0] * len(X)) / X.size * relative


def fill_empty(X, weights, centers, labels: list[int], totals: list[Fraction]) -> list[int]:
    """Empty clusters, in order, take the farthest rows; equally far ones come in the order of what they hold."""
    far = [squared_distance(x, centers[label]) for x, label in zip(X, labels, strict=True)]
    rows = [i for i in range(len(X)) if weights[i] > 0 and far[i] > 0]
    rows.sort(key=lambda i: (-far[i], X[i].tolist(), -weights[i]))
    moved = list(labels)
    for cluster, row in zip([j for j, total in enumerate(totals) if not total], rows, strict=False):
        moved[row] = cluster
    return moved


def exact_lloyd(
    X: np.ndarray, weights: np.ndarray, centers: np.ndarray, *, max_iter: int = 300, tol: float = 1e-4
) -> Reference:
    """Run k-means from given centres."""
    k, limit = len(centers), tolerance(X, tol)
    labels: list[int] = []
    assignments, ties, strict = 0, 0, False
    for _iteration in range(max_iter):
        assignments += len(X)
        previous, (labels, tied) = labels, nearest(X, centers)
        ties += tied
        new, totals = means(X, weights, labels, k)
        if not all(totals):
            new, _ = means(X, weights, fill_empty(X, weights, centers, labels, totals), k)
        shift = sum((Fraction(squared_distance(a, b)) for a, b in zip(new, centers, strict=True)), Fraction(0))
        centers = new
        strict = labels == previous
        if strict or float(shift) <= limit:
            break
    if not strict:
        labels, tied = nearest(X, centers)
        assignments += len(X)
        ties += tied
    return Reference(labels, centers, inertia(X, weights, centers, labels), _iteration + 1, assignments, ties)
