"""scikit-learn's own tests of MLPClassifier and MLPRegressor, run on ours."""

from __future__ import annotations

from tests.compatibility.adopt import adopt

from workings.neural_network import MLPClassifier, MLPRegressor

LEFT_OUT: dict[str, str] = {}

globals().update(
    adopt(
        "sklearn.neural_network.tests.test_mlp",
        "sklearn.neural_network",
        {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor},
        LEFT_OUT,
    )
)
