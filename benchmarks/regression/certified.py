"""Correct digits on NIST's eleven certified data sets."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from workings.validate import nist
from workings.validate.exact import correct_digits

from .contenders import EVERYBODY, Floats

PRINTED = 15.0  # NIST prints 15 digits, so more cannot be seen


def score(name: str) -> dict[str, Any]:
    """Return the digits of every contender on one set.

    Parameters
    ----------
    name : str
        NIST's name.

    Returns
    -------
    dict
        For ``"coefficients"`` and ``"standard errors"``, ``"digits"``: by contender that gives them, correct digits of
        the worst one (intercept included) against the certified values, at most 15; ``"refused"``: by contender, its
        words.
    """
    data = nist.load(name)
    coefficients: dict[str, float] = {}
    standard_errors: dict[str, float] = {}
    refused_fits: dict[str, str] = {}
    refused_errors: dict[str, str] = {}
    for label, contender in EVERYBODY.items():
        try:
            fitted = contender.fit(data.X, data.y, data.fit_intercept)
        except ValueError as refusal:
            refused_fits[label] = str(refusal)
            continue
        coefficients[label] = digits(contender.estimates(fitted), data.estimates)
        if contender.standard_errors is None:
            continue
        try:
            errors = contender.standard_errors(fitted, data.X, data.y)
        except ValueError as refusal:
            refused_errors[label] = str(refusal)
            continue
        standard_errors[label] = digits(errors, data.standard_errors)
    return {
        "coefficients": {"digits": coefficients, "refused": refused_fits},
        "standard errors": {"digits": standard_errors, "refused": refused_errors},
    }


def digits(values: Floats, certified: tuple[str, ...]) -> float:
    """Return the correct digits of the worst value, at most `PRINTED`; beside a certified 0 the error itself."""
    return round(min(PRINTED, correct_digits(values, [Fraction(text) for text in certified])), 1)
