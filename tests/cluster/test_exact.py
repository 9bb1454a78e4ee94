"""Tiny integer data against k-means in exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workings.cluster import KMeans

Point = tuple[Fraction, ...]


def squared(a: Point, b: Point) -> Fraction:
    return sum(((x - y) ** 2 for x, y in zip(a, b, strict=True)), Fraction(0))


def exact_k_means(
    points: list[Point], weights: list[int], centers: list[Point]
) -> tuple[list[int], list[Point], int, int]:
    """Labels, centres, the iteration without a shift of the centres, the one without a change of labels.

    Rejects the example on a tie or an empty cluster.
    """
    previous: list[int] = []
    unmoved = 0
    for iteration in range(1, 100):
        labels = []
        for point in points:
            distances = [squared(point, center) for center in centers]
            assume(sorted(distances)[:2].count(min(distances)) == 1)
            labels.append(distances.index(min(distances)))
        assume(set(labels) == set(range(len(centers))))
        members = [[i for i, label in enumerate(labels) if label == j] for j in range(len(centers))]
        old_centers, centers = (
            centers,
            [
                tuple(
                    sum((weights[i] * points[i][f] for i in rows), Fraction(0)) / sum(weights[i] for i in rows)
                    for f in range(len(points[0]))
                )
                for rows in members
            ],
        )
        unmoved = unmoved or (iteration if centers == old_centers else 0)
        if labels == previous:
            return labels, centers, unmoved, iteration
        previous = labels
    raise AssertionError("k-means on a dozen points ends before a hundred iterations")


coordinates = st.integers(-20, 20)


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
@given(data=st.data())
def test_labels_and_centers_are_those_of_exact_arithmetic(algorithm, data):
    d = data.draw(st.integers(1, 5))
    points = data.draw(st.lists(st.tuples(*[coordinates] * d), min_size=4, max_size=12, unique=True))
    weights = data.draw(st.lists(st.integers(1, 4), min_size=len(points), max_size=len(points)))
    k = data.draw(st.integers(2, 3))
    exact_points = [tuple(map(Fraction, point)) for point in points]
    labels, centers, unmoved, iterations = exact_k_means(exact_points, weights, exact_points[:k])
    X = np.array(points, dtype=float)
    model = KMeans(k, init=X[:k], n_init=1, tol=0, algorithm=algorithm).fit(X, sample_weight=weights)
    assert model.labels_.tolist() == labels
    # rounding may hide that a centre has not moved at all; then the unchanged labels stop the next iteration
    assert unmoved <= model.n_iter_ <= iterations
    # centred data of at most 40 in size, means of a dozen: a few units in the last place of 40
    assert np.allclose(model.cluster_centers_, np.array(centers, dtype=float), rtol=0, atol=40 * 16 * 2.3e-16)
    inertia = sum(w * squared(p, centers[j]) for p, w, j in zip(exact_points, weights, labels, strict=True))
    # each distance carries the error of its centre: 2 |x - c| * 1e-13, and |x - c| <= 40 d
    assert model.inertia_ == pytest.approx(float(inertia), rel=1e-13, abs=1e-10)
