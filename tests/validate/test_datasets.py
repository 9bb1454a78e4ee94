"""The data: shapes, standardising, and the case in which scikit-learn's default is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression as Reference

from workings.arithmetic.rational import least_squares
from workings.validate import datasets
from workings.validate.exact import score


@pytest.mark.parametrize(
    ("load", "shape"),
    [
        (datasets.diabetes, (442, 10)), (datasets.linnerud, (20, 3)), (datasets.breast_cancer, (569, 30)),
        (datasets.wine, (178, 13)), (datasets.iris, (150, 4)), (datasets.digits, (1797, 64)),
        (datasets.turnover_and_rate, (200, 2)), (lambda: datasets.certified("Filip"), (82, 10)),
    ],
)  # fmt: skip
def test_arrays_are_complete_and_named(load: object, shape: tuple[int, int]) -> None:
    data = load()  # type: ignore[operator]
    assert data.X.shape == shape
    assert data.X.dtype == np.float64
    assert len(data.y) == shape[0]
    assert len(data.features) == shape[1]
    assert np.isfinite(data.X).all()


def test_turnover_and_rate_is_dropped_by_default_and_only_there() -> None:
    data = datasets.turnover_and_rate()
    exact = least_squares(data.X, data.y)
    default, uncut = Reference().fit(data.X, data.y), Reference(tol=0).fit(data.X, data.y)
    assert default.rank_ == 1
    assert abs(default.coef_[1]) < 1e-13
    assert exact.coef_[1] == pytest.approx(200.2, abs=0.05)
    assert uncut.coef_[1] == pytest.approx(exact.coef_[1], rel=1e-10)
    assert score(exact, data.X, data.y) == pytest.approx(0.987, abs=5e-4)
    assert default.score(data.X, data.y) == pytest.approx(0.515, abs=5e-4)
    assert abs(np.corrcoef(data.X.T)[0, 1]) < 0.2


def test_standardised_columns() -> None:
    data = datasets.standardised(datasets.digits())  # with constant pixels
    deviations = data.X.std(axis=0)
    assert np.allclose(data.X.mean(axis=0), 0, atol=1e-14)
    assert set(np.round(deviations, 12)) == {0.0, 1.0}
    assert data.y.dtype == np.int64
    targets = datasets.standardised(datasets.linnerud(), target=True).y
    assert np.allclose(targets.std(axis=0), 1)
