"""Tables of results as the benchmarks print them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table


def results_table(title: str, rows: Mapping[str, Mapping[str, str]]) -> Table:
    """Return a table with a line a row and a column a name; what a row lacks is a dash."""
    table = Table(
        title=title, title_justify="left", title_style="bold", caption_justify="left", box=None, padding=(0, 1, 0, 0)
    )
    table.add_column("", no_wrap=True)
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    for name in names:
        table.add_column(name, justify="right")
    for label, row in rows.items():
        table.add_row(label, *(row.get(name, "-") for name in names))
    return table
