"""Hartigan's test against exact fractions, a known pair of optima, and the invariances of the inertia."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_iris, make_blobs

from workings.cluster.hartigan import SingleMoves, single_moves

Points = list[tuple[Fraction, ...]]


def exact_inertia(points: Points, labels: list[int], weights: list[Fraction]) -> Fraction:
    """Inertia about the means, each cluster's straight from the definition."""
    total = Fraction(0)
    for label in set(labels):
        rows = [i for i, other in enumerate(labels) if other == label and weights[i]]
        mass = sum((weights[i] for i in rows), Fraction(0))
        for column in zip(*(points[i] for i in rows), strict=True):
            mean = sum((weights[i] * x for i, x in zip(rows, column, strict=True)), Fraction(0)) / mass
            total += sum((weights[i] * (x - mean) ** 2 for i, x in zip(rows, column, strict=True)), Fraction(0))
    return total


def exact_gains(X: np.ndarray, labels: list[int], weights: list[float] | None = None) -> dict[int, dict[int, Fraction]]:
    """By row and target, how much the move lowers the inertia: recomputed from scratch for every move."""
    points = [tuple(Fraction(float(x)) for x in row) for row in X]
    mass = [Fraction(w) for w in (weights or [1.0] * len(X))]
    before = exact_inertia(points, labels, mass)
    targets = {label for label, w in zip(labels, mass, strict=True) if w}
    return {
        i: {b: before - exact_inertia(points, [*labels[:i], b, *labels[i + 1 :]], mass) for b in targets - {labels[i]}}
        for i in range(len(X))
        if mass[i]
    }


def assert_agrees_with_fractions(X: np.ndarray, labels: list[int], weights: list[float] | None = None) -> SingleMoves:
    found = single_moves(X, labels, sample_weight=weights)
    exact = exact_gains(X, labels, weights)
    moved = found.moves.set_index("row")
    assert not set(moved.index) & set(found.undecided.tolist())
    for i, gains in exact.items():
        best = max(gains.values(), default=Fraction(0))
        if i in moved.index:
            line = moved.loc[i]
            assert line["from"] == labels[i]
            error = abs(Fraction(float(line["gain"])) - gains[int(line["to"])])
            assert error <= Fraction(float(line["bound"]))
            assert gains[int(line["to"])] > 0
            # the target is the best up to the rounding of two gains
            assert best - gains[int(line["to"])] <= 4 * Fraction(float(line["bound"]))
        elif i not in found.undecided:
            assert best <= 0
    assert set(moved.index) | set(found.undecided.tolist()) <= set(exact)
    return found


coordinates = st.one_of(st.integers(-8, 8).map(float), st.floats(-4, 4, allow_subnormal=False))


@st.composite
def partitions(draw: st.DrawFn) -> tuple[np.ndarray, list[int]]:
    n, d, k = draw(st.integers(1, 9)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    X = draw(st.lists(st.lists(coordinates, min_size=d, max_size=d), min_size=n, max_size=n))
    return np.array(X), draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))


@given(partitions())
def test_gains_are_those_of_the_recomputed_inertia(partition):
    assert_agrees_with_fractions(*partition)


@given(partitions(), st.data())
def test_weighted_gains_are_those_of_the_recomputed_inertia(partition, data):
    X, labels = partition
    weight = st.sampled_from([0.0, 1.0, 2.0, 0.1, 1e-12, 1e6])
    weights = data.draw(st.lists(weight, min_size=len(X), max_size=len(X)).filter(any))
    assert_agrees_with_fractions(X, labels, weights)


@given(partitions())
def test_rows_of_integers_are_undecided_only_when_they_are_tied(partition):
    # coordinates of at most 8 in units of 1: means are fractions over at most 9, so no gain lies within 1e-13 of 0
    # unless it is 0
    X, labels = np.round(partition[0]), partition[1]
    found = single_moves(X, labels)
    exact = exact_gains(X, labels)
    assert all(max(exact[i].values()) == 0 for i in found.undecided)
    assert set(found.moves["row"]) == {i for i, gains in exact.items() if max(gains.values(), default=0) > 0}


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e12])
@pytest.mark.parametrize("seed", range(5))
def test_bounds_hold_far_from_the_origin(offset, seed):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((40, 5)) + offset
    labels = rng.randint(3, size=40)
    found = assert_agrees_with_fractions(X, labels.tolist())
    assert not len(found.undecided)  # of 40 continuous rows none is tied to 1e-14
    # entries are centred first, so a bound counts units of the spread (about 10 squared), not of the offset squared
    assert found.moves["bound"].max() < 1e-12


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_nearly_tied_rows_are_decided_rightly_or_not_at_all(offset):
    # 0, 2, 4 in steps that are no doubles: 2 * 1² - 1/2 * 2² is 0 up to the rounding of the rows, which has any sign
    rng = np.random.RandomState(0)
    for step in rng.uniform(size=100):
        X = np.array([[offset], [offset + 2 * step], [offset + 4 * step], [offset + 9 * step], [offset - 8 * step]])
        assert_agrees_with_fractions(X, [0, 0, 1, 2, 3])


