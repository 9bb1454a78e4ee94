"""The textbook's linear regression against hand calculations, rational arithmetic, calculus and scikit-learn."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.linear_model import LinearRegression

from workings.textbook import linear_regression as lr

EPS = np.finfo(float).eps

# Three points (0, 1), (1, 2), (2, 4): means 1 and 7/3, Sxx = 1 + 0 + 1 = 2,
# Sxy = -1 (1 - 7/3) + 1 (4 - 7/3) = 4/3 + 5/3 = 3, so β = 3/2 and b = 7/3 - 3/2 = 5/6.
# Residuals ŷ - y: -1/6, 1/3, -1/6; their squares sum to 1/6; halved and averaged: 1/36.
X3 = np.array([[0.0], [1.0], [2.0]])
Y3 = np.array([1.0, 2.0, 4.0])


def exact_least_squares(X, y):
    """Solve the centred normal equations in fractions by Gauss-Jordan; None when they are singular."""
    n, p = len(X), len(X[0])
    X = [[Fraction(float(x)) for x in row] for row in X]
    y = [Fraction(float(value)) for value in y]
    means = [sum(row[j] for row in X) / n for j in range(p)]
    y_mean = sum(y) / n
    rows = [
        [sum((r[i] - means[i]) * (r[j] - means[j]) for r in X) for j in range(p)]
        + [sum((r[i] - means[i]) * (t - y_mean) for r, t in zip(X, y, strict=True))]
        for i in range(p)
    ]
    for i in range(p):
        pivot = next((k for k in range(i, p) if rows[k][i] != 0), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [entry / rows[i][i] for entry in rows[i]]
        for k in range(p):
            if k != i:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    coef = [row[-1] for row in rows]
    return coef, y_mean - sum(m * c for m, c in zip(means, coef, strict=True))


def problem(seed=0, n=30, p=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)), rng.normal(size=n), rng.normal(size=p), rng.normal()


def test_three_points_by_hand():
    coef, intercept = lr.normal_equations(X3, Y3)
    np.testing.assert_allclose([coef[0], intercept], [3 / 2, 5 / 6], rtol=4 * EPS)
    assert lr.loss(X3, Y3, coef, intercept) == pytest.approx(1 / 36, rel=1e-14)
    # At β = b = 0 the residual is -y: ∂J/∂β = -(0·1 + 1·2 + 2·4)/3, ∂J/∂b = -(1 + 2 + 4)/3.
    d_coef, d_intercept = lr.gradient(X3, Y3, np.zeros(1), 0.0)
    np.testing.assert_allclose([d_coef[0], d_intercept], [-10 / 3, -7 / 3], rtol=4 * EPS)


def test_cholesky_and_substitution_by_hand():
    # [[4, 2], [2, 5]]: L11 = 2, L21 = 2/2 = 1, L22 = √(5 - 1) = 2.
    L = lr.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
    np.testing.assert_array_equal(L, [[2, 0], [1, 2]])
    # Lz = (2, 7): z1 = 1, z2 = (7 - 1)/2 = 3. Lᵀx = z: x2 = 3/2, x1 = (1 - 3/2)/2 = -1/4.
    z = lr.forward_substitution(L, np.array([2.0, 7.0]))
    np.testing.assert_array_equal(z, [1, 3])
    np.testing.assert_array_equal(lr.back_substitution(L.T, z), [-1 / 4, 3 / 2])


@pytest.mark.parametrize("p", [1, 2, 7, 20])
def test_cholesky_reproduces_its_matrix(p):
    B = np.random.default_rng(p).normal(size=(p + 5, p))
    A = B.T @ B
    L = lr.cholesky(A)
    assert np.array_equal(L, np.tril(L))
    # Higham (2002), theorem 10.3: |A - LLᵀ| <= (p + 1) u |L||Lᵀ|, up to second order.
    assert (np.abs(A - L @ L.T) <= (p + 2) * EPS * (np.abs(L) @ np.abs(L).T)).all()


def test_gradient_is_the_complex_step_derivative_of_the_loss():
    X, y, coef, intercept = problem()
    d_coef, d_intercept = lr.gradient(X, y, coef, intercept)
    h = 1e-30
    for j, e in enumerate(np.eye(len(coef))):
        assert lr.loss(X, y, coef + 1j * h * e, intercept).imag / h == pytest.approx(d_coef[j], rel=1e-13)
    assert lr.loss(X, y, coef, intercept + 1j * h).imag / h == pytest.approx(d_intercept, rel=1e-13)


def test_gradient_along_a_direction_is_the_central_difference():
    X, y, coef, intercept = problem(1)
    direction, h = np.array([2.0, -3.0, 0.5, 1.0]), 1e-4
    d_coef, _ = lr.gradient(X, y, coef, intercept)
    above, below = (lr.loss(X, y, coef + s * h * direction, intercept) for s in (1, -1))
    # A parabola's central difference has no truncation error, only rounding of about u·J/h.
    assert (above - below) / (2 * h) == pytest.approx(d_coef @ direction, rel=1e-10)


def test_gradient_is_a_mean_and_not_a_sum():
    X, y, coef, intercept = problem()
    once, _ = lr.gradient(X, y, coef, intercept)
    twice, _ = lr.gradient(np.vstack([X, X]), np.concatenate([y, y]), coef, intercept)
    np.testing.assert_allclose(once, twice, rtol=1e-13)


# 8 rows: the means of integers are exact in binary, and so is the centred Gram matrix.
integers = st.integers(-9, 9).map(float)


@settings(max_examples=80, deadline=None)
@given(X=arrays(float, (8, 3), elements=integers), y=arrays(float, 8, elements=integers))
def test_normal_equations_against_fractions(X, y):
    exact = exact_least_squares(X, y)
    if exact is None:
        with pytest.raises(ValueError, match="not positive definite"):
            lr.normal_equations(X, y)
        return
    coef, intercept = lr.normal_equations(X, y)
    want = np.array([float(value) for value in exact[0]])
    Xc = X - X.mean(axis=0)
    # Cholesky's forward error: about 3p(p + 1)u·cond(Gram) in the norm of the coefficients.
    bound = 40 * EPS * np.linalg.cond(Xc.T @ Xc)
    assert np.linalg.norm(coef - want) <= bound * np.linalg.norm(want)
    assert abs(intercept - float(exact[1])) <= 10 * bound * (1 + np.abs(X).max() * np.linalg.norm(want))


@settings(max_examples=40, deadline=None)
@given(exponents=st.lists(st.integers(-30, 30), min_size=4, max_size=4), shift=st.integers(-20, 20))
def test_units_scale_the_coefficients_without_any_rounding(exponents, shift):
    X, y, _, _ = problem()
    scales = 2.0 ** np.array(exponents)
    coef, intercept = lr.normal_equations(X, y)
    scaled, same_intercept = lr.normal_equations(X * scales, y)
    np.testing.assert_array_equal(scaled * scales, coef)
    assert same_intercept == intercept
    shifted, moved = lr.normal_equations(X, y + shift)
    np.testing.assert_allclose(shifted, coef, rtol=1e-12, atol=1e-13)
    assert moved == pytest.approx(intercept + shift, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(30)))
def test_the_order_of_rows_does_not_matter(order):
    X, y, _, _ = problem()
    coef, _ = lr.normal_equations(X, y)
    np.testing.assert_allclose(lr.normal_equations(X[order], y[order])[0], coef, rtol=1e-12)


def test_agrees_with_scikit_learn():
    for X, y in (
        load_diabetes(return_X_y=True),
        *((load_linnerud().data, target) for target in load_linnerud().target.T),
    ):
        reference = LinearRegression(tol=0).fit(X, y)
        coef, intercept = lr.normal_equations(X, y)
        Xc = X - X.mean(axis=0)
        Xc = Xc / np.sqrt((Xc**2).sum(axis=0))
        bound = 100 * EPS * np.linalg.cond(Xc) ** 2
        assert np.linalg.norm(coef - reference.coef_) <= bound * np.linalg.norm(reference.coef_)
        assert intercept == pytest.approx(reference.intercept_, rel=1e-12)


def test_a_rate_in_decimals_beside_dollars_keeps_its_coefficient():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=200) * 1e6, rng.normal(size=200) * 0.05])
    y = X @ [1e-5, 200.0] + 0.1 * rng.normal(size=200)
    exact, _ = exact_least_squares(X, y)
    coef, _ = lr.normal_equations(X, y)
    np.testing.assert_allclose(coef, [float(value) for value in exact], rtol=1e-12)


def test_largest_curvature_is_the_largest_eigenvalue():
    for seed in range(5):
        X, *_ = problem(seed)
        X1 = np.column_stack([X, np.ones(len(X))])
        want = np.linalg.eigvalsh(X1.T @ X1 / len(X))[-1]
        assert lr.largest_curvature(X) == pytest.approx(want, rel=1e-13)
    # Opposite columns: the largest eigenvector (1, -1, 0) is orthogonal to a start of ones.
    x = np.array([-1.0, 1.0, -1.0, 1.0])
    assert lr.largest_curvature(np.column_stack([x, -x])) == pytest.approx(2.0, rel=1e-13)


def test_iterates_follow_their_closed_form():
    X, y, _, _ = problem(2)
    X1 = np.column_stack([X, np.ones(len(X))])
    H = X1.T @ X1 / len(X)
    rate = 1 / lr.largest_curvature(X)
    target = np.append(*lr.normal_equations(X, y))
    for steps in (1, 5, 50):
        coef, intercept, _ = lr.gradient_descent(X, y, rate, steps)
        want = target - np.linalg.matrix_power(np.eye(5) - rate * H, steps) @ target
        np.testing.assert_allclose(np.append(coef, intercept), want, rtol=1e-12, atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0.01, 0.999), seed=st.integers(0, 5))
def test_the_loss_never_rises_below_the_limit(share, seed):
    X, y, _, _ = problem(seed)
    *_, losses = lr.gradient_descent(X, y, share * 2 / lr.largest_curvature(X), 60)
    assert len(losses) == 61
    assert (np.diff(losses) <= 4 * EPS * losses[0]).all()


def test_descent_ends_at_the_normal_equations():
    X, y, _, _ = problem(3)
    coef, intercept, losses = lr.gradient_descent(X, y, 1 / lr.largest_curvature(X), 500)
    want, want_intercept = lr.normal_equations(X, y)
    np.testing.assert_allclose(np.append(coef, intercept), np.append(want, want_intercept), rtol=1e-11)
    assert losses[-1] == pytest.approx(lr.loss(X, y, want, want_intercept), rel=1e-13)


@pytest.mark.parametrize("factor", [1.0, 1.01, 5.0, 0.0, -1.0, np.nan, np.inf])
def test_a_rate_outside_its_limits_is_refused_by_name(factor):
    X, y, _, _ = problem()
    limit = 2 / lr.largest_curvature(X)
    with pytest.raises(ValueError, match=rf"2/L = {limit:.6g}"):
        lr.gradient_descent(X, y, factor * limit, 10)


def test_beyond_the_limit_descent_really_diverges():
    X, y, _, _ = problem()
    rate = 1.01 * 2 / lr.largest_curvature(X)
    coef, intercept = np.zeros(4), 0.0
    for _ in range(3000):
        d_coef, d_intercept = lr.gradient(X, y, coef, intercept)
        coef, intercept = coef - rate * d_coef, intercept - rate * d_intercept
    assert lr.loss(X, y, coef, intercept) > 1e6 * lr.loss(X, y, np.zeros(4), 0.0)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([[1.0], [np.nan]], [1.0, 2.0], "X contains NaN"),
        ([[1.0], [2.0]], [1.0, np.inf], "y contains NaN or infinity"),
        ([[1.0], [2.0]], [1.0, 2.0, 3.0], "rows of X and entries of y"),
        ([1.0, 2.0], [1.0, 2.0], "X must have 2 axes"),
        ([[1.0], [2.0]], [[1.0], [2.0]], "y must have 1 axes"),
        (np.empty((0, 2)), [1.0], "at least one entry"),
        ([[1.0, 2.0], [1.0, 5.0], [1.0, 7.0]], [1.0, 2.0, 3.0], "pivot 0"),
        ([[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]], [1.0, 2.0, 3.0], "pivot 1"),
    ],
)
def test_bad_input_gets_a_sentence(X, y, words):
    with pytest.raises(ValueError, match=words):
        lr.normal_equations(X, y)
    if "pivot" not in words:
        with pytest.raises(ValueError, match=words):
            lr.gradient_descent(X, y, 0.1, 1)


def test_cholesky_refuses_what_is_not_positive_definite():
    with pytest.raises(ValueError, match="not positive definite"):
        lr.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(ValueError, match="rows of A and columns of A"):
        lr.cholesky(np.ones((2, 3)))


def test_nearly_dependent_columns_are_still_solved():
    # Correlation 1 - 1e-11 or so: the second pivot is 1e-11 of its diagonal, far above rounding.
    rng = np.random.default_rng(0)
    x = rng.normal(size=50)
    X = np.column_stack([x, x + 3e-6 * rng.normal(size=50)])
    coef, _ = lr.normal_equations(X, rng.normal(size=50) + X @ [1.0, 1.0])
    assert np.isfinite(coef).all()


def test_arguments_are_not_changed():
    X, y, _, _ = problem()
    X_before, y_before = X.copy(), y.copy()
    X.setflags(write=False)
    y.setflags(write=False)
    lr.normal_equations(X, y)
    lr.gradient_descent(X, y, 0.01, 3)
    A = X.T @ X
    A.setflags(write=False)
    lr.cholesky(A)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


@settings(max_examples=25, deadline=None)
@given(arrays(float, (8, 2), elements=integers))
def test_the_residual_is_orthogonal_to_every_column(X):
    y = np.arange(8.0) ** 2
    Xc = X - X.mean(axis=0)
    assume(np.linalg.matrix_rank(Xc) == 2)
    coef, intercept = lr.normal_equations(X, y)
    d_coef, d_intercept = lr.gradient(X, y, coef, intercept)
    scale = np.abs(X).max() * np.abs(y).max() * np.linalg.cond(Xc.T @ Xc) * EPS
    assert np.abs([*d_coef, d_intercept]).max() <= 40 * scale
