"""What theory predicts against what the iterations do, on data with a condition number of 470.

Rates are measured on the homogeneous problem, y = 0 with a start away from it: the error is then the coefficients
themselves, and no rounding floor ends the progress.
"""

from dataclasses import replace
from math import ceil, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.linear_model.descent.problems import (
    CENTRED,
    EIGENVECTORS,
    HESSIAN,
    KAPPA,
    MU,
    START,
    ZEROS,
    L,
    N,
    P,
    X,
    Y,
    run,
)

import workings
from workings.linear_model import ConjugateGradients, GradientDescent, HeavyBall, LinearRegression, Nesterov
from workings.linear_model.descent.theory import heavy_ball, long_run, nesterov

RHS = CENTRED.T @ (Y - Y.astype(np.longdouble).mean()) / N


def gradient_descent_path(rate, momentum, b, right):
    while True:
        b = b - rate * (HESSIAN @ b - right)
        yield b


def heavy_ball_path(rate, momentum, b, right):
    before = b
    while True:
        b, before = b - rate * (HESSIAN @ b - right) + momentum * (b - before), b
        yield b


def nesterov_path(rate, momentum, b, right):
    x = b
    while True:
        x, before = b - rate * (HESSIAN @ b - right), x
        b = x + momentum * (x - before)
        yield b


PATHS = [
    (GradientDescent(), gradient_descent_path),
    (GradientDescent(rate=0.1), gradient_descent_path),
    (HeavyBall(), heavy_ball_path),
    (HeavyBall(rate=0.2, momentum=0.5), heavy_ball_path),
    (Nesterov(), nesterov_path),
    (Nesterov(rate=0.2, momentum=0.5), nesterov_path),
]


@pytest.mark.parametrize(("solver", "path"), PATHS)
@pytest.mark.parametrize("homogeneous", [True, False])
def test_500_iterates_in_extended_precision(solver, path, homogeneous):
    start, y, right = (START, ZEROS, 0 * RHS) if homogeneous else (None, Y, RHS)
    solution, _, iterates = run(replace(solver, max_iter=500, tol=0.0, start=start), y)
    rate, momentum = np.longdouble(solution.theory.step), np.longdouble(solution.theory.momentum)
    b = np.zeros(P, np.longdouble) if start is None else start.astype(np.longdouble)
    assert len(iterates) == 500
    for got, want in zip(iterates, path(rate, momentum, b, right), strict=False):
        # u times the iterations, and times the condition number at worst
        assert np.linalg.norm(got - want) <= 1e-12 * max(np.linalg.norm(want), 0.01)


def test_gradient_descent_is_a_power_of_a_matrix():
    solution, _, iterates = run(GradientDescent(max_iter=500, tol=0.0))
    contraction = np.eye(P) - np.longdouble(solution.theory.step) * HESSIAN
    minimum = LinearRegression().fit(X, Y).coef_.astype(np.longdouble)
    error = minimum.copy()
    for iterate in iterates:
        error = contraction @ error
        assert np.linalg.norm(iterate - (minimum - error)) <= 1e-12 * np.linalg.norm(minimum)


def test_the_optimal_rate_of_gradient_descent_to_14_digits():
    _, table, _ = run(GradientDescent(start=START, max_iter=1000, tol=0.0), ZEROS)
    # by then the second slowest direction has vanished; a ratio of two norms carries a few roundings
    np.testing.assert_allclose(table["rate_measured"][500:], (KAPPA - 1) / (KAPPA + 1), rtol=1e-14)
    np.testing.assert_allclose(table["rate_predicted"], (KAPPA - 1) / (KAPPA + 1), rtol=1e-14)


def test_heavy_ball_with_its_jordan_correction():
    _, table, _ = run(HeavyBall(start=START, max_iter=3500, tol=0.0), ZEROS)
    rate = (sqrt(KAPPA) - 1) / (sqrt(KAPPA) + 1)
    k = table["iteration"].to_numpy()
    measured = table["rate_measured"].to_numpy()
    # the correction's own error is of the order 1/k²
    assert measured[-1] * k[-1] / (k[-1] + 1) == pytest.approx(rate, rel=1e-6)
    assert abs(measured[-1] / rate - 1) > 1e-4
    # with the prefactor 1 + growth k, eight digits
    assert measured[-1] == pytest.approx(table["rate_predicted"].iloc[-1], rel=1e-8)


