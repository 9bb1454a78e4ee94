"""L-BFGS beside scipy.optimize, which runs the published L-BFGS-B code."""

import io

import numpy as np
import pytest
import scipy.optimize
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workings.optimize import LBFGS, LBFGSState, MoreThuente


def rosenbrock(x):
    return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)


def bowl(x):
    return float(x @ x), 2 * x


def quadratic(A):
    return lambda x: (0.5 * x @ A @ x - x.sum(), A @ x - 1)


def reference(objective, x0, **options):
    return scipy.optimize.minimize(objective, x0, jac=True, method="L-BFGS-B", options=options)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [2, 5, 20, 50])
def test_the_same_path_on_rosenbrock(n, seed):
    # fifteen iterations: long enough to fill the memory, too short for rounding to part the paths
    x0 = np.random.RandomState(seed).randn(n) * 2
    ours = LBFGS(max_iterations=15).minimise(rosenbrock, x0)
    theirs = reference(rosenbrock, x0, maxiter=15)
    assert (ours.n_iterations, ours.n_evaluations, ours.status) == (theirs.nit, theirs.nfev, theirs.status)
    assert ours.value == pytest.approx(theirs.fun, rel=1e-6)


@pytest.mark.parametrize("n", [2, 20])
def test_the_minimum_of_rosenbrock(n):
    ours = LBFGS(gradient_tolerance=1e-9, decrease_tolerance=0.0).minimise(rosenbrock, np.full(n, 1.5))
    assert ours.converged
    np.testing.assert_allclose(ours.x, 1.0, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_quadratics_against_the_exact_minimiser(seed):
    rng = np.random.RandomState(seed)
    factor = rng.randn(6, 6)
    A = factor @ factor.T + 0.1 * np.eye(6)
    # a smaller gradient than 1e-6 could not be told from rounding of the values, which are about 1
    ours = LBFGS(gradient_tolerance=1e-6, decrease_tolerance=0.0).minimise(quadratic(A), np.zeros(6))
    theirs = reference(quadratic(A), np.zeros(6), gtol=1e-6, ftol=0.0)
    assert ours.reason == theirs.message == "CONVERGENCE: NORM OF PROJECTED GRADIENT <= PGTOL"
    # the gradient is at most 1e-6 a component, so the error at most |A^-1| times that
    bound = np.sqrt(6) * 1e-6 / np.linalg.eigvalsh(A).min()
    assert np.linalg.norm(ours.x - np.linalg.solve(A, np.ones(6))) <= bound
    assert abs(ours.n_iterations - theirs.nit) <= 3


def test_one_memory_pair_and_many_agree_on_the_answer():
    A = np.diag([1.0, 10.0, 100.0])
    for memory in (1, 3, 10):
        x = LBFGS(memory=memory, gradient_tolerance=1e-9, decrease_tolerance=0.0).minimise(quadratic(A), np.ones(3)).x
        np.testing.assert_allclose(x, [1.0, 0.1, 0.01], atol=1e-9)


def test_it_stops_at_once_at_a_minimum():
    x0 = np.zeros(3)
    minimum = LBFGS().minimise(bowl, x0)
    assert (minimum.n_iterations, minimum.n_evaluations, minimum.status) == (0, 1, 0)
    assert not np.shares_memory(minimum.x, x0)


def test_limits_and_their_reasons():
    x0 = np.array([-1.2, 1.0])
    stopped = LBFGS(max_iterations=3).minimise(rosenbrock, x0)
    assert (stopped.n_iterations, stopped.status) == (3, 1)
    assert stopped.reason == "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"
    stopped = LBFGS(max_evaluations=5).minimise(rosenbrock, x0)
    theirs = reference(rosenbrock, x0, maxfun=5)
    assert (stopped.n_evaluations, stopped.n_iterations, stopped.status) == (theirs.nfev, theirs.nit, 1)
    assert stopped.reason == theirs.message


@pytest.mark.parametrize("seed", range(5))
def test_a_small_decrease_ends_it_where_l_bfgs_b_ends(seed):
    rng = np.random.RandomState(seed)
    A = np.diag(rng.uniform(1.0, 3.0, 30))
    kept = []
    ours = LBFGS(gradient_tolerance=0.0).minimise(quadratic(A), rng.randn(30), kept.append)
    theirs = reference(quadratic(A), kept[0].x - kept[0].pairs[0].step, gtol=0.0)
    assert ours.reason == theirs.message == "CONVERGENCE: RELATIVE REDUCTION OF F <= FACTR*EPSMCH"
    assert (ours.n_iterations, ours.n_evaluations) == (theirs.nit, theirs.nfev)
    # the state knows that it is the end
    assert LBFGS(gradient_tolerance=0.0).minimise(None, kept[-1]).n_iterations == ours.n_iterations


def test_after_a_failed_line_search_it_goes_on_from_steepest_descent_as_l_bfgs_b_does():
    def disturbed():
        # the evaluations 14 to 33, a whole line search from the point of the thirteenth, find a cone about it
        points = []

        def objective(x):
            points.append(x.copy())
            if 14 <= len(points) <= 33:
                value, gradient = rosenbrock(points[12])
                return value + 0.02 * np.linalg.norm(x - points[12]), gradient
            return rosenbrock(x)

        return objective

    x0 = np.array([-1.2, 1.0, 0.3])
    pairs = []
    ours = LBFGS(max_iterations=15).minimise(disturbed(), x0, lambda state: pairs.append(len(state.pairs)))
    theirs = reference(disturbed(), x0, maxiter=15)
    assert (ours.n_iterations, ours.n_evaluations) == (theirs.nit, theirs.nfev) == (15, ours.n_evaluations)
    assert ours.value == pytest.approx(theirs.fun, rel=1e-6)
    # forgotten in the middle, and gathered again
    assert pairs.count(1) == 2


def test_a_wrong_gradient_is_reported_and_not_hidden():
    minimum = LBFGS().minimise(lambda x: (float(x @ x), -2 * x), np.array([1.0, 2.0]))
    assert (minimum.converged, minimum.status, minimum.n_iterations) == (False, 2, 0)
    np.testing.assert_array_equal(minimum.x, [1.0, 2.0])


def test_every_iteration_is_watched_and_lowers_the_value():
    values = []
    minimum = LBFGS().minimise(rosenbrock, np.array([-1.2, 1.0]), lambda state: values.append(state.value))
    assert len(values) == minimum.n_iterations
    assert np.all(np.diff([rosenbrock(np.array([-1.2, 1.0]))[0], *values]) < 0)
    assert values[-1] == minimum.value


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_the_gradient_is_small_wherever_it_converges(seed, n):
    rng = np.random.RandomState(seed)
    A = np.diag(rng.uniform(0.5, 20.0, n))
    minimum = LBFGS(gradient_tolerance=1e-6, decrease_tolerance=0.0).minimise(quadratic(A), rng.randn(n))
    assert minimum.reason.startswith("CONVERGENCE: NORM")
    assert np.abs(A @ minimum.x - 1).max() <= 1e-6


def same_state(one, other):
    one, other = one.arrays(), other.arrays()
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_the_value_of_a_convex_quadratic_never_rises(seed, n):
    rng = np.random.RandomState(seed)
    factor = rng.randn(n, n)
    A = factor @ factor.T + 1e-3 * np.eye(n)
    x0 = 10 * rng.randn(n)
    values = [quadratic(A)(x0)[0]]
    LBFGS(max_iterations=100).minimise(quadratic(A), x0, lambda state: values.append(state.value))
    # where the steps are below rounding, so are the differences of the values
    rounding = 8 * n * np.finfo(float).eps * max(np.abs(values).max(), 1.0)
    assert np.diff(values).max(initial=0.0) <= rounding


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(8)), st.integers(0, 10**6))
def test_the_order_of_the_coordinates_does_not_matter(order, seed):
    # numbers of few bits, so that sums of squares and products are exact in any order for the first iterations; then
    # rounding may differ, but a well-conditioned bowl converges long before it has grown
    rng = np.random.RandomState(seed)
    scales, x0 = rng.randint(1, 5, 8).astype(float), rng.randint(-4, 5, 8).astype(float)
    order = list(order)

    def objective(scales):
        return lambda x: (float(0.5 * x @ (scales * x)), scales * x)

    plain = LBFGS().minimise(objective(scales), x0)
    mixed = LBFGS().minimise(objective(scales[order]), x0[order])
    assert (plain.n_iterations, plain.n_evaluations) == (mixed.n_iterations, mixed.n_evaluations)
    np.testing.assert_allclose(plain.x[order], mixed.x, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 40))
