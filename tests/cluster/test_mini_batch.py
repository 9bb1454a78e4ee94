"""MiniBatchKMeans: scikit-learn's bits for the same seed, running means by hand, and clear errors."""

from __future__ import annotations

import itertools
import pickle
import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import MiniBatchKMeans as Reference
from sklearn.datasets import load_digits, load_iris, make_blobs

from workings.cluster import KMeans, MiniBatchKMeans
from workings.cluster.mini_batch.early_stopping import EarlyStopping
from workings.cluster.mini_batch.lottery import Lottery
from workings.cluster.mini_batch.running_means import RunningMeans, replace_starved
from workings.cluster.rows import as_rows
from workings.recording import record

RESULTS = ("cluster_centers_", "_counts", "labels_", "inertia_", "n_iter_", "n_steps_", "_n_since_last_reassign")


def data_sets() -> dict[str, np.ndarray]:
    rng = np.random.RandomState(7)
    return {
        "iris": load_iris().data,
        "digits": load_digits().data[:500],
        "blobs": make_blobs(600, 4, centers=5, random_state=1)[0],
        "uniform": rng.uniform(size=(513, 3)),
        "offset_1e4": rng.standard_normal((300, 3)) + 1e4,
        "offset_5e5": rng.standard_normal((257, 5)) + 5e5,
        "scale_1e-9": rng.uniform(size=(200, 4)) * 1e-9,
        "integer_grid": rng.randint(0, 4, size=(400, 2)).astype(float),
        "few_distinct": np.repeat(rng.uniform(size=(6, 3)), 30, axis=0),
        "one_feature": rng.standard_normal((300, 1)),
        "as_many_as_clusters": rng.uniform(size=(20, 2)),
        "mostly_zero": rng.poisson(0.2, size=(300, 30)).astype(float),
    }


DATA = data_sets()
IRIS = DATA["iris"]


def from_a_callable(X: Any, n_clusters: int, random_state: np.random.RandomState) -> Any:
    return X[random_state.permutation(X.shape[0])[:n_clusters]]


def assert_same_bits(ours: MiniBatchKMeans, theirs: Reference) -> None:
    assert ours.cluster_centers_.dtype == theirs.cluster_centers_.dtype
    for name in RESULTS:
        assert hasattr(ours, name) == hasattr(theirs, name), name
        if hasattr(theirs, name):
            # the estimate of the inertia is a float32 there
            expected = np.asarray(getattr(theirs, name), dtype=np.asarray(getattr(ours, name)).dtype)
            assert np.asarray(getattr(ours, name)).tobytes() == expected.tobytes(), name


def case(rng: np.random.RandomState) -> tuple[Any, np.ndarray | None, dict[str, Any]]:
    """Draw data in some container, weights and parameters."""

    def one_of(*options: Any) -> Any:
        return options[rng.randint(len(options))]

    dense = DATA[one_of(*DATA)].astype(one_of(np.float64, np.float32))
    n, k, seed = len(dense), one_of(1, 3, 8, 20), int(rng.randint(1000))
    layout = one_of("C", "F", "csr")
    X = sp.csr_array(dense) if layout == "csr" else np.asarray(dense, order=layout)
    given_centers = dense[rng.permutation(n)[:k]]
    # CSR rows are no initial centres for scikit-learn
    init = one_of("k-means++", "random", given_centers, from_a_callable if layout != "csr" else "random")
    weights = one_of(None, rng.uniform(size=n), rng.randint(0, 3, n).astype(float))
    batch_size = one_of(1, 7, 64, 257, 1024)
    parameters = {
        "n_clusters": k,
        "init": init,
        "random_state": seed,
        "batch_size": batch_size,
        "max_iter": one_of(1, 3, 100 if batch_size > 1 else 2),
        "tol": one_of(0.0, 0.0, 1e-3, 1e-2),
        "max_no_improvement": one_of(10, 3, 0, None),
        "init_size": one_of(None, None, 30, k + 1, 200),
        "n_init": one_of("auto", 1, 3),
        "reassignment_ratio": one_of(0.01, 0.0, 0.1, 0.5, 1.0),
        "compute_labels": one_of(True, True, True, False),
    }
    return X, weights, parameters


