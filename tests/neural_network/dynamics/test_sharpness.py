"""Curvature: the Hessian's products against other ways to it, its largest eigenvalue, and what a rate can follow."""

import itertools

import numpy as np
import pytest
import scipy.sparse
import sympy
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor

from workings.base import ConvergenceWarning
from workings.neural_network import Dense, MLPClassifier, MLPRegressor, Network, sharpness, stability_limit
from workings.neural_network.dynamics.hessian import hessian_of
from workings.neural_network.dynamics.power_iteration import largest_eigenpair
from workings.neural_network.problem import epoch_problem

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::workings.base.ConvergenceWarning"),
]

RNG = np.random.RandomState(0)
X = RNG.randn(23, 3)
Y = RNG.randn(23, 2)
PROBABILITIES = np.eye(2)[RNG.randint(2, size=23)].astype(bool)
TARGETS = {
    ("squared_error", "identity"): Y,
    ("squared_error", "gelu"): Y,
    ("huber", "identity"): Y,
    ("poisson", "exp"): np.abs(Y),
    ("poisson", "softplus"): np.abs(Y),
    ("log_loss", "softmax"): PROBABILITIES,
    ("binary_log_loss", "logistic"): PROBABILITIES,
}
HIDDEN = ["identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "exp", "softmax"]


def full_hessian(model, X, y, sample_weight=None):
    problem = epoch_problem(model, X, y, sample_weight)
    product = hessian_of(problem)
    return np.stack([product(unit) for unit in np.eye(len(problem.parameters))])


def gradient_of(network, X, y):
    def gradient(parameters):
        network.bind(parameters)
        room = network.room_for_gradient(X, y, None)
        network.loss_and_gradient(X, y, None, room)
        return room.blocks[0].copy()

    return gradient


@pytest.mark.parametrize(("loss", "output"), TARGETS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_products_agree_with_differences_of_the_gradient(hidden, loss, output):
    y = TARGETS[loss, output]
    network = Network([Dense(3, 4, hidden), Dense(4, 2, output)], loss, alpha=0.7).initialise(random_state=1)
    hessian = full_hessian(network, X, y)
    gradient = gradient_of(network, X, y)
    point, step = network.parameters.copy(), 1e-5
    differences = [
        (gradient(point + step * unit) - gradient(point - step * unit)) / (2 * step) for unit in np.eye(len(point))
    ]
    # central differences err by step² times third derivatives and eps/step: some 1e-10 of the largest entry
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(hessian, differences, rtol=0, atol=2e-9 * scale)
    # v'Hw = w'Hv, to rounding
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-14 * scale)


def test_products_agree_with_symbolic_derivatives():
    """A network of two inputs, two tanh units and one output on three rows, differentiated by SymPy."""
    rows, targets = [[1, -2], [0.5, 3], [-1, 0.25]], [1, -1, 2]
    names = sympy.symbols("w0:4 v0:2 b0:2 c")
    w, v, b, c = names[:4], names[4:6], names[6:8], names[8]
    alpha = sympy.Rational(1, 2)
    loss = alpha / 2 * sum(weight**2 for weight in (*w, *v)) / 3
    for (x0, x1), target in zip(rows, targets, strict=True):
        x0, x1 = sympy.Rational(str(x0)), sympy.Rational(str(x1))
        hidden = [sympy.tanh(x0 * w[unit] + x1 * w[2 + unit] + b[unit]) for unit in range(2)]
        loss += (v[0] * hidden[0] + v[1] * hidden[1] + c - target) ** 2 / 2 / 3
    values = [0.3, -0.7, 0.2, 0.4, 1.1, -0.6, 0.1, -0.2, 0.5]
    exact = {name: sympy.Rational(str(value)) for name, value in zip(names, values, strict=True)}
    expected = sympy.hessian(loss, names).subs(exact).evalf(30)
    network = Network([Dense(2, 2, "tanh"), Dense(2, 1)], alpha=0.5)
    network.bind(np.array(values))
    found = full_hessian(network, np.array(rows), np.array(targets, dtype=float))
    np.testing.assert_allclose(found, np.array(expected, dtype=float), rtol=0, atol=1e-15 * float(max(expected)))


def with_ones(X):
    return np.column_stack([X, np.ones(len(X))])


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_linear_network_has_the_hessian_of_least_squares(n_outputs, weighted):
    """The gradient is of the sum over the outputs: the curvature is X'WX/Σw, however many outputs there are."""
    y = np.random.RandomState(1).randn(23, n_outputs).squeeze()
    weight = np.random.RandomState(2).uniform(0.5, 2, 23) if weighted else None
    alpha = 3.0
    model = MLPRegressor(hidden_layer_sizes=(), solver="sgd", max_iter=3, alpha=alpha, random_state=0)
    found = sharpness(model.fit(X, y, weight), X, y, sample_weight=weight, tolerance=1e-8)
    w = np.ones(23) if weight is None else weight
    gram = with_ones(X).T @ (w[:, None] * with_ones(X)) / w.sum()
    gram[:3, :3] += alpha / w.sum() * np.eye(3)
    # the square of the tolerance
    assert found.eigenvalue == pytest.approx(np.linalg.eigvalsh(gram)[-1], rel=1e-13)
    assert found.direction @ found.direction == pytest.approx(1, rel=1e-14)
    assert found.converged
    assert found.residual <= 1e-8 * found.eigenvalue


def test_softmax_regression_has_its_known_hessian():
    """Σ_rows (diag p - p p') ⊗ x x' / n, which needs no derivative at all."""
    labels = np.arange(23) % 3
    model = MLPClassifier((), max_iter=20, alpha=0.0, random_state=0).fit(X, labels)
    p = model.predict_proba(X)
    x = with_ones(X)
    outer = np.einsum("na,nb,nij->aibj", x, x, (p[:, :, None] * np.eye(3) - p[:, :, None] * p[:, None, :])) / 23
    # ours is laid out [W, b], and so are rows of weights with the ones last
    np.testing.assert_allclose(full_hessian(model, X, labels), outer.reshape(12, 12), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("spectrum", "largest"),
    [
        ([3.0, 2.0, -1.0], 3.0),
        ([3.0, 2.0, -10.0], 3.0),
        ([-1.0, -2.0, -10.0], -1.0),
        ([5.0, 1.0, -5.0], 5.0),
        ([0.0, -2.0, -3.0], 0.0),
        ([0.0, 0.0, 0.0], 0.0),
        ([4.0, 4.0, 1.0], 4.0),
        ([1e-100, 1e-101, -1e-102], 1e-100),
    ],
)
def test_the_algebraically_largest_eigenvalue_is_found(spectrum, largest):
    orthogonal, _ = np.linalg.qr(np.random.RandomState(3).randn(3, 3))
    matrix = orthogonal @ np.diag(spectrum) @ orthogonal.T
    found = largest_eigenpair(matrix.__matmul__, 3, np.random.RandomState(0), 1e-6, 1000)
    assert found.converged
    # at most the residual away; a value of 0 to 1e-10 of the spectrum's width
    assert abs(found.value - largest) <= max(1e-6 * abs(largest), 1e-9 * max(np.abs(spectrum)))
    assert found.residual == pytest.approx(
        np.linalg.norm(matrix @ found.vector - found.value * found.vector), rel=1e-6, abs=1e-15 * max(np.abs(spectrum))
    )


@pytest.mark.parametrize("seed", range(20))
def test_negative_spectra_are_searched_anew(seed):
    """With a coarse tolerance as well: a start from where the smallest was found would end at the second largest."""
    rng = np.random.RandomState(seed)
    orthogonal, _ = np.linalg.qr(rng.randn(8, 8))
    matrix = orthogonal @ np.diag([-1.0, *-rng.uniform(3, 9, 6), -10.0]) @ orthogonal.T
    found = largest_eigenpair(matrix.__matmul__, 8, rng, 1e-2, 1000)
    assert found.converged
    assert found.value == pytest.approx(-1, rel=1e-2)


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
def test_a_deep_network_s_eigenvalue(activation):
    labels = np.arange(23) % 3
    model = MLPClassifier((5, 4), activation=activation, max_iter=30, random_state=0).fit(X, labels)
    values, vectors = np.linalg.eigh(full_hessian(model, X, labels))
    found = sharpness(model, X, labels, tolerance=1e-6, max_products=5000)
    assert found.eigenvalue == pytest.approx(values[-1], rel=1e-9)
    assert abs(found.direction @ vectors[:, -1]) == pytest.approx(1, rel=1e-6)


RULES = [("gradient descent", 0.0, False), ("momentum", 0.6, False), ("Nesterov momentum", 0.6, True)]


@pytest.mark.parametrize(("rule", "momentum", "nesterov"), RULES)
def test_descent_is_stable_up_to_the_limit_and_not_beyond(rule, momentum, nesterov):
    """On a quadratic the theory is exact: a rate 2 % below it converges, one 2 % above it diverges."""
    y = X @ [1.0, -2.0, 0.5] + 3
    settings = {
        "hidden_layer_sizes": (),
        "solver": "sgd",
        "batch_size": 23,
        "alpha": 0.0,
        "momentum": momentum,
        "nesterovs_momentum": nesterov,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    first = MLPRegressor(**settings, max_iter=1, learning_rate_init=0.1).fit(X, y)
    found = sharpness(first, X, y, tolerance=1e-8)
    assert found.rule == rule
    edge = found.limit * found.rate / found.eigenvalue
    below = MLPRegressor(**settings, max_iter=2000, learning_rate_init=0.98 * edge).fit(X, y)
    assert below.loss_ < 1e-15 * below.loss_curve_[0]
    above = MLPRegressor(**settings, max_iter=600, learning_rate_init=1.02 * edge).fit(X, y)
    assert above.loss_ > 1e5 * above.loss_curve_[0]
    assert "is stable here" in sharpness(below, X, y).sentence
    assert "exceeds" in sharpness(above, X, y).sentence


def test_the_sentence_states_both_numbers():
    model = MLPRegressor(hidden_layer_sizes=(), solver="sgd", max_iter=3, momentum=0, alpha=0, random_state=0)
    wide = 10 * X
    found = sharpness(model.fit(wide, Y), wide, Y, rate=0.02)
    assert found.limit == 100
    assert f"The curvature {found.eigenvalue:.3g} exceeds" in found.sentence
    assert "the rate 0.02 (100)" in found.sentence
    assert f"below {2 / found.eigenvalue:.3g}" in found.sentence
    assert list(found.frame()["limit"]) == [100]


def test_rules_without_a_limit():
    for solver, word in (("adam", "preconditioned"), ("lbfgs", "not compared")):
        model = MLPRegressor(solver=solver, max_iter=5, random_state=0).fit(X, Y)
        found = sharpness(model, X, Y)
        assert found.limit is None
        assert word in found.sentence
    network = Network([Dense(3, 2)]).initialise(random_state=0)
    assert sharpness(network, X, Y).limit is None
    assert sharpness(network, X, Y, rate=0.5).limit == 4


def test_the_rate_is_the_one_that_the_schedule_has_come_to():
    model = MLPRegressor(solver="sgd", learning_rate="invscaling", max_iter=3, momentum=0, random_state=0).fit(X, Y)
    # three epochs of 23 rows
    assert sharpness(model, X, Y).rate == pytest.approx(0.001 / np.sqrt(70), rel=1e-15)


@pytest.mark.parametrize("kind", ["sparse", "single", "fast"])
def test_other_forms_of_the_same_network(kind):
    model = MLPRegressor(solver="sgd", activation="logistic", hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(
        X, Y
    )
    expected = sharpness(model, X, Y, tolerance=1e-8).eigenvalue
    if kind == "single":
        single = MLPRegressor(**model.get_params()).fit(X.astype(np.float32), Y)
        # parameters of single precision, 6e-8 each; the Hessian itself is computed in double precision
        assert sharpness(single, X, Y, tolerance=1e-8).eigenvalue == pytest.approx(expected, rel=1e-5)
        return
    given = scipy.sparse.csr_matrix(X) if kind == "sparse" else X
    if kind == "fast":
        model.set_params(fast=True)
    assert sharpness(model, given, Y, tolerance=1e-8).eigenvalue == pytest.approx(expected, rel=1e-12)


def test_the_model_is_not_changed():
    model = MLPClassifier((4,), max_iter=3, random_state=0, warm_start=True).fit(X, np.arange(23) % 3)
    before = {
        name: np.copy(np.concatenate([part.ravel() for part in getattr(model, name)]))
        for name in ("coefs_", "intercepts_")
    }
    attributes = dict(vars(model))
    sharpness(model, X[:2], [0, 1])
    assert vars(model) == attributes or all(vars(model)[name] is value for name, value in attributes.items())
    for name, values in before.items():
        np.testing.assert_array_equal(np.concatenate([part.ravel() for part in getattr(model, name)]), values)


def test_too_few_products_are_reported():
    model = MLPClassifier((6,), max_iter=20, random_state=0).fit(X, np.arange(23) % 3)
    with pytest.warns(ConvergenceWarning, match="After 2 products"):
        found = sharpness(model, X, np.arange(23) % 3, max_products=2, tolerance=1e-12)
    assert not found.converged
    assert "known to" in found.sentence
    # an eigenvalue lies within the residual
    values = np.linalg.eigvalsh(full_hessian(model, X, np.arange(23) % 3))
    assert np.abs(values - found.eigenvalue).min() <= found.residual * (1 + 1e-12)


def test_what_cannot_be_measured_is_refused():
    model = MLPRegressor(solver="sgd", max_iter=2, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="y has 1 outputs, but the model has 2"):
        sharpness(model, X, Y[:, 0])
    with pytest.raises(ValueError, match="rate has to lie in"):
        sharpness(model, X, Y, rate=0)
    with pytest.raises(ValueError, match="tolerance"):
        sharpness(model, X, Y, tolerance=0)
    with pytest.raises(TypeError, match="of this package"):
        sharpness(SklearnMLPRegressor(max_iter=2).fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="not fitted"):
        sharpness(MLPRegressor(), X, Y)
    counts = MLPRegressor("poisson", max_iter=2, random_state=0).fit(X, np.abs(Y))
    counts.intercepts_[-1][:] = 800
    with pytest.raises(ValueError, match="not finite"):
        sharpness(counts, X, np.abs(Y))


@pytest.mark.parametrize(("momentum", "nesterov"), list(itertools.product([0.0, 0.3, 0.9], [False, True])))
def test_limits_are_where_a_root_leaves_the_unit_circle(momentum, nesterov):
    rate = 0.25
    limit = stability_limit(rate, momentum, nesterov=nesterov)
    for factor, inside in ((0.999, True), (1.001, False)):
        s = 1 - rate * factor * limit
        polynomial = [1, -s * (1 + momentum), s * momentum] if nesterov else [1, -(s + momentum), momentum]
        assert (np.abs(np.roots(polynomial)).max() < 1) == inside


@pytest.mark.parametrize(("rate", "momentum"), [(0, 0), (-1, 0), (np.nan, 0), (np.inf, 0), (1, 1), (1, -0.1)])
def test_limits_need_a_rate_and_a_momentum(rate, momentum):
    with pytest.raises(ValueError, match=r"rate is|momentum in"):
        stability_limit(rate, momentum)
