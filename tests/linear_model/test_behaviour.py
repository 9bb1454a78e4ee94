"""What `LinearRegression` promises beside digits: shapes, ranks, weights, scales, errors, records."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import workings
from workings.linear_model import QR, SVD, LinearRegression, NonNegative, NormalEquations, Solver
from workings.linear_model.svd import least_norm as constrained_least_norm

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 4)) + 3.0
B = np.array([1.0, -2.0, 3.0, 0.5])
Y = X @ B + 5.0 + 0.1 * RNG.standard_normal(40)


def least_norm(X, y):
    """Minimum-norm coefficients by the definition: y projected on the eigenvectors of X'X that are not zero."""
    A, b = X - X.mean(axis=0), y - y.mean(axis=0)
    values, vectors = np.linalg.eigh(A.T @ A)
    kept = values > 1e-9 * values.max()
    V = vectors[:, kept]
    return V @ ((V.T @ (A.T @ b)) / values[kept].reshape(-1, *[1] * (b.ndim - 1)))


def test_shapes():
    one = LinearRegression().fit(X, Y)
    assert one.coef_.shape == (4,)
    assert np.ndim(one.intercept_) == 0
    assert one.predict(X).shape == (40,)
    two = LinearRegression().fit(X, np.column_stack([Y, -Y]))
    assert two.coef_.shape == (2, 4)
    assert two.intercept_.shape == (2,)
    assert two.predict(X).shape == (40, 2)
    np.testing.assert_allclose(two.coef_, [one.coef_, -one.coef_], rtol=1e-13)
    column = LinearRegression().fit(X, Y[:, np.newaxis])
    assert column.coef_.shape == (1, 4)
    assert LinearRegression(fit_intercept=False).fit(X, Y).intercept_ == 0.0


def test_one_row():
    model = LinearRegression().fit(X[:1], Y[:1])
    np.testing.assert_array_equal(model.coef_, 0.0)
    assert model.intercept_ == Y[0]
    assert model.rank_ == 0
    np.testing.assert_array_equal(model.singular_, [0.0])


@pytest.mark.parametrize("kind", ["repeated", "scaled", "sum", "indicators"])
def test_dependent_columns_get_the_least_norm(kind):
    extra = {
        "repeated": X[:, :1],
        "scaled": 3.3 * X[:, 1:2],
        "sum": X.sum(axis=1, keepdims=True),
        "indicators": np.eye(3)[np.arange(40) % 3],
    }[kind]
    dependent = np.column_stack([X, extra])
    model = LinearRegression().fit(dependent, Y)
    assert model.solution_.solver == "svd"
    assert model.rank_ == dependent.shape[1] - 1
    np.testing.assert_allclose(model.coef_, least_norm(dependent, Y), rtol=1e-8)
    assert "repeat" in model.solution_.reason


def test_rank_does_not_depend_on_units():
    units = np.array([1e-6, 1.0, 1.0, 1e6, 1e6])
    dependent = np.column_stack([X, X[:, 3]]) * units
    model = LinearRegression().fit(dependent, Y)
    assert model.rank_ == 4
    np.testing.assert_allclose(model.coef_[3], model.coef_[4], rtol=1e-9)  # the norm is least when they share
    np.testing.assert_allclose(model.predict(dependent), LinearRegression().fit(X, Y).predict(X), rtol=1e-12)


def test_least_norm_is_measured_in_the_units_of_the_data():
    """Two copies of one column share its coefficient in proportion to their lengths, whatever the other units are."""
    dependent = np.column_stack([X[:, :3] * [1e-6, 1.0, 1.0], X[:, 3] * 1e6, X[:, 3] * 1.5e6])
    model = LinearRegression().fit(dependent, Y)
    single = LinearRegression().fit(X, Y).coef_[3] / 1e6
    # a = single / (1 + 1.5^2), b = 1.5 a; a spread of 1e12 between the columns costs the norm 12 of 16 digits
    np.testing.assert_allclose(model.coef_[3:], [single / 3.25, 1.5 * single / 3.25], rtol=1e-3)
    np.testing.assert_allclose(model.predict(dependent), LinearRegression().fit(X, Y).predict(X), rtol=1e-12)


def test_least_norm_meets_its_constraint_when_columns_differ_in_scale():
    rng = np.random.default_rng(0)
    for _ in range(200):
        q = int(rng.integers(3, 12))
        V, _ = np.linalg.qr(rng.standard_normal((q, int(rng.integers(1, q)))))
        M = V * 10.0 ** rng.uniform(-8, 0, (q, 1))
        known = rng.standard_normal((V.shape[1], 1))
        b, _, exact = constrained_least_norm(M, known)
        assert exact
        assert np.linalg.norm(M.T @ b - known) <= 1e-13 * np.linalg.norm(known)


