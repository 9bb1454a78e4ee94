"""Values and derivatives of the activations, with an upstream gradient that is not one."""

import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workings.neural_network.activations import ACTIVATIONS, FastLogistic, LeakyRelu, activation_of

SQRT_2_PI = np.sqrt(2 / np.pi)

# written for complex numbers, independently of the code under test
FORMULAS = {
    "identity": lambda x: x,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "relu": lambda x: np.where(x.real > 0, x, 0),
    "leaky_relu": lambda x: np.where(x.real > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x.real > 0, x, np.exp(x) - 1),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x / 2 * (1 + np.tanh(SQRT_2_PI * (x + 0.044715 * x**3))),
    "exp": np.exp,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
}

# the same in 60 digits, by element
EXACT = {
    "identity": lambda x: x,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "leaky_relu": lambda x: max(x, mpmath.mpf(0.01) * x),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x / (1 + mpmath.exp(-2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf(0.044715) * x**3))),
    "exp": mpmath.exp,
}
LOGISTIC = EXACT["logistic"]
ROOT = mpmath.sqrt(2 / mpmath.pi)
SLOPES = {
    "identity": lambda x: mpmath.mpf(1),
    "logistic": lambda x: LOGISTIC(x) * LOGISTIC(-x),
    "tanh": lambda x: mpmath.sech(x) ** 2,
    "relu": lambda x: mpmath.mpf(int(x > 0)),
    "leaky_relu": lambda x: mpmath.mpf(1 if x > 0 else 0.01),
    "elu": lambda x: mpmath.mpf(1) if x > 0 else mpmath.exp(x),
    "softplus": LOGISTIC,
    "silu": lambda x: LOGISTIC(x) * (1 + x * LOGISTIC(-x)),
    "gelu": lambda x: (
        LOGISTIC(2 * ROOT * (x + mpmath.mpf(0.044715) * x**3))
        * (
            1
            + x
            * LOGISTIC(-2 * ROOT * (x + mpmath.mpf(0.044715) * x**3))
            * 2
            * ROOT
            * (1 + 3 * mpmath.mpf(0.044715) * x**2)
        )
    ),
    "exp": mpmath.exp,
}

# f' from f: where f has come near 1 or -1, 1 - f or 1 - f² keeps only an absolute error of an ulp of 1
FROM_VALUE = {"logistic", "tanh", "elu", "softplus"}


def of(activation):
    return activation_of(activation)


def applied(activation, x):
    z = x.copy()
    of(activation).apply(z)
    return z


def backward(activation, x, upstream):
    """The derivative by x; both arguments as in a network, where what is kept may be overwritten."""
    delta = upstream.copy()
    of(activation).backward(delta, x.copy() if of(activation).needs_input else applied(activation, x))
    return delta


def upstream_of(rng, shape):
    return rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape)


def test_every_activation_is_proved():
    assert FORMULAS.keys() == ACTIVATIONS.keys()
    assert EXACT.keys() == SLOPES.keys() == ACTIVATIONS.keys() - {"softmax"}


@pytest.mark.parametrize("name", FORMULAS)
def test_values(name):
    x = np.random.RandomState(0).uniform(-4, 4, (50, 3))
    # what the formulas lose by cancellation below 0 is an absolute error
    np.testing.assert_allclose(applied(name, x), FORMULAS[name](x), rtol=4e-15, atol=4e-16)


@pytest.mark.parametrize("name", FORMULAS)
def test_derivative_by_complex_step(name):
    rng = np.random.RandomState(1)
    x = rng.uniform(-3, 3, (50, 3))
    upstream = upstream_of(rng, x.shape)
    if name == "softmax":
        exact = np.empty_like(x)
        for column in range(3):
            step = x.astype(complex)
            step[:, column] += 1e-30j
            exact[:, column] = (upstream * FORMULAS[name](step).imag / 1e-30).sum(axis=1)
    else:
        exact = upstream * FORMULAS[name](x + 1e-30j).imag / 1e-30
    # an ulp of tanh(3) is 200 ulps of 1 - tanh(3)^2; NumPy promises tanh to a few ulps; softmax's sums cancel
    np.testing.assert_allclose(backward(name, x, upstream), exact, rtol=2e-13, atol=1e-15)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_activations_themselves_take_a_complex_step(name):
    rng = np.random.RandomState(3)
    x = np.concatenate([rng.uniform(-30, 30, (40, 3)), [[-1e3, 1e3, 1.0], [-720.0, 300.0, 5.0]]])
    x = x if name != "exp" else np.minimum(x, 700)
    direction = upstream_of(rng, x.shape)
    z = applied(name, x + 1e-30j * direction)
    np.testing.assert_allclose(z.real, applied(name, x), rtol=1e-14, atol=1e-300)
    # for a symmetric Jacobian, which all of them have, the derivative along a direction is backward of the direction
    np.testing.assert_allclose(z.imag / 1e-30, backward(name, x, direction), rtol=1e-12, atol=3e-15)


