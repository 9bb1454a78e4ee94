"""A training that is broken off leaves a network that is fitted, consistent and can go on."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest

import workings
from workings.neural_network import MLPClassifier, MLPRegressor, checkpoint, load
from workings.optimize import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).randn(50, 3)
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)


class Stop(Exception):
    """Of a callback."""


def after(n_steps, event=None, error=Stop):
    """A callback that breaks off at the n-th step of a kind."""
    count = 0

    def callback(step):
        nonlocal count
        count += event is None or step.event == event
        if count == n_steps:
            raise error

    return callback


def vector(model):
    return np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])


def test_the_callback_gets_each_step_when_it_is_written():
    seen = []
    with workings.record(callback=seen.append) as tape:
        MLPRegressor(random_state=0, max_iter=3, batch_size=20).fit(X, Y)
        assert seen == tape.steps
    assert [step.event for step in seen[:3]] == ["update"] * 3
    assert {step.event for step in seen} >= {"update", "epoch"}


def test_each_tape_tells_its_own_callback():
    outer, inner = [], []
    with workings.record(callback=outer.append):
        MLPRegressor(random_state=0, max_iter=1).fit(X, Y)
        with workings.record(arrays=True, callback=inner.append) as tape, workings.record():
            MLPRegressor(random_state=0, max_iter=1).fit(X, Y)
    assert all(on_tape is told for on_tape, told in zip(tape.steps, inner, strict=True))
    assert len(outer) == 2 * len(inner) > 0
    assert {step.fit for step in outer} == {0, 1}
    assert {step.fit for step in inner} == {0}
    assert any("gradient_coefs_0" in step.values for step in inner)
    assert not any("gradient_coefs_0" in step.values for step in outer)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("event", "number"), [("update", 1), ("update", 5), ("update", 6), ("epoch", 1), ("epoch", 4)])
def test_an_exception_in_a_callback_leaves_a_consistent_network(solver, early_stopping, event, number):
    settings = {"solver": solver, "random_state": 0, "batch_size": 20, "early_stopping": early_stopping}
    settings["validation_fraction"] = 0.2  # 40 rows in two batches, or 50 in three
    model = MLPClassifier((4,), max_iter=30, **settings)
    with pytest.raises(Stop) as caught, workings.record(callback=after(number, event)) as tape:
        model.fit(X, Y)
    batches = 2 if early_stopping else 3
    updates = number if event == "update" else batches * number
    # a callback on an epoch's last update comes before its end
    epochs = number if event == "epoch" else (number - 1) // batches
    within = 0 if event == "epoch" else updates - epochs * batches
    (note,) = caught.value.__notes__
    assert f"trained for {epochs} epochs" in note
    assert (f"and {within} batches of the next one" in note) == (within > 0)
    rows = 40 if early_stopping else 50
    assert (model.n_iter_, model.t_, len(model.loss_curve_)) == (epochs, rows * epochs, epochs)
    assert (model.n_layers_, model.n_outputs_, model.n_features_in_, model.out_activation_) == (3, 1, 3, "logistic")
    if epochs:
        assert model.loss_ == model.loss_curve_[-1]
    else:
        assert np.isnan(model.loss_)
    if early_stopping:
        assert model.best_loss_ is None
        assert len(model.validation_scores_) == epochs
        assert model.best_validation_score_ == max([-np.inf, *model.validation_scores_])
    else:
        assert model.best_loss_ == min([np.inf, *model.loss_curve_])
        assert model.validation_scores_ is model.best_validation_score_ is None
    assert model.predict_proba(X).shape == (50, 2)
    # the same parameters as a training that ends by itself at this point
    assert tape.frame("update").shape[0] == updates
    if within == 0 and not early_stopping:
        whole = MLPClassifier((4,), max_iter=epochs, **settings).fit(X, Y)
        np.testing.assert_array_equal(vector(model), vector(whole))
        assert model.loss_curve_ == whole.loss_curve_
    (model.fit if early_stopping else model.partial_fit)(X, Y)
    assert model.t_ > rows * epochs


def test_early_stopping_keeps_the_best_parameters_of_an_interrupted_training():
    model = MLPRegressor(early_stopping=True, random_state=0, learning_rate_init=0.3, batch_size=10)
    target = X[:, 0] * X[:, 1]
    with pytest.raises(Stop), workings.record(callback=after(9, "epoch")):
        model.fit(X, target)
    best = int(np.argmax(model.validation_scores_))
    assert best < 8  # or the test shows nothing
    model_at_best = MLPRegressor(early_stopping=True, random_state=0, learning_rate_init=0.3, batch_size=10)
    np.testing.assert_array_equal(vector(model), vector(model_at_best.set_params(max_iter=best + 1).fit(X, target)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", [1, 7])
def test_an_exception_in_a_callback_of_lbfgs(dtype, number):
    model = MLPClassifier((4,), solver="lbfgs", random_state=0, max_iter=100)
    with pytest.raises(Stop) as caught, workings.record(callback=after(number, "iteration")) as tape:
        model.fit(X.astype(dtype), Y)
    assert f"has done {number} iterations" in caught.value.__notes__[0]
    assert (model.n_iter_, model.loss_) == (number, tape.frame("iteration")["loss"].iloc[-1])
    whole = MLPClassifier((4,), solver="lbfgs", random_state=0, max_iter=number).fit(X.astype(dtype), Y)
    np.testing.assert_array_equal(vector(model), vector(whole))
    assert vector(model).dtype == vector(whole).dtype
    assert model.predict(X.astype(dtype)).shape == (50,)
    with pytest.warns(UserWarning, match="failed to converge after 2"):
        model.set_params(warm_start=True, max_iter=2).fit(X.astype(dtype), Y)


def test_lbfgs_broken_off_before_its_first_iteration_keeps_the_initial_weights(monkeypatch):
    model = MLPClassifier((4,), solver="lbfgs", random_state=0)

    def fail(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("workings.neural_network.network.Network.loss_and_gradient", fail)
        with pytest.raises(MemoryError) as caught:
            model.fit(X, Y)
    assert "has done 0 iterations" in caught.value.__notes__[0]
    assert model.n_iter_ == 0
    assert np.isnan(model.loss_)
    assert model.predict(X).shape == (50,)
    whole = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, Y)
    np.testing.assert_array_equal(vector(model.resume(X, Y)), vector(whole))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_keyboard_interrupt_is_a_warning(solver):
    event = "iteration" if solver == "lbfgs" else "epoch"
    model = MLPRegressor(solver=solver, random_state=0, max_iter=50)
    with (
        pytest.warns(UserWarning, match=r"Training interrupted by user\. .*can be trained further") as caught,
        workings.record(callback=after(3, event, KeyboardInterrupt)),
    ):
        assert model.fit(X, Y) is model
    assert len(caught) == 1
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict(X)).all()


def test_exceptions_that_end_the_program_get_through():
    model = MLPRegressor(random_state=0)
    with pytest.raises(SystemExit), workings.record(callback=after(2, "epoch", SystemExit)):
        model.fit(X, Y)
    assert model.n_iter_ == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_exception_amid_a_divergence_keeps_finite_weights():
    model = MLPRegressor(activation="identity", solver="sgd", learning_rate_init=1e3, batch_size=5, random_state=0)

    def callback(step):
        if step.event == "update" and not np.isfinite(step.values["update_norm"]):
            raise Stop

    with pytest.raises(Stop), workings.record(callback=callback):
        model.fit(1e3 * X, Y)
    assert np.isfinite(vector(model)).all()
    with pytest.warns(UserWarning, match="nothing to resume"):
        model.resume(1e3 * X, Y)


# real signals, in a process of their own: they are sent from within a step, and what follows is printed
CHILD = """
import json, os, signal, sys, warnings
import numpy as np
import workings
from workings.neural_network import MLPClassifier
from workings.optimize import Adam

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
solver, place, presses = sys.argv[1], sys.argv[2], int(sys.argv[3])
X = np.random.RandomState(0).randn(50, 3)
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
settings = dict(solver=solver, random_state=0, batch_size=20, max_iter=12)

