"""What all ways to choose k share: checked input, one clustering, progress."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np

from workings.arithmetic.error_free import UNIT_ROUNDOFF
from workings.base import ConvergenceWarning, check_array
from workings.cluster.distances import Floats, squared_norms
from workings.cluster.estimator import KMeans
from workings.cluster.magnitude import require_squarable, require_visible

Report = Callable[[int, int], object]
"""Called as ``progress(done, total)`` after each of the `total` pieces of a long work."""


def centred_rows(X: Any) -> Floats:
    """Return rows as differences from their mean, in float64.

    Parameters
    ----------
    X : array-like of shape (n, d)

    Returns
    -------
    ndarray of shape (n, d)

    Raises
    ------
    ValueError
        For NaN, infinity, wrong shapes, rows that are all equal, or entries whose squares leave the floating-point
        range.
    TypeError
        For sparse data.
    """
    rows: Floats = check_array(X, dtype=(np.float64,), min_samples=2)
    with np.errstate(over="ignore", invalid="ignore"):
        centred: Floats = rows - rows.mean(axis=0)
        centred -= centred.mean(axis=0)
        norms = squared_norms(centred)
    require_squarable(norms)
    require_visible(centred, norms)
    if (rows == rows[0]).all():
        raise ValueError("All rows of X are equal: there is nothing to divide into clusters.")
    return centred


def checked_ks(ks: Iterable[int], most: int, *, least: int = 1, consecutive: bool = False) -> tuple[int, ...]:
    """Return numbers of clusters to compare.

    Parameters
    ----------
    ks : iterable of int
        Increasing.
    most, least : int
        What the data and the method allow.
    consecutive : bool, default=False
        Require two at least, without gaps.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(ks, str | bytes) or not isinstance(ks, Iterable):
        raise ValueError(f"ks lists the numbers of clusters to compare, such as range(1, 11); got {ks!r}.")
    listed = list(ks)
    if not listed or not all(isinstance(k, Integral) and not isinstance(k, bool) for k in listed):
        raise ValueError(f"ks lists the numbers of clusters to compare, such as range(1, 11); got {listed!r}.")
    numbers = tuple(int(k) for k in listed)
    if any(later <= k for k, later in pairwise(numbers)):
        raise ValueError(f"ks should increase; got {list(numbers)}.")
    if numbers[0] < least or numbers[-1] > most:
        raise ValueError(
            f"ks should lie between {least} and {most} for this method and number of rows; got {list(numbers)}."
        )
    if consecutive and (len(numbers) < 2 or numbers[-1] - numbers[0] != len(numbers) - 1):
        raise ValueError(f"ks should be two or more numbers without gaps, as range(1, 11) is; got {list(numbers)}.")
    return numbers


def checked_count(value: int, name: str, least: int) -> int:
    """Return a number of repetitions, or raise ValueError if it is not a whole number of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} is a whole number, {least} or more; got {value!r}.")
    return int(value)


def k_means(X: Floats, k: int, n_init: int, rng: np.random.RandomState) -> KMeans:
    """Return a clustering, silently also where fewer than k rows differ.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    k : int
    n_init : int
    rng : RandomState
        Advanced by the draws.

    Returns
    -------
    KMeans
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(k, n_init=n_init, random_state=rng).fit(X)


def inertias(X: Floats, ks: tuple[int, ...], n_init: int, rng: np.random.RandomState) -> Floats:
    """Return the inertia of X for each number of clusters, none of which may be zero.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Centred.
    ks : tuple of int
    n_init : int
    rng : RandomState
        Advanced by the draws.

    Returns
    -------
    ndarray of shape (len(ks),)

    Raises
    ------
    ValueError
        If some number of clusters leaves no distance to a centre but rounding, so that logarithms mean nothing.
    """
    found = np.array([k_means(X, k, n_init, rng).inertia_ for k in ks])
    rounding = X.size * (8 * UNIT_ROUNDOFF * np.abs(X).max()) ** 2
    for k, inertia in zip(ks, found, strict=True):
        if inertia <= rounding:
            raise ValueError(
                f"With {k} clusters every row is equal to its centre, so that inertias cannot be compared by their "
                "ratio: keep ks below the number of different rows."
            )
    return found


def silent(done: int, total: int) -> None:
    """Report nothing."""
