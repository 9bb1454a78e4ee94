"""The engine against the loop that looks at every row every time, and against scikit-learn: every bit of every fit."""

from __future__ import annotations

import io
import itertools
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_digits, load_iris, make_blobs
from tests.cluster.certified.oracle import plain_run, silent

from workings.cluster import KMeans
from workings.cluster.certified import deadlines, lloyd
from workings.cluster.certified.deadlines import MOST_MISPLACED
from workings.cluster.certified.lloyd import CertifiedLloyd, pays
from workings.cluster.certified.referee import RoundedReferee
from workings.cluster.certified.single_precision import pack
from workings.cluster.distances import squared_norms
from workings.cluster.lloyd import BruteForce, Run, iterate
from workings.cluster.rows import as_rows
from workings.recording import record


def data_sets() -> dict[str, np.ndarray]:
    rng = np.random.RandomState(11)
    return {
        "iris": load_iris().data,
        "digits": load_digits().data[:600],
        "blobs": make_blobs(900, 4, centers=6, random_state=1)[0],
        "uniform": rng.uniform(size=(1025, 3)),
        "noise_500d": rng.standard_normal((150, 500)),
        "offset_5e5": rng.standard_normal((300, 5)) + 5e5,
        "scale_1e-9": rng.uniform(size=(300, 4)) * 1e-9,
        "integer_grid": rng.randint(0, 4, size=(500, 2)).astype(float),
        "almost_integers": rng.randint(0, 4, size=(500, 2)) + 2.0**-37 * rng.randint(-9, 10, size=(500, 2)),
        "integers_17d": rng.randint(0, 3, size=(300, 17)).astype(float),
        "few_distinct": np.repeat(rng.uniform(size=(6, 3)), 40, axis=0),
        "one_feature": rng.standard_normal((400, 1)),
        "one_feature_of_integers": rng.randint(0, 40, size=(400, 1)).astype(float),
        "heavy_tails": rng.standard_cauchy((400, 2)),
        "as_many_as_clusters": rng.uniform(size=(20, 2)),
    }


DATA = data_sets()


def weights_of(kind: str, n: int, seed: int) -> np.ndarray | None:
    rng = np.random.RandomState(seed)
    return {
        "none": None,
        "real": rng.uniform(size=n),
        "with_zeros": rng.randint(0, 3, n).astype(float),
        "ten_orders": 10.0 ** rng.uniform(-5, 5, n),
    }[kind]


def problem(X: np.ndarray, weights: np.ndarray | None) -> CertifiedLloyd:
    heavy = np.ones(len(X), dtype=X.dtype) if weights is None else weights.astype(X.dtype)
    rows = as_rows(X, heavy)
    return CertifiedLloyd(X, None if weights is None else heavy, pack(X, squared_norms(X)), RoundedReferee(rows))


def plainly(X: np.ndarray, weights: np.ndarray | None, centers: np.ndarray, **parameters: Any) -> Run:
    rows = as_rows(X, np.ones(len(X), dtype=X.dtype) if weights is None else weights.astype(X.dtype))
    return iterate(rows, centers, BruteForce(rows, len(centers)), **{"progress": silent(), **parameters})


def lazily(X: np.ndarray, weights: np.ndarray | None, centers: np.ndarray, **parameters: Any) -> Run:
    return problem(X, weights).run(centers, **{"progress": silent(), **parameters})


def assert_same_run(ours: Run, theirs: Run) -> None:
    assert ours.centers.dtype == theirs.centers.dtype
    assert ours.centers.tobytes() == theirs.centers.tobytes()
    assert np.array_equal(ours.labels, theirs.labels)
    assert (ours.inertia, ours.iterations, ours.strict) == (theirs.inertia, theirs.iterations, theirs.strict)