def test_nesterov_with_its_jordan_correction():
    _, table, _ = run(Nesterov(start=START, max_iter=4000, tol=0.0), ZEROS)
    rate = 1 - 1 / sqrt(KAPPA)
    k = table["iteration"].to_numpy()
    measured = table["rate_measured"].to_numpy()
    assert measured[-1] * k[-1] / (k[-1] + 1) == pytest.approx(rate, rel=2e-6)
    np.testing.assert_allclose(measured[2000:], table["rate_predicted"][2000:], rtol=1e-13)


def test_the_optimum_of_nesterov_on_quadratics():
    rate, root = 4 / (3 * L + MU), sqrt(3 * KAPPA + 1)
    theory = Nesterov(rate=rate, momentum=(root - 2) / (root + 2)).theory(X, Y)
    assert theory.predicted_rate == pytest.approx(1 - 2 / root, rel=1e-13)
    assert theory.predicted_rate < Nesterov().theory(X, Y).predicted_rate


def test_parameters_are_polyaks_and_nesterovs():
    q = sqrt(KAPPA)
    theory = HeavyBall().theory(X, Y)
    assert theory.step == pytest.approx(4 / (sqrt(L) + sqrt(MU)) ** 2, rel=1e-13)
    assert theory.momentum == pytest.approx(((q - 1) / (q + 1)) ** 2, rel=1e-13)
    theory = Nesterov().theory(X, Y)
    assert theory.step == pytest.approx(1 / L, rel=1e-13)
    assert theory.momentum == pytest.approx((q - 1) / (q + 1), rel=1e-13)
    assert GradientDescent().theory(X, Y).step == pytest.approx(2 / (L + MU), rel=1e-13)


LIMITS = [
    (GradientDescent(), 2 / L),
    (HeavyBall(momentum=0.8), 2 * 1.8 / L),
    (Nesterov(momentum=0.8), 2 * 1.8 / (2.6 * L)),
]


@pytest.mark.parametrize(("solver", "limit"), LIMITS)
def test_a_thousandth_below_the_limit_shrinks_and_above_it_grows(solver, limit):
    # along the steepest direction alone, whose factor decides at the limit
    steepest = replace(solver, start=EIGENVECTORS[:, -1], max_iter=200, tol=0.0)
    assert solver.theory(X, Y).limit_step == pytest.approx(limit, rel=1e-13)
    _, table, _ = run(replace(steepest, rate=limit * (1 - 1e-3)), ZEROS)
    below = table["rate_measured"].iloc[-1]
    with workings.record() as tape, pytest.raises(ValueError, match="diverges"):
        LinearRegression(solver=replace(steepest, rate=limit * (1 + 1e-3))).fit(X, ZEROS)
    above = tape.frame("iteration")["rate_measured"].iloc[-1]
    assert below < 1 < above
    if isinstance(solver, GradientDescent):
        assert below == pytest.approx(1 - 2e-3, rel=1e-12)  # |1 - ηL|
        assert above == pytest.approx(1 + 2e-3, rel=1e-12)
    rates = [replace(solver, rate=limit * (1 + sign * 1e-3)).theory(X, ZEROS).predicted_rate for sign in (-1, 1)]
    # where the limit decides, L's end is the slowest above it; below it the flat end is
    assert rates[0] < 1 < rates[1]
    assert above == pytest.approx(rates[1], rel=1e-8)


@pytest.mark.parametrize("solver", [GradientDescent(), GradientDescent(rate=1 / L), HeavyBall(), Nesterov()])
def test_iterations_are_as_many_as_predicted(solver):
    # a start in the two directions that decide; gradients rather than coefficients are what the run stops by
    start = EIGENVECTORS[:, 0] / MU + EIGENVECTORS[:, -1] / L
    model = LinearRegression(solver=replace(solver, start=start, max_iter=20_000)).fit(X, ZEROS)
    predicted = model.solution_.theory.iterations(1e-10)
    assert model.solution_.iterations[0] == pytest.approx(predicted, rel=0.04)


