"""The gap statistic: by how much the inertia of X lies below that of data without groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from workings.base import check_random_state
from workings.cluster.distances import Floats
from workings.cluster.validity.clusterings import Report, centred_rows, checked_count, checked_ks, inertias, silent
from workings.cluster.validity.references import reference_like, require_reference


@dataclass(frozen=True, eq=False)
class GapStatistic:
    """How far the inertia of X lies below that of data without groups, for each number of clusters.

    Parameters
    ----------
    ks : tuple of int
        Numbers of clusters, without gaps.
    log_inertias : ndarray of shape (len(ks),)
        Natural logarithm of the inertia of X.
    reference_log_inertias : ndarray of shape (n_references, len(ks))
        The same of each reference data set.
    reference : {"uniform", "principal axes"}
        How these were drawn.
    """

    ks: tuple[int, ...]
    log_inertias: Floats
    reference_log_inertias: Floats = field(repr=False)
    reference: str

    @property
    def gaps(self) -> Floats:
        """Mean log inertia of the references minus that of X, for each k."""
        gaps: Floats = self.reference_log_inertias.mean(axis=0) - self.log_inertias
        return gaps

    @property
    def standard_errors(self) -> Floats:
        """The paper's s for each k: standard deviation over the B references times the root of 1 + 1/B."""
        deviations: Floats = self.reference_log_inertias.std(axis=0)
        errors: Floats = deviations * np.sqrt(1 + 1 / len(self.reference_log_inertias))
        return errors

    @property
    def k(self) -> int | None:
        """Smallest k whose gap is at least the next k's gap minus that one's standard error; None if there is none."""
        reached = self.gaps[:-1] >= self.gaps[1:] - self.standard_errors[1:]
        return self.ks[int(np.argmax(reached))] if reached.any() else None

    def frame(self) -> pd.DataFrame:
        """Return a row for each k.

        Returns
        -------
        DataFrame
            Columns "k", "log_inertia", "reference_log_inertia" (mean), "gap" and "standard_error".
        """
        return pd.DataFrame(
            {
                "k": self.ks,
                "log_inertia": self.log_inertias,
                "reference_log_inertia": self.reference_log_inertias.mean(axis=0),
                "gap": self.gaps,
                "standard_error": self.standard_errors,
            }
        )

    @property
    def sentence(self) -> str:
        """What was found, in plain words."""
        if self.k is None:
            return (
                f"The gap still grows at k = {self.ks[-1]}, the largest number of clusters that was tried: no number "
                "can be chosen yet, so try larger ones."
            )
        if self.k == 1:
            return "The data look no more divided than evenly spread points do: the gap statistic finds no groups."
        return (
            f"The gap statistic finds {self.k} groups: with more clusters than that, the data gain no more than "
            "evenly spread points do."
        )


def gap_statistic(
    X: Any,
    ks: Iterable[int],
    *,
    n_references: int = 50,
    reference: Literal["uniform", "principal axes"] = "uniform",
    n_init: int = 10,
    random_state: int | np.random.RandomState | None = None,
    progress: Report | None = None,
) -> GapStatistic:
    """Compare the inertia of X with that of data without groups, and choose the number of clusters.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense; at least two rows differ.
    ks : iterable of int
        Two or more numbers of clusters without gaps, below the number of different rows. Begin with 1, so that the
        answer can be that there are no groups.
    n_references : int, default=50
        Reference data sets, B.
    reference : {"uniform", "principal axes"}, default="uniform"
        Draw them uniformly over the range of each feature, or over a box along the principal axes, which suits
        features that go together.
    n_init : int, default=10
        Runs of k-means for each clustering, of which the best counts.
    random_state : int, RandomState or None, default=None
        Of the reference data and the initial centres.
    progress : callable, optional
        Called as ``progress(done, total)`` after X and each reference, `total` being B + 1.

    Returns
    -------
    GapStatistic

    Raises
    ------
    ValueError
        For arguments that are not as above, NaN, infinity, or rows that are all equal.
    TypeError
        For sparse data.

    Notes
    -----
    ``Gap(k) = mean_b log W_kb - log W_k``, where W_k is the sum over clusters of all squared distances of pairs divided
    by twice the cluster's size, which is the inertia; chosen is the smallest k with
    ``Gap(k) >= Gap(k + 1) - s(k + 1)``.

    Fails when groups overlap much or differ much in spread (it then stops early, often at 1), when values are heaped
    on a few numbers (the references are not, so every k looks good), and by chance: another seed may choose another k
    where two gaps are within a standard error. Cost: B + 1 clusterings for each k; memory of one reference.
    Source: R. Tibshirani, G. Walther and T. Hastie, "Estimating the number of clusters in a data set via the gap
    statistic", J. R. Stat. Soc. B 63 (2001), 411-423, sections 3 and 4.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.cluster import gap_statistic
    >>> X = np.random.RandomState(0).normal(size=(60, 2)) + np.repeat([[0, 0], [9, 0], [0, 9]], 20, axis=0)
    >>> result = gap_statistic(X, range(1, 6), n_references=20, n_init=3, random_state=0)
    >>> result.k
    3
    """
    require_reference(reference, ("uniform", "principal axes"))
    rows = centred_rows(X)
    numbers = checked_ks(ks, len(rows) - 1, consecutive=True)
    n_references = checked_count(n_references, "n_references", 2)
    n_init = checked_count(n_init, "n_init", 1)
    rng = check_random_state(random_state)
    report = progress or silent
    null = reference_like(rows, reference)
    own = np.log(inertias(rows, numbers, n_init, rng))
    report(1, n_references + 1)
    drawn = np.empty((n_references, len(numbers)))
    for b in range(n_references):
        drawn[b] = np.log(inertias(null.draw(len(rows), rng), numbers, n_init, rng))
        report(b + 2, n_references + 1)
    return GapStatistic(numbers, own, drawn, reference)
