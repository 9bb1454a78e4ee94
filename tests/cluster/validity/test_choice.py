"""Inertia path, gap statistic and prediction strength: against the papers' formulas, written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans as ScikitLearnsKMeans
from sklearn.datasets import load_iris

from workings.cluster import GapStatistic, PredictionStrength, gap_statistic, inertia_path, prediction_strength
from workings.cluster.validity import gap, prediction
from workings.cluster.validity.references import reference_like

IRIS = load_iris().data
SEEDS = st.integers(0, 2**16)


def three_groups(seed: int = 0, apart: float = 9.0) -> np.ndarray:
    rng = np.random.RandomState(seed)
    return rng.standard_normal((60, 2)) + apart * np.repeat([[0, 0], [1, 0], [0, 1]], 20, axis=0)


def test_the_path_is_that_of_scikit_learns_k_means():
    path = inertia_path(IRIS, range(1, 6), n_init=5, random_state=0)
    rng = np.random.RandomState(0)
    fits = [ScikitLearnsKMeans(k, n_init=5, random_state=rng).fit(IRIS) for k in range(1, 6)]
    best = [fit.inertia_ for fit in fits]
    assert path["k"].tolist() == [1, 2, 3, 4, 5]
    # the same draws, and so the same runs; sums of 600 squares of data that are centred once more
    assert path["inertia"].to_numpy() == pytest.approx(best, rel=1e-13)
    assert path["explained"].to_numpy() == pytest.approx(1 - path["inertia"].to_numpy() / best[0], abs=1e-12)
    assert path["n_iter"].tolist() == [fit.n_iter_ for fit in fits]


def pooled_within(X: np.ndarray, k: int) -> float:
    """Smallest W_k of one sorted feature over all cuts: pairs' squared distances over twice the size, section 2."""
    X = np.sort(X[:, 0])
    best = np.inf
    for cuts in combinations(range(1, len(X)), k - 1):
        parts = np.split(X, cuts)
        best = min(best, sum(((part[:, None] - part) ** 2).sum() / (2 * len(part)) for part in parts))
    return best


