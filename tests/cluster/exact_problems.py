"""Rows and weights on which rounding decides: ties, repeated rows, large offsets, wide ranges."""

from __future__ import annotations

import numpy as np

KINDS = {
    "integers": lambda rng, shape: rng.randint(-3, 4, shape).astype(float),
    "halves": lambda rng, shape: rng.randint(0, 3, shape) / 2,
    "tenths": lambda rng, shape: rng.randint(0, 7, shape) / 10,
    "continuous": lambda rng, shape: rng.standard_normal(shape),
    "offset": lambda rng, shape: 5e5 + 1e-9 * rng.randint(0, 9, shape),
    "small": lambda rng, shape: 1e-9 * rng.randint(0, 4, shape),
    "wide": lambda rng, shape: rng.standard_normal(shape) * 10.0 ** rng.randint(-150, 150, shape),
    "subnormal": lambda rng, shape: rng.standard_normal(shape) * 1e-320,
}
WEIGHTS = {
    "ones": lambda rng, n: np.ones(n),
    "equal": lambda rng, n: np.full(n, 0.1),
    "with zeros": lambda rng, n: rng.randint(0, 3, n).astype(float),
    "continuous": lambda rng, n: rng.uniform(size=n),
    "wide": lambda rng, n: rng.uniform(size=n) * 10.0 ** rng.randint(-250, 20, n),
}


def draw(seed: int, kind: str, weighting: str, dtype) -> tuple[np.ndarray, np.ndarray, np.random.RandomState]:
    """Rows, many of them repeated, and weights that are not all zero."""
    rng = np.random.RandomState(seed)
    n, d = rng.randint(1, 25), rng.randint(1, 6)
    with np.errstate(over="ignore", under="ignore"):
        X = np.nan_to_num(KINDS[kind](rng, (n, d)).astype(dtype), posinf=1.0, neginf=-1.0)
        weights = WEIGHTS[weighting](rng, n).astype(dtype)
    weights[0] = 1
    return X[rng.randint(0, n, n)] if seed % 3 == 0 else X, weights, rng


def order_sensitive_problem(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with one decimal, initial centres, and another order of the rows."""
    rng = np.random.RandomState(seed)
    n, d, k = rng.randint(12, 60), rng.randint(1, 3), rng.randint(2, 5)
    X = rng.randint(0, 7, (n, d)) / 10
    return X, X[:k].copy(), rng.permutation(n)


def thread_sensitive_problem(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """More rows than scikit-learn gives to one thread, each many times, and initial centres."""
    rng = np.random.RandomState(seed)
    n, d, k = rng.randint(6, 40), rng.randint(1, 3), rng.randint(2, 5)
    X = np.tile(rng.randint(0, 7, (n, d)) / 10, (1 + 600 // n, 1))
    return X, X[:k].copy()
