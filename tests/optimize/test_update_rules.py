"""The update rules against steps worked out by hand or in exact rational arithmetic."""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from workings.optimize import Adam, Adaptive, CosineAnnealing, GradientDescent, InverseScaling, RMSProp, StepDecay


def run(rule, theta, gradients):
    parameter = [np.array([theta])]
    path = []
    rule.allocate(parameter, [np.array([0.0])])
    for gradient in gradients:
        rule.step(parameter, [np.array([gradient])])
        path.append(float(parameter[0][0]))
    return path


def test_plain_descent():
    assert run(GradientDescent(0.5, momentum=0.0, nesterov=False), 1.0, [1.0, -2.0]) == [0.5, 1.5]


def test_polyak_momentum_by_hand():
    # v1 = -0.25 * 4 = -1, v2 = 0.5 * -1 - 0.25 * 2 = -1, v3 = 0.5 * -1 - 0 = -0.5
    assert run(GradientDescent(0.25, 0.5, nesterov=False), 8.0, [4.0, 2.0, 0.0]) == [7.0, 6.0, 5.5]


def test_nesterov_momentum_by_hand():
    # v as above: -1, -1, -0.5; the step is 0.5 v - 0.25 g: -0.5 - 1 = -1.5, -0.5 - 0.5 = -1, -0.25
    assert run(GradientDescent(0.25, 0.5, nesterov=True), 8.0, [4.0, 2.0, 0.0]) == [6.5, 5.5, 5.25]


def test_adam_corrects_its_bias():
    # m = 0.1 g, v = 0.001 g^2, corrected to g and g^2: the first step is the learning rate, up to epsilon
    (after,) = run(Adam(0.01), 1.0, [5.0])
    assert after == pytest.approx(0.99, rel=1e-7)
    # without correction it would be 0.1 / sqrt(0.001) = 3.16 times longer


def test_adam_against_exact_moments():
    # beta_1 = 1/2, beta_2 = 3/4; the moments are rational, the root is taken at the end
    gradients = [Q(3), Q(-1), Q(2)]
    m = v = Q(0)
    theta = 1.0
    expected = []
    for t, g in enumerate(gradients, 1):
        m = m / 2 + g / 2
        v = v * 3 / 4 + g * g / 4
        corrected_m = m / (1 - Q(1, 2) ** t)
        corrected_v = v / (1 - Q(3, 4) ** t)
        theta -= 0.125 * float(corrected_m) / float(corrected_v) ** 0.5
        expected.append(theta)
    path = run(Adam(0.125, beta_1=0.5, beta_2=0.75, epsilon=1e-300), 1.0, [float(g) for g in gradients])
    np.testing.assert_allclose(path, expected, rtol=1e-14)  # a dozen roundings of 1.1e-16 each


def test_adam_adds_epsilon_to_the_uncorrected_root():
    # m = 0.1, sqrt(v) = sqrt(0.001); rate = sqrt(0.001) / 0.1
    rate = 0.1 * np.sqrt(0.001) / 0.1
    (after,) = run(Adam(0.1, epsilon=1.0), 0.0, [1.0])
    assert after == pytest.approx(-rate * 0.1 / (np.sqrt(0.001) + 1.0), rel=1e-14)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Adam(0.1),
        lambda: Adam(0.1, fast=True),
        lambda: RMSProp(0.1),
        lambda: GradientDescent(0.1),
        lambda: GradientDescent(0.1, 0.5, False),
    ],
)
def test_blocks_do_not_matter(make):
    rng = np.random.RandomState(0)
    whole, parts = rng.randn(7), [np.empty(3), np.empty(4)]
    parts[0][:], parts[1][:] = whole[:3], whole[3:]
    one, two = make(), make()
    one.allocate([whole], [whole])
    two.allocate(parts, parts)
    for _ in range(5):
        gradient = rng.randn(7)
        update = one.step([whole], [gradient])[0].copy()
        updates = two.step(parts, [gradient[:3], gradient[3:]])
        assert np.array_equal(np.concatenate(updates), update)
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("make", [lambda: Adam(0.1), lambda: GradientDescent(0.1)])
def test_moments_survive_a_second_allocation(make):
    gradients = [1.0, -2.0, 0.5]
    straight = run(make(), 1.0, gradients)
    rule, theta = make(), [np.array([1.0])]
    for gradient in gradients:
        rule.allocate(theta, [np.array([0.0])])
        rule.step(theta, [np.array([gradient])])
    assert theta[0][0] == straight[-1]


