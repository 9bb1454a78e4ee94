"""One configuration on one data set: our network, scikit-learn's, and everything that both expose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.neural_network

from workings.neural_network import MLPClassifier, MLPRegressor
from workings.validate.compare import COUNTS, Fit, Promise, flat
from workings.validate.datasets import Dataset
from workings.validate.sensitivity import tolerances

Floats = npt.NDArray[np.float64]
Values = dict[str, npt.NDArray[Any]]
COUNTS_AND_NAMES = ("n_iter_", "t_", "n_features_in_", "n_layers_", "n_outputs_", "out_activation_")
COUNTED = {*COUNTS_AND_NAMES, "classes_", "predict (classes)"}


@dataclass(frozen=True)
class Case:
    """One configuration; `derived` says whether the textbook derives it too."""

    parameters: Mapping[str, Any]
    derived: bool = False


class Trial:
    """What scikit-learn and ours found for one case."""

    def __init__(self, data: Dataset, case: Case, *, classifies: bool) -> None:
        self.data, self.case, self.classifies = data, case, classifies
        mine, theirs = (
            (MLPClassifier, sklearn.neural_network.MLPClassifier)
            if classifies
            else (MLPRegressor, sklearn.neural_network.MLPRegressor)
        )
        self.ours: Any = mine(**case.parameters).fit(data.X, data.y)
        self.reference = partial(_fitted, theirs, case.parameters, data.y)
        self.theirs = self.reference(data.X)
        arguments = ", ".join(f"{name}={value!r}" for name, value in case.parameters.items())
        self.fit = Fit("neural", data.name, f"{mine.__name__}({arguments})")

    @property
    def batch(self) -> int:
        """Rows of a batch."""
        return min(200, len(self.data.X))

    @property
    def terms(self) -> int:
        """Terms of the longest sum of a step: the rows of a batch (all of them for L-BFGS) or a layer's width."""
        rows = len(self.data.X) if self.case.parameters["solver"] == "lbfgs" else self.batch
        return max(rows, *(len(W) for W in self.theirs.coefs_))

    def sensitivity(self) -> dict[str, Promise]:
        """Tolerances from the response of scikit-learn itself to one rounding of the data."""

        def refit(X: Floats) -> Values:
            return values(self.reference(X), self.data.X, self.data.y)

        allowed = tolerances(refit, self.data.X, values(self.theirs, self.data.X, self.data.y), self.terms)
        return allowed | dict.fromkeys(COUNTED, Promise(0.0, COUNTS))


def values(model: Any, X: Floats, y: npt.NDArray[Any]) -> Values:
    """Everything that a fitted network exposes, of ours and of scikit-learn's alike."""
    found: Values = {
        "coefs_": flat(model.coefs_),
        "intercepts_": flat(model.intercepts_),
        "loss_": np.asarray(model.loss_),
        "score": np.asarray(model.score(X, y)),
    }
    found |= {name: np.asarray(getattr(model, name)) for name in COUNTS_AND_NAMES}
    # only some solvers and early stopping keep these
    for name in ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
        if getattr(model, name, None) is not None:
            found[name] = np.asarray(getattr(model, name), dtype=np.float64)
    if hasattr(model, "predict_proba"):
        found |= {
            "classes_": model.classes_,
            "predict (classes)": model.predict(X),
            "predict_proba": model.predict_proba(X),
            "predict_log_proba": model.predict_log_proba(X),
        }
    else:
        found["predict"] = model.predict(X)
    return found


def _fitted(kind: Any, parameters: Mapping[str, Any], y: npt.NDArray[Any], X: Floats) -> Any:
    return kind(**parameters).fit(X, y)
