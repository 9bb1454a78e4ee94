"""L-BFGS: whether a fit ends where scikit-learn's does, and its time."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from race import overall, race

from . import agreement, data
from .cases import Case
from .contenders import OURS_FIRST, PEER_FIRST, estimator

FEW_ITERATIONS = 60  # after more, rounding decides
SAME_LOSS = 1e-6
MOST_ITERATIONS = 100

SETS = {
    "iris": ("MLPClassifier", data.iris),
    "wine": ("MLPClassifier", data.wine),
    "cancer": ("MLPClassifier", data.cancer),
    "diabetes": ("MLPRegressor", data.diabetes),
    "waves 1000 x 20": ("MLPRegressor", partial(data.waves, 1000)),
}
PENALTIES_AND_TOLERANCES = ((1e-4, 1e-4), (1.0, 1e-3), (10.0, 1e-3))
CASES = tuple(
    Case(
        f"{name} (20), {activation}, alpha={alpha:g}, tol={tol:g}",
        kind,
        rows,
        (20,),
        MOST_ITERATIONS,
        {"solver": "lbfgs", "activation": activation, "alpha": alpha, "tol": tol},
    )
    for name, (kind, rows) in SETS.items()
    for activation in ("identity", "logistic", "tanh", "relu")
    for alpha, tol in PENALTIES_AND_TOLERANCES
)


def groups(quick: bool) -> dict[str, tuple[Case, ...]]:
    """Return the runs, in one group."""
    return {"runs": CASES[:4] if quick else CASES}


def measure(case: Case, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare fits that begin at the same parameters."""
    X, y = case.rows()

    def fit(name: str) -> Any:
        return estimator(name, case.kind, **case.parameters).fit(X, y)

    found = race({name: partial(fit, name) for name in (OURS_FIRST, PEER_FIRST)}, rounds, seconds_a_case)
    models = found.returned
    return {
        "ratios": found.ratios((OURS_FIRST,), (PEER_FIRST,)),
        "rounds": found.rounds,
        "iterations": {name: int(model.n_iter_) for name, model in models.items()},
        "relative difference of the loss": agreement.distance(models[OURS_FIRST].loss_, models[PEER_FIRST].loss_),
    }


def counts(entry: Mapping[str, Any]) -> bool:
    """Return whether scikit-learn's run is short enough to be compared."""
    return entry["iterations"][PEER_FIRST] <= FEW_ITERATIONS


def agrees(entry: Mapping[str, Any]) -> bool:
    """Return whether ours ends after as many iterations at the same loss."""
    ours, theirs = (entry["iterations"][name] for name in (OURS_FIRST, PEER_FIRST))
    return ours == theirs and entry["relative difference of the loss"] <= SAME_LOSS


def summary(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return means and greatest ratios, and the share of the short runs that agree."""
    short = [agrees(entry) for entry in entries.values() if counts(entry)]
    share = {"share": round(statistics.mean(short), 3)} if short else {}
    return overall(entries) | {"agreement": {"runs": len(short), "agree": sum(short), **share}}


def columns(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table says beside the ratios."""
    ours, theirs = (entry["iterations"][name] for name in (OURS_FIRST, PEER_FIRST))
    verdict = ("yes" if agrees(entry) else "no") if counts(entry) else f"above {FEW_ITERATIONS}"
    return {
        "iterations, theirs": f"{ours}, {theirs}",
        "loss differs by": f"{entry['relative difference of the loss']:.0e}",
        "agrees": verdict,
    }


def losses(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield where a short run ends elsewhere."""
    if counts(entry) and not agrees(entry):
        ours, theirs = (entry["iterations"][name] for name in (OURS_FIRST, PEER_FIRST))
        difference = entry["relative difference of the loss"]
        yield f"{ours} iterations instead of {theirs}, relative difference of the loss {difference:.0e}"
