"""Labels proved in double arithmetic against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from tests.cluster.certified.oracle import Distances, exact, hard_problems, unit_ball

from workings.cluster.certified.double_precision import decide
from workings.cluster.certified.single_precision import Doubt

CERTAIN = Doubt(0, 0)
SHAPES = [(1, 2), (2, 3), (3, 8), (10, 40), (60, 5), (700, 3), (2, 100)]


def gaps(X: np.ndarray, centers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """By how much the squared distance to every other centre is larger, at least, as fractions."""
    truth = Distances(X, centers)
    return (truth.to_others(labels) - truth.of(labels)) * truth.unit


@pytest.mark.parametrize(("d", "k"), SHAPES)
def test_proved_labels_are_the_nearest_and_clear_cases_are_proved(d, k):
    for _, X, centers in hard_problems(d, k):
        labels, proved = decide(X, centers, CERTAIN)
        assert labels.dtype == np.int32
        gap = gaps(X, centers, labels)
        assert (gap[proved] > 0).all()
        # gamma_d of terms that add up to at most 2(|x|² + |c|²) <= 4, for two distances
        assert proved[gap > 16 * (d + 10) * 2.0**-53].all()


@pytest.mark.parametrize("doubt", [Doubt(0, 1e-10), Doubt(1e-7, 0), Doubt(3e-5, 2e-5)])
def test_a_proof_holds_for_every_arithmetic_within_the_doubt(doubt):
    for _, X, centers in hard_problems(3, 5):
        labels, proved = decide(X, centers, doubt)
        gap = gaps(X, centers, labels)
        needed = 2 * (Fraction(doubt.slope) * (exact(X) ** 2).sum(axis=1) + Fraction(doubt.level))
        assert (gap[proved] > needed[proved]).all()
        assert proved[gap > needed * Fraction(101, 100) + Fraction(1, 10**13)].all()


def test_true_ties_are_never_proved():
    rng = np.random.RandomState(0)
    centers = rng.randint(-4, 5, size=(12, 3)) / 8
    X = rng.randint(-8, 9, size=(2000, 3)) / 16
    labels, proved = decide(X, centers, CERTAIN)
    gap = gaps(X, centers, labels)
    assert 100 < (gap == 0).sum() < 1900
    assert np.array_equal(proved, gap > 0)  # the smallest gap here is 1/64


@pytest.mark.parametrize("d", [1, 3, 200])
def test_proofs_hold_where_squares_vanish(d):
    rng = np.random.RandomState(d)
    for size in (1e-162, 1e-161, 1e-160, 1e-158):
        X = unit_ball(rng.standard_normal((200, d))) * size
        labels, proved = decide(X, X[:4], CERTAIN)
        assert (gaps(X, X[:4], labels)[proved] > 0).all()


def test_one_center_is_the_nearest():
    labels, proved = decide(np.eye(3), np.zeros((1, 3)), CERTAIN)
    assert labels.tolist() == [0, 0, 0]
    assert proved.all()


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e300])
def test_what_overflows_is_not_proved(value):
    with np.errstate(over="ignore", invalid="ignore"):
        _, proved = decide(np.full((1, 2), value), np.array([[0.5, 0.1], [-0.5, 0.2]]), CERTAIN)
    assert not proved.any()