@pytest.mark.parametrize("seed", range(10))
def test_bounds_hold_for_a_row_between_two_means_of_wide_clusters(seed):
    # the means carry the rounding of entries of 1, and the row lies a millionth beside them
    rng = np.random.RandomState(seed)
    far = rng.uniform(-1, 1, size=(20, 1))
    X = np.concatenate([[[0.0]], far, 2e-6 * rng.uniform(-1, 1, size=(20, 1)) - far])
    assert_agrees_with_fractions(X, [0, *range(2), *[0, 1] * 9, *range(2), *[0, 1] * 9])


@pytest.mark.parametrize("seed", range(10))
def test_bounds_hold_for_narrow_clusters_far_from_each_other(seed):
    # the means lie at 1 and -1 and are rounded there, while the distances within a side are a millionth
    rng = np.random.RandomState(seed)
    X = rng.choice([-1.0, 1.0], size=(60, 1)) + 1e-6 * rng.standard_normal((60, 2))
    labels = rng.randint(3, size=60) + 3 * (X[:, 0] > 0)
    assert_agrees_with_fractions(X, labels.tolist())


@pytest.mark.parametrize("rest", [1e-4, 1e-9, 1e-14, 1e-15, 1e-17])
def test_bounds_hold_where_one_row_has_nearly_all_the_weight(rest):
    X = np.array([[0.0], [1.0], [0.3], [2.1], [0.7]])
    for first in range(5):
        weights = np.roll([1.0, rest, 3 * rest, 0.7, 0.9], first)
        for labels in ([0, 0, 0, 1, 1], [0, 1, 0, 1, 1], [0, 1, 1, 0, 2]):
            assert_agrees_with_fractions(X, labels, weights.tolist())


def test_hartigan_moves_the_row_of_iris_at_which_lloyd_stops():
    # two published optima for three clusters: Lloyd's 78.8557 and, in R's kmeans by Hartigan and Wong, 78.85144
    X = load_iris().data
    labels = Reference(3, random_state=0, n_init=1, tol=0).fit(X).labels_.copy()
    found = single_moves(X, labels)
    assert found.inertia == pytest.approx(78.855666, abs=1e-6)
    assert (len(found.moves), found.optimal) == (1, False)
    labels[found.moves["row"]] = found.moves["to"]
    after = single_moves(X, labels)
    assert after.inertia == pytest.approx(78.851441, abs=1e-6)
    assert after.inertia == pytest.approx(found.inertia - found.largest, rel=1e-13)  # 600 terms: 1e-14 by pairs
    assert after.optimal
    assert after.sentence == (
        "No move of a single row to another cluster lowers the inertia: the partition is Hartigan-optimal."
    )


