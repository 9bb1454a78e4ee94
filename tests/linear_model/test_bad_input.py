"""Hostile data: the correct rounding, or an answer that says it is none, or a clear error; never a silent NaN."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from tests.linear_model.oracle import exact_solution, with_condition

import workings
from workings.linear_model import LinearRegression

DIRECT = ["auto", "exact", "normal", "qr", "svd"]
DESCENTS = ["gradient_descent", "stochastic", "heavy_ball", "nesterov", "conjugate_gradients"]
SOLVERS = [*DIRECT, "dual", "decimal", *DESCENTS]

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 3))
Y = RNG.standard_normal(12)
ONES = np.ones(12)

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("ignore::workings.base.PrecisionWarning"),
    pytest.mark.filterwarnings("ignore::workings.base.ConvergenceWarning"),
]


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def ill_conditioned(rng, n, p):
    A = with_condition(rng, n, p, 10 ** rng.uniform(0, 12))
    return A / np.linalg.norm(A, axis=0) * 10 ** rng.uniform(-4, 4, p)


def factorial(rng, n, p):
    levels = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T
    return np.column_stack([levels, levels[:, 0] * levels[:, 1]]) * rng.choice([1.0, 0.1])


MATRICES = {
    "ill-conditioned": ill_conditioned,
    "small integers": lambda rng, n, p: rng.integers(-3, 4, (n, p)).astype(float),
    "large integers": lambda rng, n, p: rng.integers(-(2**50), 2**50, (n, p)).astype(float),
    "two levels": factorial,
    "sparse": lambda rng, n, p: rng.standard_normal((n, p)) * (rng.random((n, p)) < 0.5),
    "outlier": lambda rng, n, p: changed(rng.standard_normal((n, p)), (0, 0), 1e15),
    "300 orders": lambda rng, n, p: rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-300, 0, (n, p)),
    "offset 1e9": lambda rng, n, p: 1e9 + rng.standard_normal((n, p)),
    "offset 1e9, spread 1e-3": lambda rng, n, p: 1e9 + 1e-3 * rng.standard_normal((n, p)),
    "subnormal": lambda rng, n, p: rng.standard_normal((n, p)) * 1e-310,
    "huge": lambda rng, n, p: rng.standard_normal((n, p)) * 1e200,
    "powers": lambda rng, n, p: np.linspace(0.0, 1.0, n)[:, np.newaxis] ** np.arange(1, p + 1),
}


def target(kind, A, rng):
    """One of: noise on a plane; few values, so that exact zeros and halves occur; a constant; an offset."""
    if kind == 1 or (kind == 2 and np.abs(A).max() < 1e-300):
        return rng.integers(-3, 4, len(A)) * max(1e-300, float(np.abs(A).max()) / 4)
    if kind == 2:
        return np.full(len(A), 1e9 + 0.3)
    noise = np.abs(A).max() * rng.standard_normal(len(A))
    return A @ rng.standard_normal(A.shape[1]) + noise + (1e12 * np.abs(A).max() if kind == 3 else 0.0)


def check_proof(A, y, weights=None, *, intercept=True):
    """Fit, and compare what is proved with rational arithmetic; return whether it was."""
    model = LinearRegression(fit_intercept=intercept).fit(A, y, weights)
    solution = model.solution_
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_)
    if not solution.certificate.proved:
        return False
    exact = exact_solution(A, y, weights, intercept=intercept)
    found = [model.intercept_] * intercept + model.coef_.tolist()
    assert found == [float(value) for value in exact]
    pairs = list(zip(solution.coef[:, 0], solution.coef_low[:, 0], strict=True))
    if intercept:
        pairs.insert(0, (solution.intercept[0], solution.intercept_low[0]))
    for (high, low), value in zip(pairs, exact, strict=True):
        if abs(value) > 1e-200:  # below, the low part itself underflows
            error = abs(Fraction(float(high)) + Fraction(float(low)) - value)
            # the low part is rounded to double, which the bound does not count
            assert error <= (Fraction(solution.certificate.bound) + Fraction(2) ** -104) * abs(value)
    return True


def grid(kind, seeds):
    proved = total = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        p = int(rng.integers(1, 5))
        A = MATRICES[kind](rng, int(rng.integers(p + 3, 20)), p)
        intercept = bool(seed % 3)
        constant = (np.ptp(A, axis=0) == 0.0) if intercept else (A == 0.0).all(axis=0)
        y = target(seed % 4, A, rng)
        weights = rng.random(len(A)) + 0.01 if seed % 5 == 0 else None
        if constant.any() or np.linalg.matrix_rank(np.column_stack([A, np.ones(len(A))])) == 0:
            continue
        total += 1
        proved += check_proof(A, y, weights, intercept=intercept)
    return proved, total


@pytest.mark.parametrize("kind", MATRICES)
def test_what_is_proved_is_the_correct_rounding(kind):
    proved, total = grid(kind, range(20))
    # small integers and short sparse columns depend on each other now and then; nearly nothing else may be open
    assert proved >= 0.8 * total


@pytest.mark.slow
@pytest.mark.parametrize("kind", MATRICES)
def test_what_is_proved_is_the_correct_rounding_at_scale(kind):
    proved, total = grid(kind, range(100, 700))
    assert proved >= 0.8 * total


@pytest.mark.parametrize(("offset", "spread"), [(4.5, 1e-15), (1e9, 1e-6), (1e9, 1e-3)])
def test_column_of_little_relative_spread_beside_another(offset, spread):
    """A well-conditioned pair of columns, one of which varies in its last bits only."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        A = np.column_stack([rng.standard_normal(10), offset + spread * rng.standard_normal(10)])
        check_proof(A, rng.standard_normal(10))


