from fractions import Fraction as Q
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workings.optimize import Adam, Adaptive, Constant, CosineAnnealing, InverseScaling, StepDecay


def test_constant_stops_on_a_plateau():
    response = Constant().on_plateau(0.1)
    assert (response.stop, response.learning_rate, response.remark) == (True, 0.1, "Stopping.")
    assert Constant().after_epoch(0.1, 0.5, 3, 100) == 0.1


def test_inverse_scaling_counts_samples_from_one():
    # after 8 samples: 0.3 / (8 + 1)^(1/2) = 0.1; off by one would be 0.3 / sqrt(8) = 0.106
    assert InverseScaling(0.5).after_epoch(0.3, 0.3, 1, 8) == pytest.approx(0.1, rel=1e-15)
    # the rate of the epoch before does not matter
    assert InverseScaling(0.5).after_epoch(7.0, 0.3, 1, 8) == pytest.approx(0.1, rel=1e-15)


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
    rate = schedule.after_epoch(initial, initial, 1, samples)
    assert schedule.after_epoch(rate, initial, 2, samples + 1) <= rate <= initial


def test_step_decay_by_hand():
    schedule = StepDecay(every=3, factor=0.5)
    rates = [schedule.after_epoch(99.0, 8.0, epoch, 10 * epoch) for epoch in range(8)]
    assert rates == [8.0, 8.0, 8.0, 4.0, 4.0, 4.0, 2.0, 2.0]
    assert StepDecay(1).after_epoch(1.0, 1.0, 2, 0) == pytest.approx(0.01, rel=1e-15)
    assert schedule.on_plateau(0.1).stop


def test_cosine_annealing_at_the_angles_with_simple_cosines():
    # cos(0), cos(pi/3), cos(pi/2), cos(2 pi/3), cos(pi) = 1, 1/2, 0, -1/2, -1 after 0, 2, 3, 4, 6 of 6 epochs
    schedule = CosineAnnealing(6, smallest=1.0)
    expected = {e: 1 + (9 - 1) * (1 + c) / 2 for e, c in {0: 1, 2: Q(1, 2), 3: 0, 4: Q(-1, 2), 6: -1, 7: -1}.items()}
    for epoch, rate in expected.items():
        assert schedule.after_epoch(5.0, 9.0, epoch, 123) == pytest.approx(float(rate), rel=1e-15)
    assert schedule.on_plateau(0.1).stop


def test_warming_up_rises_to_the_initial_rate():
    schedule = CosineAnnealing(7, warm_up=3)
    assert [schedule.after_epoch(5.0, 8.0, epoch, 0) for epoch in range(4)] == [2.0, 4.0, 6.0, 8.0]
    assert schedule.after_epoch(5.0, 8.0, 5, 0) == pytest.approx(4.0, rel=1e-15)  # half of the 4 epochs that are left
    assert schedule.after_epoch(5.0, 8.0, 7, 0) == 0.0


@given(st.floats(1e-6, 1e3), st.integers(1, 500), st.floats(0, 1), st.floats(0, 1))
def test_cosine_annealing_falls_between_its_ends(initial, n_epochs, low, share):
    smallest, warm_up = low * initial, int(share * (n_epochs - 1))
    schedule = CosineAnnealing(n_epochs, smallest, warm_up)
    rates = [schedule.after_epoch(0.0, initial, epoch, 0) for epoch in range(n_epochs + 2)]
    rise, fall = rates[: warm_up + 1], rates[warm_up:]
    assert rise == sorted(rise)
    slack = 4 * 2.0**-53 * initial  # the two terms are rounded where the cosine is flat
    assert all(later <= earlier + slack for earlier, later in pairwise(fall))
    assert fall[0] == pytest.approx(initial, rel=1e-15)
    assert fall[-1] == fall[-2] == smallest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InverseScaling(-0.1), "power has to lie in"),
        (lambda: InverseScaling(float("nan")), "power has to lie in"),
        (lambda: Adaptive(divisor=1.0), "divisor has to lie in"),
        (lambda: Adaptive(smallest=-1e-9), "smallest has to lie in"),
        (lambda: StepDecay(0, 0.5), "every has to be a whole number of at least 1"),
        (lambda: StepDecay(1.5, 0.5), "every has to be a whole number of at least 1"),
        (lambda: StepDecay(2, 1.0), "factor has to lie in"),
        (lambda: StepDecay(2, 0.0), "factor has to lie in"),
        (lambda: StepDecay(2, float("nan")), "factor has to lie in"),
        (lambda: CosineAnnealing(0), "n_epochs has to be a whole number of at least 1"),
        (lambda: CosineAnnealing(5, smallest=float("nan")), "smallest has to lie in"),
        (lambda: CosineAnnealing(5, smallest=-1.0), "smallest has to lie in"),
        (lambda: CosineAnnealing(5, warm_up=-1), "warm_up has to be a whole number of at least 0"),
        (lambda: CosineAnnealing(5, warm_up=5), "warm_up has to be below n_epochs"),
        (lambda: Adam(0.1, schedule=CosineAnnealing(5, smallest=0.2)), "initial rate has to be at least the smallest"),
    ],
)
def test_senseless_schedules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
