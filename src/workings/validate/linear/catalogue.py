"""The linear studies: which configurations on which data, in words and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from workings.validate import datasets, nist
from workings.validate.datasets import Dataset
from workings.validate.linear.rows import rows
from workings.validate.linear.trial import DEFAULT, UNCUT, Case, Trial, own_units_condition
from workings.validate.results import Picture, Study


def studies() -> Iterator[tuple[str, Callable[[], Study]]]:
    """Name each study and defer its work, in the order of the page."""
    yield "turnover and rate", turnover_and_rate
    yield "diabetes", diabetes
    yield "linnerud", linnerud
    yield "breast_cancer", breast_cancer
    for name in nist.NAMES:
        yield f"NIST {name}", partial(certified, name)


def turnover_and_rate() -> Study:
    """Show the case in which scikit-learn's default drops the coefficient that matters."""
    data = datasets.turnover_and_rate()
    trial = Trial(Case(data))
    default, uncut = trial.references[DEFAULT], trial.references[UNCUT]
    names = ["exact answer", "ours", "scikit-learn, tol=0", "scikit-learn, default tol=1e-6"]
    rates = np.array([trial.exact.coef_[1], trial.ours.coef_[1], uncut.coef_[1], default.coef_[1]])
    scores = [trial.ours.score(data.X, data.y), default.score(data.X, data.y)]
    explanation = (
        f"Two independent features, a turnover in dollars and a rate in decimals, and {len(data.y)} firms. In their "
        f"own units the columns' condition number is {own_units_condition(trial.problem):.1e}, scaled to one length it "
        f"is {trial.bounds.condition:.2f}: nothing about the problem is hard. scikit-learn 1.9 compares singular "
        "values in the columns' own units with `tol=1e-6` and drops the smaller one without a warning: the "
        f"coefficient of the rate comes out as {default.coef_[1]:.1e} instead of {trial.exact.coef_[1]:.1f}, `rank_` "
        f"is {int(default.rank_)}, and R² falls from {scores[0]:.2f} to {scores[1]:.2f}. The exact rational "
        f"answer settles who is right: with `tol=0` scikit-learn finds {uncut.coef_[1]:.6f}, ours is "
        f"{trial.ours.coef_[1]:.6f}, exact is {trial.exact.coef_[1]:.6f}. Whoever measures turnover in millions "
        "never sees the difference."
    )
    dropped = Picture(
        kind="dropped",
        title="scikit-learn's default loses the coefficient of the rate; ours, tol=0 and the exact answer agree.",
        alt=(
            f"Four bars. Coefficient of the rate: exact {rates[0]:.1f}, ours {rates[1]:.1f}, scikit-learn with tol=0 "
            f"{rates[2]:.1f}, scikit-learn's default {rates[3]:.1e}, a bar of no length."
        ),
        series={"names": np.array(names), "values": rates},
        labels={"x": "coefficient of the rate"},
    )
    lost = default.predict(data.X)
    predictions = Picture(
        kind="predictions",
        title="Without the rate, scikit-learn's default predictions scatter around ours.",
        alt=(
            "Our predictions against scikit-learn's default: the points do not lie on the diagonal but scatter "
            f"around it, by up to {np.abs(trial.ours.predict(data.X) - lost).max():.1f}."
        ),
        series={"ours": trial.ours.predict(data.X), "reference": lost},
        labels={"ours": "our prediction", "reference": "scikit-learn's default prediction"},
    )
    return Study(
        "linear",
        data.name,
        "Turnover and rate: where scikit-learn's default is wrong",
        explanation,
        tuple(rows(trial)),
        (dropped, predictions),
    )


def diabetes() -> Study:
    """Plain, weighted, without intercept and with non-negative coefficients."""
    data = datasets.diabetes()
    weights = np.linspace(0.25, 2.0, len(data.y))
    cases = [
        Case(data),
        Case(data, {"fit_intercept": False}),
        Case(data, sample_weight=weights),
        Case(data, {"positive": True}),
    ]
    trials = [Trial(case) for case in cases]
    explanation = (
        f"{data.X.shape[0]} patients, {data.X.shape[1]} features of one length; condition number "
        f"{trials[0].bounds.condition:.0f}, mostly from the blood lipids that nearly add up. Weights, a fit without "
        "intercept and non-negative coefficients are compared as well; for the last, Lawson and Hanson's method in "
        "exact fractions says which coefficients must be zero. " + ROUTES
    )
    return _study(data, explanation, trials)


def linnerud() -> Study:
    """Three targets at once."""
    data = datasets.linnerud()
    trials = [Trial(Case(data)), Trial(Case(data, {"fit_intercept": False}))]
    explanation = (
        f"{data.X.shape[0]} men, {data.X.shape[1]} exercises, {data.y.shape[1]} physiological targets fitted at once: "
        "`coef_` has a row a target. " + ROUTES
    )
    return _study(data, explanation, trials)


