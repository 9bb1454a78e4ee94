"""What all descents promise: the minimum, least norm, weights, units, errors, warnings, records."""

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LinearRegression as Reference
from tests.linear_model.descent.problems import ZEROS, L, X, Y, run

import workings
from workings.base import ConvergenceWarning
from workings.linear_model import (
    ConjugateGradients,
    GradientDescent,
    HeavyBall,
    LinearRegression,
    Nesterov,
    Stochastic,
)
from workings.linear_model.choice import SOLVERS
from workings.linear_model.design import Design
from workings.textbook import linear_regression as textbook

SOLVERS_HERE = [GradientDescent(), HeavyBall(), Nesterov(), ConjugateGradients()]
each_solver = pytest.mark.parametrize("solver", SOLVERS_HERE, ids=lambda solver: solver.name)


def small(seed=0, n=40, p=4):
    rng = np.random.RandomState(seed)
    data = rng.standard_normal((n, p)) + 2.0
    return data, data @ rng.standard_normal(p) + rng.standard_normal(n)


@each_solver
def test_the_minimum(solver):
    model = LinearRegression(solver=solver).fit(X, Y)
    reference = Reference(tol=0).fit(X, Y)
    # an error of the gradient of 1e-10 is one of the coefficients of at most the condition number times that
    np.testing.assert_allclose(model.coef_, reference.coef_, atol=470 * 1e-10 * np.abs(reference.coef_).max())
    assert model.intercept_ == pytest.approx(reference.intercept_, rel=1e-12)
    assert model.solution_.converged
    assert model.rank_ == 10
    np.testing.assert_allclose(model.singular_, reference.singular_, rtol=1e-12)


def test_the_strings_are_the_defaults():
    for solver in (*SOLVERS_HERE, Stochastic()):
        assert SOLVERS[solver.name] == solver
    assert LinearRegression(solver="nesterov").fit(X, Y).solution_.solver == "nesterov"


def test_the_textbook_takes_the_same_steps():
    data, y = small()
    ones = np.column_stack([data, np.ones(len(data))])
    rate = 1 / textbook.largest_curvature(data)
    for steps in (1, 10, 100):
        coef, intercept, losses = textbook.gradient_descent(data, y, rate, steps)
        # a column of ones stands for the intercept of the textbook, which descends with the coefficients
        solver = GradientDescent(rate=rate, max_iter=steps, tol=0.0)
        _, table, iterates = run(solver, y, ones, fit_intercept=False)
        np.testing.assert_allclose(iterates[-1], [*coef, intercept], rtol=1e-12)
        np.testing.assert_allclose(table["loss"], losses[1:], rtol=1e-12)


@each_solver
@pytest.mark.parametrize("kind", ["repeated", "wide", "wide and repeated"])
def test_dependent_columns_end_at_the_least_norm(solver, kind):
    data, y = small(p=4) if kind == "repeated" else small(n=6, p=15)
    if "repeated" in kind:
        data = np.column_stack([data, data[:, 0]])
    model = LinearRegression(solver=replace(solver, tol=1e-12)).fit(data, y)
    want = LinearRegression(solver="svd").fit(data, y)
    np.testing.assert_allclose(model.coef_, want.coef_, atol=1e-9 * np.abs(want.coef_).max())
    assert model.rank_ == want.rank_ == (4 if kind == "repeated" else 5)


@each_solver
def test_what_a_start_has_outside_the_space_of_the_rows_stays(solver):
    data, y = small(n=6, p=15)
    start = np.random.RandomState(1).standard_normal(15)
    model = LinearRegression(solver=replace(solver, start=start, tol=1e-12)).fit(data, y)
    centred = data - data.mean(axis=0)
    _, singular, Vt = np.linalg.svd(centred)
    outside = Vt[5:]
    assert singular[5] < 1e-13 < singular[4]
    np.testing.assert_allclose(outside @ model.coef_, outside @ start, atol=1e-12)
    np.testing.assert_allclose(model.predict(data), y, atol=1e-8)


