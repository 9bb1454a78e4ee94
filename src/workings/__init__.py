"""Linear regression, k-means and neural networks from first principles, with every step open to inspection."""

from workings.audit import Replication, replicate
from workings.cluster import KMeans, MiniBatchKMeans
from workings.explain import Explanation, explain
from workings.linear_model import LinearRegression
from workings.neural_network import MLPClassifier, MLPRegressor
from workings.recording import Tape, record

__version__ = "0.1.0"

__all__ = [
    "Explanation",
    "KMeans",
    "LinearRegression",
    "MLPClassifier",
    "MLPRegressor",
    "MiniBatchKMeans",
    "Replication",
    "Tape",
    "__version__",
    "explain",
    "record",
    "replicate",
]