def press():
    for _ in range(presses):
        os.kill(os.getpid(), signal.SIGINT)

def vector(model):
    return np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])

warnings.simplefilter("ignore")
whole = MLPClassifier((4,), **settings).fit(X, Y)
calls = 0
owner = workings.neural_network.network.Network if place == "gradient" else Adam
name = "loss_and_gradient" if place == "gradient" else "step"
original = getattr(owner, name)

def pressing(self, *arguments):
    global calls
    calls += 1
    if calls == 7:
        press()
    return original(self, *arguments)

setattr(owner, name, pressing)
model = MLPClassifier((4,), **settings)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(X, Y)
said = [str(warning.message) for warning in caught]
n_iter, finite = model.n_iter_, bool(np.isfinite(model.predict_proba(X)).all())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.resume(X, Y)
print(json.dumps(dict(
    said=said, n_iter=n_iter, finite=finite, resumed=[str(warning.message) for warning in caught],
    same=bool(np.array_equal(vector(model), vector(whole))),
    handler=signal.getsignal(signal.SIGINT) is signal.default_int_handler,
)))
"""


def run(*arguments):
    child = subprocess.run([sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=True)
    return json.loads(child.stdout)


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
class TestCtrlC:
    @pytest.mark.parametrize("place", ["gradient", "step"])
    def test_once_it_waits_for_the_end_of_the_batch(self, place):
        found = run("adam", place, "1")
        # the seventh batch of three an epoch
        assert "interrupted by user" in found["said"][0]
        assert "trained for 2 epochs and 1 batches of the next one" in found["said"][0]
        assert (found["n_iter"], found["finite"], found["same"], found["handler"]) == (2, True, True, True)
        assert not any("nothing to resume" in message for message in found["resumed"])

    def test_twice_it_does_not_wait(self):
        found = run("adam", "step", "2")
        assert "interrupted by user" in found["said"][0]
        # the second one came before the step: it was not torn, but nobody can know
        assert (found["finite"], found["handler"]) == (True, True)
        assert "nothing to resume" in found["resumed"][0]

    @pytest.mark.parametrize("presses", ["1", "2"])
    def test_in_lbfgs_it_ends_with_a_whole_iteration(self, presses):
        found = run("lbfgs", "gradient", presses)
        assert "L-BFGS has done" in found["said"][0]
        assert 0 < found["n_iter"] < 12
        assert (found["finite"], found["same"], found["handler"]) == (True, True, True)


def test_a_training_in_a_thread_leaves_signals_alone():
    model = MLPRegressor(random_state=0, max_iter=3)
    thread = threading.Thread(target=lambda: model.fit(X, Y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        thread.start()
        thread.join()
    assert model.n_iter_ == 3
    np.testing.assert_array_equal(vector(model), vector(MLPRegressor(random_state=0, max_iter=3).fit(X, Y)))


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_ctrl_c_reaches_the_main_thread_while_another_one_trains():
    script = """
    import os, signal, threading, time, warnings
    import numpy as np
    from workings.neural_network import MLPRegressor
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.simplefilter("ignore")
    X = np.random.RandomState(0).randn(50, 3)
    model = MLPRegressor(random_state=0, max_iter=2000, n_iter_no_change=2000)
    thread = threading.Thread(target=lambda: model.fit(X, X[:, 0]))
    thread.start()
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        thread.join()
        print("interrupted", model.n_iter_)
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert child.stdout == "interrupted 2000\n"


