"""`check_gradients` passes healthy networks of every kind, and names layer and mistake of the others."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.neural_network import MLPClassifier as ScikitLearnClassifier

from workings.neural_network import Dense, Dropout, MLPClassifier, MLPRegressor, Network, check_gradients
from workings.neural_network.activations import ACTIVATIONS, Identity, LeakyRelu, Tanh
from workings.neural_network.losses import Huber, SquaredError


def built(layers, loss="squared_error", alpha=0.4, kind=Network, seed=0, outputs=None):
    """A bound network and data for it."""
    rng = np.random.RandomState(seed)
    network = kind(layers, loss, alpha)
    network.bind(rng.uniform(0.2, 0.7, network.layout.size) * rng.choice([-1, 1], network.layout.size))
    X = rng.randn(12, layers[0].n_inputs)
    q = outputs or layers[-1].n_outputs
    match loss:
        case "log_loss":
            y = np.eye(q, dtype=bool)[rng.randint(q, size=12)]
        case "binary_log_loss":
            y = rng.rand(12, q) > 0.5
        case "poisson":
            y = rng.poisson(2.0, (12, q)).astype(float)
        case _:
            y = rng.randn(12, q)
    return network, X, y


def three_layers(**parameters):
    return built([Dense(3, 4, "tanh"), Dense(4, 4, "tanh"), Dense(4, 2)], **parameters)


# -- what is right passes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "weighted"), [("identity", False), ("logistic", True), ("tanh", True), ("relu", False)]
)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "one output", "three outputs", "counts"])
def test_fitted_estimators_pass(problems, kind, activation, weighted):
    name, X, y = problems[kind]
    loss = {"loss": "poisson"} if kind == "counts" else {}
    estimator = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    model = estimator(hidden_layer_sizes=(5, 4), activation=activation, max_iter=4, alpha=0.1, random_state=0, **loss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # four epochs do not converge
        model.fit(X, y)
    before = [part.copy() for part in (*model.coefs_, *model.intercepts_)]
    weight = np.random.RandomState(0).uniform(0.5, 2, len(X)) if weighted else None
    check = check_gradients(model, X, y, weight)
    assert check.ok, check.verdict
    assert check.verdict.startswith("The gradient is right: all ")
    frame = check.frame()
    assert list(frame["layer"]) == [1, 1, 2, 2, 3, 3]
    assert frame["checked"].sum() == frame["size"].sum() == check.n_parameters == sum(part.size for part in before)
    # the bound on rounding is a bound; that of independent labels holds for 1 - p down to 1e-6
    assert (frame["deviation"] < frame["tolerance"] / 10).all()
    assert (frame["tolerance"] < (1e-7 if kind == "multilabel" else 1e-10)).all()
    for part, earlier in zip((*model.coefs_, *model.intercepts_), before, strict=True):
        np.testing.assert_array_equal(part, earlier)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("fast", [False, True])
def test_the_fast_mode_and_single_precision_pass(problems, solver, fast):
    _, X, y = problems["multiclass"]
    model = MLPClassifier((6,), solver=solver, max_iter=3, fast=fast, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.astype(np.float32), y)
    assert model.coefs_[0].dtype == np.float32
    check = check_gradients(model, X.astype(np.float32), y)
    assert check.ok, check.verdict
    assert "in double precision, though the parameters are single" in check.verdict


def test_a_converged_network_passes_though_its_gradient_is_a_sum_that_cancels():
    X = np.linspace(-1, 1, 30).reshape(-1, 1)
    model = MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", solver="lbfgs", tol=1e-9, max_iter=3000, alpha=0.1)
    model.set_params(random_state=0).fit(X, X.ravel() ** 2)
    check = check_gradients(model, X, X.ravel() ** 2)
    assert check.ok, check.verdict
    assert check.frame()["gradient"].abs().max() < 1e-4


PAIRS = [
    ("squared_error", "identity"),
    ("squared_error", "tanh"),
    ("huber", "identity"),
    ("poisson", "exp"),
    ("poisson", "softplus"),
    ("log_loss", "softmax"),
    ("binary_log_loss", "logistic"),
]


@pytest.mark.parametrize(
    ("hidden", "loss", "output"),
    [*((hidden, "poisson", "softplus") for hidden in sorted(ACTIVATIONS)), *(("tanh", *pair) for pair in PAIRS)],
)
def test_networks_built_by_hand_pass(hidden, loss, output):
    layers = [Dense(3, 4, hidden), Dropout(4, 0.3), Dense(4, 4, hidden), Dense(4, 3, output)]
    check = check_gradients(*built(layers, loss))
    assert check.ok, check.verdict


@pytest.mark.parametrize("loss", [Huber(0.3), SquaredError()])
def test_losses_and_activations_with_other_parameters_pass(loss):
    check = check_gradients(*built([Dense(3, 6, LeakyRelu(0.3)), Dense(6, 2, "elu")], loss))
    assert check.ok, check.verdict


@pytest.mark.parametrize("kind", [scipy.sparse.csr_array, scipy.sparse.csc_array, scipy.sparse.csr_matrix])
def test_sparse_rows_pass(kind, problems):
    _, X, y = problems["multiclass"]
    X = np.where(np.abs(X) < 0.7, 0, X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((5,), max_iter=3, random_state=0).fit(kind(X), y)
    sparse, dense = check_gradients(model, kind(X), y), check_gradients(model, X, y)
    assert sparse.ok, sparse.verdict
    assert sparse.loss == pytest.approx(dense.loss, rel=1e-13)


def test_large_networks_are_sampled_and_the_verdict_says_so():
    network, X, y = built([Dense(300, 200, "relu"), Dense(200, 3, "softmax")], "log_loss", alpha=1e-4)
    network.coefs[0][...] *= 0.1
    check = check_gradients(network, X, y, n_parameters=20)
    assert check.ok, check.verdict
    assert check.n_parameters == 5 + 5 + 5 + 3
    assert f"18 of {network.layout.size} parameters, and the rest along random directions" in check.verdict


def test_more_rows_than_needed_are_sampled():
    network, X, y = three_layers()
    check = check_gradients(network, np.tile(X, (20, 1)), np.tile(y, (20, 1)))
    assert check.ok
    assert check.n_samples == 64
    assert "on 64 of the 240 rows" in check.verdict


def test_the_same_seed_gives_the_same_check():
    network, X, y = three_layers()
    one, other = (check_gradients(network, X, y, n_parameters=9, random_state=4) for _ in range(2))
    assert one.frame().equals(other.frame())


def test_rows_at_a_kink_are_left_out():
    # relu at z = 0 has no derivative: a row of zeros with biases of zero
    network, X, y = built([Dense(3, 4, "relu"), Dense(4, 2)])
    network.intercepts[0][:] = 0
    X[:2] = 0
    check = check_gradients(network, X, y)
    assert check.ok, check.verdict
    assert check.n_samples == 10
    assert "on 10 of the 12 rows, leaving out 2 at a kink" in check.verdict
    with pytest.raises(ValueError, match="All 2 rows that were tried lie at a kink"):
        check_gradients(network, X[:2], y[:2])


@pytest.mark.parametrize(("loss", "output"), [("log_loss", "softmax"), ("binary_log_loss", "logistic")])
def test_rows_where_the_log_loss_is_clipped_are_left_out(loss, output):
    network, X, y = built([Dense(3, 4, "tanh"), Dense(4, 2, output)], loss)
    network.coefs[1][...] *= 100
    check = check_gradients(network, X, y)
    assert check.ok, check.verdict
    assert check.n_samples < 12


def test_unscaled_columns_pass():
    network, X, y = built([Dense(3, 8, "relu"), Dense(8, 2)])
    check = check_gradients(network, X * [1, 1e3, 1e-3], y)
    assert check.ok, check.verdict


# -- functions that do not take complex numbers -----------------------------------------------------------------------


class Softsign(Identity):
    """z / (1 + |z|): the modulus of a complex number has no complex derivative."""

    name = "softsign"
    needs_input = True
    factor = 1.0

    def apply(self, z):
        z /= 1 + np.abs(z)

    def backward(self, delta, kept):
        delta *= self.factor / (1 + np.abs(kept)) ** 2


class CubeRoot(Identity):
    """cbrt(z) - cbrt(0.1), which NumPy has for real numbers alone."""

    name = "cube root"
    needs_input = True

    def apply(self, z):
        np.cbrt(z, out=z)

    def backward(self, delta, kept):
        delta /= 3 * np.cbrt(kept) ** 2


class WrongSoftsign(Softsign):
    factor = 2.0


@pytest.mark.parametrize("activation", [Softsign(), CubeRoot()])
def test_central_differences_decide_where_the_complex_step_cannot(activation):
    check = check_gradients(*built([Dense(3, 4, activation), Dense(4, 2)]))
    assert check.ok, check.verdict
    assert "central differences alone decided" in check.verdict


def test_central_differences_refuse_too():
    check = check_gradients(*built([Dense(3, 4, WrongSoftsign()), Dense(4, 2)], alpha=0.0))
    assert not check.ok
    assert "of layer 1 is wrong" in check.verdict


# -- the classic mistakes ---------------------------------------------------------------------------------------------


class NoDerivative(Tanh):
    name = "tanh without its derivative"

    def backward(self, delta, kept):
        pass


class DerivativeOfTheWrongThing(Tanh):
    name = "tanh with f'(f(z))"

    def backward(self, delta, kept):
        delta *= 1 - np.tanh(kept) ** 2


class HandsDownTransposed(Dense):
    def backward(self, x, parameters, room, gradient, below):
        super().backward(x, parameters, room, gradient, below)
        if below is not None:
            below[...] = room.delta @ parameters[0]


class WritesTransposed(Dense):
    def backward(self, x, parameters, room, gradient, below):
        super().backward(x, parameters, room, gradient, below)
        gradient[0][...] = gradient[0].T.copy()


class BiasesFromOneRow(Dense):
    def backward(self, x, parameters, room, gradient, below):
        super().backward(x, parameters, room, gradient, below)
        gradient[1][...] = room.delta[0]


class LetsAllThrough(Dropout):
    def backward(self, x, parameters, room, gradient, below):
        below[...] = room.delta


class WithoutTheScale(Dropout):
    def backward(self, x, parameters, room, gradient, below):
        np.multiply(room.delta, room.kept > 0, out=below)


def test_a_missing_derivative_is_refused_in_its_layer():
    network, X, y = built([Dense(3, 4, "tanh"), Dense(4, 4, NoDerivative()), Dense(4, 2)])
    check = check_gradients(network, X, y)
    assert not check.ok
    assert "The gradient of the weights and biases of layer 2 is wrong: the worst is coefs[1][" in check.verdict
    assert "So is that of layer 1" in check.verdict
    assert list(check.frame()["ok"]) == [False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("layers", "wrong"),
    [
        ([Dense(3, 4, DerivativeOfTheWrongThing()), Dense(4, 4, "tanh"), Dense(4, 2)], 1),
        ([Dense(3, 4, "tanh"), HandsDownTransposed(4, 4, "tanh"), Dense(4, 2)], 1),
        ([Dense(3, 4, "tanh"), Dense(4, 4, "tanh"), BiasesFromOneRow(4, 2)], 3),
        ([Dense(3, 4, "tanh"), LetsAllThrough(4, 0.4), Dense(4, 2)], 1),
        ([Dense(3, 4, "tanh"), WithoutTheScale(4, 0.4), Dense(4, 2)], 1),
        ([Dense(3, 4, "tanh"), Dense(4, 4, "relu"), LetsAllThrough(4, 0.4), Dense(4, 2)], 2),
    ],
)
def test_mistakes_of_a_layer(layers, wrong):
    check = check_gradients(*built(layers))
    assert not check.ok
    assert f"of layer {wrong} is wrong" in check.verdict


def test_a_transposed_gradient():
    check = check_gradients(*built([Dense(3, 4, "tanh"), WritesTransposed(4, 4, "tanh"), Dense(4, 2)], alpha=0.0))
    assert "The gradient of the weights of layer 2 is wrong" in check.verdict
    assert "as if it were transposed" in check.verdict


class Tampered(Network):
    """Changes its gradient after the fact."""

    def loss_and_gradient(self, X, y, sample_weight, gradient, rng=None):
        loss = super().loss_and_gradient(X, y, sample_weight, gradient, rng)
        total = len(y) if sample_weight is None else sample_weight.sum()
        self.tamper(gradient, total)
        return self.factor * loss

    factor = 1.0

    def tamper(self, gradient, total):
        pass


def penalty_forgotten(self, gradient, total):
    for part, coef in zip(gradient.coefs, self.coefs, strict=True):
        part -= self.alpha * coef / total


def penalty_twice(self, gradient, total):
    for part, coef in zip(gradient.coefs, self.coefs, strict=True):
        part += self.alpha * coef / total


def penalty_not_averaged(self, gradient, total):
    for part, coef in zip(gradient.coefs, self.coefs, strict=True):
        part += self.alpha * coef * (1 - 1 / total)


def biases_penalised(self, gradient, total):
    for part, intercept in zip(gradient.intercepts, self.intercepts, strict=True):
        part += self.alpha * intercept / total


def summed(self, gradient, total):
    for part, coef in zip(gradient.coefs, self.coefs, strict=True):
        part += (total - 1) * (part - self.alpha * coef / total)
    gradient.bias_block *= total


def doubled(self, gradient, total):
    for block in gradient.blocks:
        block *= 2


def halved(self, gradient, total):
    for block in gradient.blocks:
        block /= 2


def negated(self, gradient, total):
    for block in gradient.blocks:
        np.negative(block, out=block)


def divided_twice(self, gradient, total):
    for block in gradient.blocks:
        block /= total


def averaged_over_outputs(self, gradient, total):
    for block in gradient.blocks:
        block /= 3


def gone(self, gradient, total):
    for block in gradient.blocks:
        block[:] = 0


@pytest.mark.parametrize(
    ("tamper", "named", "hint"),
    [
        (penalty_forgotten, "weights of layer 2", "as if the penalty alpha W were missing"),
        (penalty_twice, "weights of layer 2", "as if the penalty were counted twice"),
        (penalty_not_averaged, "weights of layer 2", "as if the penalty were not divided by the sum of the rows"),
        (biases_penalised, "biases of layer 2", "as if the biases were penalised"),
        (summed, "weights and biases of layer 2", "as if the rows were summed and not averaged"),
        (doubled, "weights and biases of layer 2", "(factor 2), as if a factor 2 were too many"),
        (halved, "weights and biases of layer 2", "(factor 0.5), as if a factor 2 were missing"),
        (negated, "weights and biases of layer 2", "(factor -1), as if its sign were wrong"),
        (divided_twice, "weights and biases of layer 2", "divided by the sum of the rows' weights twice"),
        (averaged_over_outputs, "weights and biases of layer 2", "as if it were averaged over the outputs"),
        (gone, "weights and biases of layer 2", "as if it were 0"),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_mistakes_of_a_network(tamper, named, hint, weighted):
    kind = type("Mistaken", (Tampered,), {"tamper": tamper})
    network, X, y = built([Dense(3, 4, "tanh"), Dense(4, 3)], kind=kind)
    weight = np.random.RandomState(5).uniform(0.3, 1.2, len(X)) if weighted else None
    check = check_gradients(network, X, y, weight)
    assert not check.ok
    assert f"The gradient of the {named} is wrong: the worst is " in check.verdict
    assert hint in check.verdict


def test_weights_left_out_of_the_mean():
    # the sum of the weighted rows divided by their number
    class Mistaken(Tampered):
        def tamper(self, gradient, total):
            for block in gradient.blocks:
                block *= total / 12

    network, X, y = built([Dense(3, 4, "tanh"), Dense(4, 3)], kind=Mistaken, alpha=0.0)
    assert check_gradients(network, X, y).ok
    check = check_gradients(network, X, y, np.random.RandomState(5).uniform(0.3, 1.2, 12))
    assert "divided by the number of rows, not by the sum of their weights" in check.verdict


def test_a_penalty_as_small_as_the_default_is_missed_by_no_one():
    # alpha = 1e-4: a millionth of the gradient, far below what central differences see
    kind = type("Mistaken", (Tampered,), {"tamper": penalty_forgotten})
    network, X, y = built([Dense(3, 4, "tanh"), Dense(4, 3)], kind=kind, alpha=1e-4)
    check = check_gradients(network, X, y)
    assert "as if the penalty alpha W were missing" in check.verdict


def test_one_wrong_weight_among_many_shows_along_a_random_direction():
    class Mistaken(Tampered):
        def tamper(self, gradient, total):
            gradient.coefs[0][17, 3] += 1e-3

    network, X, y = built([Dense(20, 6, "tanh"), Dense(6, 3)], kind=Mistaken, seed=3)
    check = check_gradients(network, X, y, n_parameters=8)
    assert "weights of layer 1 is wrong: the worst is a random direction" in check.verdict
    check = check_gradients(network, X, y, n_parameters=10_000)
    assert "the worst is coefs[0][17, 3]: " in check.verdict


def test_a_loss_that_is_not_the_loss_of_the_gradient():
    kind = type("Mistaken", (Tampered,), {"factor": 2.0})
    check = check_gradients(*built([Dense(3, 4, "tanh"), Dense(4, 3)], kind=kind))
    assert not check.ok
    assert check.verdict.startswith("The gradient is right, but the reported loss is not the one it belongs to")


def test_a_gradient_that_is_not_a_number():
    class Mistaken(Tampered):
        def tamper(self, gradient, total):
            gradient.coefs[1][2, 1] = np.nan

    check = check_gradients(*built([Dense(3, 4, "tanh"), Dense(4, 3)], kind=Mistaken))
    assert "weights of layer 2 is wrong: the worst is coefs[1][2, 1]: nan against" in check.verdict


def test_mistakes_in_the_estimators_own_code(problems, monkeypatch):
    _, X, y = problems["multiclass"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((5, 4), activation="tanh", max_iter=3, random_state=0).fit(X, y)
    monkeypatch.setattr(Tanh, "backward", NoDerivative.backward)
    check = check_gradients(model, X, y)
    assert "of layer 2 is wrong: the worst is coefs_[1][" in check.verdict
    assert "So is that of layer 1" in check.verdict


# -- words and refusals -----------------------------------------------------------------------------------------------


def test_what_a_check_looks_like():
    check = check_gradients(*three_layers())
    assert str(check).startswith(check.verdict + "\n layer    part  size")
    assert repr(check) == f"GradientCheck(ok=True, verdict={check.verdict!r})"
    assert len(check.frame()) == len(check.parts) == 6


def test_sums_too_large_to_judge():
    network, X, y = built([Dense(3, 4), Dense(4, 2)])
    check = check_gradients(network, 1e14 * X, y)
    assert not check.ok
    assert "Standardise the columns of X" in check.verdict


def test_what_cannot_be_checked(problems):
    _, X, y = problems["binary"]
    network, rows, target = three_layers()
    with pytest.raises(ValueError, match="not fitted"):
        check_gradients(MLPClassifier(), X, y)
    with pytest.raises(ValueError, match="no parameters yet"):
        check_gradients(Network([Dense(3, 2)]), rows, target)
    with pytest.raises(TypeError, match="of this package"):
        check_gradients(ScikitLearnClassifier(), X, y)
    with pytest.raises(ValueError, match="a network with 2 outputs needs one of shape"):
        check_gradients(network, rows, target[:, :1])
    exclusive = Network([Dense(3, 2, "softmax")], "log_loss").initialise(0)
    with pytest.raises(ValueError, match="log_loss y has to consist of 0 and 1"):
        check_gradients(exclusive, rows, np.full((len(rows), 2), 0.5))
    with pytest.raises(ValueError, match="1 or more; got 0"):
        check_gradients(network, rows, target, n_parameters=0)
    with pytest.raises(ValueError, match="loss is not finite"):
        check_gradients(network, 1e200 * rows, 1e200 * target)


def test_the_network_stays_bound_to_its_own_parameters():
    network, X, y = three_layers()
    coefs, before = network.coefs, [coef.copy() for coef in network.coefs]
    rows, target = X.copy(), y.copy()
    assert check_gradients(network, X, y).ok
    assert network.coefs is coefs
    for coef, earlier in zip(coefs, before, strict=True):
        np.testing.assert_array_equal(coef, earlier)
    np.testing.assert_array_equal(X, rows)
    np.testing.assert_array_equal(y, target)
