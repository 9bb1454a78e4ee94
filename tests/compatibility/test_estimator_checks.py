"""scikit-learn's `check_estimator`, in full, and its tools around an estimator."""

from __future__ import annotations

import sys
import types
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_clusterer, is_regressor
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from workings.cluster import KMeans, MiniBatchKMeans
from workings.linear_model import LinearRegression
from workings.neural_network import MLPClassifier, MLPRegressor

ESTIMATORS = [LinearRegression(), KMeans(), MiniBatchKMeans(), MLPClassifier(), MLPRegressor()]

# scikit-learn's own are expected to fail these two: repeating a row changes the seeding's draws
WEIGHTS_CHANGE_THE_DRAWS = {
    f"check_sample_weight_equivalence_on_{kind}_data": "sample_weight is not equivalent to removing/repeating samples."
    for kind in ("dense", "sparse")
}


def named(estimator: object) -> str:
    return type(estimator).__name__


def quick(estimator: object) -> object:
    """A copy that trains briefly, for tests of the plumbing."""
    estimator = clone(estimator)
    if hasattr(estimator, "max_iter"):
        estimator.set_params(max_iter=5)
    if hasattr(estimator, "random_state"):
        estimator.set_params(random_state=0)
    return estimator


def data_for(estimator: object) -> tuple[np.ndarray, np.ndarray]:
    if is_classifier(estimator):
        return make_classification(60, 5, random_state=0)
    return make_regression(60, 5, random_state=0)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
