"""What judges with exact arithmetic: scores by hand, the optimality conditions, and counted digits."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from workings.arithmetic.rational import least_squares
from workings.validate import datasets
from workings.validate.exact import correct_digits, nonnegative_least_squares, score


def test_the_score_of_a_line_through_three_points_by_hand() -> None:
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 6.0])
    # residuals 1/6, -1/3, 1/6 against deviations -7/3, -1/3, 8/3: 1 - (1/6) / (114/9)
    assert score(least_squares(X, y), X, y) == float(1 - Fraction(1, 6) / Fraction(38, 3))
    # weights repeat rows
    times = [2, 2, 1]
    weighted = score(least_squares(X, y, sample_weight=np.array(times)), X, y, np.array(times, dtype=float))
    X, y = np.repeat(X, times, axis=0), np.repeat(y, times)
    assert weighted == score(least_squares(X, y), X, y)


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
