"""The rows of a linear study: every quantity that two sides expose, held against each other."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from workings.arithmetic.accumulation import UNIT_ROUNDOFF
from workings.linear_model.cholesky import CHOLESKY_LIMIT
from workings.textbook import linear_regression as textbook
from workings.validate import nist
from workings.validate.bounds import LeastSquaresBounds, promise
from workings.validate.compare import AGREEMENT, Fit, Promise, compare
from workings.validate.linear.trial import UNCUT, Trial
from workings.validate.results import Comparison

Floats = npt.NDArray[np.float64]
QUANTITIES = ("coef_", "intercept_", "predict", "score")
PRINTED = 0.5e-14
"""Half a unit of the last of NIST's 15 significant digits, relative to a number that begins with 1."""


def rows(trial: Trial) -> list[Comparison]:
    """Compare the estimator with both of scikit-learn's, NIST and the exact answer, and the textbook with them."""
    case = trial.case
    fit = Fit("linear", case.data.name, case.configuration)
    found = [row for reference in trial.references for row in _beside(trial, fit, reference)]
    found += [
        compare(
            fit,
            "estimator",
            "exact",
            quantity,
            trial.value(trial.ours, quantity),
            trial.truth[quantity],
            trial.exact_promise(quantity),
        )
        for quantity in (QUANTITIES if case.positive else (*QUANTITIES, "rank_"))
    ]
    if case.certified is not None:
        found += _certified(trial, fit, case.certified)
    if not case.positive and case.sample_weight is None:
        found += _textbook(trial, fit)
    return found


def _beside(trial: Trial, fit: Fit, reference: str) -> list[Comparison]:
    ours, model = trial.ours, trial.references[reference]
    found = [
        compare(
            fit,
            "estimator",
            reference,
            quantity,
            trial.value(ours, quantity),
            trial.value(model, quantity),
            trial.promise(quantity, trial.own, trial.bounds),
            partial(trial.judge, quantity, reference),
        )
        for quantity in (*QUANTITIES, "n_features_in_", *(() if trial.case.positive else ("rank_",)))
    ]
    if not trial.case.positive:
        # Of the factor that serves as the approximate inverse, whose digits the certificate does not speak of.
        route = LeastSquaresBounds(trial.problem, squared=ours.solution_.condition <= CHOLESKY_LIMIT)
        found.append(
            compare(
                fit,
                "estimator",
                reference,
                "singular_",
                ours.singular_,
                model.singular_,
                promise("singular_", 1.0, [route, trial.bounds]),
            )
        )
    return found


def _certified(trial: Trial, fit: Fit, certified: nist.CertifiedSet) -> list[Comparison]:
    """Against NIST: our own error, plus what reading decimals (and their powers) into doubles does to the data."""
    degree = nist.DEGREES.get(certified.name, 1)
    bounds = LeastSquaresBounds(trial.problem, rounded=trial.proved, data_error=(degree + 1) * UNIT_ROUNDOFF)
    values = {"coef_": certified.certified_coef}
    if trial.case.fit_intercept:
        values["intercept_"] = np.asarray(certified.certified_intercept)
    found = []
    for quantity, value in values.items():
        allowed = trial.promise(quantity, bounds)
        reason = f"{allowed.reason} Reading decimals into doubles and the 15 printed digits are part of it."
        found.append(
            compare(
                fit,
                "estimator",
                "NIST certified",
                quantity,
                trial.value(trial.ours, quantity),
                value,
                Promise(min(AGREEMENT, allowed.tolerance + PRINTED), reason),
            )
        )
    return found


def _textbook(trial: Trial, fit: Fit) -> list[Comparison]:
    """Compare the normal equations as derived, target by target; a refusal is a row as well."""
    bounds = LeastSquaresBounds(trial.problem, squared=True)
    try:
        values = _derived(trial)
    except ValueError as refusal:
        return [_refused(trial, fit, bounds, str(refusal))]
    found = []
    for quantity, value in values.items():
        found.append(
            compare(
                fit,
                "textbook",
                "exact",
                quantity,
                value,
                trial.truth[quantity],
                trial.promise(quantity, bounds),
                partial(_powerless, trial, bounds, values["coef_"]),
            )
        )
        found.append(
            compare(
                fit,
                "textbook",
                UNCUT,
                quantity,
                value,
                trial.value(trial.references[UNCUT], quantity),
                trial.promise(quantity, bounds, trial.bounds),
                partial(_judge, trial, bounds, quantity, values),
            )
        )
    return found


def _derived(trial: Trial) -> dict[str, Floats]:
    X, targets = trial.X, trial.y.reshape(len(trial.y), -1).T
    if trial.case.fit_intercept:
        pairs: list[tuple[Floats, Any]] = [textbook.normal_equations(X, y) for y in targets]
    else:
        L = textbook.cholesky(X.T @ X)
        pairs = [(textbook.back_substitution(L.T, textbook.forward_substitution(L, X.T @ y)), 0.0) for y in targets]
    shape = trial.exact.shape
    values = {"coef_": np.array([coef for coef, _ in pairs]).reshape(shape)}
    if trial.case.fit_intercept:
        values["intercept_"] = np.array([intercept for _, intercept in pairs]).reshape(shape[:-1])
    return values


def _refused(trial: Trial, fit: Fit, bounds: LeastSquaresBounds, sentence: str) -> Comparison:
    """Make a row for a textbook that gave no numbers: right only where squaring the condition number leaves none."""
    growth = bounds.condition**2 * bounds.epsilon
    explanation = (
        "the exact answer; the textbook refuses, and may: the normal equations square the condition number "
        f"{bounds.condition:.1e}, and times the rounding {bounds.epsilon:.1e} of one factorisation that is "
        f"{growth:.1e}, not below 1. It said: {sentence}"
    )
    return compare(
        fit,
        "textbook",
        "exact",
        "coef_",
        np.full(trial.exact.shape, np.nan),
        trial.exact.coef_,
        trial.promise("coef_", bounds),
        lambda: explanation if growth >= 1.0 else "",
    )


def _powerless(trial: Trial, bounds: LeastSquaresBounds, coef: Floats) -> str:
    """Explain a textbook's distance from the exact answer, only where its bound promises no two digits."""
    if trial.promise("coef_", bounds).tolerance < AGREEMENT:
        return ""
    return (
        f"the exact answer: the normal equations square the condition number {bounds.condition:.1e} and keep "
        f"{trial.digits(coef):.1f} correct digits; the estimator keeps {trial.digits(trial.ours.coef_):.1f}."
    )


def _judge(trial: Trial, bounds: LeastSquaresBounds, quantity: str, values: dict[str, Floats]) -> str:
    """Say who is right where textbook and scikit-learn differ: the textbook if it is the nearer, within its bound."""
    if powerless := _powerless(trial, bounds, values["coef_"]):
        return powerless
    theirs = trial.references[UNCUT]
    if not trial.is_right(quantity, values[quantity], trial.value(theirs, quantity), bounds):
        return ""
    return (
        f"the textbook: {trial.digits(values['coef_']):.1f} correct digits in the coefficients against "
        f"{trial.digits(theirs.coef_):.1f} of {UNCUT}, by exact rational arithmetic."
    )
