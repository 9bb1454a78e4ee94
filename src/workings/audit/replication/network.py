r"""Networks: predictions, the training repeated from its seed, and the recorded loss where it cannot be.

Predictions are compared within a running error bound: a layer of m inputs with values a, off by e, gives values off by
:math:`|W|' e + \gamma(m + 2) (|W|' |a| + |b|)`, and no activation function here enlarges that.

The training is repeated with the recorded parameters and seed, and gives the same bits on the same machine. Where it
does not, every entry of X is changed by one rounding; what that does to the parameters, times the number of roundings
in the sums of a batch, is what another machine may be off by.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.accumulation import accumulated
from workings.audit.replication.certificate import Check, as_numbers, failed, judged, not_applicable
from workings.audit.replication.reading import Reading, parameters_of
from workings.audit.replication.rounding import (
    ALTERED,
    LAST_DIGITS,
    compared,
    rounded_once,
    same_bits,
    unit_roundoff,
)
from workings.base import is_sparse
from workings.neural_network import MLPClassifier, MLPRegressor
from workings.neural_network.labels import LabelBinarizer
from workings.neural_network.parameters import layout_of, pack
from workings.neural_network.perceptron import perceptron
from workings.neural_network.prediction import forward
from workings.neural_network.quasi_newton import objective_of

Array = npt.NDArray[Any]
DRAWS = 2
LARGEST_USEFUL = 0.5  # exponent of u: parameters that rounding moves by more are not reproduced


def network_checks(reading: Reading, X: Any, y: Any, sample_weight: Array | None) -> list[Check]:
    """Check a fitted network.

    Parameters
    ----------
    reading : Reading
    X : ndarray or sparse matrix of shape (n, p)
        As it reached the model.
    y : ndarray, optional
        Targets or class labels.
    sample_weight : ndarray of shape (n,), optional

    Returns
    -------
    list of Check
    """
    model = reading.final
    shapes = [(coef.shape, intercept.shape) for coef, intercept in zip(model.coefs_, model.intercepts_, strict=True)]
    chained = all(a[0][1] == b[0][0] for a, b in pairwise(shapes))
    if shapes[0][0][0] != X.shape[1] or not chained or any(coef[1] != bias[0] for coef, bias in shapes):
        return [failed("shape of the weights", f"{[s[0] for s in shapes]} do not fit {X.shape[1]} columns.")]
    checks = _predictions(reading, X)
    if y is None:
        return checks
    if model.solver == "lbfgs":
        checks += _stationarity(reading, X, y, sample_weight)
    else:
        reason = "A stochastic training ends before the gradient vanishes; the refit stands for it."
        checks.append(not_applicable("gradient norm", reason))
    return [*checks, *_refit(reading, X, y, sample_weight)]


def _predictions(reading: Reading, X: Any) -> list[Check]:
    model = reading.final
    ours = forward(X, model.coefs_, model.intercepts_, model.activation, model.out_activation_)
    bound = _forward_bound(model, X)
    reason = f"Running error bound of the sums of up to {max(c.shape[0] for c in model.coefs_)} terms in each layer."
    if reading.family == "MLPRegressor":
        theirs = as_numbers(model.predict(X)).reshape(ours.shape)
        return [judged("predictions", np.abs(ours - theirs), 2.0 * bound, reason)]
    theirs = as_numbers(model.predict_proba(X))
    both = np.hstack([1.0 - ours, ours]) if ours.shape[1] == 1 else ours
    apart = np.abs(both - theirs)
    labels, expected = model.predict(X), _labels(model, ours)
    unequal = as_numbers(labels != expected) if is_sparse(labels) else np.asarray(labels != expected)
    wrong = unequal.astype(bool).reshape(len(ours), -1).any(axis=1)
    margin = np.abs(ours - 0.5).min(axis=1)
    if model.out_activation_ == "softmax":
        margin = np.diff(np.sort(ours, axis=1)[:, -2:], axis=1)[:, 0]
    return [
        judged("predict_proba", apart, 2.0 * bound + 4.0 * unit_roundoff(ours.dtype), reason),
        judged("predictions", margin[wrong], 4.0 * bound.max(axis=1)[wrong], "Classes equally likely up to rounding."),
    ]


def _forward_bound(model: Any, X: Any) -> Array:
    """Bound what rounding does to each output, (n, q)."""
    unit = unit_roundoff(np.result_type(X.dtype, model.coefs_[0].dtype))
    values: Any = abs(X)
    error: Any = np.zeros((1, 1))
    for depth, (coef, intercept) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        sizes = np.asarray(values @ np.abs(coef)) + np.abs(intercept)
        carried = error @ np.abs(coef) if depth else 0.0
        error = carried + accumulated(coef.shape[0] + 2, unit) * sizes
        # each activation maps zero near zero and is bounded by its argument, or by 1
        values = np.maximum(sizes, 1.0) if model.activation == "logistic" else sizes
    if model.out_activation_ == "exp":
        output = forward(X, model.coefs_, model.intercepts_, model.activation, model.out_activation_)
        return np.asarray(np.expm1(np.minimum(error, 1.0)) * np.abs(output) + 4.0 * unit * np.abs(output))
    return np.asarray(error)


def _labels(model: Any, output: Array) -> Any:
    if model.out_activation_ == "softmax":
        return model.classes_[output.argmax(axis=1)]
    if output.shape[1] == 1:
        return (
            model.classes_[(output.ravel() > 0.5).astype(int)]
            if len(model.classes_) > 1
            else np.repeat(model.classes_, len(output))
        )
    return (output > 0.5).astype(int)


def _columns(model: Any, y: Any) -> Array:
    """Return the targets as the columns that the network was trained on."""
    if not hasattr(model, "classes_"):
        values = np.asarray(y, dtype=None if np.asarray(y).dtype == np.float32 else np.float64)
        return values.reshape(len(values), -1)
    binarizer = LabelBinarizer()
    binarizer.classes_ = np.asarray(model.classes_)
    outputs = len(model.intercepts_[-1])
    kind = "multiclass" if model.out_activation_ == "softmax" else "binary" if outputs == 1 else "multilabel-indicator"
    binarizer.y_type_ = kind  # type: ignore[assignment]  # one of the three kinds
    return binarizer.transform(y)


def _stationarity(reading: Reading, X: Any, y: Any, sample_weight: Array | None) -> list[Check]:
    """Compare the loss that L-BFGS recorded with that of the parameters, and measure the gradient there."""
    model = reading.final
    targets = _columns(model, y)
    loss = "log_loss" if reading.family == "MLPClassifier" else getattr(model, "loss", "squared_error")
    layout = layout_of(model.coefs_)
    network = perceptron(layout.sizes, model.activation, model.out_activation_, loss, model.alpha, fast=reading.own)
    parameters = pack(model.coefs_, model.intercepts_)
    value, gradient = objective_of(network, X, targets, sample_weight, parameters.dtype)(parameters)
    norm = float(np.abs(gradient).max())
    unit = unit_roundoff(parameters.dtype)
    allowed = LAST_DIGITS * unit * abs(value)
    recorded = float(model.loss_)
    checks = [
        judged(
            "loss_ against the loss of the parameters",
            abs(recorded - value),
            allowed,
            "The same operations give the same bits; another order of the rows or another machine, two last places.",
        )
    ]
    limited = int(model.n_iter_) >= int(model.max_iter)
    reason = f"Largest component; L-BFGS stops at tol={model.tol:g}, or where the loss falls no more."
    if limited:
        reason = f"Largest component; the training was cut off by max_iter={model.max_iter}."
    elif norm <= model.tol:
        return [*checks, judged("gradient norm", norm, float(model.tol), reason)]
    return [*checks, not_applicable("gradient norm", reason, norm)]


def _refit(reading: Reading, X: Any, y: Any, sample_weight: Array | None) -> list[Check]:
    what = "parameters of a refit"
    model = reading.final
    parameters = parameters_of(model)
    if not isinstance(parameters["random_state"], int | np.integer):
        reason = (
            "No refit is possible: random_state is not an integer, so neither the initial weights nor the order of the "
            "rows is known."
        )
        if model.solver == "lbfgs":
            return [not_applicable(what, f"{reason} The recorded loss and its gradient stand for it.")]
        reason += " Nothing else tells these weights from altered ones: train with an integer random_state."
        return [failed(what, reason)]
    parameters |= {"verbose": False}
    own = MLPClassifier if reading.family == "MLPClassifier" else MLPRegressor
    kind = type(model) if reading.own else own

    def fit(rows: Any) -> Any:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return kind(**parameters).fit(
                rows, y, **({} if sample_weight is None else {"sample_weight": sample_weight})
            )

    try:
        again = fit(X)
    except (ValueError, ZeroDivisionError) as error:
        return [failed(what, f"The training cannot be repeated on these data: {error}")]
    ours, theirs = _parts(again), _parts(model)
    continued = _continued(model, again)
    if same_bits(ours, theirs):
        return [compared(what, ours, theirs, [0.0] * len(ours), ""), _epochs(again, model)]
    if [a.shape for a in ours] != [b.shape for b in theirs]:
        return [
            failed(what, "The refit has layers of other sizes: hidden_layer_sizes, X or y are not those of the fit.")
        ]
    if continued:
        return [failed(what, continued, _distance(ours, theirs))]
    explained, reason = _explained_by_rounding(fit, X, ours, model)
    unit = unit_roundoff(ours[0].dtype)
    useful = [unit**LARGEST_USEFUL * float(np.abs(part).max(initial=0.0)) for part in ours]
    tolerances = [min(pair) for pair in zip(explained, useful, strict=True)]
    check = compared(what, ours, theirs, tolerances, reason)
    if (
        model.solver == "lbfgs"
        and check.outcome == "failed"
        and check.what != ALTERED
        and any(map(float.__gt__, explained, useful))
    ):
        text = f"L-BFGS amplifies rounding, so that its steps part; the recorded loss stands for the refit. {reason}"
        return [not_applicable(what, text, check.deviation)]
    return [check]


def _parts(model: Any) -> list[Array]:
    return [np.asarray(part) for part in (*model.coefs_, *model.intercepts_)]


def _distance(ours: list[Array], theirs: list[Array]) -> float:
    return max(float(np.abs(a - b).max(initial=0.0)) for a, b in zip(ours, theirs, strict=True))


def _epochs(again: Any, model: Any) -> Check:
    reason = "Counts are exact."
    return judged("iterations of a refit", abs(int(again.n_iter_) - int(model.n_iter_)), 0.0, reason)


def _continued(model: Any, again: Any) -> str:
    """Say why the training was none that one call of fit repeats, if its counters tell."""
    if model.warm_start:
        return (
            "warm_start=True: the training may have gone on from earlier weights, which are not recorded, so it cannot "
            "be repeated. Fit once with warm_start=False."
        )
    if model.solver == "lbfgs":
        return ""
    curve = getattr(model, "loss_curve_", ())
    seen = int(getattr(model, "t_", 0))
    if len(curve) != int(model.n_iter_) or seen % max(int(model.n_iter_), 1) or int(model.n_iter_) > model.max_iter:
        return "The counters are not those of one call of fit: partial_fit cannot be repeated from what is recorded."
    if seen != int(model.n_iter_) * int(again.t_ // max(again.n_iter_, 1)):
        each = seen // max(int(model.n_iter_), 1)
        return f"An epoch of the training saw {each} rows, one of the refit {again.t_ // max(again.n_iter_, 1)}."
    return ""


def _explained_by_rounding(fit: Callable[[Any], Any], X: Any, ours: list[Array], model: Any) -> tuple[list[float], str]:
    response = [0.0] * len(ours)
    for draw in range(DRAWS):
        rng = np.random.RandomState(draw)
        moved = X.copy()
        if is_sparse(X):
            moved.data = rounded_once(X.data, rng)
        else:
            moved = rounded_once(X, rng)
        parts = _parts(fit(moved))
        response = [
            max(past, float(np.abs(a - b).max(initial=0.0))) for past, a, b in zip(response, parts, ours, strict=True)
        ]
    unit = unit_roundoff(ours[0].dtype)
    batch = X.shape[0] if model.solver == "lbfgs" else min(X.shape[0], _batch(model))
    terms = max(batch, *(coef.shape[0] for coef in model.coefs_))
    factor = 2.0 * accumulated(terms, 1.0)
    sizes = [float(np.abs(part).max(initial=0.0)) for part in ours]
    explained = [factor * max(change, unit * size) for change, size in zip(response, sizes, strict=True)]
    return explained, (
        f"One rounding of each entry of X moves the refit by up to {max(response):.1e}; sums of {terms} terms in "
        f"another order count {factor:.0f} of them, up to half the digits."
    )


def _batch(model: Any) -> int:
    return 200 if isinstance(model.batch_size, str) else int(model.batch_size)
