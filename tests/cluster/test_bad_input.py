"""Hostile data for KMeans, in both arithmetics and by both engines: the right answer or a clear error, nothing changed.

What fails with a message by default, whatever the engine, is in `test_estimator.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.cluster

from workings.base import ConvergenceWarning
from workings.cluster import KMeans

X = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]])
LABELS = [0, 0, 0, 1, 1, 1]  # from X[[0, 3]]
RNG = np.random.RandomState(0)

# scikit-learn's own warnings come with its results, not with ours
pytestmark = pytest.mark.filterwarnings("error")

Maker = Callable[..., KMeans]


@pytest.fixture(params=["plain", "certified", "exact"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Make a model of two clusters, unless told otherwise, that takes the engine of the fixture's parameter."""
    monkeypatch.setattr("workings.cluster.estimator.pays", lambda X, k: request.param == "certified")
    arithmetic = "exact" if request.param == "exact" else "double"
    return lambda n_clusters=2, **parameters: KMeans(
        n_clusters, **{"random_state": 0, "arithmetic": arithmetic} | parameters
    )


def from_rows(*rows: int) -> dict[str, Any]:
    return {"init": X[list(rows)], "n_init": 1}


def squared_distance(a: np.ndarray, b: np.ndarray) -> Fraction:
    return sum((Fraction(float(p)) - Fraction(float(q))) ** 2 for p, q in zip(a, b, strict=True))


def assert_right(model: KMeans, data: Any, weights: np.ndarray | None = None) -> None:
    """Every row is with the nearest centre, every centre the mean of its rows: found in fractions."""
    rows = np.asarray(data).astype(model.cluster_centers_.dtype)
    weights = np.ones(len(rows)) if weights is None else weights
    assert np.isfinite(model.cluster_centers_).all()
    spread = sum(squared_distance(rows[0], row) for row in rows)
    for row, label in zip(rows, model.labels_, strict=True):
        distances = [squared_distance(row, center) for center in model.cluster_centers_]
        # products of centred rows: some units in the last place of the squared spread
        assert distances[label] - min(distances) <= spread * Fraction(1, 2**46)
    for cluster in np.unique(model.labels_[weights > 0]):
        members = (model.labels_ == cluster) & (weights > 0)
        total = sum(map(Fraction, weights[members].tolist()))
        for feature, found in enumerate(model.cluster_centers_[cluster].tolist()):
            values = rows[members, feature].tolist()
            pairs = zip(weights[members].tolist(), values, strict=True)
            mean = sum(Fraction(weight) * Fraction(value) for weight, value in pairs) / total
            # a handful of additions of numbers up to the largest, before and after centring
            unit = float(np.finfo(rows.dtype).eps)
            assert abs(Fraction(found) - mean) <= Fraction(16 * unit) * Fraction(float(np.abs(rows[:, feature]).max()))
    terms = (
        Fraction(float(w)) * squared_distance(row, model.cluster_centers_[label])
        for row, w, label in zip(rows, weights, model.labels_, strict=True)
    )
    # rounding of the centres counts beside the spread only
    assert abs(Fraction(float(model.inertia_)) - sum(terms)) <= spread * Fraction(float(weights.max())) / 2**20


# ------------------------------------------------------------------------------------------------------ refused


def with_missing() -> pd.DataFrame:
    return pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [1.0, 2.0, 3.0]})


