"""The measured tolerance: proportional to the response of the quantity, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from workings.arithmetic.accumulation import UNIT_ROUNDOFF, accumulated
from workings.validate.compare import AGREEMENT
from workings.validate.sensitivity import DRAWS, tolerances

X = np.linspace(1.0, 2.0, 12).reshape(4, 3)


def test_a_linear_map_responds_with_its_condition_number() -> None:
    # an entry less almost itself: one rounding of it is amplified a thousandfold by the cancellation
    def fit(data: np.ndarray) -> dict[str, np.ndarray]:
        return {"gap": np.asarray(data[0, 0] - 0.999 * X[0, 0]), "constant": np.asarray(7.0)}

    allowed = tolerances(fit, X, fit(X), terms=50)
    factor = 2 * accumulated(50) / UNIT_ROUNDOFF
    assert allowed["constant"].tolerance == pytest.approx(factor * UNIT_ROUNDOFF)
    assert allowed["gap"].tolerance > 500 * allowed["constant"].tolerance
    assert "sums of 50 terms" in allowed["gap"].reason


def test_it_never_promises_less_than_two_digits() -> None:
    calls = []

    def fit(data: np.ndarray) -> dict[str, np.ndarray]:
        calls.append(data)
        return {"curve": np.ones(3 if data is X else 4), "sign": np.asarray(1.0 if data is X else -1.0)}

    allowed = tolerances(fit, X, fit(X), terms=50)
    assert len(calls) == DRAWS + 1
    assert allowed["curve"].tolerance == AGREEMENT
    assert allowed["sign"].tolerance == AGREEMENT
    for moved in calls[1:]:
        assert 0 < np.abs(moved / X - 1).max() <= 4 * UNIT_ROUNDOFF
