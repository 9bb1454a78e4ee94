"""The steps before a model are rebuilt; what cannot be is refused by name, and what does not fit is said."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PolynomialFeatures, StandardScaler
from tests.audit.replication import zoo

from workings.audit import replicate
from workings.audit.replication.certificate import judged
from workings.audit.replication.rounding import ALTERED, compared
from workings.audit.replication.transformers import rebuild
from workings.base import NotFittedError

FRAME, PRICES = zoo.table_of_rooms(0)
NUMBERS = FRAME[["area"]]
HOLES = np.array([[1.0, np.nan], [3.0, 5.0], [np.nan, 7.0], [3.0, 9.0]])


def dense(values):
    return values.toarray() if hasattr(values, "toarray") else values


@pytest.mark.parametrize(
    ("step", "X"),
    [
        (StandardScaler(), NUMBERS),
        (StandardScaler(with_mean=False), NUMBERS),
        (StandardScaler(with_std=False), NUMBERS),
        (MinMaxScaler((2.0, 5.0), clip=True), NUMBERS),
        (SimpleImputer(), HOLES),
        (SimpleImputer(strategy="most_frequent", add_indicator=True), HOLES),
        (SimpleImputer(strategy="constant", fill_value=-1.0), HOLES),
        (SimpleImputer(missing_values=3.0), np.array([[3.0, 4.0], [1.0, 3.0], [5.0, 6.0]])),
        (OneHotEncoder(), FRAME[["town", "heating"]]),
        (OneHotEncoder(drop="if_binary", sparse_output=False), FRAME[["town", "heating"]]),
        (OneHotEncoder(drop=["Leeds", "gas"]), FRAME[["town", "heating"]]),
        (OneHotEncoder(), HOLES[:, :1]),
    ],
    ids=str,
)
def test_a_rebuilt_step_gives_the_numbers_of_its_transform(step, X):
    theirs = dense(step.fit(X).transform(X))
    np.testing.assert_array_equal(rebuild(step, X), theirs)


def test_an_unknown_category_is_ignored_or_named_as_the_encoder_was_told():
    words = pd.DataFrame({"town": ["Bath", "York"]})
    encoder = OneHotEncoder(handle_unknown="ignore").fit(words)
    np.testing.assert_array_equal(rebuild(encoder, pd.DataFrame({"town": ["Hull", "York"]})), [[0, 0], [0, 1]])
    with pytest.raises(ValueError, match="Hull"):
        rebuild(OneHotEncoder().fit(words), pd.DataFrame({"town": ["Hull", "York"]}))


def test_words_that_are_filled_before_they_are_encoded():
    words = pd.DataFrame({"town": ["Bath", None, "York", "Bath"] * 10}, dtype=object)
    filled = SimpleImputer(strategy="most_frequent", missing_values=None)
    steps = [
        ("fill", filled),
        ("words", OneHotEncoder(drop="first", sparse_output=False)),
        ("model", LinearRegression()),
    ]
    y = np.random.RandomState(0).normal(size=40)
    assert zoo.fitted("", Pipeline(steps), words, y).replication().certified


@pytest.mark.parametrize("attribute", ["mean_", "scale_"])
def test_a_scaler_changed_after_the_fit_is_refused(attribute):
    case = zoo.fitted("", Pipeline([("s", StandardScaler()), ("m", LinearRegression())]), NUMBERS, PRICES)
    assert case.replication().certified
    getattr(case.model.steps[0][1], attribute)[0] *= 1 + 1e-6
    assert not case.replication().certified


def test_a_step_that_does_something_else_is_named():
    class Generous(StandardScaler):
        def transform(self, X, copy=None):
            return super().transform(X, copy) + 1e-9

    case = zoo.fitted("", Pipeline([("wide", Generous()), ("m", LinearRegression())]), NUMBERS, PRICES)
    replication = case.replication()
    assert not replication.certified
    assert "'wide'" in replication.verdict


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Ridge().fit(NUMBERS, PRICES), "Ridge"),
        (LinearRegression, "Pass the fitted object"),
        ("model.pkl", "str"),
        (Pipeline([("p", PolynomialFeatures()), ("m", LinearRegression())]).fit(NUMBERS, PRICES), "PolynomialFeatures"),
        (
            Pipeline([("p", OneHotEncoder(min_frequency=5)), ("m", LinearRegression())]).fit(FRAME[["town"]], PRICES),
            "infrequent",
        ),
    ],
    ids=["family", "class", "text", "step", "option"],
)
def test_what_cannot_be_rebuilt_is_named(model, name):
    with pytest.raises(TypeError, match=name):
        replicate(model, FRAME[["town"]] if name == "infrequent" else NUMBERS, PRICES)


@pytest.mark.parametrize("model", [LinearRegression(), KMeans(), MLPClassifier()], ids=str)
def test_an_unfitted_model_is_said_to_be_one(model):
    with pytest.raises(NotFittedError, match="is not fitted"):
        replicate(model, NUMBERS, PRICES)


def test_an_unfitted_step_is_said_to_be_one():
    model = Pipeline([("s", StandardScaler()), ("m", LinearRegression().fit(NUMBERS.to_numpy(), PRICES))])
    with pytest.raises(NotFittedError, match="StandardScaler"):
        replicate(model, NUMBERS, PRICES)


def test_other_columns_are_named():
    two = FRAME[["area", "age"]].fillna(0.0)
    model = LinearRegression().fit(two, PRICES)
    with pytest.raises(ValueError, match=r"missing: \['age'\]; unknown: \['size'\]"):
        replicate(model, two.rename(columns={"age": "size"}), PRICES)
    with pytest.raises(ValueError, match="another order"):
        replicate(model, two[["age", "area"]], PRICES)
    with pytest.raises(ValueError, match="1 columns, but the LinearRegression was fitted on 2"):
        replicate(model, NUMBERS.to_numpy(), PRICES)
    with pytest.raises(ValueError, match="y has shape"):
        replicate(model, two, PRICES[:-1])
    with pytest.raises(ValueError, match="NaN"):
        replicate(model, FRAME[["area", "age"]], PRICES)
    with pytest.raises(ValueError, match="rows and columns"):
        replicate(model, two["area"], PRICES)


def test_nothing_is_changed():
    case = zoo.fitted("", zoo.mixed(LinearRegression()), *zoo.table_of_rooms(1))
    frame, y, coef = case.X.copy(), case.y.copy(), case.final.coef_.copy()
    case.replication()
    pd.testing.assert_frame_equal(case.X, frame)
    np.testing.assert_array_equal(case.y, y)
    np.testing.assert_array_equal(case.final.coef_, coef)


def test_the_worst_number_stands_for_all_and_nan_is_a_failure():
    check = judged("", [1.0, 4.0, 3.0], [2.0, 5.0, 3.0], "")
    assert (check.deviation, check.tolerance, check.outcome) == (3.0, 3.0, "passed")
    check = judged("", [1.0, 9.0, 4.0], [2.0, 5.0, 1.0], "")
    assert (check.deviation, check.tolerance, check.outcome) == (4.0, 1.0, "failed")
    assert judged("", [0.0, np.nan], 1.0, "").outcome == "failed"
    assert judged("", 0.0, 0.0, "").outcome == "passed"


def test_a_certificate_reads_as_a_table_and_as_text():
    replication = zoo.fitted("", LinearRegression(), NUMBERS, PRICES).replication()
    frame = replication.frame()
    assert list(frame.columns) == ["what", "deviation", "tolerance", "outcome", "reason"]
    assert len(frame) == len(replication.checks)
    assert str(replication).startswith("Certified: LinearRegression of scikit-learn")
    assert replication.verdict in str(replication)


def test_scikit_learn_is_not_imported():
    code = "import sys, workings.audit; assert not {'sklearn', 'scipy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_rounding_is_told_from_an_alteration_by_the_bits_of_the_other_numbers():
    ours = np.arange(1.0, 11.0, dtype=np.float32)
    altered = ours.copy()
    altered[3] *= 1 + 1e-6
    assert compared("", [ours], [altered], [1.0], "").what == ALTERED
    # another number that is off by its last place: the sums were formed in another order
    altered[7] = np.nextafter(altered[7], np.float32(0.0))
    assert compared("", [ours], [altered], [1.0], "").outcome == "passed"


def test_numbers_within_the_slack_are_no_alteration():
    ours = np.arange(1.0, 11.0)
    other = ours + np.where(ours == 4.0, 1e-9, 0.0)
    assert compared("", [ours], [other], [1.0], "").what == ALTERED
    assert compared("", [ours], [other], [1.0], "", [1e-8]).outcome == "passed"