def batches(n: int, first: int, rng: np.random.RandomState) -> Iterator[slice]:
    """Cut n rows into batches, the first of at least `first` rows."""
    bounds = sorted({0, n, *rng.randint(first, n + 1, size=4).tolist()})
    return itertools.starmap(slice, itertools.pairwise(bounds))


@pytest.fixture(autouse=True)
def _quiet_about_given_centers() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Explicit initial center|init_size=", RuntimeWarning)
        yield


def compare(count: int, seed: int) -> int:
    """Compare `count` random fits, a third of them batch by batch; return how many both libraries accepted."""
    rng = np.random.RandomState(seed)
    accepted = 0
    for _ in range(count):
        X, weights, parameters = case(rng)
        models = [MiniBatchKMeans(**parameters), Reference(**parameters)]
        parts = list(batches(X.shape[0], parameters["n_clusters"], rng)) if rng.uniform() < 1 / 3 else []
        errors: list[str] = []
        for model in models:
            try:
                with np.errstate(invalid="raise" if model is models[0] else "ignore"):
                    if not parts:
                        model.fit(X, sample_weight=weights)
                    for part in parts:
                        model.partial_fit(X[part], sample_weight=None if weights is None else weights[part])
            except (ValueError, TypeError) as error:
                errors.append(str(error))
        if not errors:
            assert_same_bits(*models)
            accepted += 1
        elif len(errors) == 1:
            # scikit-learn has no average of the inertia after one batch
            assert "NoneType" in errors[0]
            assert models[0].n_steps_ == 1
        else:
            assert errors[0] == errors[1] or "a weight above zero" in errors[0]
    return accepted


def test_a_few_dozen_fits_have_the_same_bits():
    assert compare(60, seed=0) > 50


@pytest.mark.slow
def test_several_hundred_fits_have_the_same_bits():
    assert compare(400, seed=1) > 350


