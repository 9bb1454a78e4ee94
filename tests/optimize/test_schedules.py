import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.optimize import Adaptive, Constant, InverseScaling


def test_constant_stops_on_a_plateau():
    response = Constant().on_plateau(0.1)
    assert (response.stop, response.learning_rate, response.remark) == (True, 0.1, "Stopping.")
    assert Constant().after_epoch(0.1, 0.5, 100) == 0.1


def test_inverse_scaling_counts_samples_from_one():
    # after 8 samples: 0.3 / (8 + 1)^(1/2) = 0.1; off by one would be 0.3 / sqrt(8) = 0.106
    assert InverseScaling(0.5).after_epoch(0.3, 0.3, 8) == pytest.approx(0.1, rel=1e-15)
    # the rate of the epoch before does not matter
    assert InverseScaling(0.5).after_epoch(7.0, 0.3, 8) == pytest.approx(0.1, rel=1e-15)


def test_adaptive_divides_by_five_until_it_is_small():
    schedule = Adaptive()
    first = schedule.on_plateau(1e-5)
    assert not first.stop
    assert first.learning_rate == 1e-5 / 5
    assert first.remark == "Setting learning rate to 0.000002"
    second = schedule.on_plateau(first.learning_rate)
    assert not second.stop
    last = schedule.on_plateau(second.learning_rate)  # 4e-7, not above 1e-6
    assert last.stop
    assert last.remark == "Learning rate too small. Stopping."
    assert last.learning_rate == second.learning_rate


@given(st.floats(1e-8, 1e3), st.integers(0, 10**9), st.floats(0, 3))
def test_inverse_scaling_never_rises(initial, samples, power):
    schedule = InverseScaling(power)
    rate = schedule.after_epoch(initial, initial, samples)
    assert schedule.after_epoch(rate, initial, samples + 1) <= rate <= initial