def test_single_precision_parameters_keep_their_type():
    theta = [np.ones(3, np.float32)]
    for rule in (Adam(0.1), GradientDescent(0.1)):
        rule.allocate(theta, theta)
        rule.step(theta, [np.ones(3, np.float32)])
        assert theta[0].dtype == np.float32
    assert Adam(0.1).t == 0


@pytest.mark.parametrize("kinds", [("f8", "f8"), ("f4", "f4"), ("f4", "f8")])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: Adam(0.01, 0.8, 0.99, 1e-7), lambda p: AdamOptimizer(p, 0.01, 0.8, 0.99, 1e-7)),
        (lambda: GradientDescent(0.01, 0.8), lambda p: SGDOptimizer(p, 0.01, momentum=0.8)),
        (lambda: GradientDescent(0.01, 0.8, False), lambda p: SGDOptimizer(p, 0.01, momentum=0.8, nesterov=False)),
    ],
    ids=["adam", "nesterov", "polyak"],
)
def test_the_bits_are_scikit_learns(ours, theirs, kinds):
    rng = np.random.RandomState(0)
    start = rng.randn(50).astype(kinds[0])
    mine, other = [start.copy()], [start.copy()]
    rule, peer = ours(), theirs(other)
    rule.allocate(mine, [np.empty(50, kinds[1])])
    for _ in range(30):
        gradient = rng.randn(50).astype(kinds[1])
        rule.step(mine, [gradient])
        peer.update_params(other, [gradient])
        assert mine[0].dtype == start.dtype
        assert np.array_equal(mine[0], other[0])
        assert rule.learning_rate == peer.learning_rate


@pytest.mark.parametrize("make", [Adam, RMSProp, GradientDescent])
def test_a_new_split_into_blocks_keeps_the_moments(make):
    rng = np.random.RandomState(0)
    rule, other = make(0.1), make(0.1)
    start = rng.randn(6)
    straight, split = start.copy(), start.copy()
    layouts = [[split], [split[:2], split[2:]], [split[:4], split[4:]], [split[:4].reshape(2, 2), split[4:]]]
    for blocks in layouts:
        gradient = rng.randn(6)
        cut = [part.reshape(b.shape) for part, b in zip(np.split(gradient, [blocks[0].size]), blocks, strict=False)]
        rule.allocate(blocks, cut)
        rule.step(blocks, cut)
        other.allocate([straight], [gradient])
        other.step([straight], [gradient])
        assert np.array_equal(split, straight)


def test_moments_of_other_parameters_are_refused():
    rule = Adam(0.1)
    rule.allocate([np.zeros(3)], [np.zeros(3)])
    with pytest.raises(ValueError, match="remembers 3 parameters and is given 4: begin with a new rule"):
        rule.allocate([np.zeros(4)], [np.zeros(4)])


def test_optimal_descent_on_a_quadratic():
    # curvatures 1 and 100, rate 2 / 101: both coordinates shrink by 99 / 101, with opposite signs
    curvature, theta = np.array([1.0, 100.0]), [np.ones(2)]
    rule = GradientDescent(2 / 101, momentum=0.0)
    rule.allocate(theta, theta)
    for _ in range(50):
        rule.step(theta, [curvature * theta[0]])
    # 100 roundings, those of the second coordinate multiplied by the 100 of its curvature
    np.testing.assert_allclose(theta[0], (99 / 101) ** 50, rtol=50 * 200 * 2.0**-53)


