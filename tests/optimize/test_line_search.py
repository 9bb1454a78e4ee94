"""Moré and Thuente's line search on their own test functions (1994, section 5)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize._dcsrch import DCSRCH

from workings.optimize import MoreThuente


def rational(a, beta=2.0):  # equation 5.1
    return -a / (a * a + beta), (a * a - beta) / (a * a + beta) ** 2


def quintic(a, beta=0.004):  # equation 5.2
    s = a + beta
    return s**5 - 2 * s**4, 5 * s**4 - 8 * s**3


def wiggly(a, beta=0.01, waves=39):  # equation 5.3
    argument = waves * math.pi / 2 * a
    ripple = 2 * (1 - beta) / (waves * math.pi) * math.sin(argument)
    slope = (1 - beta) * math.cos(argument)
    if a <= 1 - beta:
        return 1 - a + ripple, -1 + slope
    if a >= 1 + beta:
        return a - 1 + ripple, 1 + slope
    return (a - 1) ** 2 / (2 * beta) + beta / 2 + ripple, (a - 1) / beta + slope


def yanai(a, beta_1, beta_2):  # equation 5.4
    def gamma(beta):
        return math.sqrt(1 + beta**2) - beta

    def root(shift, beta):
        return math.sqrt(shift**2 + beta**2)

    value = gamma(beta_1) * root(1 - a, beta_2) + gamma(beta_2) * root(a, beta_1)
    slope = gamma(beta_1) * (a - 1) / root(1 - a, beta_2) + gamma(beta_2) * a / root(a, beta_1)
    return value, slope


# Tables I to VI: parameters mu and eta, then the number of evaluations for the first trials 1e-3, 1e-1, 1e1, 1e3
TABLES = {
    "I": (rational, 1e-3, 1e-1, (6, 3, 1, 4)),
    "II": (quintic, 1e-1, 1e-1, (12, 8, 8, 11)),
    "III": (wiggly, 1e-1, 1e-1, (12, 12, 10, 13)),
    "IV": (lambda a: yanai(a, 1e-3, 1e-3), 1e-3, 1e-3, (4, 1, 3, 4)),
    "V": (lambda a: yanai(a, 1e-2, 1e-3), 1e-3, 1e-3, (6, 3, 7, 8)),
    "VI": (lambda a: yanai(a, 1e-3, 1e-2), 1e-3, 1e-3, (13, 11, 8, 11)),
}


@pytest.mark.parametrize("table", TABLES)
def test_the_tables_of_the_paper(table):
    phi, mu, eta, counts = TABLES[table]
    value, slope = phi(0.0)
    search = MoreThuente(decrease=mu, curvature=eta, interval=0.0)
    for first, count in zip((1e-3, 1e-1, 1e1, 1e3), counts, strict=True):
        found = search.search(phi, value, slope, first)
        assert found.reason == "converged"
        assert found.value <= value + mu * found.step * slope
        assert abs(found.slope) <= eta * abs(slope)
        assert found.n_evaluations == count, (first, found)


def test_a_step_that_meets_both_conditions_is_taken():
    calls = []

    def phi(a):
        calls.append(a)
        return (a - 1) ** 2, 2 * (a - 1)

    found = MoreThuente().search(phi, 1.0, -2.0, 0.9)
    assert (found.step, calls, found.n_evaluations) == (0.9, [0.9], 1)


def test_no_descent_no_search():
    found = MoreThuente().search(lambda a: (a, 1.0), 0.0, 1.0, 1.0)
    assert (found.failed, found.reason, found.n_evaluations) == (True, "not descending", 0)
    for slope in (math.nan, -math.inf):
        assert MoreThuente().search(lambda a: (a, 1.0), 0.0, slope, 1.0).reason == "not descending"


def test_a_line_without_end_stops_at_the_longest_step():
    found = MoreThuente(longest=100.0, max_evaluations=50).search(lambda a: (-a, -1.0), 0.0, -1.0, 1.0)
    assert (found.step, found.reason, found.failed) == (100.0, "longest step", False)


def test_a_wrong_derivative_is_reported():
    found = MoreThuente().search(lambda a: (a, -1.0), 0.0, -1.0, 1.0)
    assert found.reason in ("interval too small", "evaluations")
    assert found.value > 0  # and nothing was gained


def test_a_step_into_overflow_is_taken_back():
    def phi(a):
        return (math.inf, math.nan) if a > 0.3 else ((a - 0.25) ** 2, 2 * (a - 0.25))

    found = MoreThuente(curvature=0.1).search(phi, 0.0625, -0.5, 1.0)
    assert found.reason == "converged"
    assert found.step == pytest.approx(0.25, abs=0.02)


def test_a_function_that_is_finite_nowhere_fails_after_all_evaluations():
    calls = []

    def phi(a):
        calls.append(a)
        return math.nan, math.nan

    found = MoreThuente(max_evaluations=7).search(phi, 0.0, -1.0, 1.0)
    assert (found.failed, found.reason, found.n_evaluations) == (True, "evaluations", 7)
    np.testing.assert_array_equal(calls, 0.5 ** np.arange(7))


@pytest.mark.parametrize("beyond", [(math.nan, 0.0), (0.0, math.nan), (math.inf, 1.0), (-math.inf, 0.0)])
def test_what_is_not_finite_is_never_the_answer(beyond):
    # steep up to 1, where the domain ends: the bracket shrinks onto the best finite step
    def phi(a):
        return (-a, -1.0) if a <= 1 else beyond

    found = MoreThuente().search(phi, 0.0, -1.0, 1.0)
    assert (found.step, found.value, found.slope) == (1.0, -1.0, -1.0)
    assert (found.failed, found.reason) == (False, "interval too small")


def test_the_best_step_is_not_evaluated_twice_in_a_row():
    for seed in range(300):
        phi, steps = bumpy(seed), []
        value, slope = phi(0.0)
        if slope < 0:
            search = MoreThuente(curvature=1e-3)
            found = search.search(lambda a, phi=phi, steps=steps: (steps.append(a), phi(a))[1], value, slope, 1.0)
            assert np.all(np.diff(steps) != 0)
            assert (found.n_evaluations, found.step) == (len(steps), steps[-1])
            assert (found.value, found.slope) == phi(found.step)


@pytest.mark.parametrize(
    "wrong",
    [{"decrease": -0.1}, {"curvature": 1.0}, {"interval": math.nan}, {"longest": 0.0}, {"max_evaluations": 0}],
)
def test_parameters_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match="A line search needs"):
        MoreThuente(**wrong)


@pytest.mark.parametrize("first", [0.0, -1.0, math.nan])
def test_a_first_trial_that_is_no_step(first):
    with pytest.raises(ValueError, match="first trial step must be above 0"):
        MoreThuente().search(lambda a: (a, 1.0), 0.0, -1.0, first)


@given(st.floats(0.01, 100), st.floats(0.1, 10), st.floats(0.001, 100))
def test_both_conditions_hold_on_any_parabola(minimiser, curvature, first):
    def phi(a):
        return curvature * (a - minimiser) ** 2, 2 * curvature * (a - minimiser)

    value, slope = phi(0.0)
    search = MoreThuente(decrease=1e-3, curvature=0.5, interval=1e-12, max_evaluations=40)
    found = search.search(phi, value, slope, first)
    assert found.reason == "converged"
    assert found.value <= value + 1e-3 * found.step * slope
    assert abs(found.slope) <= 0.5 * abs(slope)


def bumpy(seed):
    """A random function that falls at 0 and rises in the end."""
    rng = np.random.RandomState(seed)
    size, wave, phase, width = rng.uniform(0.05, 1.0), rng.uniform(0.5, 8.0), rng.uniform(0, 6.28), rng.uniform(0.5, 5)

    def phi(a):
        ripple, slope = size * math.sin(wave * a + phase), size * wave * math.cos(wave * a + phase)
        return (a - width) ** 2 + ripple, 2 * (a - width) + slope

    return phi


@pytest.mark.parametrize("decrease", [1e-3, 0.1, 0.4])
def test_the_same_steps_as_minpack_in_scipy(decrease):
    # a large share of the slope asked for keeps the search on the paper's auxiliary function for long
    compared = 0
    for seed in range(300):
        phi = bumpy(seed)
        value, slope = phi(0.0)
        if not slope < 0:
            continue
        ours, theirs = [], []
        first = 10.0 ** np.random.RandomState(seed).uniform(-2, 1.5)
        MoreThuente(decrease=decrease, curvature=0.5).search(
            lambda a, phi=phi, steps=ours: (steps.append(a), phi(a))[1], value, slope, first
        )
        minpack = DCSRCH(
            lambda a, phi=phi, steps=theirs: (steps.append(a), phi(a)[0])[1],
            lambda a, phi=phi: phi(a)[1],
            ftol=decrease,
            gtol=0.5,
            xtol=0.1,
            stpmin=0.0,
            stpmax=1e10,
        )
        minpack(first, phi0=value, derphi0=slope, maxiter=20)
        # interpolation divides differences of values: some digits are lost on either side
        np.testing.assert_allclose(ours, theirs[: len(ours)], rtol=1e-8)
        compared += 1
    assert compared > 200
