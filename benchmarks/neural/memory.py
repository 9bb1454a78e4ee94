"""Peak memory of a fit and of a prediction beyond the input, in megabytes."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import resident

from . import data
from .cases import Case
from .contenders import OURS_FIRST, PEER_FIRST, estimator

WARM_UP = 50  # rows that load the libraries, of every class
REGRESSOR, CLASSIFIER = "MLPRegressor", "MLPClassifier"


@dataclass(frozen=True)
class Load:
    """A call whose memory is measured.

    Parameters
    ----------
    case : Case
        The network and its rows.
    method : {"fit", "predict"}
    """

    case: Case
    method: str

    @property
    def label(self) -> str:
        """Its name in tables."""
        return self.case.label


WAVES = Case("200000 x 20 (100), batch 200", REGRESSOR, partial(data.waves, 200_000), (100,), 1, {"batch_size": 200})
PIXELS = Case("20000 x 784 (256, 128), batch 200", CLASSIFIER, partial(data.classes, 20_000), (256, 128), 1)
CASES = {
    "fit": (
        WAVES,
        PIXELS,
        Case("20000 x 20 (100), full batch", REGRESSOR, partial(data.waves, 20_000), (100,), 2, {"batch_size": 20_000}),
        Case("20000 x 20 (100), L-BFGS", REGRESSOR, partial(data.waves, 20_000), (100,), 5, {"solver": "lbfgs"}),
        Case("2000 x 784 (1024, 1024)", CLASSIFIER, partial(data.classes, 2000), (1024, 1024), 1),
    ),
    "predict": (WAVES, PIXELS),
}
QUICK = {"fit": (Case("20000 x 20 (100)", REGRESSOR, partial(data.waves, 20_000), (100,), 1),)}


def groups(quick: bool) -> dict[str, tuple[Load, ...]]:
    """Return the fits and the predictions."""
    if not resident.known():
        return {}
    return {
        method: tuple(Load(case, method) for case in cases) for method, cases in (QUICK if quick else CASES).items()
    }


def measure(load: Load, rounds: int, seconds_a_case: float) -> dict[str, Any]:  # noqa: ARG001  (the parts' signature)
    """Measure each in a process of its own, once."""
    peaks = {name: resident.in_fresh_process(peak, name, load) / 1e6 for name in (OURS_FIRST, PEER_FIRST)}
    return {"megabytes": {name: round(value, 1) for name, value in peaks.items()}}


def peak(name: str, load: Load) -> int:
    """Return the peak of one call in this process, in bytes."""
    warnings.simplefilter("ignore")  # the process is a new one
    case = load.case
    X, y = case.rows()
    small = replace(case, epochs=1, options={key: value for key, value in case.options.items() if key != "batch_size"})
    warm = estimator(name, case.kind, **small.parameters).fit(X[:WARM_UP], y[:WARM_UP])
    warm.predict(X[:WARM_UP])
    if load.method == "predict":
        return resident.peak(lambda: warm.predict(X))
    model = estimator(name, case.kind, **case.parameters)
    return resident.peak(lambda: model.fit(X, y))


def summary(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the geometric mean of ours / scikit-learn's."""
    ratios = [entry["megabytes"][OURS_FIRST] / entry["megabytes"][PEER_FIRST] for entry in entries.values()]
    known = [ratio for ratio in ratios if ratio > 0]  # below a page there is none
    return {"memory, ours / scikit-learn's": round(statistics.geometric_mean(known), 3)} if known else {}


def columns(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table says."""
    return {f"{name}, MB": f"{value:.1f}" for name, value in entry["megabytes"].items()}


def losses(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield where ours is larger."""
    ours, theirs = (entry["megabytes"][name] for name in (OURS_FIRST, PEER_FIRST))
    if ours > theirs:
        yield f"peak memory beyond the input {ours:.1f} MB, scikit-learn {theirs:.1f}"
