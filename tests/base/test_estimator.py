"""Parameters, their constraints, and the two scores."""

from __future__ import annotations

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.utils._param_validation import Interval as TheirInterval

from workings.base import Estimator, Interval, Options, recognised
from workings.base.exceptions import ConvergenceWarning
from workings.base.scores import accuracy_score, r2_score


class Inner(Estimator):
    def __init__(self, depth=1):
        self.depth = depth


class Outer(Estimator):
    _constraints: ClassVar = {
        "rate": [Interval(Real, 0, 1, "right"), Options({"auto", "best"})],
        "steps": [Interval(Integral, 1, None, "left"), None],
        "loud": ["boolean"],
    }

    def __init__(self, rate=0.5, steps=3, loud=False, inner=None):
        self.rate = rate
        self.steps = steps
        self.loud = loud
        self.inner = inner


def test_parameters_reach_into_parameters():
    model = Outer(inner=Inner())
    assert model.get_params()["inner__depth"] == 1
    assert "inner__depth" not in model.get_params(deep=False)
    assert model.set_params(inner__depth=4, rate="auto") is model
    assert (model.inner.depth, model.rate) == (4, "auto")
    with pytest.raises(ValueError, match=r"Invalid parameter 'rat' for estimator Outer\(.*Valid parameters are"):
        model.set_params(rat=1)


def test_repr_shows_what_was_changed():
    assert repr(Outer()) == "Outer()"
    assert repr(Outer(steps=7, inner=Inner(2))) == "Outer(steps=7, inner=Inner(depth=2))"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"rate": 0}, r"The 'rate' parameter of Outer must be a float in the range \(0, 1\] or a str among"),
        ({"rate": float("nan")}, "Got nan instead"),
        ({"rate": "Auto"}, "Got 'Auto' instead"),
        ({"steps": 1.0}, r"must be an int in the range \[1, inf\) or None"),
        ({"loud": 1}, "an instance of 'bool'"),
    ],
)
def test_a_parameter_out_of_range_is_named(parameters, words):
    for kind in (ValueError, TypeError):
        with pytest.raises(kind, match=words):
            Outer(**parameters)._check_parameters()


@given(
    st.one_of(st.floats(), st.integers(-5, 5), st.booleans(), st.none(), st.just("1")),
    st.sampled_from(["left", "right", "both", "neither"]),
    st.sampled_from([Integral, Real]),
)
def test_intervals_accept_what_scikit_learns_accept(value, closed, kind):
    assert Interval(kind, -2, 2, closed).accepts(value) == TheirInterval(kind, -2, 2, closed=closed).is_satisfied_by(
        value
    )


@given(
    st.one_of(st.floats(), st.integers(-5, 5), st.sampled_from([np.inf, -np.inf])),
    st.sampled_from([(0, None), (None, 0), (None, None)]),
    st.sampled_from(["left", "right", "both", "neither"]),
)
def test_infinity_belongs_to_a_half_open_interval_as_in_scikit_learn(value, ends, closed):
    if (closed in ("left", "both") and ends[0] is None) or (closed in ("right", "both") and ends[1] is None):
        return  # scikit-learn does not build these
    expected = TheirInterval(Real, *ends, closed=closed).is_satisfied_by(value)
    assert Interval(Real, *ends, closed).accepts(value) == expected


def test_warnings_are_recognised_by_both_libraries():
    from sklearn.exceptions import ConvergenceWarning as Theirs

    assert issubclass(recognised(ConvergenceWarning), Theirs)
    assert issubclass(recognised(ConvergenceWarning), ConvergenceWarning)


values = st.lists(st.floats(-1e3, 1e3, width=32), min_size=6, max_size=6)


@given(values, values, st.lists(st.floats(0.125, 4, width=32), min_size=6, max_size=6))
def test_r2_is_scikit_learns(y_true, y_pred, weights):
    for sample_weight in (None, weights):
        expected = metrics.r2_score(y_true, y_pred, sample_weight=sample_weight)
        assert r2_score(y_true, y_pred, sample_weight) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("kind", ["Float32", "Float64", "Int64", "float32", "int64"])
def test_r2_of_a_series_of_any_numeric_type(kind):
    y_true = pd.Series([1, 2, 4], dtype=kind)
    assert r2_score(y_true, np.array([1.0, 2.0, 3.0])) == metrics.r2_score([1, 2, 4], [1, 2, 3])


def test_r2_of_a_constant_target_and_of_one_row():
    assert r2_score([2, 2, 2], [2, 2, 2]) == 1.0
    assert r2_score([2, 2, 2], [2, 2, 3]) == 0.0
    with pytest.warns(UserWarning, match="less than two samples"):
        assert np.isnan(r2_score([1], [2]))
    two = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    assert r2_score(two, two) == 1.0


def test_accuracy_counts_rows_whose_labels_are_all_right():
    assert accuracy_score([[1, 0], [1, 1]], [[1, 0], [0, 1]]) == 0.5
    assert accuracy_score(["a", "b", "b"], ["a", "b", "a"], [1, 1, 2]) == 0.5