@pytest.mark.parametrize("name", sorted(DATA))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_defaults_have_the_same_bits(name, dtype):
    X = DATA[name].astype(dtype)
    models = [kind(random_state=3).fit(X) for kind in (MiniBatchKMeans, Reference)]
    assert_same_bits(*models)
    ours, theirs = models
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    assert ours.transform(X).tobytes() == theirs.transform(X).tobytes()
    assert ours.score(X) == theirs.score(X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_whole_of_digits(dtype):
    X = load_digits().data.astype(dtype)
    assert_same_bits(*[kind(10, random_state=0).fit(X) for kind in (MiniBatchKMeans, Reference)])


def test_the_first_of_equally_good_initial_centres_is_used():
    X = DATA["few_distinct"]
    with record() as tape:
        models = [kind(8, n_init=3, max_iter=1, random_state=0).fit(X) for kind in (MiniBatchKMeans, Reference)]
    assert_same_bits(*models)
    assert list(tape.frame("seeding")["potential"]) == [0.0, 0.0, 0.0]


def test_batches_after_a_fit_and_a_fit_after_batches():
    models = [MiniBatchKMeans(4, random_state=1, batch_size=50), Reference(4, random_state=1, batch_size=50)]
    for model in models:
        model.fit(IRIS).partial_fit(IRIS[:40]).partial_fit(IRIS[40:70])
    assert_same_bits(*models)
    assert models[0].n_steps_ > 2
    for model in models:
        model.fit(IRIS).partial_fit(IRIS[100:])
    assert_same_bits(*models)


def test_one_generator_is_used_up_in_the_same_way():
    states = [np.random.RandomState(5), np.random.RandomState(5)]
    for kind, state in zip((MiniBatchKMeans, Reference), states, strict=True):
        kind(4, init="random", batch_size=32, random_state=state).fit(IRIS)
    assert states[0].uniform() == states[1].uniform()


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_clusters": 3, "batch_size": 20},
        {"n_clusters": 5, "init": "random", "batch_size": 30, "tol": 1e-2},
        {"n_clusters": 20, "batch_size": 25, "reassignment_ratio": 0.5, "max_iter": 3, "max_no_improvement": None},
        {"n_clusters": 2, "init": IRIS[:2], "max_no_improvement": 0},
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_verbose_prints_the_same_text(parameters, dtype, capsys):
    printed = []
    for kind in (Reference, MiniBatchKMeans):
        kind(verbose=1, random_state=0, **parameters).fit(IRIS.astype(dtype)).partial_fit(IRIS.astype(dtype))
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Minibatch step 2/" in printed[0]


@pytest.mark.parametrize("kind", ["equal", "real", "with zeros", "skewed", "first and last are zero"])
@pytest.mark.parametrize("n", [1, 3, 150, 5000])
def test_the_lottery_draws_what_choice_draws(kind, n):
    rng = np.random.RandomState(n)
    weights = {
        "equal": np.ones(n),
        "real": rng.uniform(size=n),
        "with zeros": rng.randint(0, 3, n) + np.eye(1, n)[0],
        "skewed": np.exp(8 * rng.standard_normal(n)),
        "first and last are zero": np.r_[0.0, np.ones(n), 0.0],
    }[kind]
    for dtype in (np.float64, np.float32):
        typed = weights.astype(dtype)
        ours, theirs = np.random.RandomState(1), np.random.RandomState(1)
        expected = theirs.choice(len(typed), 3000, p=typed / typed.sum())
        assert np.array_equal(Lottery(typed).draw(ours, 3000), expected)
        assert ours.uniform() == theirs.uniform()


def test_the_lottery_at_the_ends_of_the_unit_interval():
    class Ends(np.random.RandomState):
        def random_sample(self, size=None):
            return np.array([0.0, 0.75, 1 - 2.0**-53])

    assert Lottery(np.array([0.0, 3.0, 1.0, 0.0])).draw(Ends(), 3).tolist() == [1, 2, 2]
    assert Lottery(np.array([3.0, 1.0])).draw(Ends(), 3).tolist() == [0, 1, 1]
    for n in (1, 3, 5, 8, 1000, 4097):
        assert Lottery(np.ones(n)).draw(Ends(), 3)[[0, 2]].tolist() == [0, n - 1]


def test_running_means_by_hand():
    # 1, 2 | 9 -> means 3/2 and 9; then 6 (nearer to 9, by 3 to 9/2) -> 15/2; then 3 of weight 2 -> (3 + 6) / 4
    model = MiniBatchKMeans(2, init=[[0.0], [10.0]]).partial_fit([[1.0], [2.0], [9.0]])
    assert model.cluster_centers_.tolist() == [[1.5], [9.0]]
    assert model._counts.tolist() == [2.0, 1.0]
    assert model.labels_.tolist() == [0, 0, 1]
    assert model.inertia_ == 0.5
    model.partial_fit([[6.0]])
    assert model.cluster_centers_.tolist() == [[1.5], [7.5]]
    model.partial_fit([[3.0]], sample_weight=[2.0])
    assert model.cluster_centers_.tolist() == [[2.25], [7.5]]
    assert model._counts.tolist() == [4.0, 2.0]
    assert model.inertia_ == 2 * 0.75**2
    assert model.n_steps_ == 3


ROWS = st.lists(
    st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99), st.integers(0, 3)), min_size=3, max_size=12),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_each_centre_is_the_mean_of_all_the_weight_it_was_given(parts):
    model = MiniBatchKMeans(2, init=[[-50.0, 0.0], [50.0, 0.0]], reassignment_ratio=0)
    given_to: list[list[tuple[int, ...]]] = [[], []]
    for part in parts:
        table = np.array(part, dtype=float)
        if not table[:, 2].any():
            continue
        before = model.cluster_centers_ if given_to[0] or given_to[1] else np.array(model.init)
        distances = ((table[:, np.newaxis, :2] - before) ** 2).sum(axis=2)
        if (abs(distances[:, 0] - distances[:, 1]) < 1e-6).any():
            return  # a tie that rounding decides
        for row, nearest in zip(part, distances.argmin(axis=1), strict=True):
            given_to[nearest].append(row)
        model.partial_fit(table[:, :2], sample_weight=table[:, 2])
    if not hasattr(model, "cluster_centers_"):
        return
    for rows, centre, count in zip(given_to, model.cluster_centers_, model._counts, strict=True):
        weight = sum(w for _, _, w in rows)
        assert count == weight
        for axis in range(2):
            if weight:
                mean = Fraction(sum(row[axis] * row[2] for row in rows), weight)
                # a sum of at most 180 |x| <= 99 and 5 roundings of the average
                assert abs(Fraction(float(centre[axis])) - mean) < 1e-12


