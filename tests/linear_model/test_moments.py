"""The summation form: blocks combine to the whole, in any order and however far from zero."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.linear_model.design import Design
from workings.linear_model.moments import combine, statistics


@given(st.integers(0, 2**31), st.lists(st.integers(1, 60), max_size=4), st.booleans())
def test_blocks_combine_to_the_whole(seed, cuts, weighted):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((61, 3)) + 2.0, np.column_stack([rng.standard_normal((61, 2)), np.ones(61)])
    weights = rng.random(61) + 0.1 if weighted else None
    edges = [0, *sorted(set(cuts)), 61]

    def parts():
        return [statistics(X[a:b], Y[a:b], None if weights is None else weights[a:b]) for a, b in pairwise(edges)]

    W = np.eye(61) if weights is None else np.diag(weights)
    for step in (1, -1):
        together = reduce(combine, parts()[::step])
        # 61 terms of size near 10, each rounded once or twice
        np.testing.assert_allclose(together.gram, X.T @ W @ X, atol=1e-11, rtol=1e-12)
        np.testing.assert_allclose(together.squares, np.diag(X.T @ W @ X), atol=1e-11, rtol=1e-12)
        np.testing.assert_allclose(together.cross, X.T @ W @ Y, atol=1e-11, rtol=1e-12)
        np.testing.assert_allclose(together.inner, Y.T @ W @ Y, atol=1e-11, rtol=1e-12)
        assert (together.largest * (1 + 1e-12) >= np.abs(X).max(axis=0) ** 2).all()


@pytest.mark.parametrize("offset", [3.0, 1e4, 1e9])
def test_columns_far_from_zero_are_shifted(offset):
    """Without the shift the squares of 1e9 hide a spread of 1 altogether."""
    rng = np.random.default_rng(0)
    X = rng.integers(-50, 50, (5000, 3)) + offset  # exact, so the Gram matrix of the deviations is known
    design = Design(X, X[:, :1])
    deviations = (X - offset) - (X - offset).mean(axis=0)
    np.testing.assert_allclose(
        design.gram, deviations.T @ deviations * design.scale * design.scale[:, np.newaxis], rtol=1e-11, atol=1e-13
    )
    assert (design.shift_x != 0.0).all() == (offset > 100)


@pytest.mark.parametrize("order", ["C", "F"])
def test_many_blocks_give_the_answer_of_one(order, monkeypatch):
    rng = np.random.default_rng(1)
    X, Y = np.asarray(rng.standard_normal((1000, 4)) + 5.0, order=order), rng.standard_normal((1000, 1))
    one = Design(X, Y)
    monkeypatch.setattr("workings.linear_model.rows.MOST_ROWS", 64)
    monkeypatch.setattr("workings.linear_model.rows.FEWEST_ROWS", 64)
    many = Design(X, Y)
    np.testing.assert_allclose(many.gram, one.gram, atol=1e-14)
    np.testing.assert_allclose(
        np.vstack([A for A, _ in many.blocks()]), np.vstack([A for A, _ in one.blocks()]), atol=1e-15
    )
    z = rng.standard_normal((4, 1))
    np.testing.assert_allclose(many.gradient(z)[0], one.gradient(z)[0], atol=1e-11)