@pytest.mark.parametrize("name", FORMULAS)
def test_derivative_by_central_differences(name):
    rng = np.random.RandomState(2)
    x = rng.uniform(0.1, 2, (20, 3)) * rng.choice([-1, 1], (20, 3))  # clear of the kinks
    upstream = upstream_of(rng, x.shape)
    h = 1e-5
    slope = np.empty_like(x)
    for column in range(3):
        step = np.zeros_like(x)
        step[:, column] = h
        change = (applied(name, x + step) - applied(name, x - step)) / (2 * h)
        slope[:, column] = (upstream * change).sum(axis=1)
    # truncation h^2 f'''/6 < 2e-10, rounding 3e-15/h
    np.testing.assert_allclose(backward(name, x, upstream), slope, rtol=0, atol=1e-9)


@pytest.mark.parametrize("slope", [0.001, 0.1, 0.5])
def test_leaky_relu_of_other_slopes(slope):
    x = np.array([[-2.0, -1e-3, 1e-3, 3.0]])
    upstream = np.array([[1.5, -2.0, 0.25, -3.0]])
    np.testing.assert_array_equal(applied(LeakyRelu(slope), x), [[-2 * slope, -1e-3 * slope, 1e-3, 3.0]])
    np.testing.assert_array_equal(backward(LeakyRelu(slope), x, upstream), [[1.5 * slope, -2.0 * slope, 0.25, -3.0]])


def softmax_jacobian(x):
    """∂p_i/∂x_j = p_i (δ_ij - p_j), a matrix a row."""
    p = FORMULAS["softmax"](x)
    return p[:, :, np.newaxis] * (np.eye(x.shape[1]) - p[:, np.newaxis, :])


def test_softmax_multiplies_with_its_jacobian():
    rng = np.random.RandomState(4)
    x = rng.uniform(-3, 3, (30, 5))
    upstream = upstream_of(rng, x.shape)
    exact = np.einsum("nij,ni->nj", softmax_jacobian(x), upstream)
    np.testing.assert_allclose(backward("softmax", x, upstream), exact, rtol=1e-13, atol=1e-15)
    # an upstream gradient of ones, the mistake that tests of other libraries make, would show nothing at all
    np.testing.assert_allclose(backward("softmax", x, np.ones_like(x)), 0, atol=1e-15)


FINITE = [0.0, -0.0, 1e-310, -1e-310, 1e-9, -1e-9, 0.7, -0.7, 3, -3, 6, -6, 20, -20, 40, -40, 100, -100, 700, -700]


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_slopes_over_the_whole_range(name, dtype):
    x = np.array([*FINITE, 745, -745, 1e3, -1e3], dtype).reshape(1, -1)
    if name == "exp":
        x = x[x < (709 if dtype == np.float64 else 88)].reshape(1, -1)
    upstream = np.full_like(x, -1.75)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, slope = applied(name, x), backward(name, x, upstream)
    assert value.dtype == slope.dtype == dtype
    eps, tiny = (float(getattr(np.finfo(dtype), part)) for part in ("eps", "tiny"))
    with mpmath.workdps(60):
        for i, point in enumerate(x.ravel()):
            exact = EXACT[name](mpmath.mpf(float(point)))
            slope_there = -mpmath.mpf(1.75) * SLOPES[name](mpmath.mpf(float(point)))
            # an exponential of x is x ulps of its argument's rounding off; tiny: digits lost to underflow
            error = (10 + abs(float(point))) * eps
            if name == "gelu" and abs(point) < 100:
                error *= 1 + 2 * float(point) ** 2  # of 2 u, whose cubic term grows as x³
            assert abs(value[0, i] - exact) <= error * abs(exact) + tiny, (point, value[0, i])
            lost = 4 * eps if name in FROM_VALUE else 0.0
            assert abs(slope[0, i] - slope_there) <= error * abs(slope_there) + tiny + lost, (point, slope[0, i])


