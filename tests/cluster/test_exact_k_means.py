"""KMeans(arithmetic="exact"): the result of k-means in rational numbers, whatever the rows' order or the machine."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn.cluster
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator
from tests.cluster import exact_lloyd as slow
from tests.cluster.exact_problems import WEIGHTS, draw, order_sensitive_problem, thread_sensitive_problem

from workings.cluster import KMeans
from workings.cluster.exact.certificate import AssignmentCertificate
from workings.cluster.exact.referee import ExactReferee
from workings.recording import record

problems = st.builds(
    draw,
    st.integers(0, 2**31),
    st.sampled_from(["integers", "halves", "tenths", "continuous", "offset", "small"]),
    st.sampled_from(["ones", "equal", "with zeros", "continuous"]),
    st.sampled_from([np.float64, np.float32]),
)
SEEDS = st.integers(0, 2**31)


def fitted(X: Any, init: Any, weights: np.ndarray | None = None, **parameters: Any) -> KMeans:
    """A fit from given centres."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer clusters than asked for
        return KMeans(len(init), init=init, n_init=1, arithmetic="exact", **parameters).fit(X, sample_weight=weights)


def result(model: KMeans) -> tuple[Any, ...]:
    """All that must be the same for other rows' orders, threads and machines."""
    proof = model.certificate_
    assert proof is not None
    return (
        model.labels_.tolist(),
        model.cluster_centers_.dtype,
        model.cluster_centers_.tobytes(),
        model.inertia_,
        model.n_iter_,
        proof.assignments,
        proof.ties,
    )


def expected_result(run: slow.Reference) -> tuple[Any, ...]:
    centers = run.centers
    return run.labels, centers.dtype, centers.tobytes(), run.inertia, run.iterations, run.assignments, run.ties


def assert_counts_add_up(proof: AssignmentCertificate, n: int, n_iter: int) -> None:
    counts = (proof.by_bounds, proof.by_float32, proof.by_double, proof.by_integers)
    assert min(counts) >= 0
    assert sum(counts) == proof.assignments
    assert proof.assignments in (n * n_iter, n * (n_iter + 1))  # a run that stops early assigns once more
    assert 0 <= proof.ties <= proof.assignments - proof.by_bounds
    assert f"{proof.ties:,} were true ties" in proof.sentence


@given(problems, st.integers(1, 6), st.sampled_from([0.0, 1e-4, 0.1]), st.sampled_from([1, 2, 3, 50]))
def test_a_whole_run_is_that_in_rational_numbers(problem, k, tol, max_iter):
    X, weights, rng = problem
    init = X[rng.randint(0, len(X), min(k, len(X)))]  # repeated centres leave empty clusters
    model = fitted(X, init, weights, tol=tol, max_iter=max_iter)
    # zeros of either sign are one number: the reference has no minus zero
    model.cluster_centers_ += 0
    assert result(model) == expected_result(slow.exact_lloyd(X, weights, init, tol=tol, max_iter=max_iter))
    assert_counts_add_up(model.certificate_, len(X), model.n_iter_)


@given(problems, st.integers(2, 6), st.sampled_from([1.0, 1e3, 1e30]))
def test_a_whole_run_from_centers_far_away(problem, k, far):
    X, weights, rng = problem
    k = min(k, len(X))
    init = (far * rng.standard_normal((k, X.shape[1]))).astype(X.dtype)
    init[0] = X[0]
    run = fitted(X, init, weights)
    run.cluster_centers_ += 0
    assert result(run) == expected_result(slow.exact_lloyd(X, weights, init))


def tiny_products() -> tuple[np.ndarray, np.ndarray, int]:
    rng = np.random.RandomState(0)
    return 1e-150 * rng.randint(0, 9, (25, 3)), rng.uniform(size=25) * 10.0 ** rng.randint(-250, -100, 25), 6


