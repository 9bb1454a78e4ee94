r"""k-means: labels against the nearest centres, centres against the means of their rows, and the run from its seed.

A centre computed in floating point is off its exact mean by at most

.. math::  \delta_{kj} = (\gamma(n_k) + 4 u) \max_i |x_{ij}|

(a sum of the :math:`n_k` rows of its cluster, a division, the shift by the overall mean and back).
A row may have the label of another centre than the nearest where rounding hides the difference of the squared
distances, :math:`2 (d + 8) u (|x| + |c|)^2`.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.accumulation import accumulated
from workings.audit.replication.certificate import Check, failed, judged, not_applicable
from workings.audit.replication.reading import Reading, parameters_of
from workings.audit.replication.rounding import ALTERED, compared, same_bits, unit_roundoff
from workings.base import is_sparse
from workings.cluster import KMeans
from workings.cluster.centroids import absolute_tolerance
from workings.cluster.distances import squared_lengths
from workings.cluster.exact.nearest import exact_nearest
from workings.cluster.exact.referee import ExactReferee

Floats = npt.NDArray[Any]


def k_means_checks(reading: Reading, X: Any, sample_weight: npt.NDArray[np.float64] | None) -> list[Check]:
    """Check a fitted k-means.

    Parameters
    ----------
    reading : Reading
    X : ndarray or sparse matrix of shape (n, d)
        As it reached the model.
    sample_weight : ndarray of shape (n,), optional

    Returns
    -------
    list of Check
    """
    model = reading.final
    dense = np.ascontiguousarray(X.toarray() if is_sparse(X) else X)
    weights = np.ones(len(dense)) if sample_weight is None else sample_weight
    centers = np.asarray(model.cluster_centers_)
    if centers.shape[1] != dense.shape[1]:
        return [failed("shape of the centres", f"They have {centers.shape[1]} columns, the data {dense.shape[1]}.")]
    labels = np.asarray(model.labels_)
    unit = unit_roundoff(np.result_type(dense.dtype, centers.dtype))
    nearest = exact_nearest(dense, centers)
    checks = [
        _labels("predictions", np.asarray(model.predict(X)), nearest, dense, centers, unit),
        _transform(model, X, dense, centers, unit),
    ]
    if len(labels) != len(dense):
        reason = f"labels_ has {len(labels)} rows, X has {len(dense)}: the model was fitted on other data."
        return [*checks, failed("labels_ against the nearest centres", reason)]
    if labels.min() < 0 or labels.max() >= len(centers):
        return [*checks, failed("labels_ against the nearest centres", "labels_ names centres that do not exist.")]
    checks.append(_labels("labels_ against the nearest centres", labels, nearest, dense, centers, unit))
    checks.append(_inertia(model, dense, weights, labels, unit))
    return checks + _ended(model, reading, X, dense, weights, labels, sample_weight, unit)


def _labels(what: str, labels: Floats, nearest: Floats, X: Floats, centers: Floats, unit: float) -> Check:
    reason = "Squared distances that rounding cannot tell apart; the nearest centres were found in exact arithmetic."
    rows = np.flatnonzero(labels != nearest)
    points, places = X[rows].astype(np.float64), centers.astype(np.float64)
    excess = squared_lengths(points - places[labels[rows]]) - squared_lengths(points - places[nearest[rows]])
    reach = np.linalg.norm(points, axis=1) + np.linalg.norm(places, axis=1).max()
    check = judged(what, excess, 2.0 * (X.shape[1] + 8) * unit * reach**2, reason)
    if check.outcome == "failed":
        text = f"{len(rows)} of {len(X)} rows have another label than that of their nearest centre. {reason}"
        return Check(what, check.deviation, check.tolerance, text, "failed")
    return check


def _transform(model: Any, X: Any, dense: Floats, centers: Floats, unit: float) -> Check:
    theirs = np.asarray(model.transform(X), dtype=np.float64)
    points, places = dense.astype(np.float64), centers.astype(np.float64)
    ours = np.column_stack([squared_lengths(points - place) for place in places])
    reach = np.linalg.norm(points, axis=1)[:, None] + np.linalg.norm(places, axis=1)
    reason = "Squared distances, formed from squares and products of rows and centres, round; compared as squares."
    return judged("transform", np.abs(theirs**2 - ours), 2.0 * (dense.shape[1] + 8) * unit * reach**2, reason)


def _inertia(model: Any, X: Floats, weights: npt.NDArray[np.float64], labels: Floats, unit: float) -> Check:
    points, places = X.astype(np.float64), np.asarray(model.cluster_centers_, dtype=np.float64)
    ours = float(weights @ squared_lengths(points - places[labels]))
    # rows and centres were shifted by the overall mean when the model added up
    shift = 4.0 * unit * float(np.abs(points).max())
    total = float(weights.sum()) * X.shape[1]
    tolerance = (accumulated(X.size, unit) + 4.0 * unit) * ours + 2.0 * np.sqrt(total * ours) * shift + total * shift**2
    reason = f"A sum of {X.size} squares of differences that each round."
    return judged("inertia_", abs(float(model.inertia_) - ours), tolerance, reason)


def _ended(
    model: Any,
    reading: Reading,
    X: Any,
    dense: Floats,
    weights: npt.NDArray[np.float64],
    labels: Floats,
    sample_weight: npt.NDArray[np.float64] | None,
    unit: float,
) -> list[Check]:
    """Check that the run ended at a fixed point, and that the seed leads there."""
    centers = np.asarray(model.cluster_centers_, dtype=np.float64)
    exact, cluster_weights = ExactReferee(dense.astype(np.float64), weights).centers(labels, len(centers))
    means = exact.astype(np.float64, copy=False)
    counts = np.bincount(labels, minlength=len(centers))
    filled = cluster_weights > 0
    largest = np.abs(dense).max(axis=0).astype(np.float64)
    sums = np.array([accumulated(max(count, 1), unit) + 4.0 * unit for count in counts])
    rounding = sums[:, None] * largest
    what = "centres against the means of their rows"
    fixed = judged(
        what,
        np.abs(centers - means)[filled],
        rounding[filled],
        f"Sums of up to {counts.max()} rows with entries up to {largest.max():.3g} round; exact means.",
    )
    refit = _refit(model, reading, X, sample_weight, rounding)
    if fixed.outcome == "passed" and not filled.all() and refit.outcome != "passed":
        empty = int((~filled).sum())
        reason = f"{empty} clusters have no rows, and without a refit nothing says where their centres lie."
        return [failed(what, reason), refit]
    if fixed.outcome == "passed":
        if refit.outcome == "failed" and refit.what != ALTERED:
            reason = (
                "The run from the seed, repeated here, ends at another fixed point: rows equally far from two centres, "
                "threads or another version decide otherwise. The fixed point stands by itself."
            )
            refit = not_applicable(refit.what, reason, refit.deviation)
        return [fixed, refit]
    return [_stopped(model, dense, means, filled, fixed, refit), refit]


def _stopped(
    model: Any, X: Floats, means: npt.NDArray[np.float64], filled: npt.NDArray[np.bool_], fixed: Check, refit: Check
) -> Check:
    """Judge a run that ended before its fixed point by its own rule, the tolerance on the shift of the centres."""
    shift = float(((means - model.cluster_centers_)[filled] ** 2).sum())
    allowed = float(absolute_tolerance(np.asarray(X, dtype=np.float64), float(model.tol)))
    what = f"{fixed.what} (squared shift of one more step)"
    # a last step within tol may be followed by a larger one: where the refit agrees, the run did stop by its rule
    replayed = refit.outcome == "passed" and int(model.n_iter_) < int(model.max_iter)
    if not shift <= allowed and not replayed:
        reason = f"One more step would move the centres beyond tol={model.tol:g} times the variance."
        if int(model.n_iter_) >= int(model.max_iter):
            reason += f" The run was cut off by max_iter={model.max_iter}: raise it."
        else:
            reason += " The centres or the labels are not those that the run ended with, or the data are others."
        return Check(what, shift, allowed, reason, "failed")
    if refit.outcome != "passed":
        reason = (
            f"The run may have stopped by tol={model.tol:g} before its fixed point, but nothing tells its centres from "
            "altered ones: fit with an integer random_state, or with tol=0."
        )
        return Check(what, fixed.deviation, fixed.tolerance, reason, "failed")
    reason = f"The run stopped by tol={model.tol:g}, shortly before its fixed point; the refit stops at the same place."
    return Check(what, shift, max(allowed, shift), reason, "passed")


def _refit(
    model: Any,
    reading: Reading,
    X: Any,
    sample_weight: npt.NDArray[np.float64] | None,
    rounding: npt.NDArray[np.float64],
) -> Check:
    what = "centres of a refit"
    parameters = parameters_of(model)
    given = not isinstance(parameters["init"], str) and not callable(parameters["init"])
    if not given and not isinstance(parameters["random_state"], int | np.integer):
        reason = "No refit is possible: random_state is not an integer, so the initial centres are unknown."
        return not_applicable(what, reason)
    parameters |= {"verbose": 0, "copy_x": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = (type(model) if reading.own else KMeans)(**parameters).fit(X, sample_weight=sample_weight)
    ours, theirs = [again.cluster_centers_], [np.asarray(model.cluster_centers_)]
    if same_bits(ours, theirs) and not np.array_equal(again.labels_, model.labels_):
        rows = int((again.labels_ != model.labels_).sum())
        return failed(ALTERED, f"The refit has the same centres, but {rows} other labels.")
    # in double arithmetic the tolerance shows a change of 1e-6; in single it does not, but the bits of the others do
    slack = [2.0 * rounding] if again.cluster_centers_.dtype == np.float64 else []
    reason = "Means round in another order on another machine, or with other threads."
    return compared(what, ours, theirs, [2.0 * rounding], reason, slack)
