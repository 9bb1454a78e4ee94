"""Setting rows aside for validation, at random or class by class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.intp]


def split_sizes(n_samples: int, validation_fraction: float) -> tuple[int, int]:
    """Return how many rows to train on and how many to set aside.

    Parameters
    ----------
    n_samples : int
    validation_fraction : float
        In (0, 1).

    Returns
    -------
    n_train, n_validation : int
        The latter is rounded up.

    Raises
    ------
    ValueError
        If nothing would be set aside, or nothing be left.
    """
    if not 0 < validation_fraction < 1:
        raise ValueError(
            f"validation_fraction={validation_fraction} should lie in the open range (0, 1) when early_stopping=True: "
            f"it is the share of the {n_samples} rows that is set aside."
        )
    n_validation = math.ceil(validation_fraction * n_samples)
    if n_validation == n_samples:
        raise ValueError(
            f"With n_samples={n_samples} and validation_fraction={validation_fraction} the training set would be "
            "empty. Lower validation_fraction or add rows."
        )
    return n_samples - n_validation, n_validation


def shuffled_split(n_train: int, n_validation: int, rng: np.random.RandomState) -> tuple[Indices, Indices]:
    """Split at random.

    Parameters
    ----------
    n_train, n_validation : int
    rng : RandomState
        One permutation is drawn.

    Returns
    -------
    train, validation : ndarray of int
    """
    order = rng.permutation(n_train + n_validation)
    return order[n_validation:], order[:n_validation]


def stratified_split(
    labels: npt.NDArray[Any], n_train: int, n_validation: int, rng: np.random.RandomState
) -> tuple[Indices, Indices]:
    """Split so that both parts have the classes in about the same shares.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
    n_train, n_validation : int
    rng : RandomState
        Draws the classes that get the rows left over by rounding, a permutation of each class, and one of each part.

    Returns
    -------
    train, validation : ndarray of int

    Raises
    ------
    ValueError
        If a class has a single member, or a part would have fewer rows than there are classes.
    """
    classes, membership, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        too_few = [str(label) for label in classes[counts < 2]]
        raise ValueError(
            "The least populated classes in y have only 1 member, which is too few. The minimum number of groups for "
            f"any class cannot be less than 2. Classes with too few members are: {too_few}"
        )
    for name, size in (("train_size", n_train), ("test_size", n_validation)):
        if size < len(classes):
            raise ValueError(
                f"The {name} = {size} should be greater or equal to the number of classes = {len(classes)}"
            )
    train_counts = apportion(counts, n_train, rng)
    validation_counts = apportion(counts - train_counts, n_validation, rng)
    train: list[Indices] = []
    validation: list[Indices] = []
    for k, (n_first, n_second) in enumerate(zip(train_counts, validation_counts, strict=True)):
        members = np.flatnonzero(membership == k)
        members = members[rng.permutation(len(members))]
        train.append(members[:n_first])
        validation.append(members[n_first : n_first + n_second])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(validation))


def apportion(counts: npt.NDArray[np.integer[Any]], seats: int, rng: np.random.RandomState) -> Indices:
    """Distribute seats over classes in proportion to their counts: largest remainders first, ties by lot.

    Parameters
    ----------
    counts : ndarray of int of shape (n_classes,)
    seats : int
        At most the sum of the counts.
    rng : RandomState
        Draws once for each size of remainder that is served.

    Returns
    -------
    ndarray of int of shape (n_classes,)
        Sums to `seats`.
    """
    quota = counts / counts.sum() * seats
    given = np.floor(quota)
    left = int(seats - given.sum())
    remainder = quota - given
    for size in np.unique(remainder)[::-1]:
        if left <= 0:
            break
        tied = np.flatnonzero(remainder == size)
        chosen = rng.choice(tied, size=min(len(tied), left), replace=False)
        given[chosen] += 1
        left -= len(chosen)
    seated: Indices = given.astype(np.intp)
    return seated
