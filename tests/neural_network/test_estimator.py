"""The two classes as their users meet them: parameters, errors, warnings, printing, persistence."""

import copy
import inspect
import pickle
import warnings

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workings.neural_network import MLPClassifier, MLPRegressor

NETWORKS = [MLPClassifier, MLPRegressor]
X = np.random.RandomState(0).randn(40, 3)
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_constructor_is_scikit_learns(network):
    theirs = inspect.signature(getattr(sklearn.neural_network, network.__name__).__init__).parameters.values()
    *ours, ours_alone = inspect.signature(network.__init__).parameters.values()
    assert (ours_alone.name, ours_alone.default, ours_alone.kind) == ("fast", False, inspect.Parameter.KEYWORD_ONLY)
    assert [(p.name, p.default, p.kind) for p in ours] == [(p.name, p.default, p.kind) for p in theirs]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", -1.0),
        ("solver", "newton"),
        ("batch_size", 0),
        ("momentum", 1.5),
        ("beta_1", 1.0),
        ("tol", -1e-4),
        ("n_iter_no_change", 0),
        ("n_iter_no_change", 2.5),
        ("max_fun", 0),
        ("activation", "gelu"),
        ("epsilon", 0.0),
        ("learning_rate_init", 0.0),
        ("validation_fraction", 1.0),
        ("shuffle", "yes"),
        ("verbose", -1),
    ],
)
def test_wrong_parameters_are_named(network, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {network.__name__} must be"):
        network(**{name: value}).fit(X, Y)


@pytest.mark.parametrize("network", NETWORKS)
def test_layers_need_units(network):
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be > 0, got \[4, 0\]"):
        network(hidden_layer_sizes=(4, 0)).fit(X, Y)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_it_prints_what_scikit_learn_prints(pair, capsys, name, solver, early_stopping):
    printed = []
    for model in pair(
        name,
        solver=solver,
        learning_rate="adaptive",
        learning_rate_init=1e-5,
        tol=0.1,
        n_iter_no_change=2,
        max_iter=30,
        verbose=True,
        early_stopping=early_stopping,
        random_state=0,
    ):
        model.fit(X, Y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Stopping." in printed[0]


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_it_warns_as_scikit_learn_does(pair, name):
    said = []
    for model in pair(name, max_iter=2, batch_size=100, random_state=0):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, Y)
        said.append([str(warning.message) for warning in caught])
        assert any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    assert said[0] == said[1]
    assert len(said[0]) == 2


def test_lbfgs_says_why_it_stopped():
    with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after 2 iteration\(s\) \(status=1\)"):
        MLPRegressor(solver="lbfgs", max_iter=2, random_state=0).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match="EVALUATIONS EXCEEDS LIMIT"):
        MLPRegressor(solver="lbfgs", max_fun=3, random_state=0).fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_that_runs_away_is_an_error():
    huge = np.full((10, 2), 1e300)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter weights"):
        MLPRegressor(random_state=0).fit(huge * np.random.RandomState(0).rand(10, 2), np.arange(10.0))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::RuntimeWarning")
def test_a_diverging_validation_score_is_nan_and_the_best_parameters_are_kept(pair):
    scores = []
    for model in pair("MLPRegressor", activation="identity", solver="sgd", learning_rate_init=1.0, max_iter=20)[:]:
        model.set_params(early_stopping=True, random_state=0)
        model.fit(100 * X, Y)
        scores.append(model.validation_scores_)
        assert all(np.isfinite(part).all() for part in model.coefs_)
    np.testing.assert_array_equal(*scores)
    assert np.isnan(scores[0][-1])


def test_poisson_needs_counts():
    with pytest.raises(ValueError, match="out of the valid range of the loss 'poisson'"):
        MLPRegressor("poisson").fit(X, X[:, 0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestPartialFit:
    def test_lbfgs_has_none(self):
        assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
        assert hasattr(MLPClassifier(), "partial_fit")
        assert hasattr(MLPClassifier, "partial_fit")
        with pytest.raises(AttributeError, match="only available for stochastic optimizers"):
            _ = MLPClassifier(solver="lbfgs").partial_fit

    def test_the_first_call_needs_the_classes(self):
        with pytest.raises(ValueError, match="classes must be passed on the first call"):
            MLPClassifier().partial_fit(X, Y)

    def test_later_calls_may_not_change_them(self):
        model = MLPClassifier().partial_fit(X, Y, classes=[0, 1])
        with pytest.raises(ValueError, match="is not the same as on last call"):
            model.partial_fit(X, Y, classes=[0, 2])
        with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
            model.partial_fit(X, Y + 1)

    def test_early_stopping_is_refused(self):
        with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
            MLPRegressor(early_stopping=True).partial_fit(X, Y)

    def test_one_call_is_one_epoch(self):
        model = MLPRegressor(random_state=0)
        for call in range(1, 4):
            model.partial_fit(X, Y)
            assert (model.n_iter_, model.t_, len(model.loss_curve_)) == (1, 40 * call, call)

    def test_another_number_of_outputs_is_refused(self):
        with pytest.raises(ValueError, match="y has 2 outputs, but the network"):
            MLPRegressor().partial_fit(X, Y).partial_fit(X, X[:, :2])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_goes_on_like_the_original(network, copied):
    model = (
        network((4,), max_iter=3, random_state=0) if network is MLPClassifier else network(max_iter=3, random_state=0)
    )
    model.fit(X, Y)
    twin = copied(model)
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))
    for each in (model, twin):
        each.partial_fit(X, Y).partial_fit(X, Y)
    for one, other in zip(model.coefs_, twin.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("network", NETWORKS)
def test_inside_scikit_learn(network):
    model = make_pipeline(StandardScaler(), network(max_iter=5, random_state=0))
    search = GridSearchCV(model, {f"{network.__name__.lower()}__alpha": [1e-4, 1.0]}, cv=2).fit(X, Y)
    assert search.predict(X).shape == (40,)
    assert clone(model[-1]).get_params() == model[-1].get_params()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_ctrl_c_keeps_what_was_learnt(monkeypatch):
    model = MLPRegressor(random_state=0, max_iter=50)
    calls = []

    def interrupt(self, loss, tol):
        calls.append(loss)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("workings.neural_network.progress.Progress.take_loss", interrupt)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, Y)
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_nothing_of_the_caller_is_changed():
    features, target, weight = X.copy(), X[:, :2].copy(), np.ones(40)
    for order in (np.ascontiguousarray, np.asfortranarray):
        features, target = order(features), order(target)
        for batch_size in (7, "auto"):
            model = MLPRegressor(max_iter=3, batch_size=batch_size, shuffle=False, random_state=0)
            model.fit(features, target, weight).predict(features)
        np.testing.assert_array_equal(features, X)
        np.testing.assert_array_equal(target, X[:, :2])
        np.testing.assert_array_equal(weight, 1.0)