@example(seed=0, n=5, interrupted=1)
@example(seed=1, n=12, interrupted=30)
def test_resumption_at_any_iteration_gives_the_same_bits(seed, n, interrupted):
    x0 = 2 * np.random.RandomState(seed).randn(n)
    whole = LBFGS().minimise(rosenbrock, x0)
    kept = []

    def watch(state):
        kept.append(state)
        if state.n_iterations == interrupted:
            raise KeyboardInterrupt

    try:
        LBFGS().minimise(rosenbrock, x0, watch)
    except KeyboardInterrupt:
        assert kept[-1].n_iterations == interrupted
    file = io.BytesIO()
    np.savez(file, **kept[-1].arrays())
    file.seek(0)
    with np.load(file) as arrays:
        state = LBFGSState.from_arrays(arrays)
    assert same_state(state, kept[-1])
    resumed = LBFGS().minimise(rosenbrock, state)
    assert resumed.reason == whole.reason
    assert same_state(resumed.state, whole.state)


def test_an_objective_that_is_interrupted_leaves_the_last_whole_iteration():
    x0 = np.array([-1.2, 1.0, 0.5])
    whole = LBFGS().minimise(rosenbrock, x0)
    for evaluations in range(2, whole.n_evaluations):
        calls, kept = [], []

        def objective(x, calls=calls, limit=evaluations):
            calls.append(x)
            if len(calls) > limit:
                raise KeyboardInterrupt
            return rosenbrock(x)

        with pytest.raises(KeyboardInterrupt):
            LBFGS().minimise(objective, x0, kept.append)
        assert same_state(LBFGS().minimise(rosenbrock, kept[-1] if kept else x0).state, whole.state)


