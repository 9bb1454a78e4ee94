"""Sampled Shapley values: against all subsets, with honest standard errors and the same answer each time."""

import sys

import numpy as np
import pytest
from tests.explain.models import X, exact_shapley

from workings.explain import permutation_shapley


def uneven(rows):
    # pairs of orders are exact for products of two features: only three or more at once are left to chance
    return np.prod(rows, axis=1) / 10 + np.maximum(rows.sum(axis=1), 5) + rows[:, 0] ** 2


def exact(background):
    background = np.atleast_2d(background)
    return np.mean([exact_shapley(lambda x: uneven(x[np.newaxis])[0], X[3], other) for other in background], axis=0)


@pytest.mark.parametrize("background", [X[0], X[:7]], ids=["one row", "several"])
def test_it_covers_the_exact_values_as_often_as_it_says(background):
    truth = exact(background)
    runs = [permutation_shapley(uneven, X[3], background, n_pairs=40, random_state=seed) for seed in range(60)]
    off = np.array([(run.contributions - truth) / run.standard_errors for run in runs])
    # 240 values of about a normal distribution: a standard deviation of 1 to within a quarter, and a mean of 0
    assert 0.75 < off.std() < 1.3
    assert np.abs(off.mean(axis=0)).max() < 4 / np.sqrt(60)
    assert max(run.residual for run in runs) < 1e-13


def test_products_of_two_features_are_not_left_to_chance():
    found = permutation_shapley(lambda rows: rows[:, 0] * rows[:, 1] - rows[:, 2] * rows[:, 3], X[3], X[0])
    assert found.standard_errors.max() < 1e-14
    assert found.contributions.sum() == pytest.approx(found.end - found.start, abs=1e-13)


def test_the_same_seed_gives_the_same_bits():
    one, two, other = (permutation_shapley(uneven, X[3], X[:7], random_state=seed) for seed in (3, 3, 4))
    assert one.contributions.tobytes() == two.contributions.tobytes()
    assert one.standard_errors.tobytes() == two.standard_errors.tobytes()
    assert one.contributions.tobytes() != other.contributions.tobytes()


def test_blocks_change_nothing(monkeypatch):
    whole = permutation_shapley(uneven, X[3], X[:7])
    # the name workings.explain is the function's
    monkeypatch.setattr(sys.modules["workings.explain.permutation"], "BLOCK_ENTRIES", 1)
    assert permutation_shapley(uneven, X[3], X[:7]).contributions.tobytes() == whole.contributions.tobytes()


def test_what_is_refused():
    with pytest.raises(ValueError, match="background has 3 features, but the row has 4"):
        permutation_shapley(uneven, X[3], X[0, :3])
    with pytest.raises(ValueError, match="at least 2"):
        permutation_shapley(uneven, X[3], X[0], n_pairs=1)
    for seed in (None, True, 1.5):
        with pytest.raises(ValueError, match="has to be an integer"):
            permutation_shapley(uneven, X[3], X[0], random_state=seed)
    with pytest.raises(ValueError, match="one number a row"):
        permutation_shapley(lambda rows: rows, X[3], X[0])
    with pytest.raises(ValueError, match="contains NaN"):
        permutation_shapley(lambda rows: rows[:, 0] * np.nan, X[3], X[0])
    with pytest.raises(ValueError, match="row contains NaN"):
        permutation_shapley(uneven, X[3] * np.nan, X[0])
