"""Networks in files: what is saved comes back, what is not a whole file is refused, and nothing is half-written."""

import io
import json
import os
import re
import signal
import stat
import zipfile

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn.neural_network
from hypothesis import given, settings
from hypothesis import strategies as st

import workings
from workings.neural_network import MLPClassifier, MLPRegressor, checkpoint, load, save
from workings.neural_network.plain_values import from_json, to_json

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).randn(30, 3)
Y = (X[:, 0] > 0).astype(int)
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX")


class Stop(Exception):
    """Of a callback."""


def stop(step):
    if step.event in ("update", "iteration") and step.values.get("epoch", 3) == 3:
        raise Stop


def same(one, other):
    """Equal in value and type, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.random.RandomState):
        return same(one.get_state(legacy=False), other.get_state(legacy=False))
    if isinstance(one, np.ndarray | np.generic):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if one is None or isinstance(one, bool | int | str | float | type) or callable(one):
        return one is other or one == other or (one != one and other != other)
    return same(vars(one), vars(other))


def state(model):
    """All that a network knows, but for what the next training makes anew."""
    found = {name: value for name, value in vars(model).items() if name not in ("_random_state", "_optimizer")}
    if "feature_names_in_" in found:  # an array of objects has no bytes to compare
        found["feature_names_in_"] = found["feature_names_in_"].tolist()
    if hasattr(model, "_optimizer"):
        found["_optimizer"] = type(model._optimizer), model._optimizer.state(), vars(model._optimizer.schedule)
    return found


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.npz"


@pytest.fixture(scope="module")
def interrupted():
    model = MLPClassifier((4,), random_state=0, batch_size=10, early_stopping=True, learning_rate_init=0.05)
    with pytest.raises(Stop), workings.record(callback=stop):
        model.fit(X, np.array(["a", "b"])[Y])
    return model


NETWORKS = {
    "integers": lambda: MLPClassifier((4,), random_state=0, max_iter=3).fit(X, Y * 7 - 3),
    "strings": lambda: MLPClassifier([4], max_iter=3).fit(X, np.array(["né", "日本"])[Y]),
    "objects": lambda: MLPClassifier((4,), max_iter=3).fit(X, np.array(["né", "日本"], object)[Y]),
    "booleans": lambda: MLPClassifier(4, max_iter=3, solver="sgd", learning_rate="adaptive").fit(X, Y == 1),
    "floats": lambda: MLPClassifier(np.array([4, 2]), max_iter=3).fit(X, np.arange(30) % 3 * 1.0),
    "small integers": lambda: MLPClassifier((4,), max_iter=3).fit(X, np.arange(30, dtype=np.uint8) % 3),
    "one class": lambda: MLPClassifier((np.int64(4),), max_iter=3).fit(X, np.zeros(30, int)),
    "indicators": lambda: MLPClassifier((4,), max_iter=3).fit(X, X > 0),
    "sparse indicators": lambda: MLPClassifier((4,), max_iter=3).fit(X, scipy.sparse.csr_matrix(X > 0)),
    "partial": lambda: MLPClassifier((4,)).partial_fit(X, Y, classes=[0, 1, 5]),
    "partial indicators": lambda: MLPClassifier((4,)).partial_fit(X, (X > 0).astype(int), classes=[0, 1, 2, 3]),
    "names": lambda: MLPRegressor(max_iter=3).fit(pd.DataFrame(X, columns=["a", "né", "c\0"]), Y),
    "single": lambda: MLPRegressor(max_iter=3, batch_size=np.int16(4)).fit(X.astype(np.float32), X[:, :2]),
    "single, automatic": lambda: MLPRegressor(max_iter=3).fit(X.astype(np.float32), Y.astype(np.float32)),
    "early stopping": lambda: MLPRegressor(max_iter=3, early_stopping=True, n_iter_no_change=np.inf).fit(X, Y),
    "lbfgs": lambda: MLPRegressor(max_iter=3, solver="lbfgs", alpha=np.float32(0.1)).fit(X, Y),
    "counts": lambda: MLPRegressor("poisson", max_iter=3, solver="sgd", learning_rate="invscaling").fit(X, Y),
    "a generator": lambda: MLPRegressor(max_iter=3, random_state=np.random.RandomState(1)).fit(X, Y),
    "changed rates": lambda: MLPRegressor(max_iter=3).fit(X, Y).set_params(beta_1=0.5, learning_rate_init=0.5),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_saved_comes_back(path, name):
    model = NETWORKS[name]()
    save(model, path)
    loaded = load(path)
    assert type(loaded) is type(model)
    ours, theirs = state(loaded), state(model)
    assert ours.keys() == theirs.keys()
    assert [key for key in ours if not same(ours[key], theirs[key])] == []
    table = pd.DataFrame(X, columns=model.feature_names_in_) if name == "names" else X
    for method in ("predict", "predict_proba"):
        if hasattr(model, method):
            one, other = getattr(model, method)(table), getattr(loaded, method)(table)
            assert type(one) is type(other)
            np.testing.assert_array_equal(
                *(np.asarray(p.todense() if hasattr(p, "todense") else p) for p in (one, other))
            )
    # a file of the loaded one is the same file
    first = path.read_bytes()
    save(loaded, path)
    with zipfile.ZipFile(io.BytesIO(first)) as one, zipfile.ZipFile(path) as other:
        assert [one.read(part) for part in one.namelist()] == [other.read(part) for part in other.namelist()]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_partial_fits_go_on_through_files(path, assert_same_bits, solver, dtype):
    whole, parts = (
        MLPClassifier((4,), solver=solver, learning_rate="adaptive", random_state=0, batch_size=8) for _ in "12"
    )
    for start in range(0, 30, 6):
        rows = slice(start, start + 6)
        # a weight of another type now and then: the moments change their type and their split
        weight = np.ones(6) if start == 12 else None
        whole.partial_fit(X[rows].astype(dtype), Y[rows], weight, classes=[0, 1])
        parts.partial_fit(X[rows].astype(dtype), Y[rows], weight, classes=[0, 1])
        save(parts, path)
        parts = load(path)
    assert_same_bits(parts, whole, X)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_warm_starts_go_on_through_files(path, assert_same_bits, solver):
    whole, parts = (MLPRegressor(solver=solver, warm_start=True, random_state=0, max_iter=4) for _ in "12")
    for _ in range(3):
        whole.fit(X, Y)
        save(parts.fit(X, Y), path)
        parts = load(path)
    assert_same_bits(parts, whole, X)


def test_numpy_reads_every_documented_key(interrupted, path):
    save(interrupted, path)
    rule = ("fast", "t", "learning_rate", "scheduled_rate", "first_moments_0", "second_moments_0")
    with np.load(path, allow_pickle=False) as archive:
        kinds = {name: (archive[name].dtype.kind, archive[name].shape) for name in archive.files}
        header = json.loads(str(archive["header"]))
        parameters = archive["parameters"]
        np.testing.assert_array_equal(archive["validation_scores"], interrupted.validation_scores_)
        np.testing.assert_array_equal(archive["classes"], ["a", "b"])
    p = 3 * 4 + 4 + 4 + 1
    assert kinds == {
        "header": ("U", ()),
        "parameters": ("f", (p,)),
        "classes": ("U", (2,)),
        "label_classes": ("U", (2,)),
        "loss_curve": ("f", (2,)),
        "loss_curve_types": ("u", (2,)),
        "validation_scores": ("f", (2,)),
        "validation_scores_types": ("u", (2,)),
        **{f"rule_{name}": ("i" if name in ("t", "fast") else "f", (p,) if "moments" in name else ()) for name in rule},
        "suspended_order": ("i", (27,)),
        "suspended_start": ("i", ()),
        "suspended_between_epochs": ("b", ()),
        "suspended_epochs": ("i", ()),
        "suspended_loss_sum": ("f", ()),
        "suspended_beginning": ("U", ()),
        "suspended_warned": ("b", ()),
        "suspended_finite": ("f", (p,)),
        "suspended_parameters": ("f", (p,)),
        "suspended_best": ("f", (p,)),
        "suspended_training_rows": ("i", (27,)),
        "suspended_validation_rows": ("i", (3,)),
    }
    # every key is in the docstring
    for name in kinds:
        assert f"``{name}``" in save.__doc__ or re.sub("_.*", "_...", name) + "``" in save.__doc__ or "types" in name
    assert list(header) == ["format", "version", "arrays", "content"]
    assert header["version"] == 1
    assert set(header["content"]) == {
        *("class", "parameters", "fitted", "sizes", "feature_names", "labels", "rule", "suspended")
    }
    # weights first, layer by layer, then biases
    np.testing.assert_array_equal(parameters[12:16], interrupted.coefs_[1].ravel())
    np.testing.assert_array_equal(parameters[16:20], interrupted.intercepts_[0])


class TestRefusedToSave:
    def test_models_of_others(self, path):
        class Mine(MLPRegressor):
            pass

        for model in (
            sklearn.neural_network.MLPRegressor(max_iter=2).fit(X, Y),
            workings.LinearRegression().fit(X, Y),
            Mine(max_iter=2).fit(X, Y),
            "a network",
        ):
            with pytest.raises(TypeError, match="Only the MLPClassifier and the MLPRegressor of workings"):
                save(model, path)
        assert not path.exists()

    def test_unfitted_ones(self, path):
        with pytest.raises(ValueError, match="not fitted yet"):
            save(MLPRegressor(), path)

    def test_weights_that_are_none(self, path):
        model = MLPRegressor(max_iter=2).fit(X, Y)
        model.coefs_[0][0, 0] = np.nan
        with pytest.raises(ValueError, match="infinite or NaN"):
            save(model, path)

    @pytest.mark.parametrize("value", [object(), np.array([object()]), np.longdouble(1), 1j, {1: 2}])
    def test_parameters_without_a_place(self, path, value):
        save(MLPRegressor(max_iter=2).fit(X, Y), path)
        before = path.read_bytes()
        with pytest.raises(ValueError, match="cannot be saved: there is no place for"):
            save(MLPRegressor(max_iter=2).fit(X, Y).set_params(verbose=value), path)
        assert path.read_bytes() == before

    def test_places_that_are_none(self, tmp_path):
        model = MLPRegressor(max_iter=2).fit(X, Y)
        with pytest.raises(FileNotFoundError, match=r"There is no folder .*none'"):
            save(model, tmp_path / "none" / "network.npz")
        with pytest.raises(IsADirectoryError, match="is a folder: name a file in it"):
            save(model, tmp_path)
        with pytest.raises(TypeError):
            save(model, io.BytesIO())
        assert list(tmp_path.iterdir()) == []


class TestPlaces:
    def test_the_name_is_taken_as_it_is(self, tmp_path, monkeypatch):
        model = MLPRegressor(max_iter=2, random_state=0).fit(X, Y)
        monkeypatch.chdir(tmp_path)
        for name in ("network", "network.model", "[a]*?.npz", str(tmp_path / "é.npz")):
            save(model, name)
            assert load(name).loss_ == model.loss_
        assert sorted(os.listdir(tmp_path)) == ["[a]*?.npz", "network", "network.model", "é.npz"]

    @posix
    def test_a_link_stays_a_link(self, tmp_path):
        model = MLPRegressor(max_iter=2).fit(X, Y)
        (tmp_path / "link").symlink_to(tmp_path / "file")
        save(model, tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert load(tmp_path / "file").loss_ == model.loss_

    @posix
    def test_others_may_read_it_as_any_new_file(self, path):
        save(MLPRegressor(max_iter=2).fit(X, Y), path)
        (path.parent / "new").touch()
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((path.parent / "new").stat().st_mode)


class TestNothingHalfWritten:
    @pytest.fixture
    def models(self):
        return [MLPRegressor(max_iter=count, random_state=0).fit(X, Y) for count in (2, 3)]

    @pytest.mark.parametrize("place", ["os.fsync", "os.replace", "numpy.lib.format.write_array", "json.dumps"])
    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    def test_after_an_error_the_old_file_is_there(self, models, path, monkeypatch, place, error):
        def fail(*_, **__):
            raise error

        save(models[0], path)
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(place, fail)
            with pytest.raises(error):
                save(models[1], path)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    @posix
    @pytest.mark.parametrize("call", range(1, 13))
    def test_killed_amid_the_writing(self, models, path, call):
        save(models[0], path)
        process = os.fork()
        if process == 0:
            # the n-th write to the disk, or what follows the last one, is the last thing that this process does
            count = 0

            def counted(original):
                def function(*arguments, **named):
                    nonlocal count
                    count += 1
                    if count >= call or original is os.replace:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return original(*arguments, **named)

                return function

            np.lib.format.write_array = counted(np.lib.format.write_array)
            os.fsync = counted(os.fsync)
            os.replace = counted(os.replace)
            save(models[1], path)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        assert os.WIFSIGNALED(status)
        assert load(path).n_iter_ == 2
        assert len(list(path.parent.iterdir())) == 2  # the draft of the killed process
        save(models[1], path)
        assert list(path.parent.iterdir()) == [path]
        assert load(path).n_iter_ == 3

    @posix
    def test_the_draft_of_a_process_at_work_stays(self, models, path, monkeypatch):
        import fcntl

        draft = path.parent / f".{path.name}.12345678.tmp"
        with draft.open("wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            save(models[0], path)
            assert draft.exists()
        save(models[0], path)
        assert not draft.exists()

    def test_other_files_stay(self, models, path):
        others = {path.with_name(name) for name in (".other.npz.1.tmp", "network.npz.1.tmp", ".network.npz.bak")}
        for other in others:
            other.touch()
        save(models[0], path)
        assert set(path.parent.iterdir()) == {path, *others}


class TestRefusedToLoad:
    def refused(self, path, reason):
        with pytest.raises(ValueError, match=reason) as caught:
            load(path)
        message = str(caught.value)
        assert message.startswith(repr(str(path)) + " cannot be loaded: ")
        assert message.endswith(".")

    def changed(self, path, model, change):
        """Save a model with other content, but whole."""
        save(model, path)
        with np.load(path) as archive:
            parts = {name: archive[name] for name in archive.files}
        header = json.loads(str(parts["header"]))
        change(header, parts)
        arrays = {name: part for name, part in parts.items() if name != "header"}
        if "arrays" in header:
            header["arrays"] = {name: [part.dtype.str, list(part.shape)] for name, part in arrays.items()}
        np.savez(path, header=np.array(json.dumps(header)), **arrays)

    @pytest.mark.parametrize("content", [b"", b"PK", b"no network\n" * 100, bytes(1000)])
    def test_what_is_no_archive(self, path, content):
        path.write_bytes(content)
        self.refused(path, r"no \.npz file with a header, or is damaged")

    def test_arrays_of_others(self, path):
        for arrays in ({"a": X}, {"header": X}, {"header": np.array("[]")}, {"header": np.array('{"format": "x"}')}):
            np.savez(path, **arrays)
            self.refused(path, "no .npz file with a header|not written by workings")
        with path.open("wb") as stream:
            np.save(stream, X)
        self.refused(path, "no .npz file")

    def test_python_objects(self, path):
        class Evil:
            def __reduce__(self):
                return os.getcwd, ()

        np.savez(path, header=np.array([Evil()]))
        self.refused(path, "Object arrays cannot be loaded")

    def test_a_newer_version(self, path, interrupted):
        self.changed(path, interrupted, lambda header, parts: header.update(version=2))
        self.refused(path, "has the version 2, and this workings reads version 1: update")

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
    def test_a_truncated_file(self, path, interrupted, share):
        save(interrupted, path)
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        self.refused(path, "is damaged")

    def test_missing_and_surplus_arrays(self, path, interrupted):
        save(interrupted, path)
        with np.load(path) as archive:
            parts = {name: archive[name] for name in archive.files}
        for name in parts:
            np.savez(path, **{other: part for other, part in parts.items() if other != name})
            self.refused(path, "not those that its header promises|with a header")
        np.savez(path, **parts, another=X)
        self.refused(path, "not those that its header promises")

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("parameters", np.zeros(20), r"has \(20,\) parameters in place of 21"),
            ("parameters", np.zeros((21, 1)), "parameters in place of 21"),
            ("parameters", np.zeros(21, int), "are of int64"),
            ("parameters", np.full(21, np.nan), "infinite or NaN"),
            ("classes", np.arange(3), "its classes differ"),
            ("label_classes", np.zeros((2, 2)), "classes for 1 outputs"),
            ("loss_curve_types", np.array([3, 3], np.uint8), "do not belong together"),
            ("loss_curve_types", np.array([8], np.uint8), "do not belong together"),
            ("rule_first_moments_0", np.zeros(20), "update rule has 20 first_moments for 21 parameters"),
            ("suspended_order", np.zeros(27, int), "no permutation"),
            ("suspended_start", np.array(28), "next batch is not among the rows"),
            ("suspended_best", np.zeros(3), "suspended best have another size"),
        ],
    )
    def test_arrays_that_do_not_fit(self, path, interrupted, name, value, reason):
        self.changed(path, interrupted, lambda header, parts: parts.update({name: value}))
        self.refused(path, reason)

    @pytest.mark.parametrize("name", ["suspended_order", "rule_t", "rule_second_moments_0", "classes", "parameters"])
    def test_arrays_that_are_missed(self, path, interrupted, name):
        self.changed(path, interrupted, lambda header, parts: parts.pop(name))
        self.refused(path, "do not belong together|0 second_moments for 21 parameters")

    @pytest.mark.parametrize(
        ("place", "value", "reason"),
        [
            ("class", "object", "do not belong together"),
            ("class", ["os"], "do not belong together"),
            ("sizes", [3, 5, 1], "parameters in place of|other sizes"),
            ("sizes", [2, 4, 1], "layers have other sizes"),
            ("parameters", {"dict": {"alpha": -1}}, "'alpha' parameter"),
            ("parameters", {"dict": {"unknown": 1}}, "unexpected keyword"),
            ("parameters", {"os.system": "true"}, "nothing is known of the type 'os.system'"),
            ("parameters", {"array": ["O", [1], ["a"]]}, "are not loaded"),
            ("parameters", {}, "header is damaged"),
            ("fitted", {"dict": {"fit": 1}}, "unknown attributes"),
            ("labels", {"dict": {"kind": "binary", "container": "spmatrix"}}, "target is a 'spmatrix'"),
            ("labels", {"dict": {"kind": "other", "container": "ndarray"}}, "of the kind 'other'"),
            ("rule", {"dict": {"class": "LBFGS", "parameters": {"dict": {}}}}, "do not belong together"),
            ("suspended", {"dict": {"solver": "adam"}}, "do not belong together"),
            ("feature_names", ["a"], "another number of features"),
        ],
    )
    def test_headers_that_do_not_fit(self, path, interrupted, place, value, reason):
        self.changed(path, interrupted, lambda header, parts: header["content"].update({place: value}))
        self.refused(path, reason)

    def test_random_numbers_from_beyond_their_key(self, path, interrupted):
        def change(header, parts):
            header["content"]["suspended"]["dict"]["generator"]["dict"]["state"]["dict"]["pos"] = 10**6

        self.changed(path, interrupted, change)
        self.refused(path, "random numbers has a wrong length")

    def test_what_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "none.npz")
        with pytest.raises(IsADirectoryError):
            load(tmp_path)


@pytest.fixture(scope="module")
def saved(interrupted, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "network.npz"
    save(interrupted, path)
    return path.read_bytes(), state(interrupted), path.with_name("flipped")


@settings(max_examples=400)
@given(data=st.data())
def test_a_flipped_byte_is_found_or_without_effect(saved, data):
    content, expected, path = saved
    damaged = bytearray(content)
    for place in data.draw(st.sets(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    try:
        found = state(load(path))
    except ValueError as error:
        assert "cannot be loaded" in str(error)  # noqa: PT017  (or it is no error at all)
    else:
        # a date, say, or a comment of the zip file
        assert [key for key in expected if not same(found[key], expected[key])] == []


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats()
    | st.floats(width=32).map(np.float32)
    | st.integers(0, 255).map(np.uint8)
    | st.booleans().map(np.bool_),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(values)
def test_values_come_back_from_json(value):
    assert same(from_json(json.loads(json.dumps(to_json(value), allow_nan=False))), value)


def test_a_checkpoint_of_a_model_that_cannot_be_saved(path):
    class Mine(MLPRegressor):
        pass

    with pytest.raises(TypeError, match="Only the MLPClassifier"), checkpoint(path):
        Mine(max_iter=3).fit(X, Y)
