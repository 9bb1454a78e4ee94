"""The rational oracle: hand calculations, NIST's 40 digits, and its own optimality conditions."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workings.arithmetic.rational import _eliminate, integers, least_squares, solve_exactly, square_root
from workings.validate import datasets, nist


def test_a_line_through_three_points_by_hand() -> None:
    # x = 0, 1, 2 and y = 1, 3, 6: slope (6 - 1) / 2, mean of y 10/3 less the slope times the mean of x
    fit = least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 6.0]))
    assert fit.coef == ((Fraction(5, 2),),)
    assert fit.intercept == (Fraction(5, 6),)
    assert fit.rank == 1
    assert fit.predict(np.array([[4.0]])).tolist() == [float(Fraction(65, 6))]
    # residuals 1/6, -1/3, 1/6; [1 X]'[1 X] is [[3, 3], [3, 5]], its inverse [[5, -3], [-3, 3]] / 6
    assert fit.residual_squares == (Fraction(1, 6),)
    assert fit.inverse_diagonal() == [Fraction(5, 6), Fraction(1, 2)]
    np.testing.assert_array_equal(fit.standard_errors(1), [[np.sqrt(5 / 36), np.sqrt(1 / 12)]])


@pytest.mark.parametrize("name", ["Longley", "NoInt1", "NoInt2", *(f"Wampler{k}" for k in range(1, 6))])
def test_the_40_digits_of_sets_whose_decimals_are_doubles(name: str) -> None:
    # Longley and Wampler2 have decimals that no double equals; the others are integers
    entry = nist.load(name)
    fit = least_squares(entry.X, entry.y, fit_intercept=entry.fit_intercept)
    values = [*fit.intercept, *fit.coef[0]] if entry.fit_intercept else [*fit.coef[0]]
    integers = np.array_equal(entry.X, np.round(entry.X)) and np.array_equal(entry.y, np.round(entry.y))
    allowed = Fraction(1, 10**38) if integers else Fraction(1, 10**9)
    for k, value in enumerate(values, start=0 if entry.fit_intercept else 1):
        printed = Fraction(entry.exact[f"B{k}"])
        assert abs(value - printed) <= allowed * abs(printed)
    assert integers == (name not in {"Longley", "Wampler2"})


@given(
    st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=5, max_size=8),
    st.lists(st.integers(-9, 9), min_size=8, max_size=8),
    st.lists(st.integers(1, 3), min_size=8, max_size=8),
)
def test_weights_repeat_rows_and_the_gradient_is_zero(
    rows: list[list[int]], targets: list[int], repeats: list[int]
) -> None:
    X, y = np.array(rows, dtype=float), np.array(targets[: len(rows)], dtype=float)
    weights = np.array(repeats[: len(rows)], dtype=float)
    if np.linalg.matrix_rank(np.column_stack([np.ones(len(X)), X])) < 4:
        with pytest.raises(ValueError, match="in exact arithmetic"):
            least_squares(X, y)
        return
    weighted = least_squares(X, y, sample_weight=weights)
    times = weights.astype(int)
    assert weighted == least_squares(np.repeat(X, times, axis=0), np.repeat(y, times))
    fitted = [row[0] for row in weighted.predict_exactly(X)]
    for column in (np.ones(len(X)), *X.T):
        gradient = sum(
            Fraction(w) * Fraction(x) * (Fraction(t) - f) for w, x, t, f in zip(weights, column, y, fitted, strict=True)
        )
        assert gradient == 0


def test_tiny_and_huge_columns_are_exact_too() -> None:
    X = np.array([[1e-300, 1e300], [3e-300, 1e300], [2e-300, 5e299], [7e-300, 2e300]])
    fit = least_squares(X, X @ np.array([1.0, 1.0]), fit_intercept=False)
    assert fit.coef[0][1] == 1  # 1e-300 is lost in the sum, so the targets are the second column


def test_several_targets_keep_scikit_learns_shapes() -> None:
    data = datasets.linnerud()
    fit = least_squares(data.X, data.y)
    assert fit.coef_.shape == (3, 3)
    assert fit.intercept_.shape == (3,)
    assert fit.predict(data.X).shape == data.y.shape
    one = least_squares(data.X, data.y[:, 1])
    assert one.coef[0] == fit.coef[1]
    assert one.coef_.shape == (3,)
    assert one.intercept_.shape == ()


def test_lost_rank_is_refused() -> None:
    X = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    with pytest.raises(ValueError, match="rank 2 of 3 in exact arithmetic"):
        least_squares(X, np.array([1.0, 2.0, 4.0]))


@given(
    st.lists(st.lists(st.integers(-99, 99), min_size=4, max_size=4), min_size=4, max_size=6),
    st.lists(st.lists(st.fractions(max_denominator=50), min_size=2, max_size=2), min_size=4, max_size=4),
    st.fractions(min_value=Fraction(1, 99), max_value=99, max_denominator=99),
)
def test_systems_are_solved_to_the_last_digit(
    rows: list[list[int]], sides: list[list[Fraction]], unit: Fraction
) -> None:
    A = np.array(rows, dtype=object)
    gram, cross = A.T @ A * unit, np.array(sides, dtype=object)
    assume(np.linalg.matrix_rank(A.astype(float)) == 4)
    solution = solve_exactly(gram, cross)
    assert solution.shape == (4, 2)
    assert (gram @ solution == cross).all()
    assert (solve_exactly(gram, cross[:, 1]) == solution[:, 1]).all()
    assert (solve_exactly(np.triu(gram), cross) == solution).all()


def test_pivots_are_minors_and_grow_no_further() -> None:
    # leading minors of [[2, 1, 0], [1, 2, 1], [0, 1, 2]]: 2, 3, 4
    table = [[2, 1, 0], [0, 2, 1], [0, 0, 2]]
    assert _eliminate(table, 3) == 3
    assert [table[i][i] for i in range(3)] == [2, 3, 4]


def test_systems_of_doubles_and_of_nothing() -> None:
    gram = np.array([[1.5, 0.1], [0.1, 2.0**-1060]])
    with pytest.raises(ValueError, match="pivot 1 is negative"):
        solve_exactly(gram, np.ones(2))
    gram[1, 1] = 0.1
    solution = solve_exactly(gram, np.ones(2))
    assert [sum(Fraction(g) * z for g, z in zip(row, solution, strict=True)) for row in gram.tolist()] == [1, 1]
    with pytest.raises(ValueError, match="rank 1 of 2"):
        solve_exactly(np.ones((2, 2)), np.ones(2))
    assert solve_exactly(np.empty((0, 0)), np.empty((0, 3))).shape == (0, 3)


def test_decimals_are_solved_as_fractions() -> None:
    # y = x / 10 exactly in decimals; in doubles 0.3 is not 3 times 0.1
    x = np.array([[Fraction(k)] for k in range(1, 5)], dtype=object)
    y = np.array([Fraction(k, 10) for k in range(1, 5)], dtype=object)
    fit = least_squares(x, y)
    assert (fit.coef, fit.intercept, fit.residual_squares) == (((Fraction(1, 10),),), (0,), (0,))
    doubles = least_squares(x.astype(float), y.astype(float))
    assert doubles.coef != fit.coef
    assert doubles.coef_ == fit.coef_


def test_arguments_are_not_changed_and_types_may_mix() -> None:
    X = np.array([[1, 2], [3, 5], [4, 4], [0, 7]])
    y = np.array([1.0, 2.0, 4.0, 8.0], dtype=np.float32)
    before = X.copy(), y.copy()
    assert least_squares(X, y) == least_squares(X.astype(float), y.astype(object))
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])
    with pytest.raises(ValueError, match="NaN"):
        least_squares(X, np.array([1.0, np.nan, 0.0, 0.0]))


def test_without_features_there_is_the_mean() -> None:
    fit = least_squares(np.empty((3, 0)), np.array([1.0, 2.0, 4.0]))
    assert fit.intercept == (Fraction(7, 3),)
    assert fit.coef == ((),)
    assert fit.coef_.shape == (0,)
    assert fit.residual_squares == (Fraction(14, 3),)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_inference_from_the_definitions(intercept: bool, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((9, 3)) * [1e-3, 1.0, 1e5], rng.standard_normal((9, 2))
    weights = rng.integers(1, 9, 9) / 4 if weighted else None
    fit = least_squares(X, y, fit_intercept=intercept, sample_weight=weights)
    w = np.array([Fraction(v) for v in (np.ones(9) if weights is None else weights).tolist()], dtype=object)
    A = np.array([[Fraction(v) for v in row] for row in X.tolist()], dtype=object)
    if intercept:
        A = np.column_stack([np.array([Fraction(1)] * 9, dtype=object), A])
    gram = (A.T * w) @ A
    inverse = solve_exactly(gram, np.eye(len(gram), dtype=int))
    assert (gram @ inverse == np.eye(len(gram), dtype=int)).all()
    assert fit.inverse_diagonal() == list(np.diag(inverse))
    residual = np.array([[Fraction(v) for v in row] for row in y.tolist()], dtype=object) - fit.predict_exactly(X)
    squares = (w[:, np.newaxis] * residual**2).sum(axis=0)
    assert fit.residual_squares == tuple(squares)
    errors = fit.standard_errors(5)
    assert errors.shape == (2, len(gram))
    with localcontext() as context:
        context.prec = 60
        for k in range(2):
            for j in range(len(gram)):
                variance = squares[k] / 5 * inverse[j, j]
                root = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
                assert errors[k, j] == float(root)


@given(st.fractions(min_value=0), st.integers(-900, 900))
def test_square_roots_are_correctly_rounded(value: Fraction, exponent: int) -> None:
    value *= Fraction(2) ** exponent
    root = square_root(value)
    below, above = (Fraction(float(np.nextafter(root, side))) for side in (-np.inf, np.inf))
    # between the midpoints to the neighbours
    assert ((Fraction(root) + above) / 2) ** 2 >= value
    assert root == 0 or ((Fraction(root) + below) / 2) ** 2 <= value


def test_square_roots_beside_a_midpoint() -> None:
    midpoint = 1 + Fraction(1, 2**53)
    assert square_root(midpoint**2) == 1.0  # the tie goes to the even neighbour
    assert square_root(midpoint**2 + Fraction(1, 10**400)) == 1.0 + 2.0**-52
    assert square_root(midpoint**2 - Fraction(1, 10**400)) == 1.0
    assert square_root(Fraction(10**600)) == 1e300
    assert square_root(Fraction(1, 10**640)) == 1e-320


def test_columns_become_integers_times_a_unit() -> None:
    columns = np.array([[1e-300, 6.0, 0.0], [3e-300, -9.0, 0.0]])
    whole, units = integers(columns)
    assert whole[:, 1].tolist() == [2, -3]
    assert units[1:] == [3, 1]
    assert [[Fraction(v) for v in row] for row in columns.tolist()] == (whole * np.array(units)).tolist()
