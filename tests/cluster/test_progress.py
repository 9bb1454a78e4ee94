"""What a fit prints and records: scikit-learn's lines, and a tape with the same numbers."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_iris, make_blobs

from workings.cluster import KMeans
from workings.cluster.progress import Progress
from workings.recording import record

IRIS = load_iris().data
CASES = [
    {"n_clusters": 3, "random_state": 0},
    {"n_clusters": 8, "random_state": 1, "tol": 0},
    {"n_clusters": 5, "random_state": 2, "init": "random", "n_init": 3, "tol": 1e-2},
    {"n_clusters": 4, "random_state": 3, "max_iter": 2},
]


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
@pytest.mark.parametrize("parameters", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_verbose_prints_the_same_text(parameters, algorithm, dtype, capsys):
    X = IRIS.astype(dtype)
    Reference(verbose=1, algorithm=algorithm, **parameters).fit(X)
    theirs = capsys.readouterr().out
    KMeans(verbose=1, algorithm=algorithm, **parameters).fit(X)
    assert capsys.readouterr().out == theirs


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
@pytest.mark.parametrize("parameters", CASES)
def test_recorded_inertias_are_the_printed_ones_bit_for_bit(parameters, algorithm, capsys):
    Reference(verbose=1, algorithm=algorithm, **parameters).fit(IRIS)
    printed = re.findall(r"Iteration (\d+), inertia ([\d.e+-]+?)\.?$", capsys.readouterr().out, re.MULTILINE)
    with record() as tape:
        KMeans(algorithm=algorithm, **parameters).fit(IRIS)
    frame = tape.frame("iteration")
    assert [(str(i), float(v)) for i, v in zip(frame["iteration"], frame["inertia"], strict=True)] == [
        (i, float(v)) for i, v in printed
    ]


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
def test_recording_changes_no_bit(algorithm):
    X = make_blobs(300, 3, centers=4, random_state=0)[0]
    plain = KMeans(4, n_init=3, random_state=0, algorithm=algorithm).fit(X)
    with record(arrays=True):
        recorded = KMeans(4, n_init=3, random_state=0, algorithm=algorithm).fit(X)
    assert recorded.cluster_centers_.tobytes() == plain.cluster_centers_.tobytes()
    assert recorded.inertia_ == plain.inertia_


def test_the_tape_tells_the_whole_story():
    with record(arrays=True) as tape:
        model = KMeans(3, n_init=4, init="random", random_state=0).fit(IRIS)
    runs, seeds, steps = tape.frame("run"), tape.frame("seeding"), tape.frame("iteration")
    assert list(runs["run"]) == list(seeds["run"]) == [0, 1, 2, 3]
    assert list(steps.groupby("run").size()) == list(runs["iterations"])
    assert runs["best"][0]
    best = runs[runs["best"]].iloc[-1]
    assert best["inertia"] == model.inertia_
    assert best["iterations"] == model.n_iter_
    # the first iteration assigns to the seeds, so its inertia is their potential
    assert list(seeds["potential"]) == list(steps[steps["iteration"] == 0]["inertia"])
    assert (steps[steps["iteration"] == 0]["moved"] == len(IRIS)).all()
    strict = steps.groupby("run")["moved"].last() == 0
    assert list(strict) == list(runs["strict_convergence"])


def test_recorded_centers_are_in_the_units_of_the_data_and_made_the_recorded_labels():
    with record(arrays=True) as tape:
        KMeans(3, random_state=0).fit(IRIS)
    for step in tape.select("iteration"):
        distances = ((IRIS[:, np.newaxis] - step.values["centers"]) ** 2).sum(axis=2)
        assert np.array_equal(distances.argmin(axis=1), step.values["labels"])
        # one sum of 150 * 4 positive terms: rounding of a few hundred units in the last place at most
        assert np.isclose(distances.min(axis=1).sum(), step.values["inertia"], rtol=1e-12)


def test_center_shift_is_how_far_the_centers_move():
    with record(arrays=True) as tape:
        model = KMeans(3, random_state=0).fit(IRIS)
    steps = tape.select("iteration")
    paths = [step.values["centers"] for step in steps] + [model.cluster_centers_]
    for step, before, after in zip(steps, paths, paths[1:], strict=False):
        # adding the mean back rounds each coordinate by 1e-15, so a shift near zero keeps only absolute digits
        assert np.isclose(((after - before) ** 2).sum(), step.values["center_shift"], rtol=1e-9, atol=1e-14)


def test_nothing_is_printed_by_default(capsys):
    KMeans(2, random_state=0).fit(IRIS)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
def test_verbose_prints_the_same_text_with_empty_clusters(algorithm, capsys):
    X = np.repeat(np.arange(4.0), 5)[:, np.newaxis]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Reference(6, verbose=1, random_state=0, algorithm=algorithm).fit(X)
        theirs = capsys.readouterr().out
        KMeans(6, verbose=1, random_state=0, algorithm=algorithm).fit(X)
    assert capsys.readouterr().out == theirs


def test_a_rise_of_the_inertia_beyond_rounding_stops_a_watched_run():
    progress = Progress(verbose=False, recorder=None, offset=0.0, full_stop=".", rounding=0.5)
    progress.verbose = True
    told = {
        "centers": np.zeros((1, 1)),
        "labels": np.zeros(1, dtype=np.int32),
        "moved": 0,
        "shift": 0.0,
        "distances": 0,
    }
    progress.iteration(0, inertia=lambda: 10.0, **told)
    progress.iteration(1, inertia=lambda: 10.4, **told)
    with pytest.raises(AssertionError, match=r"rose from 10\.4 to 11\.0 in iteration 2"):
        progress.iteration(2, inertia=lambda: 11.0, **told)


@pytest.mark.parametrize("arithmetic", ["double", "exact"])
def test_the_tape_counts_the_distances_that_bounds_save(monkeypatch, arithmetic):
    monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, n_clusters: True)
    X = make_blobs(5000, 2, centers=5, random_state=0)[0]
    with record() as tape:
        KMeans(5, init="random", n_init=1, random_state=1, tol=0, arithmetic=arithmetic).fit(X)
    steps = tape.frame("iteration")
    assert (steps["distances"] + steps["distances_saved"] == 5000 * 5).all()
    assert (steps["distances"].iloc[:2] >= 5000 * 5).all()  # nobody knows yet how far the centres will go
    assert steps["distances"].iloc[-1] < 5000  # hardly a row is looked at in the end
