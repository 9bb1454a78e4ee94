"""What is predicted for a row does not depend on the rows beside it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workings import KMeans, LinearRegression, MLPClassifier, MLPRegressor
from workings.cluster import MiniBatchKMeans

X, y = load_breast_cancer(return_X_y=True)

MODELS = [
    LinearRegression(),
    KMeans(4, random_state=0),
    MiniBatchKMeans(4, random_state=0),
    MLPClassifier((8,), solver="lbfgs", max_iter=20, random_state=0),
    MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=20, random_state=0),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_standardising_with_test_batch_statistics(model):
    pipeline = make_pipeline(StandardScaler(), model).fit(X[:400], y[:400])
    together = pipeline.predict(X[400:])
    shifted_company = pipeline.predict(np.vstack([X[400:], 1e3 * X[:50]]))[: len(X) - 400]
    alone = np.array([pipeline.predict(row[np.newaxis])[0] for row in X[400:]])
    # a product of one row may be summed in another order than one of many: a few units in the last place
    assert np.allclose(together, alone, rtol=1e-12, atol=1e-13)
    assert np.allclose(together, shifted_company, rtol=1e-12, atol=1e-13)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_predict_changes_neither_the_model_nor_the_data(model):
    model.fit(X, y)
    before, data = {k: np.copy(v) for k, v in vars(model).items() if isinstance(v, np.ndarray)}, X.copy()
    model.predict(X[:10])
    assert np.array_equal(data, X)
    assert all(np.array_equal(before[k], getattr(model, k)) for k in before)
