"""The one entrance: what it accepts and refuses, the same answer each time, and the words."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from tests.explain.models import LABELS, X, Y, network

from workings.explain import explain
from workings.explain.wording import number, percent
from workings.linear_model import LinearRegression as OurLinearRegression

NAMES = ["age", "bmi", "bp", "s1"]
TABLE = pd.DataFrame(X, columns=NAMES)
MODELS = {
    "linear": LinearRegression().fit(X, Y),
    "k-means": KMeans(3, n_init=1, random_state=0).fit(X),
    "network": network(),
    "curved": network(activation="tanh"),
}


def everything(found):
    flip = [] if found.flip is None else [found.flip.change.to_numpy(), found.flip.row.to_numpy(), found.flip.distance]
    frames = [found.contributions, found.frame(), found.identity.drop(columns=["statement", "kind"])]
    frames += [] if found.rows is None else [found.rows]
    numbers = [np.asarray(frame.to_numpy(), dtype=float).tobytes() for frame in frames]
    return [*numbers, *(np.asarray(part).tobytes() for part in flip), found.sentence, str(found)]


@pytest.mark.parametrize("name", MODELS)
def test_the_same_call_gives_the_same_bits(name):
    first = everything(explain(MODELS[name], X[3], X, Y))
    for _ in range(3):
        # other memory, and another layout
        assert everything(explain(MODELS[name], list(X[3]), np.asfortranarray(X), Y.copy())) == first


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_changed(name):
    row, data, target = X[3].copy(), X.copy(), Y.copy()
    for array in (row, data, target):
        array.flags.writeable = False
    explain(MODELS[name], row, data, target)
    assert (row == X[3]).all()


@pytest.mark.parametrize("name", MODELS)
def test_what_every_explanation_has(name):
    found = explain(MODELS[name], X[3], X, Y, feature_names=NAMES)
    assert list(found.contributions.index) == NAMES
    assert found.contributions["contribution"].sum() == pytest.approx(found.value - found.base, rel=1e-10)
    assert list(found.frame()["contribution"].abs()) == sorted(found.contributions["contribution"].abs(), reverse=True)
    assert (found.identity["relative"][found.identity["kind"] != "standard error"] <= 1e-12).all()
    assert (found.identity["scale"] > 0).all()
    assert set(found.not_applicable) | {n for n in ("rows", "flip", "local") if getattr(found, n) is not None} == {
        "rows",
        "flip",
        "local",
    }
    assert found.sentence.startswith("The model ")
    text = str(found)
    for part in (found.sentence, found.background_name, "bmi", "How far each part is right"):
        assert part in text
    with pytest.raises(AttributeError):
        found.sentence = "other"


@pytest.mark.parametrize("row", [X[3], X[[3]], list(X[3]), TABLE.iloc[3], TABLE.iloc[[3]], pd.Series(X[3])])
@pytest.mark.parametrize("kind", [LinearRegression, OurLinearRegression])
@pytest.mark.filterwarnings("error")
def test_forms_of_a_row(row, kind):
    model = kind().fit(TABLE, Y)
    found = explain(model, row, TABLE, Y)
    assert found.prediction == model.predict(TABLE.iloc[[3]])[0]
    assert list(found.contributions.index) == NAMES
    assert list(found.rows.index) == list(TABLE.index)


def test_names_in_another_order_are_refused():
    model = LinearRegression().fit(TABLE, Y)
    other = NAMES[::-1]
    for row in (TABLE.iloc[3][other], TABLE.iloc[[3]][other]):
        with pytest.raises(ValueError, match="must be in the same order"):
            explain(model, row)
    with pytest.raises(ValueError, match="must be in the same order"):
        explain(model, X[3], TABLE[other], Y)
    with pytest.raises(ValueError, match="must be in the same order"):
        explain(model, X[3], background=TABLE[other])
    with pytest.raises(ValueError, match="unseen at fit time"):
        explain(model, TABLE.iloc[3].rename({"bmi": "height"}))
    with pytest.raises(ValueError, match="names of the data in another order"):
        explain(model, X[3], feature_names=other)
    assert list(explain(model, TABLE.iloc[3], feature_names=["a", "b", "c", "d"]).contributions.index) == list("abcd")
    # a model that knows no names still compares the row with the data
    with pytest.raises(ValueError, match="must be in the same order"):
        explain(MODELS["linear"], TABLE.iloc[3][other], TABLE, Y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"row": X[3, :3]}, "row has 3 features, but LinearRegression was fitted with 4"),
        ({"row": X[:2]}, "row has 2 rows"),
        ({"row": 3}, "row has to be the row itself"),
        ({"row": [1.0, np.nan, 2.0, 3.0]}, "row contains NaN"),
        ({"row": [1.0, np.inf, 2.0, 3.0]}, "row contains infinity"),
        ({"row": ["a", "b", "c", "d"]}, "could not convert"),
        ({"X": X[:, :3]}, "X has 3 features"),
        ({"X": X * np.nan}, "X contains NaN"),
        ({"X": X, "y": Y[:-1]}, r"y has the shape \(79,\), but X has 80 rows"),
        ({"X": X, "y": LABELS}, "y has to hold numbers"),
        ({"X": X, "y": Y * np.nan}, "y contains NaN"),
        ({"y": Y}, "y was given without X"),
        ({"sample_weight": Y}, "sample_weight was given without X"),
        ({"X": X, "sample_weight": -np.ones(80)}, "Negative values"),
        ({"background": X[0, :3]}, "background has 3 features"),
        ({"feature_names": ["a"]}, "feature_names has 1 names for 4 features"),
        ({"feature_names": "abcd"}, "feature_names has"),
        ({"random_state": None}, "random_state has to be an integer"),
        ({"output": "y"}, "number of a target"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        explain(MODELS["linear"], **{"row": X[3]} | arguments)


def test_models_that_cannot_be_explained():
    for unfitted in (LinearRegression(), OurLinearRegression(), KMeans(), MLPClassifier()):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            explain(unfitted, X[3])
    with pytest.raises(TypeError, match="no exact explanation for a Ridge"):
        explain(Ridge().fit(X, Y), X[3])
    with pytest.raises(TypeError, match=r"for a Pipeline.*model behind other steps"):
        explain(make_pipeline(LinearRegression()).fit(X, Y), X[3])
    with pytest.raises(TypeError, match="the class LinearRegression"):
        explain(LinearRegression, X[3])
    broken = LinearRegression().fit(X, Y)
    broken.coef_ = broken.coef_ * np.nan
    with pytest.raises(ValueError, match="coef_ contains NaN"):
        explain(broken, X[3])


def test_a_subclass_is_explained_and_a_namesake_is_not():
    class Mine(LinearRegression):
        pass

    assert explain(Mine().fit(X, Y), X[3]).family == "linear regression"
    namesake = type("LinearRegression", (), {"__module__": "elsewhere", "coef_": np.ones(4)})()
    with pytest.raises(TypeError, match="no exact explanation"):
        explain(namesake, X[3])


def test_backgrounds():
    model = MODELS["linear"]
    assert explain(model, X[3]).background_name == "a row of zeros"
    assert explain(model, X[3]).base == pytest.approx(model.intercept_, rel=1e-15)
    assert explain(model, X[3], background=X[0]).base == pytest.approx(model.predict(X[[0]])[0], rel=1e-14)
    several = explain(model, X[3], background=X[:9])
    assert several.base == pytest.approx(model.predict(X[:9]).mean(), rel=1e-13)
    assert several.background_name == "the average of 9 background rows"
    weights = np.arange(80.0)
    weighted = LinearRegression().fit(X, Y, weights)
    found = explain(weighted, X[3], X, Y, sample_weight=weights)
    assert found.base == pytest.approx(np.average(Y, weights=weights), rel=1e-12)
    assert "weighted average" in found.sentence
    # at the background itself nothing contributes
    same = explain(model, X[3], background=X[3])
    assert (same.contributions["contribution"] == 0).all()
    assert same.sentence.endswith("as much as for the background row.")


def test_sentences_by_hand():
    model = LinearRegression().fit(X, Y)
    model.coef_, model.intercept_ = np.array([10.0, -5.0, 1.0, 0.0]), 100.0
    found = explain(model, [4.0, 2.0, 1.0, 9.0], background=[1.0, 1.0, 0.5, 0.0], feature_names=NAMES)
    # 100 + 40 - 10 + 1 against 100 + 10 - 5 + 0.5
    assert found.sentence == (
        "The model says 131: 26 above what it says of the background row (106), mostly because age is high (+30); "
        "working against it, bmi is high (-5)."
    )
    balanced = explain(model, [2.0, 3.0, 1.0, 0.0], background=[1.0, 1.0, 1.0, 0.0], feature_names=NAMES)
    assert balanced.sentence == (
        "The model says 106: as much as for the background row; what raises it, age is high (+10), and what lowers it, "
        "bmi is high (-10), balance."
    )


def test_numbers_in_words():
    assert number(151.6, 33.9) == "152"
    assert number(1234567.8, 3000.0) == "1,234,568"
    assert number(0.01234, 0.0021) == "0.0123"
    assert number(-0.2, 40.0) == "0"
    assert number(1e20, 1e20) == "1e+20"
    assert [percent(p) for p in (0.0, 0.314, 0.9999)] == ["under 1 %", "31 %", "over 99 %"]


def test_hostile_names_are_shortened_in_the_sentence_only():
    names = ["a" * 10_000, "line\nbreak", "<script>", "=1+1"]
    found = explain(MODELS["linear"], X[3], X, Y, feature_names=names)
    assert len(found.sentence) < 500
    assert "\n" not in found.sentence
    assert list(found.contributions.index) == names
