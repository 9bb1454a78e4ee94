"""Time of a fit by mini-batches, and whether it gives scikit-learn's bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from race import Task, overall, race

from . import agreement, data, pytorch
from .cases import Case
from .contenders import FAST, NOT_MEASURED, OURS, OURS_FIRST, PEER_FIRST, PEERS, PYTORCH, estimator
from .data import Data

CLASSIFIER, REGRESSOR = "MLPClassifier", "MLPRegressor"


def _classifier(label: str, rows: Callable[[], Data], hidden: tuple[int, ...], epochs: int, **options: Any) -> Case:
    return Case(label, CLASSIFIER, rows, hidden, epochs, options)


def _regressor(label: str, rows: Callable[[], Data], hidden: tuple[int, ...], epochs: int, **options: Any) -> Case:
    return Case(label, REGRESSOR, rows, hidden, epochs, options)


def _digits(label: str, **options: Any) -> Case:
    return _classifier(f"digits (100), {label}", data.digits, (100,), 12, **options)


def _sgd(label: str, **options: Any) -> Case:
    return _digits(f"sgd {label}", solver="sgd", learning_rate_init=0.05, **options)


MANY = partial(data.waves, 50_000)
SOME = partial(data.waves, 5_000)

CASES = (
    _digits("batch 200", batch_size=200),
    _classifier("784 inputs (256, 128), batch 200", partial(data.classes, 4000), (256, 128), 1, batch_size=200),
    _classifier("digits (64, 64), batch 32", data.digits, (64, 64), 4, batch_size=32),
    _regressor("regression 50000 x 20 (100), batch 200", MANY, (100,), 1, batch_size=200),
    _regressor("regression 50000 x 20 (100), full batch", MANY, (100,), 2, batch_size=50_000),
    _classifier("binary 569 x 30 (100), logistic", data.cancer, (100,), 40, activation="logistic"),
    _classifier("iris 150 x 4 (100)", data.iris, (100,), 150),
    _classifier("iris 150 x 4 (10), batch 8", data.iris, (10,), 20, batch_size=8),
    _sgd("with momentum", nesterovs_momentum=False),
    _sgd("with Nesterov's momentum"),
    # no fall of the loss is as large as tol, so the rate falls every third epoch
    _sgd("with adaptive rate", learning_rate="adaptive", tol=9.0, n_iter_no_change=2),
    _sgd("with rate by invscaling", learning_rate="invscaling"),
    _digits("early stopping", early_stopping=True),
    _digits("tanh", activation="tanh"),
    _digits("logistic", activation="logistic"),
    _digits("identity", activation="identity"),
    _classifier("digits (64, 64, 64)", data.digits, (64, 64, 64), 8),
    _classifier("digits (1024)", data.digits, (1024,), 2),
    _classifier("multilabel 3000 x 20 (100)", partial(data.indicators, 3000), (100,), 8),
    _regressor("regression 5000 x 20 (100), five outputs", partial(data.waves, 5000, outputs=5), (100,), 5),
    _regressor("regression 5000 x 20 (100), early stopping", SOME, (100,), 5, early_stopping=True),
    _regressor("counts 5000 x 20 (50), poisson", partial(data.counts, 5000), (50,), 5, loss="poisson"),
)
QUICK = tuple(replace(case, epochs=2) for case in CASES if case.label.startswith(("binary", "iris", "multilabel")))


def groups(quick: bool) -> dict[str, tuple[Case, ...]]:
    """Return the cases by dtype."""
    cases = QUICK if quick else CASES
    return {dtype: tuple(replace(case, dtype=dtype) for case in cases) for dtype in ("float64", "float32")}


def measure(case: Case, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare fits of the same epochs."""
    X, y = case.rows()

    def task(name: str) -> Task:
        return lambda: estimator(name, case.kind, **case.parameters).fit(X, y)

    tasks = {name: task(name) for name in (OURS_FIRST, PEER_FIRST)}
    if FAST not in NOT_MEASURED and case.dtype == "float64":
        tasks[FAST] = task(FAST)
    if PYTORCH not in NOT_MEASURED and (train := pytorch.training(case, X, y)) is not None:
        tasks[PYTORCH] = train
    found = race(tasks, rounds, seconds_a_case)
    ours, theirs = found.returned[OURS_FIRST], found.returned[PEER_FIRST]
    entry = {
        "ratios": found.ratios(OURS, PEERS),
        "rounds": found.rounds,
        "epochs": theirs.n_iter_,
        **agreement.compare(agreement.learned(ours), agreement.learned(theirs), theirs, case.dtype),
    }
    if FAST in tasks:
        fast = found.returned[FAST]
        predict = "predict_proba" if case.kind == CLASSIFIER else "predict"
        entry["fast beside default"] = {
            "loss": agreement.distance(fast.loss_curve_[-1], ours.loss_curve_[-1]),
            "predictions": agreement.distance(getattr(fast, predict)(X), getattr(ours, predict)(X)),
        }
    return entry


def summary(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return means and greatest ratios; PyTorch's over the cases it has an equivalent of; and the differences."""
    with_pytorch = {case: entry for case, entry in entries.items() if PYTORCH in entry["ratios"][OURS_FIRST]}
    found: dict[str, Any] = dict(overall(entries))
    for our, peers in overall(with_pytorch).items():
        found[our] = peers | found[our]
    deviations = [entry["fast beside default"] for entry in entries.values() if "fast beside default" in entry]
    if deviations:
        found["fast beside default"] = {what: max(row[what] for row in deviations) for what in ("loss", "predictions")}
    return found | {
        "equal bits": f"{sum(not entry['other bits'] for entry in entries.values())} of {len(entries)}",
        "relative difference": max(entry["relative difference"] for entry in entries.values()),
    }


def columns(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table says beside the ratios."""
    fast = entry.get("fast beside default")
    deviations = {"fast: loss, predictions": f"{fast['loss']:.0e}, {fast['predictions']:.0e}"} if fast else {}
    return agreement.columns(entry) | deviations


losses = agreement.losses
