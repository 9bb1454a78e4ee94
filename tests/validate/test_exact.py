"""The rational oracle: hand calculations, NIST's 40 digits, and its own optimality conditions."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.validate import datasets, nist
from workings.validate.exact import correct_digits, least_squares, nonnegative_least_squares


def test_a_line_through_three_points_by_hand() -> None:
    # x = 0, 1, 2 and y = 1, 3, 6: slope (6 - 1) / 2, mean of y 10/3 less the slope times the mean of x
    fit = least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 6.0]))
    assert fit.coef == ((Fraction(5, 2),),)
    assert fit.intercept == (Fraction(5, 6),)
    assert fit.rank == 1
    # residuals 1/6, -1/3, 1/6 against deviations -7/3, -1/3, 8/3: 1 - (1/6) / (114/9)
    assert fit.score(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 6.0])) == float(
        1 - Fraction(1, 6) / Fraction(38, 3)
    )
    assert fit.predict(np.array([[4.0]])).tolist() == [float(Fraction(65, 6))]


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


def test_nonnegative_answers_satisfy_the_optimality_conditions_exactly() -> None:
    data = datasets.diabetes()
    fit = nonnegative_least_squares(data.X, data.y)
    coef = fit.coef[0]
    assert min(coef) == 0
    assert max(coef) > 0
    residual = [
        Fraction(t) - fit.intercept[0] - sum(Fraction(x) * c for x, c in zip(row, coef, strict=True))
        for t, row in zip(data.y.tolist(), data.X.tolist(), strict=True)
    ]
    assert sum(residual) == 0
    for j, value in enumerate(coef):
        gradient = sum(Fraction(x) * r for x, r in zip(data.X[:, j].tolist(), residual, strict=True))
        assert gradient == 0 if value > 0 else gradient <= 0


def test_a_coefficient_may_leave_the_support_again() -> None:
    # column 0 enters first (largest product with y) and is pushed out by the two that make it up
    X = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.25, 0.0, 0.0]])
    y = np.array([1.0, 1.0, -2.0])
    fit = nonnegative_least_squares(X, y, fit_intercept=False)
    assert fit.coef[0] == (0, 1, 1)


def test_no_positive_coefficient_is_said() -> None:
    with pytest.raises(ValueError, match="No coefficient is positive"):
        nonnegative_least_squares(np.array([[0.0], [1.0], [2.0]]), np.array([3.0, 2.0, 1.0]))


def test_correct_digits_against_decimal_logarithms() -> None:
    value, exact = 3.14159, Fraction(314159265358979, 10**14)
    with localcontext() as context:
        context.prec = 30
        error = abs(Decimal(value) - Decimal("3.14159265358979")) / Decimal("3.14159265358979")
        assert correct_digits([value], [exact]) == pytest.approx(-float(error.log10()), rel=1e-12)
    assert correct_digits([0.5], [Fraction(1, 2)]) == 17.0
    assert correct_digits([0.5, np.nan], [Fraction(1, 2), Fraction(1)]) == 0.0
    assert correct_digits([100.0], [Fraction(1)]) == 0.0
    assert correct_digits([1e-5], [Fraction(0)]) == pytest.approx(5.0)
