"""MiniBatchKMeans beside scikit-learn's: the same batches, so the same bits after every step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.cluster

from workings.cluster import MiniBatchKMeans
from workings.recording import record
from workings.validate.compare import BITS, COUNTS, Fit, Promise, compare
from workings.validate.datasets import Dataset
from workings.validate.kmeans.trial import COUNTED, Values, call, exposed
from workings.validate.reference import fit_and_listen, products_agree
from workings.validate.results import Comparison
from workings.validate.sensitivity import tolerances

Floats = npt.NDArray[np.float64]
TRAJECTORY = "inertia of each batch"


def rows(data: Dataset, parameters: Mapping[str, Any]) -> list[Comparison]:
    """Compare all that both sides expose, from the same seed.

    Parameters
    ----------
    data : Dataset
    parameters : mapping
        Arguments of the constructor, for both sides.

    Returns
    -------
    list of Comparison
    """
    with record() as tape:
        model = MiniBatchKMeans(**parameters).fit(data.X)
    inertias = np.array([step.values["batch_inertia"] for step in tape.select("step")], dtype=np.float64)
    ours = _exposed(model, data.X) | {TRAJECTORY: inertias}
    reference = partial(_reference, parameters)
    theirs = reference(data.X)
    promises = _promises(data.X, theirs, partial(tolerances, reference, data.X, theirs))
    fit = Fit("kmeans", data.name, call("MiniBatchKMeans", parameters))
    return [
        compare(fit, "estimator", "scikit-learn", name, value, theirs[name], promises[name])
        for name, value in ours.items()
    ]


def _reference(parameters: Mapping[str, Any], X: Floats) -> Values:
    model, listened = fit_and_listen(sklearn.cluster.MiniBatchKMeans(**parameters), X)
    return _exposed(model, X) | {TRAJECTORY: listened}


def _exposed(model: Any, X: Floats) -> Values:
    return exposed(model, X) | {"n_steps_": np.asarray(model.n_steps_)}


def _promises(X: Floats, theirs: Values, responses: Any) -> dict[str, Promise]:
    """Return bits, unless this machine's two BLAS libraries differ; then the response of the steps to rounding."""
    if products_agree(X, theirs["cluster_centers_"]):
        numbers = dict.fromkeys(theirs, Promise(0.0, BITS))
    else:
        numbers = responses(terms=len(X))
    return numbers | dict.fromkeys({*COUNTED, "n_steps_"}, Promise(0.0, COUNTS))
