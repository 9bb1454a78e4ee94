"""Bounds on distances in float32 against the same distances in exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cluster.certified.oracle import Distances, exact, hard_problems, unit_ball

from workings.cluster.certified.single_precision import (
    ROOTS,
    UNIT,
    Doubt,
    Verdict,
    aim,
    block_length,
    look,
    misplacement_doubt,
    pack,
    rounding_doubt,
)
from workings.cluster.distances import squared_norms

CERTAIN = Doubt(0, 0)
SHAPES = [(1, 2), (2, 3), (3, 1), (3, 8), (10, 40), (16, 64), (5, 65), (60, 5), (700, 3), (2, 300)]


def seen(X: np.ndarray, centers: np.ndarray, doubt: Doubt = CERTAIN) -> tuple[Verdict, np.ndarray, np.ndarray]:
    """What float32 says about rows and centres, and the scaled rows and centres themselves."""
    packed = pack(X, squared_norms(X))
    scaled = centers * packed.scale
    return look(packed.rows, aim(scaled, doubt)), X.astype(np.float64) * packed.scale, scaled


def assert_bounds_hold(verdict: Verdict, truth: Distances) -> None:
    assert (truth.of(verdict.labels) <= truth.in_units(verdict.nearest)).all()
    if truth.whole.shape[1] > 1:
        assert (truth.to_others(verdict.labels) >= truth.in_units(verdict.second)).all()
    else:
        assert (verdict.second == np.inf).all()


@pytest.mark.parametrize(("d", "k"), SHAPES)
def test_bounds_contain_the_true_distances_and_decided_labels_are_the_nearest(d, k):
    for name, X, centers in hard_problems(d, k):
        verdict, scaled, places = seen(X, centers)
        truth = Distances(scaled, places)
        assert_bounds_hold(verdict, truth)
        decided = ~verdict.open()
        assert np.array_equal(verdict.labels[decided], truth.labels()[decided])
        if name == "scattered":  # a proof that never succeeds proves nothing
            assert decided.mean() > 0.95


@pytest.mark.parametrize(("d", "k"), [(1, 3), (3, 4), (3, 70), (300, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_bounds_hold_where_squares_vanish_in_single_precision(d, k, dtype):
    rng = np.random.RandomState(d)
    # one row sets the scale; the squares of the others are a few units of the smallest number of float32
    for size in (3e-23, 1e-22, 1e-21, 1e-20):
        X = (size * rng.standard_normal((200, d))).astype(dtype)
        X[0] = 0.9 / math.sqrt(d)
        verdict, scaled, places = seen(X, X[1 : k + 1].astype(np.float64))
        truth = Distances(scaled, places)
        decided = ~verdict.open()
        assert np.array_equal(verdict.labels[decided], truth.labels()[decided])
        assert not np.isnan(verdict.lead()).any()


def test_bounds_hold_for_centers_far_away_from_the_rows():
    rng = np.random.RandomState(0)
    X = unit_ball(rng.standard_normal((100, 4)))
    for far in (3.0, 1e3, 1e9):
        centers = far + rng.standard_normal((6, 4))
        verdict, scaled, places = seen(X, centers)
        truth = Distances(scaled, places)
        assert_bounds_hold(verdict, truth)
        decided = ~verdict.open()
        assert np.array_equal(verdict.labels[decided], truth.labels()[decided])


@pytest.mark.parametrize("k", [2, 3, 33, 64, 65])
def test_equal_centers_are_never_told_apart(k):
    X = unit_ball(np.random.RandomState(0).standard_normal((50, 3)))
    verdict, _, _ = seen(X, np.repeat(X[:1], k, axis=0))
    assert verdict.open().all()


def test_a_foretold_arithmetic_widens_the_bounds_by_its_own_doubt():
    X = unit_ball(np.random.RandomState(1).standard_normal((200, 3)))
    plain, _, _ = seen(X, X[:4])
    wide, _, _ = seen(X, X[:4], Doubt(0.25, 0.5))
    more = 0.25 * squared_norms(X) + 0.5
    # float32 rounds numbers up to 5
    assert wide.nearest - plain.nearest == pytest.approx(more, abs=8 * UNIT * 5)
    assert plain.second - wide.second == pytest.approx(more, abs=8 * UNIT * 5)


@pytest.mark.parametrize(("d", "k"), SHAPES[:6])
def test_the_lead_is_at_most_the_true_one(d, k):
    if k == 1:
        return
    for _, X, centers in hard_problems(d, k):
        verdict, scaled, places = seen(X, centers)
        labels, decided = verdict.labels, ~verdict.open()
        lead = verdict.lead()
        assert not np.isnan(lead).any()
        wide = scaled.astype(np.longdouble)
        lengths = np.sqrt(((wide[:, np.newaxis] - places) ** 2).sum(axis=2))
        own = lengths[np.arange(len(X)), labels]
        lengths[np.arange(len(X)), labels] = np.inf
        true_lead = lengths.min(axis=1) - own  # extended precision: 11 digits more than what it is compared with
        assert (lead[decided] <= true_lead[decided] + ROOTS).all()


def test_the_lead_of_a_hand_made_verdict():
    verdict = Verdict(np.zeros(4, dtype=np.int32), *np.float32([[0.25, 0.0, 1.0, 0.5], [1.0, np.inf, -0.5, 4.5]]))
    assert verdict.open().tolist() == [False, False, True, False]
    # the third: nobody can be nearer than at distance zero
    assert verdict.lead().tolist() == pytest.approx([0.5, np.inf, -1.0, math.sqrt(4.5) - math.sqrt(0.5)], abs=ROOTS)


def added_in_turn(x: np.ndarray, c: np.ndarray) -> np.float32:
    """|x|² - 2x·c + |c|² of exact numbers, rounded to float32 after each operation, added one after the other."""
    x32, c32 = x.astype(np.float32), (-2 * c).astype(np.float32)
    terms = np.concatenate([x32 * c32, [np.float32((c * c).sum()), np.float32((x * x).sum())]])
    return np.add.accumulate(terms)[-1]


@pytest.mark.parametrize("d", [1, 10, 100, 1000, 4000])
def test_the_doubt_covers_roundings_that_all_go_the_same_way(d):
    # equal terms lose the same share of a unit at each addition, for as long as the sum stays in its binade
    worst = 0.0
    for digit in np.linspace(0.3, 1.0, 60):
        x = np.full(d, digit / math.sqrt(d))
        c = -0.987 * x
        truth = d * (Fraction(x[0]) - Fraction(c[0])) ** 2
        error = abs(Fraction(float(added_in_turn(x, c))) - truth)
        doubt = rounding_doubt(d, UNIT, math.nextafter(float(d * Fraction(c[0]) ** 2), 2))
        allowed = Fraction(doubt.slope) * d * Fraction(x[0]) ** 2 + Fraction(doubt.level)
        assert error <= allowed
        worst = max(worst, float(error / allowed))
    if d >= 1000:  # a bound that did not grow with d would have been broken
        assert worst > 20 / (d + 10)


coordinates = st.floats(-1, 1)
errors = st.floats(0, 0.5)


@given(st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=6), errors)
def test_misplaced_centers_change_distances_by_no_more_than_the_doubt(triples, error):
    x, c, direction = (exact(values) / 3 for values in zip(*triples, strict=True))  # in a ball of radius 1
    size = Fraction(math.nextafter(math.sqrt(sum(float(v) ** 2 for v in direction)), 2)) or Fraction(1)
    other = c + direction * (Fraction(error) * Fraction(99, 100) / size)
    change = abs(((x - c) ** 2).sum() - ((x - other) ** 2).sum())
    doubt = misplacement_doubt(error, float((c * c).sum()) * (1 + 1e-15))
    assert change <= Fraction(doubt.slope) * (x * x).sum() + Fraction(doubt.level)


@pytest.mark.parametrize("error", [0.5, 2.0**-10, 2.0**-30])
def test_the_doubt_of_a_misplacement_is_attained(error):
    # x = 1, c = -1, and c' beyond: (2 + e)² - 2² = 4e + e², which is what slope and level add up to
    doubt = misplacement_doubt(error, 1.0)
    assert doubt.slope + doubt.level == pytest.approx(4 * error + error**2, rel=1e-15)


def test_doubts_add_up():
    assert Doubt(1, 2) + Doubt(10, 20) == Doubt(11, 22)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1e-15, 0.7, 1.0, 3.0, 1e15])
def test_packing_scales_by_a_power_of_two_that_brings_the_largest_row_to_between_a_half_and_1(size, dtype):
    X = np.random.RandomState(0).standard_normal((25_000, 3)).astype(dtype) * dtype(size)  # several blocks
    packed = pack(X, squared_norms(X))
    assert math.frexp(packed.scale)[0] == 0.5
    assert 0.5 <= np.sqrt(squared_norms(packed.rows[:, :3].astype(np.float64))).max() < 1 + UNIT
    assert packed.radius == pytest.approx(float(np.linalg.norm(X.astype(np.float64), axis=1).max()), rel=1e-6)
    scaled = X.astype(np.float64) * packed.scale
    assert np.array_equal(packed.rows[:, :3], scaled.astype(np.float32))
    assert (packed.rows[:, 3] == 1).all()
    assert np.allclose(packed.rows[:, 4], (scaled**2).sum(axis=1), rtol=4 * UNIT, atol=0)


def test_rows_of_zeros_are_packed_as_they_are():
    packed = pack(np.zeros((3, 2)), np.zeros(3))
    assert packed.rows.tolist() == [[0, 0, 1, 0]] * 3


def test_blocks_are_whole_and_never_empty():
    assert all(block_length(k, d) >= 1 for k in (1, 2, 64, 65, 10**6) for d in (1, 784, 10**5))
