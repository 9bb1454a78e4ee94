"""The test for groups: its p-value, how often it alarms falsely, and what it sees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from workings.cluster import GroupTest, group_test

REFERENCES = ("box", "gaussian")
Sample = Callable[[np.random.RandomState], np.ndarray]
ROWS = 50


def groups(apart: float, count: int = 2) -> Sample:
    corners = apart * np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])[:count]
    return lambda rng: rng.standard_normal((ROWS, 2)) + corners[np.arange(ROWS) % count]


def normal(rng: np.random.RandomState) -> np.ndarray:
    return rng.standard_normal((ROWS, 2)) @ [[3.0, 1.0], [0.0, 1.0]]


def box(rng: np.random.RandomState) -> np.ndarray:
    return rng.uniform(size=(ROWS, 2)) @ [[3.0, 1.0], [-0.5, 1.5]]


def student(freedom: float) -> Sample:
    return lambda rng: rng.standard_normal((ROWS, 2)) / np.sqrt(rng.chisquare(freedom, (ROWS, 1)) / freedom)


def alarms(sample: Sample, reference: str, trials: int) -> int:
    """How often p is at most 0.05, which with 19 references needs X to score highest of 20."""
    p_values = [
        group_test(
            sample(np.random.RandomState(trial)),
            (2, 3),
            n_references=19,
            reference=reference,
            n_init=2,
            random_state=trial + 10000,
        ).p_value
        for trial in range(trials)
    ]
    return sum(p <= 0.05 for p in p_values)


def test_the_p_value_counts_the_references_that_score_as_high():
    shares = np.log([[0.2, 0.2], [0.5, 0.3], [0.1, 0.4], [0.6, 0.5]])
    result = GroupTest((2, 3), shares, "gaussian")
    largest = []
    for row in shares:
        scores = []
        for j in range(2):
            mean = sum(shares[:, j]) / 4
            sd = (sum((value - mean) ** 2 for value in shares[:, j]) / 4) ** 0.5
            scores.append((mean - row[j]) / sd)
        largest.append(max(scores))
    assert result.p_value == (1 + sum(other >= largest[0] for other in largest[1:])) / 4
    assert result.scores[0].max() == pytest.approx(largest[0])
    assert result.k == 3
    frame = result.frame()
    assert frame["share"].tolist() == pytest.approx([0.2, 0.2])
    assert frame["reference_share"].tolist() == pytest.approx(
        [(0.5 * 0.1 * 0.6) ** (1 / 3), (0.3 * 0.4 * 0.5) ** (1 / 3)]
    )


@pytest.mark.parametrize("reference", REFERENCES)
def test_separate_groups_are_seen_and_their_absence_is_not_called_groups(reference):
    found = group_test(groups(8.0)(np.random.RandomState(0)), n_references=19, reference=reference, random_state=0)
    assert found.p_value == 1 / 20
    assert "more divided" in found.sentence
    absent = (box if reference == "box" else normal)(np.random.RandomState(0))
    none = group_test(absent, n_references=19, reference=reference, random_state=0)
    assert none.p_value > 0.05
    assert "no evidence of groups" in none.sentence


@settings(max_examples=5)
@given(seed=st.integers(0, 2**16), exponent=st.integers(-40, 40))
def test_units_and_origin_do_not_matter(seed, exponent):
    X = normal(np.random.RandomState(seed))
    options = {"n_references": 19, "n_init": 1, "random_state": seed}
    plain = group_test(X, (2, 3), **options)
    scaled = group_test(X * 2.0**exponent, (2, 3), **options)
    assert scaled.log_shares == pytest.approx(plain.log_shares, abs=1e-12)
    moved = group_test(X + 1000.0, (2, 3), **options)
    # X + 1000 is rounded to 1e-13, and the axes, with lengths of about 3 to 1, hardly more
    assert moved.log_shares == pytest.approx(plain.log_shares, abs=1e-9)


def test_the_same_seed_gives_the_same_answer_and_progress_is_told():
    X = normal(np.random.RandomState(0))
    told: list[tuple[int, int]] = []
    one = group_test(X, (2,), n_references=19, random_state=3, progress=lambda *step: told.append(step))
    again = group_test(X, (2,), n_references=19, random_state=3)
    other = group_test(X, (2,), n_references=19, random_state=4)
    assert np.array_equal(one.log_shares, again.log_shares)
    assert not np.array_equal(one.log_shares, other.log_shares)
    assert told == [(done, 20) for done in range(1, 21)]


@pytest.mark.slow
@pytest.mark.parametrize(("sample", "reference"), [(box, "box"), (normal, "gaussian")])
def test_false_alarms_are_as_rare_as_promised(sample, reference):
    trials = 200
    # fitting the null to X makes the test cautious: references spread more unevenly along their axes than X does
    assert alarms(sample, reference, trials) <= binom.ppf(0.95, trials, 0.05)


@pytest.mark.slow
def test_a_normal_group_hardly_ever_alarms_against_the_box():
    assert alarms(normal, "box", 40) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("reference", "apart"), [("box", 7.0), ("gaussian", 5.0)])
@pytest.mark.parametrize("count", [2, 3])
def test_groups_some_standard_deviations_apart_are_seen(reference, apart, count):
    assert alarms(groups(apart, count), reference, 20) >= 18


@pytest.mark.slow
def test_the_box_is_the_more_cautious_null():
    assert alarms(groups(4.0), "box", 20) < alarms(groups(4.0), "gaussian", 20)


@pytest.mark.slow
def test_one_group_of_another_shape_can_be_taken_for_several():
    trials = 60
    # chance allows nine of sixty at the nominal rate
    assert alarms(box, "gaussian", trials) > trials / 4
    # three degrees of freedom: no more than chance allows at the nominal rate
    for reference in REFERENCES:
        assert alarms(student(3), reference, trials) <= binom.ppf(0.999, trials, 0.05)
    # Cauchy
    assert alarms(student(1), "gaussian", trials) > trials / 2
    assert alarms(student(1), "box", trials) > trials / 4