def test_wider_limits_go_on_from_the_state_of_a_minimum():
    x0 = np.full(6, -1.0)
    whole = LBFGS(max_iterations=25).minimise(rosenbrock, x0)
    short = LBFGS(max_iterations=10).minimise(rosenbrock, x0)
    assert (short.n_iterations, short.status) == (10, 1)
    assert same_state(LBFGS(max_iterations=25).minimise(rosenbrock, short.state).state, whole.state)
    # and a minimum is where it ends again, without an evaluation
    end = LBFGS().minimise(rosenbrock, x0)
    assert LBFGS().minimise(None, end.state) == end


def test_states_with_missing_or_misshapen_arrays():
    arrays = LBFGS(max_iterations=3).minimise(rosenbrock, np.full(4, 2.0)).state.arrays()
    with pytest.raises(ValueError, match="missing: steps, n_iterations"):
        LBFGSState.from_arrays({name: arrays[name] for name in arrays.keys() - {"steps", "n_iterations"}})
    for name in ("gradient", "steps", "differences"):
        with pytest.raises(ValueError, match=f"{name} has shape"):
            LBFGSState.from_arrays({**arrays, name: arrays[name][..., :-1]})


def test_a_state_is_a_copy_and_not_changed_by_going_on():
    kept = []
    LBFGS(max_iterations=20).minimise(rosenbrock, np.full(4, 2.0), lambda state: kept.append((state, state.arrays())))
    for state, arrays in kept:
        for name, array in state.arrays().items():
            np.testing.assert_array_equal(array, arrays[name])
            assert not np.shares_memory(array, state.x)
            assert not np.shares_memory(array, state.gradient)


def test_an_objective_may_reuse_its_gradient_and_keep_its_points():
    buffer, points, values = np.empty(5), [], []

    def objective(x):
        value, buffer[:] = rosenbrock(x)
        points.append(x)
        values.append(value)
        return value, buffer

    x0 = np.full(5, -1.5)
    given_x0 = x0.copy()
    minimum, plain = LBFGS().minimise(objective, x0), LBFGS().minimise(rosenbrock, x0)
    assert same_state(minimum.state, plain.state)
    np.testing.assert_array_equal(x0, given_x0)
    assert [rosenbrock(point)[0] for point in points] == values


def test_a_number_is_one_coordinate_and_nothing_is_a_minimum():
    minimum = LBFGS().minimise(lambda x: (float((x[0] - 3) ** 2), 2 * (x - 3)), 1.0)
    assert minimum.x.shape == (1,)
    assert minimum.x[0] == pytest.approx(3.0, abs=1e-6)
    nothing = LBFGS().minimise(lambda x: (5.0, x), [])
    assert (nothing.converged, nothing.value, nothing.x.shape) == (True, 5.0, (0,))


