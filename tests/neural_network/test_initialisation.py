"""Initial weights: their distribution, against the papers' formulas, and scikit-learn's draws."""

import numpy as np
import pytest
import scipy.stats

from workings.neural_network import Dense, Network
from workings.neural_network.initialisation import INITIALISATIONS, glorot_uniform
from workings.neural_network.parameters import Layout

FAN_IN, FAN_OUT = 150, 400

# Glorot and Bengio, equation 16: uniform on ±√6/√(in + out); He et al., equation 10: standard deviation √(2/in)
BOUNDS = {"glorot_uniform": np.sqrt(6) / np.sqrt(550), "he_uniform": np.sqrt(6) / np.sqrt(150)}
DEVIATIONS = {"glorot_normal": np.sqrt(2 / 550), "he_normal": np.sqrt(2 / 150)}
DISTRIBUTIONS = {name: scipy.stats.uniform(-bound, 2 * bound) for name, bound in BOUNDS.items()} | {
    name: scipy.stats.norm(0, deviation) for name, deviation in DEVIATIONS.items()
}


def draw(name, seed=0, shape=(FAN_IN, FAN_OUT)):
    return INITIALISATIONS[name].draw(*shape, np.random.RandomState(seed))


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_weights_have_the_distribution_of_the_paper(name):
    coef, _ = draw(name)
    assert coef.shape == (FAN_IN, FAN_OUT)
    assert coef.dtype == np.float64
    law = DISTRIBUTIONS[name]
    # five standard errors of the mean and of the variance of 60 000 draws, whose fourth moment is at most 3 variances²
    assert abs(coef.mean()) < 5 * law.std() / np.sqrt(coef.size)
    assert coef.var() == pytest.approx(law.var(), rel=5 * np.sqrt(2 / coef.size))
    # true with probability 0.999 for a right generator; a variance off by 5 % gives 1e-9
    assert scipy.stats.kstest(coef.ravel(), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", BOUNDS)
def test_uniform_weights_fill_their_bounds(name):
    coef, _ = draw(name)
    assert BOUNDS[name] * 0.999 < np.abs(coef).max() <= BOUNDS[name]


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_biases_are_zero_but_for_scikit_learns_own(name):
    _, intercept = draw(name)
    assert intercept.shape == (FAN_OUT,)
    if name == "glorot_uniform":
        assert BOUNDS[name] * 0.9 < np.abs(intercept).max() <= BOUNDS[name]
    else:
        assert not intercept.any()


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_a_seed_draws_the_same_weights_and_another_one_others(name):
    np.testing.assert_array_equal(draw(name)[0], draw(name)[0])
    assert not np.array_equal(draw(name)[0], draw(name, seed=1)[0])


def mean_square_through(initialisation, activation, depth=20, width=256):
    layers = [Dense(width, width, activation, initialisation=initialisation) for _ in range(depth)]
    network = Network(layers).initialise(0)
    return float(np.square(network.output(np.random.RandomState(1).randn(50, width))).mean())


def test_signals_keep_their_size_through_twenty_relu_layers_with_he_and_fade_with_glorot():
    # with weights of variance 2/n a relu layer keeps the mean square, with 2/(n + n) it halves it: 2^-20 = 1e-6.
    # Each of the twenty layers changes it at random by some √(5/256) = 14 %, together by a factor of 1.9
    for name in ("he_normal", "he_uniform"):
        assert 1 / 4 < mean_square_through(name, "relu") < 4
    assert mean_square_through("glorot_normal", "relu") < 1e-5
    # where biases of variance v = 2 / 512 are added, m <- (m + v) / 2 leads to m = v
    assert mean_square_through("glorot_uniform", "relu") == pytest.approx(1 / 256, rel=0.3)


def test_the_relu_family_begins_with_he_and_the_others_with_glorot():
    for activation in ("relu", "leaky_relu", "elu", "softplus", "silu", "gelu"):
        assert Dense(2, 2, activation).initialisation is INITIALISATIONS["he_normal"]
    for activation in ("identity", "logistic", "tanh", "softmax", "exp"):
        assert Dense(2, 2, activation).initialisation is INITIALISATIONS["glorot_uniform"]


def test_a_network_draws_layer_by_layer_weights_before_biases():
    layers = [Dense(3, 4, "tanh"), Dense(4, 5, "relu"), Dense(5, 2)]
    network = Network(layers).initialise(random_state=3)
    rng = np.random.RandomState(3)
    for layer, shape in enumerate([(3, 4), (4, 5), (5, 2)]):
        if layer == 1:
            np.testing.assert_array_equal(network.coefs[1], rng.normal(0, np.sqrt(2 / 4), shape))
            assert not network.intercepts[1].any()
            continue
        bound = np.sqrt(6 / sum(shape))
        np.testing.assert_array_equal(network.coefs[layer], rng.uniform(-bound, bound, shape))
        np.testing.assert_array_equal(network.intercepts[layer], rng.uniform(-bound, bound, shape[1]))


def test_glorot_uniform_layers_begin_as_scikit_learns_network():
    layers = [Dense(3, 4, "relu", initialisation="glorot_uniform"), Dense(4, 1, "logistic")]
    ours = Network(layers).initialise(5).parameters
    theirs = glorot_uniform(Layout([3, 4, 1]), "relu", np.random.RandomState(5), np.float64)
    np.testing.assert_array_equal(ours, theirs)


def test_single_precision_parameters_are_the_double_ones_rounded():
    layers = [Dense(3, 4, "relu"), Dense(4, 1)]
    double, single = (Network(layers).initialise(0, dtype).parameters.copy() for dtype in (np.float64, np.float32))
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_an_initialisation_of_ones_own():
    class Ones:
        def draw(self, fan_in, fan_out, rng):
            return np.ones((fan_in, fan_out)), np.full(fan_out, 2.0)

    network = Network([Dense(2, 3, initialisation=Ones())]).initialise()
    np.testing.assert_array_equal(network.output([[1.0, 1.0]]), [[4.0, 4.0, 4.0]])


def test_an_unknown_initialisation_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no initialisation 'he'; choose one of .*'he_normal'"):
        Dense(2, 2, initialisation="he")