def test_optimal_heavy_ball_on_a_quadratic():
    # Polyak: with rate 4 / (sqrt(L) + sqrt(mu))^2 and momentum ((sqrt(K) - 1) / (sqrt(K) + 1))^2 = (9 / 11)^2 both
    # roots are r = 9 / 11 in absolute value and the error is (a + b k) r^k
    curvature, theta = np.array([1.0, 100.0]), [np.ones(2)]
    rule = GradientDescent(4 / 121, momentum=81 / 121, nesterov=False)
    rule.allocate(theta, theta)
    errors = []
    for _ in range(120):
        rule.step(theta, [curvature * theta[0]])
        errors.append(np.linalg.norm(theta[0]))
    slope = np.log(errors[119] / errors[59]) / 60
    # from (a + b k) r^k, the factor at twice the k is r^k times at most 2; rounding halves the roots' digits: 1e-8
    assert np.log(9 / 11) - 1e-3 < slope < np.log(9 / 11) + np.log(2) / 60 + 1e-3


@pytest.mark.parametrize(("share", "grows"), [(0.99, False), (1.01, True)])
def test_heavy_ball_diverges_beyond_its_limit(share, grows):
    # limit 2 (1 + m) / L = 1.5 for m = 1/2 and L = 2
    theta = [np.ones(1)]
    rule = GradientDescent(1.5 * share, momentum=0.5, nesterov=False)
    rule.allocate(theta, theta)
    for _ in range(2000):
        rule.step(theta, [2 * theta[0]])
    assert (abs(theta[0][0]) > 1) == grows


@pytest.mark.parametrize("make", [Adam, RMSProp])
def test_adaptive_rules_hover_about_a_minimum_and_settle_under_annealing(make):
    curvature, ends = np.array([1.0, 100.0]), []
    for schedule in (None, CosineAnnealing(1000)):
        rule, theta = make(0.01, schedule=schedule), [np.ones(2)]
        rule.allocate(theta, theta)
        for epoch in range(1, 1001):
            rule.step(theta, [curvature * theta[0]])
            rule.after_epoch(epoch, epoch)
        ends.append(np.abs(theta[0]).max())
    assert ends[0] < 0.02  # one step has the length of the rate, 0.01
    assert ends[1] < 1e-4


def test_adam_takes_its_base_rate_from_the_schedule():
    # constant gradients: every update has the length of the base rate, whatever the bias correction
    rule, theta = Adam(0.5, epsilon=1e-300, schedule=StepDecay(2, 0.5)), [np.zeros(1)]
    rule.allocate(theta, theta)
    lengths = []
    for epoch in range(1, 7):
        lengths.append(-float(rule.step(theta, [np.full(1, 3.0)])[0][0]))
        rule.after_epoch(epoch, 10 * epoch)
    np.testing.assert_allclose(lengths, [0.5, 0.5, 0.25, 0.25, 0.125, 0.125], rtol=1e-13)  # 1 - beta_2^t cancels


def test_adams_rate_is_that_of_the_last_step():
    # beta_1 = 0, beta_2 = 3/4: corrected by sqrt(1 - 3/4) = 1/2
    rule, theta = Adam(0.5, 0.0, 0.75, schedule=StepDecay(1, 0.5)), [np.zeros(1)]
    rule.allocate(theta, theta)
    rule.step(theta, [np.ones(1)])
    rule.after_epoch(1, 1)
    rule.on_plateau()
    assert (rule.learning_rate, rule.scheduled_rate) == (0.25, 0.25)
    rule.after_epoch(2, 2)
    assert (rule.learning_rate, rule.scheduled_rate) == (0.25, 0.125)