@pytest.mark.parametrize(
    ("objective", "x0", "message"),
    [
        (bowl, [1.0, np.nan], "x0 is not finite"),
        (bowl, [[1.0, 2.0]], r"x0 has shape \(1, 2\)"),
        (lambda x: (np.inf, 2 * x), [1.0, 2.0], "its value is inf, and 0 of 2"),
        (lambda x: (1.0, x * np.nan), [1.0, 2.0], "its value is 1.0, and 2 of 2"),
        (lambda x: (1.0, np.ones(3)), [1.0, 2.0], r"gradient has shape \(3,\), but there are 2 parameters"),
        (lambda x: (1.0, x[:, np.newaxis]), [1.0, 2.0], r"gradient has shape \(2, 1\)"),
    ],
)
def test_starts_that_make_no_sense(objective, x0, message):
    with pytest.raises(ValueError, match=message):
        LBFGS().minimise(objective, x0)


@pytest.mark.parametrize("wrong", [{"memory": 0}, {"gradient_tolerance": -1.0}, {"decrease_tolerance": np.nan}])
def test_parameters_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match=r"memory has to be a whole number|must not be negative"):
        LBFGS(**wrong)


def test_a_gradient_that_changes_its_shape_later():
    calls = []

    def objective(x):
        calls.append(x)
        return float(x @ x), 2 * x if len(calls) < 2 else np.ones(1)

    with pytest.raises(ValueError, match=r"gradient has shape \(1,\)"):
        LBFGS().minimise(objective, [3.0, 4.0])


@pytest.mark.parametrize("outside", [(np.inf, np.inf), (np.nan, np.nan), (-np.inf, 1.0), (0.0, np.nan)])
def test_a_step_out_of_the_domain_is_taken_back(outside):
    # the logarithm's barrier: minimum of x - log x at 1, with the first step from 0.01 leading below zero
    def objective(x):
        if x[0] <= 0 or x[0] > 30:
            return outside[0], np.full(1, outside[1])
        return float(x[0] - np.log(x[0])), 1 - 1 / x

    for start in (0.01, 29.0):
        minimum = LBFGS(gradient_tolerance=1e-8, decrease_tolerance=0.0).minimise(objective, [start])
        assert minimum.converged
        assert minimum.x[0] == pytest.approx(1.0, abs=1e-7)


def test_an_objective_that_is_finite_nowhere_else():
    def objective(x):
        return (1.0, np.ones(2)) if not x.any() else (np.nan, np.full(2, np.nan))

    minimum = LBFGS().minimise(objective, np.zeros(2))
    assert (minimum.status, minimum.converged, minimum.n_iterations) == (2, False, 0)
    assert minimum.reason == "ABNORMAL: THE OBJECTIVE IS NOT FINITE ALONG THE LINE"
    assert (minimum.value, minimum.n_evaluations) == (1.0, 21)
    np.testing.assert_array_equal(minimum.x, 0.0)


def test_the_last_finite_point_is_kept_when_the_objective_breaks_down():
    calls = []

    def objective(x):
        calls.append(x)
        return rosenbrock(x) if len(calls) <= 12 else (np.nan, np.full(3, np.nan))

    kept = []
    minimum = LBFGS().minimise(objective, np.array([-1.2, 1.0, 2.0]), kept.append)
    assert minimum.reason.startswith("ABNORMAL")
    assert minimum.x is kept[-1].x
    assert minimum.value == rosenbrock(minimum.x)[0]


@pytest.mark.filterwarnings("ignore:overflow encountered in dot:RuntimeWarning")
def test_a_gradient_whose_square_overflows_is_no_convergence():
    minimum = LBFGS().minimise(lambda x: (float(1e200 * np.abs(x).sum()), 1e200 * np.sign(x)), [1.0, -1.0])
    assert (minimum.converged, minimum.status) == (False, 2)


def test_without_curvature_no_pair_is_kept():
    # a plane has none; the search ends at its longest step
    solver = LBFGS(max_iterations=3, line_search=MoreThuente(longest=8.0))
    minimum = solver.minimise(lambda x: (float(-x.sum()), -np.ones(2)), np.zeros(2))
    assert minimum.state.pairs == ()
    assert minimum.n_iterations == 3


def test_no_more_pairs_than_the_memory_holds():
    lengths = []
    LBFGS(memory=3).minimise(rosenbrock, np.full(6, -1.0), lambda state: lengths.append(len(state.pairs)))
    assert lengths[:5] == [1, 2, 3, 3, 3]