@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 2.0, 10)])
def test_more_features_than_rows(weights):
    wide = RNG.standard_normal((10, 30))
    y = RNG.standard_normal((10, 2))
    model = LinearRegression().fit(wide, y, sample_weight=weights)
    assert model.rank_ == 9  # centring takes one direction
    np.testing.assert_allclose(model.predict(wide), y, atol=1e-12)
    if weights is None:
        np.testing.assert_allclose(model.coef_.T, least_norm(wide, y), rtol=1e-9)
    assert model.singular_.shape == (10,)
    without = LinearRegression(fit_intercept=False).fit(wide, y)
    assert without.rank_ == 10
    np.testing.assert_allclose(without.coef_.T, wide.T @ np.linalg.inv(wide @ wide.T) @ y, rtol=1e-10)


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.3, -7.0])
@pytest.mark.parametrize("options", [{}, {"solver": "svd"}, {"tol": 1e-6}, {"positive": True}])
def test_constant_column_gets_exactly_zero(value, options):
    model = LinearRegression(**options).fit(np.column_stack([X, np.full(40, value)]), Y)
    assert model.coef_[4] == 0.0
    # BLAS may order the sums of five columns otherwise than those of four
    np.testing.assert_allclose(model.coef_[:4], LinearRegression(**options).fit(X, Y).coef_, rtol=1e-13)


def test_nearly_constant_column_is_kept():
    column = np.full(40, 1e9)
    column[::2] = np.nextafter(1e9, 2e9)
    model = LinearRegression().fit(column[:, np.newaxis], (column > 1e9).astype(float))
    assert model.coef_[0] == pytest.approx(1 / (np.nextafter(1e9, 2e9) - 1e9), rel=1e-12)


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("rows", [40, 6])
@pytest.mark.parametrize("intercept", [True, False])
def test_weights_equal_repeated_rows(make, rows, intercept):
    A, y = X[:rows], Y[:rows]
    counts = np.arange(rows) % 3  # zeros among them
    weighted = LinearRegression(fit_intercept=intercept).fit(make(A), y, sample_weight=counts)
    repeated = LinearRegression(fit_intercept=intercept).fit(make(np.repeat(A, counts, axis=0)), np.repeat(y, counts))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-11)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, rtol=1e-11)
    assert weighted.rank_ == repeated.rank_
    np.testing.assert_allclose(weighted.singular_[:4], np.resize(repeated.singular_, 4), atol=1e-12)


def test_rows_of_weight_zero_may_hold_anything():
    A, y = np.vstack([X, np.full((1, 4), 1e308)]), np.append(Y, -1e308)
    model = LinearRegression().fit(A, y, sample_weight=np.append(np.ones(40), 0.0))
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X, Y).coef_, rtol=1e-13)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_weights_of_any_scale(size):
    weights = np.linspace(1.0, 2.0, 40)
    plain = LinearRegression().fit(X, Y, weights)
    model = LinearRegression().fit(X, Y, weights * size)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-13)
    np.testing.assert_allclose(model.singular_, plain.singular_ * np.sqrt(size), rtol=1e-12)


def test_negative_weights_are_refused():
    with pytest.raises(ValueError, match="Negative values"):
        LinearRegression().fit(X, Y, sample_weight=np.linspace(-1.0, 1.0, 40))


@pytest.mark.parametrize(("scale_x", "scale_y"), [(1e200, 1e200), (1e200, 1.0), (1.0, 1e200), (1e-200, 1.0)])
@pytest.mark.parametrize("options", [{}, {"solver": "svd"}, {"positive": True}])
def test_scales_that_overflow_when_squared(scale_x, scale_y, options):
    reference = LinearRegression(**options).fit(X, Y)
    model = LinearRegression(**options).fit(X * scale_x, Y * scale_y)
    np.testing.assert_allclose(model.coef_ / scale_y * scale_x, reference.coef_, rtol=1e-9)


def test_denormal_columns():
    A = np.ldexp(np.rint(X * 1000), -1070)  # whole multiples of 2**-1070, all below the normal numbers
    model = LinearRegression().fit(A, np.ldexp(Y, -100))
    reference = LinearRegression().fit(np.rint(X * 1000), Y)
    np.testing.assert_allclose(np.ldexp(model.coef_, -970), reference.coef_, rtol=1e-12)


def test_coefficients_too_large_are_an_error():
    with pytest.raises(ValueError, match="too large for float64"):
        LinearRegression().fit(X * 1e-200, Y * 1e200)
    with pytest.raises(ValueError, match="too large for float32"):
        LinearRegression().fit((X * 1e-30).astype(np.float32), (Y * 1e30).astype(np.float32))