def test_iterations_to_ten_digits_of_the_coefficients():
    minimum = LinearRegression().fit(X, Y).coef_
    solvers = [
        (GradientDescent(rate=1 / L), 12_000),
        (GradientDescent(), 6000),
        (Nesterov(), 700),
        (HeavyBall(), 400),
        (ConjugateGradients(), P + 1),
    ]
    found = []
    for solver, enough in solvers:
        _, _, iterates = run(replace(solver, tol=0.0, max_iter=enough))
        close = np.linalg.norm(iterates - minimum, axis=1) <= 1e-10 * np.linalg.norm(minimum)
        assert close[-1]
        found.append(1 + int(np.argmax(close)))
        if solver.name != "conjugate_gradients":
            assert found[-1] == pytest.approx(solver.theory(X, Y).iterations(1e-10), rel=0.05)
    assert found[0] == pytest.approx(log(1e-10) / log(1 - 1 / KAPPA), rel=0.05)
    assert found[4] <= P + 1


@given(st.floats(0.0, 0.95), st.floats(1e-3, 0.999), st.integers(0, 1), st.integers(0, 30))
def test_the_long_run_is_the_spectral_radius_over_the_whole_spectrum(momentum, share, look_ahead, seed):
    eigenvalues = np.sort(np.random.RandomState(seed).uniform(0.01, 1.0, 6))
    limit = 2 * (1 + momentum) / (1 + 2 * momentum * look_ahead) / eigenvalues[-1]
    step = share * limit
    worst = 0.0
    for eigenvalue in eigenvalues:
        s = 1 - step * eigenvalue
        top = [(1 + momentum) * s, -momentum * s] if look_ahead else [momentum + s, -momentum]
        worst = max(worst, *np.abs(np.linalg.eigvals([top, [1.0, 0.0]])))
    rate, _ = long_run((nesterov if look_ahead else heavy_ball)(momentum), step, eigenvalues[-1], eigenvalues[0])
    # roots that nearly meet are uncertain by the square root of the rounding
    assert rate == pytest.approx(worst, rel=1e-7)
    assert rate < 1


@pytest.mark.parametrize(("n", "p"), [(30, 5), (60, 12), (8, 8), (6, 20)])
@pytest.mark.parametrize("seed", range(3))
def test_conjugate_gradients_end(n, p, seed):
    rng = np.random.RandomState(seed)
    data, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    solution = LinearRegression(solver=ConjugateGradients()).fit(data, y).solution_
    assert solution.iterations[0] <= min(n - 1, p) + 1
    assert solution.theory.iterations(1e-300) == min(n - 1, p)


def test_the_bound_of_conjugate_gradients():
    with workings.record() as tape:
        model = LinearRegression(solver=ConjugateGradients()).fit(X, Y)
    residual = Y - model.predict(X)
    least = residual @ residual / (2 * N)
    above = tape.frame("iteration")["loss"].to_numpy()[:9] - least
    at_zero = ((Y - Y.mean()) ** 2).mean() / 2 - least
    k = np.arange(1, 10)
    assert (np.sqrt(above / at_zero) <= 2 * model.solution_.theory.predicted_rate**k).all()


def test_iterations_by_hand():
    # ±3 in one column, ±1 in the other, four rows: X'X/4 = diag(4.5, 0.5)
    square = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    theory = GradientDescent(rate=0.2).theory(square, np.arange(4.0))
    # |1 - 0.2·4.5| = 0.1, |1 - 0.2·0.5| = 0.9
    assert theory.predicted_rate == pytest.approx(0.9, rel=1e-15)
    assert theory.iterations(0.01) == ceil(log(0.01) / log(0.9)) == 44
    assert theory.limit_step == pytest.approx(4 / 9, rel=1e-15)
    with pytest.raises(ValueError, match="between 0 and 1"):
        theory.iterations(1.0)
    assert "below 2/L = 0.444444; the best is 0.4, the chosen one 0.2" in str(theory)


def test_one_feature_is_done_in_one_step():
    x = np.arange(5.0)[:, np.newaxis]
    for solver in (GradientDescent(), HeavyBall(), Nesterov(), ConjugateGradients()):
        model = LinearRegression(solver=solver).fit(x, 3 * x[:, 0] + 1)
        assert model.solution_.iterations == (1,)
        assert model.solution_.theory.iterations(1e-10) == 1
        assert model.coef_[0] == pytest.approx(3.0, rel=1e-14)