def test_the_average_and_the_stop_by_hand():
    stopping = EarlyStopping(tolerance=0.0, patience=2, share=0.25)
    verdicts = []
    for inertia in (100.0, 8.0, 4.0, 8.0, 9.0):
        stopping.observe(inertia)
        verdicts.append((stopping.average, stopping.reason(0.0)))
    # the first batch is left out: 8, then 3/4 * 8 + 1/4 * 4 = 7, then 7.25 and 7.6875, both above the low of 7
    assert np.isnan(verdicts[0][0])
    assert [average for average, _ in verdicts[1:]] == [8.0, 7.0, 7.25, 7.6875]
    assert [reason for _, reason in verdicts] == [None, None, None, None, "lack of improvement in inertia"]


def test_resting_centres_stop_unless_the_tolerance_is_zero():
    for tolerance, expected in ((0.5, "small centers change"), (0.0, None)):
        stopping = EarlyStopping(tolerance, patience=None, share=1)
        for inertia in (3.0, 3.0):
            stopping.observe(inertia)
        assert stopping.reason(0.5) == expected
        stopping.observe(3.0)
        assert stopping.reason(0.6) is None


def means_of(counts: list[float]) -> RunningMeans:
    return RunningMeans(np.arange(len(counts), dtype=float)[:, np.newaxis] + 100, np.array(counts))


def test_starved_centres_move_to_rows_and_count_as_the_lightest_other():
    batch = as_rows(np.array([[1.0], [2.0], [3.0], [4.0]]), np.ones(4))
    before = means_of([100.0, 4.0, 30.0, 0.0])
    after, replaced = replace_starved(before, batch, 0.05, np.random.RandomState(0))
    assert replaced == 2
    assert after.counts.tolist() == [100.0, 30.0, 30.0, 30.0]
    assert after.centers[[0, 2]].tolist() == [[100.0], [102.0]]
    assert {1.0, 2.0, 3.0, 4.0} >= set(after.centers[[1, 3], 0].tolist())
    assert before.counts.tolist() == [100.0, 4.0, 30.0, 0.0]


def test_at_most_half_the_batch_become_centres_and_the_lightest_first():
    batch = as_rows(np.array([[1.0], [2.0], [3.0]]), np.ones(3))
    after, replaced = replace_starved(means_of([100.0, 2.0, 1.0, 3.0]), batch, 0.5, np.random.RandomState(0))
    assert replaced == 1
    assert after.counts.tolist() == [100.0, 2.0, 2.0, 3.0]


def test_a_ratio_above_one_leaves_no_cluster():
    with pytest.raises(ValueError, match=r"reassignment_ratio=2\.0 reassigns every cluster.*at most 1"):
        MiniBatchKMeans(3, reassignment_ratio=2.0, random_state=0).fit(IRIS)