# f(-inf), f(inf), f'(-inf), f'(inf)
LIMITS = {
    "identity": (-np.inf, np.inf, 1, 1),
    "logistic": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, np.inf, 0, 1),
    "leaky_relu": (-np.inf, np.inf, 0.01, 1),
    "elu": (-1, np.inf, 0, 1),
    "softplus": (0, np.inf, 0, 1),
    "silu": (0, np.inf, 0, 1),
    "gelu": (0, np.inf, 0, 1),
    "exp": (0, np.inf, 0, np.inf),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("far", [np.inf, 1e30])
def test_the_ends(name, dtype, far):
    x = np.array([[-far, far]], dtype)
    low, high, slope_low, slope_high = LIMITS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error" if name != "exp" else "ignore")  # exp(1e30) does overflow
        value, slope = applied(name, x), backward(name, x, np.array([[-2.0, 2.0]], dtype))
    ends = [[low if np.isfinite(low) or name == "exp" else x[0, 0], high if np.isfinite(high) else x[0, 1]]]
    if name == "exp":
        ends = [[0, np.inf]]
    if name == "leaky_relu":
        ends[0][0] = dtype(0.01) * x[0, 0]
    np.testing.assert_array_equal(value, np.array(ends, dtype))
    np.testing.assert_array_equal(slope, np.array([[-2 * slope_low, 2 * slope_high]], dtype))


@pytest.mark.parametrize("name", ["silu", "gelu"])
def test_the_negative_end_keeps_its_sign(name):
    value = applied(name, np.array([[-1e3, -np.inf]]))
    assert (value == 0).all()
    assert np.signbit(value).all()


@pytest.mark.parametrize("name", FORMULAS)
def test_a_missing_value_stays_missing(name):
    assert np.isnan(applied(name, np.array([[np.nan, 1.0]]))[0, 0])


def test_the_fast_logistic_is_the_logistic():
    x = np.random.RandomState(0).uniform(-40, 40, (40, 3))
    np.testing.assert_allclose(applied(FastLogistic(), x), applied("logistic", x), rtol=4e-16)


def test_no_activation_of_that_name():
    with pytest.raises(ValueError, match="no activation 'sine'; choose one of"):
        activation_of("sine")


def test_relu_has_no_slope_at_zero_even_under_overflow():
    delta = np.array([[np.inf, -np.inf, 2.0]])
    ACTIVATIONS["relu"].backward(delta, np.array([[0.0, 0.0, 5.0]]))
    np.testing.assert_array_equal(delta, [[0.0, 0.0, 2.0]])


@given(arrays(np.float64, (3, 4), elements=st.floats(-700, 700)), st.floats(-50, 50))
def test_softmax_is_a_distribution_and_ignores_a_shift(x, shift):
    p = applied("softmax", x)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-14)
    assert (p >= 0).all()
    # the shift itself is rounded: exp magnifies an error of 1e-13 in x to 1e-13 in p
    np.testing.assert_allclose(applied("softmax", x + shift), p, rtol=1e-12, atol=1e-300)


@given(arrays(np.float64, (4,), elements=st.floats(-30, 30)))
def test_logistic_is_symmetric_and_rises(x):
    z = applied("logistic", x)
    np.testing.assert_allclose(z + applied("logistic", -x), 1.0, rtol=3e-16)
    assert (np.diff(applied("logistic", np.sort(x))) >= 0).all()


@given(arrays(np.float64, (2, 4), elements=st.floats(-1e6, 1e6)))
def test_softplus_lies_above_relu_and_silu_and_gelu_below(x):
    relu = applied("relu", x)
    assert (applied("softplus", x) >= relu).all()
    for name in ("silu", "gelu"):
        value = applied(name, x)
        assert (value <= relu).all()
        assert (value >= -0.3).all()  # their minima are -0.278 and -0.170