REGRESSIONS = {
    # a radius of zero was divided by
    "one row": (np.array([[3.0, 4.0]]), None, 1),
    "rows all equal": (np.full((5, 2), 0.1, dtype=np.float32), np.array([0.1, 0.3, 1, 2, 0.7]), 1),
    # the norms of the rows were taken in float32, where they vanish
    "single precision near its end": (1e-43 * np.random.RandomState(3).randint(0, 400, (40, 1)), None, 3),
    "single precision near its other end": (1e30 * np.random.RandomState(0).standard_normal((40, 2)), None, 3),
    # what products of rows and weights lose to underflow was taken for nothing
    "tiny columns and weights": (
        np.array([[2e-170, 2e-103, 0], [-2e-170, -1e-103, -1e-35]]),
        np.array([7.75929070e-282, 2.40380135e-282]),
        1,
    ),
    "tiny rows and weights": tiny_products(),
}


@pytest.mark.parametrize("name", REGRESSIONS)
@pytest.mark.parametrize("max_iter", [1, 2, 20])
def test_whole_runs_that_once_failed(name, max_iter):
    X, weights, k = REGRESSIONS[name]
    X = X.astype(np.float32) if name.startswith("single") else X
    weights = (np.ones(len(X)) if weights is None else weights).astype(X.dtype)
    found = fitted(X, X[:k], weights, tol=0, max_iter=max_iter)
    found.cluster_centers_ += 0
    assert result(found) == expected_result(slow.exact_lloyd(X, weights, X[:k], tol=0, max_iter=max_iter))


@given(SEEDS, st.sampled_from([-150, -30, 0, 20]), st.integers(2, 8))
def test_weights_of_very_different_size(seed, low, k):
    # a cluster may lose all of its weight but a rounding error, which can be negative
    rng = np.random.RandomState(seed)
    X = rng.randint(0, 4, (40, 2)) / 2 + rng.choice([0.0, 0.1], (40, 2))
    weights = rng.uniform(size=40) * 10.0 ** rng.randint(low, 21, 40)
    found = fitted(X, X[:k], weights, tol=0)
    found.cluster_centers_ += 0
    assert result(found) == expected_result(slow.exact_lloyd(X, weights, X[:k], tol=0))


@pytest.mark.parametrize("exponent", [-500, -400, 490])
def test_whole_runs_at_the_edges_of_the_range(exponent):
    base = np.random.RandomState(3).randint(-9, 10, (30, 2)).astype(float)
    plain, scaled = (fitted(X, X[:3], tol=0) for X in (base, base * 2.0**exponent))
    assert scaled.labels_.tolist() == plain.labels_.tolist()
    np.testing.assert_array_equal(scaled.cluster_centers_, plain.cluster_centers_ * 2.0**exponent)
    assert scaled.inertia_ == plain.inertia_ * 2.0 ** (2 * exponent)


# ------------------------------------------------------------------------------------------------- many rows


def plain_lloyd(
    X: np.ndarray, weights: np.ndarray, centers: np.ndarray, *, max_iter: int, tol: float
) -> slow.Reference:
    """Run k-means by the referee alone, which the tests of its steps prove: no float32, no bounds."""
    referee = ExactReferee(X, weights)
    k, limit = len(centers), referee.tolerance(tol)
    labels = np.full(len(X), -1, dtype=np.int32)
    assignments, strict = 0, False
    for _iteration in range(max_iter):
        previous, labels = labels, referee.nearest(centers)
        new = referee.update(labels, k, centers)
        shift, centers = referee.squared_shift(new, centers), new
        assignments, strict = assignments + len(X), np.array_equal(labels, previous)
        if strict or shift <= limit:
            break
    if not strict:
        labels, assignments = referee.nearest(centers), assignments + len(X)
    value = referee.inertia(centers, labels)
    return slow.Reference(labels.tolist(), centers, value, _iteration + 1, assignments, referee.decisions.ties)