def test_blobs_are_found():
    X, truth, centers = make_blobs(5000, 3, centers=4, cluster_std=0.1, random_state=0, return_centers=True)
    model = MiniBatchKMeans(4, random_state=0, batch_size=256).fit(X)
    nearest = np.linalg.norm(centers[:, np.newaxis] - model.cluster_centers_, axis=2).argmin(axis=1)
    assert sorted(nearest) == [0, 1, 2, 3]
    assert np.array_equal(nearest[truth], model.labels_)
    assert KMeans(4, random_state=0).fit(X).inertia_ <= model.inertia_


def test_without_labels_the_inertia_is_the_average_of_the_batches():
    with record() as tape:
        model = MiniBatchKMeans(3, random_state=0, batch_size=30, compute_labels=False).fit(IRIS, sample_weight=2.0)
    assert not hasattr(model, "labels_")
    assert model.inertia_ == tape.frame("step")["ewa_inertia"].iloc[-1] * 2 * len(IRIS)
    full = MiniBatchKMeans(3, random_state=0, batch_size=30).fit(IRIS, sample_weight=2.0)
    assert model.inertia_ == pytest.approx(full.inertia_, rel=0.3)  # an estimate from 30 rows a batch


def test_without_labels_after_a_single_batch():
    # scikit-learn multiplies None by a number here
    with record() as tape:
        model = MiniBatchKMeans(3, random_state=0, max_iter=1, compute_labels=False).fit(IRIS)
    assert model.n_steps_ == 1
    assert model.inertia_ == tape.frame("step")["batch_inertia"].iloc[0] * len(IRIS)


def test_labels_of_an_earlier_fit_do_not_stay():
    model = MiniBatchKMeans(3, random_state=0).fit(IRIS)
    model.set_params(compute_labels=False).fit(IRIS[:100])
    assert not hasattr(model, "labels_")


def test_the_tape_tells_the_whole_story():
    X = make_blobs(400, 2, centers=3, random_state=0)[0]
    with record(arrays=True) as tape:
        model = MiniBatchKMeans(8, init="random", batch_size=50, random_state=0, reassignment_ratio=0.5).fit(X)
    steps = tape.frame("step")
    assert len(tape.select("seeding")) == 3
    assert list(steps["step"]) == list(range(model.n_steps_))
    assert np.isnan(steps["ewa_inertia"][0])
    assert steps["ewa_inertia"][1] == steps["batch_inertia"][1]
    share = 2 * 50 / 401
    expected = steps["ewa_inertia"][1] * (1 - share) + steps["batch_inertia"][2] * share
    assert steps["ewa_inertia"][2] == pytest.approx(expected, rel=1e-15)
    assert steps["reassigned"].sum() > 0
    centers = [step.values["centers"] for step in tape.select("step")]
    assert np.array_equal(centers[-1], model.cluster_centers_)
    shifts = [np.sum((b - a) ** 2) for a, b in itertools.pairwise(centers)]
    assert np.allclose(steps["center_shift"][1:], shifts, rtol=1e-13)
    (end,) = tape.select("run")
    assert end.values == {
        "inertia": model.inertia_,
        "iterations": model.n_iter_,
        "steps": model.n_steps_,
        "reason": "lack of improvement in inertia",
    }


def test_recording_changes_no_bit_and_batches_are_recorded_too():
    plain = MiniBatchKMeans(4, batch_size=20, random_state=0).fit(IRIS).partial_fit(IRIS)
    with record(arrays=True) as tape:
        recorded = MiniBatchKMeans(4, batch_size=20, random_state=0).fit(IRIS)
        steps = recorded.n_steps_
        recorded.partial_fit(IRIS)
    assert recorded.cluster_centers_.tobytes() == plain.cluster_centers_.tobytes()
    last = tape.select("step")[-1]
    assert (last.fit, last.values["step"]) == (1, steps)


