"""The flight recorder on networks: what it writes, and that it changes nothing."""

import numpy as np
import pytest

import workings
from workings.neural_network import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).randn(50, 3)
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)


def parameters_of(model):
    return np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])


@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_recording_changes_no_bit(solver, arrays, early_stopping):
    settings = {"solver": solver, "random_state": 0, "max_iter": 5, "early_stopping": early_stopping, "batch_size": 16}
    silent = MLPClassifier((4,), **settings).fit(X, Y)
    with workings.record(arrays=arrays):
        recorded = MLPClassifier((4,), **settings).fit(X, Y)
    np.testing.assert_array_equal(parameters_of(silent), parameters_of(recorded))
    assert silent.loss_ == recorded.loss_


def test_updates_and_epochs():
    model = MLPRegressor(random_state=0, max_iter=3, batch_size=20, solver="sgd", learning_rate="invscaling")
    with workings.record() as tape:
        model.fit(X, Y)
    updates, epochs = tape.frame("update"), tape.frame("epoch")
    assert list(updates["epoch"]) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert list(updates["batch"]) == [1, 2, 3] * 3
    assert list(epochs["loss"]) == model.loss_curve_
    assert epochs["validation_score"].isna().all()
    assert epochs["learning_rate"].iloc[-1] == model._optimizer.learning_rate
    # an epoch's loss is the mean of its batches', which have 20, 20 and 10 rows
    for epoch, loss in zip(epochs["epoch"], epochs["loss"], strict=True):
        losses = updates.loc[updates["epoch"] == epoch, "batch_loss"].to_numpy()
        assert loss == pytest.approx((20 * losses[0] + 20 * losses[1] + 10 * losses[2]) / 50, rel=1e-14)


def test_the_recorded_updates_add_up_to_the_training():
    settings = {"hidden_layer_sizes": (4, 2), "random_state": 0, "batch_size": 25}
    start = MLPRegressor(**settings, max_iter=1, solver="sgd", learning_rate_init=1e-300).fit(X, Y)
    with workings.record(arrays=True) as tape:
        model = MLPRegressor(**settings, max_iter=4).fit(X, Y)
    for layer in range(3):
        for name, before, after in (
            ("coefs", start.coefs_, model.coefs_),
            ("intercepts", start.intercepts_, model.intercepts_),
        ):
            total = np.sum(tape.arrays(f"update_{name}_{layer}"), axis=0)
            # eight additions to numbers below one, 1e-16 each
            np.testing.assert_allclose(before[layer] + total, after[layer], rtol=0, atol=2e-15)
            assert tape.arrays(f"gradient_{name}_{layer}")[0].shape == after[layer].shape
    norms = tape.frame("update")
    parts = [tape.arrays(f"gradient_{name}_{layer}")[0] for name in ("coefs", "intercepts") for layer in range(3)]
    assert norms["gradient_norm"][0] == pytest.approx(np.sqrt(sum((part**2).sum() for part in parts)), rel=1e-13)


def test_validation_scores_are_on_the_tape():
    with workings.record() as tape:
        model = MLPClassifier(early_stopping=True, max_iter=4, random_state=0).fit(X, Y)
    assert list(tape.frame("epoch")["validation_score"]) == model.validation_scores_


def test_lbfgs_iterations():
    with workings.record() as tape:
        model = MLPClassifier(solver="lbfgs", max_iter=6, random_state=0).fit(X, Y)
    frame = tape.frame("iteration")
    assert list(frame["iteration"]) == [1, 2, 3, 4, 5, 6]
    assert frame["loss"].iloc[-1] == model.loss_
    assert (np.diff(frame["loss"]) < 0).all()
    assert set(frame.columns) >= {"gradient_norm", "step"}
