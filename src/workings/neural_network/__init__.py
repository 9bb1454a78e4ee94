"""Neural networks: multilayer perceptrons as classifier and regressor, and networks built layer by layer."""

from workings.neural_network.activations import LeakyRelu
from workings.neural_network.classifier import MLPClassifier
from workings.neural_network.dynamics.landscape import LossLandscape, loss_landscape
from workings.neural_network.dynamics.range_test import RangeTest, learning_rate_range_test
from workings.neural_network.dynamics.sharpness import Sharpness, sharpness
from workings.neural_network.dynamics.stability import stability_limit
from workings.neural_network.files import checkpoint, load, save
from workings.neural_network.gradient_check import GradientCheck, check_gradients
from workings.neural_network.gradient_comparison import PartCheck
from workings.neural_network.layers import Dense, Dropout
from workings.neural_network.losses import Huber
from workings.neural_network.network import Network
from workings.neural_network.network_training import TrainingResult, train
from workings.neural_network.regressor import MLPRegressor

__all__ = [
    "Dense",
    "Dropout",
    "GradientCheck",
    "Huber",
    "LeakyRelu",
    "LossLandscape",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "PartCheck",
    "RangeTest",
    "Sharpness",
    "TrainingResult",
    "check_gradients",
    "checkpoint",
    "learning_rate_range_test",
    "load",
    "loss_landscape",
    "save",
    "sharpness",
    "stability_limit",
    "train",
]
