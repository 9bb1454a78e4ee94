"""Compare linear regression with scikit-learn, statsmodels and NumPy: time, memory, digits, correct rounding.

``python benchmarks/linear_regression.py`` prints tables and writes ``benchmarks/results/linear_regression.json``.
Time is CPU time of one thread. A ratio is ours divided by the peer's, taken pair by pair in one process, after a
warm-up; the median counts. Absolute times say little on a shared machine and are left out.
"""

from __future__ import annotations

import argparse
import datetime
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from machine import blas, machine, versions
from regression import certified, lost, memory, rounding, speed, tables
from regression.contenders import OURS, PEERS
from workings.report.files import write_together
from workings.validate.nist import NAMES

RESULTS = Path(__file__).parent / "results" / "linear_regression.json"
Shapes = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Parameters
    ----------
    shapes : tuple of (n, p)
        For the time of a fit, and where n > p of its standard errors.
    near : tuple of (n, p)
        The same for data of which two columns are nearly one, which the overall figures leave out.
    pairs : int
        Rounds that count.
    large : tuple of (n, p)
        For peak memory.
    sets : tuple of str
        NIST's.
    conditions : tuple of float
        For correct rounding.
    problems : int
        Random problems for each condition.
    """

    shapes: Shapes
    near: Shapes
    pairs: int
    large: Shapes
    sets: tuple[str, ...]
    conditions: tuple[float, ...]
    problems: int


FULL = Plan(
    shapes=((1_000, 10), (10_000, 100), (100_000, 50), (1_000_000, 10), (20_000, 500), (500, 2_000)),
    near=((10_000, 100), (100_000, 50)),
    pairs=9,
    large=((100_000, 50), (1_000_000, 10)),
    sets=NAMES,
    conditions=(1e0, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12),
    problems=20,
)
QUICK = Plan(
    shapes=((1_000, 10), (50, 200)),
    near=((1_000, 10),),
    pairs=2,
    large=((100_000, 10),),
    sets=("Norris", "Longley"),
    conditions=(1e0, 1e12),
    problems=2,
)

NEARLY_DEPENDENT = 1e-6

CONVENTIONS = {
    "ratio": "CPU time of ours / the peer's, median and quartiles of pairs; one thread, interleaved in one process",
    "data": "independent standard normal columns, a plane on them, standard normal noise; C-contiguous float64",
    "nearly dependent": "the first column is the second and a millionth of itself: a condition number of about 1e6",
    "scikit-learn": "LinearRegression(); tol=0 where said, which cuts no singular value",
    "numpy lstsq": "numpy.linalg.lstsq on X with a column of ones, not centred; making that column is in its time",
    "statsmodels": "OLS(y, add_constant(X)).fit(), by its default, the pseudo-inverse",
    "more features than rows": "NumPy and statsmodels give the constant a share of the least norm: another answer",
    "memory": "peak of resident pages beyond the input in a fresh process, in copies of X",
    "digits": "-log10 of the relative error of the worst number, intercept included, against NIST's 15 printed digits",
    "correct rounding": "random problems, columns scaled by 1e-4 to 1e4, against exact rational arithmetic",
}


def main() -> None:
    """Measure everything, print the tables, write the results at the end."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="go once through everything on small data; writes only with --output"
    )
    parser.add_argument("--output", type=Path, metavar="PATH", help=f"JSON file to write (default: {RESULTS.name})")
    arguments = parser.parse_args()
    output = arguments.output or (None if arguments.quick else RESULTS)
    if output is not None and output.is_dir():
        parser.error(f"--output needs the name of a file, and {output} is a folder")
    warnings.simplefilter("ignore")
    plan = QUICK if arguments.quick else FULL
    results = measure(plan)
    losses = lost.sentences(results)
    console = Console()
    for table in tables.tables(results):
        console.print(table, "")
    console.print("Lost:" if losses else "Lost: nothing.")
    for sentence in losses:
        console.print(f"- {sentence}", highlight=False)
    if output is not None:
        document = {**provenance(plan), **results, "lost": losses}
        write_together(
            output.absolute().parent, {output.name: f"{json.dumps(document, indent=2, allow_nan=False)}\n".encode()}
        )


def measure(plan: Plan) -> dict[str, Any]:
    """Return the figures, showing progress on standard error."""
    rounds = plan.pairs + 1
    tall = [(n, p) for n, p in plan.shapes if n > p]
    names = [*OURS, *PEERS]
    columns = (TextColumn("{task.description:40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        total = rounds * (len(plan.shapes) + len(plan.near) + len(tall)) + len(names) * len(plan.large)
        task = progress.add_task("", total=total + len(plan.sets) + len(plan.conditions))

        def begin(description: str) -> None:
            progress.update(task, description=description)

        def tick() -> None:
            progress.advance(task)

        results: dict[str, Any] = {
            "CPU time of a fit": {},
            "overall, beside scikit-learn": {},
            "CPU time of a fit with standard errors": {},
            "peak memory": {},
            "digits on NIST's sets": {},
            "correct rounding": {},
        }
        for n, p in plan.shapes:
            begin(f"time of a fit, {n} x {p}")
            results["CPU time of a fit"][f"{n} x {p}"] = speed.race_fits(n, p, plan.pairs, tick)
        results["overall, beside scikit-learn"] = speed.overall(results["CPU time of a fit"])
        for n, p in plan.near:
            begin(f"time of a fit, {n} x {p}, columns nearly dependent")
            label = f"{n} x {p}, nearly dependent"
            results["CPU time of a fit"][label] = speed.race_fits(n, p, plan.pairs, tick, apart=NEARLY_DEPENDENT)
        for n, p in tall:
            begin(f"with standard errors, {n} x {p}")
            entry = speed.race_standard_errors(n, p, plan.pairs, tick)
            results["CPU time of a fit with standard errors"][f"{n} x {p}"] = entry
        for n, p in plan.large:
            row = results["peak memory"][f"{n} x {p}"] = {}
            for name in names:
                begin(f"memory, {n} x {p}, {name}")
                row[name] = memory.measure(name, n, p)
                tick()
        for dataset in plan.sets:
            begin(f"digits, {dataset}")
            results["digits on NIST's sets"][dataset] = certified.score(dataset)
            tick()
        for condition in plan.conditions:
            begin(f"correct rounding, condition {condition:.0e}")
            results["correct rounding"][f"{condition:.0e}"] = rounding.score(condition, plan.problems)
            tick()
    return results


def provenance(plan: Plan) -> dict[str, Any]:
    """Return what a reader must know to judge the figures."""
    packages: Sequence[str] = ("numpy", "scipy", "scikit-learn", "statsmodels", "pandas", "workings")
    return {
        "what": "linear regression: ours beside scikit-learn, NumPy and statsmodels",
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": versions(packages) | {"BLAS": blas()},
        "pairs": plan.pairs,
        "conventions": CONVENTIONS,
    }


if __name__ == "__main__":
    main()
