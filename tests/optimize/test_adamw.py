"""AdamW against its formula in high precision, and its decay against hand calculations."""

import numpy as np
import pytest
from mpmath import mp, mpf

from workings.optimize import Adam, AdamW, ClipByNorm, StepDecay


def test_steps_from_the_formula_in_high_precision():
    rate, beta_1, beta_2, epsilon, decay = 0.125, 0.5, 0.75, 0.0625, 0.25  # all of them exact
    gradients, expected = [3.0, -1.0, 2.0, 0.5], []
    with mp.workdps(40):
        m, v, theta = mpf(0), mpf(0), mpf(4)
        for t, g in enumerate(gradients, 1):
            m = beta_1 * m + (1 - beta_1) * g
            v = beta_2 * v + (1 - beta_2) * g * g
            corrected = rate * mp.sqrt(1 - mpf(beta_2) ** t) / (1 - mpf(beta_1) ** t)
            theta = theta - corrected * m / (mp.sqrt(v) + epsilon) - rate * decay * theta
            expected.append(float(theta))
    for fast in (False, True):
        rule = AdamW(rate, beta_1, beta_2, epsilon, weight_decay=decay, fast=fast)
        theta, path = [np.array([4.0])], []
        rule.allocate(theta, theta)
        for g in gradients:
            before = theta[0].copy()
            (update,) = rule.step(theta, [np.array([g])])
            path.append(float(theta[0][0]))
            # two additions to theta, two to the update
            np.testing.assert_allclose(theta[0] - before, update, rtol=0, atol=4 * 4 * 2.0**-53)
        np.testing.assert_allclose(path, expected, rtol=2e-15 * 4)  # some 15 roundings of 1.1e-16 a step


@pytest.mark.parametrize(
    ("n_weights", "decayed"), [(None, 5), (0, 0), (1, 1), (3, 3), (4, 4), (5, 5)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("split", [[5], [3, 2], [2, 3]])
def test_only_the_weights_decay(n_weights, decayed, split):
    vector = np.ones(5)
    blocks = np.split(vector, np.cumsum(split)[:-1])
    rule = AdamW(0.5, weight_decay=0.5)
    rule.allocate(blocks, blocks, n_weights)
    zero = [np.zeros(size) for size in split]
    updates = np.concatenate(rule.step(blocks, zero))
    assert vector.tolist() == [0.75] * decayed + [1.0] * (5 - decayed)
    assert updates.tolist() == [-0.25] * decayed + [0.0] * (5 - decayed)


def test_matrices_decay_as_a_whole_or_not_at_all():
    blocks = [np.ones((2, 3)), np.ones((3, 1))]
    rule = AdamW(0.5, weight_decay=0.5)
    rule.allocate(blocks, blocks, 6)
    rule.step(blocks, [np.zeros((2, 3)), np.zeros((3, 1))])
    assert np.all(blocks[0] == 0.75)
    assert np.all(blocks[1] == 1)
    with pytest.raises(ValueError, match="matrix"):
        rule.allocate(blocks, blocks, 4)


def test_the_decay_does_not_enter_the_moments_and_follows_the_schedule():
    rng = np.random.RandomState(0)
    theta, other = [rng.randn(4)], [rng.randn(4)]
    rule = AdamW(0.5, weight_decay=0.125, schedule=StepDecay(1, 0.5))
    plain = Adam(0.5, schedule=StepDecay(1, 0.5))
    rule.allocate(theta, theta)
    plain.allocate(other, other)
    for epoch in range(1, 4):
        gradient, before = rng.randn(4), theta[0].copy()
        (update,) = rule.step(theta, [gradient])
        (expected,) = plain.step(other, [gradient])
        rate = 0.5**epoch
        np.testing.assert_allclose(update, expected - rate * 0.125 * before, rtol=0, atol=1e-15)
        rule.after_epoch(epoch, epoch)
        plain.after_epoch(epoch, epoch)
    assert np.array_equal(rule.first_moments[0], plain.first_moments[0])
    assert np.array_equal(rule.second_moments[0], plain.second_moments[0])


def test_a_wrapper_hands_the_number_of_weights_on():
    theta = [np.ones(2)]
    rule = ClipByNorm(AdamW(0.5, weight_decay=0.5), 1.0)
    rule.allocate(theta, theta, 1)
    rule.step(theta, [np.zeros(2)])
    assert theta[0].tolist() == [0.75, 1.0]


@pytest.mark.parametrize("bad", [-1e-9, float("nan"), float("inf")])
def test_senseless_decays_are_refused(bad):
    with pytest.raises(ValueError, match=r"^weight_decay has to lie in"):
        AdamW(weight_decay=bad)


@pytest.mark.parametrize("bad", [-1, 4])
def test_impossible_numbers_of_weights_are_refused(bad):
    with pytest.raises(ValueError, match="n_weights has to lie in"):
        AdamW().allocate([np.ones(3)], [np.ones(3)], bad)