def test_input_is_left_alone():
    A, y, w = X.copy(), Y.copy(), np.linspace(0.0, 1.0, 40)
    for options in ({}, {"positive": True}, {"solver": "qr"}, {"tol": 0.0}):
        LinearRegression(**options).fit(A, y, w)
        np.testing.assert_array_equal(A, X)
        np.testing.assert_array_equal(y, Y)


@pytest.mark.parametrize("weights", [None, np.linspace(0.0, 1.0, 40)])
def test_copy_x_false_overwrites_with_centred_rows(weights):
    A = X.copy()
    model = LinearRegression(copy_X=False).fit(A, Y, weights)
    used = np.ones(40) if weights is None else weights
    expected = (X - np.average(X, axis=0, weights=used)) * np.sqrt(used)[:, np.newaxis]
    np.testing.assert_allclose(
        A[used > 0], expected[used > 0] * np.linalg.norm(A[used > 0]) / np.linalg.norm(expected), atol=1e-13
    )
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X, Y, weights).coef_, rtol=1e-12)


def test_layouts_and_types():
    reference = LinearRegression().fit(X, Y)
    read_only = X.copy()
    read_only.flags.writeable = False
    for same in (np.asfortranarray(X), np.column_stack([X, X])[:, :4], X[::-1][::-1], read_only, X.tolist()):
        np.testing.assert_allclose(
            LinearRegression(copy_X=False).fit(np.array(same), Y).coef_, reference.coef_, rtol=1e-13
        )
        np.testing.assert_allclose(LinearRegression().fit(same, Y).coef_, reference.coef_, rtol=1e-13)
    LinearRegression(copy_X=False).fit(read_only, Y)
    np.testing.assert_array_equal(read_only, X)
    whole = np.round(10 * X).astype(int)
    np.testing.assert_array_equal(
        LinearRegression().fit(whole, Y).coef_, LinearRegression().fit(whole.astype(float), Y).coef_
    )


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
@pytest.mark.parametrize("offset", [0.0, 1e7])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weights", [None, np.linspace(0.0, 1.0, 300)])
def test_sparse_equals_dense(format, offset, intercept, weights):
    matrix = scipy.sparse.random(300, 12, 0.2, format="csr", random_state=0)
    matrix.data += offset
    dense = matrix.toarray() + offset * (matrix.toarray() == 0)  # all entries around the offset
    y = RNG.standard_normal((300, 2))
    for A in (matrix.toarray(), dense):
        model = LinearRegression(fit_intercept=intercept).fit(scipy.sparse.csr_array(A).asformat(format), y, weights)
        reference = LinearRegression(fit_intercept=intercept).fit(A, y, weights)
        scale = np.abs(reference.coef_).max()
        np.testing.assert_allclose(model.coef_, reference.coef_, atol=1e-11 * scale)
        np.testing.assert_allclose(model.predict(scipy.sparse.csr_array(A)), reference.predict(A), atol=1e-8)


def test_sparse_dependent_and_wide():
    dependent = np.column_stack([X, X[:, 0]])
    model = LinearRegression().fit(scipy.sparse.csr_matrix(dependent), Y)
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(dependent, Y).coef_, rtol=1e-10)
    model = LinearRegression().fit(scipy.sparse.csc_matrix(X[:3]), Y[:3])
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X[:3], Y[:3]).coef_, rtol=1e-12)


@pytest.mark.parametrize("tol", [0.0, 1e-12, 1e-3, 0.5, 1.0, 3.0])
def test_tol_cuts_singular_values(tol):
    A = RNG.standard_normal((30, 5)) * [1.0, 1e-1, 1e-2, 1e-4, 1e-9]
    y = RNG.standard_normal(30)
    centred = A - A.mean(axis=0)
    left, spectrum, right = np.linalg.svd(centred, full_matrices=False)
    kept = spectrum > (tol if 0 < tol < 1 else 2.0**-53) * spectrum[0]
    expected = right[kept].T @ ((left[:, kept].T @ (y - y.mean())) / spectrum[kept])
    model = LinearRegression(tol=tol).fit(A, y)
    assert model.rank_ == kept.sum()
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-6)
    np.testing.assert_allclose(model.singular_, spectrum, atol=1e-15 * spectrum[0])


