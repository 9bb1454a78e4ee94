"""The explanation of a linear regression's prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workings.base import require_finite
from workings.explain.evidence import Evidence, ask
from workings.explain.explanation import Explanation
from workings.explain.inputs import Inputs
from workings.explain.linear import dot, linear_contributions
from workings.explain.models import Linear
from workings.explain.perceptron import Floats
from workings.explain.permutation import permutation_shapley
from workings.explain.training_rows import RowEffects, is_least_squares, row_effects
from workings.explain.wording import against, number, reasons, signed

AGREES = 1e-8
"""How far, relative to what is added up, the fit of the rows may be from the model's prediction to be the same."""

SHOWN = 5


def explain_linear(model: Any, linear: Linear, given: Inputs, target: int, random_state: int) -> Explanation:
    """Explain a linear regression's prediction.

    Parameters
    ----------
    model : LinearRegression
    linear : Linear
        Its parameters.
    given : Inputs
    target : int
        Which target to explain.
    random_state : int

    Returns
    -------
    Explanation
    """
    coef, intercept = linear.coef[target], float(linear.intercept[target])
    prediction = float(np.ravel(ask(model, "predict", given.row))[target])
    value, base = (dot(coef, point, intercept) for point in (given.row, given.background))
    contributions = linear_contributions(coef, given.row, given.background)
    sampled = permutation_shapley(
        lambda rows: rows @ coef + intercept, given.row, given.background, random_state=random_state
    )
    scale = float(abs(intercept) + np.abs(coef) @ (np.abs(given.row) + np.abs(given.background)))
    evidence = Evidence()
    evidence.add("model", "our prediction = the model's own", abs(value - prediction), scale)
    evidence.add(
        "contributions", "background + contributions = prediction", abs(contributions.sum() + base - value), scale
    )
    evidence.add(
        "shapley", "sampled Shapley values = contributions", np.abs(sampled.contributions - contributions).max(), scale
    )
    missing = {
        "flip": "a regression has no classes, hence no boundary.",
        "local": "a linear model is one formula everywhere.",
    }
    rows = _rows(linear, given, target, value, evidence, missing)
    split = given.series(contributions)
    return Explanation(
        family="linear regression",
        prediction=prediction,
        what="the prediction" if len(linear.coef) == 1 else f"the prediction of target {target} of {len(linear.coef)}",
        value=value,
        base=base,
        probability=None,
        base_probability=None,
        background=given.series(given.background),
        background_name=given.background_name,
        contributions=given.table(given.background, contributions, sampled),
        rows=rows,
        flip=None,
        local=None,
        identity=evidence.frame(),
        not_applicable=missing,
        sentence=regression_sentence(split, given, value, base),
    )


def regression_sentence(split: pd.Series[float], given: Inputs, value: float, base: float) -> str:
    """Say why a predicted number is above or below that of the background.

    Parameters
    ----------
    split : Series of shape (p,)
        Contributions.
    given : Inputs
    value, base : float
        Prediction of the row and of the background.

    Returns
    -------
    str
    """
    difference = value - base
    largest = float(split.abs().max())
    size = max(abs(difference), largest)
    if number(difference, size) in (number(0.0, size), f"-{number(0.0, size)}"):
        start = f"The model says {number(value, size)}: as much as for {given.background_name}"
        if largest <= 1e-12 * abs(value):
            return f"{start}."
        for_it, against_it = (_reasons(split, given, sign, size) for sign in (1.0, -1.0))
        return f"{start}; what raises it, {for_it}, and what lowers it, {against_it}, balance."
    word = "above" if difference > 0 else "below"
    text = (
        f"The model says {number(value, size)}: {number(abs(difference), size)} {word} what it says of "
        f"{given.background_name} ({number(base, size)}), mostly because {_reasons(split, given, difference, size)}"
    )
    levels = given.series(given.row - given.background)
    other = against(split, levels, -difference, lambda part: signed(part, size))
    return f"{text}; working against it, {other}." if other else f"{text}."


def _reasons(split: pd.Series[float], given: Inputs, sign: float, size: float) -> str:
    return reasons(split, given.series(given.row - given.background), sign, lambda part: signed(part, size))


def _rows(
    linear: Linear, given: Inputs, target: int, value: float, evidence: Evidence, missing: dict[str, str]
) -> pd.DataFrame | None:
    """Return the table of the training rows, or None with the reason put among what is missing."""
    if given.X is None or given.y is None:
        missing["rows"] = "pass the X and y that the model was fitted on."
        return None
    if linear.positive:
        missing["rows"] = "with positive=True leaving a row out may free a coefficient that is held at 0."
        return None
    y = _target(given.y, target, len(linear.coef))
    predicted = given.X @ linear.coef[target] + linear.intercept[target]
    options: Any = {"fit_intercept": linear.fit_intercept, "sample_weight": given.sample_weight}
    effects = None
    if is_least_squares(given.X, y, predicted, **options):
        effects = row_effects(given.X, y, given.row, **options)
    scale = 0.0 if effects is None else float(np.abs(effects.weights * y).sum() + abs(value))
    if effects is None or abs(effects.prediction - value) > AGREES * scale:
        missing["rows"] = (
            "the model is not the least-squares fit of these X, y and sample_weight. Pass those of its fit; if they "
            "are, its solver has stopped short of the solution or dropped a column, or had single precision."
        )
        return None
    parts = effects.weights * y
    evidence.add("rows", "sum of weight * target = prediction", abs(parts.sum() - value), scale)
    if len(effects.undefined):
        labels = ", ".join(str(given.index[i]) for i in effects.undefined[:SHOWN])  # type: ignore[index]  # X is there
        more = f" and {len(effects.undefined) - SHOWN} more" if len(effects.undefined) > SHOWN else ""
        missing["change without some rows"] = (
            f"row(s) {labels}{more} have leverage 1: each alone determines a part of the fit, so that without it the "
            "prediction is undefined."
        )
    if len(effects.undefined) < len(y):
        _add_refit(given, y, effects, options, evidence, scale)
    return pd.DataFrame(
        {
            "target": y,
            "weight": effects.weights,
            "part": parts,
            "change_if_left_out": effects.changes,
            "leverage": effects.leverages,
        },
        index=given.index,
    )


def _add_refit(
    given: Inputs, y: Floats, effects: RowEffects, options: dict[str, Any], evidence: Evidence, scale: float
) -> None:
    """Leave the row of the largest effect out, fit again and compare."""
    assert given.X is not None
    largest = int(np.nanargmax(np.abs(effects.changes)))
    kept = np.arange(len(y)) != largest
    weights = None if given.sample_weight is None else given.sample_weight[kept]
    if weights is not None and not weights.any():
        return
    without = row_effects(
        given.X[kept], y[kept], given.row, fit_intercept=options["fit_intercept"], sample_weight=weights
    )
    error = abs(effects.prediction + effects.changes[largest] - without.prediction)
    evidence.add("left out", "change without the row of the largest one = that of a new fit", error, scale)


def _target(y: Any, target: int, n_targets: int) -> Floats:
    try:
        table: Floats = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    except (TypeError, ValueError) as error:
        raise ValueError("y has to hold numbers: the model is a regression.") from error
    require_finite(table, "y", "explain")
    if table.shape[1] != n_targets:
        raise ValueError(f"y has {table.shape[1]} targets, but the model was fitted with {n_targets}.")
    return np.ascontiguousarray(table[:, target])