@each_solver
def test_weights_are_repeated_rows(solver):
    data, y = small()
    weights = np.arange(len(y)) % 4
    weighted = LinearRegression(solver=solver).fit(data, y, weights)
    repeated = LinearRegression(solver=solver).fit(np.repeat(data, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-9)
    for one, other in zip(
        (solver.theory(data, y, sample_weight=weights), weighted.solution_.theory),
        (solver.theory(np.repeat(data, weights, axis=0), np.repeat(y, weights)), repeated.solution_.theory),
        strict=True,
    ):
        assert one.largest == pytest.approx(other.largest, rel=1e-13)
        assert one.smallest == pytest.approx(other.smallest, rel=1e-12)


@each_solver
def test_targets_are_solved_as_if_alone(solver):
    data, y = small()
    both = np.column_stack([y, 1e6 * y[::-1]])
    together = LinearRegression(solver=solver).fit(data, both)
    for target in range(2):
        alone = LinearRegression(solver=solver).fit(data, both[:, target])
        assert together.solution_.iterations[target] == alone.solution_.iterations[0]
        np.testing.assert_allclose(together.coef_[target], alone.coef_, rtol=1e-12)


@given(st.integers(-400, 400), st.integers(-300, 300))
def test_powers_of_two_change_no_bit(y_exponent, x_exponent):
    data, y = small()
    plain = LinearRegression(solver=HeavyBall()).fit(data, y)
    scaled = LinearRegression(solver=HeavyBall()).fit(np.ldexp(data, x_exponent), np.ldexp(y, y_exponent))
    np.testing.assert_array_equal(scaled.coef_, np.ldexp(plain.coef_, y_exponent - x_exponent))
    assert scaled.solution_.theory.step == np.ldexp(plain.solution_.theory.step, -2 * x_exponent)
    assert scaled.solution_.iterations == plain.solution_.iterations


def test_the_step_is_one_in_the_units_of_the_data():
    data, y = small()
    units = np.array([1.0, 3.0, 1e2, 1e-2])
    hessian = np.cov((data * units).T, bias=True)
    theory = GradientDescent(rate=1e-5).theory(data * units, y)
    assert theory.largest == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-12)
    centred = (data - data.mean(axis=0)) * units
    _, _, iterates = run(GradientDescent(rate=1e-5, max_iter=1, tol=0.0), y, data * units)
    np.testing.assert_allclose(iterates[0], 1e-5 * centred.T @ y / len(y), rtol=1e-12)


def test_units_without_a_curvature_are_refused():
    data, y = small()
    with pytest.raises(ValueError, match="comparable units"):
        LinearRegression(solver=Nesterov()).fit(data * 1e150, y)
    with pytest.raises(ValueError, match="comparable units"):
        LinearRegression(solver=Nesterov()).fit(data * 1e-150, y)


@pytest.mark.parametrize(
    ("solver", "formula", "limit"),
    [
        (GradientDescent(rate=0.6), "2/L", 2 / L),
        (HeavyBall(rate=0.8, momentum=0.5), "2(1 + momentum)/L", 3 / L),
        (HeavyBall(rate=1.0), "2(1 + momentum)/L", 4 / L),
        (Nesterov(rate=0.5, momentum=0.5), "2(1 + momentum)/((1 + 2 momentum)L)", 1.5 / L),
        (Stochastic(rate=1.0), "2/L_b", None),
    ],
)
def test_a_diverging_run_names_its_step_and_the_limit(solver, formula, limit):
    with warnings.catch_warnings(), workings.record() as tape:
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="diverges") as raised:
            LinearRegression(solver=solver).fit(X, Y)
        works = solver.theory(X, Y).best_step
        assert limit is None or solver.theory(X, Y).limit_step == pytest.approx(limit, rel=1e-12)
        limit = solver.theory(X, Y).limit_step
        for words in (f"step {solver.rate:.6g} is beyond the limit {formula} = {limit:.6g}", f"L = {L:.6g}"):
            assert words in str(raised.value)
        assert f"rate='optimal' is {works:.6g}" in str(raised.value)
        assert limit < solver.rate
    table = tape.frame("iteration")
    assert np.isfinite(table["loss"]).all()
    first = np.linalg.norm((X - X.mean(axis=0)).T @ Y) / len(Y)
    assert table["gradient_norm"].iloc[-1] > 1000 * first
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        LinearRegression(solver=replace(solver, rate=works, max_iter=100)).fit(X, Y)


