"""Time each estimator beside scikit-learn's on digits: CPU time, one thread, interleaved, after a warm-up.

Prints a table and writes ``benchmarks/results/digits.json``. A ratio is ours divided by scikit-learn's, taken pair
by pair in one process; the median counts. Absolute times say little on a shared machine and are left out.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  (after the number of threads is fixed)
import pandas as pd  # noqa: E402
import sklearn  # noqa: E402
from sklearn import cluster, linear_model, neural_network  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

import workings  # noqa: E402
from machine import processor  # noqa: E402

PAIRS = 7
RESULTS = Path(__file__).parent / "results" / "digits.json"
LIMIT = 3.0

X, y = load_digits(return_X_y=True)
scaled = X / 16

CASES: dict[str, tuple[str, dict[str, Any], np.ndarray, np.ndarray | None]] = {
    "LinearRegression()": ("LinearRegression", {}, X, y),
    "LinearRegression(positive=True)": ("LinearRegression", {"positive": True}, X, y),
    "KMeans(10)": ("KMeans", {"n_clusters": 10, "random_state": 0}, X, None),
    "KMeans(10, init='random')": ("KMeans", {"n_clusters": 10, "init": "random", "random_state": 0}, X, None),
    "KMeans(10, algorithm='elkan')": (
        "KMeans",
        {"n_clusters": 10, "algorithm": "elkan", "random_state": 0},
        X,
        None,
    ),
    "KMeans(10, init='random', algorithm='elkan')": (
        "KMeans",
        {"n_clusters": 10, "init": "random", "algorithm": "elkan", "random_state": 0},
        X,
        None,
    ),
    "MLPClassifier(), 30 epochs": ("MLPClassifier", {"max_iter": 30, "random_state": 0}, scaled, y),
    "MLPClassifier(activation='logistic'), 30 epochs": (
        "MLPClassifier",
        {"activation": "logistic", "max_iter": 30, "random_state": 0},
        scaled,
        y,
    ),
    "MLPClassifier(solver='sgd', batch_size=32), 30 epochs": (
        "MLPClassifier",
        {"solver": "sgd", "batch_size": 32, "max_iter": 30, "random_state": 0},
        scaled,
        y,
    ),
    "MLPClassifier(solver='lbfgs'), 30 steps": (
        "MLPClassifier",
        {"solver": "lbfgs", "max_iter": 30, "random_state": 0},
        scaled,
        y,
    ),
    "MLPRegressor(), 30 epochs": ("MLPRegressor", {"max_iter": 30, "random_state": 0}, scaled, y),
}

THEIRS = {
    "LinearRegression": linear_model.LinearRegression,
    "KMeans": cluster.KMeans,
    "MLPClassifier": neural_network.MLPClassifier,
    "MLPRegressor": neural_network.MLPRegressor,
}


def seconds(estimator: Any, features: np.ndarray, target: np.ndarray | None) -> float:
    """Return the CPU time of one fit, repeated until it is long enough to measure."""
    repeats, elapsed = 0, 0.0
    while elapsed < 0.02:
        start = time.process_time()
        estimator.fit(features, target)
        elapsed += time.process_time() - start
        repeats += 1
    return elapsed / repeats


def ratio(name: str, parameters: dict[str, Any], features: np.ndarray, target: np.ndarray | None) -> dict[str, float]:
    """Return the median, least and greatest ratio over the pairs."""
    ours, theirs = getattr(workings, name)(**parameters), THEIRS[name](**parameters)
    pairs = [seconds(ours, features, target) / seconds(theirs, features, target) for _ in range(PAIRS + 1)][1:]
    return {"median": statistics.median(pairs), "min": min(pairs), "max": max(pairs)}


def main() -> None:
    """Time every case, print the table, write the results."""
    warnings.simplefilter("ignore")
    rows = {}
    for label, (name, parameters, features, target) in CASES.items():
        rows[label] = {key: round(value, 2) for key, value in ratio(name, parameters, features, target).items()}
        print(f"{label:55s} {rows[label]['median']:5.2f}  ({rows[label]['min']:.2f} to {rows[label]['max']:.2f})")
    lost = [label for label, row in rows.items() if row["median"] > 1]
    print("Slower than scikit-learn:", ", ".join(lost) or "none")
    print(f"Slower than {LIMIT} times scikit-learn:", [k for k, row in rows.items() if row["median"] > LIMIT] or "none")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {
                "what": "our CPU time / scikit-learn's, fit on digits (1797 x 64), one thread, interleaved",
                "pairs": PAIRS,
                "machine": {"processor": processor(), "system": platform.system()},
                "versions": {
                    "python": platform.python_version(),
                    "numpy": np.__version__,
                    "pandas": pd.__version__,
                    "scikit-learn": sklearn.__version__,
                    "workings": workings.__version__,
                },
                "ratios": rows,
                "lost": lost,
            },
            indent=2,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