def test_a_pickle_between_two_batches_changes_nothing():
    model = MiniBatchKMeans(4, random_state=0, batch_size=20, reassignment_ratio=0.5)
    for part in (slice(0, 50), slice(50, 100)):
        model.partial_fit(IRIS[part])
    copy = pickle.loads(pickle.dumps(model))
    for other in (model, copy):
        for _ in range(5):
            other.partial_fit(IRIS[100:])
    assert copy.cluster_centers_.tobytes() == model.cluster_centers_.tobytes()


def test_nothing_of_the_callers_is_overwritten():
    begin, data, weights = IRIS[:3].copy(), IRIS.copy(), np.linspace(0, 1, len(IRIS))
    kept = weights.copy()
    model = MiniBatchKMeans(3, init=begin, n_init=1, random_state=0)
    model.partial_fit(data, sample_weight=weights)
    centers = model.cluster_centers_
    snapshot = centers.copy()
    model.partial_fit(data, sample_weight=weights)
    assert np.array_equal(centers, snapshot)
    model.fit(data, sample_weight=weights)
    assert np.array_equal(begin, IRIS[:3])
    assert np.array_equal(data, IRIS)
    assert np.array_equal(weights, kept)


@pytest.mark.parametrize("first", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_batches_of_another_precision_are_converted(first, container):
    # scikit-learn says "Buffer dtype mismatch"
    other = np.float64 if first is np.float32 else np.float32
    model = MiniBatchKMeans(3, random_state=0).partial_fit(container(IRIS.astype(first)))
    converted = pickle.loads(pickle.dumps(model))
    model.partial_fit(container(IRIS[:20].astype(np.float32).astype(other)))
    converted.partial_fit(container(IRIS[:20].astype(np.float32).astype(first)))
    assert model.cluster_centers_.dtype == first
    assert model.cluster_centers_.tobytes() == converted.cluster_centers_.tobytes()


def test_later_batches_may_be_smaller_than_the_number_of_clusters():
    model = MiniBatchKMeans(5, random_state=0).partial_fit(IRIS)
    before = model.cluster_centers_
    model.partial_fit(IRIS[:1])
    assert (model.cluster_centers_ != before).any(axis=1).sum() == 1
    assert model.labels_.shape == (1,)


@pytest.mark.parametrize(
    ("batch", "weights", "message"),
    [
        (IRIS[:, :3], None, "X has 3 features, but MiniBatchKMeans is expecting 4 features as input"),
        (np.full((2, 4), np.nan), None, "Input X contains NaN"),
        (np.full((2, 4), np.inf), None, "Input X contains infinity"),
        (np.full((2, 4), 1e200), None, "overflow float64. Divide X"),
        (IRIS[:2], [0.0, 0.0], "at least one non-zero number"),
        (IRIS[:2], [1.0, -1.0], "Negative values"),
        (IRIS[:2], [1e308, 1e308], "overflow float64. Divide X"),
        (IRIS[:2], [1e-320, 1.0], "Multiply all weights by a constant"),
        (IRIS[:2], [1.0], r"sample_weight.shape == \(1,\), expected \(2,\)"),
        (np.empty((0, 4)), None, "0 sample"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_bad_batch_gets_one_clear_error_and_changes_nothing(batch, weights, message):
    model = MiniBatchKMeans(3, random_state=0).partial_fit(IRIS)
    state = pickle.dumps(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(batch, sample_weight=weights)
    assert pickle.dumps(model) == state


def test_weights_that_pile_up_beyond_the_range_are_refused_not_turned_into_zeros():
    model = MiniBatchKMeans(1, init=[[1.0]]).partial_fit([[1.0]], sample_weight=[3e307])
    with pytest.raises(ValueError, match="overflow float64"):
        model.partial_fit([[1.0]], sample_weight=[3e307])
    assert model.cluster_centers_.tolist() == [[1.0]]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("parameters", "data", "message"),
    [
        ({"n_clusters": 151}, IRIS, r"n_samples=150 should be >= n_clusters=151\."),
        ({"init": IRIS[:3]}, IRIS, "does not match the number of clusters 8"),
        ({"n_clusters": 2, "init": IRIS[:2, :1]}, IRIS, r"centers \(2, 1\) does not match the number of features"),
        ({"n_clusters": 2, "init": IRIS[:2] * np.nan}, IRIS, "Input init contains NaN"),
        ({}, np.where(IRIS > 6, np.nan, IRIS), "Input X contains NaN"),
        ({}, IRIS * 1e200, "overflow float64. Divide X"),
        ({}, IRIS * 1e-170, "underflow float64. Multiply X"),
        ({}, (IRIS * 1e20).astype(np.float32), "overflow float32. Divide X"),
        ({"batch_size": 0}, IRIS, "The 'batch_size' parameter of MiniBatchKMeans must be"),
        ({"init_size": 0}, IRIS, "The 'init_size' parameter of MiniBatchKMeans must be"),
        ({"max_no_improvement": -1}, IRIS, "The 'max_no_improvement' parameter of MiniBatchKMeans must be"),
        ({"reassignment_ratio": -0.1}, IRIS, "The 'reassignment_ratio' parameter of MiniBatchKMeans must be"),
        ({"compute_labels": "yes"}, IRIS, "The 'compute_labels' parameter of MiniBatchKMeans must be"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_input_gets_one_clear_error(method, parameters, data, message):
    with pytest.raises(ValueError, match=message):
        getattr(MiniBatchKMeans(**parameters), method)(data)


@pytest.mark.parametrize(
    ("scale", "weights", "message"),
    [
        (1.0, np.zeros(150), "at least one non-zero number"),
        (1.0, np.full(150, 1e-320), "Multiply all weights by a constant"),
        (1.0, np.full(150, 1e307), "overflow float64. Divide X"),
        (1e152, np.full(150, 1e-280), "overflow float64. Divide X"),  # rows are drawn, and then each counts for one
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_weights_get_one_clear_error(scale, weights, message):
    with pytest.raises(ValueError, match=message):
        MiniBatchKMeans(2, random_state=0).fit(IRIS * scale, sample_weight=weights)


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.filterwarnings("error")
def test_initial_centres_need_a_row_with_a_weight(init):
    weights = np.zeros(len(IRIS))
    weights[:2] = 1
    with pytest.raises(ValueError, match=r"None of the 2 rows drawn .* has a weight above zero\. Raise init_size"):
        MiniBatchKMeans(1, init=init, init_size=2, random_state=0).fit(IRIS, sample_weight=weights)


@pytest.mark.parametrize("k", [1, 2])
def test_rows_without_weight_are_never_drawn(k):
    weights = np.r_[np.zeros(50), np.ones(100)]
    model = MiniBatchKMeans(k, random_state=0).fit(np.r_[IRIS[:50] + 1e6, IRIS[50:]], sample_weight=weights)
    assert model.cluster_centers_.max() < 10


def test_duplicates_only_and_one_row():
    same = MiniBatchKMeans(3, random_state=0).fit(np.full((10, 2), 7.0))
    assert same.cluster_centers_.tolist() == [[7.0, 7.0]] * 3
    assert same.inertia_ == 0.0
    one = MiniBatchKMeans(1).fit([[3.0, 4.0]])
    assert (one.cluster_centers_.tolist(), one.labels_.tolist()) == ([[3.0, 4.0]], [0])


def test_warnings_point_at_the_callers_line():
    for method in ("fit", "partial_fit"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(MiniBatchKMeans(2, init=IRIS[:2], n_init=5, init_size=1), method)(IRIS)
        assert [entry.filename for entry in caught] == [__file__] * 2
        assert "only one init in MiniBatchKMeans instead of n_init=5" in str(caught[0].message)
        assert "init_size=1 should be larger than n_clusters=2" in str(caught[1].message)