@pytest.mark.parametrize("solver", [GradientDescent(), HeavyBall(), Nesterov(), Stochastic()])
def test_an_absurd_step_is_an_error_and_not_a_nan(solver):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="diverges"):
            LinearRegression(solver=replace(solver, rate=1e308)).fit(X, Y)


def test_a_slow_growth_is_an_error_at_the_end():
    with pytest.raises(ValueError, match="after 300 iterations"):
        LinearRegression(solver=GradientDescent(rate=2.02 / L, max_iter=300, start=np.ones(10))).fit(X, ZEROS)


def test_too_few_iterations_warn_with_the_number_needed():
    with pytest.warns(ConvergenceWarning, match="expects about 5412 iterations: raise max_iter") as caught:
        model = LinearRegression(solver=GradientDescent(max_iter=7)).fit(X, Y)
    assert caught[0].filename == __file__
    assert not model.solution_.converged
    assert model.solution_.iterations == (7,)
    assert np.isfinite(model.coef_).all()
    with pytest.warns(ConvergenceWarning, match="Theory does not expect"):
        LinearRegression(solver=GradientDescent(rate=2 / L * (1 + 1e-15), max_iter=7)).fit(X, Y)


def test_a_tolerance_that_rounding_forbids_is_named():
    data, y = small()
    data[:, 1] *= 1e5
    with pytest.warns(ConvergenceWarning, match="rounding alone"):
        LinearRegression(solver=GradientDescent(max_iter=50)).fit(data, y)


def test_degenerate_data():
    for solver in (*SOLVERS_HERE, Stochastic()):
        one_row = LinearRegression(solver=solver).fit(X[:1], Y[:1])
        np.testing.assert_array_equal(one_row.coef_, 0.0)
        assert one_row.intercept_ == Y[0]
        assert one_row.rank_ == 0
        np.testing.assert_array_equal(one_row.singular_, [0.0])
        assert one_row.solution_.theory is None
        constant = X.copy()
        constant[:, 3] = 7.0
        assert LinearRegression(solver=replace(solver, tol=0.5)).fit(constant, Y).coef_[3] == 0.0
        nothing = LinearRegression(solver=solver).fit(X, ZEROS)
        np.testing.assert_array_equal(nothing.coef_, 0.0)
        assert nothing.solution_.iterations == (0,)
        with pytest.raises(ValueError, match="No feature varies"):
            solver.theory(np.ones((4, 2)), np.arange(4.0))


def test_a_start_is_in_the_shape_of_the_coefficients():
    data, y = small()
    both = np.column_stack([y, -y])
    minimum = LinearRegression().fit(data, both).coef_
    model = LinearRegression(solver=GradientDescent(start=minimum, tol=0.5)).fit(data, both)
    assert max(model.solution_.iterations) <= 40
    one = LinearRegression(solver=GradientDescent(start=minimum[0] + 1.0)).fit(data, y)
    np.testing.assert_allclose(one.coef_, minimum[0], rtol=1e-8)
    with pytest.raises(ValueError, match=r"start has the shape \(3,\)"):
        LinearRegression(solver=GradientDescent(start=[1.0, 2.0, 3.0])).fit(data, y)


def test_float32_and_sparse_data():
    data, y = small()
    single = LinearRegression(solver=ConjugateGradients()).fit(data.astype(np.float32), y)
    assert single.coef_.dtype == np.float32
    dense = LinearRegression(solver=ConjugateGradients()).fit(data.astype(np.float32).astype(float), y)
    np.testing.assert_allclose(single.coef_, dense.coef_, rtol=1e-6)
    sparse = LinearRegression(solver=ConjugateGradients()).fit(scipy.sparse.csr_matrix(data), y)
    np.testing.assert_allclose(sparse.coef_, LinearRegression().fit(data, y).coef_, rtol=1e-8)


def test_without_an_intercept():
    data, y = small()
    model = LinearRegression(solver=ConjugateGradients(), fit_intercept=False).fit(data, y)
    np.testing.assert_allclose(model.coef_, Reference(tol=0, fit_intercept=False).fit(data, y).coef_, rtol=1e-9)
    theory = GradientDescent().theory(data, y, fit_intercept=False)
    assert theory.largest == pytest.approx(np.linalg.eigvalsh(data.T @ data / len(y))[-1], rel=1e-13)


