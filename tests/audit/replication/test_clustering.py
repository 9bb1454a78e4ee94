"""k-means: fixed points, runs stopped by their tolerance, labels, seeds."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.datasets as shipped
from sklearn.cluster import KMeans
from tests.audit.replication import zoo

import workings
from workings.audit import replicate

X = shipped.load_iris().data
UNIFORM = np.random.RandomState(3).uniform(size=(600, 2))


def outcomes(replication):
    return {check.what: check.outcome for check in replication.checks}


@pytest.mark.parametrize("k", [2, 3, 8])
def test_a_run_of_one_iteration_is_refused_and_the_limit_named(k):
    replication = zoo.fitted("", KMeans(k, max_iter=1, random_state=0), X).replication()
    assert not replication.certified
    assert "max_iter=1" in replication.verdict


def test_without_a_seed_the_fixed_point_stands_alone():
    replication = zoo.fitted("", KMeans(3, tol=0.0), X).replication()
    assert replication.certified
    assert outcomes(replication)["centres of a refit"] == "not applicable"
    assert "random_state" in replication.verdict


def test_a_run_stopped_by_its_tolerance_needs_a_seed():
    stopped = {"n_clusters": 6, "tol": 1e-2, "n_init": 1}
    assert zoo.fitted("", KMeans(**stopped, random_state=0), UNIFORM).replication().certified
    replication = zoo.fitted("", KMeans(**stopped), UNIFORM).replication()
    assert not replication.certified
    assert "tol=0.01" in replication.verdict


def test_another_seed_than_that_of_the_fit_leaves_the_fixed_point_certified_and_says_so():
    model = KMeans(8, random_state=0, tol=0.0).fit(X)
    model.random_state = 1
    replication = replicate(model, X)
    assert replication.certified
    assert "another fixed point" in replication.verdict


def test_a_label_that_is_not_the_nearest_centres_is_counted():
    model = KMeans(3, random_state=0).fit(X)
    model.labels_[7] = (model.labels_[7] + 1) % 3
    replication = replicate(model, X)
    assert outcomes(replication)["labels_ against the nearest centres"] == "failed"
    assert "1 of 150 rows" in replication.verdict


def test_labels_of_other_data_are_refused():
    model = KMeans(3, random_state=0).fit(X)
    assert "fitted on other data" in replicate(model, X[:100]).verdict
    model.labels_ = model.labels_ + 3
    assert "do not exist" in replicate(model, X).verdict


def test_an_inertia_that_was_changed_fails_alone():
    model = KMeans(3, random_state=0).fit(X)
    model.inertia_ *= 1 + 1e-9
    failing = [check.what for check in replicate(model, X).checks if check.outcome == "failed"]
    assert failing == ["inertia_"]


def test_rows_equally_near_to_two_centres_may_have_either_label():
    points = np.array([[0.0], [0.0], [2.0], [4.0], [4.0]])
    model = KMeans(2, init=np.array([[0.0], [4.0]]), n_init=1, tol=0.0).fit(points)
    # by hand: centres 2/3 and 4, the middle row is nearer to the first
    assert model.cluster_centers_.ravel() == pytest.approx([2 / 3, 4.0])
    assert replicate(model, points).certified


def test_a_centre_without_rows_is_certified_by_the_refit_only():
    points = np.repeat([[0.0], [1.0], [2.0]], 5, axis=0)
    case = zoo.fitted("", KMeans(5, random_state=0), points)
    assert case.replication().certified
    empty = int(np.flatnonzero(np.bincount(case.model.labels_, minlength=5) == 0)[0])
    moved = case.tampered("", lambda model: model.cluster_centers_.__setitem__(empty, 9.0))
    assert not moved.replication().certified


@pytest.mark.parametrize("arithmetic", ["double", "exact"])
def test_ours_is_certified_and_a_changed_centre_is_not(arithmetic):
    case = zoo.fitted("", workings.KMeans(3, random_state=0, arithmetic=arithmetic), X)
    assert case.replication().certified
    assert not case.tampered("", lambda model: zoo._scale(model.cluster_centers_, (0, 0))).replication().certified


def test_a_centre_without_rows_is_not_certified_without_a_seed():
    points = np.repeat([[0.0], [1.0], [2.0]], 5, axis=0)
    replication = zoo.fitted("", KMeans(5), points).replication()
    assert not replication.certified
    assert "2 clusters have no rows" in replication.verdict


def test_a_method_of_a_subclass_that_predicts_something_else_is_seen():
    class Contrary(KMeans):
        def predict(self, X):
            return (super().predict(X) + 1) % self.n_clusters

    replication = zoo.fitted("", Contrary(3, random_state=0), X).replication()
    assert [what for what, found in outcomes(replication).items() if found == "failed"] == ["predictions"]


def test_last_digits_that_differ_between_threads_are_no_alteration():
    case = zoo.fitted("", KMeans(3, random_state=0), X)
    case.model.cluster_centers_[0] = np.nextafter(case.model.cluster_centers_[0], 0.0)
    assert case.replication().certified
