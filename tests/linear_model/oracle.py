"""Least squares in rational arithmetic: the exact answer for the doubles passed in."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

import workings.validate

NIST = Path(workings.validate.__file__).parent / "nist"
POLYNOMIAL_DEGREE = {"Norris": 1, "Pontius": 2, "NoInt1": 1, "NoInt2": 1, "Filip": 10} | {
    f"Wampler{i}": 5 for i in range(1, 6)
}


def exact_solution(X, y, weights=None, *, intercept=True):
    """Return [intercept, coefficients...] as Fractions, by the normal equations and Gauss-Jordan elimination.

    Rows are a double's exact value, so nothing is rounded anywhere; the columns have to be independent.
    """
    rows = [([Fraction(1)] if intercept else []) + [Fraction(v) for v in row] for row in np.asarray(X, float).tolist()]
    targets = [Fraction(v) for v in np.asarray(y, float).tolist()]
    weights = [Fraction(1)] * len(rows) if weights is None else [Fraction(w) for w in np.asarray(weights).tolist()]
    size = len(rows[0])
    table = [
        [sum(w * row[i] * row[j] for w, row in zip(weights, rows, strict=True)) for j in range(size)]
        + [sum(w * row[i] * t for w, row, t in zip(weights, rows, targets, strict=True))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = next(r for r in range(i, size) if table[r][i])
        table[i], table[pivot] = table[pivot], table[i]
        table[i] = [entry / table[i][i] for entry in table[i]]
        for r in range(size):
            if r != i and table[r][i]:
                factor = table[r][i]
                table[r] = [a - factor * b for a, b in zip(table[r], table[i], strict=True)]
    return [row[-1] for row in table]


def scaled_condition(X):
    """Return the condition number of the centred columns, each scaled to length 1."""
    centred = X - X.mean(axis=0)
    spectrum = np.linalg.svd(centred / np.linalg.norm(centred, axis=0), compute_uv=False)
    return spectrum[0] / spectrum[-1]


def with_condition(rng, n, p, condition):
    """Return an (n, p) matrix whose singular values fall geometrically from 1 to ``1 / condition``."""
    U, _ = np.linalg.qr(rng.standard_normal((n, p)))
    V, _ = np.linalg.qr(rng.standard_normal((p, p)))
    return U * np.geomspace(1.0, 1.0 / condition, p) @ V.T


def nist(name):
    """Return X, y, certified coefficients and whether there is an intercept, from a file of NIST's StRD."""
    lines = (NIST / f"{name}.dat").read_text().splitlines()
    certified = [
        float(line.split()[1])
        for line in lines[30:60]
        if line.split() and line.split()[0][0] == "B" and line.split()[0][1:].isdigit()
    ]
    data = np.array([[float(v) for v in line.split()] for line in lines[60:] if line.strip()])
    X = data[:, 1:]
    if name in POLYNOMIAL_DEGREE:
        X = X ** np.arange(1, POLYNOMIAL_DEGREE[name] + 1)
    return X, data[:, 0], np.array(certified), not name.startswith("NoInt")


def correct_digits(values, exact):
    """Return the number of correct decimal digits of the worst value, at most 15 (NIST's log relative error)."""
    errors = [abs((Fraction(float(v)) - Fraction(e)) / (Fraction(e) or 1)) for v, e in zip(values, exact, strict=True)]
    worst = float(max(errors))
    return 15.0 if worst == 0 else min(15.0, -np.log10(worst))
