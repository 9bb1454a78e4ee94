"""A training that was interrupted and resumed has the bits of one that never was, wherever it was interrupted."""

import contextlib
import os
import pickle
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import workings
from workings.neural_network import MLPClassifier, MLPRegressor, checkpoint, load, save
from workings.neural_network.suspension import fingerprint

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:Got `batch_size` less than 1",
    "ignore:divide by zero encountered in log:RuntimeWarning",
    "ignore:Nothing was recorded",  # a training that had only its end before it
)

N = 45
X = np.random.RandomState(0).randn(N, 4)
BINARY = np.where(X[:, 0] + X[:, 1] ** 2 > 0.5, "yes", "no")
TARGETS = {
    "binary": BINARY,
    "booleans": BINARY == "yes",
    "multiclass": np.random.RandomState(1).randint(0, 3, N) * 10,
    "multilabel": (X[:, :3] > 0).astype(int),
    "sparse labels": scipy.sparse.csr_array((X[:, :3] > 0).astype(int)),
    "one output": X[:, 0] * X[:, 1],
    "two outputs": X[:, :2] ** 2,
    "counts": np.random.RandomState(2).poisson(2, N).astype(float),
}
WEIGHT = np.random.RandomState(3).uniform(0.1, 2.0, N)


class Stop(Exception):
    """Of a callback."""


def estimator(kind, **parameters):
    if kind in ("one output", "two outputs", "counts"):
        loss = "poisson" if kind == "counts" else "squared_error"
        return MLPRegressor(loss, (4, 3), **parameters)
    return MLPClassifier((4, 3), **parameters)


def features(form, dtype):
    table = X.astype(dtype)
    return {
        "dense": lambda: table,
        "columns": lambda: np.asfortranarray(table),
        "csr": lambda: scipy.sparse.csr_matrix(table),
        "csc": lambda: scipy.sparse.csc_array(table),
    }[form]()


def stopping_at(steps):
    """A callback that breaks off at given steps, counted over all recordings it is used in."""
    count = 0

    def callback(step):
        nonlocal count
        count += 1
        if count in steps:
            raise Stop

    return callback


def copies(path):
    """Ways in which an interrupted network gets to where it is resumed."""

    def through_a_file(model):
        save(model, path)
        return load(path)

    return {
        "the object itself": lambda model: model,
        "a pickle": lambda model: pickle.loads(pickle.dumps(model)),
        "a file": through_a_file,
        "the checkpoint": lambda model: load(path),
    }


def train(model, method, X, y, weight, callback=None, path=None, way=None, **more):
    """Call `fit` or `partial_fit`, and `resume` as often as the callback breaks it off."""
    if callback is None:
        return getattr(model, method)(X, y, sample_weight=weight, **more)
    resuming = False
    while True:
        try:
            with workings.record(callback=callback), checkpoint(path, every=2):
                if resuming:
                    return model.resume(X, y, weight)
                return getattr(model, method)(X, y, sample_weight=weight, **more)
        except Stop:
            model.predict(X)
            if model._suspended is None:  # it broke off after the last epoch
                return model
            model = way(model)
            resuming = True


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.npz"


GRID = {
    "adam": {},
    "plain descent": {"solver": "sgd", "momentum": 0.0},
    "Polyak": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "Nesterov, inverse scaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1},
    "lbfgs": {"solver": "lbfgs", "max_iter": 25},
    "in order": {"shuffle": False},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2, "learning_rate_init": 0.05},
    "fast": {"fast": True, "early_stopping": True},
    "all rows at once": {"batch_size": N},
}


@pytest.mark.parametrize(
    ("way", "part"), [("the object itself", 0), ("a file", 1), ("the checkpoint", 0), ("a pickle", 1)]
)
@pytest.mark.parametrize("name", GRID)
def test_every_kind_of_training(assert_same_bits, path, name, way, part):
    parameters = {"max_iter": 12, "batch_size": 10, "random_state": 0} | GRID[name]
    for number, (kind, y) in list(enumerate(TARGETS.items()))[part::2]:
        form = ("dense", "csr", "columns", "csc")[number % 4]
        table = features(form, np.float32 if number in (1, 2, 6) else np.float64)
        weight = (None, WEIGHT, WEIGHT.astype(np.float32))[number % 3]
        data = table, y, weight
        whole = estimator(kind, **parameters).fit(*data)
        resumed = train(
            estimator(kind, **parameters), "fit", *data, stopping_at({3, 4, 11, 30, 37}), path, copies(path)[way]
        )
        if kind == "sparse labels":
            assert type(resumed.predict(table)) is type(whole.predict(table))
            np.testing.assert_array_equal(resumed.predict(table).toarray(), whole.predict(table).toarray())
            whole.predict = resumed.predict = lambda table: 0
        assert_same_bits(resumed, whole, table)