def test_the_record():
    with workings.record() as tape:
        model = LinearRegression(solver=Nesterov()).fit(X, Y)
    table = tape.frame("iteration")
    assert len(table) == model.solution_.iterations[0]
    expected = ["target", "iteration", "loss", "gradient_norm", "step", "rate_measured", "rate_predicted"]
    assert list(table.columns[3:]) == expected
    residual = Y - model.predict(X)
    assert table["loss"].iloc[-1] == pytest.approx(residual @ residual / (2 * len(Y)), rel=1e-13)
    (summary,) = tape.select("descent")
    assert summary.values["limit_step"] == model.solution_.theory.limit_step
    assert list(tape.frame()["fit"].unique()) == [0]


@pytest.mark.parametrize("repeated", [False, True])
def test_the_recorded_loss_is_the_loss_of_the_recorded_coefficients(repeated):
    data, y = small()
    if repeated:
        data = np.column_stack([data, data[:, 0]])
    weights = np.linspace(0.5, 2.0, len(y))
    with workings.record(arrays=True) as tape:
        LinearRegression(solver=HeavyBall()).fit(data, y, weights)
    table = tape.frame("iteration")
    centred, target = data - np.average(data, axis=0, weights=weights), y - np.average(y, weights=weights)
    for step, coef in zip(table.itertuples(), tape.arrays("coefficients"), strict=False):
        residual = target - centred @ coef
        assert step.loss == pytest.approx(weights @ residual**2 / (2 * weights.sum()), rel=1e-12)
        gradient = centred.T @ (weights * residual) / weights.sum()
        # near the end, the gradient is what is left of terms of the size of the first
        assert step.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-9, abs=1e-12)


def test_without_a_tape_nothing_is_kept():
    solution = LinearRegression(solver=GradientDescent()).fit(X, Y).solution_
    assert [event for event, _ in solution.steps] == ["descent"]


def test_a_closed_tape_stays_as_it_is():
    with workings.record() as tape:
        LinearRegression(solver=Nesterov()).fit(X, Y)
    steps = len(tape)
    LinearRegression(solver=Nesterov()).fit(X, Y)
    Nesterov().solve(Design(X, Y[:, np.newaxis]))
    assert len(tape) == steps


def test_solvers_are_values():
    solver = HeavyBall(start=np.ones(10))
    assert solver == HeavyBall(start=[1.0] * 10)
    assert solver != HeavyBall()
    assert pickle.loads(pickle.dumps(solver)) == solver
    model = clone(LinearRegression(solver=solver)).fit(X, Y)
    assert pickle.loads(pickle.dumps(model)).solution_.iterations == model.solution_.iterations


def test_arguments_are_not_changed():
    data, y = small()
    start = np.ones(4)
    kept = [array.copy() for array in (data, y, start)]
    for solver in (*SOLVERS_HERE, Stochastic(tol=0.1)):
        LinearRegression(solver=replace(solver, start=start)).fit(data, y)
    for array, before in zip((data, y, start), kept, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        (GradientDescent, {"rate": 0.0}, "rate has to be a positive number"),
        (GradientDescent, {"rate": float("nan")}, "rate has to be"),
        (HeavyBall, {"rate": "best"}, "rate has to be"),
        (HeavyBall, {"momentum": 1.0}, "momentum has to be"),
        (Nesterov, {"momentum": -0.1}, "momentum has to be"),
        (Nesterov, {"rate": float("inf")}, "rate has to be"),
        (Stochastic, {"rate": -1.0}, "rate has to be"),
        (Stochastic, {"batch_size": 0}, "batch_size has to be"),
        (ConjugateGradients, {"max_iter": 0}, "max_iter has to be"),
        (ConjugateGradients, {"tol": 1.0}, "tol has to be"),
        (ConjugateGradients, {"start": [np.nan]}, "start holds NaN"),
    ],
)
def test_bad_parameters_get_a_sentence(kind, arguments, words):
    with pytest.raises(ValueError, match=words):
        kind(**arguments)
