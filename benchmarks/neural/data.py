"""What the networks learn: real sets, scaled, and generated ones; the same numbers every time, float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn import datasets

Floats = npt.NDArray[np.floating]
Data = tuple[Floats, np.ndarray]


def digits() -> Data:
    """Return 1797 images of 8 x 8 grey levels in [0, 1], of 10 classes."""
    X, y = datasets.load_digits(return_X_y=True)
    return X / 16, y


def iris() -> Data:
    """Return 150 flowers by 4 standardised lengths, of 3 classes."""
    return _standardised(*datasets.load_iris(return_X_y=True))


def wine() -> Data:
    """Return 178 wines by 13 standardised contents, of 3 classes."""
    return _standardised(*datasets.load_wine(return_X_y=True))


def cancer() -> Data:
    """Return 569 tumours by 30 standardised measures, of 2 classes."""
    return _standardised(*datasets.load_breast_cancer(return_X_y=True))


def diabetes() -> Data:
    """Return 442 patients by 10 standardised measures, with a standardised outcome."""
    X, y = _standardised(*datasets.load_diabetes(return_X_y=True))
    return X, (y - y.mean()) / y.std()


def classes(n: int, d: int = 784) -> Data:
    """Return n rows uniform in [0, 1]^d, each of that of 10 classes whose random direction it leans to most."""
    rng = np.random.RandomState(n + d)
    X = rng.uniform(size=(n, d))
    return X, ((X - 0.5) @ rng.standard_normal((d, 10))).argmax(axis=1)


def indicators(n: int, d: int = 20, labels: int = 5) -> Data:
    """Return n standard normal rows, and for each label whether the row lies on the right side of a random plane."""
    rng = np.random.RandomState(n + d)
    X = rng.standard_normal((n, d))
    return X, (X @ rng.standard_normal((d, labels)) > 0).astype(int)


def waves(n: int, d: int = 20, outputs: int = 1) -> Data:
    """Return n standard normal rows, and the sine of random combinations of their columns with a little noise."""
    rng = np.random.RandomState(n + d)
    X = rng.standard_normal((n, d))
    y = np.sin(X @ rng.standard_normal((d, outputs)) / np.sqrt(d)) + 0.1 * rng.standard_normal((n, outputs))
    return X, y[:, 0] if outputs == 1 else y


def counts(n: int, d: int = 20) -> Data:
    """Return n standard normal rows, and counts whose mean is the exponential of a random combination."""
    rng = np.random.RandomState(n + d)
    X = rng.standard_normal((n, d))
    return X, rng.poisson(np.exp(X @ rng.standard_normal(d) / np.sqrt(d))).astype(float)


def _standardised(X: Floats, y: np.ndarray) -> Data:
    return (X - X.mean(axis=0)) / X.std(axis=0), y
