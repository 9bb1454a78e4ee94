"""Neural networks: multilayer perceptrons as classifier and regressor."""

from workings.neural_network.classifier import MLPClassifier
from workings.neural_network.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
