"""Exact distances of rows to centres, in Python's integers, and data on which rounded arithmetic goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from workings.cluster.lloyd import Run
from workings.cluster.progress import Progress


def silent() -> Progress:
    return Progress(verbose=False, recorder=None, offset=0.0, full_stop=".", rounding=np.inf)


def exact(values: Any) -> np.ndarray:
    """The same numbers as fractions."""
    array = np.asarray(values)
    fractions = np.empty(array.shape, dtype=object)
    fractions[...] = np.frompyfunc(lambda value: Fraction(float(value)), 1, 1)(array)
    return fractions


def integers(*arrays: np.ndarray) -> tuple[list[np.ndarray], int]:
    """Arrays of Python integers, and the power of two by which the numbers were multiplied."""
    exponents = [np.frexp(array[array != 0])[1].min(initial=1100) for array in arrays]
    power = 54 - int(min(exponents))
    whole = []
    for array in arrays:
        mantissa, exponent = np.frexp(array.astype(np.float64))
        digits = np.ldexp(mantissa, 54).astype(np.int64).astype(object)
        shift = np.where(mantissa == 0, 0, exponent - 54 + power).astype(object)
        whole.append(digits << shift)
    return whole, power


class Distances:
    """Squared distances in exact arithmetic.

    `whole[i, j]` is the squared distance of row i to centre j in units of `unit`.
    """

    def __init__(self, X: np.ndarray, centers: np.ndarray) -> None:
        (rows, places), power = integers(X, centers)
        self.whole = np.zeros((len(X), len(centers)), dtype=object)
        for j, place in enumerate(places):
            self.whole[:, j] = ((rows - place) ** 2).sum(axis=1)
        self.unit = Fraction(1, 4) ** power if power >= 0 else Fraction(4) ** -power

    def labels(self) -> np.ndarray:
        """The nearest centre, the lowest index on a tie."""
        return self.whole.argmin(axis=1).astype(np.int32)

    def of(self, labels: np.ndarray) -> np.ndarray:
        """The distance to the given centres, in units."""
        return self.whole[np.arange(len(labels)), labels]

    def to_others(self, labels: np.ndarray) -> np.ndarray:
        """The distance to the nearest of all other centres, in units; there must be two centres."""
        others = self.whole.copy()
        others[np.arange(len(labels)), labels] = others.max() + 1
        return others.min(axis=1)

    def in_units(self, squares: np.ndarray) -> np.ndarray:
        """Squared distances as fractions of the unit; infinity stays what it is."""
        per_unit = 1 / self.unit

        def converted(value: float) -> Any:
            return Fraction(float(value)) * per_unit if np.isfinite(value) else value

        return np.frompyfunc(converted, 1, 1)(squares)


def unit_ball(X: np.ndarray) -> np.ndarray:
    """The rows scaled by a power of two so that the largest norm is between a half and 1."""
    return X * 2.0 ** -np.frexp(np.linalg.norm(X, axis=1).max())[1]


def hard_problems(d: int, k: int, *, rows: int = 120) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Rows and centres in the unit ball, most of them with rows that are almost equally near to two centres."""
    rng = np.random.RandomState(100 * d + k)

    def between(centers: np.ndarray, spread: float) -> np.ndarray:
        pair = rng.randint(0, k, size=(2, rows))
        middle = (centers[pair[0]] + centers[pair[1]]) / 2
        return middle + spread * rng.standard_normal((rows, d)) * 10.0 ** rng.uniform(-15, 0, size=(rows, 1))

    scattered = unit_ball(rng.standard_normal((k, d))) * 0.7
    yield "scattered", unit_ball(rng.standard_normal((rows, d))), scattered
    yield "between", between(scattered, 1e-3 / d), scattered
    aside = 0.6 / np.sqrt(d) + 1e-4 * unit_ball(rng.standard_normal((k, d)))
    yield "far from the origin", between(aside, 1e-6), aside
    lattice = rng.randint(-3, 4, size=(rows, d)) / 3
    yield "lattice", lattice / (2 * np.sqrt(d)), rng.randint(-3, 4, size=(k, d)) / (6 * np.sqrt(d))
    together = np.repeat(scattered[:1], k, axis=0) + 2.0**-40 * rng.randint(0, 3, size=(k, d))
    yield "almost the same centres", between(together, 1e-4), together
    yield "centers near the origin", unit_ball(rng.standard_normal((rows, d))), 1e-4 * scattered
    across = unit_ball(rng.standard_normal((1, d)))
    yield (
        "across the origin",  # where the products are as large as they can be, relative to the norms
        across + 1e-2 * unit_ball(rng.standard_normal((rows, d))),
        1e-5 * rng.standard_normal((k, d)) - across,
    )
    on_them = scattered[rng.randint(0, k, rows)]
    yield "rows on centres", on_them + 2.0**-30 * rng.standard_normal((rows, d)), scattered


def plain_run(referee: Any, nearest: Any, centers: np.ndarray, max_iter: int, tolerance: float) -> Run:
    """Lloyd's iteration as it is defined: every row, every time, by the given rule and the referee's means."""
    labels, iterations = None, 0
    for _ in range(max_iter):
        iterations += 1
        previous, labels = labels, nearest(centers)
        old, centers = centers, referee.update(labels, len(centers), centers)
        strict = previous is not None and np.array_equal(labels, previous)
        if strict or referee.squared_shift(centers, old) <= tolerance:
            break
    labels = labels if strict else nearest(centers)
    return Run(centers, labels, referee.inertia(centers, labels), iterations, strict)
