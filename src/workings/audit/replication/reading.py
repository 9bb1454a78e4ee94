"""A fitted model read by its attributes: which family it is of, what comes before it, and whether the data fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workings.base import NotFittedError, check_array, library_class, recognised
from workings.base.features import feature_names

Family = Literal["LinearRegression", "KMeans", "MLPClassifier", "MLPRegressor"]
FAMILIES: dict[str, Family] = {
    "LinearRegression": "LinearRegression",
    "KMeans": "KMeans",
    "MLPClassifier": "MLPClassifier",
    "MLPRegressor": "MLPRegressor",
}
FITTED = {
    "LinearRegression": ("coef_", "intercept_"),
    "KMeans": ("cluster_centers_", "labels_", "inertia_", "n_iter_"),
    "MLPClassifier": ("coefs_", "intercepts_", "out_activation_", "classes_"),
    "MLPRegressor": ("coefs_", "intercepts_", "out_activation_"),
}


@dataclass(frozen=True)
class Reading:
    """A model taken apart.

    Parameters
    ----------
    model : object
        As it was passed.
    final : object
        The last step, or the model itself.
    steps : tuple of (str, object)
        What comes before it, by name.
    family : str
        Of the last step.
    """

    model: Any
    final: Any
    steps: tuple[tuple[str, Any], ...]
    family: Family

    @property
    def own(self) -> bool:
        """Whether the last step is of this package."""
        return library_class(self.final)[0] == "workings"

    @property
    def title(self) -> str:
        """The model in words."""
        library, name = library_class(self.final)
        title = f"{name} of {'scikit-learn' if library == 'sklearn' else library}"
        if not self.steps:
            return title
        return f"{title} behind {', '.join(type(step).__name__ for _, step in self.steps)}"


def read(model: Any) -> Reading:
    """Take a model apart.

    Parameters
    ----------
    model : object
        A fitted estimator, or a Pipeline that ends in one.

    Returns
    -------
    Reading

    Raises
    ------
    TypeError
        For a class that this package cannot rebuild.
    NotFittedError
        If the last step was not fitted.
    """
    steps: tuple[tuple[str, Any], ...] = ()
    final = model
    if library_class(model) == ("sklearn", "Pipeline"):
        if not model.steps:
            raise ValueError("The Pipeline has no steps.")
        steps, final = tuple(model.steps[:-1]), model.steps[-1][1]
    family = FAMILIES.get(library_class(final)[1])
    if family is None:
        kind = final.__name__ if isinstance(final, type) else type(final).__name__
        wanted = "Pass the fitted object, not its class" if isinstance(final, type) else "It knows"
        raise TypeError(
            f"replicate cannot rebuild {kind}. {wanted}: LinearRegression, KMeans, MLPClassifier or MLPRegressor of "
            "scikit-learn or of this package, alone or as the last step of a Pipeline."
        )
    missing = [name for name in FITTED[family] if not hasattr(final, name)]
    if missing:
        raise recognised(NotFittedError)(
            f"This {type(final).__name__} is not fitted ({missing[0]} is missing). Fit it before it is replicated."
        )
    return Reading(model, final, steps, family)


def require_columns(model: Any, X: Any) -> None:
    """Raise ValueError where X has other columns than the data that a model or a transformer was fitted on.

    Parameters
    ----------
    model : object
        With ``n_features_in_``, and ``feature_names_in_`` where it was fitted on names.
    X : array-like, DataFrame or sparse matrix
    """
    shape = np.shape(X) if not hasattr(X, "shape") else X.shape
    if len(shape) != 2:
        raise ValueError(f"X has to have rows and columns; its shape is {tuple(shape)}.")
    fitted, names = getattr(model, "feature_names_in_", None), feature_names(X)
    if fitted is not None and names is not None and list(fitted) != list(names):
        missing = [str(name) for name in fitted if name not in set(names)]
        extra = [str(name) for name in names if name not in set(fitted)]
        told = f"missing: {missing[:5]}; unknown: {extra[:5]}" if missing or extra else "they are in another order"
        raise ValueError(f"X has other columns than the model was fitted on ({told}).")
    count = getattr(model, "n_features_in_", shape[1])
    if count != shape[1]:
        raise ValueError(
            f"X has {shape[1]} columns, but the {type(model).__name__} was fitted on {count}: pass the data of its fit."
        )


def checked_rows(X: Any, owner: str) -> Any:
    """Return what reaches the last step as a finite array, or CSR or CSC matrix, of float64 or float32."""
    return check_array(X, owner=owner, accept_sparse=("csr", "csc"))


def parameters_of(model: Any) -> dict[str, Any]:
    """Return the constructor's parameters of a model, those of scikit-learn and of this package alike."""
    return dict(model.get_params(deep=False))