@pytest.mark.parametrize("orders", [75, 80, 85])
@pytest.mark.parametrize("scaled", [False, True])
def test_weights_of_very_different_size(orders, scaled):
    A, weights = X[:, :2].copy(), np.full(12, 10.0**-orders)
    weights[0] = 1.0
    if scaled:  # the light rows are the large ones
        A[1:] *= 10.0 ** (orders / 2)
    y = Y * np.where(weights < 1.0, 10.0 ** (orders / 2), 1.0) if scaled else Y
    check_proof(A, y, weights)
    heavy = changed(X[:, :2], (0,), X[0, :2] * 10.0 ** (orders / 2))
    check_proof(heavy, Y, changed(ONES, 0, 10.0**-orders))


@pytest.mark.parametrize(
    ("A", "y", "weights"),
    [
        ([1e100, -1e100, 1e-300], [1.0, 1.0, 1e200], None),
        ([2.0**600, -(2.0**600), 2.0**-500], [1.0, 1.0, 2.0**1023], None),
        ([0.0, 1.0], [1.0, 3.0], [1e200, 1e-150]),
    ],
)
def test_the_smallest_number_decides(A, y, weights):
    weights = None if weights is None else np.array(weights)
    check_proof(np.array(A)[:, np.newaxis], np.array(y), weights, intercept=False)


@pytest.mark.parametrize("solver", ["auto", "exact"])
def test_constant_columns_only_and_a_mean_between_two_doubles(solver):
    y = np.array([1.0, 1.0 + 2.0**-52])
    model = LinearRegression(solver=solver).fit(np.zeros((2, 1)), y)
    assert model.intercept_ == 1.0  # ties to even
    assert model.coef_[0] == 0.0


def test_float32_is_rounded_once_or_not_proved_where_it_is_subnormal():
    halfway = 2001 * 2.0**-150
    y = np.array([halfway, np.nextafter(halfway, 1.0)])  # their mean is above the middle between two singles
    model = LinearRegression(fit_intercept=False).fit(np.ones((2, 1), dtype=np.float32), y)
    assert float(model.coef_[0]) == 1001 * 2.0**-149 or not model.solution_.certificate.proved


