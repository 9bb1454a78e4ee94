"""What cannot be compared is refused with a sentence that says what to do."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import scipy.sparse

from workings.base import NotFittedError
from workings.cluster import (
    KMeans,
    cluster_stability,
    gap_statistic,
    group_test,
    inertia_path,
    prediction_strength,
)

X = np.random.RandomState(0).standard_normal((30, 2))
CHOICES = {
    "path": partial(inertia_path, random_state=0),
    "gap": partial(gap_statistic, n_references=2, random_state=0),
    "prediction": partial(prediction_strength, n_splits=2, random_state=0),
    "groups": partial(group_test, n_references=19, random_state=0),
}
MODEL = KMeans(2, random_state=0).fit(X)


@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize(
    ("ks", "words"),
    [
        (5, "lists the numbers"),
        ("25", "lists the numbers"),
        ([], "lists the numbers"),
        ([2.0, 3.0], "lists the numbers"),
        ([True, 2], "lists the numbers"),
        ([3, 2], "increase"),
        ([2, 2], "increase"),
        ([0, 1], "between"),
        ([2, 31], "between"),
    ],
)
def test_ks(choose, ks, words):
    with pytest.raises(ValueError, match=words):
        choose(X, ks)


def test_ks_of_each_method():
    with pytest.raises(ValueError, match="without gaps"):
        gap_statistic(X, [1, 3])
    with pytest.raises(ValueError, match="without gaps"):
        gap_statistic(X, [2])
    with pytest.raises(ValueError, match="between 1 and 29"):
        gap_statistic(X, [29, 30])
    with pytest.raises(ValueError, match="between 1 and 15"):
        prediction_strength(X, [16])
    with pytest.raises(ValueError, match="between 2 and 29"):
        group_test(X, [1, 2])


@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.where(X > 2, np.nan, X), "NaN"),
        (np.where(X > 2, np.inf, X), "infinity"),
        (X[:, 0], "2D"),
        (X[:1], "minimum of 2"),
        (np.full((9, 2), 0.1), "equal"),
        (X * 1e200, "too large"),
        (X * 1e307, "too large"),
        (X * 1e-200, "too little"),
    ],
)
def test_data(choose, data, words):
    with pytest.raises(ValueError, match=words):
        choose(data, [2, 3])


@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
def test_sparse_data(choose):
    with pytest.raises(TypeError, match="dense"):
        choose(scipy.sparse.csr_array(X), [2, 3])


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
def test_counts(value):
    for choose in CHOICES.values():
        with pytest.raises(ValueError, match="n_init is a whole number, 1 or more"):
            choose(X, [2, 3], n_init=value)
    with pytest.raises(ValueError, match="n_references is a whole number, 2 or more"):
        gap_statistic(X, [1, 2], n_references=value)
    with pytest.raises(ValueError, match="n_references is a whole number, 19 or more"):
        group_test(X, [2], n_references=value)
    with pytest.raises(ValueError, match="n_splits is a whole number, 2 or more"):
        prediction_strength(X, [2], n_splits=value)
    with pytest.raises(ValueError, match="n_resamples is a whole number, 2 or more"):
        cluster_stability(MODEL, X, n_resamples=value)


def test_references_and_cutoffs():
    with pytest.raises(ValueError, match="'uniform', 'principal axes'; got 'gaussian'"):
        gap_statistic(X, [1, 2], reference="gaussian")
    with pytest.raises(ValueError, match="'box', 'gaussian'; got 'uniform'"):
        group_test(X, reference="uniform")
    for cutoff in (0, 1.1, np.nan):
        with pytest.raises(ValueError, match="cutoff"):
            prediction_strength(X, [2], cutoff=cutoff)


def test_as_many_clusters_as_different_rows_leave_nothing_to_compare():
    few = np.repeat([[0.1, 0.2], [0.5, 0.9], [7.3, 1.1]], 6, axis=0) + 1e3
    for choose in (CHOICES["gap"], CHOICES["groups"]):
        with pytest.raises(ValueError, match="With 3 clusters every row is equal to its centre"):
            choose(few, [2, 3])
    assert inertia_path(few, [2, 3, 4], random_state=0)["explained"].iloc[-1] == 1


def test_models():
    with pytest.raises(NotFittedError):
        cluster_stability(KMeans(2), X)
    with pytest.raises(ValueError, match="fitted on 30 rows, but X has 20"):
        cluster_stability(MODEL, X[:20])
    with pytest.raises(ValueError, match="too few to resample 16 clusters"):
        cluster_stability(KMeans(16, random_state=0).fit(X), X)
    with pytest.raises(TypeError, match="dense"):
        cluster_stability(MODEL, scipy.sparse.csr_array(X))
    with pytest.warns(UserWarning, match="distinct clusters"):
        model = KMeans(3, random_state=0).fit(np.repeat([[0.0], [1.0]], 5, axis=0))
    with pytest.raises(ValueError, match="empty cluster"):
        cluster_stability(model, np.repeat([[0.0], [1.0]], 5, axis=0))