MANY = {
    "continuous": lambda rng: rng.standard_normal((6000, 4)),
    "blobs": lambda rng: rng.standard_normal((6000, 3)) + 8 * rng.randint(0, 3, (6000, 1)),
    "integers": lambda rng: rng.randint(0, 6, (6000, 3)).astype(float),
    "tenths": lambda rng: rng.randint(0, 9, (6000, 2)) / 10,
    "offset": lambda rng: 1e6 + 1e-6 * rng.standard_normal((6000, 2)),
    "offset, integers": lambda rng: 1e15 + rng.randint(0, 9, (6000, 3)),
    "heavy tails": lambda rng: rng.standard_cauchy((6000, 3)) ** 3,
    "few distinct": lambda rng: rng.uniform(size=(30, 3)).repeat(200, axis=0),
    "one feature": lambda rng: np.sort(rng.standard_normal((6000, 1)), axis=0),
}


@pytest.mark.parametrize("k", [5, 70])  # by the tournament, and by rows
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", MANY)
def test_bounds_and_float32_change_nothing(name, dtype, k):
    rng = np.random.RandomState(0)
    X = MANY[name](rng).astype(dtype)
    weights = (rng.uniform(size=len(X)) if k == 5 else np.ones(len(X))).astype(dtype)
    init = X[rng.permutation(len(X))[:k]]
    found = fitted(X, init, weights, max_iter=12)
    assert result(found) == expected_result(plain_lloyd(X, weights, init, max_iter=12, tol=1e-4))
    assert_counts_add_up(found.certificate_, len(X), found.n_iter_)


def test_every_kind_of_proof_is_used():
    rows = np.random.RandomState(0).standard_normal((1500, 2))
    near = 1e-8 * rows[:100]  # as near to one centre as to the other, as far as float32 can tell
    X = np.concatenate([rows, -rows, near, np.zeros((5, 2))])
    proof = fitted(X, np.array([[-1.0, 0.5], [1.0, -0.5]]), tol=0).certificate_
    assert min(proof.by_bounds, proof.by_float32) > 1000
    assert 50 <= proof.by_double <= 200
    assert proof.by_integers == proof.ties == 5


# ------------------------------------------------------------------------- order, blocks, threads, machines, layouts


@given(problems, st.integers(1, 6))
def test_the_order_of_rows_changes_nothing(problem, k):
    X, weights, rng = problem
    init = X[rng.randint(0, len(X), min(k, len(X)))]
    order = rng.permutation(len(X))
    whole, permuted = result(fitted(X, init, weights)), result(fitted(X[order], init, weights[order]))
    assert permuted[0] == [whole[0][i] for i in order]
    assert permuted[1:] == whole[1:]


@pytest.mark.parametrize("seed", [18, 103, 126])
def test_scikit_learn_changes_with_the_order_of_rows_and_this_does_not(seed):
    X, init, order = order_sensitive_problem(seed)
    theirs = [sklearn.cluster.KMeans(len(init), init=init, n_init=1, tol=0).fit(rows) for rows in (X, X[order])]
    assert (theirs[0].labels_[order] != theirs[1].labels_).any()
    # not a matter of last bits: another partition, whose inertia differs by a percent or more
    assert abs(theirs[0].inertia_ / theirs[1].inertia_ - 1) > 0.01
    ours = [result(fitted(rows, init, tol=0)) for rows in (X, X[order])]
    assert [ours[0][0][i] for i in order] == ours[1][0]
    assert ours[0][1:] == ours[1][1:]
    assert ours[0] == expected_result(slow.exact_lloyd(X, np.ones(len(X)), init, tol=0))


