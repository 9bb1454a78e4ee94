"""A slice through the loss: the right loss, the right directions, the model unchanged in its middle."""

import numpy as np
import pytest

from workings.neural_network import Dense, MLPClassifier, MLPRegressor, Network, loss_landscape

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::workings.base.ConvergenceWarning"),
]

RNG = np.random.RandomState(0)
X = RNG.randn(40, 3)
Y = RNG.randn(40, 2)


def moved(model, step):
    """Return the predictions of a model whose parameters are a step along a flat vector away."""
    coefs, intercepts, start = [], [], 0
    for part in model.coefs_:
        coefs.append(part + step[start : start + part.size].reshape(part.shape))
        start += part.size
    for part in model.intercepts_:
        intercepts.append(part + step[start : start + part.size])
        start += part.size
    twin = MLPRegressor(**model.get_params())
    twin.__dict__.update(model.__dict__)
    twin.coefs_, twin.intercepts_ = coefs, intercepts
    return twin.predict(X), sum((coef**2).sum() for coef in coefs)


@pytest.mark.parametrize("weighted", [False, True])
def test_each_point_is_the_minimised_loss(weighted):
    """The sum over the outputs, though the reported loss is their mean."""
    weight = np.random.RandomState(1).uniform(0.5, 2, 40) if weighted else None
    model = MLPRegressor(hidden_layer_sizes=(4,), alpha=2.0, max_iter=20, random_state=0).fit(X, Y, weight)
    found = loss_landscape(model, X, Y, sample_weight=weight, n=5, radius=0.5)
    w = np.ones(40) if weight is None else weight
    np.testing.assert_array_equal(found.places, [-0.5, -0.25, 0, 0.25, 0.5])
    for row, first in enumerate(found.places):
        for column, second in enumerate(found.places):
            prediction, squares = moved(model, first * found.directions[0] + second * found.directions[1])
            data = (w @ ((prediction - Y) ** 2).sum(axis=1)) / 2 / w.sum()
            assert found.data_loss[row, column] == pytest.approx(data, rel=1e-13)
            assert found.penalty[row, column] == pytest.approx(squares / w.sum(), rel=1e-13)
    frame = found.frame()
    assert list(frame.columns) == ["first", "second", "loss", "data_loss", "penalty"]
    assert frame.loc[1, ["first", "second"]].tolist() == [-0.5, -0.25]
    np.testing.assert_array_equal(frame["loss"], (found.data_loss + found.penalty).ravel())


def test_directions_are_filter_normalised():
    model = MLPRegressor(hidden_layer_sizes=(4, 3), max_iter=5, random_state=0).fit(X, Y)
    directions = loss_landscape(model, X, Y, n=3).directions
    for direction in directions:
        start = 0
        for coef in model.coefs_:
            part = direction[start : start + coef.size].reshape(coef.shape)
            np.testing.assert_allclose((part**2).sum(axis=0), (coef**2).sum(axis=0), rtol=1e-14)
            start += coef.size
        assert not direction[start:].any()
    cosine = directions[0] @ directions[1] / np.sqrt((directions[0] ** 2).sum() * (directions[1] ** 2).sum())
    assert abs(cosine) < 0.9


def test_a_rescaled_relu_network_has_the_same_landscape():
    """Ten times the weights below and a tenth of those above compute the same, and filter normalisation sees it."""
    model = MLPRegressor(hidden_layer_sizes=(6,), max_iter=50, alpha=0.0, random_state=0).fit(X, Y)
    before = loss_landscape(model, X, Y, n=5)
    model.coefs_[0] *= 10
    model.intercepts_[0] *= 10
    model.coefs_[1] /= 10
    np.testing.assert_allclose(loss_landscape(model, X, Y, n=5).loss, before.loss, rtol=1e-12)


def test_the_middle_is_the_model():
    labels = np.arange(40) % 3
    model = MLPClassifier((5,), solver="lbfgs", max_iter=500, alpha=1.0, random_state=0).fit(X, labels)
    found = loss_landscape(model, X, labels, n=7, radius=0.3)
    assert found.loss[3, 3] == pytest.approx(model.loss_, rel=1e-13)
    assert found.loss.argmin() == 24
    assert found.sentence == f"On this slice no point has a smaller loss than the model, {model.loss_:.3g}."
    again = loss_landscape(model, X, labels, n=7, radius=0.3)
    np.testing.assert_array_equal(found.loss, again.loss)
    other = loss_landscape(model, X, labels, n=7, radius=0.3, random_state=1)
    assert not np.array_equal(found.directions, other.directions)


@pytest.mark.parametrize("batch_size", [7, 20, 40])
def test_the_penalty_counts_once_a_batch(batch_size):
    """With a rate of almost 0 the epoch's loss is that of a training which stands still: the middle of the slice."""
    settings = {"hidden_layer_sizes": (4,), "solver": "sgd", "learning_rate_init": 1e-300, "alpha": 3.0, "max_iter": 1}
    model = MLPRegressor(**settings, batch_size=batch_size, random_state=0).fit(X, Y[:, 0])
    found = loss_landscape(model, X, Y[:, 0], n=3)
    assert found.loss[1, 1] == pytest.approx(model.loss_, rel=1e-13)


def test_an_untrained_model_has_smaller_losses_around_it():
    network = Network([Dense(3, 8, "tanh"), Dense(8, 2)]).initialise(random_state=0)
    before = network.parameters.copy()
    found = loss_landscape(network, X, Y, n=9)
    assert "away" in found.sentence
    np.testing.assert_array_equal(network.parameters, before)
    assert network.loss_at(X, Y) * 2 == pytest.approx(found.loss[4, 4], rel=1e-14)


def test_points_at_which_the_network_overflows_are_shown_as_such():
    model = MLPRegressor("poisson", hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, np.abs(Y))
    found = loss_landscape(model, X, np.abs(Y), n=5, radius=1e4)
    assert not np.isfinite(found.loss).all()
    assert np.isfinite(found.loss[2, 2])
    assert found.sentence


def test_what_makes_no_sense_is_refused():
    model = MLPRegressor(max_iter=2, random_state=0).fit(X, Y)
    for n in (1, 4, 2):
        with pytest.raises(ValueError, match="odd"):
            loss_landscape(model, X, Y, n=n)
    with pytest.raises(ValueError, match="radius"):
        loss_landscape(model, X, Y, radius=0)
    with pytest.raises(TypeError, match="of this package"):
        loss_landscape(object(), X, Y)
