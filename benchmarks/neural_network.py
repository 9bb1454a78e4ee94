"""Compare neural networks with scikit-learn (and PyTorch, where it is installed): time, bits, memory and growth.

``python benchmarks/neural_network.py`` prints tables and writes ``benchmarks/results/neural_network.json``. Time is
CPU time of one thread. A ratio is ours divided by the peer's, taken round by round in one process, after a warm-up;
the median counts. Absolute times say little on a shared machine; they stand only where growth or latency needs them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from machine import blas, machine, versions
from neural import aims, fits, growth, inference, lost, memory, quasi_newton, tables
from neural.contenders import NOT_MEASURED
from workings.report.files import write_together

RESULTS = Path(__file__).parent / "results" / "neural_network.json"

# each has groups, measure, summary, columns and losses
PARTS = {"fits": fits, "lbfgs": quasi_newton, "inference": inference, "memory": memory, "growth": growth}

ROUNDS, SECONDS_A_CASE = 7, 6.0
QUICK_ROUNDS, QUICK_SECONDS_A_CASE = 2, 0.5
WIDTH_IN_A_FILE = 120

Results = dict[str, dict[str, dict[str, Any]]]

CONVENTIONS = {
    "ratio": "CPU time of ours / the peer's, median and quartiles of rounds; one thread, interleaved in one process",
    "fits": "random_state=0, the same batches and epochs: tol=0, and no end however long the loss does not fall",
    "same bits": "coefs_, intercepts_ and loss_curve_, or the answers, types and shapes included; else the greatest "
    "difference in one array, relative to the array's greatest number",
    "fast": "fast=True; its last loss and its predictions beside the default's, relative to the greatest",
    "lbfgs": f"runs that scikit-learn ends within {quasi_newton.FEW_ITERATIONS} iterations agree if n_iter_ is equal, "
    f"and the loss to {quasi_newton.SAME_LOSS:g}; the time is of all runs, of at most {quasi_newton.MOST_ITERATIONS}",
    "inference": "a row alone or a batch, with the parameters of one epoch",
    "memory": "peak of resident pages beyond the input in a fresh process",
    "growth": "with rows: regression of 20 columns (100); with width and depth (layers of 64): digits; batch 200",
    "PyTorch": "eager, the same layers, batches, epochs and rule; other random numbers, so time alone is compared",
}


def main() -> None:
    """Measure everything, print the tables, write the results at the end."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="go once through everything on small data; writes only with --output"
    )
    parser.add_argument(
        "--part", nargs="+", choices=tuple(PARTS), default=tuple(PARTS), metavar="PART",
        help=f"measure these parts alone, of: {', '.join(PARTS)}; writes only with --output",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="PATH", help=f"JSON file to write (default: {RESULTS.name})")
    arguments = parser.parse_args()
    whole = not arguments.quick and set(arguments.part) == set(PARTS)
    output = arguments.output or (RESULTS if whole else None)
    if output is not None and output.is_dir():
        parser.error(f"--output needs the name of a file, and {output} is a folder")
    warnings.simplefilter("ignore")
    results = measure([part for part in PARTS if part in arguments.part], arguments.quick)
    summaries = {
        part: {group: PARTS[part].summary(entries) for group, entries in groups.items()}
        for part, groups in results.items()
    }
    verdicts = aims.judge(summaries)
    losses = lost.sentences(results, summaries, {part: PARTS[part].losses for part in results})
    console = Console(width=None if sys.stdout.isatty() else WIDTH_IN_A_FILE)
    for part, groups in results.items():
        for group, entries in groups.items():
            table = tables.of_group(f"{part}, {group}", entries, summaries[part][group], PARTS[part].columns)
            console.print(table, "")
    console.print(tables.of_aims(verdicts), "")
    for name, reason in NOT_MEASURED.items():
        console.print(f"Not measured: {name}, {reason}.")
    console.print("Lost:" if losses else "Lost: nothing.")
    for sentence in losses:
        console.print(f"- {sentence}", highlight=False)
    if output is not None:
        document = {
            **provenance(arguments.quick),
            "results": results,
            "overall": summaries,
            "aims": verdicts,
            "not measured": NOT_MEASURED,
            "what lost": losses,
        }
        write_together(
            output.absolute().parent, {output.name: f"{json.dumps(document, indent=2, allow_nan=False)}\n".encode()}
        )


def measure(parts: list[str], quick: bool) -> Results:
    """Return by part, by group, by case what was measured, showing progress on standard error."""
    limits = (QUICK_ROUNDS, QUICK_SECONDS_A_CASE) if quick else (ROUNDS, SECONDS_A_CASE)
    cases = {part: PARTS[part].groups(quick) for part in parts}
    results: Results = {part: {group: {} for group in groups} for part, groups in cases.items()}
    columns = (TextColumn("{task.description:80}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=sum(len(group) for groups in cases.values() for group in groups.values()))
        for part, groups in cases.items():
            for group, members in groups.items():
                for case in members:
                    progress.update(task, description=f"{part}, {group}, {case.label}")
                    results[part][group][case.label] = PARTS[part].measure(case, *limits)
                    progress.advance(task)
    return results


def provenance(quick: bool) -> dict[str, Any]:
    """Return what a reader must know to judge the figures."""
    packages = ["numpy", "scipy", "scikit-learn", "pandas", "workings", *(["torch"] if find_spec("torch") else [])]
    return {
        "what": "neural networks: ours beside scikit-learn, and PyTorch where it is installed",
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": versions(packages) | {"BLAS": blas()},
        "most rounds": QUICK_ROUNDS if quick else ROUNDS,
        "conventions": CONVENTIONS,
    }


if __name__ == "__main__":
    main()
