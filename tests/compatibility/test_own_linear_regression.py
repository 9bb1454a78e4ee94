"""scikit-learn's own tests of LinearRegression, run on ours."""

from __future__ import annotations

from tests.compatibility.adopt import adopt

from workings.linear_model import LinearRegression

LEFT_OUT: dict[str, str] = {}

globals().update(
    adopt(
        "sklearn.linear_model.tests.test_base",
        "sklearn.linear_model",
        {"LinearRegression": LinearRegression},
        LEFT_OUT,
    )
)