def breast_cancer() -> Study:
    """Thirty features whose scales differ by a million."""
    data = datasets.breast_cancer()
    trial = Trial(Case(data))
    explanation = (
        f"The diagnosis as 0 or 1 on {data.X.shape[1]} features whose units differ: condition number "
        f"{own_units_condition(trial.problem):.1e} in their own units, just below the 1e6 at which scikit-learn's "
        f"default begins to drop directions, and {trial.bounds.condition:.0f} once scaled. " + ROUTES
    )
    return _study(data, explanation, [trial])


def certified(name: str) -> Study:
    """One of NIST's sets."""
    entry, data = nist.load(name), datasets.certified(name)
    trial = Trial(Case(data, {} if entry.fit_intercept else {"fit_intercept": False}, certified=entry))
    digits = {key: trial.digits(model.coef_) for key, model in trial.references.items()}
    columns = f"{data.X.shape[1]} column{'s' * (data.X.shape[1] > 1)}"
    explanation = (
        f"{len(data.y)} rows, {columns}; condition number {own_units_condition(trial.problem):.1e} in the columns' own "
        f"units and {trial.bounds.condition:.1e} scaled. Correct digits of the worst coefficient, held "
        f"against the exact answer for the same doubles: ours {trial.digits(trial.ours.coef_):.1f} "
        f"({_standing(trial)}), scikit-learn's default {digits[DEFAULT]:.1f}, with `tol=0` "
        f"{digits[UNCUT]:.1f}. NIST's certified values belong to the decimal numbers in its file; reading them into "
        f"doubles moves the answer, and leaves the certified values {trial.digits(entry.certified_coef):.1f} digits "
        "for these doubles."
    )
    return _study(data, explanation, [trial])


ROUTES = (
    "Where our solution's certificate says that the coefficients are the correct rounding of the exact answer, they "
    "must have its bits. Every other tolerance is the forward error bound of least squares for these data; where two "
    "answers are further apart, integer arithmetic decides."
)


def _standing(trial: Trial) -> str:
    certificate = trial.ours.solution_.certificate
    return f"correctly rounded, proved by {certificate.method}" if certificate.proved else "nothing proved"


def _study(data: Dataset, explanation: str, trials: list[Trial]) -> Study:
    comparisons = tuple(row for trial in trials for row in rows(trial))
    return Study("linear", data.name, _heading(data), explanation, comparisons, _pictures(trials[0]))


def _heading(data: Dataset) -> str:
    targets = "" if data.y.ndim == 1 else f", {data.y.shape[1]} targets"
    return f"{data.name}: {data.X.shape[0]} rows, {data.X.shape[1]} feature{'s' * (data.X.shape[1] > 1)}{targets}"


def _pictures(trial: Trial) -> tuple[Picture, ...]:
    """Coefficients and predictions of the first configuration, beside scikit-learn's default."""
    data, theirs = trial.case.data, trial.references[DEFAULT]
    digits = trial.digits(theirs.coef_)
    targets = trial.exact.shape[:-1]
    names = [f"{name}, target {k}" for k in range(targets[0]) for name in data.features] if targets else data.features
    finding = (
        "agree"
        if digits >= min(6.0, trial.digits(trial.ours.coef_))
        else f"do not agree: scikit-learn's default has {digits:.1f} correct digits"
    )
    coefficients = Picture(
        kind="coefficients",
        title=f"Coefficients on {data.name}: ours and scikit-learn's default {finding}.",
        alt=(
            f"{len(names)} coefficient(s), ours beside scikit-learn's default; largest difference "
            f"{np.abs(trial.ours.coef_ - theirs.coef_).max():.1e} where the largest coefficient is "
            f"{np.abs(trial.exact.coef_).max():.3g}."
        ),
        series={"names": np.array(names), "ours": trial.ours.coef_.ravel(), "reference": theirs.coef_.ravel()},
        labels={"x": "coefficient", "ours": "ours", "reference": "scikit-learn, default tol"},
    )
    mine, other = trial.ours.predict(trial.X).ravel(), theirs.predict(trial.X).ravel()
    predictions = Picture(
        kind="predictions",
        title=f"Predictions on {data.name}: ours against scikit-learn's default.",
        alt=(
            f"{mine.size} predictions, ours against scikit-learn's default; the furthest from the diagonal is "
            f"{np.abs(mine - other).max():.1e} away, the values go up to {np.abs(mine).max():.3g}."
        ),
        series={"ours": mine, "reference": other},
        labels={"ours": "our prediction", "reference": "scikit-learn's prediction"},
    )
    return (coefficients, predictions)
