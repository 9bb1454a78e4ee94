"""The command line: ``workings validate`` and what it prints."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table
from rich.text import Text

from workings import __version__
from workings.validate import ALGORITHMS, Comparison, Validation, Verdict, validate

UNEXPLAINED, BAD_INPUT, INTERRUPTED = 1, 2, 130
LEGEND = """
A line shows the quantity that uses most of its bound; "apart" and "bound" are
relative to the largest value of what it is held beside."""
DEFAULT_FOLDER = Path("workings-report")
TITLES = {"linear": "Linear regression", "kmeans": "k-means", "neural": "Neural networks"}
VOICES = {"estimator": "ours"}
STYLES = {Verdict.SAME_BITS: "green", Verdict.WITHIN_BOUND: "cyan", Verdict.DIFFERS: "yellow"}

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Linear regression, k-means and neural networks from first principles, proven beside scikit-learn.",
)


class Interrupted(BaseException):
    """Ctrl-C. Training loops take a KeyboardInterrupt for the wish to stop early; this one nobody takes."""


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Linear regression, k-means and neural networks from first principles, proven beside scikit-learn."""
    if version:
        typer.echo(f"workings {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("validate")
def validate_command(
    algorithms: Annotated[
        list[str] | None,
        typer.Argument(metavar="linear|kmeans|neural", help="What to validate; everything by default."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="DIR", show_default=str(DEFAULT_FOLDER), help="Folder for the page and its JSON twin."
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print JSON only, with the page's numbers; write the page only where --out says."),
    ] = False,
) -> None:
    """Run ours, the textbook and scikit-learn on the same data with the same seeds, and compare every number.

    Takes about half a minute on one core. Writes validation.html, one page that
    needs no network and no JavaScript, and validation.json beside it.

    Exit status: 0 when every difference is explained, 1 when one is not, 2 for
    input that cannot be used, 130 after Ctrl-C.
    """
    names = algorithms or []
    unknown = [name for name in names if name not in ALGORITHMS]
    if unknown:
        _fail(f"there is no algorithm {unknown[0]!r}; choose from {', '.join(ALGORITHMS)}")
    if out == "":
        _fail("--out needs the name of a folder, and got an empty one")
    folder = Path(out) if out else None if as_json else DEFAULT_FOLDER
    if folder is not None:
        from workings.report import write_report  # needs Jinja2 and matplotlib, which --json alone does not

        _require_writable(folder)
    try:
        with _interruptible(), _progress() as progress:
            validation = validate(names, progress)
            page = write_report(validation, folder) if folder is not None else None
    except Interrupted:
        _fail("interrupted; nothing was written", INTERRUPTED)
    except OSError as error:
        _fail(f"cannot write to {folder}: {error.strerror or error}")
    try:
        if as_json:
            typer.echo(json.dumps(validation.to_dict(), indent=1, allow_nan=False))
        else:
            _print(validation, Console(), page)
        sys.stdout.flush()
    except OSError as error:
        # what is left in the buffer must not fail once more when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(f"cannot print the result: {error.strerror or error}")
    raise typer.Exit(UNEXPLAINED if validation.unexplained else 0)


def _fail(sentence: str, status: int = BAD_INPUT) -> NoReturn:
    typer.echo(f"workings: {sentence}.", err=True)
    raise typer.Exit(status)


def _require_writable(folder: Path) -> None:
    """End the command unless `folder` is, or can be made, a folder that takes files; leaves no trace."""
    try:
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists() or path.is_symlink())
        if not existing.is_dir():
            _fail(f"cannot write to {folder}: {existing} is not a folder")
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        _fail(f"cannot write to {folder}: {error.strerror or error}")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn Ctrl-C into `Interrupted` while the block runs."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise Interrupted

    try:
        before = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not the main thread, which alone receives signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show progress on standard error: a bar on a terminal, a line a study elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:

        def line(study: str, done: int, total: int) -> None:
            if study:
                print(f"[{done + 1:2}/{total}] {study}", file=sys.stderr, flush=True)

        yield line
        return
    columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda study, done, total: bar.update(
            task, description=study or "writing the page", completed=done, total=total
        )


def _print(validation: Validation, console: Console, page: Path | None) -> None:
    console.print(LEGEND)
    for algorithm, rows in groupby(validation.comparisons, key=lambda row: row.algorithm):
        console.print()
        console.print(_table(TITLES[algorithm], list(rows)))
    _print_differences(validation, console)
    total = len(validation.comparisons)
    same, within, differ = (validation.count(verdict) for verdict in Verdict)
    console.print(
        f"\n{total} comparison{'s' * (total != 1)}: {same} same bits, {within} within the bound, "
        f"{differ} differ, {len(validation.unexplained)} unexplained."
    )
    if page is not None:
        console.print(Text(f"Page: {page}"), soft_wrap=True)


def _table(title: str, rows: Sequence[Comparison]) -> Table:
    """One line for each data set, voice and reference: the row that comes nearest to its bound, or passes it most."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    table.add_column("data set", no_wrap=True)
    table.add_column("voice")
    table.add_column("beside", no_wrap=True)
    for heading in ("apart", "bound"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("worst verdict", no_wrap=True)
    shown = ""
    for (dataset, voice, reference), group in _gathered(rows).items():
        worst = max(group, key=_badness)
        verdict: str = worst.verdict
        style = STYLES[worst.verdict]
        if any(row.unexplained for row in group):
            worst = max((row for row in group if row.unexplained), key=_badness)
            verdict, style = "UNEXPLAINED", "bold red"
        table.add_row(
            "" if dataset == shown else dataset,
            VOICES.get(voice, voice),
            reference,
            f"{worst.max_relative:.1e}",
            f"{worst.tolerance:.1e}",
            Text(verdict, style=style),
        )
        shown = dataset
    return table


def _gathered(rows: Sequence[Comparison]) -> dict[tuple[str, str, str], list[Comparison]]:
    groups: dict[tuple[str, str, str], list[Comparison]] = {}
    for row in rows:
        groups.setdefault((row.dataset, row.voice, row.reference), []).append(row)
    return groups


def _badness(row: Comparison) -> tuple[bool, bool, float]:
    """Order rows by verdict, then by how much of its bound a difference uses."""
    used = row.max_relative / row.tolerance if row.tolerance else row.max_relative
    return row.verdict is Verdict.DIFFERS, row.verdict is Verdict.WITHIN_BOUND, used


def _print_differences(validation: Validation, console: Console) -> None:
    """Say of every difference who is right, and name every row of which nobody knows."""
    explained: dict[tuple[str, str, str, str, str], list[str]] = {}
    for row in validation.comparisons:
        if row.verdict is Verdict.DIFFERS and not row.unexplained:
            key = (row.algorithm, row.dataset, row.voice, row.reference, row.who_is_right)
            explained.setdefault(key, []).append(row.quantity)
    if explained:
        console.print("\nWhere they differ, and who is right", style="bold")
    for (_, dataset, voice, reference, reason), quantities in explained.items():
        console.print(
            Text(
                f"- {dataset}, {VOICES.get(voice, voice)} beside {reference} "
                f"({', '.join(dict.fromkeys(quantities))}): {reason}"
            )
        )
    if validation.unexplained:
        console.print("\nUnexplained", style="bold red")
    for row in validation.unexplained:
        console.print(
            Text(
                f"- {row.algorithm}, {row.dataset}, {row.configuration}, {VOICES.get(row.voice, row.voice)} beside "
                f"{row.reference}: {row.quantity} differs by {row.max_relative:.1e} of its largest magnitude, "
                f"the bound is {row.tolerance:.1e}."
            )
        )
