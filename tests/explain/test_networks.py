"""Networks: pieces and radii, integrated gradients, boundaries, and what is not exact."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.explain.models import LABELS, MLPClassifier, MLPRegressor, X, Y, exact_shapley, network, score

from workings.explain import Perceptron, explain, integrated_gradients, local_piece, nearest_boundary, read_model
from workings.explain.crossings import cut_path
from workings.neural_network import MLPClassifier as OurClassifier
from workings.neural_network import MLPRegressor as OurRegressor

BINARY = np.where(np.median(Y) < Y, "yes", "no")
MEAN = X.mean(axis=0)


def perceptron(seed, sizes, activation="relu"):
    rng = np.random.RandomState(seed)
    return Perceptron(
        tuple(rng.normal(size=shape) for shape in itertools.pairwise(sizes)),
        tuple(rng.normal(size=size) for size in sizes[1:]),
        activation,
    )


def test_by_hand():
    # |x| + 1 from two units relu(x), relu(-x); from -1 to 3 it falls by 1 on a quarter and rises by 3 on the rest
    net = Perceptron((np.array([[1.0, -1.0]]), np.ones((2, 1))), (np.zeros(2), np.ones(1)), "relu")
    found = integrated_gradients(net, np.array([3.0]), np.array([-1.0]), np.ones(1))
    assert (found.start, found.end, found.contributions.tolist(), found.pieces) == (2.0, 4.0, [2.0], 2)
    piece = local_piece(net, np.array([3.0]))
    assert (piece.weights.tolist(), piece.biases.tolist(), piece.radius) == ([[1.0]], [1.0], 3.0)
    assert local_piece(net, np.array([0.0])).radius == 0


def ridge(slopes, edges, constant):
    """A margin of one feature: the sum of slopes times relu(x - edge), plus a constant."""
    edges = np.array(edges)
    return Perceptron(
        (np.ones((1, len(edges))), np.array(slopes)[:, np.newaxis]), (-edges, np.array([constant])), "relu"
    )


def boundary_of(net, row):
    row = np.array([row])
    return nearest_boundary(net, row, local_piece(net, row), np.ones((1, 1)))


def test_boundaries_by_hand():
    # slope 1 down to the edge at 1, then 1/8 down to the zero at 0: the slope at 2 says 9/8, the way is 2
    beyond = boundary_of(ridge([0.125, 0.875], [-8.0, 1.0], -1.0), 2.0)
    assert (beyond.change.tolist(), beyond.distance, beyond.certain, beyond.inside) == ([-2.0], 2.0, 1.0, False)
    inside = boundary_of(ridge([1.0], [-8.0], -8.0), 2.0)
    assert (inside.change.tolist(), inside.distance, inside.certain, inside.inside) == ([-2.0], 2.0, 2.0, True)
    assert boundary_of(ridge([1.0], [1.0], 1.0), 2.0) is None  # never below 1
    assert boundary_of(ridge([1.0], [1.0], 1.0), 0.0) is None  # flat
    rounded = boundary_of(ridge([1.0], [0.0], np.nextafter(-2.0, -3.0)), 2.0)  # less than 0 by rounding
    assert rounded.distance == 0


def test_cuts_by_hand():
    # z = (x, x - 1), then relu(x) - 2 relu(x - 1), which is 0 at 2: cuts of the path from -1 to 3 at 0, 1 and 2
    net = Perceptron(
        (np.array([[1.0, 1.0]]), np.array([[1.0], [-2.0]]), np.ones((1, 1))),
        (np.array([0.0, -1.0]), np.zeros(1), np.zeros(1)),
        "relu",
    )
    path = cut_path(net, np.array([-1.0]), np.array([3.0]))
    assert path.places.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert path.outputs.ravel().tolist() == [0, 0, 1, 0, 0]


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.lists(st.integers(1, 12), min_size=0, max_size=3))
def test_completeness_riemann_order_and_constants(seed, p, hidden):
    net = perceptron(seed, [p, *hidden, 2])
    rng = np.random.RandomState(seed)
    row, baseline, direction = 3 * rng.normal(size=p), rng.normal(size=p), rng.normal(size=2)
    found = integrated_gradients(net, row, baseline, direction)
    scale = abs(found.start) + abs(found.end) + np.abs(found.contributions).sum()
    assert found.residual <= 1e-12 * scale
    # the middle rule misses at most a step for each piece
    steps = 20000
    shares = (np.arange(steps) + 0.5) / steps
    points = baseline + shares[:, np.newaxis] * (row - baseline)
    slopes = net.slopes(points, direction)
    riemann = (row - baseline) * slopes.mean(axis=0)
    allowed = found.pieces / steps * np.abs(row - baseline) * np.ptp(slopes, axis=0)
    assert (np.abs(found.contributions - riemann) <= allowed + 1e-11 * scale).all()

    order = rng.permutation(p)
    permuted = Perceptron((net.coefs[0][order], *net.coefs[1:]), net.intercepts, "relu")
    again = integrated_gradients(permuted, row[order], baseline[order], direction)
    assert again.contributions == pytest.approx(found.contributions[order], abs=1e-11 * scale)
    wider = Perceptron(
        (np.vstack([net.coefs[0], np.ones(net.coefs[0].shape[1])]), *net.coefs[1:]), net.intercepts, "relu"
    )
    assert integrated_gradients(wider, np.append(row, 2.0), np.append(baseline, 2.0), direction).contributions[-1] == 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.lists(st.integers(1, 12), min_size=1, max_size=3))
def test_the_radius_is_that_of_the_region(seed, p, hidden):
    net = perceptron(seed, [p, *hidden, 2])
    rng = np.random.RandomState(seed)
    row = rng.normal(size=p)
    piece = local_piece(net, row)
    assert piece.residual <= 1e-12 * (np.abs(piece.weights).sum() + np.abs(piece.biases).sum())

    def pattern(points):
        return np.hstack([sums > 0 for sums in net.sums(points)[:-1]])

    if piece.radius == np.inf:
        return
    ways = rng.normal(size=(200, p))
    ways *= piece.radius / np.linalg.norm(ways, axis=1, keepdims=True)
    assert (pattern(row + (1 - 1e-7) * ways) == pattern(row[np.newaxis])).all()
    # and towards its nearest plane the pattern changes just beyond it
    G, found = net.coefs[0], []
    values = row
    for coef, intercept, after in zip(net.coefs[:-1], net.intercepts[:-1], net.coefs[1:], strict=True):
        z = values @ coef + intercept
        for unit in range(len(z)):
            if np.linalg.norm(G[:, unit]) > 0:
                way = -z[unit] * G[:, unit] / (G[:, unit] @ G[:, unit])
                found.append((np.linalg.norm(way), way))
        values = np.maximum(z, 0)
        G = (G * (z > 0)) @ after
    distance, way = min(found, key=lambda pair: pair[0])
    assert distance == pytest.approx(piece.radius, rel=1e-9)
    assert (pattern(row + (1 + 1e-6) * way[np.newaxis]) != pattern(row[np.newaxis])).any()


@pytest.mark.parametrize("kind", [MLPClassifier, OurClassifier])
@pytest.mark.parametrize("y", [BINARY, LABELS, (np.median(Y) < Y).astype(int)], ids=["two", "three", "numbers"])
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_flips_happen_at_the_change(kind, y, activation):
    model = network(kind, y, activation=activation)
    proved = 0
    for row in X[::4]:
        found = explain(model, row, X)
        assert found.prediction == model.predict(row[np.newaxis])[0]
        assert found.probability == pytest.approx(model.predict_proba(row[np.newaxis]).max(), rel=1e-12)
        assert found.identity.drop("shapley")["relative"].max() <= 1e-12
        if found.flip is None:
            assert "leads to no other class" in found.not_applicable["flip"]
            continue
        change = found.flip.change.to_numpy()
        assert model.predict([row + (1 - 1e-8) * change])[0] == found.prediction
        assert model.predict([row + (1 + 1e-8) * change])[0] == found.flip.to
        assert found.flip.distance == pytest.approx(np.linalg.norm(change), rel=1e-12)
        assert found.flip.certain <= found.flip.distance
        assert (found.flip.certain == found.flip.distance) == found.flip.least
        proved += found.flip.least
        ways = np.random.RandomState(0).normal(size=(300, 4))
        ways *= (1 - 1e-9) * found.flip.certain / np.linalg.norm(ways, axis=1, keepdims=True)
        assert (model.predict(row + ways) == found.prediction).all()
    assert proved == 20 if activation == "identity" else proved < 20


def test_the_explained_number_is_the_logit():
    model = network()
    row = X.max(axis=0)  # so far from the mean that the orders do not agree
    found = explain(model, row, X)
    said, rival = np.argsort(model.predict_proba([row])[0])[::-1][:2]
    direction = np.eye(3)[said] - np.eye(3)[rival]
    assert found.value == pytest.approx(score(model, row, direction), rel=1e-12)
    assert found.base == pytest.approx(score(model, MEAN, direction), rel=1e-12)
    p, q = model.predict_proba([row])[0][[said, rival]]
    assert found.value == pytest.approx(np.log(p / q), rel=1e-10)
    exact = exact_shapley(lambda x: score(model, x, direction), row, MEAN)
    off = np.abs(found.contributions["shapley"] - exact) / found.contributions["standard_error"]
    assert off.max() < 4
    assert f"{found.probability:.2f}" == f"{p:.2f}"


@pytest.mark.parametrize("kind", [MLPClassifier, OurClassifier])
def test_another_class_and_labels(kind):
    model = network(kind)
    row = X[3]
    for k, name in enumerate(model.classes_):
        found = explain(model, row, X, output=name)
        assert found.probability == pytest.approx(model.predict_proba([row])[0, k], rel=1e-12)
        assert found.prediction == model.predict([row])[0]
    two = network(kind, BINARY)
    yes, no = (explain(two, row, X, output=name) for name in ("yes", "no"))
    assert yes.value == -no.value
    assert yes.probability + no.probability == pytest.approx(1, rel=1e-12)
    several = network(kind, np.column_stack([Y > 0, X[:, 0] > 0]).astype(int))
    for k in (0, 1):
        for row in X[:6]:
            found = explain(several, row, X, output=k)
            on = several.predict([row])[0, k]
            chance = several.predict_proba([row])[0, k]
            assert found.probability == pytest.approx(chance if on else 1 - chance, rel=1e-10)
            assert found.identity.loc["model", "error"] < 1e-14
            if found.flip is not None:
                beyond = several.predict([row + (1 + 1e-8) * found.flip.change.to_numpy()])[0, k]
                assert beyond == found.flip.to == 1 - on
    with pytest.raises(ValueError, match="one of the classes 'high', 'low', 'middle'"):
        explain(model, row, output="other")


@pytest.mark.parametrize("kind", [MLPRegressor, OurRegressor])
def test_regressors(kind):
    model = network(kind, Y, max_iter=300)
    found = explain(model, X[3], X)
    assert found.prediction == pytest.approx(model.predict(X[[3]])[0], rel=1e-12)
    assert found.contributions["contribution"].sum() + found.base == pytest.approx(found.prediction, rel=1e-12)
    assert found.flip is None
    assert found.probability is None
    assert "no classes" in found.not_applicable["flip"]
    counts = network(kind, np.exp(X[:, 0]), loss="poisson")
    found = explain(counts, X[3], X)
    assert np.exp(found.value) == pytest.approx(counts.predict(X[[3]])[0], rel=1e-12)
    assert found.identity.loc["model", "relative"] < 1e-12
    assert " times what it says of " in found.sentence
    several = network(kind, np.column_stack([Y, X[:, 0]]))
    assert explain(several, X[3], X, output=1).prediction == pytest.approx(several.predict(X[[3]])[0, 1], rel=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_curved_networks_say_that_they_are_not_exact(activation):
    model = network(activation=activation)
    found = explain(model, X[3], X)
    line = found.identity.loc["quadrature"]
    assert line["kind"] == "quadrature"
    assert line["relative"] <= 1e-12
    assert found.identity.loc["contributions", "relative"] <= 1e-12
    assert found.local is None
    assert found.flip is None
    assert "curved" in found.not_applicable["local"]
    assert "curved" in found.not_applicable["flip"]
    with pytest.raises(ValueError, match="curved everywhere"):
        local_piece(read_model(model).perceptron, X[3])


def test_quadrature_against_a_closed_form_and_its_honest_error():
    # tanh(a x) from 0 to 1: the integral of a (1 - tanh(a t)^2) is tanh(a)
    for steepness, most in ((3.0, 1e-13), (1e6, 1.0)):
        net = Perceptron((np.full((1, 1), steepness), np.eye(1)), (np.zeros(1), np.zeros(1)), "tanh")
        found = integrated_gradients(net, np.ones(1), np.zeros(1), np.ones(1))
        assert not found.exact
        assert abs(found.contributions[0] - np.tanh(steepness)) <= max(2 * found.error, 1e-14)
        assert found.error <= most
        assert found.residual <= max(2 * found.error, 1e-14)


def test_a_single_class_has_no_boundary():
    for kind in (MLPClassifier, OurClassifier):
        model = network(kind, np.full(80, 3))
        found = explain(model, X[3], X)
        assert found.prediction == 3
        assert found.probability == pytest.approx(model.predict_proba(X[[3]])[0, 0], rel=1e-12)
        assert "single class" in found.not_applicable["flip"]


def test_no_hidden_layer_is_one_piece():
    found = explain(network(hidden_layer_sizes=()), X[3], X)
    assert found.local.radius == np.inf
    assert found.flip.least


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_single_precision_parameters_are_said_to_differ():
    model = MLPRegressor(hidden_layer_sizes=(5,), max_iter=20, random_state=0).fit(
        X.astype(np.float32), Y.astype(np.float32)
    )
    found = explain(model, X[3].astype(np.float32), X)
    assert found.identity.loc["model", "relative"] < 1e-5
    assert found.identity.loc["contributions", "relative"] < 1e-12