@pytest.mark.parametrize("positive_rows", [(60, 8), (12, 20)])
def test_nonnegative_meets_the_optimality_conditions(positive_rows):
    n, p = positive_rows
    A, y = RNG.standard_normal((n, p)), RNG.standard_normal((n, 2))
    for intercept in (True, False):
        model = LinearRegression(positive=True, fit_intercept=intercept).fit(A, y)
        assert (model.coef_ >= 0).all()
        assert (model.coef_ == 0).any()
        residual = y - model.predict(A)
        centred = A - A.mean(axis=0) if intercept else A
        gradient = (centred.T @ residual).T
        np.testing.assert_allclose(gradient[model.coef_ > 0], 0.0, atol=1e-11)
        assert (gradient[model.coef_ == 0] <= 1e-11).all()
        assert not hasattr(model, "rank_")


def test_nonnegative_is_not_clipping():
    A = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [2.0, 1.0]])
    y = np.array([3.0, 2.0, 1.0, 6.0])  # the second coefficient wants to be negative
    clipped = np.maximum(LinearRegression(fit_intercept=False).fit(A, y).coef_, 0.0)
    model = LinearRegression(positive=True, fit_intercept=False).fit(A, y)
    # on the first column alone: (3 + 2 + 1 + 12) / (1 + 1 + 1 + 4)
    np.testing.assert_allclose(model.coef_, [18 / 7, 0.0], rtol=1e-15)
    assert abs(clipped[0] - 18 / 7) > 0.1


def test_solvers_are_objects_with_names():
    for name, solver in {"normal": NormalEquations(), "qr": QR(), "svd": SVD()}.items():
        by_name, by_object = LinearRegression(solver=name).fit(X, Y), LinearRegression(solver=solver).fit(X, Y)
        np.testing.assert_array_equal(by_name.coef_, by_object.coef_)
        assert by_name.solution_.solver == name
        assert by_name.solution_.reason.endswith(".")
    assert LinearRegression(solver=NonNegative()).fit(X, Y).coef_.min() >= 0.0
    assert isinstance(clone(LinearRegression(solver=SVD(tol=0.1))).solver, Solver)


@pytest.mark.parametrize(
    ("solver", "A"),
    [
        ("normal", np.column_stack([X, X])),
        ("qr", np.column_stack([X, X])),
        ("qr", X[:3]),
        ("dual", X),
        ("exact", X[:3]),
    ],
)
def test_a_solver_that_cannot_says_what_to_check(solver, A):
    with pytest.raises(ValueError, match="Use solver="):
        LinearRegression(solver=solver).fit(A, Y[: len(A)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "qr", "tol": 0.1}, "tol cuts singular values"),
        ({"solver": "qr", "positive": True}, "solver of its own"),
        ({"solver": "cholesky"}, "The 'solver' parameter"),
        ({"tol": -1.0}, "The 'tol' parameter"),
    ],
)
def test_options_that_contradict(options, message):
    with pytest.raises(ValueError, match=message):
        LinearRegression(**options).fit(X, Y)


def test_fitted_model_pickles_with_its_lazy_attributes():
    model = LinearRegression().fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.singular_, model.singular_)
    assert copy.rank_ == model.rank_ == 4
    assert not hasattr(LinearRegression(), "rank_")


def test_recording_changes_nothing_and_tells_the_steps():
    silent = LinearRegression().fit(X, Y)
    with workings.record(arrays=True) as tape:
        model = LinearRegression().fit(X, Y)
        LinearRegression(positive=True).fit(X, Y)
    np.testing.assert_array_equal(model.coef_, silent.coef_)
    frame = tape.frame()
    assert list(frame["event"][:3]) == ["factorisation", "refinement", "solution"]
    assert "nonnegative" in set(frame["event"])
    solution = tape.frame("solution").iloc[0]
    assert solution["residual_norm"] == pytest.approx(np.linalg.norm(Y - model.predict(X)), rel=1e-12)
    gains = tape.frame("nonnegative")["gain"].to_numpy()
    assert (np.diff(gains) > 0).all()
    factorisation = tape.frame("factorisation").iloc[0]
    assert factorisation["solver"] == "exact"
    assert factorisation["rank"] == 4


@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(7, 30), st.booleans())
def test_residuals_are_orthogonal_to_the_columns(seed, p, n, weighted):
    rng = np.random.default_rng(seed)
    A, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    weights = rng.random(n) if weighted else np.ones(n)
    model = LinearRegression().fit(A, y, sample_weight=weights)
    residual = weights * (y - model.predict(A))
    # rounding of n products of sizes near 1 (predictions grow with the coefficients)
    size = 1.0 + np.abs(model.coef_).max() + abs(model.intercept_)
    np.testing.assert_allclose(np.column_stack([A, np.ones(n)]).T @ residual, 0.0, atol=1e-13 * size * n)
