"""k-means++ draws scikit-learn's rows, by the letter or by a certificate, and refuses what it cannot draw from.

The root conftest keeps scikit-learn at one thread: with two, its sums change in the last bits.
"""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import kmeans_plusplus as reference
from sklearn.datasets import load_digits, load_iris, make_blobs

from workings.cluster import kmeans_plusplus
from workings.cluster.distances import distance_table, squared_norms
from workings.cluster.seeding import certified as certified_plus_plus
from workings.cluster.seeding import plus_plus
from workings.cluster.seeding.certified import certified_rows


def data_sets() -> dict[str, np.ndarray]:
    rng = np.random.RandomState(11)
    return {
        "iris": load_iris().data,
        "digits": load_digits().data[:400],
        "blobs": make_blobs(700, 4, centers=5, random_state=1)[0],
        "uniform": rng.uniform(size=(513, 3)),
        "noise_300d": rng.standard_normal((150, 300)),
        "offset_5e5": rng.standard_normal((257, 5)) + 5e5,
        "scale_1e-9": rng.uniform(size=(200, 4)) * 1e-9,
        "heavy_tails": rng.standard_cauchy((300, 2)),
        "integer_grid": rng.randint(0, 4, size=(400, 2)).astype(float),
        "few_distinct": np.repeat(rng.uniform(size=(6, 3)), 30, axis=0),
        "one_feature": rng.standard_normal((300, 1)),
        "mostly_zero": rng.poisson(0.2, size=(300, 30)).astype(float),
        "twenty_rows": rng.uniform(size=(20, 2)),
        "one_row": np.ones((1, 3)),
    }


DATA = data_sets()
LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "csr": sp.csr_array,
}


def assert_same_rows(X: Any, k: int, **parameters: Any) -> None:
    theirs, their_indices = reference(X, k, **parameters)
    ours, our_indices = kmeans_plusplus(X, k, **parameters)
    assert our_indices.tolist() == their_indices.tolist()
    assert our_indices.dtype == their_indices.dtype
    assert ours.dtype == theirs.dtype
    assert ours.tobytes() == theirs.tobytes()


def cases(share: float, seed: int) -> Iterator[tuple[Any, int, dict[str, Any]]]:
    """A random share of the full product of data, containers, weights and parameters."""
    rng = np.random.RandomState(seed)
    kinds = ("none", "real", "with zeros")
    numbers = (1, 2, 3, 8, 20, "n")
    product = itertools.product(DATA, (np.float64, np.float32), LAYOUTS, numbers, kinds, (None, 1, 2, 7), (False, True))
    for name, dtype, layout, number, kind, trials, norms in product:
        n = len(DATA[name])
        k = min(n, 150) if number == "n" else number
        if k > n or rng.uniform() > share:
            continue
        weights = {"none": None, "real": rng.uniform(size=n), "with zeros": rng.randint(0, 3, n) + (np.arange(n) == 0)}
        yield (
            LAYOUTS[layout](DATA[name].astype(dtype)),
            k,
            {
                "sample_weight": weights[kind],
                "x_squared_norms": squared_norms(DATA[name].astype(dtype)) if norms else None,
                "random_state": int(rng.randint(1000)),
                "n_local_trials": trials,
            },
        )


