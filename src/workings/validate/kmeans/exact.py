r"""`KMeans(arithmetic="exact")` beside integer arithmetic, which it must equal, and beside scikit-learn.

Labels, centres and counts have to be those of the integers, in every bit. The inertia is the correctly rounded sum of
rounded terms, each with the roundings of a difference (which is squared), a square and at most d additions, so

.. math::  |J - \hat J| \le (\gamma(d + 2) + u) J.                                    \qquad (B.6)

scikit-learn may be off by rounding, (B.3) and (B.4), as long as it finds the same labels. It may find others where a
row is exactly as near to one centre as to another: rounding then decides there, and a rule here. Such a *tie* is found
in integers, and is the only reason for a difference that is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.cluster

from workings.arithmetic.accumulation import UNIT_ROUNDOFF, accumulated
from workings.cluster import KMeans
from workings.recording import record
from workings.textbook import k_means as textbook
from workings.validate.compare import COUNTS, Fit, Promise, compare
from workings.validate.datasets import Dataset
from workings.validate.kmeans.integers import ExactRun, IntegerRows
from workings.validate.kmeans.trial import Values, call, rounding
from workings.validate.results import Comparison

Labels = npt.NDArray[np.integer[Any]]
PROVED = "Each assignment is proved, and each centre is correctly rounded: the same bits, and nothing else is accepted."


def rows(data: Dataset, parameters: Mapping[str, Any]) -> list[Comparison]:
    """Compare ours with the run in integers from the same initial centres, and with scikit-learn from the same seed.

    Parameters
    ----------
    data : Dataset
    parameters : mapping
        Arguments of both sides' constructors; ours is told ``arithmetic="exact"`` as well.

    Returns
    -------
    list of Comparison
    """
    X, k = data.X, parameters["n_clusters"]
    model = KMeans(**parameters, arithmetic="exact").fit(X)
    start = textbook.plus_plus(X, k, np.random.RandomState(parameters["random_state"]))
    truth = IntegerRows(X).run(start, model.tol)
    theirs = sklearn.cluster.KMeans(**parameters).fit(X)
    fit = Fit("kmeans", data.name, call("KMeans", {**parameters, "arithmetic": "exact"}))
    ours = _exposed(model)
    exactly: Values = {
        "cluster_centers_": truth.centers,
        "labels_": truth.labels,
        "n_iter_": np.asarray(truth.iterations),
        "inertia_": np.asarray(truth.inertia),
    }
    sum_of_terms = Promise(
        accumulated(X.shape[1] + 2) + UNIT_ROUNDOFF,
        f"Rounding of squared distances of {X.shape[1]} terms, whose sum is rounded once (B.6).",
    )
    proved = dict.fromkeys(exactly, Promise(0.0, PROVED)) | {"inertia_": sum_of_terms}
    found = [
        compare(fit, "estimator", "exact", name, ours[name], value, proved[name]) for name, value in exactly.items()
    ]
    certificate = model.certificate_
    assert certificate is not None
    ties = sum(assignment.ties for assignment in truth.assignments)
    found.append(compare(fit, "estimator", "exact", "true ties", certificate.ties, ties, Promise(0.0, COUNTS)))
    allowed = rounding(X, theirs.cluster_centers_, float(theirs.inertia_))
    allowed |= dict.fromkeys(("labels_", "n_iter_"), Promise(0.0, COUNTS))
    judge = None
    if all(np.array_equal(ours[name], exactly[name]) for name, promise in proved.items() if promise.tolerance == 0):
        judge = partial(_judge, truth, _rounded_labels(parameters, X, theirs), certificate.sentence)
    found += [
        compare(fit, "estimator", "scikit-learn", name, value, getattr(theirs, name), allowed[name], judge)
        for name, value in ours.items()
    ]
    return found


def _exposed(model: Any) -> Values:
    return {name: np.asarray(getattr(model, name)) for name in ("cluster_centers_", "labels_", "n_iter_", "inertia_")}


def _rounded_labels(parameters: Mapping[str, Any], X: Any, theirs: Any) -> list[Labels]:
    """Return scikit-learn's labels of each iteration, from a fit of ours that ends with its bits; none without these.

    scikit-learn tells nobody the labels on its way.
    """
    with record(arrays=True) as tape:
        rounded = KMeans(**parameters).fit(X)
    same = np.array_equal(rounded.labels_, theirs.labels_) and rounded.n_iter_ == theirs.n_iter_
    return [step.values["labels"] for step in tape.select("iteration")] if same else []


def _judge(truth: ExactRun, rounded: list[Labels], certificate: str) -> str:
    """Say where the run in integers and scikit-learn's part, if it is at ties that they do."""
    pairs = list(zip(truth.assignments, rounded, strict=False))
    partings = (i for i, (assignment, labels) in enumerate(pairs) if (assignment.labels != labels).any())
    iteration = next(partings, None)
    if iteration is None:
        return ""
    assignment, labels = pairs[iteration]
    parted = np.flatnonzero(assignment.labels != labels)
    if not assignment.nearest[parted, labels[parted]].all():
        return ""
    return (
        f"the exact answer, which ours has: the two runs part in iteration {iteration + 1}, at "
        f"{len(parted)} row{'s' * (len(parted) > 1)} exactly as near to one centre as to another, compared as "
        "integers. The rule of KM.2 sends ties to the lower index; scikit-learn lets the rounding of a product decide. "
        f"Our certificate: {certificate}"
    )
