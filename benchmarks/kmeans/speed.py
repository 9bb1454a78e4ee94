"""Time of fits and predictions; every fit is compared with scikit-learn's also in its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from race import Race, Task, race

from .cases import Case, Floats
from .contenders import GIVEN_CENTRES_ONLY, MINI_BATCH, OURS, OURS_FIRST, PEER_FIRST, PEERS, Answer, Contender

FEW_ITERATIONS = 3  # make the centres that rows are assigned to


def fits_from_given_centres(case: Case, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare fits that begin at the same k random rows."""
    X = case.rows()
    init = case.initial_centers(X)
    parameters = {"n_clusters": case.k, "init": init, "n_init": 1, "max_iter": case.max_iter}
    iterations = PEERS[PEER_FIRST].fit(X, **parameters).n_iter_
    tasks = _tasks(OURS | PEERS, X, parameters) | _tasks(GIVEN_CENTRES_ONLY, X, parameters | {"max_iter": iterations})
    return _entry(race(tasks, rounds, seconds_a_case), X, PEERS | GIVEN_CENTRES_ONLY)


def default_fits(case: Case, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare fits as they come, seeded by greedy k-means++."""
    X = case.rows()
    tasks = _tasks(OURS | PEERS, X, {"n_clusters": case.k, "max_iter": case.max_iter, "random_state": 0})
    return _entry(race(tasks, rounds, seconds_a_case), X, PEERS)


def mini_batches(case: Case, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare fits by mini-batches, with their defaults."""
    X = case.rows()
    tasks = _tasks(MINI_BATCH, X, {"n_clusters": case.k, "random_state": 0})
    return _entry(race(tasks, rounds, seconds_a_case), X, {PEER_FIRST: None})


def growth(case: Case, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare fits of a fixed number of iterations with scikit-learn's first algorithm alone."""
    X = case.rows()
    parameters = {"n_clusters": case.k, "init": case.initial_centers(X), "n_init": 1, "tol": 0.0}
    parameters["max_iter"] = case.max_iter
    peers = {PEER_FIRST: PEERS[PEER_FIRST]}
    return _entry(race(_tasks(OURS | peers, X, parameters), rounds, seconds_a_case), X, peers)


def predictions(case: Case, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare the assignment of the rows to centres that a few iterations have made."""
    X = case.rows()
    parameters = {"n_clusters": case.k, "init": case.initial_centers(X), "n_init": 1, "max_iter": FEW_ITERATIONS}
    models = {name: (OURS | PEERS)[name].fit(X, **parameters) for name in (OURS_FIRST, PEER_FIRST)}
    found = race({name: _prediction(model, X) for name, model in models.items()}, rounds, seconds_a_case)
    labels = found.returned
    return {
        "ratios": found.ratios(OURS, PEERS),
        "rounds": found.rounds,
        "equal bits": {"labels": bool(np.array_equal(labels[OURS_FIRST], labels[PEER_FIRST]))},
    }


def _tasks(contenders: Mapping[str, Contender], X: Floats, parameters: Mapping[str, Any]) -> dict[str, Task]:
    def task(contender: Contender) -> Task:
        return lambda: (contender, contender.fit(X, **parameters))

    return {name: task(contender) for name, contender in contenders.items()}


def _prediction(model: Any, X: Floats) -> Task:
    return lambda: model.predict(X)


def _entry(found: Race, X: Floats, peers: Mapping[str, Any]) -> dict[str, Any]:
    answers = {name: contender.answer(fitted, X) for name, (contender, fitted) in found.returned.items()}
    theirs = answers[PEER_FIRST]
    return {
        "ratios": found.ratios(OURS, peers),
        "rounds": found.rounds,
        "iterations": theirs.iterations,
        "equal bits": equal_bits(answers[OURS_FIRST], theirs),
        "beside scikit-learn": {
            name: differences(answer, theirs)
            for name, answer in answers.items()
            if name not in (OURS_FIRST, PEER_FIRST)
        },
    }


def equal_bits(ours: Answer, theirs: Answer) -> dict[str, bool]:
    """Return which parts of two answers are the same, bit for bit."""
    return {
        "labels": bool(np.array_equal(ours.labels, theirs.labels)),
        "centres": ours.centers.dtype == theirs.centers.dtype and ours.centers.tobytes() == theirs.centers.tobytes(),
        "inertia": ours.inertia == theirs.inertia,
        "iterations": ours.iterations == theirs.iterations,
    }


def differences(other: Answer, theirs: Answer) -> dict[str, float | int]:
    """Return how many labels differ, by how much the inertia is higher, and how many iterations more there were."""
    return {
        "labels": int(np.count_nonzero(other.labels != theirs.labels)),
        "relative inertia": float(f"{other.inertia / theirs.inertia - 1:.1e}"),
        "iterations": other.iterations - theirs.iterations,
    }
