"""Time of an epoch against the number of rows, the width and the depth."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from race import overall, race

from . import data
from .cases import Case
from .contenders import OURS_FIRST, PEER_FIRST, estimator

ROWS, WIDTHS, DEPTHS = (1_000, 3_000, 10_000, 30_000, 100_000), (16, 32, 64, 128, 256, 512, 1024), (1, 2, 3, 4, 6, 8)
QUICK_ROWS, QUICK_WIDTHS, QUICK_DEPTHS = (500, 1_000, 2_000), (16, 32, 64), (1, 2, 4)
MOST_ROWS_SEEN = 60_000  # of the growth with rows: fewer epochs of more rows


@dataclass(frozen=True)
class Size:
    """A network of one size.

    Parameters
    ----------
    case : Case
    size : int
        What grows.
    """

    case: Case
    size: int

    @property
    def label(self) -> str:
        """Its name in tables."""
        return self.case.label


def groups(quick: bool) -> dict[str, tuple[Size, ...]]:
    """Return the sizes by what grows."""
    rows, widths, depths = (QUICK_ROWS, QUICK_WIDTHS, QUICK_DEPTHS) if quick else (ROWS, WIDTHS, DEPTHS)
    return {
        "rows": tuple(Size(_by_rows(n), n) for n in rows),
        "width": tuple(Size(_on_digits(f"width {width}", (width,)), width) for width in widths),
        "depth": tuple(Size(_on_digits(f"depth {depth}", (64,) * depth), depth) for depth in depths),
    }


def _by_rows(n: int) -> Case:
    epochs = max(1, min(10, MOST_ROWS_SEEN // n))
    return Case(f"{n} rows", "MLPRegressor", partial(data.waves, n), (100,), epochs, {"batch_size": 200})


def _on_digits(label: str, hidden: tuple[int, ...]) -> Case:
    return Case(label, "MLPClassifier", data.digits, hidden, 3, {"batch_size": 200})


def measure(size: Size, rounds: int, seconds_a_case: float) -> dict[str, Any]:
    """Compare fits of the same epochs; an epoch's share includes that of checking the data."""
    case = size.case
    X, y = case.rows()

    def fit(name: str) -> Any:
        return estimator(name, case.kind, **case.parameters).fit(X, y)

    found = race({name: partial(fit, name) for name in (OURS_FIRST, PEER_FIRST)}, rounds, seconds_a_case)
    return {
        "ratios": found.ratios((OURS_FIRST,), (PEER_FIRST,)),
        "rounds": found.rounds,
        "size": size.size,
        "milliseconds an epoch": {
            name: round(1e3 * statistics.median(times) / case.epochs, 3) for name, times in found.times.items()
        },
    }


def exponent(sizes: list[float], times: list[float]) -> float:
    """Return b of the power law ``a size**b`` that fits best by least squares of the logarithms."""
    return round(statistics.linear_regression([*map(math.log, sizes)], [*map(math.log, times)]).slope, 2)


def summary(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return means and greatest ratios, and the exponents of the power laws."""
    rows = entries.values()
    sizes = [entry["size"] for entry in rows]
    times = {name: [entry["milliseconds an epoch"][name] for entry in rows] for name in (OURS_FIRST, PEER_FIRST)}
    exponents = {name: exponent(sizes, values) for name, values in times.items()}
    return overall(entries) | {"exponent": exponents}


def columns(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what a table says beside the ratios."""
    times = entry["milliseconds an epoch"]
    return {"ms an epoch, theirs": f"{times[OURS_FIRST]:.2f}, {times[PEER_FIRST]:.2f}"}


def losses(entry: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG001  (the parts' signature)
    """Yield nothing beside what the ratios say."""
    return iter(())
