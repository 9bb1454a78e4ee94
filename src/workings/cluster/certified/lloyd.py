"""Lloyd's iteration, lazily: float32 and bounds find the labels, and a referee is asked only where they cannot know.

What comes out is the referee's answer, in every bit. A label is taken from float32 only if it is proved that the
referee would give the same one; the centres on the way are sums that rows join and leave, known to within a bound; and
the referee works out the centres that are asked for: those of a doubtful row, of a doubtful stop, and the last ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from workings.arithmetic.error_free import SMALLEST, UNIT_ROUNDOFF
from workings.cluster.certified.deadlines import MOST_MISPLACED, Changes, Deadlines
from workings.cluster.certified.referee import Referee
from workings.cluster.certified.running_sums import RunningSums
from workings.cluster.certified.single_precision import Packed
from workings.cluster.distances import Floats, Labels, squared_norms
from workings.cluster.exact.certificate import Tally
from workings.cluster.lloyd import Run
from workings.cluster.progress import Progress

_MANY = 1 / 3  # share of rows that moved from which the sums begin anew


_MANY_PRODUCTS = 600_000


def pays(X: Floats, n_clusters: int) -> bool:
    """Return whether float32 and bounds, which cost some calls an iteration, save more than that."""
    d: int = X.shape[1]
    pairs: int = X.shape[0] * n_clusters
    if X.dtype == np.float32:  # which has nothing to gain but the rows that bounds leave out
        many_clusters = pairs >= 80_000 and n_clusters > 10 and d <= 24
        return many_clusters or (pairs >= 1_000_000 and d <= 8)
    return n_clusters > 1 and pairs * (d + 8) >= _MANY_PRODUCTS


@dataclass(frozen=True)
class Place:
    """Where the centres are, as far as it is known.

    Parameters
    ----------
    centers : ndarray of shape (k, d), float64
        Relative to the origin of the rows that are looked at.
    error : float
        How far each may be from the referee's.
    settled : ndarray of shape (k, d) or None
        The referee's, once it was asked.
    """

    centers: Floats
    error: float
    settled: Floats | None


@dataclass(frozen=True)
class CertifiedLloyd:
    """Rows, and what is worked out once for all runs on them.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Rows near the origin.
    weights : ndarray of shape (n,) or None
        None where all are 1.
    packed : Packed
        The rows in float32.
    referee : Referee
        May see the rows elsewhere, at ``X + origin``.
    origin : ndarray of shape (d,) or None
        None where the referee's rows are X itself; else ``X + origin`` is off by one rounding of X.
    """

    X: Floats
    weights: Floats | None
    packed: Packed
    referee: Referee
    origin: Floats | None = None

    def run(self, centers: Floats, *, max_iter: int, tolerance: float, progress: Progress) -> Run:
        """Assign and update in turn until the labels stay, the centres stay, or the iterations run out.

        Parameters
        ----------
        centers : ndarray of shape (k, d)
            The referee's, where to begin.
        max_iter : int
        tolerance : float
            Stop when the squared shifts of the centres add up to no more than this.
        progress : Progress

        Returns
        -------
        Run
            With the referee's centres.

        Notes
        -----
        Fails when many rows are equally near to two centres, as in tables of few integer values: the referee then
        decides them in each iteration, and nothing is saved.
        """
        state = _State(self, centers)
        for iteration in range(max_iter):
            distances = state.assign()
            strict = iteration > 0 and not len(state.moved.rows)
            state.advance(begin=iteration == 0)
            shift = state.squared_shift(tolerance, exactly=progress.listens)
            if progress.listens:
                made_by = state.settled_before()
                progress.iteration(
                    iteration,
                    inertia=partial(self.referee.inertia, made_by, state.labels),
                    centers=made_by,
                    labels=state.labels,
                    moved=len(state.moved.rows) if iteration else len(self.X),
                    shift=shift,
                    distances=distances,
                )
            if strict:
                progress.converged_strictly(iteration)
                break
            if shift <= tolerance:  # KM.7
                progress.converged_within_tolerance(iteration, shift, tolerance)
                break
        final = state.settled()
        if not strict:
            state.assign()
        value = self.referee.inertia(final, state.labels)
        return Run(final, state.labels, value, iteration + 1, strict, state.tally)


class _State:
    """Labels, the centres that made them (`before`), and the centres that they made (`place`)."""

    def __init__(self, problem: CertifiedLloyd, centers: Floats) -> None:
        self._problem, self._referee = problem, problem.referee
        self._radius = problem.packed.radius
        n = len(problem.X)
        self._k = k = len(centers)
        # in float32 the means themselves are off by more than the distances may be, so nothing can be put off
        self._lazy = problem.X.dtype == np.float64
        self._rounding = 0.0 if problem.origin is None else 4 * UNIT_ROUNDOFF * self._radius
        unit, remembers = problem.referee.unit, problem.referee.remembers
        self._deadlines = Deadlines(problem.X, problem.packed, k, unit=unit, remembers=remembers)
        self._sums = RunningSums(problem.X, problem.weights, k, self._radius)
        self._many = _MANY * n
        self.moved = Changes.none()
        self.tally = Tally()
        self.before = self.place = self._settled(centers)

    @property
    def labels(self) -> Labels:
        """The labels of the last assignment."""
        return self._deadlines.labels

    def assign(self) -> int:
        """Find the labels that the centres make; return how many distances that took."""
        outlook = self._deadlines.assign(self.place.centers, self.place.error)
        self.moved = outlook.changes
        if len(outlook.open):
            self.place, centers = self._asked(self.place, self.moved)
            answer = self._referee.nearest(centers, outlook.open)
            self.moved = Changes.joined([self.moved, self._deadlines.overrule(outlook.open, answer)])
        before = self.tally
        self.tally = Tally(
            assignments=before.assignments + len(self.labels),
            compared=before.compared + outlook.seen,
            in_double=before.in_double + outlook.in_double,
            refereed=before.refereed + len(outlook.open),
        )
        return (outlook.seen + outlook.in_double + len(outlook.open)) * self._k

    def advance(self, *, begin: bool) -> None:
        """Find the centres that the labels make."""
        self.before = self.place
        self.place = self._next(begin=begin)
        self._deadlines.moved(_lengths(self.place.centers - self.before.centers))

    def settled_before(self) -> Floats:
        """Return the referee's centres before the last step."""
        self.before, centers = self._asked(self.before, self.moved)
        return centers

    def settled(self) -> Floats:
        """Return the referee's centres after the last step."""
        self.place, centers = self._asked(self.place, Changes.none())
        return centers

    def squared_shift(self, tolerance: float, *, exactly: bool) -> float:
        """Return the sum of the squared shifts of the last step: the referee's, or on its side of the tolerance."""
        k, d = self.place.centers.shape
        total = float((_lengths(self.place.centers - self.before.centers) ** 2).sum())
        error = self.place.error + self.before.error
        doubt = 2 * math.sqrt(k * total) * error + k * error**2 + 8 * (k + d) * UNIT_ROUNDOFF * total
        doubt += 8 * k * d * SMALLEST
        if self._lazy and abs(total - tolerance) > doubt and not exactly:
            return total
        return self._referee.squared_shift(self.settled(), self.settled_before())

    def _next(self, *, begin: bool) -> Place:
        if not self._lazy:
            return self._settled(self._referee.update(self.labels, self._k, self.settled_before()))
        if begin or len(self.moved.rows) > self._many:
            self._sums.begin(self.labels)
        else:
            self._sums.move(self.moved.rows, self.moved.old, self.moved.new)
        if not self._sums.counts.all():
            return self._settled(self._referee.update(self.labels, self._k, self.settled_before()))
        error = self._mean_error() + self._sums.error()
        if error > MOST_MISPLACED * self._radius:
            settled = self._settled(self._referee.update(self.labels, self._k, None))
            self._sums.begin(self.labels)
            return settled
        return Place(self._sums.centers(), error, None)

    def _asked(self, place: Place, since: Changes) -> tuple[Place, Floats]:
        """Return the place with the referee's centres, which are those of the labels before the given changes."""
        if place.settled is not None:
            return place, place.settled
        labels = self.labels
        if len(since.rows):
            labels = labels.copy()
            labels[since.rows] = since.old
        centers = self._referee.update(labels, self._k, None)
        known = self._settled(centers)
        self._deadlines.moved(_lengths(known.centers - place.centers))
        return known, centers

    def _settled(self, centers: Floats) -> Place:
        origin = self._problem.origin
        relative = centers.astype(np.float64) if origin is None else centers - origin
        return Place(relative, self._rounding, centers)

    def _mean_error(self) -> float:
        return self._referee.mean_error(self._sums.counts, self._radius) + self._rounding


def _lengths(differences: Floats) -> Floats:
    lengths: Floats = np.sqrt(squared_norms(differences))
    return lengths
