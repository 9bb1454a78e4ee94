"""Replication of a fitted model: read it, rebuild its predictions, repeat its fit, prove its optimality."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.audit.replication.certificate import Check, Replication, any_failed
from workings.audit.replication.k_means import k_means_checks
from workings.audit.replication.linear import linear_checks
from workings.audit.replication.network import network_checks
from workings.audit.replication.reading import Reading, checked_rows, read, require_columns
from workings.audit.replication.transformers import transformed
from workings.base import check_sample_weight, is_sparse

CERTIFIED = {
    "LinearRegression": "the predictions are reproduced, and the coefficients and the intercept are those of least "
    "squares on these data",
    "KMeans": "the predictions are reproduced, every centre is the mean of its rows and every row has the label of its "
    "nearest centre",
    "MLPClassifier": "the predictions are reproduced, and so is the training that led to these weights",
    "MLPRegressor": "the predictions are reproduced, and so is the training that led to these weights",
}
ITERATED = "the predictions are reproduced, and so is the fit that led to these coefficients"
DECISIVE = ("normal equations", "centres of a refit", "parameters of a refit")  # without these the verdict says why


def replicate(model: Any, X: Any, y: Any = None, *, sample_weight: Any = None) -> Replication:
    """Certify a fitted model by an independent computation, or refuse to, and say why.

    Parameters
    ----------
    model : object
        A fitted LinearRegression, KMeans, MLPClassifier or MLPRegressor of scikit-learn or of this package, alone or
        as the last step of a Pipeline of StandardScaler, MinMaxScaler, SimpleImputer, OneHotEncoder, ColumnTransformer
        and "passthrough". Not changed.
    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The data that the model, or the Pipeline, was fitted on: the same rows, in the same order.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
        The targets that it was fitted on. Without them a regression or a network is not certified: its predictions are
        compared, its parameters cannot be. k-means has none.
    sample_weight : array-like of shape (n_samples,), optional
        The weights that the last step was fitted with; a model does not record them.

    Returns
    -------
    Replication
        With `certified`, `verdict` and `checks`.

    Raises
    ------
    TypeError
        For a model or a step that cannot be rebuilt, by name.
    NotFittedError
        If the model, or a step, was not fitted.
    ValueError
        If X has other columns than the data of the fit, holds NaN where the model takes none, or does not match y.

    Notes
    -----
    Models are read by their attributes; scikit-learn is not imported. The model's own `predict`, `predict_proba` and
    `transform` are called, to be compared with what is computed here from its parameters.

    - Linear regression: the coefficients against the exact answer of the data, one by one and along the directions that
      the data determine; the products of columns and residual; the intercept. For sparse data scikit-learn iterates:
      the iteration is replayed.
    - k-means: labels against the nearest centres in exact arithmetic, centres against the exact means of their rows,
      `inertia_`, and the run from its seed, where there is one.
    - Networks: the training repeated from the recorded parameters and seed, with its held-out rows; for L-BFGS, whose
      steps rounding parts, the recorded loss against that of the weights.

    Fails when nothing recorded determines the parameters, and refuses: a stochastic network without an integer
    `random_state`, one that was trained by `partial_fit` or by several fits with `warm_start`, k-means that stopped by
    `tol` before its fixed point and has no seed. Cannot see a change smaller than the tolerance: in float32, a
    coefficient or a centre without a seed changed by some parts in a million; the weight of an L-BFGS network that is
    so near zero that the loss does not feel it.

    Cost: that of the fit, once to three times (networks), ``30 n p**2`` flops (linear regression), or ``3 n k d`` and
    the fit (k-means). Sparse data are held densely for the proofs of regression and k-means.

    Examples
    --------
    >>> import numpy as np
    >>> from workings import KMeans
    >>> from workings.audit import replicate
    >>> X = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]])
    >>> model = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> replicate(model, X).certified
    True
    >>> model.cluster_centers_[0, 0] *= 1 + 1e-6
    >>> replicate(model, X).certified
    False
    """
    reading = read(model)
    require_columns(reading.steps[0][1] if reading.steps and not isinstance(reading.steps[0][1], str) else model, X)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*feature names.*")
        values, checks = transformed(reading.steps, X)
        rows = checked_rows(values, type(reading.final).__name__)
        require_columns(reading.final, rows)
        targets = _targets(reading, y, rows.shape[0])
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, rows, dtype=np.float64, non_negative=True)
        if not any_failed(checks):
            checks += _family_checks(reading, rows, targets, weights)
    return _replication(reading, checks, targets is not None, weights is not None)


def _targets(reading: Reading, y: Any, n_rows: int) -> npt.NDArray[Any] | None:
    if y is None or reading.family == "KMeans":
        return None
    targets = np.asarray(y.toarray() if is_sparse(y) else y)
    if targets.ndim not in (1, 2) or len(targets) != n_rows:
        raise ValueError(f"y has shape {targets.shape}, but X has {n_rows} rows: pass the targets of the fit.")
    return (
        targets.ravel()
        if targets.ndim == 2 and targets.shape[1] == 1 and reading.family != "LinearRegression"
        else targets
    )


def _family_checks(reading: Reading, X: Any, y: Any, weights: npt.NDArray[np.float64] | None) -> list[Check]:
    if reading.family == "KMeans":
        return k_means_checks(reading, X, weights)
    if reading.family == "LinearRegression":
        return linear_checks(reading, X, y, weights)
    return network_checks(reading, X, y, weights)


def _replication(reading: Reading, checks: list[Check], has_targets: bool, has_weights: bool) -> Replication:
    wrong = [check for check in checks if check.outcome == "failed"]
    if wrong:
        first = wrong[0]
        found = "" if np.isnan(first.deviation) else f" ({first.deviation:.3g}"
        found += "" if not found else f" against {first.tolerance:.3g})" if not np.isnan(first.tolerance) else ")"
        verdict = f"Refused: {first.what}{found}. {first.reason}"
        if len(wrong) > 1:
            verdict += f" Also: {'; '.join(check.what for check in wrong[1:])}."
        if not has_weights and not first.what.startswith(("predict", "transform")):
            verdict += " If the model was fitted with sample_weight, pass the weights."
        return Replication(reading.title, False, verdict, tuple(checks))
    if not has_targets and reading.family != "KMeans":
        verdict = (
            "Refused: the predictions are reproduced, but without y nothing proves that these parameters are those of "
            "the fit. Pass the targets of the fit."
        )
        return Replication(reading.title, False, verdict, tuple(checks))
    left_out = [check for check in checks if check.outcome == "not applicable" and check.what in DECISIVE]
    iterated = any(check.what == "normal equations" for check in left_out)
    verdict = f"Certified: {ITERATED if iterated else CERTIFIED[reading.family]}, within rounding."
    notes = [check.reason for check in left_out]
    return Replication(reading.title, True, " ".join([verdict, *notes]), tuple(checks))
