"""Verdicts: bits are bits, a bound is a bound, and nothing explains what nobody judged."""

from __future__ import annotations

import numpy as np
import pytest

from workings.validate.compare import Fit, Promise, compare, differences, flat, same_bits
from workings.validate.results import Comparison, Verdict

FIT = Fit("linear", "data", "LinearRegression()")


def row(ours: object, theirs: object, tolerance: float = 0.0, sentence: str | None = None) -> Comparison:
    judge = None if sentence is None else lambda: sentence
    return compare(FIT, "estimator", "scikit-learn", "coef_", ours, theirs, Promise(tolerance, "because"), judge)  # type: ignore[arg-type]


def test_the_three_verdicts() -> None:
    one, next_one = np.array([1.0, 2.0]), np.array([1.0, np.nextafter(2.0, 3.0)])
    assert row(one, one).verdict is Verdict.SAME_BITS
    assert row(next_one, one, 1e-15).verdict is Verdict.WITHIN_BOUND
    assert row(next_one, one).verdict is Verdict.DIFFERS
    assert row(next_one, one).max_absolute == 2.0**-51
    assert row(next_one, one).max_relative == 2.0**-52


def test_a_difference_that_nobody_judged_is_unexplained() -> None:
    assert row([1.0], [2.0]).unexplained
    assert row([1.0], [2.0], sentence="").unexplained
    assert not row([1.0], [2.0], sentence="ours: by exact arithmetic").unexplained


def test_a_judge_is_asked_only_about_a_difference_of_values() -> None:
    def never() -> str:
        raise AssertionError("asked")

    for ours, theirs, tolerance in (([1.0], [1.0], 0.0), ([1.0], [1.0 + 1e-15], 1e-12), ([1.0, 2.0], [1.0], 1.0)):
        compare(FIT, "estimator", "exact", "coef_", ours, theirs, Promise(tolerance, "because"), never)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([1.0, 2.0], [1.0]),
        ([np.nan], [1.0]),
        ([1.0], [np.nan]),
        ([np.inf], [1.0]),
        ([np.inf], [-np.inf]),
        (["a"], ["b"]),
    ],
)
def test_what_cannot_be_subtracted_differs_infinitely(ours: list[object], theirs: list[object]) -> None:
    assert differences(np.array(ours), np.array(theirs)) == (np.inf, np.inf)
    assert row(np.array(ours), np.array(theirs), tolerance=1.0).unexplained


def test_equal_nans_and_infinities_are_equal() -> None:
    special = np.array([np.nan, np.inf, -np.inf, 3.0])
    assert differences(special, special.copy()) == (0.0, 0.0)


def test_bits_tell_zeros_and_types_apart() -> None:
    assert not same_bits(np.array([0.0]), np.array([-0.0]))
    assert row([0.0], [-0.0]).verdict is Verdict.WITHIN_BOUND
    assert not same_bits(np.array([1.0]), np.array([1.0], dtype=np.float32))
    assert not same_bits(np.zeros(2), np.zeros(2, dtype=np.int64))
    assert same_bits(np.array([1, 2], dtype=np.int32), np.array([1, 2], dtype=np.int64))


def test_a_reference_of_zeros_makes_the_relative_difference_absolute() -> None:
    assert differences(np.array([1e-3]), np.array([0.0])) == (1e-3, 1e-3)


def test_scalars_and_empty_arrays() -> None:
    assert row(np.float64(1.5), 1.5).verdict is Verdict.SAME_BITS
    assert row(np.empty(0), np.empty(0)).verdict is Verdict.SAME_BITS
    assert flat([np.ones((2, 2)), np.zeros(1)]).tolist() == [1, 1, 1, 1, 0]
