"""The summation form: blocks combine to the whole, in any order and however far from zero."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.linear_model.design import Design
from workings.linear_model.moments import combine, statistics
from workings.linear_model.twofold import sum_rows, two_product, two_sum


@given(st.integers(0, 2**31), st.lists(st.integers(1, 60), max_size=4), st.booleans(), st.booleans())
def test_blocks_combine_to_the_whole(seed, cuts, centred, weighted):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((61, 3)) + 2.0, rng.standard_normal((61, 2))
    weights = rng.random(61) + 0.1 if weighted else None
    edges = [0, *sorted(set(cuts)), 61]
    parts = [
        statistics(X[a:b], Y[a:b], None if weights is None else weights[a:b], centred=centred)
        for a, b in pairwise(edges)
    ]
    whole = statistics(X, Y, weights, centred=centred)
    for order in (parts, parts[::-1]):
        together = reduce(combine, order)
        for name in ("weight", "gram", "squares", "cross"):
            # 61 terms of size near 10, each rounded once or twice
            np.testing.assert_allclose(getattr(together, name), getattr(whole, name), atol=1e-11, rtol=1e-12)
        np.testing.assert_allclose(
            together.mean_x + together.mean_x_low, whole.mean_x + whole.mean_x_low, rtol=1e-15, atol=1e-16
        )


def test_means_are_known_to_twice_the_precision():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5000, 2)) + 1e9
    moments = reduce(combine, (statistics(X[i : i + 100], X[i : i + 100]) for i in range(0, 5000, 100)))
    for column in range(2):
        exact = sum(Fraction(v) for v in X[:, column].tolist()) / 5000
        error = Fraction(float(moments.mean_x[column])) + Fraction(float(moments.mean_x_low[column])) - exact
        assert abs(error) < Fraction(1, 10**15)  # the spacing of doubles near 1e9 is 1e-7


@pytest.mark.parametrize("order", ["C", "F"])
def test_many_blocks_give_the_answer_of_one(order, monkeypatch):
    rng = np.random.default_rng(1)
    X, Y = np.asarray(rng.standard_normal((1000, 4)) + 5.0, order=order), rng.standard_normal((1000, 1))
    one = Design(X, Y)
    monkeypatch.setattr("workings.linear_model.design.BLOCK_BYTES", 1)
    many = Design(X, Y)
    np.testing.assert_allclose(many.gram, one.gram, atol=1e-14)
    np.testing.assert_allclose(
        np.vstack([A for A, _ in many.blocks()]), np.vstack([A for A, _ in one.blocks()]), atol=1e-15
    )
    z = rng.standard_normal((4, 1))
    np.testing.assert_allclose(many.gradient(z)[0], one.gradient(z)[0], atol=1e-11)


@given(st.floats(-1e100, 1e100), st.floats(-1e100, 1e100))
def test_error_free_transformations(a, b):
    a, b = (0.0 if abs(v) < 1e-100 else v for v in (a, b))
    total, error = two_sum(np.float64(a), np.float64(b))
    assert Fraction(float(total)) + Fraction(float(error)) == Fraction(a) + Fraction(b)
    product, error = two_product(np.float64(a), np.float64(b))
    assert Fraction(float(product)) + Fraction(float(error)) == Fraction(a) * Fraction(b)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 100, 1001])
def test_sum_rows_of_cancelling_terms(n):
    rng = np.random.default_rng(n)
    terms = rng.standard_normal((n, 2)) * 10.0 ** rng.integers(-8, 9, (n, 2))
    terms = np.vstack([terms, -terms[::-1], [[1e-9, 3.0]]])
    high, low = sum_rows(terms)
    np.testing.assert_allclose(high + low, [1e-9, 3.0], rtol=1e-12)