class Drawn:
    """References that are known beforehand."""

    def __init__(self, sets: list[np.ndarray]) -> None:
        self.sets = iter(sets)

    def draw(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        return next(self.sets)


def test_the_gap_is_the_papers(monkeypatch):
    X = np.array([0.0, 0.5, 1.1, 6.0, 6.2, 7.0, 20.0, 20.3])[:, np.newaxis]
    sets = [np.random.RandomState(seed).uniform(0, 20.3, (8, 1)) for seed in range(6)]
    monkeypatch.setattr(gap, "reference_like", lambda X, kind: Drawn(sets))
    ks = [1, 2, 3, 4]
    result = gap_statistic(X, ks, n_references=6, n_init=30, random_state=0)
    own = np.log([pooled_within(X, k) for k in ks])
    references = np.log([[pooled_within(reference, k) for k in ks] for reference in sets])
    gaps = [sum(references[b, j] - own[j] for b in range(6)) / 6 for j in range(4)]
    means = references.sum(axis=0) / 6
    sd = [(sum((references[b, j] - means[j]) ** 2 for b in range(6)) / 6) ** 0.5 for j in range(4)]
    s = [value * (1 + 1 / 6) ** 0.5 for value in sd]
    # inertias of 8 rows, to some 1e-15
    assert result.gaps == pytest.approx(gaps, abs=1e-12)
    assert result.standard_errors == pytest.approx(s, abs=1e-12)
    assert result.k == next(k for k, j in zip(ks, range(3), strict=False) if gaps[j] >= gaps[j + 1] - s[j + 1]) == 3
    assert result.frame()["log_inertia"].to_numpy() == pytest.approx(own, abs=1e-12)


def with_gaps(gaps: list[float], s: float = 0.0) -> GapStatistic:
    # two references s' above and below the mean have the standard deviation s', and s is that times the root of 1.5
    half = s / 1.5**0.5
    return GapStatistic(
        tuple(range(1, len(gaps) + 1)), -np.array(gaps), np.array([[half], [-half]]) * np.ones(len(gaps)), "uniform"
    )


@pytest.mark.parametrize(
    ("gaps", "s", "k"),
    [
        ([0.1, 0.5, 0.4], 0.0, 2),
        ([0.5, 0.55, 0.9], 0.06, 1),
        ([0.5, 0.55, 0.9], 0.04, None),
        ([0.1, 0.2, 0.3], 0.0, None),
        ([0.1, 0.9, 1.3, 1.35], 0.1, 3),
    ],
)
def test_the_rule_of_one_standard_error(gaps, s, k):
    result = with_gaps(gaps, s)
    assert result.standard_errors == pytest.approx([s] * len(gaps))
    assert result.k == k
    assert ("no groups" if k == 1 else "larger ones" if k is None else f"finds {k} groups") in result.sentence


def test_the_standard_error_is_that_of_the_next_k():
    # s is 0 for k = 1 and 0.1 for k = 2, whose gap is 0.05 higher: within one standard error
    references = np.array([[0.0, 0.1], [0.0, -0.1]]) / 1.5**0.5
    assert GapStatistic((1, 2), np.array([-0.5, -0.55]), references, "uniform").k == 1
    assert GapStatistic((1, 2), np.array([-0.5, -0.55]), references[:, ::-1], "uniform").k is None


@pytest.mark.parametrize("reference", ["uniform", "principal axes"])
def test_the_gap_finds_what_is_there(reference):
    options = {"n_references": 10, "n_init": 3, "reference": reference, "random_state": 0}
    assert gap_statistic(three_groups(), range(1, 6), **options).k == 3
    assert gap_statistic(np.random.RandomState(0).uniform(size=(80, 2)), range(1, 6), **options).k == 1


def test_uniform_references_of_one_feature_fall_as_theory_says():
    # k equal intervals leave 1/k² of the variance of a uniform distribution; 3000 rows leave some 2 % of noise
    result = gap_statistic(
        np.linspace(0, 1, 3000)[:, np.newaxis], range(1, 5), n_references=4, n_init=1, random_state=0
    )
    falls = result.reference_log_inertias - result.reference_log_inertias[:, :1]
    assert falls.mean(axis=0) == pytest.approx(-2 * np.log([1, 2, 3, 4]), abs=0.05)
    assert result.gaps == pytest.approx([0] * 4, abs=0.05)


def test_references_resemble_the_data():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200, 3)) * [5, 1, 0.2]
    turned = X @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turned -= turned.mean(axis=0)
    box = reference_like(turned, "uniform").draw(5000, rng)
    assert (box >= turned.min(axis=0)).all()
    assert (box <= turned.max(axis=0)).all()
    tight = reference_like(turned, "principal axes")
    scores = tight.draw(5000, rng) @ tight.axes.T
    own = turned @ tight.axes.T
    assert (scores >= own.min(axis=0) - 1e-12).all()
    assert (scores <= own.max(axis=0) + 1e-12).all()
    assert np.prod(np.ptp(scores, axis=0)) < np.prod(np.ptp(box, axis=0)) / 2
    # a uniform distribution of sides s has the variances s²/12
    filled = reference_like(turned, "box")
    assert np.diag((filled.high - filled.low) ** 2 / 12) == pytest.approx(np.cov((turned @ filled.axes.T).T), abs=1e-12)
    normal = reference_like(turned, "gaussian")
    assert normal.factor.T @ normal.factor == pytest.approx(np.cov(turned.T), abs=1e-12)
    # four standard errors of a correlation-like quantity from 20000 rows
    drawn = normal.draw(20000, rng) @ np.linalg.inv(np.linalg.cholesky(np.cov(turned.T))).T
    assert np.cov(drawn.T) == pytest.approx(np.eye(3), abs=4 * (2 / 20000) ** 0.5)


@given(
    found=st.lists(st.integers(0, 2), min_size=6, max_size=15),
    seed=SEEDS,
)
def test_strength_is_the_papers(found, seed):
    found = np.array(found)
    predicted = np.random.RandomState(seed).randint(3, size=len(found))
    together = predicted[:, None] == predicted
    shares = []
    for cluster in range(3):
        members = np.flatnonzero(found == cluster)
        pairs = [(i, j) for i in members for j in members if i != j]
        shares.append(sum(together[i, j] for i, j in pairs) / len(pairs) if pairs else 0.0)
    assert prediction.strength(found.astype(np.int32), predicted.astype(np.int32), 3) == pytest.approx(min(shares))