SUBPROCESS = """
import sys
import numpy as np
from tests.cluster.exact_problems import thread_sensitive_problem
from workings.cluster import KMeans

def show(model):
    print(model.labels_.tobytes().hex()[:4000], model.cluster_centers_.tobytes().hex(), model.inertia_, model.n_iter_)

def fit(X, init, weights=None):
    model = KMeans(len(init), init=init, n_init=1, max_iter=15, arithmetic="exact").fit(X, sample_weight=weights)
    show(model)
    print(model.predict(X[::2]).sum(), model.score(X), model.certificate_.ties, model.certificate_.assignments)

if "scikit-learn" in sys.argv:
    from sklearn.cluster import KMeans as Theirs
    X, init = thread_sensitive_problem(147)
    show(Theirs(len(init), init=init, n_init=1, tol=0).fit(X))
else:
    rng = np.random.RandomState(0)
    fit(*thread_sensitive_problem(147))
    fit(rng.standard_normal((90_000, 3)), rng.standard_normal((8, 3)))  # enough rows for threads
    fit(rng.randint(0, 5, (90_000, 2)) / 10, rng.randint(0, 5, (8, 2)) / 10, rng.uniform(size=90_000))
    fit((1e3 + rng.standard_normal((2000, 200))).astype(np.float32), 1e3 + rng.standard_normal((5, 200)))
    fit(1e6 + rng.standard_normal((3000, 20)), 1e6 + rng.standard_normal((80, 20)))
"""


