"""The results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from console import results_table

from .contenders import OURS_FIRST


def tables(
    timed: Mapping[str, Mapping[str, Any]],
    overall: Mapping[str, Mapping[str, Any]],
    memory: Mapping[str, Mapping[str, float | None]],
) -> Iterator[Table]:
    """Yield a table for each question that was measured.

    Parameters
    ----------
    timed : mapping
        By what was timed, by case, an entry of `speed`.
    overall : mapping
        By what was timed, what `race.overall` returned.
    memory : mapping
        By case, by name, a peak of memory.
    """
    for what, entries in timed.items():
        for our in dict.fromkeys(name for entry in entries.values() for name in entry["ratios"]):
            rows = {case: _ratios(entry, our) for case, entry in entries.items()}
            yield results_table(
                f"CPU time, {what}: {our} / peer, median (quartiles)", rows | _summary(overall[what][our])
            )
    if memory:
        yield results_table(
            "Peak memory of a fit beyond its input, in copies of X",
            {
                case: {name: "?" if value is None else f"{value:.2f}" for name, value in row.items()}
                for case, row in memory.items()
            },
        )


def _ratios(entry: Mapping[str, Any], our: str) -> dict[str, str]:
    row = {
        peer: f"{ratio['median']:.2f} ({ratio['lower quartile']:.2f}-{ratio['upper quartile']:.2f})"
        for peer, ratio in entry["ratios"].get(our, {}).items()
    }
    if our != OURS_FIRST:
        return row
    others = [part for part, equal in entry["equal bits"].items() if not equal]
    return row | {"bits": f"differ: {', '.join(others)}" if others else "equal"}


def _summary(peers: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        words: {peer: f"{row[words]:.2f}" for peer, row in peers.items()} for words in ("geometric mean", "greatest")
    }