def test_strength_by_hand():
    # of the 6 ordered pairs of the first cluster the two of rows 0 and 1 stay together; all of the second do
    assert prediction.strength(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0]), 2) == pytest.approx(1 / 3)
    assert prediction.strength(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0]), 2) == 0
    assert prediction.strength(np.array([0]), np.array([0]), 1) == 1


def test_prediction_strength_finds_what_is_there():
    groups = prediction_strength(three_groups(), range(1, 7), n_splits=5, random_state=0)
    assert groups.k == 3
    # groups nine standard deviations apart are found in each half
    assert groups.strengths[:, 2].tolist() == [1.0] * 5
    assert groups.strengths[:, 0].tolist() == [1.0] * 5
    assert "100%" in groups.sentence
    single = prediction_strength(
        np.random.RandomState(0).standard_normal((200, 2)), range(1, 6), n_splits=5, n_init=3, random_state=0
    )
    assert single.k == 1
    assert "no groups" in single.sentence
    assert prediction_strength(IRIS, range(1, 6), n_splits=10, n_init=3, random_state=0).k == 2


def test_the_largest_strong_k_is_chosen():
    strengths = np.array([[1.0, 0.6, 0.9, 0.5], [1.0, 0.8, 0.8, 0.7]])
    result = PredictionStrength((1, 2, 3, 4), strengths, 0.8)
    assert result.k == 3
    assert result.frame()["strength"].tolist() == pytest.approx([1.0, 0.7, 0.85, 0.6])
    # standard deviation of 0.6 and 0.8 is the root of 0.02, over the root of 2
    assert result.frame()["standard_error"].tolist() == pytest.approx([0, 0.1, 0.05, 0.1])
    assert PredictionStrength((2, 3), strengths[:, [1, 3]], 0.8).k is None
    assert "None of the numbers" in PredictionStrength((2, 3), strengths[:, [1, 3]], 0.8).sentence


def run_all(X: np.ndarray, seed: int = 0) -> list[np.ndarray]:
    return [
        inertia_path(X, [1, 2, 3], n_init=1, random_state=seed)["explained"].to_numpy(),
        gap_statistic(X, [1, 2, 3], n_references=3, n_init=1, random_state=seed).gaps,
        prediction_strength(X, [1, 2, 3], n_splits=2, n_init=1, random_state=seed).strengths,
    ]


@settings(max_examples=5)
@given(seed=SEEDS, exponent=st.integers(-40, 40))
def test_units_and_origin_do_not_matter(seed, exponent):
    X = three_groups(seed)
    plain = run_all(X)
    for scaled, value in zip(run_all(X * 2.0**exponent), plain, strict=True):
        # log(2^e x) and e log 2 + log x round apart
        assert scaled == pytest.approx(value, abs=1e-13)
    for moved, value in zip(run_all(X + 1000.0), plain, strict=True):
        # X + 1000 is rounded to 1e-13
        assert moved == pytest.approx(value, abs=1e-10)


@settings(max_examples=5)
@given(seed=SEEDS)
def test_the_order_of_the_rows_does_not_change_what_is_found(seed):
    X = three_groups(seed, apart=15.0)
    shuffled = X[np.random.RandomState(seed).permutation(60)]
    # 15 standard deviations apart, ten runs find the same three clusters whatever the order
    one, other = (inertia_path(rows, [1, 3], random_state=seed)["inertia"].to_numpy() for rows in (X, shuffled))
    assert other == pytest.approx(one, rel=1e-12)
    assert prediction_strength(shuffled, [3], n_splits=2, random_state=seed).k == 3


def test_the_same_seed_gives_the_same_answer_and_another_another():
    X = np.random.RandomState(0).standard_normal((60, 2))
    for one, again, other in zip(run_all(X), run_all(X), run_all(X, 1), strict=True):
        assert np.array_equal(one, again)
        assert not np.array_equal(one, other)
    state = np.random.RandomState(0)
    assert np.array_equal(run_all(X, state)[1], run_all(X, np.random.RandomState(0))[1])


def test_progress_is_told_to_the_end():
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    X = three_groups()
    inertia_path(X, [1, 2], random_state=0, progress=tell)
    gap_statistic(X, [1, 2], n_references=3, n_init=1, random_state=0, progress=tell)
    prediction_strength(X, [1, 2], n_splits=2, n_init=1, random_state=0, progress=tell)
    assert told == [(1, 2), (2, 2), (1, 4), (2, 4), (3, 4), (4, 4), (1, 2), (2, 2)]