REFUSED_DATA = {
    "fewer rows than clusters": (X[:1], r"n_samples=1 should be >= n_clusters=2"),
    "NaN": (np.where(X == 4, np.nan, X), "Input X contains NaN"),
    "infinity": (np.where(X == 4, -np.inf, X), "Input X contains infinity"),
    "infinity in half precision": (np.where(X == 4, np.inf, X).astype(np.float16), "Input X contains infinity"),
    "words": ([["a", "b"], ["c", "d"]], "could not convert string to float"),
    "words and numbers": (np.array([["a", 1], ["b", 2]], dtype=object), "could not convert string to float"),
    "complex": (X + 1j, "Complex data not supported"),
    "nothing": (None, "Expected 2D array, got scalar array"),
    "a number": (3.0, "Expected 2D array, got scalar array"),
    "one dimension": (X[:, 0], "Reshape your data"),
    "three dimensions": (X.reshape(3, 2, 2), "Found array with dim 3, while dim <= 2 is required by KMeans"),
    "no rows": (np.empty((0, 2)), r"0 sample\(s\) \(shape=\(0, 2\)\) while a minimum of 1 is required by KMeans"),
    "no features": (np.empty((3, 0)), r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is required by KMeans"),
    "ragged": ([[1, 2], [3]], "inhomogeneous shape"),
    "a table with a missing integer": (with_missing(), "Input X contains NaN"),
    "a table with a missing number": (pd.DataFrame({"a": [1, np.nan, 3]}), "Input X contains NaN"),
    "a table of words": (pd.DataFrame({"a": ["x", "y", "z"]}), "could not convert string to float"),
    "numbers beyond doubles": ([[10**400, 1], [2, 3]], "too large to convert to float"),
}
REFUSED_WEIGHTS = {
    "all zero": (np.zeros(6), "at least one non-zero number"),
    "zero": (0, "at least one non-zero number"),
    "NaN": (np.full(6, np.nan), "Input sample_weight contains NaN"),
    "infinite": (np.full(6, np.inf), "Input sample_weight contains infinity"),
    "too few": (np.ones(5), r"sample_weight.shape == \(5,\), expected \(6,\)"),
    "a column": (np.ones((6, 1)), "Sample weights must be 1D array or scalar, got 2D array"),
    "complex": (np.full(6, 1j), "Complex data not supported"),
    "words": (np.array(list("abcdef")), "could not convert string to float"),
    "one negative": (np.array([1, 1, 1, 1, 1, -1.0]), "Negative values in data passed to `sample_weight`"),
}
REFUSED_INIT = {
    "too few": (X[:1], r"initial centers \(1, 2\) does not match the number of clusters 2"),
    "too many features": (X[:2, [0, 0, 1]], r"\(2, 3\) does not match the number of features of the data 2"),
    "NaN": (X[:2] * np.nan, "Input init contains NaN"),
    "infinity": (X[:2] * np.inf, "Input init contains infinity"),
    "one dimension": (X[0], "Expected 2D array, got 1D array"),
    "complex": (X[:2] * 1j, "Complex data not supported"),
    "words": ([["a", "b"], ["c", "d"]], "could not convert string to float"),
    "a callable's NaN": (lambda X, k, random_state: X[:k] * np.nan, "Input init contains NaN"),
    "a callable's None": (lambda X, k, random_state: None, "Expected 2D array, got scalar array"),
}


def refuse_alike(ours: KMeans, data: Any, weights: Any, message: str) -> None:
    """Both libraries raise the same kind of error; our message is the one expected."""
    parameters = {name: value for name, value in ours.get_params().items() if name != "arithmetic"}
    with pytest.raises(Exception) as theirs:  # noqa: PT011  (whatever it raises is what we compare with)
        sklearn.cluster.KMeans(**parameters).fit(data, sample_weight=weights)
    with pytest.raises(Exception, match=message) as error:
        ours.fit(data, sample_weight=weights)
    assert type(error.value) in type(theirs.value).__mro__
    assert not any(name.endswith("_") for name in vars(ours) if name not in ("n_features_in_", "feature_names_in_"))


@pytest.mark.parametrize("name", REFUSED_DATA)
def test_bad_data_are_refused_as_by_scikit_learn(make, name):
    data, message = REFUSED_DATA[name]
    refuse_alike(make(), data, None, message)


@pytest.mark.parametrize("name", REFUSED_WEIGHTS)
def test_bad_weights_are_refused_as_by_scikit_learn(make, name):
    weights, message = REFUSED_WEIGHTS[name]
    refuse_alike(make(), X, weights, message)


@pytest.mark.parametrize("name", REFUSED_INIT)
def test_bad_initial_centers_are_refused_as_by_scikit_learn(make, name):
    init, message = REFUSED_INIT[name]
    refuse_alike(make(init=init, n_init=1), X, None, message)


@pytest.mark.parametrize(
    ("data", "weights", "message"),
    [
        (X * 1e200, None, "overflow float64. Divide X"),
        (X * 1e153, None, "overflow float64. Divide X"),
        (np.vstack([X, [[1e200, 0.0]]]), None, "overflow float64. Divide X"),
        (np.column_stack([X, [1e200, -1e200, 0, 0, 0, 0]]), None, "overflow float64. Divide X"),
        (np.full((4, 2), 1.7e308) * [[1], [-1], [1], [-1]], None, "overflow float64. Divide X"),
        ((X * 1e20).astype(np.float32), None, "overflow float32. Divide X"),
        (X * 1e-160, None, "underflow float64. Multiply X"),
        (X * 1e-320, None, "underflow float64. Multiply X"),
        (X * 1e100, np.full(6, 1e120), "overflow float64. Divide X .or the weights"),
        (X, np.full(6, 1e307), "overflow float64. Divide X .or the weights"),
        (X, np.array([1, 1, 1, 1, 1, 1e-320]), "Multiply all weights by a constant, or set these to zero"),
        (X, -np.ones(6), "Negative values in data passed to `sample_weight`"),
    ],
)
def test_what_scikit_learn_gets_wrong_silently_is_refused(make, data, weights, message):
    model = make()
    if model.arithmetic == "exact" and data.dtype == np.float32:
        assert_right(model.fit(data), data)  # distances are doubles there, and in range
        return
    with pytest.raises(ValueError, match=message):
        model.fit(data, sample_weight=weights)


# -------------------------------------------------------------------------------------------------- right answers


def heavy_tails() -> np.ndarray:
    return np.random.RandomState(1).standard_cauchy((40, 2)) ** 3


RIGHT = {
    "integers": X.astype(np.int8),
    "large integers": np.array([[2**53 + 1, 0], [2**62 + 1, 5], [2**62, 3], [2**53, 7]]),
    "unsigned integers": np.array([[2**64 - 1, 0], [0, 5], [1, 3]], dtype=np.uint64),
    "booleans": X > 1,
    "half precision": X.astype(np.float16),
    "extended precision": X.astype(np.longdouble),
    "numbers as objects": X.astype(object),
    "numbers as words": X.astype(str),
    "one feature": X[:, 1:],
    "as many rows as clusters": X[[0, 3]],
    "constant features": np.column_stack([np.full(6, 0.1), X, np.full(6, 1e9)]),
    "all but one feature without size": np.column_stack([X, X * 1e-200]),
    "almost too large": X * 1e149,
    "almost too small": X * 1e-153,
    "single precision, subnormal": (X * 1e-39).astype(np.float32),
    "a far offset": X + 1e12,
    "neighbouring numbers": 1 + X * 2.0**-52,
    "heavy tails": heavy_tails(),
    "an outlier": np.vstack([X, [[1e15, -1e15]]]),
    "features of unlike size": RNG.standard_normal((20, 3)) * [1e140, 1.0, 1e-140],
}


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("name", RIGHT)
def test_unusual_data_are_right(make, name, init):
    data = RIGHT[name]
    if name == "single precision, subnormal" and make().arithmetic == "double":
        with pytest.raises(ValueError, match=r"underflow float32\. Multiply X"):
            make().fit(data)
        return
    model = make(init=init, n_init=2).fit(data)
    assert_right(model, data)
    assert len(np.unique(model.labels_)) == 2


def test_the_type_in_which_x_is_kept_does_not_matter(make):
    plain = make(**from_rows(0, 3)).fit(X)
    assert plain.labels_.tolist() == LABELS
    for kind in (np.int8, np.uint16, np.float16, np.longdouble, object, str, "M8[s]", ">f8"):
        model = make(**from_rows(0, 3)).fit(X.astype(kind))
        assert model.labels_.tolist() == LABELS
        assert model.cluster_centers_.tobytes() == plain.cluster_centers_.tobytes()


@pytest.mark.parametrize("value", [0.0, -0.0, 0.1, 1e9, 1e100, 1e-100])
def test_equal_rows_are_one_cluster(make, value):
    for n, d in ((1, 1), (1, 3), (5, 2), (300, 2)):
        data = np.full((n, d), value)
        np.testing.assert_allclose(make(1).fit(data).cluster_centers_, [[value] * d], rtol=n * 2.0**-53)
        if n > 1:
            with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(1\) found smaller than n_clusters \(2\)"):
                model = make(2).fit(data)
            if model.arithmetic == "exact":
                assert model.inertia_ == 0
                assert model.cluster_centers_.tolist() == [[value] * d] * 2
            else:  # the mean that is taken off first is rounded
                assert model.inertia_ <= n * d * (n * 2.0**-53 * value) ** 2
                np.testing.assert_allclose(model.cluster_centers_, value, rtol=n * 2.0**-53)
            assert model.labels_.tolist() == [0] * n


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_fewer_distinct_rows_than_clusters(make, init):
    data = np.repeat(X[[0, 3, 4]], 4, axis=0)
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(\d\) found smaller than n_clusters \(7\)"):
        model = make(7, init=init, n_init=1).fit(data)
    assert_right(model, data)
    assert model.inertia_ <= 8  # random centres may all but coincide: two rows of X that are 2 apart share one then


def test_as_many_clusters_as_rows(make):
    data = np.random.RandomState(0).standard_normal((40, 2))
    model = make(40).fit(data)
    assert sorted(model.labels_) == list(range(40))
    assert model.inertia_ <= 1e-28  # centring rounds
    assert_right(model, data)


@pytest.mark.parametrize(
    "weights",
    [
        np.array([1e-250, 1e250, 1, 1, 1, 1]),
        np.array([1e-290, 1e-280, 1e-290, 1e-280, 1e-290, 1e-280]),
        np.array([1e140, 1e-140, 1e140, 1, 2, 3]),
        np.array([0, 0, 1, 0, 0, 1.0]),
        np.array([5, 0, 0, 0, 0, 1e-9]),
        np.full(6, 1e149),
        np.array([1, 2, 3, 4, 5, 6]),
        np.array([True, True, False, True, True, True]),
    ],
)
def test_unusual_weights_are_right_or_refused(make, weights):
    model = make(**from_rows(2, 5))
    if weights.max() > 1e150 and model.arithmetic == "exact":
        with pytest.raises(ValueError, match=r"Divide X \(or the weights\)"):
            model.fit(X, sample_weight=weights)
        return
    model.fit(X, sample_weight=weights)
    assert_right(model, X, weights.astype(float))
    assert model.labels_.tolist() == LABELS


def test_one_row_with_a_weight(make):
    with pytest.warns(ConvergenceWarning, match="distinct clusters"):
        model = make().fit(X, sample_weight=[0, 0, 1, 0, 0, 0])
    assert model.cluster_centers_.tolist() == [X[2].tolist()] * 2
    assert model.inertia_ == 0


FAR = [(np.float64, far) for far in (1e3, 1e9, 1e18, 1e30, 1e100, 1e150)] + [
    (np.float32, far) for far in (1e3, 1e9, 1e18)
]


@pytest.mark.parametrize(("dtype", "far"), FAR)
@pytest.mark.parametrize("rows", [X, RNG.standard_normal((100, 2))], ids=["six rows", "many rows"])
def test_initial_centers_far_away(make, rows, far, dtype):
    data = rows.astype(dtype)
    begin = np.vstack([data[0], [far, far], [-far, far]]).astype(dtype)
    model = make(3, init=begin, n_init=1, tol=0).fit(data)
    assert_right(model, data)
    assert len(np.unique(model.labels_)) == 3


@pytest.mark.parametrize("far", [1e160, 1e200, 1e300])
def test_initial_centers_beyond_all_squares(make, far):
    data = np.random.RandomState(8).standard_normal((100, 1))
    begin = np.array([[far], data[1], data[2]])
    model = make(3, init=begin, n_init=1, tol=0)
    if model.arithmetic == "exact":
        with pytest.raises(ValueError, match="too large"):
            model.fit(data)
        return
    with np.errstate(all="ignore"):  # the squares do overflow, and the infinitely far centre moves to a row
        model.fit(data)
    assert_right(model, data)


def test_equal_initial_centers(make):
    model = make(**from_rows(0, 0)).fit(X)
    assert_right(model, X)
    assert sorted(np.bincount(model.labels_)) == [3, 3]
    with pytest.warns(ConvergenceWarning, match="distinct clusters"):
        make(3, init=np.zeros((3, 2)), n_init=1).fit(np.ones((4, 2)))


# -------------------------------------------------------------------------------------------------- nothing changed


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("init", ["k-means++", "random", "array", "callable"])
def test_arguments_are_not_changed(make, init, dtype):
    data = (RNG.standard_normal((60, 3)) + 1 / 3).astype(dtype)
    weights, begin = RNG.uniform(size=60), data[:2].copy()
    before = [array.copy() for array in (data, weights, begin)]
    ways = {"array": begin, "callable": lambda rows, k, random_state: begin}
    model = make(init=ways.get(init, init), n_init=1).fit(data, sample_weight=weights)
    model.predict(data), model.transform(data), model.score(data, sample_weight=weights)
    for kept, array in zip(before, (data, weights, begin), strict=True):
        assert array.tobytes() == kept.tobytes()
    assert not np.may_share_memory(model.cluster_centers_, begin)


def test_read_only_arguments(make):
    data, weights, begin = X.copy(), np.ones(6), X[[0, 3]].copy()
    for array in (data, weights, begin):
        array.setflags(write=False)
    model = make(init=begin, n_init=1).fit(data, sample_weight=weights)
    assert model.labels_.tolist() == LABELS
    assert model.predict(data).tolist() == LABELS
    in_place = make(init=begin, n_init=1, copy_x=False)
    if in_place.arithmetic == "exact":  # which does not centre X
        assert in_place.fit(data).labels_.tolist() == LABELS
    else:
        with pytest.raises(ValueError, match="read-only"):
            in_place.fit(data)


def results(model: KMeans) -> dict[str, Any]:
    return copy.deepcopy({name: value for name, value in vars(model).items() if name.endswith("_")})


def assert_same_results(model: KMeans, before: dict[str, Any]) -> None:
    after = results(model)
    assert after.keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("copy_x", [True, False])
def test_an_interrupted_fit_leaves_x_and_the_model_as_they_were(make, copy_x, error):
    def interrupted(rows: np.ndarray, k: int, random_state: np.random.RandomState) -> np.ndarray:
        raise error("stopped")

    model = make().fit(X)
    state = results(model)
    data = RNG.standard_normal((50, 2)) + 10
    kept = data.copy()
    with pytest.raises(error, match="stopped"):
        model.set_params(init=interrupted, copy_x=copy_x).fit(data)
    np.testing.assert_allclose(data, kept, rtol=0 if copy_x else 1e-15)
    assert_same_results(model, state)
    assert model.predict(X).tolist() == state["labels_"].tolist()


def test_a_refused_fit_leaves_the_model_as_it_was(make):
    model = make().fit(X)
    before = results(model)
    for data, weights in ((X * np.nan, None), (X * 1e200, None), (X[:1], None), (X, np.zeros(6))):
        with pytest.raises(ValueError, match=r"NaN|too large|n_samples|non-zero"):
            model.fit(data, sample_weight=weights)
    assert_same_results(model, before)
