"""The summary of an inference as text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workings.linear_model.inference.result import Inference

WIDTH = 88
NUMBER_WIDTH = 12


def summary_table(inference: Inference, level: float) -> str:
    """Return the header, the table of coefficients and the remarks.

    Parameters
    ----------
    inference : Inference
        What to print.
    level : float
        Of the confidence intervals.

    Returns
    -------
    str
    """
    weighted = inference.rows.weights is not None
    rule = "-" * WIDTH
    lines = [
        ("Weighted" if weighted else "Ordinary") + " least squares",
        "=" * WIDTH,
        *_header(inference),
        rule,
        *_coefficients(inference, level),
        rule,
    ]
    for remark in (*_conventions(inference, weighted), *inference.remarks):
        lines.extend(textwrap.wrap(remark, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False))
    return "\n".join(lines)


def _header(inference: Inference) -> list[str]:
    uncentred = "" if inference.rows.intercept else " (uncentred)"
    left = [
        ("Observations", str(inference.n_observations)),
        ("Residual degrees of freedom", str(inference.residual_degrees_of_freedom)),
        ("Model degrees of freedom", str(inference.model_degrees_of_freedom)),
        ("Residual standard deviation", _number(inference.residual_sd)),
        ("Covariance", inference.kind),
    ]
    right = [
        (f"R-squared{uncentred}", _number(inference.r_squared)),
        ("Adjusted R-squared", _number(inference.adjusted_r_squared)),
        ("F statistic", f"{_number(inference.f_statistic)} (p = {inference.f_p_value:.3g})"),
        ("Log-likelihood", _number(inference.log_likelihood)),
        ("AIC, BIC", f"{_number(inference.aic)}, {_number(inference.bic)}"),
    ]
    half = WIDTH // 2 - 1
    return [f"{_pair(*a, half)}  {_pair(*b, half)}" for a, b in zip(left, right, strict=True)]


def _pair(label: str, value: str, width: int) -> str:
    return f"{label}:{value:>{width - len(label) - 1}}"


def _coefficients(inference: Inference, level: float) -> list[str]:
    frame = inference.frame(level)
    tail = (1 - level) / 2
    labels = ["coefficient", "std. error", "t", "P>|t|", f"[{tail:.4g}", f"{1 - tail:.4g}]"]
    widest = max(map(len, inference.names))
    names = WIDTH - len(labels) * NUMBER_WIDTH
    if widest > names:
        names = widest
    rows = [" " * names + "".join(f"{label:>{NUMBER_WIDTH}}" for label in labels)]
    for name, (coefficient, error, t, p, lower, upper) in zip(inference.names, frame.to_numpy(), strict=True):
        cells = [_number(coefficient), _number(error), f"{t:.4g}", f"{p:.3g}", _number(lower), _number(upper)]
        rows.append(f"{name:<{names}}" + "".join(f"{cell:>{NUMBER_WIDTH}}" for cell in cells))
    return rows


def _conventions(inference: Inference, weighted: bool) -> list[str]:
    conventions = []
    if not inference.rows.intercept:
        conventions.append("There is no intercept: R-squared compares with 0, not with the mean of y.")
    if weighted:
        conventions.append(
            "Weights are inversely proportional to the variances of the errors; rows of weight 0 do not count."
        )
    if inference.kind != "classical":
        conventions.append(
            f"Standard errors are robust to unequal variances ({inference.kind}); F is Wald's; t and F distributions "
            f"with {inference.residual_degrees_of_freedom} residual degrees of freedom."
        )
    return conventions


def _number(value: float) -> str:
    return f"{value:.5g}"
