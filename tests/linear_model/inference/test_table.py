"""The printed summary: what R and statsmodels print, in 80 columns, with nothing cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workings.linear_model import LinearRegression
from workings.linear_model.inference import infer
from workings.validate.datasets import diabetes
from workings.validate.nist import load

X4 = np.array([[0.0], [1.0], [2.0], [3.0]])
Y4 = np.array([1.0, 2.0, 4.0, 5.0])


def inferred(X, y, weights=None, **options):
    return infer(LinearRegression(**options).fit(X, y, sample_weight=weights), X, y, weights)


def numbers(text, name):
    """Return the cells of a coefficient's line."""
    return next(line.split()[1:] for line in text.splitlines() if line.startswith(f"{name} "))


def test_the_summary_of_longley_is_that_of_r():
    """R 4: ``summary(lm(Employed ~ ., longley))`` with the units of NIST."""
    certified = load("Longley")
    X = pd.DataFrame(certified.X, columns=["deflator", "GNP", "unemployed", "armed_forces", "population", "year"])
    text = inferred(X, pd.Series(certified.y, name="employed")).summary()
    assert text.startswith("Ordinary least squares of employed\n")
    assert numbers(text, "intercept")[:3] == ["-3482259", "890420", "-3.911"]
    assert numbers(text, "GNP") == ["-0.035819", "0.033491", "-1.070", "0.3127", "-0.111581", "0.039943"]
    assert numbers(text, "armed_forces")[3] == "0.000944"
    assert " ".join(text.split("max\n")[1].split()[:5]) == "-410.11 -157.67 -28.16 101.55 455.39"
    for piece in ("0.995479", "0.992465", "330.29 (p = 4.98e-10)", "304.85", "-109.62", "233.23, 238.64"):
        assert piece in text, piece


@pytest.mark.parametrize("kind", ["classical", "HC3"])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("unit", [1e-100, 1e-12, 1.0, 1e6, 1e100])
def test_nothing_is_wider_than_a_terminal_and_no_cells_touch(unit, weighted, kind):
    data = diabetes()
    weights = np.arange(len(data.y)) % 3 + 1.0 if weighted else None
    inference = inferred(data.X / unit, data.y * 1e3, weights)
    text = (inference if kind == "classical" else inference.robust(kind)).summary()
    assert max(map(len, text.splitlines())) <= 80
    frame = inference.frame()
    for name in inference.names:
        cells = numbers(text, name)
        assert len(cells) == 6
        assert float(cells[0]) == pytest.approx(frame.loc[name, "coefficient"], abs=frame.loc[name, "standard_error"])


def test_a_long_name_has_a_line_of_its_own():
    name = "a name that is far too long for its column"
    lines = inferred(pd.DataFrame({name: X4[:, 0]}), Y4).summary(0.9).splitlines()
    assert lines[lines.index(name) + 1].split() == ["1.40000", "0.14142", "9.899", "0.0101", "0.98705", "1.81295"]
    assert lines[lines.index(name) - 2].split() == ["coefficient", "std.", "error", "t", "P>|t|", "[0.05", "0.95]"]


def test_conventions_are_told():
    text = inferred(X4 + 1, Y4, np.arange(4.0), fit_intercept=False).robust("HC0").summary()
    assert text.startswith("Weighted least squares of y\n")
    for piece in ("R-squared (uncentred)", "compares with 0", "HC0", "inversely proportional", "Weighted residuals"):
        assert piece in text, piece
    roots, residuals = (
        np.sqrt([1.0, 2.0, 3.0]),
        Y4[1:] - inferred(X4 + 1, Y4, np.arange(4.0), fit_intercept=False).coefficients * np.array([2.0, 3.0, 4.0]),
    )
    smallest = float(text.split("max\n")[1].split()[0])
    assert smallest == pytest.approx((roots * residuals).min(), abs=1e-4)


def test_an_exact_fit_is_printed():
    text = inferred(X4, X4[:, 0] + 1.0).summary()
    assert numbers(text, "x0") == ["1", "0", "inf", "0", "1", "1"]
    assert "Covariance" in text
