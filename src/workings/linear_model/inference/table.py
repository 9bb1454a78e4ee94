"""The summary of an inference as text."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from workings.linear_model.inference.result import Inference

WIDTH = 80
CELLS = (12, 12, 9, 10, 12, 12)  # coefficient, standard error, t, p and both ends of the interval
NAMES = WIDTH - sum(CELLS)
DIGITS = 5  # of a standard error; everything in its units has as many decimals
LARGEST = 1e9  # to be shown with two decimals


def summary_table(inference: Inference, level: float) -> str:
    """Return the header, the residuals' quartiles, the table of coefficients and the remarks.

    Parameters
    ----------
    inference : Inference
        What to print.
    level : float
        Of the confidence intervals.

    Returns
    -------
    str
        In lines of 80 characters, but for a name that is longer.
    """
    weighted = inference.rows.weights is not None
    rule = "-" * WIDTH
    lines = [
        f"{'Weighted' if weighted else 'Ordinary'} least squares of {inference.target}",
        "=" * WIDTH,
        *_header(inference),
        rule,
        *_residuals(inference),
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
        ("Model degrees of freedom", str(inference.model_degrees_of_freedom)),
        ("Residual degrees of freedom", str(inference.residual_degrees_of_freedom)),
        ("Residual standard deviation", f"{inference.residual_sd:.5g}"),
        ("Covariance", inference.kind),
    ]
    right = [
        (f"R-squared{uncentred}", f"{inference.r_squared:.6g}"),
        ("Adjusted R-squared", f"{inference.adjusted_r_squared:.6g}"),
        ("F statistic", f"{inference.f_statistic:.5g} (p = {inference.f_p_value:.3g})"),
        ("Log-likelihood", _hundredths(inference.log_likelihood)),
        ("AIC, BIC", f"{_hundredths(inference.aic)}, {_hundredths(inference.bic)}"),
    ]
    half = WIDTH // 2 - 1
    return [f"{_pair(*a, half)}  {_pair(*b, half)}" for a, b in zip(left, right, strict=True)]


def _pair(label: str, value: str, width: int) -> str:
    return f"{label}:{value:>{width - len(label) - 1}}"


def _residuals(inference: Inference) -> list[str]:
    """Return the residuals' quartiles, as of R's ``quantile``; of the weighted ones after weights."""
    label, residuals = "Residuals", inference.residuals
    weights = inference.rows.given_weights
    if weights is not None:
        label, residuals = "Weighted residuals", (np.sqrt(weights) * residuals)[weights > 0]
    quartiles = np.quantile(residuals, np.linspace(0.0, 1.0, 5))
    decimals = _decimals(inference.residual_sd)
    cells = [_fixed(value, decimals) for value in quartiles]
    first, others = WIDTH - 4 * CELLS[0], CELLS[0]
    return [
        f"{label:<{first - others}}" + "".join(f"{name:>{others}}" for name in ("min", "1Q", "median", "3Q", "max")),
        " " * (first - others) + "".join(f"{cell:>{others}}" for cell in cells),
    ]


def _coefficients(inference: Inference, level: float) -> list[str]:
    tail = (1 - level) / 2
    lines = _row("", ["coefficient", "std. error", "t", "P>|t|", f"[{tail:.4g}", f"{1 - tail:.4g}]"])
    for name, numbers in zip(inference.names, inference.frame(level).to_numpy().tolist(), strict=True):
        coefficient, error, t, p, lower, upper = numbers
        decimals = _decimals(error)
        ends = [_fixed(value, decimals) for value in (coefficient, error, lower, upper)]
        t_text = f"{t:.3f}" if abs(t) < 1e4 else f"{t:.2e}"
        lines += _row(name, [*ends[:2], t_text, f"{p:.4f}" if p >= 1e-3 else f"{p:.3g}", *ends[2:]])
    return lines


def _row(name: str, cells: list[str]) -> list[str]:
    """Return one line, or two where the name is too long for its column."""
    numbers = "".join(f"{cell:>{width}}" for cell, width in zip(cells, CELLS, strict=True))
    return [f"{name:<{NAMES}}{numbers}"] if len(name) <= NAMES else [name, " " * NAMES + numbers]


def _conventions(inference: Inference, weighted: bool) -> list[str]:
    conventions = []
    if not inference.rows.intercept:
        conventions.append("There is no intercept: R-squared compares with 0, not with the mean of the target.")
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


def _decimals(error: float) -> int | None:
    """Return how many decimals show five digits of an error; None where it is no positive number."""
    if not 0 < error < math.inf:
        return None
    return max(0, DIGITS - 1 - math.floor(math.log10(error)))


def _fixed(value: float, decimals: int | None) -> str:
    """Return a number with so many decimals, or where that is long, or nothing says how many, about five digits."""
    texts = [] if decimals is None else [f"{value:.{decimals}f}"]
    texts += [f"{value:.{DIGITS}g}", f"{value:.{DIGITS - 1}g}"]
    return next(text for text in texts if len(text) < CELLS[0])


def _hundredths(value: float) -> str:
    return f"{value:.2f}" if abs(value) < LARGEST else f"{value:.6g}"
