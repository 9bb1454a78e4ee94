"""KMeans as an estimator: parameters, errors, prediction on new rows, outputs."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_iris

from workings.base import NotFittedError
from workings.cluster import KMeans

X = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]])
NEW = np.array([[0.0, 0.0], [12.0, 3.0], [9.0, 9.0]])


@pytest.fixture
def model() -> KMeans:
    return KMeans(2, random_state=0).fit(X)


def test_the_constructor_is_scikit_learns_and_an_arithmetic():
    def signature(cls: type) -> list[tuple[str, object, object]]:
        return [(p.name, p.default, p.kind) for p in inspect.signature(cls).parameters.values()]

    *ours, arithmetic = signature(KMeans)
    assert ours == signature(Reference)
    assert arithmetic == ("arithmetic", "double", inspect.Parameter.KEYWORD_ONLY)


@pytest.mark.parametrize("method", ["fit", "predict", "transform", "fit_transform", "fit_predict", "score"])
def test_the_methods_take_scikit_learns_arguments(method):
    ours, theirs = inspect.signature(getattr(KMeans, method)), inspect.signature(getattr(Reference, method))
    assert list(ours.parameters) == list(theirs.parameters)
    assert [p.default for p in ours.parameters.values()] == [p.default for p in theirs.parameters.values()]


def test_predict_on_new_rows_returning_training_labels(model):
    left, right = model.labels_[0], model.labels_[3]
    assert model.predict(NEW).tolist() == [left, right, right]
    assert len(model.predict(NEW)) == 3
    assert model.predict(X[::-1]).tolist() == model.labels_[::-1].tolist()


def test_prediction_changes_nothing(model):
    before = {name: np.array(value, copy=True) for name, value in vars(model).items() if isinstance(value, np.ndarray)}
    model.predict(NEW), model.transform(NEW), model.score(NEW)
    for name, value in before.items():
        assert np.array_equal(getattr(model, name), value)


def test_score_and_inertia_count_weights_by_hand():
    # two clusters of (2, 4, 0) around 2: with weights 1, 2, 1 the mean is 2.5 and the sum of squares 11
    weights = [1, 2, 1, 1, 2, 1]
    model = KMeans(2, init=X[[0, 3]], n_init=1).fit(X, sample_weight=weights)
    assert model.cluster_centers_.tolist() == [[1.0, 2.5], [10.0, 2.5]]
    assert model.inertia_ == 22.0
    assert model.score(X, sample_weight=weights) == -22.0
    assert model.score(X) == -(2 * 0.25 + 2 * 2.25 + 2 * 6.25)


def test_transform_gives_distances_by_hand(model):
    distances = model.transform([[1.0, 2.0], [4.0, 6.0]])
    near = model.labels_[0]
    assert distances[:, near].tolist() == [0.0, 5.0]
    assert distances[0, 1 - near] == 9.0


def test_best_of_several_runs_is_kept():
    data = load_iris().data
    rng = np.random.RandomState(0)
    inertias = [KMeans(8, init="random", n_init=1, random_state=rng).fit(data).inertia_ for _ in range(10)]
    kept = KMeans(8, init="random", n_init=10, random_state=0).fit(data)
    assert kept.inertia_ == min(inertias)
    assert inertias[-1] > min(inertias)


def test_names_and_frames():
    frame = pd.DataFrame(X, columns=["a", "b"], index=list("uvwxyz"))
    model = KMeans(2, random_state=0).set_output(transform="pandas").fit(frame)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    assert model.get_feature_names_out().tolist() == ["kmeans0", "kmeans1"]
    distances = model.fit_transform(frame)
    assert list(distances.columns) == ["kmeans0", "kmeans1"]
    assert list(distances.index) == list("uvwxyz")


def test_copy_x_false_gives_x_back():
    data = np.random.RandomState(0).uniform(size=(50, 3)) + 10
    kept = data.copy()
    KMeans(3, random_state=0).fit(data)
    assert np.array_equal(data, kept)
    KMeans(3, random_state=0, copy_x=False).fit(data)
    assert np.allclose(data, kept, rtol=1e-15)


def test_copy_x_false_gives_x_back_after_an_error():
    def broken(X, n_clusters, random_state):
        raise OSError("no centers today")

    data = np.random.RandomState(0).uniform(size=(50, 3)) + 10
    kept = data.copy()
    with pytest.raises(OSError, match="no centers today"):
        KMeans(3, init=broken, copy_x=False).fit(data)
    assert np.allclose(data, kept, rtol=1e-15)


def test_given_centers_are_not_changed():
    begin = X[[0, 3]].copy()
    KMeans(2, init=begin, n_init=1).fit(X)
    assert np.array_equal(begin, X[[0, 3]])


def test_a_callables_array_is_not_overwritten_between_runs():
    # scikit-learn iterates in the memory that the callable returned, so its later runs begin elsewhere
    begin = np.array([[-4.0, 0.0], [5.0, 0.0]])
    kept = begin.copy()
    KMeans(2, init=lambda X, k, random_state: begin, n_init=3).fit(X)
    assert np.array_equal(begin, kept)


def test_single_precision_model_takes_double_precision_rows():
    model = KMeans(2, random_state=0).fit(X.astype(np.float32))
    assert model.cluster_centers_.dtype == np.float32
    assert np.array_equal(model.predict(X), model.labels_)


def test_one_row():
    model = KMeans(1).fit([[3.0, 4.0]])
    assert model.cluster_centers_.tolist() == [[3.0, 4.0]]
    assert (model.inertia_, model.labels_.tolist()) == (0.0, [0])


@pytest.mark.parametrize(
    ("parameters", "data", "message"),
    [
        ({"n_clusters": 7}, X, r"n_samples=6 should be >= n_clusters=7\."),
        (
            {"n_clusters": 2, "init": X[:3]},
            X,
            r"shape of the initial centers \(3, 2\) does not match the number of clu",
        ),
        ({"n_clusters": 2, "init": X[:2, :1]}, X, r"initial centers \(2, 1\) does not match the number of features"),
        ({"n_clusters": 2, "init": lambda X, k, random_state: X[:1]}, X, "does not match the number of clusters 2"),
        ({"n_clusters": 2, "init": X[:2] * np.nan}, X, "Input init contains NaN"),
        ({"n_clusters": 2}, np.where(X == 4, np.nan, X), "Input X contains NaN"),
        ({"n_clusters": 2}, np.where(X == 4, np.inf, X), "Input X contains infinity"),
        ({"n_clusters": 0}, X, "The 'n_clusters' parameter of KMeans must be"),
        ({"n_init": 0}, X, "The 'n_init' parameter of KMeans must be"),
        ({"tol": -1.0}, X, "The 'tol' parameter of KMeans must be"),
        ({"max_iter": 0}, X, "The 'max_iter' parameter of KMeans must be"),
        ({"algorithm": "full"}, X, "The 'algorithm' parameter of KMeans must be"),
        ({"init": "kmeans++"}, X, "The 'init' parameter of KMeans must be"),
    ],
)
def test_bad_input_gets_one_clear_error(parameters, data, message):
    with pytest.raises(ValueError, match=message):
        KMeans(**parameters).fit(data)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(6), "at least one non-zero number"),
        (-np.ones(6), "Negative values"),
        (np.ones(5), r"sample_weight.shape == \(5,\), expected \(6,\)"),
        (np.full(6, np.nan), "NaN"),
        (np.full(6, 1e-320), "Multiply all weights by a constant"),
        (np.full(6, 1e308), "Divide X"),
    ],
)
def test_bad_weights_get_one_clear_error(weights, message):
    with pytest.raises(ValueError, match=message):
        KMeans(2).fit(X, sample_weight=weights)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(
    ("factor", "dtype", "message"),
    [
        (1e200, np.float64, "overflow float64. Divide X"),
        (1e307, np.float64, "overflow float64. Divide X"),
        (1e20, np.float32, "overflow float32. Divide X"),
        (1e-170, np.float64, "underflow float64. Multiply X"),
        (1e-30, np.float32, "underflow float32. Multiply X"),
    ],
)
def test_entries_whose_squares_leave_the_range_are_refused(container, factor, dtype, message):
    with pytest.raises(ValueError, match=message):
        KMeans(2, random_state=0).fit(container((X * factor).astype(dtype)))


@pytest.mark.parametrize("factor", [1e-140, 1e-9, 1e9, 1e140])
def test_large_and_small_scales_within_the_range_are_right(factor):
    model = KMeans(2, init=X[[0, 3]] * factor, n_init=1).fit(X * factor)
    assert model.labels_.tolist() == [0, 0, 0, 1, 1, 1]
    assert np.allclose(model.cluster_centers_, np.array([[1.0, 2.0], [10.0, 2.0]]) * factor, rtol=1e-15)


@pytest.mark.filterwarnings("error")
def test_huge_new_rows_are_right_or_refused(model):
    assert model.predict([[1e200, 0.0], [-1e200, 0.0]]).tolist() == [model.labels_[3], model.labels_[0]]
    with pytest.raises(ValueError, match="too large for these centers"):
        model.predict([[1.7e308, 0.0]])
    for method in (model.transform, model.score):
        with pytest.raises(ValueError, match="overflow float64"):
            method([[1e200, 0.0]])


def test_other_features_than_in_fit(model):
    with pytest.raises(ValueError, match="X has 3 features, but KMeans is expecting 2 features as input"):
        model.predict(np.ones((2, 3)))


@pytest.mark.parametrize("method", ["predict", "transform", "score", "get_feature_names_out"])
def test_before_fit(method):
    arguments = () if method == "get_feature_names_out" else (X,)
    with pytest.raises(NotFittedError, match="This KMeans instance is not fitted yet"):
        getattr(KMeans(), method)(*arguments)


def test_warnings_point_at_the_callers_line():
    with pytest.warns(RuntimeWarning, match="performing only one init in KMeans instead of n_init=5") as record:
        KMeans(2, init=X[:2], n_init=5).fit(X)
    assert record[0].filename == __file__
    with pytest.warns(RuntimeWarning, match="Using 'lloyd' instead") as record:
        KMeans(1, algorithm="elkan").fit(X)
    assert record[0].filename == __file__
