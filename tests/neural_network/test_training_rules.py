"""Rules of training that scikit-learn's own tests do not notice when they are broken."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris

from workings.neural_network import MLPClassifier, MLPRegressor
from workings.neural_network.batches import Batches
from workings.neural_network.progress import Progress

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X_IRIS, Y_IRIS = load_iris(return_X_y=True)


def first_step(X, y, **parameters):
    """Parameters before and after one update on all rows, as vectors."""
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    network = MLPRegressor(random_state=0, max_iter=1, hidden_layer_sizes=(3,), shuffle=False, **parameters)
    drawn = MLPRegressor(random_state=0, max_iter=1, hidden_layer_sizes=(3,), learning_rate_init=1e-300, solver="sgd")
    before, after = (
        np.concatenate([part.ravel() for part in (*model.fit(X, y).coefs_, *model.intercepts_)])
        for model in (drawn, network)
    )
    return before, after


def test_adam_corrects_its_bias():
    # the first step is the learning rate for every parameter with a gradient, not 3.16 times as long
    before, after = first_step([[1.0], [-2.0]], [1.0, 3.0], activation="tanh", learning_rate_init=0.01)
    np.testing.assert_allclose(np.abs(after - before), 0.01, rtol=1e-5)


def test_nesterov_steps_farther_than_polyak_by_the_momentum():
    # with v = -rate g the steps are v and (1 + momentum) v
    data = [[1.0], [-2.0]], [1.0, 3.0]
    settings = {"activation": "tanh", "solver": "sgd", "learning_rate_init": 0.01, "momentum": 0.75}
    before, polyak = first_step(*data, nesterovs_momentum=False, **settings)
    _, nesterov = first_step(*data, nesterovs_momentum=True, **settings)
    # differences of numbers of size one: an error of 1e-16 over steps of at least 1e-4
    np.testing.assert_allclose((nesterov - before) / (polyak - before), 1.75, rtol=1e-10)


def test_inverse_scaling_counts_the_samples_of_whole_epochs_plus_one():
    network = MLPClassifier((2,), solver="sgd", learning_rate="invscaling", learning_rate_init=0.5, max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(X_IRIS[:8], Y_IRIS[:8] + [0, 1] * 4)
    assert network.t_ == 16
    assert network._optimizer.learning_rate == 0.5 / 17**0.5


@pytest.mark.parametrize("patience", [1, 2, 7])
def test_patience_by_hand(patience):
    # nothing is an improvement by 1e9, but the first epoch, which beats infinity: epochs 2, 3, ... count, and the
    # training ends when the count *exceeds* the patience
    network = MLPRegressor(hidden_layer_sizes=(2,), tol=1e9, n_iter_no_change=patience, random_state=0).fit(
        X_IRIS, Y_IRIS
    )
    assert network.n_iter_ == patience + 2
    stopped = MLPRegressor(
        hidden_layer_sizes=(2,), tol=1e9, n_iter_no_change=patience, early_stopping=True, random_state=0
    )
    assert stopped.fit(X_IRIS, Y_IRIS).n_iter_ == patience + 2


def test_progress_counts_by_hand():
    progress = Progress(early_stopping=False)
    counts = []
    for loss in (5.0, 4.0, 3.95, 3.8, 3.9, 3.6999):
        progress.take_loss(loss, tol=0.1)
        counts.append(progress.without_improvement)
    # 3.95 > 4 - 0.1 counts but becomes the best; 3.8 > 3.95 - 0.1 is no longer true; 3.9 counts; 3.6999 improves
    assert counts == [0, 0, 1, 0, 1, 0]
    assert progress.best_loss == 3.6999

    progress = Progress(early_stopping=True)
    counts, best = [], []
    for score in (0.5, 0.625, 0.7, 0.7, np.nan, 0.7, 0.75):
        best.append(progress.take_score(score, tol=0.125))
        counts.append(progress.without_improvement)
    # 0.625 rises by tol exactly, which is enough; 0.7 and 0.75 do not, but are the best so far
    assert counts == [0, 0, 1, 2, 0, 1, 2]
    assert best == [True, True, True, False, False, False, True]


def test_early_stopping_restores_the_best_epoch():
    settings = {
        "hidden_layer_sizes": (8,),
        "early_stopping": True,
        "validation_fraction": 0.3,
        "learning_rate_init": 0.1,
        "random_state": 3,
        "n_iter_no_change": 5,
    }
    stopped = MLPClassifier(**settings, max_iter=100).fit(X_IRIS, Y_IRIS)
    best = int(np.argmax(stopped.validation_scores_)) + 1
    assert stopped.validation_scores_[-1] < stopped.best_validation_score_  # else nothing is to be restored
    assert best < stopped.n_iter_
    again = MLPClassifier(**settings, max_iter=best).fit(X_IRIS, Y_IRIS)
    for one, other in zip(stopped.coefs_ + stopped.intercepts_, again.coefs_ + again.intercepts_, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_optimiser_is_new_for_fit_and_kept_for_partial_fit():
    network = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, warm_start=True, random_state=0).fit(X_IRIS, Y_IRIS)
    assert network._optimizer.t == 1
    assert network.fit(X_IRIS, Y_IRIS)._optimizer.t == 1
    assert network.partial_fit(X_IRIS, Y_IRIS)._optimizer.t == 2
    assert network.t_ == 450


def test_batches_keep_the_short_last_one_and_every_row():
    X, y = np.arange(10.0).reshape(10, 1), np.arange(10).reshape(10, 1)
    batches = Batches(X, y, np.arange(10.0), 4, np.random.RandomState(0))
    orders = []
    for _ in range(3):
        rows = []
        batches.begin_epoch()
        for batch in batches:
            assert len(batch.X) == len(batch.y) == len(batch.sample_weight) == batch.n_samples
            np.testing.assert_array_equal(batch.X, batch.y)
            np.testing.assert_array_equal(batch.X[:, 0], batch.sample_weight)
            rows.append(batch.y.ravel().copy())
        assert [len(part) for part in rows] == [4, 4, 2]
        orders.append(np.concatenate(rows))
        np.testing.assert_array_equal(np.sort(orders[-1]), np.arange(10))
    # a permutation of the order before, not of 0, 1, 2, ...
    rng = np.random.RandomState(0)
    order = np.arange(10)
    for drawn in orders:
        permutation = np.arange(10)
        rng.shuffle(permutation)
        order = order[permutation]
        np.testing.assert_array_equal(drawn, order)


def test_the_loss_of_an_epoch_weights_its_batches_by_their_rows():
    # a rate of 1e-300 changes nothing, so that the mean over the batches is the mean over the rows
    settings = {"hidden_layer_sizes": (4,), "random_state": 0, "max_iter": 1, "solver": "sgd", "alpha": 0.0}
    X, y = X_IRIS[:10], Y_IRIS[:10] + 0.1 * np.arange(10)
    losses = [MLPRegressor(**settings, batch_size=size, learning_rate_init=1e-300).fit(X, y).loss_ for size in (4, 10)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-14)
