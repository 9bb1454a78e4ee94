"""Input checks: scikit-learn's own validation is the reference for what is accepted and what is said."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.utils import validation

from workings.base import (
    Estimator,
    check_array,
    check_is_fitted,
    check_random_state,
    check_sample_weight,
    check_X,
    check_X_y,
    column_or_1d,
    is_sparse,
)


class Model(Estimator):
    pass


UNACCEPTABLE = {
    "scalar": 3.0,
    "one-dimensional": [1.0, 2.0],
    "three-dimensional": np.zeros((2, 2, 2)),
    "NaN": [[np.nan, 1.0]],
    "infinity": [[np.inf, 1.0]],
    "minus infinity": np.array([[-np.inf]], dtype=np.float32),
    "complex": np.array([[1 + 2j]]),
    "no rows": np.zeros((0, 3)),
    "no columns": np.zeros((12, 0)),
    "strings": [["a", "b"]],
    "a dict": np.array([[{"a": 1}]], dtype=object),
    "sparse": sparse.csr_array(np.eye(2)),
    "sparse complex": sparse.csr_array(np.eye(2) * 1j),
    "object NaN": np.array([[1.0, None]], dtype=object),
}


@pytest.mark.parametrize("case", UNACCEPTABLE)
def test_what_scikit_learn_refuses_is_refused_in_the_same_first_words(case):
    X = UNACCEPTABLE[case]
    with pytest.raises((ValueError, TypeError)) as theirs:
        validation.check_array(X, dtype=[np.float64, np.float32], input_name="X", estimator="Model")
    with pytest.raises(theirs.type) as ours:
        check_array(X, owner="Model")
    words = re.split(r"[\n.]", str(theirs.value))[0]
    assert str(ours.value).startswith(words[:25])


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3, 4]],
        [[True, False]],
        np.array([[1, 2]], dtype=np.int8),
        np.array([[1, 2]], dtype=np.float16),
        np.array([[1, 2]], dtype=np.float32),
        np.array([["1.5", 2]], dtype=object),
        np.arange(6.0).reshape(2, 3)[:, ::2],
        np.asfortranarray(np.eye(3)),
        pd.DataFrame({"a": [1, 2], "b": [0.5, np.float32(2)]}),
        pd.DataFrame({"a": pd.array([1, 2], dtype="Int64"), "b": [0.5, 1.5]}),
        pd.DataFrame({"a": pd.array([True, False], dtype="boolean")}),
        [[1e308, 1e308], [1e308, -1e308]],  # finite, although the sum overflows
    ],
    ids=lambda X: type(X).__name__ + str(getattr(X, "dtype", "")),
)
def test_what_scikit_learn_accepts_gives_the_same_array(X):
    theirs = validation.check_array(X, dtype=[np.float64, np.float32])
    ours = check_array(X)
    assert ours.dtype == theirs.dtype
    assert np.array_equal(ours, theirs)


def test_missing_values_in_a_nullable_frame_are_an_error():
    with pytest.raises(ValueError, match="NaN"):
        check_array(pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}))


def test_copy_protects_the_callers_memory_and_nothing_else_copies():
    X = np.eye(3)
    assert np.may_share_memory(check_array(X), X)
    assert not np.may_share_memory(check_array(X, copy=True), X)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_sparse_becomes_csr(kind):
    X = sparse.random_array((5, 4), density=0.5, format=kind, rng=0)
    checked = check_array(X, accept_sparse=True)
    assert checked.format == "csr"
    assert np.array_equal(checked.toarray(), X.toarray())


def test_is_sparse_by_what_it_can_do():
    assert is_sparse(sparse.csr_matrix(np.eye(2)))
    assert not is_sparse(np.eye(2))
    assert not is_sparse(pd.DataFrame(np.eye(2)))


def test_sparse_nan_is_found():
    X = sparse.csr_array(np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        check_array(X, accept_sparse=True)


def test_feature_names_are_remembered_and_compared():
    model = Model()
    frame = pd.DataFrame([[1.0, 2.0]], columns=["a", "b"])
    check_X(model, frame, reset=True)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="must be in the same order"):
        check_X(model, frame[["b", "a"]], reset=False)
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- c\n.*yet now missing:\n- b"):
        check_X(model, frame.rename(columns={"b": "c"}), reset=False)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        check_X(model, frame.to_numpy(), reset=False)
    check_X(model, frame.to_numpy(), reset=True)
    assert not hasattr(model, "feature_names_in_")
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        check_X(model, frame, reset=False)
    with pytest.raises(TypeError, match="only supported if all input features have string names"):
        check_X(model, frame.rename(columns={"b": 1}), reset=True)


def test_another_number_of_features_is_named():
    model = Model()
    check_X(model, np.eye(4), reset=True)
    with pytest.raises(ValueError, match="X has 1 features, but Model is expecting 4 features as input"):
        check_X(model, np.ones((3, 1)), reset=False)
    del model.n_features_in_  # a user's subclass may
    check_X(model, np.ones((3, 1)), reset=False)


def test_targets():
    X = np.ones((3, 1))
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        check_X_y(Model(), X, None)
    with pytest.raises(ValueError, match=re.escape("inconsistent numbers of samples: [3, 2]")):
        check_X_y(Model(), X, [1, 2])
    with pytest.raises(ValueError, match="Input y contains NaN"):
        check_X_y(Model(), X, [1, 2, np.nan])
    with pytest.raises(ValueError, match="y should be a 1d array"):
        check_X_y(Model(), X, np.ones((3, 2)))
    with pytest.raises(ValueError, match="Complex data not supported"):
        check_X_y(Model(), X, np.ones(3) * 1j)
    with pytest.warns(UserWarning, match="A column-vector y was passed"):
        assert check_X_y(Model(), X, np.ones((3, 1)))[1].shape == (3,)
    assert check_X_y(Model(), X, np.ones((3, 2)), multi_output=True)[1].shape == (3, 2)
    assert column_or_1d([[1], [2]]).tolist() == [1, 2]
    indicators = sparse.csr_array(np.eye(3))
    assert is_sparse(check_X_y(Model(), X, indicators, multi_output=True)[1])
    with pytest.raises(TypeError, match="Sparse data was passed for y"):
        check_X_y(Model(), X, indicators, multi_output=True, y_numeric=True)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([0, 0, 0], "must contain at least one non-zero number"),
        ([1, -1, 1], "Negative values"),
        ([[1], [1], [1]], "must be 1D array or scalar"),
        ([1, 2], re.escape("sample_weight.shape == (2,), expected (3,)!")),
        ([1, np.nan, 1], "Input sample_weight contains NaN"),
        (np.inf, "infinity"),
        (1j, "Complex data"),
    ],
)
def test_weights_that_mean_nothing_are_refused(weights, words):
    with pytest.raises(ValueError, match=words):
        check_sample_weight(weights, np.ones((3, 1)))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.array([1, 2, 10**400], dtype=object), "too large for float64"),
        (np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[D]"), "dates or durations"),
    ],
)
def test_targets_that_are_no_numbers_are_refused(y, words):
    with pytest.raises(ValueError, match=words):
        check_X_y(Model(), np.ones((3, 1)), y, multi_output=True, y_numeric=True)


def test_weights_default_to_one_each():
    assert check_sample_weight(None, np.ones((3, 1)), dtype=np.float32).tolist() == [1, 1, 1]
    assert check_sample_weight(2, np.ones((3, 1))).tolist() == [2, 2, 2]


def test_random_states():
    state = np.random.RandomState(3)
    assert check_random_state(state) is state
    assert check_random_state(5).randint(1000) == np.random.RandomState(5).randint(1000)
    assert check_random_state(None) is validation.check_random_state(None)
    with pytest.raises(ValueError, match="cannot be used to seed"):
        check_random_state("seed")


def test_fitted_means_an_attribute_with_a_trailing_underscore():
    model = Model()
    with pytest.raises(ValueError, match="This Model instance is not fitted yet"):
        check_is_fitted(model)
    model.coef_ = 1
    check_is_fitted(model)


@pytest.mark.parametrize(
    ("y", "kind", "words"), [(3, TypeError, "scalar"), (np.zeros((3, 0)), ValueError, "0 feature")]
)
def test_a_target_without_rows_or_columns_is_named(y, kind, words):
    with pytest.raises(kind, match=words):
        check_X_y(Model(), np.eye(3), y, multi_output=True)


def test_named_sparse_formats_stay_as_they_are():
    X = sparse.csc_array(np.eye(3))
    assert check_array(X, accept_sparse=("csr", "csc")) is X
    assert check_array(X, accept_sparse=True).format == "csr"
    assert check_array(X.tocoo(), accept_sparse=("csr", "csc")).format == "csr"
