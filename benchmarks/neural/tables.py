"""The results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.table import Table

from console import results_table

from .contenders import OURS, PEER_FIRST

STATISTICS = ("geometric mean", "greatest")


def of_group(
    title: str,
    entries: Mapping[str, Mapping[str, Any]],
    summary: Mapping[str, Any],
    columns: Callable[[Mapping[str, Any]], dict[str, str]],
) -> Table:
    """Return a line a case, then means and greatest ratios; the rest of the summary stands below.

    Parameters
    ----------
    title : str
    entries : mapping
        By case.
    summary : mapping
        Of all of them.
    columns : callable
        Takes an entry; returns what a line says beside the ratios, by the column's name.
    """
    timed = any("ratios" in entry for entry in entries.values())
    rows = {case: _ratios(entry.get("ratios", {})) | columns(entry) for case, entry in entries.items()}
    means = {our: peers for our, peers in summary.items() if our in OURS}
    for statistic in STATISTICS if means else ():
        rows[statistic] = {
            _column(our, peer): f"{row[statistic]:.2f}" for our, peers in means.items() for peer, row in peers.items()
        }
    what = f"{title}: CPU time of ours / scikit-learn's, median (quartiles)" if timed else title
    table = results_table(what, rows)
    table.caption = "\n".join(f"{key}: {_words(value)}" for key, value in summary.items() if key not in OURS)
    return table


def of_aims(verdicts: list[dict[str, Any]]) -> Table:
    """Return a line an aim that was measured."""
    return results_table(
        "Aims",
        {
            verdict["aim"]: {
                "aim": f">= {verdict['at least']:.2f}" if "at least" in verdict else f"<= {verdict['at most']:.2f}",
                "found": f"{verdict['found']:.3f}",
                "met": "yes" if verdict["met"] else "NO",
            }
            for verdict in verdicts
            if verdict["met"] is not None
        },
    )


def _ratios(ratios: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, str]:
    return {
        _column(our, peer): f"{row['median']:.2f} ({row['lower quartile']:.2f}-{row['upper quartile']:.2f})"
        for our, peers in ratios.items()
        for peer, row in peers.items()
    }


def _column(our: str, peer: str) -> str:
    return our if peer == PEER_FIRST else f"{our} / {peer}"


def _words(value: Any) -> str:
    return ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)
