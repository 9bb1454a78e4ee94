"""The results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from console import results_table

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
                yield results_table(f"{key}: ours / {peer}, median (quartiles)", rows)
    yield results_table(
        "Peak memory of a fit beyond its input, in copies of X",
        {
            shape: {name: "?" if value is None else f"{value:.2f}" for name, value in row.items()}
            for shape, row in results["peak memory"].items()
        },
    )
    for quantity in ("coefficients", "standard errors"):
        yield results_table(
            f"Correct digits on NIST's sets, worst of the {quantity}",
            {
                dataset: {name: f"{value:.1f}" for name, value in entry[quantity]["digits"].items()}
                for dataset, entry in results["digits on NIST's sets"].items()
            },
        )
    yield results_table(
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