def in_a_new_process(*arguments: str, **variables: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SUBPROCESS, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_bits_do_not_depend_on_threads_or_kernels():
    """The number of threads and the processor's instructions change the order in which BLAS sums."""
    one = in_a_new_process()
    assert len(one.splitlines()) == 10
    assert in_a_new_process(OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2") == one
    assert in_a_new_process(OPENBLAS_CORETYPE="Prescott") == one
    assert in_a_new_process(OPENBLAS_CORETYPE="Nehalem", OMP_NUM_THREADS="3") == one


def test_scikit_learn_changes_with_the_number_of_threads_and_this_does_not():
    one, two = (in_a_new_process("scikit-learn", OMP_NUM_THREADS=threads) for threads in "12")
    assert one.split()[0] != two.split()[0]  # other labels
    # not a matter of last bits: the inertias, the numbers before the last ones, are 3.46 and 2.84
    assert abs(float(one.split()[-2]) / float(two.split()[-2]) - 1) > 0.1
    X, init = thread_sensitive_problem(147)
    ours = fitted(X, init, tol=0)
    assert result(ours) == expected_result(slow.exact_lloyd(X, np.ones(len(X)), init, tol=0))


@pytest.mark.parametrize("weighting", ["ones", "continuous"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_blocks_change_nothing(dtype, weighting, monkeypatch):
    rng = np.random.RandomState(0)
    X = (rng.standard_normal((3000, 5)) + 100).astype(dtype)
    X[1000:2000] = rng.randint(0, 4, (1000, 5)) / 2 + 98
    weights = WEIGHTS[weighting](rng, 3000).astype(dtype)

    def fits() -> list[tuple[Any, ...]]:
        models = [fitted(X, X[900 : 900 + k], weights, max_iter=5) for k in (4, 40)]
        return [(*result(model), model.predict(X).tolist()) for model in models]

    whole = fits()
    for module in ("referee", "means", "nearest"):
        monkeypatch.setattr(f"workings.cluster.exact.{module}.BLOCK", 700)
    for module in ("deadlines", "prediction"):
        monkeypatch.setattr(f"workings.cluster.certified.{module}.block_length", lambda *_: 77)
    monkeypatch.setattr("workings.cluster.certified.running_sums._SPAN", 50)
    monkeypatch.setattr("workings.arithmetic.rational_sums.BLOCK", 700)
    monkeypatch.setattr("workings.arithmetic.predicates.BLOCK", 7)
    assert fits() == whole


def read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.setflags(write=False)
    return X


LAYOUTS = {
    "F order": np.asfortranarray,
    "every second row and column": lambda X: X.repeat(2, axis=0).repeat(2, axis=1)[::2, ::2],
    "backwards and back": lambda X: X[::-1].copy()[::-1],
    "read-only": read_only,
    "DataFrame": lambda X: pd.DataFrame(X, columns=list("abc")),
    "lists": lambda X: X.tolist(),
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
}


@pytest.mark.parametrize("copy_x", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_in_memory_changes_nothing(layout, copy_x):
    X = 5 + np.random.RandomState(0).standard_normal((200, 3))
    kept, rows = X.copy(), LAYOUTS[layout](X)
    model = fitted(rows, X[:4], copy_x=copy_x)
    assert result(model) == result(fitted(X, X[:4]))
    assert model.predict(rows).tolist() == model.labels_.tolist()
    # exact arithmetic does not centre X in place, so nothing has to be undone
    assert np.asarray(rows).tolist() == X.tolist() == kept.tolist()


def test_types_of_number():
    integers = np.random.RandomState(0).randint(-9, 10, (60, 3))
    whole = fitted(integers.astype(float), integers[:4])
    for rows in (integers, integers.astype(np.int8), integers.astype(np.float16), integers.astype(object)):
        assert result(fitted(rows, rows[:4])) == result(whole)
    single = fitted(integers.astype(np.float32), integers[:4])
    assert single.cluster_centers_.dtype == np.float32
    # the same run up to the one rounding of each mean, until a tie feels it; integers of one size give none here
    assert single.labels_.tolist() == whole.labels_.tolist()
    np.testing.assert_array_equal(single.cluster_centers_, whole.cluster_centers_.astype(np.float32))


# --------------------------------------------------------------------------------------------- the estimator


@given(problems, st.integers(1, 5))
def test_predict_and_score_are_exact_too(problem, k):
    X, weights, rng = problem
    model = fitted(X, X[rng.randint(0, len(X), min(k, len(X)))], weights)
    if len(np.unique(model.labels_)) == model.n_clusters:  # else the last centres may be others than made the labels
        assert model.predict(X).tolist() == model.labels_.tolist()
        assert model.score(X, sample_weight=weights) == -model.inertia_
    order = rng.permutation(len(X))
    assert model.predict(X[order]).tolist() == model.predict(X)[order].tolist()
    assert model.score(X[order]) == model.score(X)
    new = (X[rng.randint(0, len(X), 20)] + rng.randint(-2, 3, (20, X.shape[1])) * np.ptp(X, axis=0) / 2).astype(X.dtype)
    assert model.predict(new).tolist() == slow.nearest(new, model.cluster_centers_)[0]


def test_predict_in_the_other_precision():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((300, 3)) + 10
    for ours, theirs in ((np.float64, np.float32), (np.float32, np.float64)):
        model, new = fitted(X.astype(ours), X[:5].astype(ours)), X.astype(theirs)
        # the centres are not rounded to the type of the rows
        assert model.predict(new).tolist() == slow.nearest(new, model.cluster_centers_)[0]
        middle = (model.cluster_centers_[:1].astype(theirs) + model.cluster_centers_[1:2].astype(theirs)) / 2
        assert model.predict(middle).tolist() == slow.nearest(middle, model.cluster_centers_)[0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_drawn_centers_are_rows_of_x(init, dtype, weighted):
    X = (1e3 + np.random.RandomState(0).standard_normal((300, 3))).astype(dtype)
    weights = np.random.RandomState(1).randint(0, 2, 300) if weighted else np.ones(300)
    rows = {row.tobytes() for row in X[weights > 0]}
    for seed in range(3):
        with record(arrays=True) as tape:
            model = KMeans(6, init=init, n_init=1, random_state=seed, arithmetic="exact").fit(X, sample_weight=weights)
        begin = np.asarray(tape.arrays("centers")[0])
        assert {center.astype(dtype).tobytes() for center in begin} <= rows
        assert len(np.unique(begin, axis=0)) == 6
        # what the seed draws is a matter of its own: from there on nothing depends on it
        again = fitted(X, begin.astype(dtype), weights)
        assert result(again) == result(model)


def test_a_callable_sees_the_rows_as_they_are():
    X = 100 + np.random.RandomState(0).standard_normal((50, 2))
    seen = []

    def last(rows: np.ndarray, k: int, random_state: np.random.RandomState) -> np.ndarray:
        seen.append(rows.copy())
        return rows[-k:]

    model = KMeans(3, init=last, n_init=1, arithmetic="exact").fit(X)
    assert seen[0].tolist() == X.tolist()
    assert result(model) == result(fitted(X, X[-3:]))


def test_the_best_of_several_runs_and_its_certificate_are_kept():
    X = np.random.RandomState(0).standard_normal((80, 2))
    starts = [X[i : i + 6] for i in (0, 10, 20, 30, 40)]
    runs = [fitted(X, start) for start in starts]
    queue = iter(starts)
    best = KMeans(6, init=lambda X, k, random_state: next(queue), n_init=5, arithmetic="exact").fit(X)
    assert len({run.inertia_ for run in runs}) > 1
    winner = min(runs, key=lambda run: run.inertia_)
    assert result(best) == result(winner)
    assert best.certificate_ == winner.certificate_


def test_what_exact_arithmetic_does_not_do_is_refused():
    X = np.random.RandomState(0).standard_normal((20, 2))
    with pytest.raises(ValueError, match=r"arithmetic='exact'.*: pass X\.toarray\(\)\."):
        KMeans(2, arithmetic="exact").fit(sp.csr_array(X))
    with pytest.raises(ValueError, match="has bounds of its own: leave algorithm='lloyd'"):
        KMeans(2, arithmetic="exact", algorithm="elkan").fit(X)
    with pytest.raises(ValueError, match="The 'arithmetic' parameter of KMeans must be"):
        KMeans(2, arithmetic="rational").fit(X)


def test_the_parameter_is_kept():
    X = np.random.RandomState(0).standard_normal((60, 2))
    model = KMeans(3, random_state=0, arithmetic="exact")
    assert model.get_params()["arithmetic"] == "exact"
    assert clone(model).arithmetic == "exact"
    assert "arithmetic='exact'" in repr(model)
    model.fit(X)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.arithmetic == "exact"
    assert copy.certificate_ == model.certificate_
    assert copy.predict(X).tolist() == model.labels_.tolist()


def test_the_certificate_belongs_to_the_last_fit():
    X = np.random.RandomState(0).standard_normal((60, 2))
    model = KMeans(3, random_state=0, arithmetic="exact").fit(X)
    assert model.certificate_.assignments > 0
    first = model.certificate_
    assert model.fit(X).certificate_ == first  # not added to
    assert model.set_params(arithmetic="double").fit(X).certificate_ is None


def test_both_arithmetics_agree_where_rounding_decides_nothing():
    X = np.random.RandomState(0).standard_normal((500, 3))
    double, exact = (KMeans(5, random_state=3, arithmetic=kind).fit(X) for kind in ("double", "exact"))
    assert exact.labels_.tolist() == double.labels_.tolist()
    assert exact.n_iter_ == double.n_iter_
    # means of some hundred rows of size 1 to 4, centred by rounding: a few units in the last place of 4
    np.testing.assert_allclose(exact.cluster_centers_, double.cluster_centers_, rtol=0, atol=100 * 4.4e-16)
    assert exact.inertia_ == pytest.approx(double.inertia_, rel=1e-12)


# the same as of scikit-learn's own: repeating a row changes the seeding's draws
WEIGHTS_CHANGE_THE_DRAWS = {
    f"check_sample_weight_equivalence_on_{kind}_data": "sample_weight is not equivalent to removing/repeating samples."
    for kind in ("dense", "sparse")
}


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_check_estimator():
    model = KMeans(arithmetic="exact")
    results = check_estimator(model, expected_failed_checks=WEIGHTS_CHANGE_THE_DRAWS, on_skip=None, on_fail=None)
    assert {r["check_name"]: repr(r["exception"]) for r in results if r["status"] == "failed"} == {}
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {"check_array_api_input"}
    assert len(results) > 40