def test_warming_up_holds_from_the_first_step():
    for make in (Adam, RMSProp, GradientDescent):
        assert make(0.4, schedule=CosineAnnealing(10, warm_up=3)).scheduled_rate == pytest.approx(0.1, rel=1e-15)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda bad: Adam(bad), "learning_rate_init"),
        (lambda bad: RMSProp(bad), "learning_rate_init"),
        (lambda bad: GradientDescent(bad), "learning_rate_init"),
        (lambda bad: Adam(epsilon=bad), "epsilon"),
        (lambda bad: RMSProp(epsilon=bad), "epsilon"),
        (lambda bad: Adam(beta_1=bad - 1), "beta_1"),
        (lambda bad: Adam(beta_2=1 + abs(bad)), "beta_2"),
        (lambda bad: RMSProp(decay=1 + abs(bad)), "decay"),
        (lambda bad: GradientDescent(0.1, bad - 1e-9), "momentum"),
        (lambda bad: GradientDescent(0.1, 1 - bad + 1e-9), "momentum"),
    ],
)
@pytest.mark.parametrize("bad", [0.0, -1e-9, float("nan")])
def test_senseless_parameters_are_named(make, word, bad):
    with pytest.raises(ValueError, match=f"^{word} has to lie in"):
        make(bad)


def test_sensible_limits_are_allowed():
    assert GradientDescent(0.1, 0.0).momentum == 0
    assert GradientDescent(0.1, 1.0).momentum == 1
    assert Adam(0.1, 0.0, 0.0).beta_1 == 0
    with pytest.raises(ValueError, match="learning_rate_init"):
        Adam(float("inf"))


def test_the_schedule_steers_the_rate():
    rule = GradientDescent(0.3, schedule=InverseScaling(0.5))
    rule.after_epoch(1, 8)
    assert rule.learning_rate == pytest.approx(0.1, rel=1e-15)
    adaptive = GradientDescent(0.5, schedule=Adaptive())
    assert not adaptive.on_plateau().stop
    assert adaptive.learning_rate == 0.1
    assert Adam(0.5).on_plateau().stop


@given(st.floats(-100, 100), st.floats(0.01, 10))
def test_descent_is_linear_in_the_gradient(gradient, scale):
    once = run(GradientDescent(0.5, 0.25), 0.0, [gradient, gradient])
    scaled = run(GradientDescent(0.5, 0.25), 0.0, [scale * gradient, scale * gradient])
    np.testing.assert_allclose(scaled, np.multiply(once, scale), rtol=1e-13, atol=1e-290)


@given(st.floats(1e-3, 1e3), st.sampled_from([-1.0, 1.0]), st.floats(1e-4, 1.0))
def test_adam_first_step_does_not_depend_on_the_scale(size, sign, rate):
    (after,) = run(Adam(rate), 0.0, [sign * size])
    # epsilon / sqrt(v) = 1e-8 / (0.0316 |g|)
    assert after == pytest.approx(-sign * rate, rel=4e-7 / size)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Adam(0.1, epsilon=1e-300),
        lambda: Adam(0.1, epsilon=1e-300, fast=True),
        lambda: RMSProp(0.1, epsilon=1e-300),
    ],
)
@given(power=st.integers(-200, 200), seed=st.integers(0, 2**32 - 1))
def test_gradients_of_another_scale_give_the_same_steps(make, power, seed):
    # a power of two scales the moments and the root without rounding; epsilon is below the last bit of the root
    rng = np.random.RandomState(seed)
    plain, scaled = [np.zeros(3)], [np.zeros(3)]
    one, two = make(), make()
    one.allocate(plain, plain)
    two.allocate(scaled, scaled)
    for _ in range(5):
        gradient = rng.uniform(0.5, 2, 3) * rng.choice([-1, 1], 3)
        one.step(plain, [gradient])
        two.step(scaled, [gradient * 2.0**power])
    assert np.array_equal(plain[0], scaled[0])
