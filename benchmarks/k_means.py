"""Compare k-means with scikit-learn (and faiss, where it is installed): time, bits, growth and memory.

``python benchmarks/k_means.py`` prints tables and writes ``benchmarks/results/k_means.json``. Time is CPU time of one
thread. A ratio is ours divided by the peer's, taken round by round in one process, after a warm-up; the median counts.
Absolute times say little on a shared machine and are left out.
"""

from __future__ import annotations

import argparse
import datetime
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kmeans import lost, memory, speed, tables
from kmeans.cases import Case
from kmeans.contenders import EVERYBODY, MINI_BATCH, NOT_MEASURED, OURS_FIRST
from machine import blas, machine, versions
from race import overall
from workings.report.files import write_together

RESULTS = Path(__file__).parent / "results" / "k_means.json"

TIMED: dict[str, Callable[[Case, int, float], dict[str, Any]]] = {
    "fits from given centres": speed.fits_from_given_centres,
    "default fits": speed.default_fits,
    "predictions": speed.predictions,
    "growth": speed.growth,
    "mini-batches": speed.mini_batches,
}
MEMORY = "memory"


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Parameters
    ----------
    timed : dict
        By the names of `TIMED`, the cases.
    memory : tuple of Case
        For peak memory.
    rounds : int
        Most rounds that count.
    seconds_a_case : float
        CPU time after which a case begins no further round.
    """

    timed: dict[str, tuple[Case, ...]]
    memory: tuple[Case, ...]
    rounds: int
    seconds_a_case: float


SHAPES = (  # n, d, k, and the iterations that are allowed
    (1_000_000, 2, 8, 300),
    (100_000, 20, 10, 300),
    (100_000, 50, 100, 30),
    (20_000, 784, 10, 30),
    (10_000, 64, 10, 300),
    (1_000_000, 8, 16, 30),
    (200_000, 16, 256, 30),
)
SMALL_AND_LARGE = ((1_000, 5), (5_000, 10), (100_000, 20), (1_000_000, 2))
GRID = tuple(Case(n, d, k, data, limit) for n, d, k, limit in SHAPES for data in ("blobs", "uniform"))
DEFAULTS = (
    Case(150, 4, 3, "iris"),
    Case(1797, 64, 10, "digits"),
    *(Case(n, d, 8, data) for n, d in SMALL_AND_LARGE for data in ("blobs", "uniform")),
)

FULL = Plan(
    timed={
        "fits from given centres": GRID,
        "default fits": DEFAULTS,
        "predictions": (*GRID, *DEFAULTS),
        "growth": (
            *(Case(n, 8, 8, "uniform", 20) for n in (1_000, 10_000, 100_000, 1_000_000)),
            *(Case(20_000, d, 10, "uniform", 20) for d in (2, 4, 16, 64, 256)),
            *(Case(50_000, 16, k, "uniform", 20) for k in (2, 8, 32, 128, 512)),
        ),
        "mini-batches": (
            Case(1797, 64, 10, "digits"),
            Case(100_000, 20, 10, "blobs"),
            Case(1_000_000, 2, 8, "uniform"),
        ),
    },
    memory=tuple(case for case in GRID if case.data == "uniform" and case.n * case.d >= 2_000_000),
    rounds=5,
    seconds_a_case=25.0,
)
QUICK = Plan(
    timed={
        "fits from given centres": (Case(2_000, 3, 4, "blobs"), Case(2_000, 3, 4, "uniform", 20)),
        "default fits": (Case(150, 4, 3, "iris"),),
        "predictions": (Case(150, 4, 3, "iris"),),
        "growth": (Case(500, 2, 3, "uniform", 5), Case(1_000, 2, 3, "uniform", 5)),
        "mini-batches": (Case(2_000, 3, 4, "blobs"),),
    },
    memory=(Case(200_000, 4, 4, "uniform", 3),),
    rounds=2,
    seconds_a_case=1.0,
)

CONVENTIONS = {
    "ratio": "CPU time of ours / the peer's, median and quartiles of rounds; one thread, interleaved in one process",
    "blobs": "as many normal clouds of unit variance as clusters, centres uniform in [-10, 10]^d; float64, C order",
    "uniform": "no clusters at all: uniform in [0, 1]^d",
    "fits from given centres": "init is k random rows, n_init=1; max_iter 300, or 30 where n d k is above 40 million",
    "default fits": "KMeans(n_clusters, random_state=0): greedy k-means++, max_iter 300",
    "predictions": "of the training rows, from centres made by three iterations",
    "growth": "20 iterations from k random rows, tol=0",
    "mini-batches": "MiniBatchKMeans(n_clusters, random_state=0)",
    "equal bits": "ours (not the exact one) beside scikit-learn's lloyd: labels, centres, inertia, iterations",
    "faiss": "float32, as many iterations as scikit-learn took; turning X into float32 and the labels are in its time",
    "memory": "peak of resident pages beyond the input in a fresh process, in copies of X",
}


def main() -> None:
    """Measure everything, print the tables, write the results at the end."""
    parts = (*TIMED, MEMORY)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="go once through everything on small data; writes only with --output"
    )
    parser.add_argument(
        "--only", nargs="+", choices=parts, default=parts, metavar="PART",
        help=f"measure these parts alone, of: {', '.join(parts)}; writes only with --output",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="PATH", help=f"JSON file to write (default: {RESULTS.name})")
    arguments = parser.parse_args()
    whole = not arguments.quick and set(arguments.only) == set(parts)
    output = arguments.output or (RESULTS if whole else None)
    if output is not None and output.is_dir():
        parser.error(f"--output needs the name of a file, and {output} is a folder")
    warnings.simplefilter("ignore")
    plan = QUICK if arguments.quick else FULL
    timed, peaks = measure(plan, arguments.only)
    summary = {what: overall(entries) for what, entries in timed.items()}
    losses = lost.sentences(timed, peaks)
    console = Console()
    for table in tables.tables(timed, summary, peaks):
        console.print(table, "")
    for name, reason in NOT_MEASURED.items():
        console.print(f"Not measured: {name}, {reason}.")
    console.print("Lost:" if losses else "Lost: nothing.")
    for sentence in losses:
        console.print(f"- {sentence}", highlight=False)
    if output is not None:
        results = {"CPU time": timed, "overall": summary, "peak memory": peaks, "not measured": NOT_MEASURED}
        document = {**provenance(plan), **results, "lost": losses}
        write_together(
            output.absolute().parent, {output.name: f"{json.dumps(document, indent=2, allow_nan=False)}\n".encode()}
        )


def measure(plan: Plan, parts: list[str]) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, float | None]]]:
    """Return the entries of what was timed and the peaks of memory, showing progress on standard error."""
    chosen = {
        what: plan.timed[what] if what != "mini-batches" or OURS_FIRST in MINI_BATCH else ()
        for what in TIMED
        if what in parts
    }
    large = plan.memory if MEMORY in parts else ()
    columns = (TextColumn("{task.description:60}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
    timed: dict[str, dict[str, Any]] = {what: {} for what in chosen}
    peaks: dict[str, dict[str, float | None]] = {case.label: {} for case in large}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=sum(map(len, chosen.values())) + len(EVERYBODY) * len(large))
        for what, cases in chosen.items():
            for case in cases:
                progress.update(task, description=f"{what}, {case.label}")
                timed[what][case.label] = TIMED[what](case, plan.rounds, plan.seconds_a_case)
                progress.advance(task)
        for case in large:
            for name in EVERYBODY:
                progress.update(task, description=f"memory, {case.label}, {name}")
                peaks[case.label][name] = memory.measure(name, case)
                progress.advance(task)
    return timed, peaks


def provenance(plan: Plan) -> dict[str, Any]:
    """Return what a reader must know to judge the figures."""
    packages = ["numpy", "scipy", "scikit-learn", "pandas", "workings", *(["faiss-cpu"] if find_spec("faiss") else [])]
    return {
        "what": "k-means: ours beside scikit-learn, and faiss where it is installed",
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": versions(packages) | {"BLAS": blas()},
        "most rounds": plan.rounds,
        "conventions": CONVENTIONS,
    }


if __name__ == "__main__":
    main()