@given(data=st.data())
def test_from_any_update_on(data, assert_same_bits, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "network.npz"
    kind = data.draw(st.sampled_from([kind for kind in TARGETS if kind != "sparse labels"]))
    parameters = {
        "solver": data.draw(st.sampled_from(["adam", "sgd", "lbfgs"])),
        "learning_rate": data.draw(st.sampled_from(["constant", "invscaling", "adaptive"])),
        "batch_size": data.draw(st.sampled_from(["auto", 1, 7, np.int32(16), 45])),
        "max_iter": data.draw(st.integers(1, 6)),
        "shuffle": data.draw(st.booleans()),
        "early_stopping": data.draw(st.booleans()),
        "n_iter_no_change": data.draw(st.sampled_from([1, 10, np.inf])),
        "tol": data.draw(st.sampled_from([1e-4, 0.3, np.float32(0.01)])),
        "alpha": data.draw(st.sampled_from([0, 1e-4, np.float64(0.1)])),
        "warm_start": data.draw(st.booleans()),
        "random_state": 3,
    }
    form = data.draw(st.sampled_from(["dense", "columns", "csr", "csc"]))
    table = features(form, data.draw(st.sampled_from([np.float32, np.float64])))
    weight = data.draw(st.sampled_from([None, WEIGHT, WEIGHT.astype(np.float32)]))
    way = copies(path)[data.draw(st.sampled_from(["the object itself", "a pickle", "a file", "the checkpoint"]))]
    steps = data.draw(st.sets(st.integers(1, 120), min_size=1, max_size=4))
    incremental = data.draw(st.booleans()) and parameters["solver"] != "lbfgs" and not parameters["early_stopping"]
    y = TARGETS[kind]
    method = "partial_fit" if incremental else "fit"
    models = []
    for callback in (None, stopping_at(steps)):
        model = estimator(kind, **parameters)
        for number in range(2):
            first = incremental and number == 0 and isinstance(model, MLPClassifier)
            more = {"classes": np.arange(3) if kind == "multilabel" else np.unique(y)} if first else {}
            model = train(model, method, table, y, weight, callback, path, way, **more)
        models.append(model)
    assert_same_bits(*models, table)


REPEATED = {"max_iter": 6, "batch_size": 10, "early_stopping": True, "warm_start": True}


class TestRandomNumbers:
    """A whole training, then one more that uses what is left of the generator."""

    @pytest.mark.parametrize("way", ["the object itself", "a file"])
    def test_a_generator_goes_on(self, assert_same_bits, path, way):
        def elsewhere(model):
            model.random_state.rand(3)  # draws of others in between do not count
            return copies(path)[way](model)

        models = []
        for callback in (None, stopping_at({8, 20})):
            model = MLPRegressor(random_state=np.random.RandomState(5), **REPEATED)
            for _ in range(3):
                model = train(model, "fit", X, X[:, 0], None, callback, path, elsewhere)
            models.append(model)
        assert_same_bits(*models, X)
        drawn = [model.random_state.randint(10**9) for model in models]
        assert drawn[0] == drawn[1]

    @pytest.mark.parametrize("way", ["the object itself", "a file"])
    def test_numbers_nobody_seeded_go_on_apart(self, assert_same_bits, path, way):
        np.random.seed(7)
        whole = MLPRegressor(**REPEATED).fit(X, X[:, 0])
        np.random.seed(7)
        model = MLPRegressor(**REPEATED)
        with pytest.raises(Stop), workings.record(callback=stopping_at({8})):
            model.fit(X, X[:, 0])
        model = copies(path)[way](model)
        np.random.seed(99)
        assert_same_bits(model.resume(X, X[:, 0]), whole, X)
        after = np.random.randint(10**9)
        np.random.seed(99)
        assert after == np.random.randint(10**9)

    def test_other_bit_generators(self, assert_same_bits, path):
        models = []
        for stop in (False, True):
            generator = np.random.RandomState(np.random.PCG64(3))
            model = MLPRegressor(random_state=generator, **REPEATED)
            with contextlib.suppress(Stop), workings.record(callback=stopping_at({8} if stop else set())):
                model.fit(X, X[:, 0])
            if stop:
                save(model, path)
                model = load(path).resume(X, X[:, 0])
            models.append(model)
        assert_same_bits(*models, X)
        assert models[0].random_state.randint(10**9) == models[1].random_state.randint(10**9)


def interrupted(solver="adam", **parameters):
    model = MLPClassifier((4,), solver=solver, random_state=0, max_iter=30, batch_size=10, **parameters)
    with pytest.raises(Stop), workings.record(callback=stopping_at({7})):
        model.fit(X, BINARY)
    return model


def test_fingerprints_tell_data_apart():
    y, sparse = np.zeros((4, 2)), scipy.sparse.csr_array(np.eye(4))
    found = {
        fingerprint(*data)
        for data in [
            (np.zeros((4, 2)), y, None),
            (np.zeros((2, 4)), y, None),
            (np.zeros((4, 4), np.float32), y, None),
            (np.zeros((4, 2)), np.zeros((4, 2), np.int64), None),
            (np.zeros((4, 2)), np.zeros((2, 4)), None),
            (np.zeros((4, 2)), np.zeros((4, 1)), np.zeros(4)),
            (sparse, y, None),
            (sparse.tocsc(), y, None),
            (np.eye(4), y, None),
        ]
    }
    assert len(found) == 9
    assert fingerprint(np.asfortranarray(X), y, None) == fingerprint(X, y, None)


class TestRefusals:
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_other_data(self, solver):
        model, other = interrupted(solver), X.copy()
        other[-1, -1] = np.nextafter(other[-1, -1], 9)
        labels = BINARY.copy()
        labels[[0, np.flatnonzero(labels != labels[0])[0]]] = labels[[np.flatnonzero(labels != labels[0])[0], 0]]
        for wrong in [
            (other, BINARY),
            (X[::-1], BINARY[::-1]),
            (X[:-1], BINARY[:-1]),
            (X.astype(np.float32), BINARY),
            (X, labels),
            (X, BINARY, np.ones(N)),
            (scipy.sparse.csr_array(X), BINARY),
        ]:
            with pytest.raises(ValueError, match="are not those of the interrupted training"):
                model.resume(*wrong)
        with pytest.raises(ValueError, match="has 3 features"):
            model.resume(X[:, :3], BINARY)
        # nothing was lost
        whole = MLPClassifier((4,), solver=solver, random_state=0, max_iter=30, batch_size=10).fit(X, BINARY)
        assert model.resume(np.asfortranarray(X) if solver == "adam" else X, list(BINARY)).loss_ == whole.loss_

    def test_other_weights(self):
        model = MLPRegressor(random_state=0, batch_size=10)
        with pytest.raises(Stop), workings.record(callback=stopping_at({7})):
            model.fit(X, X[:, 0], WEIGHT)
        for wrong in (None, WEIGHT[::-1], WEIGHT.astype(np.float32)):
            with pytest.raises(ValueError, match="sample_weight are not those"):
                model.resume(X, X[:, 0], wrong)

    def test_other_parameters(self):
        for name, value in (("solver", "sgd"), ("solver", "lbfgs"), ("early_stopping", True)):
            model = interrupted().set_params(**{name: value})
            with pytest.raises(ValueError, match=f"interrupted with {name}=.* cannot go on with {name}={value!r}"):
                model.resume(X, BINARY)
        with pytest.raises(ValueError, match="'alpha' parameter"):
            interrupted().set_params(alpha=-1).resume(X, BINARY)

    def test_a_new_limit_holds(self):
        model = interrupted().set_params(max_iter=4).resume(X, BINARY)
        assert model.n_iter_ == 4

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_a_training_that_ended(self, solver):
        model = MLPClassifier((4,), solver=solver, random_state=0, max_iter=3).fit(X, BINARY)
        before = model.coefs_[0].copy()
        with pytest.warns(UserWarning, match="There is nothing to resume: the last training ended"):
            assert model.resume(X, BINARY) is model
        np.testing.assert_array_equal(model.coefs_[0], before)

    def test_a_later_fit_takes_its_place(self):
        model = interrupted()
        model.partial_fit(X, BINARY)
        with pytest.warns(UserWarning, match="nothing to resume"):
            model.resume(X, BINARY)

    def test_a_training_that_never_began(self):
        with pytest.raises(ValueError, match="not fitted yet"):
            MLPClassifier().resume(X, BINARY)

    def test_a_refused_fit_loses_nothing(self):
        model = interrupted()
        with pytest.raises(ValueError, match="inconsistent"):
            model.fit(X, BINARY[:-1])
        with pytest.raises(ValueError, match="'tol' parameter"):
            model.set_params(tol=-1.0).fit(X, BINARY)
        assert model.set_params(tol=1e-4).resume(X, BINARY).n_iter_ > 1

    def test_a_fit_that_fails_once_it_has_drawn_new_weights(self):
        model = interrupted().set_params(early_stopping=True, validation_fraction=0.001)
        with pytest.raises(ValueError, match="test_size = 1"):
            model.fit(X, BINARY)
        with pytest.warns(UserWarning, match="nothing to resume"):
            model.set_params(early_stopping=False).resume(X, BINARY)


class TestCheckpoints:
    def test_an_interval(self, path):
        written = []

        def look(step):
            if step.event == "epoch":
                written.append(load(path).n_iter_ if path.exists() else 0)

        with workings.record(callback=look), checkpoint(path, every=3):
            MLPRegressor(random_state=0, max_iter=8).fit(X, X[:, 0])
        # an epoch is on the tape before it is in the file
        assert written == [0, 0, 0, 3, 3, 3, 6, 6]
        assert (load(path).n_iter_, load(path)._suspended) == (8, None)

    def test_iterations_of_lbfgs(self, path):
        written = []

        def look(step):
            written.append(load(path).n_iter_ if path.exists() else 0)

        with workings.record(callback=look), checkpoint(path, every=2):
            whole = MLPRegressor(solver="lbfgs", random_state=0, max_iter=5).fit(X, X[:, 0])
        assert written == [0, 2, 2, 4, 4]
        assert (load(path).n_iter_, load(path).loss_) == (5, whole.loss_)

    def test_a_network_that_is_being_trained_is_not_saved_by_hand(self, path):
        model = MLPRegressor(random_state=0, max_iter=3)
        with (
            pytest.raises(ValueError, match=r"is being trained.*with checkpoint\(path\)"),
            workings.record(callback=lambda step: save(model, path)),
        ):
            model.fit(X, X[:, 0])
        save(model, path)
        whole = MLPRegressor(random_state=0, max_iter=3).fit(X, X[:, 0])
        assert load(path).resume(X, X[:, 0]).loss_curve_ == whole.loss_curve_

    def test_it_changes_no_bit(self, assert_same_bits, path):
        for parameters in GRID.values():
            whole, watched = (
                MLPClassifier(**{"random_state": 0, "batch_size": 10, "max_iter": 9} | parameters) for _ in "12"
            )
            whole.fit(X, BINARY)
            with checkpoint(path):
                watched.fit(X, BINARY)
            assert_same_bits(watched, whole, X)
            assert_same_bits(load(path), whole, X)

    def test_a_disk_that_fails(self, path, monkeypatch, assert_same_bits):
        model = MLPRegressor(random_state=0, max_iter=9)

        def full(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space left") as caught, checkpoint(path):
                model.fit(X, X[:, 0])
        assert any("could not be written" in note for note in caught.value.__notes__)
        assert list(path.parent.iterdir()) == []
        whole = MLPRegressor(random_state=0, max_iter=9).fit(X, X[:, 0])
        assert_same_bits(model.resume(X, X[:, 0]), whole, X)

    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    def test_a_divergence_leaves_the_last_good_state(self, path):
        model = MLPRegressor(activation="identity", solver="sgd", learning_rate_init=3.0, random_state=0)
        with pytest.raises(ValueError, match="non-finite"), checkpoint(path):
            model.fit(X, 10 * X[:, 0])
        found = load(path)
        assert 0 < found.n_iter_ == model.n_iter_ - 1
        with pytest.raises(ValueError, match="non-finite"):
            found.resume(X, 10 * X[:, 0])

    @pytest.mark.parametrize("every", [0, -1, 1.5, True, None])
    def test_an_interval_that_is_none(self, path, every):
        with pytest.raises(ValueError, match="every has to be a whole number"), checkpoint(path, every=every):
            pass

    def test_a_wrong_place_is_found_out_before_the_training(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="There is no folder"), checkpoint(tmp_path / "none" / "a.npz"):
            raise AssertionError
        with pytest.raises(IsADirectoryError, match="is a folder"), checkpoint(tmp_path):
            raise AssertionError

    def test_a_block_without_training(self, path):
        with pytest.warns(UserWarning, match="No checkpoint was written"), checkpoint(path):
            pass
        with pytest.raises(Stop), checkpoint(path):
            raise Stop


CHILD = """
import sys
import numpy as np, warnings
from pathlib import Path
import workings
from workings.neural_network import MLPClassifier, checkpoint, load

path, result, name = sys.argv[1:]
warnings.simplefilter("ignore")
rng = np.random.RandomState(0)
X = rng.randn(400, 20)
y = (X[:, 0] * X[:, 1] > 0.2).astype(int) + (X[:, 2] > 1)
parameters = dict(hidden_layer_sizes=(30, 10), random_state=0, max_iter=60, batch_size=20, n_iter_no_change=60)
parameters |= {
    "adam": dict(max_iter=200, n_iter_no_change=200),
    "early": dict(early_stopping=True),
    "lbfgs": dict(solver="lbfgs", tol=0.0, max_iter=250),
    "sgd": dict(solver="sgd", learning_rate="adaptive", learning_rate_init=0.1, n_iter_no_change=2),
}[name]
print("begin", flush=True)
if path == "none":
    model = MLPClassifier(**parameters).fit(X, y)
elif Path(path).exists():
    with checkpoint(path):
        model = load(path).resume(X, y)
else:
    with checkpoint(path):
        model = MLPClassifier(**parameters).fit(X, y)
scores = getattr(model, "validation_scores_", None)
np.savez(result, *model.coefs_, *model.intercepts_, proba=model.predict_proba(X), n=model.n_iter_, loss=model.loss_,
         curve=getattr(model, "loss_curve_", []), scores=[] if scores is None else scores)
"""


def child(*arguments):
    return subprocess.Popen([sys.executable, "-c", CHILD, *map(str, arguments)], stdout=subprocess.PIPE)


def killed_again_and_again(folder, name, kills, longest, *, after_the_first=False):
    """How often a training was killed, and left something to resume; its result is that of one that never was."""
    path, result, whole = folder / "network.npz", folder / "result.npz", folder / "whole.npz"
    assert child("none", whole, name).wait() == 0
    chance = random.Random(name)
    count = resumable = 0
    while count < kills:
        process = child(path, result, name)
        process.stdout.readline()
        while after_the_first and not path.exists():
            time.sleep(0.01)
        time.sleep(chance.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:  # it was faster
            break
        count += 1
        resumable += path.exists() and load(path)._suspended is not None
    while not result.exists():
        assert child(path, result, name).wait() == 0
    with np.load(whole) as one, np.load(result) as other:
        assert set(one.files) == set(other.files)
        for key in one.files:
            np.testing.assert_array_equal(one[key], other[key])
    assert load(path)._suspended is None
    assert [file.name for file in folder.iterdir() if file.suffix == ".tmp"] == []
    return count, resumable


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_a_training_that_is_killed(tmp_path):
    assert killed_again_and_again(tmp_path, "adam", kills=2, longest=0.1, after_the_first=True) == (2, 2)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize("name", ["adam", "early", "sgd", "lbfgs"])
def test_a_training_that_is_killed_again_and_again(tmp_path, name):
    killed, resumable = killed_again_and_again(tmp_path, name, kills=12, longest=0.15)
    assert killed > 1
    assert resumable > 0