@pytest.mark.filterwarnings("ignore")
def test_check_estimator_in_full(estimator):
    expected = WEIGHTS_CHANGE_THE_DRAWS if is_clusterer(estimator) else {}
    results = check_estimator(estimator, expected_failed_checks=expected, on_skip=None, on_fail=None)
    failed = {r["check_name"]: repr(r["exception"]) for r in results if r["status"] == "failed"}
    assert not failed
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    # scikit-learn skips the same: no array API asked for, and a network has no decision_function
    assert skipped <= {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}
    assert len(results) > 40


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "check", ["check_clustering", "check_estimators_partial_fit_n_features", "check_clusterer_compute_labels_predict"]
)
@pytest.mark.parametrize(
    "estimator", [KMeans(n_init=2, max_iter=20), MiniBatchKMeans(n_init=2, max_iter=20)], ids=named
)
def test_clustering_checks_that_check_estimator_leaves_out(check, estimator):
    # check_estimator asks isinstance(ClusterMixin), which our class is not
    getattr(estimator_checks, check)(named(estimator), estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
@pytest.mark.filterwarnings("ignore")
def test_pipeline_grid_search_and_cross_validation(estimator):
    X, y = data_for(estimator)
    pipeline = make_pipeline(StandardScaler(), quick(estimator))
    assert len(cross_val_score(pipeline, X, y, cv=3)) == 3
    name, values = {
        "LinearRegression": ("fit_intercept", [True, False]),
        "KMeans": ("n_clusters", [2, 3]),
        "MiniBatchKMeans": ("n_clusters", [2, 3]),
    }.get(named(estimator), ("alpha", [1e-4, 1e-2]))
    step = named(estimator).lower()
    search = GridSearchCV(pipeline, {f"{step}__{name}": values}, cv=3).fit(X, y)
    assert search.best_params_[f"{step}__{name}"] in values
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
@pytest.mark.filterwarnings("ignore")
def test_metadata_routing_passes_weights(estimator):
    X, y = data_for(estimator)
    weights = np.linspace(0.5, 2, len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        asked = quick(estimator).set_fit_request(sample_weight=True)
        unweighted = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(unweighted, asked).fit(X, y, sample_weight=weights)
    scaled = StandardScaler().fit_transform(X)
    alone = quick(estimator).fit(scaled, y, sample_weight=weights)
    without = quick(estimator).fit(scaled, y)
    assert np.array_equal(pipeline[-1].predict(scaled), alone.predict(scaled))
    if is_regressor(estimator):
        assert not np.array_equal(alone.predict(scaled), without.predict(scaled))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_requests_need_routing_switched_on(estimator):
    with pytest.raises(RuntimeError, match="only available when metadata routing is enabled"):
        estimator.set_fit_request(sample_weight=True)


def test_set_output_gives_frames_with_the_callers_index():
    X = pd.DataFrame({"a": [0.0, 1.0, 9.0, 10.0], "b": [0.0, 0.0, 1.0, 1.0]}, index=list("wxyz"))
    model = KMeans(2, n_init=1, random_state=0).set_output(transform="pandas").fit(X)
    frame = model.transform(X)
    assert list(frame.columns) == ["kmeans0", "kmeans1"]
    assert list(frame.index) == list("wxyz")
    assert isinstance(model.set_output(transform="default").transform(X), np.ndarray)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(KMeans(2, n_init=1, random_state=0).fit_transform(X), pd.DataFrame)


def test_polars_is_asked_for_a_frame_with_names(monkeypatch):
    # polars is not installed with the tests; what it would be handed is looked at instead
    stand_in = types.SimpleNamespace(DataFrame=lambda data, schema, orient: (data, schema, orient))
    monkeypatch.setitem(sys.modules, "polars", stand_in)
    X = np.array([[0.0], [1.0], [9.0], [10.0]])
    model = KMeans(2, n_init=1, random_state=0).fit(X)
    plain = model.transform(X)
    data, schema, orient = model.set_output(transform="polars").transform(X)
    np.testing.assert_array_equal(data, plain)
    assert (schema, orient) == (["kmeans0", "kmeans1"], "row")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_html_repr_follows_the_display_option(estimator):
    assert named(estimator) in estimator._repr_html_()
    assert set(estimator._repr_mimebundle_()) == {"text/plain", "text/html"}
    with sklearn.config_context(display="text"):
        assert not hasattr(estimator, "_repr_html_")
        assert set(estimator._repr_mimebundle_()) == {"text/plain"}
    pipeline = make_pipeline(StandardScaler(), estimator)
    assert named(estimator) in pipeline._repr_html_()


def test_kinds_of_estimator():
    kinds = [is_regressor, is_clusterer, is_clusterer, is_classifier, is_regressor]
    assert all(is_kind(estimator) for is_kind, estimator in zip(kinds, ESTIMATORS, strict=True))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_constructor_is_scikit_learns_with_ours_keyword_only_after(estimator):
    import inspect

    theirs = {
        "LinearRegression": sklearn.linear_model.LinearRegression,
        "KMeans": sklearn.cluster.KMeans,
        "MiniBatchKMeans": sklearn.cluster.MiniBatchKMeans,
        "MLPClassifier": sklearn.neural_network.MLPClassifier,
        "MLPRegressor": sklearn.neural_network.MLPRegressor,
    }[named(estimator)]
    expected = list(inspect.signature(theirs).parameters.values())
    actual = list(inspect.signature(type(estimator)).parameters.values())
    for mine, reference in zip(actual, expected, strict=False):
        assert (mine.name, mine.kind) == (reference.name, reference.kind)
        if (named(estimator), mine.name) != ("LinearRegression", "tol"):  # the one documented exception
            assert mine.default == reference.default
    assert len(actual) >= len(expected)
    assert all(extra.kind is extra.KEYWORD_ONLY for extra in actual[len(expected) :])


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_not_fitted_is_caught_by_both_libraries_names(estimator):
    from sklearn.exceptions import NotFittedError as Theirs

    from workings.base import NotFittedError as Ours

    for kind in (Theirs, Ours, ValueError):
        with pytest.raises(kind, match="is not fitted yet"):
            clone(estimator).predict(np.zeros((2, 2)))


def test_errors_survive_the_way_back_from_a_worker_process():
    import pickle

    from workings.base import NotFittedError, recognised

    error = pickle.loads(pickle.dumps(recognised(NotFittedError)("not fitted")))
    assert isinstance(error, NotFittedError)
    assert str(error) == "not fitted"


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
def test_pickle_gives_the_same_predictions(estimator):
    import pickle

    X, y = data_for(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = quick(estimator).fit(X, y)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