def test_what_is_proved_has_a_finite_bound():
    A = with_condition(np.random.default_rng(0), 12, 4, 1e8)
    certificate = LinearRegression().fit(A, np.full(12, 1e9 + 0.3)).solution_.certificate
    assert certificate.proved
    assert certificate.bound < 2.0**-53


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "strided": lambda A: np.repeat(np.repeat(A, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda A: A[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": lambda A: np.frombuffer(A.tobytes()).reshape(A.shape),
    "big-endian": lambda A: A.astype(">f8"),
    "frame": pd.DataFrame,
    "nullable frame": lambda A: pd.DataFrame(A).astype("Float64"),
    "csr": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_matrix,
    "coo": scipy.sparse.coo_array,
    "objects": lambda A: A.astype(object),
    "list": lambda A: A.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_bits_do_not_depend_on_the_layout(layout, weighted):
    weights = RNG.random(12) + 0.1 if weighted else None
    reference = LinearRegression().fit(X, Y, weights)
    model = LinearRegression().fit(LAYOUTS[layout](X), Y, weights)
    assert model.coef_.tobytes() == reference.coef_.tobytes()
    assert model.intercept_ == reference.intercept_


@pytest.mark.parametrize("condition", [1e1, 1e5, 1e10])
def test_columns_permute_and_powers_of_two_scale_exactly(condition):
    A = with_condition(np.random.default_rng(1), 30, 5, condition)
    y = np.random.default_rng(2).standard_normal(30)
    reference = LinearRegression().fit(A, y)
    assert reference.solution_.certificate.proved
    order, powers = np.array([3, 0, 4, 1, 2]), 2.0 ** np.array([-300, 17, 0, -1, 250])
    permuted, scaled = LinearRegression().fit(A[:, order], y), LinearRegression().fit(A * powers, y)
    np.testing.assert_array_equal(permuted.coef_, reference.coef_[order])
    np.testing.assert_array_equal(scaled.coef_, reference.coef_ / powers)
    assert permuted.intercept_ == scaled.intercept_ == reference.intercept_


REFUSED = {
    **{f"X {v}": (changed(X, (3, 1), v), Y, None) for v in (np.nan, np.inf, -np.inf)},
    **{f"y {v}": (X, changed(Y, 3, v), None) for v in (np.nan, np.inf, -np.inf)},
    **{f"weight {v}": (X, Y, changed(ONES, 3, v)) for v in (np.nan, np.inf, -1.0)},
    **{f"weights {v}": (X, Y, v) for v in (0.0, -1.0, np.nan, np.zeros(12), np.ones(5), np.ones((12, 1)))},
    "complex weights": (X, Y, ONES + 1j),
    "sparse NaN": (scipy.sparse.csr_array(changed(X, (1, 1), np.nan)), Y, None),
    "missing X": (changed(X.astype(object), (1, 1), None), Y, None),
    "missing y": (X, changed(Y.astype(object), 1, None), None),
    "no rows": (X[:0], Y[:0], None),
    "no columns": (X[:, :0], Y, None),
    "no targets": (X, np.zeros((12, 0)), None),
    "words in X": (np.full((12, 3), "a"), Y, None),
    "words in y": (X, np.array(["a"] * 12, dtype=object), None),
    "complex X": (X + 0j, Y, None),
    "complex y": (X, Y + 1j, None),
    "complex objects": (X, changed(Y.astype(object), 1, 1j), None),
    "three dimensions": (X[np.newaxis], Y, None),
    "three dimensions of y": (X, np.zeros((12, 2, 2)), None),
    "one dimension": (X[:, 0], Y, None),
    "a scalar y": (X, 1.0, None),
    "no y": (X, None, None),
    "lengths": (X, Y[:5], None),
    "ragged": ([[1, 2], [3]], [1, 2], None),
    "sparse y": (X, scipy.sparse.csr_array(Y[:, np.newaxis]), None),
    "a record": (np.zeros(12, dtype=[("a", "f8")]), Y, None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_sentence(case):
    A, y, weights = REFUSED[case]
    for solver in SOLVERS:
        with pytest.raises((ValueError, TypeError), match=r"\w+.* .*\w+"):
            LinearRegression(solver=solver).fit(A, y, weights)


EXTREMES = {
    **{f"X times {v}": (X / 4 * v, Y, None) for v in (1e120, 1e154, 1e200, 1e308, 1e-120, 1e-200, 1e-300)},
    **{f"y times {v}": (X, Y / 4 * v, None) for v in (1e120, 1e154, 1e200, 1e300, 1e-120, 1e-200)},
    **{f"both times {v}": (X / 4 * v, Y / 4 * v, None) for v in (1e154, 1e300, 1e-154, 1e-300)},
    **{f"a column times {v}": (X * [1.0, v, 1.0], Y, None) for v in (1e154, 1e200, 1e307, 1e-154, 1e-300)},
    "subnormal column": (X * [1.0, 1e-310, 1.0], Y, None),
    "subnormal X": (X * 1e-310, Y, None),
    "subnormal y": (X, Y * 1e-310, None),
    "both ends": (np.where(X > 0, 1.7e308, -1.7e308), np.where(Y > 0, 1.7e308, -1.7e308), None),
    "constant column": (X * [1.0, 0.0, 1.0] + [0.0, 5.0, 0.0], Y, None),
    "constant columns": (np.ones((12, 3)), Y, None),
    "zeros": (np.zeros((12, 3)), Y, None),
    "a column twice": (X[:, [0, 1, 0]], Y, None),
    "one row": (X[:1], Y[:1], None),
    "two rows": (X[:2], Y[:2], None),
    "as many rows as columns": (X[:3], Y[:3], None),
    "a row more": (X[:4], Y[:4], None),
    "one weight": (X, Y, changed(np.zeros(12), 3, 2.0)),
    "subnormal weights": (X, Y, np.full(12, 5e-324)),
    "large weights": (X, Y, np.full(12, 1e308)),
    "bytes": ((X * 40).astype(np.int8), (Y * 10).astype(np.int8).view(np.uint8), None),
    "booleans": (X > 0, Y > 0, None),
    "half precision": (X.astype(np.float16), Y.astype(np.float16), None),
    "large singles": (X.astype(np.float32) * np.float32(1e37), Y, None),
    "an empty sparse X": (scipy.sparse.csr_array((12, 3)), Y, None),
}


@pytest.mark.parametrize("case", EXTREMES)
@pytest.mark.parametrize("intercept", [True, False])
def test_extremes_give_numbers_or_a_sentence(case, intercept):
    """Every solver; warnings of rounding errors are errors, and the arguments stay as they are."""
    A, y, weights = copied = copy.deepcopy(EXTREMES[case])
    for solver in SOLVERS:
        try:
            model = LinearRegression(solver=solver, fit_intercept=intercept).fit(A, y, weights)
        except np.linalg.LinAlgError:
            raise
        except ValueError:
            continue
        assert np.isfinite(model.coef_).all()
        assert np.isfinite(model.intercept_)
        assert np.isfinite(model.predict(A)).all()
        assert model.singular_.shape == (min(A.shape),)
    for before, after in zip(EXTREMES[case], copied, strict=True):
        if isinstance(before, np.ndarray):
            assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("case", [name for name in EXTREMES if "times" in name])
def test_extremes_are_right(case):
    A, y, _ = EXTREMES[case]
    try:
        exact = np.array([float(value) for value in exact_solution(A, y)][1:])
    except OverflowError:
        exact = np.full(3, np.inf)
    for solver in DIRECT:
        try:
            model = LinearRegression(solver=solver).fit(A, y)
        except ValueError:
            # refused only where the answer is no double, or a proof was asked for below the normal range
            assert not np.isfinite(exact).all() or (solver == "exact" and np.abs(exact).min() < 2.0**-1022)
            continue
        # the scaled columns have condition 2: some ten roundings, and none for what is proved; subnormal answers have
        # fewer digits
        close = {"rtol": 0.0} if model.solution_.certificate.proved else {"rtol": 1e-14, "atol": 1e-322}
        np.testing.assert_allclose(model.coef_, exact, **close)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fit_survives_its_tools(solver):
    A, y = (X[:, :2], Y) if solver != "dual" else (X[:2], Y[:2])
    model = LinearRegression(solver=solver).fit(A, y)
    with workings.record(arrays=True):
        recorded = LinearRegression(solver=solver).fit(A, y)
    assert recorded.coef_.tobytes() == model.coef_.tobytes()
    assert recorded.intercept_ == model.intercept_
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.predict(A).tobytes() == model.predict(A).tobytes()
    assert loaded.solution_.certificate == model.solution_.certificate
    fresh = clone(model)
    assert not hasattr(fresh, "coef_")
    assert fresh.fit(A, y).coef_.tobytes() == model.coef_.tobytes()
    before = model.predict(A)
    model.set_params(fit_intercept=False)
    assert model.predict(A).tobytes() == before.tobytes()
    assert model.fit(A, y).intercept_ == 0.0
