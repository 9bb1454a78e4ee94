"""The data sets of a validation: scikit-learn's shipped data, and the case in which its default is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import datasets as shipped

from workings.validate import nist

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Arrays that every side of a comparison receives unchanged.

    Parameters
    ----------
    name : str
        Name in the report.
    X : ndarray of shape (n, p), float64
    y : ndarray of shape (n,) or (n, targets), float64 or int64
        Numbers to predict, or class labels.
    features : tuple of str
        Names of the columns of X.
    origin : str
        Where the data are from, as a sentence.
    """

    name: str
    X: Floats
    y: npt.NDArray[Any]
    features: tuple[str, ...]
    origin: str


def diabetes() -> Dataset:
    """442 patients, 10 centred features of unit length, disease progression after a year."""
    bunch = shipped.load_diabetes()
    return _regression("diabetes", bunch, "Efron et al. (2004), shipped with scikit-learn.")


def linnerud() -> Dataset:
    """20 men, 3 exercises, 3 physiological targets at once."""
    bunch = shipped.load_linnerud()
    return _regression("linnerud", bunch, "Exercise and physiology of 20 men, shipped with scikit-learn.")


def breast_cancer() -> Dataset:
    """569 tumours, 30 features of very different scale, benign or malignant."""
    return _classes(
        "breast_cancer", shipped.load_breast_cancer(), "Wisconsin diagnostic data, shipped with scikit-learn."
    )


def wine() -> Dataset:
    """178 wines of 3 cultivars, 13 features."""
    return _classes("wine", shipped.load_wine(), "UCI wine recognition, shipped with scikit-learn.")


def iris() -> Dataset:
    """150 flowers of 3 species, 4 features."""
    return _classes("iris", shipped.load_iris(), "Fisher (1936), shipped with scikit-learn.")


def digits() -> Dataset:
    """1797 handwritten digits of 8 x 8 pixels, 10 classes."""
    return _classes("digits", shipped.load_digits(), "UCI optical digits (test part), shipped with scikit-learn.")


def turnover_and_rate() -> Dataset:
    """Two independent features of very different scale: a turnover in dollars and a rate in decimals.

    ``y = 4e-6 turnover + 200 rate + noise`` for 200 firms: the rate explains 40 % of y's variance, but its column is
    about 1e-8 times as long as the turnover's.
    """
    rng = np.random.RandomState(0)
    turnover = np.round(rng.uniform(0.5e6, 5e6, 200), 2)
    rate = np.round(rng.uniform(0.01, 0.09, 200), 4)
    y = 4e-6 * turnover + 200.0 * rate + rng.normal(0.0, 0.8, 200)
    return Dataset(
        "turnover and rate",
        np.column_stack([turnover, rate]),
        y,
        ("turnover [dollars]", "rate [decimal]"),
        "Made for this report from a fixed seed.",
    )


def certified(name: str) -> Dataset:
    """One of NIST's eleven sets as a regression."""
    entry = nist.load(name)
    if entry.X.shape[1] == 1:
        features: tuple[str, ...] = ("x",)
    elif name in nist.DEGREES:
        features = tuple(f"x^{k}" for k in range(1, entry.X.shape[1] + 1))
    else:
        features = tuple(f"x{k}" for k in range(1, entry.X.shape[1] + 1))
    return Dataset(f"NIST {name}", entry.X, entry.y, features, "NIST Statistical Reference Datasets, certified values.")


def standardised(data: Dataset, *, target: bool = False) -> Dataset:
    """Return the rows with each feature (and, if asked, each target) shifted to mean 0 and scaled to deviation 1.

    A constant feature stays at 0. Both sides of a comparison receive these arrays, so nothing hangs on how they
    were standardised.
    """
    y = _standard(data.y.astype(np.float64)) if target else data.y
    return Dataset(data.name, _standard(data.X), y, data.features, data.origin)


def _standard(values: Floats) -> Floats:
    deviation = values.std(axis=0)
    scaled: Floats = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled


def _regression(name: str, bunch: Any, origin: str) -> Dataset:
    return Dataset(
        name,
        np.ascontiguousarray(bunch.data, dtype=np.float64),
        np.asarray(bunch.target, dtype=np.float64),
        tuple(map(str, bunch.feature_names)),
        origin,
    )


def _classes(name: str, bunch: Any, origin: str) -> Dataset:
    return Dataset(
        name,
        np.ascontiguousarray(bunch.data, dtype=np.float64),
        np.asarray(bunch.target, dtype=np.int64),
        tuple(map(str, bunch.feature_names)),
        origin,
    )
