"""Are there groups at all? A Monte-Carlo test against data without any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from workings.base import check_random_state
from workings.cluster.distances import Floats, squared_norms
from workings.cluster.validity.clusterings import Report, centred_rows, checked_count, checked_ks, inertias, silent
from workings.cluster.validity.references import reference_like, require_reference

_FEWEST = 19
"""References without which no p-value reaches 0.05."""


@dataclass(frozen=True, eq=False)
class GroupTest:
    """Whether X is more divided than data without groups.

    Parameters
    ----------
    ks : tuple of int
        Numbers of clusters that were tried.
    log_shares : ndarray of shape (n_references + 1, len(ks))
        Natural logarithm of the share of the total sum of squares that k clusters leave; X first, then the references.
    reference : {"box", "gaussian"}
        How these were drawn.
    """

    ks: tuple[int, ...]
    log_shares: Floats = field(repr=False)
    reference: str

    @property
    def scores(self) -> Floats:
        """Standard deviations by which each log share lies below the mean, of X and the references, for each k."""
        scores: Floats = (self.log_shares.mean(axis=0) - self.log_shares) / self.log_shares.std(axis=0)
        return scores

    @property
    def p_value(self) -> float:
        """Share of the data sets, X included, whose largest score is at least that of X."""
        largest = self.scores.max(axis=1)
        return float(np.mean(largest >= largest[0]))

    @property
    def k(self) -> int:
        """The number of clusters at which X differs most from the references; no estimate of the number of groups."""
        return self.ks[int(np.argmax(self.scores[0]))]

    def frame(self) -> pd.DataFrame:
        """Return a row for each k.

        Returns
        -------
        DataFrame
            Columns "k", "share" (of the sum of squares that k clusters leave), "reference_share" (geometric mean of
            the references) and "score".
        """
        return pd.DataFrame(
            {
                "k": self.ks,
                "share": np.exp(self.log_shares[0]),
                "reference_share": np.exp(self.log_shares[1:].mean(axis=0)),
                "score": self.scores[0],
            }
        )

    @property
    def sentence(self) -> str:
        """What was found, in plain words."""
        kind = "bell-shaped group" if self.reference == "gaussian" else "evenly filled box"
        if self.p_value <= 0.05:
            return (
                f"The data are more divided than one {kind} would be by chance (p = {self.p_value:.3g}): groups, or "
                "a few far-off rows, or another shape than that."
            )
        return (
            f"The data are no more divided than one {kind} often is by chance (p = {self.p_value:.3g}): this is no "
            "evidence of groups, and no proof that there are none."
        )


def group_test(
    X: Any,
    ks: Iterable[int] = (2, 3, 4, 5),
    *,
    n_references: int = 99,
    reference: Literal["box", "gaussian"] = "box",
    n_init: int = 3,
    random_state: int | np.random.RandomState | None = None,
    progress: Report | None = None,
) -> GroupTest:
    """Test whether X has groups at all.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Dense; at least two rows differ.
    ks : iterable of int, default=(2, 3, 4, 5)
        Numbers of clusters to look for, increasing, from 2 to below the number of different rows.
    n_references : int, default=99
        Data sets without groups, B, at least 19; the smallest possible p-value is 1 / (B + 1).
    reference : {"box", "gaussian"}, default="box"
        The null hypothesis: X is uniform over a box along its principal axes, or X has one normal distribution; either
        with the covariance that X has.
    n_init : int, default=3
        Runs of k-means for each clustering, of which the best counts.
    random_state : int, RandomState or None, default=None
        Of the reference data and the initial centres.
    progress : callable, optional
        Called as ``progress(done, total)`` after X and each reference, `total` being B + 1.

    Returns
    -------
    GroupTest

    Raises
    ------
    ValueError
        For arguments that are not as above, NaN, infinity, or rows that are all equal.
    TypeError
        For sparse data.

    Notes
    -----
    For each k, the log of ``W_k / W_1`` of X and of the B references is standardised by the mean and standard deviation
    of all B + 1 together; a data set's statistic is its largest score over the k, and
    ``p = (1 + #{references at least as large as X}) / (B + 1)``. X and the references are treated alike, so that the
    false-alarm rate would be the nominal one if X came from the null; that the null is fitted to X makes it lower, as
    the tests measure. The box is the more cautious null: it sees two normal groups only where they hardly overlap, the
    normal sees them sooner.

    Fails when X has one group of another shape than the null's. One normal group hardly ever alarms against the box,
    but one evenly filled box is often rejected as not normal. Heavy tails: one group of Student's t with 3 degrees of
    freedom alarms no more often than the nominal rate, but one of Cauchy's distribution is rejected as a rule against
    the normal, and often against the box, since k-means gives its far-off rows clusters of their own. Values heaped
    on few numbers can be rejected for that alone. A rejection says that X is not such a group, not that it has
    several: look at the sizes of the clusters and at `cluster_stability`. Groups that overlap much, or lie inside each
    other, are not seen.

    Cost: B + 1 clusterings for each k; memory of one reference.

    Sources: W. S. Sarle, Cubic Clustering Criterion, SAS Technical Report A-108 (1983), for uniform nulls; Y. Liu, D.
    N. Hayes, A. Nobel and J. S. Marron, "Statistical significance of clustering for high-dimension, low-sample size
    data", J. Amer. Statist. Assoc. 103 (2008), 1281-1293, for ``W_2 / W_1`` against a normal distribution; A. C.
    Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997), section 4.2, for p.

    Examples
    --------
    >>> import numpy as np
    >>> from workings.cluster import group_test
    >>> X = np.random.RandomState(0).normal(size=(60, 2)) + np.repeat([[0, 0], [9, 0], [0, 9]], 20, axis=0)
    >>> group_test(X, n_references=19, random_state=0).p_value
    0.05
    """
    require_reference(reference, ("box", "gaussian"))
    rows = centred_rows(X)
    numbers = checked_ks(ks, len(rows) - 1, least=2)
    n_references = checked_count(n_references, "n_references", _FEWEST)
    n_init = checked_count(n_init, "n_init", 1)
    rng = check_random_state(random_state)
    report = progress or silent
    null = reference_like(rows, reference)
    log_shares = np.empty((n_references + 1, len(numbers)))
    for b in range(n_references + 1):
        data = null.draw(len(rows), rng) if b else rows
        data = data - data.mean(axis=0)
        log_shares[b] = np.log(inertias(data, numbers, n_init, rng) / squared_norms(data).sum())
        report(b + 1, n_references + 1)
    return GroupTest(numbers, log_shares, reference)