def test_single_moves_end_where_lloyd_stays():
    X = make_blobs(200, 2, centers=6, cluster_std=3, random_state=1)[0]
    labels = Reference(6, init="random", n_init=1, random_state=3, max_iter=2).fit(X).labels_.copy()
    inertias = []
    while not (found := single_moves(X, labels)).optimal:
        inertias.append(found.inertia)
        labels[found.moves["row"][0]] = found.moves["to"][0]
    assert len(inertias) > 5
    assert (np.diff(inertias) < 0).all()
    # Telgarsky and Vattani: each optimum of single moves is a fixed point of Lloyd's iteration
    centers = np.array([X[labels == j].mean(axis=0) for j in range(6)])
    nearest = ((X[:, np.newaxis] - centers) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(nearest, labels)


def test_by_hand():
    # centres 1.5 and 5; row 1 at 3: 2/1 * 1.5² - 1/2 * 2² = 2.5, and 1.5² + 1.5² - (1² + 1²) = 2.5 as well
    found = single_moves([[0], [3], [5]], [7, 7, -1])
    assert found.moves.drop(columns="bound").to_dict("records") == [{"row": 1, "from": 7, "to": -1, "gain": 2.5}]
    assert found.inertia == 4.5
    assert found.sentence == (
        "The partition is not Hartigan-optimal: 1 row can move to another cluster and lower the inertia of 4.5, by 2.5 "
        "where row 1 moves from 7 to -1."
    )


def test_the_only_row_of_a_cluster_stays():
    # both rows at 0 and the lone one at 0.5: taking it in would cost 2/3 * 0.25
    assert single_moves([[0.0], [0.0], [0.5]], [0, 0, 1]).optimal
    # the lone row by weight: the other row of its cluster weighs nothing
    assert single_moves([[0.0], [0.1], [9.0]], [1, 0, 0], sample_weight=[1, 1, 0]).optimal


def test_a_tie_is_undecided():
    # 2/1 * 1² for leaving {0, 2}, 1/2 * 2² for joining {4}: a gain of exactly 0
    found = single_moves([[0.0], [2.0], [4.0]], [0, 0, 1])
    assert found.undecided.tolist() == [1]
    assert found.optimal is None
    assert found.largest == 0
    assert found.sentence == (
        "No move of a single row is certain to lower the inertia; for 1 row rounding hides whether some move does."
    )


def test_duplicates_are_told_row_by_row():
    X = [[0.0], [0.0], [4.0], [4.0], [4.0], [6.0]]
    found = single_moves(X, [0, 0, 0, 0, 0, 1])
    # the mean is 2.4: each 4 gains 5/4 * 1.6² - 1/2 * 2² = 1.2
    assert found.moves["row"].tolist() == [2, 3, 4]
    assert found.moves["gain"].to_numpy() == pytest.approx(1.2, abs=found.moves["bound"].max())


def test_a_weight_of_two_is_two_rows_that_move_together():
    X, labels = [[0.0], [3.0], [5.0], [9.0]], [0, 0, 1, 1]
    weighted = assert_agrees_with_fractions(np.array(X), labels, [1.0, 2.0, 2.0, 0.5])
    scaled = single_moves(X, labels, sample_weight=[4.0, 8.0, 8.0, 2.0])
    assert np.array_equal(scaled.moves["gain"], 4 * weighted.moves["gain"])


def test_rows_without_weight_are_not_there():
    X, labels = np.array([[0.0], [3.0], [5.0], [2.9], [4.0]]), [0, 0, 1, 0, 2]
    found = single_moves(X, labels, sample_weight=[1, 1, 1, 0, 0])
    assert found.moves.equals(single_moves(X[:3], labels[:3]).moves)
    assert found.clusters == 2


CASES = make_blobs(300, 3, centers=5, cluster_std=4, random_state=0)


@pytest.mark.parametrize("exponent", [-300, -30, 40, 400])
def test_a_power_of_two_scales_every_bit(exponent):
    X, labels = CASES
    plain, scaled = single_moves(X, labels), single_moves(np.ldexp(X, exponent), labels)
    assert len(plain.moves) > 20
    assert scaled.moves[["row", "from", "to"]].equals(plain.moves[["row", "from", "to"]])
    for column in ("gain", "bound"):
        assert np.array_equal(scaled.moves[column], np.ldexp(plain.moves[column], 2 * exponent))
    assert scaled.inertia == np.ldexp(plain.inertia, 2 * exponent)


def test_translation_rotation_and_order_change_nothing_but_rounding():
    X, labels = CASES
    plain = single_moves(X, labels).moves.set_index("row")
    rotation = np.linalg.qr(np.random.RandomState(0).standard_normal((3, 3)))[0]
    order = np.random.RandomState(1).permutation(len(X))
    for other, rows in (((X + 4096.0) @ rotation, np.arange(len(X))), (X[order], order)):
        found = single_moves(other, labels[rows]).moves
        found = found.set_index(rows[found["row"]]).loc[plain.index]
        assert np.array_equal(found["to"], plain["to"])
        # 4096 is rounded into the entries: 1e-12 of a spread of 10, and the gains are below 100 squared units
        assert np.allclose(found["gain"], plain["gain"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("entries", [1, 100, 2**30])
def test_blocks_change_nothing(entries, monkeypatch):
    X, labels = CASES
    plain = single_moves(X, labels)
    monkeypatch.setattr("workings.cluster.hartigan._ENTRIES", entries)
    other = single_moves(X, labels)
    assert other.moves.equals(plain.moves)
    assert other.inertia == pytest.approx(plain.inertia, rel=1e-14)  # sums of blocks


def test_float32_is_computed_in_float64_and_nothing_is_changed():
    X = CASES[0].astype(np.float32)
    before = X.copy()
    single = single_moves(X, CASES[1])
    assert single.moves.equals(single_moves(X.astype(np.float64), CASES[1]).moves)
    assert np.array_equal(X, before)


def test_one_cluster_one_row_and_one_place():
    assert single_moves(CASES[0], np.zeros(300, dtype=int)).optimal
    assert single_moves([[1.0, 2.0]], [3]).optimal
    # everything in one place: no move changes anything, and none is certain to be useless
    assert single_moves([[5.0]] * 4, [0, 0, 1, 1]).optimal is None


@pytest.mark.parametrize(
    ("X", "labels", "weights", "words"),
    [
        ([[1.0], [np.nan]], [0, 1], None, "NaN"),
        ([[1.0], [2.0]], [0, 1, 1], None, "inconsistent numbers of samples"),
        ([[1.0], [2.0]], [0.0, 1.0], None, "integers"),
        ([[1.0], [2.0]], ["a", "b"], None, "integers"),
        ([[1.0], [2.0]], [0, 1], [1.0, -1.0], "Negative"),
        ([[1.0], [2.0]], [0, 1], [0.0, 0.0], "non-zero"),
        ([[1e200], [-1e200]], [0, 1], None, "too large"),
        ([[1.7e308], [-1.7e308]], [0, 0], None, "too large"),
        ([[1e-200], [2e-200]], [0, 1], None, "varies too little"),
        ([[1.0], [2.0]], [0, 1], [1e-300, 1.0], "Set the smallest of them to zero"),
    ],
)
def test_bad_input(X, labels, weights, words):
    with pytest.raises(ValueError, match=words):
        single_moves(X, labels, sample_weight=weights)


def test_sparse_rows_are_refused():
    with pytest.raises(TypeError, match="dense data is required"):
        single_moves(csr_matrix(np.eye(3)), [0, 1, 1])
