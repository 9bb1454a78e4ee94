"""The results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from .contenders import PEERS


def tables(results: Mapping[str, Any]) -> Iterator[Table]:
    """Yield a table for each question that was measured.

    Parameters
    ----------
    results : mapping
        The parts of the results file that are measured.
    """
    for key in ("CPU time of a fit", "CPU time of a fit with standard errors"):
        for peer in PEERS:
            rows = {shape: _ratios(entry, peer) for shape, entry in results[key].items()}
            if any(rows.values()):
                yield _table(f"{key}: ours / {peer}, median (quartiles)", rows)
    yield _table(
        "Peak memory of a fit beyond its input, in copies of X",
        {
            shape: {name: "?" if value is None else f"{value:.2f}" for name, value in row.items()}
            for shape, row in results["peak memory"].items()
        },
    )
    for quantity in ("coefficients", "standard errors"):
        yield _table(
            f"Correct digits on NIST's sets, worst of the {quantity}",
            {
                dataset: {name: f"{value:.1f}" for name, value in entry[quantity]["digits"].items()}
                for dataset, entry in results["digits on NIST's sets"].items()
            },
        )
    yield _table(
        "Correctly rounded coefficients and intercepts by condition, and digits of the worst",
        {
            f"{condition}: {entry['numbers']} numbers": {
                name: f"{entry['correctly rounded'][name]} ({least:.1f})"
                for name, least in entry["least digits"].items()
            }
            for condition, entry in results["correct rounding"].items()
        },
    )


def _ratios(entry: Mapping[str, Any], peer: str) -> dict[str, str]:
    return {
        name: f"{row[peer]['median']:.2f} ({row[peer]['lower quartile']:.2f}-{row[peer]['upper quartile']:.2f})"
        for name, row in entry["ratios"].items()
        if peer in row
    }


def _table(title: str, rows: Mapping[str, Mapping[str, str]]) -> Table:
    """Return a table with a line a row and a column a name; what a row lacks is a dash."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    for name in names:
        table.add_column(name, justify="right")
    for label, row in rows.items():
        table.add_row(label, *(row.get(name, "-") for name in names))
    return table
