"""The written-out reflections do what LAPACK's do, and as accurately."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.linear_model.oracle import with_condition

from workings.arithmetic.rational import least_squares
from workings.linear_model import QR, LinearRegression
from workings.linear_model.design import Design
from workings.linear_model.householder import back_substitution, householder_qr
from workings.linear_model.reduction import reduce_rows
from workings.validate import nist
from workings.validate.bounds import LeastSquaresBounds, Problem

U = 2.0**-53
SHAPES = [(1, 1), (2, 1), (5, 5), (40, 7), (300, 20), (3, 6)]


def test_two_columns_by_hand():
    # (3, 4) has length 5; away from +3, it goes to -5. v = (8, 4) / sqrt(80), so H = [[-3, -4], [-4, 3]] / 5, and
    # H (1, 2) = (-11, 2) / 5, and the last mirror sends 2 / 5 away from itself, to -2 / 5
    factors = householder_qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
    np.testing.assert_allclose(factors.R, [[-5.0, -2.2], [0.0, -0.4]], rtol=4 * U)
    np.testing.assert_allclose(factors.normals[0], np.array([8.0, 4.0]) / np.sqrt(80), rtol=4 * U)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("condition", [1.0, 1e12])
def test_the_factors_are_backward_stable(shape, condition):
    n, q = shape
    rng = np.random.default_rng(n * q)
    A = with_condition(rng, n, q, condition) if n >= q else rng.standard_normal(shape)
    A = A * 10.0 ** rng.integers(-6, 7, q)  # columns of very different length: the bound holds for each
    before = A.copy()
    factors = householder_qr(A)
    np.testing.assert_array_equal(A, before)
    r = min(shape)
    assert factors.R.shape == (r, q)
    assert (np.tril(factors.R, -1) == 0).all()
    # Higham, theorem 19.4, each column against its length; his constant for the number of operations is taken as 4
    error = np.linalg.norm(factors.from_triangle(np.vstack([factors.R, np.zeros((n - r, q))])) - A, axis=0)
    assert (error <= 4 * n * r * U * np.linalg.norm(A, axis=0)).all()
    Q = factors.from_triangle(np.eye(n))
    assert np.abs(Q.T @ Q - np.eye(n)).max() <= 4 * n * r * U
    np.testing.assert_allclose(factors.to_triangle(Q), np.eye(n), atol=4 * n * r * U)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_triangle_is_lapacks_up_to_signs(shape):
    n, q = shape
    A = np.random.default_rng(1).standard_normal(shape)
    ours, lapacks = householder_qr(A).R, np.linalg.qr(A, mode="r")
    signs = np.sign(np.diag(ours) * np.diag(lapacks))[:, np.newaxis]
    # both are exact for columns changed by n q u of their length, which moves R by as much times the condition number
    tolerance = 8 * n * q * U * np.linalg.cond(A[:, : min(shape)]) * np.linalg.norm(A, axis=0).max()
    np.testing.assert_allclose(ours * signs, lapacks, rtol=0, atol=tolerance)


@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(0, 6))
def test_lengths_and_angles_are_kept(seed, q, more):
    A = np.random.default_rng(seed).standard_normal((q + more, q))
    factors = householder_qr(A)
    np.testing.assert_allclose(factors.R.T @ factors.R, A.T @ A, atol=1e-13)  # entries of about 12 at most, n q u each
    np.testing.assert_allclose(np.abs(factors.to_triangle(A)[:q]), np.abs(factors.R), atol=1e-14)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_squares_do_not_overflow(size):
    A = np.random.default_rng(2).standard_normal((9, 3))
    with np.errstate(all="raise", under="ignore"):
        R = householder_qr(A * size).R
    np.testing.assert_allclose(R / size, householder_qr(A).R, rtol=1e-13)


def test_a_column_of_zeros_needs_no_mirror():
    A = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 2.0]])
    factors = householder_qr(A)
    assert factors.normals[0].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(
        np.abs(factors.R), [[0.0, 1.0], [0.0, np.sqrt(8)]], rtol=4 * 3 * U
    )  # n roundings a length, as above


def test_the_sign_avoids_cancellation():
    """The mirror towards +|x| e_1 subtracts nearly equal numbers where x lies near the axis already."""
    A = np.array([[1.0, 1.0], [1e-9, -1.0]])
    R = householder_qr(A).R
    # |R_22| is the determinant's magnitude over the first column's length, 1 + 1e-9
    assert abs(R[1, 1]) == pytest.approx((1 + 1e-9) / np.hypot(1, 1e-9), rel=4 * U)


@given(st.lists(st.lists(st.integers(-9, 9), min_size=6, max_size=6), min_size=4, max_size=4))
def test_back_substitution_within_its_bound(rows):
    table = np.array(rows, dtype=float)
    R = np.triu(table[:, :4]) + np.diag(np.where(np.diag(table[:, :4]) == 0, 1.0, 0.0))
    Z = back_substitution(np.tril(table[:, :4], -1) + R, table[:, 4:])  # what is below the diagonal is not read
    for target in range(2):
        z = [Fraction(v) for v in Z[:, target].tolist()]
        for i in range(4):
            left = sum((Fraction(R[i, j]) * z[j] for j in range(i, 4)), Fraction(0))
            size = sum(abs(Fraction(R[i, j]) * z[j]) for j in range(i, 4))
            assert abs(left - Fraction(table[i, 4 + target])) <= size * 5 * Fraction(U)  # Higham, theorem 8.5


@pytest.mark.parametrize("rows", [50, 3000])  # one block, and more
def test_either_factorisation_reduces_a_design_alike(rows):
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((rows, 4)), rng.standard_normal((rows, 2))
    design = Design(X, Y, rng.random(rows))
    ours, lapacks = reduce_rows(design, factorisation="householder"), reduce_rows(design)
    signs = np.sign(np.diag(ours.R) * np.diag(lapacks.R))[:, np.newaxis]
    np.testing.assert_allclose(ours.R * signs, lapacks.R, atol=1e-13)  # columns of length 1, condition near 1
    np.testing.assert_allclose(ours.C * signs, lapacks.C, atol=1e-12)


@pytest.mark.parametrize("name", nist.NAMES)
def test_nist_within_the_bound_of_a_backward_stable_method(name):
    entry = nist.load(name)
    exact = least_squares(entry.X, entry.y, fit_intercept=entry.fit_intercept)
    bounds = LeastSquaresBounds(Problem(entry.X, entry.y, exact, entry.fit_intercept))
    model = LinearRegression(solver=QR(factorisation="householder"), fit_intercept=entry.fit_intercept)
    model.fit(entry.X, entry.y)
    assert model.solution_.solver == "qr"
    assert np.abs(model.coef_ - exact.coef_).max() <= bounds.absolute("coef_")


def test_an_unknown_factorisation_is_refused():
    with pytest.raises(ValueError, match=r"must be one of \('lapack', 'householder'\), not 'givens'"):
        QR(factorisation="givens")