def starts(X: np.ndarray, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    rng = np.random.RandomState(seed)
    for k in (1, 2, 7, 20):
        yield f"{k} rows", X[rng.permutation(len(X))[:k]]
    yield "some far away", np.concatenate([X[:3], X[:2] + 10 * np.abs(X).max()])  # these have no rows
    yield "equal ones", np.repeat(X[:2], 3, axis=0)
    yield "none near", X[:2] + 1000 * np.abs(X).max()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", sorted(DATA))
def test_the_same_bits_as_the_plain_loop(name, dtype):
    X = (DATA[name] - DATA[name].mean(axis=0)).astype(dtype)
    for kind, (_, begin) in itertools.product(("none", "with_zeros", "ten_orders"), starts(X, 3)):
        weights = weights_of(kind, len(X), 5)
        for max_iter, tolerance in (300, 0.0), (7, 1e-3 * float(X.var())):
            parameters = {"max_iter": max_iter, "tolerance": tolerance}
            assert_same_run(lazily(X, weights, begin, **parameters), plainly(X, weights, begin, **parameters))


@pytest.mark.parametrize("seed", range(6))
def test_many_clusters(seed):
    # more than the tournament takes, on data in which some clusters run empty
    X = (
        DATA["uniform"]
        if seed % 2
        else DATA["integer_grid"].repeat(2, axis=1) + 0.1 * DATA["integer_grid"][::-1, [0] * 4]
    )
    begin = X[np.random.RandomState(seed).permutation(len(X))[: 64 + seed]]
    parameters = {"max_iter": 100, "tolerance": 0.0}
    assert_same_run(lazily(X, None, begin, **parameters), plainly(X, None, begin, **parameters))


@pytest.mark.parametrize("most", [0.0, 2.0**-52, 2.0**-48, 2.0**-44])
@pytest.mark.parametrize("name", ["blobs", "integer_grid", "uniform", "heavy_tails"])
def test_the_same_bits_when_the_sums_must_be_settled_again_and_again(monkeypatch, name, most):
    # bounds on the sums are so seldom broken in earnest that the limit is drawn in
    monkeypatch.setattr(lloyd, "MOST_MISPLACED", most)
    X = DATA[name] - DATA[name].mean(axis=0)
    for kind, (_, begin) in itertools.product(("none", "real"), starts(X, 4)):
        weights = weights_of(kind, len(X), 6)
        parameters = {"max_iter": 300, "tolerance": 0.0}
        assert_same_run(lazily(X, weights, begin, **parameters), plainly(X, weights, begin, **parameters))


class Steps:
    """Writes down the squared shifts of a run."""

    listens = True

    def __init__(self) -> None:
        self.shifts: list[float] = []

    def iteration(self, number: int, *, shift: float, **_: Any) -> None:
        self.shifts.append(shift)

    def converged_strictly(self, number: int) -> None: ...

    def converged_within_tolerance(self, number: int, shift: float, tolerance: float) -> None: ...


@pytest.mark.parametrize(("dtype", "most"), [(np.float64, MOST_MISPLACED), (np.float64, 0.0), (np.float32, 0.0)])
def test_a_tolerance_that_the_shift_just_meets(monkeypatch, dtype, most):
    monkeypatch.setattr(lloyd, "MOST_MISPLACED", most)  # with 0 the referee is asked for all centres, but no shift
    for seed in range(12):
        X = np.random.RandomState(seed).standard_normal((300, 3)).astype(dtype)
        steps = Steps()
        plainly(X, None, X[:5], max_iter=300, tolerance=0.0, progress=steps)
        for shift in np.array(steps.shifts[1:6], dtype=dtype):
            for tolerance in (shift, np.nextafter(shift, dtype(0)), np.nextafter(shift, dtype(np.inf))):
                parameters = {"max_iter": 300, "tolerance": float(tolerance)}
                theirs = plainly(X, None, X[:5], **parameters)
                assert_same_run(lazily(X, None, X[:5], **parameters), theirs)
                assert_same_run(lazily(X, None, X[:5], **parameters, progress=Steps()), theirs)


def test_shifts_that_are_told_are_those_of_the_plain_loop():
    for name in ("blobs", "integer_grid"):
        X = DATA[name] - DATA[name].mean(axis=0)
        ours, theirs = Steps(), Steps()
        lazily(X, None, X[:6], max_iter=300, tolerance=0.0, progress=ours)
        plainly(X, None, X[:6], max_iter=300, tolerance=0.0, progress=theirs)
        assert ours.shifts == theirs.shifts


class CoarseReferee(RoundedReferee):
    """Rounds its means to few digits, as a referee may who says so."""

    def __init__(self, rows: Any, grid: float) -> None:
        super().__init__(rows)
        self._grid = grid

    def update(self, labels: Any, n_clusters: int, centers: Any) -> Any:
        return np.round(super().update(labels, n_clusters, centers) / self._grid) * self._grid

    def mean_error(self, counts: Any, radius: float) -> float:
        return super().mean_error(counts, radius) + self._grid  # of two features at most


@pytest.mark.parametrize("digits", [26, 30, 33, 36, 40])
@pytest.mark.parametrize("name", ["integer_grid", "almost_integers", "one_feature_of_integers", "uniform"])
def test_a_referee_whose_means_are_off_has_the_last_word(monkeypatch, name, digits):
    # on integers rows lie exactly between the true means, and the coarse ones decide; every move of a centre must be
    # told to the deadlines, or they would hold for centres that are elsewhere
    untold = watch_the_deadlines(monkeypatch)
    X = DATA[name][:, :2] - DATA[name][:, :2].mean(axis=0)
    rows = as_rows(X, np.ones(len(X)))
    packed = pack(X, squared_norms(X))
    for k in (2, 5, 9):
        referee = CoarseReferee(rows, packed.radius * 2.0**-digits)
        engine = CertifiedLloyd(X, None, packed, referee)
        begin = X[np.random.RandomState(k).permutation(len(X))[:k]]
        for progress in (silent(), Steps()):
            ours = engine.run(begin, max_iter=60, tolerance=0.0, progress=progress)
            assert_same_run(ours, plain_run(referee, rows.nearest, begin, 60, 0.0))
    assert max(untold) <= 2.0**-50 * packed.radius


@pytest.mark.parametrize(("dtype", "value"), [(np.float64, 0.7), (np.float32, 0.7)])
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_the_referees_means_are_as_near_as_he_says(dtype, value, weight):
    # equal rows, added one after the other, lose the same digits for a long time
    X = np.full((20_000, 1), value, dtype=dtype)
    referee = RoundedReferee(as_rows(X, np.full(20_000, weight, dtype=dtype)))
    mean = referee.update(np.zeros(20_000, dtype=np.int32), 1, None)
    error = abs(float(mean[0, 0]) - float(X[0, 0]))
    # the weights are equal, so that the mean is the row itself; what remains is the rounding of two sums
    assert error <= referee.mean_error(np.array([20_000]), float(X[0, 0]))
    assert error > 4 * np.finfo(dtype).eps * value


@pytest.mark.parametrize("digits", [33, 36, 40])
@pytest.mark.parametrize("d", [1, 2])
def test_rows_that_only_the_referees_means_can_tell(digits, d):
    # rows without weight, between two of the centres that the referee will find, at distances of its rounding
    for seed in range(6):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((120, d))
        X[0] = 4
        packed = pack(X, squared_norms(X))
        grid = packed.radius * 2.0**-digits

        def both(X: np.ndarray, weights: np.ndarray, grid: float = grid, k: int = 2 + seed) -> tuple[Run, Run]:
            referee = CoarseReferee(as_rows(X, weights), grid)
            engine = CertifiedLloyd(X, weights, pack(X, squared_norms(X)), referee)
            begin = X[1 : k + 1]
            ours = engine.run(begin, max_iter=100, tolerance=0.0, progress=silent())
            return ours, plain_run(referee, as_rows(X, weights).nearest, begin, 100, 0.0)

        _, before = both(X, np.ones(120))
        pairs = before.centers[np.array([rng.permutation(len(before.centers))[:2] for _ in range(200)])]
        between = pairs.mean(axis=1) + grid * rng.uniform(-2, 2, size=(200, 1)) * np.sign(pairs[:, 0] - pairs[:, 1])
        ours, theirs = both(np.concatenate([X, between]), np.repeat([1.0, 0.0], [120, 200]))
        assert np.array_equal(theirs.labels[:120], before.labels)
        assert_same_run(ours, theirs)


def watch_the_deadlines(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Write down by how much a centre has moved more, from one assignment to the next, than the deadlines were told."""
    untold = [0.0]

    class Watched(deadlines.Deadlines):
        last: Any = None
        told: Any = 0.0

        def assign(self, centers: np.ndarray, error: float) -> Any:
            if self.last is not None:
                untold.append(float((np.linalg.norm(centers - self.last, axis=1) - self.told).max()))
            self.last, self.told = centers.copy(), 0.0
            return super().assign(centers, error)

        def moved(self, shifts: np.ndarray) -> None:
            self.told = self.told + shifts
            super().moved(shifts)

    monkeypatch.setattr(lloyd, "Deadlines", Watched)
    return untold


def test_every_move_is_told_where_sums_are_settled(monkeypatch):
    untold = watch_the_deadlines(monkeypatch)
    monkeypatch.setattr(lloyd, "MOST_MISPLACED", 2.0**-46)
    X = DATA["uniform"] - DATA["uniform"].mean(axis=0)
    lazily(X, weights_of("real", len(X), 1), X[:7], max_iter=50, tolerance=0.0)
    assert len(untold) > 5
    assert max(untold) <= 2.0**-50 * np.abs(X).max()


def test_no_run_depends_on_the_length_of_blocks_or_on_threads(monkeypatch):
    for name in ("digits", "integer_grid"):
        X = DATA[name] - DATA[name].mean(axis=0)
        expected = lazily(X, None, X[:8], max_iter=50, tolerance=0.0)
        for length, threads in (1, 1), (50, 2), (333, 3):
            with monkeypatch.context() as patch:
                patch.setattr(deadlines, "block_length", lambda *sizes, length=length: length)
                patch.setattr(deadlines, "_MANY_PAIRS", 0)
                patch.setattr(deadlines, "thread_count", lambda threads=threads: threads)
                assert_same_run(lazily(X, None, X[:8], max_iter=50, tolerance=0.0), expected)


def test_bounds_save_most_of_the_work_on_clusters_that_settle():
    X = make_blobs(3000, 2, centers=8, cluster_std=2.0, random_state=2)[0]
    X -= X.mean(axis=0)
    run = lazily(X, None, X[:8], max_iter=300, tolerance=0.0)
    assert run.tally.assignments == len(X) * (run.iterations + (not run.strict))
    assert run.tally.refereed <= run.tally.in_double <= run.tally.compared
    assert run.tally.compared < 0.5 * run.tally.assignments
    assert run.tally.refereed == 0


@pytest.mark.parametrize("value", [0.0, 0.1, 1e5])
def test_rows_that_are_all_equal(value):
    X = np.full((50, 3), value)
    X -= X.mean(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = lazily(X, None, X[:4], max_iter=10, tolerance=0.0)
    assert_same_run(ours, plainly(X, None, X[:4], max_iter=10, tolerance=0.0))


def test_weights_over_twenty_orders_of_magnitude_warn_of_nothing():
    rng = np.random.RandomState(0)
    for _ in range(10):
        X = rng.uniform(size=(200, 2)) - 0.5
        weights = 2.0 ** rng.randint(-33, 33, size=200).astype(float)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ours = lazily(X, weights, X[:9], max_iter=100, tolerance=0.0)
        assert_same_run(ours, plainly(X, weights, X[:9], max_iter=100, tolerance=0.0))


@pytest.mark.parametrize("seed", [48, 376, 1145, 1207, 1241])
def test_weights_that_cancel_to_less_than_nothing(seed):
    # heavy rows leave a cluster with more weight than, after rounding, it had: what is left must not be believed
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((60, 1))
    weights = np.where(rng.uniform(size=60) < 0.05, 2.0**60, 2.0 ** rng.randint(-10, 9, 60).astype(float))
    parameters = {"max_iter": 50, "tolerance": 0.0}
    assert_same_run(lazily(X, weights, X[:6], **parameters), plainly(X, weights, X[:6], **parameters))


@pytest.mark.parametrize(("dtype", "size", "largest"), [(np.float32, 1e-22, 1e-15), (np.float64, 1e-161, 1e-153)])
def test_squares_that_vanish_beside_a_row_of_no_weight(dtype, size, largest):
    for seed in range(20):
        X = (np.random.RandomState(seed).standard_normal((300, 3)) * size).astype(dtype)
        X[-1] = largest
        weights = np.ones(300, dtype=dtype)
        weights[-1] = 0
        parameters = {"max_iter": 5, "tolerance": 0.0}
        assert_same_run(lazily(X, weights, X[:5], **parameters), plainly(X, weights, X[:5], **parameters))


def from_a_callable(X: Any, n_clusters: int, random_state: np.random.RandomState) -> Any:
    return X[random_state.permutation(X.shape[0])[:n_clusters]]


@pytest.fixture
def engine(monkeypatch):
    """Fits whose rows are never too few for the engine."""
    monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, k: True)


def fitted(estimator: Any, X: Any, weights: np.ndarray | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return estimator.fit(X, sample_weight=weights)
        except ValueError as error:  # fewer rows with a weight than clusters
            return str(error)


def assert_bits_of_the_reference(X: np.ndarray, weights: np.ndarray | None, **parameters: Any) -> None:
    theirs = fitted(Reference(**parameters), X, weights)
    ours = fitted(KMeans(**parameters), X, weights)
    if isinstance(theirs, str):
        assert isinstance(ours, str)  # a sentence of its own
        return
    assert ours.cluster_centers_.dtype == theirs.cluster_centers_.dtype
    assert ours.cluster_centers_.tobytes() == theirs.cluster_centers_.tobytes()
    assert np.array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == theirs.inertia_
    assert ours.n_iter_ == theirs.n_iter_


def fits(share: float, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray | None, dict[str, Any]]]:
    """A random share of the product of data, types, initial centres, weights and parameters."""
    rng = np.random.RandomState(seed)
    product = itertools.product(
        DATA,
        (np.float64, np.float32),
        ("k-means++", "random", "array", "callable", "array with empty clusters"),
        (1, 2, 3, 8, 20),
        ("none", "real", "with_zeros", "ten_orders"),
        (1, 3),
        (1, 2, 300),
        (0, 1e-4, 1e-2),
    )
    for name, dtype, init, k, kind, n_init, max_iter, tol in product:
        if rng.uniform() > share:
            continue
        state = int(rng.randint(1000))
        X = DATA[name].astype(dtype)
        rows = X[np.random.RandomState(state).permutation(len(X))[:k]]
        begin: Any = {
            "array": rows,
            "callable": from_a_callable,
            "array with empty clusters": rows + (np.arange(k) % 2)[:, np.newaxis].astype(dtype) * np.ptp(X) * 3,
        }.get(init, init)
        parameters = {"n_clusters": k, "init": begin, "n_init": n_init, "max_iter": max_iter, "tol": tol}
        yield X, weights_of(kind, len(X), state), {**parameters, "random_state": state}


@pytest.mark.usefixtures("engine")
def test_some_fits_have_the_bits_of_the_reference():
    for X, weights, parameters in fits(0.003, seed=0):
        assert_bits_of_the_reference(X, weights, **parameters)


@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_several_hundred_fits_have_the_bits_of_the_reference():
    count = 0
    for X, weights, parameters in fits(0.03, seed=1):
        assert_bits_of_the_reference(X, weights, **parameters)
        count += 1
    assert count > 600


MIDDLE = {
    "blobs 20000x2": lambda: make_blobs(20_000, 2, centers=8, random_state=0)[0],
    "blobs 10000x10": lambda: make_blobs(10_000, 10, centers=20, cluster_std=3, random_state=0)[0],
    "uniform 6000x30": lambda: np.random.RandomState(0).uniform(size=(6000, 30)),
    "integers 6000x3": lambda: np.random.RandomState(1).randint(0, 9, size=(6000, 3)).astype(float),
    "digits": lambda: load_digits().data,
}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", sorted(MIDDLE))
@pytest.mark.parametrize("k", [3, 16, 70])
@pytest.mark.usefixtures("engine")
def test_middling_tables_have_the_bits_of_the_reference(name, k, dtype):
    X = MIDDLE[name]().astype(dtype)
    for kind, tol in itertools.product(("none", "with_zeros"), (0, 1e-4)):
        weights = weights_of(kind, len(X), k)
        assert_bits_of_the_reference(X, weights, n_clusters=k, n_init=1, init=X[:k], max_iter=40, tol=tol)


@pytest.mark.usefixtures("engine")
def test_a_single_precision_tolerance_that_the_shift_just_meets():
    for seed in range(15):
        X = np.random.RandomState(seed).standard_normal((300, 3)).astype(np.float32)
        printed = io.StringIO()
        with redirect_stdout(printed):
            Reference(5, init=X[:5], n_init=1, tol=1e-2, verbose=1).fit(X)
        told = [line for line in printed.getvalue().splitlines() if "within tolerance" in line]
        shift = np.float32(told[0].split("shift ")[1].split(" ")[0])
        nearby = shift / X.var(axis=0).mean()  # tol whose tolerance is this very shift, or next to it
        for step in range(-3, 4):
            tol = float(nearby * np.float32(1 + step * 2.0**-23))
            assert_bits_of_the_reference(X, None, n_clusters=5, init=X[:5], n_init=1, tol=tol)


@pytest.mark.parametrize("parameters", [{"tol": 0}, {"tol": 1e-2}, {"max_iter": 2}, {"n_init": 3, "init": "random"}])
@pytest.mark.parametrize("name", ["blobs", "integer_grid", "few_distinct"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_tape_tells_the_same_story_but_for_the_distances_saved(monkeypatch, name, dtype, parameters):
    X = DATA[name].astype(dtype)
    stories = []
    for forced in (True, False):
        monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, k, forced=forced: forced)
        with record(arrays=True) as tape:
            fitted(KMeans(5, random_state=2, **parameters), X, None)
        stories.append(
            [
                [
                    value.tobytes() if isinstance(value, np.ndarray) else value
                    for key, value in sorted(event.items())
                    if key not in ("distances", "distances_saved")
                ]
                for kind in ("seeding", "iteration", "run")
                for event in (row.to_dict() for _, row in tape.frame(kind).iterrows())
            ]
        )
    assert len(stories[0]) > 2
    assert stories[0] == stories[1]


def test_the_engine_does_not_pay_for_small_tables_and_does_for_large_ones():
    assert not pays(np.empty((150, 4)), 3)
    assert not pays(np.empty((150, 4), dtype=np.float32), 3)
    assert not pays(np.empty((10**6, 20)), 1)
    assert pays(np.empty((10**5, 20)), 10)