@pytest.fixture(params=["by the letter", "certified"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way of drawing, whatever the size of the data."""
    smallest = {"by the letter": 10**18, "certified": 0}[request.param]
    monkeypatch.setattr(plus_plus, "_WORTH_A_CERTIFICATE", smallest)
    return request.param


def test_a_share_of_the_grid_has_the_same_rows(way):
    for X, k, parameters in cases(0.012, seed=0):
        assert_same_rows(X, k, **parameters)


@pytest.mark.slow
def test_several_hundred_seedings_have_the_same_rows(way):
    count = 0
    for X, k, parameters in cases(0.1, seed=1):
        assert_same_rows(X, k, **parameters)
        count += 1
    assert count > 700


@pytest.mark.parametrize("k", [3, 8])
def test_iris_and_the_whole_of_digits(k):
    for seed in range(20):
        assert_same_rows(load_iris().data, k, random_state=seed)
    assert_same_rows(load_digits().data, k, random_state=k)


@pytest.mark.parametrize("d", [2, 20, 100])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_large_data_are_certified_and_have_the_same_rows(monkeypatch, d, layout):
    # several blocks, the last of them of one row
    answers = []

    def noted(*arguments: Any) -> Any:
        answers.append(certified_rows(*arguments))
        return answers[-1]

    monkeypatch.setattr(plus_plus, "certified_rows", noted)
    size = max(128, min(3 * 2**16 // (d + 4), 8192))
    n = size * max(2, -(-2_000_000 // ((d + 20) * size))) + 1
    X = np.random.RandomState(d).standard_normal((n, d))
    weights = np.random.RandomState(d).uniform(size=n)
    assert_same_rows(LAYOUTS[layout](X), 8, random_state=0)
    assert_same_rows(LAYOUTS[layout](X), 8, random_state=1, sample_weight=weights)
    assert len(answers) == 2
    assert all(answer is not None for answer in answers)


def test_single_precision_in_several_blocks():
    # above about 1100 rows by 1 feature the float64 copies no longer fit in one block
    X = np.random.RandomState(0).standard_normal((30_000, 2)).astype(np.float32)
    assert_same_rows(X, 5, random_state=0)
    assert_same_rows(sp.csr_array(X), 5, random_state=0)


def test_more_candidates_than_one_block_of_single_precision_holds():
    X = np.random.RandomState(0).standard_normal((6, 200_000)).astype(np.float32)  # blocks of 3 rows
    assert_same_rows(X, 4, random_state=0, n_local_trials=7)


def test_norms_of_the_caller_are_taken_at_their_word():
    X = np.random.RandomState(0).standard_normal((100_000, 5))
    norms = squared_norms(X) + np.random.RandomState(1).uniform(9, size=len(X))  # no bound of rounding holds for these
    assert_same_rows(X, 8, random_state=0, x_squared_norms=norms)


@pytest.mark.parametrize("n", [50, 140_000])
def test_the_generator_is_used_up_in_the_same_way(n):
    X = np.random.RandomState(3).uniform(size=(n, 5))
    theirs, ours = np.random.RandomState(5), np.random.RandomState(5)
    for _ in range(2):
        reference(X, 6, random_state=theirs)
        kmeans_plusplus(X, 6, random_state=ours)
        assert ours.uniform() == theirs.uniform()


# By hand: one feature, rows at 0 and four times at 1, the first centre at 0. The cumulated squared distances are
# 0, 1, 2, 3, 4, so that a draw of r falls on the row where 4r is reached.
LINE = np.array([[0.0], [1.0], [1.0], [1.0], [1.0]])


def certified_on_the_line(draw: float) -> list[int] | None:
    rows = certified_rows(LINE, np.ones(5), squared_norms(LINE), 0, np.array([[draw]]))
    return None if rows is None else rows.tolist()


@pytest.mark.parametrize(("draw", "row"), [(0.1, 1), (0.3, 2), (0.25 + 1e-9, 2), (0.25 - 1e-9, 1), (0.9, 4)])
def test_a_draw_inside_a_rows_share_is_certain(draw, row):
    assert certified_on_the_line(draw) == [0, row]


@pytest.mark.parametrize("draw", [0.0, 0.25, np.nextafter(0.25, 1), np.nextafter(0.5, 0), 1 - 2.0**-53])
def test_a_draw_on_an_edge_is_nobodys(draw):
    assert certified_on_the_line(draw) is None


def test_candidates_of_equal_potential_are_nobodys_but_one_candidate_twice_is_certain():
    X = np.array([[0.0], [-1.0], [1.0]])
    norms = squared_norms(X)
    assert certified_rows(X, np.ones(3), norms, 0, np.array([[0.25, 0.75]])) is None  # rows 1 and 2 leave 1 each
    assert certified_rows(X, np.ones(3), norms, 0, np.array([[0.75, 0.75]])).tolist() == [0, 2]
    weights = np.array([1.0, 1.0, 1.5])  # now row 2 leaves 1 and row 1 leaves 1.5
    assert certified_rows(X, weights, norms, 0, np.array([[0.2, 0.75]])).tolist() == [0, 2]


def test_rows_that_are_all_alike_are_nobodys():
    X = np.full((40, 3), 0.1)
    assert certified_rows(X, np.ones(40), squared_norms(X), 3, np.array([[0.3, 0.6]])) is None


def test_what_would_be_mostly_doubtful_is_not_begun(monkeypatch):
    class Begun(Exception):
        pass

    def begin(*_: Any) -> None:
        raise Begun

    monkeypatch.setattr(certified_plus_plus._Search, "candidates", begin)
    X = np.random.RandomState(0).standard_normal((3000, 2))
    draws = np.full((7, 4), 0.4)
    with pytest.raises(Begun):
        certified_rows(X, np.ones(3000), squared_norms(X), 0, draws)
    X += 1e6  # its squares are rounded by more than the rows are apart: most draws would be in doubt
    assert certified_rows(X, np.ones(3000), squared_norms(X), 0, draws) is None


@given(
    X=arrays(np.float64, st.tuples(st.integers(3, 24), st.integers(1, 4)), elements=st.floats(-8, 8, width=32)),
    offset=st.sampled_from([0.0, 3.0, 1e3, 1e7]),
    data=st.data(),
)
def test_no_order_of_summation_is_off_by_more_than_the_uncertainty(X, offset, data):
    X = X + offset
    weights = data.draw(arrays(np.float64, len(X), elements=st.floats(0.125, 9)))
    norms = squared_norms(X)
    search = certified_plus_plus._Search(X, weights, norms, 0, 2)
    theirs = np.cumsum(weights * distance_table(X[:1], X, b_norms=norms, squared=True)[0])
    exact = Fraction(0)
    for row, weight, theirs_so_far in zip(X, weights, theirs, strict=True):
        squares = [(Fraction(x) - Fraction(c)) ** 2 for x, c in zip(row, X[0], strict=True)]
        exact += Fraction(weight) * sum(squares)
        assert abs(Fraction(theirs_so_far) - exact) <= Fraction(search.uncertainty) / 2
    assert abs(Fraction(search.potential) - exact) <= Fraction(search.uncertainty) / 2


@given(
    X=arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.integers(-3, 3)),
    seed=st.integers(0, 2**32 - 1),
    data=st.data(),
)
def test_centers_are_rows_with_a_weight_and_nothing_is_changed(X, seed, data):
    n = len(X)
    k = data.draw(st.integers(1, n))
    weights = data.draw(arrays(np.float64, n, elements=st.integers(0, 3)).filter(np.any))
    untouched = X.copy(), weights.copy()
    X.flags.writeable = weights.flags.writeable = False
    centers, indices = kmeans_plusplus(X, k, sample_weight=weights, random_state=seed)
    assert centers.shape == (k, X.shape[1])
    assert np.array_equal(centers, X[indices])
    assert np.array_equal(X, untouched[0])
    assert np.array_equal(weights, untouched[1])
    distinct = len(np.unique(X[weights > 0], axis=0))
    assert len(np.unique(centers[:distinct], axis=0)) == min(k, distinct)  # integers: exact, no row twice
    assert (weights[indices[:distinct]] > 0).all()


def test_one_candidate_falls_on_rows_in_proportion_to_their_weighted_squared_distances():
    X, weights = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 2.0, 1.0])
    rng = np.random.RandomState(0)
    after_the_first = [
        second
        for first, second in (
            kmeans_plusplus(X, 2, sample_weight=weights, random_state=rng, n_local_trials=1)[1] for _ in range(4000)
        )
        if first == 0
    ]
    # 2·1² against 1·3²; some 1000 of 4000 draws begin at row 0, so that 4 standard errors are 0.05
    assert np.mean(np.array(after_the_first) == 2) == pytest.approx(9 / 11, abs=0.05)


def test_integers_keep_their_type():
    X = np.random.RandomState(0).randint(-9, 9, size=(80, 3))
    for table in (X, X.astype(np.int32)):
        assert_same_rows(table, 6, random_state=2)


def test_small_integers_do_not_overflow():
    X = np.random.RandomState(0).randint(0, 256, size=(80, 3))
    centers, indices = kmeans_plusplus(X.astype(np.uint8), 6, random_state=2)
    assert centers.dtype == np.uint8
    assert indices.tolist() == kmeans_plusplus(X, 6, random_state=2)[1].tolist()


def test_lists_and_frames_are_read():
    X = DATA["iris"]
    expected = kmeans_plusplus(X, 4, random_state=1)[1].tolist()
    for table in (X.tolist(), pd.DataFrame(X), pd.DataFrame(X).convert_dtypes()):
        centers, indices = kmeans_plusplus(table, 4, random_state=1)
        assert indices.tolist() == expected
        assert np.array_equal(centers, X[indices])


X = np.arange(10.0).reshape(5, 2)
BAD = {
    "no clusters": (X, 0, {}),
    "half a cluster": (X, 1.5, {}),
    "too many clusters": (X, 6, {}),
    "no trials": (X, 2, {"n_local_trials": 0}),
    "short norms": (X, 2, {"x_squared_norms": np.ones(4)}),
    "no weight": (X, 2, {"sample_weight": np.zeros(5)}),
    "short weights": (X, 2, {"sample_weight": np.ones(4)}),
    "one dimension": (X[0], 1, {}),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_as_by_scikit_learn(name):
    table, k, parameters = BAD[name]
    with pytest.raises(ValueError) as theirs:  # noqa: PT011  (the message is compared below)
        reference(table, k, **parameters)
    with pytest.raises(ValueError) as ours:  # noqa: PT011
        kmeans_plusplus(table, k, **parameters)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    ("table", "parameters", "message"),
    [
        (X, {"random_state": "seven"}, "'random_state' parameter of kmeans_plusplus must be"),
        (X, {"sample_weight": [1, 1, -1, 1, 1]}, "Negative values"),
        (np.where(X == 3, np.nan, X), {}, "NaN"),
        (np.where(X == 3, np.inf, X), {}, "infinity"),
        (X * 1e200, {}, "too large"),
        (X.astype(np.float32) * 1e30, {}, "too large"),
        (X * 1e-200, {}, "varies too little"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(table, parameters, message):
    with pytest.raises(ValueError, match=message):
        kmeans_plusplus(table, 2, **{"random_state": 0, **parameters})


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_no_more_memory_than_scikit_learn(dtype):
    X = np.random.RandomState(0).standard_normal((100_000, 5)).astype(dtype)
    peaks = []
    for function in (reference, kmeans_plusplus):
        function(X[:100], 3, random_state=0)
        tracemalloc.start()
        function(X, 8, random_state=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] <= peaks[0]
