"""Clipping: never longer, same direction, nothing else changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workings.optimize import Adam, Adaptive, ClipByNorm, GradientDescent, StepDecay


def clipped(gradients, largest):
    blocks = [np.array(block) for block in gradients]
    rule = ClipByNorm(GradientDescent(1.0, 0.0), largest)
    zeros = [np.zeros_like(block) for block in blocks]
    rule.allocate(zeros, blocks)
    with np.errstate(invalid="ignore"):  # of the step, for gradients that are not finite
        rule.step(zeros, blocks)
    return blocks, rule


def test_the_norm_is_that_of_all_blocks():
    # |(2, 3, 6)| = 7 over two blocks; each alone is at most 6 and stays below 6.5
    blocks, rule = clipped([[2.0], [3.0, 6.0]], 3.5)
    assert [block.tolist() for block in blocks] == [[1.0], [1.5, 3.0]]
    assert (rule.norm, rule.count) == (7.0, 1)
    assert clipped([[2.0], [3.0, 6.0]], 6.5)[1].count == 1


def test_a_gradient_at_the_bound_keeps_its_bits():
    blocks, rule = clipped([[3.0, 4.0]], 5.0)
    assert blocks[0].tolist() == [3.0, 4.0]
    assert rule.count == 0


def test_the_inner_rule_sees_the_shortened_gradient():
    gradient = [np.array([30.0, 40.0])]
    theta, other = [np.zeros(2)], [np.zeros(2)]
    rule, plain = ClipByNorm(Adam(0.1), 5.0), Adam(0.1)
    rule.allocate(theta, gradient)
    plain.allocate(other, gradient)
    for scale in (1.0, 0.5, 0.01):
        (update,) = rule.step(theta, [gradient[0] * scale])
        short = min(50 * scale, 5.0) / 50
        (expected,) = plain.step(other, [gradient[0] * short])
        np.testing.assert_allclose(update, expected, rtol=1e-14)
    assert rule.count == 2


@pytest.mark.parametrize(("kind", "size"), [("f8", 1e200), ("f8", 1e-200), ("f4", 1e30), ("f4", 1e-30), ("f4", 1e-40)])
def test_squares_may_overflow_or_vanish(kind, size):
    unit = np.array(size, kind)
    blocks, rule = clipped([3 * unit[None], 4 * unit[None]], float(unit))
    assert rule.norm == pytest.approx(5 * float(unit), rel=1e-6)
    # subnormal numbers in single precision are multiples of 1.4e-45
    np.testing.assert_allclose(np.concatenate(blocks), [0.6 * float(unit), 0.8 * float(unit)], rtol=1e-6, atol=2e-45)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_passed_on(bad):
    blocks, rule = clipped([[1.0, bad], [2.0]], 1e-3)
    np.testing.assert_array_equal(np.concatenate(blocks), [1.0, bad, 2.0])
    assert rule.count == 0
    assert not np.isfinite(rule.norm)


@given(
    arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e300, 1e300, allow_subnormal=False)),
    st.floats(1e-3, 1e3),
)
def test_never_longer_and_the_same_direction(gradient, largest):
    (after,), rule = clipped([gradient], largest)
    size = np.abs(gradient).max()
    norm = 0.0 if size == 0 else float(size) * float(np.linalg.norm(gradient / size))
    if not rule.count:
        assert np.array_equal(after, gradient)
        assert norm <= largest * (1 + 1e-14)
        return
    length = np.linalg.norm(after)
    # 30 squares and as many sums of 1.1e-16 each in both norms, halved by the roots
    assert length == pytest.approx(largest, rel=1e-14)
    assert largest <= norm * (1 + 1e-14)
    np.testing.assert_allclose(after, gradient * (largest / norm), rtol=1e-14, atol=1e-300)


def test_rate_and_schedule_are_the_inner_rules():
    rule = ClipByNorm(GradientDescent(0.5, schedule=StepDecay(2, 0.5)), 1.0)
    rates = [rule.learning_rate]
    for epoch in range(1, 5):
        rule.after_epoch(epoch, epoch)
        rates.append(rule.learning_rate)
    assert rates == [0.5, 0.5, 0.25, 0.25, 0.125]
    assert rule.scheduled_rate == 0.125
    adaptive = ClipByNorm(GradientDescent(0.5, schedule=Adaptive()), 1.0)
    assert not adaptive.on_plateau().stop
    assert adaptive.learning_rate == adaptive.rule.learning_rate == 0.1


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_senseless_bounds_are_refused(bad):
    with pytest.raises(ValueError, match=r"^largest has to lie in"):
        ClipByNorm(Adam(), bad)
