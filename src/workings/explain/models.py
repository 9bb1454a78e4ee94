"""What an explanation needs of a fitted model: its parameters, read from our estimators and from scikit-learn's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.base import NotFittedError, library_class, recognised, require_finite
from workings.explain.perceptron import Floats, Perceptron

KINDS = {
    "LinearRegression": "coef_",
    "KMeans": "cluster_centers_",
    "MiniBatchKMeans": "cluster_centers_",
    "MLPClassifier": "coefs_",
    "MLPRegressor": "coefs_",
}
"""Classes that can be explained, and the attribute that a fit leaves."""


@dataclass(frozen=True)
class Linear:
    """A fitted linear regression.

    Parameters
    ----------
    coef : ndarray of shape (n_targets, n_features)
    intercept : ndarray of shape (n_targets,)
    fit_intercept : bool
    positive : bool
        Whether coefficients were kept from being negative.
    """

    coef: Floats
    intercept: Floats
    fit_intercept: bool
    positive: bool

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.coef.shape[1])


@dataclass(frozen=True)
class Centres:
    """A fitted k-means.

    Parameters
    ----------
    centres : ndarray of shape (n_clusters, n_features)
    """

    centres: Floats

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.centres.shape[1])


@dataclass(frozen=True)
class TrainedNetwork:
    """A fitted multilayer perceptron.

    Parameters
    ----------
    perceptron : Perceptron
        Its layers.
    out_activation : str
        What turns the last layer's sums into the prediction: ``"identity"``, ``"exp"``, ``"logistic"``, ``"softmax"``.
    classes : ndarray of shape (n_classes,) or None
        The labels of a classifier.
    """

    perceptron: Perceptron
    out_activation: str
    classes: npt.NDArray[Any] | None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.perceptron.coefs[0])


def read_model(model: Any) -> Linear | Centres | TrainedNetwork:
    """Return the parameters of a fitted model, in double precision.

    Parameters
    ----------
    model : LinearRegression, KMeans, MiniBatchKMeans, MLPClassifier or MLPRegressor
        Ours or scikit-learn's, or of a class derived from one of these.

    Returns
    -------
    Linear, Centres or TrainedNetwork

    Raises
    ------
    TypeError
        If the model is of another class.
    NotFittedError
        If it is not fitted.
    ValueError
        If a parameter is not finite.
    """
    kind = _kind(model)
    if not hasattr(model, KINDS[kind]):
        raise recognised(NotFittedError)(
            f"This {type(model).__name__} is not fitted yet: there is no prediction to explain. Call fit first."
        )
    if kind == "LinearRegression":
        coef = _parameters(model, "coef_")
        intercept = np.broadcast_to(np.ravel(_parameters(model, "intercept_")), len(np.atleast_2d(coef)))
        return Linear(
            np.atleast_2d(coef),
            np.array(intercept),
            bool(getattr(model, "fit_intercept", True)),
            bool(getattr(model, "positive", False)),
        )
    if kind.endswith("KMeans"):
        return Centres(_parameters(model, "cluster_centers_"))
    perceptron = Perceptron(_layers(model, "coefs_"), _layers(model, "intercepts_"), model.activation)
    classes = np.asarray(model.classes_) if kind == "MLPClassifier" else None
    return TrainedNetwork(perceptron, model.out_activation_, classes)


def _kind(model: Any) -> str:
    _, kind = library_class(model)
    if kind in KINDS:
        return kind
    found = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
    raise TypeError(
        f"There is no exact explanation for {found}: pass a fitted {', '.join(KINDS)}, of workings or scikit-learn. "
        "For a model behind other steps pass the model itself with the row as the steps transform it; for any other "
        "model permutation_shapley(model.predict, row, background) estimates contributions."
    )


def _parameters(model: Any, name: str) -> Floats:
    return _finite(getattr(model, name), name, model)


def _layers(model: Any, name: str) -> tuple[Floats, ...]:
    return tuple(_finite(layer, name, model) for layer in getattr(model, name))


def _finite(values: Any, name: str, model: Any) -> Floats:
    parameters: Floats = np.array(values, dtype=np.float64, order="C")
    require_finite(parameters, name, type(model).__name__)
    return parameters
