"""Latency of one row and throughput of batches."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from race import Task, overall, race

from . import agreement, data, pytorch
from .cases import Case
from .contenders import NOT_MEASURED, OURS_FIRST, PEER_FIRST, PEERS, PYTORCH, estimator

CALLS = 200  # of one row, timed together


@dataclass(frozen=True)
class Request:
    """A call of a fitted network.

    Parameters
    ----------
    case : Case
        The network.
    method : {"predict", "predict_proba"}
    rows : int
        Rows of a call.
    """

    case: Case
    method: str
    rows: int

    @property
    def label(self) -> str:
        """Its name in tables."""
        rows = "" if self.rows == 1 else f", {self.rows} rows"
        return f"{self.case.label}, {self.method}, {self.case.dtype}{rows}"

    @property
    def calls(self) -> int:
        """Calls that are timed together."""
        return max(1, CALLS // self.rows)


def _classifier(label: str, rows: Any, hidden: tuple[int, ...], **options: Any) -> Case:
    return Case(label, "MLPClassifier", rows, hidden, 1, options)


IRIS = _classifier("iris (100)", data.iris, (100,))
DIGITS = _classifier("digits (100)", data.digits, (100,))
PIXELS = _classifier("784 inputs (256, 128)", partial(data.classes, 1000), (256, 128))
WAVES = Case("regression 20 inputs (100)", "MLPRegressor", partial(data.waves, 1000), (100,), 1)
LOGISTIC = _classifier("binary 30 inputs (100), logistic", data.cancer, (100,), activation="logistic")
CLASSIFIERS = (
    IRIS,
    DIGITS,
    _classifier("digits (64, 64, 64), tanh", data.digits, (64, 64, 64), activation="tanh"),
    PIXELS,
    LOGISTIC,
    _classifier("multilabel 20 inputs (100)", partial(data.indicators, 1000), (100,)),
)
FIVE = Case("regression 20 inputs (50, 50)", "MLPRegressor", partial(data.waves, 1000, outputs=5), (50, 50), 1)
REGRESSORS = (WAVES, FIVE)
SIZES = (10, 100, 1_000, 10_000, 100_000)
LARGEST = 8_000_000  # numbers in X


def groups(quick: bool) -> dict[str, tuple[Request, ...]]:
    """Return the calls of one row and of batches."""
    dtypes = ("float64",) if quick else ("float64", "float32")
    alone = (DIGITS,) if quick else CLASSIFIERS
    together = ((IRIS, 4),) if quick else ((DIGITS, 64), (PIXELS, 784), (WAVES, 20), (LOGISTIC, 30))
    sizes = SIZES[:3] if quick else SIZES

    def requests(case: Case, rows: int) -> list[Request]:
        methods = ("predict", "predict_proba") if case.kind == "MLPClassifier" else ("predict",)
        return [Request(replace(case, dtype=dtype), method, rows) for method in methods for dtype in dtypes]

    return {
        "one row": tuple(request for case in (*alone, *REGRESSORS[: len(alone)]) for request in requests(case, 1)),
        "batches": tuple(
            request for case, d in together for n in sizes if n * d <= LARGEST for request in requests(case, n)
        ),
    }


def measure(request: Request, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare calls of networks that have the same parameters."""
    case, method = request.case, request.method
    X, y = case.rows()
    rows = np.ascontiguousarray(X[np.arange(request.rows) % len(X)])

    def task(predict: Any) -> Task:
        def calls() -> Any:
            for _ in range(request.calls - 1):
                predict(rows)
            return predict(rows)

        return calls

    networks = {name: estimator(name, case.kind, **case.parameters).fit(X, y) for name in (OURS_FIRST, PEER_FIRST)}
    tasks = {name: task(getattr(network, method)) for name, network in networks.items()}
    if PYTORCH not in NOT_MEASURED:
        tasks[PYTORCH] = task(pytorch.prediction(case, X, y, method))
    found = race(tasks, rounds, seconds_a_case)
    return {
        "ratios": found.ratios((OURS_FIRST,), PEERS),
        "rounds": found.rounds,
        "microseconds a call": {
            name: round(1e6 * statistics.median(times) / request.calls, 1) for name, times in found.times.items()
        },
        **agreement.compare(
            {method: [found.returned[OURS_FIRST]]},
            {method: [found.returned[PEER_FIRST]]},
            networks[PEER_FIRST],
            case.dtype,
        ),
    }


def summary(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return means and greatest ratios."""
    return dict(overall(entries))


def columns(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table says beside the ratios."""
    times = ", ".join(f"{time:.0f}" for time in entry["microseconds a call"].values())
    return {"us a call, theirs": times} | agreement.columns(entry)


losses = agreement.losses
