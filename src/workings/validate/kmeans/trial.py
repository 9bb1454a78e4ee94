r"""One configuration on one data set: our fit, scikit-learn's, and how far they may be apart.

The estimator promises scikit-learn's bits. The textbook sums in another order and does not centre the data, so its
tolerance is the rounding of a mean: with equal labels, a centre on either side is off by at most

.. math::  \delta = (\gamma(n) + 4 u) \max |x|                                       \qquad (B.3)

(n additions, a division, the shift by the overall mean and back), and an inertia J, a sum of n d squares of
differences :math:`x - c`, by at most

.. math::  \delta J \le (\gamma(n d) + 3 u) J + 2 \sqrt{n d J} \, \delta' + n d \, \delta'^2,
           \quad \delta' = \delta + 2 u \max |x|                                     \qquad (B.4)

by the Cauchy-Schwarz inequality. Labels and counts must be equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.cluster

from workings.arithmetic.accumulation import UNIT_ROUNDOFF, accumulated
from workings.cluster import KMeans
from workings.recording import record
from workings.validate.compare import BITS, COUNTS, Promise
from workings.validate.datasets import Dataset
from workings.validate.reference import fit_and_listen, products_agree

Floats = npt.NDArray[np.float64]
Values = dict[str, npt.NDArray[Any]]
COUNTED = {"labels_", "n_iter_", "n_features_in_", "predict (new rows)"}
TRAJECTORY = "inertia by iteration"


@dataclass(frozen=True)
class Case:
    """One configuration; `weighted` fits with the weights 1/4 to 2, in row order."""

    parameters: Mapping[str, Any]
    weighted: bool = False

    @property
    def configuration(self) -> str:
        """The constructor call that both sides received."""
        return f"{call('KMeans', self.parameters)}{'.fit(X, sample_weight)' if self.weighted else ''}"

    @property
    def from_the_textbook(self) -> bool:
        """Whether the textbook derives this configuration: one unweighted run from k-means++."""
        return not self.weighted and "init" not in self.parameters and "algorithm" not in self.parameters


@dataclass(frozen=True)
class Trial:
    """What both sides found for one case."""

    case: Case
    data: Dataset
    ours: Values
    theirs: Values
    promises: Mapping[str, Promise]


def call(name: str, parameters: Mapping[str, Any]) -> str:
    """Write a constructor call."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in parameters.items())})"


def trial(data: Dataset, case: Case) -> Trial:
    """Fit both sides on the same array with the same seed."""
    weight = np.linspace(0.25, 2.0, len(data.X)) if case.weighted else None
    with record() as tape:
        ours = KMeans(**case.parameters).fit(data.X, sample_weight=weight)
    inertias = np.array([step.values["inertia"] for step in tape.select("iteration")], dtype=np.float64)
    theirs, listened = fit_and_listen(sklearn.cluster.KMeans(**case.parameters), data.X, sample_weight=weight)
    return Trial(
        case,
        data,
        exposed(ours, data.X, weight) | {TRAJECTORY: inertias},
        exposed(theirs, data.X, weight) | {TRAJECTORY: listened},
        promises(data.X, theirs.cluster_centers_, float(theirs.inertia_)),
    )


def exposed(model: Any, X: Floats, weight: Floats | None = None) -> Values:
    """Everything that both sides expose; new rows lie halfway between neighbouring rows."""
    between = (X[:-1] + X[1:]) / 2
    return {
        "cluster_centers_": model.cluster_centers_,
        "labels_": model.labels_,
        "inertia_": np.asarray(model.inertia_),
        "n_iter_": np.asarray(model.n_iter_),
        "n_features_in_": np.asarray(model.n_features_in_),
        "predict (new rows)": model.predict(between),
        "transform": model.transform(X),
        "score": np.asarray(model.score(X, sample_weight=weight)),
    }


def promises(X: Floats, centers: Floats, inertia: float) -> dict[str, Promise]:
    """Return what the estimator promises: bits, unless this machine's two BLAS libraries differ between themselves."""
    mean = X.mean(axis=0)
    if products_agree(X - mean, centers - mean):
        numbers = dict.fromkeys(("cluster_centers_", "inertia_", "transform", "score", TRAJECTORY), Promise(0.0, BITS))
    else:
        why = " NumPy's and SciPy's BLAS differ in the last bits of these products on this machine, so bits cannot be."
        numbers = {name: Promise(p.tolerance, p.reason + why) for name, p in rounding(X, centers, inertia).items()}
    return numbers | dict.fromkeys(COUNTED, Promise(0.0, COUNTS))


def rounding(X: Floats, centers: Floats, inertia: float) -> dict[str, Promise]:
    """Tolerances from rounding alone, (B.3) and (B.4), for the sum of two sides' errors.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    centers : ndarray of shape (k, d)
    inertia : float
        The smallest inertia of the trajectory.

    Returns
    -------
    dict of str to Promise
    """
    largest = float(np.abs(X).max())
    center = (accumulated(len(X)) + 4 * UNIT_ROUNDOFF) * largest  # B.3
    shift = center + 2 * UNIT_ROUNDOFF * largest
    squares = accumulated(X.size) + 3 * UNIT_ROUNDOFF
    sums = squares + 2 * np.sqrt(X.size / inertia) * shift + X.size * shift**2 / inertia  # B.4
    distance = np.sqrt(X.shape[1]) * shift + accumulated(2 * X.shape[1]) * largest
    because = f"Rounding of sums of {len(X)} rows with entries up to {largest:.3g}, on both sides"
    means = Promise(2 * center / float(np.abs(centers).max()), f"{because} (B.3).")
    total = Promise(2 * float(sums), f"{because}, squared and summed (B.4).")
    far = Promise(2 * float(distance) / largest, f"{because}, through one distance (B.3).")
    return {"cluster_centers_": means, "inertia_": total, "score": total, TRAJECTORY: total, "transform": far}
