"""Bootstrap stability: Jaccard similarities by hand, and what Hennig's marks say."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.cluster import ClusterStability, KMeans, MiniBatchKMeans, cluster_stability
from workings.cluster.validity.stability import best_similarities, reading

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30)


def three_groups(seed: int = 0) -> np.ndarray:
    rng = np.random.RandomState(seed)
    return rng.standard_normal((60, 2)) + 9 * np.repeat([[0, 0], [1, 0], [0, 1]], 20, axis=0)


def test_similarities_by_hand():
    # {0 1 2}, {3 4} against {0 1}, {2 3 4}: 2 of 3 rows, and 2 of 3
    ours, others = np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0])
    assert best_similarities(ours, others, 2) == pytest.approx([2 / 3, 2 / 3])
    # {0 1 2 3} against {0 1}, {2}, {3 4}: 2 of 4, 1 of 4 and 1 of 5; {4}: 1 of 2; the third has no row
    ours, others = np.array([0, 0, 0, 0, 1]), np.array([0, 0, 1, 2, 2])
    assert best_similarities(ours, others, 3) == pytest.approx([0.5, 0.5, np.nan], nan_ok=True)


@given(LABELS)
def test_similarities_are_those_of_sets(pairs):
    ours, others = np.array(pairs).T
    expected = []
    for cluster in range(4):
        own = {i for i, label in enumerate(ours) if label == cluster}
        sets = [{i for i, label in enumerate(others) if label == other} for other in set(others)]
        expected.append(max(len(own & rows) / len(own | rows) for rows in sets) if own else np.nan)
    assert best_similarities(ours, others, 4) == pytest.approx(expected, nan_ok=True)


@given(LABELS, st.permutations(range(4)), st.permutations(range(5)), st.randoms())
def test_names_and_order_do_not_matter(pairs, names, other_names, random):
    ours, others = np.array(pairs).T
    similarities = best_similarities(ours, others, 4)
    random.shuffle(pairs)
    renamed = best_similarities(*(np.array(m)[c] for m, c in zip((names, other_names), np.array(pairs).T)), 4)  # noqa: B905
    assert np.array_equal(renamed[list(names)], similarities, equal_nan=True)


class Halves:
    """A clustering that cuts at zero, and writes down what it was asked to cluster."""

    seen: list[tuple[np.ndarray, np.ndarray]] = []  # noqa: RUF012  (emptied by the test)

    def __init__(self, n_clusters: int = 2, random_state: Any = None) -> None:
        self.n_clusters, self.random_state = n_clusters, random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"n_clusters": self.n_clusters, "random_state": self.random_state}

    def fit(self, X: np.ndarray, y: Any = None, sample_weight: Any = None) -> Self:
        self.labels_ = (X[:, 0] > 0).astype(np.int32)
        if sample_weight is not None:
            self.seen.append((X, sample_weight))
        return self


def test_a_resample_draws_rows_with_replacement():
    X = np.random.RandomState(0).standard_normal((200, 1))
    Halves.seen.clear()
    result = cluster_stability(Halves().fit(X), X, n_resamples=50, random_state=0)
    assert result.means.tolist() == [1.0, 1.0]
    assert result.frame()["recovered"].tolist() == [50, 50]
    assert all(weights.sum() == 200 for _, weights in Halves.seen)
    assert all(len(rows) == len(weights) == len(np.unique(rows)) for rows, weights in Halves.seen)
    # a row is drawn with probability 1 - (1 - 1/n)^n; the sd of a mean of 50 shares is about 0.003
    assert np.mean([len(rows) / 200 for rows, _ in Halves.seen]) == pytest.approx(1 - (1 - 1 / 200) ** 200, abs=0.012)


@pytest.mark.parametrize("kind", [KMeans, MiniBatchKMeans])
def test_separate_groups_are_stable_and_halves_of_a_group_are_not(kind):
    X = three_groups()
    true = cluster_stability(kind(3, n_init=5, random_state=0).fit(X), X, n_resamples=20, random_state=0)
    assert true.means.tolist() == [1.0, 1.0, 1.0]
    assert true.readings == ("highly stable",) * 3
    assert "All 3 clusters" in true.sentence
    model = kind(5, n_init=5, random_state=0).fit(X)
    cut = cluster_stability(model, X, n_resamples=20, random_state=0)
    whole = np.bincount(model.labels_) == 20
    assert whole.sum() == 1
    assert cut.means[~whole].min() < min(0.75, cut.means[whole].min())
    assert len(cut.frame()) == 5
    assert cut.frame()["size"].tolist() == np.bincount(model.labels_).tolist()


@pytest.mark.parametrize(
    ("similarity", "words"),
    [
        (0.85, "highly stable"),
        (0.84, "valid"),
        (0.75, "valid"),
        (0.74, "a pattern, its rows doubtful"),
        (0.6, "a pattern, its rows doubtful"),
        (0.59, "not to be trusted"),
        (0.5, "dissolved"),
    ],
)
def test_hennigs_marks(similarity, words):
    assert reading(similarity) == words


def test_the_table_and_the_sentence():
    result = ClusterStability(np.array([5, 6]), np.array([[1.0, 0.5], [0.8, 0.6], [np.nan, 0.7]]))
    frame = result.frame()
    assert frame["jaccard"].tolist() == pytest.approx([0.9, 0.6])
    assert frame["dissolved"].tolist() == [0, 1]
    assert frame["recovered"].tolist() == [2, 0]
    assert result.sentence == (
        "1 of 2 clusters are found again when the rows are drawn anew; do not rely on cluster 1 (0.60, a pattern, its "
        "rows doubtful)."
    )


def test_the_same_seed_gives_the_same_answer_and_progress_is_told():
    X = np.random.RandomState(0).standard_normal((60, 2))
    model = KMeans(4, n_init=1, random_state=0).fit(X)
    told: list[tuple[int, int]] = []
    one = cluster_stability(model, X, n_resamples=5, random_state=3, progress=lambda *step: told.append(step))
    again = cluster_stability(model, X, n_resamples=5, random_state=3)
    other = cluster_stability(model, X, n_resamples=5, random_state=4)
    assert np.array_equal(one.jaccard, again.jaccard)
    assert not np.array_equal(one.jaccard, other.jaccard)
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert model.random_state == 0


def test_units_and_origin_do_not_matter():
    X = three_groups()
    model = KMeans(4, n_init=1, random_state=0).fit(X)
    plain = cluster_stability(model, X, n_resamples=5, random_state=0).jaccard
    for other in (X * 1024.0, X + 1000.0):
        model = KMeans(4, n_init=1, random_state=0).fit(other)
        assert np.array_equal(cluster_stability(model, other, n_resamples=5, random_state=0).jaccard, plain)