def test_a_torn_step_leaves_the_checkpoint_as_it_was(tmp_path, monkeypatch):
    step, calls = Adam.step, 0

    def torn(self, *arguments):
        nonlocal calls
        calls += 1
        if calls == 8:
            raise KeyboardInterrupt
        return step(self, *arguments)

    model = MLPRegressor(random_state=0, batch_size=20, max_iter=5)
    with monkeypatch.context() as patch, checkpoint(tmp_path / "network.npz"):
        patch.setattr(Adam, "step", torn)
        with pytest.warns(UserWarning, match="interrupted by user"):
            model.fit(X, Y)
    assert model._suspended is None
    whole = MLPRegressor(random_state=0, batch_size=20, max_iter=5).fit(X, Y)
    np.testing.assert_array_equal(vector(load(tmp_path / "network.npz").resume(X, Y)), vector(whole))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ctrl_c_that_comes_with_the_end_is_not_lost(solver):
    def press(step):
        if step.event in ("epoch", "iteration") and step.values.get("epoch", step.values.get("iteration")) == 3:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        model = MLPRegressor(solver=solver, random_state=0, max_iter=3)
        with pytest.warns(UserWarning, match="interrupted by user"), workings.record(callback=press):
            model.fit(X, Y)
    finally:
        signal.signal(signal.SIGINT, before)
    assert model.n_iter_ == 3
    assert model._suspended is None
